#pragma once
/*
 * Trace context, metrics and the log of calls, put together as a service wants them: make one, give
 * it each server and channel before its first call.
 *
 *     rpc_observer_new(&o, &(struct rpc_observer_opts){.metrics = m, .traces = true}, err);
 *     rpc_observe_server(o, server, err);
 *     rpc_observe_channel(o, channel, err);
 */
#include "lib/base/metrics.h"
#include "lib/rpc/service.h"

struct rpc_observer;

struct rpc_observer_opts {
    /* calls_metrics.h and guard_metrics.h; must outlive the observer, and is not written after its
     * end. NULL: none */
    struct metrics *metrics;
    bool traces; /* trace.h */
    bool logs;   /* calls_log.h, with its default burst */
};

int rpc_observer_new(struct rpc_observer **ret, const struct rpc_observer_opts *opts,
                     struct err *err);
/* After all servers and channels that were given to it. */
void rpc_observer_free(struct rpc_observer *o);
DEFINE_CLEANUP(struct rpc_observer *, rpc_observer_free)

int rpc_observe_server(struct rpc_observer *o, struct rpc_server *s, struct err *err);
int rpc_observe_channel(struct rpc_observer *o, struct rpc_channel *ch, struct err *err);

/* For proxies: methods that pass undecoded are counted one by one, on both sides. services:
 * NULL-terminated. After a server, and a channel if there will be one, was given. */
int rpc_observe_proxied(struct rpc_observer *o, const struct rpc_service_desc *const *services,
                        struct err *err);
