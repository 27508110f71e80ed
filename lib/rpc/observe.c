#include "lib/rpc/observe.h"

#include "lib/rpc/calls_log.h"
#include "lib/rpc/calls_metrics.h"
#include "lib/rpc/guard_metrics.h"
#include "lib/rpc/trace.h"

struct rpc_observer {
    struct rpc_metrics *metrics;
    struct rpc_guard_metrics *guards;
    struct rpc_log *log;
    bool traces;
};

int rpc_observer_new(struct rpc_observer **ret, const struct rpc_observer_opts *opts,
                     struct err *err)
{
    _cleanup_(rpc_observer_freep) struct rpc_observer *o = calloc(1, sizeof(*o));

    if (!o)
        return err_oom(err);
    o->traces = opts->traces;
    if ((opts->metrics && rpc_metrics_new(&o->metrics, opts->metrics, err) < 0) ||
        (opts->metrics && rpc_guard_metrics_new(&o->guards, opts->metrics, err) < 0) ||
        (opts->logs && rpc_log_new(&o->log, 0, err) < 0))
        return -1;
    *ret = TAKE_PTR(o);
    return 0;
}

void rpc_observer_free(struct rpc_observer *o)
{
    if (!o)
        return;
    rpc_metrics_free(o->metrics);
    rpc_guard_metrics_free(o->guards);
    rpc_log_free(o->log);
    free(o);
}

/* The trace first: the log tells its ids. */
int rpc_observe_server(struct rpc_observer *o, struct rpc_server *s, struct err *err)
{
    if ((o->traces && rpc_trace_server(s, err) < 0) ||
        (o->metrics && rpc_metrics_server(o->metrics, s, err) < 0) ||
        (o->guards && rpc_guard_metrics_server(o->guards, s, err) < 0) ||
        (o->log && rpc_log_server(o->log, s, err) < 0))
        return err_wrap(err, "observing a server");
    return 0;
}

int rpc_observe_channel(struct rpc_observer *o, struct rpc_channel *ch, struct err *err)
{
    if ((o->traces && rpc_trace_channel(ch, err) < 0) ||
        (o->metrics && rpc_metrics_channel(o->metrics, ch, err) < 0) ||
        (o->log && rpc_log_channel(o->log, ch, err) < 0))
        return err_wrap(err, "observing a channel");
    return 0;
}

int rpc_observe_proxied(struct rpc_observer *o, const struct rpc_service_desc *const *services,
                        struct err *err)
{
    for (; o->metrics && *services; services++)
        if (rpc_metrics_know_server(o->metrics, *services, err) < 0 ||
            rpc_metrics_know_channel(o->metrics, *services, err) < 0)
            return -1;
    return 0;
}
