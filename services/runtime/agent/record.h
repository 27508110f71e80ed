#pragma once
/* An exec as a message. */
#include "lib/base/arena.h"
#include "services/runtime/agent/exec.h"

/* A message and all it points to. Nothing to free; the exec and the arena must outlive its use. */
struct record {
    Agentsandbox__V1__ExecRecord msg;
    Agentsandbox__V1__Cause cause, sandbox_cause;
    Agentsandbox__V1__ResourceUsage usage;
    Google__Protobuf__Timestamp start_time, end_time, cause_time, sandbox_time;
};

/* arena: for the request, which is kept packed; when it is full the message comes without command
 * and labels. */
void record_fill(struct record *ret, const struct exec *e, struct arena *arena);
