#include "lib/rpc/bdp.h"

#include "lib/base/err.h"

enum { WAIT_MIN_MS = 10, WAIT_MAX_MS = 10000 };

void rpc_bdp_init(struct rpc_bdp *b, uint32_t window, uint32_t max)
{
    *b = (struct rpc_bdp){.window = window, .max = max};
}

bool rpc_bdp_received(struct rpc_bdp *b, size_t n, uint64_t now_ms)
{
    if (b->is_out) {
        b->n_sample += n;
        return false;
    }
    b->n_since += n;
    if (b->window >= b->max || b->n_since < b->window / 2 || now_ms < b->next_ms)
        return false;
    b->is_out = true;
    b->n_sample = n; /* the PING is on its way back behind it */
    b->n_since = 0;
    b->sent_ms = now_ms;
    return true;
}

static void wait_longer(struct rpc_bdp *b, uint64_t now_ms)
{
    b->wait_ms = b->wait_ms ? MIN(2 * b->wait_ms, (uint32_t)WAIT_MAX_MS) : WAIT_MIN_MS;
    b->next_ms = now_ms + b->wait_ms;
}

bool rpc_bdp_answered(struct rpc_bdp *b, uint64_t now_ms)
{
    uint64_t ms = now_ms - b->sent_ms, rate;
    /* nghttp2 gives a window back by halves: as little as half of it may be under way. */
    bool is_full = b->n_sample >= (uint64_t)b->window * 2 / 5;

    if (!b->is_out)
        return false;
    b->is_out = false;
    rate = ms ? b->n_sample / ms : 0; /* below a millisecond any window will do */
    if (!is_full || rate == 0 || rate < b->best_rate) {
        if (is_full)
            b->best_rate -= b->best_rate / 8; /* it may have been a burst, or another path */
        wait_longer(b, now_ms);
        return false;
    }
    b->best_rate = rate;
    b->window = (uint32_t)MIN(2 * (uint64_t)b->window, (uint64_t)b->max);
    b->wait_ms = 0;
    b->next_ms = now_ms + ms; /* when the peer has used it */
    return true;
}
