#pragma once
/*
 * How large a stream's receive window should be: the bytes that come within one round trip, which
 * is what must be under way for a peer that never waits (bandwidth-delay product). A PING goes out
 * while data comes; what came until its answer is a sample. The window grows while samples fill it
 * and the rate still rises with it (grpc-go, internal/transport/bdp_estimator.go; the idea is that
 * of TCP's receive buffer tuning). It never shrinks. No I/O, no clock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rpc_bdp {
    uint32_t window, max; /* bytes                            */
    uint64_t n_sample;    /* came since the PING              */
    uint64_t n_since;     /* came since the last sample       */
    uint64_t sent_ms, next_ms;
    uint64_t best_rate; /* bytes in a millisecond           */
    uint32_t wait_ms;   /* between samples that change nothing */
    bool is_out;        /* the PING is not yet answered     */
};

void rpc_bdp_init(struct rpc_bdp *b, uint32_t window, uint32_t max);
/* n bytes of DATA came. True: a PING is to be sent now. */
bool rpc_bdp_received(struct rpc_bdp *b, size_t n, uint64_t now_ms);
/* It was answered. True: window has grown. */
bool rpc_bdp_answered(struct rpc_bdp *b, uint64_t now_ms);
