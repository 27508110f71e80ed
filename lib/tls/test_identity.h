#pragma once
/* For the tests of TLS: certificates and keys made here. After cmocka.h. */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "lib/base/clock.h"

struct identity {
    EVP_PKEY *key;
    X509 *cert;
    char cert_pem[4096], key_pem[1024];
};

static inline void to_text(BIO *bio, char *ret, size_t n_ret)
{
    int n = BIO_read(bio, ret, (int)n_ret - 1);

    assert_true(n > 0);
    ret[n] = '\0';
    BIO_free(bio);
}

static inline void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(ext);
    assert_int_equal(X509_add_ext(cert, ext, -1), 1);
    X509_EXTENSION_free(ext);
}

/* signer NULL: a certificate authority of its own. */
static inline void make_identity(struct identity *id, const char *name, const char *alt,
                                 const struct identity *signer, long valid_s)
{
    X509_NAME *subject;
    BIO *bio;

    id->key = EVP_EC_gen("P-256");
    id->cert = X509_new();
    assert_non_null(id->key);
    assert_int_equal(X509_set_version(id->cert, 2), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(id->cert), (long)clock_monotonic_ns() & 0xffffff);
    X509_gmtime_adj(X509_getm_notBefore(id->cert), -7200);
    X509_gmtime_adj(X509_getm_notAfter(id->cert), valid_s);
    subject = X509_get_subject_name(id->cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
                               0);
    X509_set_issuer_name(id->cert, X509_get_subject_name(signer ? signer->cert : id->cert));
    X509_set_pubkey(id->cert, id->key);
    add_extension(id->cert, signer ? signer->cert : id->cert, NID_basic_constraints,
                  signer ? "CA:FALSE" : "critical,CA:TRUE");
    if (alt)
        add_extension(id->cert, signer ? signer->cert : id->cert, NID_subject_alt_name, alt);
    assert_true(X509_sign(id->cert, signer ? signer->key : id->key, EVP_sha256()) > 0);
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(bio, id->cert), 1);
    to_text(bio, id->cert_pem, sizeof(id->cert_pem));
    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, id->key, NULL, NULL, 0, NULL, NULL), 1);
    to_text(bio, id->key_pem, sizeof(id->key_pem));
}
