/* The counts are in the servers' hubs; a reference to each keeps them past the server's end, and
 * they are added up only when somebody asks. */
#include "lib/rpc/guard_metrics.h"

#include "lib/rpc/hub.h"

struct rpc_guard_metrics {
    struct metric_series *series[N_RPC_GUARDS];
    struct rpc_hub *hubs[RPC_GUARD_METRICS_SERVERS];
    size_t n_hubs;
};

static const struct metric_desc guard_desc = {
    .name = "rpc_server_guard_total",
    .help = "Connections (slow_stream: calls) ended or refused because of what the peer did.",
    .type = METRIC_COUNTER,
    .labels = {"guard"}};

static void on_write(void *user)
{
    struct rpc_guard_metrics *gm = user;

    for (size_t g = 0; g < N_RPC_GUARDS; g++) {
        uint64_t n = 0;

        for (size_t i = 0; i < gm->n_hubs; i++)
            n += gm->hubs[i]->guard.n[g];
        metric_add(gm->series[g], (double)n - metric_value(gm->series[g]));
    }
}

int rpc_guard_metrics_new(struct rpc_guard_metrics **ret, struct metrics *m, struct err *err)
{
    _cleanup_(rpc_guard_metrics_freep) struct rpc_guard_metrics *gm = calloc(1, sizeof(*gm));
    struct metric *family;

    if (!gm)
        return err_oom(err);
    if (metrics_add(m, &guard_desc, &family, err) < 0)
        return -1;
    for (size_t g = 0; g < N_RPC_GUARDS; g++) {
        const char *name = rpc_guard_name((enum rpc_guard)g);

        gm->series[g] = metric_with(family, &name);
    }
    metrics_on_write(m, on_write, gm);
    *ret = TAKE_PTR(gm);
    return 0;
}

void rpc_guard_metrics_free(struct rpc_guard_metrics *gm)
{
    if (!gm)
        return;
    for (size_t i = 0; i < gm->n_hubs; i++)
        rpc_hub_unref(gm->hubs[i]);
    free(gm);
}

int rpc_guard_metrics_server(struct rpc_guard_metrics *gm, struct rpc_server *s, struct err *err)
{
    if (gm->n_hubs == RPC_GUARD_METRICS_SERVERS)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooManyServers",
                       "the guards of %d servers are counted at most", RPC_GUARD_METRICS_SERVERS);
    gm->hubs[gm->n_hubs++] = rpc_hub_ref(rpc_server_hub(s));
    return 0;
}
