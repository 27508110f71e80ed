#pragma once
/*
 * Server: which of the newest streams the client has ended or reset. A further frame on one of
 * those ends the connection with STREAM_CLOSED (RFC 9113 5.1); on one that we ended it may just be
 * late. nghttp2 keeps whole streams for that, as many as may be open at once: 300 KiB for a
 * connection that has done a thousand calls. Here it is a bit each.
 */
#include <stdbool.h>
#include <stdint.h>

enum { RPC_ENDED_STREAMS = 512 };

struct rpc_ended {
    int32_t newest;
    uint8_t bits[RPC_ENDED_STREAMS / 8];
};

void rpc_ended_init(struct rpc_ended *e);
/* A stream begins: id is odd and greater than all before. */
void rpc_ended_begin(struct rpc_ended *e, int32_t id);
/* Its client has ended or reset it. An id that never began is not noted. */
void rpc_ended_note(struct rpc_ended *e, int32_t id);
/* Whether that is known of it. */
bool rpc_ended_has(const struct rpc_ended *e, int32_t id);
