/* Reading JSON values for NEON. */
#if defined(__aarch64__)

#include "record/json_neon.h"

#define KIND wh_json_neon
#define KIND_NAME "neon"
#include "record/json_kind.h"

#else
typedef int wh_no_json_neon;
#endif
