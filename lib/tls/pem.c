#include "lib/tls/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

DEFINE_CLEANUP(BIO *, BIO_free)
DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)

const char *tls_reason(void)
{
    unsigned long e = ERR_get_error();
    const char *text;

    if (ERR_SYSTEM_ERROR(e))
        text = strerror(ERR_GET_REASON(e)); /* such have no text of OpenSSL's */
    else if (ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_BAD_PASSWORD_READ)
        text = "it is encrypted, and nobody is asked for its passphrase";
    else if (ERR_GET_LIB(e) == ERR_LIB_OSSL_DECODER)
        text = "there is no key of a known kind in it"; /* OpenSSL says "unsupported" */
    else
        text = e ? ERR_reason_error_string(e) : NULL;
    ERR_clear_error();
    return text ? text : "unknown error";
}

static int bad_config(const char *what, struct tls_pem pem, struct err *err)
{
    return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig", "%s %s: %s", what,
                   pem.text ? "(given as text)" : pem.file, tls_reason());
}

static BIO *open_pem(struct tls_pem pem)
{
    return pem.text ? BIO_new_mem_buf(pem.text, -1) : BIO_new_file(pem.file, "re");
}

/* NULL: the end, or what stands there is no certificate. */
static X509 *next_cert(BIO *bio)
{
    return PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

/* After next_cert() gave NULL. That no further block begins is how a text ends. */
static bool is_end(void)
{
    unsigned long e = ERR_peek_last_error();
    bool is_end = ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;

    if (is_end)
        ERR_clear_error();
    return is_end;
}

static int add_chain(SSL_CTX *ctx, BIO *bio)
{
    _cleanup_(X509_freep) X509 *leaf = next_cert(bio);
    X509 *cert;

    if (!leaf || SSL_CTX_use_certificate(ctx, leaf) != 1)
        return -1;
    while ((cert = next_cert(bio)))
        if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
            X509_free(cert);
            return -1;
        }
    return is_end() ? 0 : -1;
}

int tls_pem_chain(SSL_CTX *ctx, struct tls_pem pem, struct err *err)
{
    _cleanup_(BIO_freep) BIO *bio = open_pem(pem);

    return bio && add_chain(ctx, bio) == 0 ? 0 : bad_config("certificate", pem, err);
}

/* Without it OpenSSL asks on the terminal, and waits. */
static int no_passphrase(char *ret, int n_ret, int is_writing, void *user)
{
    (void)ret;
    (void)n_ret;
    (void)is_writing;
    (void)user;
    ERR_raise(ERR_LIB_PEM, PEM_R_BAD_PASSWORD_READ);
    return -1;
}

EVP_PKEY *tls_pem_read_key(BIO *bio)
{
    return PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
}

/* A key of another type than the certificate's is seen by the second check only. */
int tls_pem_key(SSL_CTX *ctx, struct tls_pem pem, struct err *err)
{
    _cleanup_(BIO_freep) BIO *bio = open_pem(pem);
    _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = bio ? tls_pem_read_key(bio) : NULL;
    bool is_good =
        key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

    return is_good ? 0 : bad_config("private key", pem, err);
}

static int add_authority(SSL_CTX *ctx, X509 *cert, bool is_server)
{
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert) != 1 ||
        (is_server && SSL_CTX_add_client_CA(ctx, cert) != 1))
        return -1;
    return 0;
}

static int add_authorities(SSL_CTX *ctx, BIO *bio, bool is_server)
{
    X509 *cert = next_cert(bio);

    if (!cert)
        return -1;
    for (; cert; cert = next_cert(bio)) {
        int r = add_authority(ctx, cert, is_server);

        X509_free(cert);
        if (r < 0)
            return -1;
    }
    return is_end() ? 0 : -1;
}

int tls_pem_authorities(SSL_CTX *ctx, struct tls_pem pem, bool is_server, struct err *err)
{
    _cleanup_(BIO_freep) BIO *bio = open_pem(pem);

    return bio && add_authorities(ctx, bio, is_server) == 0
               ? 0
               : bad_config("certificate authority", pem, err);
}
