/* Generated from agentsandbox/v1/exec.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "agentsandbox/v1/exec.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc agentsandbox_v1_exec_proto_file;

/* ======== agentsandbox.v1.ExecService ======== */
/*
 * Runs commands and keeps their records. Every call honours its deadline and its cancellation.
 */
extern const struct rpc_service_desc agentsandbox_v1_exec_service;

/* ---- /agentsandbox.v1.ExecService/Run: unary ---- */
/*
 * Start, feed stdin, wait, and return bounded output: for short commands. Cancelling the call, or its deadline, ends the command.
 * Errors: INVALID_ARGUMENT (BadRequest), RESOURCE_EXHAUSTED (TooManyExecs). A command that cannot be started is no error: the record
 * says START_FAILED with exit_code 127 (CommandNotFound) or 126 (NotExecutable), as a shell has it.
 */
extern const struct rpc_method_desc agentsandbox_v1_exec_service_run_method;
int agentsandbox_v1_exec_service_run(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RunRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_exec_service_run_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_exec_service_run_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_exec_service_run_reply(struct rpc_call *call, const Agentsandbox__V1__RunResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.ExecService/Start: unary ---- */
/*
 * Starts a command and returns at once. Idempotent by request_id.
 */
extern const struct rpc_method_desc agentsandbox_v1_exec_service_start_method;
int agentsandbox_v1_exec_service_start(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__StartRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_exec_service_start_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_exec_service_start_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_exec_service_start_reply(struct rpc_call *call, const Agentsandbox__V1__StartResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.ExecService/List: unary ---- */
/*
 * Live execs and the records of ended ones, oldest first.
 */
extern const struct rpc_method_desc agentsandbox_v1_exec_service_list_method;
int agentsandbox_v1_exec_service_list(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListExecsRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_exec_service_list_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_exec_service_list_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_exec_service_list_reply(struct rpc_call *call, const Agentsandbox__V1__ListExecsResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.ExecService/Get: unary ---- */
/*
 * Errors of this and the following: NOT_FOUND (ExecNotFound).
 */
extern const struct rpc_method_desc agentsandbox_v1_exec_service_get_method;
int agentsandbox_v1_exec_service_get(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__GetExecRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_exec_service_get_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_exec_service_get_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_exec_service_get_reply(struct rpc_call *call, const Agentsandbox__V1__GetExecResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.ExecService/Wait: unary ---- */
/*
 * Returns when it has ended, or at the deadline.
 */
extern const struct rpc_method_desc agentsandbox_v1_exec_service_wait_method;
int agentsandbox_v1_exec_service_wait(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WaitRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_exec_service_wait_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_exec_service_wait_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_exec_service_wait_reply(struct rpc_call *call, const Agentsandbox__V1__WaitResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.ExecService/Signal: unary ---- */
/*
 * To the process group. FAILED_PRECONDITION (ExecEnded) when it has ended.
 */
extern const struct rpc_method_desc agentsandbox_v1_exec_service_signal_method;
int agentsandbox_v1_exec_service_signal(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__SignalRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_exec_service_signal_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_exec_service_signal_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_exec_service_signal_reply(struct rpc_call *call, const Agentsandbox__V1__SignalResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.ExecService/Resize: unary ---- */
/*
 * Of its terminal. FAILED_PRECONDITION (NoTerminal).
 */
extern const struct rpc_method_desc agentsandbox_v1_exec_service_resize_method;
int agentsandbox_v1_exec_service_resize(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ResizeRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_exec_service_resize_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_exec_service_resize_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_exec_service_resize_reply(struct rpc_call *call, const Agentsandbox__V1__ResizeResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* Handlers of agentsandbox.v1.ExecService; one that is NULL answers UNIMPLEMENTED. */
struct agentsandbox_v1_exec_service_impl {
    void *user;
    void (*run)(struct rpc_call *call, const Agentsandbox__V1__RunRequest *request, void *user);
    void (*start)(struct rpc_call *call, const Agentsandbox__V1__StartRequest *request, void *user);
    void (*list)(struct rpc_call *call, const Agentsandbox__V1__ListExecsRequest *request, void *user);
    void (*get)(struct rpc_call *call, const Agentsandbox__V1__GetExecRequest *request, void *user);
    void (*wait)(struct rpc_call *call, const Agentsandbox__V1__WaitRequest *request, void *user);
    void (*signal)(struct rpc_call *call, const Agentsandbox__V1__SignalRequest *request, void *user);
    void (*resize)(struct rpc_call *call, const Agentsandbox__V1__ResizeRequest *request, void *user);
};

/* impl must outlive the server. */
int agentsandbox_v1_exec_service_register(struct rpc_server *s, const struct agentsandbox_v1_exec_service_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
