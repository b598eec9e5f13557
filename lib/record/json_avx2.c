/* Reading JSON values for AVX2. */
#if defined(__x86_64__)

#include "record/json_avx2.h"

#define KIND wh_json_avx2
#define KIND_NAME "avx2"
#include "record/json_kind.h"

#else
typedef int wh_no_json_avx2;
#endif
