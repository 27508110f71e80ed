#pragma once
/* What the router counts. */
#include "lib/base/metrics.h"

struct stats {
    struct metric *calls; /* by service and code       */
    struct metric_series *calls_open;
    struct metric_series *call_seconds;
    struct metric_series *waiting; /* calls without a connection to their sandbox yet */
    struct metric_series *bytes_in, *bytes_out; /* of DATA frames: to and from sandboxes */
    struct metric_series *upstreams;
    struct metric_series *upstreams_lost;
    struct metric_series *routes;
    struct metric_series *watch_up; /* 1: the controller's routes are current */
    struct metric_series *resolves;
};

/* Adds the families to m, which must outlive it. */
int stats_init(struct stats *s, struct metrics *m, struct err *err);
/* One call has ended. path: "/package.Service/Method". */
void stats_call_ended(struct stats *s, const char *path, int code, double seconds);
