/*
 * Addresses and connections of a channel. A pass looks the name up, then tries the addresses: one
 * after another for pick-first, where each begins 250 ms after the one before or when that failed
 * and the first that is ready wins; all at once for round-robin. A pass that brings no connection
 * ends in TRANSIENT_FAILURE and is repeated with back-off; so is one that round-robin makes to
 * mend what is missing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/rpc/channel_core.h"

enum {
    CONNECT_MS = 20 * 1000,
    BACKOFF_JITTER_PERCENT = 20,
    STAGGER_MS = 250, /* RFC 8305 5, "Connection Attempt Delay" */
};

static void begin_pass(struct rpc_channel *ch);
static void try_next(struct rpc_channel *ch);

/* ---- endpoints ---- */

static struct endpoint *endpoint_of(struct list *it)
{
    return CONTAINER_OF(it, struct endpoint, link);
}

static struct endpoint *find_conn(struct rpc_channel *ch, const struct rpc_conn *conn)
{
    LIST_FOREACH(it, &ch->endpoints)
    if (endpoint_of(it)->conn == conn)
        return endpoint_of(it);
    return NULL;
}

static struct endpoint *find_address(struct rpc_channel *ch, const struct rpc_address *a)
{
    LIST_FOREACH(it, &ch->endpoints)
    if (rpc_address_equal(&endpoint_of(it)->address, a))
        return endpoint_of(it);
    return NULL;
}

static int add_endpoint(struct rpc_channel *ch, const struct rpc_address *a, struct err *err)
{
    struct endpoint *e = calloc(1, sizeof(*e));

    if (!e)
        return err_oom(err);
    e->address = *a;
    rpc_counts_init(&e->counts, loop_now_ms(ch->hub->loop));
    list_init(&e->link);
    list_push_back(&ch->endpoints, &e->link);
    return 0;
}

/* Takes its connection from it. */
static struct rpc_conn *let_go(struct endpoint *e)
{
    rpc_checkup_stop(&e->checkup);
    e->is_up = e->is_ready = e->is_unhealthy = false;
    return TAKE_PTR(e->conn);
}

/* New calls go elsewhere; it ends with its last one. */
static void retire(struct rpc_channel *ch, struct endpoint *e)
{
    struct rpc_conn *conn = let_go(e);

    list_push_back(&ch->old, &conn->link);
    conn->is_goaway_sent = true; /* the flush looks whether a call is left */
    rpc_conn_dirty(conn);
}

static void drop_endpoint(struct rpc_channel *ch, struct endpoint *e, const struct err *why)
{
    list_remove(&e->link);
    if (e->conn && e->is_up)
        retire(ch, e);
    else if (e->conn)
        rpc_conn_close(let_go(e), why);
    free(e);
}

/* Keeps the connections to addresses that are still named; pick-first takes the new order. */
static void set_endpoints(struct rpc_channel *ch, const struct rpc_address *addresses, size_t n)
{
    struct err why;

    err_set(&why, RPC_UNAVAILABLE, "AddressGone", "%s has other addresses now", ch->target.host);
    LIST_FOREACH(it, &ch->endpoints)
    endpoint_of(it)->is_stale = true;
    for (size_t i = 0; i < n; i++) {
        struct endpoint *e = find_address(ch, &addresses[i]);

        if (e) {
            e->is_stale = false;
            if (ch->opts.balance == RPC_ROUND_ROBIN)
                continue; /* whose turn it is stays */
            list_remove(&e->link);
            list_push_back(&ch->endpoints, &e->link);
        } else {
            (void)add_endpoint(ch, &addresses[i], NULL); /* out of memory: one address less */
        }
    }
    LIST_FOREACH_SAFE(it, &ch->endpoints)
    if (endpoint_of(it)->is_stale)
        drop_endpoint(ch, endpoint_of(it), &why);
}

static bool has_ready(const struct rpc_channel *ch)
{
    LIST_FOREACH(it, &ch->endpoints)
    if (endpoint_of(it)->is_ready)
        return true;
    return false;
}

/* Of which something is still to be heard: it connects, or its health is not yet known. */
static bool has_open(const struct rpc_channel *ch)
{
    LIST_FOREACH(it, &ch->endpoints)
    {
        const struct endpoint *e = endpoint_of(it);

        if (e->conn && !e->is_ready && !e->is_unhealthy)
            return true;
    }
    return false;
}

struct rpc_conn *rpc_channel_pick(struct rpc_channel *ch)
{
    LIST_FOREACH(it, &ch->endpoints)
    {
        struct endpoint *e = endpoint_of(it);

        if (!e->is_ready || !rpc_conn_can_open(e->conn))
            continue;
        if (ch->opts.balance == RPC_ROUND_ROBIN) {
            list_remove(&e->link);
            list_push_back(&ch->endpoints, &e->link);
        }
        return e->conn;
    }
    return NULL;
}

/* ---- the end of a pass ---- */

static uint32_t next_backoff(struct rpc_channel *ch)
{
    uint32_t max = ch->opts.backoff_max_ms ? ch->opts.backoff_max_ms : RPC_BACKOFF_MAX_MS;
    uint32_t first = ch->opts.backoff_first_ms ? ch->opts.backoff_first_ms : RPC_BACKOFF_FIRST_MS;
    uint64_t ms =
        ch->backoff_ms ? (uint64_t)ch->backoff_ms * RPC_BACKOFF_GROWTH_PERCENT / 100 : first;
    uint32_t random;

    ch->backoff_ms = (uint32_t)MIN(ms, (uint64_t)max);
    bytes_random(&random, sizeof(random));
    random %= 2 * BACKOFF_JITTER_PERCENT + 1;
    return (uint32_t)((uint64_t)ch->backoff_ms * (100 - BACKOFF_JITTER_PERCENT + random) / 100);
}

static int arm_retry(struct rpc_channel *ch)
{
    if (ch->retry.index)
        return 0;
    return rpc_deadline_arm(ch->hub, &ch->retry, loop_now_ms(ch->hub->loop) + next_backoff(ch),
                            NULL);
}

static void failed(struct rpc_channel *ch, const struct err *why)
{
    ch->last = *why;
    rpc_deadline_disarm(ch->hub, &ch->stagger);
    if (ch->is_fd) {
        rpc_channel_fail_pending(ch, why, true);
        rpc_channel_enter(ch, RPC_CHANNEL_SHUTDOWN, &ch->last);
        return;
    }
    if (arm_retry(ch) < 0) {
        rpc_channel_fail_pending(ch, why, true); /* no timer, no retry: nobody may wait for it */
        rpc_channel_enter(ch, RPC_CHANNEL_IDLE, &ch->last);
        return;
    }
    rpc_channel_fail_pending(ch, why, false);
    rpc_channel_enter(ch, RPC_CHANNEL_TRANSIENT_FAILURE, &ch->last);
}

/* Not connected any more, but nothing is wrong: the next call connects. Round-robin does so at
 * once. */
static void become_idle(struct rpc_channel *ch, const struct err *why)
{
    if (ch->is_fd) {
        failed(ch, why);
        return;
    }
    ch->n_ref++;
    rpc_channel_enter(ch, RPC_CHANNEL_IDLE, why);
    if (!ch->is_freed && ch->state == RPC_CHANNEL_IDLE &&
        (!list_is_empty(&ch->pending) || ch->opts.balance == RPC_ROUND_ROBIN))
        begin_pass(ch);
    rpc_channel_unref(ch);
}

/* A connection that was up is not any more. */
static void one_less(struct rpc_channel *ch, const struct err *why)
{
    if (has_ready(ch) || has_open(ch))
        (void)arm_retry(ch); /* no memory: the others carry on */
    else if (ch->state == RPC_CHANNEL_READY)
        become_idle(ch, why);
    else
        failed(ch, why); /* it was not healthy */
}

/* ---- what connections tell ---- */

static bool is_complete(const struct rpc_channel *ch)
{
    LIST_FOREACH(it, &ch->endpoints)
    if (!endpoint_of(it)->is_up)
        return false;
    return true;
}

/* The first one wins. */
static void drop_others(struct rpc_channel *ch, const struct endpoint *winner)
{
    struct err why;

    err_set(&why, RPC_UNAVAILABLE, "Unneeded", "another address answered first");
    rpc_deadline_disarm(ch->hub, &ch->stagger);
    LIST_FOREACH(it, &ch->endpoints)
    {
        struct endpoint *e = endpoint_of(it);

        if (e != winner && e->conn)
            rpc_conn_close(let_go(e), &why);
    }
}

static void take_calls(struct rpc_channel *ch, struct endpoint *e)
{
    e->is_ready = true;
    e->is_unhealthy = false;
    ch->n_ref++;
    rpc_channel_start_pending(ch);
    rpc_channel_enter(ch, RPC_CHANNEL_READY, NULL);
    rpc_channel_unref(ch);
}

static void on_up(struct rpc_conn *conn)
{
    struct rpc_channel *ch = conn->opts.owner;
    struct endpoint *e = find_conn(ch, conn);

    if (!e)
        return;
    e->is_up = true;
    if (ch->opts.balance == RPC_PICK_FIRST)
        drop_others(ch, e);
    if (ch->opts.balance == RPC_PICK_FIRST || is_complete(ch)) {
        ch->backoff_ms = 0;
        rpc_deadline_disarm(ch->hub, &ch->retry);
    }
    if (rpc_checkup_is_wanted(ch))
        rpc_checkup_start(ch, e);
    else
        take_calls(ch, e);
}

/* Calls that are open go on. A pass that is to come mends nothing here: the checkup goes on. */
void rpc_channel_health(struct rpc_channel *ch, struct endpoint *e, bool is_serving,
                        const struct err *why)
{
    if (is_serving) {
        take_calls(ch, e);
        return;
    }
    e->is_ready = false;
    e->is_unhealthy = true;
    if (has_ready(ch) || has_open(ch))
        return;
    ch->last = *why;
    ch->n_ref++;
    rpc_channel_fail_pending(ch, why, false);
    rpc_channel_enter(ch, RPC_CHANNEL_TRANSIENT_FAILURE, &ch->last);
    rpc_channel_unref(ch);
}

static void on_call_closed(struct rpc_conn *conn)
{
    struct rpc_channel *ch = conn->opts.owner;

    if (find_conn(ch, conn))
        rpc_channel_start_pending(ch);
    else if (conn->session && rpc_session_streams(conn->session) == 0)
        rpc_conn_dirty(conn); /* the flush sees that it is over */
}

static void connecting_failed(struct rpc_channel *ch, struct endpoint *e, struct err *why)
{
    if (strcmp(why->reason, "ConnectFailed") != 0)
        err_wrap(why, "connecting to %s", e->address.text);
    e->has_failed = true;
    ch->last = *why;
    if (ch->is_fd)
        failed(ch, why);
    else
        try_next(ch);
}

/* Too many pings: fewer from now on (gRPC A8, "Client"). */
static void explain_goaway(struct rpc_channel *ch, const struct rpc_conn *conn, struct err *why)
{
    const char *text;
    uint32_t code = rpc_session_peer_goaway(conn->session, &text);

    err_set(why, RPC_UNAVAILABLE, "ServerStopping", "%s is stopping", conn->address);
    rpc_conn_say_goaway(conn, why);
    if (code == NGHTTP2_ENHANCE_YOUR_CALM && strcmp(text, "too_many_pings") == 0)
        ch->opts.keepalive_ms = MIN(ch->opts.keepalive_ms, UINT32_MAX / 2) * 2;
}

static void on_goaway(struct rpc_conn *conn)
{
    struct rpc_channel *ch = conn->opts.owner;
    struct endpoint *e = find_conn(ch, conn);
    bool was_up = e && e->is_up;
    struct err why;

    if (!e)
        return;
    explain_goaway(ch, conn, &why);
    retire(ch, e);
    if (was_up)
        one_less(ch, &why);
    else
        connecting_failed(ch, e, &why);
}

/* Its address counts them on; a connection that said GOAWAY may have outlived that. */
static void keep_counts(struct rpc_channel *ch, const struct rpc_conn *conn)
{
    LIST_FOREACH(it, &ch->endpoints)
    if (strcmp(endpoint_of(it)->address.text, conn->address) == 0) {
        rpc_counts_add(&endpoint_of(it)->counts, &conn->counts);
        return;
    }
}

static void on_lost(struct rpc_conn *conn, const struct err *why)
{
    struct rpc_channel *ch = conn->opts.owner;
    struct endpoint *e = find_conn(ch, conn);
    bool was_up = e && e->is_up;
    struct err reason = *why;

    list_remove(&conn->link);
    keep_counts(ch, conn);
    if (e)
        (void)let_go(e);
    rpc_conn_unref(conn);
    if (!e)
        return;
    ch->n_ref++;
    if (was_up)
        one_less(ch, &reason);
    else
        connecting_failed(ch, e, &reason);
    rpc_channel_unref(ch);
}

static const struct rpc_conn_ops conn_ops = {
    .on_up = on_up,
    .on_call_closed = on_call_closed,
    .on_goaway = on_goaway,
    .on_lost = on_lost,
};

/* ---- making connections ---- */

/* Owns fd in any case. */
static int use_fd(struct rpc_channel *ch, struct endpoint *e, int fd, bool is_connecting,
                  struct err *err)
{
    struct rpc_conn_opts opts = {
        .role = RPC_CLIENT,
        .is_connecting = is_connecting,
        .tls = ch->opts.tls,
        .host = ch->target.host,
        .target = ch->is_fd ? NULL : ch->target.text,
        .address = ch->is_fd ? NULL : e->address.text,
        .handshake_ms = ch->opts.connect_timeout_ms ? ch->opts.connect_timeout_ms : CONNECT_MS,
        .keepalive_ms = ch->opts.keepalive_ms,
        .keepalive_timeout_ms = ch->opts.keepalive_timeout_ms,
        .max_message = ch->opts.max_message,
        .ops = &conn_ops,
        .owner = ch,
    };

    return rpc_conn_new(&e->conn, ch->hub, fd, &opts, err);
}

int rpc_channel_use_fd(struct rpc_channel *ch, int fd, struct err *err)
{
    return use_fd(ch, LIST_FIRST(&ch->endpoints, struct endpoint, link), fd, false, err);
}

static int open_socket(const struct rpc_address *a, bool *ret_connecting, struct err *err)
{
    _cleanup_(close_fdp) int fd = -1;

    fd = socket(a->sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, errno, "making a socket");
    *ret_connecting = false;
    if (connect(fd, &a->sa.any, a->n_sa) < 0) {
        if (errno != EINPROGRESS) {
            err_errno(err, errno, "connecting to %s", a->text);
            return err_recode(err, RPC_UNAVAILABLE, "ConnectFailed");
        }
        *ret_connecting = true;
    }
    return TAKE_FD(fd);
}

static int open_endpoint(struct rpc_channel *ch, struct endpoint *e)
{
    bool is_connecting;
    int fd = open_socket(&e->address, &is_connecting, &ch->last);

    if (fd >= 0 && use_fd(ch, e, fd, is_connecting, &ch->last) == 0)
        return 0;
    e->has_failed = true;
    return -1;
}

static struct endpoint *next_untried(struct rpc_channel *ch)
{
    LIST_FOREACH(it, &ch->endpoints)
    {
        struct endpoint *e = endpoint_of(it);

        if (!e->conn && !e->has_failed)
            return e;
    }
    return NULL;
}

/* Goes on with the pass: opens what is due, and ends it when nothing is left to wait for. */
static void try_next(struct rpc_channel *ch)
{
    bool one_by_one = ch->opts.balance == RPC_PICK_FIRST;
    struct endpoint *e;
    struct err why;

    while ((e = next_untried(ch))) {
        if (open_endpoint(ch, e) < 0 || !one_by_one)
            continue;
        if (next_untried(ch)) /* no memory for it: the next one begins when this one fails */
            (void)rpc_deadline_arm(ch->hub, &ch->stagger, loop_now_ms(ch->hub->loop) + STAGGER_MS,
                                   NULL);
        return;
    }
    if (has_ready(ch)) {
        if (!one_by_one && !is_complete(ch))
            (void)arm_retry(ch);
        return;
    }
    why = ch->last;
    if (!has_open(ch))
        failed(ch, &why);
}

static void on_stagger(struct rpc_deadline *d)
{
    struct rpc_channel *ch = CONTAINER_OF(d, struct rpc_channel, stagger);

    ch->n_ref++;
    try_next(ch);
    rpc_channel_unref(ch);
}

/* ---- passes ---- */

static void try_all(struct rpc_channel *ch)
{
    LIST_FOREACH(it, &ch->endpoints)
    endpoint_of(it)->has_failed = false;
    try_next(ch);
}

static void on_lookup(const struct rpc_address *addresses, size_t n, const struct err *why,
                      void *user)
{
    struct rpc_channel *ch = user;

    ch->lookup = NULL;
    ch->n_ref++;
    if (n > 0)
        set_endpoints(ch, addresses, n);
    if (list_is_empty(&ch->endpoints))
        failed(ch, why);
    else
        try_all(ch);
    rpc_channel_unref(ch);
}

static void look_up_or_try(struct rpc_channel *ch)
{
    struct err err;

    if (!ch->target.is_name)
        try_all(ch);
    else if (!ch->lookup && ch->opts.resolver->lookup(ch->opts.resolver, &ch->target, on_lookup, ch,
                                                      &ch->lookup, &err) < 0)
        failed(ch, &err);
}

static void begin_pass(struct rpc_channel *ch)
{
    rpc_deadline_disarm(ch->hub, &ch->retry);
    ch->n_ref++;
    if (!has_ready(ch))
        rpc_channel_enter(ch, RPC_CHANNEL_CONNECTING, NULL);
    if (!ch->is_freed && (ch->state == RPC_CHANNEL_CONNECTING || ch->state == RPC_CHANNEL_READY))
        look_up_or_try(ch);
    rpc_channel_unref(ch);
}

static void on_retry(struct rpc_deadline *d)
{
    begin_pass(CONTAINER_OF(d, struct rpc_channel, retry));
}

/* From an API call nothing may be told, so connecting, which can fail at once, is left to the loop.
 */
void rpc_channel_connect(struct rpc_channel *ch)
{
    if (ch->state == RPC_CHANNEL_IDLE)
        (void)rpc_deadline_arm(ch->hub, &ch->retry, 0,
                               NULL); /* out of memory: the next call asks again */
}

/* ---- life ---- */

int rpc_channel_connect_init(struct rpc_channel *ch, struct err *err)
{
    ch->retry.fn = on_retry;
    ch->stagger.fn = on_stagger;
    return ch->target.is_name ? 0 : add_endpoint(ch, &ch->target, err);
}

void rpc_channel_connect_done(struct rpc_channel *ch, const struct err *why)
{
    rpc_deadline_disarm(ch->hub, &ch->retry);
    rpc_deadline_disarm(ch->hub, &ch->stagger);
    if (ch->lookup)
        ch->opts.resolver->cancel(TAKE_PTR(ch->lookup));
    while (!list_is_empty(&ch->endpoints)) {
        struct endpoint *e = LIST_FIRST(&ch->endpoints, struct endpoint, link);

        list_remove(&e->link);
        if (e->conn)
            rpc_conn_close(let_go(e), why);
        free(e);
    }
    while (!list_is_empty(&ch->old)) {
        struct rpc_conn *conn = LIST_FIRST(&ch->old, struct rpc_conn, link);

        list_remove(&conn->link);
        rpc_conn_close(conn, why);
    }
}
