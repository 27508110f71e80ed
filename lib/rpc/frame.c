/*
 * The usual message arrives whole in one DATA frame and one read: it is then handed out where it
 * lies. Only what is split is gathered, in a buffer that is at most EAGER times what has come: a
 * head that promises much takes nothing, and little of a large message is moved.
 */
#include "lib/rpc/frame.h"

#include <string.h>

enum { EAGER = 8 };

void rpc_frame_decoder_init(struct rpc_frame_decoder *d, uint32_t max)
{
    *d = (struct rpc_frame_decoder){.max = max};
    buf_init(&d->body, max);
}

void rpc_frame_decoder_done(struct rpc_frame_decoder *d)
{
    buf_done(&d->body);
    d->n_head = 0;
    d->is_given = false;
}

static uint32_t head_length(const uint8_t *head)
{
    return (uint32_t)head[1] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 | head[4];
}

static int check_head(const struct rpc_frame_decoder *d, const uint8_t *head, struct err *err)
{
    if (head[0] > 1)
        return err_set(err, RPC_INTERNAL, "BadFrame",
                       "a message begins with flag byte %u: not gRPC", head[0]);
    if (head_length(head) > d->max)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "MessageTooLarge",
                       "a message of %u bytes was received: the limit is %u", head_length(head),
                       d->max);
    return 0;
}

static void take(const uint8_t **in, size_t *n_in, size_t n)
{
    *in += n;
    *n_in -= n;
}

/* 0 when the head is there, checked. */
static int gather_head(struct rpc_frame_decoder *d, const uint8_t **in, size_t *n_in,
                       struct err *err)
{
    size_t n = MIN((size_t)(RPC_FRAME_HEAD - d->n_head), *n_in);

    if (n == 0)
        return d->n_head == RPC_FRAME_HEAD ? 0 : RPC_FRAME_NEED_MORE;
    memcpy(d->head + d->n_head, *in, n);
    d->n_head = (uint8_t)(d->n_head + n);
    take(in, n_in, n);
    return d->n_head == RPC_FRAME_HEAD ? check_head(d, d->head, err) : RPC_FRAME_NEED_MORE;
}

static int gather(struct rpc_frame_decoder *d, const uint8_t *data, size_t n, size_t want,
                  struct err *err)
{
    size_t have = buf_len(&d->body) + n, room = MIN(want, EAGER * have);

    rpc_pool_take(d->pool, &d->body, want);
    if (d->body.cap < have && !buf_reserve(&d->body, room - buf_len(&d->body), err))
        return -1;
    return buf_append(&d->body, data, n, err);
}

int rpc_frame_next(struct rpc_frame_decoder *d, const uint8_t **in, size_t *n_in,
                   struct rpc_frame *ret, struct err *err)
{
    uint32_t want;
    size_t n;
    int r;

    if (d->is_given) {
        rpc_pool_clear_buf(d->pool, &d->body);
        d->n_head = 0;
        d->is_given = false;
    }
    r = gather_head(d, in, n_in, err);
    if (r != 0)
        return r;

    want = head_length(d->head);
    if (buf_len(&d->body) == 0 && *n_in >= want) {
        *ret = (struct rpc_frame){.compressed = d->head[0], .body = *in, .n_body = want};
        take(in, n_in, want);
        d->n_head = 0;
        return 0;
    }
    n = MIN(want - buf_len(&d->body), *n_in);
    if (n > 0 && gather(d, *in, n, want, err) < 0)
        return -1;
    take(in, n_in, n);
    if (buf_len(&d->body) < want)
        return RPC_FRAME_NEED_MORE;
    d->is_given = true;
    *ret = (struct rpc_frame){.compressed = d->head[0], .body = buf_data(&d->body), .n_body = want};
    return 0;
}

bool rpc_frame_is_partial(const struct rpc_frame_decoder *d)
{
    return d->n_head > 0 && !d->is_given;
}

void rpc_frame_write_head(uint8_t ret[RPC_FRAME_HEAD], bool compressed, uint32_t n_body)
{
    ret[0] = compressed;
    ret[1] = (uint8_t)(n_body >> 24);
    ret[2] = (uint8_t)(n_body >> 16);
    ret[3] = (uint8_t)(n_body >> 8);
    ret[4] = (uint8_t)n_body;
}
