/* What jansson promises of values, held to ours; value_fuzz.c does the same by chance. */
#include "lib/json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/bytes.h"

static char *text_of(const json_t *v)
{
    char *s = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);

    assert_non_null(s);
    return s;
}

/* Takes over v. */
static void is_text(json_t *v, const char *want)
{
    char *s = text_of(v);

    assert_string_equal(s, want);
    free(s);
    json_decref(v);
}

static json_t *parse(const char *text)
{
    json_error_t where;
    json_t *v = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);

    if (!v)
        fail_msg("%s: %s", text, where.text);
    return v;
}

static void test_reads_and_writes(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "\"\"",
        "{\"\":\"\"}",
        "{\"a\":{\"b\":[1,-2,3.5,true,false,null,\"t\\u0007\\\"\"]},\"c\":[],\"d\":{}}",
        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]",
        "9223372036854775807",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        is_text(parse(texts[i]), texts[i]);
}

static void test_members_keep_their_order(void **state)
{
    json_t *o = parse("{\"z\":1,\"y\":2,\"x\":3}");

    (void)state;
    assert_int_equal(json_object_set_new(o, "y", json_string("new")), 0); /* in its place */
    assert_int_equal(json_object_del(o, "z"), 0);
    assert_int_equal(json_object_del(o, "z"), -1);
    assert_int_equal(json_object_set_new(o, "z", json_null()), 0); /* at the end */
    assert_int_equal(json_object_size(o), 3);
    json_trim(o);
    is_text(o, "{\"y\":\"new\",\"x\":3,\"z\":null}");
}

static json_t *many(size_t n)
{
    json_t *o = json_object();
    char key[32];

    for (size_t i = 0; i < n; i++) {
        (void)snprintf(key, sizeof(key), "key-%zu", i);
        assert_int_equal(json_object_set_new(o, key, json_integer((json_int_t)i)), 0);
    }
    return o;
}

/* Over and over the bound from which on there is an index. */
static void test_many_members(void **state)
{
    char key[32];

    (void)state;
    for (size_t n = 0; n < 300; n += n < 60 ? 1 : 37) {
        json_t *o = many(n), *copy = json_copy(o);

        for (size_t i = 0; i < n; i += 2) {
            (void)snprintf(key, sizeof(key), "key-%zu", i);
            assert_int_equal(json_object_del(o, key), 0);
        }
        json_trim(o);
        assert_int_equal(json_object_size(o), n / 2);
        assert_int_equal(json_object_size(copy), n);
        for (size_t i = 0; i < n; i++) {
            (void)snprintf(key, sizeof(key), "key-%zu", i);
            assert_int_equal(json_object_get(o, key) != NULL, i % 2);
            assert_int_equal(json_integer_value(json_object_get(copy, key)), i);
        }
        assert_true(n == 0 || !json_equal(o, copy));
        assert_int_equal(json_object_update_missing(o, copy), 0);
        assert_true(json_equal(o, copy));
        json_decref(o);
        json_decref(copy);
    }
}

static void test_deleting_while_going_over_it(void **state)
{
    json_t *o = many(40), *v;
    const char *key;
    void *next;

    (void)state;
    json_object_foreach_safe(o, next, key, v)
    {
        if (json_integer_value(v) % 3 != 0)
            assert_int_equal(json_object_del(o, key), 0);
    }
    assert_int_equal(json_object_size(o), 14);
    json_object_foreach(o, key, v)
    {
        assert_int_equal(json_integer_value(v) % 3, 0);
        assert_ptr_equal(json_object_iter_value(json_object_key_to_iter(key)), v);
        assert_ptr_equal(json_object_iter_at(o, key), json_object_key_to_iter(key));
        assert_int_equal(json_object_iter_set_new(o, json_object_iter_at(o, key), json_true()), 0);
    }
    assert_true(json_is_true(json_object_get(o, "key-39")));
    assert_int_equal(json_object_clear(o), 0);
    assert_null(json_object_iter(o));
    assert_int_equal(json_object_set_new(o, "again", json_array()), 0);
    is_text(o, "{\"again\":[]}");
}

static void test_what_is_refused(void **state)
{
    json_t *o = json_object(), *a = json_array(), *v = json_string("x");
    char *key = calloc(1, 70000);

    (void)state;
    assert_non_null(key);
    (void)memset(key, 'k', 65535);
    assert_int_equal(json_object_set(o, key, v), 0);
    key[65535] = 'k';
    assert_int_equal(json_object_set(o, key, v), -1); /* one too long */
    assert_int_equal(json_object_set(o, "\xff", v), -1);
    assert_int_equal(json_object_setn(o, "a\0b", 3, v), -1);
    assert_int_equal(json_object_set(o, "x", NULL), -1);
    assert_int_equal(json_object_set_new(o, "x", json_incref(o)), -1);
    assert_int_equal(json_object_set(a, "x", v), -1);
    assert_int_equal(json_array_append(o, v), -1);
    assert_int_equal(json_array_append_new(a, json_incref(a)), -1);
    assert_int_equal(json_array_set(a, 0, v), -1);
    assert_int_equal(json_array_insert(a, 1, v), -1);
    assert_int_equal(json_array_remove(a, 0), -1);
    assert_null(json_string("\xc3"));
    assert_null(json_real(1e308 * 10));
    assert_int_equal(v->refcount, 2); /* o's and ours: none is lost, none too many */
    assert_null(json_object_get(NULL, "a"));
    assert_null(json_object_get(v, "a"));
    assert_null(json_array_get(a, 0));
    assert_null(json_string_value(o));
    json_decref(v);
    json_decref(a);
    json_decref(o);
    free(key);
}

static void test_arrays(void **state)
{
    json_t *a = json_array();

    (void)state;
    for (int i = 0; i < 200; i++)
        assert_int_equal(json_array_append_new(a, json_integer(i)), 0);
    for (int i = 199; i > 2; i--)
        assert_int_equal(json_array_remove(a, (size_t)i), 0);
    assert_int_equal(json_array_insert_new(a, 0, json_string("first")), 0);
    assert_int_equal(json_array_insert_new(a, 4, json_string("last")), 0);
    assert_int_equal(json_array_set_new(a, 1, json_null()), 0);
    assert_int_equal(json_array_extend(a, a), 0);
    is_text(json_deep_copy(a), "[\"first\",null,1,2,\"last\",\"first\",null,1,2,\"last\"]");
    assert_int_equal(json_array_clear(a), 0);
    json_trim(a);
    assert_int_equal(json_array_append_new(a, json_true()), 0);
    is_text(a, "[true]");
}

static void test_copies(void **state)
{
    json_t *o = parse("{\"a\":{\"b\":[\"c\",1,1.5,null]}}"), *copy = json_copy(o);
    json_t *deep = json_deep_copy(o);

    (void)state;
    assert_ptr_equal(json_object_get(copy, "a"), json_object_get(o, "a"));
    assert_ptr_not_equal(json_object_get(deep, "a"), json_object_get(o, "a"));
    assert_true(json_equal(o, deep));
    assert_int_equal(json_object_set_new(json_object_get(deep, "a"), "b", json_false()), 0);
    assert_false(json_equal(o, deep));
    is_text(o, "{\"a\":{\"b\":[\"c\",1,1.5,null]}}");
    is_text(copy, "{\"a\":{\"b\":[\"c\",1,1.5,null]}}");
    is_text(deep, "{\"a\":{\"b\":false}}");
}

static void test_packs(void **state)
{
    const char *s = NULL;
    json_int_t n = 0;
    json_t *o = json_pack("{s:s, s:{s:[i, b, n, f]}, s:o, s:s#}", "a", "x", "b", "c", 1, 1, 2.5,
                          "d", json_sprintf("%s-%d", "p", 7), "e", "cut off", 3);

    (void)state;
    assert_int_equal(json_unpack(o, "{s:s, s:{s:[I]}}", "d", &s, "b", "c", &n), 0);
    assert_string_equal(s, "p-7");
    assert_int_equal(n, 1);
    is_text(o, "{\"a\":\"x\",\"b\":{\"c\":[1,true,null,2.5]},\"d\":\"p-7\",\"e\":\"cut\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_and_writes),
        cmocka_unit_test(test_members_keep_their_order),
        cmocka_unit_test(test_many_members),
        cmocka_unit_test(test_deleting_while_going_over_it),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_packs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
