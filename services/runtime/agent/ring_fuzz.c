/* A ring against its own promises: every byte kept is the one written at its offset, nothing before
 * the reader goes. */
#include "services/runtime/agent/ring.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 31 + (offset >> 8));
}

static void write_some(struct ring *r, uint64_t reader, size_t n)
{
    size_t room;
    uint8_t *to = ring_room(r, reader, &room);

    assert((to != NULL) == (room > 0));
    n = MIN(n, room);
    for (size_t i = 0; i < n; i++)
        to[i] = byte_at(r->end + i);
    ring_commit(r, n);
}

static void check(const struct ring *r)
{
    const uint8_t *at;
    size_t n;

    assert(r->end - r->begin <= r->cap && r->cap <= r->max);
    for (uint64_t o = r->begin; (n = ring_peek(r, o, &at)) > 0; o += n)
        for (size_t i = 0; i < n; i++)
            assert(at[i] == byte_at(o + i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ring_budget budget = {.max = 64 * 1024};
    uint64_t reader = 0;
    struct ring r;

    if (size < 2)
        return 0;
    ring_init(&r, RING_MIN + data[0] * 97u, &budget);
    for (size_t i = 1; i + 1 < size; i += 2) {
        uint64_t before = r.begin;

        if (data[i] < 160)
            write_some(&r, data[i] & 1 ? reader : UINT64_MAX, data[i + 1] * 41u);
        else if (data[i] < 240)
            reader = MIN(r.end, MAX(reader, r.begin) + data[i + 1] * 53u);
        else if (data[i] < 250)
            ring_shrink(&r);
        else
            r.is_final = !r.is_final;
        assert(data[i] >= 160 || !(data[i] & 1) || r.begin <= MAX(reader, before));
        check(&r);
    }
    ring_done(&r);
    assert(budget.used == 0);
    return 0;
}
