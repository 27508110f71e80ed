/*
 * The n-th allocation fails, for every n, alone and with all after it, while the controller serves
 * a call or takes a step. Nothing crashes or leaks; every call ends; with memory back the world
 * comes to where it should be: the pool is full, each claim has one sandbox, nobody stays taken.
 */
#include "services/controller/service_scene.h"

#include "agentsandbox/v1/claim.rpc.h"
#include "agentsandbox/v1/route.rpc.h"
#include "agentsandbox/v1/template.rpc.h"
#include "lib/base/alloc_sweep.h"
#include "lib/base/log.h"
#include "services/controller/claim_service.h"
#include "services/controller/route_service.h"
#include "services/controller/template_service.h"

enum { REPLICAS = 1, CALL_MS = 5000 };

struct doors {
    struct scene s;
    struct claim_service *claims;
    struct template_service *templates;
    struct route_service *routes;
};

static void settle(struct doors *d)
{
    SCENE_WHILE(&d->s, members_n_ready(&d->s.ctl.members, "default", "p") != REPLICAS);
    SCENE_WHILE(&d->s, !ctl_is_idle(&d->s.ctl));
}

static void up(struct doors *d)
{
    struct scene *s = &d->s;
    struct err err;

    *d = (struct doors){0};
    scene_up(s);
    assert_int_equal(claim_service_new(&d->claims, &s->ctl, s->server, NULL, &err), 0);
    assert_int_equal(template_service_new(&d->templates, &s->ctl, s->server, &err), 0);
    assert_int_equal(route_service_new(&d->routes, &s->ctl, s->server, NULL, &err), 0);
    scene_template(s, "t");
    scene_pool(s, "p", "t", REPLICAS);
    settle(d);
}

static void down(struct doors *d)
{
    scene_hang_up(&d->s);
    claim_service_free(d->claims);
    template_service_free(d->templates);
    route_service_free(d->routes);
    scene_down(&d->s);
}

/* The connection may have been the victim. */
static void connect_again(struct scene *s)
{
    struct err err;
    int sv[2];

    rpc_channel_free(s->channel);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    assert_int_equal(rpc_server_serve_fd(s->server, sv[0], NULL, NULL, &err), 0);
    assert_int_equal(
        rpc_channel_new_fd(&s->channel, s->loop, sv[1], &(struct rpc_channel_opts){0}, &err), 0);
}

/* ---- calls that may fail, but end ---- */

static void on_end(struct rpc_call *call, const ProtobufCMessage *reply,
                   const struct rpc_status *status, void *user)
{
    bool *is_over = user;

    (void)call;
    (void)reply;
    (void)status;
    *is_over = true;
}

static void try_call(struct scene *s, const struct rpc_method_desc *m, const ProtobufCMessage *req)
{
    const struct rpc_call_opts opts = {.timeout_ms = CALL_MS};
    bool is_over = false;

    if (rpc_unary(s->channel, m, &opts, req, on_end, &is_over, NULL, NULL) == 0)
        SCENE_WHILE(s, !is_over);
}

static void must_call(struct scene *s, const struct rpc_method_desc *m, const ProtobufCMessage *req)
{
    struct scene_answer a;

    scene_call(s, m, req, &a);
    if (a.code != RPC_OK)
        fail_msg("%s: %s: %s", m->path, a.reason, a.message);
    scene_answer_done(&a);
}

/* ---- what must hold ---- */

static size_t count_instances_wanted(struct scene *s)
{
    return store_count(s->store, KIND_CLAIM) + REPLICAS;
}

static void check_world(struct doors *d)
{
    const struct store_query claims = {.kind = KIND_CLAIM};
    struct scene *s = &d->s;

    STORE_FOREACH(o, s->store, &claims)
    ctl_wake(&s->ctl, Q_CLAIM, o->ns, o->name); /* an event may have found no memory */
    ctl_wake(&s->ctl, Q_POOL, "default", "p");
    settle(d);
    SCENE_WHILE(s, s->n_instances != count_instances_wanted(s));
    STORE_FOREACH(o, s->store, &claims)
    {
        const struct store_object *sb = scene_sandbox_of(s, o->name);

        assert_non_null(sb);
        assert_true(obj_controlled_by_uid(sb->json, o->uid)); /* so no other claim has it */
        assert_false(members_is_taken(&s->ctl.members, sb->uid));
    }
}

/* ---- the scenarios ---- */

/* What the node says but once: ready. Lost, it is asked for its list. */
static int node_says_ready(void *user, struct err *err)
{
    struct scene_instance *i;
    struct doors d;

    (void)user;
    (void)err;
    alloc_sweep_pause();
    up(&d);
    d.s.is_slow = true;
    scene_claim(&d.s, "c", "p");
    SCENE_WHILE(&d.s, !scene_sandbox_of(&d.s, "c"));
    SCENE_WHILE(&d.s, d.s.n_instances != REPLICAS + 1);
    i = &d.s.instances[REPLICAS];
    SCENE_WHILE(&d.s, !i->is_told);
    d.s.is_slow = false;
    alloc_sweep_resume();
    scene_tell(&d.s, i, true, NULL);
    alloc_sweep_pause();
    check_world(&d);
    down(&d);
    alloc_sweep_resume();
    return 0;
}

static int create_claim(void *user, struct err *err)
{
    Agentsandbox__V1__CreateClaimRequest req = AGENTSANDBOX__V1__CREATE_CLAIM_REQUEST__INIT;
    Agentsandbox__V1__ClaimSpec spec = AGENTSANDBOX__V1__CLAIM_SPEC__INIT;
    struct doors d;

    (void)user;
    (void)err;
    alloc_sweep_pause();
    up(&d);
    spec.source_case = AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_POOL;
    spec.pool = (char *)"p";
    req.spec = &spec;
    req.request_id = (char *)"one";
    alloc_sweep_resume();
    try_call(&d.s, &agentsandbox_v1_claim_service_create_claim_method, &req.base);
    alloc_sweep_pause();
    connect_again(&d.s);
    must_call(&d.s, &agentsandbox_v1_claim_service_create_claim_method, &req.base);
    assert_int_equal(store_count(d.s.store, KIND_CLAIM), 1);
    check_world(&d);
    down(&d);
    alloc_sweep_resume();
    return 0;
}

/* The kubectl door: only the steps. */
static int reconcile_claim(void *user, struct err *err)
{
    uint64_t end;
    struct doors d;

    (void)user;
    (void)err;
    alloc_sweep_pause();
    up(&d);
    scene_claim(&d.s, "c", "p");
    end = clock_monotonic_ms() + 8;
    alloc_sweep_resume();
    while (clock_monotonic_ms() < end && !scene_sandbox_of(&d.s, "c"))
        (void)loop_turn(d.s.loop, false);
    alloc_sweep_pause();
    SCENE_WHILE(&d.s, !scene_sandbox_of(&d.s, "c"));
    check_world(&d);
    down(&d);
    alloc_sweep_resume();
    return 0;
}

static int apply_manifests(void *user, struct err *err)
{
    static const char template[] =
        "{\"apiVersion\":\"" API_EXT "\",\"kind\":\"SandboxTemplate\",\"metadata\":{\"name\":\"t\","
        "\"labels\":{\"a\":\"b\"}},\"wrong\":1,\"spec\":{\"podTemplate\":{\"spec\":{\"containers\":["
        "{\"name\":\"main\",\"image\":\"image:1\"}]}}}}";
    Agentsandbox__V1__ApplyRequest req = AGENTSANDBOX__V1__APPLY_REQUEST__INIT;
    Agentsandbox__V1__Manifest m = AGENTSANDBOX__V1__MANIFEST__INIT, *list[] = {&m};
    struct doors d;

    (void)user;
    (void)err;
    alloc_sweep_pause();
    up(&d);
    m.json.data = (uint8_t *)template;
    m.json.len = sizeof(template) - 1;
    req.manifests = list;
    req.n_manifests = 1;
    alloc_sweep_resume();
    try_call(&d.s, &agentsandbox_v1_template_service_apply_method, &req.base);
    alloc_sweep_pause();
    connect_again(&d.s);
    must_call(&d.s, &agentsandbox_v1_template_service_apply_method, &req.base);
    assert_string_equal(
        obj_label(store_get(d.s.store, KIND_TEMPLATE, "default", "t")->json, "a") ?: "", "b");
    check_world(&d);
    down(&d);
    alloc_sweep_resume();
    return 0;
}

static int read_objects(void *user, struct err *err)
{
    Agentsandbox__V1__ListRequest list = AGENTSANDBOX__V1__LIST_REQUEST__INIT;
    Agentsandbox__V1__GetRequest get = AGENTSANDBOX__V1__GET_REQUEST__INIT;
    Agentsandbox__V1__ListClaimsRequest claims = AGENTSANDBOX__V1__LIST_CLAIMS_REQUEST__INIT;
    Agentsandbox__V1__ResolveRequest resolve = AGENTSANDBOX__V1__RESOLVE_REQUEST__INIT;
    Agentsandbox__V1__SandboxRef ref = AGENTSANDBOX__V1__SANDBOX_REF__INIT;
    struct doors *d = user;

    (void)err;
    list.kind = (char *)"Sandbox";
    list.version = (char *)"v1alpha1";
    get.kind = (char *)"SandboxWarmPool";
    get.name = (char *)"p";
    ref.name = (char *)scene_sandbox_of(&d->s, "c")->name;
    resolve.sandbox = &ref;
    try_call(&d->s, &agentsandbox_v1_template_service_list_method, &list.base);
    try_call(&d->s, &agentsandbox_v1_template_service_get_method, &get.base);
    try_call(&d->s, &agentsandbox_v1_claim_service_list_claims_method, &claims.base);
    try_call(&d->s, &agentsandbox_v1_route_service_resolve_method, &resolve.base);
    alloc_sweep_pause();
    connect_again(&d->s);
    must_call(&d->s, &agentsandbox_v1_template_service_list_method, &list.base);
    must_call(&d->s, &agentsandbox_v1_route_service_resolve_method, &resolve.base);
    alloc_sweep_resume();
    return 0;
}

/* ---- watches: what found no memory ends, and the next one sees everything ---- */

struct seen {
    struct rpc_call *call;
    bool is_over, is_claimed;
};

static void on_route(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__WatchRoutesResponse *m =
        (const Agentsandbox__V1__WatchRoutesResponse *)msg;
    struct seen *s = user;

    s->is_claimed = s->is_claimed || (m->route && m->route->claimed);
    rpc_call_read(call);
}

static void on_watch_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct seen *s = user;

    (void)call;
    (void)status;
    s->is_over = true;
}

static bool watch(struct scene *s, struct seen *seen)
{
    static const struct rpc_msg_ops ops = {.on_message = on_route, .on_done = on_watch_done};
    const Agentsandbox__V1__WatchRoutesRequest req = AGENTSANDBOX__V1__WATCH_ROUTES_REQUEST__INIT;

    *seen = (struct seen){0};
    if (agentsandbox_v1_route_service_watch(s->channel, NULL, &req, &ops, seen, &seen->call, NULL) <
        0)
        return false;
    rpc_call_read(seen->call);
    return true;
}

static int watch_routes(void *user, struct err *err)
{
    const struct store_object *sb;
    struct seen seen, again;
    struct doors d;
    uint64_t end;
    bool watches;

    (void)user;
    (void)err;
    alloc_sweep_pause();
    up(&d);
    alloc_sweep_resume();
    watches = watch(&d.s, &seen);
    end = clock_monotonic_ms() + 5;
    while (watches && !seen.is_over && clock_monotonic_ms() < end)
        (void)loop_turn(d.s.loop, false);
    alloc_sweep_pause();
    scene_claim(&d.s, "c", "p");
    SCENE_WHILE(&d.s, !(sb = scene_sandbox_of(&d.s, "c")));
    SCENE_WHILE(&d.s, watches && !seen.is_over && !seen.is_claimed); /* told, or told to ask anew */
    if (watches && !seen.is_over)
        rpc_call_abandon(seen.call);
    connect_again(&d.s);
    assert_true(watch(&d.s, &again));
    SCENE_WHILE(&d.s, !again.is_claimed);
    rpc_call_abandon(again.call);
    check_world(&d);
    down(&d);
    alloc_sweep_resume();
    return 0;
}

/* ---- */

static void test_create_claim(void **state)
{
    (void)state;
    alloc_sweep(create_claim, NULL);
}

static void test_reconcile_claim(void **state)
{
    (void)state;
    alloc_sweep(reconcile_claim, NULL);
}

static void test_node_says_ready(void **state)
{
    (void)state;
    alloc_sweep(node_says_ready, NULL);
}

static void test_apply(void **state)
{
    (void)state;
    alloc_sweep(apply_manifests, NULL);
}

static void test_read(void **state)
{
    struct doors d;

    (void)state;
    up(&d);
    scene_claim(&d.s, "c", "p");
    SCENE_WHILE(&d.s, !scene_sandbox_of(&d.s, "c"));
    settle(&d);
    alloc_sweep(read_objects, &d);
    down(&d);
}

static void test_watch_routes(void **state)
{
    (void)state;
    alloc_sweep(watch_routes, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),         cmocka_unit_test(test_apply),
        cmocka_unit_test(test_create_claim), cmocka_unit_test(test_reconcile_claim),
        cmocka_unit_test(test_watch_routes), cmocka_unit_test(test_node_says_ready),
    };

    log_init("test", LOG_ERROR, LOG_FORMAT_KV, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
