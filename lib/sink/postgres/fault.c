#include "sink/postgres/fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database/pgerror.h"

/*
 * By the SQLSTATE's class (PostgreSQL documentation, appendix A): data, integrity constraints,
 * views' WITH CHECK OPTION, limits of an index's row, what triggers raise. Classes of letters that
 * neither the standard nor PostgreSQL uses are raised by triggers too.
 */
static bool rows_at_fault(const char *state)
{
    static const char *const classes[] = { "22", "23", "44", "54", "P0" };
    if (!state)
        return false;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strncmp(state, classes[i], 2) == 0)
            return true;
    return *state >= 'I' && *state <= 'Z' && *state != 'P' && strncmp(state, "XX", 2) != 0;
}

/* The context's last line, of the outermost command: `COPY orders, line 3, column amount: "12,5"`,
 * in the server's language. NULL where that is no COPY into the table. Gives what is behind the
 * table's name. */
static const char *copy_context(const PGresult *result, const char *copied)
{
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    if (!context || !copied)
        return NULL;
    const char *last = strrchr(context, '\n');
    last = last ? last + 1 : context;
    const char *name = strstr(last, copied);
    return name && strstr(last, "COPY") ? name + strlen(copied) : NULL;
}

static uint64_t context_line(const char *context)
{
    size_t words = strcspn(context, "0123456789");
    return strtoull(context + words, NULL, 10);
}

/* `line 3, column amount: "12,5"`: the word before the colon, which follows one other. A column that
 * has blanks in its name is not told. */
static void context_column(const char *context, char *out, size_t size)
{
    const char *numbers = context + strcspn(context, "0123456789");
    const char *colon = strchr(numbers, ':');
    if (!colon)
        return;
    const char *word = colon;
    size_t blanks = 0;
    for (const char *at = numbers; at < colon; at++)
        if (*at == ' ') {
            word = at + 1;
            blanks++;
        }
    if (blanks == 2)
        snprintf(out, size, "%.*s", (int)(colon - word), word);
}

/* A word for what was broken: the constraint, or what kind of fault it is. */
static const char *rule_of(const char *constraint, const char *state)
{
    if (constraint && *constraint)
        return constraint;
    if (strcmp(state, "23502") == 0)
        return "not null";
    return strncmp(state, "22", 2) == 0 ? "type" : state;
}

static enum wh_refused_by refused_by(const char *state)
{
    return strcmp(state, "23502") == 0   ? WH_BY_NOT_NULL
           : strcmp(state, "23503") == 0 ? WH_BY_FOREIGN_KEY
           : strcmp(state, "23505") == 0 ? WH_BY_UNIQUE
                                         : WH_BY_OTHER;
}

void wh_pg_fault_read(struct wh_pg_fault *fault, PGconn *connection, const PGresult *result,
                      const char *copied)
{
    struct wh_error *error = &fault->error;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    wh_pg_fail(error, connection, result, NULL);
    fault->rows = PQstatus(connection) == CONNECTION_OK && rows_at_fault(state);
    fault->line = 0;
    if (!fault->rows)
        return;
    error->status = WH_FAILED;
    fault->by = refused_by(state);
    const char *column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME);
    const char *context = copy_context(result, copied);
    snprintf(error->rule, sizeof error->rule, "%s",
             rule_of(PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME), state));
    if (column)
        snprintf(error->column, sizeof error->column, "%s", column);
    if (!context)
        return;
    fault->line = context_line(context);
    if (!column)
        context_column(context, error->column, sizeof error->column);
}

void wh_pg_fault_told(struct wh_pg_fault *fault, const PGresult *refused, int row)
{
    enum { STATE = 1, MESSAGE, DETAIL, HINT, COLUMN, RULE };
    struct wh_error *error = &fault->error;
    wh_pg_say(error, WH_FAILED, PQgetvalue(refused, row, MESSAGE),
              PQgetvalue(refused, row, DETAIL), PQgetvalue(refused, row, HINT));
    snprintf(error->column, sizeof error->column, "%s", PQgetvalue(refused, row, COLUMN));
    snprintf(error->rule, sizeof error->rule, "%s",
             rule_of(PQgetvalue(refused, row, RULE), PQgetvalue(refused, row, STATE)));
    fault->rows = true;
    fault->line = 0;
    fault->by = refused_by(PQgetvalue(refused, row, STATE));
}
