#pragma once
/*
 * Counters, gauges and histograms of one service, and their Prometheus text form (exposition format
 * 0.0.4).
 *
 * A family has a name and up to METRIC_MAX_LABELS label names; a series is one set of label values.
 * The hot path holds a series and touches a number: no lookup, no allocation. The number of series
 * of a family is bounded, because label values come from peers: what is over goes to one series
 * whose values are all "_other".
 *
 * One registry per service and thread; nothing is locked.
 */
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct metrics;
struct metric;        /* a family */
struct metric_series; /* one of it: good as long as the registry */

enum {
    METRIC_MAX_LABELS = 8,
    METRIC_MAX_SERIES = 128,
    METRIC_MAX_VALUE = 63,
    METRIC_MAX_HOOKS = 8
};

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_desc {
    const char *name; /* "sandbox_router_calls_total": [a-z_][a-z0-9_]*; static               */
    const char *help; /* one line; static                                                     */
    enum metric_type type;
    const char *labels[METRIC_MAX_LABELS]; /* names; static; unused ones NULL                 */
    const double *buckets;                 /* histogram: upper bounds, growing; static        */
    size_t n_buckets;
    size_t max_series; /* 0: METRIC_MAX_SERIES */
};

/* Bounds for latencies in seconds, 100 µs to 60 s. */
enum { METRIC_N_LATENCY_BUCKETS = 18 };
extern const double metric_latency_buckets[METRIC_N_LATENCY_BUCKETS];

int metrics_new(struct metrics **ret, struct err *err);
void metrics_free(struct metrics *m);
DEFINE_CLEANUP(struct metrics *, metrics_free)

/* desc must outlive the registry. Two families of one name: ALREADY_EXISTS, "AlreadyExists". */
int metrics_add(struct metrics *m, const struct metric_desc *desc, struct metric **ret,
                struct err *err);

/* fn is called before each metrics_write(), to set gauges that are read from elsewhere. At most
 * METRIC_MAX_HOOKS. */
void metrics_on_write(struct metrics *m, void (*fn)(void *user), void *user);
/* The family of that name, or NULL. */
struct metric *metrics_find(const struct metrics *m, const char *name);

/* The series with these values, one per label of the family (NULL for a family without labels);
 * values are cut at METRIC_MAX_VALUE bytes. Made when new. Never NULL: over the bound it is the
 * "_other" series, out of memory a series that nobody reads. */
struct metric_series *metric_with(struct metric *f, const char *const *values);

/* Forgets all series of a family that is counted anew at each write (a gauge over labels that come
 * and go). Pointers to them are no longer good. */
void metric_clear(struct metric *f);

/* Counter: adds. Gauge: adds, may be negative. */
void metric_add(struct metric_series *s, double n);
static inline void metric_inc(struct metric_series *s)
{
    metric_add(s, 1);
}
/* Gauge. */
void metric_set(struct metric_series *s, double value);
double metric_value(const struct metric_series *s);
/* Histogram. */
void metric_observe(struct metric_series *s, double value);

/* Appends all families, in the order they were added. */
int metrics_write(struct metrics *m, struct buf *ret, struct err *err);
