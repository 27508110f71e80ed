#pragma once
/*
 * What happened to objects, for people: events.k8s.io/v1 Events. Sent one at a time in the second
 * lane from a bounded queue, so that they never delay a claim; when the queue is full the newest is
 * dropped and counted. An event that repeats (same regarding object, controller, action, reason,
 * type and note) within six minutes becomes a series: the second time its Event is patched with
 * {series: {count, lastObservedTime}}, later times at most once in ten seconds.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/kube/kube_client.h"

struct kube_events;

struct kube_event {
    const char *api_version, *kind, *ns, *name, *uid; /* regarding                          */
    const char *related_api_version, *related_kind;   /* related; related_name NULL: none   */
    const char *related_name, *related_uid;
    const char *controller; /* reportingController: "sandboxclaim-controller"               */
    bool is_warning;
    const char *reason; /* "SandboxProvisioned"; at most 128 bytes                          */
    const char *action; /* "Provisioning"; the reason when NULL                             */
    const char *note;   /* cut at 1024 bytes                                                */
};

/* host: reportingInstance is the controller + "-" + host. */
int kube_events_new(struct kube_events **ret, struct kube_client *client, struct loop *loop,
                    const char *host, struct err *err);
/* What waits is lost. */
void kube_events_free(struct kube_events *e);
DEFINE_CLEANUP(struct kube_events *, kube_events_free)

/* Strings are copied. What cannot be queued is lost. */
void kube_events_add(struct kube_events *e, const struct kube_event *ev);

struct kube_events_stats {
    uint64_t n_sent, n_series, n_dropped, n_failed;
    size_t n_waiting;
};
void kube_events_stats(const struct kube_events *e, struct kube_events_stats *ret);
