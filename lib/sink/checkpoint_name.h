/*
 * The name of a checkpoint C in a database, DATABASE-URL#NAME, taken apart.
 */
#ifndef WH_SINK_CHECKPOINT_NAME_H
#define WH_SINK_CHECKPOINT_NAME_H

/* "scores" of "postgresql:///shop#scores": what a database calls the checkpoint, in the column name
 * of wh_checkpoint; "" where there is no '#'. */
const char *wh_checkpoint_row(const char *checkpoint);
/* C as messages name it, without a password and parameters; free() it. */
char *wh_checkpoint_display(const char *checkpoint);

#endif
