#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/meta.h"
#include "lib/base/limits.h"

static json_t *parse(const char *text)
{
    struct err err = {0};
    json_t *j = meta_parse(text, strlen(text), LIMIT_OBJECT, &err);

    if (!j)
        fail_msg("%s", err.msg);
    return j;
}

static void assert_json(const json_t *j, const char *want)
{
    struct err err;
    _cleanup_(freep) char *text = meta_dump(j, &err);

    assert_string_equal(text, want);
}

static void test_paths(void **state)
{
    _cleanup_json_ json_t *o = parse("{\"spec\":{\"n\":3,\"b\":true,\"s\":\"x\",\"z\":null}}");
    struct err err;

    (void)state;
    assert_int_equal(meta_int(o, "spec.n", 9), 3);
    assert_int_equal(meta_int(o, "spec.s", 9), 9);
    assert_true(meta_bool(o, "spec.b", false));
    assert_string_equal(meta_str(o, "spec.s", "-"), "x");
    assert_string_equal(meta_str(o, "spec.s.t", "-"), "-");
    assert_null(meta_get(o, "spec.z"));
    assert_int_equal(meta_set_str(o, "status.a.b", "v", &err), 0);
    assert_int_equal(meta_set_time(o, "status.t", 0, &err), 0);
    assert_string_equal(meta_str(o, "status.t", ""), "1970-01-01T00:00:00Z");
    assert_int_equal(meta_time(o, "status.t", 7), 0);
    assert_int_equal(meta_time(o, "status.a.b", 7), 7);
    meta_remove(o, "spec");
    meta_remove(o, "status.t");
    meta_remove(o, "status.no.such");
    assert_json(o, "{\"status\":{\"a\":{\"b\":\"v\"}}}");
}

static void test_labels(void **state)
{
    _cleanup_json_ json_t *o = json_object();
    _cleanup_json_ json_t *want = parse("{\"a.b/c\":\"1\"}");
    struct err err;

    (void)state;
    assert_false(meta_labels_match(o, want));
    assert_true(meta_labels_match(o, NULL));
    assert_int_equal(meta_set_label(o, "a.b/c", "1", &err), 0);
    assert_true(meta_labels_match(o, want));
    assert_string_equal(meta_label(o, "a.b/c"), "1");
    assert_null(meta_annotation(o, "a.b/c"));
    assert_int_equal(meta_set_label(o, "a.b/c", NULL, &err), 0);
    assert_json(o, "{\"metadata\":{}}");
}

static void test_conditions(void **state)
{
    _cleanup_json_ json_t *o = json_object();
    struct meta_condition c = {"Ready", "False", "Starting", "not yet", 1};
    struct err err;

    (void)state;
    assert_int_equal(meta_set_condition(o, &c, 100, &err), 1);
    assert_int_equal(meta_set_condition(o, &c, 200, &err), 0);
    c.observed_generation = 2;
    c.reason = "StillStarting";
    assert_int_equal(meta_set_condition(o, &c, 300, &err), 1);
    assert_int_equal(meta_time(meta_condition(o, "Ready"), "lastTransitionTime", 0), 100);
    c.status = "True";
    assert_int_equal(meta_set_condition(o, &c, 400, &err), 1);
    assert_int_equal(meta_time(meta_condition(o, "Ready"), "lastTransitionTime", 0), 400);
    assert_true(meta_condition_is(o, "Ready", "True"));
    assert_false(meta_condition_is(o, "Other", "True"));
    assert_true(meta_remove_condition(o, "Ready"));
    assert_false(meta_remove_condition(o, "Ready"));
}

static void test_owners_and_finalizers(void **state)
{
    _cleanup_json_ json_t *o = json_object();
    struct meta_owner pool = {
        "extensions.agents.x-k8s.io/v1alpha1", "SandboxWarmPool", "p", "u1", true, true};
    struct err err;

    (void)state;
    assert_int_equal(meta_set_owner(o, &pool, &err), 0);
    pool.api_version = "extensions.agents.x-k8s.io/v1beta1";
    assert_int_equal(meta_set_owner(o, &pool, &err), 0);
    assert_int_equal(json_array_size(meta_get(o, "metadata.ownerReferences")), 1);
    assert_true(
        meta_ref_is(meta_controller_ref(o), "extensions.agents.x-k8s.io", "SandboxWarmPool"));
    assert_false(meta_ref_is(meta_controller_ref(o), "agents.x-k8s.io", "SandboxWarmPool"));
    assert_true(meta_is_owned_by(o, "u1"));
    assert_true(meta_remove_owner(o, "u1"));
    assert_null(meta_controller_ref(o));
    assert_int_equal(meta_add_finalizer(o, "f", &err), 0);
    assert_int_equal(meta_add_finalizer(o, "f", &err), 0);
    assert_true(meta_has_finalizer(o, "f"));
    assert_true(meta_remove_finalizer(o, "f"));
    assert_false(meta_remove_finalizer(o, "f"));
    assert_json(o, "{\"metadata\":{}}");
}

/* RFC 7396, appendix A, as far as the target is an object. */
static void test_merge(void **state)
{
    static const char *const cases[][3] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_json_ json_t *from = parse(cases[i][0]), *patch = parse(cases[i][1]);
        _cleanup_json_ json_t *to = meta_merge_apply(from, patch, NULL);
        _cleanup_json_ json_t *d = meta_merge_diff(from, to, NULL);
        _cleanup_json_ json_t *again = meta_merge_apply(from, d, NULL);

        assert_json(to, cases[i][2]);
        assert_json(from, cases[i][0]);
        assert_true(json_equal(again, to));
    }
}

static void test_hash(void **state)
{
    _cleanup_json_ json_t *a = parse("{\"x\":1,\"y\":{\"z\":[]},\"q\":\"\"}");
    _cleanup_json_ json_t *b = parse("{\"x\":1,\"n\":null}");
    _cleanup_json_ json_t *c = parse("{\"x\":2}");
    char ha[9], hb[9], hc[9];

    (void)state;
    assert_int_equal(meta_hash(a, ha, NULL), 0);
    assert_int_equal(meta_hash(b, hb, NULL), 0);
    assert_int_equal(meta_hash(c, hc, NULL), 0);
    assert_string_equal(ha, hb);
    assert_string_not_equal(ha, hc);
}

static void test_same(void **state)
{
    static const struct {
        const char *a, *b;
        int want;
    } cases[] = {
        {"{\"limits\":{\"cpu\":1}}", "{\"limits\":{\"cpu\":\"1000m\"}}", 1},
        {"{\"requests\":{\"memory\":\"1Gi\"}}", "{\"requests\":{\"memory\":\"1024Mi\"}}", 1},
        {"{\"requests\":{\"memory\":\"1Gi\"}}", "{\"requests\":{\"memory\":\"1G\"}}", 0},
        {"{\"sizeLimit\":\"1k\"}", "{\"sizeLimit\":1000}", 1},
        {"{\"limits\":{\"cpu\":\"x\"}}", "{\"limits\":{\"cpu\":\"x\"}}", 1},
        {"{\"other\":\"1\"}", "{\"other\":\"1000m\"}", 0},
        {"{\"a\":{\"b\":[]}}", "{\"a\":{}}", 1},
        {"{\"a\":[1,2]}", "{\"a\":[2,1]}", 0},
    };
    _cleanup_json_ json_t *empty = parse("{\"x\":null}");

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_json_ json_t *a = parse(cases[i].a), *b = parse(cases[i].b);

        assert_int_equal(meta_same(a, b, NULL), cases[i].want);
    }
    assert_int_equal(meta_same(NULL, empty, NULL), 1);
    assert_int_equal(meta_same(NULL, NULL, NULL), 1);
}

static void test_parse_refuses(void **state)
{
    char deep[2 * LIMIT_JSON_DEPTH + 8] = "";
    struct err err;

    (void)state;
    memset(deep, '[', LIMIT_JSON_DEPTH + 1);
    assert_null(meta_parse(deep, strlen(deep), 1000, &err));
    assert_non_null(strstr(err.msg, "deeper"));
    assert_null(meta_parse("{\"a\":1,\n \"a\":2}", 15, 1000, &err));
    assert_string_equal(err.reason, "BadRequest");
    assert_non_null(strstr(err.msg, "line 2"));
    assert_null(meta_parse("{}", 2, 1, &err));
    assert_string_equal(err.reason, "TooLarge");
    memset(deep, '[', LIMIT_JSON_DEPTH);
    memset(deep + LIMIT_JSON_DEPTH, ']', LIMIT_JSON_DEPTH);
    deep[2 * LIMIT_JSON_DEPTH] = '\0';
    json_decref(parse(deep));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),      cmocka_unit_test(test_labels),
        cmocka_unit_test(test_conditions), cmocka_unit_test(test_owners_and_finalizers),
        cmocka_unit_test(test_merge),      cmocka_unit_test(test_hash),
        cmocka_unit_test(test_same),       cmocka_unit_test(test_parse_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
