#pragma once
/*
 * TLS for listeners and channels: OpenSSL, ALPN "h2", TLS 1.3 (1.2 by flag). Its own library,
 * `rpc_tls`, so that programs without it link no OpenSSL.
 */
#include <stdbool.h>

#include "lib/base/err.h"

struct rpc_tls;

/* Each of cert, key and ca is given as PEM text or as a file's path; the text wins. */
struct rpc_tls_opts {
    bool is_server;
    const char *cert_pem,
        *cert_file; /* own chain, leaf first: a server needs it, a client may have it */
    const char *key_pem, *key_file;
    const char *ca_pem,
        *ca_file; /* who may sign the peer. Client: none is the system's;
                     server: none asks clients for no certificate, else one is required */
    bool allow_tls12;
    const char
        *server_name; /* client: what the certificate must be for, instead of the target's host */
    bool skip_verify; /* client, for experiments: takes any certificate */
};

/* INVALID_ARGUMENT, "BadTlsConfig" says which file or text is wrong and why. */
int rpc_tls_new(struct rpc_tls **ret, const struct rpc_tls_opts *opts, struct err *err);
/* Connections that come later use the new certificates; on failure the old ones stay. */
int rpc_tls_reload(struct rpc_tls *tls, const struct rpc_tls_opts *opts, struct err *err);
/* Connections that are open live on. */
void rpc_tls_free(struct rpc_tls *tls);
DEFINE_CLEANUP(struct rpc_tls *, rpc_tls_free)
