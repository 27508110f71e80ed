#pragma once
/* The node over gRPC: asks for the binder, tells it what comes, connects anew when it was lost. */
#include "services/controller/binder.h"

struct node_client;
struct rpc_channel;
struct rpc_observer;

/* target: "unix:/run/agent-sandbox/node.sock". Makes the binder and connects in the background.
 * observer: of the connection's calls; outlives it. */
int node_client_new(struct node_client **ret, struct ctl *c, const char *target,
                    const struct binder_opts *opts, struct rpc_observer *observer, struct err *err);
struct rpc_channel *node_client_channel(struct node_client *n);
void node_client_free(struct node_client *n);
DEFINE_CLEANUP(struct node_client *, node_client_free)
