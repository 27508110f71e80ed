#pragma once
/*
 * An interceptor that counts calls per method, under the names that go-grpc-prometheus gave them:
 *
 *     grpc_server_started_total              {grpc_type,grpc_service,grpc_method}
 *     grpc_server_handled_total              {…,grpc_code}       "OK", "NotFound", …
 *     grpc_server_msg_received_total         {…}
 *     grpc_server_msg_sent_total             {…}
 *     grpc_server_handling_seconds           {…}                 a histogram
 *
 * and the same with grpc_client_ for channels. grpc_type is unary, client_stream, server_stream or
 * bidi_stream. Messages are not counted in the raw form.
 *
 * What a peer can name makes no series: a method has figures of its own when the server has a
 * handler for it, when the client calls it by its generated function, or when
 * rpc_metrics_know_server() / _channel() named it; all others, and those over RPC_METRICS_METHODS,
 * are together under "unknown".
 */
#include "lib/base/metrics.h"
#include "lib/rpc/intercept.h"
#include "lib/rpc/service.h"

struct rpc_metrics;

enum { RPC_METRICS_METHODS = 100 };

/* The families are added to m (which must outlive it) with the first server and the first channel.
 */
int rpc_metrics_new(struct rpc_metrics **ret, struct metrics *m, struct err *err);
/* After all servers and channels that were given to it. */
void rpc_metrics_free(struct rpc_metrics *rm);
DEFINE_CLEANUP(struct rpc_metrics *, rpc_metrics_free)

/* Several servers, and several channels, are counted together. */
int rpc_metrics_server(struct rpc_metrics *rm, struct rpc_server *s, struct err *err);
int rpc_metrics_channel(struct rpc_metrics *rm, struct rpc_channel *ch, struct err *err);

/* The service's methods are counted one by one even where they pass undecoded (a proxy's), and are
 * shown from the start. After rpc_metrics_server() or _channel(). */
int rpc_metrics_know_server(struct rpc_metrics *rm, const struct rpc_service_desc *service,
                            struct err *err);
int rpc_metrics_know_channel(struct rpc_metrics *rm, const struct rpc_service_desc *service,
                             struct err *err);
