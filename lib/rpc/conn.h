#pragma once
/*
 * One connection: a descriptor, its transport and an HTTP/2 session on a loop. Reads are bounded
 * per turn; writes are gathered and go out once per turn. Inside lib/rpc; server and channel own
 * connections.
 */
#include "lib/base/clock.h"
#include "lib/rpc/call.h"
#include "lib/rpc/counts.h"
#include "lib/rpc/hub.h"
#include "lib/rpc/lifetime.h"
#include "lib/rpc/patience.h"
#include "lib/rpc/session.h"
#include "lib/rpc/transport.h"

struct rpc_conn;

struct rpc_conn_ops {
    /* The peer's SETTINGS are there: calls may flow. */
    void (*on_up)(struct rpc_conn *conn);
    /* Server: a request head. */
    void (*on_call)(struct rpc_conn *conn, struct rpc_call *call);
    /* A stream has ended: there is room for one more. */
    void (*on_call_closed)(struct rpc_conn *conn);
    /* The peer takes no new calls; those that are open go on. */
    void (*on_goaway)(struct rpc_conn *conn);
    /* Server: the peer does not speak HTTP/2. The descriptor is the callee's; NULL: it is closed.
     */
    void (*on_other)(struct rpc_conn *conn, int fd, const uint8_t *data, size_t n);
    /* It is gone, its calls were told. Comes last, once, and not after rpc_conn_close(). */
    void (*on_lost)(struct rpc_conn *conn, const struct err *why);
};

enum rpc_conn_state {
    RPC_CONN_CONNECTING, /* client: connect(2) is under way               */
    RPC_CONN_HANDSHAKE,  /* TLS                                           */
    RPC_CONN_PREFACE,    /* server: until the first 24 bytes are there    */
    RPC_CONN_SETTINGS,   /* until the peer's SETTINGS                     */
    RPC_CONN_UP,
    RPC_CONN_DEAD,
};

struct rpc_conn_opts {
    enum rpc_role role;
    bool is_connecting;
    const struct rpc_tls *tls; /* NULL: plain                          */
    const char *host;          /* client with TLS: name to be verified */
    const char *target;        /* client with TLS: whose session it resumes */
    const char *address;       /* of the peer; NULL: found out         */
    uint32_t max_streams, handshake_ms, keepalive_ms;
    uint32_t keepalive_timeout_ms; /* 0: 20 s */
    size_t max_message;
    const struct rpc_guard_limits *limits; /* NULL: the defaults */
    const struct rpc_conn_ops *ops;
    void *owner;
    void *listener;
};

struct rpc_conn {
    struct rpc_hub *hub;
    struct rpc_conn_opts opts;
    struct list link;  /* the owner's  */
    struct list dirty; /* the hub's    */
    unsigned n_ref;
    enum rpc_conn_state state;
    struct rpc_transport *transport;
    struct loop_io *io;
    struct rpc_session *session;
    struct buf out; /* what the socket did not take */
    struct rpc_deadline timer;
    struct rpc_lifetime life; /* server */
    struct rpc_patience patience;
    uint64_t heard_ms; /* last bytes received          */
    uint8_t n_preface;
    bool is_ping_out;
    bool is_draining; /* server: GOAWAY follows the PING's answer; closed when no call is left */
    bool is_goaway_sent;
    void *served;        /* server.c */
    uint64_t admit_peer; /* server.c: for rpc_admit_leave() */
    struct rpc_counts counts;
    struct rpc_peer peer;
    char *tls_name, *spiffe_id; /* outlive the transport, as the calls do */
    char address[96];
};

/* Owns fd in any case: a non-blocking stream socket. */
int rpc_conn_new(struct rpc_conn **ret, struct rpc_hub *hub, int fd,
                 const struct rpc_conn_opts *opts, struct err *err);
/* Ends it without on_lost; its calls end with `why`. Drops the owner's reference. */
void rpc_conn_close(struct rpc_conn *conn, const struct err *why);
struct rpc_conn *rpc_conn_ref(struct rpc_conn *conn);
void rpc_conn_unref(struct rpc_conn *conn);

/* Something is to be sent: flushes later in this turn. */
void rpc_conn_dirty(struct rpc_conn *conn);
void rpc_conn_flush(struct rpc_conn *conn);
/* Server: GOAWAY, and the end when the last call has ended. */
void rpc_conn_drain(struct rpc_conn *conn);
/* Ends it as if the peer had gone: with on_lost. */
void rpc_conn_lose(struct rpc_conn *conn, const struct err *why);
/* When the peer gave a reason in a GOAWAY, that is the error. */
void rpc_conn_say_goaway(const struct rpc_conn *conn, struct err *err);
bool rpc_conn_can_open(const struct rpc_conn *conn);
