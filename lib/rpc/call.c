/*
 * A call lives until three things hold: its end was told (or nobody waits), HTTP/2 has forgotten
 * its stream, and no function of ours up the stack still needs it. `release()` is the one place
 * that looks.
 *
 * Data that was asked for goes to the application straight out of the read buffer; only what comes
 * unasked is kept, in rx, and as its window stays closed it can be no more than one stream window.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/limits.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/gzip.h"
#include "lib/rpc/metadata_core.h"
#include "lib/rpc/percent.h"
#include "lib/rpc/status_core.h"

enum { SPARE_CALLS = 64, SPARE_BUF_BYTES = 4096 };

/* ---- life ---- */

static void on_deadline(struct rpc_deadline *d);

static void call_init(struct rpc_call *call, struct rpc_hub *hub, enum rpc_role role,
                      size_t max_message)
{
    struct buf out = call->stream.out; /* a spare one keeps its memory */

    memset(call, 0, offsetof(struct rpc_call, first));
    arena_init_with(&call->arena, max_message + 2 * LIMIT_RPC_METADATA, call->first,
                    sizeof(call->first));
    /* Unpacked, a message of many small parts takes more than its bytes on the wire. */
    arena_init(&call->msg_arena, 4 * max_message + LIMIT_RPC_METADATA);
    call->stream.arena = &call->arena;
    call->stream.pool = &hub->pool;
    call->stream.out = out;
    call->stream.out.max =
        MAX(max_message, (size_t)LIMIT_RPC_MESSAGE) + LIMIT_RPC_SEND_MARK + RPC_FRAME_HEAD;
    if (role == RPC_CLIENT)
        call->stream.out.max += LIMIT_RPC_RETRY_BUFFER;
    list_init(&call->stream.link);
    list_init(&call->todo);
    list_init(&call->pending);
    buf_init(&call->rx, LIMIT_RPC_STREAM_WINDOW);
    buf_init(&call->plain, max_message);
    rpc_frame_decoder_init(&call->decoder, (uint32_t)MIN(max_message, (size_t)UINT32_MAX));
    call->decoder.pool = &hub->pool;
    rpc_metadata_init(&call->headers, &call->arena);
    rpc_metadata_init(&call->trailers, &call->arena);
    call->deadline.at_ms = CLOCK_NEVER;
    call->deadline.fn = on_deadline;
    call->max_message = max_message;
    call->status.message = "";
    call->role = role;
    call->hub = rpc_hub_ref(hub);
}

struct rpc_call *rpc_call_new(struct rpc_hub *hub, enum rpc_role role, size_t max_message)
{
    struct list *e = list_pop_front(&hub->spare);
    struct rpc_call *call;

    if (e) {
        hub->n_spare--;
        call = CONTAINER_OF(e, struct rpc_call, todo);
    } else {
        call = malloc(sizeof(*call));
        if (!call)
            return NULL;
        call->stream.out = (struct buf){0};
    }
    call_init(call, hub, role, max_message);
    return call;
}

static void call_free(struct rpc_call *call)
{
    struct rpc_hub *hub = call->hub;

    rpc_deadline_disarm(hub, &call->deadline);
    rpc_deadline_disarm(hub, &call->retry.again);
    list_remove(&call->todo);
    list_remove(&call->pending);
    if (call->conn)
        rpc_conn_unref(call->conn);
    buf_done(&call->rx);
    buf_done(&call->plain);
    rpc_frame_decoder_done(&call->decoder);
    arena_done(&call->arena);
    arena_done(&call->msg_arena);
    buf_clear(&call->stream.out);
    if (hub->is_closed || hub->n_spare >= SPARE_CALLS) {
        buf_done(&call->stream.out);
        free(call);
    } else {
        if (call->stream.out.cap > SPARE_BUF_BYTES)
            buf_done(&call->stream.out);
        list_push_front(&hub->spare, &call->todo);
        hub->n_spare++;
    }
    rpc_hub_unref(hub);
}

void rpc_call_free_spare(struct rpc_hub *hub)
{
    struct list *e;

    while ((e = list_pop_front(&hub->spare))) {
        struct rpc_call *call = CONTAINER_OF(e, struct rpc_call, todo);

        buf_done(&call->stream.out);
        free(call);
    }
}

static void release(struct rpc_call *call)
{
    if (call->is_done && call->n_busy == 0 && !call->is_streaming &&
        !list_is_linked(&call->pending))
        call_free(call);
}

void rpc_call_settle(struct rpc_call *call)
{
    release(call);
}

void rpc_call_discard(struct rpc_call *call)
{
    call->is_done = true;
    list_remove(&call->pending);
    release(call);
}

/* Around every callback: the call stays in memory, whatever the callback does. */
static void hold(struct rpc_call *call)
{
    call->n_busy++;
}

static void unhold(struct rpc_call *call)
{
    call->n_busy--;
    release(call);
}

static void tell_later(struct rpc_call *call)
{
    if (!list_is_linked(&call->todo))
        list_push_back(&call->hub->todo, &call->todo);
    rpc_hub_wake(call->hub);
}

static void dirty(struct rpc_call *call)
{
    if (call->conn)
        rpc_conn_dirty(call->conn);
}

/* ---- the end ---- */

static void end_with(struct rpc_call *call, const struct rpc_status *status)
{
    if (call->is_over)
        return;
    call->is_over = true;
    call->status = *status;
    rpc_deadline_disarm(call->hub, &call->deadline);
    if (call->role == RPC_CLIENT)
        rpc_retry_over(call);
    tell_later(call);
}

void rpc_call_end(struct rpc_call *call, int code, const char *message)
{
    struct rpc_status status = {.code = code};

    if (call->is_over)
        return;
    status.message = message && *message ? arena_strdup(&call->arena, message) : "";
    if (!status.message)
        status.message = "out of memory";
    end_with(call, &status);
}

static void tell_done(struct rpc_call *call)
{
    call->is_done = true;
    if (call->ops && call->ops->on_done)
        call->ops->on_done(call, &call->status, call->user);
}

/* ---- receiving ---- */

static bool is_open(const struct rpc_call *call)
{
    return !call->is_over && !call->is_done;
}

static void end_early(struct rpc_call *call, struct rpc_status *status);

/* The peer sent what cannot be taken. */
static void fail_receive(struct rpc_call *call, const struct err *err)
{
    struct rpc_status status = {.code = err->code, .message = arena_strdup(&call->arena, err->msg)};

    if (!status.message)
        status.message = "out of memory";
    (void)snprintf(status.reason, sizeof(status.reason), "%s", err->reason);
    end_early(call, &status);
}

static int decompress(struct rpc_call *call, struct rpc_frame *frame, struct err *err)
{
    const char *encoding = call->stream.head.encoding;

    if (!encoding || strcmp(encoding, "identity") == 0)
        return err_set(err, RPC_INTERNAL, "BadFrame",
                       "a message says it is compressed, its call says it is not");
    if (strcmp(encoding, "gzip") != 0)
        return err_set(err, RPC_UNIMPLEMENTED, "BadEncoding",
                       "grpc-encoding \"%.32s\" is not supported: use identity or gzip", encoding);
    buf_clear(&call->plain);
    if (rpc_gzip_unpack(frame->body, frame->n_body, &call->plain, err) < 0)
        return -1;
    frame->body = buf_data(&call->plain);
    frame->n_body = (uint32_t)buf_len(&call->plain);
    return 0;
}

static void refuse_cardinality(struct rpc_call *call, const char *what)
{
    struct err err;

    err_set(&err, RPC_UNIMPLEMENTED, "BadCardinality",
            "%s answers with exactly one message: %s came", call->path, what);
    fail_receive(call, &err);
}

static void hand_out(struct rpc_call *call, const struct rpc_frame *frame)
{
    if (call->is_unary && call->n_messages > 0) {
        refuse_cardinality(call, "a second one");
        return;
    }
    call->n_messages++;
    call->wants_message = call->is_unary; /* looks whether there is a second one */
    call->was_gzip = frame->compressed;
    if (call->ops && call->ops->on_message)
        call->ops->on_message(call, frame->body, frame->n_body, call->user);
}

/* Hands out messages while they are asked for; takes their bytes off *in. */
static void take_messages(struct rpc_call *call, const uint8_t **in, size_t *n)
{
    size_t before = *n;

    while (call->wants_message && is_open(call)) {
        struct rpc_frame frame;
        struct err err;
        int r = rpc_frame_next(&call->decoder, in, n, &frame, &err);

        if (r == RPC_FRAME_NEED_MORE)
            break;
        if (r < 0 || (frame.compressed && decompress(call, &frame, &err) < 0)) {
            fail_receive(call, &err);
            break;
        }
        hand_out(call, &frame);
    }
    rpc_stream_consume(&call->stream, before - *n);
    if (before != *n)
        dirty(call);
}

static void take_kept(struct rpc_call *call)
{
    const uint8_t *in;
    size_t n = buf_len(&call->rx), before = n;

    if (n == 0 || !call->wants_message)
        return;
    in = buf_data(&call->rx);
    take_messages(call, &in, &n);
    buf_consume(&call->rx, before - n);
}

static void settle_client(struct rpc_call *call)
{
    struct rpc_status status = call->status;

    if (!call->has_status)
        return;
    if (call->is_unary && status.code == RPC_OK && call->n_messages == 0)
        refuse_cardinality(call, "none");
    else
        end_with(call, &status);
}

/* What follows from the peer having ended its side, once all before it was taken. */
static void settle(struct rpc_call *call)
{
    struct err err;

    if (!is_open(call) || !call->is_peer_ended || buf_len(&call->rx) > 0)
        return;
    if (rpc_frame_is_partial(&call->decoder) &&
        !(call->has_status && call->status.code != RPC_OK)) {
        err_set(&err, RPC_INTERNAL, "TruncatedMessage",
                "the stream ended in the middle of a message");
        fail_receive(call, &err);
        return;
    }
    if (call->role == RPC_CLIENT) {
        settle_client(call);
        return;
    }
    if (call->is_half_close_told)
        return;
    call->is_half_close_told = true;
    if (call->ops && call->ops->on_half_close)
        call->ops->on_half_close(call, call->user);
}

static void on_data(struct rpc_call *call, const uint8_t *data, size_t n)
{
    struct err err;

    if (!is_open(call) || (call->role == RPC_SERVER && call->is_send_ended)) {
        rpc_stream_consume(&call->stream, n);
        return;
    }
    if (call->is_raw) {
        if (call->ops && call->ops->on_data)
            call->ops->on_data(call, data, n, call->user);
        else
            rpc_call_consumed(call, n);
        return;
    }
    take_kept(call);
    if (buf_len(&call->rx) == 0)
        take_messages(call, &data, &n);
    if (is_open(call) && n > 0 && buf_append(&call->rx, data, n, &err) < 0)
        fail_receive(call, &err);
}

/* ---- the server's answer, on the client ---- */

static void take_status(struct rpc_call *call, const struct rpc_head *h)
{
    struct rpc_status *status = &call->status;

    call->has_status = true;
    *status = (struct rpc_status){
        .code = h->grpc_status,
        .message = h->message ? h->message : "",
        .details = h->details,
        .n_details = h->n_details,
    };
    if (h->details)
        rpc_status_find_reason(h->details, h->n_details, status->reason);
}

static void end_without_status(struct rpc_call *call)
{
    const struct rpc_head *h = &call->stream.head;
    char text[160];

    if (h->http_status != 200) {
        (void)snprintf(text, sizeof(text), "the server answered with HTTP status %u, not with gRPC",
                       h->http_status);
        rpc_call_cancel(call, rpc_code_of_http_status(h->http_status), text);
    } else if (!rpc_head_is_grpc(h)) {
        (void)snprintf(text, sizeof(text),
                       "the server answered with content-type \"%.64s\", not gRPC",
                       h->content_type ? h->content_type : "");
        rpc_call_cancel(call, RPC_UNKNOWN, text);
    } else {
        rpc_call_cancel(call, RPC_INTERNAL, "the server ended the call without grpc-status");
    }
}

static bool check_head(struct rpc_call *call, const struct rpc_head *h)
{
    if (h->is_out_of_memory)
        rpc_call_cancel(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
    else if (h->is_too_large)
        rpc_call_cancel(call, RPC_RESOURCE_EXHAUSTED,
                        "the server's metadata is larger than 16 KiB");
    else
        return true;
    return false;
}

/* What the message form cannot take, before the first message. */
static int check_form(struct rpc_call *call, struct rpc_head *h)
{
    char text[160];

    if (!rpc_head_is_proto(h)) {
        (void)snprintf(text, sizeof(text), "the server answered with content-type \"%.64s\"",
                       h->content_type);
        rpc_call_cancel(call, RPC_UNKNOWN, text);
        return -1;
    }
    if (h->encoding && strcmp(h->encoding, "identity") != 0 && strcmp(h->encoding, "gzip") != 0) {
        (void)snprintf(text, sizeof(text), "the server answered with grpc-encoding \"%.64s\"",
                       h->encoding);
        rpc_call_cancel(call, RPC_INTERNAL, text);
        return -1;
    }
    rpc_head_hide_encodings(h);
    return 0;
}

static void on_client_head(struct rpc_call *call, bool is_end)
{
    struct rpc_head *h = &call->stream.head;

    if (!check_head(call, h))
        return;
    if (is_end && h->grpc_status >= 0) {
        take_status(call, h);
        return;
    }
    rpc_stream_forget_sent(&call->stream); /* gRPC A6: committed */
    if (h->http_status != 200 || !rpc_head_is_grpc(h)) {
        end_without_status(call);
        return;
    }
    if (!call->is_raw && check_form(call, h) < 0)
        return;
    if (call->ops && call->ops->on_headers)
        call->ops->on_headers(call, call->user);
}

static void on_client_trailers(struct rpc_call *call)
{
    struct rpc_head *h = &call->stream.trailers;

    if (check_head(call, h) && h->grpc_status >= 0)
        take_status(call, h);
}

static void on_peer_end(struct rpc_call *call)
{
    call->is_peer_ended = true;
    if (call->role == RPC_CLIENT && is_open(call) && rpc_retry_after_status(call)) {
        dirty(call);
        return;
    }
    if (call->role == RPC_CLIENT && is_open(call) && !call->has_status)
        end_without_status(call);
    /* The server has said all: what we still meant to send is of no use. */
    if (call->role == RPC_CLIENT && !call->is_send_ended) {
        call->is_send_ended = true;
        rpc_stream_reset(&call->stream, NGHTTP2_NO_ERROR);
        dirty(call);
    }
    if (call->is_refused) {
        call->stream.is_out_ended = true;
        rpc_stream_resume(&call->stream);
        dirty(call);
    }
    settle(call);
}

static void on_close(struct rpc_call *call, uint32_t h2_error)
{
    char text[96];

    call->is_streaming = false;
    if (!is_open(call))
        return;
    if (call->role == RPC_SERVER) {
        if (call->stream.is_end_sent)
            rpc_call_end(call, RPC_OK, "");
        else
            rpc_call_end(call, RPC_CANCELLED, "the client cancelled the call");
        return;
    }
    if (call->has_status)
        return; /* messages are still to be read */
    if (rpc_retry_after_close(call, h2_error))
        return;
    if (h2_error == NGHTTP2_CANCEL && call->deadline.at_ms <= loop_now_ms(call->hub->loop)) {
        rpc_call_end(call, RPC_DEADLINE_EXCEEDED, "deadline exceeded");
        return;
    }
    (void)snprintf(text, sizeof(text), "the server reset the stream: %s",
                   nghttp2_http2_strerror(h2_error));
    rpc_call_end(call, rpc_code_of_h2_error(h2_error), text);
}

void rpc_call_event(struct rpc_call *call, const struct rpc_event *ev)
{
    hold(call);
    switch (ev->type) {
    case RPC_EVENT_HEAD:
        if (is_open(call) && call->role == RPC_CLIENT)
            on_client_head(call, ev->n);
        break;
    case RPC_EVENT_TRAILERS:
        if (is_open(call))
            on_client_trailers(call);
        break;
    case RPC_EVENT_DATA:
        on_data(call, ev->data, ev->n);
        break;
    case RPC_EVENT_END:
        on_peer_end(call);
        break;
    case RPC_EVENT_CLOSE:
        on_close(call, ev->code);
        break;
    case RPC_EVENT_ROOM:
        call->has_room = true;
        tell_later(call);
        break;
    case RPC_EVENT_SETTINGS:
    case RPC_EVENT_GOAWAY:
    case RPC_EVENT_PING:
    case RPC_EVENT_PONG:
        break;
    }
    unhold(call);
}

void rpc_call_lost(struct rpc_call *call, const struct err *why)
{
    hold(call);
    call->is_streaming = false;
    if (is_open(call) && !call->has_status &&
        !(call->role == RPC_CLIENT && rpc_retry_after_loss(call)))
        rpc_call_end(call, why->code == RPC_OK ? RPC_UNAVAILABLE : why->code, why->msg);
    unhold(call);
}

void rpc_call_tell(struct rpc_call *call)
{
    hold(call);
    if (is_open(call)) {
        take_kept(call);
        settle(call);
    }
    if (call->has_room && is_open(call)) {
        call->has_room = false;
        if (!call->is_send_ended && call->ops && call->ops->on_writable)
            call->ops->on_writable(call, call->user);
    }
    if (call->is_over && !call->is_done)
        tell_done(call);
    unhold(call);
}

/* ---- deadlines ---- */

static void on_deadline(struct rpc_deadline *d)
{
    rpc_call_cancel(CONTAINER_OF(d, struct rpc_call, deadline), RPC_DEADLINE_EXCEEDED,
                    "deadline exceeded");
}

/* ---- both sides: what the application does ---- */

void rpc_call_set_ops(struct rpc_call *call, const struct rpc_call_ops *ops, void *user)
{
    call->ops = ops;
    call->user = user;
}

void *rpc_call_user(const struct rpc_call *call)
{
    return call->user;
}

void rpc_call_read(struct rpc_call *call)
{
    call->wants_message = true;
    if (is_open(call) && buf_len(&call->rx) > 0)
        tell_later(call);
}

void rpc_call_consumed(struct rpc_call *call, size_t n)
{
    rpc_stream_consume(&call->stream, n);
    dirty(call);
}

void rpc_call_set_gzip(struct rpc_call *call, bool on)
{
    call->sends_gzip = on;
}

bool rpc_call_was_gzip(const struct rpc_call *call)
{
    return call->was_gzip;
}

size_t rpc_call_queued(const struct rpc_call *call)
{
    return rpc_stream_unsent(&call->stream);
}

static int check_may_send(const struct rpc_call *call, struct err *err)
{
    /* On the client the end counts when it was told: a call that never reached a server is a call
     * still. */
    bool is_ended = call->role == RPC_CLIENT ? call->is_done : !is_open(call);

    if (is_ended || call->is_send_ended)
        return err_set(err, RPC_FAILED_PRECONDITION, "CallEnded",
                       "the call has ended: nothing more can be sent");
    return 0;
}

static int queued(struct rpc_call *call)
{
    rpc_stream_resume(&call->stream);
    dirty(call);
    if (rpc_stream_unsent(&call->stream) < LIMIT_RPC_SEND_MARK)
        return 0;
    call->stream.wants_room = true;
    return RPC_WAIT;
}

uint8_t *rpc_call_send_begin(struct rpc_call *call, size_t n, struct err *err)
{
    uint8_t *to;

    if (check_may_send(call, err) < 0)
        return NULL;
    if (n > UINT32_MAX - RPC_FRAME_HEAD) {
        err_set(err, RPC_RESOURCE_EXHAUSTED, "MessageTooLarge", "a message of %zu bytes", n);
        return NULL;
    }
    if (call->max_send && n > call->max_send) {
        err_set(err, RPC_RESOURCE_EXHAUSTED, "MessageTooLarge",
                "a message of %zu bytes: the service config permits %zu", n, call->max_send);
        return NULL;
    }
    rpc_pool_take(call->stream.pool, &call->stream.out, RPC_FRAME_HEAD + n);
    to = buf_reserve(&call->stream.out, RPC_FRAME_HEAD + n, err);
    if (!to)
        err_wrap(err, "queueing a message of %zu bytes", n);
    return to ? to + RPC_FRAME_HEAD : NULL;
}

/* Puts the compressed body in the place of the one that was written there, and its length in *n. */
static uint8_t *compress(struct rpc_call *call, uint8_t *to, size_t *n, struct err *err)
{
    _cleanup_(buf_done) struct buf packed;

    buf_init(&packed, 2 * *n + 1024);
    if (rpc_gzip_pack(to + RPC_FRAME_HEAD, *n, &packed, err) < 0)
        return NULL;
    *n = buf_len(&packed);
    to = buf_reserve(&call->stream.out, RPC_FRAME_HEAD + *n, err);
    if (to)
        memcpy(to + RPC_FRAME_HEAD, buf_data(&packed), *n);
    return to;
}

int rpc_call_send_commit(struct rpc_call *call, size_t n, struct err *err)
{
    uint8_t *to = buf_reserve(&call->stream.out, RPC_FRAME_HEAD + n, err); /* the same again */
    bool compressed;

    if (!to || (call->role == RPC_SERVER && rpc_call_send_headers(call, err) < 0))
        return -1;
    compressed = call->has_gzip && call->sends_gzip && n > 0;
    if (compressed) {
        to = compress(call, to, &n, err);
        if (!to)
            return err_wrap(err, "compressing a message");
    }
    rpc_frame_write_head(to, compressed, (uint32_t)n);
    buf_commit(&call->stream.out, RPC_FRAME_HEAD + n);
    return queued(call);
}

int rpc_call_send(struct rpc_call *call, const void *data, size_t n, struct err *err)
{
    uint8_t *to = rpc_call_send_begin(call, n, err);

    if (!to)
        return -1;
    if (n)
        memcpy(to, data, n);
    return rpc_call_send_commit(call, n, err);
}

int rpc_call_send_raw(struct rpc_call *call, const void *data, size_t n, struct err *err)
{
    if (check_may_send(call, err) < 0 ||
        (call->role == RPC_SERVER && rpc_call_send_headers(call, err) < 0) ||
        buf_append(&call->stream.out, data, n, err) < 0)
        return -1;
    return queued(call);
}

static void cancel_client(struct rpc_call *call)
{
    rpc_stream_reset(&call->stream, NGHTTP2_CANCEL);
    list_remove(&call->pending);
    call->is_send_ended = true;
}

static void cancel_server(struct rpc_call *call, const struct rpc_status *status)
{
    bool can_say = !call->is_head_sent || buf_len(&call->stream.out) == 0;

    if (call->is_send_ended ? !call->stream.is_end_sent : !can_say)
        rpc_stream_reset(&call->stream, NGHTTP2_CANCEL);
    else
        rpc_call_finish_status(call, status);
}

static void end_early(struct rpc_call *call, struct rpc_status *status)
{
    if (call->role == RPC_CLIENT)
        cancel_client(call);
    else
        cancel_server(call, status);
    call->is_send_ended = true;
    dirty(call);
    end_with(call, status);
}

void rpc_call_cancel(struct rpc_call *call, int code, const char *message)
{
    struct rpc_status status = {.code = code, .message = ""};

    if (!is_open(call))
        return;
    if (message && *message)
        status.message = arena_strdup(&call->arena, message);
    if (!status.message)
        status.message = "out of memory";
    end_early(call, &status);
}

void rpc_call_abandon(struct rpc_call *call)
{
    if (!call)
        return;
    call->ops = NULL;
    call->typed = NULL;
    rpc_call_cancel(call, RPC_CANCELLED, "abandoned");
    list_remove(&call->todo);
    call->is_done = true;
    release(call);
}

struct loop *rpc_call_loop(const struct rpc_call *call)
{
    return call->hub->loop;
}

struct arena *rpc_call_arena(struct rpc_call *call)
{
    return &call->arena;
}

const char *rpc_call_path(const struct rpc_call *call)
{
    return call->path;
}

uint64_t rpc_call_deadline_ms(const struct rpc_call *call)
{
    return call->deadline.at_ms;
}

const struct rpc_metadata *rpc_call_headers(const struct rpc_call *call)
{
    return call->stream.has_head ? &call->stream.head.md : NULL;
}

const struct rpc_metadata *rpc_call_trailers(const struct rpc_call *call)
{
    if (!call->has_status)
        return NULL;
    return call->stream.trailers.md.arena ? &call->stream.trailers.md : &call->stream.head.md;
}

const char *rpc_call_content_type(const struct rpc_call *call)
{
    const char *type = call->stream.head.content_type;

    return type ? type : "";
}

const struct rpc_peer *rpc_call_peer(const struct rpc_call *call)
{
    static const struct rpc_peer nobody = {.address = "not connected"};

    return call->conn ? &call->conn->peer : &nobody;
}

/* ---- server ---- */

int rpc_call_begin(struct rpc_call *call, bool is_raw, size_t max_message, struct err *err)
{
    uint64_t wait_ms = call->stream.head.timeout_ms;

    call->is_raw = is_raw;
    if (max_message && max_message != call->max_message) {
        call->max_message = max_message;
        call->decoder.max = (uint32_t)MIN(max_message, (size_t)UINT32_MAX);
    }
    if (!is_raw) {
        call->sends_gzip =
            call->stream.head.encoding && strcmp(call->stream.head.encoding, "gzip") == 0;
        rpc_head_hide_encodings(&call->stream.head);
    }
    if (wait_ms == CLOCK_NEVER)
        return 0;
    return rpc_deadline_arm(call->hub, &call->deadline,
                            clock_add(loop_now_ms(call->hub->loop), wait_ms), err);
}

static int add_field(struct rpc_call *call, struct rpc_metadata *md, const char *name,
                     const void *value, size_t n, struct err *err)
{
    if (!is_open(call) || call->is_send_ended)
        return err_set(err, RPC_FAILED_PRECONDITION, "CallEnded", "the call has ended");
    return rpc_metadata_add(md, name, value, n, err);
}

int rpc_call_add_header(struct rpc_call *call, const char *name, const void *value, size_t n,
                        struct err *err)
{
    if (call->is_head_sent)
        return err_set(err, RPC_FAILED_PRECONDITION, "HeadersSent",
                       "the initial metadata was already sent");
    return add_field(call, &call->headers, name, value, n, err);
}

int rpc_call_add_trailer(struct rpc_call *call, const char *name, const void *value, size_t n,
                         struct err *err)
{
    return add_field(call, &call->trailers, name, value, n, err);
}

static void add_head(struct rpc_call *call, struct rpc_fields *f)
{
    rpc_fields_add(f, ":status", "200");
    rpc_fields_add(f, "content-type", rpc_call_content_type(call));
    if (call->has_gzip)
        rpc_fields_add(f, "grpc-encoding", "gzip");
    if (!call->is_raw)
        rpc_fields_add(f, "grpc-accept-encoding", "identity,gzip");
    rpc_fields_add_metadata(f, &call->headers, call->is_raw);
}

int rpc_call_send_headers(struct rpc_call *call, struct err *err)
{
    struct rpc_fields f;

    if (call->is_head_sent)
        return 0;
    if (check_may_send(call, err) < 0)
        return -1;
    call->has_gzip = !call->is_raw && call->sends_gzip && call->stream.head.accepts_gzip;
    rpc_fields_init(&f, &call->arena, 4 + call->headers.n);
    add_head(call, &f);
    if (f.is_bad)
        return err_oom(err);
    if (rpc_stream_respond(&call->stream, f.v, f.n, false, err) < 0)
        return -1;
    call->is_head_sent = true;
    dirty(call);
    return 0;
}

static void add_status(struct rpc_call *call, struct rpc_fields *f, const struct rpc_status *status)
{
    static const char numbers[17][3] = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                        "9", "10", "11", "12", "13", "14", "15", "16"};
    int code = status->code < 0 || status->code > RPC_UNAUTHENTICATED ? RPC_UNKNOWN : status->code;
    size_t n = MIN(strlen(status->message), (size_t)LIMIT_STATUS_MESSAGE);
    char *text;

    rpc_fields_add(f, "grpc-status", numbers[code]);
    if (n > 0) {
        text = arena_alloc(&call->arena, 3 * n + 1);
        f->is_bad |= !text;
        if (text) {
            (void)rpc_percent_encode(status->message, n, text);
            rpc_fields_add_unindexed(f, "grpc-message", text);
        }
    }
    if (status->details) {
        struct rpc_field field = {"grpc-status-details-bin", status->details, status->n_details};
        struct rpc_metadata md = {.fields = &field, .n = 1, .arena = &call->arena};

        rpc_fields_add_metadata(f, &md, true);
    }
    rpc_fields_add_metadata(f, &call->trailers, true);
}

/* Trailers after what is queued, or all in one header block when nothing was sent before. */
static int send_status(struct rpc_call *call, const struct rpc_status *status, struct err *err)
{
    struct rpc_fields f;

    rpc_fields_init(&f, &call->arena, 4 + call->headers.n + 3 + call->trailers.n);
    if (!call->is_head_sent)
        add_head(call, &f);
    add_status(call, &f, status);
    if (f.is_bad)
        return err_oom(err);
    if (!call->is_head_sent)
        return rpc_stream_respond(&call->stream, f.v, f.n, true, err);
    call->stream.end = f.v;
    call->stream.n_end = f.n;
    call->stream.is_out_ended = true;
    rpc_stream_resume(&call->stream);
    return 0;
}

void rpc_call_finish_status(struct rpc_call *call, const struct rpc_status *status)
{
    struct err err;

    if (!is_open(call) || call->is_send_ended || call->role != RPC_SERVER)
        return;
    if (send_status(call, status, &err) < 0)
        rpc_stream_reset(&call->stream, NGHTTP2_INTERNAL_ERROR);
    call->is_head_sent = true;
    call->is_send_ended = true;
    dirty(call);
}

void rpc_call_finish(struct rpc_call *call, int code, const char *message)
{
    rpc_call_finish_status(call,
                           &(struct rpc_status){.code = code, .message = message ? message : ""});
}

void rpc_call_fail(struct rpc_call *call, const struct err *err)
{
    struct rpc_status status = {.code = err->code, .message = err->msg};

    if (is_open(call) && !call->is_send_ended)
        status.details =
            rpc_status_pack(err->code, err->msg, err->reason, &call->arena, &status.n_details);
    rpc_call_finish_status(call, &status);
}

void rpc_call_refuse(struct rpc_call *call, const struct err *err)
{
    rpc_call_finish(call, err->code, err->msg);
}

void rpc_call_reply(struct rpc_call *call, const void *data, size_t n)
{
    struct err err;

    if (rpc_call_send(call, data, n, &err) < 0)
        rpc_call_fail(call, &err);
    else
        rpc_call_finish(call, RPC_OK, NULL);
}

void rpc_call_refuse_http(struct rpc_call *call, const char *http_status)
{
    static const char text[] = "This is a gRPC server: POST, content-type application/grpc.\n";
    struct rpc_fields f;
    struct err err;

    rpc_fields_init(&f, &call->arena, 2);
    rpc_fields_add(&f, ":status", http_status);
    rpc_fields_add(&f, "content-type", "text/plain");
    /* It ends when the request does: what is wrong with the rest of the request is then still said.
     */
    call->is_refused = true;
    if (f.is_bad || buf_append(&call->stream.out, text, sizeof(text) - 1, &err) < 0 ||
        rpc_stream_respond(&call->stream, f.v, f.n, false, &err) < 0)
        rpc_stream_reset(&call->stream, NGHTTP2_INTERNAL_ERROR);
    call->is_head_sent = call->is_send_ended = true;
    dirty(call);
}

/* ---- client ---- */

int rpc_call_start(struct rpc_call *call, struct rpc_conn *conn, const nghttp2_nv *fields, size_t n,
                   struct err *err)
{
    if (rpc_session_request(conn->session, &call->stream, fields, n, err) < 0)
        return -1;
    list_remove(&call->pending);
    call->conn = rpc_conn_ref(conn);
    call->is_streaming = true;
    dirty(call);
    return 0;
}

void rpc_call_send_end(struct rpc_call *call)
{
    if (!is_open(call) || call->is_send_ended || call->role != RPC_CLIENT)
        return;
    call->is_send_ended = true;
    call->stream.is_out_ended = true;
    rpc_stream_resume(&call->stream);
    dirty(call);
}
