/* Generated from grpc/health/v1/health.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "grpc/health/v1/health.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc grpc_health_v1_health_proto_file;

/* ======== grpc.health.v1.Health ======== */
extern const struct rpc_service_desc grpc_health_v1_health;

/* ---- /grpc.health.v1.Health/Check: unary ---- */
/*
 * The status now; NOT_FOUND for a service that the server does not know.
 */
extern const struct rpc_method_desc grpc_health_v1_health_check_method;
int grpc_health_v1_health_check(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Health__V1__HealthCheckRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void grpc_health_v1_health_check_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &grpc_health_v1_health_check_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void grpc_health_v1_health_check_reply(struct rpc_call *call, const Grpc__Health__V1__HealthCheckResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /grpc.health.v1.Health/List: unary ---- */
/*
 * All that the server knows; RESOURCE_EXHAUSTED when that is too much for one message.
 */
extern const struct rpc_method_desc grpc_health_v1_health_list_method;
int grpc_health_v1_health_list(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Health__V1__HealthListRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void grpc_health_v1_health_list_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &grpc_health_v1_health_list_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void grpc_health_v1_health_list_reply(struct rpc_call *call, const Grpc__Health__V1__HealthListResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /grpc.health.v1.Health/Watch: server-streaming ---- */
/*
 * The status now and whenever it changes; SERVICE_UNKNOWN for a service that the server does not know (yet).
 */
extern const struct rpc_method_desc grpc_health_v1_health_watch_method;
int grpc_health_v1_health_watch(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Health__V1__HealthCheckRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void grpc_health_v1_health_watch_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &grpc_health_v1_health_watch_method, ops, user);
}
/* Server. */
static inline int grpc_health_v1_health_watch_reply(struct rpc_call *call, const Grpc__Health__V1__HealthCheckResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* Handlers of grpc.health.v1.Health; one that is NULL answers UNIMPLEMENTED. */
struct grpc_health_v1_health_impl {
    void *user;
    void (*check)(struct rpc_call *call, const Grpc__Health__V1__HealthCheckRequest *request, void *user);
    void (*list)(struct rpc_call *call, const Grpc__Health__V1__HealthListRequest *request, void *user);
    void (*watch)(struct rpc_call *call, const Grpc__Health__V1__HealthCheckRequest *request, void *user);
};

/* impl must outlive the server. */
int grpc_health_v1_health_register(struct rpc_server *s, const struct grpc_health_v1_health_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
