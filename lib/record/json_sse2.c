/* Reading JSON values for SSE2. */
#if defined(__x86_64__)

#include "record/json_sse2.h"

#define KIND wh_json_sse2
#define KIND_NAME "sse2"
#include "record/json_kind.h"

#else
typedef int wh_no_json_sse2;
#endif
