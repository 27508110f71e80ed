#include "lib/rpc/lifetime.h"

#include "lib/base/bytes.h"
#include "lib/rpc/conn.h"

enum {
    AGE_JITTER_PERCENT = 10, /* a crowd that came together does not go together */
    MAX_STRIKES = 2,
    PING_WITHOUT_CALLS_MS = 2 * 60 * 60 * 1000,
};

static uint64_t now_of(const struct rpc_conn *conn)
{
    return loop_now_ms(conn->hub->loop);
}

/* ---- age ---- */

static void on_grace_over(struct rpc_deadline *d)
{
    struct rpc_conn *conn = CONTAINER_OF(d, struct rpc_conn, life.age);
    struct err why;

    err_set(&why, RPC_UNAVAILABLE, "ConnectionTooOld",
            "the connection has reached its age, and its grace is over");
    rpc_conn_lose(conn, &why); /* Careful: conn is gone here. */
}

static void on_age(struct rpc_deadline *d)
{
    struct rpc_conn *conn = CONTAINER_OF(d, struct rpc_conn, life.age);
    uint32_t grace_ms = conn->life.opts->age_grace_ms;

    rpc_conn_drain(conn);
    d->fn = on_grace_over;
    if (grace_ms)
        (void)rpc_deadline_arm(conn->hub, d, clock_add(now_of(conn), grace_ms),
                               NULL); /* there is room: it was just there */
}

static uint64_t jittered(uint32_t ms)
{
    uint32_t random;

    bytes_random(&random, sizeof(random));
    random %= 2 * AGE_JITTER_PERCENT + 1;
    return (uint64_t)ms * (100 - AGE_JITTER_PERCENT + random) / 100;
}

/* ---- idleness ---- */

static void on_idle(struct rpc_deadline *d)
{
    rpc_conn_drain(CONTAINER_OF(d, struct rpc_conn, life.idle));
}

void rpc_lifetime_calls_changed(struct rpc_conn *conn)
{
    struct rpc_lifetime *l = &conn->life;

    if (!l->opts || !l->opts->max_idle_ms || !conn->session)
        return;
    if (rpc_session_streams(conn->session) > 0)
        rpc_deadline_disarm(conn->hub, &l->idle);
    else /* out of memory: it lives on until its next call has ended */
        (void)rpc_deadline_arm(conn->hub, &l->idle, clock_add(now_of(conn), l->opts->max_idle_ms),
                               NULL);
}

/* ---- pings ---- */

void rpc_lifetime_pinged(struct rpc_conn *conn)
{
    struct rpc_lifetime *l = &conn->life;
    uint64_t now_ms = now_of(conn), min_ms;

    if (!l->opts || !l->opts->min_ping_ms)
        return;
    if (rpc_session_take_sent(conn->session))
        l->pinged_ms = l->strikes = 0;
    min_ms = rpc_session_streams(conn->session) == 0 && !l->opts->pings_without_calls
                 ? PING_WITHOUT_CALLS_MS
                 : l->opts->min_ping_ms;
    if (l->pinged_ms && now_ms - l->pinged_ms < min_ms)
        l->strikes++;
    l->pinged_ms = now_ms;
    if (l->strikes <= MAX_STRIKES)
        return;
    rpc_session_strike(conn->session, RPC_GUARD_EARLY_PINGS, 0);
    rpc_conn_dirty(conn);
}

/* ---- life ---- */

int rpc_lifetime_start(struct rpc_conn *conn, const struct rpc_lifetime_opts *opts, struct err *err)
{
    struct rpc_lifetime *l = &conn->life;
    uint64_t now_ms = now_of(conn);

    l->opts = opts;
    l->age.fn = on_age;
    l->idle.fn = on_idle;
    if (opts->max_age_ms &&
        rpc_deadline_arm(conn->hub, &l->age, clock_add(now_ms, jittered(opts->max_age_ms)), err) <
            0)
        return -1;
    if (!opts->max_idle_ms)
        return 0;
    return rpc_deadline_arm(conn->hub, &l->idle, clock_add(now_ms, opts->max_idle_ms), err);
}

void rpc_lifetime_stop(struct rpc_conn *conn)
{
    rpc_deadline_disarm(conn->hub, &conn->life.age);
    rpc_deadline_disarm(conn->hub, &conn->life.idle);
}
