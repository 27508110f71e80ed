#include "lib/rpc/calls_log.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "lib/rpc/trace.h"

enum { BURST = 20, N_ALWAYS = 7 /* fields */ };

struct rpc_log {
    struct log_ratelimit limit;
};

int rpc_log_level_of(int code)
{
    switch ((enum rpc_code)code) {
    case RPC_OK:
    case RPC_CANCELLED:
        return LOG_DEBUG;
    case RPC_INVALID_ARGUMENT:
    case RPC_DEADLINE_EXCEEDED:
    case RPC_NOT_FOUND:
    case RPC_ALREADY_EXISTS:
    case RPC_PERMISSION_DENIED:
    case RPC_FAILED_PRECONDITION:
    case RPC_ABORTED:
    case RPC_OUT_OF_RANGE:
    case RPC_UNIMPLEMENTED:
    case RPC_UNAUTHENTICATED:
        return LOG_INFO;
    case RPC_UNKNOWN:
    case RPC_RESOURCE_EXHAUSTED:
    case RPC_INTERNAL:
    case RPC_UNAVAILABLE:
    case RPC_DATA_LOSS:
        return LOG_WARN;
    }
    return LOG_WARN;
}

struct ids {
    char trace[33], span[17];
};

static struct ids ids_of(const struct rpc_call *call)
{
    const struct rpc_trace *t = rpc_call_trace(call);
    struct ids ids = {{0}, {0}};

    if (t) {
        bytes_hex(t->trace_id, sizeof(t->trace_id), ids.trace);
        bytes_hex(t->span_id, sizeof(t->span_id), ids.span);
    }
    return ids;
}

/* Those that say something. */
static int take_fields(struct log_field *to, const struct log_field *all, size_t n)
{
    int kept = 0;

    for (size_t i = 0; i < n; i++)
        if (all[i].type == LOG_FIELD_STR ? all[i].s && *all[i].s : all[i].u || i < N_ALWAYS)
            to[kept++] = all[i];
    return kept;
}

static void write_end(struct rpc_call *call, const struct rpc_call_end *end, enum log_level level,
                      uint32_t suppressed)
{
    struct log_field kept[16];
    struct ids ids = ids_of(call);
    const struct log_field all[] = {
        LOG_S("side", rpc_call_is_server(call) ? "server" : "client"),
        LOG_S("method", rpc_call_path(call)),
        LOG_S("code", rpc_code_name(end->status->code)),
        LOG_S("peer", rpc_call_peer(call)->address),
        LOG_U("us", end->took_ns / 1000),
        LOG_U("received", end->n_received),
        LOG_U("sent", end->n_sent),
        LOG_S("reason", end->status->reason),
        LOG_S("error", end->status->message),
        LOG_S("trace", ids.trace),
        LOG_S("span", ids.span),
        LOG_U("suppressed", suppressed),
    };
    log_write(level, "call ended", kept, take_fields(kept, all, ARRAY_SIZE(all)));
}

static void on_end(struct rpc_call *call, const struct rpc_call_end *end, void *state, void *user)
{
    enum log_level level = (enum log_level)rpc_log_level_of(end->status->code);
    struct rpc_log *l = user;
    uint32_t suppressed = 0;

    (void)state;
    if (!log_enabled(level))
        return;
    if (level == LOG_DEBUG ||
        log_ratelimit(&l->limit, loop_now_ms(rpc_call_loop(call)), &suppressed))
        write_end(call, end, level, suppressed);
}

static const struct rpc_interceptor interceptor = {.on_end = on_end};

int rpc_log_new(struct rpc_log **ret, uint32_t burst, struct err *err)
{
    struct rpc_log *l = calloc(1, sizeof(*l));

    if (!l)
        return err_oom(err);
    l->limit = (struct log_ratelimit){.burst = burst ? burst : BURST, .per_ms = 1000};
    *ret = l;
    return 0;
}

void rpc_log_free(struct rpc_log *l)
{
    free(l);
}

int rpc_log_server(struct rpc_log *l, struct rpc_server *s, struct err *err)
{
    return rpc_server_intercept(s, &interceptor, l, err);
}

int rpc_log_channel(struct rpc_log *l, struct rpc_channel *ch, struct err *err)
{
    return rpc_channel_intercept(ch, &interceptor, l, err);
}
