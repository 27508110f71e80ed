/*
 * A call lives until three things hold: its end was told (or nobody waits), HTTP/2 has forgotten
 * its stream, and no function of ours up the stack still needs it. `release()` is the one place
 * that looks.
 * Receiving is in call_receive.c, sending in call_send.c, the server's answer in call_answer.c.
 */
#include <string.h>

#include "lib/base/limits.h"
#include "lib/rpc/call_core.h"

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
    buf_init(&call->rx, LIMIT_RPC_STREAM_WINDOW_MAX);
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
    hub->held -= call->held;
    call->held = 0;
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

void rpc_call_account(struct rpc_call *call)
{
    size_t held = call->decoder.body.cap + call->rx.cap + call->plain.cap + call->stream.out.cap +
                  call->arena.used + call->msg_arena.used;

    call->hub->held += held - call->held;
    call->held = held;
}

bool rpc_call_is_over_held(struct rpc_call *call, size_t more, struct err *err)
{
    struct rpc_hub *hub = call->hub;

    if (!hub->max_held || hub->held <= hub->max_held || more == 0)
        return false;
    hub->guard.n[RPC_GUARD_HELD]++;
    err_set(err, RPC_RESOURCE_EXHAUSTED, "TooMuchHeld",
            "the server holds %zu bytes for its calls and keeps no more: try again later",
            hub->held);
    return true;
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
void rpc_call_hold(struct rpc_call *call)
{
    call->n_busy++;
}

void rpc_call_unhold(struct rpc_call *call)
{
    call->n_busy--;
    rpc_call_account(call);
    release(call);
}

void rpc_call_tell_later(struct rpc_call *call)
{
    if (!list_is_linked(&call->todo))
        list_push_back(&call->hub->todo, &call->todo);
    rpc_hub_wake(call->hub);
}

/* ---- the end ---- */

void rpc_call_end_with(struct rpc_call *call, const struct rpc_status *status)
{
    if (call->is_over)
        return;
    call->is_over = true;
    call->status = *status;
    rpc_deadline_disarm(call->hub, &call->deadline);
    if (call->role == RPC_CLIENT)
        rpc_retry_over(call);
    list_remove(&call->pending);
    rpc_call_tell_later(call);
}

void rpc_call_end(struct rpc_call *call, int code, const char *message)
{
    struct rpc_status status = {.code = code};

    if (call->is_over)
        return;
    status.message = message && *message ? arena_strdup(&call->arena, message) : "";
    if (!status.message)
        status.message = "out of memory";
    rpc_call_end_with(call, &status);
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

void rpc_call_end_early(struct rpc_call *call, struct rpc_status *status)
{
    if (call->role == RPC_CLIENT)
        cancel_client(call);
    else
        cancel_server(call, status);
    call->is_send_ended = true;
    rpc_call_dirty(call);
    rpc_call_end_with(call, status);
}

void rpc_call_cancel(struct rpc_call *call, int code, const char *message)
{
    struct rpc_status status = {.code = code, .message = ""};

    if (!rpc_call_is_open(call))
        return;
    if (message && *message)
        status.message = arena_strdup(&call->arena, message);
    if (!status.message)
        status.message = "out of memory";
    rpc_call_end_early(call, &status);
}

void rpc_call_count_end(struct rpc_call *call)
{
    if (call->counts)
        rpc_counts_end(TAKE_PTR(call->counts), call->status.code == RPC_OK && !call->said_code);
}

void rpc_call_abandon(struct rpc_call *call)
{
    if (!call)
        return;
    call->ops = NULL;
    call->typed = NULL;
    rpc_call_cancel(call, RPC_CANCELLED, "abandoned");
    list_remove(&call->todo);
    if (call->watch)
        rpc_watch_end(call);
    rpc_call_count_end(call);
    call->is_done = true;
    release(call);
}

/* ---- deadlines ---- */

static void on_deadline(struct rpc_deadline *d)
{
    rpc_call_cancel(CONTAINER_OF(d, struct rpc_call, deadline), RPC_DEADLINE_EXCEEDED,
                    "deadline exceeded");
}

/* ---- what the application asks ---- */

void rpc_call_set_ops(struct rpc_call *call, const struct rpc_call_ops *ops, void *user)
{
    call->ops = ops;
    call->user = user;
}

void *rpc_call_user(const struct rpc_call *call)
{
    return call->user;
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

enum rpc_kind rpc_call_kind(const struct rpc_call *call)
{
    return call->kind;
}

bool rpc_call_is_server(const struct rpc_call *call)
{
    return call->role == RPC_SERVER;
}

const struct rpc_call *rpc_call_parent(const struct rpc_call *call)
{
    return call->parent;
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
