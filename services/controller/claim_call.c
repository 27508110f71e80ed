#include "services/controller/claim_call.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "services/controller/claim.h"
#include "services/controller/claim_convert.h"
#include "services/controller/claim_wait.h"
#include "services/controller/ctl_metrics.h"
#include "services/controller/names.h"
#include "services/controller/spans.h"

enum { MAX_ATTEMPTS = 16, FIRST_RETRY_MS = 25, DOUBT_MS = 60 * 1000 };

enum call_state { CALL_CREATING, CALL_RETRYING, CALL_WAITING };

/* A member that a claim may or may not have been written with, its caller being gone. */
struct doubt {
    struct list link;
    uint64_t until_ms;
    char taken_uid[40];
    char ns[64], name[256];
};

struct claim_call {
    struct list link; /* door.calls */
    struct claim_door *door;
    enum call_state state;
    json_t *claim; /* as asked for; NULL once it is durable */
    char spec_hash[9];
    char taken_uid[40];
    char uid[40]; /* of the claim, once durable */
    char *pool;   /* of the member that is taken; or NULL */
    uint64_t deadline_ms, retry_ms;
    bool no_wait, delete_on_failure, is_cancelled, is_dirty, existed, is_warm;
    bool is_repeated; /* its write was sent again */
    bool is_writing;  /* its write is under way   */
    uint8_t n_attempts;
    claim_call_fn fn;
    void *user;
    char ns[64], name[256];
};

struct claim_door {
    struct ctl *c;
    struct ctl_listener listener;
    struct list calls, doubts;
    size_t n_calls, n_creating, n_dirty;
    struct loop_task *task;
    struct loop_timer *timer;
};

/* ---- the end of a call ---- */

static void call_free(struct claim_call *call)
{
    struct claim_door *d = call->door;

    if (call->is_writing)
        ctl_claim_ended(d->c);
    d->n_creating -= call->state == CALL_CREATING;
    d->n_dirty -= call->is_dirty;
    d->n_calls--;
    list_remove(&call->link);
    json_decref(call->claim);
    free(call->pool);
    free(call);
}
DEFINE_CLEANUP(struct claim_call *, call_free)

static void delete_again(struct claim_call *call)
{
    const struct store_op op = {
        .type = STORE_DELETE,
        .kind = KIND_CLAIM,
        .ns = call->ns,
        .name = call->name,
        .uid = call->uid,
    };
    struct err err;

    if (!call->delete_on_failure || !call->uid[0])
        return;
    if (store_write(call->door->c->store, &op, 1, NULL, NULL, &err) < 0)
        log_warn("claim could not be deleted again; its keep-if-ready-by annotation will see to it",
                 LOG_S("claim", call->name), LOG_ERR(&err));
}

static void finish(struct claim_call *call, const struct err *err)
{
    struct claim_result res = {.err = err, .existed = call->existed, .is_warm = call->is_warm};

    if (err)
        delete_again(call);
    else
        res.claim = store_get(call->door->c->store, KIND_CLAIM, call->ns, call->name);
    if (!call->is_cancelled)
        call->fn(&res, call->user);
    call_free(call);
}

static void mark(struct claim_call *call)
{
    if (call->is_dirty)
        return;
    call->is_dirty = true;
    call->door->n_dirty++;
    loop_task_schedule(call->door->task);
}

/* ---- waiting ---- */

static void call_look(struct claim_call *call)
{
    struct err err;
    int r = claim_look(call->door->c, call->ns, call->name, call->uid, &err);

    if (r > 0 && ctl_now_ms(call->door->c) >= call->deadline_ms)
        r = claim_timed_out(call->door->c, call->ns, call->name, &err);
    if (r <= 0)
        finish(call, r < 0 ? &err : NULL);
}

/* ---- creating ---- */

static int try_create(struct claim_call *call, struct err *err);
static int write_claim(struct claim_call *call, struct err *err);

static void settle(struct claim_call *call)
{
    struct ctl *c = call->door->c;
    const struct store_object *sb;

    if (!call->taken_uid[0])
        return;
    sb = store_get_by_uid(c->store, call->taken_uid);
    claim_settle(c, call->ns, call->name, call->taken_uid);
    call->taken_uid[0] = '\0';
    if (sb)
        ctl_tell_sandbox(c, sb->ns, sb->name, sb->uid); /* perhaps it is nobody's again */
}

static void enter(struct claim_call *call, enum call_state state)
{
    struct claim_door *d = call->door;

    d->n_creating += (state == CALL_CREATING) - (call->state == CALL_CREATING);
    call->state = state;
    if (d->timer)
        loop_timer_arm(d->timer, claim_door_deadline_ms(d));
}

static void enter_waiting(struct claim_call *call, const struct store_object *claim)
{
    (void)snprintf(call->uid, sizeof(call->uid), "%s", claim->uid);
    enter(call, CALL_WAITING);
}

/* One machine: the member is the claim's with the same transaction. In a cluster the claim's own
 * step hands it over, and counts. */
static void count_taken(struct claim_call *call, const struct store_object *claim)
{
    struct ctl *c = call->door->c;
    const struct store_object *sb = claim_sandbox(c, claim);

    if (!call->is_warm || c->opts.is_cluster || !sb)
        return;
    ctl_metrics_claim(c->metrics, claim->json, obj_annotation(sb->json, A_TEMPLATE_REF), call->pool,
                      true, true);
    ctl_record(c, claim, false, "SandboxAdopted", "Adoption", "Adopted warm pool Sandbox \"%s\"",
               sb->name);
}

static void created(struct claim_call *call, const struct store_object *claim)
{
    settle(call);
    count_taken(call, claim);
    enter_waiting(call, claim);
    if (call->is_cancelled) {
        delete_again(call);
        call_free(call);
    } else if (call->no_wait) {
        finish(call, NULL);
    } else {
        call_look(call);
    }
}

/* The answer is lost or the API server is in trouble: the claim may have been made all the same. */
static bool is_uncertain(const struct err *err)
{
    return err->code == RPC_UNAVAILABLE || err->code == RPC_DEADLINE_EXCEEDED;
}

/* Gives up, but a member that the claim may have been written with is kept back until that is sure.
 */
static void give_up(struct claim_call *call, const struct err *err)
{
    struct claim_door *d = call->door;
    struct doubt *doubt;

    if (call->taken_uid[0] && is_uncertain(err)) {
        doubt = calloc(1, sizeof(*doubt));
        if (doubt) {
            memcpy(doubt->taken_uid, call->taken_uid, sizeof(doubt->taken_uid));
            memcpy(doubt->ns, call->ns, sizeof(doubt->ns));
            memcpy(doubt->name, call->name, sizeof(doubt->name));
            doubt->until_ms = ctl_now_ms(d->c) + DOUBT_MS;
            list_init(&doubt->link);
            list_push_back(&d->doubts, &doubt->link);
            call->taken_uid[0] = '\0';
        }
    }
    settle(call);
    finish(call, err);
}

/* With the same name and the same member: whichever of the writes took effect, it is the same. */
static void retry_later(struct claim_call *call)
{
    uint64_t wait = (uint64_t)FIRST_RETRY_MS << MIN(call->n_attempts, 5);

    call->retry_ms = ctl_now_ms(call->door->c) + wait;
    call->is_repeated = true;
    enter(call, CALL_RETRYING);
}

static void on_created(const struct store_result *res, void *user)
{
    struct claim_call *call = user;
    struct ctl *c = call->door->c;
    bool exists = store_get(c->store, KIND_CLAIM, call->ns, call->name) != NULL;
    struct err err;

    call->is_writing = false;
    ctl_claim_ended(c);
    if (!res->err) {
        created(call, res->objects[0]);
        return;
    }
    err = *res->err;
    if (call->is_cancelled || call->n_attempts >= MAX_ATTEMPTS ||
        ctl_now_ms(c) >= call->deadline_ms) {
        give_up(call, &err);
    } else if (is_uncertain(&err) || strcmp(err.reason, "TooManyRequests") == 0 ||
               (err.code == RPC_ALREADY_EXISTS && !exists)) {
        retry_later(call); /* the latter: it is there, and the watch will tell */
    } else if (err.code == RPC_ALREADY_EXISTS || err.code == RPC_ABORTED ||
               err.code == RPC_NOT_FOUND) {
        settle(call); /* somebody else was first with the name or with the member: look again */
        if (try_create(call, &err) < 0)
            finish(call, &err);
    } else {
        give_up(call, &err);
    }
}

static void retry(struct claim_call *call)
{
    struct ctl *c = call->door->c;
    struct err err;
    int r;

    call->n_attempts++;
    enter(call, CALL_CREATING);
    if (store_get(c->store, KIND_CLAIM, call->ns, call->name)) {
        settle(call);
        r = try_create(call, &err);
    } else {
        r = write_claim(call, &err);
    }
    if (r < 0)
        give_up(call, &err);
}

/* An earlier try of this very call made it, and the answer was lost. */
static bool is_ours(const struct claim_call *call, const struct store_object *claim)
{
    const char *its = obj_annotation(claim->json, A_FIRST_OBSERVED);

    return call->is_repeated && its &&
           strcmp(its, obj_annotation(call->claim, A_FIRST_OBSERVED) ?: "") == 0;
}

/* The claim is there already: the same one, or a name that is taken. */
static int use_existing(struct claim_call *call, const struct store_object *claim, struct err *err)
{
    const char *hash = obj_annotation(claim->json, A_SPEC_HASH);
    const char *mine = obj_annotation(call->claim, A_REQUEST_ID);
    const char *its = obj_annotation(claim->json, A_REQUEST_ID);
    char computed[9];

    if (!hash) {
        if (obj_json_hash(obj_get(claim->json, "spec") ?: json_null(), computed) < 0)
            return err_oom(err);
        hash = computed;
    }
    if (strcmp(hash, call->spec_hash) != 0)
        return err_set(err, RPC_ALREADY_EXISTS, "AlreadyExists",
                       "claim \"%s\" exists with another spec: use another name or request_id",
                       call->name);
    if (mine && (!its || strcmp(its, mine) != 0))
        return err_set(err, RPC_ALREADY_EXISTS, "AlreadyExists",
                       "claim \"%s\" exists and was made by another request", call->name);
    call->existed = !is_ours(call, claim);
    enter_waiting(call, claim);
    mark(call);
    return 0;
}

/* All that can be refused is refused before anything is written. */
static int check(struct claim_call *call, struct claim_source *src, bool *ret_cold, struct err *err)
{
    struct ctl *c = call->door->c;
    struct claim_problem p = {0};
    json_t *sb;

    if (claim_find_source(c, call->ns, obj_str_or(call->claim, "spec.warmPoolRef.name", ""), src,
                          &p) < 0 ||
        claim_check_metadata(c, call->claim, &p) < 0)
        return claim_refused(&p, call->name, err);
    *ret_cold = json_array_size(obj_get(call->claim, "spec.env")) > 0;
    sb = claim_cold_sandbox(call->claim, src->template, &p);
    json_decref(sb);
    if (!sb)
        return p.reason[0] ? claim_refused(&p, call->name, err) : err_oom(err);
    return 0;
}

/* The pool has one member less, in the same transaction: who reads it after the answer reads the
 * truth. The pool's own step counts anew. */
static void add_pool_status(struct batch *b, const struct ctl *c, const struct store_object *sb)
{
    const struct store_object *pool;
    struct obj_owner owner;
    json_t *status;
    int64_t n, n_ready;

    if (!obj_controlled_by_kind(sb->json, GROUP_EXT, KIND_POOL, &owner))
        return;
    pool = store_get(c->store, KIND_POOL, sb->ns, owner.name);
    n = pool ? obj_int(pool->json, "status.replicas", 0) : 0;
    n_ready = pool ? obj_int(pool->json, "status.readyReplicas", 0) : 0;
    if (n < 1 || n_ready < 1)
        return;
    status = json_deep_copy(json_object_get(pool->json, "status"));
    if (status && (obj_put_int(status, "replicas", n - 1) < 0 ||
                   obj_put_int(status, "readyReplicas", n_ready - 1) < 0)) {
        json_decref(status);
        status = NULL;
    }
    batch_status(b, pool, status);
}

/* The member is the claim's from here on, in memory; the router may route to it. */
static int choose(struct claim_call *call, struct member *m, const struct claim_source *src)
{
    struct ctl *c = call->door->c;

    free(call->pool);
    call->pool = NULL;
    call->is_warm = m != NULL;
    if (!m)
        return obj_put_annotation(call->claim, A_SANDBOX_NAME, NULL);
    (void)members_hold(&c->members, m->uid, members_holder(call->ns, call->name));
    (void)snprintf(call->taken_uid, sizeof(call->taken_uid), "%s", m->uid);
    call->pool = src->pool ? strdup(src->pool->name) : NULL; /* for the metrics */
    if (obj_put_annotation(call->claim, A_SANDBOX_NAME, m->name) < 0)
        return -1;
    ctl_tell_sandbox(c, m->ns, m->name, m->uid);
    return 0;
}

/* One machine: the Sandbox's new owner is in the claim's own transaction. */
static int add_sandbox(struct claim_call *call, struct batch *b)
{
    const struct ctl *c = call->door->c;
    const struct store_object *sb = store_get_by_uid(c->store, call->taken_uid);
    struct claim_problem p = {0};
    json_t *wanted;

    if (!sb || c->opts.is_cluster)
        return 0;
    wanted = claim_adopted_sandbox(
        call->claim, sb,
        store_get(c->store, KIND_TEMPLATE, sb->ns, obj_annotation(sb->json, A_TEMPLATE_REF) ?: ""),
        &p);
    if (!wanted)
        return -1;
    batch_update(b, sb, wanted, true);
    add_pool_status(b, c, sb);
    return 0;
}

/* In a cluster this is the one write before the answer: the claim with its assignment. */
static int write_claim(struct claim_call *call, struct err *err)
{
    struct batch b;
    int r;

    batch_init(&b);
    batch_create(&b, KIND_CLAIM, meta_deep_copy(call->claim));
    r = add_sandbox(call, &b);
    if (r < 0)
        (void)err_oom(err);
    else
        r = batch_write(&b, call->door->c->store, on_created, call, err);
    call->is_writing = r == 0;
    if (r == 0)
        ctl_claim_began(call->door->c);
    batch_done(&b);
    return r;
}

static int try_create(struct claim_call *call, struct err *err)
{
    struct ctl *c = call->door->c;
    const struct store_object *existing = store_get(c->store, KIND_CLAIM, call->ns, call->name);
    struct claim_source src;
    struct member *m = NULL;
    bool needs_cold;

    call->n_attempts++;
    if (existing)
        return use_existing(call, existing, err);
    if (check(call, &src, &needs_cold, err) < 0)
        return -1;
    if (!needs_cold)
        m = claim_take_member(c, call->ns, &src, true, NULL);
    if (choose(call, m, &src) < 0) {
        settle(call);
        return err_oom(err);
    }
    if (write_claim(call, err) == 0)
        return 0;
    settle(call);
    return -1;
}

/* ---- a new call ---- */

static int put_name(struct claim_call *call, const Agentsandbox__V1__CreateClaimRequest *req,
                    const char *principal, struct err *err)
{
    char text[512], random[13];

    if (*req->name) {
        if (!bytes_is_dns_label(req->name))
            return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                           "name: \"%.64s\" is no DNS label (lower-case letters, digits and '-', "
                           "at most 63)",
                           req->name);
        (void)snprintf(call->name, sizeof(call->name), "%s", req->name);
        return 0;
    }
    if (!*req->request_id) {
        bytes_random_name(random, 12);
        (void)snprintf(call->name, sizeof(call->name), "c-%s", random);
        return 0;
    }
    (void)snprintf(text, sizeof(text), "%s\n%s\n%s", principal, call->ns, req->request_id);
    (void)snprintf(call->name, sizeof(call->name), "c-%016llx",
                   (unsigned long long)bytes_fnv1a64(text, strlen(text)));
    return 0;
}

static int check_request_id(const char *id, struct err *err)
{
    size_t n = strlen(id);

    for (size_t i = 0; i < n; i++)
        if (id[i] < 0x20 || id[i] > 0x7e)
            return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                           "request_id: byte %zu is not printable ASCII", i);
    if (n > 128)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "request_id: %zu bytes, at most 128 are taken", n);
    return 0;
}

static int put_annotations(struct claim_call *call, const char *request_id, const char *principal,
                           struct err *err)
{
    struct ctl *c = call->door->c;
    char text[300], when[40];
    int r = 0;

    if (obj_json_hash(obj_get(call->claim, "spec"), call->spec_hash) < 0)
        return err_oom(err);
    r |= obj_put_str(call->claim, "metadata.name", call->name);
    r |= obj_put_annotation(call->claim, A_SPEC_HASH, call->spec_hash);
    ctl_format_nano(ctl_now_ns(c), when);
    r |= obj_put_annotation(call->claim, A_FIRST_OBSERVED, when);
    if (*request_id) {
        (void)snprintf(text, sizeof(text), "%.128s/%.128s", principal, request_id);
        r |= obj_put_annotation(call->claim, A_REQUEST_ID, text);
    }
    if (call->delete_on_failure && call->deadline_ms != CLOCK_NEVER) {
        int64_t left = (int64_t)(call->deadline_ms - MIN(call->deadline_ms, ctl_now_ms(c)));

        clock_format_rfc3339(ctl_now_s(c) + left / 1000 + 2, when, sizeof(when));
        r |= obj_put_annotation(call->claim, A_KEEP_IF_READY_BY, when);
    }
    return r ? err_oom(err) : 0;
}

/* What the caller began its reconcilers go on with, unless the claim itself says otherwise. A trace
 * that begins with this call is left to them: theirs is sampled. */
static int put_trace(struct claim_call *call, const struct rpc_trace *trace, struct err *err)
{
    static const uint8_t none[sizeof(trace->parent_id)];
    char text[SPAN_CONTEXT_CHARS];

    if (!trace || !call->door->c->spans || obj_annotation(call->claim, A_TRACE) ||
        memcmp(trace->parent_id, none, sizeof(none)) == 0)
        return 0;
    span_context_of(trace, text);
    return obj_put_annotation(call->claim, A_TRACE, text) < 0 ? err_oom(err) : 0;
}

int claim_call_new(struct claim_call **ret, struct claim_door *d,
                   const Agentsandbox__V1__CreateClaimRequest *req, const char *principal,
                   const struct rpc_trace *trace, uint64_t deadline_ms, claim_call_fn fn,
                   void *user, struct err *err)
{
    _cleanup_(call_freep) struct claim_call *call = NULL;
    const char *ns = *req->namespace_ ? req->namespace_ : "default";

    if (d->n_calls >= LIMIT_CLAIM_WAITERS)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooManyWaiters",
                       "%d claims are being waited for already: try again later",
                       LIMIT_CLAIM_WAITERS);
    if (!bytes_is_dns_label(ns))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "namespace: \"%.64s\" is no DNS label", ns);
    if (check_request_id(req->request_id, err) < 0)
        return -1;

    call = calloc(1, sizeof(*call));
    if (!call)
        return err_oom(err);
    call->door = d;
    call->state = CALL_CREATING;
    call->deadline_ms = deadline_ms;
    call->no_wait = req->no_wait;
    call->delete_on_failure = req->delete_on_failure;
    call->fn = fn;
    call->user = user;
    list_init(&call->link);
    list_push_back(&d->calls, &call->link);
    d->n_calls++;
    d->n_creating++;
    (void)snprintf(call->ns, sizeof(call->ns), "%s", ns);

    call->claim = claim_from_request(req, err);
    if (!call->claim || put_name(call, req, principal, err) < 0 ||
        put_annotations(call, req->request_id, principal, err) < 0 ||
        put_trace(call, trace, err) < 0 || try_create(call, err) < 0)
        return -1;
    *ret = TAKE_PTR(call);
    return 0;
}

void claim_call_cancel(struct claim_call *call)
{
    if (!call)
        return;
    call->is_cancelled = true;
    if (call->state == CALL_CREATING)
        return; /* its write is under way: on_created() ends it */
    if (call->state == CALL_RETRYING) {
        const struct err gone = {.code = RPC_UNAVAILABLE, .reason = "Cancelled"};

        give_up(call, &gone);
        return;
    }
    delete_again(call);
    call_free(call);
}

/* ---- the door ---- */

static void on_claim(const char *ns, const char *name, void *user)
{
    struct claim_door *d = user;

    LIST_FOREACH(it, &d->calls)
    {
        struct claim_call *call = CONTAINER_OF(it, struct claim_call, link);

        if (call->state != CALL_CREATING && strcmp(call->name, name) == 0 &&
            strcmp(call->ns, ns) == 0)
            mark(call);
    }
}

static void process_doubts(struct claim_door *d, uint64_t now)
{
    LIST_FOREACH_SAFE(it, &d->doubts)
    {
        struct doubt *doubt = CONTAINER_OF(it, struct doubt, link);

        if (now < doubt->until_ms)
            continue;
        claim_settle(d->c, doubt->ns, doubt->name, doubt->taken_uid);
        list_remove(&doubt->link);
        free(doubt);
    }
}

static uint64_t call_deadline_ms(const struct claim_call *call)
{
    switch (call->state) {
    case CALL_CREATING:
        return CLOCK_NEVER;
    case CALL_RETRYING:
        return call->retry_ms;
    case CALL_WAITING:
        return call->deadline_ms;
    }
    abort();
}

static void process_call(struct claim_call *call, uint64_t now)
{
    bool is_due = now >= call_deadline_ms(call);

    if (call->is_dirty) {
        call->is_dirty = false;
        call->door->n_dirty--;
        is_due = true;
    }
    if (!is_due)
        return;
    if (call->state == CALL_WAITING)
        call_look(call);
    else if (call->state == CALL_RETRYING)
        retry(call);
}

void claim_door_process(struct claim_door *d)
{
    uint64_t now = ctl_now_ms(d->c);

    LIST_FOREACH_SAFE(it, &d->calls)
    process_call(CONTAINER_OF(it, struct claim_call, link), now);
    process_doubts(d, now);
    if (d->timer)
        loop_timer_arm(d->timer, claim_door_deadline_ms(d));
}

uint64_t claim_door_deadline_ms(const struct claim_door *d)
{
    uint64_t first = CLOCK_NEVER;

    LIST_FOREACH(it, &d->calls)
    first = MIN(first, call_deadline_ms(CONTAINER_OF(it, struct claim_call, link)));
    LIST_FOREACH(it, &d->doubts)
    first = MIN(first, CONTAINER_OF(it, struct doubt, link)->until_ms);
    return first;
}

bool claim_door_is_idle(const struct claim_door *d)
{
    return d->n_creating == 0 && d->n_dirty == 0;
}

static void on_task(struct loop_task *t _unused_, void *user)
{
    claim_door_process(user);
}

static void on_timer(struct loop_timer *t _unused_, void *user)
{
    claim_door_process(user);
}

int claim_door_new(struct claim_door **ret, struct ctl *c, struct err *err)
{
    _cleanup_(claim_door_freep) struct claim_door *d = calloc(1, sizeof(*d));

    if (!d)
        return err_oom(err);
    d->c = c;
    list_init(&d->calls);
    list_init(&d->doubts);
    d->listener = (struct ctl_listener){.on_claim = on_claim, .user = d};
    ctl_listen(c, &d->listener);
    if (loop_task_new(&d->task, c->loop, on_task, d, err) < 0 ||
        (!c->opts.clock.now_ms && loop_timer_new(&d->timer, c->loop, on_timer, d, err) < 0))
        return -1;
    *ret = TAKE_PTR(d);
    return 0;
}

void claim_door_free(struct claim_door *d)
{
    if (!d)
        return;
    ctl_unlisten(&d->listener);
    LIST_FOREACH_SAFE(it, &d->calls)
    {
        struct claim_call *call = CONTAINER_OF(it, struct claim_call, link);

        store_forget(d->c->store, call);
        call_free(call);
    }
    LIST_FOREACH_SAFE(it, &d->doubts)
    {
        list_remove(it);
        free(CONTAINER_OF(it, struct doubt, link));
    }
    loop_task_free(d->task);
    loop_timer_free(d->timer);
    free(d);
}
