#include "lib/rpc/skipped.h"

#include <stdlib.h>

#include "lib/base/err.h"

enum { CAP_FIRST = 4 };

void rpc_skipped_init(struct rpc_skipped *s)
{
    *s = (struct rpc_skipped){.newest = -1};
}

void rpc_skipped_done(struct rpc_skipped *s)
{
    free(TAKE_PTR(s->v));
    s->n = s->cap = 0;
}

static struct rpc_id_range *new_range(struct rpc_skipped *s)
{
    size_t cap = s->cap ? s->cap * 2 : CAP_FIRST;
    struct rpc_id_range *v;

    if (s->n == s->cap && s->cap < RPC_SKIPPED_MAX) {
        v = realloc(s->v, cap * sizeof(*v));
        if (v) {
            s->v = v;
            s->cap = cap;
        }
    }
    if (s->n < s->cap)
        return &s->v[s->n++];
    return s->n > 0 ? &s->v[s->at++ % s->n] : NULL; /* the oldest, near enough */
}

bool rpc_skipped_note(struct rpc_skipped *s, int32_t id)
{
    struct rpc_id_range *range;

    if (id <= s->newest)
        return false;
    range = id > s->newest + 2 ? new_range(s) : NULL;
    if (range)
        *range = (struct rpc_id_range){s->newest + 2, id - 2};
    s->newest = id;
    return true;
}

bool rpc_skipped_has(const struct rpc_skipped *s, int32_t id)
{
    for (size_t i = 0; i < s->n; i++)
        if (id >= s->v[i].first && id <= s->v[i].last)
            return true;
    return false;
}
