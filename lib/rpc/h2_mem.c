/*
 * The buffer is known by its size, which only the first one of that size gets (further ones are for
 * header blocks of several frames, whose second part stays over a pull). Where a future nghttp2
 * asks for another size, it gets memory of its own as ever.
 */
#include "lib/rpc/h2_mem.h"

#include <stdlib.h>
#include <string.h>

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

    if (p && p == m->frame)
        m->is_lent = false;
    else
        free(p);
}

static void *mem_calloc(size_t n, size_t size, void *user)
{
    (void)user;
    return calloc(n, size);
}

static void *mem_realloc(void *p, size_t n, void *user)
{
    struct rpc_h2_mem *m = user;
    void *to;

    if (!p)
        return mem_malloc(n, user);
    if (p != m->frame)
        return realloc(p, n);
    to = malloc(n);
    if (!to)
        return NULL;
    memcpy(to, p, n < RPC_H2_FRAME_BYTES ? n : RPC_H2_FRAME_BYTES);
    m->is_lent = false;
    return to;
}

void rpc_h2_mem_init(struct rpc_h2_mem *m, void *frame)
{
    *m = (struct rpc_h2_mem){
        .mem = {.mem_user_data = m,
                .malloc = mem_malloc,
                .free = mem_free,
                .calloc = mem_calloc,
                .realloc = mem_realloc},
        .frame = frame,
    };
}
