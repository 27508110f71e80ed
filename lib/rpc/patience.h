#pragma once
/*
 * Inside lib/rpc: what must not last on a connection (lib/rpc/guard.h): a header block that does
 * not end, a socket that takes nothing, calls whose end the peer never makes room for. Looked at a
 * few times within each limit, and only while there is something to look at: an idle connection has
 * no timer.
 */
#include "lib/rpc/hub.h"

struct rpc_conn;

struct rpc_patience {
    size_t held; /* of hub->held: the connection's unsent bytes */
    struct rpc_deadline timer;
    uint64_t wrote_ms; /* the socket last took something, or had nothing to take */
};

/* After bytes came or went: sees to it that somebody looks. */
void rpc_patience_kick(struct rpc_conn *conn);
/* The connection is going down; its unsent bytes are gone. */
void rpc_patience_stop(struct rpc_conn *conn);
