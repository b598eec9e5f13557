#include "model/findings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/model.h"

enum {
    FEW_ROWS = 10,       /* that should have had a column */
    FEW_DIFFERENT = 50,
    FEW_UNKNOWN = 5,     /* texts */
    FEW_LOOKED = 3,
    MOST_LISTED = 1000,  /* columns in --stats */
    MOST_DESCRIBED = 50,
    MOST_NAMED = 8,      /* in a line that names several */
    SHOWN = 160,
};

/* In the order in which they are told. */
enum what {
    NEVER_CAME,
    UNKNOWN,
    CHANGED,
    UNKNOWN_VALUES,
    MIXES,
    SEPARATED,
    DATES,
    OTHER_DATES,
    DIFFERENT,
    RARE, /* unknown, and in fewer than one row in ten: told of together */
    NOTHING,
};

static const char *const members[] = {
    [NEVER_CAME] = "never came",       [UNKNOWN] = "unknown",
    [CHANGED] = "changed type",        [UNKNOWN_VALUES] = "unknown values",
    [MIXES] = "mixes numbers and texts", [SEPARATED] = "decimal commas",
    [DATES] = "dates",                 [OTHER_DATES] = "dates",
    [DIFFERENT] = "all different",     [RARE] = "unknown",
};

struct finding {
    const struct wh_census_column *column;
    enum what what;
};

/* The run as it is told of. */
struct run {
    const struct wh_model *model;
    const struct wh_census *census;
    bool learned;
    uint64_t rows;
    struct finding *findings;
    size_t count;
    const char **lost; /* names of columns that never came, to be freed */
    size_t lost_count;
};

/*
 * Counts
 */

static uint64_t values_of(const struct wh_census_counts *counts)
{
    return counts->met[WH_FALSE] + counts->met[WH_TRUE] + counts->met[WH_NUMBER]
         + counts->met[WH_STRING];
}

static struct wh_census_counts less(const struct wh_census_counts *counts,
                                    const struct wh_census_counts *before)
{
    struct wh_census_counts rest = *counts;
    for (size_t i = 0; i < WH_CENSUS_TYPES; i++)
        rest.met[i] -= before->met[i];
    rest.numeric -= before->numeric;
    rest.truths -= before->truths;
    return rest;
}

/* What came in this run. */
static struct wh_census_counts came(const struct run *run, const struct wh_census_column *column)
{
    return run->learned ? less(&column->taught, &column->before) : column->seen;
}

/*
 * Finding
 */

/* Whether this run should have brought values, going by what the model learned from before. */
static bool is_missed(const struct run *run, const struct wh_census_column *column)
{
    uint64_t rows = run->learned ? run->census->rows_before : run->census->rows;
    uint64_t had = values_of(run->learned ? &column->before : &column->taught);
    if (had == 0 || rows <= column->first)
        return false;
    double share = (double)had / (double)(rows - column->first);
    return share == 1 || share * (double)run->rows >= FEW_ROWS;
}

static bool is_new(const struct run *run, const struct wh_census_column *column)
{
    uint64_t before = run->census->rows_before;
    return column->stranger || (run->learned && before > 0 && column->first >= before);
}

static bool is_name(struct wh_slice name, const char *other)
{
    return other && strlen(other) == name.length && memcmp(other, name.text, name.length) == 0;
}

/* Whether there are features of the column, in a model that has not counted all its rows. */
static bool has_features(const struct wh_model *model, struct wh_slice column)
{
    const struct wh_names *names = &model->names;
    for (uint32_t id = 1; id < names->count; id++) {
        const char *name = wh_names_text(names, id);
        size_t length = names->names[id].length;
        if (length >= column.length && memcmp(name, column.text, column.length) == 0
            && (length == column.length || name[column.length] == '='))
            return true;
    }
    return false;
}

static bool is_unknown(const struct run *run, const struct wh_census_column *column)
{
    const struct wh_roles *roles = &run->model->settings.roles;
    struct wh_slice name = wh_census_name(run->census, column);
    if (!is_new(run, column) || is_name(name, roles->label) || is_name(name, roles->weight))
        return false;
    return run->census->earlier == 0 || !has_features(run->model, name);
}

/* Codes may be digits only by chance: a few numbers more are no change to texts that the model met
 * along with numbers or booleans. */
static bool has_changed(const struct run *run, const struct wh_census_column *column)
{
    const struct wh_census_counts *before = run->learned ? &column->before : &column->taught;
    struct wh_census_counts now = came(run, column);
    if (column->changed == 0 || values_of(before) == 0)
        return false;
    return column->kind != WH_CENSUS_TEXTS || before->met[WH_STRING] == values_of(before)
        || 10 * column->changed >= values_of(&now);
}

/* Numbers, and texts that are none, each a tenth of the values; or one among many of the other,
 * where numbers are the rule. */
static bool mixes(const struct wh_census_column *column, const struct wh_census_counts *run)
{
    uint64_t words = run->met[WH_STRING] - run->numeric - run->truths;
    uint64_t numbers = run->met[WH_NUMBER], all = values_of(run);
    if (words == 0 || numbers == 0)
        return false;
    return column->kind == WH_CENSUS_NUMBERS || (10 * words >= all && 10 * numbers >= all);
}

static enum what find_looks(const struct wh_census_column *column,
                            const struct wh_census_counts *run)
{
    if (run->met[WH_STRING] >= FEW_LOOKED) {
        if (10 * column->separated >= 8 * column->looked)
            return SEPARATED;
        if (10 * column->dates >= 8 * column->looked)
            return DATES;
        if (10 * (column->dates + column->others) >= 8 * column->looked)
            return OTHER_DATES;
    }
    return column->different >= FEW_DIFFERENT && column->ordered ? DIFFERENT : NOTHING;
}

static enum what find(const struct run *run, const struct wh_census_column *column)
{
    struct wh_census_counts counts = came(run, column);
    uint64_t values = values_of(&counts);
    if (values == 0)
        return is_missed(run, column) ? NEVER_CAME : NOTHING;
    if (is_unknown(run, column))
        return 10 * values >= run->rows ? UNKNOWN : RARE;
    if (column->stranger)
        return NOTHING;
    if (has_changed(run, column))
        return CHANGED;
    if (!run->learned && column->fresh >= FEW_UNKNOWN && column->fresh == values)
        return UNKNOWN_VALUES;
    return mixes(column, &counts) ? MIXES : find_looks(column, &counts);
}

static char *copy_name(struct wh_slice name)
{
    return wh_copy(name.text, name.length);
}

static int by_weight(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    if (a->what != b->what)
        return a->what < b->what ? -1 : 1;
    return a->column->id < b->column->id ? -1 : a->column->id > b->column->id;
}

static void look(struct run *run, const struct wh_census_column *column)
{
    enum what what = find(run, column);
    if (what == NOTHING)
        return;
    run->findings[run->count++] = (struct finding){ column, what };
    if (what == NEVER_CAME)
        run->lost[run->lost_count++] = copy_name(wh_census_name(run->census, column));
}

static struct run look_all(struct wh_model *model, bool learned)
{
    wh_census_settle(&model->census);
    const struct wh_census *census = &model->census;
    uint32_t known = wh_census_count(census), strangers = census->stranger_names.count - 1;
    struct run run = { .model = model, .census = census, .learned = learned,
                       .rows = learned ? census->rows - census->rows_before : census->seen };
    run.findings = wh_alloc((size_t)known + strangers + 1, sizeof *run.findings);
    run.lost = wh_alloc((size_t)known + 1, sizeof *run.lost);
    if (run.rows == 0)
        return run;
    for (uint32_t i = 0; i < known; i++)
        look(&run, census->columns[i]);
    for (uint32_t i = 0; i < strangers; i++)
        look(&run, census->strangers[i]);
    qsort(run.findings, run.count, sizeof *run.findings, by_weight);
    return run;
}

static void free_run(struct run *run)
{
    for (size_t i = 0; i < run->lost_count; i++)
        free((char *)run->lost[i]);
    free(run->lost);
    free(run->findings);
}

/*
 * Names
 */

/* A name as it is, where it can be given on a command line like that; else quoted. */
static const char *show(char out[static 96], struct wh_slice name)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
    size_t length = 0;
    while (length < name.length && name.text[length] && strchr(plain, name.text[length]))
        length++;
    if (length == 0 || length < name.length || length >= 96)
        return wh_quote(out, name.text, name.length);
    memcpy(out, name.text, length);
    out[length] = '\0';
    return out;
}

static char letter(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (char)(byte - 'A' + 'a');
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte & 0x80 ? byte : 0;
}

/* Whether names are the same but for case, blanks, dashes and the like. */
static bool sounds_like(const char *left, const char *right)
{
    for (;;) {
        while (*left && !letter(*left))
            left++;
        while (*right && !letter(*right))
            right++;
        if (letter(*left) != letter(*right))
            return false;
        if (!*left)
            return true;
        left++, right++;
    }
}

static const char *find_near(const char *name, const char *const *others, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sounds_like(name, others[i]))
            return others[i];
    return wh_nearest(name, others, count);
}

/*
 * Lines
 */

static void tell_missed(struct wh_buffer *out, const struct run *run,
                        const struct wh_census_column *column, const char *name)
{
    const struct wh_census *census = run->census;
    uint64_t rows = (run->learned ? census->rows_before : census->rows) - column->first;
    uint64_t had = values_of(run->learned ? &column->before : &column->taught);
    wh_buffer_format(out, "column %s never came, and counts as missing: ", name);
    if (had == rows)
        wh_buffer_format(out, "each row that the model learned from had it");
    else
        wh_buffer_format(out, "%.3g%% of the rows that the model learned from had it",
                         100 * (double)had / (double)rows);
}

static void tell_unknown(struct wh_buffer *out, const struct run *run,
                         const struct wh_census_column *column, const char *name)
{
    char other[96];
    char *own = copy_name(wh_census_name(run->census, column));
    const char *near = find_near(own, run->lost, run->lost_count);
    free(own);
    wh_buffer_format(out, run->learned ? "column %s is new to the model"
                                       : "column %s is unknown to the model, and was left out",
                     name);
    if (near) {
        show(other, (struct wh_slice){ near, strlen(near) });
        wh_buffer_format(out, " (did you mean %s? wh-clean --rename %s=%s)", other, name, other);
    } else if (run->learned) {
        wh_buffer_format(out, " (--ignore %s leaves it out, for a model that is begun anew)",
                         name);
    }
}

static void tell_changed(struct wh_buffer *out, const struct run *run,
                         const struct wh_census_column *column, const char *name)
{
    char odd[96];
    struct wh_census_counts counts = came(run, column);
    wh_quote(odd, column->odd.text, column->odd.length);
    wh_buffer_format(out, "column %s has changed: %" PRIu64 " of %" PRIu64 " values ", name,
                     column->changed, values_of(&counts));
    if (column->kind == WH_CENSUS_TEXTS)
        wh_buffer_format(out, "are not texts as those that the model learned from, such as %s "
                         "(is it another column?)", odd);
    else
        wh_buffer_format(out, "cannot be read as the %s that the model learned from, such as %s "
                         "(wh-clean --type %s=%s finds them all, --null-value makes one null)",
                         wh_census_kind_name(column->kind), odd, name,
                         column->kind == WH_CENSUS_BOOLEANS ? "bool" : "float");
}

static void tell_mix(struct wh_buffer *out, const struct run *run,
                     const struct wh_census_column *column, const char *name)
{
    char word[96];
    struct wh_census_counts counts = came(run, column);
    wh_quote(word, column->word.text, column->word.length);
    wh_buffer_format(out, "column %s mixes %" PRIu64 " numbers and %" PRIu64 " texts such as %s, "
                     "each text a category of its own ", name, counts.met[WH_NUMBER],
                     counts.met[WH_STRING] - counts.numeric, word);
    if (column->separated)
        wh_buffer_format(out, "(decimal commas? wh-clean --type %s=float finds them all; a number "
                         "has a point before its fraction)", name);
    else
        wh_buffer_format(out, "(--null-value makes one null; of a code, wh-clean --type %s=string "
                         "makes all texts)", name);
}

static void tell_looks(struct wh_buffer *out, const struct finding *finding, const char *name,
                       bool learned)
{
    const struct wh_census_column *column = finding->column;
    const char *leave = learned ? "--ignore" : "wh-update --new --ignore";
    char word[96];
    wh_quote(word, column->word.text, column->word.length);
    switch (finding->what) {
    case SEPARATED:
        wh_buffer_format(out, "column %s has numbers with commas or blanks in them, such as %s, "
                         "each a category of its own (wh-clean --type %s=float finds them all; a "
                         "number has a point before its fraction, and nothing else)", name, word,
                         name);
        break;
    case DATES:
        wh_buffer_format(out, "column %s reads like dates, such as %s, each a category of its own "
                         "(wh-featurize --dates %s:month,weekday,hour makes numbers of them, %s %s "
                         "leaves them out)", name, word, name, leave, name);
        break;
    case OTHER_DATES:
        wh_buffer_format(out, "column %s reads like dates, such as %s, each a category of its own "
                         "(written as 2024-12-31, wh-featurize --dates %s:month,weekday makes "
                         "numbers of them; %s %s leaves them out)", name, word, name, leave, name);
        break;
    case UNKNOWN_VALUES:
        wh_buffer_format(out, "column %s: the model knows none of its values, such as %s (are "
                         "they spelled as in the rows that it learned from?)", name, word);
        break;
    default:
        if (column->gaps) {
            wh_buffer_format(out, "column %s rises or falls with every row: an ID or a time says "
                             "nothing of later rows (%s %s), and rows sorted by an amount teach "
                             "better in another order", name, leave, name);
            break;
        }
        wh_buffer_format(out, "column %s is different in each of the %s%u rows looked at: an ID, "
                         "a time or free text teaches nothing (%s %s)", name,
                         column->sketch ? "" : "first ", column->different, leave, name);
    }
}

static void tell(struct wh_buffer *out, const struct run *run, const struct finding *finding)
{
    char name[96];
    show(name, wh_census_name(run->census, finding->column));
    switch (finding->what) {
    case NEVER_CAME:
        tell_missed(out, run, finding->column, name);
        break;
    case UNKNOWN:
        tell_unknown(out, run, finding->column, name);
        break;
    case CHANGED:
        tell_changed(out, run, finding->column, name);
        break;
    case MIXES:
        tell_mix(out, run, finding->column, name);
        break;
    default:
        tell_looks(out, finding, name, run->learned);
    }
    wh_buffer_byte(out, '\n');
}

/* Columns that a few rows had, in one line. */
static void tell_rare(struct wh_buffer *out, const struct run *run, size_t first,
                      const char *prefix)
{
    char name[96];
    size_t count = run->count - first;
    if (count == 0)
        return;
    wh_buffer_format(out, "%s%zu column%s that the model %s came in less than a tenth of the "
                     "rows: ", prefix, count, count == 1 ? "" : "s",
                     run->learned ? "had not met" : "does not know");
    for (size_t i = first; i < run->count && i < first + MOST_NAMED; i++)
        wh_buffer_format(out, "%s%s", i > first ? ", " : "",
                         show(name, wh_census_name(run->census, run->findings[i].column)));
    wh_buffer_format(out, "%s\n", count > MOST_NAMED ? " ..." : "");
}

void wh_findings_report(struct wh_buffer *out, struct wh_model *model, bool learned,
                        const char *prefix)
{
    struct run run = look_all(model, learned);
    size_t told = 0;
    for (; told < run.count && run.findings[told].what != RARE; told++) {
        if (told >= WH_MOST_FINDINGS)
            continue;
        wh_buffer_format(out, "%s", prefix);
        tell(out, &run, &run.findings[told]);
    }
    if (told > WH_MOST_FINDINGS)
        wh_buffer_format(out, "%sand %zu more columns (--stats has them)\n", prefix,
                         told - WH_MOST_FINDINGS);
    tell_rare(out, &run, told, prefix);
    free_run(&run);
}

/*
 * --stats
 */

static json_t *text_of(struct wh_slice name)
{
    return json_stringn(name.text, name.length);
}

static void add_count(json_t *object, const char *name, uint64_t count)
{
    json_object_set_new(object, name, json_integer((json_int_t)count));
}

static json_t *stats_of(const struct run *run, const struct wh_census_column *column)
{
    struct wh_census_counts counts = came(run, column);
    uint64_t values = values_of(&counts);
    json_t *stats = json_object();
    enum what what = find(run, column);
    json_object_set_new(stats, "name", text_of(wh_census_name(run->census, column)));
    add_count(stats, "numbers", counts.met[WH_NUMBER]);
    add_count(stats, "texts", counts.met[WH_STRING]);
    add_count(stats, "booleans", counts.met[WH_FALSE] + counts.met[WH_TRUE]);
    add_count(stats, "nulls", run->rows - (values < run->rows ? values : run->rows));
    add_count(stats, "changed", column->changed);
    add_count(stats, "new_values", column->fresh);
    json_object_set_new(stats, "finding", what == NOTHING ? json_null()
                                                          : json_string(members[what]));
    return stats;
}

void wh_findings_stats(json_t *stats, struct wh_model *model, bool learned)
{
    struct run run = look_all(model, learned);
    const struct wh_census *census = run.census;
    json_t *list = json_array();
    for (uint32_t i = 0; i < wh_census_count(census) && json_array_size(list) < MOST_LISTED; i++)
        json_array_append_new(list, stats_of(&run, census->columns[i]));
    for (uint32_t i = 0; i + 1 < census->stranger_names.count
                         && json_array_size(list) < MOST_LISTED; i++)
        json_array_append_new(list, stats_of(&run, census->strangers[i]));
    if (model->input != WH_INPUT_FEATURES)
        json_object_set(stats, "columns", list);
    json_decref(list);
    free_run(&run);
}

/*
 * --describe
 */

void wh_findings_describe(struct wh_buffer *out, const struct wh_model *model)
{
    const struct wh_census *census = &model->census;
    uint32_t count = wh_census_count(census);
    char name[96];
    if (count == 0)
        return;
    wh_buffer_format(out, "\n%12s %12s %12s %12s  column (%u of %u, read as what most values "
                     "are)\n", "numbers", "texts", "booleans", "missing",
                     count < MOST_DESCRIBED ? count : MOST_DESCRIBED, count);
    for (uint32_t i = 0; i < count && i < MOST_DESCRIBED; i++) {
        const struct wh_census_column *column = census->columns[i];
        const uint64_t *met = column->taught.met;
        uint64_t rows = census->rows - column->first, values = values_of(&column->taught);
        wh_buffer_format(out, "%12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "  %s: %s\n",
                         met[WH_NUMBER], met[WH_STRING], met[WH_FALSE] + met[WH_TRUE],
                         rows - values, show(name, wh_census_name(census, column)),
                         wh_census_kind_name(column->kind));
    }
}

json_t *wh_findings_columns(const struct wh_model *model)
{
    const struct wh_census *census = &model->census;
    json_t *list = json_array();
    for (uint32_t i = 0; i < wh_census_count(census); i++) {
        const struct wh_census_column *column = census->columns[i];
        const uint64_t *met = column->taught.met;
        json_t *object = json_object();
        json_object_set_new(object, "name", text_of(wh_census_name(census, column)));
        json_object_set_new(object, "kind", column->kind == WH_CENSUS_NONE ? json_null()
                                            : json_string(wh_census_kind_name(column->kind)));
        add_count(object, "numbers", met[WH_NUMBER]);
        add_count(object, "texts", met[WH_STRING]);
        add_count(object, "booleans", met[WH_FALSE] + met[WH_TRUE]);
        add_count(object, "nulls", census->rows - column->first - values_of(&column->taught));
        add_count(object, "rows_before", column->first);
        json_array_append_new(list, object);
    }
    return list;
}

/*
 * Bad rows
 */

int wh_refuse_unknown(struct wh_slice name, const char *const *others, size_t count, bool learns,
                      struct wh_error *error)
{
    char shown[96], other[96];
    char *own = copy_name(name);
    const char *near = find_near(own, others, count);
    free(own);
    show(shown, name);
    if (near)
        return wh_bad_row(error, "strict", name.text, name.length, 0, "the model knows no such "
                          "column (did you mean %s? wh-clean --rename %s=%s)",
                          show(other, (struct wh_slice){ near, strlen(near) }), shown, other);
    return wh_bad_row(error, "strict", name.text, name.length, 0, "the model knows no such column "
                      "(wh-clean --exclude %s takes it out%s)", shown,
                      learns ? ", and without --strict it is learned from" : "");
}

int wh_refuse_absent(struct wh_slice name, struct wh_error *error)
{
    return wh_bad_row(error, "strict", name.text, name.length, 0, "the row has no such column, and "
                      "each row that the model learned from had a value there (without --strict "
                      "it counts as missing)");
}

int wh_refuse_value(const struct wh_census_column *column, struct wh_slice name,
                    struct wh_slice text, struct wh_error *error)
{
    char quoted[96], shown[96];
    return wh_bad_row(error, "strict", name.text, name.length, 0, "%s cannot be read as the %s "
                      "that the model learned from (wh-clean --type %s=%s tells what can, "
                      "--null-value makes it null)", wh_quote(quoted, text.text, text.length),
                      wh_census_kind_name(column->kind), show(shown, name),
                      column->kind == WH_CENSUS_BOOLEANS ? "bool" : "float");
}
