/*
 * Events are kept in an array that lives for one recv-and-drain round. DATA is not copied: nghttp2
 * hands out pointers into the input, which stays the caller's until the events are taken. Outgoing
 * DATA goes from the stream's queue into the caller's buffer in one copy
 * (NGHTTP2_DATA_FLAG_NO_COPY).
 */
#include "lib/rpc/session_core.h"

enum {
    EVENTS_KEPT = 64,
    FRAME_HEAD_BYTES = 9,
    ROOM_FOR_A_FRAME = FRAME_HEAD_BYTES + 16384,
    HEAD_MAX_CONTINUATIONS = 16,
    QUEUED_FRAMES_MAX = 8192,
    TINY_WINDOW_BYTES = 16,
    DEFLATE_TABLE_BYTES = 1024,
};

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
        rpc_session_note(st->session, RPC_GUARD_TINY_WINDOWS);
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
    if (st->keeps_sent && st->n_kept <= st->keep_max)
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
        if (rpc_session_record(s, (struct rpc_event){.type = RPC_EVENT_ROOM, .stream = st}) != 0)
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
    rpc_session_set_recorders(cb);
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
    rpc_session_detach(CONTAINER_OF(it, struct rpc_stream, link));
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
            rpc_session_note(
                s, RPC_GUARD_UNKNOWN_FRAMES); /* nghttp2 drops them and tells nobody either */
        if (!is_late && hd.type != NGHTTP2_RST_STREAM)
            continue;
        r = nghttp2_session_mem_recv(s->h2, data + done, end - done);
        if (r < 0)
            return r;
        done = end;
        if (is_late && !rpc_session_stream_of(s->h2, hd.stream_id))
            rpc_session_strike_with(s, RPC_GUARD_OTHER_RULES, 0, NGHTTP2_STREAM_CLOSED);
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
        rpc_session_take_received(s);
    if (r == NGHTTP2_ERR_NOMEM || r == NGHTTP2_ERR_CALLBACK_FAILURE)
        return err_oom(err);
    if (r == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
        rpc_session_strike_with(s, RPC_GUARD_LONG_HEADS, HEAD_MAX_CONTINUATIONS,
                                NGHTTP2_ENHANCE_YOUR_CALM);
        return 0;
    }
    if (r < 0)
        return err_set(err, RPC_UNAVAILABLE, "ProtocolError", "the peer does not speak HTTP/2: %s",
                       nghttp2_strerror((int)r));
    if (nghttp2_session_get_outbound_queue_size(s->h2) > QUEUED_FRAMES_MAX)
        rpc_session_strike_with(s, RPC_GUARD_QUEUED_FRAMES, QUEUED_FRAMES_MAX,
                                NGHTTP2_ENHANCE_YOUR_CALM);
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
        rpc_session_detach(ret->stream);
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
    rpc_session_attach(s, st, id);
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
    rpc_session_note_result(st->session, nghttp2_session_resume_data(st->session->h2, st->id));
}

void rpc_stream_reset(struct rpc_stream *st, uint32_t h2_error)
{
    if (is_live(st))
        rpc_session_note_result(
            st->session,
            nghttp2_submit_rst_stream(st->session->h2, NGHTTP2_FLAG_NONE, st->id, h2_error));
}

/* To what the connection carries, as far as all streams together may grow: those that stall with a
 * large window must not use up what the connection may hold. */
static void grow_window(struct rpc_stream *st)
{
    struct rpc_session *s = st->session;
    uint32_t by;

    if (st->window >= s->bdp.window || s->n_grown >= LIMIT_RPC_CONN_GROWN)
        return;
    by = MIN(s->bdp.window - st->window, (uint32_t)(LIMIT_RPC_CONN_GROWN - s->n_grown));
    st->window += by;
    s->n_grown += by;
    rpc_session_note_result(s, nghttp2_session_set_local_window_size(s->h2, NGHTTP2_FLAG_NONE,
                                                                     st->id, (int32_t)st->window));
}

void rpc_stream_consume(struct rpc_stream *st, size_t n)
{
    struct rpc_session *s = st->session;

    if (!s || n == 0)
        return;
    n = MIN(n, st->n_unread);
    st->n_unread -= n;
    s->n_unread -= n;
    rpc_session_give_window_back(s);
    if (st->is_closed)
        return;
    rpc_session_note_result(s, nghttp2_session_consume_stream(s->h2, st->id, n));
    grow_window(st);
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
    rpc_session_note_result(s, nghttp2_submit_ping(s->h2, NGHTTP2_FLAG_NONE, NULL));
}

void rpc_session_goaway_soon(struct rpc_session *s)
{
    rpc_session_note_result(s, nghttp2_submit_shutdown_notice(s->h2));
    rpc_session_ping(s);
}

void rpc_session_goaway(struct rpc_session *s)
{
    rpc_session_note_result(s, nghttp2_submit_goaway(s->h2, NGHTTP2_FLAG_NONE,
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
    rpc_session_strike_with(s, g, limit,
                            g == RPC_GUARD_SLOW_STARTS ? NGHTTP2_SETTINGS_TIMEOUT
                                                       : NGHTTP2_ENHANCE_YOUR_CALM);
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
