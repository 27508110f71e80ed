#pragma once
/* The reconcilers on the Kubernetes store, with what counts and traces them. Opened on every
 * replica, so that memory is warm; the leader alone starts `ctl`. */
#include "lib/kube/kube_client.h"
#include "services/controller/ctl_work.h"
#include "services/controller/kube_options.h"
#include "services/controller/metrics_impl.h"
#include "services/controller/otlp.h"
#include "services/controller/spans.h"

struct kube_core {
    struct store *store; /* NULL: not opened yet */
    struct ctl ctl;
    bool has_ctl; /* ctl is initialised */
    struct ctl_metrics counters;
    struct ctl_work *work;
    struct spans spans; /* with --enable-tracing */
    struct otlp *otlp;  /* the same, else NULL   */
};

/* All must outlive the core. */
struct kube_core_opts {
    const struct kube_options *options;
    struct kube_client *client;
    struct metrics *metrics;
    const char *host;          /* of Events                                        */
    const char *label_domains; /* that claims may use; NULL: the default           */
};

/* Allocates nothing. */
void kube_core_init(struct kube_core *c);
/* Begins to list; store_is_synced() says when memory is whole. On failure kube_core_done() is all
 * that may follow. */
int kube_core_open(struct kube_core *c, struct loop *loop, const struct kube_core_opts *co,
                   struct err *err);
void kube_core_done(struct kube_core *c);
