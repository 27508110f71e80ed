#pragma once
/* Which sandbox a call is for: the routing metadata, read and checked. No I/O, no state. */
#include "lib/base/err.h"

struct rpc_metadata;

enum { TARGET_UID_MAX = 64 };

struct target {
    char ns[64], name[64];
    char uid[TARGET_UID_MAX + 1]; /* "" when the caller does not fence */
};

/*
 * path: "/agentsandbox.v1.ExecService/Run". Errors: INVALID_ARGUMENT "BadRequest" for metadata that
 * is missing, doubled or malformed; UNIMPLEMENTED for what goes to a port of the sandbox
 * (x-sandbox-port), and for services that neither the router nor an agent has.
 */
int target_read(struct target *ret, const char *path, const struct rpc_metadata *md,
                struct err *err);
