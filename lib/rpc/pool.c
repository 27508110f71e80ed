#include "lib/rpc/pool.h"

void rpc_pool_take(struct rpc_pool *pool, struct buf *b, size_t n)
{
    if (!pool || pool->n == 0 || b->mem || n < RPC_POOL_MIN_BYTES || n > RPC_POOL_MAX_BYTES)
        return;
    pool->n--;
    b->mem = pool->spare[pool->n].mem; /* too small is fine: buf_reserve() then makes more */
    b->cap = pool->spare[pool->n].cap;
    b->start = b->end = 0;
}

void rpc_pool_clear_buf(struct rpc_pool *pool, struct buf *b)
{
    if (!pool || pool->n == RPC_POOL_BUFS || b->cap <= RPC_POOL_MIN_BYTES ||
        b->cap > RPC_POOL_MAX_BYTES) {
        buf_clear(b);
        return;
    }
    pool->spare[pool->n].mem = b->mem;
    pool->spare[pool->n].cap = b->cap;
    pool->n++;
    buf_init(b, b->max);
}

void rpc_pool_done(struct rpc_pool *pool)
{
    while (pool->n > 0)
        free(pool->spare[--pool->n].mem);
}
