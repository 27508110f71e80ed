/*
 * A route is computed when it is asked for, out of the Sandbox and its Pod: there is no second
 * truth to keep. A watcher has a set of names that changed; a slow one sees the newest state of
 * each, not every state in between.
 */
#include "services/controller/route_service.h"

#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/route.rpc.h"
#include "lib/base/bytes.h"
#include "lib/base/limits.h"
#include "lib/loop/loop.h"
#include "services/controller/cause.h"
#include "services/controller/names.h"
#include "services/controller/sandbox_pod.h"

typedef Agentsandbox__V1__Route Route;

#define PHASE(p) AGENTSANDBOX__V1__ROUTE_PHASE__ROUTE_PHASE_##p

/* Names that changed since a watcher last read; more, and it has to begin anew. */
enum { MAX_DIRTY = 16384 };
enum { AGENT_PORT = 8888 };

struct route_service {
    struct ctl *c;
    struct ctl_listener listener;
    struct list watches, resolves;
    struct loop_task *task;
};

struct route_watch {
    struct list link;
    struct route_service *s;
    struct rpc_call *call;
    struct map dirty; /* "ns/name" -> uid, owned */
    bool is_listing, is_synced, is_waiting, is_failed;
    char last_ns[256], last_name[256];
};

struct resolve {
    struct list link;
    struct route_service *s;
    struct rpc_call *call;
    const char *ns, *name, *uid; /* in the request, which lives in the call's arena */
};

/* ---- a route ---- */

static Agentsandbox__V1__SandboxRef *make_ref(const char *ns, const char *name, const char *uid,
                                              struct arena *a)
{
    Agentsandbox__V1__SandboxRef *ref = arena_alloc(a, sizeof(*ref));

    if (!ref)
        return NULL;
    agentsandbox__v1__sandbox_ref__init(ref);
    ref->namespace_ = (char *)ns;
    ref->name = (char *)name;
    ref->uid = (char *)uid;
    return ref;
}

static Agentsandbox__V1__RoutePhase phase_of(const struct store_object *pod)
{
    const json_t *status = pod ? obj_get(pod->json, "status") : NULL;
    const char *phase = obj_str_or(status, "phase", "");

    if (strcmp(phase, "Failed") == 0 || strcmp(phase, "Succeeded") == 0)
        return PHASE(ENDED);
    if (strcmp(phase, "Running") != 0 || pod->is_deleting)
        return PHASE(PENDING);
    /* Once ready it stays reachable: a probe that fails for a while must not cut an agent off. */
    return cond_is_true(status, C_READY) || obj_str(status, "readyTime") ? PHASE(READY)
                                                                         : PHASE(PENDING);
}

/* Everybody's but an unclaimed member of a pool; an assignment in memory counts at once. */
static bool is_claimed(const struct ctl *c, const struct store_object *sb)
{
    bool is_member = obj_label(sb->json, L_WARM_POOL) ||
                     obj_controlled_by_kind(sb->json, GROUP_EXT, KIND_POOL, NULL);

    return !is_member || members_is_taken(&c->members, sb->uid);
}

/* On Kubernetes the agent listens in its pod. generation: a pod that is made anew under the same
 * name is younger. */
static int put_cluster_route(Route *r, const struct store_object *pod, struct arena *a)
{
    const json_t *ips = obj_get(pod->json, "status.podIPs");
    const char *ip = obj_str(json_array_get(ips, 0), "ip");
    char text[80] = "";
    int64_t created = 0;

    if (ip)
        (void)snprintf(text, sizeof(text), strchr(ip, ':') ? "ipv6:[%.45s]:%d" : "ipv4:%.45s:%d",
                       ip, AGENT_PORT);
    else
        r->phase = r->phase == PHASE(READY) ? PHASE(PENDING) : r->phase;
    (void)obj_time(pod->json, "metadata.creationTimestamp", &created); /* else it stays 0 */
    r->generation = (uint64_t)created;
    r->instance_id = (char *)pod->uid;
    r->endpoint = arena_strdup(a, text);
    r->cause = cause_of_pod(pod->json, a);
    return r->endpoint ? 0 : -1;
}

/* NULL: out of memory. Strings are shared with the store's objects. */
static Route *route_of(const struct ctl *c, const struct store_object *sb, struct arena *a)
{
    const struct store_object *pod = sandbox_pod_named(c, sb);
    const char *generation = pod ? obj_annotation(pod->json, A_GENERATION) : NULL;
    Route *r = arena_alloc(a, sizeof(*r));

    if (!r)
        return NULL;
    agentsandbox__v1__route__init(r);
    r->sandbox = make_ref(sb->ns, sb->name, sb->uid, a);
    if (!r->sandbox)
        return NULL;
    r->phase = phase_of(pod);
    r->claimed = is_claimed(c, sb);
    r->endpoint = (char *)"node";
    if (!pod)
        return r;
    if (c->opts.is_cluster)
        return put_cluster_route(r, pod, a) < 0 ? NULL : r;
    r->instance_id = (char *)(obj_annotation(pod->json, A_INSTANCE_ID) ?: "");
    if (generation)
        (void)bytes_parse_u64(generation, 0, UINT64_MAX, &r->generation); /* else it stays 0 */
    r->cause = cause_of_pod(pod->json, a);
    return r;
}

/* ---- Watch ---- */

static void watch_send(struct route_watch *w, const Agentsandbox__V1__WatchRoutesResponse *m)
{
    int r = rpc_send(w->call, &m->base, NULL);

    w->is_waiting = r == RPC_WAIT;
    w->is_failed = r < 0;
}

static void send_route(struct route_watch *w, const char *ns, const char *name, const char *uid)
{
    Agentsandbox__V1__WatchRoutesResponse m = AGENTSANDBOX__V1__WATCH_ROUTES_RESPONSE__INIT;
    const struct store_object *sb = store_get(w->s->c->store, KIND_SANDBOX, ns, name);
    Route gone = AGENTSANDBOX__V1__ROUTE__INIT;
    struct arena arena;

    arena_init(&arena, LIMIT_OBJECT);
    if (sb) {
        m.route = route_of(w->s->c, sb, &arena);
    } else {
        gone.sandbox = make_ref(ns, name, uid, &arena);
        gone.phase = PHASE(GONE);
        m.route = &gone;
    }
    if (m.route && m.route->sandbox)
        watch_send(w, &m);
    else
        w->is_failed = true;
    arena_done(&arena);
}

static void pump_list(struct route_watch *w)
{
    const struct store_query q = {.kind = KIND_SANDBOX};

    while (!w->is_waiting && !w->is_failed) {
        const struct store_object *o =
            w->last_name[0] ? store_next_after(w->s->c->store, &q, w->last_ns, w->last_name)
                            : store_next(w->s->c->store, &q, NULL);

        if (!o) {
            Agentsandbox__V1__WatchRoutesResponse m = AGENTSANDBOX__V1__WATCH_ROUTES_RESPONSE__INIT;

            w->is_listing = false;
            m.synced = true;
            watch_send(w, &m);
            return;
        }
        (void)snprintf(w->last_ns, sizeof(w->last_ns), "%s", o->ns);
        (void)snprintf(w->last_name, sizeof(w->last_name), "%s", o->name);
        send_route(w, o->ns, o->name, o->uid);
    }
}

static void pump_changes(struct route_watch *w)
{
    MAP_FOREACH(it, &w->dirty)
    {
        _cleanup_(freep) char *uid = NULL;
        char key[520];
        char *slash;

        if (w->is_waiting || w->is_failed)
            break;
        (void)snprintf(key, sizeof(key), "%s", map_entry_key(it));
        uid = map_remove(&w->dirty, key);
        slash = strchr(key, '/');
        *slash = '\0';
        send_route(w, key, slash + 1, uid);
    }
}

static void pump(struct route_watch *w)
{
    struct err err;

    if (w->is_listing && !w->is_failed)
        pump_list(w);
    if (!w->is_listing && !w->is_waiting && !w->is_failed)
        pump_changes(w);
    if (!w->is_failed)
        return;
    (void)err_set(&err, RPC_RESOURCE_EXHAUSTED, "TooLarge",
                  "the changes that wait to be read are too many: watch again");
    rpc_call_fail(w->call, &err); /* the router asks again, and gets everything */
}

static void watch_mark(struct route_watch *w, const char *ns, const char *name, const char *uid)
{
    char *copy = w->dirty.n < MAX_DIRTY ? strdup(uid) : NULL;
    void *old = NULL;
    char key[520];

    (void)snprintf(key, sizeof(key), "%s/%s", ns, name);
    if (!copy || map_set(&w->dirty, key, copy, &old, NULL) < 0) {
        free(copy);
        w->is_failed = true;
    }
    free(old);
}

static void on_writable(struct rpc_call *call _unused_, void *user)
{
    struct route_watch *w = user;

    w->is_waiting = false;
    loop_task_schedule(w->s->task);
}

static void on_watch_done(struct rpc_call *call _unused_, const struct rpc_status *status _unused_,
                          void *user)
{
    struct route_watch *w = user;

    MAP_FOREACH(it, &w->dirty)
    free(map_entry_value(it));
    map_done(&w->dirty);
    list_remove(&w->link);
    free(w);
}

static const struct rpc_msg_ops watch_ops = {.on_writable = on_writable, .on_done = on_watch_done};

static void on_watch(struct rpc_call *call, const ProtobufCMessage *request _unused_, void *user)
{
    struct route_watch *w = calloc(1, sizeof(*w));
    struct err err;

    if (!w) {
        (void)err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    w->s = user;
    w->call = call;
    w->is_listing = true;
    map_init(&w->dirty);
    list_init(&w->link);
    list_push_back(&w->s->watches, &w->link);
    agentsandbox_v1_route_service_watch_accept(call, &watch_ops, w);
    (void)rpc_call_send_headers(call, NULL); /* the router learns that it watches */
    loop_task_schedule(w->s->task);
}

/* ---- Resolve ---- */

static void ended(const Route *route, struct err *err)
{
    const Agentsandbox__V1__Cause *cause = route->cause;
    bool is_lost = cause && cause->kind == AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_LOST;
    char why[400];

    (void)err_set(err, RPC_FAILED_PRECONDITION, is_lost ? "SandboxLost" : "SandboxGone",
                  "sandbox \"%s\" has ended: %s", route->sandbox->name,
                  cause ? cause_describe(cause, why, sizeof(why)) : "no cause is known");
}

/* The route, ready or not yet, in the arena; NULL with *err. */
static Route *look(const struct resolve *r, struct arena *a, struct err *err)
{
    const struct ctl *c = r->s->c;
    const struct store_object *sb = store_need(c->store, KIND_SANDBOX, r->ns, r->name, err);
    Route *route;

    if (!sb)
        return NULL;
    if (*r->uid && strcmp(r->uid, sb->uid) != 0) {
        (void)err_set(err, RPC_NOT_FOUND, "Gone",
                      "sandbox \"%s\" is another one now: its uid is %s, not %.64s", sb->name,
                      sb->uid, r->uid);
        return NULL;
    }
    if (!is_claimed(c, sb)) {
        (void)err_set(err, RPC_FAILED_PRECONDITION, "NotClaimed",
                      "sandbox \"%s\" is an unclaimed member of a warm pool: claim one first",
                      sb->name);
        return NULL;
    }
    route = route_of(c, sb, a);
    if (!route) {
        (void)err_oom(err);
        return NULL;
    }
    if (route->phase != PHASE(ENDED))
        return route;
    ended(route, err);
    return NULL;
}

/* Whether it was answered, one way or the other. */
static bool try_resolve(struct resolve *r)
{
    Agentsandbox__V1__ResolveResponse reply = AGENTSANDBOX__V1__RESOLVE_RESPONSE__INIT;
    bool is_over = true;
    struct arena arena;
    struct err err;

    arena_init(&arena, LIMIT_OBJECT);
    reply.route = look(r, &arena, &err);
    if (!reply.route)
        rpc_call_fail(r->call, &err);
    else if (reply.route->phase == PHASE(READY))
        agentsandbox_v1_route_service_resolve_reply(r->call, &reply);
    else
        is_over = false;
    arena_done(&arena);
    return is_over;
}

static void on_resolve_done(struct rpc_call *call _unused_, const struct rpc_status *s _unused_,
                            void *user)
{
    list_remove(&((struct resolve *)user)->link);
}

static const struct rpc_msg_ops resolve_ops = {.on_done = on_resolve_done};

static void on_resolve(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Agentsandbox__V1__ResolveRequest *req = (const Agentsandbox__V1__ResolveRequest *)request;
    struct resolve *r = arena_zalloc(rpc_call_arena(call), sizeof(*r));
    struct err err;

    if (!r || !req->sandbox) {
        if (!r)
            (void)err_oom(&err);
        else
            (void)err_set(&err, RPC_INVALID_ARGUMENT, "BadRequest", "sandbox: is missing");
        rpc_call_fail(call, &err);
        return;
    }
    r->s = user;
    r->call = call;
    r->ns = *req->sandbox->namespace_ ? req->sandbox->namespace_ : "default";
    r->name = req->sandbox->name;
    r->uid = req->sandbox->uid;
    list_init(&r->link);
    agentsandbox_v1_route_service_resolve_accept(call, &resolve_ops, r);
    if (!try_resolve(r))
        list_push_back(&r->s->resolves, &r->link);
}

/* ---- changes ---- */

static void on_sandbox(const char *ns, const char *name, const char *uid, void *user)
{
    struct route_service *s = user;

    LIST_FOREACH(it, &s->watches)
    watch_mark(CONTAINER_OF(it, struct route_watch, link), ns, name, uid);
    if (!list_is_empty(&s->watches) || !list_is_empty(&s->resolves))
        loop_task_schedule(s->task);
}

static void on_task(struct loop_task *t _unused_, void *user)
{
    struct route_service *s = user;

    LIST_FOREACH_SAFE(it, &s->watches)
    pump(CONTAINER_OF(it, struct route_watch, link));
    LIST_FOREACH_SAFE(it, &s->resolves)
    {
        struct resolve *r = CONTAINER_OF(it, struct resolve, link);

        if (try_resolve(r))
            list_remove(&r->link);
    }
}

/* ---- life ---- */

int route_service_new(struct route_service **ret, struct ctl *c, struct rpc_server *server,
                      struct gate *gate, struct err *err)
{
    static const struct gate_rule resolve_rule = {GROUP_CORE, "sandboxes", "get", false};
    static const struct gate_rule watch_rule = {GROUP_CORE, "sandboxes", "watch", true};
    _cleanup_(route_service_freep) struct route_service *s = calloc(1, sizeof(*s));

    if (!s)
        return err_oom(err);
    s->c = c;
    list_init(&s->watches);
    list_init(&s->resolves);
    s->listener = (struct ctl_listener){.on_sandbox = on_sandbox, .user = s};
    ctl_listen(c, &s->listener);
    if (loop_task_new(&s->task, c->loop, on_task, s, err) < 0 ||
        gate_handle(gate, server, &agentsandbox_v1_route_service_resolve_method, &resolve_rule,
                    on_resolve, s, err) < 0 ||
        gate_handle(gate, server, &agentsandbox_v1_route_service_watch_method, &watch_rule,
                    on_watch, s, err) < 0)
        return -1;
    *ret = TAKE_PTR(s);
    return 0;
}

void route_service_end_watches(struct route_service *s, const struct err *why)
{
    LIST_FOREACH_SAFE(it, &s->watches)
    {
        struct route_watch *w = CONTAINER_OF(it, struct route_watch, link);

        w->is_failed = true;
        rpc_call_fail(w->call, why); /* on_done frees it, later */
    }
}

void route_service_free(struct route_service *s)
{
    if (!s)
        return;
    ctl_unlisten(&s->listener);
    loop_task_free(s->task);
    free(s);
}
