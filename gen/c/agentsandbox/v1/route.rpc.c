/* Generated from agentsandbox/v1/route.proto by protoc-gen-rpc-c. Do not edit. */
#include "agentsandbox/v1/route.rpc.h"
#include "agentsandbox/v1/common.rpc.h"

static const uint8_t file_data[] =
    "\012\033agentsandbox/v1/route.proto\022\017agentsandbox.v1\032\034agentsandbox/v1/co"
    "mmon.proto\042\226\002\012\005Route\0225\012\007sandbox\030\001 \001(\0132\033.agent"
    "sandbox.v1.SandboxRefR\007sandbox\022\037\012\013instance_id\030\002 \001(\011R\012i"
    "nstanceId\022\036\012\012generation\030\003 \001(\004R\012generation\022\032\012\010"
    "endpoint\030\004 \001(\011R\010endpoint\0221\012\005phase\030\005 \001(\0162\033.age"
    "ntsandbox.v1.RoutePhaseR\005phase\022\030\012\007claimed\030\006 \001(\010R\007claim"
    "ed\022,\012\005cause\030\007 \001(\0132\026.agentsandbox.v1.CauseR\005cause\042G\012"
    "\016ResolveRequest\0225\012\007sandbox\030\001 \001(\0132\033.agentsandbox.v1.Sandbo"
    "xRefR\007sandbox\042\077\012\017ResolveResponse\022,\012\005route\030\001 \001(\0132"
    "\026.agentsandbox.v1.RouteR\005route\042\024\012\022WatchRoutesRequest\042[\012\023W"
    "atchRoutesResponse\022,\012\005route\030\001 \001(\0132\026.agentsandbox.v1.RouteR\005"
    "route\022\026\012\006synced\030\002 \001(\010R\006synced*\206\001\012\012RoutePhase\022"
    "\033\012\027ROUTE_PHASE_UNSPECIFIED\020\000\022\027\012\023ROUTE_PHASE_PENDING\020\001"
    "\022\025\012\021ROUTE_PHASE_READY\020\002\022\025\012\021ROUTE_PHASE_ENDED\020\003\022"
    "\024\012\020ROUTE_PHASE_GONE\020\0042\262\001\012\014RouteService\022L\012\007Resolv"
    "e\022\037.agentsandbox.v1.ResolveRequest\032 .agentsandbox.v1.ResolveResponse\022T\012"
    "\005Watch\022#.agentsandbox.v1.WatchRoutesRequest\032$.agentsandbox.v1.WatchRoutesRe"
    "sponse0\001B\214\001\012\023dev.agentsandbox.v1P\001Z6agentsandbox.dev/gen/go/agents"
    "andbox/v1;agentsandboxv1\242\002\003ASB\252\002\017AgentSandbox.V1\312\002\017AgentS"
    "andbox\134V1\352\002\020AgentSandbox::V1b\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    &agentsandbox_v1_common_proto_file,
    NULL,
};

const struct rpc_file_desc agentsandbox_v1_route_proto_file = {
    .name = "agentsandbox/v1/route.proto",
    .data = file_data,
    .n = sizeof(file_data) - 1, /* without the NUL of the literal */
    .deps = file_deps,
};

static void handle_unimplemented(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_UNIMPLEMENTED, "this server does not implement the method");
}

/* A method without handler is taken too: a proxy behind must not get it. */
static int handle(struct rpc_server *s, const struct rpc_method_desc *m,
    rpc_msg_handler handler, const void *impl, struct err *err)
{
    if (!handler)
        return rpc_server_handle(s, m->path, handle_unimplemented, NULL, err);
    return rpc_server_handle_method(s, m, handler, (void *)impl, err);
}

static int start_with_request(struct rpc_channel *ch, const struct rpc_method_desc *m,
    const struct rpc_call_opts *opts, const ProtobufCMessage *request,
    const struct rpc_msg_ops *ops, void *user, struct rpc_call **ret, struct err *err)
{
    struct rpc_call *call;

    if (rpc_start(ch, m, opts, ops, user, &call, err) < 0)
        return -1;
    if (rpc_send(call, request, err) < 0) {
        rpc_call_abandon(call);
        return -1;
    }
    rpc_call_send_end(call);
    if (ret)
        *ret = call;
    return 0;
}

/* ======== agentsandbox.v1.RouteService ======== */

const struct rpc_method_desc agentsandbox_v1_route_service_resolve_method = {
    .path = "/agentsandbox.v1.RouteService/Resolve",
    .input = &agentsandbox__v1__resolve_request__descriptor,
    .output = &agentsandbox__v1__resolve_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_route_service_watch_method = {
    .path = "/agentsandbox.v1.RouteService/Watch",
    .input = &agentsandbox__v1__watch_routes_request__descriptor,
    .output = &agentsandbox__v1__watch_routes_response__descriptor,
    .client_streaming = false,
    .server_streaming = true,
};

static const struct rpc_method_desc agentsandbox_v1_route_service_methods[] = {
    {
        .path = "/agentsandbox.v1.RouteService/Resolve",
        .input = &agentsandbox__v1__resolve_request__descriptor,
        .output = &agentsandbox__v1__resolve_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.RouteService/Watch",
        .input = &agentsandbox__v1__watch_routes_request__descriptor,
        .output = &agentsandbox__v1__watch_routes_response__descriptor,
        .client_streaming = false,
        .server_streaming = true,
    },
};

const struct rpc_service_desc agentsandbox_v1_route_service = {
    .name = "agentsandbox.v1.RouteService",
    .methods = agentsandbox_v1_route_service_methods,
    .n_methods = 2,
    .file = &agentsandbox_v1_route_proto_file,
};

int agentsandbox_v1_route_service_resolve(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ResolveRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_route_service_resolve_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_route_service_watch(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WatchRoutesRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return start_with_request(ch, &agentsandbox_v1_route_service_watch_method, opts, &request->base, ops, user, ret,
        err);
}

static void agentsandbox_v1_route_service_resolve_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_route_service_impl *impl = user;

    impl->resolve(call, (const Agentsandbox__V1__ResolveRequest *)request, impl->user);
}

static void agentsandbox_v1_route_service_watch_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_route_service_impl *impl = user;

    impl->watch(call, (const Agentsandbox__V1__WatchRoutesRequest *)request, impl->user);
}

int agentsandbox_v1_route_service_register(struct rpc_server *s, const struct agentsandbox_v1_route_service_impl *impl,
    struct err *err)
{
    if (handle(s, &agentsandbox_v1_route_service_resolve_method, impl->resolve ? agentsandbox_v1_route_service_resolve_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_route_service_watch_method, impl->watch ? agentsandbox_v1_route_service_watch_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
