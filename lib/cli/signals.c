#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"

static volatile sig_atomic_t stop, hup;
static int wake[2] = { -1, -1 }; /* a pipe: a byte is in it once `stop` is set */
static bool caught;              /* SIGTERM and SIGINT are */

static void note_stop(int number)
{
    int before = errno;
    stop = number;
    /* It is full only where there is something to read. */
    ssize_t written = write(wake[1], "", 1);
    (void)written;
    errno = before;
}

static void note_hup(int number)
{
    (void)number;
    hup = 1;
}

/* Signals that whoever started us has ignored (nohup) stay ignored. */
static void set_handler(int number, void (*handler)(int), int flags)
{
    struct sigaction action;
    if (sigaction(number, NULL, &action) != 0 || action.sa_handler == SIG_IGN)
        return;
    action = (struct sigaction){ .sa_handler = handler, .sa_flags = flags };
    sigaction(number, &action, NULL);
}

/* Without the pipe a wait that the signal comes just before lasts until something else ends it. */
static void make_pipe(void)
{
    if (wake[0] >= 0 || pipe(wake) != 0)
        return;
    for (int i = 0; i < 2; i++) {
        fcntl(wake[i], F_SETFD, FD_CLOEXEC);
        fcntl(wake[i], F_SETFL, O_NONBLOCK);
    }
}

static void catch_again(void)
{
    if (!caught || stop)
        return;
    /* The second of its kind ends the process: the handler is there for one. */
    set_handler(SIGTERM, note_stop, (int)SA_RESETHAND);
    set_handler(SIGINT, note_stop, (int)SA_RESETHAND);
}

static void catch_signals(bool with_hup)
{
    if (with_hup)
        set_handler(SIGHUP, note_hup, 0);
    if (caught)
        return;
    caught = true;
    make_pipe();
    catch_again();
}

static void release(void)
{
    if (!caught)
        return;
    set_handler(SIGTERM, SIG_DFL, 0);
    set_handler(SIGINT, SIG_DFL, 0);
}

static void hold_pipe(void)
{
    struct sigaction action = { .sa_handler = SIG_IGN };
    sigaction(SIGPIPE, &action, NULL);
}

static const int fatal_signals[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE,
                                     SIGTERM, SIGXCPU, SIGXFSZ };

static void (*clean)(void);

/* Runs only where the default action, to end the process, was in force: it is taken afterwards. */
static void clean_and_die(int number)
{
    struct sigaction by_default = { .sa_handler = SIG_DFL };
    clean();
    sigaction(number, &by_default, NULL);
    raise(number);
}

static void guard(void (*cleaner)(void))
{
    clean = cleaner;
    for (size_t i = 0; i < sizeof fatal_signals / sizeof *fatal_signals; i++) {
        struct sigaction action;
        if (sigaction(fatal_signals[i], NULL, &action) != 0 || action.sa_handler != SIG_DFL)
            continue;
        action = (struct sigaction){ .sa_handler = clean_and_die };
        sigfillset(&action.sa_mask);
        sigaction(fatal_signals[i], &action, NULL);
    }
}

static int stop_signal(void)
{
    return stop;
}

static int descriptor(void)
{
    return wake[0];
}

static void die_late(int number)
{
    (void)number;
    wh_signals_die();
}

static void limit(unsigned int seconds)
{
    if (!stop)
        return;
    struct sigaction action = { .sa_handler = seconds ? die_late : SIG_DFL };
    if (seconds)
        sigaction(SIGALRM, &action, NULL);
    alarm(seconds);
    if (!seconds)
        sigaction(SIGALRM, &action, NULL);
}

static bool hup_came(void)
{
    bool came = hup;
    hup = 0;
    return came;
}

static const struct wh_process_ops ops = {
    catch_signals, release, catch_again, hold_pipe, guard, stop_signal, descriptor, limit, hup_came,
};

void wh_signals_own(void)
{
    wh_process_own(&ops);
}

void wh_signals_die(void)
{
    if (!stop)
        return;
    struct sigaction by_default = { .sa_handler = SIG_DFL };
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, stop);
    sigaction(stop, &by_default, NULL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(stop);
}
