/*
 * Mixers: logistic regression over what experts say, in log-odds, with adaptive steps (Mattern,
 * "Mixing strategies in data compression", 2012; the weights start equal, and a mixer may have
 * several sets of them, of which the row chooses one).
 */
#ifndef WH_LEARN_AUTO_MIXER_H
#define WH_LEARN_AUTO_MIXER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { WH_AUTO_INPUTS = 20 }; /* of a mixer; what is not used is 0 */

struct wh_auto_weights {
    float weights[WH_AUTO_INPUTS];
    float squares[WH_AUTO_INPUTS]; /* of gradients */
};

/* `used` inputs get an equal share. */
void wh_auto_weights_init(struct wh_auto_weights *set, unsigned used);

/* The mixture of inputs, within +-limit. */
float wh_auto_weights_mix(const struct wh_auto_weights *set, const float *inputs, float limit);
/* A step against `gradient`, that of the loss by the mixture. */
void wh_auto_weights_learn(struct wh_auto_weights *set, const float *inputs, float gradient,
                           float rate);

/* Log-odds to probability. */
float wh_auto_probability(float log_odds);

/* `count` sets as a text; and back: false for a text that is none. */
json_t *wh_auto_weights_save(const struct wh_auto_weights *sets, size_t count);
bool wh_auto_weights_load(struct wh_auto_weights *sets, size_t count, const json_t *text);

#endif
