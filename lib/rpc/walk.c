#include "lib/rpc/walk.h"

#include <string.h>

#include "lib/base/err.h"

void rpc_walk_init(struct rpc_walk *w, size_t n_skip)
{
    *w = (struct rpc_walk){.n_skip = n_skip};
}

static void read_head(const uint8_t *p, nghttp2_frame_hd *ret)
{
    *ret = (nghttp2_frame_hd){
        .length = (size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2],
        .type = p[3],
        .flags = p[4],
        .stream_id = (int32_t)((uint32_t)(p[5] & 0x7F) << 24 | (uint32_t)p[6] << 16 |
                               (uint32_t)p[7] << 8 | p[8]),
    };
}

bool rpc_walk_next(struct rpc_walk *w, const uint8_t *data, size_t n, size_t *at,
                   nghttp2_frame_hd *ret)
{
    size_t k = MIN(w->n_skip, n - *at);

    w->n_skip -= k;
    *at += k;
    if (w->n_skip > 0)
        return false;
    if (w->n_head == 0 && n - *at >= RPC_WALK_HEAD) {
        read_head(data + *at, ret);
        *at += RPC_WALK_HEAD;
        w->n_skip = ret->length;
        return true;
    }
    k = MIN((size_t)(RPC_WALK_HEAD - w->n_head), n - *at);
    if (k > 0)
        memcpy(w->head + w->n_head, data + *at, k);
    w->n_head = (uint8_t)(w->n_head + k);
    *at += k;
    if (w->n_head < RPC_WALK_HEAD)
        return false;
    w->n_head = 0;
    read_head(w->head, ret);
    w->n_skip = ret->length;
    return true;
}
