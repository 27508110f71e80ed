#pragma once
/*
 * Calls passed on to the sandbox that their metadata names. Both halves are raw: the bytes of DATA
 * frames go through as they come, in either direction, and a side's window opens only as the other
 * side's queue takes them, so a stalled reader holds up its own call, at a bounded cost, and no
 * other.
 *
 *     WAITING  finding the route and the connection; what the client sends meanwhile is kept (one
 * stream window) OPEN     both halves are joined LOST     the connection broke: a moment's wait for
 * the controller to say why ENDED    the client's half has its status; on_done is to come
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct loop;
struct proxy;
struct route;
struct routes;
struct rpc_call;
struct stats;
struct upstreams;

struct proxy_opts {
    struct routes *routes; /* these three must outlive the proxy */
    struct upstreams *upstreams;
    struct stats *stats;
    /* The client's `authorization` was for the router: a sandbox must not learn it. */
    bool hides_authorization;
    uint32_t
        route_wait_ms; /* for a sandbox that is not ready, when the call has no deadline; 0: 60 s */
    uint32_t agent_wait_ms; /* for the connection of a sandbox that is ready; 0: 5 s */
    uint32_t cause_wait_ms; /* for the controller to say why a connection broke; 0: 1 s */
};

int proxy_new(struct proxy **ret, struct loop *loop, const struct proxy_opts *opts,
              struct err *err);
/* All calls must have ended: free the server before. */
void proxy_free(struct proxy *p);
DEFINE_CLEANUP(struct proxy *, proxy_free)

/* A handler for rpc_server_handle_rest_raw(). */
void proxy_handle(struct rpc_call *down, void *proxy);

/* What waits looks again, later in this turn. */
void proxy_route_changed(struct proxy *p, const struct route *route);
void proxy_upstream_changed(struct proxy *p);
