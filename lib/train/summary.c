#include "train/summary.h"

#include <inttypes.h>

#include "base/text.h"
#include "model/classweights.h"
#include "model/findings.h"
#include "model/guard.h"
#include "model/interactions.h"
#include "model/modelfile.h"
#include "score/report.h"
#include "train/fewlabels.h"

/*
 * --stats
 */

static void set_count(json_t *stats, const char *name, uint64_t count)
{
    json_object_set_new(stats, name, json_integer((json_int_t)count));
}

static void add_held(struct wh_evaluation *evaluation, const struct wh_model *model, json_t *stats)
{
    json_t *held = json_object();
    json_object_set_new(held, "rows", json_integer((json_int_t)evaluation->metrics.rows));
    if (evaluation->metrics.rows > 0)
        wh_report_stats(held, model, evaluation, "loss");
    json_object_set_new(stats, "held_out", held);
}

void wh_summary_stats(const struct wh_summary *summary, json_t *stats)
{
    struct wh_trainer *trainer = summary->trainer;
    struct wh_model *model = wh_trainer_model(trainer);
    struct wh_trained *trained = wh_trainer_trained(trainer);
    set_count(stats, "rows_learned", trained->learned);
    set_count(stats, "rows_without_label", trained->unlabelled);
    set_count(stats, "commits", summary->saved);
    set_count(stats, "features", model->names.count - 1);
    set_count(stats, "values_ignored", wh_trainer_ignored(trainer));
    set_count(stats, "features_evicted", trained->evicted);
    if (model->learner)
        wh_report_stats(stats, model, &trained->evaluation, "progressive_loss");
    if (model->settings.holdout)
        add_held(&trained->held, model, stats);
    if (summary->windowed)
        set_count(stats, "rows_outside_window", trained->outside);
    if (summary->told)
        json_object_update(stats, summary->told);
    if (summary->scores)
        set_count(stats, "rows_without_known_feature", trained->strangers);
    wh_findings_stats(stats, model, true);
    wh_guard_stats(stats, model);
    if (wh_trainer_join(trainer))
        wh_join_stats(stats, wh_trainer_join(trainer));
    if (*model->digest)
        json_object_set_new(stats, "digest", json_string(model->digest));
}

/*
 * The closing summary
 */

static void print_held(struct wh_evaluation *held, const struct wh_model *model,
                       struct wh_buffer *out)
{
    double rows = held->metrics.rows;
    if (!(rows > 0)) {
        wh_buffer_format(out, "held out no row: there are few, or few that differ, by --holdout "
                         "%s\n", model->settings.holdout);
        return;
    }
    wh_buffer_format(out, "held out %.0f row%s, never learned from: ", rows, rows == 1 ? "" : "s");
    wh_report_figures(out, model, held, "loss");
}

/* Names that were given and did not come, most likely misspelled. */
static void print_unmet(const struct wh_model *model, struct wh_buffer *out)
{
    const struct wh_settings *settings = &model->settings;
    const char *name = NULL;
    size_t length;
    char quoted[96];
    if (settings->roles.interactions)
        name = wh_interactions_unmet(settings->roles.interactions, &model->names, &length);
    if (name)
        wh_buffer_format(out, "--interactions: no feature and no column of strings is called %s\n",
                         wh_quote(quoted, name, length));
    if (settings->class_weights
        && wh_class_weights_unmet(settings->class_weights, &model->task, &name, &length))
        wh_buffer_format(out, "--class-weight: no row had the label %s\n",
                         wh_quote(quoted, name, length));
}

static void print_nothing_learned(const struct wh_summary *summary, struct wh_buffer *out)
{
    const char *path = summary->path;
    bool joins = wh_trainer_join(summary->trainer) && !summary->detached;
    wh_buffer_format(out, "%s: no row to learn from, %s\n", path,
                     !summary->saved ? wh_model_exists(path) ? "it stays as it was"
                                                             : "so it was not made"
                     : joins            ? "only which rows wait for a label is new"
                     : summary->streams ? "only its place in the stream is new"
                                        : "only that it belongs to no stream is new");
}

static void print_learned(const struct wh_summary *summary, double seconds, struct wh_buffer *out)
{
    const struct wh_model *model = wh_trainer_model(summary->trainer);
    const struct wh_trained *trained = wh_trainer_trained(summary->trainer);
    uint64_t ignored = wh_trainer_ignored(summary->trainer);
    wh_buffer_format(out, "%s: learned from %" PRIu64 " row%s", summary->path, trained->learned,
                     trained->learned == 1 ? "" : "s");
    if (seconds > 0)
        wh_buffer_format(out, " (%.0f rows/s)", (double)trained->learned / seconds);
    if (trained->unlabelled && !wh_trainer_join(summary->trainer))
        wh_buffer_format(out, ", passed over %" PRIu64 " without a label", trained->unlabelled);
    if (trained->outside)
        wh_buffer_format(out, ", passed over %" PRIu64 " outside the window", trained->outside);
    if (summary->continues)
        wh_buffer_format(out, "; it has seen %.0f", model->metrics.rows);
    unsigned long features = (unsigned long)model->names.count - 1;
    wh_buffer_format(out, "; %lu feature%s\n", features, features == 1 ? "" : "s");
    if (ignored)
        wh_buffer_format(out, "%" PRIu64 " rare features were forgotten to make room for others, "
                         "and %" PRIu64 " values left out: there were %" PRIu64 " features (see "
                         "--max-features)\n", trained->evicted, ignored,
                         model->settings.max_features);
}

/* How the model took its labels; who has named the task or a loss knows. */
static void print_task(const struct wh_summary *summary, struct wh_buffer *out)
{
    const struct wh_model *model = wh_trainer_model(summary->trainer);
    const struct wh_trained *trained = wh_trainer_trained(summary->trainer);
    wh_report_task(out, model);
    if (!summary->named && !summary->continues)
        wh_few_labels_tell(&trained->labels, model->settings.roles.label, out);
    if (trained->strangers)
        wh_buffer_format(out, "%" PRIu64 " row%s no feature with the model, and got the score of a "
                         "row without any (--strict refuses such rows)\n", trained->strangers,
                         trained->strangers == 1 ? " shares" : "s share");
}

void wh_summary_print(const struct wh_summary *summary, double seconds, struct wh_buffer *out)
{
    struct wh_model *model = wh_trainer_model(summary->trainer);
    struct wh_trained *trained = wh_trainer_trained(summary->trainer);
    if (wh_trainer_join(summary->trainer))
        wh_join_summary(out, wh_trainer_join(summary->trainer));
    if (trained->learned == 0) {
        print_nothing_learned(summary, out);
        return;
    }
    print_learned(summary, seconds, out);
    print_unmet(model, out);
    print_task(summary, out);
    wh_report_figures(out, model, &trained->evaluation, "progressive loss");
    if (model->settings.holdout)
        print_held(&trained->held, model, out);
    wh_findings_report(out, model, true, "");
}
