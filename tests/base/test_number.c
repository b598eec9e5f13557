/*
 * Numbers against the C library's, which is exact, and against published hard cases.
 *
 * WH_TRIALS=5000 tries fifty times as many random doubles (../trials.h).
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/decimal.h"
#include "base/number.h"

#include "../trials.h"

static size_t trials;

static uint64_t next_random(void)
{
    static uint64_t x = UINT64_C(88172645463325252);
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double random_double(void)
{
    double value;
    do
        value = from_bits(next_random());
    while (!isfinite(value));
    return value;
}

/*
 * Reading
 */

/* By both ways, behind the second of which other digits stand. */
static double parse(const char *text)
{
    size_t length = strlen(text);
    double value = wh_number_parse(text, length);
    char padded[2048 + WH_NUMBER_SLACK];
    if (length > 2048)
        return value;
    memset(padded, '7', sizeof padded);
    memcpy(padded, text, length);
    assert_true(bits_of(wh_number_parse_slack(padded, length)) == bits_of(value));
    padded[length] = '.';
    assert_true(bits_of(wh_number_parse_slack(padded, length)) == bits_of(value));
    return value;
}

static void check_parse(const char *text)
{
    double expected = strtod(text, NULL), value = parse(text);
    if (bits_of(value) != bits_of(expected))
        fail_msg("%s is read as %.17g, not %.17g", text, value, expected);
}

/* From D. Gay, V. Paxson, R. Regan (exploringbinary.com) and the bugs of other readers. */
static const char *const hard_texts[] = {
    "0", "-0", "0.0", "-0.0e5", "0e999999999999999999999", "0.000000000000000000000000000000000000",
    "1e23", "8.5e22", "9007199254740993", "9007199254740993.0", "9007199254740993e0",
    "9007199254740992.99999999999999999999999999", "9007199254740993.00000000000000000000000001",
    "9007199254740995", "18014398509481990", "36028797018963978", "9223372036854775807",
    "18446744073709551615", "18446744073709551616", "1000000000000000000000000000000000000000000",
    "2.2250738585072011e-308", "2.2250738585072012e-308", "2.2250738585072014e-308",
    "2.225073858507201136057409796709131975934819546351645648023426109724822222021076945516529523"
    "908"
    "13508791414915891303962110687008643869459464552765720740782062174337998814106326732925355228"
    "6881"
    "37214901298112245145188984905722230728525513315575501591439747639798341180199932396254828901"
    "7107"
    "08185069063066665599493827577257201576306269066333264756530000924588831643303777979186961204"
    "9497"
    "377822382850113389110505211480880e-308",
    "1.7976931348623157e308", "1.7976931348623158e308", "1.797693134862315807e308",
    "1.7976931348623158079e308", "1.797693134862315808e308", "1.7976931348623159e308", "1e309",
    "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797"
    "7587"
    "20709633028641669288791094655554785194040263065748867150582068190890200070838367627385484581"
    "7711"
    "53176447573027006985557136695962284291481986083493647529271907416844436551070434271155969950"
    "8093"
    "042880177904174497791",
    "17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797"
    "7587"
    "20709633028641669288791094655554785194040263065748867150582068190890200070838367627385484581"
    "7711"
    "53176447573027006985557136695962284291481986083493647529271907416844436551070434271155969950"
    "8093"
    "042880177904174497792",
    "4.9e-324", "5e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2e-324", "3e-324",
    "2.47032822920623272088284396434110686182e-324", "2.4703282292062327208828439643411068618e-324",
    "1e-400", "1e400", "-1e-400", "-1e400", "1e99999999999999999999", "1e-99999999999999999999",
    "0.500000000000000166533453693773481063544750213623046875", "3.518437208883201171875e13",
    "62.5364939768271845828", "8.10109172351e-10", "1.50000000000000011102230246251565",
    "9007199254740991.4999999999999999999999999999999995", "0.1", "0.3", "0.30000000000000004",
    "6929495644600919.5", "3.2378839133029012895883524125015321748630094235e-319",
    "0.500000000000000000", "0.250000000000000000", "123456789.000000000000000000", "1e0000000308",
    "1E+10", "1e-0000000000000000000000000005", "9999999999999999999", "99999999999999999999",
    "5e125", "69e267", "999e-26", "7861e-34", "75569e-254", "928609e-261", "9210917e80",
    "84863171e114", "653777767e273", "5232604057e-298", "27235667517e-109", "653532977297e-123",
    "3142213164987e-294", "46202199371337e-72", "231010996856685e-73", "9324754620109615e212",
    "78459735791271921e49", "272104041512242479e200", "6802601037806061975e198",
    "20505426358836677347e-221", "836168422905420598437e-234", "4891559871276714924261e222",
    "9e-265", "85e-37", "623e100", "3571e263", "81661e153", "920657e-23", "4603285e-24",
    "87575437e-309", "245540327e122", "6138508175e120", "83356057653e193", "619534293513e124",
    "2335141086879e218", "36167929443327e-159", "609610927149051e-255", "3743626360493413e-165",
    "94080055902682397e-242", "899810892172646163e283", "7120190517612959703e120",
    "25188282901709339043e-252", "308984926168550152811e-52", "6372891218502368041059e64",
};

static void hard_texts_are_read_as_the_nearest_double(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hard_texts / sizeof *hard_texts; i++)
        check_parse(hard_texts[i]);
    assert_true(parse("2.2250738585072012e-308") == 0x1p-1022);
    assert_true(parse("9007199254740993") == 9007199254740992.0);
    assert_true(parse("1.7976931348623158e308") == 0x1.fffffffffffffp1023);
    assert_true(isinf(parse("1.797693134862315808e308")));
    assert_true(bits_of(parse("-0")) == UINT64_C(1) << 63);
    assert_true(bits_of(parse("-1e-400")) == UINT64_C(1) << 63);
}

static void every_power_of_ten_with_every_short_number_is_read_right(void **state)
{
    (void)state;
    static const char *const digits[] = { "1", "9", "123456789", "12345678901234567",
                                          "9007199254740993", "9999999999999999999" };
    for (int exponent = -400; exponent <= 400; exponent++)
        for (size_t i = 0; i < sizeof digits / sizeof *digits; i++) {
            char text[40];
            snprintf(text, sizeof text, "%se%d", digits[i], exponent);
            check_parse(text);
        }
}

static void random_digits_of_any_length_are_read_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < trials; i++) {
        char text[1100];
        size_t length = 0;
        size_t count = 1 + next_random() % (i % 50 == 0 ? 1000 : 25);
        size_t point = next_random() % (count + 1);
        /* Runs of 0 and of 9 make for what is close to short numbers. */
        uint64_t kind = next_random() % 4;
        for (size_t k = 0; k < count; k++) {
            if (k == point && k > 0)
                text[length++] = '.';
            uint64_t digit = kind == 0 || next_random() % 8 == 0 ? next_random() % 10
                           : kind == 1 ? 0 : kind == 2 ? 9 : next_random() % 2 * 9;
            text[length++] = (char)('0' + digit);
        }
        if (length == 0 || i % 2)
            snprintf(text + length, 10, "e%d", (int)(next_random() % 700) - 350);
        else
            text[length] = '\0';
        check_parse(text);
    }
}

/* The exact middle of two doubles and what is next to it, from zero up to infinity. */
static void the_middle_of_two_doubles_goes_to_the_even_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < trials / 50; i++) {
        uint64_t bits = next_random() >> 1;
        if (i % 4 == 0)
            bits &= (UINT64_C(1) << 54) - 1; /* subnormal or nearly */
        if (!isfinite(from_bits(bits)) || !isfinite(from_bits(bits + 1)))
            continue;
        long double middle = ((long double)from_bits(bits) + (long double)from_bits(bits + 1)) / 2;
        char text[1300];
        snprintf(text, sizeof text, "%.800Le", middle);
        if (strtold(text, NULL) != middle)
            continue; /* long double is no wider here */
        check_parse(text);
        if (middle - (long double)from_bits(bits) == (long double)from_bits(bits + 1) - middle)
            assert_true(bits_of(parse(text)) == bits + (bits & 1));
        char *last = strchr(text, 'e') - 1;
        *last = '1';
        check_parse(text);
        *last = '0';
        while (*last == '0')
            last--;
        if (*last != '.') {
            (*last)--;
            check_parse(text);
        }
    }
}

static void a_thousand_digits_decide_by_their_last(void **state)
{
    (void)state;
    /* 1 + 2^-53 lies between 1 and the next double. */
    char text[1200] = "1.00000000000000011102230246251565404236316680908203125";
    assert_true(parse(text) == 1.0);
    size_t length = strlen(text);
    memset(text + length, '0', 1100);
    text[length + 1100] = '\0';
    assert_true(parse(text) == 1.0);
    text[length + 1099] = '1';
    assert_true(parse(text) == 0x1.0000000000001p0);
    text[length - 1] = '4';
    assert_true(parse(text) == 1.0);
}

static void only_the_text_s_own_bytes_are_read(void **state)
{
    (void)state;
    assert_true(wh_number_parse("12345", 3) == 123);
    assert_true(wh_number_parse("1.5e10", 3) == 1.5);
    assert_true(wh_number_parse("1.5e10", 5) == 15);
    assert_true(wh_number_parse("123456789012", 8) == 12345678);
}

/*
 * Grammar and integers
 */

static void the_grammar_is_that_of_rfc_8259(void **state)
{
    (void)state;
    static const char *const good[] = {
        "0", "-0", "1", "-1", "10", "123456789012345678901234567890", "0.0", "0.5", "-0.5",
        "1.10", "1e5", "1E5", "1e+5", "1e-5", "1e05", "0e0", "1.5e300", "1e400", "123.456E-789",
    };
    static const char *const bad[] = {
        "", "-", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1e-", "1e5.5",
        "1.2.3", "--1", "1-", " 1", "1 ", "0x10", "NaN", "nan", "Infinity", "-inf", "1_000", "1,5",
        "1f", "e5", "1ee5", "1e++5", "\xD9\xA1",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!wh_number_valid(good[i], strlen(good[i])))
            fail_msg("%s is a number", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (wh_number_valid(bad[i], strlen(bad[i])))
            fail_msg("\"%s\" is no number", bad[i]);
    assert_false(wh_number_valid("1\0", 2));
    assert_true(wh_number_valid("1.5e", 3));
    assert_false(wh_number_valid("1.5e", 2));
}

static void integers_are_exact_to_64_bits_and_no_further(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        { "0", 0 }, { "-0", 0 }, { "7", 7 }, { "-42", -42 },
        { "9007199254740993", INT64_C(9007199254740993) },
        { "9223372036854775807", INT64_MAX }, { "-9223372036854775808", INT64_MIN },
    };
    static const char *const bad[] = {
        "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1.0", "1e5", "0.5",
        "99999999999999999999999999999999999999", "-99999999999999999999999999999999999",
    };
    int64_t value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(wh_number_integer(good[i].text, strlen(good[i].text), &value));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (wh_number_integer(bad[i], strlen(bad[i]), &value))
            fail_msg("%s does not fit", bad[i]);
}

static void integers_are_printed_as_the_c_library_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < trials; i++) {
        int64_t value = i < 2 ? (i ? INT64_MAX : INT64_MIN) : (int64_t)next_random() >> i % 64;
        char expected[32], text[WH_NUMBER_SIZE + 1];
        snprintf(expected, sizeof expected, "%lld", (long long)value);
        text[wh_integer_print(value, text)] = '\0';
        assert_string_equal(text, expected);
    }
}

/*
 * Printing
 */

/* The significant digits of a printed number, without zeros at either end. */
static size_t significant_digits(const char *text, char *digits)
{
    size_t count = 0;
    for (; *text && *text != 'e'; text++)
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0'))
            digits[count++] = *text;
    while (count > 0 && digits[count - 1] == '0')
        count--;
    digits[count] = '\0';
    return count;
}

/* Whether a text with one digit less is read back to `value`: the nearest, or one beside it. */
static bool shorter_exists(double value, size_t count)
{
    char text[40];
    if (count < 2)
        return false;
    snprintf(text, sizeof text, "%.*e", (int)count - 2, value);
    long long digits = 0;
    const char *at = text;
    for (; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9')
            digits = digits * 10 + (*at - '0');
    int exponent = atoi(at + 1) - (int)(count - 2);
    for (long long beside = digits - 1; beside <= digits + 1; beside++) {
        snprintf(text, sizeof text, "%llde%d", beside, exponent);
        if (strtod(text, NULL) == value)
            return true;
    }
    return false;
}

static void check_print(double value)
{
    char text[WH_NUMBER_SIZE + 1], digits[WH_NUMBER_SIZE + 1];
    size_t length = wh_number_print(value, text);
    assert_true(length <= WH_NUMBER_SIZE);
    text[length] = '\0';
    if (!wh_number_valid(text, length))
        fail_msg("%s is no number", text);
    if (bits_of(strtod(text, NULL)) != bits_of(value) || bits_of(parse(text)) != bits_of(value))
        fail_msg("%.17g is printed as %s", value, text);
    if (value == 0)
        return;
    size_t count = significant_digits(text, digits);
    if (shorter_exists(fabs(value), count))
        fail_msg("%s is not the shortest", text);
    /* Of that many digits, those of the C library are nearest; if they can be read back at all. */
    char nearest[40], expected[40];
    snprintf(nearest, sizeof nearest, "%.*e", (int)count - 1, value);
    significant_digits(nearest, expected);
    if (strtod(nearest, NULL) == value && strcmp(digits, expected) != 0)
        fail_msg("%s is not the nearest: %s", text, nearest);
}

static void random_doubles_are_printed_shortest_and_nearest(void **state)
{
    (void)state;
    for (size_t i = 0; i < trials; i++)
        check_print(random_double());
}

static void doubles_that_people_write_are_printed_shortest(void **state)
{
    (void)state;
    static const double scales[] = { 1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e9, 1e12, 1e15 };
    for (size_t i = 0; i < trials; i++) {
        double scale = scales[i % (sizeof scales / sizeof *scales)];
        check_print((double)(next_random() >> (11 + i % 50)) / scale);
        check_print(-(double)(next_random() % 100000000) / scale);
    }
    for (int i = 0; i < 100000; i++)
        check_print(i / 1000.0);
}

static void every_power_and_its_neighbours_are_printed_shortest(void **state)
{
    (void)state;
    for (int exponent = -1074; exponent <= 1023; exponent++) {
        double power = ldexp(1, exponent);
        check_print(power);
        check_print(nextafter(power, 0));
        check_print(nextafter(power, 2 * power));
    }
    for (int exponent = -323; exponent <= 308; exponent++) {
        char text[16];
        snprintf(text, sizeof text, "1e%d", exponent);
        double power = strtod(text, NULL);
        check_print(power);
        check_print(nextafter(power, 0));
        check_print(nextafter(power, 2 * power));
    }
    for (uint64_t bits = 1; bits < 5000; bits++)
        check_print(from_bits(bits));
    check_print(0x1.fffffffffffffp1023);
    check_print(0x1p53);
    check_print(0x1p53 + 2);
    check_print(0x1p53 - 1);
}

/* JavaScript's forms but for the plus sign, and hard cases of U. Adams's Ryu (its d2s_test). */
static const char *const printed[] = {
    "0", "-0", "1", "-1", "100", "123456789", "0.1", "0.001", "0.000001", "1e-7", "1.5e-7", "12.5",
    "100000000000000000000", "123456789012345680000", "1e21", "1.5e21", "-1e21", "9007199254740991",
    "9007199254740992", "9007199254740994", "0.30000000000000004", "5e-324", "1e-323", "1.5e-323",
    "2.2250738585072014e-308", "2.225073858507201e-308", "1.7976931348623157e308", "1e23",
    "1.0000000000000001e23", "4.940656e-318", "1.18575755e-316", "2.989102097996e-312",
    "9060801153433600", "4708356024711512000", "9409340012568248000", "1.2345678", "4.35",
    "5.764607523034235e39", "1.152921504606847e40", "2.305843009213694e40", "2.9802322387695312e-8",
    "1.8531501765868567e21", "-3.347727380279489e33", "19430376160308388", "-69741824662760960000",
    "4381605060114783700", "1.2e-7", "999999999.999999", "999999999.9999999", "1000000000.000001",
    "0.0000012", "0.000009", "4.104e-15", "-0.0000033", "1234567.891", "-0.1234567890123456",
};

static void forms_are_those_of_javascript(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
        char text[WH_NUMBER_SIZE + 1];
        text[wh_number_print(strtod(printed[i], NULL), text)] = '\0';
        assert_string_equal(text, printed[i]);
    }
}

/*
 * The powers of ten behind both
 */

static void powers_of_ten_are_cut_off_after_128_bits(void **state)
{
    (void)state;
    static struct wh_wide powers[WH_POWERS];
    wh_powers_fill(powers);
    static const struct {
        int power;
        struct wh_wide bits;
    } known[] = { /* computed with Python's integers */
        { -342, { UINT64_C(0xEEF453D6923BD65A), UINT64_C(0x113FAA2906A13B3F) } },
        { -341, { UINT64_C(0x9558B4661B6565F8), UINT64_C(0x4AC7CA59A424C507) } },
        { -325, { UINT64_C(0xA5CED43B7E3E9188), UINT64_C(0x419EA3BD35385E2D) } },
        { -292, { UINT64_C(0xFF77B1FCBEBCDC4F), UINT64_C(0x25E8E89C13BB0F7A) } },
        { -100, { UINT64_C(0xDFF9772470297EBD), UINT64_C(0x59787E2B93BC56F7) } },
        { -28, { UINT64_C(0xFD87B5F28300CA0D), UINT64_C(0x8BCA9D6E188853FC) } },
        { -27, { UINT64_C(0x9E74D1B791E07E48), UINT64_C(0x775EA264CF55347D) } },
        { -5, { UINT64_C(0xA7C5AC471B478423), UINT64_C(0x0FCF80DC33721D53) } },
        { -2, { UINT64_C(0xA3D70A3D70A3D70A), UINT64_C(0x3D70A3D70A3D70A3) } },
        { -1, { UINT64_C(0xCCCCCCCCCCCCCCCC), UINT64_C(0xCCCCCCCCCCCCCCCC) } },
        { 0, { UINT64_C(0x8000000000000000), UINT64_C(0x0000000000000000) } },
        { 1, { UINT64_C(0xA000000000000000), UINT64_C(0x0000000000000000) } },
        { 2, { UINT64_C(0xC800000000000000), UINT64_C(0x0000000000000000) } },
        { 22, { UINT64_C(0x878678326EAC9000), UINT64_C(0x0000000000000000) } },
        { 27, { UINT64_C(0xCECB8F27F4200F3A), UINT64_C(0x0000000000000000) } },
        { 28, { UINT64_C(0x813F3978F8940984), UINT64_C(0x4000000000000000) } },
        { 54, { UINT64_C(0xA70C3C40A64E6C51), UINT64_C(0x999090B65F67D924) } },
        { 55, { UINT64_C(0xD0CF4B50CFE20765), UINT64_C(0xFFF4B4E3F741CF6D) } },
        { 56, { UINT64_C(0x82818F1281ED449F), UINT64_C(0xBFF8F10E7A8921A4) } },
        { 57, { UINT64_C(0xA321F2D7226895C7), UINT64_C(0xAFF72D52192B6A0D) } },
        { 100, { UINT64_C(0x924D692CA61BE758), UINT64_C(0x593C2626705F9C56) } },
        { 200, { UINT64_C(0xA738C6BEBB12D16C), UINT64_C(0xB428F8AC016561DB) } },
        { 308, { UINT64_C(0x8E679C2F5E44FF8F), UINT64_C(0x570F09EAA7EA7648) } },
        { 324, { UINT64_C(0x9E19DB92B4E31BA9), UINT64_C(0x6C07A2C26A8346D1) } },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct wh_wide bits = powers[known[i].power - WH_POWER_LEAST];
        assert_true(bits.high == known[i].bits.high && bits.low == known[i].bits.low);
    }
    for (int i = 0; i < WH_POWERS; i++)
        assert_true(powers[i].high >> 63);
}

static void exact_is_what_a_double_gives_back(void **state)
{
    (void)state;
    static const char *const exact[] = {
        "0", "-0", "0.1", "12.50", "-17.25e1", "123456789012345", "9007199254740992", "1e22",
        "0.30000000000000000000000", "100000000000000000000", "5e-324", "1.7976931348623157e308",
        "0.000", "0e999",
    };
    static const char *const inexact[] = {
        "9007199254740993", "12345678901234567890", "0.12345678901234567890", "1e400", "-1e400",
        "1e-400", "0.1000000000000000055511151231257827", "3e-324", "1.00000000000000000001",
    };
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        assert_true(wh_number_exact(exact[i], strlen(exact[i])));
    for (size_t i = 0; i < sizeof inexact / sizeof *inexact; i++)
        assert_false(wh_number_exact(inexact[i], strlen(inexact[i])));
}

static void kept_is_what_has_the_digits_of_a_double_or_a_single(void **state)
{
    (void)state;
    static const char *const both[] = {
        "0", "-0.00", "0.1", "12.50", "-1e5", "1000000000", "1e30", "16777216", "0.000001", "3.4028235e38",
        "1e-45", "0.100000001", "3.40282347e38",
    };
    static const char *const only_double[] = {
        "0.10000000000000001", "0.30000000000000004", "9007199254740992", "16777217", "0.123456789",
        "1e39", "1e-46", "123456789012345", "1.7976931348623157e308", "5e-324", "100000001",
    };
    static const char *const neither[] = {
        "9007199254740993", "12345678901234567890", "0.12345678901234567890", "1e400", "1e-400",
        "0.12345678901234567", "0.1000000000000000055511151231257827",
    };
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        assert_true(wh_number_kept(both[i], strlen(both[i])));
        assert_true(wh_number_kept_single(both[i], strlen(both[i])));
    }
    for (size_t i = 0; i < sizeof only_double / sizeof *only_double; i++) {
        assert_true(wh_number_kept(only_double[i], strlen(only_double[i])));
        assert_false(wh_number_kept_single(only_double[i], strlen(only_double[i])));
    }
    for (size_t i = 0; i < sizeof neither / sizeof *neither; i++) {
        assert_false(wh_number_kept(neither[i], strlen(neither[i])));
        assert_false(wh_number_kept_single(neither[i], strlen(neither[i])));
    }
}

int main(void)
{
    trials = trials_of(200000);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_is_what_a_double_gives_back),
        cmocka_unit_test(kept_is_what_has_the_digits_of_a_double_or_a_single),
        cmocka_unit_test(hard_texts_are_read_as_the_nearest_double),
        cmocka_unit_test(every_power_of_ten_with_every_short_number_is_read_right),
        cmocka_unit_test(random_digits_of_any_length_are_read_right),
        cmocka_unit_test(the_middle_of_two_doubles_goes_to_the_even_one),
        cmocka_unit_test(a_thousand_digits_decide_by_their_last),
        cmocka_unit_test(only_the_text_s_own_bytes_are_read),
        cmocka_unit_test(the_grammar_is_that_of_rfc_8259),
        cmocka_unit_test(integers_are_exact_to_64_bits_and_no_further),
        cmocka_unit_test(integers_are_printed_as_the_c_library_does),
        cmocka_unit_test(random_doubles_are_printed_shortest_and_nearest),
        cmocka_unit_test(doubles_that_people_write_are_printed_shortest),
        cmocka_unit_test(every_power_and_its_neighbours_are_printed_shortest),
        cmocka_unit_test(forms_are_those_of_javascript),
        cmocka_unit_test(powers_of_ten_are_cut_off_after_128_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
