#pragma once
/*
 * Inside lib/rpc: what a server, a channel, an address of one and a connection count of themselves,
 * for those who look in (lib/rpc/channelz.h). Times are loop_now_ms().
 */
#include <stdbool.h>
#include <stdint.h>

struct rpc_counts {
    uint64_t id; /* positive, unique in the process */
    uint64_t made_ms;
    uint64_t n_started, n_ok, n_failed;        /* calls; of a connection: streams */
    uint64_t n_sent, n_received;               /* messages, of a connection; none in the raw form */
    uint64_t n_pings;                          /* sent, of a connection */
    uint64_t started_ms, sent_ms, received_ms; /* the last one; 0: none */
};

void rpc_counts_init(struct rpc_counts *c, uint64_t now_ms);
/* Those of something that is gone go into what it was part of. */
void rpc_counts_add(struct rpc_counts *to, const struct rpc_counts *gone);

static inline void rpc_counts_begin(struct rpc_counts *c, uint64_t now_ms)
{
    c->n_started++;
    c->started_ms = now_ms;
}

static inline void rpc_counts_end(struct rpc_counts *c, bool is_ok)
{
    if (is_ok)
        c->n_ok++;
    else
        c->n_failed++;
}

static inline void rpc_counts_sent(struct rpc_counts *c, uint64_t n, uint64_t now_ms)
{
    c->n_sent += n;
    if (n > 0)
        c->sent_ms = now_ms;
}

static inline void rpc_counts_received(struct rpc_counts *c, uint64_t now_ms)
{
    c->n_received++;
    c->received_ms = now_ms;
}
