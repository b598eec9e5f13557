/* Reading rows of NDJSON for AVX2. */
#if defined(__x86_64__)

#include "record/json_avx2.h"

#define ROW wh_ndjson_row_avx2
#include "record/ndjson_scan.h"

#else
typedef int wh_no_ndjson_avx2;
#endif
