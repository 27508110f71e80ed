#pragma once
/*
 * Typed calls on protobuf-c messages: what our protoc plugin (tools/protoc-gen-rpc-c) generates
 * against. Generated code is thin: type-safe wrappers around the functions here.
 */
#include <protobuf-c/protobuf-c.h>

#include "lib/rpc/call.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/server.h"

struct rpc_method_desc {
    const char *path; /* "/agentsandbox.v1.ClaimService/CreateClaim" */
    const ProtobufCMessageDescriptor *input, *output;
    bool client_streaming, server_streaming;
};

enum rpc_kind rpc_method_kind(const struct rpc_method_desc *m);

struct rpc_service_desc {
    const char *name; /* "agentsandbox.v1.ClaimService" */
    const struct rpc_method_desc *methods;
    size_t n_methods;
    const struct rpc_file_desc *file; /* serialised FileDescriptorProto, for reflection */
};

struct rpc_file_desc {
    const char *name;    /* "agentsandbox/v1/claim.proto" */
    const uint8_t *data; /* FileDescriptorProto           */
    size_t n;
    const struct rpc_file_desc *const *deps; /* NULL-terminated */
};

/* Typed callbacks; as in rpc_call_ops. A message is good until the callback returns. */
struct rpc_msg_ops {
    void (*on_headers)(struct rpc_call *call, void *user);
    void (*on_message)(struct rpc_call *call, const ProtobufCMessage *msg, void *user);
    void (*on_half_close)(struct rpc_call *call, void *user);
    void (*on_writable)(struct rpc_call *call, void *user);
    void (*on_done)(struct rpc_call *call, const struct rpc_status *status, void *user);
};

/* Checks what protobuf-c does not: strings are UTF-8, message within bounds, nesting ≤ 100. Unpacks
 * into the arena: NULL with *err INVALID_ARGUMENT "BadMessage" otherwise. */
ProtobufCMessage *rpc_unpack(const ProtobufCMessageDescriptor *desc, const uint8_t *data, size_t n,
                             struct arena *arena, struct err *err);

/* Client. A unary call in one line: reply is NULL unless status->code is 0. *ret may be NULL. */
typedef void (*rpc_unary_fn)(struct rpc_call *call, const ProtobufCMessage *reply,
                             const struct rpc_status *status, void *user);
int rpc_unary(struct rpc_channel *ch, const struct rpc_method_desc *m,
              const struct rpc_call_opts *opts, const ProtobufCMessage *request, rpc_unary_fn fn,
              void *user, struct rpc_call **ret, struct err *err);
/* Any kind of call. ops must outlive the call. */
int rpc_start(struct rpc_channel *ch, const struct rpc_method_desc *m,
              const struct rpc_call_opts *opts, const struct rpc_msg_ops *ops, void *user,
              struct rpc_call **ret, struct err *err);

/* Both sides. As rpc_call_send(). */
int rpc_send(struct rpc_call *call, const ProtobufCMessage *msg, struct err *err);

/* Server. Unary and server-streaming handlers get the request already decoded (it lives in the
 * call's arena until the call is done); client-streaming and bidi handlers get NULL, set ops with
 * rpc_accept() and read. */
typedef void (*rpc_msg_handler)(struct rpc_call *call, const ProtobufCMessage *request, void *user);
int rpc_server_handle_method(struct rpc_server *s, const struct rpc_method_desc *m,
                             rpc_msg_handler handler, void *user, struct err *err);
void rpc_accept(struct rpc_call *call, const struct rpc_method_desc *m,
                const struct rpc_msg_ops *ops, void *user);
/* Unary: send and finish OK. */
void rpc_reply(struct rpc_call *call, const ProtobufCMessage *reply);
