/* What a SelfSubjectRulesReview says, against what the controller does. */
#include "services/controller/kube_rights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/meta.h"

static char said[4096];

static void say(const char *verb, const char *resource, void *user)
{
    size_t n = strlen(said);

    (void)user;
    (void)snprintf(said + n, sizeof(said) - n, "%s %s;", verb, resource);
}

static size_t missing(const char *rules, struct kube_rights_opts opts)
{
    _cleanup_json_ json_t *status = meta_parse(rules, strlen(rules), 65536, NULL);

    assert_non_null(status);
    said[0] = '\0';
    return kube_rights_missing(status, &opts, say, NULL);
}

#define RULE(group, resource, verbs)                                                               \
    "{\"apiGroups\":[\"" group "\"],\"resources\":[\"" resource "\"],\"verbs\":[" verbs "]}"

static void test_rights(void **state)
{
    const struct kube_rights_opts all = {true, true, true};

    (void)state;
    assert_int_equal(missing("{\"resourceRules\":[" RULE("*", "*", "\"*\"") "]}", all), 0);
    assert_int_equal(missing("{\"incomplete\":true,\"resourceRules\":[]}", all), 0);
    assert_true(missing("{\"resourceRules\":[]}", all) > 50);
    assert_non_null(strstr(said, "patch sandboxes.agents.x-k8s.io/status;"));
    assert_non_null(strstr(said, "create pods;"));
    assert_non_null(strstr(said, "get secrets agent-sandbox-webhook-certs;"));
    assert_true(missing("{\"resourceRules\":[]}", (struct kube_rights_opts){0}) < 30);
    assert_null(strstr(said, "leases"));
    assert_null(strstr(said, "extensions"));
}

/* Every rule but one verb: that one is named, and no other. */
static void test_one_verb(void **state)
{
    static const char rules[] =
        "{\"resourceRules\":[" RULE("agents.x-k8s.io", "sandboxes", "\"get\",\"list\",\"watch\",\"delete\"") "," RULE(
            "agents.x-k8s.io", "*/status",
            "\"patch\"") "," RULE("", "*", "\"*\"") "," RULE("events.k8s.io", "events",
                                                             "\"create\",\"patch\"") "]}";

    (void)state;
    assert_int_equal(missing(rules, (struct kube_rights_opts){0}), 1);
    assert_string_equal(said, "patch sandboxes.agents.x-k8s.io;");
}

/* A right to one object is no right to all. */
static void test_resource_names(void **state)
{
    static const char rules[] =
        "{\"resourceRules\":[" RULE("agents.x-k8s.io", "*", "\"*\"") "," RULE(
            "events.k8s.io", "*",
            "\"*\"") ",{\"apiGroups\":[\"\"],\"resources\":[\"*\"],"
                     "\"resourceNames\":[\"agent-sandbox-webhook-certs\"],\"verbs\":[\"*\"]}," RULE(
                         "apiextensions.k8s.io", "*", "\"*\"") "]}";

    (void)state;
    assert_true(missing(rules, (struct kube_rights_opts){.has_webhook_certs = true}) > 0);
    assert_non_null(strstr(said, "create secrets;"));
    assert_non_null(strstr(said, "create pods;"));
    assert_null(strstr(said, "agent-sandbox-webhook-certs"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_one_verb),
        cmocka_unit_test(test_resource_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
