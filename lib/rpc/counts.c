#include "lib/rpc/counts.h"

#include <stdatomic.h>

#include "lib/base/cleanup.h"

static atomic_uint_fast64_t last_id; /* of all loops */

void rpc_counts_init(struct rpc_counts *c, uint64_t now_ms)
{
    *c = (struct rpc_counts){
        .made_ms = now_ms, .id = atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed) + 1};
}

void rpc_counts_add(struct rpc_counts *to, const struct rpc_counts *gone)
{
    to->n_started += gone->n_started;
    to->n_ok += gone->n_ok;
    to->n_failed += gone->n_failed;
    to->n_sent += gone->n_sent;
    to->n_received += gone->n_received;
    to->n_pings += gone->n_pings;
    to->started_ms = MAX(to->started_ms, gone->started_ms);
    to->sent_ms = MAX(to->sent_ms, gone->sent_ms);
    to->received_ms = MAX(to->received_ms, gone->received_ms);
}
