/* Texts by the types of their columns: those that a server would read as another value are refused
 * (tests/sink/postgres_types.bats asks one). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "database/pgaccept.h"

enum {
    BYTEA = 17, CHAR_TYPE = 18, NAME = 19, BIGINT = 20, SMALLINT = 21, INTEGER = 23, TEXT = 25, OID = 26,
    BOOLEAN = 16, POINT = 600, REAL = 700, DOUBLE = 701, MONEY = 790, MACADDR = 829, MACADDR8 = 774, CIDR = 650, INET = 869,
    CHARACTER = 1042, VARCHAR = 1043, DATE = 1082, TIME = 1083, TIMESTAMP = 1114,
    TIMESTAMPTZ = 1184, INTERVAL = 1186, TIMETZ = 1266, BIT = 1560, VARBIT = 1562, NUMERIC = 1700,
    UUID = 2950,
    INT4RANGE = 3904, DATERANGE = 3912, INT4MULTIRANGE = 4451,
};

/* atttypmod of numeric(precision, scale). */
#define DIGITS(PRECISION, SCALE) (((PRECISION) << 16 | ((SCALE) & 0x7FF)) + 4)

static struct wh_pg_refusal refusal;

/* The text as it is sent; NULL where it is refused. */
static const char *sent(uint32_t oid, int32_t modifier, const char *text)
{
    static char copy[256];
    struct wh_pg_type type = *wh_pg_builtin(oid);
    struct wh_slice slice = { text, strlen(text) };
    type.modifier = modifier;
    if (!wh_pg_accepts(&type, &slice, &refusal))
        return NULL;
    assert_ptr_equal(slice.text, text);
    memcpy(copy, text, slice.length);
    copy[slice.length] = '\0';
    return copy;
}

#define taken(OID_, MODIFIER, ...) all(OID_, MODIFIER, true, (const char *[]){ __VA_ARGS__, NULL })
#define refused(OID_, MODIFIER, ...) \
    all(OID_, MODIFIER, false, (const char *[]){ __VA_ARGS__, NULL })

static void all(uint32_t oid, int32_t modifier, bool good, const char *const *texts)
{
    for (; *texts; texts++) {
        const char *made = sent(oid, modifier, *texts);
        if ((made != NULL) != good)
            fail_msg("type %u: %s", oid, *texts);
        if (good)
            assert_string_equal(made, *texts);
        else
            assert_non_null(refusal.what);
    }
}

static void integers_are_what_json_calls_one(void **state)
{
    (void)state;
    taken(SMALLINT, -1, "0", "-32768", "32767");
    taken(INTEGER, -1, "-2147483648", "2147483647");
    taken(BIGINT, -1, "-9223372036854775808", "9223372036854775807");
    taken(OID, -1, "0", "4294967295");
    refused(SMALLINT, -1, "32768", "-32769", "", "1.5");
    refused(BIGINT, -1, "9223372036854775808", "02134", "+5", " 5", "5 ", "1_000", "0x1F", "1e3", "--1",
            "five", "true", "1.0.0", "1.01", "NaN");
    refused(OID, -1, "-1", "4294967296");
    assert_string_equal(sent(BIGINT, -1, "5.0"), "5");
    assert_string_equal(sent(BIGINT, -1, "-17.000"), "-17");
}

static void numbers_keep_their_digits(void **state)
{
    (void)state;
    taken(NUMERIC, -1, "1.10", "123456789012345678901234567890.5", "1e5", "1e-20", "NaN", "Infinity",
          "-Infinity");
    refused(NUMERIC, -1, "007", "1,5", "", "0x10", "1_000", ".5", "5.", " 1", "1e-17000", "one");
    taken(NUMERIC, DIGITS(10, 2), "0", "0.00000", "1.5", "1.500", "99999999.99", "-99999999.99",
          "1e7", "123e-2", "12.5E1", "1.25e1", "NaN");
    refused(NUMERIC, DIGITS(10, 2), "1.005", "100000000", "1e8", "1e-3", "1.234e0", "0.001");
    taken(NUMERIC, DIGITS(2, 4), "0.0012", "-0.0099", "0");
    refused(NUMERIC, DIGITS(2, 4), "0.01", "0.00001", "1");
    taken(NUMERIC, DIGITS(2, -3), "99000", "1000", "1e3", "0");
    refused(NUMERIC, DIGITS(2, -3), "100", "1100", "100000");
    taken(DOUBLE, -1, "0.1", "1e308", "0.10000000000000001", "-0", "100000000000000000000000", "NaN",
          "-Infinity", "inf");
    refused(DOUBLE, -1, "0.12345678901234567890", "9007199254740993", "1e309", "1e-400", "1,5", "007");
    taken(REAL, -1, "0.1", "16777216", "3.4028235e38", "1e-40", "NaN");
    refused(REAL, -1, "0.123456789", "16777217", "1e39", "1e-50", "0.30000000000000004");
    taken(MONEY, -1, "12", "12.5", "-12.50", "$1,234.50", "-$0.10", "$1,234,567.00");
    refused(MONEY, -1, "12.505", "12,50", "1.234,50", "$1234,5.00", "\xe2\x82\xac" "12", "$12", "", "$,123.00");
}

static void booleans_are_words_that_cannot_be_mistaken(void **state)
{
    (void)state;
    taken(BOOLEAN, -1, "true", "False", "t", "f");
    refused(BOOLEAN, -1, "", "yes", "no", "on", "off", "1", "0", "y", "tru", "2");
}

static void dates_and_times_are_iso_8601(void **state)
{
    (void)state;
    taken(DATE, -1, "2024-02-29", "0044-03-15 BC", "0005-02-29 BC", "20240-01-01", "infinity", "-infinity");
    refused(DATE, -1, "02/01/2014", "2014-2-1", "2023-02-29", "2024-00-10", "2024-13-01", "2024-04-31",
            "0000-01-01", "0004-02-29 BC", "24-01-02", "20240102", "today", "now", "epoch", "Jan 1 2024", "",
            "2024-01-01T10:00:00", "2024-01-01T00:00:00Z", "2024-01-01 BCE", "2024-01-01 ", "01-02-2024",
            "J2451187", "2024.01.02");
    assert_string_equal(sent(DATE, -1, "2024-01-31T00:00:00.000"), "2024-01-31");
    taken(TIMESTAMP, -1, "2024-01-31T12:30:00", "2024-01-31 12:30", "2024-01-31", "2024-01-31T12:30:00.123456",
          "2024-01-31T12:30:00.123456000", "infinity", "0044-03-15T01:02:03 BC");
    refused(TIMESTAMP, -1, "2024-03-01T10:00:00+05:00", "2024-03-01T10:00:00Z", "2024-03-01T10:00:00 UTC",
            "2024-03-01T24:00:00", "2024-03-01T23:59:60", "2024-03-01T10:00:00.1234567", "2024-03-01T10",
            "2024-03-01 10:00 PM", "03/01/2024 10:00", "20240301T100000", "2024-03-01T10:00:00,5", "yesterday",
            "2024-03-01T10:60:00", "1709287200", "2024-03-01T10:00:00.");
    taken(TIMESTAMP, 0, "2024-01-31T12:30:00", "2024-01-31T12:30:00.000");
    refused(TIMESTAMP, 0, "2024-01-31T12:30:00.5");
    taken(TIMESTAMPTZ, -1, "2024-01-31T12:30:00Z", "2024-01-31 12:30+02", "2024-01-31 12:30:00.5-05:30",
          "2024-01-31T12:30:00+0530", "2024-01-31 12:30:00 +0200", "-infinity", "0044-03-15T01:02:03Z BC",
          "1890-01-01 00:00:00+00:53:28");
    refused(TIMESTAMPTZ, -1, "2024-01-31T12:30:00", "2024-01-31", "2024-01-31T12:30:00 IST",
            "2024-01-31 12:30 Europe/Berlin", "2024-01-31T12:30:00+16", "2024-01-31T12:30:00+5",
            "2024-01-31T12:30:00.1234567Z");
    taken(TIME, -1, "12:30", "12:30:00.5", "24:00:00", "00:00:00");
    refused(TIME, -1, "12:30+02", "24:00:01", "23:59:60", "12", "1230", "10:00 PM", "2024-01-01 12:30:00",
            "12:30:00.1234567", "");
    taken(TIMETZ, -1, "12:30:00+02", "12:30Z", "24:00:00-05:30");
    refused(TIMETZ, -1, "12:30:00", "12:30 EST", "2024-01-01 12:30:00+02");
}

static void intervals_are_fields_with_their_units(void **state)
{
    (void)state;
    taken(INTERVAL, -1, "1 year 2 mons 3 days 04:05:06.789", "-1 days +02:03:00", "00:00:00", "3 days", "100:00:00",
          "-00:00:00.5", "1 hour", "2 weeks", "90 minutes", "1.5 seconds", "P1Y2M3DT4H5M6.5S", "PT36H", "P1W",
          "P-1Y-2M3DT-4H", "PT0S");
    refused(INTERVAL, -1, "5", "1:30", "1 30", "1-2", "", "P", "PT", "P1", "P0.5Y", "1.5 days", "3 days ago", "1 m",
            "1h", "P1M1Y", "P1DT", "1 day ", " 1 day", "@ 1 day", "04:65:00", "00:00:00.1234567", "one day",
            "1 day 2", "P1Y ", "1 year-2 mons");
    enum { DAY_TO_MINUTE = (1 << 3 | 1 << 10 | 1 << 11) << 16 | 0xFFFF,
           YEAR_TO_MONTH = (1 << 1 | 1 << 2) << 16 | 0xFFFF, TENTHS = 0x7FFF << 16 | 1 };
    taken(INTERVAL, DAY_TO_MINUTE, "1 day 02:03:00", "P1DT2H3M", "1 year");
    refused(INTERVAL, DAY_TO_MINUTE, "1 day 02:03:04", "5 seconds");
    taken(INTERVAL, YEAR_TO_MONTH, "1 year 2 mons", "14 months", "0 days");
    refused(INTERVAL, YEAR_TO_MONTH, "1 day", "00:00:01");
    taken(INTERVAL, TENTHS, "00:00:01.5");
    refused(INTERVAL, TENTHS, "00:00:01.25");
}

static void texts_keep_their_length(void **state)
{
    (void)state;
    taken(TEXT, -1, "", " a ", "02134");
    taken(VARCHAR, 7, "abc", "\xc3\xa9\xc3\xa9\xc3\xa9", "");
    refused(VARCHAR, 7, "abcd", "abc ", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
    taken(CHARACTER, 7, "ab", "abc", "ab    ");
    refused(CHARACTER, 7, "abcd", " abc");
    taken(NAME, -1, "abc");
    refused(NAME, -1, "0123456789012345678901234567890123456789012345678901234567890123");
    taken(CHAR_TYPE, -1, "a", "", "\\303");
    refused(CHAR_TYPE, -1, "ab", "\xc3\xa9");
    taken(BIT, 3, "010");
    refused(BIT, 3, "01", "0101", "x1F", "b01", "012");
    taken(VARBIT, 4, "010", "");
    refused(VARBIT, 4, "01010", "X1");
    taken(INET, -1, "10.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32");
    refused(INET, -1, "10.1", "10", "010.0.0.1", "10.0.0.256", "10.0.0.1/", "10.0.0.1.2", "host", "");
    refused(CIDR, -1, "192.168.1", "10/8");
    taken(POINT, -1, "(1,2.5)", "(0.1,1e-3)");
    refused(POINT, -1, "(1,0.12345678901234567890)", "1.234,50", "");
    taken(MACADDR, -1, "08:00:2b:01:02:03", "08-00-2B-01-02-03");
    refused(MACADDR, -1, "2014-01-02", "08002b:010203", "08:00-2b:01:02:03", "08:00:2b:01:02:0g", "");
}

static void ranges_are_made_of_bounds_that_are_taken(void **state)
{
    (void)state;
    taken(INT4RANGE, -1, "[1,5)", "(,5]", "[1,)", "empty", "(,)");
    refused(INT4RANGE, -1, "[01,5)", "[1,5", "1,5", "[1]", "[1,2,3)", "", "[a,b)");
    taken(DATERANGE, -1, "[2024-01-01,2024-02-01)", "[\"2024-01-01\",)");
    refused(DATERANGE, -1, "[01/02/2024,2024-02-01)", "[today,)");
    taken(INT4MULTIRANGE, -1, "{}", "{[1,5)}", "{[1,5),[7,9)}");
    refused(INT4MULTIRANGE, -1, "[1,5)", "{[01,5)}", "{[1,5),}", "{[1,5)[7,9)}", "{1}");
}

/* A text of any length must not use up the stack. */
static void arrays_have_as_many_dimensions_as_postgresql_reads(void **state)
{
    enum { MANY = 4 << 20 };
    const struct wh_pg_type array = { .kind = WH_PG_ARRAY, .delimiter = ',',
                                      .element = wh_pg_builtin(INTEGER) };
    struct wh_slice six = { "{{{{{{1}}}}}}", 13 }, seven = { "{{{{{{{1}}}}}}}", 15 };
    (void)state;
    assert_true(wh_pg_accepts(&array, &six, &refusal));
    assert_false(wh_pg_accepts(&array, &seven, &refusal));
    char *text = malloc(MANY);
    assert_non_null(text);
    memset(text, '{', MANY);
    struct wh_slice many = { text, MANY };
    assert_false(wh_pg_accepts(&array, &many, &refusal));
    free(text);
}

static void uuids_are_what_the_server_reads_as_one(void **state)
{
    (void)state;
    taken(UUID, -1, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6BA7B8109DAD11D180B400C04FD430C8",
          "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}", "6ba7-b810-9dad-11d1-80b4-00c0-4fd4-30c8");
    refused(UUID, -1, "", " ", "x", "6ba7b810-9dad-11d1-80b4-00c04fd430c",
            "6ba7b810--9dad11d180b400c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8-",
            "6ba7b810-9dad-11d1-80b4-00c04fd430c88",
            "{6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
            "6b-a7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430cg");
}

/* What is said of a value, and what helps: the name of the column is put between both parts. */
static void a_refusal_says_what_is_wrong_and_what_helps(void **state)
{
    (void)state;
    enum { YEAR_TO_MONTH = (1 << 1 | 1 << 2) << 16 | 0xFFFF };
    static const char text[] = "a column of text keeps it", exact[] = "a column of numeric keeps it";
    static const char null[] = "--null-value '' makes it null", sql[] =
        "write it as ISO 8601 does, or load it into a column of text and read it by to_date() or "
        "to_timestamp() in SQL";
    static const struct {
        uint32_t type;
        int32_t modifier;
        const char *text, *what, *before, *after;
    } cases[] = {
        { BOOLEAN, -1, "yes", "is not true or false", "wh-clean --type ",
          "=bool reads yes and no, on and off, 1 and 0" },
        { BOOLEAN, -1, "", "is not true or false", null, "" },
        { BOOLEAN, -1, " true", "is not true or false", "wh-clean --trim ", " takes the blanks off" },
        { BOOLEAN, -1, "  ", "is not true or false", "wh-clean --trim ",
          " | wh-clean --null-value '' makes it null" },
        { SMALLINT, -1, "32768", "is outside of the type's range", exact, NULL },
        { BIGINT, -1, "1e3", "is not written as an integer", exact, NULL },
        { BIGINT, -1, "+5", "is not an integer", "wh-clean --type ",
          "=int makes it one; a column of text keeps it" },
        { BIGINT, -1, "5.", "is not an integer", exact, NULL },
        { BIGINT, -1, "five", "is not an integer", text, NULL },
        { NUMERIC, -1, ".5", "is not a number", "wh-clean --type ",
          "=decimal makes it one; a column of text keeps it" },
        { NUMERIC, DIGITS(4, 2), "100", "has more digits before the point than the type keeps", exact,
          NULL },
        { NUMERIC, DIGITS(4, 2), "0.001", "has more digits after the point than the type keeps", exact,
          NULL },
        { NUMERIC, DIGITS(2, -3), "1100",
          "has digits that the type, with its negative scale, rounds away", exact, NULL },
        { REAL, -1, "1e39", "is too large for a real", "a column of double precision keeps it", NULL },
        { REAL, -1, "1e-50", "is too close to zero for a real", "a column of double precision keeps it",
          NULL },
        { REAL, -1, "16777217", "has more digits than a real keeps",
          "a column of double precision keeps it", NULL },
        { REAL, -1, "1e400", "is too large for a real", exact, NULL },
        { DOUBLE, -1, "-1e309", "is too large for a double", exact, NULL },
        { DOUBLE, -1, "1e-400", "is too close to zero for a double", exact, NULL },
        { DOUBLE, -1, "1e-20000", "is too close to zero for a double", text, NULL },
        { DOUBLE, -1, "1e200000", "is too large for a double", text, NULL },
        { NUMERIC, -1, "1e-20000", "has more digits after the point than the type keeps", text, NULL },
        { NUMERIC, DIGITS(4, 2), "1e200000", "has more digits before the point than the type keeps",
          text, NULL },
        { DOUBLE, -1, "9007199254740993", "has more digits than a double keeps", exact, NULL },
        { POINT, -1, "(1,0.12345678901234567890)", "has more digits than a double keeps", text, NULL },
        { POINT, -1, "here", "is not written as PostgreSQL writes values of the type", text, NULL },
        { MONEY, -1, "12.505", "has more digits after the point than the type keeps", exact, NULL },
        { MONEY, -1, "12,50", "is not an amount such as 1234.50 or $1,234.50", text, NULL },
        { VARCHAR, 7, "abcd", "is longer than the type", text, NULL },
        { CHAR_TYPE, -1, "ab", "is longer than the type", text, NULL },
        { BIT, 3, "012", "is not made of the digits 0 and 1", text, NULL },
        { BIT, 3, "0101", "has another length than the type", "a column of varbit keeps it", NULL },
        { INET, -1, "10.1", "is not an address such as 10.0.0.1 or 10.0.0.0/8", text, NULL },
        { MACADDR, -1, "x", "is not an address such as 08:00:2b:01:02:03", text, NULL },
        { MACADDR8, -1, "x", "is not an address such as 08:00:2b:ff:fe:01:02:03", text, NULL },
        { UUID, -1, "x", "is not a UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8", text, NULL },
        { UUID, -1, "", "is not a UUID", null, "" },
        { BYTEA, -1, "x", "is not \\x and hexadecimal digits", NULL, NULL },
        { DATE, -1, "2023-02-29", "names a day that does not exist", text, NULL },
        { DATE, -1, "2024-01-01T10:00", "has a time of day, which a date does not",
          "a column of timestamp keeps it", NULL },
        { DATE, -1, "2024-01-01T00:00Z", "has a time of day, which a date does not",
          "a column of timestamptz keeps it", NULL },
        { DATE, -1, "today", "is not a date such as 2024-01-31", sql, "" },
        { TIMESTAMP, -1, "2024-01-01T25:00", "names a time of day that does not exist", text, NULL },
        { TIMESTAMP, -1, "2024-01-01T10:00Z", "has an offset from UTC, which the column would drop",
          "a column of timestamptz keeps it", NULL },
        { TIMESTAMP, 0, "2024-01-01T10:00:00.5", "has a finer fraction of a second than the type keeps",
          text, NULL },
        { TIMESTAMP, -1, "now", "is not a timestamp such as 2024-01-31T12:30:00", sql, "" },
        { TIMESTAMP, -1, "20240301T100000", "is not a timestamp such as 2024-01-31T12:30:00",
          "wh-clean --type ", "=timestamp writes it so" },
        { TIMESTAMPTZ, -1, "2024-01-01T10:00",
          "has no offset from UTC, so that it could be any zone's",
          "append its offset, Z for UTC; a column of timestamp takes it as it is", "" },
        { TIMESTAMPTZ, -1, "now", "is not a timestamp such as 2024-01-31T12:30:00Z", sql, "" },
        { TIME, -1, "12:30+02", "has an offset from UTC, which the column would drop",
          "a column of timetz keeps it", NULL },
        { TIME, -1, "24:00:01", "names a time of day that does not exist", text, NULL },
        { TIME, -1, "noon", "is not a time of day such as 12:30:00", sql, "" },
        { TIMETZ, -1, "12:30", "has no offset from UTC, so that it could be any zone's",
          "append its offset, Z for UTC; a column of time takes it as it is", "" },
        { TIMETZ, -1, "noon", "is not a time of day such as 12:30:00+02", sql, "" },
        { INTERVAL, YEAR_TO_MONTH, "1 day", "has a finer field than the type keeps",
          "a column of interval keeps it", NULL },
        { INTERVAL, -1, "soon", "is not an interval such as 1 day 02:30:00 or P1DT2H30M", text, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (sent(cases[i].type, cases[i].modifier, cases[i].text))
            fail_msg("%s is taken", cases[i].text);
        const char *wanted[] = { cases[i].what, cases[i].before, cases[i].after };
        const char *said[] = { refusal.what, refusal.before, refusal.after };
        for (size_t part = 0; part < 3; part++)
            if (!wanted[part] != !said[part] || (said[part] && strcmp(said[part], wanted[part]) != 0))
                fail_msg("%s: \"%s\" instead of \"%s\"", cases[i].text, said[part], wanted[part]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_what_json_calls_one),
        cmocka_unit_test(numbers_keep_their_digits),
        cmocka_unit_test(booleans_are_words_that_cannot_be_mistaken),
        cmocka_unit_test(dates_and_times_are_iso_8601),
        cmocka_unit_test(intervals_are_fields_with_their_units),
        cmocka_unit_test(texts_keep_their_length),
        cmocka_unit_test(uuids_are_what_the_server_reads_as_one),
        cmocka_unit_test(ranges_are_made_of_bounds_that_are_taken),
        cmocka_unit_test(a_refusal_says_what_is_wrong_and_what_helps),
        cmocka_unit_test(arrays_have_as_many_dimensions_as_postgresql_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
