#pragma once
/* agentsandbox.v1.ClaimService. */
#include "lib/rpc/server.h"
#include "services/controller/claim_call.h"
#include "services/controller/gate.h"

struct claim_service;

/* Adds the service to the server. gate: what calls pass first (Kubernetes); NULL: nothing. */
int claim_service_new(struct claim_service **ret, struct ctl *c, struct rpc_server *server,
                      struct gate *gate, struct err *err);
/* Ends the watches that are open with this. */
void claim_service_end_watches(struct claim_service *s, const struct err *why);
/* After rpc_server_free(). */
void claim_service_free(struct claim_service *s);
DEFINE_CLEANUP(struct claim_service *, claim_service_free)
