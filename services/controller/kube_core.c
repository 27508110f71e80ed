#include "services/controller/kube_core.h"

#include "lib/base/log.h"
#include "lib/store/store_kube.h"
#include "services/controller/controller.h"

enum { POOL_PACE_MS = 20, YIELD_MS = 60 };

static void on_trouble(const char *kind, const struct err *err, unsigned wait_ms, void *user)
{
    (void)user;
    if (err)
        log_warn("cannot watch", LOG_S("kind", kind), LOG_ERR(err), LOG_U("again_ms", wait_ms));
    else
        log_info("watching again", LOG_S("kind", kind));
}

static uint32_t whole_seconds(int64_t ns)
{
    return (uint32_t)MIN(MAX((ns + 999999999) / 1000000000, 1), (int64_t)UINT32_MAX);
}

static uint32_t whole_ms(int64_t ns)
{
    return (uint32_t)MIN((ns + 999999) / 1000000, (int64_t)UINT32_MAX);
}

static struct ctl_opts core_opts(const struct kube_core_opts *co)
{
    const struct kube_options *o = co->options;

    return (struct ctl_opts){
        .is_cluster = true,
        .cluster_domain = o->cluster_domain,
        .host_name = co->host,
        .label_domains = co->label_domains,
        .readiness_grace_s = whole_seconds(o->pool_grace_ns),
        .pool_pace_ms = POOL_PACE_MS,
        .max_refill_batch = (uint32_t)MIN(o->pool_max_batch, (int64_t)UINT32_MAX),
        .unschedulable_recheck_s = whole_seconds(o->pool_recheck_ns),
        .replenish_delay_ms = whole_ms(o->pool_replenish_delay_ns),
        .max_refill_rate = o->pool_max_refill_rate,
        .write_behind_ms = whole_ms(o->write_behind_ns),
        .yield_ms = YIELD_MS,
        .no_pool_eviction = !o->pool_eviction,
        .no_claim_events = o->disable_claim_events,
        .no_claim_annotations = o->disable_claim_annotations,
    };
}

static unsigned workers(int64_t n)
{
    return (unsigned)MIN(MAX(n, 0), (int64_t)UINT32_MAX);
}

static int count_work(struct kube_core *c, const struct kube_core_opts *co, struct err *err)
{
    const unsigned by_queue[Q_N] = {
        [Q_CLAIM] = workers(co->options->claim_workers),
        [Q_SANDBOX] = workers(co->options->sandbox_workers),
        [Q_POOL] = workers(co->options->pool_workers),
        [Q_TEMPLATE] = workers(co->options->template_workers),
    };

    if (ctl_metrics_init(&c->counters, &c->ctl, co->metrics, err) < 0)
        return -1;
    return ctl_work_new(&c->work, &c->ctl, co->metrics, by_queue, err);
}

static int trace_work(struct kube_core *c, const struct kube_core_opts *co, struct err *err)
{
    struct otlp_opts opts = {.service_name = "agent-sandbox-controller",
                             .version = CONTROLLER_VERSION};

    if (!co->options->enable_tracing)
        return 0;
    otlp_opts_from_env(&opts);
    if (otlp_new(&c->otlp, c->ctl.loop, &c->spans, &opts, err) < 0)
        return err_wrap(err, "--enable-tracing");
    c->ctl.spans = &c->spans;
    return 0;
}

int kube_core_open(struct kube_core *c, struct loop *loop, const struct kube_core_opts *co,
                   struct err *err)
{
    const struct store_kube_opts opts = {
        .trouble = on_trouble,
        .label_selector = co->options->cache_selectors ? "agents.x-k8s.io/sandbox-name-hash" : NULL,
        .without_extensions = !co->options->has_extensions,
    };
    const struct ctl_opts core = core_opts(co);

    if (store_new_kube(&c->store, loop, co->client, &opts, err) < 0 ||
        ctl_init(&c->ctl, loop, c->store, &core, err) < 0)
        return -1;
    c->has_ctl = true;
    return count_work(c, co, err) < 0 ? -1 : trace_work(c, co, err);
}

void kube_core_init(struct kube_core *c)
{
    *c = (struct kube_core){0};
    spans_init(&c->spans);
}

void kube_core_done(struct kube_core *c)
{
    if (c->has_ctl)
        ctl_done(&c->ctl);
    otlp_free(c->otlp);
    spans_done(&c->spans);
    ctl_work_free(c->work);
    store_free(c->store);
}
