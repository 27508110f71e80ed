#pragma once
/* What a kubeconfig said, as the client and its authentication read it. */
#include "lib/kube/kube_config.h"

struct kube_exec {
    char *command; /* NULL: no plugin */
    char *api_version;
    char *install_hint;
    char **args; /* n_args, without argv[0] */
    size_t n_args;
    char **env; /* "NAME=value" */
    size_t n_env;
    bool gives_cluster_info;
};

struct kube_config {
    char *server, *ns;
    char *tls_server_name, *proxy_url; /* or NULL */
    char *ca_pem, *cert_pem, *key_pem; /* or NULL */
    char *token, *token_file;          /* or NULL */
    char *username, *password;         /* or NULL */
    struct kube_exec exec;
    bool is_insecure;
    bool is_in_cluster;
};
