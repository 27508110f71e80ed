#pragma once
/* The webhook's certificate and key as files in --webhook-cert-dir. */
#include "services/controller/kube_certs.h"
#include "services/controller/kube_options.h"

/* --webhook-cert-name and --webhook-key-name; where both are the defaults and are not there,
 * cert.pem with both in it. ret has no CA and no dates. FAILED_PRECONDITION "CertificateMissing".
 */
int kube_pem_read(struct kube_certs *ret, const struct kube_options *o, struct err *err);
/* Makes the folder (0700) and both files (0600), each replaced as a whole, the key first. Refuses a
 * folder that is a symbolic link or belongs to anybody but us and root ("FolderOfAnother"). */
int kube_pem_write(const struct kube_certs *c, const struct kube_options *o, struct err *err);
