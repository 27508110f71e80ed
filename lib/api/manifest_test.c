#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/manifest.h"
#include "lib/api/meta.h"
#include "lib/api/schema.h"
#include "lib/base/limits.h"

/* All documents as JSON, a line each, or what was wrong. */
static const char *read_all(const char *text, size_t n)
{
    static char out[4096];
    _cleanup_(manifest_freep) struct manifest *m = NULL;
    struct err err = {0};
    size_t at = 0;

    if (manifest_parse(&m, "f", text, n, &err) < 0) {
        (void)snprintf(out, sizeof(out), "%s %s", err.reason, err.msg);
        return out;
    }
    out[0] = '\0';
    for (size_t i = 0; i < manifest_n_docs(m); i++) {
        _cleanup_(freep) char *json = meta_dump(manifest_doc(m, i), NULL);

        at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s", i ? "\n" : "", json);
    }
    return out;
}

static void test_values(void **state)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"---\n---\n# nothing\n", ""},
        {"a: 1\n---\nb: [x, 'y', \"z\"]\n", "{\"a\":1}\n{\"b\":[\"x\",\"y\",\"z\"]}"},
        {"{\"a\": {\"b\": [1, 2.5, true, null]}}", "{\"a\":{\"b\":[1,2.5,true,null]}}"},
        {"[yes, No, on, OFF, y, N, True, FALSE]", "[true,false,true,false,true,false,true,false]"},
        {"['yes', !!str yes, \"1\", !!str 1]", "[\"yes\",\"yes\",\"1\",\"1\"]"},
        {"[~, null, Null, NULL, ]", "[null,null,null,null]"},
        {"[0x1f, 017, 0o17, 0b11, 1_000, +5, -7, 1.0, 1e3, 08, .5, 5.]",
         "[31,15,15,3,1000,5,-7,1,1000,8,0.5,5]"},
        {"[1.2.3, 2026-01-01, 12:30, 1e, 0x, -, 512Mi, 250m, v1, nope, yesno, ._]",
         "[\"1.2.3\",\"2026-01-01\",\"12:30\",\"1e\",\"0x\",\"-\",\"512Mi\",\"250m\",\"v1\",\"nope\","
         "\"yesno\",\"._\"]"},
        {"9223372036854775807", "9223372036854775807"},
        {"1: a\ntrue: b\n2.0: c\n", "{\"1\":\"a\",\"2\":\"c\",\"true\":\"b\"}"},
        {"a: |\n  x\n  y\nb: >\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\\n\"}"},
        {"a: &x {k: 1}\nb: *x\n", "{\"a\":{\"k\":1},\"b\":{\"k\":1}}"},
        {"a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3\n",
         "{\"a\":{\"k\":1,\"l\":2},\"b\":{\"k\":3,\"l\":2}}"},
        {"b:\n  <<: [{k: 1}, {k: 2, l: 3}]\n", "{\"b\":{\"k\":1,\"l\":3}}"},
        {"a: \"\\u00e9\\n\"", "{\"a\":\"é\\n\"}"},
        {"a:\nb: ''\n", "{\"a\":null,\"b\":\"\"}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(read_all(cases[i][0], strlen(cases[i][0])), cases[i][1]);
}

static void test_refused(void **state)
{
    static const char *const cases[][2] = {
        {"a: 1\n  b: 2\n", "BadRequest f:2:4: mapping values are not allowed in this context"},
        {"a: [1, 2\n", "BadRequest f:2:1: did not find expected ',' or ']', while parsing a flow "
                       "sequence"},
        {"a: 1\nb: 2\na: 3\n", "BadRequest f:3:1: the key \"a\" is there twice"},
        {"\ta: 1\n", "BadRequest f:1:1: found character that cannot start any token, while "
                     "scanning for the next token"},
        {"? [a]\n: b\n", "BadRequest f:1:3: want a text as the key"},
        {"~: b\n", "BadRequest f:1:1: want a text as the key, got null"},
        {"a: .inf\n", "BadRequest f:1:4: .inf is a number that JSON cannot say"},
        {"a: 1e999\n", "BadRequest f:1:4: 1e999 is a number that JSON cannot say"},
        {"a: !!python/object x\n", "BadRequest f:1:4: unknown tag tag:yaml.org,2002:python/object"},
        {"a: !foo {b: 1}\n", "BadRequest f:1:4: unknown tag !foo"},
        {"a: *nobody\n", "BadRequest f:1:4: unknown anchor \"nobody\""},
        {"a: \"x\\0y\"\n", "BadRequest f:1:4: a string with a NUL character"},
        {"<<: 1\n", "BadRequest f:1:1: want a mapping to merge"},
        {"a: \xff\n", "BadRequest f:1:1: invalid leading UTF-8 octet (byte 3)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(read_all(cases[i][0], strlen(cases[i][0])), cases[i][1]);
}

static void test_ceilings(void **state)
{
    _cleanup_(freep) char *big = malloc(LIMIT_MANIFEST + 1);
    char deep[2 * LIMIT_JSON_DEPTH] = "";
    char bomb[1024] = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    size_t n = 0;

    (void)state;
    assert_non_null(big);
    memset(big, ' ', LIMIT_MANIFEST + 1);
    assert_string_equal(read_all(big, LIMIT_MANIFEST + 1), "TooLarge f: more than 4194304 bytes");
    for (int i = 0; i <= LIMIT_MANIFEST_DOCS; i++)
        n += (size_t)snprintf(big + n, 16, "--- 1\n");
    assert_string_equal(read_all(big, n), "TooLarge f: more than 256 documents");

    memset(deep, '[', LIMIT_JSON_DEPTH + 1);
    assert_string_equal(read_all(deep, strlen(deep)),
                        "BadRequest f:1:65: nested deeper than 64 levels");

    for (int i = 1; i < 10; i++)
        (void)snprintf(bomb + strlen(bomb), sizeof(bomb) - strlen(bomb),
                       "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1,
                       i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    assert_string_equal(read_all(bomb, strlen(bomb)), "TooLarge f: more than 200000 values");
}

static void test_positions(void **state)
{
    static const char text[] = "a: 1\n---\n"
                               "spec:\n"
                               "  replicas: two\n"
                               "  list:\n"
                               "  - x\n"
                               "  -  k: v\n"
                               "  labels: {a.b/c: 1}\n";
    static const struct {
        const char *path;
        unsigned line, column;
    } cases[] = {
        {"", 3, 1},
        {"spec", 3, 1},
        {"spec.replicas", 4, 3},
        {"spec.list[0]", 6, 5},
        {"spec.list[1].k", 7, 6},
        {"spec.list[9]", 5, 3},
        {"spec.none.x", 3, 1},
        {"spec.labels[\"a.b/c\"]", 8, 12},
    };
    _cleanup_(manifest_freep) struct manifest *m = NULL;

    (void)state;
    assert_int_equal(manifest_parse(&m, "f", text, strlen(text), NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        unsigned line, column;

        manifest_position(m, 1, cases[i].path, &line, &column);
        if (line != cases[i].line || column != cases[i].column)
            fail_msg("%s: %u:%u", cases[i].path, line, column);
    }
}

static void on_issue(const struct schema_issue *issue, void *user)
{
    const struct manifest *m = user;
    unsigned line, column;

    manifest_position(m, 0, issue->path, &line, &column);
    assert_string_equal(issue->path, "spec.replicas");
    assert_int_equal(line, 4);
    assert_int_equal(column, 3);
}

static void test_with_schema(void **state)
{
    static const char text[] = "apiVersion: extensions.agents.x-k8s.io/v1alpha1\n"
                               "kind: SandboxWarmPool\n"
                               "spec:\n"
                               "  replicas: two\n"
                               "  sandboxTemplateRef: {name: t}\n";
    _cleanup_(manifest_freep) struct manifest *m = NULL;

    (void)state;
    assert_int_equal(manifest_parse(&m, "f", text, strlen(text), NULL), 0);
    assert_int_equal(schema_check(manifest_doc(m, 0), on_issue, m, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ceilings),    cmocka_unit_test(test_positions),
        cmocka_unit_test(test_with_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
