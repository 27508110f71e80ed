#include "services/runtime/agent/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

enum { RING_CHUNK = 4096 }; /* grown when less than this is free */

void ring_init(struct ring *r, size_t max, struct ring_budget *budget)
{
    assert(max >= RING_MIN);
    *r = (struct ring){.max = max, .budget = budget};
}

static void set_memory(struct ring *r, uint8_t *mem, size_t cap)
{
    free(r->mem);
    r->budget->used = r->budget->used - r->cap + cap;
    r->mem = mem;
    r->cap = cap;
}

void ring_done(struct ring *r)
{
    if (r->budget)
        set_memory(r, NULL, 0);
    r->begin = r->end;
}

size_t ring_peek(const struct ring *r, uint64_t offset, const uint8_t **ret)
{
    size_t at;

    assert(offset >= r->begin && offset <= r->end);
    if (offset == r->end)
        return 0;
    at = (size_t)(offset % r->cap);
    *ret = r->mem + at;
    return (size_t)MIN(r->end - offset, (uint64_t)(r->cap - at));
}

/* Puts every kept byte where its offset belongs in memory of another size. */
static void resize(struct ring *r, size_t cap)
{
    uint8_t *mem = malloc(cap);

    if (!mem)
        return;
    for (uint64_t at = r->begin; at < r->end;) {
        const uint8_t *from;
        size_t n = ring_peek(r, at, &from), to = (size_t)(at % cap);

        n = MIN(n, cap - to);
        memcpy(mem + to, from, n);
        at += n;
    }
    set_memory(r, mem, cap);
}

static void grow(struct ring *r)
{
    size_t cap = r->cap ? MIN(r->cap * 2, r->max) : (size_t)RING_MIN, more = cap - r->cap;
    struct ring_budget *b = r->budget;

    if (r->cap && b->used + more > b->max && b->reclaim)
        b->reclaim(b, more, b->user);
    if (r->cap && b->used + more > b->max)
        return;
    resize(r, cap);
}

uint8_t *ring_room(struct ring *r, uint64_t reader, size_t *ret_n)
{
    size_t at, before;
    uint64_t keep = r->end;

    *ret_n = 0;
    if (r->cap < r->max && r->end - r->begin + RING_CHUNK > r->cap)
        grow(r);
    if (!r->cap)
        return NULL;
    if (reader != UINT64_MAX) {
        reader = MIN(MAX(reader, r->begin), r->end);
        before = r->is_final ? 0 : r->cap - r->cap / 4;
        keep = MAX(r->begin, reader - MIN(reader, (uint64_t)before));
    }
    if (r->end - keep >= r->cap)
        return NULL;
    at = (size_t)(r->end % r->cap);
    *ret_n = MIN(r->cap - (size_t)(r->end - keep), r->cap - at);
    return r->mem + at;
}

void ring_commit(struct ring *r, size_t n)
{
    r->end += n;
    if (r->end - r->begin > r->cap)
        r->begin = r->end - r->cap;
}

void ring_skip(struct ring *r, size_t n)
{
    r->end += n;
    r->begin = r->end;
}

void ring_shrink(struct ring *r)
{
    size_t n = (size_t)(r->end - r->begin);

    if (n == 0)
        ring_done(r);
    else if (n < r->cap)
        resize(r, n);
}
