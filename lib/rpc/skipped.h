#pragma once
/*
 * The stream identifiers that a client left out (RFC 9113 5.1.1: a new stream's identifier is
 * greater than all before). nghttp2 takes HEADERS on a smaller one for a late frame of a closed
 * stream and drops them, so that such a call would hang: only what was left out tells "never used"
 * from "closed".
 *
 * Clients that count without gaps cost nothing. Of the others the newest RPC_SKIPPED_MAX gaps are
 * remembered; an identifier in an older one is then dropped as nghttp2 does it, and counted as
 * late, which is bounded (RPC_GUARD_LATE_HEADS): no harm but to the client itself.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RPC_SKIPPED_MAX = 256 };

struct rpc_skipped {
    struct rpc_id_range {
        int32_t first, last;
    } * v;
    size_t n, cap; /* a ring once n is RPC_SKIPPED_MAX */
    size_t at;     /* the next to be overwritten       */
    int32_t newest;
};

void rpc_skipped_init(struct rpc_skipped *s);
void rpc_skipped_done(struct rpc_skipped *s);
/* HEADERS on id, odd. Whether it is greater than all before. Out of memory: the gap is forgotten.
 */
bool rpc_skipped_note(struct rpc_skipped *s, int32_t id);
/* Whether id was left out before. */
bool rpc_skipped_has(const struct rpc_skipped *s, int32_t id);
