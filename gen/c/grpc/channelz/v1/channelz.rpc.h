/* Generated from grpc/channelz/v1/channelz.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "grpc/channelz/v1/channelz.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc grpc_channelz_v1_channelz_proto_file;

/* ======== grpc.channelz.v1.Channelz ======== */
/*
 * Ids are positive, unique in the process, and never used again. Lists come in pages, in the order of their ids: the
 * next one starts at the last id + 1; max_results 0 leaves its length to the server.
 */
extern const struct rpc_service_desc grpc_channelz_v1_channelz;

/* ---- /grpc.channelz.v1.Channelz/GetTopChannels: unary ---- */
extern const struct rpc_method_desc grpc_channelz_v1_channelz_get_top_channels_method;
int grpc_channelz_v1_channelz_get_top_channels(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetTopChannelsRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void grpc_channelz_v1_channelz_get_top_channels_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &grpc_channelz_v1_channelz_get_top_channels_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void grpc_channelz_v1_channelz_get_top_channels_reply(struct rpc_call *call, const Grpc__Channelz__V1__GetTopChannelsResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /grpc.channelz.v1.Channelz/GetServers: unary ---- */
extern const struct rpc_method_desc grpc_channelz_v1_channelz_get_servers_method;
int grpc_channelz_v1_channelz_get_servers(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetServersRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void grpc_channelz_v1_channelz_get_servers_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &grpc_channelz_v1_channelz_get_servers_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void grpc_channelz_v1_channelz_get_servers_reply(struct rpc_call *call, const Grpc__Channelz__V1__GetServersResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /grpc.channelz.v1.Channelz/GetServerSockets: unary ---- */
extern const struct rpc_method_desc grpc_channelz_v1_channelz_get_server_sockets_method;
int grpc_channelz_v1_channelz_get_server_sockets(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetServerSocketsRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void grpc_channelz_v1_channelz_get_server_sockets_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &grpc_channelz_v1_channelz_get_server_sockets_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void grpc_channelz_v1_channelz_get_server_sockets_reply(struct rpc_call *call, const Grpc__Channelz__V1__GetServerSocketsResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /grpc.channelz.v1.Channelz/GetChannel: unary ---- */
extern const struct rpc_method_desc grpc_channelz_v1_channelz_get_channel_method;
int grpc_channelz_v1_channelz_get_channel(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetChannelRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void grpc_channelz_v1_channelz_get_channel_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &grpc_channelz_v1_channelz_get_channel_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void grpc_channelz_v1_channelz_get_channel_reply(struct rpc_call *call, const Grpc__Channelz__V1__GetChannelResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /grpc.channelz.v1.Channelz/GetSubchannel: unary ---- */
extern const struct rpc_method_desc grpc_channelz_v1_channelz_get_subchannel_method;
int grpc_channelz_v1_channelz_get_subchannel(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetSubchannelRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void grpc_channelz_v1_channelz_get_subchannel_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &grpc_channelz_v1_channelz_get_subchannel_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void grpc_channelz_v1_channelz_get_subchannel_reply(struct rpc_call *call, const Grpc__Channelz__V1__GetSubchannelResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /grpc.channelz.v1.Channelz/GetSocket: unary ---- */
extern const struct rpc_method_desc grpc_channelz_v1_channelz_get_socket_method;
int grpc_channelz_v1_channelz_get_socket(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Channelz__V1__GetSocketRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void grpc_channelz_v1_channelz_get_socket_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &grpc_channelz_v1_channelz_get_socket_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void grpc_channelz_v1_channelz_get_socket_reply(struct rpc_call *call, const Grpc__Channelz__V1__GetSocketResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* Handlers of grpc.channelz.v1.Channelz; one that is NULL answers UNIMPLEMENTED. */
struct grpc_channelz_v1_channelz_impl {
    void *user;
    void (*get_top_channels)(struct rpc_call *call, const Grpc__Channelz__V1__GetTopChannelsRequest *request, void *user);
    void (*get_servers)(struct rpc_call *call, const Grpc__Channelz__V1__GetServersRequest *request, void *user);
    void (*get_server_sockets)(struct rpc_call *call, const Grpc__Channelz__V1__GetServerSocketsRequest *request, void *user);
    void (*get_channel)(struct rpc_call *call, const Grpc__Channelz__V1__GetChannelRequest *request, void *user);
    void (*get_subchannel)(struct rpc_call *call, const Grpc__Channelz__V1__GetSubchannelRequest *request, void *user);
    void (*get_socket)(struct rpc_call *call, const Grpc__Channelz__V1__GetSocketRequest *request, void *user);
};

/* impl must outlive the server. */
int grpc_channelz_v1_channelz_register(struct rpc_server *s, const struct grpc_channelz_v1_channelz_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
