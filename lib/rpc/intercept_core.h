#pragma once
/* Inside lib/rpc: how calls pass their interceptors. */
#include "lib/rpc/intercept.h"

/* Of a server or channel, by value. */
struct rpc_chain {
    unsigned n;
    struct {
        const struct rpc_interceptor *i;
        void *user;
    } at[RPC_INTERCEPTORS_MAX];
};

int rpc_chain_add(struct rpc_chain *chain, const struct rpc_interceptor *i, void *user,
                  struct err *err);

/* One call's way through it; in the call's arena. */
struct rpc_watch {
    uint64_t started_ns;    /* monotonic                              */
    uint64_t said_ns;       /* server: when the status was said, or 0 */
    struct rpc_status said; /* its message in the arena               */
    uint64_t n_received, n_sent;
    unsigned n, n_passed; /* not yet told of the end                */
    struct {
        const struct rpc_interceptor *i;
        void *user, *state;
    } at[];
};

/* Sets call->watch when the chain has any. < 0: refused. */
int rpc_watch_start(struct rpc_call *call, const struct rpc_chain *chain, struct err *err);

/* For these call->watch is there. */
void rpc_watch_received(struct rpc_call *call, size_t n);
void rpc_watch_sent(struct rpc_call *call, size_t n);
void rpc_watch_said(struct rpc_call *call, const struct rpc_status *status);
/* The last one: call->watch passes nothing on any more, states stay readable. */
void rpc_watch_end(struct rpc_call *call);
