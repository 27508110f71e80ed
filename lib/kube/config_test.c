/* Kubeconfigs: what is understood, and by which sentence the rest is refused. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/fd.h"
#include "lib/kube/config_impl.h"
#include "lib/kube/kube_auth.h"

#define CONTEXT "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
#define CLUSTER "clusters: [{name: k, cluster: {server: 'https://h:6443'}}]\n"

static int parse(struct kube_config **ret, const char *text, struct err *err)
{
    return kube_config_parse(ret, "file", "/nowhere", text, strlen(text), NULL, err);
}

static void test_all_fields(void **state)
{
    static const char text[] =
        "apiVersion: v1\nkind: Config\n"
        "current-context: one\n"
        "contexts:\n- {name: other, context: {cluster: x}}\n"
        "- {name: one, context: {cluster: k, user: u, namespace: team}}\n"
        "clusters:\n- name: k\n  cluster:\n    server: https://10.0.0.1:6443/\n"
        "    certificate-authority-data: UEVN\n    tls-server-name: api.local\n"
        "    proxy-url: http://proxy:3128\n"
        "users:\n- name: u\n  user:\n    client-certificate-data: Q0VSVA==\n"
        "    client-key-data: S0VZ\n"
        "    exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: get-token,\n"
        "           args: [a, b], env: [{name: NAME, value: v}], provideClusterInfo: true}\n";
    _cleanup_(kube_config_freep) struct kube_config *c = NULL;
    struct err err = {0};

    (void)state;
    if (parse(&c, text, &err) < 0)
        fail_msg("%s", err.msg);
    assert_string_equal(kube_config_server(c), "https://10.0.0.1:6443");
    assert_string_equal(kube_config_namespace(c), "team");
    assert_false(kube_config_is_in_cluster(c));
    assert_string_equal(c->ca_pem, "PEM");
    assert_string_equal(c->cert_pem, "CERT");
    assert_string_equal(c->key_pem, "KEY");
    assert_string_equal(c->tls_server_name, "api.local");
    assert_string_equal(c->proxy_url, "http://proxy:3128");
    assert_string_equal(c->exec.command, "get-token");
    assert_int_equal(c->exec.n_args, 2);
    assert_string_equal(c->exec.env[0], "NAME=v");
    assert_true(c->exec.gives_cluster_info);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "want one document"},
        {"[]", "want one document"},
        {"a: {", "file:"},
        {"contexts: []", "no current-context"},
        {"current-context: x", "there is no context \"x\""},
        {"current-context: \"a\\nb\"", "there is no context \"a\\nb\""},
        {CONTEXT, "there is no cluster \"k\""},
        {CONTEXT CLUSTER, "there is no user \"u\""},
        {CONTEXT "clusters: [{name: k, cluster: {}}]\nusers: [{name: u, user: {}}]", "no server"},
        {CONTEXT
         "clusters: [{name: k, cluster: {server: 'ftp://h'}}]\nusers: [{name: u, user: {}}]",
         "want https://"},
        {CONTEXT "clusters: [{name: k, cluster: {server: 'https://a b'}}]\n"
                 "users: [{name: u, user: {}}]",
         "not an address"},
        {CONTEXT "clusters: [{name: k, cluster: {server: 'https://u:hunter2@h'}}]\n"
                 "users: [{name: u, user: {}}]",
         "a user and a password"},
        {CONTEXT "clusters: [{name: k, cluster: {server: 'https://h', "
                 "insecure-skip-tls-verify: true, certificate-authority-data: UEVN}}]\n"
                 "users: [{name: u, user: {}}]",
         "only one of them"},
        {CONTEXT "clusters: [{name: k, cluster: {server: 'https://h', "
                 "certificate-authority-data: '***'}}]\nusers: [{name: u, user: {}}]",
         "base64"},
        {CONTEXT "clusters: [{name: k, cluster: {server: 'https://h', "
                 "certificate-authority: ca.pem}}]\nusers: [{name: u, user: {}}]",
         "/nowhere/ca.pem"},
        {CONTEXT CLUSTER "users: [{name: u, user: {token: 5}}]", "want a text at \"token\""},
        {CONTEXT CLUSTER "users: [{name: u, user: {client-key-data: S0VZ}}]", "one of them"},
        {CONTEXT CLUSTER "users: [{name: u, user: {auth-provider: {}}}]", "use exec"},
        {CONTEXT CLUSTER "users: [{name: u, user: {exec: {command: x}}}]", "exec.apiVersion"},
        {CONTEXT CLUSTER "users: [{name: u, user: {exec: {apiVersion: "
                         "client.authentication.k8s.io/v1}}}]",
         "names no command"},
        {CONTEXT CLUSTER "users: [{name: u, user: {exec: {command: x, interactiveMode: Always, "
                         "apiVersion: client.authentication.k8s.io/v1}}}]",
         "interactiveMode"},
        {CONTEXT CLUSTER "users: [{name: u, user: {exec: {command: x, args: [1], "
                         "apiVersion: client.authentication.k8s.io/v1}}}]",
         "exec.args"},
        {CONTEXT CLUSTER "users: [{name: u, user: {exec: {command: x, env: [{name: 'a=b'}], "
                         "apiVersion: client.authentication.k8s.io/v1}}}]",
         "exec.env"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct kube_config *c = NULL;
        struct err err = {0};

        assert_true(parse(&c, cases[i].text, &err) < 0);
        assert_null(c);
        assert_int_equal(err.code, RPC_FAILED_PRECONDITION);
        assert_string_equal(err.reason, "KubeconfigInvalid");
        if (!strstr(err.msg, cases[i].said))
            fail_msg("%s: not in: %s", cases[i].said, err.msg);
        assert_null(strstr(err.msg, "hunter2"));
    }
}

static void test_no_secret_in_messages(void **state)
{
    static const char text[] = CONTEXT CLUSTER
        "users: [{name: u, user: {token: hunter2, password: hunter2, client-key-data: hunter2}}]";
    struct kube_config *c = NULL;
    struct err err = {0};

    (void)state;
    assert_true(parse(&c, text, &err) < 0);
    assert_null(strstr(err.msg, "hunter2"));
}

/* ---- files and environments ---- */

struct place {
    char folder[64];
};

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    assert_non_null(p);
    (void)snprintf(p->folder, sizeof(p->folder), "/tmp/kube-config-test-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    (void)unsetenv("KUBECONFIG");
    (void)unsetenv("KUBERNETES_SERVICE_HOST");
    (void)unsetenv("KUBERNETES_SERVICE_PORT");
    assert_int_equal(fd_rm_tree(AT_FDCWD, p->folder, NULL), 0);
    free(p);
    return 0;
}

static const char *put(const struct place *p, const char *name, const char *text)
{
    static char path[160];

    (void)snprintf(path, sizeof(path), "%s/%s", p->folder, name);
    assert_int_equal(fd_write_file_atomic(AT_FDCWD, path, text, strlen(text), 0600, false, NULL),
                     0);
    return path;
}

static void test_in_cluster(void **state)
{
    struct place *p = *state;
    _cleanup_(kube_config_freep) struct kube_config *c = NULL, *six = NULL;
    struct kube_config *none = NULL;
    struct err err = {0};

    (void)unsetenv("KUBERNETES_SERVICE_HOST");
    assert_true(kube_config_in_cluster(&none, p->folder, &err) < 0);
    assert_string_equal(err.reason, "NotInCluster");
    (void)setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
    (void)setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    assert_true(kube_config_in_cluster(&none, p->folder, &err) < 0);
    assert_non_null(strstr(err.msg, "/token"));
    (void)put(p, "token", "t\n");
    (void)put(p, "ca.crt", "PEM");
    (void)put(p, "namespace", "agent-sandbox-system\n");
    assert_int_equal(kube_config_in_cluster(&c, p->folder, &err), 0);
    assert_string_equal(kube_config_server(c), "https://10.96.0.1:443");
    assert_string_equal(kube_config_namespace(c), "agent-sandbox-system");
    assert_true(kube_config_is_in_cluster(c));
    (void)setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
    assert_int_equal(kube_config_in_cluster(&six, p->folder, &err), 0);
    assert_string_equal(kube_config_server(six), "https://[fd00::1]:443");
}

static void test_find(void **state)
{
    struct place *p = *state;
    struct kube_config *c = NULL;
    struct err err = {0};
    char list[400];

    assert_true(kube_config_find(&c, "/nowhere/config", NULL, &err) < 0);
    assert_string_equal(err.reason, "KubeconfigNotFound");
    assert_non_null(strstr(err.msg, "/nowhere/config"));
    (void)snprintf(list, sizeof(list), "/nowhere/config::%s",
                   put(p, "config", CONTEXT CLUSTER "users: [{name: u, user: {tokenFile: t}}]"));
    (void)setenv("KUBECONFIG", list, 1);
    assert_int_equal(kube_config_find(&c, NULL, NULL, &err), 0);
    assert_string_equal(kube_config_server(c), "https://h:6443");
    (void)snprintf(list, sizeof(list), "%s/t", p->folder);
    assert_string_equal(c->token_file, list);
    kube_config_free(c);
    assert_true(kube_config_find(&c, NULL, "other", &err) < 0);
    assert_non_null(strstr(err.msg, "\"other\""));
}

static void test_credentials(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"kind\":\"ExecCredential\"}",
        "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\"}",
        ("{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
         "\"status\":{\"clientKeyData\":\"k\"}}")};
    static const char good[] =
        "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
        "\"status\":{\"token\":\"t\",\"expirationTimestamp\":\"2026-01-01T00:00:00Z\"}}";
    struct kube_credential c = {0};
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_true(kube_credential_parse(&c, bad[i], strlen(bad[i]), &err) < 0);
        assert_string_equal(err.reason, "CredentialPluginFailed");
    }
    assert_int_equal(kube_credential_parse(&c, good, strlen(good), &err), 0);
    assert_string_equal(c.token, "t");
    assert_int_equal(c.expires_s, 1767225600);
    kube_credential_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_fields),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_secret_in_messages),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test_setup_teardown(test_in_cluster, setup, teardown),
        cmocka_unit_test_setup_teardown(test_find, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
