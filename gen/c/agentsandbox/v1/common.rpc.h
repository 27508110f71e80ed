/* Generated from agentsandbox/v1/common.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "agentsandbox/v1/common.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc agentsandbox_v1_common_proto_file;

#ifdef __cplusplus
}
#endif
