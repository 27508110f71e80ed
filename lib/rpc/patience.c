#include "lib/rpc/patience.h"

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/rpc/conn.h"

enum { LOOKS_PER_LIMIT = 4, LINGER_MS = 1000 };

static uint64_t now_of(const struct rpc_conn *conn)
{
    return loop_now_ms(conn->hub->loop);
}

static uint32_t interval_ms(const struct rpc_conn *conn)
{
    uint32_t head_ms = rpc_guard_head_ms(conn->opts.limits);
    uint32_t write_ms = rpc_guard_write_ms(conn->opts.limits);

    if (rpc_session_is_ending(conn->session))
        return LINGER_MS;
    return MIN(head_ms, write_ms) / LOOKS_PER_LIMIT + 1;
}

/* Nobody is short of memory: who is slow may be so. */
static bool is_patient(const struct rpc_conn *conn)
{
    const struct rpc_guard_limits *limits = conn->opts.limits;
    const struct rpc_hub *hub = conn->hub;

    if (limits && limits->write_ms)
        return false;
    return !hub->max_held || hub->held <= hub->max_held / 2;
}

static void account(struct rpc_conn *conn)
{
    conn->hub->held += conn->out.cap - conn->patience.held;
    conn->patience.held = conn->out.cap;
}

static bool has_work(const struct rpc_conn *conn)
{
    return conn->session &&
           (buf_len(&conn->out) > 0 || rpc_session_head_since(conn->session) ||
            rpc_session_is_ending(conn->session) || rpc_session_streams(conn->session) > 0);
}

static void lose(struct rpc_conn *conn, enum rpc_guard g, uint32_t limit_ms)
{
    char text[RPC_GUARD_TEXT_BYTES];
    struct err why;

    conn->hub->guard.n[g]++;
    rpc_guard_text(text, g, limit_ms);
    err_set(&why, RPC_UNAVAILABLE, "ConnectionLost", "%s: %s", conn->address, text);
    rpc_conn_lose(conn, &why); /* Careful: conn may be gone here. */
}

/* Whether the connection is gone. */
static bool look_at_socket(struct rpc_conn *conn, uint64_t now_ms)
{
    uint32_t max_ms = rpc_guard_write_ms(conn->opts.limits);

    if (buf_len(&conn->out) == 0) {
        conn->patience.wrote_ms = now_ms;
        return false;
    }
    if (now_ms - conn->patience.wrote_ms < max_ms || is_patient(conn))
        return false;
    lose(conn, RPC_GUARD_SLOW_READERS, max_ms);
    return true;
}

static void look_at_head(struct rpc_conn *conn, uint64_t now_ms)
{
    uint64_t since_ms = rpc_session_head_since(conn->session);
    uint32_t max_ms = rpc_guard_head_ms(conn->opts.limits);

    if (!since_ms || now_ms - since_ms < max_ms)
        return;
    rpc_session_strike(conn->session, RPC_GUARD_SLOW_HEADS, max_ms);
    rpc_conn_dirty(conn);
}

static void look_at_streams(struct rpc_conn *conn, uint64_t now_ms)
{
    size_t n;

    if (conn->opts.role != RPC_SERVER)
        return;
    n = rpc_session_reset_stuck(conn->session, now_ms, rpc_guard_write_ms(conn->opts.limits),
                                is_patient(conn));
    conn->hub->guard.n[RPC_GUARD_SLOW_STREAMS] += n;
    if (n > 0)
        rpc_conn_dirty(conn);
}

static void on_look(struct rpc_deadline *d)
{
    struct rpc_conn *conn = CONTAINER_OF(d, struct rpc_conn, patience.timer);
    uint64_t now_ms = now_of(conn);

    if (!conn->session)
        return;
    if (rpc_session_is_ending(conn->session)) { /* the GOAWAY has had its second */
        rpc_conn_lose(conn, &(struct err){.code = RPC_UNAVAILABLE});
        return;
    }
    if (look_at_socket(conn, now_ms))
        return;
    look_at_head(conn, now_ms);
    look_at_streams(conn, now_ms);
    rpc_patience_kick(conn);
}

/* Out of memory: it is looked at with the next bytes. */
void rpc_patience_kick(struct rpc_conn *conn)
{
    struct rpc_deadline *d = &conn->patience.timer;
    uint64_t now_ms = now_of(conn), at_ms;

    account(conn);
    if (buf_len(&conn->out) == 0)
        conn->patience.wrote_ms = now_ms;
    if (!has_work(conn))
        return;
    at_ms = clock_add(now_ms, interval_ms(conn));
    if (d->index != 0 && d->at_ms <= at_ms)
        return;
    d->fn = on_look;
    (void)rpc_deadline_arm(conn->hub, d, at_ms, NULL);
}

void rpc_patience_stop(struct rpc_conn *conn)
{
    rpc_deadline_disarm(conn->hub, &conn->patience.timer);
    buf_done(&conn->out);
    account(conn);
}
