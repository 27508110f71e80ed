#pragma once
/* The client's end: one target, one HTTP/2 connection to it (or one to each of its addresses), made
 * anew with back-off when lost. */
#include "lib/loop/loop.h"
#include "lib/rpc/call.h"

struct rpc_channel;
struct rpc_tls;

enum rpc_channel_state {
    RPC_CHANNEL_IDLE,
    RPC_CHANNEL_CONNECTING,
    RPC_CHANNEL_READY,
    RPC_CHANNEL_TRANSIENT_FAILURE,
    RPC_CHANNEL_SHUTDOWN,
};

struct rpc_service_config; /* lib/rpc/service_config.h */
struct rpc_resolver;       /* lib/rpc/resolver.h, lib/rpc/dns.h */

/* What a channel does with several addresses of one name. */
enum rpc_balance {
    RPC_PICK_FIRST,  /* one connection: the address that answers first, each later one 250 ms behind
                        (RFC 8305) */
    RPC_ROUND_ROBIN, /* a connection to each; calls go to them by turns */
};

struct rpc_channel_opts {
    const struct rpc_tls *tls; /* NULL: plaintext HTTP/2 with prior knowledge */
    const char *authority;  /* NULL: from the target; unix: "localhost"                         */
    const char *user_agent; /* put before ours; NULL: ours alone                                */
    size_t max_message;     /* received, bytes; 0: LIMIT_RPC_MESSAGE                            */
    uint32_t connect_timeout_ms; /* 0: 20 s */
    uint32_t backoff_first_ms;   /* 0: 1 s, ×1.6 up to backoff_max_ms (0: 120 s), ±20 % (gRPC
                                    connection-backoff.md) */
    uint32_t backoff_max_ms;
    struct rpc_resolver
        *resolver; /* for names; must outlive the channel. NULL: IP addresses and unix paths only */
    enum rpc_balance balance; /* unless the service config says it */
    /* lib/rpc/service_config.h; must outlive the channel. NULL: no retries but transparent ones */
    const struct rpc_service_config *service_config;
    uint32_t keepalive_ms; /* PING when nothing came for so long; 0: none                      */
    uint32_t keepalive_timeout_ms; /* lost when it is unanswered so long; 0: 20 s */
    void (*on_state)(struct rpc_channel *ch, enum rpc_channel_state state, const struct err *why,
                     void *user);
    void *user;
};

/* target: "unix:/path", "unix:path", "ipv4:1.2.3.4:80", "ipv6:[::1]:80", "dns:host:port",
 * "host:port" (dns). Connects with the first call, or rpc_channel_connect(). Malformed targets fail
 * here (INVALID_ARGUMENT, "BadTarget"). opts may be NULL. */
int rpc_channel_new(struct rpc_channel **ret, struct loop *loop, const char *target,
                    const struct rpc_channel_opts *opts, struct err *err);
/* Over a connected stream socket, which it then owns: never reconnects; when it is lost the state
 * is SHUTDOWN. fd: any stream, non-blocking or not (it is made so). */
int rpc_channel_new_fd(struct rpc_channel **ret, struct loop *loop, int fd,
                       const struct rpc_channel_opts *opts, struct err *err);
void rpc_channel_connect(struct rpc_channel *ch);
enum rpc_channel_state rpc_channel_state(const struct rpc_channel *ch);
/* Open calls end with UNAVAILABLE; no callback comes after the return (their on_done comes before
 * it returns). */
void rpc_channel_free(struct rpc_channel *ch);
DEFINE_CLEANUP(struct rpc_channel *, rpc_channel_free)

struct rpc_call_opts {
    uint64_t timeout_ms; /* 0: none. Travels as grpc-timeout and is enforced here too */
    const struct rpc_metadata *metadata; /* sent as initial metadata; copied; NULL: none */
    bool wait_for_ready;                 /* queue while the channel is not ready, else fail fast in
                                            TRANSIENT_FAILURE */
    bool raw;                 /* see call.h; metadata may then hold grpc-encoding etc.     */
    const char *content_type; /* raw: NULL is "application/grpc"                            */
    size_t max_message;       /* received; 0: the channel's                                */
    bool gzip;                /* compress what is sent (rpc_call_set_gzip() for each)      */
    enum rpc_kind kind;       /* of the method, for interceptors; rpc_unary(), rpc_start() set it */
    /* The call of a server for which this one is made: interceptors look at it while the call
     * starts (trace context). NULL: none. */
    const struct rpc_call *parent;
    bool unary_response; /* the server answers OK with exactly one message; otherwise the call ends
                          * with UNIMPLEMENTED. rpc_unary() sets it                        */
};

/* Starts a call. Failing to reach the server is told by on_done, so < 0 is only out of memory or
 * bad arguments. path is copied. ops must outlive the call. opts may be NULL. */
int rpc_channel_call(struct rpc_channel *ch, const char *path, const struct rpc_call_opts *opts,
                     const struct rpc_call_ops *ops, void *user, struct rpc_call **ret,
                     struct err *err);
