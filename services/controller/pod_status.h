#pragma once
/* The status of a Pod out of what the node says of its instance (the kubelet's part of the Pod
 * API). */
#include "lib/store/store.h"
#include "services/controller/bind.h"
#include "services/controller/obj.h"

/* The new status; NULL: out of memory. now_s: for conditions that change. */
json_t *pod_status_build(const struct store_object *pod, const struct bind *b, int64_t now_s);
/* Not bound: PodScheduled False, reason Unschedulable, and why. */
json_t *pod_status_unschedulable(const struct store_object *pod, const char *why, int64_t now_s);
