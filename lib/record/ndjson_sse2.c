/* Reading rows of NDJSON for SSE2. */
#if defined(__x86_64__)

#include "record/json_sse2.h"

#define ROW wh_ndjson_row_sse2
#include "record/ndjson_scan.h"

#else
typedef int wh_no_ndjson_sse2;
#endif
