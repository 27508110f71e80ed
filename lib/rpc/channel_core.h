#pragma once
/* Inside lib/rpc: a channel, shared by channel.c (states, calls) and connect.c (addresses,
 * connections). */
#include "lib/rpc/call_core.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/checkup.h"
#include "lib/rpc/look.h"
#include "lib/rpc/resolver.h"

/* gRPC connection-backoff.md */
enum {
    RPC_BACKOFF_FIRST_MS = 1000,
    RPC_BACKOFF_MAX_MS = 120 * 1000,
    RPC_BACKOFF_GROWTH_PERCENT = 160,
};

/* One address of the target. */
struct endpoint {
    struct list link;
    struct rpc_address address;
    struct rpc_conn *conn; /* connecting or ready                    */
    bool is_up;            /* its SETTINGS are there                 */
    bool is_ready;         /* takes calls: up, and healthy           */
    bool is_unhealthy;     /* up, and said not to be serving         */
    struct rpc_checkup checkup;
    bool has_failed;          /* in this pass                           */
    bool is_stale;            /* the last lookup did not name it        */
    struct rpc_counts counts; /* its id, and what connections that are gone counted */
};

struct rpc_channel {
    struct rpc_hub *hub;
    struct rpc_channel_opts opts;
    struct rpc_address target;
    char *authority, *user_agent;
    enum rpc_channel_state state;
    struct list
        endpoints;   /* in the order in which they are tried; round-robin: the next one first */
    struct list old; /* struct rpc_conn.link: said GOAWAY, end with their last call           */
    struct list pending;
    struct list waiting; /* struct rpc_call.pending of those that wait to be sent again */
    struct rpc_throttle throttle;
    struct rpc_chain chain;
    struct rpc_counts calls;
    struct rpc_looked_at looked_at;
    struct rpc_lookup *lookup;
    struct rpc_deadline retry;   /* the next pass                                    */
    struct rpc_deadline stagger; /* pick-first: the next address                     */
    uint32_t backoff_ms;         /* before the next pass but one; 0: the last one worked */
    struct err last;             /* why it is in TRANSIENT_FAILURE                   */
    bool is_fd, is_freed;
    unsigned n_ref;
};

/* ---- channel.c ---- */

void rpc_channel_unref(struct rpc_channel *ch);
/* Careful: the channel may be freed in it, by what is told. */
void rpc_channel_enter(struct rpc_channel *ch, enum rpc_channel_state state, const struct err *why);
/* Begins the call there; what fails is told by its end. */
void rpc_channel_start_on(struct rpc_channel *ch, struct rpc_conn *conn, struct rpc_call *call);
void rpc_channel_start_pending(struct rpc_channel *ch);
/* Those that do not wait for the channel to be ready learn why it is not. */
void rpc_channel_fail_pending(struct rpc_channel *ch, const struct err *why, bool all);

/* ---- connect.c ---- */

int rpc_channel_connect_init(struct rpc_channel *ch, struct err *err);
/* Closes all. why: for the calls. */
void rpc_channel_connect_done(struct rpc_channel *ch, const struct err *why);
/* Owns fd in any case. */
int rpc_channel_use_fd(struct rpc_channel *ch, int fd, struct err *err);
/* The connection for the next call; NULL: none takes one now. */
struct rpc_conn *rpc_channel_pick(struct rpc_channel *ch);
/* What its checkup says. why: when it is not serving. Careful: as rpc_channel_enter(). */
void rpc_channel_health(struct rpc_channel *ch, struct endpoint *e, bool is_serving,
                        const struct err *why);
