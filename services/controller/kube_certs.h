#pragma once
/*
 * The webhook's certificates: an own CA and a server certificate signed by it, made here (ECDSA
 * P-256, reference 3.5), and the Secret that holds them. No I/O; time comes in.
 *
 * ca.crt may hold several CAs, the newest first: after a rotation the old one stays in it until it
 * has expired, so that replicas which serve the old certificate for a moment longer are trusted.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { KUBE_CERTS_DAYS = 365 };

struct kube_certs {
    char *ca_pem, *cert_pem, *key_pem;
    int64_t not_before_s, not_after_s; /* of the server certificate, Unix time */
};

struct kube_certs_names {
    const char *service, *ns, *cluster_domain;
    const char *also; /* another Service of the namespace (the gRPC door), or NULL */
};

/* Valid from an hour before now to 365 days after. ret is written only on success. */
int kube_certs_make(struct kube_certs *ret, const struct kube_certs_names *names, int64_t now_s,
                    struct err *err);
/* When the first certificate of a text ends, in seconds of Unix time; 0: not known. */
int64_t kube_certs_end(const char *pem);
void kube_certs_done(struct kube_certs *c);

/* Out of a Secret: ca.crt, tls.crt and tls.key must be there, be PEM, and belong together.
 * FAILED_PRECONDITION "BadSecret" says what is wrong. */
int kube_certs_read(struct kube_certs *ret, const json_t *secret, struct err *err);
/* The Secret's `data`. NULL: out of memory. */
json_t *kube_certs_data(const struct kube_certs *c, struct err *err);

/* Whether less than a third of the life is left, or the names are not these. */
bool kube_certs_is_due(const struct kube_certs *c, const struct kube_certs_names *names,
                       int64_t now_s);
/* Puts those CAs of old, which have not expired and are not there already, behind those of c. */
int kube_certs_add_cas(struct kube_certs *c, const char *old_ca_pem, int64_t now_s,
                       struct err *err);
bool kube_certs_same(const struct kube_certs *a, const struct kube_certs *b);
