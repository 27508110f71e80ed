#include "services/router/routes.h"

#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/route.rpc.h"
#include "lib/base/limits.h"
#include "lib/base/map.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"
#include "services/router/cause.h"

/* Between two watches: the connection has its own back-off, this one is for a controller that ends
 * them. */
enum {
    WATCH_AGAIN_FIRST_MS = 50,
    WATCH_AGAIN_MAX_MS = 2000,
    CONNECT_AGAIN_FIRST_MS = 50,
    CONNECT_AGAIN_MAX_MS = 1000
};

struct routes {
    struct loop *loop;
    struct routes_opts opts;
    struct link *link;
    struct rpc_channel *channel; /* of the link */
    struct rpc_call *watch;
    struct loop_timer *again;
    struct map by_name;     /* "namespace/name" -> struct route, which it owns */
    struct map by_instance; /* instance id -> the same                         */
    uint64_t epoch;         /* of the present watch                            */
    uint32_t again_ms;
    bool is_synced, was_synced;
    bool is_lost_told;
};

/* ---- one route ---- */

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

static size_t put(char **at, const char **field, const char *value)
{
    size_t n = strlen(value) + 1;

    if (at) {
        memcpy(*at, value, n);
        *field = *at;
        *at += n;
    }
    return n;
}

/* One allocation: the struct and behind it its strings. */
static struct route *route_dup(const struct route *from)
{
    const char *const *in[] = {&from->ns,          &from->name,     &from->uid,
                               &from->instance_id, &from->endpoint, &from->cause};
    struct route *to;
    size_t n = sizeof(*to);
    char *at;

    for (size_t i = 0; i < ARRAY_SIZE(in); i++)
        n += put(NULL, NULL, *in[i]);
    to = malloc(n);
    if (!to)
        return NULL;
    *to = *from;
    at = (char *)(to + 1);
    (void)put(&at, &to->ns, from->ns);
    (void)put(&at, &to->name, from->name);
    (void)put(&at, &to->uid, from->uid);
    (void)put(&at, &to->instance_id, from->instance_id);
    (void)put(&at, &to->endpoint, from->endpoint);
    (void)put(&at, &to->cause, from->cause);
    return to;
}

static enum route_phase phase_of(Agentsandbox__V1__RoutePhase phase)
{
    switch (phase) {
    case AGENTSANDBOX__V1__ROUTE_PHASE__ROUTE_PHASE_READY:
        return ROUTE_READY;
    case AGENTSANDBOX__V1__ROUTE_PHASE__ROUTE_PHASE_ENDED:
        return ROUTE_ENDED;
    case AGENTSANDBOX__V1__ROUTE_PHASE__ROUTE_PHASE_GONE:
        return ROUTE_GONE;
    case AGENTSANDBOX__V1__ROUTE_PHASE__ROUTE_PHASE_PENDING:
    case AGENTSANDBOX__V1__ROUTE_PHASE__ROUTE_PHASE_UNSPECIFIED:
    case _AGENTSANDBOX__V1__ROUTE_PHASE_IS_INT_SIZE:
        break;
    }
    return ROUTE_PENDING; /* a phase that is newer than we are: wait until it is one we know */
}

int route_check(const struct route *route, const char *uid, struct err *err)
{
    if (*uid && *route->uid && strcmp(uid, route->uid) != 0)
        return err_set(err, RPC_NOT_FOUND, "Gone",
                       "sandbox %s/%s with uid %.64s is gone: the name belongs to uid %s now",
                       route->ns, route->name, uid, route->uid);
    switch (route->phase) {
    case ROUTE_ENDED:
    case ROUTE_GONE:
        return err_set(err, RPC_FAILED_PRECONDITION, route->reason, "sandbox %s/%s has ended%s%s",
                       route->ns, route->name, *route->cause ? ": " : "", route->cause);
    case ROUTE_PENDING:
    case ROUTE_READY:
        break;
    }
    if (!route->is_claimed)
        return err_set(err, RPC_FAILED_PRECONDITION, "NotClaimed",
                       "sandbox %s/%s is an unclaimed member of a warm pool: claim it first",
                       route->ns, route->name);
    return route->phase == ROUTE_READY ? 0 : ROUTE_WAIT;
}

/* ---- the map ---- */

static void name_key(char *ret, size_t n_ret, const char *ns, const char *name)
{
    (void)snprintf(ret, n_ret, "%s/%s", ns, name);
}

const struct route *routes_find(const struct routes *r, const char *ns, const char *name)
{
    char key[512];

    name_key(key, sizeof(key), ns, name);
    return map_get(&r->by_name, key);
}

const struct route *routes_find_instance(const struct routes *r, const char *instance_id)
{
    return map_get(&r->by_instance, instance_id);
}

size_t routes_count(const struct routes *r)
{
    return r->by_name.n;
}

bool routes_was_synced(const struct routes *r)
{
    return r->was_synced;
}

bool routes_is_synced(const struct routes *r)
{
    return r->is_synced;
}

/* Only when the instance is still this route's: a name made anew may have taken over. */
static void unlink_instance(struct routes *r, const struct route *route)
{
    if (map_get(&r->by_instance, route->instance_id) == route)
        (void)map_remove(&r->by_instance, route->instance_id);
}

static void tell(struct routes *r, const struct route *route)
{
    if (r->opts.on_route)
        r->opts.on_route(route, r->opts.user);
}

/* now: the message that says so, perhaps with a cause; NULL: there was none. */
static void forget(struct routes *r, struct route *route, const struct route *now)
{
    char key[512];
    struct route last = *route;

    name_key(key, sizeof(key), route->ns, route->name);
    (void)map_remove(&r->by_name, key);
    unlink_instance(r, route);
    last.phase = ROUTE_GONE;
    if (now && *now->cause) {
        last.cause = now->cause;
        last.reason = now->reason;
    }
    tell(r, &last);
    free(route);
}

/* The name has a new route; when that is another instance, the old one is gone. */
static void replaced(struct routes *r, struct route *old, const struct route *by)
{
    unlink_instance(r, old);
    if (strcmp(old->instance_id, by->instance_id) != 0) {
        old->phase = ROUTE_GONE;
        tell(r, old);
    }
    free(old);
}

static int keep(struct routes *r, const char *key, struct route *route, struct err *err)
{
    void *old = NULL;

    if (map_set(&r->by_name, key, route, &old, err) < 0)
        return -1;
    if (old)
        replaced(r, old, route);
    /* Without this index the sandbox is found all the same; only a lost connection lacks its cause.
     */
    if (*route->instance_id)
        (void)map_set(&r->by_instance, route->instance_id, route, NULL, NULL);
    return 0;
}

static int apply(struct routes *r, const struct route *now, struct err *err)
{
    char key[512];
    struct route *route;

    name_key(key, sizeof(key), now->ns, now->name);
    route = map_get(&r->by_name, key);
    if (now->phase == ROUTE_GONE) {
        if (route)
            forget(r, route, now);
        return 0;
    }
    if (!route && r->by_name.n >= LIMIT_OBJECTS)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge", "more than %d routes",
                       LIMIT_OBJECTS);

    route = route_dup(now);
    if (!route)
        return err_oom(err);
    if (keep(r, key, route, err) < 0) {
        free(route);
        return -1;
    }
    tell(r, route);
    return 0;
}

static int apply_message(struct routes *r, const Agentsandbox__V1__Route *m, bool is_watch,
                         struct err *err)
{
    char cause[320];
    const Agentsandbox__V1__SandboxRef *sb = m->sandbox;
    const struct route *known;
    struct route now;

    if (!sb || !*or_empty(sb->name) || strlen(sb->name) > 253 ||
        strlen(or_empty(sb->namespace_)) > 253)
        return err_set(err, RPC_INTERNAL, "BadRequest",
                       "the controller sent a route without a sandbox's name");
    now = (struct route){
        .ns = *or_empty(sb->namespace_) ? sb->namespace_ : "default",
        .name = sb->name,
        .uid = or_empty(sb->uid),
        .instance_id = or_empty(m->instance_id),
        .endpoint = *or_empty(m->endpoint) ? m->endpoint : "node",
        .cause = cause_sentence(m->cause, cause, sizeof(cause)),
        .reason = m->cause && m->cause->kind == AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_LOST
                      ? "SandboxLost"
                      : "SandboxGone",
        .generation = m->generation,
        .phase = phase_of(m->phase),
        .is_claimed = m->claimed,
        .epoch = r->epoch,
    };
    known = routes_find(r, now.ns, now.name);
    if (!is_watch && known && known->generation > now.generation)
        return 0; /* the watch was faster */
    return apply(r, &now, err);
}

/* What the list of the present watch did not name is not there any more. */
static void drop_unnamed(struct routes *r)
{
    MAP_FOREACH(it, &r->by_name)
    {
        struct route *route = map_entry_value(it);

        if (route->epoch != r->epoch)
            forget(r, route, NULL);
    }
}

/* ---- the watch ---- */

static void watch_lost(struct routes *r, const struct err *why)
{
    r->is_synced = false;
    if (!r->is_lost_told && r->opts.on_watch)
        r->opts.on_watch(false, why, r->opts.user);
    r->is_lost_told = true;
}

static void on_watch_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__WatchRoutesResponse *m =
        (const Agentsandbox__V1__WatchRoutesResponse *)msg;
    struct routes *r = user;
    struct err err;

    if (m->route && apply_message(r, m->route, true, &err) < 0) {
        rpc_call_cancel(call, err.code,
                        err.msg); /* and all over again, so that nothing is missed */
        return;
    }
    if (m->synced) {
        drop_unnamed(r);
        r->is_synced = r->was_synced = true;
        r->is_lost_told = false;
        r->again_ms = WATCH_AGAIN_FIRST_MS;
        if (r->opts.on_watch)
            r->opts.on_watch(true, NULL, r->opts.user);
    }
    rpc_call_read(call);
}

static void on_watch_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct routes *r = user;
    struct err err;

    (void)call;
    r->watch = NULL;
    if (status->code == RPC_OK)
        (void)err_set(&err, RPC_UNAVAILABLE, "ControllerUnavailable",
                      "the controller ended the watch");
    else
        (void)rpc_status_to_err(status, &err);
    watch_lost(r, &err);
    loop_timer_arm(r->again, loop_now_ms(r->loop) + r->again_ms);
    r->again_ms = MIN(r->again_ms * 2, (uint32_t)WATCH_AGAIN_MAX_MS);
}

static const struct rpc_msg_ops watch_ops = {.on_message = on_watch_message,
                                             .on_done = on_watch_done};

static int watch_start(struct routes *r, struct err *err)
{
    Agentsandbox__V1__WatchRoutesRequest request = AGENTSANDBOX__V1__WATCH_ROUTES_REQUEST__INIT;
    struct rpc_call_opts opts = {.wait_for_ready = true};
    _cleanup_(arena_done) struct arena arena;
    struct rpc_metadata md;

    arena_init(&arena, LIMIT_RPC_METADATA);
    r->epoch++;
    link_refresh(r->link);
    if (link_prepare(r->link, &md, &arena, &opts, err) < 0 ||
        agentsandbox_v1_route_service_watch(r->channel, &opts, &request, &watch_ops, r, &r->watch,
                                            err) < 0)
        return err_wrap(err, "watching routes");
    rpc_call_read(r->watch);
    return 0;
}

static void on_again(struct loop_timer *t, void *user)
{
    struct routes *r = user;

    if (watch_start(r, NULL) < 0) /* out of memory: perhaps not next time */
        loop_timer_arm(t, loop_now_ms(r->loop) + WATCH_AGAIN_MAX_MS);
}

static void on_state(struct rpc_channel *ch, enum rpc_channel_state state, const struct err *why,
                     void *user)
{
    (void)ch;
    if (state == RPC_CHANNEL_TRANSIENT_FAILURE && why)
        watch_lost(user, why);
}

int routes_new(struct routes **ret, struct loop *loop, const struct routes_opts *opts,
               struct err *err)
{
    _cleanup_(routes_freep) struct routes *r = calloc(1, sizeof(*r));
    const struct rpc_channel_opts channel = {.backoff_first_ms = CONNECT_AGAIN_FIRST_MS,
                                             .backoff_max_ms = CONNECT_AGAIN_MAX_MS,
                                             .on_state = on_state,
                                             .user = r};

    if (!r)
        return err_oom(err);
    r->loop = loop;
    r->opts = *opts;
    r->again_ms = WATCH_AGAIN_FIRST_MS;
    map_init(&r->by_name);
    map_init(&r->by_instance);
    if (loop_timer_new(&r->again, loop, on_again, r, err) < 0 ||
        link_new(&r->link, loop, &opts->controller, &channel, err) < 0)
        return err_wrap(err, "routes");
    r->channel = link_channel(r->link);
    *ret = TAKE_PTR(r);
    return 0;
}

int routes_start(struct routes *r, struct err *err)
{
    return watch_start(r, err);
}

struct rpc_channel *routes_channel(struct routes *r)
{
    return r->channel;
}

void routes_free(struct routes *r)
{
    if (!r)
        return;
    rpc_call_abandon(r->watch);
    link_free(r->link);
    loop_timer_free(r->again);
    MAP_FOREACH(it, &r->by_name)
    free(map_entry_value(it));
    map_done(&r->by_name);
    map_done(&r->by_instance);
    free(r);
}

/* ---- resolve ---- */

static void resolved(struct route_resolve *rr, const Agentsandbox__V1__ResolveResponse *m)
{
    struct err err;

    if (!m->route) {
        (void)err_set(&err, RPC_INTERNAL, "BadRequest", "the controller resolved to no route");
        rr->fn(rr, &err, true);
    } else if (apply_message(rr->routes, m->route, false, &err) < 0) {
        rr->fn(rr, &err, true);
    } else {
        rr->fn(rr, NULL, true);
    }
}

static void on_resolved(struct rpc_call *call, const ProtobufCMessage *reply,
                        const struct rpc_status *status, void *user)
{
    struct route_resolve *rr = user;
    bool is_remote = rpc_channel_state(rr->routes->channel) == RPC_CHANNEL_READY;
    struct err err;

    (void)call;
    rr->call = NULL;
    if (status->code == RPC_OK && reply) {
        resolved(
            rr,
            (const Agentsandbox__V1__ResolveResponse *)reply); /* Careful: rr may be gone here. */
        return;
    }
    (void)rpc_status_to_err(status, &err);
    rr->fn(rr, &err, is_remote && status->code != RPC_UNAVAILABLE);
}

int routes_resolve(struct routes *r, struct route_resolve *rr, const char *ns, const char *name,
                   const char *uid, uint64_t timeout_ms, struct err *err)
{
    Agentsandbox__V1__ResolveRequest request = AGENTSANDBOX__V1__RESOLVE_REQUEST__INIT;
    Agentsandbox__V1__SandboxRef sandbox = AGENTSANDBOX__V1__SANDBOX_REF__INIT;
    struct rpc_call_opts opts = {.timeout_ms = timeout_ms};
    _cleanup_(arena_done) struct arena arena;
    struct rpc_metadata md;

    arena_init(&arena, LIMIT_RPC_METADATA);
    sandbox.namespace_ = (char *)ns;
    sandbox.name = (char *)name;
    sandbox.uid = (char *)uid;
    request.sandbox = &sandbox;
    rr->routes = r;
    if (link_prepare(r->link, &md, &arena, &opts, err) < 0)
        return -1;
    return agentsandbox_v1_route_service_resolve(r->channel, &opts, &request, on_resolved, rr,
                                                 &rr->call, err);
}

void route_resolve_stop(struct route_resolve *rr)
{
    rpc_call_abandon(TAKE_PTR(rr->call));
}
