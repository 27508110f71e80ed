/* Generated from agentsandbox/v1/stream.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "agentsandbox/v1/stream.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc agentsandbox_v1_stream_proto_file;

/* ======== agentsandbox.v1.StreamService ======== */
/*
 * Two-way streams. What the reader does not take is not sent: flow control reaches to the pipe of the command.
 */
extern const struct rpc_service_desc agentsandbox_v1_stream_service;

/* ---- /agentsandbox.v1.StreamService/Attach: both ways streaming ---- */
/*
 * The first request is start or open. Then stdin goes up, output comes down with byte offsets, and the last response is exited.
 * A client that lost its connection opens again with the offsets it has. Errors: NOT_FOUND (ExecNotFound), INVALID_ARGUMENT (BadRequest),
 * ABORTED (StdinTaken): another writer has stdin.
 */
extern const struct rpc_method_desc agentsandbox_v1_stream_service_attach_method;
int agentsandbox_v1_stream_service_attach(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Client. */
static inline int agentsandbox_v1_stream_service_attach_send(struct rpc_call *call, const Agentsandbox__V1__AttachRequest *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_stream_service_attach_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_stream_service_attach_method, ops, user);
}
/* Server. */
static inline int agentsandbox_v1_stream_service_attach_reply(struct rpc_call *call, const Agentsandbox__V1__AttachResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* ---- /agentsandbox.v1.StreamService/Forward: both ways streaming ---- */
/*
 * A TCP connection to a port in the sandbox. The first request is open. Errors: UNAVAILABLE (ConnectionRefused).
 */
extern const struct rpc_method_desc agentsandbox_v1_stream_service_forward_method;
int agentsandbox_v1_stream_service_forward(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Client. */
static inline int agentsandbox_v1_stream_service_forward_send(struct rpc_call *call, const Agentsandbox__V1__ForwardRequest *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_stream_service_forward_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_stream_service_forward_method, ops, user);
}
/* Server. */
static inline int agentsandbox_v1_stream_service_forward_reply(struct rpc_call *call, const Agentsandbox__V1__ForwardResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* Handlers of agentsandbox.v1.StreamService; one that is NULL answers UNIMPLEMENTED. */
struct agentsandbox_v1_stream_service_impl {
    void *user;
    /* sets its callbacks with agentsandbox_v1_stream_service_attach_accept() */
    void (*attach)(struct rpc_call *call, void *user);
    /* sets its callbacks with agentsandbox_v1_stream_service_forward_accept() */
    void (*forward)(struct rpc_call *call, void *user);
};

/* impl must outlive the server. */
int agentsandbox_v1_stream_service_register(struct rpc_server *s, const struct agentsandbox_v1_stream_service_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
