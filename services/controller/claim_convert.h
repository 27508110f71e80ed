#pragma once
/* Claims between JSON and protobuf. */
#include "agentsandbox/v1/claim.pb-c.h"
#include "lib/base/arena.h"
#include "services/controller/ctl.h"

/* The SandboxClaim that a request asks for, without a name. NULL: INVALID_ARGUMENT "BadRequest",
 * the field named. */
json_t *claim_from_request(const Agentsandbox__V1__CreateClaimRequest *req, struct err *err);

/* How a claim is at this moment, its sandbox looked at. In the arena; strings are shared with the
 * store's objects: use it before control returns to the loop. NULL: out of memory. */
Agentsandbox__V1__Claim *claim_to_proto(const struct ctl *c, const struct store_object *claim,
                                        struct arena *a);
Agentsandbox__V1__ClaimPhase claim_phase(const json_t *status, bool is_deleting, bool has_sandbox);
