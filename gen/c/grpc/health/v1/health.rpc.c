/* Generated from grpc/health/v1/health.proto by protoc-gen-rpc-c. Do not edit. */
#include "grpc/health/v1/health.rpc.h"

static const uint8_t file_data[] =
    "\012\033grpc/health/v1/health.proto\022\016grpc.health.v1\042.\012\022HealthCheckReq"
    "uest\022\030\012\007service\030\001 \001(\011R\007service\042\261\001\012\023HealthC"
    "heckResponse\022I\012\006status\030\001 \001(\01621.grpc.health.v1.HealthCheckRespon"
    "se.ServingStatusR\006status\042O\012\015ServingStatus\022\013\012\007UNKNOWN\020\000"
    "\022\013\012\007SERVING\020\001\022\017\012\013NOT_SERVING\020\002\022\023\012\017SE"
    "RVICE_UNKNOWN\020\003\042\023\012\021HealthListRequest\042\304\001\012\022HealthList"
    "Response\022L\012\010statuses\030\001 \003(\01320.grpc.health.v1.HealthListResponse."
    "StatusesEntryR\010statuses\032`\012\015StatusesEntry\022\020\012\003key\030\001 \001"
    "(\011R\003key\0229\012\005value\030\002 \001(\0132#.grpc.health.v1.HealthCheckRespon"
    "seR\005value:\0028\0012\375\001\012\006Health\022P\012\005Check\022\042.grpc.health."
    "v1.HealthCheckRequest\032#.grpc.health.v1.HealthCheckResponse\022M\012\004List\022!."
    "grpc.health.v1.HealthListRequest\032\042.grpc.health.v1.HealthListResponse\022R\012\005"
    "Watch\022\042.grpc.health.v1.HealthCheckRequest\032#.grpc.health.v1.HealthCheckRespo"
    "nse0\001Bp\012\021io.grpc.health.v1B\013HealthProtoP\001Z,google.golang.org/grpc/hea"
    "lth/grpc_health_v1\242\002\014GrpcHealthV1\252\002\016Grpc.Health.V1b\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    NULL,
};

const struct rpc_file_desc grpc_health_v1_health_proto_file = {
    .name = "grpc/health/v1/health.proto",
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

/* ======== grpc.health.v1.Health ======== */

const struct rpc_method_desc grpc_health_v1_health_check_method = {
    .path = "/grpc.health.v1.Health/Check",
    .input = &grpc__health__v1__health_check_request__descriptor,
    .output = &grpc__health__v1__health_check_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc grpc_health_v1_health_list_method = {
    .path = "/grpc.health.v1.Health/List",
    .input = &grpc__health__v1__health_list_request__descriptor,
    .output = &grpc__health__v1__health_list_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc grpc_health_v1_health_watch_method = {
    .path = "/grpc.health.v1.Health/Watch",
    .input = &grpc__health__v1__health_check_request__descriptor,
    .output = &grpc__health__v1__health_check_response__descriptor,
    .client_streaming = false,
    .server_streaming = true,
};

static const struct rpc_method_desc grpc_health_v1_health_methods[] = {
    {
        .path = "/grpc.health.v1.Health/Check",
        .input = &grpc__health__v1__health_check_request__descriptor,
        .output = &grpc__health__v1__health_check_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/grpc.health.v1.Health/List",
        .input = &grpc__health__v1__health_list_request__descriptor,
        .output = &grpc__health__v1__health_list_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/grpc.health.v1.Health/Watch",
        .input = &grpc__health__v1__health_check_request__descriptor,
        .output = &grpc__health__v1__health_check_response__descriptor,
        .client_streaming = false,
        .server_streaming = true,
    },
};

const struct rpc_service_desc grpc_health_v1_health = {
    .name = "grpc.health.v1.Health",
    .methods = grpc_health_v1_health_methods,
    .n_methods = 3,
    .file = &grpc_health_v1_health_proto_file,
};

int grpc_health_v1_health_check(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Health__V1__HealthCheckRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &grpc_health_v1_health_check_method, opts, &request->base, fn, user, ret, err);
}

int grpc_health_v1_health_list(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Health__V1__HealthListRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &grpc_health_v1_health_list_method, opts, &request->base, fn, user, ret, err);
}

int grpc_health_v1_health_watch(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Grpc__Health__V1__HealthCheckRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return start_with_request(ch, &grpc_health_v1_health_watch_method, opts, &request->base, ops, user, ret,
        err);
}

static void grpc_health_v1_health_check_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct grpc_health_v1_health_impl *impl = user;

    impl->check(call, (const Grpc__Health__V1__HealthCheckRequest *)request, impl->user);
}

static void grpc_health_v1_health_list_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct grpc_health_v1_health_impl *impl = user;

    impl->list(call, (const Grpc__Health__V1__HealthListRequest *)request, impl->user);
}

static void grpc_health_v1_health_watch_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct grpc_health_v1_health_impl *impl = user;

    impl->watch(call, (const Grpc__Health__V1__HealthCheckRequest *)request, impl->user);
}

int grpc_health_v1_health_register(struct rpc_server *s, const struct grpc_health_v1_health_impl *impl,
    struct err *err)
{
    if (handle(s, &grpc_health_v1_health_check_method, impl->check ? grpc_health_v1_health_check_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &grpc_health_v1_health_list_method, impl->list ? grpc_health_v1_health_list_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &grpc_health_v1_health_watch_method, impl->watch ? grpc_health_v1_health_watch_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
