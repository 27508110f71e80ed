#pragma once
/* agentsandbox.v1.ClaimService. */
#include "lib/rpc/server.h"
#include "services/controller/claim_call.h"

struct claim_service;

/* Adds the service to the server. */
int claim_service_new(struct claim_service **ret, struct ctl *c, struct rpc_server *server,
                      struct err *err);
/* After rpc_server_free(). */
void claim_service_free(struct claim_service *s);
DEFINE_CLEANUP(struct claim_service *, claim_service_free)
