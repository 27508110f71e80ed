/*
 * Each change of certificate is a new SSL_CTX: OpenSSL counts who uses the old one.
 */
#include "lib/http/http1_tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "lib/tls/pem.h"
#include "lib/tls/socket_bio.h"

struct http1_tls {
    struct http1_wrap wrap;
    SSL_CTX *ctx; /* NULL: no certificate yet */
    BIO_METHOD *bio;
};

struct stream {
    SSL *ssl;
    bool wants_write;
};

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

    if (!s)
        return NULL;
    s->ssl = SSL_new(t->ctx);
    if (!s->ssl || tls_socket_bio_use(s->ssl, t->bio, fd) < 0) {
        stream_close(s);
        return NULL;
    }
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
    if (tls_pem_chain(ctx, (struct tls_pem){cert_pem}, err) < 0 ||
        tls_pem_key(ctx, (struct tls_pem){key_pem}, err) < 0) {
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
    t->bio = tls_socket_bio_method();
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
