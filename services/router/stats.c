#include "services/router/stats.h"

#include <stdio.h>
#include <string.h>

static const struct metric_desc calls_desc = {.name = "sandbox_router_calls_total",
                                              .help = "Proxied calls that have ended.",
                                              .type = METRIC_COUNTER,
                                              .labels = {"service", "code"}};
static const struct metric_desc open_desc = {
    .name = "sandbox_router_calls_open", .help = "Proxied calls open now.", .type = METRIC_GAUGE};
static const struct metric_desc waiting_desc = {.name = "sandbox_router_calls_waiting",
                                                .help = "Calls that wait for their sandbox.",
                                                .type = METRIC_GAUGE};
static const struct metric_desc bytes_desc = {.name = "sandbox_router_bytes_total",
                                              .help = "Bytes of calls, to and from sandboxes.",
                                              .type = METRIC_COUNTER,
                                              .labels = {"direction"}};
static const struct metric_desc upstreams_desc = {
    .name = "sandbox_router_upstreams", .help = "Connections to sandboxes.", .type = METRIC_GAUGE};
static const struct metric_desc lost_desc = {.name = "sandbox_router_upstreams_lost_total",
                                             .help = "Connections to sandboxes that were lost.",
                                             .type = METRIC_COUNTER};
static const struct metric_desc routes_desc = {
    .name = "sandbox_router_routes", .help = "Sandboxes known.", .type = METRIC_GAUGE};
static const struct metric_desc watch_desc = {.name = "sandbox_router_routes_current",
                                              .help = "1: the controller's watch is up.",
                                              .type = METRIC_GAUGE};
static const struct metric_desc resolves_desc = {.name = "sandbox_router_resolves_total",
                                                 .help = "Questions to the controller.",
                                                 .type = METRIC_COUNTER};

static const struct metric_desc seconds_desc = {.name = "sandbox_router_call_seconds",
                                                .help = "From a call's first byte to its status.",
                                                .type = METRIC_HISTOGRAM,
                                                .buckets = metric_latency_buckets,
                                                .n_buckets = METRIC_N_LATENCY_BUCKETS};

static int add(struct metrics *m, const struct metric_desc *desc, struct metric_series **ret,
               struct err *err)
{
    struct metric *f;

    if (metrics_add(m, desc, &f, err) < 0)
        return -1;
    *ret = metric_with(f, NULL);
    return 0;
}

int stats_init(struct stats *s, struct metrics *m, struct err *err)
{
    struct metric *bytes;

    if (metrics_add(m, &calls_desc, &s->calls, err) < 0 ||
        metrics_add(m, &bytes_desc, &bytes, err) < 0 ||
        add(m, &open_desc, &s->calls_open, err) < 0 ||
        add(m, &waiting_desc, &s->waiting, err) < 0 ||
        add(m, &seconds_desc, &s->call_seconds, err) < 0 ||
        add(m, &upstreams_desc, &s->upstreams, err) < 0 ||
        add(m, &lost_desc, &s->upstreams_lost, err) < 0 ||
        add(m, &routes_desc, &s->routes, err) < 0 || add(m, &watch_desc, &s->watch_up, err) < 0 ||
        add(m, &resolves_desc, &s->resolves, err) < 0)
        return err_wrap(err, "metrics");
    s->bytes_in = metric_with(bytes, (const char *[]){"in"});
    s->bytes_out = metric_with(bytes, (const char *[]){"out"});
    return 0;
}

void stats_call_ended(struct stats *s, const char *path, int code, double seconds)
{
    char service[64];
    const char *end = strrchr(path, '/');

    (void)snprintf(service, sizeof(service), "%.*s", end > path ? (int)(end - path - 1) : 0,
                   path + 1);
    metric_inc(metric_with(s->calls, (const char *[]){service, rpc_code_name(code)}));
    metric_observe(s->call_seconds, seconds);
}
