/* Command lines: what the table in cli/options.h promises, and the common options on top of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/common.h"
#include "cli/options.h"

struct settings {
    bool first, second;
    const char *text;
    const char *color;
    uint64_t count, few, size;
    double number, share, rate, seconds;
    struct wh_texts texts;
    struct wh_name_list names;
    char calls[128];
};

static const char *const colors[] = { "red", "green", "blue", NULL };

static int note_call(void *target, const struct wh_option *option, const char *value,
                     struct wh_error *error)
{
    struct settings *settings = target;
    if (value && strcmp(value, "wrong") == 0)
        return wh_fail(error, WH_REFUSED, "that is wrong");
    size_t used = strlen(settings->calls);
    snprintf(settings->calls + used, sizeof settings->calls - used, "%s=%s;", option->name,
             value ? value : "");
    return 0;
}

static const struct wh_option table[] = {
    WH_HEADING("Things"),
    WH_FLAG(struct settings, first, "first", 'a', "the first"),
    WH_FLAG(struct settings, second, "second", 'b', "the second"),
    WH_TEXT(struct settings, text, "text", 't', "WORD", "a text"),
    WH_FILE(struct settings, text, "model", 'm', "MODEL", "a file"),
    WH_CHOICE(struct settings, color, "color", 'c', "COLOR", colors, "a color",
              .otherwise = "by mood"),
    WH_COUNT(struct settings, count, "count", 'n', "N", 0, WH_NO_LIMIT, "a count"),
    WH_COUNT(struct settings, few, "few", 0, "N", 1, 17, "a small count", .fallback = "3"),
    WH_SIZE(struct settings, size, "size", 's', "SIZE", 1, UINT64_C(2) << 30, "bytes",
            .fallback = "64k"),
    WH_NUMBER(struct settings, number, "number", 0, "X", -INFINITY, INFINITY, "a number"),
    WH_NUMBER(struct settings, share, "share", 0, "X", 0, 1, "a share"),
    WH_NUMBER_ABOVE(struct settings, rate, "rate", 0, "X", 0, 1e9, "a rate"),
    WH_DURATION(struct settings, seconds, "wait", 0, "DURATION", "a duration"),
    WH_TEXTS(struct settings, texts, "each", 0, "TEXT", "texts"),
    WH_NAMES(struct settings, names, "names", 0, "A,B,...", "names"),
    WH_CALL(note_call, "call", 'k', "VALUE",
            "many words that go on for so long that they must be wrapped onto a second line, and "
            "with a line end\nof its own in it as well"),
    WH_CALL(note_call, "with-a-name-longer-than-the-column", 0, "VALUE", "its words stand below"),
    WH_CALL(note_call, "knock", 0, NULL, "a call without a value"),
};

/* A command line being tried, and what came of it. */
struct trial {
    struct settings settings;
    struct wh_error error;
    char *argv[16];
    int operands;
    bool done;
    int result;
};

static void try_words(struct trial *trial, const char *line)
{
    static char copy[512];
    snprintf(copy, sizeof copy, "%s", line);
    *trial = (struct trial){ 0 };
    int argc = 0;
    trial->argv[argc++] = "wh-try";
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        trial->argv[argc++] = word;
    struct wh_option_part part = { table, sizeof table / sizeof *table, &trial->settings };
    struct wh_command command = {
        .tool = "wh-try", .usage = "[OPTION]... [FILE]...", .summary = "Tries.",
        .closing = "Example:\n  wh-try -a", .parts = &part, .part_count = 1,
    };
    trial->result = wh_options_parse(&command, argc, trial->argv, &trial->operands, &trial->done,
                                     &trial->error);
}

static void assert_refused(const char *line, const char *text)
{
    struct trial trial;
    try_words(&trial, line);
    assert_int_equal(trial.result, -1);
    assert_int_equal(trial.error.status, WH_REFUSED);
    assert_string_equal(trial.error.text, text);
}

static void a_value_may_stand_in_the_same_word_or_the_next(void **state)
{
    (void)state;
    static const char *const lines[] = { "--text word", "--text=word", "-tword", "-t word",
                                         "-abtword", "-ab -t word" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct trial trial;
        try_words(&trial, lines[i]);
        assert_int_equal(trial.result, 0);
        assert_string_equal(trial.settings.text, "word");
        assert_int_equal(trial.settings.first, i >= 4);
        assert_int_equal(trial.settings.second, i >= 4);
        assert_int_equal(trial.operands, 0);
    }
}

static void a_value_may_look_like_an_option_or_be_empty(void **state)
{
    (void)state;
    struct trial trial;
    try_words(&trial, "--text --first -t=x --model=");
    assert_int_equal(trial.result, 0);
    assert_string_equal(trial.settings.text, "");
    assert_false(trial.settings.first);
    try_words(&trial, "--text=a=b");
    assert_string_equal(trial.settings.text, "a=b");
}

static void operands_may_stand_anywhere(void **state)
{
    (void)state;
    struct trial trial;
    try_words(&trial, "one -a - --count 3 two -- -b --text");
    assert_int_equal(trial.result, 0);
    assert_int_equal(trial.operands, 5);
    static const char *const expected[] = { "one", "-", "two", "-b", "--text" };
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(trial.argv[1 + i], expected[i]);
    assert_true(trial.settings.first);
    assert_false(trial.settings.second);
    assert_int_equal(trial.settings.count, 3);
}

static void numbers_take_suffixes_and_are_exact(void **state)
{
    (void)state;
    struct trial trial;
    try_words(&trial, "-n 18446744073709551615 -s 2g --number -.5e-3");
    assert_int_equal(trial.result, 0);
    assert_true(trial.settings.count == UINT64_MAX);
    assert_true(trial.settings.size == (uint64_t)2 << 30);
    assert_true(trial.settings.number == -.5e-3);
    try_words(&trial, "-n2M -s64K");
    assert_true(trial.settings.count == 2000000);
    assert_true(trial.settings.size == 65536);
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "-n -1", "-n 1.5", "-n 1kk", "-n k", "-n=1", "-n 18446744073709551616",
        "-n 18446744073709551615k", "-s 17179869184g", "-s 1b", "-s 0", "--few 0", "--few 18",
        "--share -.1", "--share 1.1", "--rate 0", "--rate 1e10", "--wait -1s", "--wait soon",
        "--number 1e999", "--number nan",
        "--number 0x10", "--number 1,5", "--number 1e", "--count=", "--number=", "--size= ",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct trial trial;
        try_words(&trial, lines[i]);
        assert_int_equal(trial.result, -1);
        assert_int_equal(trial.error.status, WH_REFUSED);
    }
    assert_refused("--number 1,5", "--number: \"1,5\" is not a number");
    assert_refused("--share 2", "--share: \"2\" is not a number from 0 to 1");
    assert_refused("--rate 0", "--rate: \"0\" is not a number above 0, up to 1e9");
    assert_refused("--few 18", "--few: \"18\" is not a whole number from 1 to 17");
    assert_refused("--wait soon",
                   "--wait: \"soon\" is not a duration, such as 500ms, 30s or 10m");
}

static void what_is_not_given_has_its_default(void **state)
{
    (void)state;
    struct trial trial;
    try_words(&trial, "");
    assert_int_equal(trial.settings.few, 3);
    assert_int_equal(trial.settings.size, 64 << 10);
    assert_null(trial.settings.color);
    try_words(&trial, "--few 4 -s 1");
    assert_int_equal(trial.settings.few, 4);
    assert_int_equal(trial.settings.size, 1);
}

static void durations_texts_and_names_arrive(void **state)
{
    (void)state;
    struct trial trial;
    try_words(&trial, "--wait 1500ms --each a,b --each= --names x --names a,b\\,c");
    assert_int_equal(trial.result, 0);
    assert_true(trial.settings.seconds == 1.5);
    assert_int_equal(trial.settings.texts.count, 2);
    assert_string_equal(trial.settings.texts.items[0], "a,b");
    assert_string_equal(trial.settings.texts.items[1], "");
    assert_int_equal(trial.settings.names.count, 2);
    assert_string_equal(trial.settings.names.names[0], "a");
    assert_string_equal(trial.settings.names.names[1], "b,c");
    wh_texts_free(&trial.settings.texts);
    wh_name_list_free(&trial.settings.names);
    try_words(&trial, "--names a,,b");
    assert_string_equal(trial.error.text, "--names: a name is missing between the commas");
    wh_name_list_free(&trial.settings.names);
    try_words(&trial, "--names a,a");
    assert_string_equal(trial.error.text, "--names: column a is listed twice");
    wh_name_list_free(&trial.settings.names);
}

static void refusals_say_what_to_do(void **state)
{
    (void)state;
    assert_refused("--frist", "unknown option --frist (did you mean --first?)");
    assert_refused("--frist=1", "unknown option --frist (did you mean --first?)");
    assert_refused("--entirely", "unknown option --entirely (see wh-try --help)");
    assert_refused("--fir", "unknown option --fir (did you mean --first?)");
    assert_refused("-az", "unknown option -z (see wh-try --help)");
    assert_refused("--first=yes", "--first takes no value");
    assert_refused("--knock=yes", "--knock takes no value");
    assert_refused("a --text", "--text needs a value: --text WORD");
    assert_refused("-at", "-t needs a value: --text WORD");
    assert_refused("--color=pink", "--color: \"pink\" is not one of red, green, blue");
    assert_refused("--call wrong", "--call: that is wrong");
}

static void calls_come_in_the_order_of_the_command_line(void **state)
{
    (void)state;
    struct trial trial;
    try_words(&trial, "-k1 file --knock --call=2 -k 3");
    assert_int_equal(trial.result, 0);
    assert_string_equal(trial.settings.calls, "call=1;knock=;call=2;call=3;");
}

/* What parsing `line` prints to standard output, in static memory. */
static const char *printed(const char *line)
{
    static char text[8192];
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    struct trial trial;
    try_words(&trial, line);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    assert_int_equal(trial.result, 0);
    assert_true(trial.done);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void help_is_aligned_and_wrapped(void **state)
{
    (void)state;
    assert_string_equal(
        printed("-h"),
        "Usage: wh-try [OPTION]... [FILE]...\n"
        "Tries.\n"
        "\n"
        "Things:\n"
        "  -a, --first             the first\n"
        "  -b, --second            the second\n"
        "  -t, --text WORD         a text\n"
        "  -m, --model MODEL       a file\n"
        "  -c, --color COLOR       a color [by mood]\n"
        "  -n, --count N           a count\n"
        "      --few N             a small count (1 to 17) [3]\n"
        "  -s, --size SIZE         bytes (1 to 2g) [64k]\n"
        "      --number X          a number\n"
        "      --share X           a share (from 0 to 1)\n"
        "      --rate X            a rate (above 0, up to 1e9)\n"
        "      --wait DURATION     a duration\n"
        "      --each TEXT         texts\n"
        "      --names A,B,...     names\n"
        "  -k, --call VALUE        many words that go on for so long that they must be\n"
        "                          wrapped onto a second line, and with a line end\n"
        "                          of its own in it as well\n"
        "      --with-a-name-longer-than-the-column VALUE\n"
        "                          its words stand below\n"
        "      --knock             a call without a value\n"
        "\n"
        "Help:\n"
        "  -h, --help              print this and exit\n"
        "  -V, --version           print the version and exit\n"
        "      --completion SHELL  print completion for bash, zsh or fish and exit\n"
        "\n"
        "Example:\n"
        "  wh-try -a\n");
}

static void help_and_version_end_the_reading(void **state)
{
    (void)state;
    static const char begin[] = "wh-try " WH_VERSION " (stream ";
    assert_memory_equal(printed("--version --no-such"), begin, sizeof begin - 1);
    assert_memory_equal(printed("-aV --no-such"), begin, sizeof begin - 1);
    assert_refused("--no-such --version", "unknown option --no-such (see wh-try --help)");
}

static void completion_knows_options_words_and_files(void **state)
{
    (void)state;
    const char *text = printed("--completion=bash");
    assert_non_null(strstr(text, ") choices=(red green blue) ;;\n"));
    assert_non_null(strstr(text, "--model | -m) mapfile -t COMPREPLY < <(compgen -f"));
    assert_non_null(strstr(text, "complete -o filenames -F _wh_try wh-try\n"));
    assert_non_null(strstr(text, "--help --version --completion"));
    text = printed("--completion=zsh");
    assert_non_null(strstr(text, ":(red green blue)' "));
    text = printed("--completion=fish");
    assert_non_null(strstr(text, " -x -a 'red green blue' "));
    assert_refused("--completion=csh", "--completion: unknown shell \"csh\" (bash, zsh or fish)");
}

/* ---------------------------------------------------------- common options */

static int settle(struct wh_common *common, const char *line, struct wh_error *error)
{
    static char copy[512];
    snprintf(copy, sizeof copy, "%s", line);
    *common = (struct wh_common){ .tool = "wh-try" };
    char *argv[16] = { "wh-try" };
    int argc = 1, operands;
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    const struct wh_option_part parts[] = {
        wh_common_reading(common), wh_common_writing(common), wh_common_columns(common),
    };
    struct wh_command command = { .tool = "wh-try", .usage = "", .summary = "", .parts = parts,
                                  .part_count = 3 };
    bool done;
    if (wh_options_parse(&command, argc, argv, &operands, &done, error))
        return -1;
    return wh_common_settle(common, error);
}

static void formats_and_delimiters_are_settled(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum wh_format in;
        char in_delimiter;
        enum wh_format out;
        char out_delimiter;
    } cases[] = {
        { "", WH_FORMAT_NONE, 0, WH_FORMAT_NONE, 0 },
        { "-i auto", WH_FORMAT_NONE, 0, WH_FORMAT_NONE, 0 },
        { "-i csv", WH_FORMAT_CSV, ',', WH_FORMAT_NONE, 0 },
        { "-i csv -d ;", WH_FORMAT_CSV, ';', WH_FORMAT_NONE, 0 },
        { "-d \\t", WH_FORMAT_NONE, '\t', WH_FORMAT_NONE, 0 },
        { "-i tsv", WH_FORMAT_CSV, '\t', WH_FORMAT_NONE, 0 },
        { "-i tsv -d \\t", WH_FORMAT_CSV, '\t', WH_FORMAT_NONE, 0 },
        { "-i tsv -o csv", WH_FORMAT_CSV, '\t', WH_FORMAT_CSV, ',' },
        { "-i tsv -o csv -d ;", WH_FORMAT_CSV, '\t', WH_FORMAT_CSV, ';' },
        { "-i csv -o tsv -d ;", WH_FORMAT_CSV, ';', WH_FORMAT_CSV, '\t' },
        { "-i csv -o csv -d ;", WH_FORMAT_CSV, ';', WH_FORMAT_CSV, ';' },
        { "-i ndjson -o csv -d |", WH_FORMAT_NDJSON, '|', WH_FORMAT_CSV, '|' },
        { "-i csv -o ndjson", WH_FORMAT_CSV, ',', WH_FORMAT_NDJSON, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wh_common common;
        struct wh_error error;
        assert_int_equal(settle(&common, cases[i].line, &error), 0);
        assert_int_equal(common.run.reading.format, cases[i].in);
        assert_int_equal(common.run.reading.delimiter, cases[i].in_delimiter);
        assert_int_equal(common.run.writing.format, cases[i].out);
        assert_int_equal(common.run.writing.delimiter, cases[i].out_delimiter);
        assert_int_equal(common.run.reading.max_row, 0); /* the default, WH_MAX_ROW */
        wh_common_free(&common);
    }
}

static void values_of_common_options_arrive(void **state)
{
    (void)state;
    struct wh_common common;
    struct wh_error error;
    assert_int_equal(settle(&common, "--null-value NA -H --null-value=- --string zip,/_id$/ "
                                     "--infer=1k --ragged --max-row 1m --rejects r --max-rejects 5",
                            &error), 0);
    assert_int_equal(common.run.reading.null_count, 2);
    assert_string_equal(common.run.reading.nulls[0], "NA");
    assert_string_equal(common.run.reading.nulls[1], "-");
    assert_true(wh_columns_match(common.run.reading.strings, "zip", 3));
    assert_true(wh_columns_match(common.run.reading.strings, "user_id", 7));
    assert_false(wh_columns_match(common.run.reading.strings, "amount", 6));
    assert_int_equal(common.run.reading.infer_rows, 1000);
    assert_int_equal(common.run.reading.max_row, 1 << 20);
    assert_true(common.run.reading.ragged && common.run.reading.no_header);
    assert_true(common.run.writing.no_header);
    assert_int_equal(common.run.reject_limit.kind, WH_REJECT_ROWS);
    assert_int_equal(common.run.reject_limit.rows, 5);
    wh_common_free(&common);
    assert_int_equal(settle(&common, "--rejects r --max-rejects 0.5%", &error), 0);
    assert_int_equal(common.run.reject_limit.kind, WH_REJECT_SHARE);
    assert_true(common.run.reject_limit.percent == 0.5);
    wh_common_free(&common);
}

static void combinations_without_sense_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line, *word;
    } cases[] = {
        { "--max-rejects 3", "--rejects" },
        { "--max-rejects 1.5 --rejects r", "1.5" },
        { "--max-rejects 101% --rejects r", "101%" },
        { "--max-rejects % --rejects r", "%" },
        { "--max-rejects -1 --rejects r", "-1" },
        { "--rejects -", "a file of its own" },
        { "--rejects a --stats a", "same file" },
        { "-i ndjson -o tsv -d ;", "--delimiter" },
        { "-i tsv -d ;", "a tab" },
        { "-o tsv -d ;", "a tab" },
        { "-d \"", "quote" },
        { "-d ab", "one byte" },
        { "-d=;", "one byte" },
        { "-S --string a", "--string" },
        { "-S --infer 3", "contradict" },
        { "-q --progress", "contradict" },
        { "--max-row 3g", "from 1 to 2147483648" },
        { "-i xml", "not one of" },
        { "-o auto", "not one of" },
        { "--string /a", "--string" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wh_common common;
        struct wh_error error;
        assert_int_equal(settle(&common, cases[i].line, &error), -1);
        assert_int_equal(error.status, WH_REFUSED);
        assert_non_null(strstr(error.text, cases[i].word));
        wh_common_free(&common);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_may_stand_in_the_same_word_or_the_next),
        cmocka_unit_test(a_value_may_look_like_an_option_or_be_empty),
        cmocka_unit_test(operands_may_stand_anywhere),
        cmocka_unit_test(numbers_take_suffixes_and_are_exact),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(what_is_not_given_has_its_default),
        cmocka_unit_test(durations_texts_and_names_arrive),
        cmocka_unit_test(refusals_say_what_to_do),
        cmocka_unit_test(calls_come_in_the_order_of_the_command_line),
        cmocka_unit_test(help_is_aligned_and_wrapped),
        cmocka_unit_test(help_and_version_end_the_reading),
        cmocka_unit_test(completion_knows_options_words_and_files),
        cmocka_unit_test(formats_and_delimiters_are_settled),
        cmocka_unit_test(values_of_common_options_arrive),
        cmocka_unit_test(combinations_without_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
