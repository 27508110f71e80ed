/* Generated from agentsandbox/v1/claim.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "agentsandbox/v1/claim.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc agentsandbox_v1_claim_proto_file;

/* ======== agentsandbox.v1.ClaimService ======== */
/*
 * Hands out sandboxes. Every call honours its deadline and its cancellation.
 */
extern const struct rpc_service_desc agentsandbox_v1_claim_service;

/* ---- /agentsandbox.v1.ClaimService/CreateClaim: unary ---- */
/*
 * Claims a sandbox and waits until it is ready or the deadline passes. Idempotent by request_id: the same id with the
 * same spec gives the same claim; with another spec ALREADY_EXISTS.
 * Errors: NOT_FOUND (PoolNotFound, TemplateNotFound), INVALID_ARGUMENT (BadRequest), DEADLINE_EXCEEDED (ProbeTimeout, Timeout: the
 * message says what it waited for; the claim stays unless delete_on_failure), FAILED_PRECONDITION (RuntimeClassUnavailable, ImageNotFound, PodSpecUnsupported).
 */
extern const struct rpc_method_desc agentsandbox_v1_claim_service_create_claim_method;
int agentsandbox_v1_claim_service_create_claim(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__CreateClaimRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_claim_service_create_claim_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_claim_service_create_claim_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_claim_service_create_claim_reply(struct rpc_call *call, const Agentsandbox__V1__CreateClaimResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.ClaimService/GetClaim: unary ---- */
/*
 * Errors: NOT_FOUND (ClaimNotFound).
 */
extern const struct rpc_method_desc agentsandbox_v1_claim_service_get_claim_method;
int agentsandbox_v1_claim_service_get_claim(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__GetClaimRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_claim_service_get_claim_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_claim_service_get_claim_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_claim_service_get_claim_reply(struct rpc_call *call, const Agentsandbox__V1__GetClaimResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.ClaimService/ListClaims: unary ---- */
/*
 * In pages.
 */
extern const struct rpc_method_desc agentsandbox_v1_claim_service_list_claims_method;
int agentsandbox_v1_claim_service_list_claims(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListClaimsRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_claim_service_list_claims_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_claim_service_list_claims_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_claim_service_list_claims_reply(struct rpc_call *call, const Agentsandbox__V1__ListClaimsResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.ClaimService/WatchClaims: server-streaming ---- */
/*
 * The present claims as ADDED, then each change. Errors: OUT_OF_RANGE (Expired): resource_version is too old, list anew.
 */
extern const struct rpc_method_desc agentsandbox_v1_claim_service_watch_claims_method;
int agentsandbox_v1_claim_service_watch_claims(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WatchClaimsRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_claim_service_watch_claims_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_claim_service_watch_claims_method, ops, user);
}
/* Server. */
static inline int agentsandbox_v1_claim_service_watch_claims_reply(struct rpc_call *call, const Agentsandbox__V1__WatchClaimsResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* ---- /agentsandbox.v1.ClaimService/RenewClaim: unary ---- */
/*
 * Moves the claim's end. Errors: NOT_FOUND (ClaimNotFound), FAILED_PRECONDITION (ClaimFinished).
 */
extern const struct rpc_method_desc agentsandbox_v1_claim_service_renew_claim_method;
int agentsandbox_v1_claim_service_renew_claim(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RenewClaimRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_claim_service_renew_claim_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_claim_service_renew_claim_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_claim_service_renew_claim_reply(struct rpc_call *call, const Agentsandbox__V1__RenewClaimResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.ClaimService/DeleteClaim: unary ---- */
/*
 * Ends the sandbox with the claim. Deleting what is not there is NOT_FOUND unless allow_missing.
 */
extern const struct rpc_method_desc agentsandbox_v1_claim_service_delete_claim_method;
int agentsandbox_v1_claim_service_delete_claim(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__DeleteClaimRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_claim_service_delete_claim_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_claim_service_delete_claim_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_claim_service_delete_claim_reply(struct rpc_call *call, const Agentsandbox__V1__DeleteClaimResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* Handlers of agentsandbox.v1.ClaimService; one that is NULL answers UNIMPLEMENTED. */
struct agentsandbox_v1_claim_service_impl {
    void *user;
    void (*create_claim)(struct rpc_call *call, const Agentsandbox__V1__CreateClaimRequest *request, void *user);
    void (*get_claim)(struct rpc_call *call, const Agentsandbox__V1__GetClaimRequest *request, void *user);
    void (*list_claims)(struct rpc_call *call, const Agentsandbox__V1__ListClaimsRequest *request, void *user);
    void (*watch_claims)(struct rpc_call *call, const Agentsandbox__V1__WatchClaimsRequest *request, void *user);
    void (*renew_claim)(struct rpc_call *call, const Agentsandbox__V1__RenewClaimRequest *request, void *user);
    void (*delete_claim)(struct rpc_call *call, const Agentsandbox__V1__DeleteClaimRequest *request, void *user);
};

/* impl must outlive the server. */
int agentsandbox_v1_claim_service_register(struct rpc_server *s, const struct agentsandbox_v1_claim_service_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
