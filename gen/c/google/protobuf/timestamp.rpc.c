/* Generated from google/protobuf/timestamp.proto by protoc-gen-rpc-c. Do not edit. */
#include "google/protobuf/timestamp.rpc.h"

static const uint8_t file_data[] =
    "\012\037google/protobuf/timestamp.proto\022\017google.protobuf\042;\012\011Timestamp"
    "\022\030\012\007seconds\030\001 \001(\003R\007seconds\022\024\012\005nanos\030\002 \001"
    "(\005R\005nanosB\205\001\012\023com.google.protobufB\016TimestampProtoP\001Z2google."
    "golang.org/protobuf/types/known/timestamppb\370\001\001\242\002\003GPB\252\002\036Go"
    "ogle.Protobuf.WellKnownTypesb\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    NULL,
};

const struct rpc_file_desc google_protobuf_timestamp_proto_file = {
    .name = "google/protobuf/timestamp.proto",
    .data = file_data,
    .n = sizeof(file_data) - 1, /* without the NUL of the literal */
    .deps = file_deps,
};
