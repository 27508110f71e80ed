#pragma once
/* ExecService.Run: start, feed stdin, collect bounded output, answer. */
#include "agentsandbox/v1/exec.rpc.h"
#include "services/runtime/agent/execs.h"

/* Answers the call, later. The command ends with the call when that goes first. */
void run_call_start(struct rpc_call *call, const Agentsandbox__V1__RunRequest *request,
                    struct execs *execs);
