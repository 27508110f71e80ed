/* Generated from agentsandbox/v1/exec.proto by protoc-gen-rpc-c. Do not edit. */
#include "agentsandbox/v1/exec.rpc.h"
#include "agentsandbox/v1/common.rpc.h"
#include "google/protobuf/duration.rpc.h"
#include "google/protobuf/timestamp.rpc.h"

static const uint8_t file_data[] =
    "\012\032agentsandbox/v1/exec.proto\022\017agentsandbox.v1\032\034agentsandbox/v1/com"
    "mon.proto\032\036google/protobuf/duration.proto\032\037google/protobuf/timestamp.pro"
    "to\042<\012\014TerminalSize\022\030\012\007columns\030\001 \001(\015R\007columns\022"
    "\022\012\004rows\030\002 \001(\015R\004rows\042\375\002\012\007Command\022\022\012\004"
    "argv\030\001 \003(\011R\004argv\022\024\012\005shell\030\002 \001(\011R\005shell\022"
    "3\012\003env\030\003 \003(\0132!.agentsandbox.v1.Command.EnvEntryR\003env\022\020\012"
    "\003cwd\030\004 \001(\011R\003cwd\0223\012\007timeout\030\005 \001(\0132\031.google."
    "protobuf.DurationR\007timeout\022/\012\005grace\030\006 \001(\0132\031.google.protob"
    "uf.DurationR\005grace\0229\012\010terminal\030\007 \001(\0132\035.agentsandbox.v1.Te"
    "rminalSizeR\010terminal\022\024\012\005stdin\030\010 \001(\010R\005stdin\022\022\012"
    "\004user\030\011 \001(\011R\004user\0326\012\010EnvEntry\022\020\012\003key\030\001 "
    "\001(\011R\003key\022\024\012\005value\030\002 \001(\011R\005value:\0028\001\042\214"
    "\006\012\012ExecRecord\022\027\012\007exec_id\030\001 \001(\011R\006execId\022\035\012"
    "\012request_id\030\002 \001(\011R\011requestId\0222\012\007command\030\003 \001(\013"
    "2\030.agentsandbox.v1.CommandR\007command\0220\012\005state\030\004 \001(\0162\032.a"
    "gentsandbox.v1.ExecStateR\005state\022\020\012\003pid\030\005 \001(\005R\003pid\022,"
    "\012\005cause\030\006 \001(\0132\026.agentsandbox.v1.CauseR\005cause\0224\012\005usa"
    "ge\030\007 \001(\0132\036.agentsandbox.v1.ResourceUsageR\005usage\0229\012\012start_"
    "time\030\010 \001(\0132\032.google.protobuf.TimestampR\011startTime\0225\012\010end_"
    "time\030\011 \001(\0132\032.google.protobuf.TimestampR\007endTime\022\035\012\012std"
    "out_end\030\012 \001(\004R\011stdoutEnd\022!\012\014stdout_begin\030\013 \001(\004R\013"
    "stdoutBegin\022\035\012\012stderr_end\030\014 \001(\004R\011stderrEnd\022!\012\014st"
    "derr_begin\030\015 \001(\004R\013stderrBegin\022!\012\014stdin_offset\030\016 \001(\004"
    "R\013stdinOffset\022\030\012\007readers\030\017 \001(\015R\007readers\022;\012\015sa"
    "ndbox_cause\030\020 \001(\0132\026.agentsandbox.v1.CauseR\014sandboxCause\022\077\012"
    "\006labels\030\021 \003(\0132'.agentsandbox.v1.ExecRecord.LabelsEntryR\006labels\032"
    "9\012\013LabelsEntry\022\020\012\003key\030\001 \001(\011R\003key\022\024\012\005val"
    "ue\030\002 \001(\011R\005value:\0028\001\042\200\001\012\012RunRequest\0222\012\007c"
    "ommand\030\001 \001(\0132\030.agentsandbox.v1.CommandR\007command\022\024\012\005std"
    "in\030\002 \001(\014R\005stdin\022(\012\020max_output_bytes\030\003 \001(\015R\016ma"
    "xOutputBytes\042\274\001\012\013RunResponse\022/\012\004exec\030\001 \001(\0132\033."
    "agentsandbox.v1.ExecRecordR\004exec\022\026\012\006stdout\030\002 \001(\014R\006stdo"
    "ut\022\026\012\006stderr\030\003 \001(\014R\006stderr\022%\012\016stdout_dropped\030"
    "\004 \001(\004R\015stdoutDropped\022%\012\016stderr_dropped\030\005 \001(\004R\015st"
    "derrDropped\042\250\003\012\014StartRequest\0222\012\007command\030\001 \001(\0132\030"
    ".agentsandbox.v1.CommandR\007command\022\035\012\012request_id\030\002 \001(\011R\011"
    "requestId\0225\012\010overflow\030\003 \001(\0162\031.agentsandbox.v1.OverflowR\010o"
    "verflow\022B\012\015on_disconnect\030\004 \001(\0162\035.agentsandbox.v1.OnDisconnec"
    "tR\014onDisconnect\022-\012\004keep\030\005 \001(\0132\031.google.protobuf.DurationR"
    "\004keep\022\035\012\012ring_bytes\030\006 \001(\015R\011ringBytes\022A\012\006label"
    "s\030\007 \003(\0132).agentsandbox.v1.StartRequest.LabelsEntryR\006labels\0329\012\013"
    "LabelsEntry\022\020\012\003key\030\001 \001(\011R\003key\022\024\012\005value\030\002"
    " \001(\011R\005value:\0028\001\042Z\012\015StartResponse\022/\012\004exec\030\001 \001"
    "(\0132\033.agentsandbox.v1.ExecRecordR\004exec\022\030\012\007existed\030\002 \001(\010"
    "R\007existed\042\200\001\012\020ListExecsRequest\0220\012\005state\030\001 \001(\016"
    "2\032.agentsandbox.v1.ExecStateR\005state\022\033\012\011page_size\030\002 \001(\005"
    "R\010pageSize\022\035\012\012page_token\030\003 \001(\011R\011pageToken\042n\012\021"
    "ListExecsResponse\0221\012\005execs\030\001 \003(\0132\033.agentsandbox.v1.ExecRecor"
    "dR\005execs\022&\012\017next_page_token\030\002 \001(\011R\015nextPageToken\042)\012"
    "\016GetExecRequest\022\027\012\007exec_id\030\001 \001(\011R\006execId\042B\012\017G"
    "etExecResponse\022/\012\004exec\030\001 \001(\0132\033.agentsandbox.v1.ExecRecordR\004"
    "exec\042&\012\013WaitRequest\022\027\012\007exec_id\030\001 \001(\011R\006execId\042"
    "\077\012\014WaitResponse\022/\012\004exec\030\001 \001(\0132\033.agentsandbox.v1.Exe"
    "cRecordR\004exec\042@\012\015SignalRequest\022\027\012\007exec_id\030\001 \001(\011R"
    "\006execId\022\026\012\006signal\030\002 \001(\005R\006signal\042\020\012\016SignalR"
    "esponse\042[\012\015ResizeRequest\022\027\012\007exec_id\030\001 \001(\011R\006execI"
    "d\0221\012\004size\030\002 \001(\0132\035.agentsandbox.v1.TerminalSizeR\004size\042\020"
    "\012\016ResizeResponse*U\012\011ExecState\022\032\012\026EXEC_STATE_UNSPECIFIED\020\000"
    "\022\026\012\022EXEC_STATE_RUNNING\020\001\022\024\012\020EXEC_STATE_ENDED\020\002*R"
    "\012\010Overflow\022\030\012\024OVERFLOW_UNSPECIFIED\020\000\022\022\012\016OVERFLOW"
    "_BLOCK\020\001\022\030\012\024OVERFLOW_DROP_OLDEST\020\002*]\012\014OnDisconnect\022"
    "\035\012\031ON_DISCONNECT_UNSPECIFIED\020\000\022\026\012\022ON_DISCONNECT_KEEP\020\001"
    "\022\026\012\022ON_DISCONNECT_KILL\020\0022\213\004\012\013ExecService\022@\012\003R"
    "un\022\033.agentsandbox.v1.RunRequest\032\034.agentsandbox.v1.RunResponse\022F\012\005"
    "Start\022\035.agentsandbox.v1.StartRequest\032\036.agentsandbox.v1.StartResponse\022"
    "M\012\004List\022!.agentsandbox.v1.ListExecsRequest\032\042.agentsandbox.v1.ListExec"
    "sResponse\022H\012\003Get\022\037.agentsandbox.v1.GetExecRequest\032 .agentsandbox.v"
    "1.GetExecResponse\022C\012\004Wait\022\034.agentsandbox.v1.WaitRequest\032\035.agent"
    "sandbox.v1.WaitResponse\022I\012\006Signal\022\036.agentsandbox.v1.SignalRequest\032"
    "\037.agentsandbox.v1.SignalResponse\022I\012\006Resize\022\036.agentsandbox.v1.Resiz"
    "eRequest\032\037.agentsandbox.v1.ResizeResponseB\214\001\012\023dev.agentsandbox.v1P"
    "\001Z6agentsandbox.dev/gen/go/agentsandbox/v1;agentsandboxv1\242\002\003ASB\252\002\017"
    "AgentSandbox.V1\312\002\017AgentSandbox\134V1\352\002\020AgentSandbox::V1b\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    &agentsandbox_v1_common_proto_file,
    &google_protobuf_duration_proto_file,
    &google_protobuf_timestamp_proto_file,
    NULL,
};

const struct rpc_file_desc agentsandbox_v1_exec_proto_file = {
    .name = "agentsandbox/v1/exec.proto",
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

/* ======== agentsandbox.v1.ExecService ======== */

const struct rpc_method_desc agentsandbox_v1_exec_service_run_method = {
    .path = "/agentsandbox.v1.ExecService/Run",
    .input = &agentsandbox__v1__run_request__descriptor,
    .output = &agentsandbox__v1__run_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_exec_service_start_method = {
    .path = "/agentsandbox.v1.ExecService/Start",
    .input = &agentsandbox__v1__start_request__descriptor,
    .output = &agentsandbox__v1__start_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_exec_service_list_method = {
    .path = "/agentsandbox.v1.ExecService/List",
    .input = &agentsandbox__v1__list_execs_request__descriptor,
    .output = &agentsandbox__v1__list_execs_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_exec_service_get_method = {
    .path = "/agentsandbox.v1.ExecService/Get",
    .input = &agentsandbox__v1__get_exec_request__descriptor,
    .output = &agentsandbox__v1__get_exec_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_exec_service_wait_method = {
    .path = "/agentsandbox.v1.ExecService/Wait",
    .input = &agentsandbox__v1__wait_request__descriptor,
    .output = &agentsandbox__v1__wait_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_exec_service_signal_method = {
    .path = "/agentsandbox.v1.ExecService/Signal",
    .input = &agentsandbox__v1__signal_request__descriptor,
    .output = &agentsandbox__v1__signal_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

const struct rpc_method_desc agentsandbox_v1_exec_service_resize_method = {
    .path = "/agentsandbox.v1.ExecService/Resize",
    .input = &agentsandbox__v1__resize_request__descriptor,
    .output = &agentsandbox__v1__resize_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

static const struct rpc_method_desc agentsandbox_v1_exec_service_methods[] = {
    {
        .path = "/agentsandbox.v1.ExecService/Run",
        .input = &agentsandbox__v1__run_request__descriptor,
        .output = &agentsandbox__v1__run_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.ExecService/Start",
        .input = &agentsandbox__v1__start_request__descriptor,
        .output = &agentsandbox__v1__start_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.ExecService/List",
        .input = &agentsandbox__v1__list_execs_request__descriptor,
        .output = &agentsandbox__v1__list_execs_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.ExecService/Get",
        .input = &agentsandbox__v1__get_exec_request__descriptor,
        .output = &agentsandbox__v1__get_exec_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.ExecService/Wait",
        .input = &agentsandbox__v1__wait_request__descriptor,
        .output = &agentsandbox__v1__wait_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.ExecService/Signal",
        .input = &agentsandbox__v1__signal_request__descriptor,
        .output = &agentsandbox__v1__signal_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
    {
        .path = "/agentsandbox.v1.ExecService/Resize",
        .input = &agentsandbox__v1__resize_request__descriptor,
        .output = &agentsandbox__v1__resize_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
};

const struct rpc_service_desc agentsandbox_v1_exec_service = {
    .name = "agentsandbox.v1.ExecService",
    .methods = agentsandbox_v1_exec_service_methods,
    .n_methods = 7,
    .file = &agentsandbox_v1_exec_proto_file,
};

int agentsandbox_v1_exec_service_run(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__RunRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_exec_service_run_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_exec_service_start(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__StartRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_exec_service_start_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_exec_service_list(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ListExecsRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_exec_service_list_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_exec_service_get(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__GetExecRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_exec_service_get_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_exec_service_wait(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__WaitRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_exec_service_wait_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_exec_service_signal(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__SignalRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_exec_service_signal_method, opts, &request->base, fn, user, ret, err);
}

int agentsandbox_v1_exec_service_resize(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Agentsandbox__V1__ResizeRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &agentsandbox_v1_exec_service_resize_method, opts, &request->base, fn, user, ret, err);
}

static void agentsandbox_v1_exec_service_run_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_exec_service_impl *impl = user;

    impl->run(call, (const Agentsandbox__V1__RunRequest *)request, impl->user);
}

static void agentsandbox_v1_exec_service_start_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_exec_service_impl *impl = user;

    impl->start(call, (const Agentsandbox__V1__StartRequest *)request, impl->user);
}

static void agentsandbox_v1_exec_service_list_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_exec_service_impl *impl = user;

    impl->list(call, (const Agentsandbox__V1__ListExecsRequest *)request, impl->user);
}

static void agentsandbox_v1_exec_service_get_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_exec_service_impl *impl = user;

    impl->get(call, (const Agentsandbox__V1__GetExecRequest *)request, impl->user);
}

static void agentsandbox_v1_exec_service_wait_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_exec_service_impl *impl = user;

    impl->wait(call, (const Agentsandbox__V1__WaitRequest *)request, impl->user);
}

static void agentsandbox_v1_exec_service_signal_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_exec_service_impl *impl = user;

    impl->signal(call, (const Agentsandbox__V1__SignalRequest *)request, impl->user);
}

static void agentsandbox_v1_exec_service_resize_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_exec_service_impl *impl = user;

    impl->resize(call, (const Agentsandbox__V1__ResizeRequest *)request, impl->user);
}

int agentsandbox_v1_exec_service_register(struct rpc_server *s, const struct agentsandbox_v1_exec_service_impl *impl,
    struct err *err)
{
    if (handle(s, &agentsandbox_v1_exec_service_run_method, impl->run ? agentsandbox_v1_exec_service_run_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_exec_service_start_method, impl->start ? agentsandbox_v1_exec_service_start_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_exec_service_list_method, impl->list ? agentsandbox_v1_exec_service_list_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_exec_service_get_method, impl->get ? agentsandbox_v1_exec_service_get_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_exec_service_wait_method, impl->wait ? agentsandbox_v1_exec_service_wait_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_exec_service_signal_method, impl->signal ? agentsandbox_v1_exec_service_signal_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_exec_service_resize_method, impl->resize ? agentsandbox_v1_exec_service_resize_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
