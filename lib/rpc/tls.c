/*
 * OpenSSL talks to the socket through a BIO of ours, because its own raises SIGPIPE. Buffers are
 * released while a connection idles, and there is no session cache: connections live long here,
 * memory matters more.
 */
#include "lib/rpc/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/rpc/transport.h"

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
    char *peer_name;
};

static const unsigned char alpn_h2[] = {2, 'h', '2'};

/* ---- errors ---- */

/* The reason that says most is the first one in OpenSSL's queue. */
static const char *openssl_reason(void)
{
    unsigned long e = ERR_get_error();
    const char *text = e ? ERR_reason_error_string(e) : NULL;

    ERR_clear_error();
    return text ? text : "unknown error";
}

static int bad_config(const char *what, const char *file, struct err *err)
{
    return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig", "%s %s: %s", what,
                   file ? file : "(given as text)", openssl_reason());
}

/* ---- the socket as a BIO ---- */

static int bio_write(BIO *bio, const char *data, int n)
{
    struct rpc_transport *t = BIO_get_data(bio);
    ssize_t done;

    BIO_clear_retry_flags(bio);
    do
        done = send(t->fd, data, (size_t)n, MSG_NOSIGNAL);
    while (done < 0 && errno == EINTR);
    if (done < 0 && errno == EAGAIN)
        BIO_set_retry_write(bio);
    return (int)done;
}

static int bio_read(BIO *bio, char *to, int n)
{
    struct rpc_transport *t = BIO_get_data(bio);
    ssize_t done;

    BIO_clear_retry_flags(bio);
    do
        done = recv(t->fd, to, (size_t)n, 0);
    while (done < 0 && errno == EINTR);
    if (done < 0 && errno == EAGAIN)
        BIO_set_retry_read(bio);
    return (int)done;
}

static long bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    (void)bio;
    (void)num;
    (void)ptr;
    return cmd == BIO_CTRL_FLUSH;
}

static BIO_METHOD *new_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "rpc socket");

    if (m && BIO_meth_set_write(m, bio_write) && BIO_meth_set_read(m, bio_read) &&
        BIO_meth_set_ctrl(m, bio_ctrl))
        return m;
    BIO_meth_free(m);
    return NULL;
}

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
        err_set(err, RPC_UNAVAILABLE, "TlsFailed", "%s: %s", what, openssl_reason());
        if (verify != X509_V_OK)
            err_set(err, RPC_UNAVAILABLE, "TlsFailed", "%s: the peer's certificate: %s", what,
                    X509_verify_cert_error_string(verify));
        return -1;
    }
}

static int note_peer(struct tls_transport *t, struct err *err)
{
    X509 *cert = SSL_get0_peer_certificate(t->ssl);
    char name[NAME_BYTES] = "";
    BIO *bio;
    int n;

    if (!cert || SSL_get_verify_mode(t->ssl) == SSL_VERIFY_NONE)
        return 0;
    bio = BIO_new(BIO_s_mem());
    if (!bio)
        return err_oom(err);
    (void)X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253);
    n = BIO_read(bio, name, sizeof(name) - 1);
    BIO_free(bio);
    name[n > 0 ? n : 0] = '\0';
    t->peer_name = strdup(name);
    if (!t->peer_name)
        return err_oom(err);
    t->base.peer_name = t->peer_name;
    return 0;
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

static void tls_free(struct rpc_transport *base)
{
    struct tls_transport *t = of(base);

    if (SSL_is_init_finished(t->ssl))
        (void)SSL_shutdown(t->ssl); /* close_notify, as far as the socket takes it */
    ERR_clear_error();
    SSL_free(t->ssl);
    if (base->fd >= 0)
        (void)close(base->fd);
    free(t->peer_name);
    free(t);
}

static const struct rpc_transport_ops tls_ops = {
    .handshake = tls_handshake,
    .read = tls_read,
    .write = tls_write,
    .free = tls_free,
};

static int set_host(SSL *ssl, const char *host)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
        return 1;
    ERR_clear_error();
    return SSL_set1_host(ssl, host) && SSL_set_tlsext_host_name(ssl, host);
}

static int new_ssl(const struct tls *tls, struct tls_transport *t, const char *host)
{
    BIO *bio;

    t->ssl = SSL_new(tls->ctx);
    bio = t->ssl ? BIO_new(tls->bio) : NULL;
    if (!bio)
        return -1;
    BIO_set_data(bio, &t->base);
    BIO_set_init(bio, 1);
    SSL_set_bio(t->ssl, bio, bio);
    if (tls->is_server) {
        SSL_set_accept_state(t->ssl);
        return 0;
    }
    SSL_set_connect_state(t->ssl);
    if (tls->server_name)
        host = tls->server_name;
    return !host || tls->skip_verify || set_host(t->ssl, host) ? 0 : -1;
}

static int wrap(const struct rpc_tls *base, int fd, const char *host, struct rpc_transport **ret,
                struct err *err)
{
    const struct tls *tls = CONTAINER_OF(base, const struct tls, base);
    struct tls_transport *t = calloc(1, sizeof(*t));

    if (!t)
        return err_oom(err);
    t->base = (struct rpc_transport){.ops = &tls_ops, .fd = fd, .is_tls = true};
    if (new_ssl(tls, t, host) < 0) {
        SSL_free(t->ssl);
        free(t);
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "OutOfMemory", "preparing TLS: %s",
                       openssl_reason());
    }
    *ret = &t->base;
    return 0;
}

/* ---- configuration ---- */

static BIO *open_pem(const char *pem, const char *file)
{
    return pem ? BIO_new_mem_buf(pem, -1) : BIO_new_file(file, "r");
}

static int add_chain(SSL_CTX *ctx, BIO *bio)
{
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    int r = cert ? SSL_CTX_use_certificate(ctx, cert) : 0;

    X509_free(cert);
    while (r == 1 && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
        r = SSL_CTX_add0_chain_cert(ctx, cert);
    if (r == 1)
        ERR_clear_error(); /* the end of the file is an error to it */
    return r;
}

static int load_cert(SSL_CTX *ctx, const struct rpc_tls_opts *o, struct err *err)
{
    BIO *bio = open_pem(o->cert_pem, o->cert_file);
    int r = bio ? add_chain(ctx, bio) : 0;

    BIO_free(bio);
    return r == 1 ? 0 : bad_config("certificate", o->cert_pem ? NULL : o->cert_file, err);
}

static int load_key(SSL_CTX *ctx, const struct rpc_tls_opts *o, struct err *err)
{
    BIO *bio = open_pem(o->key_pem, o->key_file);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    int r = key ? SSL_CTX_use_PrivateKey(ctx, key) : 0; /* checks that it fits the certificate */

    EVP_PKEY_free(key);
    BIO_free(bio);
    return r == 1 ? 0 : bad_config("private key", o->key_pem ? NULL : o->key_file, err);
}

static int load_ca(SSL_CTX *ctx, const struct rpc_tls_opts *o, struct err *err)
{
    BIO *bio = open_pem(o->ca_pem, o->ca_file);
    X509 *cert;
    int n = 0, r = 1;

    while (bio && r == 1 && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        r = X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert);
        if (r == 1 && o->is_server)
            r = SSL_CTX_add_client_CA(ctx, cert);
        X509_free(cert);
        n++;
    }
    BIO_free(bio);
    if (n == 0 || r != 1)
        return bad_config("certificate authority", o->ca_pem ? NULL : o->ca_file, err);
    ERR_clear_error();
    return 0;
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *n_out,
                       const unsigned char *in, unsigned n_in, void *user)
{
    (void)ssl;
    (void)user;
    if (SSL_select_next_proto((unsigned char **)out, n_out, alpn_h2, sizeof(alpn_h2), in, n_in) ==
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_OK;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int set_trust(SSL_CTX *ctx, const struct rpc_tls_opts *o, struct err *err)
{
    bool has_ca = o->ca_pem || o->ca_file;

    if (has_ca && load_ca(ctx, o, err) < 0)
        return -1;
    if (o->is_server) {
        if (has_ca)
            SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        return 0;
    }
    if (!has_ca && SSL_CTX_set_default_verify_paths(ctx) != 1)
        return bad_config("the system's certificate authorities", "", err);
    SSL_CTX_set_verify(ctx, o->skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    return 0;
}

static void set_modes(SSL_CTX *ctx, const struct rpc_tls_opts *o)
{
    (void)SSL_CTX_set_min_proto_version(ctx, o->allow_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_num_tickets(ctx, 0);
    (void)SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20"); /* TLS 1.2: RFC 9113 9.2.2 */
    if (o->is_server)
        SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
    else
        (void)SSL_CTX_set_alpn_protos(ctx, alpn_h2, sizeof(alpn_h2));
}

static int configure(SSL_CTX *ctx, const struct rpc_tls_opts *o, struct err *err)
{
    bool has_cert = o->cert_pem || o->cert_file, has_key = o->key_pem || o->key_file;

    if (has_cert != has_key || (o->is_server && !has_cert))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig",
                       "TLS needs both a certificate and its key: %s",
                       has_cert ? "the key is missing" : "the certificate is missing");
    set_modes(ctx, o);
    if (has_cert && (load_cert(ctx, o, err) < 0 || load_key(ctx, o, err) < 0))
        return -1;
    return set_trust(ctx, o, err);
}

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
    if (configure(ctx, opts, err) < 0) {
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
    tls->bio = new_bio_method();
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
