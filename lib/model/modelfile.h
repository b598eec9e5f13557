/*
 * The file of a model: gzip of lines of JSON.
 *
 *     {"wh":"model","version":3,"features":9,"input":"columns","labels":["0","1"],...}
 *     {"checkpoint":{"epoch":"9f2c41d07ab3","n":41,"position":{...},"through":[...]}}
 *     [null,-0.31,12.4,1]
 *     ["city=Lagos",0.12,3.4,1]
 *     {"learner":[0,{...}]}
 *     {"end":{"content":"...","lines":11,"sha256":"..."}}
 *
 * The second line is the checkpoint of the stream that the model belongs to, null for none. Then a
 * line for each feature, the constant first, in the order they first came; the header's
 * "parameters" names the numbers: those that all outputs share, then those of each output. A
 * model that no label has come to yet has the state null and no such lines.
 *
 * The header has at most 4 MB, which a reader counts on: what may grow beyond is in sections, or
 * refused before it gets there (model/settings.h).
 *
 * Then the sections, each any number of lines with its name as the only key: what components keep
 * that fits neither. A component is a line in the table of sections.
 *
 * `lines` counts the lines between the checkpoint and the end. `content` is the SHA-256 of what
 * was learned: of the header in canonical form (without wh, version and metrics.time) followed by
 * the hexadecimal SHA-256 of those lines. `sha256` is that of the first two lines as they stand,
 * followed by the same: it covers the checkpoint, which the content does not.
 *
 * Numbers are printed so that they read back exactly: who loads a model and goes on learning
 * comes to the same bytes as who never stopped. Reading checks everything and can neither
 * crash on nor be made to use memory out of proportion by a file, whoever wrote it.
 */
#ifndef WH_MODEL_MODELFILE_H
#define WH_MODEL_MODELFILE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/file.h"
#include "model/model.h"
#include "pipe/checkpoint.h"

/* Writes the model with its checkpoint to `path`, whole or not at all, and sets its digest and
 * time. */
int wh_model_save(struct wh_model *model, const char *path, struct wh_error *error);
/* The same in two steps: a file that holds the model and becomes `path` when it is committed
 * (base/file.h). NULL on failure. */
struct wh_atomic_file *wh_model_prepare(struct wh_model *model, const char *path,
                                        struct wh_error *error);

/* Reads a model. NULL on failure: WH_REFUSED for what is no sound model. */
struct wh_model *wh_model_load(const char *path, struct wh_error *error);

/* The same where a file is open: from where its descriptor stands to the end of the file. `path` is
 * for messages. */
int wh_model_write(struct wh_model *model, int descriptor, const char *path,
                   struct wh_error *error);
struct wh_model *wh_model_read(int descriptor, const char *path, struct wh_error *error);

/* Reads only the checkpoint, which is none where there is no file or it belongs to no stream. It is
 * in the first two lines, so that a look costs little however large the model is; whether the rest
 * is sound remains open. Freed by wh_checkpoint_free. */
int wh_model_checkpoint(const char *path, struct wh_checkpoint *checkpoint,
                        struct wh_error *error);

/* Whether there is a file of this name (whatever is in it). */
bool wh_model_exists(const char *path);

/* Refuses a file that is something else than a model (a damaged one, or an empty file, is let
 * pass), so that a mistyped name never overwrites data. WH_FAILED where it cannot be read. */
int wh_model_refuse_foreign(const char *path, struct wh_error *error);

#endif
