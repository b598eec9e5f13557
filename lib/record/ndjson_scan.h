/*
 * The hot loop of the NDJSON reader, compiled for each kind of vector: a template that a file
 * includes after its vectors (see json_grammar.h) and after defining ROW, the name of the function.
 */
#include "record/json_grammar.h"
#include "record/ndjson_tree.h"

TARGET const char *ROW(struct wh_ndjson *reader, const char *p, struct wh_ndjson_node **end)
{
    struct wh_ndjson_node *node = reader->root;
    struct wh_field *field = reader->fields;
    const struct wh_field *room = field + reader->field_room;
    for (;;) {
        struct wh_ndjson_node *next = node->likely;
        if (LIKELY(next && same_text(p, next->text, next->text_length))) {
            p += next->text_length;
        } else {
            if (p[0] == '}' && p[1] == '\n' && node->depth > 0) {
                *end = node;
                return p + 1;
            }
            next = wh_ndjson_step(reader, node, &p);
            if (!next) {
                *end = node;
                return reader->fault.at ? NULL : p;
            }
            node->likely = next;
        }
        node = next;
        if (UNLIKELY(field == room)) {
            wh_ndjson_grow(reader);
            field = reader->fields + node->depth - 1;
            room = reader->fields + reader->field_room;
        }
        p = scan_value(p, field, &reader->fault);
        if (UNLIKELY(!p))
            return NULL;
        field++;
    }
}
