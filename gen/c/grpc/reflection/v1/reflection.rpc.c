/* Generated from grpc/reflection/v1/reflection.proto by protoc-gen-rpc-c. Do not edit. */
#include "grpc/reflection/v1/reflection.rpc.h"

static const uint8_t file_data[] =
    "\012#grpc/reflection/v1/reflection.proto\022\022grpc.reflection.v1\042\363\002\012\027"
    "ServerReflectionRequest\022\022\012\004host\030\001 \001(\011R\004host\022*\012\020f"
    "ile_by_filename\030\003 \001(\011H\000R\016fileByFilename\0226\012\026file_containin"
    "g_symbol\030\004 \001(\011H\000R\024fileContainingSymbol\022b\012\031file_containing"
    "_extension\030\005 \001(\0132$.grpc.reflection.v1.ExtensionRequestH\000R\027fileCont"
    "ainingExtension\022B\012\035all_extension_numbers_of_type\030\006 \001(\011H\000R\031"
    "allExtensionNumbersOfType\022%\012\015list_services\030\007 \001(\011H\000R\014listS"
    "ervicesB\021\012\017message_request\042f\012\020ExtensionRequest\022'\012\017contain"
    "ing_type\030\001 \001(\011R\016containingType\022)\012\020extension_number\030\002 \001"
    "(\005R\017extensionNumber\042\256\004\012\030ServerReflectionResponse\022\035\012\012"
    "valid_host\030\001 \001(\011R\011validHost\022V\012\020original_request\030\002 \001"
    "(\0132+.grpc.reflection.v1.ServerReflectionRequestR\017originalRequest\022f\012\030f"
    "ile_descriptor_response\030\004 \001(\0132*.grpc.reflection.v1.FileDescriptorRespons"
    "eH\000R\026fileDescriptorResponse\022r\012\036all_extension_numbers_response\030\005"
    " \001(\0132+.grpc.reflection.v1.ExtensionNumberResponseH\000R\033allExtensionNumbers"
    "Response\022_\012\026list_services_response\030\006 \001(\0132'.grpc.reflection.v1.L"
    "istServiceResponseH\000R\024listServicesResponse\022J\012\016error_response\030\007 "
    "\001(\0132!.grpc.reflection.v1.ErrorResponseH\000R\015errorResponseB\022\012\020mess"
    "age_response\042L\012\026FileDescriptorResponse\0222\012\025file_descriptor_proto\030"
    "\001 \003(\014R\023fileDescriptorProto\042j\012\027ExtensionNumberResponse\022$\012\016"
    "base_type_name\030\001 \001(\011R\014baseTypeName\022)\012\020extension_number\030\002"
    " \003(\005R\017extensionNumber\042T\012\023ListServiceResponse\022=\012\007service\030"
    "\001 \003(\0132#.grpc.reflection.v1.ServiceResponseR\007service\042%\012\017ServiceR"
    "esponse\022\022\012\004name\030\001 \001(\011R\004name\042S\012\015ErrorResponse\022"
    "\035\012\012error_code\030\001 \001(\005R\011errorCode\022#\012\015error_message\030"
    "\002 \001(\011R\014errorMessage2\211\001\012\020ServerReflection\022u\012\024ServerR"
    "eflectionInfo\022+.grpc.reflection.v1.ServerReflectionRequest\032,.grpc.reflection.v"
    "1.ServerReflectionResponse(\0010\001Bf\012\025io.grpc.reflection.v1B\025ServerReflec"
    "tionProtoP\001Z4google.golang.org/grpc/reflection/grpc_reflection_v1b\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    NULL,
};

const struct rpc_file_desc grpc_reflection_v1_reflection_proto_file = {
    .name = "grpc/reflection/v1/reflection.proto",
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

/* ======== grpc.reflection.v1.ServerReflection ======== */

const struct rpc_method_desc grpc_reflection_v1_server_reflection_server_reflection_info_method = {
    .path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    .input = &grpc__reflection__v1__server_reflection_request__descriptor,
    .output = &grpc__reflection__v1__server_reflection_response__descriptor,
    .client_streaming = true,
    .server_streaming = true,
};

static const struct rpc_method_desc grpc_reflection_v1_server_reflection_methods[] = {
    {
        .path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        .input = &grpc__reflection__v1__server_reflection_request__descriptor,
        .output = &grpc__reflection__v1__server_reflection_response__descriptor,
        .client_streaming = true,
        .server_streaming = true,
    },
};

const struct rpc_service_desc grpc_reflection_v1_server_reflection = {
    .name = "grpc.reflection.v1.ServerReflection",
    .methods = grpc_reflection_v1_server_reflection_methods,
    .n_methods = 1,
    .file = &grpc_reflection_v1_reflection_proto_file,
};

int grpc_reflection_v1_server_reflection_server_reflection_info(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_start(ch, &grpc_reflection_v1_server_reflection_server_reflection_info_method, opts, ops, user, ret, err);
}

static void grpc_reflection_v1_server_reflection_server_reflection_info_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct grpc_reflection_v1_server_reflection_impl *impl = user;

    (void)request;
    impl->server_reflection_info(call, impl->user);
}

int grpc_reflection_v1_server_reflection_register(struct rpc_server *s, const struct grpc_reflection_v1_server_reflection_impl *impl,
    struct err *err)
{
    if (handle(s, &grpc_reflection_v1_server_reflection_server_reflection_info_method, impl->server_reflection_info ? grpc_reflection_v1_server_reflection_server_reflection_info_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
