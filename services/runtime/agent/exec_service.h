#pragma once
/* agentsandbox.v1.ExecService on a table of execs. */
#include "agentsandbox/v1/exec.rpc.h"
#include "services/runtime/agent/execs.h"

/* execs must outlive the server. */
int exec_service_register(struct rpc_server *server, struct execs *execs, struct err *err);
