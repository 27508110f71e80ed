#pragma once
/* One probe of Kubernetes' four kinds, run once from inside the sandbox. */
#include "agentsandbox/v1/node.pb-c.h"
#include "services/runtime/agent/exec.h"

struct probe;

enum {
    PROBE_MESSAGE_MAX = 300,
    PROBE_TIMEOUT_DEFAULT_MS = 1000,
    PROBE_TIMEOUT_MAX_MS = 600 * 1000
};

/* message: "HTTP 503", "connection refused", "exit code 1: cannot open db", "NOT_SERVING"; good
 * until it returns. */
typedef void (*probe_fn)(struct probe *p, bool success, const char *message, void *user);

/* Calls fn once, from the loop, never from inside this call; within timeout_ms (0: 1 s). The
 * message must outlive the probe. INVALID_ARGUMENT "BadRequest" when no check is set or it is
 * malformed. host: for exec probes. */
int probe_start(struct probe **ret, const Agentsandbox__V1__Probe *msg, struct exec_host *host,
                const struct identity *identity, probe_fn fn, void *user, struct err *err);
/* Ends it; fn is not called any more. NULL is fine. */
void probe_free(struct probe *p);
DEFINE_CLEANUP(struct probe *, probe_free)
