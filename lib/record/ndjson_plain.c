/* Reading rows of NDJSON in plain C. */
#include "record/json_plain.h"

#define ROW wh_ndjson_row_plain
#include "record/ndjson_scan.h"
