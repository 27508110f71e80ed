#include "lib/rpc/calls_metrics.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/map.h"

enum { N_CODES = RPC_UNAUTHENTICATED + 1 };

/* One method's series. Those of codes are made when first met. */
struct method {
    struct metric_series *started, *received, *sent, *seconds, *handled[N_CODES];
    const char *type;
    char service[METRIC_MAX_VALUE + 1], name[METRIC_MAX_VALUE + 1];
};

/* Servers, or channels. */
struct side {
    struct metric *started, *handled, *received, *sent, *seconds;
    struct map methods; /* by path */
    struct method *unknown;
};

struct rpc_metrics {
    struct metrics *registry;
    struct side server, client;
};

/* What a call keeps. */
struct counted {
    struct method *method;
};

#define LABELS "grpc_type", "grpc_service", "grpc_method"
#define COUNTER(n, h)                                                                              \
    {                                                                                              \
        .name = (n), .help = (h), .type = METRIC_COUNTER, .labels = { LABELS }                     \
    }
#define BY_CODE(n, h)                                                                              \
    {                                                                                              \
        .name = (n), .help = (h), .type = METRIC_COUNTER, .labels = {LABELS, "grpc_code"},         \
        .max_series = (RPC_METRICS_METHODS + 1) * N_CODES                                          \
    }
#define SECONDS(n, h)                                                                              \
    {                                                                                              \
        .name = (n), .help = (h), .type = METRIC_HISTOGRAM, .labels = {LABELS},                    \
        .buckets = metric_latency_buckets, .n_buckets = METRIC_N_LATENCY_BUCKETS                   \
    }

struct side_descs {
    struct metric_desc started, handled, received, sent, seconds;
};

static const struct side_descs server_descs = {
    COUNTER("grpc_server_started_total", "Calls begun on the server."),
    BY_CODE("grpc_server_handled_total", "Calls ended on the server, whatever the status."),
    COUNTER("grpc_server_msg_received_total", "Messages received from clients."),
    COUNTER("grpc_server_msg_sent_total", "Messages sent to clients."),
    SECONDS("grpc_server_handling_seconds", "From a call's head to its status."),
};
static const struct side_descs client_descs = {
    COUNTER("grpc_client_started_total", "Calls begun by the client."),
    BY_CODE("grpc_client_handled_total", "Calls ended on the client, whatever the status."),
    COUNTER("grpc_client_msg_received_total", "Messages received from servers."),
    COUNTER("grpc_client_msg_sent_total", "Messages sent to servers."),
    SECONDS("grpc_client_handling_seconds", "From a call's start to its status."),
};

/* As grpc-go writes them. */
static const char *code_word(int code)
{
    static const char *const words[N_CODES] = {
        "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
        "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
        "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
        "DataLoss", "Unauthenticated"};

    return words[code];
}

static const char *type_word(enum rpc_kind kind)
{
    switch (kind) {
    case RPC_KIND_UNKNOWN:
        return "unknown";
    case RPC_KIND_UNARY:
        return "unary";
    case RPC_KIND_CLIENT_STREAM:
        return "client_stream";
    case RPC_KIND_SERVER_STREAM:
        return "server_stream";
    case RPC_KIND_BIDI:
        return "bidi_stream";
    }
    abort();
}

/* ---- methods ---- */

/* Never NULL. */
static void make_series(const struct side *side, struct method *m)
{
    const char *const values[] = {m->type, m->service, m->name};

    m->started = metric_with(side->started, values);
    m->received = metric_with(side->received, values);
    m->sent = metric_with(side->sent, values);
    m->seconds = metric_with(side->seconds, values);
}

static struct metric_series *handled(const struct side *side, struct method *m, int code)
{
    if (code < 0 || code >= N_CODES)
        code = RPC_UNKNOWN;
    if (!m->handled[code])
        m->handled[code] = metric_with(
            side->handled, (const char *const[]){m->type, m->service, m->name, code_word(code)});
    return m->handled[code];
}

static struct method *method_new(const struct side *side, const char *service, size_t n_service,
                                 const char *name, enum rpc_kind kind)
{
    struct method *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    m->type = type_word(kind);
    (void)snprintf(m->service, sizeof(m->service), "%.*s", (int)n_service, service);
    (void)snprintf(m->name, sizeof(m->name), "%s", name);
    make_series(side, m);
    return m;
}

/* path: "/service/method"; other paths, too many, and no memory are "unknown". */
static struct method *learn(struct side *side, const char *path, enum rpc_kind kind)
{
    const char *slash = strrchr(path, '/');
    struct method *m;

    if (!slash || slash == path || side->methods.n >= RPC_METRICS_METHODS)
        return side->unknown;
    m = method_new(side, path + 1, (size_t)(slash - path - 1), slash + 1, kind);
    if (!m)
        return side->unknown;
    if (map_set(&side->methods, path, m, NULL, NULL) < 0) {
        free(m);
        return side->unknown;
    }
    return m;
}

static struct method *find(struct side *side, const struct rpc_call *call)
{
    struct method *m = map_get(&side->methods, rpc_call_path(call));

    if (m)
        return m;
    if (rpc_call_kind(call) == RPC_KIND_UNKNOWN)
        return side->unknown;
    return learn(side, rpc_call_path(call), rpc_call_kind(call));
}

/* ---- the interceptor ---- */

static int on_start(struct rpc_call *call, void *state, void *user, struct err *err)
{
    struct counted *c = state;

    (void)err;
    c->method = find(user, call);
    metric_inc(c->method->started);
    return 0;
}

static void on_received(struct rpc_call *call, size_t n, void *state, void *user)
{
    const struct counted *c = state;

    (void)call;
    (void)n;
    (void)user;
    metric_inc(c->method->received);
}

static void on_sent(struct rpc_call *call, size_t n, void *state, void *user)
{
    const struct counted *c = state;

    (void)call;
    (void)n;
    (void)user;
    metric_inc(c->method->sent);
}

static void on_end(struct rpc_call *call, const struct rpc_call_end *end, void *state, void *user)
{
    const struct counted *c = state;

    (void)call;
    metric_inc(handled(user, c->method, end->status->code));
    metric_observe(c->method->seconds, (double)end->took_ns / 1e9);
}

static const struct rpc_interceptor interceptor = {
    .n_state = sizeof(struct counted),
    .on_start = on_start,
    .on_received = on_received,
    .on_sent = on_sent,
    .on_end = on_end,
};

/* ---- life ---- */

static int add_families(struct side *side, struct metrics *m, const struct side_descs *d,
                        struct err *err)
{
    if (side->unknown)
        return 0;
    if ((!side->started && metrics_add(m, &d->started, &side->started, err) < 0) ||
        (!side->handled && metrics_add(m, &d->handled, &side->handled, err) < 0) ||
        (!side->received && metrics_add(m, &d->received, &side->received, err) < 0) ||
        (!side->sent && metrics_add(m, &d->sent, &side->sent, err) < 0) ||
        (!side->seconds && metrics_add(m, &d->seconds, &side->seconds, err) < 0))
        return err_wrap(err, "counting calls");
    side->unknown = method_new(side, "unknown", 7, "unknown", RPC_KIND_UNKNOWN);
    return side->unknown ? 0 : err_oom(err);
}

static int know(struct side *side, const struct rpc_service_desc *service, struct err *err)
{
    if (!side->unknown) /* no server, or no channel, was given */
        return 0;
    for (size_t i = 0; i < service->n_methods; i++) {
        const struct rpc_method_desc *m = &service->methods[i];

        if (!map_get(&side->methods, m->path) &&
            learn(side, m->path, rpc_method_kind(m)) == side->unknown)
            return side->methods.n < RPC_METRICS_METHODS
                       ? err_oom(err)
                       : err_set(err, RPC_RESOURCE_EXHAUSTED, "TooManyMethods",
                                 "%s is not counted by itself: %d methods are", m->path,
                                 RPC_METRICS_METHODS);
    }
    return 0;
}

int rpc_metrics_new(struct rpc_metrics **ret, struct metrics *m, struct err *err)
{
    struct rpc_metrics *rm = calloc(1, sizeof(*rm));

    if (!rm)
        return err_oom(err);
    rm->registry = m;
    map_init(&rm->server.methods);
    map_init(&rm->client.methods);
    *ret = rm;
    return 0;
}

static void side_done(struct side *side)
{
    MAP_FOREACH(it, &side->methods)
    free(map_entry_value(it));
    map_done(&side->methods);
    free(side->unknown);
}

void rpc_metrics_free(struct rpc_metrics *rm)
{
    if (!rm)
        return;
    side_done(&rm->server);
    side_done(&rm->client);
    free(rm);
}

int rpc_metrics_server(struct rpc_metrics *rm, struct rpc_server *s, struct err *err)
{
    if (add_families(&rm->server, rm->registry, &server_descs, err) < 0)
        return -1;
    return rpc_server_intercept(s, &interceptor, &rm->server, err);
}

int rpc_metrics_channel(struct rpc_metrics *rm, struct rpc_channel *ch, struct err *err)
{
    if (add_families(&rm->client, rm->registry, &client_descs, err) < 0)
        return -1;
    return rpc_channel_intercept(ch, &interceptor, &rm->client, err);
}

int rpc_metrics_know_server(struct rpc_metrics *rm, const struct rpc_service_desc *service,
                            struct err *err)
{
    return know(&rm->server, service, err);
}

int rpc_metrics_know_channel(struct rpc_metrics *rm, const struct rpc_service_desc *service,
                             struct err *err)
{
    return know(&rm->client, service, err);
}
