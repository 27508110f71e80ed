#pragma once
/*
 * Inside lib/rpc: calls that are sent again (gRPC A6, "gRPC Retry Design").
 *
 * A call may be repeated until its response head has come or more than LIMIT_RPC_RETRY_BUFFER bytes
 * of it were sent (LIMIT_RPC_REPEAT_BUFFER when no policy is for its method): until then what was
 * sent stays in its queue (stream.keeps_sent), and a new attempt is the same call on a new stream.
 * Transparently, when no server can have seen it (not sent: any number of times; REFUSED_STREAM or
 * left out by a GOAWAY: once); otherwise as the service config says for its method.
 */
#include "lib/rpc/hub.h"
#include "lib/rpc/service_config.h"

struct rpc_call;
struct rpc_channel;

struct rpc_retry {
    struct rpc_channel *channel;
    const struct rpc_retry_policy *policy; /* NULL: transparently only   */
    struct rpc_deadline again;             /* the next attempt            */
    unsigned n_previous;                   /* attempts that a server may have seen */
    uint32_t wait_ms;                      /* before the next attempt     */
    bool was_refused;                      /* the transparent one was had */
    bool is_due;                           /* decided: when the stream has closed */
};

/* Tokens of a channel (A6, "Throttling Retry Attempts and Hedged RPCs"), in thousandths. */
struct rpc_throttle {
    uint32_t max, ratio, tokens; /* max 0: none */
};

void rpc_retry_init(struct rpc_call *call, struct rpc_channel *ch,
                    const struct rpc_retry_policy *policy);
/* Each asks whether the attempt that ended so is repeated, and sees to it: the call then lives on.
 */
bool rpc_retry_after_status(struct rpc_call *call);
bool rpc_retry_after_close(struct rpc_call *call, uint32_t h2_error);
bool rpc_retry_after_loss(struct rpc_call *call);
/* The end of the call, whatever it is. */
void rpc_retry_over(struct rpc_call *call);

/* ---- channel.c ---- */

/* Takes calls still. */
bool rpc_channel_is_open(const struct rpc_channel *ch);
struct rpc_throttle *rpc_channel_throttle(struct rpc_channel *ch);
/* Waits: it is ended with the channel. */
void rpc_channel_park(struct rpc_channel *ch, struct rpc_call *call);
/* As a new call. */
void rpc_channel_submit(struct rpc_channel *ch, struct rpc_call *call);
