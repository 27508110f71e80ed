/* The webhook's bytes: reviews as the API server sends them, bad ones, and objects made by chance
 * that must come back from a round trip as they were. */
#include "services/controller/convert_review.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/convert.h"
#include "lib/api/meta.h"

#define AGENTS "agents.x-k8s.io"
#define EXT    "extensions.agents.x-k8s.io"

static json_t *ask(json_t *review)
{
    _cleanup_(freep) char *text = meta_text(review, NULL);
    struct buf out;
    struct err err;
    json_t *answer;
    size_t n;

    json_decref(review);
    assert_non_null(text);
    buf_init(&out, LIMIT_REVIEW_ANSWER);
    if (convert_review(text, strlen(text), &out, &n, &err) < 0)
        fail_msg("%s", err.msg);
    answer = meta_parse((const char *)buf_data(&out), buf_len(&out), LIMIT_REVIEW_ANSWER, &err);
    buf_done(&out);
    assert_non_null(answer);
    return answer;
}

static json_t *review_of(const char *version, const char *desired, json_t *objects)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:o}}", "apiVersion", version, "kind",
                     "ConversionReview", "request", "uid", "u-1", "desiredAPIVersion", desired,
                     "objects", objects);
}

static void test_answers(void **state)
{
    static const char *const versions[] = {"apiextensions.k8s.io/v1",
                                           "apiextensions.k8s.io/v1beta1"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        json_t *objects = json_pack(
            "[{s:s, s:s, s:{s:s}, s:{s:i}}, {s:s, s:s, s:{s:s}, s:{}}]", "apiVersion",
            AGENTS "/v1alpha1", "kind", "Sandbox", "metadata", "name", "a", "spec", "replicas", 0,
            "apiVersion", AGENTS "/v1alpha1", "kind", "Sandbox", "metadata", "name", "b", "spec");
        _cleanup_json_ json_t *a = ask(review_of(versions[i], AGENTS "/v1beta1", objects));
        const json_t *out = meta_get(a, "response.convertedObjects");

        assert_string_equal(meta_str(a, "apiVersion", ""), versions[i]);
        assert_string_equal(meta_str(a, "response.uid", ""), "u-1");
        assert_string_equal(meta_str(a, "response.result.status", ""), "Success");
        assert_int_equal(json_array_size(out), 2);
        assert_string_equal(meta_str(json_array_get(out, 0), "spec.operatingMode", ""),
                            "Suspended");
        assert_string_equal(meta_str(json_array_get(out, 1), "spec.operatingMode", ""), "Running");
    }
}

/* One object that cannot be converted fails the review, with a sentence. */
static void test_failures(void **state)
{
    static const char state_key[] = "api.agents.x-k8s.io/v1alpha1-sandbox-state";
    static const char *const cases[][4] = {
        {"v1", "Pod", AGENTS "/v1beta1", "Pod"},
        {AGENTS "/v9", "Sandbox", AGENTS "/v1beta1", "v9"},
        {AGENTS "/v1beta1", "Sandbox", AGENTS "/v9", "v9"},
        {AGENTS "/v1beta1", "Sandbox", EXT "/v1alpha1", "cannot become"},
        {AGENTS "/v1beta1", "Sandbox", AGENTS "/v1alpha1",
         "failed to unmarshal v1alpha1 Sandbox state: "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *objects = json_pack("[{s:s, s:s, s:{s:s, s:{s:s}}, s:{}}]", "apiVersion",
                                    cases[i][0], "kind", cases[i][1], "metadata", "name", "a",
                                    "annotations", state_key, "{nonsense", "spec");
        _cleanup_json_ json_t *a = ask(review_of("apiextensions.k8s.io/v1", cases[i][2], objects));

        assert_string_equal(meta_str(a, "response.result.status", ""), "Failure");
        assert_null(meta_get(a, "response.convertedObjects"));
        assert_non_null(strstr(meta_str(a, "response.result.message", ""), cases[i][3]));
    }
}

static void test_no_reviews(void **state)
{
    static const char *const cases[] = {
        "",
        "x",
        "[]",
        "{}",
        "{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"ConversionReview\"}",
        ("{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":\"ConversionReview\",\"request\":{"
         "\"uid\":\"u\",\"desiredAPIVersion\":\"a/v1beta1\",\"objects\":{}}}"),
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{}}",
    };
    struct buf out;
    struct err err;

    (void)state;
    buf_init(&out, LIMIT_REVIEW_ANSWER);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(convert_review(cases[i], strlen(cases[i]), &out, NULL, &err), -1);
        assert_string_equal(err.reason, "BadRequest");
        assert_int_equal(buf_len(&out), 0);
    }
}

/* ---- objects by chance ---- */

static uint64_t seed;

static unsigned draw(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static const char *word(void)
{
    static const char *const words[] = {
        "none", "default",       "", "a", "pool-x", "shadow-pool-t", "my-pool-7h2xk",
        "t",    "Ünïcode \"q\"", "0"};

    return words[draw(ARRAY_SIZE(words))];
}

static void set(json_t *o, const char *path, json_t *value)
{
    assert_int_equal(meta_set(o, path, value, NULL), 0);
}

static bool perhaps(void)
{
    return draw(2) == 0;
}

static json_t *pod_template(void)
{
    json_t *t = json_object();

    set(t, "spec.containers", json_pack("[{s:s, s:s}]", "name", "c", "image", word()));
    if (perhaps())
        set(t, "metadata.labels", json_pack("{s:s}", "a.b/c", word()));
    if (perhaps())
        set(t, "spec.nodeSelector", json_object());
    if (perhaps())
        set(t, "spec.terminationGracePeriodSeconds", json_integer(draw(100)));
    return t;
}

static json_t *claim_templates(void)
{
    return json_pack("[{s:{s:s}, s:{s:{s:{s:s}}}}]", "metadata", "name", "v", "spec", "resources",
                     "requests", "storage", "1Gi");
}

static void chance_conditions(json_t *o)
{
    if (perhaps())
        set(o, "status.conditions",
            json_pack("[{s:s, s:s, s:s, s:s}]", "type", "Ready", "status", "True", "reason", "R",
                      "message", word()));
}

static void fill_sandbox(json_t *o, bool is_old)
{
    set(o, "spec.podTemplate", pod_template());
    if (perhaps())
        set(o, "spec.volumeClaimTemplates", claim_templates());
    if (perhaps())
        set(o, "spec.service", json_boolean(draw(2)));
    if (perhaps())
        set(o, "spec.shutdownTime", json_string("2030-01-01T00:00:00Z"));
    if (is_old && perhaps())
        set(o, "spec.replicas", json_integer(draw(2)));
    if (!is_old)
        set(o, "spec.operatingMode", json_string(perhaps() ? "Running" : "Suspended"));
    chance_conditions(o);
    if (is_old && perhaps())
        set(o, "status.replicas", json_integer(draw(2)));
    if (perhaps())
        set(o, "status.podIPs", json_pack("[s]", "10.0.0.1"));
}

static void fill_claim(json_t *o, bool is_old)
{
    if (is_old) {
        set(o, "spec.sandboxTemplateRef.name", json_string(word()));
        if (perhaps())
            set(o, "spec.warmpool", json_string(word()));
    } else {
        set(o, "spec.warmPoolRef.name", json_string(word()));
    }
    if (perhaps())
        set(o, "spec.env", json_pack("[{s:s, s:s}]", "name", "A", "value", word()));
    if (perhaps())
        set(o, "spec.lifecycle.ttlSecondsAfterFinished", json_integer(draw(9)));
    if (is_old && perhaps())
        set(o, "status.sandbox.name", json_string(word()));
    else if (perhaps()) /* cold: its own name; warm: the pool's and a random end */
        set(o, "status.sandbox.name",
            perhaps() ? json_string("thing-1")
                      : json_sprintf("%s-x7k2p", meta_str(o, "spec.warmPoolRef.name", "t")));
    chance_conditions(o);
}

static void fill_template(json_t *o, bool is_old)
{
    static const char *const policies[] = {"Disallowed", "Allowed", "Overrides"};

    set(o, "spec.podTemplate", pod_template());
    if (perhaps())
        set(o, "spec.networkPolicy.egress", json_array());
    if (perhaps())
        set(o, "spec.service", json_boolean(draw(2)));
    if (!is_old && perhaps())
        set(o, "spec.volumeClaimTemplatesPolicy", json_string(policies[draw(3)]));
}

static void fill_pool(json_t *o, bool is_old)
{
    if (is_old || perhaps())
        set(o, "spec.replicas", json_integer(draw(5)));
    set(o, "spec.sandboxTemplateRef.name", json_string(word()));
    if (perhaps())
        set(o, "spec.updateStrategy.type", json_string("Recreate"));
    if (perhaps())
        set(o, "status.readyReplicas", json_integer(draw(5)));
    if (perhaps())
        set(o, "status.selector", json_string(word()));
}

static void (*const fillers[API_N_KINDS])(json_t *, bool) = {
    [API_SANDBOX] = fill_sandbox,
    [API_CLAIM] = fill_claim,
    [API_TEMPLATE] = fill_template,
    [API_POOL] = fill_pool,
};

static json_t *make_object(enum api_kind_id kind, bool is_old)
{
    json_t *o = json_object();

    set(o, "apiVersion", json_string(is_old ? api_kinds[kind].old : api_kinds[kind].hub));
    set(o, "kind", json_string(api_kinds[kind].kind));
    set(o, "metadata.name", json_string("thing-1"));
    set(o, "metadata.uid", json_string("u"));
    if (perhaps())
        set(o, "metadata.labels", json_pack("{s:s}", "l", word()));
    if (perhaps())
        set(o, "metadata.annotations", json_pack("{s:s}", "x/y", word()));
    fillers[kind](o, is_old);
    return o;
}

static json_t *converted(const json_t *o, enum api_version want)
{
    const struct api_kind *k;
    enum api_version is;
    json_t *objects = json_array();
    _cleanup_json_ json_t *answer = NULL;

    k = api_kind_of_object(o, &is, NULL);
    assert_non_null(k);
    assert_int_equal(json_array_append(objects, (json_t *)o), 0);
    answer =
        ask(review_of("apiextensions.k8s.io/v1", want == API_V1BETA1 ? k->hub : k->old, objects));
    if (strcmp(meta_str(answer, "response.result.status", ""), "Success") != 0)
        fail_msg("%s", meta_str(answer, "response.result.message", ""));
    return json_incref(json_array_get(meta_get(answer, "response.convertedObjects"), 0));
}

static void assert_same(const json_t *a, const json_t *b)
{
    _cleanup_(freep) char *text_a = meta_dump(a, NULL), *text_b = meta_dump(b, NULL);

    assert_string_equal(text_a, text_b);
}

/* The API server refuses a webhook that touches more of metadata than labels and annotations. */
static void assert_same_identity(const json_t *a, const json_t *b)
{
    assert_string_equal(meta_name(a), meta_name(b));
    assert_string_equal(meta_uid(a), meta_uid(b));
}

static void test_old_and_back(void **state)
{
    (void)state;
    for (seed = 1; seed < 4000; seed++) {
        uint64_t at = seed;
        _cleanup_json_ json_t *o = make_object((enum api_kind_id)(at % API_N_KINDS), true);
        _cleanup_json_ json_t *up = converted(o, API_V1BETA1);
        _cleanup_json_ json_t *down = converted(up, API_V1ALPHA1);

        assert_same_identity(o, up);
        assert_same(o, down);
        seed = at;
    }
}

static void forget_state(json_t *o)
{
    static const char *const keys[] = {
        "api.agents.x-k8s.io/v1alpha1-sandbox-state",
        "api.agents.x-k8s.io/v1alpha1-sandboxclaim-state",
        "api.agents.x-k8s.io/v1alpha1-sandboxtemplate-state",
        "api.agents.x-k8s.io/v1alpha1-sandboxwarmpool-state",
    };

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        assert_int_equal(meta_set_annotation(o, keys[i], NULL, NULL), 0);
}

/* v1alpha1 has two words that are no names of pools. */
static bool is_pool_name(const char *name)
{
    return name[0] && strcmp(name, "none") != 0 && strcmp(name, "default") != 0;
}

/* A client of v1alpha1 reads a v1beta1 object and writes it back as it is. */
static void test_new_and_back(void **state)
{
    (void)state;
    for (seed = 1; seed < 4000; seed++) {
        uint64_t at = seed;
        enum api_kind_id kind = (enum api_kind_id)(at % API_N_KINDS);
        _cleanup_json_ json_t *o = make_object(kind, false);
        _cleanup_json_ json_t *down = converted(o, API_V1ALPHA1);
        _cleanup_json_ json_t *up = converted(down, API_V1BETA1);

        assert_same_identity(o, down);
        forget_state(up);
        forget_state(o);
        if (kind == API_POOL && !meta_get(o, "spec.replicas"))
            set(o, "spec.replicas", json_integer(1)); /* v1alpha1 always says a number */
        if (kind != API_CLAIM || is_pool_name(meta_str(o, "spec.warmPoolRef.name", "")))
            assert_same(o, up);
        seed = at;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),      cmocka_unit_test(test_failures),
        cmocka_unit_test(test_no_reviews),   cmocka_unit_test(test_old_and_back),
        cmocka_unit_test(test_new_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
