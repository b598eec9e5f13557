/* Reading rows of NDJSON for NEON. */
#if defined(__aarch64__)

#include "record/json_neon.h"

#define ROW wh_ndjson_row_neon
#include "record/ndjson_scan.h"

#else
typedef int wh_no_ndjson_neon;
#endif
