/* Generated from agentsandbox/v1/template.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "agentsandbox/v1/template.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc agentsandbox_v1_template_proto_file;

/* ======== agentsandbox.v1.TemplateService ======== */
/*
 * kind is "SandboxTemplate", "SandboxWarmPool", "SandboxClaim" or "Sandbox"; Delete and Apply take all but may refuse what a controller owns.
 */
extern const struct rpc_service_desc agentsandbox_v1_template_service;

/* ---- /agentsandbox.v1.TemplateService/Apply: unary ---- */
/*
 * Creates or updates objects as their owner wrote them; each is validated whole before any is stored. Errors: INVALID_ARGUMENT
 * (BadRequest: the path of the field and what was wrong; PodSpecUnsupported).
 */
extern const struct rpc_method_desc agentsandbox_v1_template_service_apply_method;
int agentsandbox_v1_template_service_apply(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ApplyRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_template_service_apply_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_template_service_apply_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_template_service_apply_reply(struct rpc_call *call, const Agentsandbox__V1__ApplyResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.TemplateService/Get: unary ---- */
/*
 * Errors: NOT_FOUND (TemplateNotFound, PoolNotFound, ClaimNotFound, SandboxNotFound).
 */
extern const struct rpc_method_desc agentsandbox_v1_template_service_get_method;
int agentsandbox_v1_template_service_get(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__GetRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_template_service_get_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_template_service_get_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_template_service_get_reply(struct rpc_call *call, const Agentsandbox__V1__GetResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.TemplateService/List: unary ---- */
/*
 * In pages.
 */
extern const struct rpc_method_desc agentsandbox_v1_template_service_list_method;
int agentsandbox_v1_template_service_list(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_template_service_list_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_template_service_list_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_template_service_list_reply(struct rpc_call *call, const Agentsandbox__V1__ListResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.TemplateService/Watch: server-streaming ---- */
/*
 * The present objects as ADDED, then each change.
 */
extern const struct rpc_method_desc agentsandbox_v1_template_service_watch_method;
int agentsandbox_v1_template_service_watch(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WatchRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_template_service_watch_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_template_service_watch_method, ops, user);
}
/* Server. */
static inline int agentsandbox_v1_template_service_watch_reply(struct rpc_call *call, const Agentsandbox__V1__WatchResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* ---- /agentsandbox.v1.TemplateService/Delete: unary ---- */
/*
 * Errors: as Get.
 */
extern const struct rpc_method_desc agentsandbox_v1_template_service_delete_method;
int agentsandbox_v1_template_service_delete(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__DeleteRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_template_service_delete_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_template_service_delete_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_template_service_delete_reply(struct rpc_call *call, const Agentsandbox__V1__DeleteResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* Handlers of agentsandbox.v1.TemplateService; one that is NULL answers UNIMPLEMENTED. */
struct agentsandbox_v1_template_service_impl {
    void *user;
    void (*apply)(struct rpc_call *call, const Agentsandbox__V1__ApplyRequest *request, void *user);
    void (*get)(struct rpc_call *call, const Agentsandbox__V1__GetRequest *request, void *user);
    void (*list)(struct rpc_call *call, const Agentsandbox__V1__ListRequest *request, void *user);
    void (*watch)(struct rpc_call *call, const Agentsandbox__V1__WatchRequest *request, void *user);
    void (*delete_)(struct rpc_call *call, const Agentsandbox__V1__DeleteRequest *request, void *user);
};

/* impl must outlive the server. */
int agentsandbox_v1_template_service_register(struct rpc_server *s, const struct agentsandbox_v1_template_service_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
