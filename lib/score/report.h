/*
 * Reports: the figures of a run, as a table that grows with the rows, as lines at the end, and as
 * members of --stats.
 */
#ifndef WH_SCORE_REPORT_H
#define WH_SCORE_REPORT_H

#include <jansson.h>

#include "base/memory.h"
#include "learn/auc.h"
#include "model/model.h"

/* What a run measures. Zero-initialise. */
struct wh_evaluation {
    struct wh_metrics metrics;
    struct wh_auc auc;   /* binary tasks */
    double loss_reported, weight_reported; /* sums at the table's last line */
    double rows_reported, reported_at;     /* rows then, and when that was, by wh_clock() */
};

/* Adds a row: what was predicted of it, and what came of that. */
void wh_evaluation_add(struct wh_evaluation *evaluation, const struct wh_model *model,
                       const struct wh_prediction *prediction,
                       const struct wh_judgement *judgement);
void wh_evaluation_free(struct wh_evaluation *evaluation);
/* The average loss; NaN while there was no row. */
double wh_evaluation_loss(const struct wh_evaluation *evaluation);

/* The table's head, and its next line; without line end. */
void wh_report_head(struct wh_buffer *out, const struct wh_model *model);
void wh_report_line(struct wh_buffer *out, const struct wh_model *model,
                    struct wh_evaluation *evaluation);

/* A further column of the table. */
void wh_report_cell(struct wh_buffer *out, double value);

/* The head of a table of models, and one's figures in it: loss, accuracy and AUC, or MAE and
 * RMSE; without line end. */
void wh_report_columns(struct wh_buffer *out, const struct wh_model *model);
void wh_report_cells(struct wh_buffer *out, const struct wh_model *model,
                     struct wh_evaluation *evaluation);

/* The task and what a score of the model means, a line; and another where a task of many classes
 * has just two. */
void wh_report_task(struct wh_buffer *out, const struct wh_model *model);

/* "loss 0.3680 (logistic), accuracy 0.8424, AUC 0.9172" and the baselines: two lines. `loss` is
 * what the loss is called: "progressive loss". */
void wh_report_figures(struct wh_buffer *out, const struct wh_model *model,
                       struct wh_evaluation *evaluation, const char *loss);

/* Members loss_name, NAME, accuracy, auc, mae, rmse, baseline_constant, baseline_no_change ...;
 * what is not a number is left out. */
void wh_report_stats(json_t *stats, const struct wh_model *model,
                     struct wh_evaluation *evaluation, const char *name);

/* The model as --describe shows it, with `top` features. */
void wh_report_model(struct wh_buffer *out, const struct wh_model *model, size_t top);

#endif
