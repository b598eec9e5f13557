/*
 * coin: a linear model learned by betting on coins (Orabona and Tommasi, "Training deep networks
 * without learning rates through coin betting", 2017, COCOB without its sigmoid; as in Vowpal
 * Wabbit's --coin).
 *
 * Each feature is a gambler who stakes a share of his wealth on the sign of the next gradient: the
 * surer the larger, as the gradients before were of one sign. The stake is the weight. There is no
 * learning rate to be tuned: --learning-rate is the wealth to begin with, which hardly matters.
 *
 * Forgotten are gradients and winnings alike, so that stakes sink while nothing new comes.
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "learn/learner.h"
#include "learn/learners.h"
#include "learn/linear.h"

static const double LEAST_SLOPE = 1;      /* the steepest slope is taken to be at least this */
static const double NEARLY_NOTHING = 1e-6; /* what the sum of squares begins with */
static const double LARGEST_WEALTH = 1e150;
static const double LARGEST_SLOPE = 1e60;
/* Smaller values count as 0, so that stakes on them stay finite. */
static const double SMALLEST = 1e-60;

struct gambler {
    double won;      /* sum of the gradients, their signs turned */
    double staked;   /* sum of their sizes */
    double wealth;   /* what the bets have brought */
    double steepest; /* slope seen, 0: none yet */
    double scale;    /* largest absolute value seen */
};

struct coin {
    struct wh_loss loss;
    double rate;
    double clock; /* of the row learned last */
    double rows;    /* sum of weights */
    double squares; /* and of squared values over squared scales */
    struct wh_range range;
    struct wh_table table;
};

static struct coin *coin_of(struct wh_head *head)
{
    return (struct coin *)head;
}

static struct wh_head *coin_new(const struct wh_learner_settings *settings, struct wh_view *view)
{
    (void)view;
    struct coin *coin = wh_alloc(1, sizeof *coin);
    *coin = (struct coin){
        .loss = settings->loss,
        .rate = settings->rate,
        .range.slack = wh_range_slack(settings),
        .table.size = sizeof(struct gambler),
    };
    return (struct wh_head *)coin;
}

static void coin_free(struct wh_head *head)
{
    free(coin_of(head)->table.cells);
    free(head);
}

/* The stake, where sums are `fading` times as large as what they tell. */
static double stake(const struct coin *coin, const struct gambler *gambler, double scale,
                    double fading)
{
    double reach = gambler->steepest * scale;
    if (!(reach > SMALLEST))
        return 0;
    return (coin->rate * fading + gambler->wealth) / fading * gambler->won / reach
         / (reach * fading + gambler->staked);
}

/* How a feature enters a prediction. */
struct entry {
    double weight;
    double square; /* of its value over its scale */
};

static struct entry enter(const struct coin *coin, const struct gambler *gambler, double value,
                          double fading)
{
    double size = fabs(value), scale = size > gambler->scale ? size : gambler->scale;
    double part = scale > 0 ? size / scale : 0;
    return (struct entry){ stake(coin, gambler, scale, fading), part * part };
}

/* What predictions are divided by: the mean square of a row, the row that is predicted among the
 * others with weight 1. */
static double mean_square(const struct coin *coin, double squares, double fading)
{
    return (coin->squares + (squares + NEARLY_NOTHING) * fading) / (coin->rows + fading);
}

/* A feature's; one who has not played yet where the table does not reach. */
static inline const struct gambler *gambler_of(const struct coin *coin, uint32_t id)
{
    static const struct gambler new;
    return id < coin->table.capacity ? (const struct gambler *)coin->table.cells + id : &new;
}

static double coin_predict(const struct wh_head *head, struct wh_scratch *scratch, void *guess,
                           const struct wh_example *example)
{
    (void)scratch;
    (void)guess;
    const struct coin *coin = (const struct coin *)head;
    double fading = wh_fading(coin->clock, example->clock), sum = 0, squares = 0;
    for (size_t i = 0; i < example->count; i++) {
        struct entry entry = enter(coin, gambler_of(coin, example->ids[i]), example->values[i],
                                   fading);
        sum += entry.weight * example->values[i];
        squares += entry.square;
    }
    return wh_range_said(&coin->range, &coin->loss, sum / mean_square(coin, squares, fading));
}

/* Sets the clock, and begins a new era where the last has ended. */
static void wind(struct coin *coin, double clock)
{
    double change = wh_era_change(coin->clock, clock);
    coin->clock = clock;
    if (change == 1)
        return;
    struct gambler *gamblers = coin->table.cells;
    for (size_t i = 0; i < coin->table.capacity; i++) {
        gamblers[i].won *= change;
        gamblers[i].staked *= change;
        gamblers[i].wealth *= change;
    }
    coin->rows *= change;
    coin->squares *= change;
}

/* Pays out the bet, and lets the gambler see the value and the slope. */
static void settle(const struct coin *coin, struct gambler *gambler, double slope, double value,
                   double fading)
{
    double size = fabs(value), steepness = fabs(slope);
    if (size > gambler->scale)
        gambler->scale = size;
    if (steepness > gambler->steepest)
        gambler->steepest = steepness > LEAST_SLOPE ? steepness : LEAST_SLOPE;
    double gradient = slope * value * fading;
    double weight = stake(coin, gambler, gambler->scale, fading);
    if (gambler->steepest * gambler->scale <= SMALLEST)
        return;
    gambler->won -= gradient;
    gambler->staked += fabs(gradient);
    gambler->wealth -= gradient * weight;
    if (gambler->wealth > LARGEST_WEALTH)
        gambler->wealth = LARGEST_WEALTH;
}

static void coin_learn(struct wh_head *head, struct wh_scratch *scratch, void *guess,
                       const struct wh_example *example, const struct wh_outcome *outcome)
{
    (void)scratch;
    (void)guess;
    struct coin *coin = coin_of(head);
    wh_table_reserve(&coin->table, example->features);
    wind(coin, example->clock);
    double fading = wh_fading(coin->clock, example->clock), squares = 0;
    double slope = outcome->weight * outcome->slope;
    if (fabs(slope) > LARGEST_SLOPE)
        slope = copysign(LARGEST_SLOPE, slope);
    struct gambler *gamblers = coin->table.cells;
    wh_range_widen(&coin->range, outcome->target);
    for (size_t i = 0; i < example->count; i++) {
        struct gambler *gambler = &gamblers[example->ids[i]];
        squares += enter(coin, gambler, example->values[i], fading).square;
        settle(coin, gambler, slope, example->values[i], fading);
    }
    coin->squares += outcome->weight * squares * fading;
    coin->rows += outcome->weight * fading;
}

/*
 * Saving and loading
 */

static json_t *coin_save(const struct wh_head *head)
{
    const struct coin *coin = (const struct coin *)head;
    json_t *state = json_pack("{s:f, s:f, s:f}", "clock", coin->clock, "weight", coin->rows,
                              "squares", coin->squares);
    wh_range_save(&coin->range, state);
    return state;
}

static int coin_load(struct wh_head *head, const json_t *state, struct wh_error *error)
{
    struct coin *coin = coin_of(head);
    if (!wh_range_load(&coin->range, state)
        || !wh_state_number(state, "clock", WH_LAST_CLOCK, &coin->clock)
        || !wh_state_number(state, "weight", WH_LARGEST_SUM, &coin->rows)
        || !wh_state_number(state, "squares", WH_LARGEST_SUM, &coin->squares) || coin->rows < 0
        || coin->squares < 0)
        return wh_fail(error, WH_REFUSED, "its learner's state is invalid");
    return 0;
}

static void coin_renumber(struct wh_head *head, const uint32_t *from, uint32_t count)
{
    wh_table_renumber(&coin_of(head)->table, from, count);
}

/* What predictions are divided by, by the rows that there were. */
static double unit_of(const struct coin *coin)
{
    return coin->rows > 0 ? (coin->squares + NEARLY_NOTHING) / coin->rows : 1;
}

/* The weight of a feature as it was when a row was last learned from. */
static double weight_of(const struct coin *coin, const struct gambler *gambler)
{
    return stake(coin, gambler, gambler->scale, wh_fading(coin->clock, coin->clock))
           / unit_of(coin);
}

/* What was staked is added, and the wealth is the mean, each by what was staked. Stakes grow with
 * the product of wealth and gains and fall with the steepest slope, so that of sums and means of
 * these no mean of the stakes comes: the gains are such that the stake is that mean, `wanted`. */
static struct gambler merged(const struct coin *coin, const struct gambler *a,
                             const struct gambler *b, double wanted)
{
    struct gambler gambler = {
        .won = a->won + b->won,
        .staked = a->staked + b->staked,
        .steepest = fmax(a->steepest, b->steepest),
        .scale = fmax(a->scale, b->scale),
    };
    if (!(gambler.staked > 0))
        return gambler;
    gambler.wealth = a->wealth * (a->staked / gambler.staked)
                   + b->wealth * (b->staked / gambler.staked);
    double reach = gambler.steepest * gambler.scale, means = coin->rate + gambler.wealth;
    if (reach > SMALLEST && means > 0)
        gambler.won = fmax(-gambler.staked,
                           fmin(gambler.staked,
                                wanted * reach / means * (reach + gambler.staked)));
    return gambler;
}

static void coin_merge(struct wh_head *head, const struct wh_head *other, const uint32_t *map,
                       uint32_t count, double shift)
{
    struct coin *coin = coin_of(head), before = *coin;
    const struct coin *from = (const struct coin *)other;
    const struct gambler *theirs = from->table.cells;
    coin->rows += from->rows;
    coin->squares += from->squares;
    wh_range_widen(&coin->range, from->range.lowest);
    wh_range_widen(&coin->range, from->range.highest);
    for (uint32_t i = 0; i < count && i < from->table.capacity; i++) {
        wh_table_reserve(&coin->table, (size_t)map[i] + 1);
        struct gambler *mine = (struct gambler *)coin->table.cells + map[i];
        double staked = mine->staked + theirs[i].staked, wanted = 0;
        if (staked > 0)
            wanted = weight_of(&before, mine) * (mine->staked / staked)
                   + (weight_of(from, &theirs[i]) + (i == WH_CONSTANT ? shift : 0))
                         * (theirs[i].staked / staked);
        *mine = merged(coin, mine, &theirs[i], wanted * unit_of(coin));
    }
}

static const char *const parameters[] = { "weight", "won", "staked", "wealth", "steepest",
                                          "scale" };

static void coin_get(const struct wh_head *head, uint32_t id, double *out)
{
    const struct coin *coin = (const struct coin *)head;
    struct gambler gambler = *gambler_of(coin, id);
    out[0] = weight_of(coin, &gambler);
    out[1] = gambler.won;
    out[2] = gambler.staked;
    out[3] = gambler.wealth;
    out[4] = gambler.steepest;
    out[5] = gambler.scale;
}

/* The weight follows from the others. */
static bool coin_set(struct wh_head *head, uint32_t id, const double *in)
{
    struct coin *coin = coin_of(head);
    for (size_t i = 1; i < 5; i++)
        if (!(fabs(in[i]) <= WH_LARGEST_COEFFICIENT))
            return false;
    if (!(in[5] >= 0 && in[5] <= WH_LARGEST_VALUE) || in[2] < fabs(in[1]) * 0.99 || in[4] < 0)
        return false;
    wh_table_reserve(&coin->table, (size_t)id + 1);
    ((struct gambler *)coin->table.cells)[id] =
        (struct gambler){ in[1], in[2], in[3], in[4], in[5] };
    return true;
}

static void coin_contribute(const struct wh_head *head, const struct wh_scratch *scratch,
                            const struct wh_example *example, double *shares)
{
    (void)scratch;
    const struct coin *coin = (const struct coin *)head;
    double fading = wh_fading(coin->clock, example->clock), squares = 0;
    for (size_t i = 0; i < example->count; i++) {
        struct entry entry = enter(coin, gambler_of(coin, example->ids[i]), example->values[i],
                                   fading);
        shares[i] = entry.weight * example->values[i];
        squares += entry.square;
    }
    for (size_t i = 0; i < example->count; i++)
        shares[i] /= mean_square(coin, squares, fading);
}

static double coin_effect(const struct wh_head *head, uint32_t id)
{
    double number[WH_MAX_PARAMETERS];
    coin_get(head, id, number);
    return fabs(number[0]) * number[5];
}

const struct wh_learner_type wh_learner_coin = {
    .name = "coin",
    .help = "linear, bets on coins, without a learning rate",
    .rate = 4,
    .unpenalized = "a stake has no length of step that a penalty could be measured by",
    .head_parameters = { parameters, sizeof parameters / sizeof *parameters },
    .head_new = coin_new,
    .head_free = coin_free,
    .predict = coin_predict,
    .learn = coin_learn,
    .save = coin_save,
    .load = coin_load,
    .get = coin_get,
    .set = coin_set,
    .renumber = coin_renumber,
    .merge = coin_merge,
    .contribute = coin_contribute,
    .effect = coin_effect,
};
