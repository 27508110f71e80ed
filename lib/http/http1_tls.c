/*
 * OpenSSL over the connection's descriptor through a BIO of ours, because its own raises SIGPIPE.
 * Each change of certificate is a new SSL_CTX: OpenSSL counts who uses the old one.
 */
#include "lib/http/http1_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

struct http1_tls {
    struct http1_wrap wrap;
    SSL_CTX *ctx; /* NULL: no certificate yet */
    BIO_METHOD *bio;
};

struct stream {
    SSL *ssl;
    int fd;
    bool wants_write;
};

/* ---- the socket as a BIO ---- */

static int bio_write(BIO *bio, const char *data, int n)
{
    struct stream *s = BIO_get_data(bio);
    ssize_t done;

    BIO_clear_retry_flags(bio);
    do
        done = send(s->fd, data, (size_t)n, MSG_NOSIGNAL);
    while (done < 0 && errno == EINTR);
    if (done < 0 && errno == EAGAIN)
        BIO_set_retry_write(bio);
    return (int)done;
}

static int bio_read(BIO *bio, char *to, int n)
{
    struct stream *s = BIO_get_data(bio);
    ssize_t done;

    BIO_clear_retry_flags(bio);
    do
        done = recv(s->fd, to, (size_t)n, 0);
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
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "http1 socket");

    if (m && BIO_meth_set_write(m, bio_write) && BIO_meth_set_read(m, bio_read) &&
        BIO_meth_set_ctrl(m, bio_ctrl))
        return m;
    BIO_meth_free(m);
    return NULL;
}

/* ---- a connection ---- */

static void stream_close(void *stream)
{
    struct stream *s = stream;

    if (s->ssl && SSL_is_init_finished(s->ssl))
        (void)SSL_shutdown(s->ssl); /* close_notify, as far as the socket takes it */
    ERR_clear_error();
    SSL_free(s->ssl);
    free(s);
}

static void *stream_open(void *ctx, int fd)
{
    struct http1_tls *t = ctx;
    struct stream *s = t->ctx ? calloc(1, sizeof(*s)) : NULL;
    BIO *bio;

    if (!s)
        return NULL;
    s->fd = fd;
    s->ssl = SSL_new(t->ctx);
    bio = s->ssl ? BIO_new(t->bio) : NULL;
    if (!bio) {
        stream_close(s);
        return NULL;
    }
    BIO_set_data(bio, s);
    BIO_set_init(bio, 1);
    SSL_set_bio(s->ssl, bio, bio);
    SSL_set_accept_state(s->ssl);
    return s;
}

/* -1 with errno, or 0 at the orderly end. */
static ssize_t explain(struct stream *s, int r)
{
    int e = SSL_get_error(s->ssl, r);

    s->wants_write = e == SSL_ERROR_WANT_WRITE;
    ERR_clear_error();
    if (e == SSL_ERROR_ZERO_RETURN)
        return 0;
    errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

static ssize_t stream_read(void *stream, void *to, size_t max)
{
    struct stream *s = stream;
    int r;

    ERR_clear_error();
    s->wants_write = false;
    r = SSL_read(s->ssl, to, (int)MIN(max, (size_t)INT32_MAX));
    return r > 0 ? r : explain(s, r);
}

static ssize_t stream_write(void *stream, const void *data, size_t n)
{
    struct stream *s = stream;
    ssize_t done;
    int r;

    ERR_clear_error();
    s->wants_write = false;
    r = SSL_write(s->ssl, data, (int)MIN(n, (size_t)INT32_MAX));
    if (r > 0)
        return r;
    done = explain(s, r);
    if (done == 0)
        errno = ECONNRESET;
    return -1;
}

static bool stream_has_pending(void *stream)
{
    struct stream *s = stream;

    return SSL_pending(s->ssl) > 0;
}

static bool stream_wants_write(void *stream)
{
    struct stream *s = stream;

    return s->wants_write;
}

/* ---- the context ---- */

static int bad_config(const char *what, struct err *err)
{
    unsigned long e = ERR_get_error();
    const char *text = e ? ERR_reason_error_string(e) : NULL;

    ERR_clear_error();
    return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig", "%s: %s", what,
                   text ? text : "unknown error");
}

static int use_chain(SSL_CTX *ctx, const char *pem, struct err *err)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    int ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1;

    X509_free(cert);
    while (ok && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        ok = SSL_CTX_add0_chain_cert(ctx, cert) == 1;
        if (!ok)
            X509_free(cert);
    }
    BIO_free(bio);
    if (!ok)
        return bad_config("the certificate", err);
    ERR_clear_error(); /* the end of the text is how the loop above ends */
    return 0;
}

static int use_key(SSL_CTX *ctx, const char *pem, struct err *err)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
    int ok = key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

    EVP_PKEY_free(key);
    BIO_free(bio);
    return ok ? 0 : bad_config("the key of the certificate", err);
}

/* A peer that offers only other protocols is answered without ALPN, in HTTP/1.1. */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *n_out,
                       const unsigned char *in, unsigned n_in, void *user)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;

    (void)ssl;
    (void)user;
    if (SSL_select_next_proto(&chosen, n_out, ours, sizeof(ours) - 1, in, n_in) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

int http1_tls_set(struct http1_tls *t, const char *cert_pem, const char *key_pem, struct err *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    if (!ctx)
        return err_oom(err);
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
    if (use_chain(ctx, cert_pem, err) < 0 || use_key(ctx, key_pem, err) < 0) {
        SSL_CTX_free(ctx);
        return -1;
    }
    SSL_CTX_free(t->ctx);
    t->ctx = ctx;
    return 0;
}

bool http1_tls_is_set(const struct http1_tls *t)
{
    return t->ctx != NULL;
}

int http1_tls_new(struct http1_tls **ret, struct err *err)
{
    struct http1_tls *t = calloc(1, sizeof(*t));

    if (!t)
        return err_oom(err);
    t->bio = new_bio_method();
    if (!t->bio) {
        free(t);
        return err_oom(err);
    }
    t->wrap = (struct http1_wrap){
        .open = stream_open,
        .read = stream_read,
        .write = stream_write,
        .has_pending = stream_has_pending,
        .wants_write = stream_wants_write,
        .close = stream_close,
        .ctx = t,
    };
    *ret = t;
    return 0;
}

void http1_tls_free(struct http1_tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    BIO_meth_free(t->bio);
    free(t);
}

const struct http1_wrap *http1_tls_wrap(struct http1_tls *t)
{
    return &t->wrap;
}
