#pragma once
/*
 * One RPC, on either side. Asynchronous: nothing here blocks, callbacks come from the loop and
 * never from inside a function of this header, so a callback may do anything, freeing and
 * cancelling included.
 *
 * Lifetime. The library owns the call. A pointer is good until `on_done` has returned, or until
 * rpc_call_abandon(). `on_done` comes exactly once for each call that was not abandoned, last.
 *
 * Receiving is asked for: each rpc_call_read() lets one message through, and the HTTP/2 stream
 * window opens only as messages (or raw bytes) are taken. Sending queues; at LIMIT_RPC_SEND_MARK it
 * says RPC_WAIT and `on_writable` tells when there is room again. A sender that ignores RPC_WAIT is
 * refused at its message limit plus the mark.
 *
 * Two forms: messages (each a whole gRPC message, decompressed) and raw (the bytes of the DATA
 * frames as they come, for proxies: not decoded, not limited in message size).
 */
#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/rpc/metadata.h"
#include "lib/rpc/status.h"

struct loop;
struct rpc_call;

enum { RPC_WAIT = 1 };

struct rpc_call_ops {
    /* Client: the initial metadata of the server is there (not called for trailers-only). */
    void (*on_headers)(struct rpc_call *call, void *user);
    /* A message that rpc_call_read() asked for; the bytes are good until this returns. */
    void (*on_message)(struct rpc_call *call, const uint8_t *data, size_t n, void *user);
    /* Raw form: bytes as they came; give the window back with rpc_call_consumed(), now or later.
     * Bytes are good until this returns. Called without rpc_call_read(). */
    void (*on_data)(struct rpc_call *call, const uint8_t *data, size_t n, void *user);
    /* Server: the peer has half-closed, no message follows. On the client on_done says it. */
    void (*on_half_close)(struct rpc_call *call, void *user);
    /* The queue fell below its mark after an RPC_WAIT. */
    void (*on_writable)(struct rpc_call *call, void *user);
    /*
     * The end. Client: status is what the server said, or what became of the call (deadline,
     * cancellation, connection lost, …). Server: OK when the status that rpc_call_finish() gave was
     * handed to the transport, or CANCELLED / DEADLINE_EXCEEDED / UNAVAILABLE when the client or
     * the connection went first.
     */
    void (*on_done)(struct rpc_call *call, const struct rpc_status *status, void *user);
};

/* ---- both sides ---- */

/* Sets who is told. Server handlers call it before they return; ops must outlive the call. */
void rpc_call_set_ops(struct rpc_call *call, const struct rpc_call_ops *ops, void *user);
void *rpc_call_user(const struct rpc_call *call);
/* Lets one more message through to on_message. Asking twice is asking once. */
void rpc_call_read(struct rpc_call *call);
/* Queues a copy of one message (message form). 0, RPC_WAIT (taken, but wait), or < 0: not taken.
 * After the end of the call, or after a half-close, FAILED_PRECONDITION "CallEnded". */
int rpc_call_send(struct rpc_call *call, const void *data, size_t n, struct err *err);
/* Whether messages sent from now on are gzip-compressed. Client: has an effect only when
 * rpc_call_opts.gzip was set. Server: only when the client accepts gzip, and to begin with it must
 * be on when the initial metadata goes out; without a word a call is answered as it was asked.
 * Message form. */
void rpc_call_set_gzip(struct rpc_call *call, bool on);
/* Inside on_message: whether that message came compressed. */
bool rpc_call_was_gzip(const struct rpc_call *call);
/* Raw form: bytes of DATA frames. */
int rpc_call_send_raw(struct rpc_call *call, const void *data, size_t n, struct err *err);
/* Raw form: n bytes got by on_data were passed on; opens the stream's window by as much. */
void rpc_call_consumed(struct rpc_call *call, size_t n);
/* Bytes queued and not yet given to the transport. */
size_t rpc_call_queued(const struct rpc_call *call);
/* Ends it early: the peer sees RST_STREAM CANCEL (server: status with that code and message when
 * headers can still be sent); own on_done follows with the same code. Doing it twice, or after the
 * end, does nothing. */
void rpc_call_cancel(struct rpc_call *call, int code, const char *message);
/* Like cancel, but no callback ever follows and the pointer is dead on return. For destructors.
 * NULL is fine. */
void rpc_call_abandon(struct rpc_call *call);

struct loop *rpc_call_loop(const struct rpc_call *call);
/* Freed with the call; its ceiling is the message limit plus LIMIT_RPC_METADATA. */
struct arena *rpc_call_arena(struct rpc_call *call);
/* "/agentsandbox.v1.ClaimService/CreateClaim" */
const char *rpc_call_path(const struct rpc_call *call);
/* What is known of its method. */
enum rpc_kind {
    RPC_KIND_UNKNOWN, /* no such method, taken by rpc_server_handle_rest_raw(), or an untyped call
                       */
    RPC_KIND_UNARY,
    RPC_KIND_CLIENT_STREAM,
    RPC_KIND_SERVER_STREAM,
    RPC_KIND_BIDI,
};
enum rpc_kind rpc_call_kind(const struct rpc_call *call);
bool rpc_call_is_server(const struct rpc_call *call);
/* Client, inside an interceptor's on_start: rpc_call_opts.parent. */
const struct rpc_call *rpc_call_parent(const struct rpc_call *call);
/* In loop_now_ms() time; CLOCK_NEVER when there is none. Enforced by the library on both sides. */
uint64_t rpc_call_deadline_ms(const struct rpc_call *call);
/* Initial metadata of the peer; on the client NULL before on_headers. Without pseudo fields, te,
 * content-type, grpc-timeout and (message form) grpc-encoding, grpc-accept-encoding. */
const struct rpc_metadata *rpc_call_headers(const struct rpc_call *call);
/* Client: trailing metadata, from on_done on (without grpc-status, grpc-message); NULL when none
 * came. */
const struct rpc_metadata *rpc_call_trailers(const struct rpc_call *call);
/* The peer's content-type: "application/grpc", "application/grpc+proto", … */
const char *rpc_call_content_type(const struct rpc_call *call);

/* Who is at the other end of the connection. */
struct rpc_peer {
    const char *address; /* "unix:uid=0", "127.0.0.1:4711", "fd"          */
    bool has_uid;        /* unix socket: SO_PEERCRED                      */
    uint32_t uid, gid;
    int32_t pid;
    bool is_tls;
    const char *tls_name;    /* verified subject of its certificate, or NULL      */
    const char *spiffe_id;   /* of that certificate: "spiffe://domain/path", or NULL */
    const char *tls_version; /* "TLSv1.3", or NULL                                */
    const char *tls_cipher;  /* "TLS_AES_256_GCM_SHA384", or NULL                 */
    bool is_resumed;         /* the TLS session began on an earlier connection    */
};
const struct rpc_peer *rpc_call_peer(const struct rpc_call *call);

/* ---- server ---- */

/* Metadata to be sent before the first message (header) or at the end (trailer). Client: a field of
 * the request, inside an interceptor's on_start. */
int rpc_call_add_header(struct rpc_call *call, const char *name, const void *value, size_t n,
                        struct err *err);
int rpc_call_add_trailer(struct rpc_call *call, const char *name, const void *value, size_t n,
                         struct err *err);
/* The same of all in md (NULL: none) that is_passed: for who passes a call on. */
int rpc_call_copy_headers(struct rpc_call *call, const struct rpc_metadata *md,
                          bool (*is_passed)(const char *name), struct err *err);
int rpc_call_copy_trailers(struct rpc_call *call, const struct rpc_metadata *md,
                           bool (*is_passed)(const char *name), struct err *err);
/* Sends the initial metadata now; otherwise it goes with the first message or the status. */
int rpc_call_send_headers(struct rpc_call *call, struct err *err);
/* The status, once, after all that is queued. A later send or finish does nothing. message NULL:
 * "". */
void rpc_call_finish(struct rpc_call *call, int code, const char *message);
/* The status out of an error: message, and its reason word in grpc-status-details-bin as
 * google.rpc.ErrorInfo (domain "agentsandbox.dev"). */
void rpc_call_fail(struct rpc_call *call, const struct err *err);
/* A status with details as they came from elsewhere (a proxy passes them on). */
void rpc_call_finish_status(struct rpc_call *call, const struct rpc_status *status);
/* Message form, unary: send and finish with OK. */
void rpc_call_reply(struct rpc_call *call, const void *data, size_t n);

/* ---- client ---- */

/* Half-close: no more messages from us. */
void rpc_call_send_end(struct rpc_call *call);
