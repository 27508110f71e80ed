/* Generated from opentelemetry/proto/collector/trace/v1/trace_service.proto by protoc-gen-rpc-c. Do not edit. */
#pragma once
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "lib/rpc/service.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const struct rpc_file_desc opentelemetry_proto_collector_trace_v1_trace_service_proto_file;

/* ======== opentelemetry.proto.collector.trace.v1.TraceService ======== */
/*
 * Takes spans.
 */
extern const struct rpc_service_desc opentelemetry_proto_collector_trace_v1_trace_service;

/* ---- /opentelemetry.proto.collector.trace.v1.TraceService/Export: unary ---- */
/*
 * One batch; an answer with rejected spans is not to be repeated.
 */
extern const struct rpc_method_desc opentelemetry_proto_collector_trace_v1_trace_service_export_method;
int opentelemetry_proto_collector_trace_v1_trace_service_export(struct rpc_channel *ch, const struct rpc_call_opts *opts,
    const Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *request, rpc_unary_fn fn, void *user,
    struct rpc_call **ret, struct err *err);
/* Server: who is told what becomes of the call; ops must outlive it. */
static inline void opentelemetry_proto_collector_trace_v1_trace_service_export_accept(struct rpc_call *call, const struct rpc_msg_ops *ops,
    void *user)
{
    rpc_accept(call, &opentelemetry_proto_collector_trace_v1_trace_service_export_method, ops, user);
}
/* Server: sends and finishes with OK. */
static inline void opentelemetry_proto_collector_trace_v1_trace_service_export_reply(struct rpc_call *call, const Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse *msg)
{
    rpc_reply(call, &msg->base);
}

/* Handlers of opentelemetry.proto.collector.trace.v1.TraceService; one that is NULL answers UNIMPLEMENTED. */
struct opentelemetry_proto_collector_trace_v1_trace_service_impl {
    void *user;
    void (*export_)(struct rpc_call *call, const Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest *request, void *user);
};

/* impl must outlive the server. */
int opentelemetry_proto_collector_trace_v1_trace_service_register(struct rpc_server *s, const struct opentelemetry_proto_collector_trace_v1_trace_service_impl *impl,
    struct err *err);

#ifdef __cplusplus
}
#endif
