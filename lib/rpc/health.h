#pragma once
/*
 * grpc.health.v1: whether a server, and each of its services, may be used. The application says so;
 * whoever asks (load balancers, probes, clients with health checking) gets it by Check, List or
 * Watch. (grpc/doc/health-checking.md)
 */
#include "lib/rpc/server.h"

struct rpc_health;

/* The numbers of HealthCheckResponse.ServingStatus. */
enum rpc_health_status {
    RPC_HEALTH_UNKNOWN = 0,
    RPC_HEALTH_SERVING = 1,
    RPC_HEALTH_NOT_SERVING = 2,
};

/* Adds the service to the server. The server as a whole, "", is SERVING from the start. */
int rpc_health_new(struct rpc_health **ret, struct rpc_server *s, struct err *err);
/* After rpc_server_free(): its handlers point here. */
void rpc_health_free(struct rpc_health *h);
DEFINE_CLEANUP(struct rpc_health *, rpc_health_free)

/* service: "package.Service" (copied), or "" for the server as a whole. Those who watch are told of
 * a change. Has no effect after rpc_health_shutdown(). < 0: out of memory, status as before. */
int rpc_health_set(struct rpc_health *h, const char *service, enum rpc_health_status status,
                   struct err *err);

/* Before rpc_server_drain(): all is NOT_SERVING for good. Those who watch are told, and their
 * streams end with UNAVAILABLE, so that they do not hold the drain up. */
void rpc_health_shutdown(struct rpc_health *h);
