/*
 * The buffer is known by its size, which only the first one of that size gets (further ones are for
 * header blocks of several frames, whose second part stays over a pull). Where a future nghttp2
 * asks for another size, it gets memory of its own as ever.
 */
#include "lib/rpc/h2_mem.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"

static bool lend(struct rpc_h2_mem *m, size_t n)
{
    if (n != RPC_H2_FRAME_BYTES || !m->frame || m->is_lent)
        return false;
    m->is_lent = true;
    return true;
}

static void *mem_malloc(size_t n, void *user)
{
    struct rpc_h2_mem *m = user;

    return lend(m, n) ? m->frame : malloc(n);
}

static void mem_free(void *p, void *user)
{
    struct rpc_h2_mem *m = user;

    if (!p)
        return;
    if (p == m->frame)
        m->is_lent = false;
    else if (p == m->table)
        rpc_pages_give(m->pages, TAKE_PTR(m->table));
    else
        free(p);
}

static void *mem_calloc(size_t n, size_t size, void *user)
{
    struct rpc_h2_mem *m = user;

    if (n * size == RPC_PAGE_BYTES && m->pages && !m->table) {
        m->table = rpc_pages_take(m->pages);
        return m->table;
    }
    return calloc(n, size);
}

static void *mem_realloc(void *p, size_t n, void *user)
{
    struct rpc_h2_mem *m = user;
    void *to;

    if (!p)
        return mem_malloc(n, user);
    if (p != m->frame && p != m->table)
        return realloc(p, n);
    to = malloc(n);
    if (!to)
        return NULL;
    memcpy(to, p, MIN(n, (size_t)(p == m->frame ? RPC_H2_FRAME_BYTES : RPC_PAGE_BYTES)));
    mem_free(p, user);
    return to;
}

void rpc_h2_mem_init(struct rpc_h2_mem *m, void *frame, struct rpc_pages *pages)
{
    *m = (struct rpc_h2_mem){
        .mem = {.mem_user_data = m,
                .malloc = mem_malloc,
                .free = mem_free,
                .calloc = mem_calloc,
                .realloc = mem_realloc},
        .frame = frame,
        .pages = pages,
    };
}
