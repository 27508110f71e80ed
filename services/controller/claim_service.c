#include "services/controller/claim_service.h"

#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/claim.rpc.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "lib/rpc/trace.h"
#include "services/controller/claim.h"
#include "services/controller/claim_convert.h"
#include "services/controller/metrics_impl.h"
#include "services/controller/names.h"
#include "services/controller/sandbox_pod.h"
#include "services/controller/watch_stream.h"

typedef Agentsandbox__V1__Claim Claim;

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000 };

struct claim_service {
    struct ctl *c;
    struct gate *gate; /* NULL: none */
    struct claim_door *door;
    struct watch_streams watches;
    struct ctl_listener listener;
    struct list deletes; /* DeleteClaim calls that wait */
    struct loop_task *task;
};

static const char *ns_of(const char *ns)
{
    return *ns ? ns : "default";
}

static void fail(struct rpc_call *call, struct err *err)
{
    rpc_call_fail(call, err);
}

static void fail_oom(struct rpc_call *call)
{
    struct err err;

    (void)err_oom(&err);
    rpc_call_fail(call, &err);
}

/* The claim as a message in the call's arena; NULL: the call has failed. */
static Claim *to_proto(struct claim_service *s, struct rpc_call *call,
                       const struct store_object *claim)
{
    Claim *m = claim_to_proto(s->c, claim, rpc_call_arena(call));

    if (!m)
        fail_oom(call);
    return m;
}

/* ---- CreateClaim ---- */

struct create {
    struct claim_service *s;
    struct rpc_call *rpc;
    struct claim_call *call; /* NULL once it has its result */
    uint64_t start_ns;
};

static void count(struct create *ctx, const struct claim_result *res)
{
    double seconds = (double)(clock_monotonic_ns() - ctx->start_ns) / 1e9;

    ctl_metrics_call(ctx->s->c->metrics, rpc_code_name(res->err ? res->err->code : RPC_OK),
                     res->err ? res->err->reason : "", res->is_warm ? "warm" : "cold", seconds);
}

static void on_created(const struct claim_result *res, void *user)
{
    Agentsandbox__V1__CreateClaimResponse reply = AGENTSANDBOX__V1__CREATE_CLAIM_RESPONSE__INIT;
    struct create *ctx = user;
    struct err err;

    ctx->call = NULL;
    count(ctx, res);
    /* Another leads meanwhile: it may not know of this claim's sandbox, and asks of itself. */
    if (res->err || gate_check_leader(ctx->s->gate, &err) < 0) {
        rpc_call_fail(ctx->rpc, res->err ? res->err : &err);
        return;
    }
    reply.existed = res->existed;
    reply.claim = res->claim ? to_proto(ctx->s, ctx->rpc, res->claim) : NULL;
    if (reply.claim)
        agentsandbox_v1_claim_service_create_claim_reply(ctx->rpc, &reply);
    else if (!res->claim)
        fail_oom(ctx->rpc);
}

static void on_create_done(struct rpc_call *call _unused_, const struct rpc_status *status _unused_,
                           void *user)
{
    struct create *ctx = user;

    claim_call_cancel(ctx->call); /* NULL when it was answered */
}

static const struct rpc_msg_ops create_ops = {.on_done = on_create_done};

/* A little before the caller's own deadline, so that the sentence gets there in time. */
static uint64_t answer_by(struct rpc_call *call)
{
    uint64_t deadline = rpc_call_deadline_ms(call), now = loop_now_ms(rpc_call_loop(call)), left;

    if (deadline == CLOCK_NEVER)
        return CLOCK_NEVER;
    left = deadline > now ? deadline - now : 0;
    return now + left - MIN(left, MAX((uint64_t)20, MIN(left / 10, (uint64_t)250)));
}

static void on_create(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__CreateClaimRequest *req =
        (const Agentsandbox__V1__CreateClaimRequest *)request;
    struct create *ctx = arena_zalloc(rpc_call_arena(call), sizeof(*ctx));
    const struct rpc_peer *peer = rpc_call_peer(call);
    struct claim_service *s = user;
    const char *principal = gate_principal(s->gate);
    char uid[64];
    struct err err;

    if (!ctx) {
        fail_oom(call);
        return;
    }
    ctx->s = s;
    ctx->rpc = call;
    ctx->start_ns = clock_monotonic_ns();
    agentsandbox_v1_claim_service_create_claim_accept(call, &create_ops, ctx);
    (void)snprintf(uid, sizeof(uid), "uid=%u", peer->has_uid ? peer->uid : UINT32_MAX);
    if (claim_call_new(&ctx->call, s->door, req, principal ? principal : uid, rpc_call_trace(call),
                       answer_by(call), on_created, ctx, &err) < 0) {
        const struct claim_result res = {.err = &err};

        ctx->call = NULL;
        count(ctx, &res);
        fail(call, &err);
    }
}

/* ---- GetClaim, ListClaims ---- */

static void on_get(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__GetClaimRequest *req =
        (const Agentsandbox__V1__GetClaimRequest *)request;
    Agentsandbox__V1__GetClaimResponse reply = AGENTSANDBOX__V1__GET_CLAIM_RESPONSE__INIT;
    struct claim_service *s = user;
    const struct store_object *o;
    struct err err;

    o = store_need(s->c->store, KIND_CLAIM, ns_of(req->namespace_), req->name, &err);
    if (!o) {
        fail(call, &err);
        return;
    }
    reply.claim = to_proto(s, call, o);
    if (reply.claim)
        agentsandbox_v1_claim_service_get_claim_reply(call, &reply);
}

static bool has_labels(const struct store_object *o, const Agentsandbox__V1__ListClaimsRequest *req)
{
    for (size_t i = 0; i < req->n_labels; i++) {
        const char *have = obj_label(o->json, req->labels[i]->key);

        if (!have || strcmp(have, req->labels[i]->value) != 0)
            return false;
    }
    return true;
}

/* "ns/name" of the last one sent, or "" for the first page. */
static const struct store_object *page_start(struct store *store, const struct store_query *q,
                                             const char *token)
{
    const char *slash = strchr(token, '/');
    char ns[256];

    if (!slash || slash - token >= (long)sizeof(ns))
        return store_next(store, q, NULL);
    (void)snprintf(ns, sizeof(ns), "%.*s", (int)(slash - token), token);
    return store_next_after(store, q, ns, slash + 1);
}

static int check_page(int32_t size, const char *token, struct err *err)
{
    if (size < 0 || size > PAGE_MAX)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "page_size: %d is out of range, 0 to %d", size, PAGE_MAX);
    if (*token && !strchr(token, '/'))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "page_token: is none of ours");
    return 0;
}

static int fill_page(struct claim_service *s, struct rpc_call *call,
                     const Agentsandbox__V1__ListClaimsRequest *req,
                     Agentsandbox__V1__ListClaimsResponse *reply)
{
    size_t max = req->page_size ? (size_t)req->page_size : PAGE_DEFAULT;
    const struct store_query q = {.kind = KIND_CLAIM,
                                  .ns = *req->namespace_ ? req->namespace_ : NULL};
    struct arena *a = rpc_call_arena(call);
    char token[520];

    reply->claims = arena_alloc(a, max * sizeof(*reply->claims));
    if (!reply->claims)
        return -1;
    for (const struct store_object *o = page_start(s->c->store, &q, req->page_token); o;
         o = store_next(s->c->store, &q, o)) {
        Claim *m;

        if (!has_labels(o, req))
            continue;
        if (reply->n_claims == max) {
            const Claim *last = reply->claims[max - 1];

            (void)snprintf(token, sizeof(token), "%s/%s", last->namespace_, last->name);
            reply->next_page_token = arena_strdup(a, token);
            return reply->next_page_token ? 0 : -1;
        }
        m = claim_to_proto(s->c, o, a);
        if (!m)
            return -1;
        reply->claims[reply->n_claims++] = m;
    }
    return 0;
}

static void on_list(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__ListClaimsRequest *req =
        (const Agentsandbox__V1__ListClaimsRequest *)request;
    Agentsandbox__V1__ListClaimsResponse reply = AGENTSANDBOX__V1__LIST_CLAIMS_RESPONSE__INIT;
    struct claim_service *s = user;
    char version[24];
    struct err err;

    if (check_page(req->page_size, req->page_token, &err) < 0) {
        fail(call, &err);
        return;
    }
    (void)snprintf(version, sizeof(version), "%llu",
                   (unsigned long long)store_revision(s->c->store));
    reply.resource_version = version;
    if (fill_page(s, call, req, &reply) < 0)
        fail_oom(call);
    else
        agentsandbox_v1_claim_service_list_claims_reply(call, &reply);
}

/* ---- WatchClaims ---- */

static int send_change(struct rpc_call *call, enum watch_word word, const struct store_object *o,
                       uint64_t resource_version, void *user, struct err *err)
{
    static const Agentsandbox__V1__ChangeType types[] = {
        [WATCH_ADDED] = AGENTSANDBOX__V1__CHANGE_TYPE__CHANGE_TYPE_ADDED,
        [WATCH_MODIFIED] = AGENTSANDBOX__V1__CHANGE_TYPE__CHANGE_TYPE_MODIFIED,
        [WATCH_DELETED] = AGENTSANDBOX__V1__CHANGE_TYPE__CHANGE_TYPE_DELETED,
        [WATCH_BOOKMARK] = AGENTSANDBOX__V1__CHANGE_TYPE__CHANGE_TYPE_BOOKMARK,
    };
    Agentsandbox__V1__WatchClaimsResponse m = AGENTSANDBOX__V1__WATCH_CLAIMS_RESPONSE__INIT;
    struct claim_service *s = user;
    struct arena arena; /* the call's would grow with each change */
    char version[24];
    int r = 0;

    arena_init(&arena, LIMIT_OBJECT);
    (void)snprintf(version, sizeof(version), "%llu", (unsigned long long)resource_version);
    m.type = types[word];
    m.resource_version = version;
    if (o) {
        m.claim = claim_to_proto(s->c, o, &arena);
        r = m.claim ? 0 : err_oom(err);
    }
    if (r == 0)
        r = rpc_send(call, &m.base, err);
    arena_done(&arena);
    return r;
}

static void on_watch(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__WatchClaimsRequest *req =
        (const Agentsandbox__V1__WatchClaimsRequest *)request;
    struct claim_service *s = user;
    const struct watch_spec spec = {
        .method = &agentsandbox_v1_claim_service_watch_claims_method,
        .kind = KIND_CLAIM,
        .ns = req->namespace_,
        .name = req->name,
        .resource_version = req->resource_version,
        .send = send_change,
        .user = s,
    };

    watch_stream_start(&s->watches, call, &spec);
}

/* ---- RenewClaim ---- */

struct renew {
    struct claim_service *s;
    struct rpc_call *rpc; /* NULL once the caller went away */
};

static void on_renewed(const struct store_result *res, void *user)
{
    Agentsandbox__V1__RenewClaimResponse reply = AGENTSANDBOX__V1__RENEW_CLAIM_RESPONSE__INIT;
    struct renew *ctx = user;

    if (res->err) {
        rpc_call_fail(ctx->rpc, res->err);
        return;
    }
    reply.claim = to_proto(ctx->s, ctx->rpc, res->objects[0]);
    if (reply.claim)
        agentsandbox_v1_claim_service_renew_claim_reply(ctx->rpc, &reply);
}

static void on_renew_done(struct rpc_call *call _unused_, const struct rpc_status *status _unused_,
                          void *user)
{
    struct renew *ctx = user;

    store_forget(ctx->s->c->store, ctx);
}

static const struct rpc_msg_ops renew_ops = {.on_done = on_renew_done};

static int may_renew(struct claim_service *s, const struct store_object *o,
                     const Agentsandbox__V1__RenewClaimRequest *req, struct err *err)
{
    const json_t *status = obj_get(o->json, "status");
    const char *reason = obj_str_or(cond_get(status, C_READY), "reason", "");
    uint64_t wait_ms;

    if (!req->shutdown_time && !req->clear_shutdown_time)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "shutdown_time: is missing; for \"never\" set clear_shutdown_time");
    if (o->is_deleting || cond_is_true(status, C_FINISHED) ||
        strcmp(reason, R_CLAIM_EXPIRED) == 0 || claim_is_expired(s->c, o->json, &wait_ms))
        return err_set(err, RPC_FAILED_PRECONDITION, "ClaimFinished",
                       "claim \"%s\" is over already: make a new one", o->name);
    return 0;
}

static int write_renewal(struct renew *ctx, const struct store_object *o,
                         const Agentsandbox__V1__RenewClaimRequest *req, struct err *err)
{
    _cleanup_(json_decrefp) json_t *patch = json_object();
    struct store_op op = {
        .type = STORE_PATCH, .kind = KIND_CLAIM, .ns = o->ns, .name = o->name, .uid = o->uid};
    char when[32];
    json_t *value;

    if (req->shutdown_time)
        clock_format_rfc3339(req->shutdown_time->seconds, when, sizeof(when));
    value = req->shutdown_time ? json_string(when) : json_null();
    if (!patch || obj_put(patch, "spec.lifecycle.shutdownTime", value) < 0)
        return err_oom(err);
    op.object = patch;
    return store_write(ctx->s->c->store, &op, 1, on_renewed, ctx, err);
}

static void on_renew(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__RenewClaimRequest *req =
        (const Agentsandbox__V1__RenewClaimRequest *)request;
    struct claim_service *s = user;
    struct renew *ctx = arena_zalloc(rpc_call_arena(call), sizeof(*ctx));
    const struct store_object *o;
    struct err err;

    if (!ctx) {
        fail_oom(call);
        return;
    }
    *ctx = (struct renew){.s = s, .rpc = call};
    o = store_need(s->c->store, KIND_CLAIM, ns_of(req->namespace_), req->name, &err);
    if (!o || may_renew(s, o, req, &err) < 0) {
        fail(call, &err);
        return;
    }
    agentsandbox_v1_claim_service_renew_claim_accept(call, &renew_ops, ctx);
    if (write_renewal(ctx, o, req, &err) < 0)
        fail(call, &err);
}

/* ---- DeleteClaim ---- */

struct delete_call {
    struct list link; /* service.deletes, while it waits */
    struct claim_service *s;
    struct rpc_call *rpc;
    bool wait;
    char sandbox_uid[40], pod_uid[40];
};

static void delete_reply(struct delete_call *d)
{
    const Agentsandbox__V1__DeleteClaimResponse reply =
        AGENTSANDBOX__V1__DELETE_CLAIM_RESPONSE__INIT;

    agentsandbox_v1_claim_service_delete_claim_reply(d->rpc, &reply);
}

static bool is_all_gone(const struct delete_call *d)
{
    const struct store *store = d->s->c->store;

    return (!d->sandbox_uid[0] || !store_get_by_uid(store, d->sandbox_uid)) &&
           (!d->pod_uid[0] || !store_get_by_uid(store, d->pod_uid));
}

static void on_deleted(const struct store_result *res, void *user)
{
    struct delete_call *d = user;

    if (res->err)
        rpc_call_fail(d->rpc, res->err);
    else if (d->wait && !is_all_gone(d))
        list_push_back(&d->s->deletes, &d->link);
    else
        delete_reply(d);
}

static void on_delete_done(struct rpc_call *call _unused_, const struct rpc_status *status _unused_,
                           void *user)
{
    struct delete_call *d = user;

    store_forget(d->s->c->store, d);
    list_remove(&d->link);
}

static const struct rpc_msg_ops delete_ops = {.on_done = on_delete_done};

static void start_delete(struct delete_call *d, const struct store_object *o)
{
    const struct store_op op = {
        .type = STORE_DELETE, .kind = KIND_CLAIM, .ns = o->ns, .name = o->name, .uid = o->uid};
    const struct store_object *sb = claim_sandbox(d->s->c, o);
    const struct store_object *pod = sb ? sandbox_pod_named(d->s->c, sb) : NULL;
    struct err err;

    if (sb)
        (void)snprintf(d->sandbox_uid, sizeof(d->sandbox_uid), "%s", sb->uid);
    if (pod)
        (void)snprintf(d->pod_uid, sizeof(d->pod_uid), "%s", pod->uid);
    if (store_write(d->s->c->store, &op, 1, on_deleted, d, &err) < 0)
        fail(d->rpc, &err);
}

static void on_delete(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__DeleteClaimRequest *req =
        (const Agentsandbox__V1__DeleteClaimRequest *)request;
    struct claim_service *s = user;
    struct delete_call *d = arena_zalloc(rpc_call_arena(call), sizeof(*d));
    const struct store_object *o;
    struct err err;

    if (!d) {
        fail_oom(call);
        return;
    }
    list_init(&d->link);
    d->s = s;
    d->rpc = call;
    d->wait = req->wait;
    agentsandbox_v1_claim_service_delete_claim_accept(call, &delete_ops, d);
    o = store_need(s->c->store, KIND_CLAIM, ns_of(req->namespace_), req->name, &err);
    if (o && *req->uid && strcmp(req->uid, o->uid) != 0) {
        (void)err_set(&err, RPC_NOT_FOUND, "Gone",
                      "claim \"%s\" is another one now: its uid is %s, not %.64s", o->name, o->uid,
                      req->uid);
        fail(call, &err);
    } else if (o) {
        start_delete(d, o);
    } else if (req->allow_missing) {
        delete_reply(d);
    } else {
        fail(call, &err);
    }
}

static void look_at_deletes(struct loop_task *t _unused_, void *user)
{
    struct claim_service *s = user;

    LIST_FOREACH_SAFE(it, &s->deletes)
    {
        struct delete_call *d = CONTAINER_OF(it, struct delete_call, link);

        if (!is_all_gone(d))
            continue;
        list_remove(&d->link);
        delete_reply(d);
    }
}

static void on_sandbox(const char *ns _unused_, const char *name _unused_, const char *uid _unused_,
                       void *user)
{
    struct claim_service *s = user;

    if (!list_is_empty(&s->deletes))
        loop_task_schedule(s->task);
}

/* ---- life ---- */

#define CLAIMS(verb_, all_)                                                                        \
    {                                                                                              \
        .group = GROUP_EXT, .resource = "sandboxclaims", .verb = (verb_), .all = (all_)            \
    }

int claim_service_new(struct claim_service **ret, struct ctl *c, struct rpc_server *server,
                      struct gate *gate, struct err *err)
{
    static const struct {
        const struct rpc_method_desc *method;
        struct gate_rule rule;
        rpc_msg_handler handler;
    } methods[] = {
        {&agentsandbox_v1_claim_service_create_claim_method, CLAIMS("create", false), on_create},
        {&agentsandbox_v1_claim_service_get_claim_method, CLAIMS("get", false), on_get},
        {&agentsandbox_v1_claim_service_list_claims_method, CLAIMS("list", true), on_list},
        {&agentsandbox_v1_claim_service_watch_claims_method, CLAIMS("watch", true), on_watch},
        {&agentsandbox_v1_claim_service_renew_claim_method, CLAIMS("patch", false), on_renew},
        {&agentsandbox_v1_claim_service_delete_claim_method, CLAIMS("delete", false), on_delete},
    };
    _cleanup_(claim_service_freep) struct claim_service *s = calloc(1, sizeof(*s));

    if (!s)
        return err_oom(err);
    s->c = c;
    s->gate = gate;
    list_init(&s->deletes);
    list_init(&s->watches.all);
    s->listener = (struct ctl_listener){.on_sandbox = on_sandbox, .user = s};
    ctl_listen(c, &s->listener);
    if (claim_door_new(&s->door, c, err) < 0 || watch_streams_init(&s->watches, c, err) < 0 ||
        loop_task_new(&s->task, c->loop, look_at_deletes, s, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (gate_handle(gate, server, methods[i].method, &methods[i].rule, methods[i].handler, s,
                        err) < 0)
            return -1;
    *ret = TAKE_PTR(s);
    return 0;
}

void claim_service_end_watches(struct claim_service *s, const struct err *why)
{
    watch_streams_end(&s->watches, why);
}

void claim_service_free(struct claim_service *s)
{
    if (!s)
        return;
    ctl_unlisten(&s->listener);
    watch_streams_done(&s->watches);
    claim_door_free(s->door);
    loop_task_free(s->task);
    free(s);
}
