#pragma once
/*
 * TLS for listeners and channels: OpenSSL, ALPN "h2", TLS 1.3 (1.2 by flag). Its own library,
 * `rpc_tls`, so that programs without it link no OpenSSL.
 *
 * Connections resume sessions: a server gives tickets under keys of its own that change by the hour
 * and are good for two, a client keeps the last four of each of its targets. Who the peer is was
 * then verified when the session began; a session ends with its certificate, and all end with a
 * reload.
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
    bool only_tls12; /* no 1.3, for peers that stumble over it */
    const char
        *server_name; /* client: what the certificate must be for, instead of the target's host */
    bool skip_verify; /* client, for experiments: takes any certificate */
    /*
     * NULL-terminated: the peer's certificate must name one of these workloads in its only URI:
     * "spiffe://trust.domain/path" exactly, or "spiffe://trust.domain" for all of that domain. On
     * the client this takes the place of the name's check (server_name, when given, is checked
     * besides); a server needs the authority of its clients.
     */
    const char *const *spiffe_ids;
    /*
     * Client: the SHA-256 of the peer's certificate, 64 lower-case hex digits. Exactly that one is
     * taken, whoever signed it, whatever names and dates it has; ca and the name's check have no
     * part then. For peers whose certificate was learnt from somebody who is trusted already.
     */
    const char *peer_sha256;
    bool no_resumption; /* each connection makes a full handshake */
    /* For debugging: appends the secrets of every connection to this file (NSS key log format), so
     * that whoever reads it reads all that is said. Made with mode 0600; one that others can read
     * is refused. Say so aloud where it is switched on. */
    const char *key_log_file;
};

/* INVALID_ARGUMENT, "BadTlsConfig" says which file or text is wrong and why. */
int rpc_tls_new(struct rpc_tls **ret, const struct rpc_tls_opts *opts, struct err *err);
/* Connections that come later use the new certificates, and resume no session of the old ones;
 * those that are open live on. On failure the old ones stay. */
int rpc_tls_reload(struct rpc_tls *tls, const struct rpc_tls_opts *opts, struct err *err);
/* The SHA-256 of its own certificate, as peer_sha256 wants it. FAILED_PRECONDITION
 * "CertificateMissing": it has none. */
int rpc_tls_fingerprint(const struct rpc_tls *tls, char ret[65], struct err *err);
/* Connections that are open live on. */
void rpc_tls_free(struct rpc_tls *tls);
DEFINE_CLEANUP(struct rpc_tls *, rpc_tls_free)
