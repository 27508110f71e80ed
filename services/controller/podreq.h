#pragma once
/* A Pod's spec as the node's request. */
#include <jansson.h>

#include "agentsandbox/v1/node.pb-c.h"
#include "lib/base/arena.h"

/* In the arena; strings may be shared with the Pod. NULL: INVALID_ARGUMENT "PodSpecUnsupported"
 * with the path of the field, or out of memory. */
Agentsandbox__V1__CreateSandboxRequest *podreq_build(const json_t *pod, const char *instance_id,
                                                     const char *pod_ip, struct arena *a,
                                                     struct err *err);
