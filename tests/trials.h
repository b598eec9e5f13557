/*
 * How often a unit test tries something at random. WH_TRIALS=10 in the environment asks for 10 % of
 * the usual trials, as on an emulated processor; WH_TRIALS=5000 for fifty times as many.
 */
#ifndef WH_TESTS_TRIALS_H
#define WH_TESTS_TRIALS_H

#include <stddef.h>
#include <stdlib.h>

static inline size_t trials_of(size_t usual)
{
    const char *percent = getenv("WH_TRIALS");
    size_t trials = percent ? usual * strtoul(percent, NULL, 10) / 100 : usual;
    return trials > 0 ? trials : 1;
}

#endif
