/*
 * What comes for a call. Data that was asked for goes to the application straight out of the read
 * buffer; only what comes unasked is kept, in rx, and as its window stays closed it can be no more
 * than one stream window.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/limits.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/gzip.h"
#include "lib/rpc/status_core.h"

/* ---- messages ---- */

/* The peer sent what cannot be taken. */
static void fail_receive(struct rpc_call *call, const struct err *err)
{
    struct rpc_status status = {.code = err->code, .message = arena_strdup(&call->arena, err->msg)};

    if (!status.message)
        status.message = "out of memory";
    (void)snprintf(status.reason, sizeof(status.reason), "%s", err->reason);
    rpc_call_end_early(call, &status);
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
    rpc_counts_received(&call->conn->counts, loop_now_ms(call->hub->loop));
    if (call->watch)
        rpc_watch_received(call, frame->n_body);
    if (call->ops && call->ops->on_message)
        call->ops->on_message(call, frame->body, frame->n_body, call->user);
}

/* Hands out messages while they are asked for; takes their bytes off *in. */
static void take_messages(struct rpc_call *call, const uint8_t **in, size_t *n)
{
    size_t before = *n;

    while (call->wants_message && rpc_call_is_open(call)) {
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
        rpc_call_dirty(call);
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
        rpc_call_end_with(call, &status);
}

/* What follows from the peer having ended its side, once all before it was taken. */
static void settle(struct rpc_call *call)
{
    struct err err;

    if (!rpc_call_is_open(call) || !call->is_peer_ended || buf_len(&call->rx) > 0)
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

    if (!rpc_call_is_open(call) || (call->role == RPC_SERVER && call->is_send_ended)) {
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
    if (!rpc_call_is_open(call))
        return;
    /* A message that came whole is with the application: only what waits for more is kept. */
    if (rpc_call_is_over_held(call, n + buf_len(&call->rx) + buf_len(&call->decoder.body), &err) ||
        (n > 0 && buf_append(&call->rx, data, n, &err) < 0))
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
    if (call->role == RPC_CLIENT && rpc_call_is_open(call) && rpc_retry_after_status(call)) {
        rpc_call_dirty(call);
        return;
    }
    if (call->role == RPC_CLIENT && rpc_call_is_open(call) && !call->has_status)
        end_without_status(call);
    /* The server has said all: what we still meant to send is of no use. */
    if (call->role == RPC_CLIENT && !call->is_send_ended) {
        call->is_send_ended = true;
        rpc_stream_reset(&call->stream, NGHTTP2_NO_ERROR);
        rpc_call_dirty(call);
    }
    if (call->is_refused) {
        call->stream.is_out_ended = true;
        rpc_stream_resume(&call->stream);
        rpc_call_dirty(call);
    }
    settle(call);
}

static void end_stream(struct rpc_call *call, bool is_ok)
{
    if (call->is_streaming)
        rpc_counts_end(&call->conn->counts, is_ok);
    call->is_streaming = false;
}

/* No stream and no connection will end it: the application's reading does, or the channel's end. */
static void wait_for_reader(struct rpc_call *call)
{
    if (!list_is_linked(&call->pending))
        list_push_back(&call->hub->unread, &call->pending);
}

static void on_close(struct rpc_call *call, uint32_t h2_error)
{
    char text[96];

    end_stream(call, call->role == RPC_SERVER ? call->stream.is_end_sent : call->is_peer_ended);
    if (!rpc_call_is_open(call))
        return;
    if (call->role == RPC_SERVER) {
        if (call->stream.is_end_sent)
            rpc_call_end(call, RPC_OK, "");
        else
            rpc_call_end(call, RPC_CANCELLED, "the client cancelled the call");
        return;
    }
    if (call->has_status) {
        wait_for_reader(call);
        return;
    }
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
    rpc_call_hold(call);
    switch (ev->type) {
    case RPC_EVENT_HEAD:
        if (rpc_call_is_open(call) && call->role == RPC_CLIENT)
            on_client_head(call, ev->n);
        break;
    case RPC_EVENT_TRAILERS:
        if (rpc_call_is_open(call))
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
        rpc_call_tell_later(call);
        break;
    case RPC_EVENT_SETTINGS:
    case RPC_EVENT_GOAWAY:
    case RPC_EVENT_PING:
    case RPC_EVENT_PONG:
        break;
    }
    rpc_call_unhold(call);
}

void rpc_call_lost(struct rpc_call *call, const struct err *why)
{
    rpc_call_hold(call);
    end_stream(call, false);
    if (rpc_call_is_open(call) && call->has_status)
        wait_for_reader(call);
    else if (rpc_call_is_open(call) && !(call->role == RPC_CLIENT && rpc_retry_after_loss(call)))
        rpc_call_end(call, why->code == RPC_OK ? RPC_UNAVAILABLE : why->code, why->msg);
    rpc_call_unhold(call);
}

static void tell_done(struct rpc_call *call)
{
    call->is_done = true;
    if (call->watch)
        rpc_watch_end(call);
    rpc_call_count_end(call);
    if (call->ops && call->ops->on_done)
        call->ops->on_done(call, &call->status, call->user);
}

void rpc_call_tell(struct rpc_call *call)
{
    rpc_call_hold(call);
    if (rpc_call_is_open(call)) {
        take_kept(call);
        settle(call);
    }
    if (call->has_room && rpc_call_is_open(call)) {
        call->has_room = false;
        if (!call->is_send_ended && call->ops && call->ops->on_writable)
            call->ops->on_writable(call, call->user);
    }
    if (call->is_over && !call->is_done)
        tell_done(call);
    rpc_call_unhold(call);
}

/* ---- what the application does ---- */

void rpc_call_read(struct rpc_call *call)
{
    call->wants_message = true;
    if (rpc_call_is_open(call) && buf_len(&call->rx) > 0)
        rpc_call_tell_later(call);
}

void rpc_call_consumed(struct rpc_call *call, size_t n)
{
    rpc_stream_consume(&call->stream, n);
    rpc_call_dirty(call);
}
