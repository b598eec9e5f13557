/*
 * Kinds: what a name on the command line can mean, a source of rows or a target for them. Each
 * describes itself, and all that the tools do about kinds in general goes by these descriptions:
 * options and --help, completion, the refusal of what a kind cannot do, and of a kind whose library
 * was absent when the tool was built.
 *
 * A description is const and lasts. What the command line says of the kinds' options is a struct
 * wh_asked, which the tool owns.
 */
#ifndef WH_BASE_KIND_H
#define WH_BASE_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/option.h"

/* What a kind can do, or'ed. An option that needs what a kind cannot do is refused for it. */
enum wh_can {
    WH_CAN_READ = 1,  /* bytes become rows: the options that say how apply */
    WH_CAN_JOIN = 2,  /* several names of it are read one after the other */
    WH_CAN_WRITE = 4, /* rows are written as text: the options that say how apply */
    WH_CAN_TABLE = 8, /* rows go into a table; the checkpoint is a row beside it */
};

/* The first member of each role's own (source/source.h, sink/sink.h). */
struct wh_kind {
    const char *name;            /* "PostgreSQL" */
    const char *one, *all;       /* "a database" and "databases", in messages */
    const char *const *prefixes; /* of names that mean this kind; NULL last */
    const char *operand;         /* "sqlite:PATH", in --help */
    const char *help;            /* what that is: a noun phrase */
    const char *example;         /* lines for --help, each after two blanks; NULL: none */
    unsigned can;                /* enum wh_can */
    const struct wh_option_group *const *groups; /* its options; NULL last; NULL: none */
    const char *package;         /* Debian's, with the library that building it takes; NULL: none */
    bool absent;                 /* this build lacks it, since there was no such library */
};

/* Kinds among which a name chooses. */
struct wh_role {
    const char *what;    /* "source" */
    const char *operand; /* "SOURCE", in --help */
    const struct wh_kind *const *kinds; /* NULL last; the last takes every name */
};

/*
 * The kind that a name means: the first with a prefix that the name begins with. NULL, WH_REFUSED,
 * where this build lacks that kind, or where only the last kind takes the name although it looks
 * like a database (wh_kind_check_file).
 */
const struct wh_kind *wh_kind_find(const struct wh_role *role, const char *name,
                                   struct wh_error *error);

/*
 * Refuses a name that would be taken for a file's but looks like a database: SCHEME: with an
 * unknown scheme of two letters or more, or libpq's "host=db dbname=shop". Its text is not shown,
 * as it may hold a password. "./odbc:x" is a file. `what` is what it should be: "source",
 * "checkpoint"; of the role's prefixes the nearest is suggested.
 */
int wh_kind_check_file(const struct wh_role *role, const char *what, const char *name,
                       struct wh_error *error);

/* WH_REFUSED: no name was given, which must be that of one of these. */
int wh_kind_missing(const struct wh_role *role, struct wh_error *error);

/* WH_REFUSED where this build lacks the kind. */
int wh_kind_check_built(const struct wh_kind *kind, struct wh_error *error);

/* ---- what was asked for ---------------------------------------------------------------------- */

/* What the command line says of the options of a role's kinds. */
struct wh_asked {
    const struct wh_role *role;
    const struct wh_option_group **groups; /* of all kinds, each once */
    void **values;                         /* the groups' structs */
    size_t count;
    struct wh_given *given;                /* options that do not apply to all kinds */
    size_t given_count;
};

struct wh_given {
    const struct wh_option *option;
    const struct wh_option_group *group; /* NULL: it is an option of the tool */
};

/* `role` must outlive it. */
struct wh_asked *wh_asked_open(const struct wh_role *role);
/* NULL is allowed. */
void wh_asked_close(struct wh_asked *asked);

/* The option was given, of this group; NULL: of the tool. */
void wh_asked_note(struct wh_asked *asked, const struct wh_option *option,
                   const struct wh_option_group *group);

/* The struct that the group's options have set; NULL where `asked` is, or no kind has the group. */
void *wh_asked_values(const struct wh_asked *asked, const struct wh_option_group *group);

/* WH_REFUSED where an option was given that does not apply to the kind that the name means; then
 * settles the kind's groups. `asked` may be NULL: nothing was asked. */
int wh_asked_check(const struct wh_asked *asked, const struct wh_kind *kind,
                   struct wh_error *error);

/* Appends the first prefixes of the kinds that have the group, as "sqlite:, postgresql://", or
 * nothing where one of them takes every name. */
void wh_asked_prefixes(const struct wh_asked *asked, const struct wh_option_group *group,
                       struct wh_buffer *out);
/* Appends what the kinds are that an option of the tool applies to, as "databases"; nothing where
 * these are all, or it is about something else. */
void wh_asked_applies(const struct wh_asked *asked, const struct wh_option *option,
                      struct wh_buffer *out);

#endif
