#include "database/pgerror.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/process.h"
#include "base/secrets.h"

static void copy_line(char *out, size_t size, const char *message)
{
    enum { LONG_WORD = 80 }; /* a longer one is cut rather than left out */
    size_t length = 0;
    for (;;) {
        size_t blanks = strspn(message, " \t\r\n");
        bool line_ended = memchr(message, '\n', blanks) != NULL;
        message += blanks;
        size_t word = strcspn(message, " \t\r\n");
        size_t room = size - length > sizeof "; " ? size - length - sizeof "; " : 0;
        if (word == 0 || room == 0 || (room < word && word <= LONG_WORD))
            break;
        if (length > 0)
            length += (size_t)snprintf(out + length, size - length, line_ended ? "; " : " ");
        bool cut = room < word;
        for (word = cut ? room : word; cut && ((unsigned char)message[word] & 0xC0) == 0x80;)
            word--;
        memcpy(out + length, message, word);
        length += word;
        message += word;
        if (cut)
            break;
    }
    out[length] = '\0';
}

char *wh_pg_one_line(char *out, size_t size, const char *message)
{
    struct wh_buffer hidden = { 0 };
    wh_secrets_hide(&hidden, message);
    copy_line(out, size, wh_buffer_text(&hidden));
    wh_buffer_free(&hidden);
    return out;
}

/* By the SQLSTATE's class (PostgreSQL documentation, appendix A). */
static enum wh_status status_of(PGconn *connection, const char *state)
{
    static const char *const passing[] = { "08", "40", "53", "57" };
    static const char *const server[] = { "58", "F0", "XX" };
    if (!state || PQstatus(connection) == CONNECTION_BAD)
        return WH_UNREACHABLE;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (strncmp(state, passing[i], 2) == 0)
            return WH_UNREACHABLE;
    for (size_t i = 0; i < sizeof server / sizeof *server; i++)
        if (strncmp(state, server[i], 2) == 0)
            return WH_FAILED;
    return WH_REFUSED;
}

const char *wh_pg_error_place(const PGresult *result, const char *sql)
{
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
    if (!position)
        return NULL;
    /* Counted in characters, from 1. */
    for (long left = strtol(position, NULL, 10); *sql; sql++)
        if (((unsigned char)*sql & 0xC0) != 0x80 && --left == 0)
            return sql;
    return NULL;
}

static void add(struct wh_error *error, const char *before, const char *message)
{
    size_t used = strlen(error->text);
    size_t lead = strlen(before);
    if (!message || !*message || sizeof error->text - used <= lead + 1)
        return;
    if (used > 0 && error->text[used - 1] == '.') /* details and hints are sentences */
        used--;
    memcpy(error->text + used, before, lead);
    wh_pg_one_line(error->text + used + lead, sizeof error->text - used - lead, message);
}

void wh_pg_say(struct wh_error *error, enum wh_status status, const char *message,
               const char *detail, const char *hint)
{
    wh_fail(error, status, "%s", "");
    add(error, "", message);
    add(error, "; ", detail);
    add(error, "; hint: ", hint);
}

int wh_pg_fail(struct wh_error *error, PGconn *connection, const PGresult *result, const char *sql)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    /* What was cancelled for a signal, and what was not waited for any longer. */
    if (wh_process_stop() && (!state || strcmp(state, "57014") == 0))
        return wh_process_check(error);
    if (!message)
        message = PQerrorMessage(connection);
    wh_pg_say(error, status_of(connection, state), *message ? message : "the server gave no answer",
              PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL),
              PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
    const char *place = sql ? wh_pg_error_place(result, sql) : NULL;
    if (place) {
        size_t line = 1;
        for (const char *at = sql; at < place; at++)
            line += *at == '\n';
        char quoted[96];
        char where[160];
        snprintf(where, sizeof where, "at %s in line %zu of the SQL",
                 wh_quote(quoted, place, strcspn(place, "\n")), line);
        add(error, ", ", where);
    }
    return -1;
}
