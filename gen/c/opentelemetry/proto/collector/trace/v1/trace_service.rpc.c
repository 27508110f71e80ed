/* Generated from opentelemetry/proto/collector/trace/v1/trace_service.proto by protoc-gen-rpc-c. Do not edit. */
#include "opentelemetry/proto/collector/trace/v1/trace_service.rpc.h"

static const uint8_t file_data[] =
    "\012:opentelemetry/proto/collector/trace/v1/trace_service.proto\022&opentelemetry.pr"
    "oto.collector.trace.v1\042y\012\031ExportTraceServiceRequest\022\134\012\016resource"
    "_spans\030\001 \003(\01325.opentelemetry.proto.collector.trace.v1.ResourceSpansR\015"
    "resourceSpans\042\210\001\012\032ExportTraceServiceResponse\022j\012\017partial_succ"
    "ess\030\001 \001(\0132A.opentelemetry.proto.collector.trace.v1.ExportTracePartialSuc"
    "cessR\016partialSuccess\042g\012\031ExportTracePartialSuccess\022%\012\016rejected_s"
    "pans\030\001 \001(\003R\015rejectedSpans\022#\012\015error_message\030\002 \001(\011"
    "R\014errorMessage\042\262\001\012\015ResourceSpans\022L\012\010resource\030\001 \001"
    "(\01320.opentelemetry.proto.collector.trace.v1.ResourceR\010resource\022S\012\013sco"
    "pe_spans\030\002 \003(\01322.opentelemetry.proto.collector.trace.v1.ScopeSpansR\012s"
    "copeSpans\042\134\012\010Resource\022P\012\012attributes\030\001 \003(\01320.opentel"
    "emetry.proto.collector.trace.v1.KeyValueR\012attributes\042\244\001\012\012ScopeSpan"
    "s\022R\012\005scope\030\001 \001(\0132<.opentelemetry.proto.collector.trace.v1.Instr"
    "umentationScopeR\005scope\022B\012\005spans\030\002 \003(\0132,.opentelemetry.proto."
    "collector.trace.v1.SpanR\005spans\042D\012\024InstrumentationScope\022\022\012\004na"
    "me\030\001 \001(\011R\004name\022\030\012\007version\030\002 \001(\011R\007version\042"
    "d\012\010KeyValue\022\020\012\003key\030\001 \001(\011R\003key\022F\012\005value\030"
    "\002 \001(\01320.opentelemetry.proto.collector.trace.v1.AnyValueR\005value\0428\012\010"
    "AnyValue\022#\012\014string_value\030\001 \001(\011H\000R\013stringValueB\007\012\005"
    "value\042\217\006\012\004Span\022\031\012\010trace_id\030\001 \001(\014R\007traceId\022"
    "\027\012\007span_id\030\002 \001(\014R\006spanId\022\037\012\013trace_state\030\003 "
    "\001(\011R\012traceState\022$\012\016parent_span_id\030\004 \001(\014R\014parentSpan"
    "Id\022\022\012\004name\030\005 \001(\011R\004name\022I\012\004kind\030\006 \001(\016"
    "25.opentelemetry.proto.collector.trace.v1.Span.SpanKindR\004kind\022/\012\024start_t"
    "ime_unix_nano\030\007 \001(\006R\021startTimeUnixNano\022+\012\022end_time_unix_nano"
    "\030\010 \001(\006R\017endTimeUnixNano\022P\012\012attributes\030\011 \003(\01320.op"
    "entelemetry.proto.collector.trace.v1.KeyValueR\012attributes\022J\012\006events\030\013"
    " \003(\01322.opentelemetry.proto.collector.trace.v1.Span.EventR\006events\022F\012\006"
    "status\030\017 \001(\0132..opentelemetry.proto.collector.trace.v1.StatusR\006status\022"
    "\024\012\005flags\030\020 \001(\007R\005flags\032\223\001\012\005Event\022$\012\016t"
    "ime_unix_nano\030\001 \001(\006R\014timeUnixNano\022\022\012\004name\030\002 \001(\011"
    "R\004name\022P\012\012attributes\030\003 \003(\01320.opentelemetry.proto.collector.t"
    "race.v1.KeyValueR\012attributes\042=\012\010SpanKind\022\031\012\025SPAN_KIND_UNSPEC"
    "IFIED\020\000\022\026\012\022SPAN_KIND_INTERNAL\020\001\042\301\001\012\006Status\022"
    "\030\012\007message\030\002 \001(\011R\007message\022M\012\004code\030\003 \001(\016"
    "29.opentelemetry.proto.collector.trace.v1.Status.StatusCodeR\004code\042N\012\012Sta"
    "tusCode\022\025\012\021STATUS_CODE_UNSET\020\000\022\022\012\016STATUS_CODE_OK\020\001"
    "\022\025\012\021STATUS_CODE_ERROR\020\0022\240\001\012\014TraceService\022\217\001\012"
    "\006Export\022A.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest\032"
    "B.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponseb\006proto3";

static const struct rpc_file_desc *const file_deps[] = {
    NULL,
};

const struct rpc_file_desc opentelemetry_proto_collector_trace_v1_trace_service_proto_file = {
    .name = "opentelemetry/proto/collector/trace/v1/trace_service.proto",
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

/* ======== opentelemetry.proto.collector.trace.v1.TraceService ======== */

const struct rpc_method_desc opentelemetry_proto_collector_trace_v1_trace_service_export_method = {
    .path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    .input = &opentelemetry__proto__collector__trace__v1__export_trace_service_request__descriptor,
    .output = &opentelemetry__proto__collector__trace__v1__export_trace_service_response__descriptor,
    .client_streaming = false,
    .server_streaming = false,
};

static const struct rpc_method_desc opentelemetry_proto_collector_trace_v1_trace_service_methods[] = {
    {
        .path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        .input = &opentelemetry__proto__collector__trace__v1__export_trace_service_request__descriptor,
        .output = &opentelemetry__proto__collector__trace__v1__export_trace_service_response__descriptor,
        .client_streaming = false,
        .server_streaming = false,
    },
};

const struct rpc_service_desc opentelemetry_proto_collector_trace_v1_trace_service = {
    .name = "opentelemetry.proto.collector.trace.v1.TraceService",
    .methods = opentelemetry_proto_collector_trace_v1_trace_service_methods,
    .n_methods = 1,
    .file = &opentelemetry_proto_collector_trace_v1_trace_service_proto_file,
};

int opentelemetry_proto_collector_trace_v1_trace_service_export(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err)
{
    return rpc_unary(ch, &opentelemetry_proto_collector_trace_v1_trace_service_export_method, opts, &request->base, fn, user, ret, err);
}

static void opentelemetry_proto_collector_trace_v1_trace_service_export_handle(struct rpc_call *call, const ProtobufCMessage *request,
    void *user)
{
    const struct opentelemetry_proto_collector_trace_v1_trace_service_impl *impl = user;

    impl->export_(call, (const Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *)request, impl->user);
}

int opentelemetry_proto_collector_trace_v1_trace_service_register(struct rpc_server *s, const struct opentelemetry_proto_collector_trace_v1_trace_service_impl *impl,
    struct err *err)
{
    if (handle(s, &opentelemetry_proto_collector_trace_v1_trace_service_export_method, impl->export_ ? opentelemetry_proto_collector_trace_v1_trace_service_export_handle : NULL, impl, err) < 0)
        return -1;
    return 0;
}
