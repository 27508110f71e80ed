#pragma once
/* Inside lib/rpc: the call object and what connections, server, channel and the typed layer do with
 * it. */
#include "lib/rpc/call.h"
#include "lib/rpc/conn.h"
#include "lib/rpc/frame.h"
#include "lib/rpc/intercept_core.h"
#include "lib/rpc/retry.h"

enum { CALL_FIRST_BYTES = 768 };

struct rpc_typed;

struct rpc_call {
    struct rpc_stream stream;
    struct rpc_hub *hub;
    struct rpc_conn *conn; /* a reference; NULL: not yet sent      */
    const struct rpc_call_ops *ops;
    void *user;
    struct rpc_typed *typed;       /* service.c                            */
    struct rpc_counts *counts;     /* of its server or channel, until its end */
    struct rpc_watch *watch;       /* NULL: no interceptors                */
    const struct rpc_call *parent; /* client, while it starts        */
    struct rpc_deadline deadline;
    struct list todo; /* the hub's                            */
    struct list
        pending;      /* the channel's, until it is sent; the hub's once only its messages wait */
    struct buf rx;    /* received, not yet asked for          */
    struct buf plain; /* a message, decompressed              */
    struct rpc_frame_decoder decoder;
    struct rpc_retry retry; /* client */
    size_t max_message;
    size_t held;        /* of hub->held */
    size_t max_send;    /* client: 0: only what the queue takes  */
    size_t n_messages;  /* received, handed out                 */
    size_t n_uncounted; /* client: messages sent before it had a connection */
    int said_code;      /* server: the status, once it was said */
    struct rpc_status status;
    struct rpc_metadata headers, trailers; /* server: to be sent      */
    const char *path;
    const char *content_type; /* sent                                 */
    unsigned n_busy;          /* our own frames that still need it    */
    enum rpc_role role;
    enum rpc_kind kind;
    bool is_raw;
    bool wants_message;
    bool is_peer_ended;
    bool is_half_close_told;
    bool is_head_sent;
    bool is_send_ended;  /* half-closed, or finished              */
    bool wants_writable; /* RPC_WAIT was said                     */
    bool has_room;       /* on_writable is to be told             */
    bool has_status;     /* client: the server has said it        */
    bool is_over;        /* the end is known; on_done is to come  */
    bool is_done;        /* on_done has come, or nobody waits     */
    bool is_streaming;   /* counted as open on its connection     */
    bool waits_for_ready;
    bool is_refused; /* server: answered in HTTP           */
    bool has_gzip;   /* grpc-encoding: gzip is in our head */
    bool sends_gzip; /* the next message is compressed     */
    bool was_gzip;   /* the last message received was      */
    bool is_unary;   /* client: exactly one message comes  */
    struct arena arena, msg_arena;
    _Alignas(16) uint8_t first[CALL_FIRST_BYTES];
};

/* NULL when out of memory. */
struct rpc_call *rpc_call_new(struct rpc_hub *hub, enum rpc_role role, size_t max_message);
void rpc_call_free_spare(struct rpc_hub *hub);
/* For a call that never began. */
void rpc_call_discard(struct rpc_call *call);

static inline struct rpc_call *rpc_call_of(struct rpc_stream *st)
{
    return CONTAINER_OF(st, struct rpc_call, stream);
}

/* ---- between the files of call ---- */

/* Its end is not yet known. */
static inline bool rpc_call_is_open(const struct rpc_call *call)
{
    return !call->is_over && !call->is_done;
}
/* Something of it is to be sent. */
static inline void rpc_call_dirty(struct rpc_call *call)
{
    if (call->conn)
        rpc_conn_dirty(call->conn);
}
/* Around every callback: the call stays in memory, whatever the callback does. */
void rpc_call_hold(struct rpc_call *call);
void rpc_call_unhold(struct rpc_call *call);
/* rpc_call_tell() runs for it later in this turn. */
void rpc_call_tell_later(struct rpc_call *call);
/* The end with that status, whose texts live as long as the call: told later. */
void rpc_call_end_with(struct rpc_call *call, const struct rpc_status *status);
/* The same by our side: the peer is told too. */
void rpc_call_end_early(struct rpc_call *call, struct rpc_status *status);
/* < 0: it has ended, or has ended sending. */
int rpc_call_check_send(const struct rpc_call *call, struct err *err);

/* ---- for connections, server, channel, typed layer ---- */

/* What the session recorded about it. */
void rpc_call_event(struct rpc_call *call, const struct rpc_event *ev);
/* Its connection is gone. */
void rpc_call_lost(struct rpc_call *call, const struct err *why);
/* Tells what is to be told; only from the hub's task, a connection's round, or a *_free(). */
void rpc_call_tell(struct rpc_call *call);

/* Of an end that is about to be told: counts, once. */
void rpc_call_count_end(struct rpc_call *call);
/* After n_busy was taken back: frees it when it was only held by that. */
void rpc_call_settle(struct rpc_call *call);
/* Server: the form is known. */
int rpc_call_begin(struct rpc_call *call, bool is_raw, size_t max_message, struct err *err);
/* Server: no gRPC: an HTTP status and a line for people. */
void rpc_call_refuse_http(struct rpc_call *call, const char *http_status);
/* Client: sends the request head on that connection. fields: from the channel, in the call's arena.
 */
int rpc_call_start(struct rpc_call *call, struct rpc_conn *conn, const nghttp2_nv *fields, size_t n,
                   struct err *err);
/* After its buffers changed: brings hub->held up to date. */
void rpc_call_account(struct rpc_call *call);
/* Server: whether its calls together hold all that they may, and this one wants to keep `more`
 * bytes for longer. Counts, and says so in *err. */
bool rpc_call_is_over_held(struct rpc_call *call, size_t more, struct err *err);
/* The end, told later. message is copied. */
void rpc_call_end(struct rpc_call *call, int code, const char *message);
/* Server: the status of an error that is the library's, not the application's: without details. */
void rpc_call_refuse(struct rpc_call *call, const struct err *err);

/* A message written in place: room for n bytes of body, then commit. As rpc_call_send(). */
uint8_t *rpc_call_send_begin(struct rpc_call *call, size_t n, struct err *err);
int rpc_call_send_commit(struct rpc_call *call, size_t n, struct err *err);

/* Memory that goes with the server: free()d, so the first member of what was malloc()ed. */
struct rpc_owned {
    struct rpc_owned *next;
};
struct rpc_server;
/* rpc_server_handle() with what is known of the method. */
int rpc_server_handle_kind(struct rpc_server *s, const char *path, enum rpc_kind kind,
                           void (*handler)(struct rpc_call *call, void *user), void *user,
                           struct err *err);
void rpc_server_own(struct rpc_server *s, struct rpc_owned *o);

/* Header fields for nghttp2, in the call's arena. */
struct rpc_fields {
    nghttp2_nv *v;
    size_t n, cap;
    bool is_bad; /* out of memory */
};
void rpc_fields_init(struct rpc_fields *f, struct arena *arena, size_t cap);
/* name and value must live as long as the call. */
void rpc_fields_add(struct rpc_fields *f, const char *name, const char *value);
void rpc_fields_add_unindexed(struct rpc_fields *f, const char *name, const char *value);
/* Binary values are encoded into the arena. is_raw: encodings pass, otherwise they are left out. */
void rpc_fields_add_metadata(struct rpc_fields *f, const struct rpc_metadata *md, bool is_raw);
