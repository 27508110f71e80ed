/*
 * The n-th allocation fails, for every n, while the store above the Kubernetes API lists, hears of
 * a change, creates, patches, meets a conflict and deletes. What needed the memory fails, with that
 * reason, or is tried again; then memory is back, and what the store has is what the server has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/meta.h"
#include "lib/base/alloc_sweep.h"
#include "lib/base/clock.h"
#include "lib/kube/curl_lib.h"
#include "lib/kube/fake_server.h"
#include "lib/kube/kube_config.h"
#include "lib/store/store_kube.h"

#define WAIT_MS    20000
#define PATH_PIECE "/namespaces/n/sandboxes"

/* ---- a server with the Sandboxes "a" and "b" ---- */

struct thing {
    bool is_there;
    int n, version, incarnation;
};

struct scene {
    struct loop *loop;
    struct fake_server server;
    struct thing a, b;
    int version;
    bool conflicts;          /* the next PATCH meets one */
    struct fake_conn *watch; /* of the Sandboxes, or NULL */
    /* of the run */
    struct kube_client *client;
    struct store *store;
    bool is_done, has_trouble;
    unsigned n_troubles; /* of all runs */
    struct err err;
};

static struct scene scene; /* the server in it is large */

static void print(const struct thing *t, const char *name, char *ret, size_t n)
{
    (void)snprintf(
        ret, n,
        "{\"apiVersion\":\"agents.x-k8s.io/v1beta1\",\"kind\":\"Sandbox\",\"metadata\":{\"name\":\"%s\","
        "\"namespace\":\"n\",\"uid\":\"%s-%d\",\"resourceVersion\":\"%d\",\"generation\":1,"
        "\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{\"n\":%d}}",
        name, name, t->incarnation, t->version, t->n);
}

static void tell(struct scene *s, const char *type, const char *object)
{
    char line[1024];
    int n = snprintf(line, sizeof(line), "{\"type\":\"%s\",\"object\":%s}\n", type, object);

    if (s->watch && s->watch->fd >= 0)
        fake_chunk(s->watch, line, (size_t)n);
}

static void change(struct scene *s, struct thing *t, const char *name, int n, char *ret,
                   size_t n_ret)
{
    bool was_there = t->is_there;

    *t = (struct thing){true, n, ++s->version, t->incarnation + !was_there};
    print(t, name, ret, n_ret);
    tell(s, was_there ? "MODIFIED" : "ADDED", ret);
}

static void answer_list(struct scene *s, struct fake_conn *c, bool is_ours)
{
    char a[512] = "", b[512] = "", text[1200];

    if (is_ours && s->a.is_there)
        print(&s->a, "a", a, sizeof(a));
    if (is_ours && s->b.is_there)
        print(&s->b, "b", b, sizeof(b));
    (void)snprintf(text, sizeof(text),
                   "{\"metadata\":{\"resourceVersion\":\"%d\"},\"items\":[%s%s%s]}", s->version, a,
                   *a && *b ? "," : "", b);
    fake_answer(c, 200, "", text);
}

static void refuse(struct fake_conn *c, int status, const char *reason)
{
    char text[200];

    (void)snprintf(text, sizeof(text),
                   "{\"kind\":\"Status\",\"status\":\"Failure\",\"code\":%d,\"reason\":\"%s\","
                   "\"message\":\"so it is\"}",
                   status, reason);
    fake_answer(c, status, "", text);
}

static int n_of(const char *body)
{
    const char *n = strstr(body, "\"n\":");

    assert_non_null(n);
    return atoi(n + 4 + strspn(n + 4, " "));
}

static void answer_write(struct scene *s, struct fake_conn *c, const struct fake_request *req)
{
    char object[512];

    if (strcmp(req->method, "POST") == 0 && s->b.is_there) {
        refuse(c, 409, "AlreadyExists");
    } else if (strcmp(req->method, "POST") == 0) {
        change(s, &s->b, "b", n_of(req->body), object, sizeof(object));
        fake_answer(c, 201, "", object);
    } else if (!s->b.is_there) {
        refuse(c, 404, "NotFound");
    } else if (strcmp(req->method, "DELETE") == 0) {
        s->b.is_there = false;
        s->b.version = ++s->version;
        print(&s->b, "b", object, sizeof(object));
        tell(s, "DELETED", object);
        fake_answer(c, 200, "", object);
    } else if (s->conflicts) {
        s->conflicts = false;
        refuse(c, 409, "Conflict");
    } else {
        change(s, &s->b, "b", n_of(req->body), object, sizeof(object));
        fake_answer(c, 200, "", object);
    }
}

/* A watch hears first of what came after the version it asks from. */
static void catch_up(struct scene *s, const struct thing *t, const char *name, int from)
{
    char object[512];

    if (t->version <= from)
        return;
    print(t, name, object, sizeof(object));
    tell(s, t->is_there ? "MODIFIED" : "DELETED", object);
}

static void answer_watch(struct scene *s, struct fake_conn *c, const char *target)
{
    const char *from = strstr(target, "resourceVersion=");

    assert_non_null(from);
    s->watch = c;
    catch_up(s, &s->a, "a", atoi(from + 16));
    catch_up(s, &s->b, "b", atoi(from + 16));
}

static void serve(struct fake_conn *c, const struct fake_request *req, void *user)
{
    struct scene *s = user;
    bool is_ours = strstr(req->target, "/sandboxes");

    if (strcmp(req->method, "GET") != 0) {
        answer_write(s, c, req);
    } else if (strstr(req->target, PATH_PIECE "/b")) { /* a create that is looked for */
        char object[512];

        print(&s->b, "b", object, sizeof(object));
        if (s->b.is_there)
            fake_answer(c, 200, "", object);
        else
            refuse(c, 404, "NotFound");
    } else if (!strstr(req->target, "watch=1")) {
        answer_list(s, c, is_ours);
    } else {
        fake_begin(c, 200);
        if (is_ours)
            answer_watch(s, c, req->target);
    }
}

/* ---- the store ---- */

static void on_trouble(const char *kind, const struct err *err, unsigned wait_ms, void *user)
{
    struct scene *s = user;

    (void)kind;
    (void)wait_ms;
    if (!err)
        return;
    s->has_trouble = true;
    s->err = *err;
}

static int open_client(struct scene *s, struct err *err)
{
    const struct kube_client_opts opts = {.separate_watches = true};
    struct kube_config *config;
    char yaml[512];

    (void)snprintf(yaml, sizeof(yaml),
                   "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}], "
                   "clusters: [{name: k, cluster: {server: \"http://127.0.0.1:%d\"}}], "
                   "users: [{name: u, user: {token: t}}]}",
                   s->server.port);
    if (kube_config_parse(&config, "test", "/", yaml, strlen(yaml), NULL, err) < 0)
        return -1;
    return kube_client_new(&s->client, s->loop, config, &opts, err);
}

static const struct store_object *in_store(struct scene *s, const char *name)
{
    return store_get(s->store, "Sandbox", "n", name);
}

static bool is_same(struct scene *s, const struct thing *t, const char *name)
{
    const struct store_object *o = in_store(s, name);

    return t->is_there ? o && meta_int(o->json, "spec.n", -1) == t->n : !o;
}

static bool is_all_there(struct scene *s)
{
    return store_is_synced(s->store) && is_same(s, &s->a, "a") && is_same(s, &s->b, "b");
}

static bool is_done(struct scene *s)
{
    return s->is_done;
}

enum how { UNTIL_TROUBLE, COME_WHAT_MAY, MEMORY_IS_BACK };

/* Turns until it is so. Returns < 0 when a watch had trouble first, and that matters. */
static int turn_until(struct scene *s, bool (*is_so)(struct scene *s), enum how how,
                      struct err *err)
{
    uint64_t end = clock_monotonic_ms() + WAIT_MS;

    while (!is_so(s)) {
        if (how == UNTIL_TROUBLE && s->has_trouble) {
            *err = s->err;
            return -1;
        }
        if (how == MEMORY_IS_BACK)
            alloc_sweep_pause(); /* the fake server resumes */
        if (clock_monotonic_ms() >= end)
            fail_msg("not within %d ms: done %d, synced %d, a %d, b %d; %s", WAIT_MS, s->is_done,
                     store_is_synced(s->store), is_same(s, &s->a, "a"), is_same(s, &s->b, "b"),
                     s->err.msg);
        (void)loop_turn(s->loop, false);
    }
    return 0;
}

static void on_done(const struct store_result *res, void *user)
{
    struct scene *s = user;

    s->is_done = true;
    s->err = res->err ? *res->err : (struct err){0};
}

/* 0: done, and *err says with which code; < 0: no memory. */
static int write_one(struct scene *s, struct store_op op, json_t *object, struct err *err)
{
    _cleanup_json_ json_t *o = object;
    struct err ignored;

    op.kind = "Sandbox";
    op.ns = "n";
    op.name = "b";
    op.object = o;
    if (op.type != STORE_DELETE && !o)
        return err_oom(err);
    s->is_done = false;
    if (store_write(s->store, &op, 1, on_done, s, err) < 0)
        return -1;
    (void)turn_until(s, is_done, COME_WHAT_MAY, &ignored); /* it is always told */
    *err = s->err;
    return strcmp(err->reason, "OutOfMemory") == 0 ? -1 : 0;
}

static json_t *spec(int n)
{
    return json_pack("{s{ss ss} s{si}}", "metadata", "name", "b", "namespace", "n", "spec", "n", n);
}

static int story(struct scene *s, struct err *err)
{
    char object[512];

    if (turn_until(s, is_all_there, UNTIL_TROUBLE, err) < 0)
        return -1;
    change(s, &s->a, "a", 2, object, sizeof(object)); /* somebody else's */
    if (turn_until(s, is_all_there, UNTIL_TROUBLE, err) < 0)
        return -1;
    if (write_one(s, (struct store_op){.type = STORE_CREATE}, spec(1), err) < 0)
        return -1;
    assert_int_equal(err->code, RPC_OK);
    assert_true(is_same(s, &s->b, "b"));
    if (write_one(s, (struct store_op){.type = STORE_PATCH}, spec(5), err) < 0)
        return -1;
    assert_int_equal(err->code, RPC_OK);
    s->conflicts = true;
    if (write_one(s, (struct store_op){.type = STORE_PATCH, .resource_version = 1}, spec(6), err) <
        0)
        return -1;
    assert_int_equal(err->code, RPC_ABORTED);
    if (write_one(s, (struct store_op){.type = STORE_DELETE}, NULL, err) < 0)
        return -1;
    assert_int_equal(err->code, RPC_OK);
    return turn_until(s, is_all_there, UNTIL_TROUBLE, err);
}

static int scenario(void *user, struct err *err)
{
    struct scene *s = user;
    const struct store_kube_opts opts = {
        .trouble = on_trouble, .user = s, .without_extensions = true};
    struct err ignored;
    int r;

    alloc_sweep_pause(); /* clients have a sweep of their own */
    s->a = (struct thing){true, 1, 1, 1};
    s->b = (struct thing){0};
    s->version = 1;
    s->conflicts = s->has_trouble = false;
    s->watch = NULL;
    assert_int_equal(open_client(s, &ignored), 0);
    alloc_sweep_resume();
    r = store_new_kube(&s->store, s->loop, s->client, &opts, err);
    if (r == 0) {
        r = story(s, err);
        alloc_sweep_pause();
        /* A watch comes again after its back-off: every third time is waited for. */
        if (r < 0 && (!s->has_trouble || s->n_troubles++ % 3 == 0))
            assert_int_equal(turn_until(s, is_all_there, MEMORY_IS_BACK, &ignored), 0);
        store_free(TAKE_PTR(s->store));
    }
    alloc_sweep_pause();
    kube_client_free(TAKE_PTR(s->client));
    for (size_t i = 0; i < FAKE_MAX_CONNS; i++)
        fake_close(&s->server.conns[i]);
    return r;
}

static void test_sweep(void **state)
{
    (void)state;
    assert_non_null(curl_lib_get(NULL)); /* once, before allocations fail */
    assert_int_equal(loop_new(&scene.loop, NULL), 0);
    fake_start(&scene.server, scene.loop, serve, &scene);
    alloc_sweep(scenario, &scene);
    fake_stop(&scene.server);
    loop_free(scene.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sweep)};

    return cmocka_run_group_tests_name("out of memory, Kubernetes", tests, NULL, NULL);
}
