#pragma once
/*
 * What servers stopped their peers from doing (guard.h), for /metrics:
 *
 *     rpc_server_guard_total{guard="rapid_reset"}    connections ended, refused; for slow_stream
 * calls
 *
 * Every guard has its line from the start, so that an alert can be written before an attack.
 */
#include "lib/base/metrics.h"
#include "lib/rpc/server.h"

struct rpc_guard_metrics;

enum { RPC_GUARD_METRICS_SERVERS = 8 };

/* The family is added to m, which calls back while it lives: free m first, or write it no more. */
int rpc_guard_metrics_new(struct rpc_guard_metrics **ret, struct metrics *m, struct err *err);
void rpc_guard_metrics_free(struct rpc_guard_metrics *gm);
DEFINE_CLEANUP(struct rpc_guard_metrics *, rpc_guard_metrics_free)

/* Several servers are counted together, also after their end. */
int rpc_guard_metrics_server(struct rpc_guard_metrics *gm, struct rpc_server *s, struct err *err);
