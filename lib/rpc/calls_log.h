#pragma once
/*
 * An interceptor that logs each call's end in a line of lib/base/log:
 *
 *     level=debug msg="call ended" side=server method=/t.T/M code=OK peer=127.0.0.1:4711 us=812
 *     received=1 sent=1 trace=0af7651916cd43dd8448eb211c80319c span=b7ad6b7169203331
 *
 * What went well is said at `debug`, what a caller caused (NotFound, InvalidArgument, …) at `info`,
 * what points at us or at the machine (Unknown, Internal, DataLoss, Unavailable, out of resources)
 * at `warn`; the two above debug at most `burst` times a second, with suppressed=N when some were
 * held back. Payloads and metadata are never logged.
 */
#include "lib/rpc/intercept.h"

struct rpc_log;

/* burst: lines above debug in a second; 0: 20. */
int rpc_log_new(struct rpc_log **ret, uint32_t burst, struct err *err);
/* After all servers and channels that were given to it. */
void rpc_log_free(struct rpc_log *l);
DEFINE_CLEANUP(struct rpc_log *, rpc_log_free)

int rpc_log_server(struct rpc_log *l, struct rpc_server *s, struct err *err);
int rpc_log_channel(struct rpc_log *l, struct rpc_channel *ch, struct err *err);

/* The level at which an end with that code is logged; enum log_level. */
int rpc_log_level_of(int code);
