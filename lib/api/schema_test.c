#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/meta.h"
#include "lib/api/quantity.h"
#include "lib/api/schema.h"
#include "lib/base/limits.h"

#define EXT "extensions.agents.x-k8s.io/"

static json_t *parse(const char *text)
{
    struct err err = {0};
    json_t *j = meta_parse(text, strlen(text), LIMIT_OBJECT, &err);

    if (!j)
        fail_msg("%s: %s", err.msg, text);
    return j;
}

static void on_issue(const struct schema_issue *issue, void *user)
{
    char *out = user;
    size_t n = strlen(out);

    (void)snprintf(out + n, 4096 - n, "%s%s: %s\n", issue->is_warning ? "warning " : "",
                   issue->path, issue->message);
}

/* What the check says, in one text. */
static const char *check(json_t *o)
{
    static char text[4096];
    struct err err = {0};
    int r;

    text[0] = '\0';
    r = schema_check(o, on_issue, text, &err);
    if (r < 0)
        (void)snprintf(text, sizeof(text), "%s", err.msg);
    return text;
}

#define POOL(spec)                                                                                 \
    "{\"apiVersion\":\"" EXT "v1beta1\",\"kind\":\"SandboxWarmPool\",\"spec\":" spec "}"
#define OLDPOOL(spec)                                                                              \
    "{\"apiVersion\":\"" EXT "v1alpha1\",\"kind\":\"SandboxWarmPool\",\"spec\":" spec "}"
#define POD(spec)                                                                                                \
    "{\"apiVersion\":\"agents.x-k8s.io/v1beta1\",\"kind\":\"Sandbox\",\"spec\":{\"podTemplate\":{\"spec\":" spec \
    "}}}"

static void test_messages(void **state)
{
    static const char *const cases[][2] = {
        {POOL("{\"sandboxTemplateRef\":{\"name\":\"t\"}}"), ""},
        {POOL("{\"replicas\":\"two\",\"sandboxTemplateRef\":{\"name\":\"t\"}}"),
         "spec.replicas: want an integer, got the string \"two\"\n"},
        {POOL("{\"replicas\":1.5,\"sandboxTemplateRef\":{\"name\":\"t\"}}"),
         "spec.replicas: want an integer, got the number 1.5\n"},
        {POOL("{\"replicas\":-1,\"sandboxTemplateRef\":{}}"),
         "spec.replicas: want at least 0, got -1\nspec.sandboxTemplateRef.name: missing, and required\n"},
        {POOL("{\"replicas\":3000000000,\"sandboxTemplateRef\":{\"name\":\"t\"}}"),
         "spec.replicas: want a 32-bit integer, got the number 3000000000\n"},
        {POOL("{\"replica\":1,\"sandboxTemplateRef\":{\"name\":\"t\"}}"),
         "warning spec.replica: unknown field, ignored\n"},
        {POOL("{\"replicas\":null,\"sandboxTemplateRef\":{\"name\":\"t\"}}"), ""},
        {POOL("[]"), "spec: want a mapping, got a list\n"},
        {POOL("{\"updateStrategy\":{\"type\":\"Never\"},\"sandboxTemplateRef\":{\"name\":\"t\"}}"),
         "spec.updateStrategy.type: want one of Recreate, OnReplenish, got \"Never\"\n"},
        {OLDPOOL("{\"sandboxTemplateRef\":{\"name\":\"t\"}}"),
         "spec.replicas: missing, and required\n"},
        {POD("{\"containers\":[{\"name\":\"a\"},{\"name\":\"a\"}]}"),
         "spec.podTemplate.spec.containers[1]: has the same name as item 0\n"},
        {POD("{\"containers\":[{\"name\":\"a\",\"resources\":{\"limits\":{\"cpu\":\"1x\"}}}]}"),
         "spec.podTemplate.spec.containers[0].resources.limits.cpu: want a quantity such as 250m, 2 or 512Mi, got "
         "\"1x\"\n"},
        {POD("{\"containers\":[{\"name\":\"a\",\"readinessProbe\":{\"httpGet\":{\"port\":true}}}]}"),
         "spec.podTemplate.spec.containers[0].readinessProbe.httpGet.port: want a string or an integer, got the "
         "boolean true\n"},
        {POD("{\"containers\":[{\"name\":\"a\"}],\"nodeSelector\":{\"a.b/c\":1}}"),
         "spec.podTemplate.spec.nodeSelector[\"a.b/c\"]: want a string, got the number 1\n"},
        {"{\"apiVersion\":\"agents.x-k8s.io/v1beta1\",\"kind\":\"Sandbox\",\"metadata\":{\"nam\":\"x\"}}",
         "warning metadata.nam: unknown field, ignored\nspec: missing, and required\n"},
        {"[]", "no Kubernetes object: want a mapping with apiVersion and kind"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_json_ json_t *o = parse(cases[i][0]);

        assert_string_equal(check(o), cases[i][1]);
    }
}

static void test_unknown_kind(void **state)
{
    _cleanup_json_ json_t *o = parse("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\"}");
    struct err err;

    (void)state;
    assert_int_equal(schema_apply(o, NULL, &err), -1);
    assert_string_equal(err.reason, "BadRequest");
    assert_non_null(strstr(err.msg, "unknown kind \"Deployment\" of apiVersion \"apps/v1\""));
}

static void test_defaults_and_pruning(void **state)
{
    _cleanup_json_ json_t *pool =
        parse(POOL("{\"x\":1,\"updateStrategy\":{},\"sandboxTemplateRef\":{\"name\":\"t\"}}"));
    _cleanup_json_ json_t *old =
        parse(OLDPOOL("{\"replicas\":0,\"sandboxTemplateRef\":{\"name\":\"t\"}}"));
    _cleanup_json_ json_t *sb =
        parse(POD("{\"containers\":[{\"name\":\"a\",\"ports\":[{\"containerPort\":1}]}]}"));
    struct buf warnings;

    (void)state;
    buf_init(&warnings, 1000);
    assert_int_equal(schema_apply(pool, &warnings, NULL), 0);
    assert_string_equal(buf_cstr(&warnings, NULL), "spec.x: unknown field, ignored\n");
    assert_null(meta_get(pool, "spec.x"));
    assert_int_equal(meta_int(pool, "spec.replicas", 0), 1);
    assert_string_equal(meta_str(pool, "spec.updateStrategy.type", ""), "OnReplenish");
    assert_int_equal(schema_apply(old, NULL, NULL), 0);
    assert_int_equal(meta_int(old, "spec.replicas", 7), 0);
    assert_int_equal(schema_apply(sb, NULL, NULL), 0);
    assert_string_equal(meta_str(sb, "spec.operatingMode", ""), "Running");
    assert_string_equal(meta_str(sb, "spec.shutdownPolicy", ""), "Retain");
    assert_string_equal(
        meta_str(json_array_get(
                     meta_get(json_array_get(meta_get(sb, "spec.podTemplate.spec.containers"), 0),
                              "ports"),
                     0),
                 "protocol", ""),
        "TCP");
    buf_done(&warnings);
}

static void test_many_errors(void **state)
{
    _cleanup_json_ json_t *o =
        parse(POOL("{\"replicas\":\"a\",\"sandboxTemplateRef\":{\"name\":1}}"));
    struct err err;

    (void)state;
    assert_int_equal(schema_apply(o, NULL, &err), -1);
    assert_string_equal(err.msg,
                        "spec.replicas: want an integer, got the string \"a\"; and 1 more");
}

static void test_update_rule(void **state)
{
    _cleanup_json_ json_t *a =
        parse("{\"kind\":\"Sandbox\",\"spec\":{\"volumeClaimTemplates\":[{}]}}");
    _cleanup_json_ json_t *b = parse("{\"kind\":\"Sandbox\",\"spec\":{}}");
    struct err err;

    (void)state;
    assert_int_equal(schema_check_update(a, a, &err), 0);
    assert_int_equal(schema_check_update(b, b, &err), 0);
    assert_int_equal(schema_check_update(a, b, &err), -1);
    assert_non_null(strstr(err.msg, "volumeClaimTemplates is immutable"));
}

static void test_conditions(void **state)
{
    static const char *const bad[] = {
        "{\"type\":\"-x\"}",
        "{\"type\":\"a/b/c\"}",
        "{\"reason\":\"1x\"}",
        "{\"reason\":\"\"}",
        "{\"reason\":\"x,\"}",
        "{\"status\":\"true\"}",
        "{\"lastTransitionTime\":\"yesterday\"}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_json_ json_t *o = parse(POD("{\"containers\":[]}"));
        _cleanup_json_ json_t *c =
            parse("{\"type\":\"x-y.z/Ready\",\"status\":\"True\",\"reason\":\"A_b,c:d\","
                  "\"message\":\"\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}");
        _cleanup_json_ json_t *change = parse(bad[i]);

        assert_int_equal(json_object_set_new(o, "status", json_pack("{s[O]}", "conditions", c)), 0);
        assert_string_equal(check(o), "");
        assert_int_equal(json_object_update(c, change), 0);
        assert_string_not_equal(check(o), "");
    }
}

static void test_kinds(void **state)
{
    (void)state;
    assert_int_equal(api_kind_find("swp")->id, API_POOL);
    assert_int_equal(api_kind_find("Sandboxes")->id, API_SANDBOX);
    assert_int_equal(api_kind_find("sandboxclaims.extensions.agents.x-k8s.io")->id, API_CLAIM);
    assert_null(api_kind_find("sandboxes.extensions.agents.x-k8s.io"));
    assert_null(api_kind_find("pods"));
    assert_null(api_kind_find(""));
}

static void test_quantity(void **state)
{
    static const struct {
        const char *text;
        unsigned digits;
        int64_t want; /* -1: refused */
    } cases[] = {
        {"250m", 3, 250},
        {"250m", 0, 1},
        {"1", 3, 1000},
        {"0.5", 3, 500},
        {".5", 3, 500},
        {"5.", 0, 5},
        {"512Mi", 0, 536870912},
        {"1Ki", 0, 1024},
        {"1k", 0, 1000},
        {"1e3", 0, 1000},
        {"1E3", 0, 1000},
        {"1E", 0, 1000000000000000000},
        {"1E-3", 3, 1},
        {"1e+2", 0, 100},
        {"+1", 0, 1},
        {"-1", 0, -1},
        {"-0", 0, 0},
        {"1.5Gi", 0, 1610612736},
        {"0.1Ki", 0, 103},
        {"100n", 9, 100},
        {"1n", 3, 1},
        {"0n", 3, 0},
        {"9223372036854775807", 0, INT64_MAX},
        {"9223372036854775808", 0, -1},
        {"8Ei", 0, -1},
        {"9223372036854775807000000000000000000000000000000000000000000", 0, -1},
        {"0.000000000000000000000000000000000000000000000000000000000001", 0, 1},
        {"1e1000000", 0, -1},
        {"0e1000000", 0, 0},
        {"1e-1000000", 0, 1},
        {"", 0, -1},
        {"m", 0, -1},
        {"1mi", 0, -1},
        {"1K", 0, -1},
        {"1 ", 0, -1},
        {" 1", 0, -1},
        {"1e", 0, -1},
        {"1e1.5", 0, -1},
        {"0x10", 0, -1},
        {"1..2", 0, -1},
        {"--1", 0, -1},
        {"1e+-2", 0, -1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t got = -1;
        int r = quantity_parse(cases[i].text, cases[i].digits, &got, NULL);

        if (r < 0 ? cases[i].want != -1 : got != cases[i].want)
            fail_msg("%s at %u: %lld", cases[i].text, cases[i].digits, (long long)got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_unknown_kind),
        cmocka_unit_test(test_defaults_and_pruning),
        cmocka_unit_test(test_many_errors),
        cmocka_unit_test(test_update_rule),
        cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_quantity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
