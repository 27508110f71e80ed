#pragma once
/*
 * The controller on Kubernetes, all but its process: API client, webhook, probes and metrics, the
 * store, the reconcilers under a lease.
 *
 * It starts without an API server and waits for what is not there yet, saying what: the API server,
 * a CRD, a right. Probes, metrics and /convert are served from the beginning and on every replica;
 * only the leader reconciles.
 */
#include "lib/loop/loop.h"
#include "services/controller/kube_options.h"

struct kube_home;

struct kube_home_ops {
    /* It cannot go on: the lease is lost, or nothing that waiting would mend. Once. */
    void (*failed)(const struct err *err, void *user);
    void *user;
};

/* options must outlive it. Errors: FAILED_PRECONDITION "KubeconfigNotFound", "KubeconfigInvalid",
 * "AddressInUse", "CertificateMissing"; INVALID_ARGUMENT "BadAddress". */
int kube_home_new(struct kube_home **ret, struct loop *loop, const struct kube_options *options,
                  const struct kube_home_ops *ops, struct err *err);
/* Answers the gRPC calls under way, reconciles no more, lets writes end, gives the lease back; then
 * calls fn once. */
void kube_home_stop(struct kube_home *h, void (*fn)(void *user), void *user);
void kube_home_free(struct kube_home *h);
DEFINE_CLEANUP(struct kube_home *, kube_home_free)

/* Whether it runs inside a Pod, with the ServiceAccount's credentials. */
bool kube_home_is_in_cluster(const struct kube_home *h);
