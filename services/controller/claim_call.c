#include "services/controller/claim_call.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "services/controller/binder.h"
#include "services/controller/claim.h"
#include "services/controller/claim_convert.h"
#include "services/controller/ctl_metrics.h"
#include "services/controller/names.h"
#include "services/controller/sandbox_pod.h"

enum { MAX_ATTEMPTS = 8 };

enum call_state { CALL_CREATING, CALL_WAITING };

struct claim_call {
    struct list link; /* door.calls */
    struct claim_door *door;
    enum call_state state;
    json_t *claim; /* as asked for; NULL once it is durable */
    char spec_hash[9];
    char taken_uid[40];
    char uid[40]; /* of the claim, once durable */
    uint64_t deadline_ms;
    bool no_wait, delete_on_failure, is_cancelled, is_dirty, existed, is_warm;
    uint8_t n_attempts;
    claim_call_fn fn;
    void *user;
    char ns[64], name[256];
};

struct claim_door {
    struct ctl *c;
    struct ctl_listener listener;
    struct list calls;
    size_t n_calls, n_creating, n_dirty;
    struct loop_task *task;
    struct loop_timer *timer;
};

/* ---- the end of a call ---- */

static void call_free(struct claim_call *call)
{
    struct claim_door *d = call->door;

    d->n_creating -= call->state == CALL_CREATING;
    d->n_dirty -= call->is_dirty;
    d->n_calls--;
    list_remove(&call->link);
    json_decref(call->claim);
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

static const struct {
    const char *condition, *reason; /* of the claim's Ready; the word a caller is told */
    int code;
} final_reasons[] = {
    {R_TEMPLATE_NOT_FOUND, "TemplateNotFound", RPC_NOT_FOUND},
    {R_POOL_NOT_FOUND, "PoolNotFound", RPC_NOT_FOUND},
    {R_INVALID_METADATA, "InvalidMetadata", RPC_INVALID_ARGUMENT},
    {R_ENV_REJECTED, R_ENV_REJECTED, RPC_FAILED_PRECONDITION},
    {R_VOLUMES_ERROR, R_VOLUMES_ERROR, RPC_FAILED_PRECONDITION},
    {R_CLAIM_EXPIRED, "ClaimFinished", RPC_FAILED_PRECONDITION},
    {R_SANDBOX_EXPIRED, "ClaimFinished", RPC_FAILED_PRECONDITION},
};

/* A claim that can never get ready: 1 with *err. */
static int is_hopeless(const struct claim_call *call, const json_t *status, struct err *err)
{
    const json_t *ready = cond_get(status, C_READY);
    const char *reason = obj_str_or(ready, "reason", "");
    const char *message = obj_str_or(ready, "message", "");

    if (cond_is_true(status, C_FINISHED)) {
        (void)err_set(err, RPC_FAILED_PRECONDITION, "SandboxGone",
                      "claim \"%s\": its sandbox ended before it was ready: %s", call->name,
                      message);
        return 1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(final_reasons); i++) {
        if (strcmp(reason, final_reasons[i].condition) != 0)
            continue;
        (void)err_set(err, final_reasons[i].code, final_reasons[i].reason, "claim \"%s\": %s",
                      call->name, message);
        return 1;
    }
    return 0;
}

static const struct store_object *pod_of(const struct claim_call *call,
                                         const struct store_object *claim)
{
    const struct store_object *sb = claim_sandbox(call->door->c, claim);

    return sb ? sandbox_pod_named(call->door->c, sb) : NULL;
}

/* What its pod's node says against it; false: nothing. */
static bool has_trouble(const struct claim_call *call, const struct store_object *claim,
                        struct binder_trouble *ret)
{
    const struct store_object *pod = pod_of(call, claim);

    return call->door->c->binder && pod && binder_trouble_of(call->door->c->binder, pod, ret);
}

/* 1: still waiting. 0: ready. < 0: never will be, *err. */
static int look(struct claim_call *call, struct err *err)
{
    const struct store_object *claim =
        store_get(call->door->c->store, KIND_CLAIM, call->ns, call->name);
    _cleanup_(json_decrefp) json_t *status = NULL;
    struct binder_trouble trouble;

    if (!claim || strcmp(claim->uid, call->uid) != 0 || claim->is_deleting)
        return err_set(err, RPC_ABORTED, "ClaimNotFound",
                       "claim \"%s\" was deleted while it was being waited for", call->name);
    status = claim_present_status(call->door->c, claim);
    if (!status)
        return err_oom(err);
    if (cond_is_true(status, C_READY))
        return 0;
    if (is_hopeless(call, status, err))
        return -1;
    if (has_trouble(call, claim, &trouble) && trouble.is_fatal)
        return err_set(err, trouble.code == RPC_NOT_FOUND ? RPC_FAILED_PRECONDITION : trouble.code,
                       trouble.reason, "claim \"%s\": %s", call->name, trouble.message);
    return 1;
}

static void time_out(struct claim_call *call)
{
    const struct store_object *claim =
        store_get(call->door->c->store, KIND_CLAIM, call->ns, call->name);
    _cleanup_(json_decrefp) json_t *status =
        claim ? claim_present_status(call->door->c, claim) : NULL;
    const struct store_object *sb = claim ? claim_sandbox(call->door->c, claim) : NULL;
    struct binder_trouble trouble;
    struct err err;

    if (claim && has_trouble(call, claim, &trouble))
        (void)err_set(&err, RPC_DEADLINE_EXCEEDED, trouble.reason,
                      "claim \"%s\" was not ready by the deadline: sandbox \"%s\": %s", call->name,
                      sb ? sb->name : "", trouble.message);
    else
        (void)err_set(&err, RPC_DEADLINE_EXCEEDED, "Timeout",
                      "claim \"%s\" was not ready by the deadline: %s", call->name,
                      sb ? obj_str_or(cond_get(status, C_READY), "message", "Sandbox is not ready")
                         : "it has no sandbox yet");
    finish(call, &err);
}

static void call_look(struct claim_call *call)
{
    struct err err;
    int r = look(call, &err);

    if (r == 0)
        finish(call, NULL);
    else if (r < 0)
        finish(call, &err);
    else if (ctl_now_ms(call->door->c) >= call->deadline_ms)
        time_out(call);
}

/* ---- creating ---- */

static int try_create(struct claim_call *call, struct err *err);

static void settle(struct claim_call *call)
{
    struct ctl *c = call->door->c;
    const struct store_object *sb;

    if (!call->taken_uid[0])
        return;
    sb = store_get_by_uid(c->store, call->taken_uid);
    members_settle(&c->members, call->taken_uid, sb);
    call->taken_uid[0] = '\0';
    if (sb)
        ctl_tell_sandbox(c, sb->ns, sb->name, sb->uid); /* perhaps it is nobody's again */
}

static void enter_waiting(struct claim_call *call, const struct store_object *claim)
{
    struct claim_door *d = call->door;

    if (call->state == CALL_CREATING)
        d->n_creating--;
    call->state = CALL_WAITING;
    (void)snprintf(call->uid, sizeof(call->uid), "%s", claim->uid);
    if (d->timer)
        loop_timer_arm(d->timer, claim_door_deadline_ms(d));
}

static void on_created(const struct store_result *res, void *user)
{
    struct claim_call *call = user;
    struct err err;

    settle(call);
    if (!res->err) {
        enter_waiting(call, res->objects[0]);
        if (call->is_cancelled) {
            delete_again(call);
            call_free(call);
        } else if (call->no_wait) {
            finish(call, NULL);
        } else {
            call_look(call);
        }
        return;
    }
    /* Somebody else was first with the name or with the member: look again. */
    if (!call->is_cancelled && call->n_attempts < MAX_ATTEMPTS &&
        (res->err->code == RPC_ALREADY_EXISTS || res->err->code == RPC_ABORTED ||
         res->err->code == RPC_NOT_FOUND)) {
        if (try_create(call, &err) < 0)
            finish(call, &err);
        return;
    }
    finish(call, res->err);
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
    call->existed = true;
    enter_waiting(call, claim);
    mark(call);
    return 0;
}

static int refuse(const struct claim_problem *p, const char *name, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(final_reasons); i++)
        if (strcmp(p->reason, final_reasons[i].condition) == 0)
            return err_set(err, final_reasons[i].code, final_reasons[i].reason, "claim \"%s\": %s",
                           name, p->message);
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "claim \"%s\": %s", name, p->message);
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
        return refuse(&p, call->name, err);
    *ret_cold = json_array_size(obj_get(call->claim, "spec.env")) > 0;
    sb = claim_cold_sandbox(c, call->claim, src->template, &p);
    json_decref(sb);
    if (!sb)
        return p.reason[0] ? refuse(&p, call->name, err) : err_oom(err);
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

static int add_member(struct claim_call *call, struct batch *b, struct member *m,
                      const struct claim_source *src)
{
    struct ctl *c = call->door->c;
    const struct store_object *sb = store_get_by_uid(c->store, m->uid);
    struct claim_problem p = {0};
    json_t *wanted;

    (void)snprintf(call->taken_uid, sizeof(call->taken_uid), "%s", m->uid);
    call->is_warm = true;
    if (obj_put_annotation(call->claim, A_SANDBOX_NAME, sb->name) < 0)
        return -1;
    wanted = claim_adopted_sandbox(c, call->claim, sb, src->template, &p);
    if (!wanted)
        return -1;
    batch_create(b, KIND_CLAIM, meta_deep_copy(call->claim));
    batch_update(b, sb, wanted, true);
    add_pool_status(b, c, sb);
    ctl_tell_sandbox(c, sb->ns, sb->name, sb->uid); /* the router may route to it from now on */
    return 0;
}

static int write_claim(struct claim_call *call, struct member *m, const struct claim_source *src,
                       struct err *err)
{
    struct ctl *c = call->door->c;
    struct batch b;
    int r = 0;

    batch_init(&b);
    call->is_warm = false;
    if (m)
        r = add_member(call, &b, m, src);
    else if (obj_put_annotation(call->claim, A_SANDBOX_NAME, NULL) == 0)
        batch_create(&b, KIND_CLAIM, meta_deep_copy(call->claim));
    if (r < 0 || batch_write(&b, c->store, on_created, call, err) < 0) {
        if (r < 0)
            (void)err_oom(err);
        settle(call);
        r = -1;
    } else if (m) {
        ctl_metrics_claim(c->metrics, call->ns, src->template, src->pool, true, true);
        (void)events_add(&c->events, KIND_CLAIM, call->ns, call->name, false, "SandboxAdopted",
                         ctl_now_s(c), "Adopted warm pool Sandbox \"%s\"", m->name);
    }
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
    return write_claim(call, m, &src, err);
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

int claim_call_new(struct claim_call **ret, struct claim_door *d,
                   const Agentsandbox__V1__CreateClaimRequest *req, const char *principal,
                   uint64_t deadline_ms, claim_call_fn fn, void *user, struct err *err)
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
        put_annotations(call, req->request_id, principal, err) < 0 || try_create(call, err) < 0)
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

        if (call->state == CALL_WAITING && strcmp(call->name, name) == 0 &&
            strcmp(call->ns, ns) == 0)
            mark(call);
    }
}

void claim_door_process(struct claim_door *d)
{
    uint64_t now = ctl_now_ms(d->c);

    LIST_FOREACH_SAFE(it, &d->calls)
    {
        struct claim_call *call = CONTAINER_OF(it, struct claim_call, link);

        if (call->state != CALL_WAITING || (!call->is_dirty && now < call->deadline_ms))
            continue;
        if (call->is_dirty) {
            call->is_dirty = false;
            d->n_dirty--;
        }
        call_look(call);
    }
    if (d->timer)
        loop_timer_arm(d->timer, claim_door_deadline_ms(d));
}

uint64_t claim_door_deadline_ms(const struct claim_door *d)
{
    uint64_t first = CLOCK_NEVER;

    LIST_FOREACH(it, &d->calls)
    {
        const struct claim_call *call = CONTAINER_OF(it, struct claim_call, link);

        if (call->state == CALL_WAITING)
            first = MIN(first, call->deadline_ms);
    }
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
    loop_task_free(d->task);
    loop_timer_free(d->timer);
    free(d);
}
