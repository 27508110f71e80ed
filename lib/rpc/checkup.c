#include "lib/rpc/checkup.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/rpc/channel_core.h"
#include "lib/rpc/item.h"

enum {
    MAX_ANSWER = 1024,
    SERVING = 1, /* HealthCheckResponse.ServingStatus */
    JITTER_PERCENT = 20,
};

static void watch(struct rpc_checkup *c);

static const char *service_of(const struct rpc_channel *ch)
{
    return ch->opts.service_config ? ch->opts.service_config->health_service : NULL;
}

bool rpc_checkup_is_wanted(const struct rpc_channel *ch)
{
    return service_of(ch) && ch->opts.balance == RPC_ROUND_ROBIN;
}

/* ---- what it says ---- */

static void unhealthy(struct rpc_checkup *c, const char *what)
{
    struct err why;

    err_set(&why, RPC_UNAVAILABLE, "NotServing", "%s: health of \"%.128s\": %s",
            c->endpoint->address.text, service_of(c->channel), what);
    rpc_channel_health(c->channel, c->endpoint, false, &why); /* Careful: c may be gone here. */
}

/* HealthCheckResponse: status = 1; absent is UNKNOWN. */
static int read_status(const uint8_t *data, size_t n, uint64_t *ret)
{
    uint8_t none = 0;
    struct item_cursor in = {.at = n ? data : &none, .end = (n ? data : &none) + n};
    struct item it;
    int r;

    *ret = 0;
    while ((r = item_next(&in, &it)) > 0)
        if (it.field == 1 && it.wire == ITEM_VARINT)
            *ret = it.number;
    return r;
}

static void on_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    static const char *const words[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
    struct rpc_checkup *c = user;
    uint64_t status;

    if (read_status(data, n, &status) < 0) {
        rpc_call_cancel(call, RPC_INTERNAL, "its answer is no HealthCheckResponse");
        return;
    }
    c->has_answered = true;
    c->backoff_ms = 0;
    rpc_call_read(call);
    if (status == SERVING)
        rpc_channel_health(c->channel, c->endpoint, true, NULL); /* Careful: as below. */
    else
        unhealthy(c, status < ARRAY_SIZE(words) ? words[status] : "UNKNOWN");
}

/* ---- its end, and the next one ---- */

static uint32_t next_wait(struct rpc_checkup *c)
{
    const struct rpc_channel_opts *o = &c->channel->opts;
    uint32_t first = o->backoff_first_ms ? o->backoff_first_ms : RPC_BACKOFF_FIRST_MS;
    uint32_t max = o->backoff_max_ms ? o->backoff_max_ms : RPC_BACKOFF_MAX_MS;
    uint64_t ms =
        c->backoff_ms ? (uint64_t)c->backoff_ms * RPC_BACKOFF_GROWTH_PERCENT / 100 : first;
    uint32_t random;

    if (c->has_answered)
        return 0;
    c->backoff_ms = (uint32_t)MIN(ms, (uint64_t)max);
    bytes_random(&random, sizeof(random));
    random %= 2 * JITTER_PERCENT + 1;
    return (uint32_t)((uint64_t)c->backoff_ms * (100 - JITTER_PERCENT + random) / 100);
}

static void on_again(struct rpc_deadline *d)
{
    watch(CONTAINER_OF(d, struct rpc_checkup, again));
}

/* Without memory to ask, it is as if there were nobody to ask. */
static void watch_later(struct rpc_checkup *c, const char *why)
{
    struct rpc_hub *hub = c->channel->hub;
    uint64_t at_ms = loop_now_ms(hub->loop) + next_wait(c);

    c->again.fn = on_again;
    if (rpc_deadline_arm(hub, &c->again, at_ms, NULL) < 0)
        rpc_channel_health(c->channel, c->endpoint, true, NULL);
    else
        unhealthy(c, why);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct rpc_checkup *c = user;
    char why[200];

    (void)call;
    c->call = NULL;
    if (status->code == RPC_UNIMPLEMENTED) {
        rpc_channel_health(c->channel, c->endpoint, true, NULL);
        return;
    }
    (void)snprintf(why, sizeof(why), "the watch ended: %s: %s", rpc_code_name(status->code),
                   status->message);
    watch_later(c, why);
}

static const struct rpc_call_ops ops = {.on_message = on_message, .on_done = on_done};

/* HealthCheckRequest: service = 1. */
static int send_request(struct rpc_call *call, const char *service, struct err *err)
{
    uint8_t bytes[3 + RPC_HEALTH_SERVICE_MAX];
    size_t n = strlen(service), at = 0;

    bytes[at++] = 1 << 3 | ITEM_LEN;
    if (n >= 0x80)
        bytes[at++] = (uint8_t)(n & 0x7F) | 0x80;
    bytes[at++] = (uint8_t)(n >= 0x80 ? n >> 7 : n);
    memcpy(bytes + at, service, n);
    return rpc_call_send(call, bytes, n > 0 ? at + n : 0, err);
}

static void watch(struct rpc_checkup *c)
{
    struct rpc_channel *ch = c->channel;
    struct rpc_call *call = rpc_call_new(ch->hub, RPC_CLIENT, MAX_ANSWER);

    c->has_answered = false;
    if (!call) {
        watch_later(c, "out of memory");
        return;
    }
    c->call = call;
    call->path = "/grpc.health.v1.Health/Watch";
    call->content_type = "application/grpc";
    rpc_call_set_ops(call, &ops, c);
    rpc_channel_start_on(ch, c->endpoint->conn, call); /* what fails is told by on_done */
    rpc_call_read(call);
    if (send_request(call, service_of(ch), NULL) < 0)
        rpc_call_cancel(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
    rpc_call_send_end(call);
}

void rpc_checkup_start(struct rpc_channel *ch, struct endpoint *e)
{
    e->checkup = (struct rpc_checkup){.channel = ch, .endpoint = e};
    watch(&e->checkup);
}

void rpc_checkup_stop(struct rpc_checkup *c)
{
    if (!c->channel)
        return;
    rpc_deadline_disarm(c->channel->hub, &c->again);
    rpc_call_abandon(TAKE_PTR(c->call));
}
