#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/convert.h"
#include "lib/api/meta.h"
#include "lib/base/limits.h"

#define STATE "api.agents.x-k8s.io/v1alpha1-"

static json_t *object(const char *kind, const char *version, const char *rest)
{
    char text[2048];
    struct err err = {0};
    json_t *j;

    (void)snprintf(text, sizeof(text), "{\"apiVersion\":\"%s%s\",\"kind\":\"%s\",%s}",
                   strcmp(kind, "Sandbox") == 0 ? "agents.x-k8s.io/"
                                                : "extensions.agents.x-k8s.io/",
                   version, kind, rest);
    j = meta_parse(text, strlen(text), sizeof(text), &err);
    if (!j)
        fail_msg("%s: %s", err.msg, text);
    return j;
}

static json_t *convert(const json_t *o, enum api_version want)
{
    struct err err = {0};
    json_t *out = convert_object(o, want, &err);

    if (!out)
        fail_msg("%s", err.msg);
    return out;
}

static void assert_part(const json_t *o, const char *path, const char *want)
{
    _cleanup_(freep) char *text =
        meta_get(o, path) ? meta_dump(meta_get(o, path), NULL) : strdup("absent");

    assert_string_equal(text, want);
}

static void test_sandbox_up(void **state)
{
    static const char *const cases[][2] = {
        {"\"spec\":{\"replicas\":0}", "{\"operatingMode\":\"Suspended\"}"},
        {"\"spec\":{\"replicas\":1}", "{\"operatingMode\":\"Running\"}"},
        {"\"spec\":{\"service\":true}", "{\"operatingMode\":\"Running\",\"service\":true}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_json_ json_t *o = object("Sandbox", "v1alpha1", cases[i][0]),
                              *up = convert(o, API_V1BETA1);

        assert_part(up, "spec", cases[i][1]);
        assert_string_equal(meta_str(up, "apiVersion", ""), "agents.x-k8s.io/v1beta1");
        assert_non_null(meta_annotation(up, STATE "sandbox-state"));
    }
}

static void test_sandbox_down(void **state)
{
    static const char *const cases[][3] = {
        {"\"spec\":{\"operatingMode\":\"Suspended\"},\"status\":{\"nodeName\":\"n\"}",
         "{\"replicas\":0}", "{\"replicas\":0}"},
        {"\"spec\":{\"operatingMode\":\"Running\"},\"status\":{}", "{\"replicas\":1}",
         "{\"replicas\":1}"},
        {"\"spec\":{}", "{\"replicas\":1}", "absent"},
        /* with what v1alpha1 said before */
        {"\"metadata\":{\"annotations\":{\"" STATE
         "sandbox-state\":\"{\\\"spec\\\":{}}\"}},\"spec\":{"
         "\"operatingMode\":\"Running\"}",
         "{}", "absent"},
        {"\"metadata\":{\"annotations\":{\"" STATE
         "sandbox-state\":\"{\\\"spec\\\":{\\\"replicas\\\":0},"
         "\\\"status\\\":{\\\"replicas\\\":1}}\"}},\"spec\":{\"operatingMode\":\"Running\"}",
         "{\"replicas\":1}", "{\"replicas\":1}"},
        {"\"metadata\":{\"annotations\":{\"" STATE
         "sandbox-state\":\"{\\\"spec\\\":{}}\"}},\"spec\":{}",
         "{\"replicas\":1}", "absent"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_json_ json_t *o = object("Sandbox", "v1beta1", cases[i][0]),
                              *down = convert(o, API_V1ALPHA1);

        assert_part(down, "spec", cases[i][1]);
        assert_part(down, "status", cases[i][2]);
        assert_null(meta_annotation(down, STATE "sandbox-state"));
    }
}

static void test_claim_up(void **state)
{
    static const char *const cases[][2] = {
        {"\"spec\":{\"sandboxTemplateRef\":{\"name\":\"t\"}}", "shadow-pool-t"},
        {"\"spec\":{\"sandboxTemplateRef\":{\"name\":\"t\"},\"warmpool\":\"none\"}",
         "shadow-pool-t"},
        {"\"spec\":{\"sandboxTemplateRef\":{\"name\":\"t\"},\"warmpool\":\"p\"}", "p"},
        {"\"metadata\":{\"name\":\"c\"},\"spec\":{\"sandboxTemplateRef\":{\"name\":\"t\"},\"warmpool\":\"default\"},"
         "\"status\":{\"sandbox\":{\"name\":\"my-pool-x7\"}}",
         "my-pool"},
        {"\"metadata\":{\"name\":\"c\"},\"spec\":{\"sandboxTemplateRef\":{\"name\":\"t\"}},\"status\":{\"sandbox\":{"
         "\"name\":\"c\"}}",
         "shadow-pool-t"},
        {"\"metadata\":{\"name\":\"c\"},\"spec\":{\"sandboxTemplateRef\":{\"name\":\"t\"}},\"status\":{\"sandbox\":{"
         "\"name\":\"nodash\"}}",
         "nodash"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_json_ json_t *o = object("SandboxClaim", "v1alpha1", cases[i][0]),
                              *up = convert(o, API_V1BETA1);

        assert_string_equal(meta_str(up, "spec.warmPoolRef.name", ""), cases[i][1]);
        assert_null(meta_get(up, "spec.warmpool"));
        assert_null(meta_get(up, "spec.sandboxTemplateRef"));
    }
}

#define CLAIM_STATE(spec)                                                                          \
    "\"metadata\":{\"annotations\":{\"" STATE "sandboxclaim-state\":\"{\\\"spec\\\":" spec "}\"}},"

static void test_claim_down(void **state)
{
    static const char *const cases[][2] = {
        {"\"spec\":{\"warmPoolRef\":{\"name\":\"shadow-pool-t\"},\"volumeClaimTemplates\":[]}",
         "{\"sandboxTemplateRef\":{\"name\":\"t\"},\"warmpool\":\"default\"}"},
        {"\"spec\":{\"warmPoolRef\":{\"name\":\"p\"}}",
         "{\"sandboxTemplateRef\":{\"name\":\"p\"},\"warmpool\":\"p\"}"},
        {CLAIM_STATE(
             "{\\\"sandboxTemplateRef\\\":{\\\"name\\\":\\\"t\\\"}}") "\"spec\":{\"warmPoolRef\":{\"name\":\"shadow-pool-t\"}}",
         "{\"sandboxTemplateRef\":{\"name\":\"t\"}}"},
        {CLAIM_STATE(
             "{\\\"sandboxTemplateRef\\\":{\\\"name\\\":\\\"t\\\"},\\\"warmpool\\\":\\\"p\\\"}") "\"spec\":{\"warmPoolRef\":{\"name\":\"other\"}}",
         "{\"sandboxTemplateRef\":{\"name\":\"t\"},\"warmpool\":\"other\"}"},
        {CLAIM_STATE(
             "{\\\"sandboxTemplateRef\\\":{\\\"name\\\":\\\"t\\\"},\\\"warmpool\\\":\\\"none\\\"}") "\"spec\":{\"warmPoolRef\":{\"name\":\"my-pool\"}},\"status\":{\"sandbox\":{\"name\":\"my-pool-x7\"}}",
         "{\"sandboxTemplateRef\":{\"name\":\"t\"},\"warmpool\":\"none\"}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_json_ json_t *o = object("SandboxClaim", "v1beta1", cases[i][0]),
                              *down = convert(o, API_V1ALPHA1);

        assert_part(down, "spec", cases[i][1]);
    }
}

static void test_template(void **state)
{
    _cleanup_json_ json_t *o = object("SandboxTemplate", "v1beta1",
                                      "\"spec\":{\"volumeClaimTemplatesPolicy\":\"Allowed\"}");
    _cleanup_json_ json_t *down = convert(o, API_V1ALPHA1), *up = convert(down, API_V1BETA1);
    _cleanup_json_ json_t *bad =
        object("SandboxTemplate", "v1alpha1",
               "\"metadata\":{\"annotations\":{\"api.agents.x-k8s.io/"
               "v1beta1-volume-claim-templates-policy\":\"Maybe\"}},\"spec\":{}");
    struct err err;

    (void)state;
    assert_part(down, "spec", "{}");
    assert_part(up, "spec", "{\"volumeClaimTemplatesPolicy\":\"Allowed\"}");
    assert_int_equal(json_object_size(meta_get(up, "metadata.annotations")),
                     1); /* the state alone */
    assert_null(convert_object(bad, API_V1BETA1, &err));
    assert_string_equal(err.msg, "invalid VolumeClaimTemplatesPolicy annotation value: \"Maybe\"");
}

static void test_pool(void **state)
{
    _cleanup_json_ json_t *o =
        object("SandboxWarmPool", "v1beta1",
               "\"spec\":{\"sandboxTemplateRef\":{\"name\":\"t\"}},\"status\":{\"replicas\":2,"
               "\"observedGeneration\":3}");
    _cleanup_json_ json_t *down = convert(o, API_V1ALPHA1);

    (void)state;
    assert_part(down, "spec", "{\"replicas\":1,\"sandboxTemplateRef\":{\"name\":\"t\"}}");
    assert_part(down, "status", "{\"replicas\":2}");
    assert_part(o, "status", "{\"observedGeneration\":3,\"replicas\":2}"); /* what went in stays */
}

static void test_bad_state(void **state)
{
    static const char *const texts[] = {"{", "[]", "7"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        _cleanup_json_ json_t *o = object("Sandbox", "v1beta1", "\"spec\":{}");

        assert_int_equal(meta_set_annotation(o, STATE "sandbox-state", texts[i], NULL), 0);
        assert_null(convert_object(o, API_V1ALPHA1, &err));
        assert_non_null(strstr(err.msg, "failed to unmarshal v1alpha1 Sandbox state: "));
    }
}

/* ---- property: v1alpha1 -> v1beta1 -> v1alpha1 is the identity, for any object ---- */

static unsigned seed = 1;

static unsigned draw(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % n;
}

static void maybe(json_t *o, const char *path, json_t *v)
{
    assert_non_null(v);
    if (draw(2))
        assert_int_equal(meta_set(o, path, v, NULL), 0);
    else
        json_decref(v);
}

static const char *word(void)
{
    static const char *const words[] = {"a",          "my-pool", "shadow-pool-a", "none", "default",
                                        "my-pool-x7", "c"};

    return words[draw(ARRAY_SIZE(words))];
}

static json_t *generate(enum api_kind_id kind)
{
    json_t *o = json_pack("{ss ss s{ss} s{}}", "apiVersion", api_kinds[kind].old, "kind",
                          api_kinds[kind].kind, "metadata", "name", word(), "spec");

    maybe(o, "metadata.labels", json_pack("{ss}", "x", word()));
    maybe(o, "metadata.annotations", json_pack("{ss}", "y", word()));
    if (kind == API_SANDBOX || kind == API_TEMPLATE) {
        maybe(o, "spec.podTemplate", json_pack("{s{s[]}}", "spec", "containers"));
        maybe(o, "spec.service", json_boolean(draw(2)));
        maybe(o, "spec.volumeClaimTemplates", json_pack("[]"));
    }
    if (kind == API_SANDBOX) {
        maybe(o, "spec.replicas", json_integer(draw(2)));
        maybe(o, "status.replicas", json_integer(draw(2)));
        maybe(o, "status.service", json_string(word()));
    }
    if (kind == API_CLAIM) {
        assert_int_equal(meta_set_str(o, "spec.sandboxTemplateRef.name", word(), NULL), 0);
        maybe(o, "spec.warmpool", json_string(word()));
        maybe(o, "spec.lifecycle", json_pack("{ss}", "shutdownPolicy", "Retain"));
        maybe(o, "status.sandbox", json_pack("{ss s[s]}", "name", word(), "podIPs", "10.0.0.1"));
    }
    if (kind == API_POOL) {
        assert_int_equal(meta_set_int(o, "spec.replicas", draw(3), NULL), 0);
        maybe(o, "status.readyReplicas", json_integer(draw(3)));
    }
    return o;
}

static void test_round_trips(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        _cleanup_json_ json_t *o = generate(i % API_N_KINDS), *before = json_deep_copy(o);
        _cleanup_json_ json_t *up = convert(o, API_V1BETA1), *down = convert(up, API_V1ALPHA1);
        _cleanup_json_ json_t *again = convert(down, API_V1BETA1);

        if (!json_equal(o, down))
            fail_msg("%s\n%s", meta_dump(o, NULL), meta_dump(down, NULL));
        assert_true(json_equal(o, before));
        assert_true(json_equal(up, again));
    }
}

static void test_same_version(void **state)
{
    _cleanup_json_ json_t *o = object("Sandbox", "v1beta1", "\"spec\":{}"),
                          *same = convert(o, API_V1BETA1);

    (void)state;
    assert_true(json_equal(o, same));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sandbox_up),   cmocka_unit_test(test_sandbox_down),
        cmocka_unit_test(test_claim_up),     cmocka_unit_test(test_claim_down),
        cmocka_unit_test(test_template),     cmocka_unit_test(test_pool),
        cmocka_unit_test(test_bad_state),    cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_same_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
