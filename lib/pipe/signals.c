#include "pipe/signals.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t stop, hup;

static void note_stop(int number)
{
    stop = number;
}

static void note_hup(int number)
{
    (void)number;
    hup = 1;
}

/* Signals that whoever started us has ignored (nohup) stay ignored. */
static void catch_signal(int number, void (*handler)(int), int flags)
{
    struct sigaction action;
    if (sigaction(number, NULL, &action) != 0 || action.sa_handler == SIG_IGN)
        return;
    action = (struct sigaction){ .sa_handler = handler, .sa_flags = flags };
    sigaction(number, &action, NULL);
}

void wh_signals_catch(bool with_hup)
{
    /* The second of its kind ends the process: the handler is there for one. */
    catch_signal(SIGTERM, note_stop, (int)SA_RESETHAND);
    catch_signal(SIGINT, note_stop, (int)SA_RESETHAND);
    if (with_hup)
        catch_signal(SIGHUP, note_hup, 0);
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
