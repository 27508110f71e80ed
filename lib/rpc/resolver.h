#pragma once
/* Names to addresses, for channels. lib/rpc knows only this; lib/rpc/dns.h is behind it with
 * c-ares, so that programs without names link no resolver. */
#include "lib/rpc/address.h"

struct rpc_lookup;

/* n addresses in the order in which they are to be tried, or n = 0 and *why. Called once, from the
 * loop. */
typedef void (*rpc_lookup_fn)(const struct rpc_address *addresses, size_t n, const struct err *why,
                              void *user);

struct rpc_resolver {
    int (*lookup)(struct rpc_resolver *r, const struct rpc_address *target, rpc_lookup_fn fn,
                  void *user, struct rpc_lookup **ret, struct err *err);
    /* Before fn was called: it is not called any more. */
    void (*cancel)(struct rpc_lookup *lookup);
};
