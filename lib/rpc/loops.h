#pragma once
/*
 * One server on several loops: a thread each, nothing shared. Every loop has its own rpc_server
 * with its own listener on the same address (SO_REUSEPORT: the kernel deals the connections out;
 * unix sockets: one socket, whoever is first), and a connection stays with the loop that took it.
 * So handlers need no locks for what belongs to their loop.
 *
 * The functions here are called from one thread, which is none of the loops', and wait for the
 * loops. A library of its own, `rpc_loops`, so that others link no threads.
 */
#include "lib/rpc/server.h"

struct rpc_loops;

struct rpc_loops_opts {
    unsigned n_loops;                     /* 0: one per CPU that the process may use; at most 256 */
    const struct rpc_server_opts *server; /* of each: max_connections too; NULL: the defaults    */
    /* On each thread, before it runs: handlers, and in *listen (zeroed) what its listeners are to
     * be like. All may have the same struct rpc_tls (sessions are then resumed on any loop); one
     * that is to be reloaded while they run must belong to one loop. */
    int (*setup)(struct rpc_server *s, struct loop *loop, unsigned index,
                 struct rpc_listen_opts *listen, void *user, struct err *err);
    /* On each thread whose setup was called, after its server has gone; may be NULL. */
    void (*teardown)(unsigned index, void *user);
    void *user;
};

/* Starts the threads; all signals are blocked in them. < 0: what the first that failed said. */
int rpc_loops_new(struct rpc_loops **ret, const struct rpc_loops_opts *opts, struct err *err);
unsigned rpc_loops_count(const struct rpc_loops *l);

/* All loops listen on address, as rpc_server_listen(). "AddressInUse" also when another process, or
 * another rpc_loops, shares that port already. */
int rpc_loops_listen(struct rpc_loops *l, const char *address, char *ret_address, struct err *err);

/* Graceful, as rpc_server_drain(), all loops at once; returns when the last thread has ended. */
void rpc_loops_drain(struct rpc_loops *l, uint64_t deadline_ms);
/* The sum over all loops. */
void rpc_loops_stats(struct rpc_loops *l, struct rpc_server_stats *ret);

/* Closes at once what is still open. */
void rpc_loops_free(struct rpc_loops *l);
DEFINE_CLEANUP(struct rpc_loops *, rpc_loops_free)
