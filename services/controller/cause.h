#pragma once
/* Why a sandbox ended, as it is kept in its Pod's status and told to clients. */
#include <jansson.h>

#include "agentsandbox/v1/common.pb-c.h"
#include "lib/base/arena.h"

/* NULL: out of memory. */
json_t *cause_to_json(const Agentsandbox__V1__Cause *cause);
/* "" fields included; never NULL but when out of memory. In the arena; strings are shared with
 * json. */
Agentsandbox__V1__Cause *cause_from_json(const json_t *json, struct arena *a);
/* Of a Pod that ended, from status.cause or from its container's status; NULL: it has not ended. */
Agentsandbox__V1__Cause *cause_of_pod(const json_t *pod, struct arena *a);
/* "killed by signal 9 (SIGKILL)", "exited with code 1", "reached its memory limit of 64 MiB", … */
const char *cause_describe(const Agentsandbox__V1__Cause *cause, char *buf, size_t n);

/* Unix seconds as a Timestamp in the arena; NULL: out of memory. */
Google__Protobuf__Timestamp *cause_timestamp(int64_t unix_s, struct arena *a);
