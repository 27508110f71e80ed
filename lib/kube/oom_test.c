/* The n-th allocation of ours fails, for every n. (libcurl's own are not caught: it is loaded.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/meta.h"
#include "lib/base/alloc_sweep.h"
#include "lib/base/clock.h"
#include "lib/kube/curl_lib.h"
#include "lib/kube/fake_server.h"
#include "lib/kube/kube_auth.h"
#include "lib/kube/kube_client.h"
#include "lib/kube/kube_config.h"
#include "lib/kube/kube_watch.h"

#define WAIT_MS 10000

struct scene {
    struct loop *loop;
    struct fake_server server;
    bool is_done;
    struct err err;
    size_t n_put;
    bool is_listed;
};

static const struct kube_resource pods = {.api_version = "v1", .plural = "pods", .kind = "Pod"};

static void serve(struct fake_conn *c, const struct fake_request *req, void *user)
{
    (void)user;
    if (strstr(req->target, "watch=1"))
        return; /* for ever */
    fake_answer(
        c, 200, "",
        "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[{\"metadata\":{\"name\":\"a\","
        "\"uid\":\"u\",\"resourceVersion\":\"1\"}}]}");
}

static int make_client(struct scene *s, struct kube_client **ret, struct err *err)
{
    const struct kube_client_opts opts = {.n_connections = 2, .separate_watches = true};
    struct kube_config *config;
    char yaml[1024];

    (void)snprintf(yaml, sizeof(yaml),
                   "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u, "
                   "namespace: team}}], clusters: [{name: k, cluster: {server: "
                   "\"http://127.0.0.1:%d\"}}], users: [{name: u, user: {token: t}}]}",
                   s->server.port);
    if (kube_config_parse(&config, "test", "/", yaml, strlen(yaml), NULL, err) < 0)
        return -1;
    return kube_client_new(ret, s->loop, config, &opts, err);
}

static void on_done(const struct kube_result *res, void *user)
{
    struct scene *s = user;

    s->is_done = true;
    s->err = res->err ? *res->err : (struct err){0};
}

static bool turn_until(struct scene *s, const bool *flag)
{
    uint64_t end = clock_monotonic_ms() + WAIT_MS;

    while (!*flag && clock_monotonic_ms() < end)
        (void)loop_turn(s->loop, false);
    return *flag;
}

/* ---- one request, from the configuration to its answer ---- */

static int request(void *user, struct err *err)
{
    struct scene *s = user;
    _cleanup_(kube_client_freep) struct kube_client *c = NULL;
    _cleanup_json_ json_t *body = kube_delete_options("u", 7, 0, "Background");
    struct kube_request req = {
        .method = KUBE_DELETE, .resource = &pods, .ns = "n", .name = "a", .body = body};

    if (!body)
        return err_oom(err);
    if (make_client(s, &c, err) < 0)
        return -1;
    s->is_done = false;
    if (kube_call(NULL, c, &req, on_done, s, err) < 0)
        return -1;
    assert_true(turn_until(s, &s->is_done)); /* `done` is called, come what may */
    if (s->err.code == RPC_OK)
        return 0;
    *err = s->err;
    return -1;
}

/* ---- a watch: what fails is tried again, so it ends only when it may not ---- */

static void on_listing(void *user)
{
    ((struct scene *)user)->n_put = 0;
}

static int on_put(json_t *o, void *user, struct err *err)
{
    (void)o;
    (void)err;
    ((struct scene *)user)->n_put++;
    return 0;
}

static int on_listed(uint64_t version, void *user, struct err *err)
{
    struct scene *s = user;

    (void)err;
    assert_int_equal(version, 9);
    assert_int_equal(s->n_put, 1);
    s->is_listed = s->is_done = true;
    return 0;
}

static int on_gone(json_t *o, void *user, struct err *err)
{
    (void)o;
    (void)user;
    (void)err;
    fail_msg("nothing was deleted");
    return 0;
}

static void on_trouble(const struct err *err, unsigned wait_ms, void *user)
{
    struct scene *s = user;

    (void)wait_ms;
    if (!err)
        return;
    s->err = *err;
    s->is_done = true;
}

static int watch(void *user, struct err *err)
{
    struct scene *s = user;
    _cleanup_(kube_client_freep) struct kube_client *c = NULL;
    _cleanup_(kube_watch_freep) struct kube_watch *w = NULL;
    const struct kube_watch_opts opts = {.resource = &pods, .ns = "n", .label_selector = "a=b"};
    const struct kube_watch_ops ops = {on_listing, on_put, on_listed, on_gone, on_trouble, NULL};

    if (make_client(s, &c, err) < 0 || kube_watch_new(&w, c, &opts, &ops, s, err) < 0)
        return -1;
    s->is_done = s->is_listed = false;
    assert_true(turn_until(s, &s->is_done));
    if (s->is_listed)
        return 0;
    *err = s->err;
    return -1;
}

/* ---- texts ---- */

static int config(void *user, struct err *err)
{
    static const char text[] =
        "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],"
        "clusters: [{name: k, cluster: {server: 'https://h', tls-server-name: name, proxy-url: p,"
        "certificate-authority-data: UEVN}}], users: [{name: u, user: {username: a, password: b,"
        "tokenFile: t, client-key-data: S0VZ, client-certificate-data: Q0VSVA==,"
        "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./x, args: [a, b],"
        "installHint: h, env: [{name: NAME, value: v}]}}}]}";
    struct kube_config *c;

    (void)user;
    if (kube_config_parse(&c, "file", "/somewhere", text, strlen(text), NULL, err) < 0)
        return -1;
    kube_config_free(c);
    return 0;
}

static int credential(void *user, struct err *err)
{
    static const char text[] =
        "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\","
        "\"status\":{\"token\":\"t\",\"clientCertificateData\":\"c\",\"clientKeyData\":\"k\"}}";
    struct kube_credential c = {0};

    (void)user;
    if (kube_credential_parse(&c, text, strlen(text), err) < 0)
        return -1;
    kube_credential_done(&c);
    return 0;
}

static struct scene scene; /* the server in it is large */

static int setup(void **state)
{
    struct err err;

    assert_non_null(curl_lib_get(&err)); /* once, before allocations fail */
    assert_int_equal(loop_new(&scene.loop, NULL), 0);
    fake_start(&scene.server, scene.loop, serve, &scene);
    *state = &scene;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fake_stop(&scene.server);
    loop_free(scene.loop);
    return 0;
}

static void test_request(void **state)
{
    alloc_sweep(request, *state);
}

static void test_watch(void **state)
{
    alloc_sweep(watch, *state);
}

static void test_texts(void **state)
{
    alloc_sweep(config, *state);
    alloc_sweep(credential, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_request, setup, teardown),
        cmocka_unit_test_setup_teardown(test_watch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_texts, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
