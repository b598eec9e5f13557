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

#include "record/json_scan.h"
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

/* Reads one row at `p`, whose line is complete. Fills reader->fields and returns the line feed after
 * the row, with *end the node where the row ended; NULL where the line holds no row, as
 * reader->fault and reader->control say. One for each kind of vector (record/json_scan.h). */
typedef const char *wh_ndjson_row(struct wh_ndjson *reader, const char *p,
                                  struct wh_ndjson_node **end);

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

    struct wh_json_fault fault; /* `at` NULL: none; also where a control record stops the scan */
    bool control;               /* the line begins as a control record does */
    const struct wh_json_scan *scan;
    wh_ndjson_row *scan_row;
};

wh_ndjson_row wh_ndjson_row_plain;
#if defined(__x86_64__)
wh_ndjson_row wh_ndjson_row_sse2, wh_ndjson_row_avx2;
#elif defined(__aarch64__)
wh_ndjson_row wh_ndjson_row_neon;
#endif

/*
 * The slow way from one value to the next: parses what stands at *p after `node`'s value. Returns
 * the node of the next column with *p at its value; NULL at the row's end (fault.at NULL, *p
 * after the brace) or at a fault.
 */
struct wh_ndjson_node *wh_ndjson_step(struct wh_ndjson *reader, struct wh_ndjson_node *node,
                                      const char **p);
/* Makes room for further fields. */
void wh_ndjson_grow(struct wh_ndjson *reader);

#endif
