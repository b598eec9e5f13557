#include "base/choice.h"

#include <stdio.h>
#include <string.h>

int wh_choice_find(const char *const *words, const char *value)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], value) == 0)
            return i;
    return -1;
}

int wh_choice_refuse(const char *option, const char *value, const char *const *words,
                     struct wh_error *error)
{
    char quoted[96];
    wh_fail(error, WH_REFUSED, "%s%s%s%s is not one of ", option ? "--" : "", option ? option : "",
            option ? ": " : "", wh_quote(quoted, value, strlen(value)));
    for (size_t i = 0; words[i]; i++) {
        size_t used = strlen(error->text);
        snprintf(error->text + used, sizeof error->text - used, "%s%s", i ? ", " : "", words[i]);
    }
    return -1;
}

int wh_choice_check(const char *option, const char *value, const char *const *words,
                    struct wh_error *error)
{
    return !value || wh_choice_find(words, value) >= 0
               ? 0
               : wh_choice_refuse(option, value, words, error);
}
