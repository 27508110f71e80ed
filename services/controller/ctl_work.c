#include "services/controller/ctl_work.h"

#include "lib/base/clock.h"

/* What has a name: Pods are nobody's queue on a cluster. */
static const char *const names[Q_N] = {
    [Q_CLAIM] = "sandboxclaim",
    [Q_SANDBOX] = "sandbox",
    [Q_POOL] = "sandboxwarmpool",
    [Q_TEMPLATE] = "sandboxtemplate",
};
static const char *const results[WORK_N_RESULTS] = {
    [WORK_SUCCESS] = "success",
    [WORK_ERROR] = "error",
    [WORK_REQUEUE] = "requeue",
    [WORK_REQUEUE_AFTER] = "requeue_after",
};

/* controller-runtime's and client-go's bounds, in seconds. */
static const double reconcile_bounds[] = {
    .005, .01, .025, .05, .1,  .15, .2,  .25, .3, .35, .4, .45, .5, .6, .7, .8, .9, 1,  1.25, 1.5,
    1.75, 2,   2.5,  3,   3.5, 4,   4.5, 5,   6,  7,   8,  9,   10, 15, 20, 25, 30, 40, 50,   60};
static const double queue_bounds[] = {1e-8, 1e-7, 1e-6, 1e-5, 1e-4, .001,
                                      .01,  .1,   1,    10,   100,  1000};

enum {
    M_TOTAL,
    M_ERRORS,
    M_TIME,
    M_ACTIVE,
    M_MAX,
    M_DEPTH,
    M_ADDS,
    M_RETRIES,
    M_UNFINISHED,
    M_QUEUED,
    M_WORKED,
    M_N
};

static const struct metric_desc descs[M_N] = {
    [M_TOTAL] = {.name = "controller_runtime_reconcile_total",
                 .help = "Reconciles by result",
                 .type = METRIC_COUNTER,
                 .labels = {"controller", "result"}},
    [M_ERRORS] = {.name = "controller_runtime_reconcile_errors_total",
                  .help = "Reconciles that failed",
                  .type = METRIC_COUNTER,
                  .labels = {"controller"}},
    [M_TIME] = {.name = "controller_runtime_reconcile_time_seconds",
                .help = "From a step to the answer of its last write",
                .type = METRIC_HISTOGRAM,
                .labels = {"controller"},
                .buckets = reconcile_bounds,
                .n_buckets = ARRAY_SIZE(reconcile_bounds)},
    [M_ACTIVE] = {.name = "controller_runtime_active_workers",
                  .help = "Reconciles under way",
                  .type = METRIC_GAUGE,
                  .labels = {"controller"}},
    [M_MAX] = {.name = "controller_runtime_max_concurrent_reconciles",
               .help = "The flag of that controller",
               .type = METRIC_GAUGE,
               .labels = {"controller"}},
    [M_DEPTH] = {.name = "workqueue_depth",
                 .help = "Objects that wait to be reconciled",
                 .type = METRIC_GAUGE,
                 .labels = {"name"}},
    [M_ADDS] = {.name = "workqueue_adds_total",
                .help = "Objects that began to wait",
                .type = METRIC_COUNTER,
                .labels = {"name"}},
    [M_RETRIES] = {.name = "workqueue_retries_total",
                   .help = "Objects that are tried again after a failure",
                   .type = METRIC_COUNTER,
                   .labels = {"name"}},
    [M_UNFINISHED] = {.name = "workqueue_unfinished_work_seconds",
                      .help = "Time that the reconciles under way have taken, added up",
                      .type = METRIC_GAUGE,
                      .labels = {"name"}},
    [M_QUEUED] = {.name = "workqueue_queue_duration_seconds",
                  .help = "How long objects waited",
                  .type = METRIC_HISTOGRAM,
                  .labels = {"name"},
                  .buckets = queue_bounds,
                  .n_buckets = ARRAY_SIZE(queue_bounds)},
    [M_WORKED] = {.name = "workqueue_work_duration_seconds",
                  .help = "How long their reconciles took",
                  .type = METRIC_HISTOGRAM,
                  .labels = {"name"},
                  .buckets = queue_bounds,
                  .n_buckets = ARRAY_SIZE(queue_bounds)},
};

/* One controller: its series, and what is under way. */
struct queue {
    struct metric_series *s[M_N], *by_result[WORK_N_RESULTS];
    size_t n_active, n_waiting;
    double begun_s; /* the begins of those under way, added up */
};

struct ctl_work {
    struct ctl *ctl;
    struct queue queues[Q_N];
};

static double now_s(void)
{
    return (double)clock_monotonic_ns() / 1e9;
}

/* Microseconds; differences of less than 71 minutes are right. */
static uint32_t stamp(void)
{
    return (uint32_t)(clock_monotonic_ns() / 1000);
}

static double seconds_since(uint32_t at)
{
    return (double)(uint32_t)(stamp() - at) / 1e6;
}

static void on_write(void *user)
{
    struct ctl_work *w = user;
    double now = now_s();

    for (int q = 0; q < Q_N; q++) {
        struct queue *queue = &w->queues[q];

        if (!names[q])
            continue;
        metric_set(queue->s[M_DEPTH], (double)queue->n_waiting);
        metric_set(queue->s[M_ACTIVE], (double)queue->n_active);
        metric_set(queue->s[M_UNFINISHED],
                   queue->n_active ? now * (double)queue->n_active - queue->begun_s : 0);
    }
}

static void make_series(struct queue *queue, struct metric *const f[M_N], const char *name)
{
    for (int i = 0; i < M_N; i++)
        queue->s[i] = i == M_TOTAL ? NULL : metric_with(f[i], &name);
    for (int i = 0; i < WORK_N_RESULTS; i++)
        queue->by_result[i] = metric_with(f[M_TOTAL], (const char *[]){name, results[i]});
}

int ctl_work_new(struct ctl_work **ret, struct ctl *c, struct metrics *registry,
                 const unsigned workers[Q_N], struct err *err)
{
    struct metric *f[M_N];
    struct ctl_work *w;

    for (int i = 0; i < M_N; i++)
        if (metrics_add(registry, &descs[i], &f[i], err) < 0)
            return -1;
    w = calloc(1, sizeof(*w));
    if (!w)
        return err_oom(err);
    w->ctl = c;
    for (int q = 0; q < Q_N; q++) {
        if (!names[q])
            continue;
        make_series(&w->queues[q], f, names[q]);
        metric_set(w->queues[q].s[M_MAX], workers[q]);
    }
    metrics_on_write(registry, on_write, w);
    c->work = w;
    *ret = w;
    return 0;
}

void ctl_work_free(struct ctl_work *w)
{
    if (w)
        w->ctl->work = NULL;
    free(w);
}

void ctl_work_added(struct ctl_work *w, struct ctl_item *it)
{
    if (!w || !names[it->queue])
        return;
    it->work_stamp = stamp();
    w->queues[it->queue].n_waiting++;
    metric_inc(w->queues[it->queue].s[M_ADDS]);
}

void ctl_work_began(struct ctl_work *w, struct ctl_item *it)
{
    struct queue *queue;

    if (!w || !names[it->queue])
        return;
    queue = &w->queues[it->queue];
    if (queue->n_waiting > 0) /* what was dirty before there was a w is not counted */
        queue->n_waiting--;
    metric_observe(queue->s[M_QUEUED], seconds_since(it->work_stamp));
    it->work_stamp = stamp();
    queue->n_active++;
    queue->begun_s += now_s();
}

void ctl_work_ended(struct ctl_work *w, struct ctl_item *it, enum ctl_result result)
{
    struct queue *queue;
    double took_s;

    if (!w || !names[it->queue])
        return;
    queue = &w->queues[it->queue];
    took_s = seconds_since(it->work_stamp);
    queue->n_active--;
    queue->begun_s = queue->n_active ? queue->begun_s - (now_s() - took_s) : 0;
    metric_observe(queue->s[M_TIME], took_s);
    metric_observe(queue->s[M_WORKED], took_s);
    metric_inc(queue->by_result[result]);
    if (result == WORK_ERROR)
        metric_inc(queue->s[M_ERRORS]);
}

void ctl_work_retried(struct ctl_work *w, const struct ctl_item *it)
{
    if (w && names[it->queue])
        metric_inc(w->queues[it->queue].s[M_RETRIES]);
}
