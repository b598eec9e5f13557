/*
 * What the tests for drift find, and when, in the losses of a learner:
 *
 *   drift rows KIND SEED COUNT [CHANGE AT]   prints rows, CSV with the label y last
 *   drift losses CLASSES                     reads what wh-update -p makes of such rows; prints the
 *                                            losses as doubles: log-loss, or with CLASSES 0 squared
 *   drift alarms TEST FILE...                for each file of losses the rows at which the test
 *                                            (as of wh-update --drift) raises an alarm, from 1;
 *                                            a file is called LEARNER.KIND and so on
 *
 * KIND: balanced (two classes), rare (two classes, a fiftieth of the rows positive), noisy (a
 * number with normal noise), heavy (a number with noise of Student's t of three degrees of freedom,
 * and larger where the number is).
 * All rows of a stream come from one distribution, so that it is as if they had been shuffled, up
 * to the row AT. From there on y depends on the columns as if they had been turned by CHANGE degrees:
 * at once ("60"), evenly over 10,000 rows ("180/10000"), or back and forth every 20,000 rows
 * ("180*20000").
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learn/drift.h"

enum { COLUMNS = 8 };

static const double RADIANS = 3.14159265358979323846 / 180;

/*
 * Rows
 */

/* splitmix64 (Steele, Lea and Flood, OOPSLA 2014); from 0 to 1, neither included. */
static double even(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ((double)((z ^ (z >> 31)) >> 12) + 0.5) / 4503599627370496.0;
}

/* Box and Muller, 1958. */
static double normal(uint64_t *seed)
{
    double distance = sqrt(-2 * log(even(seed)));
    return distance * cos(360 * RADIANS * even(seed));
}

struct change {
    double degrees;
    double over;  /* rows, evenly; 0: at once */
    double every; /* rows, back and forth; 0: once */
    uint64_t at;
};

static double angle_of(const struct change *change, uint64_t row)
{
    if (row < change->at)
        return 0;
    double since = (double)(row - change->at);
    if (change->every > 0)
        return fmod(floor(since / change->every), 2) < 1 ? change->degrees : 0;
    return since < change->over ? change->degrees * since / change->over : change->degrees;
}

static void print_row(const char *kind, uint64_t *seed, double angle)
{
    double x[COLUMNS], y = 0;
    for (int i = 0; i < COLUMNS; i++)
        x[i] = normal(seed);
    /* Pairs of columns are turned; two of them work together. */
    for (int i = 0; i < COLUMNS; i += 2)
        y += (x[i] * cos(angle) - x[i + 1] * sin(angle)) / (1 + i / 2);
    y += 0.7 * x[0] * x[2];
    double noise = normal(seed);
    for (int i = 0; i < COLUMNS; i++)
        printf("%.4f,", x[i]);
    if (strcmp(kind, "balanced") == 0) {
        printf("%d\n", even(seed) < 1 / (1 + exp(-2 * y)));
    } else if (strcmp(kind, "rare") == 0) {
        printf("%d\n", even(seed) < 1 / (1 + exp(6 - 1.5 * y)));
    } else if (strcmp(kind, "noisy") == 0) {
        printf("%.6g\n", 500 + 20 * (y + noise));
    } else {
        double square = 0;
        for (int i = 0; i < 3; i++) {
            double part = normal(seed);
            square += part * part;
        }
        printf("%.6g\n", 500 + 20 * (y + noise / sqrt(square / 3) * (1 + fabs(y) / 2)));
    }
}

static bool parse_change(char *text, const char *at, struct change *change)
{
    char *end;
    change->degrees = strtod(text, &end);
    change->at = strtoull(at, NULL, 10);
    if (*end == '/')
        change->over = strtod(end + 1, &end);
    else if (*end == '*')
        change->every = strtod(end + 1, &end);
    return *end == '\0';
}

static int print_rows(const char *kind, uint64_t seed, uint64_t count, const struct change *change)
{
    seed *= UINT64_C(0x2545f4914f6cdd1d);
    for (int i = 0; i < COLUMNS; i++)
        printf("%c,", 'a' + i);
    puts("y");
    for (uint64_t row = 0; row < count; row++)
        print_row(kind, &seed, RADIANS * angle_of(change, row));
    return ferror(stdout) || fclose(stdout) ? 1 : 0;
}

/*
 * Losses
 */

static double loss_of(bool classes, double label, double score)
{
    static const double LEAST = 1e-22;
    if (!classes)
        return (score - label) * (score - label);
    double probability = label > 0 ? score : 1 - score;
    return -log(probability > LEAST ? probability : LEAST);
}

/* The numbers of a line, of which there may be `most`. */
static int split(const char *line, double *numbers, int most)
{
    int count = 0;
    for (char *end; count < most; line = end + 1) {
        numbers[count++] = strtod(line, &end);
        if (*end != ',')
            break;
    }
    return count;
}

static int print_losses(bool classes)
{
    char line[512];
    double numbers[COLUMNS + 2];
    if (!fgets(line, sizeof line, stdin))
        return 1;
    while (fgets(line, sizeof line, stdin)) {
        if (split(line, numbers, COLUMNS + 2) != COLUMNS + 2)
            return 1;
        double loss = loss_of(classes, numbers[COLUMNS], numbers[COLUMNS + 1]);
        if (fwrite(&loss, sizeof loss, 1, stdout) != 1)
            return 1;
    }
    return ferror(stdin) || fclose(stdout) ? 1 : 0;
}

/*
 * Alarms
 */

/* Losses of classes are watched up to 8, as by model/guard.c. */
static double limit_of(const char *path)
{
    const char *name = strrchr(path, '/');
    const char *kind = strchr(name ? name : path, '.');
    if (!kind)
        return 0;
    return strncmp(kind, ".balanced.", 10) == 0 || strncmp(kind, ".rare.", 6) == 0 ? 8 : 0;
}

static int print_alarms(enum wh_drift_tests tests, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    struct wh_drift drift;
    struct wh_drift_loss loss = { .limit = limit_of(path) };
    wh_drift_init(&drift, tests);
    fputs(path, stdout);
    for (uint64_t row = 1; fread(&loss.loss, sizeof loss.loss, 1, file) == 1; row++)
        /* The first number was predicted of nothing. */
        if ((row > 1 || loss.limit > 0) && wh_drift_add(&drift, &loss))
            printf(" %llu", (unsigned long long)row);
    putchar('\n');
    return fclose(file) || ferror(stdout);
}

static int usage(void)
{
    fputs("usage: drift rows KIND SEED COUNT [CHANGE AT]\n"
          "       drift losses CLASSES\n"
          "       drift alarms TEST FILE...\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct change change = { 0, 0, 0, UINT64_MAX };
    enum wh_drift_tests tests;
    if (argc == 7 && !parse_change(argv[5], argv[6], &change))
        return usage();
    if ((argc == 5 || argc == 7) && strcmp(argv[1], "rows") == 0)
        return print_rows(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10),
                          &change);
    if (argc == 3 && strcmp(argv[1], "losses") == 0)
        return print_losses(atoi(argv[2]) > 0);
    if (argc < 3 || strcmp(argv[1], "alarms") != 0 || !wh_drift_named(argv[2], &tests))
        return usage();
    int failed = 0;
    for (int i = 3; i < argc && !failed; i++)
        failed = print_alarms(tests, argv[i]);
    return failed;
}
