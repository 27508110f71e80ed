/* Generated from grpc/reflection/v1/reflection.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc grpc_reflection_v1_reflection_proto_file;

/* ======== grpc.reflection.v1.ServerReflection ======== */
extern const struct rpc_service_desc grpc_reflection_v1_server_reflection;

/* ---- /grpc.reflection.v1.ServerReflection/ServerReflectionInfo: both ways streaming ---- */
/*
 * Requests are answered one by one, in order.
 */
extern const struct rpc_method_desc grpc_reflection_v1_server_reflection_server_reflection_info_method;
int grpc_reflection_v1_server_reflection_server_reflection_info(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Client. */
static inline int grpc_reflection_v1_server_reflection_server_reflection_info_send(struct rpc_call *call, const Grpc__Reflection__V1__ServerReflectionRequest *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void grpc_reflection_v1_server_reflection_server_reflection_info_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &grpc_reflection_v1_server_reflection_server_reflection_info_method, ops, user);
}
/* Server. */
static inline int grpc_reflection_v1_server_reflection_server_reflection_info_reply(struct rpc_call *call, const Grpc__Reflection__V1__ServerReflectionResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* Handlers of grpc.reflection.v1.ServerReflection; one that is NULL answers UNIMPLEMENTED. */
struct grpc_reflection_v1_server_reflection_impl {
    void *user;
    /* sets its callbacks with grpc_reflection_v1_server_reflection_server_reflection_info_accept() */
    void (*server_reflection_info)(struct rpc_call *call, void *user);
};

/* impl must outlive the server. */
int grpc_reflection_v1_server_reflection_register(struct rpc_server *s, const struct grpc_reflection_v1_server_reflection_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
