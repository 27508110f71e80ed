#pragma once
/* What the process serves whatever state it is in: /metrics, /healthz and /readyz; and the small
 * file of settings it reads at its start. */
#include "lib/base/metrics.h"
#include "services/controller/kube_options.h"

struct kube_serve;
struct loop;

/* Listens where the options say. /healthz answers 200 as soon as the process serves, /readyz too
 * unless told otherwise below; no dependency is asked. metrics must outlive it. FAILED_PRECONDITION
 * "AddressInUse", INVALID_ARGUMENT "BadAddress". */
int kube_serve_new(struct kube_serve **ret, struct loop *loop, const struct kube_options *options,
                   struct metrics *metrics, struct err *err);
void kube_serve_free(struct kube_serve *s);
DEFINE_CLEANUP(struct kube_serve *, kube_serve_free)

/* /readyz answers 503 until this says true. */
void kube_serve_ready_when(struct kube_serve *s, bool (*is_ready)(void *user), void *user);

/* /etc/sandbox-config/allowed-label-domains as it was at the start; NULL: none, the default. */
const char *kube_serve_label_domains(const struct kube_serve *s);
