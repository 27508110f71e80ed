#pragma once
/* Inside session*.c: the session, and what its two halves do for each other. */
#include <assert.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/limits.h"
#include "lib/rpc/bdp.h"
#include "lib/rpc/ended.h"
#include "lib/rpc/h2_mem.h"
#include "lib/rpc/session.h"
#include "lib/rpc/walk.h"

struct rpc_session {
    nghttp2_session *h2;
    struct rpc_h2_mem mem;
    struct rpc_session_opts opts;
    struct list streams;
    size_t n_streams;
    struct rpc_event *events;
    size_t n_events, at_event, cap_events;
    size_t n_received; /* DATA of this round, for the connection's window */
    size_t n_unread;   /* of all streams: received, not consumed          */
    size_t n_grown;    /* of all streams: window beyond the first one     */
    size_t n_owed;     /* window that is withheld while that is too much  */
    struct rpc_bdp bdp;
    uint8_t *sink, *sink_end; /* where rpc_session_pull() puts bytes           */
    struct rpc_head *head;    /* that the block being received goes to            */
    struct rpc_head ignored;
    struct rpc_skipped skipped; /* server */
    struct rpc_ended ended;     /* server */
    struct rpc_walk walk;       /* server */
    struct rpc_meter meter;
    uint64_t now_ms;        /* of this round                                    */
    uint64_t head_since_ms; /* the header block being received began; 0: none   */
    uint32_t n_provoked;    /* resets counted already, not yet sent */
    uint32_t n_pings_out;   /* sent, not answered */
    bool has_data;          /* the DATA frame being received, besides padding */
    bool has_goaway;        /* the peer said it */
    bool has_sent;          /* HEADERS or DATA  */
    bool owes_preface;      /* client */
    uint32_t peer_goaway;   /* code of the last one that came */
    char *peer_goaway_text; /* NULL: it had none */
    bool is_ending;         /* our GOAWAY with an error is on its way: nothing more is read */
    bool is_broken;         /* memory was out for something that cannot be left out */
    uint32_t own_error;
};

static inline void rpc_session_note_result(struct rpc_session *s, int r)
{
    if (nghttp2_is_fatal(r))
        s->is_broken = true;
}

static inline struct rpc_stream *rpc_session_stream_of(nghttp2_session *h2, int32_t id)
{
    return id ? nghttp2_session_get_stream_user_data(h2, id) : NULL;
}

/* ---- session_record.c ---- */

/* nghttp2's callbacks that record: all but those that give it DATA to send. */
void rpc_session_set_recorders(nghttp2_session_callbacks *cb);
/* One more event. Out of memory: NGHTTP2_ERR_CALLBACK_FAILURE. */
int rpc_session_record(struct rpc_session *s, struct rpc_event ev);
/* One more frame of that kind; ends the session when it was one too many. */
void rpc_session_note(struct rpc_session *s, enum rpc_guard g);
/* rpc_session_strike() with an HTTP/2 error code. */
void rpc_session_strike_with(struct rpc_session *s, enum rpc_guard g, uint32_t limit,
                             uint32_t code);
void rpc_session_attach(struct rpc_session *s, struct rpc_stream *st, int32_t id);
void rpc_session_detach(struct rpc_stream *st);
/* Of the connection: what streams have consumed; what came this round. */
void rpc_session_give_window_back(struct rpc_session *s);
void rpc_session_take_received(struct rpc_session *s);
