#pragma once
/*
 * Inside lib/rpc, server: whether one more connection is taken. Those over max_connections, or over
 * max_connections_per_peer (one IPv4 address, one /64 of IPv6, one uid of a unix socket), are told
 * so by a GOAWAY where the listener is plain, and closed before they cost anything.
 */
#include <stdint.h>

#include "lib/base/map.h"
#include "lib/rpc/guard.h"

struct rpc_admit {
    uint32_t max, max_per_peer; /* 0: any */
    uint32_t n;
    struct map peers; /* key as text: how many; only with max_per_peer */
};

void rpc_admit_init(struct rpc_admit *a, uint32_t max, uint32_t max_per_peer);
void rpc_admit_done(struct rpc_admit *a);
/* *ret_peer is for rpc_admit_leave(). < 0: one too many (counted), or out of memory. */
int rpc_admit_enter(struct rpc_admit *a, int fd, struct rpc_guard_counts *counts,
                    uint64_t *ret_peer, struct err *err);
void rpc_admit_leave(struct rpc_admit *a, uint64_t peer);
/* Says why, in HTTP/2, as far as that goes at once. */
void rpc_admit_refuse(int fd, const struct err *why);
