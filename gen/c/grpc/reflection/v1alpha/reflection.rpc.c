/* Generated from grpc/reflection/v1alpha/reflection.proto by protoc-gen-rpc-c. Do not edit. */
#include "grpc/reflection/v1alpha/reflection.rpc.h"

static const uint8_t file_data[] =
    "\012(grpc/reflection/v1alpha/reflection.proto\022\027grpc.reflection.v1alpha\042\370"
    "\002\012\027ServerReflectionRequest\022\022\012\004host\030\001 \001(\011R\004host\022"
    "*\012\020file_by_filename\030\003 \001(\011H\000R\016fileByFilename\0226\012\026file"
    "_containing_symbol\030\004 \001(\011H\000R\024fileContainingSymbol\022g\012\031file_"
    "containing_extension\030\005 \001(\0132).grpc.reflection.v1alpha.ExtensionRequestH\000"
    "R\027fileContainingExtension\022B\012\035all_extension_numbers_of_type\030\006 \001("
    "\011H\000R\031allExtensionNumbersOfType\022%\012\015list_services\030\007 \001(\011H"
    "\000R\014listServicesB\021\012\017message_request\042f\012\020ExtensionRequest\022'\012"
    "\017containing_type\030\001 \001(\011R\016containingType\022)\012\020extension_numbe"
    "r\030\002 \001(\005R\017extensionNumber\042\307\004\012\030ServerReflectionResponse\022"
    "\035\012\012valid_host\030\001 \001(\011R\011validHost\022[\012\020original_request\030"
    "\002 \001(\01320.grpc.reflection.v1alpha.ServerReflectionRequestR\017originalRequest"
    "\022k\012\030file_descriptor_response\030\004 \001(\0132/.grpc.reflection.v1alpha.Fi"
    "leDescriptorResponseH\000R\026fileDescriptorResponse\022w\012\036all_extension_numbe"
    "rs_response\030\005 \001(\01320.grpc.reflection.v1alpha.ExtensionNumberResponseH\000"
    "R\033allExtensionNumbersResponse\022d\012\026list_services_response\030\006 \001(\013"
    "2,.grpc.reflection.v1alpha.ListServiceResponseH\000R\024listServicesResponse\022O\012"
    "\016error_response\030\007 \001(\0132&.grpc.reflection.v1alpha.ErrorResponseH\000R\015"
    "errorResponseB\022\012\020message_response\042L\012\026FileDescriptorResponse\0222\012"
    "\025file_descriptor_proto\030\001 \003(\014R\023fileDescriptorProto\042j\012\027Exte"
    "nsionNumberResponse\022$\012\016base_type_name\030\001 \001(\011R\014baseTypeName\022"
    ")\012\020extension_number\030\002 \003(\005R\017extensionNumber\042Y\012\023ListServ"
    "iceResponse\022B\012\007service\030\001 \003(\0132(.grpc.reflection.v1alpha.ServiceR"
    "esponseR\007service\042%\012\017ServiceResponse\022\022\012\004name\030\001 \001(\011"
    "R\004name\042S\012\015ErrorResponse\022\035\012\012error_code\030\001 \001(\005R\011"
    "errorCode\022#\012\015error_message\030\002 \001(\011R\014errorMessage2\223\001\012\020"
    "ServerReflection\022\177\012\024ServerReflectionInfo\0220.grpc.reflection.v1alpha.Se"
    "rverReflectionRequest\0321.grpc.reflection.v1alpha.ServerReflectionResponse(\0010\001"
    "Bp\012\032io.grpc.reflection.v1alphaB\025ServerReflectionProtoP\001Z9google.golang.o"
    "rg/grpc/reflection/grpc_reflection_v1alphab\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    NULL,
};

const struct rpc_file_desc grpc_reflection_v1alpha_reflection_proto_file = {
    .name = "grpc/reflection/v1alpha/reflection.proto",
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

/* ======== grpc.reflection.v1alpha.ServerReflection ======== */

const struct rpc_method_desc grpc_reflection_v1alpha_server_reflection_server_reflection_info_method = {
    .path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    .input = &grpc__reflection__v1alpha__server_reflection_request__descriptor,
    .output = &grpc__reflection__v1alpha__server_reflection_response__descriptor,
    .client_streaming = true,
    .server_streaming = true,
};

static const struct rpc_method_desc grpc_reflection_v1alpha_server_reflection_methods[] = {
    {
        .path = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        .input = &grpc__reflection__v1alpha__server_reflection_request__descriptor,
        .output = &grpc__reflection__v1alpha__server_reflection_response__descriptor,
        .client_streaming = true,
        .server_streaming = true,
    },
};

const struct rpc_service_desc grpc_reflection_v1alpha_server_reflection = {
    .name = "grpc.reflection.v1alpha.ServerReflection",
    .methods = grpc_reflection_v1alpha_server_reflection_methods,
    .n_methods = 1,
    .file = &grpc_reflection_v1alpha_reflection_proto_file,
};

int grpc_reflection_v1alpha_server_reflection_server_reflection_info(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_start(ch, &grpc_reflection_v1alpha_server_reflection_server_reflection_info_method, opts, ops, user, ret, err);
}

static void grpc_reflection_v1alpha_server_reflection_server_reflection_info_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct grpc_reflection_v1alpha_server_reflection_impl *impl = user;

    (void)request;
    impl->server_reflection_info(call, impl->user);
}

int grpc_reflection_v1alpha_server_reflection_register(struct rpc_server *s, const struct grpc_reflection_v1alpha_server_reflection_impl *impl,
    struct err *err)
{
    if (handle(s, &grpc_reflection_v1alpha_server_reflection_server_reflection_info_method, impl->server_reflection_info ? grpc_reflection_v1alpha_server_reflection_server_reflection_info_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
