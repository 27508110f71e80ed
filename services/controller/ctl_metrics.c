/* Names, labels and buckets of the reference (3.2), so that dashboards go on working. */
#include "services/controller/ctl_metrics.h"

#include <string.h>

#include "lib/base/clock.h"
#include "services/controller/binder.h"
#include "services/controller/ctl.h"
#include "services/controller/metrics_impl.h"
#include "services/controller/names.h"
#include "services/controller/podmeta.h"

static const double latency_ms[] = {100,  250,  500,   750,   1000,  1250,   1500,  2000,
                                    2500, 5000, 10000, 30000, 60000, 120000, 240000};

static const double creation_ms[] = {50,    100,   250,   500,    1000,   2500,   5000,
                                     10000, 30000, 60000, 120000, 240000, 300000, 600000};

static const struct metric_desc descs[CTL_METRIC_N] = {
    [CTL_METRIC_CLAIMS] = {.name = "agent_sandbox_claim_creation_total",
                           .help = "Claims that got a sandbox, by how",
                           .type = METRIC_COUNTER,
                           .labels = {"namespace", "sandbox_template", "launch_type",
                                      "warmpool_name", "pod_condition", "created_by"}},
    [CTL_METRIC_STARTUP] = {.name = "agent_sandbox_claim_controller_startup_latency_ms",
                            .help = "From the controller's first sight of a claim to ready",
                            .type = METRIC_HISTOGRAM,
                            .labels = {"launch_type", "sandbox_template"},
                            .buckets = latency_ms,
                            .n_buckets = ARRAY_SIZE(latency_ms)},
    [CTL_METRIC_CLIENT_STARTUP] = {.name = "agent_sandbox_client_claim_startup_latency_ms",
                                   .help = "From the client's request to ready, by its clock",
                                   .type = METRIC_HISTOGRAM,
                                   .labels = {"launch_type", "sandbox_template"},
                                   .buckets = latency_ms,
                                   .n_buckets = ARRAY_SIZE(latency_ms)},
    [CTL_METRIC_WEBHOOK_STARTUP] = {.name = "agent_sandbox_claim_startup_latency_ms",
                                    .help = "From a webhook's first sight of a claim to ready",
                                    .type = METRIC_HISTOGRAM,
                                    .labels = {"launch_type", "sandbox_template"},
                                    .buckets = latency_ms,
                                    .n_buckets = ARRAY_SIZE(latency_ms)},
    [CTL_METRIC_CREATION] = {.name = "agent_sandbox_creation_latency_ms",
                             .help = "From a sandbox's creation to its readiness",
                             .type = METRIC_HISTOGRAM,
                             .labels = {"namespace", "launch_type", "sandbox_template"},
                             .buckets = creation_ms,
                             .n_buckets = ARRAY_SIZE(creation_ms)},
    [CTL_METRIC_SANDBOXES] = {.name = "agent_sandboxes",
                              .help = "Sandboxes by state",
                              .type = METRIC_GAUGE,
                              .labels = {"namespace", "ready_condition", "expired", "launch_type",
                                         "sandbox_template", "owned_by", "created_by"}},
    [CTL_METRIC_POOL] = {.name = "agent_sandbox_warm_pool_sandboxes",
                         .help = "Members of warm pools: desired, present and ready",
                         .type = METRIC_GAUGE,
                         .labels = {"namespace", "warmpool_name", "state"}},
    [CTL_METRIC_NODE] = {.name = "agent_sandbox_node_instances",
                         .help = "Instances on the node, by what the binder does with them",
                         .type = METRIC_GAUGE,
                         .labels = {"state"}},
    [CTL_METRIC_NODE_UP] = {.name = "agent_sandbox_node_up",
                            .help = "1 while the node is reached",
                            .type = METRIC_GAUGE},
    [CTL_METRIC_GRPC_CLAIMS] = {.name = "agent_sandbox_claims_total",
                                .help = "CreateClaim calls by result",
                                .type = METRIC_COUNTER,
                                .labels = {"code", "reason"}},
    [CTL_METRIC_GRPC_LATENCY] = {.name = "agent_sandbox_claim_call_seconds",
                                 .help = "CreateClaim from request to answer",
                                 .type = METRIC_HISTOGRAM,
                                 .labels = {"launch_type"},
                                 .buckets = metric_latency_buckets,
                                 .n_buckets = METRIC_N_LATENCY_BUCKETS},
};

/* The gauges that are counted at each scrape; series that are gone go to 0. */
static void count_pools(struct ctl_metrics *m)
{
    struct store_query q = {.kind = KIND_POOL};

    STORE_FOREACH(o, m->ctl->store, &q)
    {
        const char *ns = o->ns, *name = o->name;

        metric_set(metric_with(m->f[CTL_METRIC_POOL], (const char *[]){ns, name, "desired"}),
                   (double)obj_int(o->json, "spec.replicas", 1));
        metric_set(metric_with(m->f[CTL_METRIC_POOL], (const char *[]){ns, name, "present"}),
                   (double)obj_int(o->json, "status.replicas", 0));
        metric_set(metric_with(m->f[CTL_METRIC_POOL], (const char *[]){ns, name, "ready"}),
                   (double)obj_int(o->json, "status.readyReplicas", 0));
    }
}

static struct metric_series *sandbox_series(struct ctl_metrics *m, const struct store_object *sb)
{
    const json_t *ready = cond_get(obj_get(sb->json, "status"), C_READY);
    const char *launch = obj_label(sb->json, L_LAUNCH_TYPE), *by = "None";
    const char *template = obj_annotation(sb->json, A_TEMPLATE_REF);
    struct obj_owner owner;

    if (obj_controlled_by_kind(sb->json, GROUP_EXT, KIND_CLAIM, &owner) ||
        obj_controlled_by_kind(sb->json, GROUP_EXT, KIND_POOL, &owner))
        by = owner.kind;
    return metric_with(
        m->f[CTL_METRIC_SANDBOXES],
        (const char *[]){
            sb->ns, strcmp(obj_str_or(ready, "status", ""), "True") == 0 ? "true" : "false",
            strcmp(obj_str_or(ready, "reason", ""), R_SANDBOX_EXPIRED) == 0 ? "true" : "false",
            launch ?: "unknown", template ?: "unknown", by,
            podmeta_created_by(obj_label(sb->json, L_CREATED_BY) ?: "")});
}

/* Counted from memory at each scrape, as the original does. */
static void count_sandboxes(struct ctl_metrics *m)
{
    struct store_query q = {.kind = KIND_SANDBOX};

    metric_clear(m->f[CTL_METRIC_SANDBOXES]);
    STORE_FOREACH(o, m->ctl->store, &q)
    metric_add(sandbox_series(m, o), 1);
}

static void on_write(void *user)
{
    struct ctl_metrics *m = user;
    struct binder_stats st = {0};

    count_pools(m);
    count_sandboxes(m);
    if (!m->ctl->binder)
        return;
    binder_stats(m->ctl->binder, &st);
    metric_set(metric_with(m->f[CTL_METRIC_NODE], (const char *[]){"present"}),
               (double)st.n_instances);
    metric_set(metric_with(m->f[CTL_METRIC_NODE], (const char *[]){"starting"}),
               (double)st.n_starting);
    metric_set(metric_with(m->f[CTL_METRIC_NODE], (const char *[]){"waiting"}),
               (double)st.n_waiting);
    metric_set(metric_with(m->f[CTL_METRIC_NODE_UP], NULL), binder_is_up(m->ctl->binder));
}

int ctl_metrics_init(struct ctl_metrics *m, struct ctl *c, struct metrics *registry,
                     struct err *err)
{
    *m = (struct ctl_metrics){.ctl = c};
    for (int i = 0; i < CTL_METRIC_N; i++) {
        bool is_nodes = i == CTL_METRIC_NODE || i == CTL_METRIC_NODE_UP;

        if (is_nodes && c->opts.is_cluster)
            continue; /* the kubelet's business; on_write() leaves them alone without a binder */
        if (metrics_add(registry, &descs[i], &m->f[i], err) < 0)
            return -1;
    }
    metrics_on_write(registry, on_write, m);
    c->metrics = m;
    return 0;
}

void ctl_metrics_claim(struct ctl_metrics *m, const json_t *claim, const char *template,
                       const char *pool, bool is_warm, bool is_ready)
{
    if (!m)
        return;
    metric_inc(
        metric_with(m->f[CTL_METRIC_CLAIMS],
                    (const char *[]){obj_ns(claim), template ? template : "__unknown__",
                                     is_warm ? "warm" : "cold", pool ? pool : "none",
                                     is_ready ? "ready" : "not_ready",
                                     podmeta_created_by(obj_label(claim, L_CREATED_BY) ?: "")}));
}

/* The fraction that clock_parse_rfc3339() leaves out, in nanoseconds. */
static int64_t fraction_ns(const char *text)
{
    const char *dot = strchr(text, '.');
    int64_t ns = 0, scale = 100000000;

    for (const char *p = dot ? dot + 1 : ""; *p >= '0' && *p <= '9'; p++, scale /= 10)
        ns += (*p - '0') * scale;
    return ns;
}

/* Nanoseconds since 1970 of an annotation; false when it is not there or no time. */
static bool read_time(const json_t *claim, const char *annotation, int64_t *ret_ns)
{
    const char *text = obj_annotation(claim, annotation);
    int64_t s;

    if (!text || clock_parse_rfc3339(text, &s) < 0)
        return false;
    *ret_ns = s * 1000000000 + fraction_ns(text);
    return true;
}

/* Whole milliseconds; what lies in the future is not counted. */
static void observe_since(struct metric *f, const char *const *labels, int64_t since_ns,
                          int64_t now_ns)
{
    if (now_ns >= since_ns)
        metric_observe(metric_with(f, labels), (double)((now_ns - since_ns) / 1000000));
}

static void observe_creation(struct ctl_metrics *m, const json_t *sandbox, const char *launch,
                             const char *template)
{
    const json_t *ready = cond_get(obj_get(sandbox, "status"), C_READY);
    int64_t created, at;

    if (obj_time(sandbox, "metadata.creationTimestamp", &created) &&
        obj_time(ready, "lastTransitionTime", &at) && at >= created)
        metric_observe(metric_with(m->f[CTL_METRIC_CREATION],
                                   (const char *[]){obj_ns(sandbox), launch, template}),
                       (double)((at - created) * 1000));
}

void ctl_metrics_ready(struct ctl_metrics *m, const json_t *claim,
                       const struct store_object *sandbox, int64_t first_seen_ns, int64_t now_ns)
{
    const char *launch = sandbox ? obj_label(sandbox->json, L_LAUNCH_TYPE) : NULL;
    const char *template = sandbox ? obj_annotation(sandbox->json, A_TEMPLATE_REF) : NULL;
    const char *labels[] = {launch ?: "unknown", template ?: "__unknown__"};
    int64_t since;

    if (!m)
        return;
    if (!read_time(claim, A_FIRST_OBSERVED, &since))
        since = first_seen_ns;
    observe_since(m->f[CTL_METRIC_STARTUP], labels, since, now_ns);
    if (read_time(claim, A_CLIENT_REQUESTED, &since))
        observe_since(m->f[CTL_METRIC_CLIENT_STARTUP], labels, since, now_ns);
    if (read_time(claim, A_WEBHOOK_OBSERVED, &since))
        observe_since(m->f[CTL_METRIC_WEBHOOK_STARTUP], labels, since, now_ns);
    if (sandbox)
        observe_creation(m, sandbox->json, labels[0], labels[1]);
}

void ctl_metrics_call(struct ctl_metrics *m, const char *code, const char *reason,
                      const char *launch_type, double seconds)
{
    if (!m)
        return;
    metric_inc(metric_with(m->f[CTL_METRIC_GRPC_CLAIMS], (const char *[]){code, reason}));
    metric_observe(metric_with(m->f[CTL_METRIC_GRPC_LATENCY], (const char *[]){launch_type}),
                   seconds);
}
