#include "base/process.h"

#include <signal.h>
#include <stddef.h>

static const struct wh_process_ops *owner;

void wh_process_own(const struct wh_process_ops *ops)
{
    owner = ops;
}

void wh_process_catch(bool hup)
{
    if (owner)
        owner->catch(hup);
}

void wh_process_release(void)
{
    if (owner)
        owner->release();
}

void wh_process_catch_again(void)
{
    if (owner)
        owner->catch_again();
}

void wh_process_hold_pipe(void)
{
    if (owner)
        owner->hold_pipe();
}

void wh_process_guard(void (*clean)(void))
{
    if (owner)
        owner->guard(clean);
}

int wh_process_stop(void)
{
    return owner ? owner->stop() : 0;
}

int wh_process_descriptor(void)
{
    return owner ? owner->descriptor() : -1;
}

void wh_process_limit(unsigned int seconds)
{
    if (owner)
        owner->limit(seconds);
}

bool wh_process_hup(void)
{
    return owner && owner->hup();
}

int wh_process_check(struct wh_error *error)
{
    int stop = wh_process_stop();
    return stop ? wh_fail(error, WH_FAILED, "ended by %s", stop == SIGINT ? "SIGINT" : "SIGTERM")
                : 0;
}
