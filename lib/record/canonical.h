/*
 * Canonical JSON: keys sorted, no blanks, numbers in shortest form. The text of recipes, states,
 * headers and control records, wherever bytes must not depend on who wrote them.
 */
#ifndef WH_RECORD_CANONICAL_H
#define WH_RECORD_CANONICAL_H

#include <jansson.h>

#include "base/memory.h"

/* Appends `value`. It reads back to the same numbers, a whole one as an integer: use
 * json_number_value. */
void wh_json_canonical(struct wh_buffer *out, const json_t *value);
/* Appends a finite number in this form. */
void wh_json_real(struct wh_buffer *out, double number);

/* 12 hexadecimal digits over a value's canonical text, or over a text as it is: R and F of the
 * stamp. */
void wh_json_hash(const json_t *value, char hex[static 13]);
void wh_text_hash(const struct wh_buffer *text, char hex[static 13]);

#endif
