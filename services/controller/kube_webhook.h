#pragma once
/*
 * POST /convert over TLS, on every replica, and the certificates for it.
 *
 * Managed (the default): the Secret agent-sandbox-webhook-certs holds a CA and a server certificate
 * that all replicas share. Whoever finds none makes one; who finds less than a third of its life
 * left makes new ones, by an update that only one replica can win. The caBundle of the four CRDs
 * then holds the new CA and the old, and only a moment after that a replica serves the new
 * certificate: at no time does the API server meet a certificate it does not know. The Secret is
 * looked at every KUBE_WEBHOOK_POLL_MS, so a rotation, or a Secret that was deleted or replaced,
 * needs no restart.
 *
 * What is served is also written to tls.crt and tls.key in --webhook-cert-dir, as far as that can
 * be written, for other listeners of this process.
 *
 * Not managed: certificate and key are files, looked at as often.
 */
#include "lib/base/metrics.h"
#include "lib/kube/kube_client.h"
#include "services/controller/kube_options.h"

struct kube_webhook;
struct loop;

enum { KUBE_WEBHOOK_POLL_MS = 10 * 1000, KUBE_WEBHOOK_SETTLE_MS = 3000 };

struct kube_webhook_opts {
    const struct kube_options *options; /* must outlive it                                 */
    struct kube_client *client;         /* the same; NULL is fine when not managed          */
    struct metrics *metrics;            /* the same; NULL: none                            */
    /* Cannot be mended by waiting: a Secret or files that are no certificate at the start. */
    void (*failed)(const struct err *err, void *user);
    void (*changed)(void *user); /* serves another certificate from now on; its files are there */
    void *user;
};

/* Listens at once; connections are refused until there is a certificate. FAILED_PRECONDITION
 * "AddressInUse"; without management also "CertificateMissing". */
int kube_webhook_new(struct kube_webhook **ret, struct loop *loop,
                     const struct kube_webhook_opts *opts, struct err *err);
void kube_webhook_free(struct kube_webhook *w);
DEFINE_CLEANUP(struct kube_webhook *, kube_webhook_free)

/* Serves, and the CRDs know the certificate: true from the first time on. */
bool kube_webhook_is_ready(const struct kube_webhook *w);
