#include "learn/auto/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "learn/auto/constants.h"
#include "learn/auto/pack.h"

enum {
    LEVELS = 4,
    BINS_LEVEL = 2, /* that bins alone are of: 16 */
    FIRST_CROSS = WH_AUTO_BIN_CELLS,
    FIRST_TILE = WH_AUTO_BIN_CELLS + WH_AUTO_CROSS_CELLS,
    FIRST_PAIR = FIRST_TILE + WH_AUTO_ALL_TILINGS * WH_AUTO_TILE_CELLS,
    MOST_LISTED = WH_AUTO_SLOTS * (LEVELS + 1) + WH_AUTO_CROSSES * LEVELS + WH_AUTO_ALL_TILINGS,
};

/* Codes of each level, 0 for a missing value among them; and, as the cells of the levels lie one
 * after the other, how many cells a slot's bins, or a cross, has before those of a level. Bins alone,
 * of which there are 16, come first. */
enum {
    CODES4 = 4 + 1, CODES8 = 8 + 1, CODES16 = 16 + 1, CODES32 = 32 + 1,
    BINS4 = CODES16,
    BINS8 = BINS4 + CODES4,
    BINS16 = BINS8 + CODES8,
    BINS32 = BINS16 + CODES16,
    CROSSES8 = CODES4 * CODES4,
    CROSSES16 = CROSSES8 + CODES8 * CODES8,
    CROSSES32 = CROSSES16 + CODES16 * CODES16,
};

/* Codes 1 to 32 become 1 to 4, 8, 16 and 32, and 0 stays 0. */
static const struct level {
    unsigned shift;
    uint32_t codes;
    uint32_t first_bin, first_cross;
} levels[LEVELS] = {
    { 3, CODES4, BINS4 * WH_AUTO_SLOTS, FIRST_CROSS },
    { 2, CODES8, BINS8 * WH_AUTO_SLOTS, FIRST_CROSS + CROSSES8 * WH_AUTO_CROSSES },
    { 1, CODES16, BINS16 * WH_AUTO_SLOTS, FIRST_CROSS + CROSSES16 * WH_AUTO_CROSSES },
    { 0, CODES32, BINS32 * WH_AUTO_SLOTS, FIRST_CROSS + CROSSES32 * WH_AUTO_CROSSES },
};

/* After so many rows a slot that was in too few of them is dropped. */
static const uint64_t reviews[] = { WH_AUTO_REVIEWS };

struct cross {
    uint32_t left, right; /* slots; equal: out of use */
};

struct wh_auto_view {
    struct wh_auto_fields fields;
    struct wh_auto_slot slots[WH_AUTO_SLOTS];
    struct cross crosses[WH_AUTO_CROSSES];
    uint32_t cross_count;
    uint64_t pairs; /* that were offered to be crossed */
    struct wh_auto_tilings tilings;
    uint32_t versions[WH_AUTO_REGIONS];
    uint32_t version;
    double *sizes_of; /* of features: the largest they had */
    uint8_t *codes_of;
    size_t features;
    uint32_t taken; /* slots that were loaded */
};

/* The row that was read. */
struct wh_auto_scratch {
    struct wh_auto_row row;
    double numbers[WH_AUTO_SLOTS]; /* NaN: missing */
    uint8_t strings[WH_AUTO_SLOTS]; /* the codes of strings, else 0 */
    float values[WH_AUTO_PRODUCTS];
    uint8_t codes[WH_AUTO_SLOTS];
    uint32_t marks[WH_AUTO_SLOTS];
    uint32_t cells[MOST_LISTED];
    uint32_t pair_cells[WH_AUTO_MOST_PAIRS];
    float pair_sizes[WH_AUTO_MOST_PAIRS];
    uint32_t *ids;
    double *sizes;
    size_t capacity;
    size_t firm; /* features listed from the back begin here */
};

struct wh_auto_view *wh_auto_view_open(const struct wh_names *names)
{
    struct wh_auto_view *view = wh_alloc(1, sizeof *view);
    wh_auto_fields_init(&view->fields, names);
    wh_auto_tilings_init(&view->tilings);
    return view;
}

void wh_auto_view_close(struct wh_auto_view *view)
{
    if (!view)
        return;
    for (uint32_t i = 0; i < view->fields.slots; i++)
        wh_auto_slot_free(&view->slots[i]);
    wh_auto_fields_free(&view->fields);
    free(view->sizes_of);
    free(view->codes_of);
    free(view);
}

struct wh_auto_scratch *wh_auto_scratch_open(void)
{
    return wh_alloc(1, sizeof(struct wh_auto_scratch));
}

void wh_auto_scratch_close(struct wh_auto_scratch *scratch)
{
    if (!scratch)
        return;
    free(scratch->ids);
    free(scratch->sizes);
    free(scratch);
}

/*
 * Reading a row
 */

static bool in_use(const struct wh_auto_view *view, uint32_t slot)
{
    return !view->slots[slot].dropped;
}

/* What a slot holds unless the row says otherwise: nothing where a row is one of columns, or where
 * no number ever was; else zero. */
static void clear_slots(const struct wh_auto_view *view, struct wh_auto_scratch *scratch,
                        bool columns)
{
    for (uint32_t i = 0; i < view->fields.slots; i++)
        scratch->numbers[i] = view->slots[i].numbers > 0 && !columns ? 0 : (double)NAN;
    /* Not in the loop: gcc 12 at -O1 would then drop the call of this function. */
    memset(scratch->strings, 0, view->fields.slots);
}

/* Loose features are listed from the front, the others from the back. */
static void list_feature(const struct wh_auto_view *view, struct wh_auto_scratch *scratch,
                         uint32_t id, double value, bool loose)
{
    if (value == 0 || isnan(value))
        return;
    double size = id < view->features ? view->sizes_of[id] : 0, now = fabs(value);
    size_t place = loose ? scratch->row.loose++ : --scratch->firm;
    scratch->ids[place] = id;
    scratch->sizes[place] = value / (now > size ? now : size);
}

static void read_feature(const struct wh_auto_view *view, struct wh_auto_scratch *scratch,
                         uint32_t id, double value)
{
    uint16_t field = wh_auto_fields_of(&view->fields, id);
    int slot = field == WH_AUTO_NO_FIELD ? -1 : view->fields.fields[field].slot;
    uint8_t code = id < view->features ? view->codes_of[id] : 0;
    bool known = id < view->fields.of_count;
    bool string = code > 0 || (!known && wh_auto_fields_category(&view->fields, id));
    list_feature(view, scratch, id, value, id != WH_CONSTANT && (slot < 0 || string));
    if (slot < 0)
        return;
    scratch->numbers[slot] = string ? (double)NAN : value;
    if (string)
        scratch->strings[slot] = value != 0 ? code : 0;
}

/* Moves what was listed from the back behind the loose ones. */
static void join_lists(struct wh_auto_scratch *scratch, size_t count)
{
    size_t firm = count - scratch->firm, loose = scratch->row.loose;
    memmove(scratch->ids + loose, scratch->ids + scratch->firm, firm * sizeof *scratch->ids);
    memmove(scratch->sizes + loose, scratch->sizes + scratch->firm, firm * sizeof *scratch->sizes);
    scratch->row.count = loose + firm;
}

static void make_values(const struct wh_auto_view *view, struct wh_auto_scratch *scratch)
{
    uint32_t slots = view->fields.slots;
    float *values = scratch->values, *squares = values + slots;
    for (uint32_t i = 0; i < slots; i++) {
        const struct wh_auto_slot *slot = &view->slots[i];
        double number = scratch->numbers[i];
        bool missing = isnan(number) || slot->dropped;
        values[i] = missing ? 0 : (float)wh_auto_slot_standardise(slot, number);
        unsigned code = missing ? scratch->strings[i] : wh_auto_slot_code(slot, number);
        scratch->codes[i] = (uint8_t)code;
        scratch->marks[i] = missing ? code + 1 : 0;
    }
    for (uint32_t i = 0; i < slots; i++)
        squares[i] = values[i] * values[i];
    float *products = squares + slots;
    for (uint32_t i = 0; i < view->cross_count; i++) {
        const struct cross *cross = &view->crosses[i];
        bool used = cross->left != cross->right;
        products[i] = used ? values[cross->left] * values[cross->right] : 0;
    }
    scratch->row.slots = slots;
    scratch->row.products = 2 * (size_t)slots + view->cross_count;
}

static unsigned coarse(unsigned code, unsigned shift)
{
    return code == 0 ? 0 : ((code - 1) >> shift) + 1;
}

/* The codes of all slots at a level; and those of the first of two that are crossed, times how
 * many codes there are. */
struct level_codes {
    uint32_t codes[WH_AUTO_SLOTS], first[WH_AUTO_SLOTS];
};

static void find_codes(const struct wh_auto_view *view, const struct wh_auto_scratch *scratch,
                       const struct level *level, struct level_codes *found)
{
    for (uint32_t i = 0; i < view->fields.slots; i++) {
        found->codes[i] = coarse(scratch->codes[i], level->shift);
        found->first[i] = found->codes[i] * level->codes;
    }
}

static uint32_t *list_bins(const struct wh_auto_view *view, const struct level_codes *found,
                           uint32_t codes, uint32_t first, uint32_t *cells)
{
    for (uint32_t i = 0; i < view->fields.slots; i++, first += codes)
        if (in_use(view, i))
            *cells++ = first + found->codes[i];
    return cells;
}

static uint32_t *list_crosses(const struct wh_auto_view *view, const struct level_codes *found,
                              const struct level *level, uint32_t *cells)
{
    uint32_t first = level->first_cross, size = level->codes * level->codes;
    for (uint32_t i = 0; i < view->cross_count; i++, first += size) {
        const struct cross *cross = &view->crosses[i];
        if (cross->left != cross->right)
            *cells++ = first + found->first[cross->left] + found->codes[cross->right];
    }
    return cells;
}

static uint32_t *close_group(struct wh_auto_scratch *scratch, enum wh_auto_group group,
                             uint32_t *first, uint32_t *end)
{
    scratch->row.groups[group] = (struct wh_auto_active){ first, (size_t)(end - first) };
    return end;
}

static void list_cells(const struct wh_auto_view *view, struct wh_auto_scratch *scratch)
{
    uint32_t *first = scratch->cells, *end;
    struct level_codes found;
    find_codes(view, scratch, &levels[BINS_LEVEL], &found);
    end = list_bins(view, &found, levels[BINS_LEVEL].codes, 0, first);
    first = close_group(scratch, WH_AUTO_GROUP_BINS, first, end);
    for (unsigned i = 0; i < LEVELS; i++) {
        const struct level *level = &levels[i];
        find_codes(view, scratch, level, &found);
        end = list_bins(view, &found, level->codes, level->first_bin, first);
        end = list_crosses(view, &found, level, end);
        first = close_group(scratch, WH_AUTO_GROUP_CROSS4 + i, first, end);
    }
    wh_auto_tilings_read(&view->tilings, scratch->values, scratch->marks, FIRST_TILE, first);
    for (unsigned i = 0; i < WH_AUTO_WIDTHS; i++)
        first = close_group(scratch, WH_AUTO_GROUP_WIDE + i, first, first + WH_AUTO_TILINGS);
}

/* Fields of which all pairs are crossed need no pairs; nor do rows of numbers, few of them zero:
 * products serve them better. */
static bool wants_pairs(const struct wh_auto_scratch *scratch)
{
    const struct wh_auto_row *row = &scratch->row;
    return row->loose > 0 || (row->slots > WH_AUTO_ALL_CROSSED && 2 * row->count < row->slots);
}

static void list_pairs(const struct wh_auto_view *view, struct wh_auto_scratch *scratch)
{
    size_t features = wants_pairs(scratch) ? scratch->row.count : 0, count = 0;
    uint32_t keys[WH_AUTO_PAIRED];
    if (features > WH_AUTO_PAIRED)
        features = WH_AUTO_PAIRED;
    for (size_t i = 0; i < features; i++)
        keys[i] = wh_auto_fields_key(&view->fields, scratch->ids[i]);
    for (size_t i = 0; i < features; i++) {
        for (size_t k = 0; k < i; k++) {
            uint32_t low = keys[i] < keys[k] ? keys[i] : keys[k];
            uint32_t hash = low * UINT32_C(0x9e3779b1) + (keys[i] + keys[k] - low);
            hash *= UINT32_C(0x85ebca6b);
            scratch->pair_cells[count] = FIRST_PAIR + (hash >> 16) % WH_AUTO_PAIR_CELLS;
            scratch->pair_sizes[count++] = (float)(scratch->sizes[i] * scratch->sizes[k]);
        }
    }
    scratch->row.pairs = (struct wh_auto_active){ scratch->pair_cells, count };
    scratch->row.pair_sizes = scratch->pair_sizes;
}

static void make_room(struct wh_auto_scratch *scratch, size_t count)
{
    if (count <= scratch->capacity)
        return;
    scratch->capacity = count < 64 ? 64 : 2 * count;
    scratch->ids = wh_resize(scratch->ids, scratch->capacity, sizeof *scratch->ids);
    scratch->sizes = wh_resize(scratch->sizes, scratch->capacity, sizeof *scratch->sizes);
}

const struct wh_auto_row *wh_auto_view_read(const struct wh_auto_view *view,
                                            struct wh_auto_scratch *scratch,
                                            const struct wh_example *example)
{
    make_room(scratch, example->count);
    scratch->row = (struct wh_auto_row){ .values = scratch->values, .codes = scratch->codes,
                                      .product = scratch->values, .ids = scratch->ids,
                                      .sizes = scratch->sizes };
    clear_slots(view, scratch, example->columns);
    scratch->firm = example->count;
    for (size_t i = 0; i < example->count; i++)
        read_feature(view, scratch, example->ids[i], example->values[i]);
    join_lists(scratch, example->count);
    make_values(view, scratch);
    list_cells(view, scratch);
    list_pairs(view, scratch);
    return &scratch->row;
}

/*
 * Learning
 */

static void renew(struct wh_auto_view *view, unsigned region)
{
    view->versions[region]++;
    view->version++;
}

static void offer_pair(struct wh_auto_view *view, uint32_t left, uint32_t right)
{
    view->pairs++;
    uint64_t place = view->cross_count;
    for (uint32_t i = 0; i < view->cross_count; i++)
        if (view->crosses[i].left == view->crosses[i].right)
            place = i;
    if (place == WH_AUTO_CROSSES)
        place = wh_auto_mix(view->pairs) % view->pairs;
    if (place >= WH_AUTO_CROSSES)
        return;
    if (place == view->cross_count)
        view->cross_count++;
    view->crosses[place] = (struct cross){ left, right };
    renew(view, (unsigned)place);
}

static void sum_versions(struct wh_auto_view *view)
{
    view->version = 0;
    for (unsigned i = 0; i < WH_AUTO_REGIONS; i++)
        view->version += view->versions[i];
}

static void add_slot(struct wh_auto_view *view, uint32_t slot)
{
    for (uint32_t i = 0; i < slot; i++)
        if (in_use(view, i))
            offer_pair(view, i, slot);
    wh_auto_tilings_offer(&view->tilings, slot, view->versions + WH_AUTO_CROSSES);
    sum_versions(view);
}

static void drop_slot(struct wh_auto_view *view, uint32_t slot)
{
    view->slots[slot].dropped = true;
    wh_auto_slot_free(&view->slots[slot]);
    wh_auto_fields_drop(&view->fields, (int)slot);
    for (uint32_t i = 0; i < view->cross_count; i++) {
        struct cross *cross = &view->crosses[i];
        if (cross->left != slot && cross->right != slot)
            continue;
        *cross = (struct cross){ 0, 0 };
        renew(view, i);
    }
    wh_auto_tilings_drop(&view->tilings, slot, view->versions + WH_AUTO_CROSSES);
    sum_versions(view);
}

static void make_features(struct wh_auto_view *view, size_t features)
{
    if (features <= view->features)
        return;
    size_t capacity = features + features / 2 + 64;
    view->sizes_of = wh_resize(view->sizes_of, capacity, sizeof *view->sizes_of);
    view->codes_of = wh_resize(view->codes_of, capacity, sizeof *view->codes_of);
    for (size_t i = view->features; i < capacity; i++) {
        view->sizes_of[i] = 0;
        view->codes_of[i] = 0;
    }
    view->features = capacity;
}

/* 0 to 31 with the five bits in reverse order. */
static unsigned spread(unsigned number)
{
    unsigned code = 0;
    for (unsigned bit = 0; bit < 5; bit++)
        code |= (number >> bit & 1) << (4 - bit);
    return code;
}

/*
 * Strings of a field are numbered as they come, and beyond 32 share codes. The codes are spread, so
 * that what makes codes coarse keeps the first 4, 8 and 16 strings apart.
 */
static void add_feature(struct wh_auto_view *view, uint32_t id)
{
    uint16_t field = wh_auto_fields_of(&view->fields, id);
    if (field != WH_AUTO_NO_FIELD && wh_auto_fields_category(&view->fields, id))
        view->codes_of[id] =
            (uint8_t)(1 + spread(view->fields.fields[field].strings++ % WH_AUTO_BINS));
}

static void know_features(struct wh_auto_view *view, const struct wh_example *example)
{
    make_features(view, example->features);
    size_t before = view->fields.of_count;
    wh_auto_fields_row(&view->fields, example->features);
    for (size_t i = before; i < view->fields.of_count; i++)
        add_feature(view, (uint32_t)i);
}

static void learn_feature(struct wh_auto_view *view, struct wh_auto_scratch *scratch, uint32_t id,
                          double value)
{
    if (fabs(value) > view->sizes_of[id])
        view->sizes_of[id] = fabs(value);
    uint16_t number = wh_auto_fields_of(&view->fields, id);
    if (number == WH_AUTO_NO_FIELD)
        return;
    bool again = !wh_auto_fields_meet(&view->fields, number);
    int added = wh_auto_fields_admit(&view->fields, number);
    if (added >= 0)
        add_slot(view, (uint32_t)added);
    int slot = view->fields.fields[number].slot;
    if (slot < 0)
        return;
    view->slots[slot].present += !again;
    if (again)
        drop_slot(view, (uint32_t)slot);
    else
        scratch->numbers[slot] = view->codes_of[id] > 0 ? (double)NAN : value;
}

/* A row counts for every slot, where it says nothing with what a slot then holds. */
static void learn_slot(struct wh_auto_view *view, uint32_t number, double value, double keep)
{
    struct wh_auto_slot *slot = &view->slots[number];
    slot->rows++;
    if (!isnan(value))
        wh_auto_slot_add(slot, value, keep);
    for (size_t i = 0; i < sizeof reviews / sizeof *reviews; i++)
        if (slot->rows == reviews[i] && slot->present < slot->rows / WH_AUTO_SLOT_RARE)
            drop_slot(view, number);
}

void wh_auto_view_loaded(struct wh_auto_view *view)
{
    if (view->fields.of_count < view->fields.settled)
        wh_auto_fields_settle(&view->fields);
}

void wh_auto_view_learn(struct wh_auto_view *view, struct wh_auto_scratch *scratch,
                        const struct wh_example *example, double keep)
{
    wh_auto_view_loaded(view);
    know_features(view, example);
    clear_slots(view, scratch, example->columns);
    for (uint32_t i = view->fields.slots; i < WH_AUTO_SLOTS; i++)
        scratch->numbers[i] = NAN;
    for (size_t i = 0; i < example->count; i++)
        learn_feature(view, scratch, example->ids[i], example->values[i]);
    for (uint32_t i = 0; i < view->fields.slots; i++)
        if (in_use(view, i))
            learn_slot(view, i, scratch->numbers[i], keep);
}

/*
 * Regions
 */

uint32_t wh_auto_view_version(const struct wh_auto_view *view)
{
    return view->version;
}

const uint32_t *wh_auto_view_versions(const struct wh_auto_view *view)
{
    return view->versions;
}

unsigned wh_auto_view_runs(unsigned region, struct wh_auto_run runs[static WH_AUTO_MOST_RUNS])
{
    if (region >= WH_AUTO_CROSSES) {
        uint32_t tiling = region - WH_AUTO_CROSSES;
        runs[0] = (struct wh_auto_run){ FIRST_TILE + tiling * WH_AUTO_TILE_CELLS,
                                        WH_AUTO_TILE_CELLS };
        return 1;
    }
    for (unsigned i = 0; i < LEVELS; i++) {
        uint32_t cells = levels[i].codes * levels[i].codes;
        runs[i] = (struct wh_auto_run){ levels[i].first_cross + region * cells, cells };
    }
    return LEVELS;
}

/*
 * Saving and loading
 */

json_t *wh_auto_view_save(const struct wh_auto_view *view)
{
    json_t *crosses = json_array(), *versions = json_array();
    for (uint32_t i = 0; i < view->cross_count; i++)
        json_array_append_new(crosses, json_pack("[ii]", (int)view->crosses[i].left,
                                                 (int)view->crosses[i].right));
    for (unsigned i = 0; i < WH_AUTO_REGIONS; i++)
        json_array_append_new(versions, json_integer(view->versions[i]));
    return json_pack("{sosIsososo}", "fields", wh_auto_fields_save(&view->fields),
                     "pairs", (json_int_t)view->pairs, "crosses", crosses,
                     "tilings", wh_auto_tilings_save(&view->tilings), "versions", versions);
}

static bool load_crosses(struct wh_auto_view *view, const json_t *list)
{
    double most = view->fields.slots > 0 ? (double)view->fields.slots - 1 : 0;
    if (!json_is_array(list) || json_array_size(list) > WH_AUTO_CROSSES)
        return false;
    view->cross_count = (uint32_t)json_array_size(list);
    for (uint32_t i = 0; i < view->cross_count; i++) {
        uint64_t left, right;
        if (!wh_auto_count(json_array_get(json_array_get(list, i), 0), most, &left)
            || !wh_auto_count(json_array_get(json_array_get(list, i), 1), most, &right))
            return false;
        view->crosses[i] = (struct cross){ (uint32_t)left, (uint32_t)right };
    }
    return true;
}

static bool load_versions(struct wh_auto_view *view, const json_t *list)
{
    if (json_array_size(list) != WH_AUTO_REGIONS)
        return false;
    for (unsigned i = 0; i < WH_AUTO_REGIONS; i++) {
        uint64_t version;
        if (!wh_auto_count(json_array_get(list, i), 1e6, &version))
            return false;
        view->versions[i] = (uint32_t)version;
    }
    sum_versions(view);
    return true;
}

json_t *wh_auto_view_fields(const struct wh_auto_view *view)
{
    return wh_auto_fields_apart(&view->fields);
}

json_t *wh_auto_view_slot(const struct wh_auto_view *view, uint32_t slot)
{
    return slot < view->fields.slots ? wh_auto_slot_save(&view->slots[slot]) : NULL;
}

bool wh_auto_view_take(struct wh_auto_view *view, const json_t *part)
{
    if (json_is_array(part))
        return wh_auto_fields_load_one(&view->fields, part);
    return view->taken < view->fields.slots
        && wh_auto_slot_load(&view->slots[view->taken++], part);
}

int wh_auto_view_load(struct wh_auto_view *view, const json_t *state, struct wh_error *error)
{
    if (!wh_auto_fields_load(&view->fields, json_object_get(state, "fields"))
        || !wh_auto_count(json_object_get(state, "pairs"), 1e6, &view->pairs)
        || !load_crosses(view, json_object_get(state, "crosses"))
        || !wh_auto_tilings_load(&view->tilings, json_object_get(state, "tilings"),
                                 view->fields.slots)
        || !load_versions(view, json_object_get(state, "versions")))
        return wh_fail(error, WH_REFUSED, "its learner's view is invalid");
    return 0;
}

const char *const wh_auto_view_parameters[WH_AUTO_VIEW_PARAMETERS] = { "size", "code" };

void wh_auto_view_get(const struct wh_auto_view *view, uint32_t id, double *parameters)
{
    parameters[0] = id < view->features ? view->sizes_of[id] : 0;
    parameters[1] = id < view->features ? view->codes_of[id] : 0;
}

bool wh_auto_view_set(struct wh_auto_view *view, uint32_t id, const double *parameters)
{
    double size = parameters[0], code = parameters[1];
    if (!(size >= 0 && size <= WH_LARGEST_VALUE) || !(code >= 0 && code <= WH_AUTO_BINS)
        || code != floor(code))
        return false;
    make_features(view, (size_t)id + 1);
    view->sizes_of[id] = size;
    view->codes_of[id] = (uint8_t)code;
    return true;
}

void wh_auto_view_renumber(struct wh_auto_view *view, const uint32_t *from, uint32_t count)
{
    wh_auto_fields_renumber(&view->fields, from, count);
    for (size_t i = 0; i < view->features; i++) {
        bool kept = i < count && from[i] < view->features;
        view->sizes_of[i] = kept ? view->sizes_of[from[i]] : 0;
        view->codes_of[i] = kept ? view->codes_of[from[i]] : 0;
    }
}
