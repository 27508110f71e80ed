/* What a call sends: messages into its queue, from which the session takes DATA frames. */
#include <string.h>

#include "lib/base/limits.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/gzip.h"

int rpc_call_check_send(const struct rpc_call *call, struct err *err)
{
    /* On the client the end counts when it was told: a call that never reached a server is a call
     * still. */
    bool is_ended = call->role == RPC_CLIENT ? call->is_done : !rpc_call_is_open(call);

    if (is_ended || call->is_send_ended)
        return err_set(err, RPC_FAILED_PRECONDITION, "CallEnded",
                       "the call has ended: nothing more can be sent");
    return 0;
}

static int queued(struct rpc_call *call)
{
    rpc_call_account(call);
    rpc_stream_resume(&call->stream);
    rpc_call_dirty(call);
    if (rpc_stream_unsent(&call->stream) < LIMIT_RPC_SEND_MARK)
        return 0;
    call->stream.wants_room = true;
    return RPC_WAIT;
}

/* Small answers go while memory is short: they end calls. */
static bool must_not_queue(struct rpc_call *call, size_t n, struct err *err)
{
    n += rpc_stream_unsent(&call->stream);
    return n > LIMIT_RPC_SEND_MARK && rpc_call_is_over_held(call, n, err);
}

uint8_t *rpc_call_send_begin(struct rpc_call *call, size_t n, struct err *err)
{
    uint8_t *to;

    if (rpc_call_check_send(call, err) < 0)
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
    if (must_not_queue(call, n, err))
        return NULL;
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
    size_t n_plain = n;
    bool compressed;

    if (!to || (call->role == RPC_SERVER && rpc_call_send_headers(call, err) < 0))
        return -1;
    compressed = call->has_gzip && call->sends_gzip && n > 0;
    if (compressed) {
        to = compress(call, to, &n, err);
        if (!to)
            return err_wrap(err, "compressing a message");
    }
    if (call->conn)
        rpc_counts_sent(&call->conn->counts, 1, loop_now_ms(call->hub->loop));
    else
        call->n_uncounted++;
    if (call->watch)
        rpc_watch_sent(call, n_plain);
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
    if (rpc_call_check_send(call, err) < 0 || must_not_queue(call, n, err) ||
        (call->role == RPC_SERVER && rpc_call_send_headers(call, err) < 0) ||
        buf_append(&call->stream.out, data, n, err) < 0)
        return -1;
    return queued(call);
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
    rpc_counts_begin(&conn->counts, loop_now_ms(conn->hub->loop));
    rpc_counts_sent(&conn->counts, call->n_uncounted, loop_now_ms(conn->hub->loop));
    call->n_uncounted = 0;
    rpc_call_dirty(call);
    return 0;
}

void rpc_call_send_end(struct rpc_call *call)
{
    if (!rpc_call_is_open(call) || call->is_send_ended || call->role != RPC_CLIENT)
        return;
    call->is_send_ended = true;
    call->stream.is_out_ended = true;
    rpc_stream_resume(&call->stream);
    rpc_call_dirty(call);
}
