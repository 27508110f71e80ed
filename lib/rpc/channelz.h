#pragma once
/*
 * grpc.channelz.v1: what a process knows of its servers, channels and connections, and what they
 * have counted, for who asks while it runs (gRPC A14). Only where it is switched on: who may call
 * the server sees addresses and peers.
 *
 *     grpcurl -plaintext -unix /run/…/x.sock grpc.channelz.v1.Channelz/GetServers
 *
 * Shown are the servers and channels that were added, all of one loop. Lists come in pages of at
 * most RPC_CHANNELZ_PAGE; nothing is kept of what is gone, but for the sums of an address. Traces,
 * certificates and socket options are not told.
 */
#include "lib/rpc/channel.h"
#include "lib/rpc/server.h"

struct rpc_channelz;

enum { RPC_CHANNELZ_PAGE = 100 };

/* Adds the service to host, and host to what is shown. name: of host, NULL or static. */
int rpc_channelz_new(struct rpc_channelz **ret, struct rpc_server *host, const char *name,
                     struct err *err);
/* After rpc_server_free(host): its handlers point here. Others that were added may live on. */
void rpc_channelz_free(struct rpc_channelz *cz);
DEFINE_CLEANUP(struct rpc_channelz *, rpc_channelz_free)

/* They are shown until they are freed. On the same loop; to one struct rpc_channelz at most. */
void rpc_channelz_add_server(struct rpc_channelz *cz, struct rpc_server *s, const char *name);
void rpc_channelz_add_channel(struct rpc_channelz *cz, struct rpc_channel *ch);
