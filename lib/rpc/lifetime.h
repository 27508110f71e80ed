#pragma once
/*
 * Inside lib/rpc, server: how long a connection may live, and how often its client may ping (grpc
 * A8 and A9: server-side keepalive and connection management).
 */
#include "lib/rpc/hub.h"

struct rpc_conn;

struct rpc_lifetime_opts {
    uint32_t max_age_ms;      /* ±10 %, then GOAWAY; 0: any */
    uint32_t age_grace_ms;    /* after that GOAWAY, until its calls are cut off; 0: for ever */
    uint32_t max_idle_ms;     /* without a call, then GOAWAY; 0: any */
    uint32_t min_ping_ms;     /* between PINGs while nothing is sent to the client; 0: any */
    bool pings_without_calls; /* else, without a call, one in two hours */
};

struct rpc_lifetime {
    const struct rpc_lifetime_opts *opts; /* NULL: client */
    struct rpc_deadline age, idle;
    uint64_t pinged_ms; /* 0: not since something was sent */
    unsigned strikes;
};

/* opts must outlive the connection. < 0: out of memory. */
int rpc_lifetime_start(struct rpc_conn *conn, const struct rpc_lifetime_opts *opts,
                       struct err *err);
/* The connection is going down. */
void rpc_lifetime_stop(struct rpc_conn *conn);
/* A call has begun, or ended. */
void rpc_lifetime_calls_changed(struct rpc_conn *conn);
/* A PING came. Three that come too early: GOAWAY ENHANCE_YOUR_CALM, "too_many_pings". */
void rpc_lifetime_pinged(struct rpc_conn *conn);
