/*
 * Every number that somebody chose in the learner `auto`: what it does, and how it was found.
 *
 *   prototype  chosen with a prototype whose mixture as a whole was measured, against Vowpal Wabbit
 *              and River on public sets (README has some results); this number was not varied alone
 *   derived    follows from another number, or from a format
 *   cost       more would learn no worse: it bounds time or memory
 *   guard      far beyond what learning comes to: it keeps numbers finite, and files out of bounds
 *              are refused
 *   fixed      tables or code count on it (most come from the prototype)
 *   guess      nothing says where it comes from
 *
 * [-.46/+.35] after that is what `make tune` measured: by how many percent the progressive loss
 * changes, in the mean over six sets, where the number is half as large and where it is twice as
 * large (of numbers from .9 to 1, where their distance from 1 is twice and half as large). Below 0
 * the other number would be better for these sets. They are four generated sets of 10,000 rows,
 * web pages by whether they are phishing, and temperatures by the hour; the mean is often the doing
 * of one of them, and rests on too few sets to choose a number by. No figures: it was not varied,
 * or these sets do not reach it.
 *
 * Any change of those that are no guards makes another learner: what models hold is then read as
 * something else than was meant.
 */
#ifndef WH_LEARN_AUTO_CONSTANTS_H
#define WH_LEARN_AUTO_CONSTANTS_H

/* The view: slots, bins, crosses, tilings, pairs (learn/auto/view.h) ------------------------- */

#define WH_AUTO_FIELDS 1024         /* fixed: fields that are known by name */
#define WH_AUTO_SLOTS 128           /* cost: fields with standardised values, bins and tilings */
#define WH_AUTO_FEW_FIELDS 64       /* guess: so many fields get a slot at once */
#define WH_AUTO_FIELD_PROVEN 16     /* guess: rows that a later field must be in to get one */
#define WH_AUTO_FIELD_RARE 8        /* guess: and one in so many of the rows since its first */
#define WH_AUTO_SLOT_RARE 32        /* guess: a slot in fewer than one row of these ... */
#define WH_AUTO_REVIEWS 32, 128, 512, 2048   /* guess: ... is dropped when this many have come */
#define WH_AUTO_BINS 32             /* fixed: codes of a slot's numbers, the finest of bins */
#define WH_AUTO_SAMPLE 1024         /* prototype [-.11/-.11]: numbers that the edges of bins are
                                       taken from */
#define WH_AUTO_REFRESHES 32, 128, 512, 2048 /* prototype [-.28/-.05 +.04/-.11 -.19/-.14
                                                -.18/+.35]: numbers after which edges are taken */
#define WH_AUTO_LARGEST 6.0         /* prototype [-.46/-.01]: standardised values are kept within
                                       +- this */
#define WH_AUTO_LEAST_DEVIATION 1e-13 /* guard: a deviation below, of the mean, is rounding */
#define WH_AUTO_CROSSES 64          /* fixed: pairs of slots whose bins are crossed */
#define WH_AUTO_ALL_CROSSED 11      /* derived: slots of which all pairs are among those */
#define WH_AUTO_PAIRED 23           /* cost: features of a row that are paired, each with each */
#define WH_AUTO_PAIR_CELLS (1 << 16) /* cost: cells that pairs share by hash */
#define WH_AUTO_TILINGS 24          /* prototype [+.61/-.65]: tilings of each width */
#define WH_AUTO_WIDTHS 3            /* fixed: widths, each half of the one before */
#define WH_AUTO_WIDEST 1.5          /* guess [+.36/-.31]: deviations of the widest (the prototype
                                       had 1) */
#define WH_AUTO_TILE_SLOTS 3        /* fixed: the most slots that a tiling looks at */
#define WH_AUTO_TILE_CELLS 1024     /* fixed: cells that a tiling's tiles share by hash */

/* Experts for classes (learn/auto/classes.c) --------------------------------------------------
 * Of each: its rate, and what its sum of squared gradients keeps from row to row. */

#define WH_AUTO_LINEAR_HABIT 0.1F, 1       /* prototype [+.02/-.02 -] */
#define WH_AUTO_FRESH_HABIT 0.5F, 0.95F    /* rate: prototype; keep: guess [-.04/+.06 +.05/-.04] */
#define WH_AUTO_CURVE_HABIT 0.1F, 0.99F    /* rate: prototype; keep: guess [-.02/+.03 +.01/-.01] */
#define WH_AUTO_BINS_HABIT 0.3F, 1         /* prototype [+.05/-.05 -] */
#define WH_AUTO_CROSS4_HABIT 0.3F, 0.99F   /* rate: prototype; keep: guess [-.03/+.07 +.02/-.01] */
#define WH_AUTO_CROSS8_HABIT 0.3F, 1       /* prototype [-.04/+.06 -] */
#define WH_AUTO_CROSS16_HABIT 0.3F, 0.99F  /* rate: prototype; keep: guess [+.11/-.02 +.04/-.03] */
#define WH_AUTO_CROSS32_HABIT 0.3F, 0.99F  /* rate: prototype; keep: guess [+.10/-.05 +.04/-.03] */
#define WH_AUTO_TILES_HABIT 0.2F, 1        /* guess (the prototype had .3) [+.14/+.61 -] */
#define WH_AUTO_AVERAGE_STEPS 0.5F, 0.1F, 0.01F /* prototype [-.05/+.17 -.02/+.02 0/+.01]: of
                                                   *last*, *recent* and *share* */
#define WH_AUTO_AVERAGE_EDGE 0.001F        /* guess: averages are kept so far off 0 and 1 */
#define WH_AUTO_NORMED_RATE 0.5F           /* guess [+.01/-.02]: of *normed*, which is nag's way
                                              of learning */
#define WH_AUTO_PAIRS_RATE 0.5             /* guess [+.01/-.02]: of *pairs*, likewise */
#define WH_AUTO_MOST_COUNT 1e6F            /* guard: counts of *bayes* are halved beyond */

/* Mixers for classes (learn/auto/classes.c, mixer.c) ----------------------------------------- */

#define WH_AUTO_EXPERT_LIMIT 8.0F   /* prototype [-.01/+.02]: log-odds of experts are kept within
                                       +- this */
#define WH_AUTO_MIXER_LIMIT 12.0F   /* prototype [-.04/0]: of the first layer */
#define WH_AUTO_OUTPUT_LIMIT 20.0F  /* guess: of the output */
#define WH_AUTO_CONSTANT_INPUT 0.3F /* guess: an input of the first layer that is always this */
#define WH_AUTO_SPEED_RATES 0.02F, 0.1F, 0.4F /* prototype [0/0 +.03/-.01 +.06/+.02]: of the
                                                 three mixers with one set */
#define WH_AUTO_HISTORY_RATE 0.02F  /* guess: of the mixer by the last three labels */
#define WH_AUTO_FIELD_RATE 0.1F     /* prototype [+.07/+.03]: of those by a field's eighth */
#define WH_AUTO_MIXED_FIELDS 4      /* cost [-.13/+.23]: fields with such a mixer (the prototype
                                       had up to 8) */
#define WH_AUTO_LAST_RATE 0.015F    /* guess [-.02/+.08]: of the last mixer (the prototype had
                                       .05) */
#define WH_AUTO_LAST_RATE_OF_MANY 0.1F /* guess [-.03/+.11]: of the last mixer where there are
                                          many classes */
#define WH_AUTO_MIXER_CALM 1.0F     /* guess [-.06/+.10]: steps are rate g / (this + sqrt(n)) */

/* Experts for numbers (learn/auto/number.c, kalman.c, rls.c) ---------------------------------
 * Targets are in deviations from their mean. */

#define WH_AUTO_LINEAR_SLOTS 24     /* cost: slots that least squares are over */
#define WH_AUTO_CURVED_SLOTS 10     /* cost [-6.42/-.05]: of them those with squares and products */
#define WH_AUTO_FEW_TERMS 32        /* cost: least squares of more learn ... */
#define WH_AUTO_SOME_ROWS 1024.0    /* cost [+.13/-.20]: ... from every second row after these
                                       ... */
#define WH_AUTO_MANY_ROWS 8192.0    /* cost [+.94/-2.11]: ... and every fourth one after these */
#define WH_AUTO_FIT_KEEPS 1, 1, 0.99, 0.9995 /* prototype [- - +2.60/+.61 -4.54/+1.36]: what
                                                *line*, *trend*, *fresh* and *curve* keep; of
                                                *curve* a guess (the prototype had .999) */
#define WH_AUTO_FIT_PRIOR 1.0       /* guess: variance of a weight that no row told of */
#define WH_AUTO_MOST_GROWTH 200.0   /* guess [-.01/-.12]: forgetting may raise it to this many
                                       times that ... */
#define WH_AUTO_GROWTH_LEFT 100.0   /* guess [+.30/-.12]: ... and lowers it to this then */
#define WH_AUTO_CELL_PRIOR 0.5F     /* guess [-.17/-.01]: the same of the cells of the Kalman
                                       filter */
#define WH_AUTO_CELL_LEAST 4096.0F  /* guess [0/+.01]: it never falls below that divided by this */
#define WH_AUTO_QUICK_STEP 0.5      /* prototype [-.08/-.44]: of *quick mean* */
#define WH_AUTO_SLOW_STEP 0.1       /* prototype [-.01/-.21]: of *slow mean* */
#define WH_AUTO_PREDICTION_LIMIT 8.0 /* prototype [+.81/0]: experts are kept within +- this */
#define WH_AUTO_BASE_LIMIT 6.0      /* guess [+.48/0]: what cells learn the rest of, likewise */
#define WH_AUTO_ERROR_LIMIT 16.0    /* derived: twice the experts' limit */
#define WH_AUTO_TARGET_LIMIT 1000.0 /* guess: targets are taken for these beyond */
#define WH_AUTO_LEAST_NOISE 0.01    /* guess [+.05/-.06]: squared error that is usual at the
                                       least */
#define WH_AUTO_SCATTER_LIMIT 3.0   /* guess [+.05/-.20]: how far a row's error is from usual, at
                                       most */
#define WH_AUTO_SCATTER_NOISE 5.0   /* guess [-.12/-.05]: squared error of that, for the Kalman
                                       filter */
#define WH_AUTO_LEAST_SCATTER 0.1   /* guess: error of such rows, in that of all: least ... */
#define WH_AUTO_MOST_SCATTER 10.0   /* guess: ... and most */

/* Mixers for numbers, and what is usual (learn/auto/number.c) -------------------------------- */

#define WH_AUTO_FIT_MIXER_KEEP 0.999 /* guess [-.39/+.43]: forgetting (the prototype had .998) */
#define WH_AUTO_FIT_MIXER_PRIOR 0.1 /* prototype [+.03/-.03]: variance of a weight before the
                                       first row */
#define WH_AUTO_LOSS_MIXER_RATE 2.0 /* prototype [+.05/-.08]: weights fall as exp(- this times
                                       the loss) */
#define WH_AUTO_LOSS_LIMIT 16.0     /* prototype [+.02/0]: a row's loss is at most this */
#define WH_AUTO_LOSSES_KEPT 0.99    /* prototype [+.23/-.31]: what sums of losses keep from row
                                       to row */
#define WH_AUTO_USUAL_ERROR_STEP 0.01  /* guess [+.03/-.38]: of the running mean of absolute
                                          errors */
#define WH_AUTO_USUAL_SQUARE_STEP 0.02 /* guess [-.03/+.01]: of the running mean of squared
                                          errors */
#define WH_AUTO_FAR 12.0            /* guess [-.07/-.06]: targets further off, in usual errors,
                                       are tamed ... */
#define WH_AUTO_FAR_IF_ROBUST 3.0   /* guess: ... the same under a loss that is not the squared */
#define WH_AUTO_FAR_AFTER 4         /* guess [-.03/0]: ... after this many rows */
#define WH_AUTO_FURTHER 4.0         /* guess: each far one lets the next be further ... */
#define WH_AUTO_FURTHEST 1024.0     /* guess: ... and by this factor at most */
#define WH_AUTO_LEAST_ERROR 0.01    /* guess: an error that is usual at the least */
#define WH_AUTO_LEAST_COUNT 0.02    /* guess: the least that Poisson loss predicts, in means */

/* The last stage for losses other than the squared (learn/auto/shift.c) ---------------------- */

#define WH_AUTO_SLOPES_KEPT 0.999   /* guess: what sums of squared slopes keep from row to row */
#define WH_AUTO_SHIFT_LOSSES_KEPT 0.99 /* guess: the same of the guesses' losses */
#define WH_AUTO_SHIFT_FURTHEST 20.0 /* guess: offset and multiple are kept within +- this */
#define WH_AUTO_SHIFT_SHARPNESS 50.0 /* guess: how fast weights fall with the share of loss above */

/* What keeps numbers in bounds --------------------------------------------------------------- */

#define WH_AUTO_MOST_WEIGHT 1e6     /* guard: of a row; it counts as this beyond ... */
#define WH_AUTO_LEAST_WEIGHT 1e-6   /* guard: ... and in classes not at all below this */
#define WH_AUTO_LEAST_KEEP 1e-9     /* guard: what a long pause leaves of the rows before */
#define WH_AUTO_MOST_NOISE 1e9      /* guard: of the Kalman filter, where weights are tiny */
#define WH_AUTO_TINY 1e-9           /* guard: keeps roots and shares off zero */
#define WH_AUTO_LARGEST_KALMAN 1e6F /* guard: a Kalman filter's weights */
#define WH_AUTO_LARGEST_FIT 1e9     /* guard: weights of least squares; beyond they say nothing */

#endif
