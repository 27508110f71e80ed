#include "lib/store/intern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/meta.h"
#include "lib/base/alloc_sweep.h"

static json_t *object(const char *name, int n)
{
    json_t *o = json_pack("{s{ss ss s{ss}} s{si s[sss] sb s{}} s[{ss sf}]}", "metadata", "name",
                          name, "uid", "same-uid", "labels", "app", "a", "spec", "n", n, "args",
                          "x", "y", name, "flag", 1, "empty", "list", "k", "v", "real", 1.5);

    return o;
}

static json_t *parse(const char *text)
{
    json_t *o = meta_parse(text, strlen(text), 10000, NULL);

    assert_non_null(o);
    return o;
}

static void test_shares_what_is_equal(void **state)
{
    static const char text[] =
        "{\"metadata\":{\"name\":\"NAME\",\"labels\":{\"b\":\"c\"}},"
        "\"spec\":{\"list\":[1,{\"x\":null,\"y\":[true,\"z\"]}],\"s\":\"t\"},"
        "\"status\":{\"ip\":\"1\",\"conditions\":[{\"type\":\"Ready\"}]}}";
    struct intern t;
    _cleanup_json_ json_t *a = parse(text), *b = parse(text), *copy = parse(text);

    (void)state;
    intern_init(&t);
    assert_int_equal(json_object_set_new(json_object_get(b, "metadata"), "name", json_string("B")),
                     0);
    intern_object(&t, a);
    intern_object(&t, b);
    assert_ptr_equal(json_object_get(a, "spec"), json_object_get(b, "spec"));
    assert_ptr_equal(meta_get(a, "metadata.labels"), meta_get(b, "metadata.labels"));
    assert_ptr_equal(meta_get(a, "status.conditions"), meta_get(b, "status.conditions"));
    /* What holds something of its own is not shared. */
    assert_ptr_not_equal(json_object_get(a, "metadata"), json_object_get(b, "metadata"));
    assert_ptr_not_equal(json_object_get(a, "status"), json_object_get(b, "status"));
    assert_true(json_equal(a, copy)); /* and nothing has changed */
    intern_object(&t, a);             /* twice is once */
    assert_true(json_equal(a, copy));
    intern_done(&t);
    assert_true(json_equal(a, copy)); /* the objects outlive the table */
}

static void test_differences(void **state)
{
    static const char *const texts[] = {
        "{\"s\":{\"a\":1}}",
        "{\"s\":{\"a\":2}}",
        "{\"s\":{\"b\":1}}",
        "{\"s\":{\"a\":\"1\"}}",
        "{\"s\":{\"a\":1.0}}",
        "{\"s\":{\"a\":true}}",
        "{\"s\":{\"a\":null}}",
        "{\"s\":{}}",
        "{\"s\":[]}",
        "{\"s\":[1]}",
        "{\"s\":[[1]]}",
        "{\"s\":[1,1]}",
        "{\"s\":\"\"}",
        "{\"s\":{\"a\":1,\"b\":2}}",
        "{\"s\":{\"a\":{},\"b\":{}}}",
    };
    struct intern t;
    json_t *all[ARRAY_SIZE(texts)];

    (void)state;
    intern_init(&t);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        all[i] = parse(texts[i]);
        intern_object(&t, all[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        _cleanup_json_ json_t *same = parse(texts[i]);

        assert_true(json_equal(all[i], same));
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(json_object_get(all[i], "s"), json_object_get(all[j], "s"));
    }
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        json_decref(all[i]);
    intern_done(&t);
}

/* What nobody holds any more does not stay for ever. */
static void test_forgets(void **state)
{
    struct intern t;
    _cleanup_json_ json_t *kept = object("kept", -1), *want = object("kept", -1);
    char name[32];

    (void)state;
    intern_init(&t);
    intern_object(&t, kept);
    for (int i = 0; i < 20000; i++) {
        json_t *o;

        (void)snprintf(name, sizeof(name), "n%d", i);
        o = object(name, i);
        assert_int_equal(meta_set_str(o, "spec.own", name + 1, NULL), 0);
        intern_object(&t, o);
        json_decref(o);
    }
    assert_true(t.n_slots <= 4096);
    assert_true(json_equal(kept, want));
    intern_done(&t);
}

static int scenario(void *user, struct err *err)
{
    struct intern t;
    json_t *all[3];

    (void)user;
    (void)err;
    intern_init(&t);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        alloc_sweep_pause();
        all[i] = object(i == 1 ? "b" : "a", 7);
        alloc_sweep_resume();
        intern_object(&t, all[i]); /* never fails */
    }
    alloc_sweep_pause();
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        _cleanup_json_ json_t *want = object(i == 1 ? "b" : "a", 7);

        assert_true(json_equal(all[i], want));
        json_decref(all[i]);
    }
    alloc_sweep_resume();
    intern_done(&t);
    return 0;
}

static void test_without_memory(void **state)
{
    (void)state;
    alloc_sweep(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_what_is_equal),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_forgets),
        cmocka_unit_test(test_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
