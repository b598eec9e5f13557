/*
 * What is appended to a target file: bytes as they are, or as members of gzip, one behind the
 * other, each of which ends where wh_file_output_end says so. The descriptor belongs to the caller.
 */
#ifndef WH_SINK_FILE_OUTPUT_H
#define WH_SINK_FILE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"

struct wh_file_output;

struct wh_file_output *wh_file_output_open(bool gzip);
void wh_file_output_close(struct wh_file_output *output);

/* Goes on there; `length` bytes are in the file already. `lock`, NULL or the file's, tells the next
 * holder how much of the file was written here, should this process be killed. */
void wh_file_output_set(struct wh_file_output *output, int descriptor, uint64_t length,
                        struct wh_lock *lock);
/* Takes bytes, for wh_writer_open_to; `output` is the struct wh_file_output. */
int wh_file_output_write(void *output, const char *bytes, size_t length, struct wh_error *error);
/* Ends the member of gzip, so that what was taken can be read. */
int wh_file_output_end(struct wh_file_output *output, struct wh_error *error);
/* The file's length, with all that was written; and where a write has failed, so that some of its
 * bytes may be there, the least that it can be. */
uint64_t wh_file_output_length(const struct wh_file_output *output);
uint64_t wh_file_output_least(const struct wh_file_output *output);

#endif
