/*
 * The tests of test_file.c on a system without files that have no name: there a hidden temporary
 * file is written, which the handler of a signal removes. Only a kill leaves it behind.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#undef O_TMPFILE
#undef F_SETPIPE_SZ

#include "base/file.c"
#include "test_file.c"
