#include "lib/rpc/retry.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/limits.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/status_core.h"

enum { JITTER_PERCENT = 20 };

static void on_again(struct rpc_deadline *d);

void rpc_retry_init(struct rpc_call *call, struct rpc_channel *ch,
                    const struct rpc_retry_policy *policy)
{
    call->retry = (struct rpc_retry){.channel = ch, .policy = policy, .again.fn = on_again};
    call->stream.keeps_sent = true;
    call->stream.keep_max = policy ? LIMIT_RPC_RETRY_BUFFER : LIMIT_RPC_REPEAT_BUFFER;
}

/* ---- throttling ---- */

static void count_failure(struct rpc_throttle *t)
{
    t->tokens -= MIN(t->tokens, 1000u);
}

static bool is_throttled(const struct rpc_throttle *t)
{
    return t->max > 0 && t->tokens <= t->max / 2;
}

void rpc_retry_over(struct rpc_call *call)
{
    struct rpc_retry *r = &call->retry;
    struct rpc_throttle *t = r->channel ? rpc_channel_throttle(r->channel) : NULL;

    rpc_deadline_disarm(call->hub, &r->again);
    r->is_due = false;
    if (t && call->status.code == RPC_OK)
        t->tokens = MIN(t->tokens + t->ratio, t->max);
}

/* ---- the decision ---- */

/* ×multiplier from attempt to attempt, ±20 %. */
static uint32_t next_wait(const struct rpc_retry *r)
{
    uint64_t ms = r->policy->initial_backoff_ms;
    uint32_t random;

    for (unsigned i = 1; i < r->n_previous && ms < r->policy->max_backoff_ms; i++)
        ms = ms * r->policy->multiplier_milli / 1000;
    ms = MIN(ms, (uint64_t)r->policy->max_backoff_ms);
    bytes_random(&random, sizeof(random));
    random %= 2 * JITTER_PERCENT + 1;
    return (uint32_t)(ms * (100 - JITTER_PERCENT + random) / 100);
}

static bool may_again(const struct rpc_call *call)
{
    return call->retry.channel && call->stream.keeps_sent &&
           rpc_channel_is_open(call->retry.channel);
}

/* pushback: the server's word about it, or NULL. */
static bool by_policy(struct rpc_call *call, int code, const char *pushback)
{
    struct rpc_retry *r = &call->retry;
    struct rpc_throttle *t = rpc_channel_throttle(r->channel);
    uint64_t wait_ms = 0;
    bool is_forbidden = pushback && bytes_parse_u64(pushback, 0, UINT32_MAX, &wait_ms) < 0;

    if (!r->policy || !(r->policy->codes & (1u << code)))
        return false;
    count_failure(t);
    if (is_forbidden || is_throttled(t) || r->n_previous + 1 >= r->policy->max_attempts)
        return false;
    r->n_previous++;
    r->wait_ms = pushback ? (uint32_t)wait_ms : next_wait(r);
    return true;
}

/* ---- the next attempt ---- */

static void on_again(struct rpc_deadline *d)
{
    struct rpc_call *call = CONTAINER_OF(d, struct rpc_call, retry.again);

    list_remove(&call->pending);
    rpc_channel_submit(call->retry.channel, call);
}

static void begin_again(struct rpc_call *call)
{
    struct rpc_retry *r = &call->retry;
    uint64_t at_ms = clock_add(loop_now_ms(call->hub->loop), r->wait_ms);
    bool is_now = r->wait_ms == 0;

    r->is_due = false;
    r->wait_ms = 0;
    rpc_stream_rewind(&call->stream);
    call->has_status = call->is_peer_ended = false;
    call->status = (struct rpc_status){.message = ""};
    if (call->conn)
        rpc_conn_unref(TAKE_PTR(call->conn));
    if (!is_now)
        rpc_channel_park(r->channel, call);
    /* No memory for the wait: then without. */
    if (is_now || rpc_deadline_arm(call->hub, &r->again, at_ms, NULL) < 0) {
        list_remove(&call->pending);
        rpc_channel_submit(r->channel, call);
    }
}

/* The stream closes by itself, or by our reset; then it goes on in rpc_retry_after_close(). */
bool rpc_retry_after_status(struct rpc_call *call)
{
    const struct rpc_metadata *md = &call->stream.head.md;

    if (!call->has_status || call->status.code == RPC_OK || !may_again(call) ||
        !by_policy(call, call->status.code, rpc_metadata_get(md, "grpc-retry-pushback-ms")))
        return false;
    call->retry.is_due = true;
    call->has_status = false;
    if (!call->is_send_ended)
        rpc_stream_reset(&call->stream, NGHTTP2_NO_ERROR);
    return true;
}

bool rpc_retry_after_close(struct rpc_call *call, uint32_t h2_error)
{
    struct rpc_retry *r = &call->retry;
    bool is_first_refusal = h2_error == NGHTTP2_REFUSED_STREAM && !r->was_refused;

    if (!may_again(call))
        return false;
    if (!r->is_due && is_first_refusal)
        r->was_refused = true;
    else if (!r->is_due && !by_policy(call, rpc_code_of_h2_error(h2_error), NULL))
        return false;
    begin_again(call);
    return true;
}

bool rpc_retry_after_loss(struct rpc_call *call)
{
    if (!may_again(call) ||
        (!call->retry.is_due && call->stream.is_begun && !by_policy(call, RPC_UNAVAILABLE, NULL)))
        return false;
    begin_again(call);
    return true;
}
