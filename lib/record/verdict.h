/*
 * What has become of a row. Readers, steps, stages, sinks and the writer all answer with one of
 * these; which of them each may give is said where it is declared.
 */
#ifndef WH_RECORD_VERDICT_H
#define WH_RECORD_VERDICT_H

enum wh_verdict {
    WH_PASSED,     /* the row goes on: a reader has read it, or a step lets it through */
    WH_DROPPED,    /* a step leaves the row out */
    WH_TAKEN,      /* the row was emitted or kept, or there is nothing to emit */
    WH_ENDED,      /* a reader has no more rows */
    WH_CONTROL,    /* a reader has read a control record */
    WH_BAD,        /* the row breaks a rule: error filled by wh_bad_row, it goes to the rejects */
    WH_FATAL = -1, /* the run must end */
};

#endif
