#pragma once
/* Names looked up by c-ares (hosts file, then DNS), on the loop. Its own library, `rpc_dns`. */
#include "lib/loop/loop.h"
#include "lib/rpc/resolver.h"

struct rpc_dns_opts {
    const char *servers; /* "1.2.3.4:53,[::1]:5353" instead of /etc/resolv.conf; NULL: that one */
    uint32_t timeout_ms; /* of one try; 0: 2 s, three tries                                      */
};

/* opts may be NULL. For channels on the same loop: rpc_channel_opts.resolver. */
int rpc_dns_new(struct rpc_resolver **ret, struct loop *loop, const struct rpc_dns_opts *opts,
                struct err *err);
/* After the channels that use it. */
void rpc_dns_free(struct rpc_resolver *r);
DEFINE_CLEANUP(struct rpc_resolver *, rpc_dns_free)
