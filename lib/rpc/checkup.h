#pragma once
/*
 * Inside lib/rpc: client-side health checking (gRPC A17). With round-robin and a health service
 * named by the service config, an address takes calls only while its grpc.health.v1.Health/Watch
 * says SERVING. A server that knows no such service is healthy; a watch that breaks off is begun
 * again, at once when it had said something, else with back-off.
 */
#include "lib/rpc/hub.h"

struct endpoint;
struct rpc_channel;
struct rpc_call;

struct rpc_checkup {
    struct rpc_channel *channel;
    struct endpoint *endpoint;
    struct rpc_call *call;     /* the watch; NULL: between two, or none is needed any more */
    struct rpc_deadline again; /* the next watch */
    uint32_t backoff_ms;       /* before the next watch but one */
    bool has_answered;
};

/* Whether addresses of this channel are to be checked. */
bool rpc_checkup_is_wanted(const struct rpc_channel *ch);
/* The endpoint's connection is up: what the watch says comes to rpc_channel_health(). */
void rpc_checkup_start(struct rpc_channel *ch, struct endpoint *e);
/* Before the endpoint loses its connection: nothing comes any more. */
void rpc_checkup_stop(struct rpc_checkup *c);
