#include "learn/drift.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/choice.h"

enum {
    ADWIN_CLOCK = 32,  /* it looks once in so many rows */
    ADWIN_LEAST = 5,   /* values that each part must have */
    ADWIN_GRACE = 10,  /* the window must be longer, to be looked at */
    BLOCK = 8,         /* losses whose mean is taken, for the usual loss */
    SCALE_ROWS = BLOCK * WH_DRIFT_BLOCKS,
};

/* Losses of numbers are cut at so many times the usual one: of normal errors' squares, which vary
 * widely, one in 200 is. */
static const double USUAL_LOSSES = 8;
/* And those that, times the row's weight, are beyond so many such limits are wild: an error of
 * twenty usual ones, or more. */
static const double WILD = 64;
enum {
    PAUSE = 256,       /* rows that a learner may take to recover from one, and for each doubling */
    MOST_PAUSES = 16,
    MOST_WILD = 64,    /* so many are no accident, and end a pause */
    FEW_WILD = 3,      /* after a pause with fewer the next may follow at once */
};

/* The paper's way, to keep each value and to look at each place each time, costs several times as
 * much and finds changes no sooner to speak of. */
static const struct wh_adwin_settings ADWIN = {
    .confidence = 0.002, .grain = ADWIN_CLOCK, .sparing = true,
};

/* Unlike in other programs nothing is forgotten: a sum that fades leaves its lowest value behind,
 * and then any noise crosses the threshold in time. Tolerance and threshold are standard deviations
 * of the values, which count as a tenth of the usual loss at least. */
enum { PAGE_HINKLEY_LEAST = 30 };
static const double TOLERANCE = 0.1, THRESHOLD = 120, LEAST_DEVIATION = 0.01;

/* More than losses, of values up to 1e50, can add up to. */
static const double LARGEST_SUM = 1e130;

/*
 * ADWIN
 */

/* What joining two groups of values adds to their squared distances from the mean. */
static double apart(double rows, double total, double other_rows, double other_total)
{
    double cross = total * other_rows - other_total * rows;
    return cross * cross / (rows * other_rows * (rows + other_rows));
}

/* The same for two of equal size, `half` being half its reciprocal. */
static double halves_apart(double total, double other_total, double half)
{
    double distance = total - other_total;
    return distance * distance * half;
}

/* Two buckets of one size become one of the next as soon as there are too many of them. */
static void compress(struct wh_adwin *adwin, uint32_t grain)
{
    double half = 0.5 / grain;
    for (unsigned i = 0; adwin->level[i].count > WH_ADWIN_BUCKETS; i++, half /= 2) {
        struct wh_adwin_level *level = &adwin->level[i];
        /* Behind the last level there is none, and its oldest are forgotten: after 10^14 rows. */
        if (i + 1 < WH_ADWIN_LEVELS) {
            const struct wh_adwin_bucket *a = &level->buckets[0], *b = &level->buckets[1];
            struct wh_adwin_level *next = &adwin->level[i + 1];
            next->buckets[next->count++] = (struct wh_adwin_bucket){
                a->total + b->total,
                a->spread + b->spread + halves_apart(a->total, b->total, half),
                a->loss + b->loss,
            };
            if (i + 2 > adwin->levels)
                adwin->levels = i + 2;
        }
        level->count = WH_ADWIN_BUCKETS - 1;
        memmove(level->buckets, level->buckets + 2,
                (WH_ADWIN_BUCKETS - 1) * sizeof *level->buckets);
    }
}

/* The next bucket is full. */
static void insert(struct wh_adwin *adwin, uint32_t grain)
{
    struct wh_adwin_level *level = &adwin->level[0];
    struct wh_adwin_bucket *next = &adwin->next;
    next->spread = fmax(adwin->squares - next->total * next->total / grain, 0);
    if (adwin->levels == 0)
        adwin->levels = 1;
    adwin->spread += next->spread;
    if (adwin->width > 0)
        adwin->spread += apart((double)adwin->width, adwin->total, grain, next->total);
    adwin->width += grain;
    adwin->total += next->total;
    level->buckets[level->count++] = *next;
    *next = (struct wh_adwin_bucket){ 0 };
    adwin->squares = 0;
    adwin->grown = 0;
    compress(adwin, grain);
}

static void drop_oldest(struct wh_adwin *adwin, uint32_t grain)
{
    struct wh_adwin_level *level = &adwin->level[adwin->levels - 1];
    struct wh_adwin_bucket oldest = level->buckets[0];
    uint64_t rows = (uint64_t)grain << (adwin->levels - 1);
    adwin->width -= rows;
    adwin->total -= oldest.total;
    adwin->spread -= oldest.spread;
    if (adwin->width > 0)
        adwin->spread -= apart((double)rows, oldest.total, (double)adwin->width, adwin->total);
    if (adwin->spread < 0)
        adwin->spread = 0;
    level->count--;
    memmove(level->buckets, level->buckets + 1, level->count * sizeof *level->buckets);
    while (adwin->levels > 0 && adwin->level[adwin->levels - 1].count == 0)
        adwin->levels--;
}

/* The bound of the paper's section 4, "epsilon cut": the two parts' means may be so far apart. */
static bool differ(const struct wh_adwin *adwin, double rows, double total, double twice_spread,
                   double logarithm)
{
    double width = (double)adwin->width, others = width - rows;
    /* Most cuts are far from it, which is seen without a division: the bound is more than the
     * square root below, with the true counts. */
    double cross = total * width - adwin->total * rows;
    if (cross * cross <= twice_spread * logarithm * rows * others)
        return false;
    double reciprocal = 1 / (rows - ADWIN_LEAST + 1) + 1 / (others - ADWIN_LEAST + 1);
    double distance = fabs(total / rows - (adwin->total - total) / others);
    return distance > sqrt(twice_spread / width * reciprocal * logarithm)
                          + 2.0 / 3 * logarithm * reciprocal;
}

/* Whether there is a place, at the `levels` smallest sizes of buckets, at which the window falls
 * into two that differ. */
static bool should_cut(const struct wh_adwin *adwin, const struct wh_adwin_settings *settings,
                       unsigned levels)
{
    double rows = 0, total = 0, width = (double)adwin->width;
    double logarithm = log(2 * log(width) / settings->confidence);
    double twice_spread = 2 * adwin->spread;
    if (levels > adwin->levels)
        levels = adwin->levels;
    for (unsigned i = 0; i < levels; i++) {
        const struct wh_adwin_level *level = &adwin->level[i];
        double size = (double)((uint64_t)settings->grain << i);
        for (unsigned k = level->count; k-- > 0;) {
            rows += size;
            total += level->buckets[k].total;
            if (width - rows < ADWIN_LEAST)
                return false;
            if (rows >= ADWIN_LEAST && differ(adwin, rows, total, twice_spread, logarithm))
                return true;
        }
    }
    return false;
}

/*
 * How many sizes of buckets are worth a look the `turn`th time: two, three every other time, four
 * every fourth ... What lies in buckets of 2^i is cut from behind by parts of 2^i and more, which
 * have to grow by some share for the test to come out another way.
 */
static unsigned worth_a_look(uint32_t turn)
{
    unsigned levels = 2;
    for (; turn && turn % 2 == 0; turn /= 2)
        levels++;
    return levels;
}

/* What the window was on either side of the place that parts it best: where the squared distance of
 * the means, by the parts' sizes, is largest. */
static struct wh_change part(const struct wh_adwin *adwin, uint32_t grain)
{
    struct wh_adwin_bucket all = { 0 }, best = { 0 }, before = { 0 };
    double rows = 0, best_rows = 1, most = -1, width = (double)adwin->width;
    for (unsigned i = adwin->levels; i-- > 0;) {
        for (unsigned k = 0; k < adwin->level[i].count; k++) {
            const struct wh_adwin_bucket *bucket = &adwin->level[i].buckets[k];
            all.total += bucket->total;
            all.loss += bucket->loss;
        }
    }
    for (unsigned i = adwin->levels; i-- > 0;) {
        for (unsigned k = 0; k < adwin->level[i].count; k++) {
            rows += (double)((uint64_t)grain << i);
            if (rows >= width)
                break;
            before.total += adwin->level[i].buckets[k].total;
            before.loss += adwin->level[i].buckets[k].loss;
            double distance = apart(rows, before.total, width - rows, all.total - before.total);
            if (distance > most) {
                most = distance;
                best = before;
                best_rows = rows;
            }
        }
    }
    double others = width - best_rows;
    return (struct wh_change){
        best.total / best_rows, fmax(all.total - best.total, 0) / others,
        best.loss / best_rows, fmax(all.loss - best.loss, 0) / others,
    };
}

bool wh_adwin_add(struct wh_adwin *adwin, const struct wh_adwin_settings *settings, double value,
                  double loss, struct wh_change *change)
{
    uint32_t grain = settings->grain;
    adwin->next.total += value;
    adwin->next.loss += loss;
    adwin->squares += value * value;
    if (++adwin->grown == grain)
        insert(adwin, grain);
    if (++adwin->since < ADWIN_CLOCK)
        return false;
    adwin->since = 0;
    adwin->turn++;
    unsigned levels = settings->sparing ? worth_a_look(adwin->turn) : WH_ADWIN_LEVELS;
    if (adwin->width <= ADWIN_GRACE || !should_cut(adwin, settings, levels))
        return false;
    *change = part(adwin, grain);
    do
        drop_oldest(adwin, grain);
    while (adwin->width > ADWIN_GRACE && should_cut(adwin, settings, WH_ADWIN_LEVELS));
    return true;
}

/*
 * Page-Hinkley
 */

bool wh_page_hinkley_add(struct wh_page_hinkley *self,
                         const struct wh_page_hinkley_settings *settings, double value, double loss,
                         struct wh_change *change)
{
    self->rows++;
    self->mean += (value - self->mean) / (double)self->rows;
    self->sum = settings->forgetting * self->sum + (value - self->mean) - settings->tolerance;
    self->total += value;
    self->loss += loss;
    if (self->rows == 1 || self->sum < self->lowest) {
        self->lowest = self->sum;
        self->rows_lowest = self->rows;
        self->total_lowest = self->total;
        self->loss_lowest = self->loss;
    }
    if (self->rows < settings->least || !(self->sum - self->lowest > settings->threshold))
        return false;
    double before = (double)self->rows_lowest, after = (double)(self->rows - self->rows_lowest);
    change->before = self->total_lowest / before;
    change->loss_before = self->loss_lowest / before;
    change->after = (self->total - self->total_lowest) / after;
    change->loss_after = (self->loss - self->loss_lowest) / after;
    return true;
}

/*
 * Both
 */

const char *const wh_drift_names[] = { "adwin", "page-hinkley", "both", "none", NULL };
static const enum wh_drift_tests named_tests[] = {
    WH_DRIFT_ADWIN, WH_DRIFT_PAGE_HINKLEY, WH_DRIFT_BOTH, WH_DRIFT_NONE,
};

bool wh_drift_named(const char *name, enum wh_drift_tests *tests)
{
    int index = wh_choice_find(wh_drift_names, name);
    if (index >= 0)
        *tests = named_tests[index];
    return index >= 0;
}

const char *wh_drift_name(enum wh_drift_tests tests)
{
    size_t i = 0;
    while (named_tests[i] != tests)
        i++;
    return wh_drift_names[i];
}

void wh_drift_init(struct wh_drift *drift, enum wh_drift_tests tests)
{
    *drift = (struct wh_drift){ .tests = tests };
}

void wh_drift_restart(struct wh_drift *drift)
{
    memset(drift->blocks, 0, sizeof drift->blocks);
    drift->scaled = 0;
    drift->limit = 0;
    drift->pause = drift->wild = 0;
    drift->squares = 0;
    drift->adwin = (struct wh_adwin){ 0 };
    drift->page_hinkley = (struct wh_page_hinkley){ 0 };
}

static struct wh_drift_event *add_event(struct wh_drift *drift, enum wh_drift_tests test,
                                        const struct wh_change *change)
{
    if (drift->count >= WH_DRIFT_KEPT)
        memmove(drift->events, drift->events + 1, (WH_DRIFT_KEPT - 1) * sizeof *drift->events);
    size_t at = drift->count < WH_DRIFT_KEPT ? (size_t)drift->count : WH_DRIFT_KEPT - 1;
    drift->count++;
    drift->events[at] = (struct wh_drift_event){
        .test = test, .before = change->loss_before, .after = change->loss_after,
    };
    return &drift->events[at];
}

static int compare_sums(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* What numbers' losses are cut at, by the first of them. */
static double limit_of(const struct wh_drift *drift, double least)
{
    double sums[WH_DRIFT_BLOCKS];
    memcpy(sums, drift->blocks, sizeof sums);
    qsort(sums, WH_DRIFT_BLOCKS, sizeof *sums, compare_sums);
    double usual = (sums[WH_DRIFT_BLOCKS / 2 - 1] + sums[WH_DRIFT_BLOCKS / 2]) / 2 / BLOCK;
    return USUAL_LOSSES * fmax(usual, least);
}

/* Whether this row is not to be looked at for a wild loss, its own or one shortly before. `excess`
 * is above 1 where it is wild. */
static bool is_paused(struct wh_drift *drift, double excess)
{
    if (drift->pause > 0)
        drift->pause--;
    else if (excess > 1) {
        drift->pause = PAUSE + (uint32_t)(PAUSE * fmin(1 + log2(excess), MOST_PAUSES));
        drift->wild = 0;
    }
    drift->wild += excess > 1;
    if (drift->wild == MOST_WILD && drift->pause > PAUSE)
        drift->pause = PAUSE;
    if (drift->pause > PAUSE)
        return true;
    if (drift->pause == PAUSE && drift->wild < FEW_WILD)
        drift->pause = 0;
    drift->wild = 0;
    return false;
}

/* The loss as a value from 0 to 1, once the limit is known and where it is to be looked at. */
static bool find_value(struct wh_drift *drift, const struct wh_drift_loss *loss, double *value)
{
    double limit = loss->limit > 0 ? loss->limit : drift->limit;
    if (!(loss->limit > 0) && drift->scaled < SCALE_ROWS) {
        drift->blocks[drift->scaled++ / BLOCK] += loss->loss;
        if (drift->scaled == SCALE_ROWS)
            drift->limit = limit_of(drift, loss->least);
        return false;
    }
    *value = loss->loss < limit ? loss->loss / limit : loss->loss > 0;
    double force = loss->weight > 0 ? loss->loss * loss->weight : loss->loss;
    return !is_paused(drift, limit > 0 ? force / (WILD * limit) : 0);
}

static bool add_page_hinkley(struct wh_drift *drift, double value, double loss,
                             struct wh_change *change)
{
    const struct wh_page_hinkley *test = &drift->page_hinkley;
    drift->squares += value * value;
    double rows = (double)test->rows + 1, mean = (test->total + value) / rows;
    double variance = fmax(drift->squares / rows - mean * mean, 0);
    double deviation = fmax(sqrt(variance), LEAST_DEVIATION);
    const struct wh_page_hinkley_settings settings = {
        .least = PAGE_HINKLEY_LEAST,
        .tolerance = TOLERANCE * deviation,
        .threshold = THRESHOLD * deviation,
        .forgetting = 1,
    };
    return wh_page_hinkley_add(&drift->page_hinkley, &settings, value, loss, change);
}

struct wh_drift_event *wh_drift_add(struct wh_drift *drift, const struct wh_drift_loss *loss)
{
    double value;
    struct wh_change change;
    enum wh_drift_tests rise = WH_DRIFT_NONE;
    bool fall = false;
    if (!drift->tests || !find_value(drift, loss, &value))
        return NULL;
    if (drift->tests & WH_DRIFT_PAGE_HINKLEY && add_page_hinkley(drift, value, loss->loss, &change))
        rise = WH_DRIFT_PAGE_HINKLEY;
    if (!rise && drift->tests & WH_DRIFT_ADWIN
        && wh_adwin_add(&drift->adwin, &ADWIN, value, loss->loss, &change)) {
        fall = change.after <= change.before;
        if (!fall)
            rise = WH_DRIFT_ADWIN;
    }
    if (!rise && !fall)
        return NULL;
    wh_drift_restart(drift);
    return rise ? add_event(drift, rise, &change) : NULL;
}

/*
 * Saving and loading
 */

/* Levels from the smallest buckets up, each the oldest bucket first. */
static json_t *save_levels(const struct wh_adwin *adwin)
{
    json_t *levels = json_array();
    for (unsigned i = 0; i < adwin->levels; i++) {
        json_t *buckets = json_array();
        for (unsigned k = 0; k < adwin->level[i].count; k++) {
            const struct wh_adwin_bucket *bucket = &adwin->level[i].buckets[k];
            json_array_append_new(buckets, json_pack("[f,f,f]", bucket->total, bucket->spread,
                                                     bucket->loss));
        }
        json_array_append_new(levels, buckets);
    }
    return levels;
}

static json_t *save_adwin(const struct wh_adwin *adwin)
{
    return json_pack("{s:I, s:I, s:f, s:f, s:[f,f,f], s:o}", "since", (json_int_t)adwin->since,
                     "turn", (json_int_t)adwin->turn, "total", adwin->total, "spread",
                     adwin->spread, "next", adwin->next.total, adwin->squares, adwin->next.loss,
                     "levels", save_levels(adwin));
}

static json_t *save_page_hinkley(const struct wh_page_hinkley *self)
{
    return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:I, s:f, s:f}", "rows",
                     (json_int_t)self->rows, "mean", self->mean, "sum", self->sum, "lowest",
                     self->lowest, "total", self->total, "loss", self->loss, "rows_lowest",
                     (json_int_t)self->rows_lowest, "total_lowest", self->total_lowest,
                     "loss_lowest", self->loss_lowest);
}

json_t *wh_drift_event_json(const struct wh_drift_event *event)
{
    return json_pack("{s:I, s:s*, s:s, s:f, s:f}", "row", (json_int_t)event->row, "time",
                     *event->time ? event->time : NULL, "test", wh_drift_name(event->test),
                     "loss_before", event->before, "loss_after", event->after);
}

static size_t kept(const struct wh_drift *drift)
{
    return drift->count < WH_DRIFT_KEPT ? (size_t)drift->count : WH_DRIFT_KEPT;
}

json_t *wh_drift_save(const struct wh_drift *drift)
{
    json_t *state = json_pack("{s:s, s:I}", "test", wh_drift_name(drift->tests), "count",
                              (json_int_t)drift->count);
    json_t *events = json_array();
    for (size_t i = 0; i < kept(drift); i++)
        json_array_append_new(events, wh_drift_event_json(&drift->events[i]));
    json_object_set_new(state, "last", events);
    if (!drift->tests)
        return state;
    json_object_set_new(state, "scaled", json_integer((json_int_t)drift->scaled));
    json_t *blocks = json_array();
    for (size_t i = 0; i < WH_DRIFT_BLOCKS; i++)
        json_array_append_new(blocks, json_real(drift->blocks[i]));
    json_object_set_new(state, "blocks", blocks);
    json_object_set_new(state, "limit", json_real(drift->limit));
    json_object_set_new(state, "pause", json_integer((json_int_t)drift->pause));
    json_object_set_new(state, "wild", json_integer((json_int_t)drift->wild));
    json_object_set_new(state, "squares", json_real(drift->squares));
    if (drift->tests & WH_DRIFT_ADWIN)
        json_object_set_new(state, "adwin", save_adwin(&drift->adwin));
    if (drift->tests & WH_DRIFT_PAGE_HINKLEY)
        json_object_set_new(state, "page_hinkley", save_page_hinkley(&drift->page_hinkley));
    return state;
}

static bool load_number(const json_t *state, const char *name, double least, double most,
                        double *number)
{
    const json_t *value = json_object_get(state, name);
    *number = json_number_value(value);
    return json_is_number(value) && *number >= least && *number <= most;
}

static bool load_count(const json_t *state, const char *name, uint64_t *count)
{
    static const double MOST = 9007199254740992; /* 2^53 */
    double number;
    if (!load_number(state, name, 0, MOST, &number) || floor(number) != number)
        return false;
    *count = (uint64_t)number;
    return true;
}

static bool load_bucket(const json_t *numbers, double size, struct wh_adwin_bucket *bucket)
{
    if (json_array_size(numbers) != 3)
        return false;
    const json_t *total = json_array_get(numbers, 0), *spread = json_array_get(numbers, 1);
    const json_t *loss = json_array_get(numbers, 2);
    if (!json_is_number(total) || !json_is_number(spread) || !json_is_number(loss))
        return false;
    *bucket = (struct wh_adwin_bucket){ json_number_value(total), json_number_value(spread),
                                        json_number_value(loss) };
    return bucket->total >= 0 && bucket->total <= size && bucket->spread >= 0
        && bucket->spread <= size && bucket->loss >= 0 && bucket->loss <= LARGEST_SUM;
}

static bool load_levels(const json_t *levels, struct wh_adwin *adwin)
{
    size_t count = json_array_size(levels);
    if (!json_is_array(levels) || count > WH_ADWIN_LEVELS)
        return false;
    adwin->levels = (unsigned)count;
    for (unsigned i = 0; i < count; i++) {
        const json_t *buckets = json_array_get(levels, i);
        size_t size = json_array_size(buckets);
        /* Only the level of the oldest may run empty, and is then none any more. */
        if (size < 1 || size > WH_ADWIN_BUCKETS)
            return false;
        adwin->level[i].count = (unsigned)size;
        adwin->width += (uint64_t)ADWIN.grain * size << i;
        for (size_t k = 0; k < size; k++)
            if (!load_bucket(json_array_get(buckets, k), (double)((uint64_t)ADWIN.grain << i),
                             &adwin->level[i].buckets[k]))
                return false;
    }
    return true;
}

/* Sums are carried on by adding and taking away: they may be off by roundings. */
static bool load_adwin(const json_t *state, struct wh_adwin *adwin)
{
    static const double ROUNDING = 1e-3;
    uint64_t since, turn;
    struct wh_adwin_bucket next;
    if (!load_levels(json_object_get(state, "levels"), adwin)
        || !load_count(state, "since", &since) || since >= ADWIN_CLOCK
        || !load_count(state, "turn", &turn) || turn > UINT32_MAX
        || !load_bucket(json_object_get(state, "next"), (double)since, &next))
        return false;
    adwin->since = adwin->grown = (uint32_t)since;
    adwin->turn = (uint32_t)turn;
    adwin->squares = next.spread;
    adwin->next = (struct wh_adwin_bucket){ .total = next.total, .loss = next.loss };
    double most = (double)adwin->width + ROUNDING;
    return load_number(state, "total", -ROUNDING, most, &adwin->total)
        && load_number(state, "spread", 0, most, &adwin->spread);
}

static bool load_page_hinkley(const json_t *state, struct wh_page_hinkley *self)
{
    if (!load_count(state, "rows", &self->rows)
        || !load_count(state, "rows_lowest", &self->rows_lowest)
        || self->rows_lowest > self->rows || (self->rows > 0 && self->rows_lowest == 0))
        return false;
    double most = (double)self->rows, lowest = (double)self->rows_lowest;
    return load_number(state, "mean", 0, 1, &self->mean)
        && load_number(state, "sum", -2 * most, most, &self->sum)
        && load_number(state, "lowest", -2 * most, self->sum, &self->lowest)
        && load_number(state, "total", 0, most, &self->total)
        && load_number(state, "total_lowest", 0, fmin(lowest, self->total), &self->total_lowest)
        && load_number(state, "loss", 0, LARGEST_SUM, &self->loss)
        && load_number(state, "loss_lowest", 0, self->loss, &self->loss_lowest);
}

static bool load_event(const json_t *state, struct wh_drift_event *event)
{
    const char *test = json_string_value(json_object_get(state, "test"));
    const json_t *time = json_object_get(state, "time");
    if (!test || !wh_drift_named(test, &event->test) || (time && !json_is_string(time))
        || json_string_length(time) >= WH_DRIFT_TIME_SIZE)
        return false;
    strcpy(event->time, time ? json_string_value(time) : "");
    return load_count(state, "row", &event->row)
        && load_number(state, "loss_before", 0, LARGEST_SUM, &event->before)
        && load_number(state, "loss_after", 0, LARGEST_SUM, &event->after);
}

static bool load_events(const json_t *state, struct wh_drift *drift)
{
    const json_t *events = json_object_get(state, "last");
    if (!load_count(state, "count", &drift->count) || json_array_size(events) != kept(drift))
        return false;
    for (size_t i = 0; i < kept(drift); i++)
        if (!load_event(json_array_get(events, i), &drift->events[i]))
            return false;
    return true;
}

static bool load_scale(const json_t *state, struct wh_drift *drift)
{
    const json_t *blocks = json_object_get(state, "blocks");
    uint64_t pause, wild;
    bool good = json_array_size(blocks) == WH_DRIFT_BLOCKS
             && load_count(state, "pause", &pause)
             && pause <= (MOST_PAUSES + 1) * PAUSE
             && load_count(state, "wild", &wild) && wild < MOST_WILD
             && load_count(state, "scaled", &drift->scaled) && drift->scaled <= SCALE_ROWS
             && load_number(state, "limit", 0, LARGEST_SUM, &drift->limit)
             && load_number(state, "squares", 0, LARGEST_SUM, &drift->squares);
    drift->pause = good ? (uint32_t)pause : 0;
    drift->wild = good ? (uint32_t)wild : 0;
    for (size_t i = 0; good && i < WH_DRIFT_BLOCKS; i++) {
        const json_t *sum = json_array_get(blocks, i);
        drift->blocks[i] = json_number_value(sum);
        good = json_is_number(sum) && drift->blocks[i] >= 0 && drift->blocks[i] <= LARGEST_SUM;
    }
    return good;
}

bool wh_drift_load(struct wh_drift *drift, const json_t *state)
{
    const char *test = json_string_value(json_object_get(state, "test"));
    *drift = (struct wh_drift){ 0 };
    if (!test || !wh_drift_named(test, &drift->tests) || !load_events(state, drift))
        return false;
    /* "scale" is of losses that were bent, which is said of no other states. */
    if (!drift->tests || json_object_get(state, "scale"))
        return true;
    return load_scale(state, drift)
        && (!(drift->tests & WH_DRIFT_ADWIN)
            || load_adwin(json_object_get(state, "adwin"), &drift->adwin))
        && (!(drift->tests & WH_DRIFT_PAGE_HINKLEY)
            || load_page_hinkley(json_object_get(state, "page_hinkley"), &drift->page_hinkley));
}
