#include "lib/base/arena.h"

#include <string.h>

enum { ARENA_FIRST_BYTES = 512, ARENA_BLOCK_BYTES = 4096, ARENA_ALIGN = 16 };

struct arena_block {
    struct arena_block *next;
    size_t size; /* of mem */
    _Alignas(ARENA_ALIGN) uint8_t mem[];
};

void arena_init(struct arena *a, size_t max_bytes)
{
    *a = (struct arena){.max = max_bytes};
}

void arena_init_with(struct arena *a, size_t max_bytes, void *first, size_t n_first)
{
    arena_init(a, max_bytes);
    a->first = a->at = first;
    a->n_first = n_first;
    a->end = first ? a->at + n_first : NULL;
}

void arena_done(struct arena *a)
{
    struct arena_block *b, *next;

    for (b = a->blocks; b; b = next) {
        next = b->next;
        free(b);
    }
    arena_init_with(a, a->max, a->first, a->n_first);
}

void arena_reset(struct arena *a)
{
    struct arena_block *b = a->blocks;

    if (!b || a->first || b->next || b->size > ARENA_BLOCK_BYTES) {
        arena_done(a);
        return;
    }
    a->at = b->mem;
    a->end = b->mem + b->size;
}

static int add_block(struct arena *a, size_t n)
{
    struct arena_block *b;
    size_t size = a->blocks ? ARENA_BLOCK_BYTES : ARENA_FIRST_BYTES;

    size = MAX(size, n);
    if (size > a->max || a->used > a->max - size) {
        size = n; /* the last bytes below the ceiling may still do */
        if (size > a->max || a->used > a->max - size)
            return -1;
    }
    b = malloc(sizeof(*b) + size);
    if (!b)
        return -1;
    b->size = size;
    b->next = a->blocks;
    a->blocks = b;
    a->at = b->mem;
    a->end = b->mem + size;
    a->used += size;
    return 0;
}

void *arena_alloc(struct arena *a, size_t n)
{
    void *p;

    if (n > SIZE_MAX - ARENA_ALIGN)
        return NULL;
    n = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (n == 0)
        n = ARENA_ALIGN;
    if ((size_t)(a->end - a->at) < n && add_block(a, n) < 0)
        return NULL;
    p = a->at;
    a->at += n;
    return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
    void *p = arena_alloc(a, n);

    return p ? memset(p, 0, n) : NULL;
}

char *arena_memdup(struct arena *a, const void *data, size_t n)
{
    char *p = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;

    if (!p)
        return NULL;
    if (n)
        memcpy(p, data, n);
    p[n] = '\0';
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_memdup(a, s, strlen(s));
}
