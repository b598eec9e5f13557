/* Reading JSON values in plain C. */
#include "record/json_plain.h"

#define KIND wh_json_plain
#define KIND_NAME "plain"
#include "record/json_kind.h"
