/* Generated from sample.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "sample.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc sample_proto_file;

/* ======== sample.v1.EchoHTTPService ======== */
/*
 * All four kinds of call. * / does not end the comment, nor does / * begin one.
 */
extern const struct rpc_service_desc sample_v1_echo_http_service;

/* ---- /sample.v1.EchoHTTPService/Echo: unary ---- */
/*
 * One in, one out.
 */
extern const struct rpc_method_desc sample_v1_echo_http_service_echo_method;
int sample_v1_echo_http_service_echo(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Sample__V1__EchoRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void sample_v1_echo_http_service_echo_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &sample_v1_echo_http_service_echo_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void sample_v1_echo_http_service_echo_reply(struct rpc_call *call, const Sample__V1__EchoResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /sample.v1.EchoHTTPService/List: server-streaming ---- */
/*
 * One in, many out.
 */
extern const struct rpc_method_desc sample_v1_echo_http_service_list_method;
int sample_v1_echo_http_service_list(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Sample__V1__EchoRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void sample_v1_echo_http_service_list_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &sample_v1_echo_http_service_list_method, ops, user);
}
/* Server. */
static inline int sample_v1_echo_http_service_list_reply(struct rpc_call *call, const Sample__V1__EchoResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* ---- /sample.v1.EchoHTTPService/Sum: client-streaming ---- */
extern const struct rpc_method_desc sample_v1_echo_http_service_sum_method;
int sample_v1_echo_http_service_sum(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Client. */
static inline int sample_v1_echo_http_service_sum_send(struct rpc_call *call, const Sample__V1__EchoRequest *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void sample_v1_echo_http_service_sum_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &sample_v1_echo_http_service_sum_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void sample_v1_echo_http_service_sum_reply(struct rpc_call *call, const Imported__Total *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /sample.v1.EchoHTTPService/Talk: both ways streaming ---- */
extern const struct rpc_method_desc sample_v1_echo_http_service_talk_method;
int sample_v1_echo_http_service_talk(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Client. */
static inline int sample_v1_echo_http_service_talk_send(struct rpc_call *call, const Sample__V1__EchoRequest *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void sample_v1_echo_http_service_talk_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &sample_v1_echo_http_service_talk_method, ops, user);
}
/* Server. */
static inline int sample_v1_echo_http_service_talk_reply(struct rpc_call *call, const Sample__V1__EchoResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* ---- /sample.v1.EchoHTTPService/Delete: unary ---- */
/*
 * Its name is a word of C.
 */
extern const struct rpc_method_desc sample_v1_echo_http_service_delete_method;
int sample_v1_echo_http_service_delete(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Sample__V1__EchoRequest__InnerPart *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void sample_v1_echo_http_service_delete_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &sample_v1_echo_http_service_delete_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void sample_v1_echo_http_service_delete_reply(struct rpc_call *call, const Sample__V1__EchoResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* Handlers of sample.v1.EchoHTTPService; one that is NULL answers UNIMPLEMENTED. */
struct sample_v1_echo_http_service_impl {
    void *user;
    void (*echo)(struct rpc_call *call, const Sample__V1__EchoRequest *request, void *user);
    void (*list)(struct rpc_call *call, const Sample__V1__EchoRequest *request, void *user);
    /* sets its callbacks with sample_v1_echo_http_service_sum_accept() */
    void (*sum)(struct rpc_call *call, void *user);
    /* sets its callbacks with sample_v1_echo_http_service_talk_accept() */
    void (*talk)(struct rpc_call *call, void *user);
    void (*delete_)(struct rpc_call *call, const Sample__V1__EchoRequest__InnerPart *request, void *user);
};

/* impl must outlive the server. */
int sample_v1_echo_http_service_register(struct rpc_server *s, const struct sample_v1_echo_http_service_impl *impl,
    struct err *err);

/* ======== sample.v1.EmptyService ======== */
extern const struct rpc_service_desc sample_v1_empty_service;

/* Handlers of sample.v1.EmptyService; one that is NULL answers UNIMPLEMENTED. */
struct sample_v1_empty_service_impl {
    void *user;
};

/* impl must outlive the server. */
int sample_v1_empty_service_register(struct rpc_server *s, const struct sample_v1_empty_service_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
