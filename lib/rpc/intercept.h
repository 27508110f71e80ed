#pragma once
/*
 * Interceptors: what every call of a server or of a channel passes, for authorisation, logging,
 * counting and tracing. Ours are lib/rpc/calls_log.h, calls_metrics.h and trace.h.
 *
 * A call goes through the chain in the order in which its interceptors were added, and back in
 * reverse at its end. on_start may refuse the call and add metadata; for the rest an interceptor
 * looks on: it never sends, reads, cancels or frees a call, because its callbacks come in the
 * middle of those functions.
 *
 * What is refused before gRPC begins (a method other than POST, metadata that is too large or no
 * metadata) is no call and is not seen. Without interceptors a call costs nothing more.
 */
#include "lib/rpc/call.h"

struct rpc_server;
struct rpc_channel;

enum { RPC_INTERCEPTORS_MAX = 8 }; /* of one server or channel */

struct rpc_call_end {
    /* Server: what was said to the client, or what the client or the connection did first. Client:
     * what on_done says. Good until on_end returns. */
    const struct rpc_status *status;
    uint64_t took_ns;            /* server: until the status was said; client: until it was there */
    uint64_t n_received, n_sent; /* messages; none are counted in the raw form */
};

/* All may be NULL. state: n_state bytes of this interceptor for this call. */
struct rpc_interceptor {
    size_t n_state; /* zeroed; freed with the call; at most 512 */
    /*
     * The call begins. Server: rpc_call_path(), _headers(), _peer(), _kind() are there, methods
     * that do not exist pass here too; rpc_call_add_header() and _add_trailer() add to the answer.
     * Client: rpc_call_add_header() adds to the request; it comes from inside rpc_channel_call().
     * < 0 with *err: refused, and on_end comes for those before this one only. The server then
     * answers with *err; on the client rpc_channel_call() returns it.
     */
    int (*on_start)(struct rpc_call *call, void *state, void *user, struct err *err);
    /* A message of n bytes was handed to the application (decompressed), or taken from it. */
    void (*on_received)(struct rpc_call *call, size_t n, void *state, void *user);
    void (*on_sent)(struct rpc_call *call, size_t n, void *state, void *user);
    /* Once for each call that began, just before the application's on_done; for abandoned calls
     * too. */
    void (*on_end)(struct rpc_call *call, const struct rpc_call_end *end, void *state, void *user);
};

/* Last in the chain, for calls that begin from now on. i and user must outlive the server or
 * channel. RESOURCE_EXHAUSTED, "TooManyInterceptors" over RPC_INTERCEPTORS_MAX. */
int rpc_server_intercept(struct rpc_server *s, const struct rpc_interceptor *i, void *user,
                         struct err *err);
int rpc_channel_intercept(struct rpc_channel *ch, const struct rpc_interceptor *i, void *user,
                          struct err *err);

/* What that interceptor keeps for that call, so that a handler can ask it: good as long as the
 * call. NULL when the call did not pass it. */
void *rpc_call_state(const struct rpc_call *call, const struct rpc_interceptor *i);
