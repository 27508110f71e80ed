#pragma once
/* StreamService.Forward: a TCP connection to a port on the sandbox's loopback. */
#include "agentsandbox/v1/stream.rpc.h"

/* Takes over a new call. */
void forward_start(struct rpc_call *call);
/* Attach and Forward. execs must outlive the server. */
struct execs;
int stream_service_register(struct rpc_server *server, struct execs *execs, struct err *err);
