/*
 * The n-th allocation fails, for every n, alone and with all after it, while a claim is served in a
 * cluster, through either door, and while a caller is checked. Nothing crashes or leaks; with
 * memory back each claim has one sandbox, whoever was told one has it, and nobody stays taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "lib/base/alloc_sweep.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "services/controller/claim.h"
#include "services/controller/claim_call.h"
#include "services/controller/names.h"
#include "services/controller/who.h"

enum { TURN_MS = 50, MAX_TURNS = 4000 };

struct scene {
    struct loop *loop;
    struct store *store;
    struct ctl ctl;
    struct claim_door *door;
    uint64_t now_ms;
    unsigned n_ips;
    bool is_answered, has_failed;
    char told[256]; /* the sandbox that the caller was told */
};

static uint64_t now_ms(void *user)
{
    return ((struct scene *)user)->now_ms;
}

static int64_t now_ns(void *user)
{
    return INT64_C(1790000000000000000) + (int64_t)now_ms(user) * 1000000;
}

static int64_t now_s(void *user)
{
    return now_ns(user) / 1000000000;
}

static void put(struct scene *s, enum store_op_type type, const char *kind, const char *name,
                json_t *object)
{
    const struct store_op op = {
        .type = type, .kind = kind, .ns = "default", .name = name, .object = object};
    struct err err;

    assert_int_equal(store_write(s->store, &op, 1, NULL, NULL, &err), 0);
    json_decref(object);
    store_flush(s->store);
}

/* Each Pod runs and is ready at once. */
static void play_kubelet(struct scene *s)
{
    struct store_query q = {.kind = KIND_POD};
    char names[8][64];
    size_t n = 0;

    STORE_FOREACH(o, s->store, &q)
    {
        if (!obj_str(o->json, "status.phase") && n < 8)
            (void)snprintf(names[n++], sizeof(names[0]), "%s", o->name);
    }
    for (size_t i = 0; i < n; i++) {
        char ip[32];

        (void)snprintf(ip, sizeof(ip), "10.0.0.%u", ++s->n_ips);
        put(s, STORE_UPDATE_STATUS, KIND_POD, names[i],
            json_pack("{s:{s:s, s:[{s:s}], s:[{s:s, s:s}, {s:s, s:s}]}}", "status", "phase",
                      "Running", "podIPs", "ip", ip, "conditions", "type", "Ready", "status",
                      "True", "type", "PodScheduled", "status", "True"));
    }
}

static void turn(struct scene *s)
{
    (void)loop_turn(s->loop, false);
    ctl_process(&s->ctl);
    claim_door_process(s->door);
    s->now_ms += TURN_MS;
}

/* Turns until it is so; memory is there. */
#define UNTIL(s, condition)                                                                        \
    do {                                                                                           \
        int n_ = 0;                                                                                \
        while (!(condition)) {                                                                     \
            play_kubelet(s);                                                                       \
            turn(s);                                                                               \
            if (++n_ > MAX_TURNS)                                                                  \
                fail_msg("never %s", #condition);                                                  \
        }                                                                                          \
    } while (0)

static void up(struct scene *s)
{
    struct ctl_opts opts = {.is_cluster = true,
                            .host_name = "test",
                            .clock = {.now_ms = now_ms, .now_ns = now_ns, .user = s}};
    struct err err;

    *s = (struct scene){.now_ms = 1000};
    assert_int_equal(loop_new(&s->loop, &err), 0);
    assert_int_equal(store_new_memory(&s->store, s->loop, &err), 0);
    store_set_clock(s->store, now_s, s);
    store_set_sequential(s->store, true);
    assert_int_equal(ctl_init(&s->ctl, s->loop, s->store, &opts, &err), 0);
    assert_int_equal(claim_door_new(&s->door, &s->ctl, &err), 0);
    assert_int_equal(ctl_start(&s->ctl, &err), 0);
    put(s, STORE_CREATE, KIND_TEMPLATE, "t",
        json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:{s:{s:[{s:s, s:s}]}}}}", "apiVersion", API_EXT,
                  "kind", KIND_TEMPLATE, "metadata", "namespace", "default", "name", "t", "spec",
                  "podTemplate", "spec", "containers", "name", "main", "image", "image:1"));
    put(s, STORE_CREATE, KIND_POOL, "p",
        json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:i, s:{s:s}}}", "apiVersion", API_EXT, "kind",
                  KIND_POOL, "metadata", "namespace", "default", "name", "p", "spec", "replicas", 1,
                  "sandboxTemplateRef", "name", "t"));
    UNTIL(s, members_n_ready(&s->ctl.members, "default", "p") == 1);
}

static void down(struct scene *s)
{
    claim_door_free(s->door);
    ctl_done(&s->ctl);
    store_free(s->store);
    loop_free(s->loop);
}

static bool is_served(struct scene *s, const char *claim)
{
    const struct store_object *o = store_get(s->store, KIND_CLAIM, "default", claim);

    return o && cond_is_true(obj_get(o->json, "status"), C_READY) && claim_sandbox(&s->ctl, o);
}

/* Memory is back: all is well, or gets so. */
static void check(struct scene *s, const char *claim)
{
    const struct store_object *o, *sb;

    ctl_wake(&s->ctl, Q_CLAIM, "default", claim); /* an event may have found no memory */
    ctl_wake(&s->ctl, Q_POOL, "default", "p");
    UNTIL(s, is_served(s, claim));
    UNTIL(s, members_n_ready(&s->ctl.members, "default", "p") == 1);
    o = store_get(s->store, KIND_CLAIM, "default", claim);
    sb = claim_sandbox(&s->ctl, o);
    assert_false(members_is_taken(&s->ctl.members, sb->uid));
    if (s->told[0])
        assert_string_equal(sb->name, s->told);
    assert_int_equal(store_count(s->store, KIND_CLAIM), 1);
}

/* ---- the kubectl door ---- */

static int reconcile(void *user, struct err *err)
{
    json_t *claim = user;
    struct scene s;

    (void)err;
    alloc_sweep_pause();
    up(&s);
    put(&s, STORE_CREATE, KIND_CLAIM, "c", json_deep_copy(claim));
    alloc_sweep_resume();
    for (int i = 0; i < 6; i++)
        turn(&s);
    alloc_sweep_pause();
    check(&s, "c");
    down(&s);
    alloc_sweep_resume();
    return 0;
}

static void claims_are_served(void **state)
{
    json_t *warm =
        json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:{s:s}, s:{s:{s:s}}}}", "apiVersion", API_EXT,
                  "kind", KIND_CLAIM, "metadata", "namespace", "default", "name", "c", "spec",
                  "warmPoolRef", "name", "p", "additionalPodMetadata", "annotations", "note", "x");

    (void)state;
    alloc_sweep(reconcile, warm);
    json_decref(warm);
}

/* ---- the gRPC door ---- */

static void on_result(const struct claim_result *res, void *user)
{
    struct scene *s = user;

    s->is_answered = true;
    s->has_failed = res->err != NULL;
    if (!res->err)
        (void)snprintf(s->told, sizeof(s->told), "%s",
                       claim_assignment(res->claim->json) ?: res->claim->name);
}

static int ask_for_claim(struct scene *s, struct err *err)
{
    Agentsandbox__V1__CreateClaimRequest req = AGENTSANDBOX__V1__CREATE_CLAIM_REQUEST__INIT;
    Agentsandbox__V1__ClaimSpec spec = AGENTSANDBOX__V1__CLAIM_SPEC__INIT;
    struct claim_call *call;

    spec.source_case = AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_POOL;
    spec.pool = (char *)"p";
    req.spec = &spec;
    req.name = (char *)"c";
    req.request_id = (char *)"one";
    s->is_answered = s->has_failed = false;
    return claim_call_new(&call, s->door, &req, "alice", NULL, s->now_ms + 60000, on_result, s,
                          err);
}

static int create(void *user, struct err *err)
{
    struct scene s;
    int r;

    (void)user;
    alloc_sweep_pause();
    up(&s);
    alloc_sweep_resume();
    r = ask_for_claim(&s, err);
    for (int i = 0; i < 6 && r == 0; i++)
        turn(&s);
    alloc_sweep_pause();
    if (r == 0)
        UNTIL(&s, s.is_answered);
    if (r < 0 || s.has_failed) { /* the caller asks again */
        assert_int_equal(ask_for_claim(&s, err), 0);
        UNTIL(&s, s.is_answered);
        assert_false(s.has_failed);
    }
    check(&s, "c");
    down(&s);
    alloc_sweep_resume();
    return 0;
}

static void calls_are_served(void **state)
{
    (void)state;
    alloc_sweep(create, NULL);
}

/* ---- who may ---- */

struct api {
    who_answer_fn fn;
    void *fn_user;
    bool is_token, is_over;
    int code;
};

static int post(void *user, enum who_review kind, const json_t *body _unused_, who_answer_fn fn,
                void *fn_user, struct err *err _unused_)
{
    struct api *a = user;

    a->fn = fn;
    a->fn_user = fn_user;
    a->is_token = kind == WHO_TOKEN_REVIEW;
    return 0;
}

static uint64_t review_now(void *user _unused_)
{
    return 1000;
}

struct question {
    struct who_ask ask;
    struct api *api;
};

static void on_verdict(struct who_ask *ask, const struct err *err, const char *principal _unused_)
{
    struct question *q = CONTAINER_OF(ask, struct question, ask);

    q->api->is_over = true;
    q->api->code = err ? err->code : RPC_OK;
}

static void answer(struct api *a)
{
    json_t *body;

    alloc_sweep_pause();
    body = a->is_token ? json_pack("{s:{s:b, s:{s:s, s:[s]}}}", "status", "authenticated", 1,
                                   "user", "username", "alice", "groups", "agents")
                       : json_pack("{s:{s:b}}", "status", "allowed", 1);
    alloc_sweep_resume();
    a->fn(NULL, body, a->fn_user);
    alloc_sweep_pause();
    json_decref(body);
    alloc_sweep_resume();
}

static int check_caller(void *user _unused_, struct err *err)
{
    struct api api = {0};
    const struct who_ops ops = {.post = post, .now_ms = review_now, .user = &api};
    struct question q = {.ask = {.token = "secret",
                                 .group = GROUP_EXT,
                                 .resource = "sandboxclaims",
                                 .verb = "create",
                                 .ns = "default",
                                 .name = "",
                                 .fn = on_verdict},
                         .api = &api};
    _cleanup_(who_freep) struct who *w = NULL;

    if (who_new(&w, &ops, err) < 0)
        return -1;
    who_ask(w, &q.ask);
    while (!api.is_over)
        answer(&api);
    assert_true(api.code == RPC_OK || api.code == RPC_RESOURCE_EXHAUSTED);
    return 0;
}

static void callers_are_checked(void **state)
{
    (void)state;
    alloc_sweep(check_caller, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(callers_are_checked),
        cmocka_unit_test(claims_are_served),
        cmocka_unit_test(calls_are_served),
    };

    log_init("test", LOG_ERROR, LOG_FORMAT_KV, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
