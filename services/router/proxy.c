#include "services/router/proxy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"
#include "services/router/proxied.h"
#include "services/router/stats.h"
#include "services/router/upstreams.h"

enum { ROUTE_WAIT_MS = 60 * 1000, AGENT_WAIT_MS = 5 * 1000, CAUSE_WAIT_MS = 1000 };

/* ---- states ---- */

void proxied_wait_until(struct proxied *c, uint64_t give_up_ms)
{
    struct proxy *p = c->proxy;

    c->give_up_ms = give_up_ms;
    if (give_up_ms < p->timer_ms) {
        p->timer_ms = give_up_ms;
        loop_timer_arm(p->timer, give_up_ms);
    }
}

static bool is_waiting_state(enum proxied_state state)
{
    return state == PROXIED_WAITING || state == PROXIED_LOST;
}

static void drop_early(struct proxied *c)
{
    c->proxy->n_early -= buf_len(&c->early);
    buf_done(&c->early);
}

void proxied_enter(struct proxied *c, enum proxied_state state)
{
    static const bool moves[4][4] = {
        [PROXIED_WAITING] = {[PROXIED_OPEN] = true, [PROXIED_ENDED] = true},
        [PROXIED_OPEN] = {[PROXIED_LOST] = true, [PROXIED_ENDED] = true},
        [PROXIED_LOST] = {[PROXIED_ENDED] = true},
    };

    assert(moves[c->state][state]);
    list_remove(&c->link);
    c->state = state;
    if (is_waiting_state(state))
        list_push_back(&c->proxy->waiting, &c->link);
    if (state != PROXIED_WAITING) {
        route_resolve_stop(&c->resolve);
        drop_early(c);
    }
}

void proxied_note_end(struct proxied *c, int code, const char *message)
{
    c->code = code;
    c->why = arena_strdup(rpc_call_arena(c->down), message);
}

void proxied_fail(struct proxied *c, const struct err *err)
{
    proxied_enter(c, PROXIED_ENDED);
    proxied_note_end(c, err->code, err->msg);
    rpc_call_fail(c->down, err);
}

static bool has_given_up(const struct proxied *c)
{
    return loop_now_ms(c->proxy->loop) >= c->give_up_ms;
}

uint64_t proxied_remaining_ms(const struct proxied *c)
{
    uint64_t deadline = rpc_call_deadline_ms(c->down), now = loop_now_ms(c->proxy->loop);

    if (deadline == CLOCK_NEVER)
        return 0;
    return deadline > now ? deadline - now : 1; /* 0 would mean none */
}

/* ---- waiting for the agent ---- */

static void fail_no_agent(struct proxied *c, const struct route *route)
{
    struct proxy *p = c->proxy;
    const char *trouble = upstreams_trouble(p->opts.upstreams, route->instance_id);
    struct err err;

    if (strcmp(route->endpoint, "node") == 0)
        (void)err_set(
            &err, RPC_UNAVAILABLE, "AgentUnavailable",
            "sandbox %s/%s is ready, but its agent has not connected for %u ms: try again",
            route->ns, route->name, p->opts.agent_wait_ms);
    else
        (void)err_set(&err, RPC_UNAVAILABLE, "AgentUnavailable",
                      "sandbox %s/%s is ready, but no agent has answered at %.64s for %u ms: does "
                      "its image run one?%s%.160s",
                      route->ns, route->name, route->endpoint, p->opts.agent_wait_ms,
                      *trouble ? " " : "", trouble);
    proxied_fail(c, &err);
}

static void wait_for_agent(struct proxied *c, const struct route *route)
{
    struct proxy *p = c->proxy;
    struct err err;

    if (c->agent_give_up_ms != 0 && has_given_up(c)) {
        fail_no_agent(c, route);
        return;
    }
    if (strcmp(route->endpoint, "node") != 0 &&
        upstreams_dial(p->opts.upstreams, route->instance_id, route->generation, route->endpoint,
                       &err) < 0) {
        proxied_fail(c, &err);
        return;
    }
    if (c->agent_give_up_ms == 0) {
        c->agent_give_up_ms = loop_now_ms(p->loop) + p->opts.agent_wait_ms;
        proxied_wait_until(c, c->agent_give_up_ms);
    }
}

/* ---- waiting for the route ---- */

static void step(struct proxied *c);

static void fail_not_ready(struct proxied *c, const struct route *route)
{
    struct err err;

    (void)err_set(&err, RPC_DEADLINE_EXCEEDED, "Timeout", "sandbox %s/%s is not ready%s",
                  c->target.ns, c->target.name, route ? " yet" : ", or not known");
    proxied_fail(c, &err);
}

/* What the map refuses may have become true since the controller was last heard of; an end stays
 * one. */
static bool is_outdated(const struct proxied *c, const struct route *route)
{
    struct err err;

    return route->phase != ROUTE_ENDED && route_check(route, c->target.uid, &err) < 0;
}

/* The controller cannot be asked; the last map stays in use. */
static void go_on_without_controller(struct proxied *c, const struct err *why)
{
    const struct route *route = routes_find(c->proxy->opts.routes, c->target.ns, c->target.name);
    struct err err = *why;

    if (route && !is_outdated(c, route)) {
        step(c);
        return;
    }
    (void)err_recode(&err, RPC_UNAVAILABLE, "ControllerUnavailable");
    (void)err_wrap(
        &err, "sandbox %s/%s %s, and the controller cannot be asked", c->target.ns, c->target.name,
        route ? "was not the caller's when it was last heard of" : "is not among those last known");
    proxied_fail(c, &err);
}

static void on_resolved(struct route_resolve *rr, const struct err *err, bool is_remote)
{
    struct proxied *c = CONTAINER_OF(rr, struct proxied, resolve);
    const struct route *route = routes_find(c->proxy->opts.routes, c->target.ns, c->target.name);

    c->was_asked = true;
    if (!err || (route && route_check(route, c->target.uid, NULL) == 0))
        step(c);
    else if (!is_remote)
        go_on_without_controller(c, err);
    else if (err->code == RPC_DEADLINE_EXCEEDED)
        fail_not_ready(c, route);
    else
        proxied_fail(c, err);
}

static void ask_controller(struct proxied *c)
{
    struct proxy *p = c->proxy;
    uint64_t timeout_ms = proxied_remaining_ms(c);
    struct err err;

    if (timeout_ms == 0)
        timeout_ms = p->opts.route_wait_ms;
    metric_inc(p->opts.stats->resolves);
    c->resolve.fn = on_resolved;
    if (routes_resolve(p->opts.routes, &c->resolve, c->target.ns, c->target.name, c->target.uid,
                       timeout_ms, &err) < 0)
        proxied_fail(c, &err);
}

/* Looks at the world and goes as far as it can. A refusal by the map alone does not count before
 * the controller was asked: the map may be a moment behind. */
static void step(struct proxied *c)
{
    struct proxy *p = c->proxy;
    const struct route *route = routes_find(p->opts.routes, c->target.ns, c->target.name);
    struct rpc_channel *channel;
    struct err err;
    int r = route ? route_check(route, c->target.uid, &err)
                  : err_set(&err, RPC_NOT_FOUND, "SandboxNotFound", "no sandbox %s/%s",
                            c->target.ns, c->target.name);

    if (r == 0) {
        channel = upstreams_find(p->opts.upstreams, route->instance_id);
        if (channel)
            relay_join(c, route, channel);
        else
            wait_for_agent(c, route);
    } else if (has_given_up(c)) {
        fail_not_ready(c, route);
    } else if (!c->was_asked) {
        if (!c->resolve.call)
            ask_controller(c);
    } else if (r < 0) {
        proxied_fail(c, &err);
    }
}

/* ---- a broken connection ---- */

static void fail_lost(struct proxied *c, const struct route *route)
{
    const char *cause = route ? route->cause : "";
    bool is_ended = route && (route->phase == ROUTE_ENDED || route->phase == ROUTE_GONE);
    struct err err;

    (void)err_set(&err, RPC_UNAVAILABLE, is_ended ? route->reason : "AgentUnavailable",
                  is_ended ? "sandbox %s/%s has ended%s%s"
                           : "the connection to sandbox %s/%s was lost%s%s",
                  c->target.ns, c->target.name, *cause ? ": " : "", cause);
    proxied_fail(c, &err);
}

static void look_for_cause(struct proxied *c)
{
    const struct proxy_opts *opts = &c->proxy->opts;
    const struct route *route = routes_find_instance(opts->routes, c->instance_id);
    const struct rpc_channel *now = upstreams_find(opts->upstreams, c->instance_id);
    struct err err;

    if (now && now == c->channel) {
        /* The connection works: only this call was refused. */
        (void)err_set(&err, RPC_UNAVAILABLE, "AgentUnavailable", "%s",
                      c->why ? c->why : "out of memory");
        proxied_fail(c, &err);
    } else if (now || (route && (route->phase == ROUTE_ENDED || *route->cause)) ||
               has_given_up(c)) {
        fail_lost(c, route);
    }
}

/* ---- rounds ---- */

static void look_at(struct proxied *c)
{
    switch (c->state) {
    case PROXIED_WAITING:
        step(c);
        break;
    case PROXIED_LOST:
        look_for_cause(c);
        break;
    case PROXIED_OPEN:
    case PROXIED_ENDED:
        break;
    }
}

/* Calls leave the list but never die in here: that is for the on_done of their client's half. */
static void look_at_all(struct proxy *p)
{
    uint64_t first_ms = CLOCK_NEVER;

    p->timer_ms = 0; /* so that nobody arms it meanwhile */
    LIST_FOREACH_SAFE(it, &p->waiting)
    look_at(CONTAINER_OF(it, struct proxied, link));
    LIST_FOREACH(it, &p->waiting)
    first_ms = MIN(first_ms, CONTAINER_OF(it, struct proxied, link)->give_up_ms);
    /* Never in the past: libuv would call again within this turn, for ever if somebody stayed. */
    p->timer_ms = MAX(first_ms, loop_now_ms(p->loop) + 1);
    loop_timer_arm(p->timer, p->timer_ms);
}

static void on_look(struct loop_task *t, void *user)
{
    (void)t;
    look_at_all(user);
}

static void on_timer(struct loop_timer *t, void *user)
{
    (void)t;
    look_at_all(user);
}

void proxy_upstream_changed(struct proxy *p)
{
    if (!list_is_empty(&p->waiting))
        loop_task_schedule(p->look);
}

void proxy_route_changed(struct proxy *p, const struct route *route)
{
    if (list_is_empty(&p->waiting))
        return;
    /* A route that goes takes its cause with it: those who wait for it are told now. */
    if (route->phase == ROUTE_GONE)
        LIST_FOREACH_SAFE(it, &p->waiting)
        {
            struct proxied *c = CONTAINER_OF(it, struct proxied, link);

            if (c->state == PROXIED_LOST && strcmp(c->instance_id, route->instance_id) == 0)
                fail_lost(c, route);
        }
    loop_task_schedule(p->look);
}

/* ---- the client's half ---- */

static void log_end(struct proxied *c, int code, uint64_t took_ns)
{
    struct proxy *p = c->proxy;
    enum log_level level = LOG_DEBUG;
    uint32_t suppressed = 0;
    char call[24], sandbox[136];

    if (code != RPC_OK && code != RPC_CANCELLED && c->state == PROXIED_ENDED &&
        log_ratelimit(&p->failures, loop_now_ms(p->loop), &suppressed))
        level = LOG_INFO;
    if (!log_enabled(level))
        return;
    (void)snprintf(call, sizeof(call), "r-%llu", (unsigned long long)c->id);
    (void)snprintf(sandbox, sizeof(sandbox), "%s/%s", c->target.ns, c->target.name);
    log_at(level, "call ended", LOG_S("sandbox", sandbox), LOG_S("call", call),
           LOG_S("peer", rpc_call_peer(c->down)->address), LOG_S("method", rpc_call_path(c->down)),
           LOG_S("code", rpc_code_name(code)), LOG_S("error", c->why ? c->why : ""),
           LOG_U("us", took_ns / 1000), LOG_U("suppressed", suppressed));
}

static void down_on_done(struct rpc_call *down, const struct rpc_status *status, void *user)
{
    struct proxied *c = user;
    struct stats *stats = c->proxy->opts.stats;
    uint64_t took_ns = clock_monotonic_ns() - c->started_ns;
    int code = c->code;

    if (status->code != RPC_OK) { /* the client, its deadline or its connection was first */
        code = status->code;
        c->why = status->message;
    }
    rpc_call_abandon(c->up);
    route_resolve_stop(&c->resolve);
    list_remove(&c->link);
    log_end(c, code, took_ns);
    stats_call_ended(stats, rpc_call_path(down), code, (double)took_ns / 1e9);
    metric_add(stats->calls_open, -1);
    drop_early(c);
    free(c);
}

static const struct rpc_call_ops down_ops = {
    .on_data = relay_on_data,
    .on_half_close = relay_on_half_close,
    .on_writable = relay_on_writable,
    .on_done = down_on_done,
};

void proxy_handle(struct rpc_call *down, void *proxy)
{
    struct proxy *p = proxy;
    struct target target;
    struct proxied *c;
    struct err err;

    if (target_read(&target, rpc_call_path(down), rpc_call_headers(down), &err) < 0) {
        stats_call_ended(p->opts.stats, "/", err.code, 0);
        rpc_call_fail(down, &err);
        return;
    }
    c = calloc(1, sizeof(*c));
    if (!c) {
        (void)err_oom(&err);
        rpc_call_fail(down, &err);
        return;
    }
    *c = (struct proxied){.proxy = p,
                          .down = down,
                          .target = target,
                          .id = ++p->n_calls,
                          .started_ns = clock_monotonic_ns(),
                          .give_up_ms = CLOCK_NEVER};
    buf_init(&c->early, LIMIT_RPC_STREAM_WINDOW);
    list_push_back(&p->waiting, &c->link);
    metric_inc(p->opts.stats->calls_open);
    rpc_call_set_ops(down, &down_ops, c);
    if (rpc_call_deadline_ms(down) != CLOCK_NEVER)
        proxied_wait_until(c, rpc_call_deadline_ms(down));
    else
        proxied_wait_until(c, clock_add(loop_now_ms(p->loop), p->opts.route_wait_ms));
    step(c);
}

int proxy_new(struct proxy **ret, struct loop *loop, const struct proxy_opts *opts, struct err *err)
{
    _cleanup_(proxy_freep) struct proxy *p = calloc(1, sizeof(*p));

    if (!p)
        return err_oom(err);
    p->loop = loop;
    p->opts = *opts;
    p->opts.route_wait_ms = opts->route_wait_ms ? opts->route_wait_ms : ROUTE_WAIT_MS;
    p->opts.agent_wait_ms = opts->agent_wait_ms ? opts->agent_wait_ms : AGENT_WAIT_MS;
    p->opts.cause_wait_ms = opts->cause_wait_ms ? opts->cause_wait_ms : CAUSE_WAIT_MS;
    p->timer_ms = CLOCK_NEVER;
    p->failures = (struct log_ratelimit){.burst = 20, .per_ms = 1000};
    list_init(&p->waiting);
    if (loop_task_new(&p->look, loop, on_look, p, err) < 0 ||
        loop_timer_new(&p->timer, loop, on_timer, p, err) < 0)
        return err_wrap(err, "proxy");
    *ret = TAKE_PTR(p);
    return 0;
}

void proxy_free(struct proxy *p)
{
    if (!p)
        return;
    assert(list_is_empty(&p->waiting));
    loop_task_free(p->look);
    loop_timer_free(p->timer);
    free(p);
}
