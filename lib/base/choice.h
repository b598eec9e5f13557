/*
 * Choices: values that are one of a few words, listed in an array with NULL last. The one place
 * that looks such a word up and refuses another, so that all refusals read alike.
 */
#ifndef WH_BASE_CHOICE_H
#define WH_BASE_CHOICE_H

#include "base/error.h"

/* The index of `value` among `words`, or -1. */
int wh_choice_find(const char *const *words, const char *value);

/* WH_REFUSED: "--OPTION: VALUE is not one of ..." with all words; `option` NULL: from VALUE on.
 * Returns -1. */
int wh_choice_refuse(const char *option, const char *value, const char *const *words,
                     struct wh_error *error);

/* 0 where `value` is NULL or one of `words`, else as wh_choice_refuse. */
int wh_choice_check(const char *option, const char *value, const char *const *words,
                    struct wh_error *error);

#endif
