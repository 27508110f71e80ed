/* What a claim may ask of its pod: every rule of the reference (2.4.5) with its text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "services/controller/claim.h"
#include "services/controller/names.h"

/* Single quotes stand for double ones. */
static json_t *parse(const char *text)
{
    char *copy = strdup(text);
    json_t *v;

    assert_non_null(copy);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    v = json_loads(copy, 0, NULL);
    if (!v)
        fail_msg("no JSON: %s", copy);
    free(copy);
    return v;
}

static void metadata_is_checked(void **state)
{
    static const char long_value[] =
        "{'labels': {'sandbox.users.io/a': "
        "'0123456789012345678901234567890123456789012345678901234567890123'}}";
    static const struct {
        const char *extra, *message; /* NULL: taken */
    } cases[] = {
        {"{}", NULL},
        {"{'labels': {'sandbox.users.io/team': 'red'}}", NULL},
        {"{'labels': {'x.sandbox.users.io/team': ''}}", NULL},
        {"{'labels': {'team': 'red'}}",
         "invalid additionalPodMetadata: failed to validate label \"team\": label \"team\" must "
         "have a domain prefix (e.g. 'sandbox.users.io/my-label') to prevent opting into "
         "unintended policy domains"},
        {"{'labels': {'evil.io/team': 'red'}}",
         "invalid additionalPodMetadata: failed to validate label \"evil.io/team\": label domain "
         "\"evil.io\" is not in the allowlist"},
        {"{'labels': {'notsandbox.users.io/a': 'x'}}", "is not in the allowlist"},
        {"{'labels': {'APP': 'Sandbox-Router'}}",
         "restricted system label value: \"APP\"=\"Sandbox-Router\" is not allowed in "
         "AdditionalPodMetadata"},
        {"{'labels': {'a b': 'x'}}", "invalid label key: \"a b\": "},
        {"{'labels': {'/a': 'x'}}", "invalid label key: \"/a\": "},
        {"{'labels': {'Sandbox.users.io/a': 'x'}}", "invalid label key: \"Sandbox.users.io/a\": "},
        {"{'labels': {'sandbox.users.io/a': 'no spaces'}}",
         "invalid label value: \"no spaces\" does not match allowed pattern: "},
        {long_value, "invalid label value: "},
        {"{'annotations': {'note': 'any text, with blanks'}}", NULL},
        {"{'annotations': {'podsnapshot.gke.io/ps-name': 'x'}}", NULL},
        {"{'annotations': {'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false'}}", NULL},
        {"{'annotations': {'cluster-autoscaler.kubernetes.io/other': 'x'}}",
         "invalid additionalPodMetadata: failed to validate annotation "
         "\"cluster-autoscaler.kubernetes.io/other\": restricted system domain: "
         "\"cluster-autoscaler.kubernetes.io/other\" is not allowed in AdditionalPodMetadata"},
        {"{'annotations': {'k8s.io/x': 'x'}}", "restricted system domain: "},
        {"{'annotations': {'agents.x-k8s.io/pod-name': 'x'}}", "restricted system domain: "},
        {"{'annotations': {'extensions.agents.x-k8s.io/y': 'x'}}", "restricted system domain: "},
        {"{'annotations': {'a//b': 'x'}}", "failed to validate annotation \"a//b\": "},
    };
    struct ctl c = {.opts = {.label_domains = "sandbox.users.io"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *claim = json_object(), *extra = parse(cases[i].extra);
        struct claim_problem p;
        int r;

        assert_int_equal(obj_put(claim, "spec.additionalPodMetadata", extra), 0);
        r = claim_check_metadata(&c, claim, &p);
        if (!cases[i].message) {
            if (r != 0)
                fail_msg("%s: %s", cases[i].extra, p.message);
        } else {
            assert_int_equal(r, -1);
            assert_string_equal(p.reason, "InvalidMetadata");
            assert_true(p.is_final);
            if (!strstr(p.message, cases[i].message))
                fail_msg("%s: %s", cases[i].extra, p.message);
        }
        json_decref(claim);
    }
}

static void domains_are_read_from_a_file(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", "sandbox.users.io"},       {" \n,\r\n , ", "sandbox.users.io"},
        {"Example.COM", "example.com"}, {"a.io, b.io\nc.io\r\n d.io \n", "a.io,b.io,c.io,d.io"},
        {",,a.io,,", "a.io"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *got = claim_label_domains(cases[i].text);

        assert_string_equal(got, cases[i].want);
        free(got);
    }
}

#define POD                                                                                        \
    "{'containers': [{'name': 'main', 'env': [{'name': 'A', 'valueFrom': {'x': {}}}]}, "           \
    "{'name': 'side', 'envFrom': [{'configMapRef': {'name': 'm'}}]}], "                            \
    "'initContainers': [{'name': 'init'}]}"

static void environment_follows_the_policy(void **state)
{
    static const struct {
        const char *policy, *env, *reason, *message; /* reason NULL: taken */
        const char *main_env;                        /* of the first container, as JSON text */
    } cases[] = {
        {NULL, "[{'name': 'B', 'value': '1'}]", "EnvVarsInjectionRejected",
         "environment variable injection rejected: environment variable injection is not allowed "
         "by the template policy",
         NULL},
        {"Disallowed", "[{'name': 'B', 'value': '1'}]", "EnvVarsInjectionRejected", "rejected",
         NULL},
        {"Disallowed", "[]", NULL, NULL, NULL},
        {"Allowed", "[{'name': 'B', 'value': ''}]", NULL, NULL,
         "[{'name': 'A', 'valueFrom': {'x': {}}}, {'name': 'B', 'value': ''}]"},
        {"Allowed", "[{'name': 'A', 'value': '1'}]", "ReconcilerError",
         "environment variable override is not allowed by the template policy for variable \"A\"",
         NULL},
        {"Allowed", "[{'name': 'B', 'value': '1', 'containerName': 'side'}]",
         "EnvVarsInjectionRejected",
         "environment variable injection rejected: container \"side\" uses EnvFrom sources; "
         "Allowed policy cannot safely prevent overriding EnvFrom-provided variables",
         NULL},
        {"Allowed",
         "[{'name': 'A', 'value': '1'}, {'name': 'B', 'value': '1', 'containerName': 'none'}]",
         "ReconcilerError",
         "target container \"none\" not found in template for environment variable \"B\"", NULL},
        {"Allowed", "[{'name': 'B', 'value': '1', 'containerName': 'init'}]", NULL, NULL,
         "[{'name': 'A', 'valueFrom': {'x': {}}}]"},
        {"Overrides", "[{'name': 'A', 'value': '1'}]", NULL, NULL, "[{'name': 'A', 'value': '1'}]"},
        {"Overrides", "[{'name': 'B', 'value': '1', 'containerName': 'side'}]", NULL, NULL,
         "[{'name': 'A', 'valueFrom': {'x': {}}}]"},
        {"Overrides",
         "[{'name': 'C', 'value': 'late'}, {'name': 'B', 'value': 'named', 'containerName': "
         "'main'}]",
         NULL, NULL,
         "[{'name': 'A', 'valueFrom': {'x': {}}}, {'name': 'B', 'value': 'named'}, {'name': 'C', "
         "'value': 'late'}]"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *claim = json_object(), *template = json_object(), *pod = parse(POD), *want;
        struct claim_problem p;
        int r;

        assert_int_equal(obj_put(claim, "spec.env", parse(cases[i].env)), 0);
        if (cases[i].policy)
            assert_int_equal(obj_put_str(template, "spec.envVarsInjectionPolicy", cases[i].policy),
                             0);
        r = claim_inject_env(claim, template, pod, &p);
        if (cases[i].reason) {
            assert_int_equal(r, -1);
            assert_string_equal(p.reason, cases[i].reason);
            assert_int_equal(p.is_final, strcmp(p.reason, "ReconcilerError") != 0);
            if (!strstr(p.message, cases[i].message))
                fail_msg("%zu: %s", i, p.message);
        } else if (r != 0) {
            fail_msg("%zu: %s", i, p.message);
        }
        if (cases[i].main_env) {
            want = parse(cases[i].main_env);
            assert_true(obj_equal(
                json_object_get(json_array_get(obj_get(pod, "containers"), 0), "env"), want));
            json_decref(want);
        }
        json_decref(claim);
        json_decref(template);
        json_decref(pod);
    }
}

static void volumes_follow_the_policy(void **state)
{
#define A  "{'metadata': {'name': 'a'}, 'spec': {'x': 1}}"
#define A2 "{'metadata': {'name': 'a'}, 'spec': {'x': 2}}"
#define B  "{'metadata': {'name': 'b'}, 'spec': {}}"
    static const struct {
        const char *policy, *mine, *template, *message; /* message NULL: taken */
        const char *want;
    } cases[] = {
        {NULL, "[]", "[" A "]", NULL, "[" A "]"},
        {NULL, "[" B "]", "[]",
         "failed to merge volume claim templates: volume claim templates are disallowed by the "
         "template",
         NULL},
        {"Disallowed", "[" B "]", "[]", "volume claim templates are disallowed by the template",
         NULL},
        {"Allowed", "[" B "]", "[" A "]", NULL, "[" A ", " B "]"},
        {"Allowed", "[" A2 "]", "[" A "]",
         "failed to merge volume claim templates: overriding volume claim templates is forbidden "
         "by the template: cannot override template volume \"a\"",
         NULL},
        {"Overrides", "[" B ", " A2 "]", "[" A "]", NULL, "[" A2 ", " B "]"},
        {"Overrides", "[{'spec': {}}]", "[]",
         "failed to merge volume claim templates: claim: invalid volume claim templates: name at "
         "index 0 is empty",
         NULL},
        {"Allowed", "[" B ", " B "]", "[]",
         "failed to merge volume claim templates: claim: invalid volume claim templates: duplicate "
         "name \"b\"",
         NULL},
        {"Allowed", "[" B "]", "[" A ", " A "]",
         "failed to merge volume claim templates: template: invalid volume claim templates: "
         "duplicate name \"a\"",
         NULL},
        {"Allowed", "[]", "[" A ", " A "]",
         "invalid volume claim templates in template: invalid volume claim templates: duplicate "
         "name \"a\"",
         NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *claim = json_object(), *template = json_object(), *spec = json_object(), *want;
        struct claim_problem p;
        int r;

        assert_int_equal(obj_put(claim, "spec.volumeClaimTemplates", parse(cases[i].mine)), 0);
        assert_int_equal(obj_put(spec, "volumeClaimTemplates", parse(cases[i].template)), 0);
        if (cases[i].policy)
            assert_int_equal(
                obj_put_str(template, "spec.volumeClaimTemplatesPolicy", cases[i].policy), 0);
        r = claim_merge_volumes(claim, template, spec, &p);
        if (cases[i].message) {
            assert_int_equal(r, -1);
            assert_string_equal(p.reason, "VolumeClaimTemplatesError");
            assert_true(p.is_final);
            if (!strstr(p.message, cases[i].message))
                fail_msg("%zu: %s", i, p.message);
        } else {
            assert_int_equal(r, 0);
            want = parse(cases[i].want);
            assert_true(obj_equal(obj_get(spec, "volumeClaimTemplates"), want));
            json_decref(want);
        }
        json_decref(claim);
        json_decref(template);
        json_decref(spec);
    }
}

/* What is wrong first is what is said: volumes, metadata, policy, containers, variables. */
static void the_first_mistake_is_told(void **state)
{
    static const char *const order[] = {"VolumeClaimTemplatesError", "ReconcilerError",
                                        "EnvVarsInjectionRejected"};
    json_t *claim = parse("{'metadata': {'name': 'c', 'namespace': 'd', 'uid': 'u'}, 'spec': {"
                          "'volumeClaimTemplates': [{'metadata': {'name': 'v'}}],"
                          "'additionalPodMetadata': {'labels': {'sandbox.users.io/a': 'mine'}},"
                          "'env': [{'name': 'A', 'value': '1', 'containerName': 'none'}]}}");
    json_t *template =
        parse("{'metadata': {'name': 't', 'namespace': 'd'}, 'spec': {'podTemplate': {"
              "'metadata': {'labels': {'sandbox.users.io/a': 'its'}},"
              "'spec': {'containers': [{'name': 'main'}]}}}}");
    struct store_object t = {.name = "t", .ns = "d", .json = template};
    struct claim_problem p;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        assert_null(claim_cold_sandbox(claim, &t, &p));
        assert_string_equal(p.reason, order[i]);
        if (i == 0)
            obj_drop(claim, "spec.volumeClaimTemplates");
        else
            obj_drop(claim, "spec.additionalPodMetadata");
        if (i == 1)
            assert_string_equal(p.message,
                                "metadata override conflict: label \"sandbox.users.io/a\" is "
                                "defined in template with value \"its\", but claim requests "
                                "\"mine\"");
    }
    json_decref(claim);
    json_decref(template);
}

static void the_seed_eras_claims_are_known(void **state)
{
    static const char *const others[] = {
        "{'metadata': {'name': 'sandbox-claim-0123abcd'}}",
        "{'metadata': {'name': 'sandbox-claim-0123abcg', 'annotations': {'" A_CLAIM_STATE_V1ALPHA1
        "': '{}'}}}",
        "{'metadata': {'name': 'sandbox-claim-0123abcd1', 'annotations': {'" A_CLAIM_STATE_V1ALPHA1
        "': '{}'}}}",
        "{'metadata': {'name': 'sandbox-claim-0123abcd', 'labels': {'" L_CREATED_BY
        "': 'python-client'}, 'annotations': {'" A_CLAIM_STATE_V1ALPHA1 "': '{}'}}}",
    };
    json_t *claim = parse("{'metadata': {'name': 'sandbox-claim-0123abcd', 'annotations': {"
                          "'" A_CLAIM_STATE_V1ALPHA1 "': '{}'}}}");

    (void)state;
    assert_true(claim_is_seed_era(claim));
    json_decref(claim);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        claim = parse(others[i]);
        assert_false(claim_is_seed_era(claim));
        json_decref(claim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata_is_checked),
        cmocka_unit_test(domains_are_read_from_a_file),
        cmocka_unit_test(environment_follows_the_policy),
        cmocka_unit_test(volumes_follow_the_policy),
        cmocka_unit_test(the_first_mistake_is_told),
        cmocka_unit_test(the_seed_eras_claims_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
