#pragma once
/*
 * The core's work under the names of controller-runtime's metrics (controller_runtime_…,
 * workqueue_…), which dashboards and the reference's scrapers read. An item is added when it
 * becomes dirty; a reconcile lasts from its step to the answer of its last write.
 *
 * Only where it is asked for (ctl.work not NULL); times are those of the machine, not the core's.
 */
#include "lib/base/metrics.h"
#include "services/controller/ctl.h"

struct ctl_work;

enum ctl_result { WORK_SUCCESS, WORK_ERROR, WORK_REQUEUE, WORK_REQUEUE_AFTER, WORK_N_RESULTS };

/* Adds the families to the registry and becomes c->work; both must outlive it. workers: by queue,
 * what controller_runtime_max_concurrent_reconciles says. */
int ctl_work_new(struct ctl_work **ret, struct ctl *c, struct metrics *registry,
                 const unsigned workers[Q_N], struct err *err);
void ctl_work_free(struct ctl_work *w);

/* All take w NULL. */
void ctl_work_added(struct ctl_work *w, struct ctl_item *it);
void ctl_work_began(struct ctl_work *w, struct ctl_item *it);
void ctl_work_ended(struct ctl_work *w, struct ctl_item *it, enum ctl_result result);
void ctl_work_retried(struct ctl_work *w, const struct ctl_item *it);
