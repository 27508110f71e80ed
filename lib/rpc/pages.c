/*
 * Chunks of 64, a word of bits each. A page that was used goes to the next one who asks only when
 * no fresh one is left in its chunk; a chunk without a taken page goes back to the kernel, but for
 * the last.
 */
#include "lib/rpc/pages.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK_PAGES = 64, CHUNK_BYTES = CHUNK_PAGES * RPC_PAGE_BYTES };

struct rpc_page_chunk {
    struct rpc_page_chunk *next;
    uint8_t *mem;
    uint64_t taken, used; /* a bit for each page; used: was written to */
};

static struct rpc_page_chunk *add_chunk(struct rpc_pages *p)
{
    struct rpc_page_chunk *c = calloc(1, sizeof(*c));
    void *mem;

    if (!c)
        return NULL;
    mem = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED) {
        free(c);
        return NULL;
    }
    /* Huge pages would give all of it at once. Fails where there are none. */
    (void)madvise(mem, CHUNK_BYTES, MADV_NOHUGEPAGE);
    c->mem = mem;
    c->next = p->chunks;
    p->chunks = c;
    return c;
}

void *rpc_pages_take(struct rpc_pages *p)
{
    struct rpc_page_chunk *c = p->chunks;
    uint64_t free_ones;
    unsigned i;

    while (c && c->taken == UINT64_MAX)
        c = c->next;
    if (!c)
        c = add_chunk(p);
    if (!c)
        return NULL;
    free_ones = ~c->taken & ~c->used ? ~c->taken & ~c->used : ~c->taken;
    i = (unsigned)__builtin_ctzll(free_ones);
    if (c->used >> i & 1)
        memset(c->mem + (size_t)i * RPC_PAGE_BYTES, 0, RPC_PAGE_BYTES);
    c->taken |= 1ull << i;
    c->used |= 1ull << i;
    return c->mem + (size_t)i * RPC_PAGE_BYTES;
}

static void drop(struct rpc_page_chunk **at)
{
    struct rpc_page_chunk *c = *at;

    *at = c->next;
    (void)munmap(c->mem, CHUNK_BYTES);
    free(c);
}

void rpc_pages_give(struct rpc_pages *p, void *page)
{
    struct rpc_page_chunk **at = &p->chunks, *c;

    while ((uint8_t *)page < (*at)->mem || (uint8_t *)page >= (*at)->mem + CHUNK_BYTES)
        at = &(*at)->next;
    c = *at;
    c->taken &= ~(1ull << ((size_t)((uint8_t *)page - c->mem) / RPC_PAGE_BYTES));
    if (!c->taken && (c->next || p->chunks != c))
        drop(at); /* one stays, for connections that come and go */
}

void rpc_pages_done(struct rpc_pages *p)
{
    while (p->chunks) {
        assert(!p->chunks->taken);
        drop(&p->chunks);
    }
}
