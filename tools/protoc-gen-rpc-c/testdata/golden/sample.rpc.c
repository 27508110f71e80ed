/* Generated from sample.proto by protoc-gen-rpc-c. Do not edit. */
#include "sample.rpc.h"
#include "imported.rpc.h"

static const uint8_t file_data[] =
    "\012\014sample.proto\022\011sample.v1\032\016imported.proto\042\241\001\012\013EchoR"
    "equest\022\022\012\004text\030\001 \001(\011R\004text\0227\012\005inner\030\002 \001"
    "(\0132!.sample.v1.EchoRequest.Inner_partR\005inner\022\031\012\005maybe\030\003 \001"
    "(\005H\000R\005maybe\210\001\001\032 \012\012Inner_part\022\022\012\004data\030\001 "
    "\001(\014R\004dataB\010\012\006_maybe\042\042\012\014EchoResponse\022\022\012\004tex"
    "t\030\001 \001(\011R\004text2\272\002\012\017EchoHTTPService\0227\012\004Echo\022\026"
    ".sample.v1.EchoRequest\032\027.sample.v1.EchoResponse\0229\012\004List\022\026.sampl"
    "e.v1.EchoRequest\032\027.sample.v1.EchoResponse0\001\0220\012\003Sum\022\026.sample."
    "v1.EchoRequest\032\017.imported.Total(\001\022;\012\004Talk\022\026.sample.v1.EchoRe"
    "quest\032\027.sample.v1.EchoResponse(\0010\001\022D\012\006Delete\022!.sample.v1.Ech"
    "oRequest.Inner_part\032\027.sample.v1.EchoResponse2\016\012\014EmptyServiceb\006prot"
    "o3";

static const struct rpc_file_desc *const file_deps[] = {
    &imported_proto_file,
    NULL,
};

const struct rpc_file_desc sample_proto_file = {
    .name = "sample.proto",
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

/* ======== sample.v1.EchoHTTPService ======== */

const struct rpc_method_desc sample_v1_echo_http_service_echo_method = {
    .path = "/sample.v1.EchoHTTPService/Echo",
    .input = &sample__v1__echo_request__descriptor,
    .output = &sample__v1__echo_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc sample_v1_echo_http_service_list_method = {
    .path = "/sample.v1.EchoHTTPService/List",
    .input = &sample__v1__echo_request__descriptor,
    .output = &sample__v1__echo_response__descriptor,
    .client_streaming = false,
    .server_streaming = true,
};

const struct rpc_method_desc sample_v1_echo_http_service_sum_method = {
    .path = "/sample.v1.EchoHTTPService/Sum",
    .input = &sample__v1__echo_request__descriptor,
    .output = &imported__total__descriptor,
    .client_streaming = true,
    .server_streaming = false,
};

const struct rpc_method_desc sample_v1_echo_http_service_talk_method = {
    .path = "/sample.v1.EchoHTTPService/Talk",
    .input = &sample__v1__echo_request__descriptor,
    .output = &sample__v1__echo_response__descriptor,
    .client_streaming = true,
    .server_streaming = true,
};

const struct rpc_method_desc sample_v1_echo_http_service_delete_method = {
    .path = "/sample.v1.EchoHTTPService/Delete",
    .input = &sample__v1__echo_request__inner_part__descriptor,
    .output = &sample__v1__echo_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

static const struct rpc_method_desc sample_v1_echo_http_service_methods[] = {
    {
        .path = "/sample.v1.EchoHTTPService/Echo",
        .input = &sample__v1__echo_request__descriptor,
        .output = &sample__v1__echo_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/sample.v1.EchoHTTPService/List",
        .input = &sample__v1__echo_request__descriptor,
        .output = &sample__v1__echo_response__descriptor,
        .client_streaming = false,
        .server_streaming = true,
    },
    {
        .path = "/sample.v1.EchoHTTPService/Sum",
        .input = &sample__v1__echo_request__descriptor,
        .output = &imported__total__descriptor,
        .client_streaming = true,
        .server_streaming = false,
    },
    {
        .path = "/sample.v1.EchoHTTPService/Talk",
        .input = &sample__v1__echo_request__descriptor,
        .output = &sample__v1__echo_response__descriptor,
        .client_streaming = true,
        .server_streaming = true,
    },
    {
        .path = "/sample.v1.EchoHTTPService/Delete",
        .input = &sample__v1__echo_request__inner_part__descriptor,
        .output = &sample__v1__echo_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
};

const struct rpc_service_desc sample_v1_echo_http_service = {
    .name = "sample.v1.EchoHTTPService",
    .methods = sample_v1_echo_http_service_methods,
    .n_methods = 5,
    .file = &sample_proto_file,
};

int sample_v1_echo_http_service_echo(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Sample__V1__EchoRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &sample_v1_echo_http_service_echo_method, opts, &request->base, fn, user, ret, err);
}

int sample_v1_echo_http_service_list(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Sample__V1__EchoRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return start_with_request(ch, &sample_v1_echo_http_service_list_method, opts, &request->base, ops, user, ret,
        err);
}

int sample_v1_echo_http_service_sum(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_start(ch, &sample_v1_echo_http_service_sum_method, opts, ops, user, ret, err);
}

int sample_v1_echo_http_service_talk(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_start(ch, &sample_v1_echo_http_service_talk_method, opts, ops, user, ret, err);
}

int sample_v1_echo_http_service_delete(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Sample__V1__EchoRequest__InnerPart *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &sample_v1_echo_http_service_delete_method, opts, &request->base, fn, user, ret, err);
}

static void sample_v1_echo_http_service_echo_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct sample_v1_echo_http_service_impl *impl = user;

    impl->echo(call, (const Sample__V1__EchoRequest *)request, impl->user);
}

static void sample_v1_echo_http_service_list_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct sample_v1_echo_http_service_impl *impl = user;

    impl->list(call, (const Sample__V1__EchoRequest *)request, impl->user);
}

static void sample_v1_echo_http_service_sum_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct sample_v1_echo_http_service_impl *impl = user;

    (void)request;
    impl->sum(call, impl->user);
}

static void sample_v1_echo_http_service_talk_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct sample_v1_echo_http_service_impl *impl = user;

    (void)request;
    impl->talk(call, impl->user);
}

static void sample_v1_echo_http_service_delete_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct sample_v1_echo_http_service_impl *impl = user;

    impl->delete_(call, (const Sample__V1__EchoRequest__InnerPart *)request, impl->user);
}

int sample_v1_echo_http_service_register(struct rpc_server *s, const struct sample_v1_echo_http_service_impl *impl,
    struct err *err)
{
    if (handle(s, &sample_v1_echo_http_service_echo_method, impl->echo ? sample_v1_echo_http_service_echo_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &sample_v1_echo_http_service_list_method, impl->list ? sample_v1_echo_http_service_list_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &sample_v1_echo_http_service_sum_method, impl->sum ? sample_v1_echo_http_service_sum_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &sample_v1_echo_http_service_talk_method, impl->talk ? sample_v1_echo_http_service_talk_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &sample_v1_echo_http_service_delete_method, impl->delete_ ? sample_v1_echo_http_service_delete_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}

/* ======== sample.v1.EmptyService ======== */

#define sample_v1_empty_service_methods NULL

const struct rpc_service_desc sample_v1_empty_service = {
    .name = "sample.v1.EmptyService",
    .methods = sample_v1_empty_service_methods,
    .n_methods = 0,
    .file = &sample_proto_file,
};

int sample_v1_empty_service_register(struct rpc_server *s, const struct sample_v1_empty_service_impl *impl,
    struct err *err)
{
    (void)s;
    (void)impl;
    (void)err;
    return 0;
}
