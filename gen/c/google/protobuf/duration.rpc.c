/* Generated from google/protobuf/duration.proto by protoc-gen-rpc-c. Do not edit. */
#include "google/protobuf/duration.rpc.h"

static const uint8_t file_data[] =
    "\012\036google/protobuf/duration.proto\022\017google.protobuf\042:\012\010Duration\022"
    "\030\012\007seconds\030\001 \001(\003R\007seconds\022\024\012\005nanos\030\002 \001("
    "\005R\005nanosB\203\001\012\023com.google.protobufB\015DurationProtoP\001Z1google.go"
    "lang.org/protobuf/types/known/durationpb\370\001\001\242\002\003GPB\252\002\036Googl"
    "e.Protobuf.WellKnownTypesb\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    NULL,
};

const struct rpc_file_desc google_protobuf_duration_proto_file = {
    .name = "google/protobuf/duration.proto",
    .data = file_data,
    .n = sizeof(file_data) - 1, /* without the NUL of the literal */
    .deps = file_deps,
};
