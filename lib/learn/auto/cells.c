#include "learn/auto/cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { LANES = 4 };

void wh_auto_cells_init(struct wh_auto_cells *cells)
{
    *cells = (struct wh_auto_cells){ .cells = wh_alloc(WH_AUTO_CELLS, sizeof *cells->cells) };
}

void wh_auto_cells_free(struct wh_auto_cells *cells)
{
    free(cells->cells);
    cells->cells = NULL;
}

static void clear_region(struct wh_auto_cells *cells, unsigned region)
{
    struct wh_auto_run runs[WH_AUTO_MOST_RUNS];
    unsigned count = wh_auto_view_runs(region, runs);
    for (unsigned i = 0; i < count; i++)
        for (uint32_t cell = 0; cell < runs[i].count; cell++)
            if (cells->cells[runs[i].first + cell].squares > 0)
                cells->cells[runs[i].first + cell] = (struct wh_auto_cell){ 0 };
}

void wh_auto_cells_follow(struct wh_auto_cells *cells, const struct wh_auto_view *view)
{
    if (cells->version == wh_auto_view_version(view))
        return;
    const uint32_t *versions = wh_auto_view_versions(view);
    for (unsigned i = 0; i < WH_AUTO_REGIONS; i++) {
        if (cells->versions[i] != versions[i])
            clear_region(cells, i);
        cells->versions[i] = versions[i];
    }
    cells->version = wh_auto_view_version(view);
}

float wh_auto_cells_sum(const struct wh_auto_cells *cells, const struct wh_auto_active *active)
{
    float sums[LANES] = { 0 };
    size_t i = 0;
    for (; i + LANES <= active->count; i += LANES)
        for (unsigned lane = 0; lane < LANES; lane++)
            sums[lane] += cells->cells[active->cells[i + lane]].weight;
    for (unsigned lane = 0; i < active->count; i++, lane++)
        sums[lane] += cells->cells[active->cells[i]].weight;
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

static inline void step_cell(struct wh_auto_cell *cell, float squared, float move, float keep)
{
    cell->squares = cell->squares * keep + squared;
    cell->weight -= move / (1 + sqrtf(cell->squares));
}

#ifdef __SSE2__

/* Four at once, to the same bits. */
static inline void step_four(struct wh_auto_cell *restrict table, const uint32_t *cells,
                             __m128 squared, __m128 move, __m128 keep)
{
    __m128 a = _mm_loadh_pi(_mm_loadl_pi(squared, (const __m64 *)&table[cells[0]]),
                            (const __m64 *)&table[cells[1]]);
    __m128 b = _mm_loadh_pi(_mm_loadl_pi(squared, (const __m64 *)&table[cells[2]]),
                            (const __m64 *)&table[cells[3]]);
    __m128 weight = _mm_shuffle_ps(a, b, 0x88), squares = _mm_shuffle_ps(a, b, 0xdd);
    squares = _mm_add_ps(_mm_mul_ps(squares, keep), squared);
    weight = _mm_sub_ps(weight, _mm_div_ps(move, _mm_add_ps(_mm_set1_ps(1),
                                                            _mm_sqrt_ps(squares))));
    a = _mm_unpacklo_ps(weight, squares);
    b = _mm_unpackhi_ps(weight, squares);
    _mm_storel_pi((__m64 *)&table[cells[0]], a);
    _mm_storeh_pi((__m64 *)&table[cells[1]], a);
    _mm_storel_pi((__m64 *)&table[cells[2]], b);
    _mm_storeh_pi((__m64 *)&table[cells[3]], b);
}

#endif

/* No cell is twice in a list. */
void wh_auto_cells_learn(struct wh_auto_cells *cells, const struct wh_auto_active *active,
                         struct wh_auto_step step)
{
    float squared = step.gradient * step.gradient, move = step.rate * step.gradient;
    size_t i = 0;
#ifdef __SSE2__
    __m128 squared4 = _mm_set1_ps(squared), move4 = _mm_set1_ps(move);
    __m128 keep4 = _mm_set1_ps(step.keep);
    for (; i + LANES <= active->count; i += LANES)
        step_four(cells->cells, active->cells + i, squared4, move4, keep4);
#endif
    for (; i < active->count; i++)
        step_cell(&cells->cells[active->cells[i]], squared, move, step.keep);
}

float wh_auto_linear_sum(const struct wh_auto_cell *cells, const float *values, size_t count)
{
    float sums[LANES] = { 0 };
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (unsigned lane = 0; lane < LANES; lane++)
            sums[lane] += cells[i + lane].weight * values[i + lane];
    for (unsigned lane = 0; i < count; i++, lane++)
        sums[lane] += cells[i].weight * values[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void wh_auto_linear_learn(struct wh_auto_cell *cells, const float *values, size_t count,
                          struct wh_auto_step step)
{
    size_t i = 0;
#ifdef __SSE2__
    static const uint32_t following[LANES] = { 0, 1, 2, 3 };
    __m128 gradient = _mm_set1_ps(step.gradient), rate = _mm_set1_ps(step.rate);
    __m128 keep = _mm_set1_ps(step.keep);
    for (; i + LANES <= count; i += LANES) {
        __m128 slope = _mm_mul_ps(gradient, _mm_loadu_ps(values + i));
        step_four(cells + i, following, _mm_mul_ps(slope, slope), _mm_mul_ps(rate, slope), keep);
    }
#endif
    for (; i < count; i++) {
        float slope = step.gradient * values[i];
        step_cell(&cells[i], slope * slope, step.rate * slope, step.keep);
    }
}

/*
 * Saving and loading: runs of cells that are not zero. A run is its first cell and their number,
 * 4 bytes each, then weight and squares of each cell, all little-endian.
 */

enum {
    CHUNK = 128 << 10, /* bytes of a line, about */
    LONGEST_RUN = 4096,
    RUN_HEAD = 8,
    CELL_SIZE = 8,
};

/* Far beyond what learning comes to, and far from where sums of them overflow. */
static const float LARGEST_CELL = 1e30F;

static void put(struct wh_buffer *bytes, uint32_t word)
{
    for (unsigned i = 0; i < 4; i++)
        wh_buffer_byte(bytes, (char)(unsigned char)(word >> 8 * i));
}

static void put_float(struct wh_buffer *bytes, float number)
{
    uint32_t word;
    memcpy(&word, &number, sizeof word);
    put(bytes, word);
}

static bool is_zero(const struct wh_auto_cell *cell)
{
    return cell->weight == 0 && cell->squares == 0;
}

static int write_chunk(struct wh_buffer *bytes, struct wh_learner_lines *lines,
                       struct wh_error *error)
{
    if (bytes->length == 0)
        return 0;
    struct wh_buffer text = { 0 };
    char *place = wh_buffer_reserve(&text, wh_base64_size(bytes->length));
    size_t length = wh_base64_encode(bytes->data, bytes->length, place);
    json_t *value = json_stringn(place, length);
    wh_buffer_free(&text);
    bytes->length = 0;
    return wh_learner_line(lines, value, error);
}

int wh_auto_cells_write(const struct wh_auto_cells *cells, struct wh_learner_lines *lines,
                        struct wh_error *error)
{
    struct wh_buffer bytes = { 0 };
    int result = 0;
    for (uint32_t i = 0; i < WH_AUTO_CELLS && result == 0;) {
        uint32_t first = i;
        while (i < WH_AUTO_CELLS && i - first < LONGEST_RUN && !is_zero(&cells->cells[i]))
            i++;
        if (i == first) {
            i++;
            continue;
        }
        put(&bytes, first);
        put(&bytes, i - first);
        for (uint32_t cell = first; cell < i; cell++) {
            put_float(&bytes, cells->cells[cell].weight);
            put_float(&bytes, cells->cells[cell].squares);
        }
        if (bytes.length >= CHUNK)
            result = write_chunk(&bytes, lines, error);
    }
    if (result == 0)
        result = write_chunk(&bytes, lines, error);
    wh_buffer_free(&bytes);
    return result;
}

static uint32_t take(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16
        | (uint32_t)bytes[3] << 24;
}

static bool take_float(const unsigned char *bytes, float *number)
{
    uint32_t word = take(bytes);
    memcpy(number, &word, sizeof word);
    return fabsf(*number) <= LARGEST_CELL;
}

/* Takes one run, and returns what follows it; NULL for what is not a run. */
static const unsigned char *read_run(struct wh_auto_cells *cells, const unsigned char *bytes,
                                     const unsigned char *end)
{
    if (end - bytes < RUN_HEAD)
        return NULL;
    uint32_t first = take(bytes), count = take(bytes + 4);
    bytes += RUN_HEAD;
    if (count < 1 || count > LONGEST_RUN || first >= WH_AUTO_CELLS
        || count > WH_AUTO_CELLS - first || end - bytes < (ptrdiff_t)count * CELL_SIZE)
        return NULL;
    for (uint32_t i = first; i < first + count; i++, bytes += CELL_SIZE)
        if (!take_float(bytes, &cells->cells[i].weight)
            || !take_float(bytes + 4, &cells->cells[i].squares) || cells->cells[i].squares < 0)
            return NULL;
    return bytes;
}

bool wh_auto_cells_read(struct wh_auto_cells *cells, const json_t *text)
{
    size_t length = json_string_length(text), size = 0;
    unsigned char *bytes = wh_alloc(1, length / 4 * 3 + 1);
    bool fine = json_is_string(text)
        && wh_base64_decode(json_string_value(text), length, bytes, &size);
    const unsigned char *next = bytes, *end = bytes + size;
    while (fine && next && next < end)
        next = read_run(cells, next, end);
    free(bytes);
    return fine && next != NULL;
}
