#pragma once
/* An exec as a message. */
#include "services/runtime/agent/exec.h"

/* A message and all it points to, in one. Nothing to free; the exec must outlive its use. */
struct record {
    Agentsandbox__V1__ExecRecord msg;
    Agentsandbox__V1__Cause cause, sandbox_cause;
    Agentsandbox__V1__ResourceUsage usage;
    Google__Protobuf__Timestamp start_time, end_time, cause_time, sandbox_time;
};

void record_fill(struct record *ret, const struct exec *e);
