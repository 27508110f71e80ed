/* Generated from google/protobuf/timestamp.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "google/protobuf/timestamp.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc google_protobuf_timestamp_proto_file;

#ifdef __cplusplus
}
#endif
