/* The tests of test_pgtext.c once more, for the code that processors without SSE2 run. */
#undef __SSE2__
#include "../../lib/database/pgtext.c"
#include "test_pgtext.c"
