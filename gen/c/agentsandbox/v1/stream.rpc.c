/* Generated from agentsandbox/v1/stream.proto by protoc-gen-rpc-c. Do not edit. */
#include "agentsandbox/v1/stream.rpc.h"
#include "agentsandbox/v1/exec.rpc.h"

static const uint8_t file_data[] =
    "\012\034agentsandbox/v1/stream.proto\022\017agentsandbox.v1\032\032agentsandbox/v1/e"
    "xec.proto\042\270\002\012\015AttachRequest\0225\012\005start\030\001 \001(\0132\035."
    "agentsandbox.v1.StartRequestH\000R\005start\0221\012\004open\030\002 \001(\0132\033."
    "agentsandbox.v1.AttachOpenH\000R\004open\0222\012\005stdin\030\003 \001(\0132\032.ag"
    "entsandbox.v1.StdinDataH\000R\005stdin\0227\012\006resize\030\004 \001(\0132\035.age"
    "ntsandbox.v1.TerminalSizeH\000R\006resize\022\030\012\006signal\030\005 \001(\005H\000"
    "R\006signal\022.\012\005pause\030\006 \001(\0132\026.agentsandbox.v1.PauseH\000R\005"
    "pauseB\006\012\004kind\042\241\001\012\012AttachOpen\022\027\012\007exec_id\030\001 "
    "\001(\011R\006execId\022#\012\015stdout_offset\030\002 \001(\004R\014stdoutOffset\022"
    "#\012\015stderr_offset\030\003 \001(\004R\014stderrOffset\022\032\012\010observer\030"
    "\004 \001(\010R\010observer\022\024\012\005stdin\030\005 \001(\010R\005stdin\042I\012"
    "\011StdinData\022\026\012\006offset\030\001 \001(\004R\006offset\022\022\012\004data"
    "\030\002 \001(\014R\004data\022\020\012\003eof\030\003 \001(\010R\003eof\042\037\012"
    "\005Pause\022\026\012\006paused\030\001 \001(\010R\006paused\042\243\002\012\016Atta"
    "chResponse\0227\012\007started\030\001 \001(\0132\033.agentsandbox.v1.ExecRecordH\000"
    "R\007started\0225\012\006output\030\002 \001(\0132\033.agentsandbox.v1.OutputDataH\000"
    "R\006output\022(\012\003gap\030\003 \001(\0132\024.agentsandbox.v1.GapH\000R\003gap\022"
    "8\012\011stdin_ack\030\004 \001(\0132\031.agentsandbox.v1.StdinAckH\000R\010stdinAck"
    "\0225\012\006exited\030\005 \001(\0132\033.agentsandbox.v1.ExecRecordH\000R\006exite"
    "dB\006\012\004kind\042o\012\012OutputData\0225\012\006stream\030\001 \001(\0162\035."
    "agentsandbox.v1.OutputStreamR\006stream\022\026\012\006offset\030\002 \001(\004R\006"
    "offset\022\022\012\004data\030\003 \001(\014R\004data\042`\012\003Gap\0225\012\006st"
    "ream\030\001 \001(\0162\035.agentsandbox.v1.OutputStreamR\006stream\022\022\012\004f"
    "rom\030\002 \001(\004R\004from\022\016\012\002to\030\003 \001(\004R\002to\042\042\012"
    "\010StdinAck\022\026\012\006offset\030\001 \001(\004R\006offset\042v\012\016ForwardR"
    "equest\0222\012\004open\030\001 \001(\0132\034.agentsandbox.v1.ForwardOpenH\000R\004"
    "open\022\024\012\004data\030\002 \001(\014H\000R\004data\022\022\012\003eof\030\003 "
    "\001(\010H\000R\003eofB\006\012\004kind\042!\012\013ForwardOpen\022\022\012\004port\030"
    "\001 \001(\015R\004port\042]\012\017ForwardResponse\022\030\012\006opened\030\001 \001"
    "(\010H\000R\006opened\022\024\012\004data\030\002 \001(\014H\000R\004data\022\022\012"
    "\003eof\030\003 \001(\010H\000R\003eofB\006\012\004kind*a\012\014OutputStream\022\035"
    "\012\031OUTPUT_STREAM_UNSPECIFIED\020\000\022\030\012\024OUTPUT_STREAM_STDOUT\020\001"
    "\022\030\012\024OUTPUT_STREAM_STDERR\020\0022\260\001\012\015StreamService\022M\012\006"
    "Attach\022\036.agentsandbox.v1.AttachRequest\032\037.agentsandbox.v1.AttachResponse("
    "\0010\001\022P\012\007Forward\022\037.agentsandbox.v1.ForwardRequest\032 .agentsandb"
    "ox.v1.ForwardResponse(\0010\001B\214\001\012\023dev.agentsandbox.v1P\001Z6agentsandb"
    "ox.dev/gen/go/agentsandbox/v1;agentsandboxv1\242\002\003ASB\252\002\017AgentSandbox."
    "V1\312\002\017AgentSandbox\134V1\352\002\020AgentSandbox::V1b\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    &agentsandbox_v1_exec_proto_file,
    NULL,
};

const struct rpc_file_desc agentsandbox_v1_stream_proto_file = {
    .name = "agentsandbox/v1/stream.proto",
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

/* ======== agentsandbox.v1.StreamService ======== */

const struct rpc_method_desc agentsandbox_v1_stream_service_attach_method = {
    .path = "/agentsandbox.v1.StreamService/Attach",
    .input = &agentsandbox__v1__attach_request__descriptor,
    .output = &agentsandbox__v1__attach_response__descriptor,
    .client_streaming = true,
    .server_streaming = true,
};

const struct rpc_method_desc agentsandbox_v1_stream_service_forward_method = {
    .path = "/agentsandbox.v1.StreamService/Forward",
    .input = &agentsandbox__v1__forward_request__descriptor,
    .output = &agentsandbox__v1__forward_response__descriptor,
    .client_streaming = true,
    .server_streaming = true,
};

static const struct rpc_method_desc agentsandbox_v1_stream_service_methods[] = {
    {
        .path = "/agentsandbox.v1.StreamService/Attach",
        .input = &agentsandbox__v1__attach_request__descriptor,
        .output = &agentsandbox__v1__attach_response__descriptor,
        .client_streaming = true,
        .server_streaming = true,
    },
    {
        .path = "/agentsandbox.v1.StreamService/Forward",
        .input = &agentsandbox__v1__forward_request__descriptor,
        .output = &agentsandbox__v1__forward_response__descriptor,
        .client_streaming = true,
        .server_streaming = true,
    },
};

const struct rpc_service_desc agentsandbox_v1_stream_service = {
    .name = "agentsandbox.v1.StreamService",
    .methods = agentsandbox_v1_stream_service_methods,
    .n_methods = 2,
    .file = &agentsandbox_v1_stream_proto_file,
};

int agentsandbox_v1_stream_service_attach(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_start(ch, &agentsandbox_v1_stream_service_attach_method, opts, ops, user, ret, err);
}

int agentsandbox_v1_stream_service_forward(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const struct rpc_msg_ops *ops, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_start(ch, &agentsandbox_v1_stream_service_forward_method, opts, ops, user, ret, err);
}

static void agentsandbox_v1_stream_service_attach_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_stream_service_impl *impl = user;

    (void)request;
    impl->attach(call, impl->user);
}

static void agentsandbox_v1_stream_service_forward_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct agentsandbox_v1_stream_service_impl *impl = user;

    (void)request;
    impl->forward(call, impl->user);
}

int agentsandbox_v1_stream_service_register(struct rpc_server *s, const struct agentsandbox_v1_stream_service_impl *impl,
    struct err *err)
{
    if (handle(s, &agentsandbox_v1_stream_service_attach_method, impl->attach ? agentsandbox_v1_stream_service_attach_handle : NULL, impl, err) < 0)
        return -1;
    if (handle(s, &agentsandbox_v1_stream_service_forward_method, impl->forward ? agentsandbox_v1_stream_service_forward_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
