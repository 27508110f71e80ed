/* Generated from agentsandbox/v1/node.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "agentsandbox/v1/node.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc agentsandbox_v1_node_proto_file;

/* ======== agentsandbox.v1.NodeService ======== */
/*
 * Served by sandbox-runtime node on a unix socket, to the controller's uid and root alone.
 */
extern const struct rpc_service_desc agentsandbox_v1_node_service;

/* ---- /agentsandbox.v1.NodeService/GetNode: unary ---- */
/*
 * What this host can do: runtime classes, limits, versions.
 */
extern const struct rpc_method_desc agentsandbox_v1_node_service_get_node_method;
int agentsandbox_v1_node_service_get_node(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__GetNodeRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_node_service_get_node_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_node_service_get_node_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_node_service_get_node_reply(struct rpc_call *call, const Agentsandbox__V1__GetNodeResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.NodeService/CreateSandbox: unary ---- */
/*
 * Makes and starts one; returns when it is started, not when it is ready. Idempotent by instance_id.
 * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (RuntimeClassUnavailable), INVALID_ARGUMENT (RuntimeClassUnknown, BadRequest), INTERNAL (RuntimeFailed).
 */
extern const struct rpc_method_desc agentsandbox_v1_node_service_create_sandbox_method;
int agentsandbox_v1_node_service_create_sandbox(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__CreateSandboxRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_node_service_create_sandbox_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_node_service_create_sandbox_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_node_service_create_sandbox_reply(struct rpc_call *call, const Agentsandbox__V1__CreateSandboxResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.NodeService/DeleteSandbox: unary ---- */
/*
 * Ends and removes it with all that belongs to it. Idempotent.
 */
extern const struct rpc_method_desc agentsandbox_v1_node_service_delete_sandbox_method;
int agentsandbox_v1_node_service_delete_sandbox(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__DeleteSandboxRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_node_service_delete_sandbox_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_node_service_delete_sandbox_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_node_service_delete_sandbox_reply(struct rpc_call *call, const Agentsandbox__V1__DeleteSandboxResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.NodeService/ListSandboxes: unary ---- */
/*
 * All instances, ended ones too until they are deleted.
 */
extern const struct rpc_method_desc agentsandbox_v1_node_service_list_sandboxes_method;
int agentsandbox_v1_node_service_list_sandboxes(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListSandboxesRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_node_service_list_sandboxes_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_node_service_list_sandboxes_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_node_service_list_sandboxes_reply(struct rpc_call *call, const Agentsandbox__V1__ListSandboxesResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.NodeService/WatchSandboxes: server-streaming ---- */
/*
 * All instances as they are, then "synced", then each change. Records of ended ones stay until DeleteSandbox.
 */
extern const struct rpc_method_desc agentsandbox_v1_node_service_watch_sandboxes_method;
int agentsandbox_v1_node_service_watch_sandboxes(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WatchSandboxesRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_node_service_watch_sandboxes_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_node_service_watch_sandboxes_method, ops, user);
}
/* Server. */
static inline int agentsandbox_v1_node_service_watch_sandboxes_reply(struct rpc_call *call, const Agentsandbox__V1__WatchSandboxesResponse *msg,
    struct err *err)
{
    return rpc_send(call, &msg->base, err);
}

/* ---- /agentsandbox.v1.NodeService/ImportImage: unary ---- */
/*
 * From an OCI layout ("oci:/path:ref"), an archive ("oci-archive:/path:ref") or a registry ("docker://…"), by skopeo. Errors: INVALID_ARGUMENT (BadImage),
 * UNAVAILABLE (RegistryUnreachable).
 */
extern const struct rpc_method_desc agentsandbox_v1_node_service_import_image_method;
int agentsandbox_v1_node_service_import_image(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ImportImageRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_node_service_import_image_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_node_service_import_image_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_node_service_import_image_reply(struct rpc_call *call, const Agentsandbox__V1__ImportImageResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.NodeService/ListImages: unary ---- */
/*
 * All images of the store.
 */
extern const struct rpc_method_desc agentsandbox_v1_node_service_list_images_method;
int agentsandbox_v1_node_service_list_images(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListImagesRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_node_service_list_images_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_node_service_list_images_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_node_service_list_images_reply(struct rpc_call *call, const Agentsandbox__V1__ListImagesResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.NodeService/RemoveImage: unary ---- */
/*
 * Errors: NOT_FOUND (ImageNotFound), FAILED_PRECONDITION (Conflict) while a sandbox uses it.
 */
extern const struct rpc_method_desc agentsandbox_v1_node_service_remove_image_method;
int agentsandbox_v1_node_service_remove_image(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RemoveImageRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_node_service_remove_image_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_node_service_remove_image_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_node_service_remove_image_reply(struct rpc_call *call, const Agentsandbox__V1__RemoveImageResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* Handlers of agentsandbox.v1.NodeService; one that is NULL answers UNIMPLEMENTED. */
struct agentsandbox_v1_node_service_impl {
    void *user;
    void (*get_node)(struct rpc_call *call, const Agentsandbox__V1__GetNodeRequest *request, void *user);
    void (*create_sandbox)(struct rpc_call *call, const Agentsandbox__V1__CreateSandboxRequest *request, void *user);
    void (*delete_sandbox)(struct rpc_call *call, const Agentsandbox__V1__DeleteSandboxRequest *request, void *user);
    void (*list_sandboxes)(struct rpc_call *call, const Agentsandbox__V1__ListSandboxesRequest *request, void *user);
    void (*watch_sandboxes)(struct rpc_call *call, const Agentsandbox__V1__WatchSandboxesRequest *request, void *user);
    void (*import_image)(struct rpc_call *call, const Agentsandbox__V1__ImportImageRequest *request, void *user);
    void (*list_images)(struct rpc_call *call, const Agentsandbox__V1__ListImagesRequest *request, void *user);
    void (*remove_image)(struct rpc_call *call, const Agentsandbox__V1__RemoveImageRequest *request, void *user);
};

/* impl must outlive the server. */
int agentsandbox_v1_node_service_register(struct rpc_server *s, const struct agentsandbox_v1_node_service_impl *impl,
    struct err *err);

/* ======== agentsandbox.v1.AgentService ======== */
/*
 * Served by the agent to its node, on the control connection.
 */
extern const struct rpc_service_desc agentsandbox_v1_agent_service;

/* ---- /agentsandbox.v1.AgentService/GetAgent: unary ---- */
/*
 * Who it is and what it runs. The node asks once per connection.
 */
extern const struct rpc_method_desc agentsandbox_v1_agent_service_get_agent_method;
int agentsandbox_v1_agent_service_get_agent(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__GetAgentRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_agent_service_get_agent_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_agent_service_get_agent_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_agent_service_get_agent_reply(struct rpc_call *call, const Agentsandbox__V1__GetAgentResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.AgentService/RunProbe: unary ---- */
/*
 * Runs one probe inside the sandbox, once.
 */
extern const struct rpc_method_desc agentsandbox_v1_agent_service_run_probe_method;
int agentsandbox_v1_agent_service_run_probe(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RunProbeRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_agent_service_run_probe_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_agent_service_run_probe_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_agent_service_run_probe_reply(struct rpc_call *call, const Agentsandbox__V1__RunProbeResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* ---- /agentsandbox.v1.AgentService/Stop: unary ---- */
/*
 * SIGTERM to all processes, SIGKILL after grace, then the agent ends: the sandbox is over.
 */
extern const struct rpc_method_desc agentsandbox_v1_agent_service_stop_method;
int agentsandbox_v1_agent_service_stop(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__StopRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void agentsandbox_v1_agent_service_stop_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &agentsandbox_v1_agent_service_stop_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void agentsandbox_v1_agent_service_stop_reply(struct rpc_call *call, const Agentsandbox__V1__StopResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* Handlers of agentsandbox.v1.AgentService; one that is NULL answers UNIMPLEMENTED. */
struct agentsandbox_v1_agent_service_impl {
    void *user;
    void (*get_agent)(struct rpc_call *call, const Agentsandbox__V1__GetAgentRequest *request, void *user);
    void (*run_probe)(struct rpc_call *call, const Agentsandbox__V1__RunProbeRequest *request, void *user);
    void (*stop)(struct rpc_call *call, const Agentsandbox__V1__StopRequest *request, void *user);
};

/* impl must outlive the server. */
int agentsandbox_v1_agent_service_register(struct rpc_server *s, const struct agentsandbox_v1_agent_service_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
