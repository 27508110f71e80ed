#pragma once
/* The server's end: services, listeners, connections. All of one server live on one loop. */
#include "lib/loop/loop.h"
#include "lib/rpc/call.h"
#include "lib/rpc/guard.h"

struct rpc_server;
struct rpc_tls;
struct rpc_service_desc; /* lib/rpc/service.h: what the plugin generates */

struct rpc_server_opts {
    size_t max_message; /* received; 0: LIMIT_RPC_MESSAGE                                        */
    /* Bytes of messages and metadata that all calls together hold while they wait: for the rest of
     * a message, for the application to read, for the client to take. While it is more, a call that
     * wants to keep any fails with RESOURCE_EXHAUSTED "TooMuchHeld"; messages that come whole and
     * small answers pass. 0: LIMIT_RPC_HELD */
    size_t max_held;
    uint32_t max_streams;     /* per connection; 0: LIMIT_RPC_STREAMS     */
    uint32_t max_connections; /* 0: LIMIT_RPC_CONNECTIONS; one more is refused with a GOAWAY */
    uint32_t max_connections_per_peer; /* IPv4 address, IPv6 /64, or uid; 0: any number */
    struct rpc_guard_limits limits;    /* of floods and slow peers */
    uint32_t handshake_ms;             /* until the preface and SETTINGS are there; 0: 10 s    */
    uint32_t keepalive_ms;             /* PING when nothing came for so long; 0: none */
    uint32_t keepalive_timeout_ms;     /* closed when it is unanswered so long; 0: 20 s */
    /* Connections of clients (grpc A9, A8): after max_age_ms (±10 %) or max_idle_ms without a call
     * they get GOAWAY; calls that are open age_grace_ms later are cut off. 0: no limit. */
    uint32_t max_age_ms, age_grace_ms, max_idle_ms;
    /* A third PING that comes sooner after the one before, nothing having been sent to the client
     * in between, ends the connection with ENHANCE_YOUR_CALM "too_many_pings"; without a call,
     * pings_without_calls unset, the least is two hours. 0: only floods are stopped. gRPC servers
     * usually have 5 minutes. */
    uint32_t min_ping_ms;
    bool pings_without_calls;
    /* Every call passes here first (authorisation, counting). Return < 0 with *err to refuse it.
     * NULL: all pass. */
    int (*on_call)(struct rpc_call *call, void *user, struct err *err);
    void *user;
};

int rpc_server_new(struct rpc_server **ret, struct loop *loop, const struct rpc_server_opts *opts,
                   struct err *err);
/* Closes everything at once; on_done of open calls comes before it returns. */
void rpc_server_free(struct rpc_server *s);
DEFINE_CLEANUP(struct rpc_server *, rpc_server_free)

/* Graceful: stops accepting, GOAWAY to all, waits for open calls until deadline_ms, then closes the
 * rest and calls fn (may be NULL) once. */
void rpc_server_drain(struct rpc_server *s, uint64_t deadline_ms,
                      void (*fn)(struct rpc_server *s, void *user), void *user);

/* path: "/package.Service/Method". handler gets the call before any message; it sets ops and reads.
 */
typedef void (*rpc_handler)(struct rpc_call *call, void *user);
int rpc_server_handle(struct rpc_server *s, const char *path, rpc_handler handler, void *user,
                      struct err *err);
/* Takes what no rpc_server_handle() names, in raw form (proxy). Without it such calls end with
 * UNIMPLEMENTED. */
void rpc_server_handle_rest_raw(struct rpc_server *s, rpc_handler handler, void *user);

struct rpc_listen_opts {
    const struct rpc_tls *tls; /* NULL: plaintext */
    mode_t unix_mode; /* 0: 0600                                                                */
    bool shares_port; /* SO_REUSEPORT: lib/rpc/loops.h    */
    /* A connection that does not begin with the HTTP/2 preface: the fd (now the callee's) and the
     * bytes read so far. NULL: closed. */
    void (*on_other)(int fd, const uint8_t *data, size_t n, void *user);
    void *user;
};

/* address: "unix:/path" or "1.2.3.4:80", "[::]:80"; port 0 picks one. "AddressInUse"
 * (FAILED_PRECONDITION) names the address. ret_address (may be NULL) gets the real one, room for
 * 128 bytes. opts may be NULL. */
int rpc_server_listen(struct rpc_server *s, const char *address, const struct rpc_listen_opts *opts,
                      char *ret_address, struct err *err);
/* The same, and *ret_fd (the caller's) is a duplicate of the listening socket: for
 * rpc_server_listen_fd() on another loop. */
int rpc_server_listen_dup(struct rpc_server *s, const char *address,
                          const struct rpc_listen_opts *opts, char *ret_address, int *ret_fd,
                          struct err *err);
/* A listening socket made by someone else (socket activation); owned from now on. */
int rpc_server_listen_fd(struct rpc_server *s, int fd, const struct rpc_listen_opts *opts,
                         struct err *err);

/* Serves on a connected stream socket, owned from now on: the agent serves on connections it
 * dialled. on_closed (may be NULL) is called once, when the connection has ended, whatever the
 * reason. */
int rpc_server_serve_fd(struct rpc_server *s, int fd,
                        void (*on_closed)(void *user, const struct err *why), void *user,
                        struct err *err);

/* Figures for /metrics and tests. */
struct rpc_server_stats {
    uint64_t n_connections, n_connections_total, n_calls, n_calls_total;
    struct rpc_guard_counts guard; /* what peers were stopped from doing */
};
void rpc_server_stats(const struct rpc_server *s, struct rpc_server_stats *ret);
/* Of several servers. */
void rpc_server_stats_add(struct rpc_server_stats *sum, const struct rpc_server_stats *one);
