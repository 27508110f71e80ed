/* Generated from agentsandbox/v1/file.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "agentsandbox/v1/file.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc agentsandbox_v1_file_proto_file;

/* ======== agentsandbox.v1.FileService ======== */
/*
 * Errors: NOT_FOUND (FileNotFound), ALREADY_EXISTS (FileExists), PERMISSION_DENIED (FilePermission), FAILED_PRECONDITION (NotADirectory,
 * IsADirectory, DirectoryNotEmpty), RESOURCE_EXHAUSTED (NoSpace, TooLarge).
 */
extern const struct rpc_service_desc agentsandbox_v1_file_service;

/* ---- /agentsandbox.v1.FileService/Stat: unary ---- */
/*
 * One file. Errors: NOT_FOUND (FileNotFound).
 */
extern const struct rpc_method_desc agentsandbox_v1_file_service_stat_method;
int agentsandbox_v1_file_service_stat(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__StatRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_file_service_stat_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_file_service_stat_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_file_service_stat_reply(struct rpc_call *call, const Agentsandbox__V1__StatResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.FileService/List: server-streaming ---- */
/*
 * A folder, in portions. Errors: FAILED_PRECONDITION (NotADirectory).
 */
extern const struct rpc_method_desc agentsandbox_v1_file_service_list_method;
int agentsandbox_v1_file_service_list(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListFilesRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_file_service_list_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_file_service_list_method, ops, user);
}
/* Server. */
static inline int agentsandbox_v1_file_service_list_reply(struct rpc_call *call, const Agentsandbox__V1__ListFilesResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* ---- /agentsandbox.v1.FileService/Read: server-streaming ---- */
/*
 * From an offset to the end or to a length, in chunks.
 */
extern const struct rpc_method_desc agentsandbox_v1_file_service_read_method;
int agentsandbox_v1_file_service_read(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ReadRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_file_service_read_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_file_service_read_method, ops, user);
}
/* Server. */
static inline int agentsandbox_v1_file_service_read_reply(struct rpc_call *call, const Agentsandbox__V1__ReadResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* ---- /agentsandbox.v1.FileService/Write: client-streaming ---- */
/*
 * The first request is open; the file takes its name only when the last chunk is there.
 */
extern const struct rpc_method_desc agentsandbox_v1_file_service_write_method;
int agentsandbox_v1_file_service_write(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Client. */
static inline int agentsandbox_v1_file_service_write_send(struct rpc_call *call, const Agentsandbox__V1__WriteRequest *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_file_service_write_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_file_service_write_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_file_service_write_reply(struct rpc_call *call, const Agentsandbox__V1__WriteResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.FileService/Remove: unary ---- */
/*
 * A file, or with recursive a folder with all that is in it.
 */
extern const struct rpc_method_desc agentsandbox_v1_file_service_remove_method;
int agentsandbox_v1_file_service_remove(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RemoveRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_file_service_remove_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_file_service_remove_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_file_service_remove_reply(struct rpc_call *call, const Agentsandbox__V1__RemoveResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.FileService/Rename: unary ---- */
/*
 * In one step; what has the new name is replaced unless exclusive.
 */
extern const struct rpc_method_desc agentsandbox_v1_file_service_rename_method;
int agentsandbox_v1_file_service_rename(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RenameRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_file_service_rename_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_file_service_rename_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_file_service_rename_reply(struct rpc_call *call, const Agentsandbox__V1__RenameResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.FileService/MakeDirectory: unary ---- */
/*
 * A folder. It is no error when it is there already.
 */
extern const struct rpc_method_desc agentsandbox_v1_file_service_make_directory_method;
int agentsandbox_v1_file_service_make_directory(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__MakeDirectoryRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_file_service_make_directory_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_file_service_make_directory_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_file_service_make_directory_reply(struct rpc_call *call, const Agentsandbox__V1__MakeDirectoryResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.FileService/Watch: server-streaming ---- */
/*
 * Changes below a folder until the call is cancelled.
 */
extern const struct rpc_method_desc agentsandbox_v1_file_service_watch_method;
int agentsandbox_v1_file_service_watch(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WatchFilesRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_file_service_watch_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_file_service_watch_method, ops, user);
}
/* Server. */
static inline int agentsandbox_v1_file_service_watch_reply(struct rpc_call *call, const Agentsandbox__V1__WatchFilesResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* Handlers of agentsandbox.v1.FileService; one that is NULL answers UNIMPLEMENTED. */
struct agentsandbox_v1_file_service_impl {
    void *user;
    void (*stat)(struct rpc_call *call, const Agentsandbox__V1__StatRequest *request, void *user);
    void (*list)(struct rpc_call *call, const Agentsandbox__V1__ListFilesRequest *request, void *user);
    void (*read)(struct rpc_call *call, const Agentsandbox__V1__ReadRequest *request, void *user);
    /* sets its callbacks with agentsandbox_v1_file_service_write_accept() */
    void (*write)(struct rpc_call *call, void *user);
    void (*remove)(struct rpc_call *call, const Agentsandbox__V1__RemoveRequest *request, void *user);
    void (*rename)(struct rpc_call *call, const Agentsandbox__V1__RenameRequest *request, void *user);
    void (*make_directory)(struct rpc_call *call, const Agentsandbox__V1__MakeDirectoryRequest *request, void *user);
    void (*watch)(struct rpc_call *call, const Agentsandbox__V1__WatchFilesRequest *request, void *user);
};

/* impl must outlive the server. */
int agentsandbox_v1_file_service_register(struct rpc_server *s, const struct agentsandbox_v1_file_service_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
