#pragma once
/*
 * Inside rpc_tls: what belongs to one set of certificates (one SSL_CTX), and goes with the last
 * connection that has it: who the peer must be, the keys of a server's session tickets, a client's
 * sessions, the key log. A reload makes all of it anew: no session outlives the certificates, or
 * the trust, it was made with.
 */
#include <openssl/ssl.h>

#include "lib/rpc/tls.h"

struct tls_tickets;
struct tls_sessions;

struct tls_shared {
    char **spiffe_ids;             /* NULL-terminated, or NULL: anyone who is verified */
    char pin[65];                  /* SHA-256 of the one certificate that is taken; "": any  */
    struct tls_tickets *tickets;   /* server */
    struct tls_sessions *sessions; /* client */
    int key_log_fd;                /* -1: none */
};

#define TLS_ALPN_H2                                                                                \
    {                                                                                              \
        2, 'h', '2'                                                                                \
    } /* RFC 7301 3.1 */

/* ---- tls_config.c ---- */

int tls_configure(SSL_CTX *ctx, const struct rpc_tls_opts *o, struct err *err);
/* Of a context; made with it. NULL: out of memory. */
struct tls_shared *tls_shared_new(SSL_CTX *ctx);
struct tls_shared *tls_shared_of(const SSL *ssl);

/* ---- tls_session.c ---- */

/* Server: tickets, whose keys change by the hour. < 0: out of memory. */
int tls_tickets_use(SSL_CTX *ctx, struct tls_shared *shared);
void tls_tickets_free(struct tls_tickets *t);

/* Client: keeps sessions, by tls_target_of() of their connection. */
int tls_sessions_use(SSL_CTX *ctx, struct tls_shared *shared);
void tls_sessions_free(struct tls_sessions *s);
/* Before the handshake: goes on with the newest session of that target, if there is one. */
void tls_sessions_resume(SSL *ssl, const char *target);
/* tls.c: the connection's target, or NULL. */
const char *tls_target_of(const SSL *ssl);

/* ---- tls_peer.c ---- */

/* The one SPIFFE ID of a certificate, malloc()ed; NULL: it has none, or more URIs than one. */
char *tls_spiffe_of(X509 *cert);
/* < 0 with *err: the peer must have one of them, and has not. id may be NULL. */
int tls_spiffe_check(const struct tls_shared *shared, const char *id, struct err *err);
/* OpenSSL's verify callback: refuses inside the handshake, so that the peer is told by an alert. */
int tls_spiffe_verify(int is_ok, X509_STORE_CTX *store);
/* In hex. < 0: out of memory. */
int tls_cert_sha256(const X509 *cert, char ret[65]);
/* Takes the place of all verification: one certificate only. */
int tls_pin_use(SSL_CTX *ctx, struct tls_shared *shared, const char *sha256, struct err *err);
/* tls.c: what our own side is told then. */
void tls_note_refusal(SSL *ssl, const char *why);
int tls_spiffe_use(struct tls_shared *shared, const char *const *ids, struct err *err);

/* ---- tls_keylog.c ---- */

/* For debugging with Wireshark: the file becomes the key to all that is said. */
int tls_keylog_use(SSL_CTX *ctx, struct tls_shared *shared, const char *path, struct err *err);
