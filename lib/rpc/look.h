#pragma once
/* Inside lib/rpc: looking into a server and a channel, for lib/rpc/channelz.h. */
#include "lib/base/list.h"
#include "lib/rpc/counts.h"

struct rpc_server;
struct rpc_channel;

/* A member of both: whose list it is in; leaves that with the server or channel. */
struct rpc_looked_at {
    struct list link;
    void *owner;      /* the server, or channel */
    const char *name; /* of a server, or NULL   */
};

struct rpc_server_view {
    struct rpc_looked_at *looked_at;
    const struct rpc_counts *calls;
    const struct list *conns; /* struct rpc_conn.link, by growing id */
};
void rpc_server_look(struct rpc_server *s, struct rpc_server_view *ret);

/* The i-th socket that it listens on; false: there are not so many. */
bool rpc_server_look_listener(const struct rpc_server *s, size_t i, uint64_t *ret_id, int *ret_fd);
