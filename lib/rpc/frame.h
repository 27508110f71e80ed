#pragma once
/* Length-prefixed gRPC messages (gRPC over HTTP/2, "Length-Prefixed-Message"). No I/O: bytes go in,
 * messages come out. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/rpc/pool.h"

enum { RPC_FRAME_NEED_MORE = 1, RPC_FRAME_HEAD = 5 };

struct rpc_frame {
    bool compressed;
    const uint8_t
        *body; /* in the input or in the decoder: good until the next call and while the input is */
    uint32_t n_body;
};

struct rpc_frame_decoder {
    uint32_t max;
    uint8_t head[RPC_FRAME_HEAD];
    uint8_t n_head;
    bool is_given; /* body was returned by the last call */
    struct buf body;
    struct rpc_pool *pool; /* set by the owner after _init, or NULL */
};

/* max: the longest message taken, in bytes. Cannot fail, allocates nothing. */
void rpc_frame_decoder_init(struct rpc_frame_decoder *d, uint32_t max);
void rpc_frame_decoder_done(struct rpc_frame_decoder *d);

/*
 * Takes bytes off *in. Returns 0 with one message in *ret, RPC_FRAME_NEED_MORE when all input is
 * taken, < 0 with *err when the peer broke the rules (MessageTooLarge before the body is read,
 * BadFrame) or memory is out; the stream is then of no further use. A message that lies whole in
 * the input is not copied.
 */
int rpc_frame_next(struct rpc_frame_decoder *d, const uint8_t **in, size_t *n_in,
                   struct rpc_frame *ret, struct err *err);
/* Whether part of a message was taken: the end of the stream is then an error. */
bool rpc_frame_is_partial(const struct rpc_frame_decoder *d);

void rpc_frame_write_head(uint8_t ret[RPC_FRAME_HEAD], bool compressed, uint32_t n_body);
