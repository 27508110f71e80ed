/* Generated from google/protobuf/any.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "google/protobuf/any.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc google_protobuf_any_proto_file;

#ifdef __cplusplus
}
#endif
