/* Buffers are released while a connection idles. */
#include "lib/rpc/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "lib/rpc/tls_core.h"
#include "lib/rpc/transport.h"
#include "lib/tls/pem.h"
#include "lib/tls/socket_bio.h"

enum { RECORD_BYTES = 16 * 1024, NAME_BYTES = 256 };

struct tls {
    struct rpc_tls base; /* first: what rpc_tls points to */
    SSL_CTX *ctx;
    BIO_METHOD *bio;
    bool is_server, skip_verify;
    char *server_name;
};

struct tls_transport {
    struct rpc_transport base;
    SSL *ssl;
    char *target;  /* client: whose sessions are its */
    char *refusal; /* why the peer's SPIFFE ID was none that may be */
};

static const unsigned char alpn_h2[] = TLS_ALPN_H2;

/* ---- the transport ---- */

static struct tls_transport *of(struct rpc_transport *t)
{
    return CONTAINER_OF(t, struct tls_transport, base);
}

/* RPC_TRANSPORT_AGAIN, or -1 with *err. */
static int explain(struct tls_transport *t, int r, const char *what, struct err *err)
{
    int e = errno;
    long verify;

    switch (SSL_get_error(t->ssl, r)) {
    case SSL_ERROR_WANT_READ:
        return RPC_TRANSPORT_AGAIN;
    case SSL_ERROR_WANT_WRITE:
        t->base.wants_write = true;
        return RPC_TRANSPORT_AGAIN;
    case SSL_ERROR_SYSCALL:
        ERR_clear_error();
        return err_set(err, RPC_UNAVAILABLE, "ConnectionLost", "%s: %s", what,
                       e ? strerror(e) : "the peer closed the connection");
    default:
        verify = SSL_get_verify_result(t->ssl);
        err_set(err, RPC_UNAVAILABLE, "TlsFailed", "%s: %s", what, tls_reason());
        if (t->refusal)
            err_set(err, RPC_UNAVAILABLE, "TlsFailed", "%s", t->refusal);
        else if (verify != X509_V_OK)
            err_set(err, RPC_UNAVAILABLE, "TlsFailed", "%s: the peer's certificate: %s", what,
                    X509_verify_cert_error_string(verify));
        return -1;
    }
}

static int note_name(struct tls_transport *t, X509 *cert, struct err *err)
{
    char name[NAME_BYTES] = "";
    BIO *bio = BIO_new(BIO_s_mem());
    int n;

    if (!bio)
        return err_oom(err);
    (void)X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253);
    n = BIO_read(bio, name, sizeof(name) - 1);
    BIO_free(bio);
    name[n > 0 ? n : 0] = '\0';
    t->base.peer_name = strdup(name);
    if (!t->base.peer_name)
        return err_oom(err);
    t->base.spiffe_id = tls_spiffe_of(cert);
    return 0;
}

/* A session brings the verdict of the day it was made: time goes on. */
static int check_age(const struct tls_transport *t, X509 *cert, struct err *err)
{
    if (SSL_session_reused(t->ssl) && X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
        return err_set(err, RPC_UNAVAILABLE, "TlsFailed",
                       "TLS handshake: the peer's certificate: certificate has expired");
    return 0;
}

static int note_peer(struct tls_transport *t, struct err *err)
{
    X509 *cert = SSL_get0_peer_certificate(t->ssl);

    t->base.version = SSL_get_version(t->ssl);
    t->base.cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(t->ssl));
    t->base.is_resumed = SSL_session_reused(t->ssl);
    if (cert && SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE &&
        (check_age(t, cert, err) < 0 || note_name(t, cert, err) < 0))
        return -1;
    return tls_spiffe_check(tls_shared_of(t->ssl), t->base.spiffe_id, err);
}

static int tls_handshake(struct rpc_transport *base, struct err *err)
{
    struct tls_transport *t = of(base);
    const unsigned char *alpn;
    unsigned n_alpn;
    int r;

    ERR_clear_error();
    errno = 0;
    r = SSL_do_handshake(t->ssl);
    if (r <= 0)
        return explain(t, r, "TLS handshake", err);
    SSL_get0_alpn_selected(t->ssl, &alpn, &n_alpn);
    if (n_alpn != sizeof(alpn_h2) - 1 || memcmp(alpn, alpn_h2 + 1, n_alpn) != 0)
        return err_set(err, RPC_UNAVAILABLE, "TlsFailed",
                       "TLS handshake: the peer does not offer HTTP/2 (ALPN h2)");
    return note_peer(t, err);
}

/* Whole records only, so that nothing waits inside OpenSSL while the socket is silent. */
static ssize_t tls_read(struct rpc_transport *base, uint8_t *to, size_t max, struct err *err)
{
    struct tls_transport *t = of(base);
    size_t got = 0;

    while (max - got >= RECORD_BYTES) {
        int r;

        ERR_clear_error();
        errno = 0;
        r = SSL_read(t->ssl, to + got, (int)(max - got));
        if (r > 0) {
            got += (size_t)r;
            continue;
        }
        if (got > 0)
            break; /* the next call meets it again */
        if (SSL_get_error(t->ssl, r) == SSL_ERROR_ZERO_RETURN)
            return 0;
        return explain(t, r, "TLS", err);
    }
    return (ssize_t)got;
}

static ssize_t tls_write(struct rpc_transport *base, const uint8_t *data, size_t n, struct err *err)
{
    struct tls_transport *t = of(base);
    int r;

    ERR_clear_error();
    errno = 0;
    r = SSL_write(t->ssl, data, (int)MIN(n, (size_t)INT32_MAX));
    return r > 0 ? r : explain(t, r, "TLS", err);
}

static int tls_release(struct rpc_transport *base)
{
    int fd = base->fd;
    struct tls_transport *t = of(base);

    if (SSL_is_init_finished(t->ssl))
        (void)SSL_shutdown(t->ssl); /* close_notify, as far as the socket takes it */
    ERR_clear_error();
    SSL_free(t->ssl);
    free(t->refusal);
    free(base->peer_name);
    free(base->spiffe_id);
    free(t->target);
    free(t);
    return fd;
}

static const struct rpc_transport_ops tls_ops = {
    .handshake = tls_handshake,
    .read = tls_read,
    .write = tls_write,
    .release = tls_release,
};

static int verify_host(SSL *ssl, const char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
        return 1;
    ERR_clear_error();
    return SSL_set1_host(ssl, host);
}

/* Not an address. (RFC 6066 3) */
static int send_name(SSL *ssl, const char *host)
{
    uint8_t scrap[16];

    if (inet_pton(AF_INET, host, scrap) == 1 || inet_pton(AF_INET6, host, scrap) == 1)
        return 1;
    return SSL_set_tlsext_host_name(ssl, host);
}

/* With SPIFFE IDs a name is checked only when it was given for that. */
static int prepare_client(const struct tls *tls, struct tls_transport *t,
                          const struct rpc_tls_peer *peer)
{
    const char *host = tls->server_name ? tls->server_name : peer->host;
    const struct tls_shared *shared = tls_shared_of(t->ssl);
    bool is_verified = !shared->pin[0] && (tls->server_name || !shared->spiffe_ids);

    SSL_set_connect_state(t->ssl);
    if (host && !tls->skip_verify &&
        ((is_verified && !verify_host(t->ssl, host)) || !send_name(t->ssl, host)))
        return -1;
    if (!peer->target || !(t->target = strdup(peer->target)))
        return 0; /* no memory: no session is kept */
    tls_sessions_resume(t->ssl, t->target);
    return 0;
}

static int new_ssl(const struct tls *tls, struct tls_transport *t, const struct rpc_tls_peer *peer)
{
    t->ssl = SSL_new(tls->ctx);
    if (!t->ssl || tls_socket_bio_use(t->ssl, tls->bio, t->base.fd) < 0)
        return -1;
    (void)SSL_set_app_data(t->ssl, t);
    if (!tls->is_server)
        return prepare_client(tls, t, peer);
    SSL_set_accept_state(t->ssl);
    return 0;
}

void tls_note_refusal(SSL *ssl, const char *why)
{
    struct tls_transport *t = SSL_get_app_data(ssl);

    free(t->refusal);
    t->refusal = strdup(why); /* no memory: OpenSSL's own words */
}

const char *tls_target_of(const SSL *ssl)
{
    const struct tls_transport *t = SSL_get_app_data(ssl);

    return t->target;
}

static int wrap(const struct rpc_tls *base, int fd, const struct rpc_tls_peer *peer,
                struct rpc_transport **ret, struct err *err)
{
    const struct tls *tls = CONTAINER_OF(base, const struct tls, base);
    struct tls_transport *t = calloc(1, sizeof(*t));

    if (!t)
        return err_oom(err);
    t->base = (struct rpc_transport){.ops = &tls_ops, .fd = fd, .is_tls = true};
    if (new_ssl(tls, t, peer) < 0) {
        SSL_free(t->ssl);
        free(t->target);
        free(t);
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "OutOfMemory", "preparing TLS: %s",
                       tls_reason());
    }
    *ret = &t->base;
    return 0;
}

/* ---- life ---- */

int rpc_tls_reload(struct rpc_tls *base, const struct rpc_tls_opts *opts, struct err *err)
{
    struct tls *tls = CONTAINER_OF(base, struct tls, base);
    SSL_CTX *ctx = SSL_CTX_new(opts->is_server ? TLS_server_method() : TLS_client_method());
    char *name = opts->server_name ? strdup(opts->server_name) : NULL;

    if (!ctx || (opts->server_name && !name)) {
        SSL_CTX_free(ctx);
        free(name);
        return err_oom(err);
    }
    if (tls_configure(ctx, opts, err) < 0) {
        SSL_CTX_free(ctx);
        free(name);
        return -1;
    }
    SSL_CTX_free(tls->ctx); /* open connections hold it themselves */
    free(tls->server_name);
    tls->ctx = ctx;
    tls->server_name = name;
    tls->is_server = opts->is_server;
    tls->skip_verify = opts->skip_verify;
    return 0;
}

int rpc_tls_new(struct rpc_tls **ret, const struct rpc_tls_opts *opts, struct err *err)
{
    struct tls *tls = calloc(1, sizeof(*tls));

    if (!tls)
        return err_oom(err);
    tls->base.wrap = wrap;
    tls->bio = tls_socket_bio_method();
    if (!tls->bio) {
        rpc_tls_free(&tls->base);
        return err_oom(err);
    }
    if (rpc_tls_reload(&tls->base, opts, err) < 0) {
        rpc_tls_free(&tls->base);
        return -1;
    }
    *ret = &tls->base;
    return 0;
}

int rpc_tls_fingerprint(const struct rpc_tls *base, char ret[65], struct err *err)
{
    const X509 *cert = SSL_CTX_get0_certificate(CONTAINER_OF(base, const struct tls, base)->ctx);

    if (!cert)
        return err_set(err, RPC_FAILED_PRECONDITION, "CertificateMissing",
                       "there is no certificate of our own");
    return tls_cert_sha256(cert, ret) == 0 ? 0 : err_oom(err);
}

void rpc_tls_free(struct rpc_tls *base)
{
    struct tls *tls;

    if (!base)
        return;
    tls = CONTAINER_OF(base, struct tls, base);
    SSL_CTX_free(tls->ctx);
    BIO_meth_free(tls->bio);
    free(tls->server_name);
    free(tls);
}
