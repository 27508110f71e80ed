#pragma once
/* The heads of the frames in a stream of bytes, nothing else of them (RFC 9113 4.1). */
#include <nghttp2/nghttp2.h>
#include <stdbool.h>

enum { RPC_WALK_HEAD = 9 };

struct rpc_walk {
    size_t n_skip; /* until the next head */
    uint8_t head[RPC_WALK_HEAD];
    uint8_t n_head;
};

/* n_skip: bytes before the first frame. */
void rpc_walk_init(struct rpc_walk *w, size_t n_skip);
/* Goes on from data[*at]. True: *at is behind a head, which is in *ret. False: all n bytes are
 * walked. */
bool rpc_walk_next(struct rpc_walk *w, const uint8_t *data, size_t n, size_t *at,
                   nghttp2_frame_hd *ret);
