/* The recording half of a session: what nghttp2 tells of frames becomes events, counts and windows.
 */
#include "lib/rpc/session_core.h"

enum {
    EVENTS_FIRST = 16,
    GOAWAY_TEXT_CHARS = 128,
    HEAD_GIVE_UP_BYTES =
        8 * LIMIT_RPC_METADATA, /* further fields of a block are not even counted */
};

/* ---- recording ---- */

int rpc_session_record(struct rpc_session *s, struct rpc_event ev)
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
    rpc_session_note_result(s, nghttp2_submit_goaway(s->h2, NGHTTP2_FLAG_NONE, last, code,
                                                     (const uint8_t *)text, strlen(text)));
}

static void count(struct rpc_session *s, enum rpc_guard g)
{
    if (s->opts.counts)
        s->opts.counts->n[g]++;
}

void rpc_session_strike_with(struct rpc_session *s, enum rpc_guard g, uint32_t limit, uint32_t code)
{
    char text[RPC_GUARD_TEXT_BYTES];

    if (s->is_ending || s->own_error)
        return;
    count(s, g);
    rpc_guard_text(text, g, limit);
    end_session(s, code, text);
}

void rpc_session_note(struct rpc_session *s, enum rpc_guard g)
{
    if (rpc_meter_note(&s->meter, g))
        rpc_session_strike_with(s, g, rpc_guard_rate(s->opts.limits, g), NGHTTP2_ENHANCE_YOUR_CALM);
}

void rpc_session_attach(struct rpc_session *s, struct rpc_stream *st, int32_t id)
{
    st->session = s;
    st->id = id;
    st->window = LIMIT_RPC_STREAM_WINDOW;
    list_push_back(&s->streams, &st->link);
    s->n_streams++;
}

void rpc_session_detach(struct rpc_stream *st)
{
    list_remove(&st->link);
    st->session->n_streams--;
    st->session->n_unread -= st->n_unread;
    st->session->n_grown -= st->window - LIMIT_RPC_STREAM_WINDOW;
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
    if (rpc_session_stream_of(s->h2, hd->stream_id))
        return;
    s->head_since_ms = 0; /* nghttp2 drops the block and does not tell when it ends */
    if (rpc_skipped_has(&s->skipped, hd->stream_id))
        rpc_session_strike_with(s, RPC_GUARD_REUSED_IDS, 0, NGHTTP2_PROTOCOL_ERROR);
    else if (rpc_ended_has(&s->ended, hd->stream_id))
        rpc_session_strike_with(s, RPC_GUARD_OTHER_RULES, 0, NGHTTP2_STREAM_CLOSED);
    else
        rpc_session_note(s, RPC_GUARD_LATE_HEADS);
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
        rpc_session_note(s, RPC_GUARD_CONTINUATIONS);
        break;
    case NGHTTP2_PRIORITY:
        rpc_session_note(s, RPC_GUARD_PRIORITIES);
        break;
    case NGHTTP2_RST_STREAM:
        if (s->opts.role == RPC_SERVER) /* of a server there are no more than we made calls */
            rpc_session_note(s, RPC_GUARD_RESETS);
        rpc_ended_note(&s->ended, hd->stream_id);
        break;
    case NGHTTP2_SETTINGS:
        if (!is_ack)
            rpc_session_note(s, RPC_GUARD_SETTINGS);
        break;
    case NGHTTP2_PING:
        if (!is_ack || s->n_pings_out == 0)
            rpc_session_note(s, RPC_GUARD_PINGS);
        else
            s->n_pings_out--;
        break;
    case NGHTTP2_GOAWAY:
        rpc_session_note(s, RPC_GUARD_GOAWAYS);
        break;
    case NGHTTP2_WINDOW_UPDATE:
        rpc_session_note(s, RPC_GUARD_WINDOW_UPDATES);
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
        rpc_session_note(s, RPC_GUARD_REFUSED_STREAMS);
        return 0;
    }
    s->n_provoked++;
    rpc_session_note(s, RPC_GUARD_PROVOKED_RESETS);
    return 0;
}

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
    struct rpc_session *s = user;
    struct rpc_stream *st = rpc_session_stream_of(h2, frame->hd.stream_id);

    s->head = NULL;
    if (frame->hd.type != NGHTTP2_HEADERS)
        return 0;
    if (s->opts.role == RPC_SERVER && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        st = s->opts.stream_new(s->opts.user);
        if (!st) {
            s->head_since_ms = 0;
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        }
        rpc_session_attach(s, st, frame->hd.stream_id);
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
    rpc_session_note(s, RPC_GUARD_LARGE_HEADS);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_headers_frame(struct rpc_session *s, struct rpc_stream *st, bool is_end)
{
    struct rpc_event ev = {.stream = st, .n = is_end};

    if (s->head && s->head->is_too_large)
        rpc_session_note(s, RPC_GUARD_LARGE_HEADS);
    if (st->has_head) {
        ev.type = RPC_EVENT_TRAILERS;
        return s->opts.role == RPC_CLIENT ? rpc_session_record(s, ev) : 0;
    }
    if (s->opts.role == RPC_CLIENT && st->head.http_status / 100 == 1)
        return 0; /* informational: the final one follows */
    st->has_head = true;
    ev.type = RPC_EVENT_HEAD;
    return rpc_session_record(s, ev);
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
        rpc_session_note(s, RPC_GUARD_EMPTY_DATA);
    }
    if (!is_end)
        return 0;
    rpc_ended_note(&s->ended, frame->hd.stream_id);
    return rpc_session_record(s, (struct rpc_event){.type = RPC_EVENT_END, .stream = st});
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
    rpc_session_note_result(
        s, nghttp2_session_set_local_window_size(s->h2, NGHTTP2_FLAG_NONE, 0, (int32_t)window));
    return 0;
}

void rpc_session_give_window_back(struct rpc_session *s)
{
    if (s->n_owed == 0 || s->n_unread > LIMIT_RPC_CONN_UNREAD)
        return;
    rpc_session_note_result(s, nghttp2_session_consume_connection(s->h2, s->n_owed));
    s->n_owed = 0;
}

void rpc_session_take_received(struct rpc_session *s)
{
    s->n_owed += s->n_received;
    /* What nobody reads comes no faster with more window. */
    if (s->n_unread <= s->bdp.window && rpc_bdp_received(&s->bdp, s->n_received, s->now_ms))
        rpc_session_note_result(s, nghttp2_submit_ping(s->h2, NGHTTP2_FLAG_NONE, bdp_ping));
    s->n_received = 0;
    rpc_session_give_window_back(s);
}

/* ---- frames received ---- */

static int on_frame_recv(nghttp2_session *h2, const nghttp2_frame *frame, void *user)
{
    struct rpc_session *s = user;
    struct rpc_stream *st = rpc_session_stream_of(h2, frame->hd.stream_id);
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
        return rpc_session_record(s, (struct rpc_event){.type = RPC_EVENT_SETTINGS});
    case NGHTTP2_PING:
        if (is_ack && memcmp(frame->ping.opaque_data, bdp_ping, sizeof(bdp_ping)) == 0)
            return grow_windows(s);
        if (is_ack)
            return rpc_session_record(s, (struct rpc_event){.type = RPC_EVENT_PONG});
        return rpc_session_record(s, (struct rpc_event){.type = RPC_EVENT_PING});
    case NGHTTP2_GOAWAY:
        s->has_goaway = true;
        keep_goaway(s, &frame->goaway);
        return rpc_session_record(
            s, (struct rpc_event){.type = RPC_EVENT_GOAWAY, .code = frame->goaway.error_code});
    default:
        return 0;
    }
}

static int on_data_chunk(nghttp2_session *h2, uint8_t flags, int32_t id, const uint8_t *data,
                         size_t n, void *user)
{
    struct rpc_session *s = user;
    struct rpc_stream *st = rpc_session_stream_of(h2, id);

    (void)flags;
    s->n_received += n;
    s->has_data = true;
    if (!st)
        return 0;
    st->n_unread += n;
    s->n_unread += n;
    return rpc_session_record(
        s, (struct rpc_event){.type = RPC_EVENT_DATA, .stream = st, .data = data, .n = n});
}

static int on_stream_close(nghttp2_session *h2, int32_t id, uint32_t code, void *user)
{
    struct rpc_session *s = user;
    struct rpc_stream *st = rpc_session_stream_of(h2, id);

    if (!st)
        return 0;
    st->is_closed = true;
    /* nghttp2 leaks the frame it was about to send when this fails. */
    s->is_broken |=
        rpc_session_record(
            s, (struct rpc_event){.type = RPC_EVENT_CLOSE, .stream = st, .code = code}) != 0;
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
            rpc_session_note(s, RPC_GUARD_PROVOKED_RESETS);
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
    struct rpc_stream *st = rpc_session_stream_of(h2, frame->hd.stream_id);

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
        rpc_session_note_result(s,
                                nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE,
                                                          frame->hd.stream_id, NGHTTP2_NO_ERROR));
    return 0;
}

void rpc_session_set_recorders(nghttp2_session_callbacks *cb)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(cb, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb, on_invalid_frame);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
}
