/*
 * The NDJSON reader's memory of shapes: private to lib/record/ndjson*.
 *
 * A tree of the columns seen so far. A node stands for "these columns in this order, spelled like
 * this"; the text on its edge is everything between the value before and its own value: `,"b":`
 * with whatever blanks there are. To read a row is to walk down from the root, at each value
 * comparing the input with the edge taken last time. Where that fails a few others are tried, and
 * where they fail the text is parsed and looked up by its hash; what is found nowhere is checked
 * and becomes a new node. So keys are checked for duplicates once per shape, and a row costs one
 * comparison per value, also where rows of hundreds of shapes take turns.
 *
 * The tree is thrown away between two rows when it has grown beyond a bound, so that rows which
 * all differ cost time but not memory.
 */
#ifndef WH_RECORD_NDJSON_TREE_H
#define WH_RECORD_NDJSON_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "record/position.h"
#include "record/reader.h"

struct wh_ndjson_node {
    struct wh_ndjson_node *likely; /* the child taken last time */
    const char *text;              /* the edge's text, WH_SLACK readable bytes following */
    uint32_t text_length;
    uint32_t depth;                /* columns from the root to here */
    struct wh_ndjson_node *parent;
    struct wh_ndjson_node *children; /* newest first */
    struct wh_ndjson_node *sibling;
    struct wh_ndjson_node *chain;  /* in the same slot of the reader's `edges` */
    struct wh_column column;
    uint64_t hash;                 /* of the column's name */
    struct wh_shape *shape;        /* of rows that end here; NULL until one does */
};

struct wh_ndjson;

/* What a row broke, and where. */
struct wh_ndjson_fault {
    const char *at;
    const char *rule;
    const char *text;
};

struct wh_ndjson {
    struct wh_reader reader;
    struct wh_row row;
    struct wh_input *input;
    const char *complete; /* up to here the block holds whole lines */
    bool unterminated;    /* the last line's end was added by us */
    bool skipping;        /* within a line that was too long */
    uint64_t line;
    size_t max_row;
    size_t scanned;       /* bytes of the incomplete line known to hold no newline */
    bool holds;               /* a line without its end is held back */
    struct wh_spot open;  /* the last row, if it was given before its line end was seen */

    struct wh_field *fields;
    size_t field_room;

    struct wh_ndjson_node *root;
    struct wh_ndjson_node **edges; /* every node, by its parent and the text on its edge */
    struct wh_arena memory; /* nodes and their text */
    size_t nodes;
    size_t held;            /* bytes taken from memory */
    const struct wh_ndjson_node *dense; /* the node whose ancestors stand in `names` */
    struct wh_ndjson_node **names;      /* hash set for rows of many columns */
    size_t names_size;

    struct wh_ndjson_fault fault;
    const struct wh_ndjson_scan *scan;
};

/* The vector code, one set for each kind of processor. */
struct wh_ndjson_scan {
    const char *name;
    /*
     * Reads one row at `p`, whose line is complete. Fills reader->fields and returns the line feed
     * after the row, with *end the node where the row ended; NULL with reader->fault.
     */
    const char *(*row)(struct wh_ndjson *reader, const char *p, struct wh_ndjson_node **end);
    /* Checks one JSON value; returns the byte after it or NULL with the fault. */
    const char *(*value)(const char *p, struct wh_field *field, struct wh_ndjson_fault *fault);
    /* Whether `p` begins with an edge's text, which holds no newline: so it is never compared
     * beyond the line at `p`, but for vectors reading WH_SLACK on. */
    bool (*same)(const char *p, const char *text, size_t length);
    /* Length of the part of `text` that needs no escape within quotes. Reads WH_SLACK beyond. */
    size_t (*safe)(const char *text, size_t length);
};

extern const struct wh_ndjson_scan wh_ndjson_scan_plain;
#if defined(__x86_64__)
extern const struct wh_ndjson_scan wh_ndjson_scan_sse2;
extern const struct wh_ndjson_scan wh_ndjson_scan_avx2;
#elif defined(__aarch64__)
extern const struct wh_ndjson_scan wh_ndjson_scan_neon;
#endif

/* The best for this processor, or the one that WH_SIMD names. */
const struct wh_ndjson_scan *wh_ndjson_scan_choose(void);
/* The same, chosen once in the process, for text that is no reader's. */
const struct wh_ndjson_scan *wh_json_scan(void);

/*
 * The slow way from one value to the next: parses what stands at *p after `node`'s value. Returns
 * the node of the next column with *p at its value; NULL at the row's end (fault.at NULL, *p
 * after the brace) or at a fault.
 */
struct wh_ndjson_node *wh_ndjson_step(struct wh_ndjson *reader, struct wh_ndjson_node *node,
                                      const char **p);
/* Makes room for further fields. */
void wh_ndjson_grow(struct wh_ndjson *reader);

/* The first byte from `p` on that is no blank within a line. */
static inline const char *wh_json_skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t' || *p == '\r')
        p++;
    return p;
}

/* The code unit of the four hexadecimal digits at `p`, or -1. */
int wh_json_code_unit(const char *p);

/* Parts of strings that vector code leaves to these: `p` at a backslash, or at a byte of 0x80 or
 * more. They return the first byte after the escape (or the run of such bytes), or NULL. */
const char *wh_json_check_escape(const char *p, struct wh_ndjson_fault *fault);
const char *wh_json_check_utf8(const char *p, struct wh_ndjson_fault *fault);

#endif
