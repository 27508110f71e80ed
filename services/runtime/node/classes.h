#pragma once
/* The OCI runtimes of this host: found in PATH, asked once for their version, and for what we need
 * of them. */
#include <stdbool.h>

#include "lib/base/err.h"

enum runtime_kind {
    RUNTIME_GVISOR,
    RUNTIME_RUNC,
    RUNTIME_CRUN,
    RUNTIME_KATA,
    RUNTIME_NATIVE,
    N_RUNTIMES
};

struct runtime_class {
    enum runtime_kind kind;
    const char *name; /* "gvisor"                                                  */
    bool available;
    char path[512];   /* of its program; "" when there is none                     */
    char detail[256]; /* version line, or why it is not available and what to do   */
};

struct runtime_classes {
    struct runtime_class c[N_RUNTIMES];
};

/* Runs each runtime once or twice for its version (10 ms each). Blocks: before the loop runs.
 * Cannot fail: what does not work is not available. */
void classes_probe(struct runtime_classes *ret);
/* name "" is gvisor. INVALID_ARGUMENT "RuntimeClassUnknown", FAILED_PRECONDITION
 * "RuntimeClassUnavailable". */
int classes_find(const struct runtime_classes *cs, const char *name,
                 const struct runtime_class **ret, struct err *err);
