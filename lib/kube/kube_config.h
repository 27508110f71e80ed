#pragma once
/*
 * Where the API server is and who we are: from a kubeconfig file (v1: clusters, users, contexts;
 * certificates inline or as files, token, tokenFile, exec plugins with ExecCredential v1,
 * proxy-url, tls-server-name, insecure-skip-tls-verify) or from inside a Pod (the ServiceAccount's
 * folder and two environment variables). Reading only: what has to be renewed (token files, exec
 * plugins) is renewed by kube_client. Secrets are in no message.
 */
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct kube_config;

#define KUBE_CONFIG_MAX_BYTES (4u * 1024 * 1024)
#define KUBE_EXEC_MAX_ARGS    64

/* `kubectl`'s order: path when it is not NULL or "", else $KUBECONFIG (the first file of the list
 * that exists), else in a Pod, else ~/.kube/config. context: NULL for current-context.
 * FAILED_PRECONDITION "KubeconfigNotFound" | "KubeconfigInvalid" | "NotInCluster". */
int kube_config_find(struct kube_config **ret, const char *path, const char *context,
                     struct err *err);
int kube_config_load(struct kube_config **ret, const char *path, const char *context,
                     struct err *err);
/* The same from text. name: how messages call it. folder: what relative paths in it start from. */
int kube_config_parse(struct kube_config **ret, const char *name, const char *folder,
                      const void *data, size_t n, const char *context, struct err *err);
/* root: "/var/run/secrets/kubernetes.io/serviceaccount" when NULL. */
int kube_config_in_cluster(struct kube_config **ret, const char *root, struct err *err);
void kube_config_free(struct kube_config *c);
DEFINE_CLEANUP(struct kube_config *, kube_config_free)

/* "https://10.0.0.1:6443", without a slash at the end. */
const char *kube_config_server(const struct kube_config *c);
/* The client certificate, PEM; NULL: none, or a plugin gives it. */
const char *kube_config_cert(const struct kube_config *c);
/* The context's namespace, or the Pod's; "default" when none is named. */
const char *kube_config_namespace(const struct kube_config *c);
/* Whether it comes from inside a Pod. */
bool kube_config_is_in_cluster(const struct kube_config *c);
