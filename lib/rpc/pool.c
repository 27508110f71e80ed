#include "lib/rpc/pool.h"

#include "lib/base/limits.h"

static void remove_at(struct rpc_pool *pool, unsigned i)
{
    pool->n_bytes -= pool->spare[i].cap;
    pool->spare[i] = pool->spare[--pool->n];
}

/* The smallest that is large enough, or -1. */
static int find_for(const struct rpc_pool *pool, size_t n)
{
    int best = -1;

    for (unsigned i = 0; i < pool->n; i++)
        if (pool->spare[i].cap >= n && (best < 0 || pool->spare[i].cap < pool->spare[best].cap))
            best = (int)i;
    return best;
}

void rpc_pool_take(struct rpc_pool *pool, struct buf *b, size_t n)
{
    int i;

    if (!pool || b->mem || n < RPC_POOL_MIN_BYTES)
        return;
    pool->was_used = true;
    i = find_for(pool, n);
    if (i < 0)
        return;
    b->mem = pool->spare[i].mem;
    b->cap = pool->spare[i].cap;
    b->start = b->end = 0;
    remove_at(pool, (unsigned)i);
}

static void drop_smallest(struct rpc_pool *pool)
{
    unsigned at = 0;

    for (unsigned i = 1; i < pool->n; i++)
        if (pool->spare[i].cap < pool->spare[at].cap)
            at = i;
    free(pool->spare[at].mem);
    remove_at(pool, at);
}

void rpc_pool_clear_buf(struct rpc_pool *pool, struct buf *b)
{
    if (!pool || b->cap <= RPC_POOL_MIN_BYTES || b->cap > LIMIT_RPC_POOL - pool->n_bytes) {
        buf_clear(b);
        return;
    }
    if (pool->n == RPC_POOL_BUFS)
        drop_smallest(pool);
    pool->spare[pool->n].mem = b->mem;
    pool->spare[pool->n].cap = b->cap;
    pool->n++;
    pool->n_bytes += b->cap;
    buf_init(b, b->max);
    if (pool->n == 1 && pool->on_kept)
        pool->on_kept(pool);
}

bool rpc_pool_rest(struct rpc_pool *pool)
{
    if (!pool->was_used)
        rpc_pool_done(pool);
    pool->was_used = false;
    return pool->n > 0;
}

void rpc_pool_done(struct rpc_pool *pool)
{
    while (pool->n > 0)
        free(pool->spare[--pool->n].mem);
    pool->n_bytes = 0;
}
