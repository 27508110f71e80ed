#pragma once
/* agentsandbox.v1.RouteService: where sandboxes are, for the router alone. */
#include "lib/rpc/server.h"
#include "services/controller/ctl.h"
#include "services/controller/gate.h"

struct route_service;

/* Adds the service to the server. gate: what calls pass first (Kubernetes); NULL: nothing. */
int route_service_new(struct route_service **ret, struct ctl *c, struct rpc_server *server,
                      struct gate *gate, struct err *err);
/* Ends the watches that are open with this. */
void route_service_end_watches(struct route_service *s, const struct err *why);
/* After rpc_server_free(). */
void route_service_free(struct route_service *s);
DEFINE_CLEANUP(struct route_service *, route_service_free)
