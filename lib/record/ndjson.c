/*
 * NDJSON in: the reader around the scan of ndjson_scan.h. It finds whole lines, keeps the tree of
 * shapes (ndjson_tree.h) and turns faults into bad rows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "record/json.h"
#include "record/ndjson_tree.h"

enum {
    MAX_NODES = 1 << 15,      /* the tree is thrown away beyond this ... */
    MAX_HELD = 8 << 20,       /* ... or these many bytes */
    TRIED_CHILDREN = 8,       /* edges compared before the text is parsed */
    EDGES_LOG2 = 14,          /* slots of all edges */
    DENSE = 32,               /* columns from which on duplicates are found by a hash set */
};

static const char *fault(struct wh_json_fault *out, const char *at, const char *rule,
                         const char *text)
{
    *out = (struct wh_json_fault){ at, rule, text };
    return NULL;
}

/* Tree ------------------------------------------------------------------------------------- */

static void *take(struct wh_ndjson *reader, size_t size)
{
    reader->held += size;
    return wh_arena_take(&reader->memory, size);
}

static void free_shapes(struct wh_ndjson_node *node)
{
    /* Down to the first leaf, then along: depth is as large as a row is wide, so no recursion. */
    while (node) {
        if (node->children) {
            struct wh_ndjson_node *child = node->children;
            node->children = child->sibling;
            node = child;
            continue;
        }
        struct wh_ndjson_node *parent = node->parent;
        wh_shape_close(node->shape);
        node->shape = NULL;
        node = parent;
    }
}

static void plant_tree(struct wh_ndjson *reader)
{
    if (reader->root)
        free_shapes(reader->root);
    reader->row.shape = NULL;
    wh_arena_reset(&reader->memory);
    reader->nodes = 0;
    reader->held = 0;
    reader->dense = NULL;
    memset(reader->edges, 0, sizeof *reader->edges << EDGES_LOG2);
    reader->root = take(reader, sizeof *reader->root);
    memset(reader->root, 0, sizeof *reader->root);
    reader->root->text = "";
}

static struct wh_shape *shape_of(struct wh_ndjson *reader, struct wh_ndjson_node *node)
{
    struct wh_column *columns = wh_alloc(node->depth, sizeof *columns);
    for (const struct wh_ndjson_node *at = node; at->depth > 0; at = at->parent)
        columns[at->depth - 1] = at->column;
    node->shape = wh_shape_open(columns, node->depth);
    free(columns);
    reader->held += node->depth * (sizeof *columns + 32);
    return node->shape;
}

static bool same_name(const struct wh_ndjson_node *node, uint64_t hash, const char *name,
                      size_t length)
{
    return node->hash == hash && node->column.length == length &&
           memcmp(node->column.name, name, length) == 0;
}

static struct wh_ndjson_node **name_slot(struct wh_ndjson *reader, uint64_t hash, const char *name,
                                         size_t length)
{
    size_t mask = reader->names_size - 1;
    size_t i = hash & mask;
    while (reader->names[i] && !same_name(reader->names[i], hash, name, length))
        i = (i + 1) & mask;
    return &reader->names[i];
}

static void remember_name(struct wh_ndjson *reader, struct wh_ndjson_node *node)
{
    *name_slot(reader, node->hash, node->column.name, node->column.length) = node;
    reader->dense = node;
}

/* Puts the names from the root to `node` into the hash set, unless they are there already. */
static void gather_names(struct wh_ndjson *reader, struct wh_ndjson_node *node)
{
    if (reader->dense == node && reader->names_size > 2 * (size_t)node->depth + 2)
        return;
    size_t size = 128;
    while (size < 4 * ((size_t)node->depth + 1))
        size *= 2;
    free(reader->names);
    reader->names = wh_alloc(size, sizeof *reader->names);
    reader->names_size = size;
    for (struct wh_ndjson_node *at = node; at->depth > 0; at = at->parent)
        remember_name(reader, at);
    reader->dense = node;
}

static bool has_name(struct wh_ndjson *reader, struct wh_ndjson_node *node, uint64_t hash,
                     const char *name, size_t length)
{
    if (node->depth >= DENSE) {
        gather_names(reader, node);
        return *name_slot(reader, hash, name, length) != NULL;
    }
    for (const struct wh_ndjson_node *at = node; at->depth > 0; at = at->parent)
        if (same_name(at, hash, name, length))
            return true;
    return false;
}

static const char *padded(struct wh_ndjson *reader, const char *text, size_t length)
{
    char *copy = take(reader, length + WH_SLACK);
    memcpy(copy, text, length);
    memset(copy + length, 0, WH_SLACK);
    return copy;
}

static struct wh_ndjson_node **edge_slot(const struct wh_ndjson *reader,
                                         const struct wh_ndjson_node *parent, const char *text,
                                         size_t length)
{
    uint64_t parent_hash = (uint64_t)(uintptr_t)parent * UINT64_C(0x9E3779B97F4A7C15);
    return &reader->edges[(wh_hash(text, length) + parent_hash) >> (64 - EDGES_LOG2)];
}

/*
 * Adds the child of `node` whose edge is text[0 .. text_length) and whose key stands between the
 * quotes at `key`. NULL with the fault where the row already has that column.
 */
static struct wh_ndjson_node *add_child(struct wh_ndjson *reader, struct wh_ndjson_node *node,
                                        const char *text, size_t text_length, const char *key,
                                        size_t key_length, bool escaped)
{
    char *name = take(reader, key_length + 1);
    size_t length = key_length;
    if (escaped)
        length = wh_json_unescape(key, key_length, name);
    else
        memcpy(name, key, key_length);
    name[length] = '\0';
    uint64_t hash = wh_hash(name, length);
    if (has_name(reader, node, hash, name, length)) {
        fault(&reader->fault, key - 1, "duplicate-key", NULL); /* no_row names it */
        return NULL;
    }
    if (node->depth == 0 && length == 3 && memcmp(name, "@wh", 3) == 0) {
        reader->control = true;
        reader->fault.at = key - 1;
        return NULL;
    }
    if (node->depth == WH_MAX_COLUMNS) {
        fault(&reader->fault, key - 1, "columns", "the row has too many columns");
        return NULL;
    }
    struct wh_ndjson_node *child = take(reader, sizeof *child);
    char *spelled = take(reader, key_length + 4);
    spelled[0] = '"';
    memcpy(spelled + 1, key, key_length);
    memcpy(spelled + 1 + key_length, "\":", 3);
    *child = (struct wh_ndjson_node){
        .text = padded(reader, text, text_length),
        .text_length = (uint32_t)text_length,
        .depth = node->depth + 1,
        .parent = node,
        .sibling = node->children,
        .column = { .name = name, .length = (uint32_t)length,
                    .key = spelled, .key_length = (uint32_t)key_length + 3 },
        .hash = hash,
    };
    node->children = child;
    struct wh_ndjson_node **slot = edge_slot(reader, node, text, text_length);
    child->chain = *slot;
    *slot = child;
    reader->nodes++;
    if (child->depth > DENSE && reader->dense == node)
        remember_name(reader, child);
    return child;
}

static struct wh_ndjson_node *known_child(const struct wh_ndjson *reader,
                                          struct wh_ndjson_node *node, const char *p)
{
    struct wh_ndjson_node *child = node->children;
    for (int i = 0; child && i < TRIED_CHILDREN; i++, child = child->sibling)
        if (reader->scan->same(p, child->text, child->text_length))
            return child;
    return NULL;
}

/* The same among all its children, where the edge's length is known. */
static struct wh_ndjson_node *find_child(const struct wh_ndjson *reader,
                                         const struct wh_ndjson_node *node, const char *text,
                                         size_t length)
{
    struct wh_ndjson_node *child = *edge_slot(reader, node, text, length);
    while (child && !(child->parent == node && child->text_length == length &&
                      memcmp(child->text, text, length) == 0))
        child = child->chain;
    return child;
}

/* Behind the closing brace only blanks may stand. */
static const char *row_end(const char *p, struct wh_json_fault *out)
{
    const char *end = wh_json_skip_blanks(p);
    if (*end != '\n')
        return fault(out, end, "json", *end == '{' ? "a second row on the line (one row in each "
                                                     "line: jq -c .)"
                                                   : "other text follows the row's closing "
                                                     "brace");
    return end;
}

/* The key at `p` and the colon after it: the first byte of its value. */
static const char *parse_key(const struct wh_ndjson *reader, const char *p, struct wh_field *key,
                             struct wh_json_fault *out)
{
    if (*p != '"')
        return fault(out, p, "json", *p == '\n' ? "the line ends within the row (one row in each "
                                                  "line: jq -c .)"
                                                : "expected a key in double quotes");
    p = reader->scan->value(p, key, out);
    if (!p)
        return NULL;
    p = wh_json_skip_blanks(p);
    if (*p != ':')
        return fault(out, p, "json", "a colon must follow the key");
    return wh_json_skip_blanks(p + 1);
}

struct wh_ndjson_node *wh_ndjson_step(struct wh_ndjson *reader, struct wh_ndjson_node *node,
                                      const char **p)
{
    struct wh_json_fault *out = &reader->fault;
    const char *start = *p;
    out->at = NULL;
    struct wh_ndjson_node *child = known_child(reader, node, start);
    if (child) {
        *p = start + child->text_length;
        return child;
    }
    const char *at = wh_json_skip_blanks(start);
    if (node->depth == 0) {
        if (*at != '{') {
            fault(out, at, "json", "a row is a JSON object: it must begin with an opening brace");
            return NULL;
        }
    } else if (*at == '\n') {
        fault(out, at, "json", "the line ends before the object is closed (one row in "
                                 "each line: jq -c .)");
        return NULL;
    } else if (*at != ',' && *at != '}') {
        fault(out, at, "json", "expected a comma or the closing brace");
        return NULL;
    }
    bool closed = *at == '}';
    if (!closed)
        at = wh_json_skip_blanks(at + 1);
    if (closed || (node->depth == 0 && *at == '}')) {
        *p = row_end(at + 1, out);
        return NULL;
    }
    struct wh_field key;
    at = parse_key(reader, at, &key, out);
    if (!at)
        return NULL;
    size_t length = (size_t)(at - start);
    child = find_child(reader, node, start, length);
    if (!child)
        child = add_child(reader, node, start, length, key.text, key.length,
                          key.flags & WH_ESCAPED);
    if (child)
        *p = at;
    return child;
}

void wh_ndjson_grow(struct wh_ndjson *reader)
{
    reader->field_room *= 2;
    reader->fields = wh_resize(reader->fields, reader->field_room, sizeof *reader->fields);
}

/* Reader ----------------------------------------------------------------------------------- */

static wh_ndjson_row *choose_row(const struct wh_json_scan *scan)
{
#if defined(__x86_64__)
    if (scan != &wh_json_plain)
        return scan == &wh_json_avx2 ? wh_ndjson_row_avx2 : wh_ndjson_row_sse2;
#elif defined(__aarch64__)
    if (scan != &wh_json_plain)
        return wh_ndjson_row_neon;
#endif
    (void)scan;
    return wh_ndjson_row_plain;
}

/* The last newline in bytes[0 .. length), or NULL. */
static const char *last_newline(const char *bytes, size_t length)
{
    while (length > 0)
        if (bytes[--length] == '\n')
            return bytes + length;
    return NULL;
}

/* What is left is a line without its end: it is not given, unless it is blank. */
static int hold(struct wh_ndjson *reader)
{
    struct wh_input *input = reader->input;
    input->next[input->available] = '\n';
    size_t blanks = (size_t)(wh_json_skip_blanks(input->next) - input->next);
    reader->scanned = 0;
    reader->reader.held_line = blanks < input->available ? reader->line : 0;
    return 0;
}

/* Fills until the block holds a whole line. 1, 0 at the end of input, -1 on error; 2 where the
 * line is longer than a row may be. */
static int find_line(struct wh_ndjson *reader, struct wh_error *error)
{
    struct wh_input *input = reader->input;
    for (;;) {
        if (input->available > reader->scanned) {
            const char *newline = last_newline(input->next + reader->scanned,
                                               input->available - reader->scanned);
            reader->scanned = input->available;
            if (newline) {
                reader->complete = newline + 1;
                reader->scanned = 0;
                return 1;
            }
        }
        if (input->available > reader->max_row)
            return 2;
        if (input->ended) {
            if (input->available == 0)
                return 0;
            if (reader->holds)
                return hold(reader);
            input->next[input->available] = '\n';
            reader->complete = input->next + input->available + 1;
            reader->unterminated = true;
            reader->scanned = 0;
            return 1;
        }
        if (wh_input_fill(input, error) != 0)
            return -1;
        reader->reader.progress = wh_input_progress(input);
    }
}

static void take_line(struct wh_ndjson *reader, size_t length)
{
    struct wh_input *input = reader->input;
    size_t whole = length < input->available ? length : input->available;
    reader->reader.bytes += whole;
    wh_input_take(input, whole);
    reader->line++;
}

/* The line at `start`, of `length` bytes, is given although its end has not been seen. */
static void keep_open(struct wh_ndjson *reader, const char *start, size_t length)
{
    const struct wh_input *input = reader->input;
    reader->open = (struct wh_spot){
        .offset = input->offset - (uint64_t)(input->next - start),
        .line = reader->row.line,
        .given = true,
        .length = length <= reader->max_row ? length : 0,
    };
}

/* Of a line that is too long only its beginning is given, wherever its end has been seen. */
static enum wh_verdict too_long(struct wh_ndjson *reader, const char *start, struct wh_error *error)
{
    struct wh_row *row = &reader->row;
    row->raw = start;
    row->raw_length = reader->max_row;
    row->terminator = 0;
    wh_bad_row(error, "length", NULL, 0, 0,
               "the row is longer than %zu bytes (see --max-row); only so much of it is kept",
               reader->max_row);
    return WH_BAD;
}

/* Bytes of the key whose opening quote is at `at`, without its quotes. */
static size_t key_length(const char *at)
{
    size_t length = 0;
    while (at[length + 1] != '"')
        length += at[length + 1] == '\\' ? 2 : 1;
    return length;
}

/* The line at `start` holds no row: it is a bad one, or a control record. */
static enum wh_verdict no_row(struct wh_ndjson *reader, const char *start, struct wh_error *error)
{
    const struct wh_json_fault *broken = &reader->fault;
    bool control = reader->control;
    const char *newline = memchr(broken->at, '\n', (size_t)(reader->complete - broken->at));
    size_t length = (size_t)(newline - start);
    struct wh_row *row = &reader->row;
    reader->control = false;
    row->raw = start;
    row->terminator = !(reader->unterminated && newline + 1 == reader->complete);
    row->raw_length = length + row->terminator;
    if (!row->terminator)
        keep_open(reader, start, length);
    take_line(reader, length + 1);
    if (length > reader->max_row)
        return too_long(reader, start, error);
    if (control)
        return WH_CONTROL;
    size_t byte = (size_t)(broken->at - start) + 1;
    char key[96];
    if (broken->text)
        wh_bad_row(error, broken->rule, NULL, 0, byte, "%s", broken->text);
    else
        wh_bad_row(error, broken->rule, NULL, 0, byte, "the key %s comes twice in the row",
                   wh_quote(key, broken->at + 1, key_length(broken->at)));
    return WH_BAD;
}

/* Drops the rest of a line that was too long. */
static int skip_line(struct wh_ndjson *reader, struct wh_error *error)
{
    struct wh_input *input = reader->input;
    while (reader->skipping) {
        const char *newline = memchr(input->next, '\n', input->available);
        size_t length = newline ? (size_t)(newline + 1 - input->next) : input->available;
        reader->reader.bytes += length;
        wh_input_take(input, length);
        if (newline || input->ended) {
            reader->skipping = false;
            reader->open.given = !newline;
            reader->line++;
        } else if (wh_input_fill(input, error) != 0) {
            return -1;
        }
    }
    return 0;
}

/* The line that the input is at has no end within the bytes that a row may have. */
static enum wh_verdict endless_line(struct wh_ndjson *reader, struct wh_error *error)
{
    reader->row.line = reader->line;
    reader->complete = NULL;
    reader->scanned = 0;
    reader->skipping = true;
    keep_open(reader, reader->input->next, reader->input->available);
    return too_long(reader, reader->input->next, error);
}

static enum wh_verdict ndjson_next(struct wh_reader *base, struct wh_error *error)
{
    struct wh_ndjson *reader = (struct wh_ndjson *)base;
    struct wh_input *input = reader->input;
    struct wh_row *row = &reader->row;
    wh_arena_reset(&row->scratch);
    if (reader->nodes > MAX_NODES || reader->held > MAX_HELD)
        plant_tree(reader);
    if (reader->skipping && skip_line(reader, error) != 0)
        return WH_FATAL;

    const char *start;
    for (;;) {
        start = input->next;
        if (input->available == 0 || !reader->complete || start >= reader->complete) {
            int found = find_line(reader, error);
            if (found == 2)
                return endless_line(reader, error);
            if (found <= 0)
                return found == 0 ? WH_ENDED : WH_FATAL;
            start = input->next;
        }
        if (*start == '{')
            break;
        const char *text = wh_json_skip_blanks(start);
        if (*text != '\n' || (size_t)(text - start) > reader->max_row)
            break;
        if (reader->unterminated && text + 1 == reader->complete)
            return WH_ENDED; /* a row may yet follow these blanks, on their line */
        take_line(reader, (size_t)(text + 1 - start)); /* a blank line holds no row */
    }

    row->line = reader->line;
    struct wh_ndjson_node *end;
    const char *behind = reader->scan_row(reader, start, &end);
    if (__builtin_expect(!behind, 0))
        return no_row(reader, start, error);
    size_t length = (size_t)(behind - start);
    row->terminator = !(reader->unterminated && behind + 1 == reader->complete);
    if (__builtin_expect(!row->terminator, 0))
        keep_open(reader, start, length);
    if (__builtin_expect(length > reader->max_row, 0)) {
        take_line(reader, length + 1);
        return too_long(reader, start, error);
    }
    row->shape = end->shape ? end->shape : shape_of(reader, end);
    row->fields = reader->fields;
    row->changed = false;
    row->raw_fields = 0;
    row->raw = start;
    row->raw_length = length + row->terminator;
    take_line(reader, length + 1);
    return WH_PASSED;
}

static json_t *ndjson_position(struct wh_reader *base, bool behind)
{
    const struct wh_ndjson *reader = (struct wh_ndjson *)base;
    const struct wh_input *input = reader->input;
    struct wh_spot spot = { .offset = input->offset, .line = reader->line };
    if (!behind) {
        spot.offset -= (uint64_t)(input->next - reader->row.raw);
        spot.line = reader->row.line;
    } else if (reader->open.given) {
        spot = reader->open;
    }
    return wh_spot_json(&spot);
}

/* Goes on at a position; the input is at its beginning. */
static int resume(struct wh_ndjson *reader, const json_t *position, struct wh_error *error)
{
    struct wh_spot spot;
    if (wh_spot_read(position, &spot, error) != 0 ||
        wh_spot_seek(position, &spot, reader->input, error) != 0)
        return -1;
    reader->line = spot.line;
    int result = spot.given ? wh_spot_pass(&spot, &reader->reader, reader->input, error) : 0;
    reader->reader.bytes = 0;
    return result;
}

/* Batches ------------------------------------------------------------------------------------ */

/* How many bytes of whole lines are at hand: the last line that ends within `most`, or one longer.
 * Leaves `scanned` where there is none. */
static size_t whole_lines(struct wh_ndjson *reader, size_t most)
{
    const struct wh_input *input = reader->input;
    const char *bytes = input->next;
    size_t from = reader->scanned, length = input->available;
    size_t end = length < most ? length : most;
    const char *newline = end > from ? last_newline(bytes + from, end - from) : NULL;
    if (!newline && length > end) {
        size_t on = end > from ? end : from;
        newline = memchr(bytes + on, '\n', length - on);
    }
    reader->scanned = newline ? 0 : length;
    return newline ? (size_t)(newline + 1 - bytes) : 0;
}

static int ndjson_cut(struct wh_reader *base, size_t least, size_t most, struct wh_batch *batch,
                      struct wh_error *error)
{
    struct wh_ndjson *reader = (struct wh_ndjson *)base;
    struct wh_input *input = reader->input;
    size_t length;
    if (reader->skipping || reader->holds)
        return 0;
    while ((length = whole_lines(reader, most)) == 0) {
        if (input->ended || input->available > reader->max_row)
            return 0;
        reader->complete = NULL;
        if (wh_input_fill(input, error) != 0)
            return -1;
        base->progress = wh_input_progress(input);
    }
    if (length < least)
        return 0;
    *batch = (struct wh_batch){ .bytes = input->next, .length = length, .line = reader->line };
    reader->line += wh_count_lines(batch->bytes, length);
    reader->complete = NULL;
    base->bytes += length;
    wh_input_take(input, length);
    return 1;
}

static struct wh_reader *ndjson_batches(const struct wh_reader *base)
{
    const struct wh_ndjson *reader = (const struct wh_ndjson *)base;
    const struct wh_reading reading = { .max_row = reader->max_row };
    struct wh_error ignored;
    return wh_ndjson_open(&reading, wh_input_open_block(reader->input->name), &ignored);
}

static void ndjson_begin(struct wh_reader *base, const struct wh_batch *batch)
{
    struct wh_ndjson *reader = (struct wh_ndjson *)base;
    wh_input_set_block(reader->input, batch->bytes, batch->length);
    reader->complete = NULL;
    reader->scanned = 0;
    reader->skipping = false;
    reader->line = batch->line;
    base->bytes = 0;
}

static void ndjson_close(struct wh_reader *base)
{
    struct wh_ndjson *reader = (struct wh_ndjson *)base;
    free_shapes(reader->root);
    wh_arena_free(&reader->memory);
    wh_row_free(&reader->row);
    wh_input_close(reader->input);
    free(reader->fields);
    free(reader->names);
    free(reader->edges);
    free(reader);
}

struct wh_reader *wh_ndjson_open(const struct wh_reading *reading, struct wh_input *input,
                                 struct wh_error *error)
{
    static const struct wh_reader_ops ops = {
        .next = ndjson_next, .close = ndjson_close, .position = ndjson_position,
        .cut = ndjson_cut, .batches = ndjson_batches, .begin = ndjson_begin,
    };
    struct wh_ndjson *reader = wh_alloc(1, sizeof *reader);
    reader->reader.ops = &ops;
    reader->reader.row = &reader->row;
    reader->reader.progress = wh_input_progress(input);
    reader->input = input;
    reader->line = 1;
    reader->max_row = reading->max_row ? reading->max_row : WH_MAX_ROW;
    reader->field_room = 64;
    reader->fields = wh_alloc(reader->field_room, sizeof *reader->fields);
    reader->scan = wh_json_scan_choose();
    reader->scan_row = choose_row(reader->scan);
    reader->row.source = input->name;
    reader->row.raw_format = WH_FORMAT_NDJSON;
    reader->edges = wh_alloc((size_t)1 << EDGES_LOG2, sizeof *reader->edges);
    plant_tree(reader);
    if (!reading->position || resume(reader, reading->position, error) == 0) {
        reader->holds = reading->resumable && !reading->complete;
        return &reader->reader;
    }
    ndjson_close(&reader->reader);
    return NULL;
}
