#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/json_read.h"
#include "lib/api/meta.h"
#include "lib/base/alloc_sweep.h"
#include "lib/base/limits.h"

static const char pod[] =
    "{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-1\",\"uid\":\"u\\"
    "u00e9\",\"managedFields\":[{\"manager\":\"m\",\"fieldsV1\":{\"f:spec\":{}}}],\"labels\":{\"a\":"
    "\"b\\n\"}},\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]},"
    "\"status\":{\"phase\":\"Running\"}}}";

static const char *const no_managed[] = {"managedFields", NULL};
static const char *const node[] = {"nodeName", NULL};
static const struct json_sieve metadata = {.without = no_managed}, spec = {.only = node};
static const struct json_sieve_member members[] = {{"metadata", &metadata}, {"spec", &spec}, {0}};
static const struct json_sieve object = {.inside = members};
static const struct json_sieve_member event_members[] = {{"object", &object}, {0}};
static const struct json_sieve event = {.inside = event_members};

static const char kept[] =
    "{\"object\":{\"kind\":\"Pod\",\"metadata\":{\"labels\":{\"a\":\"b\\n\"},\"name\":\"web-1\","
    "\"uid\":\"u\u00e9\"},\"spec\":{\"nodeName\":\"n\"},\"status\":{\"phase\":\"Running\"}},\"type\":"
    "\"ADDED\"}";

static void test_sieve(void **state)
{
    struct err err = {0};
    _cleanup_json_ json_t *o = json_read(pod, strlen(pod), 10000, &event, &err);
    _cleanup_(freep) char *text = NULL;

    (void)state;
    assert_non_null(o);
    text = meta_dump(o, &err);
    assert_string_equal(text, kept);
}

static void test_find(void **state)
{
    struct json_find f[] = {{.keys = {"type"}},
                            {.keys = {"object", "metadata", "name"}},
                            {.keys = {"object", "metadata", "uid"}},
                            {.keys = {"object", "metadata", "namespace"}},
                            {.keys = {"object"}}};
    struct err err = {0};
    const char *s;
    size_t n;

    (void)state;
    assert_int_equal(json_find(pod, strlen(pod), 10000, f, ARRAY_SIZE(f), &err), 0);
    assert_true(json_find_text(&f[0], &s, &n));
    assert_true(n == 5 && memcmp(s, "ADDED", 5) == 0);
    assert_true(json_find_text(&f[1], &s, &n));
    assert_true(n == 5 && memcmp(s, "web-1", 5) == 0);
    assert_false(json_find_text(&f[2], &s, &n)); /* it has an escape */
    assert_non_null(f[2].at);
    assert_null(f[3].at);
    assert_false(json_find_text(&f[4], &s, &n));
    assert_true(f[4].at[0] == '{' && f[4].at + f[4].n == pod + strlen(pod) - 1);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *text, *reason, *msg;
    } cases[] = {
        {"", "BadRequest", "JSON line 1, column 1: no value"},
        {"{\"a\":\n 1", "BadRequest", "JSON line 2, column 3: an object that goes on without ','"},
        {"{\"a\":1,}", "BadRequest", "JSON line 1, column 8: no key"},
        {"{\"a\" 1}", "BadRequest", "JSON line 1, column 6: a key without ':'"},
        {"{\"a\":1,\"a\":2}", "BadRequest", "JSON line 1, column 13: a key that was there before"},
        {"[1 2]", "BadRequest", "JSON line 1, column 4: an array that goes on without ','"},
        {"\"a\tb\"", "BadRequest", "JSON line 1, column 3: a control character in a string"},
        {"\"\\ud800\"", "BadRequest", "JSON line 1, column 8: half a surrogate pair"},
        {"\"\xff\"", "BadRequest", "JSON line 1, column 4: a string that is not UTF-8"},
        {"012", "BadRequest", "JSON line 1, column 2: a number that begins with 0"},
        {"truth", "BadRequest", "JSON line 1, column 1: no value"},
        {"[] []", "BadRequest", "JSON line 1, column 4: something after the value"},
        {"[1e999]", "BadRequest", "JSON line 1, column 7: a number out of range"},
        {"                                     ", "TooLarge", "37 bytes of JSON; 36 is the most"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = {0};

        assert_null(json_read(cases[i].text, strlen(cases[i].text), 36, NULL, &err));
        assert_string_equal(err.reason, cases[i].reason);
        assert_string_equal(err.msg, cases[i].msg);
    }
}

/* Whatever comes before a byte that matters, it is seen: strings are read by eights. */
static void test_every_place(void **state)
{
    char text[64];

    (void)state;
    for (int n = 0; n < 40; n++) {
        _cleanup_json_ json_t *o = NULL, *want = NULL;

        for (size_t i = 0; i < 4; i++) {
            static const char *const what[] = {"\\n", "\x01", "\u00e9", ""};

            (void)snprintf(text, sizeof(text), "[\"%.*s%sxyz\"]", n,
                           "0123456789012345678901234567890123456789", what[i]);
            o = json_read(text, strlen(text), 100, NULL, NULL);
            want = meta_parse(text, strlen(text), 100, NULL);
            assert_true((o == NULL) == (i == 1));
            assert_true((!o && !want) || json_equal(o, want));
            json_decref(TAKE_PTR(o));
            json_decref(TAKE_PTR(want));
        }
    }
}

static int read_all(void *user, struct err *err)
{
    _cleanup_json_ json_t *o = json_read(pod, strlen(pod), 10000, NULL, err);

    (void)user;
    if (!o)
        return -1;
    assert_string_equal(meta_str(o, "object.metadata.uid", ""), "u\u00e9");
    assert_string_equal(meta_label(json_object_get(o, "object"), "a"), "b\n");
    return 0;
}

static void test_no_memory(void **state)
{
    (void)state;
    alloc_sweep(read_all, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sieve),     cmocka_unit_test(test_find),
        cmocka_unit_test(test_refusals),  cmocka_unit_test(test_every_place),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
