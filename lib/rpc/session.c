/*
 * Events are kept in an array that lives for one recv-and-drain round. DATA is not copied: nghttp2
 * hands out pointers into the input, which stays the caller's until the events are taken. Outgoing
 * DATA goes from the stream's queue into the caller's buffer in one copy
 * (NGHTTP2_DATA_FLAG_NO_COPY).
 */
#include "lib/rpc/session.h"

#include <assert.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/limits.h"
#include "lib/rpc/bdp.h"
#include "lib/rpc/ended.h"
#include "lib/rpc/h2_mem.h"
#include "lib/rpc/walk.h"

enum {
    EVENTS_FIRST = 16,
    EVENTS_KEPT = 64,
    FRAME_HEAD_BYTES = 9,
    ROOM_FOR_A_FRAME = FRAME_HEAD_BYTES + 16384,
    HEAD_MAX_CONTINUATIONS = 16,
    QUEUED_FRAMES_MAX = 8192,
    TINY_WINDOW_BYTES = 16,
    GOAWAY_TEXT_CHARS = 128,
    DEFLATE_TABLE_BYTES = 1024,
    HEAD_GIVE_UP_BYTES =
        8 * LIMIT_RPC_METADATA, /* further fields of a block are not even counted */
};

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

static void note_result(struct rpc_session *s, int r)
{
    if (nghttp2_is_fatal(r))
        s->is_broken = true;
}

/* ---- recording ---- */

static int record(struct rpc_session *s, struct rpc_event ev)
{
    if (s->n_events == s->cap_events) {
        size_t cap = s->cap_events ? s->cap_events * 2 : EVENTS_FIRST;
        struct rpc_event *events = realloc(s->events, cap * sizeof(*events));

        if (!events)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
        s->events = events;
        s->cap_events = cap;
    }
    s->events[s->n_events++] = ev;
    return 0;
}

static void end_session(struct rpc_session *s, uint32_t code, const char *text)
{
    int32_t last = nghttp2_session_get_last_proc_stream_id(s->h2);

    s->is_ending = true;
    note_result(s, nghttp2_submit_goaway(s->h2, NGHTTP2_FLAG_NONE, last, code,
                                         (const uint8_t *)text, strlen(text)));
}

static void count(struct rpc_session *s, enum rpc_guard g)
{
    if (s->opts.counts)
        s->opts.counts->n[g]++;
}

static void strike(struct rpc_session *s, enum rpc_guard g, uint32_t limit, uint32_t code)
{
    char text[RPC_GUARD_TEXT_BYTES];

    if (s->is_ending || s->own_error)
        return;
    count(s, g);
    rpc_guard_text(text, g, limit);
    end_session(s, code, text);
}

static void note(struct rpc_session *s, enum rpc_guard g)
{
    if (rpc_meter_note(&s->meter, g))
        strike(s, g, rpc_guard_rate(s->opts.limits, g), NGHTTP2_ENHANCE_YOUR_CALM);
}

static struct rpc_stream *stream_of(nghttp2_session *h2, int32_t id)
{
    return id ? nghttp2_session_get_stream_user_data(h2, id) : NULL;
}

static void attach(struct rpc_session *s, struct rpc_stream *st, int32_t id)
{
    st->session = s;
    st->id = id;
    st->window = LIMIT_RPC_STREAM_WINDOW;
    list_push_back(&s->streams, &st->link);
    s->n_streams++;
}

static void detach(struct rpc_stream *st)
{
    list_remove(&st->link);
    st->session->n_streams--;
    st->session->n_unread -= st->n_unread;
    st->n_unread = 0;
    st->session = NULL;
}

static void begin_head(struct rpc_session *s, const nghttp2_frame_hd *hd)
{
    s->head_since_ms = s->now_ms;
    if (s->opts.role == RPC_CLIENT || hd->stream_id % 2 == 0)
        return;
    if (rpc_skipped_note(&s->skipped, hd->stream_id)) {
        rpc_ended_begin(&s->ended, hd->stream_id);
        return;
    }
    if (stream_of(s->h2, hd->stream_id))
        return;
    s->head_since_ms = 0; /* nghttp2 drops the block and does not tell when it ends */
    if (rpc_skipped_has(&s->skipped, hd->stream_id))
        strike(s, RPC_GUARD_REUSED_IDS, 0, NGHTTP2_PROTOCOL_ERROR);
    else if (rpc_ended_has(&s->ended, hd->stream_id))
        strike(s, RPC_GUARD_OTHER_RULES, 0, NGHTTP2_STREAM_CLOSED);
    else
        note(s, RPC_GUARD_LATE_HEADS);
}

/* Every frame, before its payload is looked at. */
static int on_begin_frame(nghttp2_session *h2, const nghttp2_frame_hd *hd, void *user)
{
    struct rpc_session *s = user;
    bool is_ack = hd->flags & NGHTTP2_FLAG_ACK;

    (void)h2;
    switch (hd->type) {
    case NGHTTP2_DATA:
        s->has_data = false;
        break;
    case NGHTTP2_HEADERS:
        begin_head(s, hd);
        break;
    case NGHTTP2_CONTINUATION:
        note(s, RPC_GUARD_CONTINUATIONS);
        break;
    case NGHTTP2_PRIORITY:
        note(s, RPC_GUARD_PRIORITIES);
        break;
    case NGHTTP2_RST_STREAM:
        if (s->opts.role == RPC_SERVER) /* of a server there are no more than we made calls */
            note(s, RPC_GUARD_RESETS);
        rpc_ended_note(&s->ended, hd->stream_id);
        break;
    case NGHTTP2_SETTINGS:
        if (!is_ack)
            note(s, RPC_GUARD_SETTINGS);
        break;
    case NGHTTP2_PING:
        if (!is_ack || s->n_pings_out == 0)
            note(s, RPC_GUARD_PINGS);
        else
            s->n_pings_out--;
        break;
    case NGHTTP2_GOAWAY:
        note(s, RPC_GUARD_GOAWAYS);
        break;
    case NGHTTP2_WINDOW_UPDATE:
        note(s, RPC_GUARD_WINDOW_UPDATES);
        break;
    default: /* a connection error, or of an unknown type, which nghttp2 drops */
        break;
    }
    return 0;
}

static int on_invalid_frame(nghttp2_session *h2, const nghttp2_frame *frame, int lib_error,
                            void *user)
{
    struct rpc_session *s = user;

    (void)h2;
    if (frame->hd.type == NGHTTP2_HEADERS)
        s->head_since_ms = 0;
    if (lib_error == NGHTTP2_ERR_REFUSED_STREAM) {
        note(s, RPC_GUARD_REFUSED_STREAMS);
        return 0;
    }
    s->n_provoked++;
    note(s, RPC_GUARD_PROVOKED_RESETS);
    return 0;
}

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
    struct rpc_session *s = user;
    struct rpc_stream *st = stream_of(h2, frame->hd.stream_id);

    s->head = NULL;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    if (s->opts.role == RPC_SERVER && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        st = s->opts.stream_new(s->opts.user);
        if (!st) {
            s->head_since_ms = 0;
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
        attach(s, st, frame->hd.stream_id);
        (void)nghttp2_session_set_stream_user_data(h2, frame->hd.stream_id, st);
        s->head = &st->head;
    } else if (st) {
        s->head = !st->has_head                ? &st->head
                  : s->opts.role == RPC_CLIENT ? &st->trailers
                                               : &s->ignored;
    }
    if (s->head)
        rpc_head_init(s->head, st->arena);
    return 0;
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
                     size_t n_name, const uint8_t *value, size_t n_value, uint8_t flags, void *user)
{
    struct rpc_session *s = user;

    (void)h2;
    (void)frame;
    (void)flags;
    if (!s->head)
        return 0;
    rpc_head_field(s->head, (const char *)name, n_name, (const char *)value, n_value);
    if (s->head->bytes <= HEAD_GIVE_UP_BYTES)
        return 0;
    s->head_since_ms = 0;
    note(s, RPC_GUARD_LARGE_HEADS);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_headers_frame(struct rpc_session *s, struct rpc_stream *st, bool is_end)
{
    struct rpc_event ev = {.stream = st, .n = is_end};

    if (s->head && s->head->is_too_large)
        note(s, RPC_GUARD_LARGE_HEADS);
    if (st->has_head) {
        ev.type = RPC_EVENT_TRAILERS;
        return s->opts.role == RPC_CLIENT ? record(s, ev) : 0;
    }
    if (s->opts.role == RPC_CLIENT && st->head.http_status / 100 == 1)
        return 0; /* informational: the final one follows */
    st->has_head = true;
    ev.type = RPC_EVENT_HEAD;
    return record(s, ev);
}

static int on_stream_frame(struct rpc_session *s, const nghttp2_frame *frame, struct rpc_stream *st)
{
    bool is_end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    int r;

    if (frame->hd.type == NGHTTP2_HEADERS) {
        r = on_headers_frame(s, st, is_end);
        if (r != 0)
            return r;
    } else if (!s->has_data && !is_end) {
        note(s, RPC_GUARD_EMPTY_DATA);
    }
    if (!is_end)
        return 0;
    rpc_ended_note(&s->ended, frame->hd.stream_id);
    return record(s, (struct rpc_event){.type = RPC_EVENT_END, .stream = st});
}

/* For people: what the peer says about why. */
static void keep_goaway(struct rpc_session *s, const nghttp2_goaway *goaway)
{
    char text[GOAWAY_TEXT_CHARS];

    free(s->peer_goaway_text);
    s->peer_goaway = goaway->error_code;
    s->peer_goaway_text = NULL;
    if (goaway->opaque_data_len > 0) /* no memory: without the words */
        s->peer_goaway_text =
            strdup(bytes_escape(goaway->opaque_data, goaway->opaque_data_len, text, sizeof(text)));
}

/* ---- windows ---- */

/* In the PING of a measurement; all others carry zeros. */
static const uint8_t bdp_ping[8] = "windows";

static int grow_windows(struct rpc_session *s)
{
    uint32_t window;

    if (!rpc_bdp_answered(&s->bdp, s->now_ms))
        return 0;
    window = MAX(2 * s->bdp.window, LIMIT_RPC_CONN_WINDOW);
    note_result(
        s, nghttp2_session_set_local_window_size(s->h2, NGHTTP2_FLAG_NONE, 0, (int32_t)window));
    return 0;
}

static void give_window_back(struct rpc_session *s)
{
    if (s->n_owed == 0 || s->n_unread > LIMIT_RPC_CONN_UNREAD)
        return;
    note_result(s, nghttp2_session_consume_connection(s->h2, s->n_owed));
    s->n_owed = 0;
}

static void take_received(struct rpc_session *s)
{
    s->n_owed += s->n_received;
    /* What nobody reads comes no faster with more window. */
    if (s->n_unread <= s->bdp.window && rpc_bdp_received(&s->bdp, s->n_received, s->now_ms))
        note_result(s, nghttp2_submit_ping(s->h2, NGHTTP2_FLAG_NONE, bdp_ping));
    s->n_received = 0;
    give_window_back(s);
}

/* ---- frames received ---- */

static int on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
    struct rpc_session *s = user;
    struct rpc_stream *st = stream_of(h2, frame->hd.stream_id);
    bool is_ack = frame->hd.flags & NGHTTP2_FLAG_ACK;

    if (frame->hd.type == NGHTTP2_HEADERS)
        s->head_since_ms = 0;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        return st ? on_stream_frame(s, frame, st) : 0;
    case NGHTTP2_SETTINGS:
        if (is_ack)
            return 0;
        return record(s, (struct rpc_event){.type = RPC_EVENT_SETTINGS});
    case NGHTTP2_PING:
        if (is_ack && memcmp(frame->ping.opaque_data, bdp_ping, sizeof(bdp_ping)) == 0)
            return grow_windows(s);
        if (is_ack)
            return record(s, (struct rpc_event){.type = RPC_EVENT_PONG});
        return record(s, (struct rpc_event){.type = RPC_EVENT_PING});
    case NGHTTP2_GOAWAY:
        s->has_goaway = true;
        keep_goaway(s, &frame->goaway);
        return record(
            s, (struct rpc_event){.type = RPC_EVENT_GOAWAY, .code = frame->goaway.error_code});
    default:
        return 0;
    }
}

static int on_data_chunk(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data,
                         size_t n, void *user)
{
    struct rpc_session *s = user;
    struct rpc_stream *st = stream_of(h2, id);

    (void)flags;
    s->n_received += n;
    s->has_data = true;
    if (!st)
        return 0;
    st->n_unread += n;
    s->n_unread += n;
    return record(s,
                  (struct rpc_event){.type = RPC_EVENT_DATA, .stream = st, .data = data, .n = n});
}

static int on_stream_close(nghttp2_session *h2, int32_t id, uint32_t code, void *user)
{
    struct rpc_session *s = user;
    struct rpc_stream *st = stream_of(h2, id);

    if (!st)
        return 0;
    st->is_closed = true;
    /* nghttp2 leaks the frame it was about to send when this fails. */
    s->is_broken |=
        record(s, (struct rpc_event){.type = RPC_EVENT_CLOSE, .stream = st, .code = code}) != 0;
    return 0;
}

/* These codes are nghttp2's, for what the peer did; those that we reset with have others. */
static bool is_provoked(uint32_t code)
{
    return code == NGHTTP2_PROTOCOL_ERROR || code == NGHTTP2_FLOW_CONTROL_ERROR ||
           code == NGHTTP2_STREAM_CLOSED || code == NGHTTP2_FRAME_SIZE_ERROR;
}

static void note_sent(struct rpc_session *s, const nghttp2_frame *frame)
{
    if (frame->hd.type == NGHTTP2_PING && !(frame->hd.flags & NGHTTP2_FLAG_ACK))
        s->n_pings_out++;
    if (frame->hd.type == NGHTTP2_RST_STREAM && is_provoked(frame->rst_stream.error_code)) {
        if (s->n_provoked > 0)
            s->n_provoked--;
        else /* by DATA, which on_invalid_frame() is not told of */
            note(s, RPC_GUARD_PROVOKED_RESETS);
    }
    if (frame->hd.type != NGHTTP2_GOAWAY || frame->goaway.error_code == NGHTTP2_NO_ERROR)
        return;
    if (!s->is_ending)
        count(s, RPC_GUARD_OTHER_RULES);
    s->own_error = frame->goaway.error_code;
}

static int on_frame_send(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
    struct rpc_session *s = user;
    struct rpc_stream *st = stream_of(h2, frame->hd.stream_id);

    note_sent(s, frame);
    if (!st)
        return 0;
    st->is_begun = s->has_sent = true;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    st->is_end_sent = true;
    /* RFC 9113 8.1: the whole response is out, the rest of the request is not wanted. */
    if (s->opts.role == RPC_SERVER &&
        nghttp2_session_get_stream_remote_close(h2, frame->hd.stream_id) == 0)
        note_result(s, nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                                 NGHTTP2_NO_ERROR));
    return 0;
}

/* ---- sending DATA ---- */

static ssize_t on_data_wanted(nghttp2_session *h2, int32_t id, uint8_t *to, size_t max,
                              uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct rpc_stream *st = source->ptr;
    size_t n = MIN(rpc_stream_unsent(st), max);

    (void)to;
    (void)user;
    if (n == 0 && !st->is_out_ended) {
        st->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (n > 0)
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (n < TINY_WINDOW_BYTES && n == max)
        note(st->session, RPC_GUARD_TINY_WINDOWS);
    if (!st->is_out_ended || n < rpc_stream_unsent(st))
        return (ssize_t)n;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (st->n_end > 0) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (nghttp2_submit_trailer(h2, id, st->end, st->n_end) != 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return (ssize_t)n;
}

/* n bytes have left the queue. */
static void take_out(struct rpc_stream *st, size_t n)
{
    st->n_kept += n;
    if (st->keeps_sent && st->n_kept <= LIMIT_RPC_RETRY_BUFFER)
        return;
    rpc_stream_forget_sent(st);
}

static int on_data_send(nghttp2_session *h2, nghttp2_frame *frame, const uint8_t *frame_head,
                        size_t n, nghttp2_data_source *source, void *user)
{
    struct rpc_session *s = user;
    struct rpc_stream *st = source->ptr;

    (void)h2;
    (void)frame;
    assert((size_t)(s->sink_end - s->sink) >= FRAME_HEAD_BYTES + n); /* ROOM_FOR_A_FRAME */
    memcpy(s->sink, frame_head, FRAME_HEAD_BYTES);
    memcpy(s->sink + FRAME_HEAD_BYTES, buf_data(&st->out) + st->n_kept, n);
    s->sink += FRAME_HEAD_BYTES + n;
    rpc_meter_sent_data(&s->meter);
    take_out(st, n);
    if (st->wants_room && rpc_stream_unsent(st) < LIMIT_RPC_SEND_MARK) {
        st->wants_room = false;
        if (record(s, (struct rpc_event){.type = RPC_EVENT_ROOM, .stream = st}) != 0)
            return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    /* So that whatever follows in this pull has room. */
    return s->sink_end - s->sink < ROOM_FOR_A_FRAME ? NGHTTP2_ERR_PAUSE : 0;
}

/* ---- life ---- */

static int new_h2(struct rpc_session *s)
{
    nghttp2_session_callbacks *cb = NULL;
    nghttp2_option *opt = NULL;
    int r = NGHTTP2_ERR_NOMEM;

    if (nghttp2_session_callbacks_new(&cb) != 0 || nghttp2_option_new(&opt) != 0)
        goto out;
    nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb, on_invalid_frame);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
    nghttp2_session_callbacks_set_send_data_callback(cb, on_data_send);
    nghttp2_option_set_no_auto_window_update(opt, 1);
    nghttp2_option_set_no_closed_streams(opt, 1); /* ended.h */
    if (s->opts.role == RPC_SERVER)               /* our heads and trailers repeat a few fields */
        nghttp2_option_set_max_deflate_dynamic_table_size(opt, DEFLATE_TABLE_BYTES);
    /* Ours come first, with code, text and counter (lib/rpc/guard.h). */
    nghttp2_option_set_stream_reset_rate_limit(opt, UINT16_MAX, UINT16_MAX);
    nghttp2_option_set_max_continuations(opt, HEAD_MAX_CONTINUATIONS);
    nghttp2_option_set_max_outbound_ack(opt, 4 * (size_t)QUEUED_FRAMES_MAX);
    rpc_h2_mem_init(&s->mem, s->opts.frame, s->opts.pages);
    r = s->opts.role == RPC_SERVER ? nghttp2_session_server_new3(&s->h2, cb, s, opt, &s->mem.mem)
                                   : nghttp2_session_client_new3(&s->h2, cb, s, opt, &s->mem.mem);
out:
    nghttp2_session_callbacks_del(cb);
    nghttp2_option_del(opt);
    return r;
}

static int submit_settings(struct rpc_session *s)
{
    nghttp2_settings_entry common[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, LIMIT_RPC_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, LIMIT_RPC_METADATA},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, s->opts.max_streams},
    };
    nghttp2_settings_entry no_push = {NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
    int r;

    if (s->opts.role == RPC_CLIENT)
        common[2] = no_push;
    r = nghttp2_submit_settings(s->h2, NGHTTP2_FLAG_NONE, common, ARRAY_SIZE(common));
    if (r != 0)
        return r;
    return nghttp2_session_set_local_window_size(s->h2, NGHTTP2_FLAG_NONE, 0,
                                                 LIMIT_RPC_CONN_WINDOW);
}

/* A client's nghttp2 is born with the preface in its frame buffer, which others are about to use:
 * it is taken out at once and sent by rpc_session_pull(). */
static void take_preface(struct rpc_session *s)
{
    const uint8_t *preface;
    ssize_t n;

    if (s->opts.role != RPC_CLIENT)
        return;
    n = nghttp2_session_mem_send(s->h2, &preface);
    assert(n == NGHTTP2_CLIENT_MAGIC_LEN);
    s->owes_preface = true;
}

int rpc_session_new(struct rpc_session **ret, const struct rpc_session_opts *opts, struct err *err)
{
    _cleanup_(rpc_session_freep) struct rpc_session *s = calloc(1, sizeof(*s));

    if (!s)
        return err_oom(err);
    s->opts = *opts;
    rpc_skipped_init(&s->skipped);
    rpc_ended_init(&s->ended);
    rpc_bdp_init(&s->bdp, LIMIT_RPC_STREAM_WINDOW, LIMIT_RPC_STREAM_WINDOW_MAX);
    rpc_walk_init(&s->walk, NGHTTP2_CLIENT_MAGIC_LEN);
    rpc_meter_init(&s->meter, opts->limits);
    list_init(&s->streams);
    if (new_h2(s) != 0 || submit_settings(s) != 0)
        return err_oom(err); /* nothing else can fail there */
    take_preface(s);
    *ret = TAKE_PTR(s);
    return 0;
}

void rpc_session_free(struct rpc_session *s)
{
    if (!s)
        return;
    LIST_FOREACH_SAFE(it, &s->streams)
    detach(CONTAINER_OF(it, struct rpc_stream, link));
    nghttp2_session_del(s->h2);
    rpc_skipped_done(&s->skipped);
    free(s->events);
    free(s->peer_goaway_text);
    free(s);
}

void rpc_session_move_streams(struct rpc_session *s, struct list *to)
{
    struct list *e;

    while ((e = list_pop_front(&s->streams))) {
        CONTAINER_OF(e, struct rpc_stream, link)->session = NULL;
        CONTAINER_OF(e, struct rpc_stream, link)->n_unread = 0;
        list_push_back(to, e);
    }
    s->n_streams = 0;
}

/* ---- bytes in, events out ---- */

/*
 * nghttp2 drops DATA of a stream that it has forgotten and tells nobody. So its head is looked at
 * here, once nghttp2 has all before it: what it has forgotten is then known. A RST_STREAM may make
 * it forget one, and is given to it before the walk goes on.
 */
static ssize_t recv_frames(struct rpc_session *s, const uint8_t *data, size_t n)
{
    size_t at = 0, done = 0;
    nghttp2_frame_hd hd;

    if (s->opts.role == RPC_CLIENT)
        return nghttp2_session_mem_recv(s->h2, data, n);
    while (rpc_walk_next(&s->walk, data, n, &at, &hd)) {
        bool is_late = hd.type == NGHTTP2_DATA && rpc_ended_has(&s->ended, hd.stream_id);
        size_t end = hd.type == NGHTTP2_RST_STREAM ? MIN(n, at + hd.length) : at;
        ssize_t r;

        if (hd.type > NGHTTP2_CONTINUATION)
            note(s, RPC_GUARD_UNKNOWN_FRAMES); /* nghttp2 drops them and tells nobody either */
        if (!is_late && hd.type != NGHTTP2_RST_STREAM)
            continue;
        r = nghttp2_session_mem_recv(s->h2, data + done, end - done);
        if (r < 0)
            return r;
        done = end;
        if (is_late && !stream_of(s->h2, hd.stream_id))
            strike(s, RPC_GUARD_OTHER_RULES, 0, NGHTTP2_STREAM_CLOSED);
    }
    return done < n ? nghttp2_session_mem_recv(s->h2, data + done, n - done) : 0;
}

int rpc_session_recv(struct rpc_session *s, const uint8_t *data, size_t n, uint64_t now_ms,
                     struct err *err)
{
    ssize_t r;

    if (s->is_ending || s->own_error)
        return 0;
    s->now_ms = now_ms;
    rpc_meter_tick(&s->meter, now_ms);
    r = recv_frames(s, data, n);
    if (s->n_received > 0)
        take_received(s);
    if (r == NGHTTP2_ERR_NOMEM || r == NGHTTP2_ERR_CALLBACK_FAILURE)
        return err_oom(err);
    if (r == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
        strike(s, RPC_GUARD_LONG_HEADS, HEAD_MAX_CONTINUATIONS, NGHTTP2_ENHANCE_YOUR_CALM);
        return 0;
    }
    if (r < 0)
        return err_set(err, RPC_UNAVAILABLE, "ProtocolError", "the peer does not speak HTTP/2: %s",
                       nghttp2_strerror((int)r));
    if (nghttp2_session_get_outbound_queue_size(s->h2) > QUEUED_FRAMES_MAX)
        strike(s, RPC_GUARD_QUEUED_FRAMES, QUEUED_FRAMES_MAX, NGHTTP2_ENHANCE_YOUR_CALM);
    return 0;
}

int rpc_session_next(struct rpc_session *s, struct rpc_event *ret)
{
    if (s->at_event == s->n_events) {
        s->at_event = s->n_events = 0;
        if (s->cap_events > EVENTS_KEPT || (s->events && s->n_streams == 0)) {
            free(TAKE_PTR(s->events));
            s->cap_events = 0;
        }
        return 0;
    }
    *ret = s->events[s->at_event++];
    if (ret->type == RPC_EVENT_CLOSE)
        detach(ret->stream);
    return 1;
}

/* ---- bytes out ---- */

ssize_t rpc_session_pull(struct rpc_session *s, uint8_t *to, size_t max, struct err *err)
{
    s->sink = to;
    s->sink_end = to + max;
    if (s->owes_preface) {
        memcpy(s->sink, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
        s->sink += NGHTTP2_CLIENT_MAGIC_LEN;
        s->owes_preface = false;
    }
    while (s->sink_end - s->sink >= ROOM_FOR_A_FRAME && !s->own_error) {
        uint8_t *before = s->sink;
        const uint8_t *frame;
        ssize_t n = nghttp2_session_mem_send(s->h2, &frame);

        if (n < 0) /* the only way it fails, besides our callbacks being out of memory */
            return err_oom(err);
        /* Whole frames only: the next session uses the same buffer (h2_mem.h). */
        assert(n <= s->sink_end - s->sink);
        if (n > 0)
            memcpy(s->sink, frame, (size_t)n);
        s->sink += n;
        if (s->sink == before)
            break;
    }
    return s->sink - to;
}

bool rpc_session_is_over(const struct rpc_session *s)
{
    if (s->own_error)
        return true;
    return !nghttp2_session_want_read(s->h2) && !nghttp2_session_want_write(s->h2);
}

bool rpc_session_is_broken(const struct rpc_session *s)
{
    return s->is_broken;
}

bool rpc_session_is_ending(const struct rpc_session *s)
{
    return s->is_ending || s->own_error;
}

uint64_t rpc_session_head_since(const struct rpc_session *s)
{
    return s->head_since_ms;
}

uint32_t rpc_session_own_error(const struct rpc_session *s)
{
    return s->own_error;
}

size_t rpc_session_streams(const struct rpc_session *s)
{
    return s->n_streams;
}

bool rpc_session_can_open(const struct rpc_session *s)
{
    return !s->has_goaway && nghttp2_session_check_request_allowed(s->h2) &&
           s->n_streams <
               nghttp2_session_get_remote_settings(s->h2, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

/* ---- streams ---- */

int rpc_session_request(struct rpc_session *s, struct rpc_stream *st, const nghttp2_nv *fields,
                        size_t n, struct err *err)
{
    nghttp2_data_provider source = {.source.ptr = st, .read_callback = on_data_wanted};
    int32_t id = nghttp2_submit_request(s->h2, NULL, fields, n, &source, st);

    if (id == NGHTTP2_ERR_NOMEM)
        return err_oom(err);
    if (id < 0)
        return err_set(err, RPC_UNAVAILABLE, "NoStreams", "the connection takes no more calls: %s",
                       nghttp2_strerror(id));
    attach(s, st, id);
    return 0;
}

static bool is_live(const struct rpc_stream *st)
{
    return st->session && !st->is_closed;
}

int rpc_stream_respond(struct rpc_stream *st, const nghttp2_nv *fields, size_t n, bool is_end,
                       struct err *err)
{
    nghttp2_data_provider source = {.source.ptr = st, .read_callback = on_data_wanted};

    if (!is_live(st))
        return err_set(err, RPC_UNAVAILABLE, "CallEnded", "the call has ended");
    if (nghttp2_submit_response(st->session->h2, st->id, fields, n, is_end ? NULL : &source) != 0)
        return err_oom(err);
    return 0;
}

void rpc_stream_resume(struct rpc_stream *st)
{
    if (!is_live(st) || !st->is_deferred)
        return;
    st->is_deferred = false;
    /* Fails harmlessly when it is not deferred. */
    note_result(st->session, nghttp2_session_resume_data(st->session->h2, st->id));
}

void rpc_stream_reset(struct rpc_stream *st, uint32_t h2_error)
{
    if (is_live(st))
        note_result(st->session, nghttp2_submit_rst_stream(st->session->h2, NGHTTP2_FLAG_NONE,
                                                           st->id, h2_error));
}

void rpc_stream_consume(struct rpc_stream *st, size_t n)
{
    struct rpc_session *s = st->session;

    if (!s || n == 0)
        return;
    n = MIN(n, st->n_unread);
    st->n_unread -= n;
    s->n_unread -= n;
    give_window_back(s);
    if (st->is_closed)
        return;
    note_result(s, nghttp2_session_consume_stream(s->h2, st->id, n));
    if (st->window >= s->bdp.window)
        return;
    st->window = s->bdp.window;
    note_result(s, nghttp2_session_set_local_window_size(s->h2, NGHTTP2_FLAG_NONE, st->id,
                                                         (int32_t)st->window));
}

void rpc_stream_forget_sent(struct rpc_stream *st)
{
    st->keeps_sent = false;
    if (st->n_kept > 0 && st->n_kept == buf_len(&st->out))
        rpc_pool_clear_buf(st->pool, &st->out);
    else
        buf_consume(&st->out, st->n_kept);
    st->n_kept = 0;
}

void rpc_stream_rewind(struct rpc_stream *st)
{
    st->n_kept = 0;
    st->id = 0;
    st->head = st->trailers = (struct rpc_head){0};
    st->has_head = st->is_deferred = st->is_begun = st->is_end_sent = st->is_closed = false;
}

static bool is_stuck(struct rpc_stream *st, uint64_t now_ms, uint32_t max_ms)
{
    size_t n = rpc_stream_unsent(st);

    if (!is_live(st) || !st->is_out_ended || st->is_end_sent)
        return false;
    if (st->stuck_ms && st->stuck_bytes == n)
        return now_ms - st->stuck_ms >= max_ms;
    st->stuck_bytes = n;
    st->stuck_ms = now_ms;
    return false;
}

size_t rpc_session_reset_stuck(struct rpc_session *s, uint64_t now_ms, uint32_t max_ms,
                               bool only_looks)
{
    size_t n = 0;

    LIST_FOREACH(it, &s->streams)
    {
        struct rpc_stream *st = CONTAINER_OF(it, struct rpc_stream, link);

        if (!is_stuck(st, now_ms, max_ms) || only_looks)
            continue;
        st->stuck_ms = now_ms; /* once is enough */
        rpc_stream_reset(st, NGHTTP2_CANCEL);
        n++;
    }
    return n;
}

/* ---- the connection; each fails only when memory is out, and the peer's own timers then end it
 * ---- */

void rpc_session_ping(struct rpc_session *s)
{
    note_result(s, nghttp2_submit_ping(s->h2, NGHTTP2_FLAG_NONE, NULL));
}

void rpc_session_goaway_soon(struct rpc_session *s)
{
    note_result(s, nghttp2_submit_shutdown_notice(s->h2));
    rpc_session_ping(s);
}

void rpc_session_goaway(struct rpc_session *s)
{
    note_result(s, nghttp2_submit_goaway(s->h2, NGHTTP2_FLAG_NONE,
                                         nghttp2_session_get_last_proc_stream_id(s->h2),
                                         NGHTTP2_NO_ERROR, NULL, 0));
}

bool rpc_session_take_sent(struct rpc_session *s)
{
    bool has_sent = s->has_sent;

    s->has_sent = false;
    return has_sent;
}

void rpc_session_strike(struct rpc_session *s, enum rpc_guard g, uint32_t limit)
{
    strike(s, g, limit,
           g == RPC_GUARD_SLOW_STARTS ? NGHTTP2_SETTINGS_TIMEOUT : NGHTTP2_ENHANCE_YOUR_CALM);
}

void rpc_session_windows(const struct rpc_session *s, int64_t *ret_in, int64_t *ret_out)
{
    *ret_in = nghttp2_session_get_local_window_size(s->h2);
    *ret_out = nghttp2_session_get_remote_window_size(s->h2);
}

uint32_t rpc_session_peer_goaway(const struct rpc_session *s, const char **ret_text)
{
    *ret_text = s->peer_goaway_text ? s->peer_goaway_text : "";
    return s->peer_goaway;
}
