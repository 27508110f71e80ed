/* Generated from google/protobuf/any.proto by protoc-gen-rpc-c. Do not edit. */
#include "google/protobuf/any.rpc.h"

static const uint8_t file_data[] =
    "\012\031google/protobuf/any.proto\022\017google.protobuf\0426\012\003Any\022\031\012"
    "\010type_url\030\001 \001(\011R\007typeUrl\022\024\012\005value\030\002 \001(\014R\005"
    "valueBv\012\023com.google.protobufB\010AnyProtoP\001Z,google.golang.org/protobuf/typ"
    "es/known/anypb\242\002\003GPB\252\002\036Google.Protobuf.WellKnownTypesb\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    NULL,
};

const struct rpc_file_desc google_protobuf_any_proto_file = {
    .name = "google/protobuf/any.proto",
    .data = file_data,
    .n = sizeof(file_data) - 1, /* without the NUL of the literal */
    .deps = file_deps,
};
