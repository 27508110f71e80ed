#pragma once
/*
 * A few large buffers kept for the next large message. Giving each back to malloc() makes the heap
 * grow and shrink with every message (measured: three brk(2) per turn of an echo of 64 KiB
 * messages; for 1 MiB a quarter of the time went into page faults); keeping one in each stream
 * would cost idle streams their memory. So those of one server or channel share, and what nobody
 * used for RPC_POOL_KEEP_MS is given back.
 */
#include "lib/base/buf.h"

enum {
    RPC_POOL_BUFS = 8,
    RPC_POOL_MIN_BYTES = 16 * 1024,
    RPC_POOL_KEEP_MS = 1000,
};

struct rpc_pool {
    struct {
        uint8_t *mem;
        size_t cap;
    } spare[RPC_POOL_BUFS];
    unsigned n;
    size_t n_bytes;
    bool was_used; /* since rpc_pool_rest() */
    /* There is something to be given back later: rpc_pool_rest() is to be called. */
    void (*on_kept)(struct rpc_pool *pool);
};

/* Memory for a buffer that has none and will need n bytes, when there is some. pool may be NULL. */
void rpc_pool_take(struct rpc_pool *pool, struct buf *b, size_t n);
/* All bytes of the buffer were taken: as buf_clear(), but large memory comes here. */
void rpc_pool_clear_buf(struct rpc_pool *pool, struct buf *b);
/* Gives back what was not used since the last call; true while it keeps some. */
bool rpc_pool_rest(struct rpc_pool *pool);
void rpc_pool_done(struct rpc_pool *pool);
