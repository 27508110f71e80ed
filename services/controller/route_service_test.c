/* Where sandboxes are, as the router is told: lists, changes, refusals, waiting. */
#include "services/controller/service_scene.h"

#include "agentsandbox/v1/route.rpc.h"
#include "services/controller/route_service.h"

typedef Agentsandbox__V1__Route Route;

#define PHASE(p) AGENTSANDBOX__V1__ROUTE_PHASE__ROUTE_PHASE_##p

static struct route_service *routes;

static void up(struct scene *s)
{
    struct err err;

    scene_up(s);
    assert_int_equal(route_service_new(&routes, &s->ctl, s->server, NULL, &err), 0);
    scene_template(s, "t");
    scene_pool(s, "p", "t", 1);
    SCENE_WHILE(s, members_n_ready(&s->ctl.members, "default", "p") != 1);
}

static void down(struct scene *s)
{
    scene_hang_up(s);
    route_service_free(routes);
    scene_down(s);
}

/* ---- a watch and what it has seen ---- */

struct seen {
    struct rpc_call *call;
    size_t n, n_synced, n_before_synced;
    bool is_paused, is_done;
    char name[256], uid[64], instance_id[24], endpoint[16]; /* of the newest about `name` */
    uint64_t generation;
    Agentsandbox__V1__RoutePhase phase;
    bool is_claimed;
};

static void on_route(struct seen *s, const Route *r)
{
    s->n++;
    if (!s->n_synced)
        s->n_before_synced++;
    if (s->name[0] && strcmp(s->name, r->sandbox->name) != 0)
        return;
    (void)snprintf(s->uid, sizeof(s->uid), "%s", r->sandbox->uid);
    (void)snprintf(s->instance_id, sizeof(s->instance_id), "%s", r->instance_id);
    (void)snprintf(s->endpoint, sizeof(s->endpoint), "%s", r->endpoint);
    s->generation = r->generation;
    s->phase = r->phase;
    s->is_claimed = r->claimed;
}

static void on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__WatchRoutesResponse *m =
        (const Agentsandbox__V1__WatchRoutesResponse *)msg;
    struct seen *s = user;

    if (m->route)
        on_route(s, m->route);
    s->n_synced += m->synced;
    if (!s->is_paused)
        rpc_call_read(call);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct seen *s = user;

    (void)call;
    (void)status;
    s->is_done = true;
}

static void watch(struct scene *s, struct seen *seen, const char *name)
{
    static const struct rpc_msg_ops ops = {.on_message = on_message, .on_done = on_done};
    const Agentsandbox__V1__WatchRoutesRequest req = AGENTSANDBOX__V1__WATCH_ROUTES_REQUEST__INIT;
    struct err err;

    (void)snprintf(seen->name, sizeof(seen->name), "%s", name);
    assert_int_equal(
        agentsandbox_v1_route_service_watch(s->channel, NULL, &req, &ops, seen, &seen->call, &err),
        0);
    rpc_call_read(seen->call);
}

static void start_resolve(struct scene *s, const char *name, const char *uid, uint64_t timeout_ms,
                          struct scene_answer *a)
{
    Agentsandbox__V1__ResolveRequest req = AGENTSANDBOX__V1__RESOLVE_REQUEST__INIT;
    Agentsandbox__V1__SandboxRef ref = AGENTSANDBOX__V1__SANDBOX_REF__INIT;

    ref.name = (char *)name;
    ref.uid = (char *)uid;
    req.sandbox = &ref;
    scene_start(s, &agentsandbox_v1_route_service_resolve_method, timeout_ms, &req.base, a);
}

static void resolve(struct scene *s, const char *name, const char *uid, struct scene_answer *a)
{
    start_resolve(s, name, uid, 10000, a);
    SCENE_WHILE(s, !a->is_done);
}

static const char *member_name(struct scene *s)
{
    const struct store_query q = {.kind = KIND_SANDBOX};
    static char name[256];

    (void)snprintf(name, sizeof(name), "%s", store_next(s->store, &q, NULL)->name);
    return name;
}

/* ---- the tests ---- */

static void test_watch_follows_a_claim(void **state)
{
    struct seen seen = {0};
    struct scene s = {0};
    uint64_t generation;
    char id[24];

    (void)state;
    up(&s);
    watch(&s, &seen, member_name(&s));
    SCENE_WHILE(&s, !seen.n_synced);
    assert_int_equal(seen.n_before_synced, 1);
    assert_int_equal(seen.phase, PHASE(READY));
    assert_false(seen.is_claimed);
    assert_int_equal(strlen(seen.instance_id), 16);
    assert_string_equal(seen.endpoint, "node");
    generation = seen.generation;
    assert_true(generation > 0);
    (void)snprintf(id, sizeof(id), "%s", seen.instance_id);

    scene_claim(&s, "c", "p");
    SCENE_WHILE(&s, !seen.is_claimed);
    assert_int_equal(seen.phase, PHASE(READY));
    assert_string_equal(seen.instance_id, id);
    assert_int_equal(seen.generation, generation);

    scene_write(&s, STORE_DELETE, KIND_CLAIM, "c", NULL);
    SCENE_WHILE(&s, seen.phase != PHASE(GONE));
    assert_true(seen.uid[0] != '\0');
    assert_int_equal(seen.n_synced, 1);
    rpc_call_abandon(seen.call);
    down(&s);
}

static void test_refusals(void **state)
{
    struct scene_answer a;
    struct scene s = {0};

    (void)state;
    up(&s);
    resolve(&s, "nobody", "", &a);
    scene_refused(&a, RPC_NOT_FOUND, "SandboxNotFound", "nobody");
    resolve(&s, member_name(&s), "", &a);
    scene_refused(&a, RPC_FAILED_PRECONDITION, "NotClaimed", "unclaimed member of a warm pool");
    resolve(&s, member_name(&s), "no-such-uid", &a);
    scene_refused(&a, RPC_NOT_FOUND, "Gone", "is another one now");
    {
        const Agentsandbox__V1__ResolveRequest req = AGENTSANDBOX__V1__RESOLVE_REQUEST__INIT;

        scene_call(&s, &agentsandbox_v1_route_service_resolve_method, &req.base, &a);
        scene_refused(&a, RPC_INVALID_ARGUMENT, "BadRequest", "sandbox");
    }
    down(&s);
}

static void test_resolve_of_a_claimed_one(void **state)
{
    const Agentsandbox__V1__ResolveResponse *m;
    const struct store_object *sb;
    struct scene_answer a;
    struct scene s = {0};

    (void)state;
    up(&s);
    scene_claim(&s, "c", "p");
    SCENE_WHILE(&s, !scene_sandbox_of(&s, "c"));
    sb = store_object_ref(scene_sandbox_of(&s, "c"));
    resolve(&s, sb->name, sb->uid, &a);
    assert_int_equal(a.code, RPC_OK);
    m = (const Agentsandbox__V1__ResolveResponse *)a.reply;
    assert_string_equal(m->route->sandbox->uid, sb->uid);
    assert_string_equal(m->route->sandbox->namespace_, "default");
    assert_string_equal(m->route->instance_id, scene_instance_of(&s, sb->name)->id);
    assert_true(m->route->claimed);
    assert_int_equal(m->route->phase, PHASE(READY));
    scene_answer_done(&a);
    store_object_unref((struct store_object *)sb);
    down(&s);
}

static void test_resolve_waits(void **state)
{
    struct scene_answer a, late;
    struct scene s = {0};
    const char *name;

    (void)state;
    up(&s);
    s.is_slow = true;
    scene_pool(&s, "empty", "t", 0);
    scene_claim(&s, "cold", "empty");
    SCENE_WHILE(&s, !scene_sandbox_of(&s, "cold"));
    name = "cold";
    SCENE_WHILE(&s, !scene_instance_of(&s, name) || !scene_instance_of(&s, name)->is_told);
    start_resolve(&s, name, "", 10000, &a);
    start_resolve(&s, name, "", 150, &late);
    SCENE_WHILE(&s, !late.is_done);
    scene_refused(&late, RPC_DEADLINE_EXCEEDED, late.reason, "");
    assert_false(a.is_done);
    scene_tell(&s, scene_instance_of(&s, name), false, NULL); /* running is not enough */
    for (int i = 0; i < 50; i++)
        (void)loop_turn(s.loop, false);
    assert_false(a.is_done);
    scene_tell(&s, scene_instance_of(&s, name), true, NULL);
    SCENE_WHILE(&s, !a.is_done);
    assert_int_equal(a.code, RPC_OK);
    scene_answer_done(&a);

    down(&s);
}

static void test_deleted_while_somebody_waits(void **state)
{
    struct scene_answer a;
    struct scene s = {0};

    (void)state;
    up(&s);
    s.is_slow = true;
    scene_pool(&s, "empty", "t", 0);
    scene_claim(&s, "cold", "empty");
    SCENE_WHILE(&s, !scene_sandbox_of(&s, "cold"));
    start_resolve(&s, "cold", "", 10000, &a);
    for (int i = 0; i < 50; i++)
        (void)loop_turn(s.loop, false);
    assert_false(a.is_done);
    scene_write(&s, STORE_DELETE, KIND_CLAIM, "cold", NULL);
    SCENE_WHILE(&s, !a.is_done);
    scene_refused(&a, RPC_NOT_FOUND, "SandboxNotFound", "cold");
    down(&s);
}

static void test_ended_says_why(void **state)
{
    static const struct {
        Agentsandbox__V1__CauseKind kind;
        uint64_t limit_bytes;
        const char *reason, *words;
    } cases[] = {
        {AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_OUT_OF_MEMORY, 64u << 20, "SandboxGone",
         "memory limit of 64 MiB"},
        {AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXITED, 0, "SandboxGone", "exit code 3"},
        {AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_LOST, 0, "SandboxLost", "has ended: "},
    };
    struct seen seen = {0};
    struct scene s = {0};

    (void)state;
    up(&s);
    watch(&s, &seen, "");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        Agentsandbox__V1__Cause cause = AGENTSANDBOX__V1__CAUSE__INIT;
        struct scene_answer a;
        char claim[16], name[256];

        (void)snprintf(claim, sizeof(claim), "c%zu", i);
        scene_claim(&s, claim, "p");
        SCENE_WHILE(&s, !scene_sandbox_of(&s, claim));
        (void)snprintf(name, sizeof(name), "%s", scene_sandbox_of(&s, claim)->name);
        (void)snprintf(seen.name, sizeof(seen.name), "%s", name);
        SCENE_WHILE(&s, !scene_instance_of(&s, name));
        cause.kind = cases[i].kind;
        cause.limit_bytes = cases[i].limit_bytes;
        cause.exit_code = 3;
        scene_tell(&s, scene_instance_of(&s, name), false, &cause);
        SCENE_WHILE(&s, seen.phase != PHASE(ENDED));
        resolve(&s, name, "", &a);
        scene_refused(&a, RPC_FAILED_PRECONDITION, cases[i].reason, cases[i].words);
        seen.phase = PHASE(UNSPECIFIED);
    }
    rpc_call_abandon(seen.call);
    down(&s);
}

/* A claim that is decided but not written: the router may route at once, and not any more when the
 * write failed. */
static void test_assignment_in_memory_counts(void **state)
{
    struct seen seen = {0};
    struct scene_answer a;
    struct scene s = {0};
    const struct store_object *sb;
    char name[256];

    (void)state;
    up(&s);
    (void)snprintf(name, sizeof(name), "%s", member_name(&s));
    sb = store_object_ref(store_get(s.store, KIND_SANDBOX, "default", name));
    watch(&s, &seen, name);
    SCENE_WHILE(&s, !seen.n_synced);
    assert_false(seen.is_claimed);

    assert_non_null(members_take_uid(&s.ctl.members, sb->uid));
    ctl_tell_sandbox(&s.ctl, sb->ns, sb->name, sb->uid);
    SCENE_WHILE(&s, !seen.is_claimed);
    resolve(&s, name, "", &a);
    assert_int_equal(a.code, RPC_OK);
    scene_answer_done(&a);

    members_settle(&s.ctl.members, sb->uid, sb);
    ctl_tell_sandbox(&s.ctl, sb->ns, sb->name, sb->uid);
    SCENE_WHILE(&s, seen.is_claimed);
    resolve(&s, name, "", &a);
    scene_refused(&a, RPC_FAILED_PRECONDITION, "NotClaimed", name);
    rpc_call_abandon(seen.call);
    store_object_unref((struct store_object *)sb);
    down(&s);
}

/* Many changes while nobody reads: the reader then sees the last state of each, not each change. */
static void test_slow_reader_sees_the_newest(void **state)
{
    enum { CHANGES = 6000 };
    struct seen seen = {0}, quick = {0};
    struct scene s = {0};
    struct store_object *sb;

    (void)state;
    up(&s);
    seen.is_paused = true;
    watch(&s, &seen, "");
    watch(&s, &quick, "");
    SCENE_WHILE(&s, !quick.n_synced);
    sb = store_object_ref(store_get(s.store, KIND_SANDBOX, "default", member_name(&s)));
    for (int i = 0; i < CHANGES; i++) {
        ctl_tell_sandbox(&s.ctl, sb->ns, sb->name, sb->uid);
        (void)loop_turn(s.loop, false);
    }
    SCENE_WHILE(&s, quick.n < CHANGES); /* a slow one stalls nobody else */
    scene_claim(&s, "c", "p");
    SCENE_WHILE(&s, !scene_sandbox_of(&s, "c"));
    scene_write(&s, STORE_DELETE, KIND_CLAIM, "c", NULL);
    (void)snprintf(seen.name, sizeof(seen.name), "%s", sb->name);
    seen.is_paused = false;
    rpc_call_read(seen.call);
    SCENE_WHILE(&s, seen.phase != PHASE(GONE));
    assert_in_range(seen.n, 2, CHANGES - 1);
    assert_false(seen.is_done);
    rpc_call_abandon(seen.call);
    rpc_call_abandon(quick.call);
    store_object_unref(sb);
    down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watch_follows_a_claim),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_resolve_of_a_claimed_one),
        cmocka_unit_test(test_resolve_waits),
        cmocka_unit_test(test_deleted_while_somebody_waits),
        cmocka_unit_test(test_ended_says_why),
        cmocka_unit_test(test_assignment_in_memory_counts),
        cmocka_unit_test(test_slow_reader_sees_the_newest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
