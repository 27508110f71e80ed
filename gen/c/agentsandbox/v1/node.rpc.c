/* Generated from agentsandbox/v1/node.proto by protoc-gen-rpc-c. Do not edit. */
#include "agentsandbox/v1/node.rpc.h"
#include "agentsandbox/v1/common.rpc.h"
#include "google/protobuf/duration.rpc.h"
#include "google/protobuf/timestamp.rpc.h"

static const uint8_t file_data[] =
    "\012\032agentsandbox/v1/node.proto\022\017agentsandbox.v1\032\034agentsandbox/v1/com"
    "mon.proto\032\036google/protobuf/duration.proto\032\037google/protobuf/timestamp.pro"
    "to\042\020\012\016GetNodeRequest\042l\012\014RuntimeClass\022\022\012\004name\030\001"
    " \001(\011R\004name\022\034\012\011available\030\002 \001(\010R\011available\022\026"
    "\012\006detail\030\003 \001(\011R\006detail\022\022\012\004path\030\004 \001(\011R\004"
    "path\042\307\001\012\017GetNodeResponse\022\033\012\011node_name\030\001 \001(\011R\010"
    "nodeName\022\030\012\007version\030\002 \001(\011R\007version\022F\012\017runtime_cl"
    "asses\030\003 \003(\0132\035.agentsandbox.v1.RuntimeClassR\016runtimeClasses\022!\012"
    "\014memory_bytes\030\004 \001(\004R\013memoryBytes\022\022\012\004cpus\030\005 \001("
    "\015R\004cpus\042\036\012\010ImageRef\022\022\012\004name\030\001 \001(\011R\004name"
    "\042\215\003\012\005Probe\022:\012\010http_get\030\001 \001(\0132\035.agentsandbox.v"
    "1.HttpGetProbeH\000R\007httpGet\022\033\012\010tcp_port\030\002 \001(\015H\000R\007t"
    "cpPort\0220\012\004exec\030\003 \001(\0132\032.agentsandbox.v1.ExecProbeH\000R\004ex"
    "ec\0220\012\004grpc\030\004 \001(\0132\032.agentsandbox.v1.GrpcProbeH\000R\004grpc\022"
    "(\012\020initial_delay_ms\030\005 \001(\015R\016initialDelayMs\022\033\012\011period"
    "_ms\030\006 \001(\015R\010periodMs\022\035\012\012timeout_ms\030\007 \001(\015R\011t"
    "imeoutMs\022+\012\021success_threshold\030\010 \001(\015R\020successThreshold\022+\012"
    "\021failure_threshold\030\011 \001(\015R\020failureThresholdB\007\012\005check\0426\012"
    "\012HttpHeader\022\022\012\004name\030\001 \001(\011R\004name\022\024\012\005value\030"
    "\002 \001(\011R\005value\042\227\001\012\014HttpGetProbe\022\022\012\004path\030\001"
    " \001(\011R\004path\022\022\012\004port\030\002 \001(\015R\004port\0225\012\007heade"
    "rs\030\003 \003(\0132\033.agentsandbox.v1.HttpHeaderR\007headers\022\022\012\004host"
    "\030\004 \001(\011R\004host\022\024\012\005https\030\005 \001(\010R\005https\042\037"
    "\012\011ExecProbe\022\022\012\004argv\030\001 \003(\011R\004argv\0429\012\011GrpcPro"
    "be\022\022\012\004port\030\001 \001(\015R\004port\022\030\012\007service\030\002 \001"
    "(\011R\007service\0428\012\014ContainerEnv\022\022\012\004name\030\001 \001(\011R\004"
    "name\022\024\012\005value\030\002 \001(\011R\005value\042\274\001\012\015EmptyDirMou"
    "nt\022\022\012\004name\030\001 \001(\011R\004name\022\035\012\012mount_path\030\002 "
    "\001(\011R\011mountPath\022(\012\020size_limit_bytes\030\003 \001(\004R\016sizeLimit"
    "Bytes\022\026\012\006memory\030\004 \001(\010R\006memory\022\033\012\011read_only\030"
    "\005 \001(\010R\010readOnly\022\031\012\010sub_path\030\006 \001(\011R\007subPath\042"
    "\323\006\012\011Container\022\022\012\004name\030\001 \001(\011R\004name\022\024\012"
    "\005image\030\002 \001(\011R\005image\022\030\012\007command\030\003 \003(\011R\007c"
    "ommand\022\022\012\004args\030\004 \003(\011R\004args\022/\012\003env\030\005 \003(\013"
    "2\035.agentsandbox.v1.ContainerEnvR\003env\022\037\012\013working_dir\030\006 \001(\011"
    "R\012workingDir\022(\012\020cpu_limit_millis\030\007 \001(\004R\016cpuLimitMillis\022"
    ",\012\022memory_limit_bytes\030\010 \001(\004R\020memoryLimitBytes\022A\012\035ephem"
    "eral_storage_limit_bytes\030\011 \001(\004R\032ephemeralStorageLimitBytes\022,\012\022"
    "cpu_request_millis\030\012 \001(\004R\020cpuRequestMillis\0220\012\024memory_request"
    "_bytes\030\013 \001(\004R\022memoryRequestBytes\022\035\012\012pids_limit\030\014 \001"
    "(\015R\011pidsLimit\022\077\012\017readiness_probe\030\015 \001(\0132\026.agentsandb"
    "ox.v1.ProbeR\016readinessProbe\022=\012\016liveness_probe\030\016 \001(\0132\026.age"
    "ntsandbox.v1.ProbeR\015livenessProbe\022;\012\015startup_probe\030\017 \001(\0132\026"
    ".agentsandbox.v1.ProbeR\014startupProbe\022\036\012\013run_as_user\030\020 \001(\003"
    "R\011runAsUser\022 \012\014run_as_group\030\021 \001(\003R\012runAsGroup\022$\012\016"
    "read_only_root\030\022 \001(\010R\014readOnlyRoot\0226\012\006mounts\030\023 \003(\013"
    "2\036.agentsandbox.v1.EmptyDirMountR\006mounts\022%\012\017run_as_non_root\030\024 \001"
    "(\010R\014runAsNonRoot\042\252\003\012\024CreateSandboxRequest\022\037\012\013instan"
    "ce_id\030\001 \001(\011R\012instanceId\0225\012\007sandbox\030\002 \001(\0132\033.ag"
    "entsandbox.v1.SandboxRefR\007sandbox\022\031\012\010pod_name\030\003 \001(\011R\007p"
    "odName\022\032\012\010hostname\030\004 \001(\011R\010hostname\022#\012\015runtime_cl"
    "ass\030\005 \001(\011R\014runtimeClass\0228\012\011container\030\006 \001(\0132\032."
    "agentsandbox.v1.ContainerR\011container\022E\012\016restart_policy\030\007 \001(\016"
    "2\036.agentsandbox.v1.RestartPolicyR\015restartPolicy\022F\012\021termination_grace\030"
    "\010 \001(\0132\031.google.protobuf.DurationR\020terminationGrace\022\025\012\006pod"
    "_ip\030\011 \001(\011R\005podIp\042N\012\025CreateSandboxResponse\0225\012\010instan"
    "ce\030\001 \001(\0132\031.agentsandbox.v1.InstanceR\010instance\042\207\001\012\013P"
    "robeResult\022\024\012\005probe\030\001 \001(\011R\005probe\022\030\012\007success\030"
    "\002 \001(\010R\007success\022\030\012\007message\030\003 \001(\011R\007message\022."
    "\012\004time\030\004 \001(\0132\032.google.protobuf.TimestampR\004time\042\235\004\012"
    "\010Instance\022\037\012\013instance_id\030\001 \001(\011R\012instanceId\0225\012\007"
    "sandbox\030\002 \001(\0132\033.agentsandbox.v1.SandboxRefR\007sandbox\0224\012\005st"
    "ate\030\003 \001(\0162\036.agentsandbox.v1.InstanceStateR\005state\022\024\012\005re"
    "ady\030\004 \001(\010R\005ready\022'\012\017agent_connected\030\005 \001(\010R\016ag"
    "entConnected\022#\012\015restart_count\030\006 \001(\015R\014restartCount\022,\012\005"
    "cause\030\007 \001(\0132\026.agentsandbox.v1.CauseR\005cause\022;\012\012last_probe\030"
    "\010 \001(\0132\034.agentsandbox.v1.ProbeResultR\011lastProbe\0229\012\012start_time"
    "\030\011 \001(\0132\032.google.protobuf.TimestampR\011startTime\0229\012\012ready_ti"
    "me\030\012 \001(\0132\032.google.protobuf.TimestampR\011readyTime\022#\012\015runtim"
    "e_class\030\013 \001(\011R\014runtimeClass\022\031\012\010image_id\030\014 \001(\011"
    "R\007imageId\042h\012\024DeleteSandboxRequest\022\037\012\013instance_id\030\001 \001"
    "(\011R\012instanceId\022/\012\005grace\030\002 \001(\0132\031.google.protobuf.Durati"
    "onR\005grace\042N\012\025DeleteSandboxResponse\0225\012\010instance\030\001 \001(\013"
    "2\031.agentsandbox.v1.InstanceR\010instance\042\026\012\024ListSandboxesRequest\042P"
    "\012\025ListSandboxesResponse\0227\012\011instances\030\001 \003(\0132\031.agentsand"
    "box.v1.InstanceR\011instances\042\027\012\025WatchSandboxesRequest\042g\012\026Watch"
    "SandboxesResponse\0225\012\010instance\030\001 \001(\0132\031.agentsandbox.v1.Instan"
    "ceR\010instance\022\026\012\006synced\030\002 \001(\010R\006synced\042@\012\022Impor"
    "tImageRequest\022\026\012\006source\030\001 \001(\011R\006source\022\022\012\004name"
    "\030\002 \001(\011R\004name\042\217\001\012\005Image\022\022\012\004name\030\001 \001"
    "(\011R\004name\022\026\012\006digest\030\002 \001(\011R\006digest\022\035\012\012siz"
    "e_bytes\030\003 \001(\004R\011sizeBytes\022;\012\013import_time\030\004 \001(\0132\032"
    ".google.protobuf.TimestampR\012importTime\042C\012\023ImportImageResponse\022,\012\005"
    "image\030\001 \001(\0132\026.agentsandbox.v1.ImageR\005image\042\023\012\021ListImag"
    "esRequest\042D\012\022ListImagesResponse\022.\012\006images\030\001 \003(\0132\026.a"
    "gentsandbox.v1.ImageR\006images\042(\012\022RemoveImageRequest\022\022\012\004name\030"
    "\001 \001(\011R\004name\042\025\012\023RemoveImageResponse\042\021\012\017GetAgentRe"
    "quest\042\267\001\012\020GetAgentResponse\022\030\012\007version\030\001 \001(\011R\007"
    "version\022'\012\017command_running\030\002 \001(\010R\016commandRunning\022;\012\015"
    "command_cause\030\003 \001(\0132\026.agentsandbox.v1.CauseR\014commandCause\022#\012"
    "\015execs_running\030\004 \001(\015R\014execsRunning\042\077\012\017RunProbeRequest\022"
    ",\012\005probe\030\001 \001(\0132\026.agentsandbox.v1.ProbeR\005probe\042F\012\020Ru"
    "nProbeResponse\022\030\012\007success\030\001 \001(\010R\007success\022\030\012\007m"
    "essage\030\002 \001(\011R\007message\042>\012\013StopRequest\022/\012\005grace\030\001"
    " \001(\0132\031.google.protobuf.DurationR\005grace\042\016\012\014StopResponse*\203\001"
    "\012\015RestartPolicy\022\036\012\032RESTART_POLICY_UNSPECIFIED\020\000\022\031\012\025"
    "RESTART_POLICY_ALWAYS\020\001\022\035\012\031RESTART_POLICY_ON_FAILURE\020\002\022\030"
    "\012\024RESTART_POLICY_NEVER\020\003*\273\001\012\015InstanceState\022\036\012\032IN"
    "STANCE_STATE_UNSPECIFIED\020\000\022\033\012\027INSTANCE_STATE_CREATING\020\001\022\032"
    "\012\026INSTANCE_STATE_RUNNING\020\002\022\030\012\024INSTANCE_STATE_ENDED\020\003\022"
    "\033\012\027INSTANCE_STATE_DELETING\020\004\022\032\012\026INSTANCE_STATE_DELETED\020"
    "\0052\353\005\012\013NodeService\022L\012\007GetNode\022\037.agentsandbox.v1.GetNode"
    "Request\032 .agentsandbox.v1.GetNodeResponse\022^\012\015CreateSandbox\022%.agentsan"
    "dbox.v1.CreateSandboxRequest\032&.agentsandbox.v1.CreateSandboxResponse\022^\012\015"
    "DeleteSandbox\022%.agentsandbox.v1.DeleteSandboxRequest\032&.agentsandbox.v1.DeleteS"
    "andboxResponse\022^\012\015ListSandboxes\022%.agentsandbox.v1.ListSandboxesRequest\032"
    "&.agentsandbox.v1.ListSandboxesResponse\022c\012\016WatchSandboxes\022&.agentsandbox"
    ".v1.WatchSandboxesRequest\032'.agentsandbox.v1.WatchSandboxesResponse0\001\022X\012\013"
    "ImportImage\022#.agentsandbox.v1.ImportImageRequest\032$.agentsandbox.v1.ImportImage"
    "Response\022U\012\012ListImages\022\042.agentsandbox.v1.ListImagesRequest\032#.agent"
    "sandbox.v1.ListImagesResponse\022X\012\013RemoveImage\022#.agentsandbox.v1.RemoveIma"
    "geRequest\032$.agentsandbox.v1.RemoveImageResponse2\365\001\012\014AgentService\022O"
    "\012\010GetAgent\022 .agentsandbox.v1.GetAgentRequest\032!.agentsandbox.v1.GetAgentR"
    "esponse\022O\012\010RunProbe\022 .agentsandbox.v1.RunProbeRequest\032!.agentsandbox."
    "v1.RunProbeResponse\022C\012\004Stop\022\034.agentsandbox.v1.StopRequest\032\035.age"
    "ntsandbox.v1.StopResponseB\214\001\012\023dev.agentsandbox.v1P\001Z6agentsandbox.dev"
    "/gen/go/agentsandbox/v1;agentsandboxv1\242\002\003ASB\252\002\017AgentSandbox.V1\312"
    "\002\017AgentSandbox\134V1\352\002\020AgentSandbox::V1b\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    &agentsandbox_v1_common_proto_file,
    &google_protobuf_duration_proto_file,
    &google_protobuf_timestamp_proto_file,
    NULL,
};

const struct rpc_file_desc agentsandbox_v1_node_proto_file = {
    .name = "agentsandbox/v1/node.proto",
    .data = file_data,
    .n = sizeof(file_data) - 1, /* without the NUL of the literal */
    .deps = file_deps,
};

static void handle_unimplemented(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_UNIMPLEMENTED, "this server does not implement the method");
}

/* A method without handler is taken too: a proxy behind must not get it. */
static int handle(struct rpc_server *s, const struct rpc_method_desc *m,
    rpc_msg_handler handler, const void *impl, struct err *err)
{
    if (!handler)
        return rpc_server_handle(s, m->path, handle_unimplemented, NULL, err);
    return rpc_server_handle_method(s, m, handler, (void *)impl, err);
}

static int start_with_request(struct rpc_channel *ch, const struct rpc_method_desc *m,
    const struct rpc_call_opts *opts, const ProtobufCMessage *request,
    const struct rpc_msg_ops *ops, void *user, struct rpc_call **ret, struct err *err)
{
    struct rpc_call *call;

    if (rpc_start(ch, m, opts, ops, user, &call, err) < 0)
        return -1;
    if (rpc_send(call, request, err) < 0) {
        rpc_call_abandon(call);
        return -1;
    }
    rpc_call_send_end(call);
    if (ret)
        *ret = call;
    return 0;
}

/* ======== agentsandbox.v1.NodeService ======== */

const struct rpc_method_desc agentsandbox_v1_node_service_get_node_method = {
    .path = "/agentsandbox.v1.NodeService/GetNode",
    .input = &agentsandbox__v1__get_node_request__descriptor,
    .output = &agentsandbox__v1__get_node_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_node_service_create_sandbox_method = {
    .path = "/agentsandbox.v1.NodeService/CreateSandbox",
    .input = &agentsandbox__v1__create_sandbox_request__descriptor,
    .output = &agentsandbox__v1__create_sandbox_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_node_service_delete_sandbox_method = {
    .path = "/agentsandbox.v1.NodeService/DeleteSandbox",
    .input = &agentsandbox__v1__delete_sandbox_request__descriptor,
    .output = &agentsandbox__v1__delete_sandbox_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_node_service_list_sandboxes_method = {
    .path = "/agentsandbox.v1.NodeService/ListSandboxes",
    .input = &agentsandbox__v1__list_sandboxes_request__descriptor,
    .output = &agentsandbox__v1__list_sandboxes_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_node_service_watch_sandboxes_method = {
    .path = "/agentsandbox.v1.NodeService/WatchSandboxes",
    .input = &agentsandbox__v1__watch_sandboxes_request__descriptor,
    .output = &agentsandbox__v1__watch_sandboxes_response__descriptor,
    .client_streaming = false,
    .server_streaming = true,
};

const struct rpc_method_desc agentsandbox_v1_node_service_import_image_method = {
    .path = "/agentsandbox.v1.NodeService/ImportImage",
    .input = &agentsandbox__v1__import_image_request__descriptor,
    .output = &agentsandbox__v1__import_image_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_node_service_list_images_method = {
    .path = "/agentsandbox.v1.NodeService/ListImages",
    .input = &agentsandbox__v1__list_images_request__descriptor,
    .output = &agentsandbox__v1__list_images_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_node_service_remove_image_method = {
    .path = "/agentsandbox.v1.NodeService/RemoveImage",
    .input = &agentsandbox__v1__remove_image_request__descriptor,
    .output = &agentsandbox__v1__remove_image_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

static const struct rpc_method_desc agentsandbox_v1_node_service_methods[] = {
    {
        .path = "/agentsandbox.v1.NodeService/GetNode",
        .input = &agentsandbox__v1__get_node_request__descriptor,
        .output = &agentsandbox__v1__get_node_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.NodeService/CreateSandbox",
        .input = &agentsandbox__v1__create_sandbox_request__descriptor,
        .output = &agentsandbox__v1__create_sandbox_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.NodeService/DeleteSandbox",
        .input = &agentsandbox__v1__delete_sandbox_request__descriptor,
        .output = &agentsandbox__v1__delete_sandbox_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.NodeService/ListSandboxes",
        .input = &agentsandbox__v1__list_sandboxes_request__descriptor,
        .output = &agentsandbox__v1__list_sandboxes_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.NodeService/WatchSandboxes",
        .input = &agentsandbox__v1__watch_sandboxes_request__descriptor,
        .output = &agentsandbox__v1__watch_sandboxes_response__descriptor,
        .client_streaming = false,
        .server_streaming = true,
    },
    {
        .path = "/agentsandbox.v1.NodeService/ImportImage",
        .input = &agentsandbox__v1__import_image_request__descriptor,
        .output = &agentsandbox__v1__import_image_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.NodeService/ListImages",
        .input = &agentsandbox__v1__list_images_request__descriptor,
        .output = &agentsandbox__v1__list_images_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.NodeService/RemoveImage",
        .input = &agentsandbox__v1__remove_image_request__descriptor,
        .output = &agentsandbox__v1__remove_image_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
};

const struct rpc_service_desc agentsandbox_v1_node_service = {
    .name = "agentsandbox.v1.NodeService",
    .methods = agentsandbox_v1_node_service_methods,
    .n_methods = 8,
    .file = &agentsandbox_v1_node_proto_file,
};

int agentsandbox_v1_node_service_get_node(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__GetNodeRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_node_service_get_node_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_node_service_create_sandbox(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__CreateSandboxRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_node_service_create_sandbox_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_node_service_delete_sandbox(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__DeleteSandboxRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_node_service_delete_sandbox_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_node_service_list_sandboxes(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListSandboxesRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_node_service_list_sandboxes_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_node_service_watch_sandboxes(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WatchSandboxesRequest *request, const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return start_with_request(ch, &agentsandbox_v1_node_service_watch_sandboxes_method, opts, &request->base, ops, user, ret,
        err);
}

int agentsandbox_v1_node_service_import_image(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ImportImageRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_node_service_import_image_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_node_service_list_images(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListImagesRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_node_service_list_images_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_node_service_remove_image(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RemoveImageRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_node_service_remove_image_method, opts, &request->base, fn, user, ret, err);
}

static void agentsandbox_v1_node_service_get_node_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_node_service_impl *impl = user;

    impl->get_node(call, (const Agentsandbox__V1__GetNodeRequest *)request, impl->user);
}

static void agentsandbox_v1_node_service_create_sandbox_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_node_service_impl *impl = user;

    impl->create_sandbox(call, (const Agentsandbox__V1__CreateSandboxRequest *)request, impl->user);
}

static void agentsandbox_v1_node_service_delete_sandbox_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_node_service_impl *impl = user;

    impl->delete_sandbox(call, (const Agentsandbox__V1__DeleteSandboxRequest *)request, impl->user);
}

static void agentsandbox_v1_node_service_list_sandboxes_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_node_service_impl *impl = user;

    impl->list_sandboxes(call, (const Agentsandbox__V1__ListSandboxesRequest *)request, impl->user);
}

static void agentsandbox_v1_node_service_watch_sandboxes_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_node_service_impl *impl = user;

    impl->watch_sandboxes(call, (const Agentsandbox__V1__WatchSandboxesRequest *)request, impl->user);
}

static void agentsandbox_v1_node_service_import_image_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_node_service_impl *impl = user;

    impl->import_image(call, (const Agentsandbox__V1__ImportImageRequest *)request, impl->user);
}

static void agentsandbox_v1_node_service_list_images_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_node_service_impl *impl = user;

    impl->list_images(call, (const Agentsandbox__V1__ListImagesRequest *)request, impl->user);
}

static void agentsandbox_v1_node_service_remove_image_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_node_service_impl *impl = user;

    impl->remove_image(call, (const Agentsandbox__V1__RemoveImageRequest *)request, impl->user);
}

int agentsandbox_v1_node_service_register(struct rpc_server *s, const struct agentsandbox_v1_node_service_impl *impl,
    struct err *err)
{
    if (handle(s, &agentsandbox_v1_node_service_get_node_method, impl->get_node ? agentsandbox_v1_node_service_get_node_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_node_service_create_sandbox_method, impl->create_sandbox ? agentsandbox_v1_node_service_create_sandbox_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_node_service_delete_sandbox_method, impl->delete_sandbox ? agentsandbox_v1_node_service_delete_sandbox_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_node_service_list_sandboxes_method, impl->list_sandboxes ? agentsandbox_v1_node_service_list_sandboxes_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_node_service_watch_sandboxes_method, impl->watch_sandboxes ? agentsandbox_v1_node_service_watch_sandboxes_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_node_service_import_image_method, impl->import_image ? agentsandbox_v1_node_service_import_image_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_node_service_list_images_method, impl->list_images ? agentsandbox_v1_node_service_list_images_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_node_service_remove_image_method, impl->remove_image ? agentsandbox_v1_node_service_remove_image_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}

/* ======== agentsandbox.v1.AgentService ======== */

const struct rpc_method_desc agentsandbox_v1_agent_service_get_agent_method = {
    .path = "/agentsandbox.v1.AgentService/GetAgent",
    .input = &agentsandbox__v1__get_agent_request__descriptor,
    .output = &agentsandbox__v1__get_agent_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_agent_service_run_probe_method = {
    .path = "/agentsandbox.v1.AgentService/RunProbe",
    .input = &agentsandbox__v1__run_probe_request__descriptor,
    .output = &agentsandbox__v1__run_probe_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_agent_service_stop_method = {
    .path = "/agentsandbox.v1.AgentService/Stop",
    .input = &agentsandbox__v1__stop_request__descriptor,
    .output = &agentsandbox__v1__stop_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

static const struct rpc_method_desc agentsandbox_v1_agent_service_methods[] = {
    {
        .path = "/agentsandbox.v1.AgentService/GetAgent",
        .input = &agentsandbox__v1__get_agent_request__descriptor,
        .output = &agentsandbox__v1__get_agent_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.AgentService/RunProbe",
        .input = &agentsandbox__v1__run_probe_request__descriptor,
        .output = &agentsandbox__v1__run_probe_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.AgentService/Stop",
        .input = &agentsandbox__v1__stop_request__descriptor,
        .output = &agentsandbox__v1__stop_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
};

const struct rpc_service_desc agentsandbox_v1_agent_service = {
    .name = "agentsandbox.v1.AgentService",
    .methods = agentsandbox_v1_agent_service_methods,
    .n_methods = 3,
    .file = &agentsandbox_v1_node_proto_file,
};

int agentsandbox_v1_agent_service_get_agent(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__GetAgentRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_agent_service_get_agent_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_agent_service_run_probe(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RunProbeRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_agent_service_run_probe_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_agent_service_stop(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__StopRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_agent_service_stop_method, opts, &request->base, fn, user, ret, err);
}

static void agentsandbox_v1_agent_service_get_agent_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_agent_service_impl *impl = user;

    impl->get_agent(call, (const Agentsandbox__V1__GetAgentRequest *)request, impl->user);
}

static void agentsandbox_v1_agent_service_run_probe_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_agent_service_impl *impl = user;

    impl->run_probe(call, (const Agentsandbox__V1__RunProbeRequest *)request, impl->user);
}

static void agentsandbox_v1_agent_service_stop_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_agent_service_impl *impl = user;

    impl->stop(call, (const Agentsandbox__V1__StopRequest *)request, impl->user);
}

int agentsandbox_v1_agent_service_register(struct rpc_server *s, const struct agentsandbox_v1_agent_service_impl *impl,
    struct err *err)
{
    if (handle(s, &agentsandbox_v1_agent_service_get_agent_method, impl->get_agent ? agentsandbox_v1_agent_service_get_agent_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_agent_service_run_probe_method, impl->run_probe ? agentsandbox_v1_agent_service_run_probe_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_agent_service_stop_method, impl->stop ? agentsandbox_v1_agent_service_stop_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
