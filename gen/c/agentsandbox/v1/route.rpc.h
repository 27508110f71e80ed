/* Generated from agentsandbox/v1/route.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "agentsandbox/v1/route.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc agentsandbox_v1_route_proto_file;

/* ======== agentsandbox.v1.RouteService ======== */
/*
 * Says where the agent of a sandbox is.
 */
extern const struct rpc_service_desc agentsandbox_v1_route_service;

/* ---- /agentsandbox.v1.RouteService/Resolve: unary ---- */
/*
 * Waits until the sandbox can be reached or the deadline passes. Errors: NOT_FOUND (SandboxNotFound, Gone), FAILED_PRECONDITION (NotClaimed:
 * an unclaimed member of a pool; SandboxGone: ended, the message says why).
 */
extern const struct rpc_method_desc agentsandbox_v1_route_service_resolve_method;
int agentsandbox_v1_route_service_resolve(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ResolveRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_route_service_resolve_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_route_service_resolve_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_route_service_resolve_reply(struct rpc_call *call, const Agentsandbox__V1__ResolveResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.RouteService/Watch: server-streaming ---- */
/*
 * All routes, then a "synced" response, then each change.
 */
extern const struct rpc_method_desc agentsandbox_v1_route_service_watch_method;
int agentsandbox_v1_route_service_watch(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WatchRoutesRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_route_service_watch_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_route_service_watch_method, ops, user);
}
/* Server. */
static inline int agentsandbox_v1_route_service_watch_reply(struct rpc_call *call, const Agentsandbox__V1__WatchRoutesResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* Handlers of agentsandbox.v1.RouteService; one that is NULL answers UNIMPLEMENTED. */
struct agentsandbox_v1_route_service_impl {
    void *user;
    void (*resolve)(struct rpc_call *call, const Agentsandbox__V1__ResolveRequest *request, void *user);
    void (*watch)(struct rpc_call *call, const Agentsandbox__V1__WatchRoutesRequest *request, void *user);
};

/* impl must outlive the server. */
int agentsandbox_v1_route_service_register(struct rpc_server *s, const struct agentsandbox_v1_route_service_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
