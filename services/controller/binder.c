#include "services/controller/binder.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "services/controller/addr.h"
#include "services/controller/bind.h"
#include "services/controller/cause.h"
#include "services/controller/names.h"
#include "services/controller/pod_status.h"
#include "services/controller/podreq.h"

typedef Agentsandbox__V1__Instance Instance;

#define STATE(s) AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_##s

enum { FIRST_RETRY_MS = 1000, MAX_RETRY_MS = 10 * 1000 };
enum { LANE_CLAIMS, LANE_REFILL, LANE_N };

struct binder {
    struct ctl *c;
    struct node_ops node;
    struct addr_pool addrs;
    struct map by_id;  /* instance id -> bind, owned */
    struct map by_pod; /* "ns/name" -> bind          */
    struct list lanes[LANE_N];
    uint32_t max_starting, n_starting, n_waiting;
    bool is_up, is_synced;
    char node_name[256];
    char why_down[ERR_MSG_MAX];
};

/* ---- the states and their moves ---- */

static const char *const state_names[BIND_N] = {
    [BIND_NEW] = "new",           [BIND_UNKNOWN] = "unknown",   [BIND_WAITING] = "waiting",
    [BIND_CREATING] = "creating", [BIND_BACKOFF] = "backoff",   [BIND_PRESENT] = "present",
    [BIND_LOST] = "lost",         [BIND_REMOVING] = "removing", [BIND_STAYING] = "staying",
    [BIND_GONE] = "gone",
};

#define TO(s) (1u << BIND_##s)
static const unsigned moves[BIND_N] = {
    [BIND_NEW] = TO(WAITING) | TO(GONE) | TO(PRESENT),
    [BIND_UNKNOWN] = TO(PRESENT) | TO(LOST) | TO(WAITING) | TO(REMOVING) | TO(STAYING),
    [BIND_WAITING] =
        TO(CREATING) | TO(GONE) | TO(REMOVING) | TO(PRESENT) | TO(STAYING) | TO(BACKOFF),
    [BIND_CREATING] = TO(PRESENT) | TO(BACKOFF) | TO(WAITING) | TO(REMOVING) | TO(STAYING),
    [BIND_BACKOFF] = TO(WAITING) | TO(PRESENT) | TO(REMOVING) | TO(STAYING) | TO(GONE),
    [BIND_PRESENT] = TO(LOST) | TO(REMOVING) | TO(STAYING) | TO(WAITING),
    [BIND_LOST] = TO(PRESENT) | TO(REMOVING) | TO(STAYING) | TO(GONE),
    [BIND_REMOVING] = TO(GONE) | TO(STAYING),
    [BIND_STAYING] = TO(REMOVING) | TO(GONE),
    [BIND_GONE] = 0,
};
#undef TO

const char *bind_state_name(enum bind_state s)
{
    return state_names[s];
}

static bool is_starting(const struct bind *b)
{
    return b->state == BIND_CREATING;
}

static void enter(struct binder *b, struct bind *d, enum bind_state to)
{
    assert(moves[d->state] & 1u << to);
    log_debug("instance", LOG_S("instance", d->id), LOG_S("pod", d->pod),
              LOG_S("from", state_names[d->state]), LOG_S("to", state_names[to]));
    b->n_starting -= is_starting(d);
    if (d->state == BIND_WAITING) {
        list_remove(&d->lane);
        b->n_waiting--;
    }
    d->state = to;
    b->n_starting += is_starting(d);
    if (to == BIND_WAITING) {
        list_push_back(&b->lanes[d->is_refill ? LANE_REFILL : LANE_CLAIMS], &d->lane);
        b->n_waiting++;
        if (!d->was_sent && d->err)
            d->until_ms = 0;
    }
    if (to == BIND_PRESENT || to == BIND_GONE) {
        free(d->err);
        d->err = NULL;
        d->n_fails = 0;
    }
}

/* ---- binds ---- */

static void pod_key(char *ret, size_t n, const char *ns, const char *name)
{
    (void)snprintf(ret, n, "%s/%s", ns, name); /* names are at most 253 bytes each */
}

static struct bind *bind_new(struct binder *b, const char *id, const char *ns, const char *pod,
                             enum bind_state state)
{
    size_t n_ns = strlen(ns) + 1, n_pod = strlen(pod) + 1;
    struct bind *d = calloc(1, sizeof(*d) + n_ns + n_pod);
    char key[520];

    if (!d)
        return NULL;
    list_init(&d->lane);
    d->state = state;
    (void)snprintf(d->id, sizeof(d->id), "%s", id);
    d->ns = memcpy(d + 1, ns, n_ns);
    d->pod = memcpy((char *)(d + 1) + n_ns, pod, n_pod);
    d->has_pod = *pod != '\0';
    pod_key(key, sizeof(key), ns, pod);
    if (map_set(&b->by_id, d->id, d, NULL, NULL) < 0 ||
        (d->has_pod && map_set(&b->by_pod, key, d, NULL, NULL) < 0)) {
        (void)map_remove(&b->by_id, d->id);
        free(d);
        return NULL;
    }
    return d;
}

static void forget_pod(struct binder *b, struct bind *d)
{
    char key[520];

    if (!d->has_pod)
        return;
    d->has_pod = false;
    pod_key(key, sizeof(key), d->ns, d->pod);
    if (map_get(&b->by_pod, key) == d)
        (void)map_remove(&b->by_pod, key);
}

static void bind_free(struct binder *b, struct bind *d)
{
    forget_pod(b, d);
    (void)map_remove(&b->by_id, d->id);
    if (d->state == BIND_WAITING)
        b->n_waiting--;
    b->n_starting -= is_starting(d);
    list_remove(&d->lane);
    addr_free(&b->addrs, d->pod_ip);
    if (d->inst)
        agentsandbox__v1__instance__free_unpacked(d->inst, NULL);
    free(d->err);
    free(d);
}

static struct bind *bind_of_pod(const struct binder *b, const char *ns, const char *name)
{
    char key[520];

    pod_key(key, sizeof(key), ns, name);
    return map_get(&b->by_pod, key);
}

static void wake(struct binder *b, const struct bind *d)
{
    if (d->has_pod)
        ctl_wake(b->c, Q_POD, d->ns, d->pod);
}

/* Events go where people look: to the Sandbox. */
static void say(struct binder *b, const struct bind *d, bool is_warning, const char *reason,
                const char *text)
{
    const struct store_object *pod = store_get(b->c->store, KIND_POD, d->ns, d->pod);
    struct obj_owner owner;

    if (pod && obj_controlled_by_kind(pod->json, GROUP_CORE, KIND_SANDBOX, &owner))
        (void)events_add(&b->c->events, KIND_SANDBOX, d->ns, owner.name, is_warning, reason,
                         ctl_now_s(b->c), "%s", text);
}

static void put_err(struct bind *d, const struct err *err)
{
    if (!d->err)
        d->err = malloc(sizeof(*d->err));
    if (d->err)
        *d->err = *err;
}

static uint64_t backoff_ms(struct bind *d)
{
    uint64_t wait = (uint64_t)FIRST_RETRY_MS << MIN(d->n_fails, 10);

    if (d->n_fails < UINT8_MAX)
        d->n_fails++;
    return MIN(wait, (uint64_t)MAX_RETRY_MS);
}

/* ---- asking the node ---- */

static void refuse(struct binder *b, struct bind *d, const struct err *err)
{
    put_err(d, err);
    d->until_ms = ctl_now_ms(b->c) + backoff_ms(d);
    enter(b, d, BIND_BACKOFF);
    say(b, d, true, err->reason, err->msg);
    wake(b, d);
}

static void start_create(struct binder *b, struct bind *d)
{
    const struct store_object *pod = store_get(b->c->store, KIND_POD, d->ns, d->pod);
    Agentsandbox__V1__CreateSandboxRequest *req;
    struct arena arena;
    struct err err;

    arena_init(&arena, LIMIT_OBJECT);
    req = pod ? podreq_build(pod->json, d->id, d->pod_ip, &arena, &err) : NULL;
    if (!pod) {
        enter(b, d, BIND_GONE);
    } else if (!req) {
        refuse(b, d, &err);
    } else if (b->node.create(b->node.user, req, &err) < 0) {
        refuse(b, d, &err);
    } else {
        d->was_sent = true;
        enter(b, d, BIND_CREATING);
        wake(b, d);
    }
    arena_done(&arena);
}

/* Starts what waits, claims first, as long as there is room. */
static void pump(struct binder *b)
{
    for (int lane = 0; lane < LANE_N; lane++) {
        while (b->is_up && b->is_synced && b->n_starting < b->max_starting &&
               !list_is_empty(&b->lanes[lane]))
            start_create(b, LIST_FIRST(&b->lanes[lane], struct bind, lane));
    }
}

static void start_remove(struct binder *b, struct bind *d)
{
    struct err err;

    if (!d->was_sent &&
        (d->state == BIND_NEW || d->state == BIND_WAITING || d->state == BIND_BACKOFF)) {
        enter(b, d, BIND_GONE); /* the node never heard of it */
        return;
    }
    if (d->state == BIND_REMOVING || d->state == BIND_GONE)
        return;
    if (d->state == BIND_STAYING && ctl_now_ms(b->c) < d->until_ms)
        return;
    if (b->is_up && b->node.remove(b->node.user, d->id, &err) == 0) {
        enter(b, d, BIND_REMOVING);
        return;
    }
    d->until_ms = ctl_now_ms(b->c) + backoff_ms(d);
    if (d->state != BIND_STAYING)
        enter(b, d, BIND_STAYING);
}

/* ---- what the node says ---- */

void binder_node_up(struct binder *b, const char *node_name)
{
    b->is_up = true;
    b->is_synced = false;
    (void)snprintf(b->node_name, sizeof(b->node_name), "%s", node_name);
    MAP_FOREACH(it, &b->by_id)
    ((struct bind *)map_entry_value(it))->is_seen = false;
}

void binder_node_down(struct binder *b, const struct err *why)
{
    b->is_up = false;
    b->is_synced = false;
    (void)snprintf(b->why_down, sizeof(b->why_down), "%s", why ? why->msg : "");
}

static void forgot(struct binder *b)
{
    if (b->node.list_again)
        b->node.list_again(b->node.user);
}

static Instance *copy_instance(const Instance *inst)
{
    size_t n = agentsandbox__v1__instance__get_packed_size(inst);
    _cleanup_(freep) uint8_t *packed = malloc(n ? n : 1);

    if (!packed)
        return NULL;
    (void)agentsandbox__v1__instance__pack(inst, packed); /* n bytes */
    return agentsandbox__v1__instance__unpack(NULL, n, packed);
}

static void keep_instance(struct binder *b, struct bind *d, const Instance *inst)
{
    Instance *copy = copy_instance(inst);

    if (!copy) {
        forgot(b);
        return;
    }
    if (d->inst)
        agentsandbox__v1__instance__free_unpacked(d->inst, NULL);
    d->inst = copy;
}

static void tell_changes(struct binder *b, const struct bind *d, bool was_running, bool was_ready,
                         bool was_ended, uint32_t restarts)
{
    const Instance *now = d->inst;
    char why[512];

    if (!now || !d->has_pod)
        return;
    if (now->state == STATE(RUNNING) && !was_running)
        say(b, d, false, "Started", "container started");
    if (now->ready && !was_ready)
        say(b, d, false, "Ready", "readiness probe passes");
    if (now->restart_count > restarts && now->cause) {
        (void)cause_describe(now->cause, why, sizeof(why));
        say(b, d, true, "Restarted", why);
    }
    if (now->state == STATE(ENDED) && !was_ended && now->cause) {
        (void)cause_describe(now->cause, why, sizeof(why));
        say(b, d, true, "Ended", why);
    }
}

static void take_word(struct binder *b, struct bind *d, const Instance *inst)
{
    bool was_running = d->inst && d->inst->state == STATE(RUNNING);
    bool was_ended = d->inst && d->inst->state == STATE(ENDED);
    bool was_ready = d->inst && d->inst->ready;
    uint32_t restarts = d->inst ? d->inst->restart_count : 0;

    d->is_seen = true;
    d->was_sent = true;
    keep_instance(b, d, inst);
    tell_changes(b, d, was_running, was_ready, was_ended, restarts);
}

static bool is_leaving(const struct bind *d)
{
    return d->state == BIND_REMOVING || d->state == BIND_STAYING || d->state == BIND_GONE;
}

static bool some_pod_has(const struct binder *b, const char *id, const struct store_object **ret)
{
    struct store_query q = {.kind = KIND_POD};

    STORE_FOREACH(pod, b->c->store, &q)
    {
        const char *its = obj_annotation(pod->json, A_INSTANCE_ID);

        if (its && strcmp(its, id) == 0) {
            *ret = pod;
            return true;
        }
    }
    return false;
}

static struct bind *adopt_pod(struct binder *b, const struct store_object *pod, const char *id);

void binder_instance(struct binder *b, const Instance *inst)
{
    struct bind *d = map_get(&b->by_id, inst->instance_id);
    const struct store_object *pod;

    if (!d && (inst->state == STATE(DELETED) || inst->state == STATE(DELETING)))
        return;
    if (!d && some_pod_has(b, inst->instance_id, &pod))
        d = adopt_pod(b, pod, inst->instance_id);
    else if (!d)
        d = bind_new(b, inst->instance_id, "", "", BIND_UNKNOWN);
    if (!d) {
        forgot(b);
        return;
    }

    if (inst->state == STATE(DELETED)) {
        if (d->state == BIND_PRESENT) {
            enter(b, d, BIND_LOST); /* somebody else removed it */
            say(b, d, true, POD_REASON_LOST, "its instance was removed on the node");
        }
        wake(b, d);
        return;
    }
    take_word(b, d, inst);
    if (!is_leaving(d) && d->state != BIND_PRESENT && d->state != BIND_CREATING)
        enter(b, d, BIND_PRESENT);
    if (!d->has_pod && b->is_synced)
        start_remove(b, d);
    wake(b, d);
}

/* Whether its Pod was ever seen started: then it cannot simply be made again. */
static bool had_started(const struct binder *b, const struct bind *d)
{
    const struct store_object *pod = store_get(b->c->store, KIND_POD, d->ns, d->pod);

    return d->inst || (pod && (obj_get(pod->json, "status.startTime") ||
                               strcmp(obj_str_or(pod->json, "status.phase", ""), "Running") == 0));
}

static void missing_after_list(struct binder *b, struct bind *d)
{
    switch (d->state) {
    case BIND_UNKNOWN:
    case BIND_PRESENT:
        if (!d->has_pod) {
            enter(b, d, BIND_STAYING);
            enter(b, d, BIND_GONE);
        } else if (had_started(b, d)) {
            enter(b, d, BIND_LOST);
            say(b, d, true, POD_REASON_LOST, "its instance is not on the node any more");
        } else {
            enter(b, d, BIND_WAITING);
        }
        break;
    case BIND_STAYING:
        enter(b, d, BIND_GONE);
        break;
    case BIND_NEW:
    case BIND_WAITING:
    case BIND_CREATING:
    case BIND_BACKOFF:
    case BIND_LOST:
    case BIND_REMOVING:
    case BIND_GONE:
    case BIND_N:
        break;
    }
    wake(b, d);
}

void binder_synced(struct binder *b)
{
    struct store_query q = {.kind = KIND_POD};

    b->is_synced = true;
    MAP_FOREACH(it, &b->by_id)
    {
        struct bind *d = map_entry_value(it);

        if (d->state == BIND_STAYING || d->state == BIND_BACKOFF)
            d->until_ms = 0; /* the node is back: at once */
        if (!d->is_seen)
            missing_after_list(b, d);
        else if (!d->has_pod)
            start_remove(b, d); /* an orphan: its Pod is gone, or was another controller's */
        if (!d->has_pod && d->state == BIND_GONE)
            bind_free(b, d);
    }
    STORE_FOREACH(pod, b->c->store, &q)
    ctl_wake(b->c, Q_POD, pod->ns, pod->name);
    pump(b);
}

void binder_created(struct binder *b, const char *instance_id, const Instance *inst,
                    const struct err *err)
{
    struct bind *d = map_get(&b->by_id, instance_id);

    if (!d)
        return;
    /* The answer and the watch are two streams, whose order is not that of their sending: once the
     * watch has spoken of the instance, the answer may be the older word. */
    if (!err && !d->inst)
        take_word(b, d, inst);
    if (d->state != BIND_CREATING)
        return;
    if (!err) {
        enter(b, d, BIND_PRESENT);
    } else if (b->is_up && err->code == RPC_UNAVAILABLE) {
        /* The node goes, and its watch does not know yet: at once again would be refused at once,
         * and so on. */
        put_err(d, err);
        d->until_ms = ctl_now_ms(b->c) + backoff_ms(d);
        enter(b, d, BIND_BACKOFF);
    } else if (!b->is_up || err->code == RPC_CANCELLED) {
        d->until_ms = 0;
        enter(b, d, BIND_WAITING); /* idempotent by id: again when the node is back */
        b->is_synced = b->is_synced && b->is_up;
    } else {
        refuse(b, d, err);
    }
    if (!d->has_pod)
        start_remove(b, d);
    wake(b, d);
    pump(b);
}

void binder_deleted(struct binder *b, const char *instance_id, const struct err *err)
{
    struct bind *d = map_get(&b->by_id, instance_id);

    if (!d || d->state != BIND_REMOVING)
        return;
    if (err && err->code != RPC_NOT_FOUND) {
        d->until_ms = ctl_now_ms(b->c) + backoff_ms(d);
        enter(b, d, BIND_STAYING);
        wake(b, d);
        return;
    }
    enter(b, d, BIND_GONE);
    if (d->has_pod)
        wake(b, d);
    else
        bind_free(b, d);
}

/* ---- the step of a Pod ---- */

static bool is_refill(const struct store_object *pod)
{
    return obj_label(pod->json, L_WARM_POOL) != NULL;
}

/* The bind of a Pod that carries its id already. */
static struct bind *adopt_pod(struct binder *b, const struct store_object *pod, const char *id)
{
    struct bind *d = bind_new(b, id, pod->ns, pod->name, BIND_UNKNOWN);
    const char *ip = obj_annotation(pod->json, A_POD_IP);

    if (!d)
        return NULL;
    (void)snprintf(d->pod_uid, sizeof(d->pod_uid), "%s", pod->uid);
    (void)snprintf(d->pod_ip, sizeof(d->pod_ip), "%s", ip ?: "");
    d->is_refill = is_refill(pod);
    return d;
}

static int refuse_to_bind(struct ctl *c, const struct store_object *pod, const char *why,
                          struct step *st)
{
    batch_status(&st->batch, pod, pod_status_unschedulable(pod, why, ctl_now_s(c)));
    step_again(st, 5000);
    return 0;
}

/* Writes id, node and address to the Pod; only when that is durable is the node asked. */
static int bind_pod(struct binder *b, const struct store_object *pod, struct step *st,
                    struct err *err)
{
    struct bind *d = bind_of_pod(b, pod->ns, pod->name);
    _cleanup_(json_decrefp) json_t *edit = NULL;
    char id[17], why[ERR_MSG_MAX + 64], generation[24];
    int r = 0;

    if (!b->node_name[0]) {
        (void)snprintf(why, sizeof(why), "the node is not available: %s", b->why_down);
        return refuse_to_bind(b->c, pod, why, st);
    }
    if (!d) {
        bytes_random_name(id, 16);
        d = bind_new(b, id, pod->ns, pod->name, BIND_NEW);
        if (!d)
            return err_oom(err);
        (void)snprintf(d->pod_uid, sizeof(d->pod_uid), "%s", pod->uid);
        d->is_refill = is_refill(pod);
    }
    if (!d->pod_ip[0] && addr_take(&b->addrs, d->pod_ip, err) < 0)
        return refuse_to_bind(b->c, pod, err->msg, st);

    edit = store_object_edit(pod, err);
    if (!edit)
        return -1;
    (void)snprintf(generation, sizeof(generation), "%llu",
                   (unsigned long long)pod->resource_version);
    r |= obj_put_str(edit, "spec.nodeName", b->node_name);
    r |= obj_put_annotation(edit, A_INSTANCE_ID, d->id);
    r |= obj_put_annotation(edit, A_POD_IP, d->pod_ip);
    r |= obj_put_annotation(edit, A_GENERATION, generation);
    if (r)
        return err_oom(err);
    batch_update(&st->batch, pod, TAKE_PTR(edit), true);
    batch_status(&st->batch, pod, pod_status_build(pod, d, ctl_now_s(b->c)));
    return 0;
}

static int step_deleting(struct binder *b, struct bind *d, const struct store_object *pod,
                         struct step *st)
{
    start_remove(b, d);
    if (d->state == BIND_GONE) {
        batch_delete(&st->batch, pod, false);
        if (!st->batch.oom)
            st->batch.ops[st->batch.n - 1].now = true;
    } else if (d->state == BIND_STAYING) {
        uint64_t now = ctl_now_ms(b->c);

        step_again(st, d->until_ms > now ? d->until_ms - now : 1);
    }
    return 0;
}

/* A Pod that is gone: so shall be its instance. */
static int step_gone(struct binder *b, struct ctl_item *it, struct step *st)
{
    struct bind *d = bind_of_pod(b, it->ns, it->name);

    if (!d)
        return 0;
    start_remove(b, d);
    if (d->state == BIND_STAYING) {
        step_again(st, MAX_RETRY_MS);
        return 0;
    }
    forget_pod(b, d);
    if (d->state == BIND_GONE)
        bind_free(b, d);
    return 0;
}

static void step_state(struct binder *b, struct bind *d, const struct store_object *pod,
                       struct step *st)
{
    uint64_t now = ctl_now_ms(b->c);

    if (d->state == BIND_NEW)
        enter(b, d, BIND_WAITING);
    if (d->state == BIND_BACKOFF && now >= d->until_ms)
        enter(b, d, BIND_WAITING);
    else if (d->state == BIND_BACKOFF)
        step_again(st, d->until_ms - now);
    if (d->state == BIND_WAITING && d->is_refill && !is_refill(pod)) { /* a claim took it */
        list_remove(&d->lane);
        d->is_refill = false;
        list_push_back(&b->lanes[LANE_CLAIMS], &d->lane);
    }
    pump(b); /* Careful: d may have moved on. */
}

static bool is_over(const struct store_object *pod)
{
    const char *phase = obj_str_or(pod->json, "status.phase", "");

    return strcmp(phase, "Failed") == 0 || strcmp(phase, "Succeeded") == 0;
}

int pod_step(struct ctl *c, const struct store_object *o, struct ctl_item *it, struct step *st,
             struct err *err)
{
    struct binder *b = c->binder;
    const char *id = o ? obj_annotation(o->json, A_INSTANCE_ID) : NULL;
    struct bind *d;

    if (!b)
        return 0;
    d = bind_of_pod(b, it->ns, it->name);
    if (!o || (d && d->pod_uid[0] && strcmp(d->pod_uid, o->uid) != 0)) {
        if (o)
            step_again(st, 1); /* another Pod of that name: first the old one's instance */
        return step_gone(b, it, st);
    }
    if (!id && o->is_deleting) {
        batch_delete(&st->batch, o, false);
        return 0;
    }
    if (!id)
        return bind_pod(b, o, st, err);
    if (!d)
        d = adopt_pod(b, o, id);
    if (!d)
        return err_oom(err);
    if (o->is_deleting)
        return step_deleting(b, d, o, st);
    if (is_over(o) && d->state != BIND_UNKNOWN)
        return 0; /* an end is final; the record stays on the node until the Pod goes */
    step_state(b, d, o, st);
    if (d->state != BIND_UNKNOWN && d->state != BIND_GONE)
        batch_status(&st->batch, o, pod_status_build(o, d, ctl_now_s(c)));
    return 0;
}

/* ---- for those who ask ---- */

bool binder_is_up(const struct binder *b)
{
    return b->is_up;
}

static bool is_fatal_reason(const char *reason)
{
    static const char *const fatal[] = {
        "ImageNotFound", "RuntimeClassUnavailable", "RuntimeClassUnknown", "PodSpecUnsupported",
        "BadRequest",    "CommandNotFound",         "NotExecutable",
    };

    for (size_t i = 0; i < ARRAY_SIZE(fatal); i++)
        if (strcmp(reason, fatal[i]) == 0)
            return true;
    return false;
}

bool binder_trouble_of(const struct binder *b, const struct store_object *pod,
                       struct binder_trouble *ret)
{
    const struct bind *d = bind_of_pod(b, pod->ns, pod->name);
    const Agentsandbox__V1__ProbeResult *probe;

    *ret = (struct binder_trouble){.code = RPC_DEADLINE_EXCEEDED};
    if (!b->is_up) {
        ret->code = RPC_UNAVAILABLE;
        (void)snprintf(ret->reason, sizeof(ret->reason), "NodeUnavailable");
        (void)snprintf(ret->message, sizeof(ret->message), "the node is not available: %.300s",
                       b->why_down);
        return true;
    }
    if (!d)
        return false;
    if (d->err) {
        ret->is_fatal = is_fatal_reason(d->err->reason);
        ret->code = d->err->code;
        (void)snprintf(ret->reason, sizeof(ret->reason), "%s", d->err->reason);
        (void)snprintf(ret->message, sizeof(ret->message), "%s", d->err->msg);
        return true;
    }
    probe = d->inst ? d->inst->last_probe : NULL;
    if (!probe || probe->success)
        return false;
    ret->is_probe = true;
    (void)snprintf(ret->reason, sizeof(ret->reason), "ProbeTimeout");
    (void)snprintf(ret->message, sizeof(ret->message), "its %s probe does not succeed: %.300s",
                   probe->probe, probe->message);
    return true;
}

void binder_stats(const struct binder *b, struct binder_stats *ret)
{
    *ret = (struct binder_stats){
        .n_starting = b->n_starting, .n_waiting = b->n_waiting, .n_addresses = b->addrs.n_used};
    MAP_FOREACH(it, &b->by_id)
    ret->n_instances += ((struct bind *)map_entry_value(it))->inst != NULL;
}

/* ---- life ---- */

int binder_new(struct binder **ret, struct ctl *c, const struct node_ops *node,
               const struct binder_opts *opts, struct err *err)
{
    const char *cidr = opts && opts->pod_cidr ? opts->pod_cidr : "10.97.0.0/16";
    struct store_query q = {.kind = KIND_POD};
    struct binder *b = calloc(1, sizeof(*b));

    if (!b)
        return err_oom(err);
    if (addr_pool_init(&b->addrs, cidr, err) < 0) {
        free(b);
        return -1;
    }
    b->c = c;
    b->node = *node;
    b->max_starting = opts && opts->max_starting ? opts->max_starting : 4;
    (void)snprintf(b->why_down, sizeof(b->why_down), "it was not reached yet");
    map_init(&b->by_id);
    map_init(&b->by_pod);
    for (int lane = 0; lane < LANE_N; lane++)
        list_init(&b->lanes[lane]);
    STORE_FOREACH(pod, c->store, &q)
    addr_reserve(&b->addrs, obj_annotation(pod->json, A_POD_IP));
    c->binder = b;
    *ret = b;
    return 0;
}

void binder_free(struct binder *b)
{
    if (!b)
        return;
    MAP_FOREACH(it, &b->by_id)
    bind_free(b, map_entry_value(it));
    map_done(&b->by_id);
    map_done(&b->by_pod);
    addr_pool_done(&b->addrs);
    b->c->binder = NULL;
    free(b);
}
