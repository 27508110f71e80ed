/* Generated from imported.proto by protoc-gen-rpc-c. Do not edit. */
#include "imported.rpc.h"

static const uint8_t file_data[] =
    "\012\016imported.proto\022\010imported\042\025\012\005Total\022\014\012\001n\030\001"
    " \001(\004R\001nb\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    NULL,
};

const struct rpc_file_desc imported_proto_file = {
    .name = "imported.proto",
    .data = file_data,
    .n = sizeof(file_data) - 1, /* without the NUL of the literal */
    .deps = file_deps,
};
