#pragma once
/* The families that the controller counts in. Made by main.c, filled through ctl_metrics.h. */
#include "lib/base/clock.h"
#include "lib/base/metrics.h"
#include "services/controller/ctl_metrics.h"

struct ctl;

enum {
    CTL_METRIC_CLAIMS,
    CTL_METRIC_STARTUP,
    CTL_METRIC_CLIENT_STARTUP,
    CTL_METRIC_WEBHOOK_STARTUP,
    CTL_METRIC_CREATION,
    CTL_METRIC_SANDBOXES,
    CTL_METRIC_POOL,
    CTL_METRIC_NODE,
    CTL_METRIC_NODE_UP,
    CTL_METRIC_GRPC_CLAIMS,
    CTL_METRIC_GRPC_LATENCY,
    CTL_METRIC_N,
};

struct ctl_metrics {
    struct ctl *ctl;
    struct metric *f[CTL_METRIC_N];
};

/* Adds the families to the registry and becomes c->metrics; both must outlive it. */
int ctl_metrics_init(struct ctl_metrics *m, struct ctl *c, struct metrics *registry,
                     struct err *err);
/* One CreateClaim call ended. m may be NULL. */
void ctl_metrics_call(struct ctl_metrics *m, const char *code, const char *reason,
                      const char *launch_type, double seconds);
