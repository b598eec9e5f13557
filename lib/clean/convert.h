/*
 * Turning one value into one of a type, keeping its text where that will do.
 */
#ifndef WH_CLEAN_CONVERT_H
#define WH_CLEAN_CONVERT_H

#include "record/row.h"

/* What the outcome of a conversion is. */
enum wh_converted {
    WH_CONVERTED,     /* the field is of the type now, or was before, or is null */
    WH_NOT_CONVERTED, /* the value is none of that type */
    WH_OUT_OF_RANGE,  /* it would be, were it not too large */
};

/* Each works on row->fields[index] and marks the row as changed only if its text will differ. */
typedef enum wh_converted wh_convert(struct wh_row *row, uint32_t index);

wh_convert wh_convert_int;       /* any length; a fraction of zeros is taken off */
wh_convert wh_convert_decimal;   /* any length and exponent */
wh_convert wh_convert_float;     /* within the range of a double; its text is not rounded */
wh_convert wh_convert_bool;      /* true/false, t/f, yes/no, y/n, on/off, 1/0, in any case */
wh_convert wh_convert_string;    /* what is no string becomes its text */
wh_convert wh_convert_timestamp; /* what wh_time_parse reads; becomes ISO 8601 */

#endif
