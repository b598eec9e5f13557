#include "train/table.h"

#include "base/memory.h"

static void say_head(struct wh_table *table, const struct wh_model *model, bool holds_out)
{
    struct wh_buffer line = { 0 };
    wh_report_head(&line, model);
    if (holds_out)
        wh_buffer_format(&line, " %10s", "held out");
    table->say(table->context, wh_buffer_text(&line));
    wh_buffer_free(&line);
    table->head_said = true;
}

static void say_line(struct wh_table *table, const struct wh_model *model,
                     struct wh_evaluation *evaluation, const struct wh_evaluation *held)
{
    struct wh_buffer line = { 0 };
    if (!table->say)
        return;
    if (!table->head_said)
        say_head(table, model, held != NULL);
    wh_report_line(&line, model, evaluation);
    if (held)
        wh_report_cell(&line, wh_evaluation_loss(held));
    table->say(table->context, wh_buffer_text(&line));
    wh_buffer_free(&line);
}

void wh_table_row(struct wh_table *table, uint64_t rows, const struct wh_model *model,
                  struct wh_evaluation *evaluation, const struct wh_evaluation *held)
{
    table->next = 2 * rows;
    say_line(table, model, evaluation, held);
}

void wh_table_end(struct wh_table *table, uint64_t rows, const struct wh_model *model,
                  struct wh_evaluation *evaluation, const struct wh_evaluation *held)
{
    bool said = rows == table->next / 2;
    if (rows && !said)
        say_line(table, model, evaluation, held);
}
