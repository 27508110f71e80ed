/* Makes an SSL_CTX out of rpc_tls_opts. */
#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lib/rpc/tls_core.h"
#include "lib/tls/pem.h"

/* ---- what a context shares ---- */

static int shared_index = -1;
static pthread_once_t shared_once = PTHREAD_ONCE_INIT;

static void shared_free(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long num, void *arg)
{
    struct tls_shared *shared = ptr;

    (void)parent;
    (void)ad;
    (void)index;
    (void)num;
    (void)arg;
    if (!shared)
        return;
    for (char **id = shared->spiffe_ids; id && *id; id++)
        free(*id);
    free(shared->spiffe_ids);
    tls_tickets_free(shared->tickets);
    tls_sessions_free(shared->sessions);
    if (shared->key_log_fd >= 0)
        (void)close(shared->key_log_fd);
    free(shared);
}

static void make_index(void)
{
    shared_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, shared_free);
}

struct tls_shared *tls_shared_new(SSL_CTX *ctx)
{
    struct tls_shared *shared = calloc(1, sizeof(*shared));

    (void)pthread_once(&shared_once, make_index);
    if (!shared)
        return NULL;
    shared->key_log_fd = -1;
    if (SSL_CTX_set_ex_data(ctx, shared_index, shared) == 1)
        return shared;
    free(shared);
    return NULL;
}

struct tls_shared *tls_shared_of(const SSL *ssl)
{
    return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), shared_index);
}

/* ---- the options ---- */

static const unsigned char alpn_h2[] = TLS_ALPN_H2;

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

    if (o->peer_sha256 && !o->is_server)
        return tls_pin_use(ctx, SSL_CTX_get_ex_data(ctx, shared_index), o->peer_sha256, err);
    if (has_ca &&
        tls_pem_authorities(ctx, (struct tls_pem){o->ca_pem, o->ca_file}, o->is_server, err) < 0)
        return -1;
    if (o->is_server) {
        if (has_ca)
            SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                               tls_spiffe_verify);
        return 0;
    }
    if (!has_ca && SSL_CTX_set_default_verify_paths(ctx) != 1)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig",
                       "the system's certificate authorities: %s", tls_reason());
    SSL_CTX_set_verify(ctx, o->skip_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, tls_spiffe_verify);
    return 0;
}

static void set_modes(SSL_CTX *ctx, const struct rpc_tls_opts *o)
{
    bool has_tls12 = o->allow_tls12 || o->only_tls12;

    (void)SSL_CTX_set_min_proto_version(ctx, has_tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    if (o->only_tls12)
        (void)SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20"); /* TLS 1.2: RFC 9113 9.2.2 */
    if (o->is_server)
        SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
    else
        (void)SSL_CTX_set_alpn_protos(ctx, alpn_h2, sizeof(alpn_h2));
}

static int no_resumption(SSL_CTX *ctx)
{
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    return SSL_CTX_set_num_tickets(ctx, 0) == 1 ? 0 : -1;
}

static int set_shared(SSL_CTX *ctx, const struct rpc_tls_opts *o, struct err *err)
{
    struct tls_shared *shared = tls_shared_new(ctx);
    int r;

    if (!shared)
        return err_oom(err);
    if (o->no_resumption)
        r = no_resumption(ctx);
    else
        r = o->is_server ? tls_tickets_use(ctx, shared) : tls_sessions_use(ctx, shared);
    if (r < 0)
        return err_oom(err);
    if (o->spiffe_ids && o->skip_verify)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig",
                       "a SPIFFE ID cannot be required of certificates that are not verified");
    if (o->spiffe_ids && o->is_server && !o->ca_pem && !o->ca_file)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig",
                       "SPIFFE IDs of clients need the certificate authority that signs them");
    if (tls_spiffe_use(shared, o->spiffe_ids, err) < 0)
        return -1;
    return tls_keylog_use(ctx, shared, o->key_log_file, err);
}

int tls_configure(SSL_CTX *ctx, const struct rpc_tls_opts *o, struct err *err)
{
    bool has_cert = o->cert_pem || o->cert_file, has_key = o->key_pem || o->key_file;

    if (has_cert != has_key || (o->is_server && !has_cert))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig",
                       "TLS needs both a certificate and its key: %s",
                       has_cert ? "the key is missing" : "the certificate is missing");
    set_modes(ctx, o);
    if (set_shared(ctx, o, err) < 0)
        return -1;
    if (has_cert && (tls_pem_chain(ctx, (struct tls_pem){o->cert_pem, o->cert_file}, err) < 0 ||
                     tls_pem_key(ctx, (struct tls_pem){o->key_pem, o->key_file}, err) < 0))
        return -1;
    return set_trust(ctx, o, err);
}
