/* Generated from google/protobuf/wrappers.proto by protoc-gen-rpc-c. Do not edit. */
#include "google/protobuf/wrappers.rpc.h"

static const uint8_t file_data[] =
    "\012\036google/protobuf/wrappers.proto\022\017google.protobuf\042#\012\013DoubleValu"
    "e\022\024\012\005value\030\001 \001(\001R\005value\042\042\012\012FloatValue\022\024"
    "\012\005value\030\001 \001(\002R\005value\042\042\012\012Int64Value\022\024\012\005v"
    "alue\030\001 \001(\003R\005value\042#\012\013UInt64Value\022\024\012\005value\030\001"
    " \001(\004R\005value\042\042\012\012Int32Value\022\024\012\005value\030\001 \001(\005"
    "R\005value\042#\012\013UInt32Value\022\024\012\005value\030\001 \001(\015R\005value\042"
    "!\012\011BoolValue\022\024\012\005value\030\001 \001(\010R\005value\042#\012\013Stri"
    "ngValue\022\024\012\005value\030\001 \001(\011R\005value\042\042\012\012BytesValue\022"
    "\024\012\005value\030\001 \001(\014R\005valueB\203\001\012\023com.google.protobufB\015"
    "WrappersProtoP\001Z1google.golang.org/protobuf/types/known/wrapperspb\370\001\001\242"
    "\002\003GPB\252\002\036Google.Protobuf.WellKnownTypesb\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    NULL,
};

const struct rpc_file_desc google_protobuf_wrappers_proto_file = {
    .name = "google/protobuf/wrappers.proto",
    .data = file_data,
    .n = sizeof(file_data) - 1, /* without the NUL of the literal */
    .deps = file_deps,
};
