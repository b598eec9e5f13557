/*
 * What became of a row: what a stage, a sink and the writer say of one that they were given.
 */
#ifndef WH_RECORD_VERDICT_H
#define WH_RECORD_VERDICT_H

enum wh_verdict {
    WH_TAKEN,      /* in order; it was emitted, or kept, or there was nothing to emit */
    WH_BAD,        /* breaks a rule: error filled by wh_bad_row, goes to the rejects */
    WH_FATAL = -1, /* the run must end */
};

#endif
