#pragma once
/*
 * StreamService.Attach: a client's view of one exec. Output is sent as fast as the client takes it,
 * each stream by its own offset; stdin is taken as fast as the command does. All of it happens in
 * one step function, which callbacks only schedule.
 */
#include "agentsandbox/v1/stream.rpc.h"
#include "services/runtime/agent/execs.h"

/* Takes over a new call. execs must outlive it. */
void attach_start(struct rpc_call *call, struct execs *execs);
