/* Generated from imported.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "imported.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc imported_proto_file;

#ifdef __cplusplus
}
#endif
