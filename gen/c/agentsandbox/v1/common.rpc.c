/* Generated from agentsandbox/v1/common.proto by protoc-gen-rpc-c. Do not edit. */
#include "agentsandbox/v1/common.rpc.h"
#include "google/protobuf/timestamp.rpc.h"

static const uint8_t file_data[] =
    "\012\034agentsandbox/v1/common.proto\022\017agentsandbox.v1\032\037google/protobuf/t"
    "imestamp.proto\042\216\002\012\005Cause\022.\012\004kind\030\001 \001(\0162\032.agen"
    "tsandbox.v1.CauseKindR\004kind\022\033\012\011exit_code\030\002 \001(\005R\010exitCo"
    "de\022\026\012\006signal\030\003 \001(\005R\006signal\022\037\012\013limit_bytes\030"
    "\004 \001(\004R\012limitBytes\022\035\012\012peak_bytes\030\005 \001(\004R\011peakBy"
    "tes\022\026\012\006reason\030\006 \001(\011R\006reason\022\030\012\007message\030\007"
    " \001(\011R\007message\022.\012\004time\030\010 \001(\0132\032.google.protobuf.Times"
    "tampR\004time\042\320\001\012\015ResourceUsage\022\036\012\013user_cpu_ns\030\001 \001"
    "(\004R\011userCpuNs\022\042\012\015system_cpu_ns\030\002 \001(\004R\013systemCpuNs\022"
    "\042\012\015max_rss_bytes\030\003 \001(\004R\013maxRssBytes\022\035\012\012read_byte"
    "s\030\004 \001(\004R\011readBytes\022\037\012\013write_bytes\030\005 \001(\004R\012w"
    "riteBytes\022\027\012\007wall_ns\030\006 \001(\004R\006wallNs\042i\012\012SandboxRef"
    "\022\034\012\011namespace\030\001 \001(\011R\011namespace\022\022\012\004name\030\002"
    " \001(\011R\004name\022\020\012\003uid\030\003 \001(\011R\003uid\022\027\012\007pod_"
    "ips\030\004 \003(\011R\006podIps*\254\002\012\011CauseKind\022\032\012\026CAUSE_KIND"
    "_UNSPECIFIED\020\000\022\025\012\021CAUSE_KIND_EXITED\020\001\022\030\012\024CAUSE_K"
    "IND_SIGNALLED\020\002\022\034\012\030CAUSE_KIND_OUT_OF_MEMORY\020\003\022\030\012\024"
    "CAUSE_KIND_TIMED_OUT\020\004\022\025\012\021CAUSE_KIND_KILLED\020\005\022\026\012\022"
    "CAUSE_KIND_EXPIRED\020\006\022\034\012\030CAUSE_KIND_SANDBOX_ENDED\020\007\022\023\012"
    "\017CAUSE_KIND_LOST\020\010\022\033\012\027CAUSE_KIND_START_FAILED\020\011\022\033\012"
    "\027CAUSE_KIND_PROBE_FAILED\020\012B\214\001\012\023dev.agentsandbox.v1P\001Z6agents"
    "andbox.dev/gen/go/agentsandbox/v1;agentsandboxv1\242\002\003ASB\252\002\017AgentSand"
    "box.V1\312\002\017AgentSandbox\134V1\352\002\020AgentSandbox::V1b\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    &google_protobuf_timestamp_proto_file,
    NULL,
};

const struct rpc_file_desc agentsandbox_v1_common_proto_file = {
    .name = "agentsandbox/v1/common.proto",
    .data = file_data,
    .n = sizeof(file_data) - 1, /* without the NUL of the literal */
    .deps = file_deps,
};
