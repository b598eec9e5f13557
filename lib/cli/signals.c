#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

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

void wh_signals_catch(bool with_hup)
{
    if (with_hup)
        set_handler(SIGHUP, note_hup, 0);
    if (caught)
        return;
    caught = true;
    make_pipe();
    wh_signals_catch_again();
}

void wh_signals_release(void)
{
    if (!caught)
        return;
    set_handler(SIGTERM, SIG_DFL, 0);
    set_handler(SIGINT, SIG_DFL, 0);
}

void wh_signals_catch_again(void)
{
    if (!caught || stop)
        return;
    /* The second of its kind ends the process: the handler is there for one. */
    set_handler(SIGTERM, note_stop, (int)SA_RESETHAND);
    set_handler(SIGINT, note_stop, (int)SA_RESETHAND);
}

void wh_signals_hold_pipe(void)
{
    struct sigaction action = { .sa_handler = SIG_IGN };
    sigaction(SIGPIPE, &action, NULL);
}

int wh_signals_stop(void)
{
    return stop;
}

int wh_signals_descriptor(void)
{
    return wake[0];
}

static void die_late(int number)
{
    (void)number;
    wh_signals_die();
}

void wh_signals_limit(unsigned int seconds)
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

bool wh_signals_hup(void)
{
    bool came = hup;
    hup = 0;
    return came;
}

int wh_signals_check(struct wh_error *error)
{
    return stop ? wh_fail(error, WH_FAILED, "ended by %s", stop == SIGINT ? "SIGINT" : "SIGTERM")
                : 0;
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
