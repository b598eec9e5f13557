/* Which source an operand names, and what of a URL may be shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "database/url.h"
#include "source/query.h"
#include "source/source.h"

static struct wh_error error;

static void an_operand_names_its_kind(void **state)
{
    (void)state;
    static const struct {
        const char *operand;
        const struct wh_kind *kind;
    } cases[] = {
        { "sqlite:shop.db", &wh_sqlite_source.kind },
        { "sqlite:///tmp/shop.db", &wh_sqlite_source.kind },
        { "postgresql:///shop", &wh_postgres_source.kind },
        { "postgres://h/d", &wh_postgres_source.kind },
        { "-", &wh_file_source.kind },
        { "orders.csv", &wh_file_source.kind },
        { "a:b.csv", &wh_file_source.kind },
        { "./mysql://x", &wh_file_source.kind },
        { "", &wh_file_source.kind },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_ptr_equal(wh_kind_find(&wh_sources, cases[i].operand, &error),
                         cases[i].kind->absent ? NULL : cases[i].kind);
}

static void an_unknown_scheme_is_refused_with_the_nearest(void **state)
{
    (void)state;
    assert_null(wh_kind_find(&wh_sources, "postgresq://h/d", &error));
    assert_int_equal(error.status, WH_REFUSED);
    assert_string_equal(error.text, "no kind of source is called postgresq:// "
                                    "(did you mean postgresql://?)");
    assert_null(wh_kind_find(&wh_sources, "teradata://u:secret@h", &error));
    assert_string_equal(error.text, "no kind of source is called teradata:// (give sqlite:PATH, "
                                    "postgresql://[USER@]HOST[:PORT]/DATABASE or a file, with ./ "
                                    "before a name like this)");
}

static void files_and_databases_do_not_mix(void **state)
{
    (void)state;
    static const char *const operands[] = { "a.csv", "sqlite:b.db" };
    struct wh_source_request request = { .operands = operands, .count = 2 };
    assert_null(wh_source_open(&request, &error));
    if (!wh_sqlite_source.kind.absent)
        assert_string_equal(error.text, "several SOURCEs must all be files");
    request.count = 0;
    assert_null(wh_source_open(&request, &error));
    assert_int_equal(error.status, WH_REFUSED);
}

static void assert_shown(const char *url, const char *expected)
{
    char *shown = wh_url_display(url);
    assert_string_equal(shown, expected);
    free(shown);
}

static void a_password_is_never_shown(void **state)
{
    (void)state;
    assert_shown("postgresql:///shop", "postgresql:///shop");
    assert_shown("postgresql://", "postgresql://");
    assert_shown("postgresql://ada@db:5432/shop", "postgresql://ada@db:5432/shop");
    assert_shown("postgresql://ada:secret@db/shop", "postgresql://ada@db/shop");
    assert_shown("postgresql://ada:@db/shop", "postgresql://ada@db/shop");
    assert_shown("postgresql://:secret@db/shop", "postgresql://@db/shop");
    assert_shown("postgresql://db/shop?user=ada&password=secret", "postgresql://db/shop");
    assert_shown("postgresql://ada:sec@ret@db/shop", "postgresql://");
    assert_shown("postgresql://ada:sec/ret@db/shop", "postgresql://");
    assert_shown("postgresql://ada:sec?ret@db/shop", "postgresql://");
    assert_shown("postgresql://[::1]:5432/shop", "postgresql://[::1]:5432/shop");
    assert_shown("postgresql://a:1,b:2/shop", "postgresql://a:1,b:2/shop");
}

static void a_password_is_noticed_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const with[] = {
        "postgresql://ada:secret@db/shop", "postgresql://db/shop?password=secret",
        "postgresql://db/shop?user=ada&password=secret", "postgresql://ada:sec/ret@db/shop",
        "postgresql://db/shop?sslmode=require&sslpassword=secret",
        "postgresql://db/shop?PASSWORD=secret",
    };
    static const char *const without[] = {
        "postgresql:///shop", "postgresql://ada@db:5432/shop", "postgresql://[::1]:5432/shop",
        "postgresql://db/shop?passfile=/etc/pass", "postgresql://a:1,b:2/shop?application_name=a@b",
    };
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        assert_true(wh_url_has_password(with[i]));
    for (size_t i = 0; i < sizeof without / sizeof *without; i++)
        assert_false(wh_url_has_password(without[i]));
}

static void a_bare_mark_in_a_password_is_refused_without_showing_it(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "postgresql://ada:sec@ret@db/shop", "postgresql://ada:sec/ret@db/shop",
        "postgresql://ada:sec#ret@db/shop", "postgresql://ada:sec?ret@db",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(wh_url_check(wrong[i], &error), -1);
        assert_int_equal(error.status, WH_REFUSED);
        assert_string_equal(error.text, "the password in the URL holds '@', '/', '?' or '#': write "
                                        "%40, %2F, %3F or %23, or keep it in PGPASSFILE");
    }
    assert_int_equal(wh_url_check("postgresql://ada:sec%40ret@db:5432/shop?x=a@b", &error), 0);
    assert_int_equal(wh_url_check("postgresql://db:5432/a@b", &error), 0);
}

static void columns_that_a_stream_cannot_carry_are_refused(void **state)
{
    (void)state;
    static const char *const twice[] = { "id", "name", "id" };
    static const char *const control[] = { "@wh", "id" };
    static const char *const late[] = { "id", "@wh" };
    assert_null(wh_source_shape(twice, 3, &error));
    assert_string_equal(error.text, "columns 1 and 3 are both called \"id\" (rename one with AS)");
    assert_null(wh_source_shape(control, 2, &error));
    assert_null(wh_source_shape(NULL, 0, &error));
    struct wh_shape *shape = wh_source_shape(late, 2, &error);
    assert_int_equal(shape->count, 2);
    wh_shape_close(shape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operand_names_its_kind),
        cmocka_unit_test(an_unknown_scheme_is_refused_with_the_nearest),
        cmocka_unit_test(files_and_databases_do_not_mix),
        cmocka_unit_test(a_password_is_never_shown),
        cmocka_unit_test(a_password_is_noticed_wherever_it_stands),
        cmocka_unit_test(a_bare_mark_in_a_password_is_refused_without_showing_it),
        cmocka_unit_test(columns_that_a_stream_cannot_carry_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
