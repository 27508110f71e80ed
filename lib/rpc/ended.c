#include "lib/rpc/ended.h"

#include <string.h>

static unsigned slot_of(int64_t id)
{
    return (unsigned)(id / 2) % RPC_ENDED_STREAMS;
}

static bool is_known(const struct rpc_ended *e, int32_t id)
{
    return id > 0 && id % 2 == 1 && id <= e->newest && e->newest - id < 2 * RPC_ENDED_STREAMS;
}

void rpc_ended_init(struct rpc_ended *e)
{
    *e = (struct rpc_ended){.newest = -1};
}

void rpc_ended_begin(struct rpc_ended *e, int32_t id)
{
    /* An identifier may be the largest int32_t, and newest -1. */
    if ((int64_t)id - e->newest >= 2 * RPC_ENDED_STREAMS)
        memset(e->bits, 0, sizeof(e->bits));
    else
        for (int64_t i = (int64_t)e->newest + 2; i <= id; i += 2)
            e->bits[slot_of(i) / 8] &= (uint8_t) ~(1u << slot_of(i) % 8);
    e->newest = id;
}

void rpc_ended_note(struct rpc_ended *e, int32_t id)
{
    if (is_known(e, id))
        e->bits[slot_of(id) / 8] |= (uint8_t)(1u << slot_of(id) % 8);
}

bool rpc_ended_has(const struct rpc_ended *e, int32_t id)
{
    return is_known(e, id) && (e->bits[slot_of(id) / 8] & 1u << slot_of(id) % 8);
}
