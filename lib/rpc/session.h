#pragma once
/*
 * HTTP/2 of one connection, on nghttp2, either role. No I/O and no clock: bytes and now_ms come in,
 * events and bytes go out. nghttp2's callbacks only record; the owner pulls with rpc_session_next()
 * after each rpc_session_recv() and rpc_session_pull().
 *
 * Flow control: the connection's window is given back on receipt, a stream's by
 * rpc_stream_consume() only, so that one that nobody reads stalls itself and nobody else, up to
 * LIMIT_RPC_CONN_UNREAD for all of them. Windows grow with the bandwidth-delay product (bdp.h): the
 * connection's at once, a stream's when it is next read, all of them by LIMIT_RPC_CONN_GROWN.
 */
#include <nghttp2/nghttp2.h>

#include "lib/base/buf.h"
#include "lib/base/list.h"
#include "lib/rpc/guard.h"
#include "lib/rpc/head.h"
#include "lib/rpc/pool.h"
#include "lib/rpc/skipped.h"

enum rpc_role { RPC_CLIENT, RPC_SERVER };

struct rpc_session;

/* One HTTP/2 stream, embedded in a call. Before its start and after RPC_EVENT_CLOSE session is
 * NULL; all functions on it then do nothing. */
struct rpc_stream {
    struct rpc_session *session;
    struct list link; /* of the session's streams                               */
    int32_t id;
    struct arena *arena;      /* of the owner; fields that are sent live there too      */
    struct rpc_head head;     /* request (server) or response (client)                  */
    struct rpc_head trailers; /* client                                                 */
    struct buf out;           /* bytes of DATA frames to be sent, after n_kept that were */
    size_t n_kept;
    uint32_t keep_max;
    struct rpc_pool *pool; /* of the owner, for a large `out` */
    const nghttp2_nv *end; /* server: trailers, sent after the last byte             */
    size_t n_end;
    size_t stuck_bytes; /* server: unsent when last looked at, since stuck_ms; 0: not ended yet */
    uint64_t stuck_ms;
    size_t n_unread;   /* received, not consumed                               */
    uint32_t window;   /* of receiving                                         */
    bool has_head;     /* the final response head is there                       */
    bool is_out_ended; /* nothing follows what is in out                         */
    bool is_deferred;  /* nghttp2 waits for rpc_session_resume()                 */
    bool is_end_sent;
    bool is_closed;  /* nghttp2 has forgotten it                               */
    bool keeps_sent; /* until keep_max: for rpc_stream_rewind()                */
    bool is_begun;   /* its HEADERS, or more, were handed out to be sent       */
    bool wants_room; /* record RPC_EVENT_ROOM when out is below the mark       */
};

enum rpc_event_type {
    RPC_EVENT_HEAD,     /* stream->head is there; n = 1: and the stream ended with it      */
    RPC_EVENT_TRAILERS, /* stream->trailers is there (client)                              */
    RPC_EVENT_DATA,     /* data, n: in the input given to rpc_session_recv()               */
    RPC_EVENT_END,      /* the peer has ended its side                                     */
    RPC_EVENT_CLOSE,    /* the stream is over, code: HTTP/2 error code; the last one of it */
    RPC_EVENT_ROOM,     /* what wants_room asked for                                       */
    RPC_EVENT_SETTINGS, /* the peer's (first: the connection works)                        */
    RPC_EVENT_GOAWAY,   /* code; the peer takes no new streams                             */
    RPC_EVENT_PING,     /* the peer's; it was answered */
    RPC_EVENT_PONG,
};

struct rpc_event {
    enum rpc_event_type type;
    uint32_t code;
    struct rpc_stream *stream;
    const uint8_t *data;
    size_t n;
};

struct rpc_session_opts {
    enum rpc_role role;
    uint32_t max_streams; /* server: concurrent ones of the peer                              */
    const struct rpc_guard_limits *limits; /* NULL: the defaults; outlives the session */
    struct rpc_guard_counts *counts;       /* NULL: nobody counts; outlives the session */
    /* Server: memory for a stream that the peer begins, its arena set; NULL: out of memory, the
     * stream is refused. */
    struct rpc_stream *(*stream_new)(void *user);
    void *frame; /* as in h2_mem.h, shared with other sessions that run by turns; or NULL */
    struct rpc_pages *pages; /* the same */
    void *user;
};

int rpc_session_new(struct rpc_session **ret, const struct rpc_session_opts *opts, struct err *err);
/* Streams that are still there lose their session; nothing is recorded for them. */
void rpc_session_free(struct rpc_session *s);
DEFINE_CLEANUP(struct rpc_session *, rpc_session_free)
/* Before rpc_session_free(): its streams go to the list `to`, without session. */
void rpc_session_move_streams(struct rpc_session *s, struct list *to);

/* All n bytes are taken. < 0: the peer does not speak HTTP/2, or memory is out; the connection is
 * of no further use (what rpc_session_pull() still has may be sent). */
int rpc_session_recv(struct rpc_session *s, const uint8_t *data, size_t n, uint64_t now_ms,
                     struct err *err);
/* 1 with an event, 0 when there is none. All must be taken before the next recv. */
int rpc_session_next(struct rpc_session *s, struct rpc_event *ret);
/* Writes what is to be sent, at most max bytes (>= 32 KiB). Returns how many; 0: nothing now. < 0:
 * out of memory. */
ssize_t rpc_session_pull(struct rpc_session *s, uint8_t *to, size_t max, struct err *err);
/* Neither side wants anything any more: the connection is to be closed. */
bool rpc_session_is_over(const struct rpc_session *s);
/* Memory was out for something that cannot be left out (a window, an end): the connection must go.
 */
bool rpc_session_is_broken(const struct rpc_session *s);
/* A GOAWAY of ours with an error is on its way, or sent: what still comes is not looked at. */
bool rpc_session_is_ending(const struct rpc_session *s);
/* Server: resets the streams whose end we have said and could not send for max_ms, not a byte of it
 * (their windows are closed). Returns how many. only_looks: remembers since when, resets none. */
size_t rpc_session_reset_stuck(struct rpc_session *s, uint64_t now_ms, uint32_t max_ms,
                               bool only_looks);
/* When the header block began that has not ended; 0: there is none. */
uint64_t rpc_session_head_since(const struct rpc_session *s);
/* The error code of the GOAWAY that we sent by ourselves, because the peer broke the rules; 0:
 * none. */
uint32_t rpc_session_own_error(const struct rpc_session *s);
/* Client: whether the peer takes one more stream now. */
bool rpc_session_can_open(const struct rpc_session *s);
/* Streams open now, ours and the peer's. */
size_t rpc_session_streams(const struct rpc_session *s);

/* The code of the last GOAWAY that came, and its text, escaped ("": none). NO_ERROR when none came.
 */
uint32_t rpc_session_peer_goaway(const struct rpc_session *s, const char **ret_text);
/* The connection's windows, in bytes: what the peer may send, and what we may. */
void rpc_session_windows(const struct rpc_session *s, int64_t *ret_in, int64_t *ret_out);

/* Client: begins the stream. Fields must live until its end (they are not copied). */
int rpc_session_request(struct rpc_session *s, struct rpc_stream *st, const nghttp2_nv *fields,
                        size_t n, struct err *err);
/* Server: the response head; is_end: no DATA and no trailers follow. */
int rpc_stream_respond(struct rpc_stream *st, const nghttp2_nv *fields, size_t n, bool is_end,
                       struct err *err);
/* Says that stream->out or is_out_ended changed. */
void rpc_stream_resume(struct rpc_stream *st);
void rpc_stream_reset(struct rpc_stream *st, uint32_t h2_error);
/* n received bytes were taken: opens the stream's window. */
void rpc_stream_consume(struct rpc_stream *st, size_t n);

static inline size_t rpc_stream_unsent(const struct rpc_stream *st)
{
    return buf_len(&st->out) - st->n_kept;
}
/* What was sent is not needed any more: keeps_sent ends. */
void rpc_stream_forget_sent(struct rpc_stream *st);
/* Client, after the end of the stream, with keeps_sent: as before rpc_session_request(), with all
 * to be sent again. */
void rpc_stream_rewind(struct rpc_stream *st);

void rpc_session_ping(struct rpc_session *s);
/* Graceful end, first "soon" (GOAWAY that refuses nothing yet), then for good. */
void rpc_session_goaway_soon(struct rpc_session *s);
void rpc_session_goaway(struct rpc_session *s);
/* Whether HEADERS or DATA were sent since it was last asked. */
bool rpc_session_take_sent(struct rpc_session *s);
/* Ends the connection, counts why, and says it in the GOAWAY: ENHANCE_YOUR_CALM, for
 * RPC_GUARD_SLOW_STARTS SETTINGS_TIMEOUT. limit: the number in the text. */
void rpc_session_strike(struct rpc_session *s, enum rpc_guard g, uint32_t limit);
