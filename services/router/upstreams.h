#pragma once
/*
 * Connections to the agents of sandboxes, one per sandbox, each an HTTP/2 client that many calls
 * share. Of two kinds: handed over by the node of this machine, or dialled to the address of a pod.
 *
 * The node accepts an agent's connection and hands the descriptor over, unread, in one datagram
 * with the instance id and a generation (lib/handover). The newer generation replaces the older,
 * whose open calls end UNAVAILABLE. A connection may come before its route: it is kept, but only so
 * many are, the oldest going first.
 *
 * One that is dialled is there once it is connected, and gone when it breaks; who wants it then
 * dials anew. It is tried for as long as that may succeed soon (UPSTREAM_MAX_TRIES), not for ever:
 * a pod may run something else than our agent.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct loop;
struct rpc_channel;
struct upstreams;

enum {
    UPSTREAM_MAX_STRANGERS = 256,
    UPSTREAM_MAX_SENDERS = 16,
    UPSTREAM_MAX_ID = 63, /* characters of an instance id: the node's, or a pod's uid */
    UPSTREAM_MAX_TRIES = 16,
};

struct upstreams_opts {
    /* A connection for that instance is there (is_up), or was lost (the calls on it have ended or
     * end next). */
    void (*on_change)(const char *instance_id, bool is_up, void *user);
    /* A new connection, before its first call, for those who observe it. NULL: nobody. */
    void (*on_channel)(struct rpc_channel *ch, void *user);
    void *user;
};

int upstreams_new(struct upstreams **ret, struct loop *loop, const struct upstreams_opts *opts,
                  struct err *err);
/* A socket of handover_listen(); owned from now on. */
int upstreams_listen(struct upstreams *u, int listen_fd, struct err *err);
/* Closes all connections; the on_done of open calls comes before it returns. */
void upstreams_free(struct upstreams *u);
DEFINE_CLEANUP(struct upstreams *, upstreams_free)

/* Takes a connected stream socket; what the handover does. A generation that is not newer than the
 * present one's is closed: FAILED_PRECONDITION "Conflict". */
int upstreams_add(struct upstreams *u, const char *instance_id, uint64_t generation, int fd,
                  struct err *err);

/*
 * Begins to connect to "ipv4:1.2.3.4:8888" or "ipv6:[fd00::1]:8888" unless that, or a connection,
 * is there already; on_change says when it is. UNIMPLEMENTED "BadEndpoint": it is no such address.
 */
int upstreams_dial(struct upstreams *u, const char *instance_id, uint64_t generation,
                   const char *endpoint, struct err *err);
/* What the last try said of one that is being dialled; "". */
const char *upstreams_trouble(const struct upstreams *u, const char *instance_id);

/* NULL: none is there now. Good until the next turn of the loop. */
struct rpc_channel *upstreams_find(const struct upstreams *u, const char *instance_id);
size_t upstreams_count(const struct upstreams *u);

/* The instance has a route: its connection is no stranger's any more. */
void upstreams_know(struct upstreams *u, const char *instance_id);
/* The sandbox is gone: closes its connection. */
void upstreams_drop(struct upstreams *u, const char *instance_id);
