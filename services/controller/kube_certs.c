#include "services/controller/kube_certs.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/buf.h"
#include "lib/base/bytes.h"
#include "lib/tls/pem.h"

enum { HOUR_S = 3600, DAY_S = 86400, MAX_CAS = 4, MAX_PEM = 64 * 1024, MAX_NAMES = 4096 };

#define CA_NAME "agent-sandbox-conversion-webhook-ca"

DEFINE_CLEANUP(X509 *, X509_free)
DEFINE_CLEANUP(EVP_PKEY *, EVP_PKEY_free)
DEFINE_CLEANUP(BIO *, BIO_free)

/* ---- errors ---- */

static int failed(const char *what, struct err *err)
{
    unsigned long e = ERR_get_error();
    const char *text = e ? ERR_reason_error_string(e) : NULL;

    ERR_clear_error();
    return err_set(err, RPC_INTERNAL, "CertificateFailed", "%s: %s", what,
                   text ? text : "out of memory");
}

static int bad_secret(const char *key, const char *why, struct err *err)
{
    return err_set(err, RPC_FAILED_PRECONDITION, "BadSecret",
                   "the Secret's %s %s: delete the Secret, and it is made anew", key, why);
}

/* ---- PEM ---- */

static char *bio_text(BIO *bio)
{
    char *data;
    long n = BIO_get_mem_data(bio, &data);

    return n > 0 ? strndup(data, (size_t)n) : NULL;
}

static char *cert_text(X509 *cert)
{
    _cleanup_(BIO_freep) BIO *bio = BIO_new(BIO_s_mem());

    return bio && PEM_write_bio_X509(bio, cert) == 1 ? bio_text(bio) : NULL;
}

/* "EC PRIVATE KEY", as Go writes it. */
static char *key_text(EVP_PKEY *key)
{
    _cleanup_(BIO_freep) BIO *bio = BIO_new(BIO_s_mem());

    return bio && PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL) == 1
               ? bio_text(bio)
               : NULL;
}

/* The first certificate of a text, or NULL. */
static X509 *first_cert(const char *pem)
{
    _cleanup_(BIO_freep) BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    ERR_clear_error();
    return cert;
}

static EVP_PKEY *first_key(const char *pem)
{
    _cleanup_(BIO_freep) BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? tls_pem_read_key(bio) : NULL;

    ERR_clear_error();
    return key;
}

static int64_t unix_time(const ASN1_TIME *t)
{
    struct tm tm;

    return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

int64_t kube_certs_end(const char *pem)
{
    _cleanup_(X509_freep) X509 *cert = first_cert(pem);

    return cert ? unix_time(X509_get0_notAfter(cert)) : 0;
}

/* ---- making ---- */

static X509 *new_cert(const char *name, long serial, int64_t now_s, EVP_PKEY *key)
{
    _cleanup_(X509_freep) X509 *cert = X509_new();
    X509_NAME *subject;

    if (!cert || X509_set_version(cert, 2) != 1 ||
        ASN1_INTEGER_set(X509_get_serialNumber(cert), serial) != 1 ||
        !ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)(now_s - HOUR_S)) ||
        !ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(now_s + KUBE_CERTS_DAYS * DAY_S)) ||
        X509_set_pubkey(cert, key) != 1)
        return NULL;
    subject = X509_get_subject_name(cert);
    if (X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
                                   0) != 1)
        return NULL;
    return TAKE_PTR(cert);
}

static int add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *ext;
    X509V3_CTX ctx;
    int r;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    r = ext ? X509_add_ext(cert, ext, -1) : 0;
    X509_EXTENSION_free(ext);
    return r == 1 ? 0 : -1;
}

static X509 *make_ca(EVP_PKEY *key, int64_t now_s)
{
    _cleanup_(X509_freep) X509 *ca = new_cert(CA_NAME, 1, now_s, key);

    if (!ca || X509_set_issuer_name(ca, X509_get_subject_name(ca)) != 1 ||
        add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE") < 0 ||
        add_extension(ca, ca, NID_key_usage, "critical,digitalSignature,keyCertSign") < 0 ||
        add_extension(ca, ca, NID_subject_key_identifier, "hash") < 0 ||
        X509_sign(ca, key, EVP_sha256()) == 0)
        return NULL;
    return TAKE_PTR(ca);
}

/* "DNS:svc,DNS:svc.ns,DNS:svc.ns.svc,DNS:svc.ns.svc.domain", appended. */
static void add_names(const char *service, const struct kube_certs_names *n, struct buf *ret)
{
    (void)buf_appendf(ret, NULL, "%sDNS:%s,DNS:%s.%s,DNS:%s.%s.svc,DNS:%s.%s.svc.%s",
                      buf_len(ret) ? "," : "", service, service, n->ns, service, n->ns, service,
                      n->ns, n->cluster_domain);
}

static int dns_names(const struct kube_certs_names *n, struct buf *ret, struct err *err)
{
    if (!bytes_is_dns_subdomain(n->service) || !bytes_is_dns_subdomain(n->ns) ||
        !bytes_is_dns_subdomain(n->cluster_domain))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadName",
                       "service \"%.60s\", namespace \"%.60s\", domain \"%.60s\" are no DNS names",
                       n->service, n->ns, n->cluster_domain);
    add_names(n->service, n, ret);
    if (n->also)
        add_names(n->also, n, ret);
    return buf_cstr(ret, err) ? 0 : -1;
}

static X509 *make_server(X509 *ca, EVP_PKEY *ca_key, EVP_PKEY *key, const char *cn, const char *dns,
                         int64_t now_s)
{
    _cleanup_(X509_freep) X509 *cert = new_cert(cn, 2, now_s, key);

    if (!cert || X509_set_issuer_name(cert, X509_get_subject_name(ca)) != 1 ||
        add_extension(cert, ca, NID_basic_constraints, "critical,CA:FALSE") < 0 ||
        add_extension(cert, ca, NID_key_usage, "critical,digitalSignature") < 0 ||
        add_extension(cert, ca, NID_ext_key_usage, "serverAuth") < 0 ||
        add_extension(cert, ca, NID_authority_key_identifier, "keyid") < 0 ||
        add_extension(cert, ca, NID_subject_alt_name, dns) < 0 ||
        X509_sign(cert, ca_key, EVP_sha256()) == 0)
        return NULL;
    return TAKE_PTR(cert);
}

static int make_chain(struct kube_certs *c, const char *cn, const char *dns, int64_t now_s,
                      struct err *err)
{
    _cleanup_(EVP_PKEY_freep) EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
    _cleanup_(X509_freep) X509 *ca = NULL, *cert = NULL;

    ca = ca_key && key ? make_ca(ca_key, now_s) : NULL;
    cert = ca ? make_server(ca, ca_key, key, cn, dns, now_s) : NULL;
    if (!cert)
        return failed("making the webhook's certificate", err);
    c->ca_pem = cert_text(ca);
    c->cert_pem = cert_text(cert);
    c->key_pem = key_text(key);
    return c->ca_pem && c->cert_pem && c->key_pem ? 0 : err_oom(err);
}

int kube_certs_make(struct kube_certs *ret, const struct kube_certs_names *names, int64_t now_s,
                    struct err *err)
{
    struct kube_certs c = {.not_before_s = now_s - HOUR_S,
                           .not_after_s = now_s + (int64_t)KUBE_CERTS_DAYS * DAY_S};
    struct buf dns;
    char cn[64];
    int r;

    /* A CN holds 64 characters; who verifies looks at the DNS names. */
    (void)snprintf(cn, sizeof(cn), "%.28s.%.28s.svc", names->service, names->ns);
    buf_init(&dns, MAX_NAMES);
    r = dns_names(names, &dns, err);
    if (r == 0)
        r = make_chain(&c, cn, buf_cstr(&dns, NULL), now_s, err);
    buf_done(&dns);
    if (r < 0) {
        kube_certs_done(&c);
        return -1;
    }
    *ret = c;
    return 0;
}

void kube_certs_done(struct kube_certs *c)
{
    if (c->key_pem)
        OPENSSL_cleanse(c->key_pem, strlen(c->key_pem));
    free(c->ca_pem);
    free(c->cert_pem);
    free(c->key_pem);
    *c = (struct kube_certs){0};
}

/* ---- the Secret ---- */

/* Keys of a Secret's data hold dots, and its values are base64. */
static int read_key(const json_t *secret, const char *key, char **ret, struct err *err)
{
    const char *text = json_string_value(json_object_get(meta_get(secret, "data"), key));
    size_t n = text ? strlen(text) : 0;
    ssize_t len;
    char *out;

    if (n == 0 || n > MAX_PEM)
        return bad_secret(key, n ? "is too long" : "is missing or empty", err);
    out = calloc(1, n + 1);
    if (!out)
        return err_oom(err);
    len = bytes_unbase64(text, n, (uint8_t *)out);
    if (len < 0 || memchr(out, '\0', (size_t)len)) {
        free(out);
        return bad_secret(key, "is no base64 text", err);
    }
    *ret = out;
    return 0;
}

static int check_certs(struct kube_certs *c, struct err *err)
{
    _cleanup_(X509_freep) X509 *ca = first_cert(c->ca_pem), *cert = first_cert(c->cert_pem);
    _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = first_key(c->key_pem);
    int r;

    if (!ca)
        return bad_secret("ca.crt", "holds no PEM certificate", err);
    if (!cert)
        return bad_secret("tls.crt", "holds no PEM certificate", err);
    if (!key)
        return bad_secret("tls.key", "holds no PEM key", err);
    r = X509_check_private_key(cert, key);
    ERR_clear_error();
    if (r != 1)
        return bad_secret("tls.key", "is not the key of tls.crt", err);
    c->not_before_s = unix_time(X509_get0_notBefore(cert));
    c->not_after_s = unix_time(X509_get0_notAfter(cert));
    return 0;
}

int kube_certs_read(struct kube_certs *ret, const json_t *secret, struct err *err)
{
    struct kube_certs c = {0};

    if (read_key(secret, "ca.crt", &c.ca_pem, err) < 0 ||
        read_key(secret, "tls.crt", &c.cert_pem, err) < 0 ||
        read_key(secret, "tls.key", &c.key_pem, err) < 0 || check_certs(&c, err) < 0) {
        kube_certs_done(&c);
        return -1;
    }
    *ret = c;
    return 0;
}

static int put_key(json_t *data, const char *key, const char *pem, struct err *err)
{
    size_t n = strlen(pem);
    _cleanup_(freep) char *text = malloc(bytes_base64_len(n) + 1);

    if (!text)
        return err_oom(err);
    (void)bytes_base64(pem, n, true, text);
    return json_object_set_new(data, key, json_string(text)) < 0 ? err_oom(err) : 0;
}

json_t *kube_certs_data(const struct kube_certs *c, struct err *err)
{
    _cleanup_json_ json_t *data = json_object();

    if (!data) {
        (void)err_oom(err);
        return NULL;
    }
    if (put_key(data, "ca.crt", c->ca_pem, err) < 0 ||
        put_key(data, "tls.crt", c->cert_pem, err) < 0 ||
        put_key(data, "tls.key", c->key_pem, err) < 0)
        return NULL;
    return TAKE_PTR(data);
}

/* ---- rotation ---- */

static bool has_name(const struct kube_certs *c, const struct kube_certs_names *names)
{
    _cleanup_(X509_freep) X509 *cert = first_cert(c->cert_pem);
    char name[600];
    bool has;

    (void)snprintf(name, sizeof(name), "%s.%s.svc", names->service, names->ns);
    has = cert && X509_check_host(cert, name, 0, 0, NULL) == 1;
    ERR_clear_error();
    return has;
}

bool kube_certs_is_due(const struct kube_certs *c, const struct kube_certs_names *names,
                       int64_t now_s)
{
    int64_t life = c->not_after_s - c->not_before_s;

    return c->not_after_s - now_s < life / 3 || !has_name(c, names);
}

int kube_certs_add_cas(struct kube_certs *c, const char *old_ca_pem, int64_t now_s, struct err *err)
{
    _cleanup_(BIO_freep) BIO *bio = BIO_new_mem_buf(old_ca_pem, -1);
    X509 *cert;
    int r = 0;

    if (!bio)
        return err_oom(err);
    for (int i = 1; r == 0 && i < MAX_CAS; i++) {
        _cleanup_(freep) char *text = NULL;
        char *both = NULL;

        cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!cert)
            break;
        text = cert_text(cert);
        if (!text)
            r = err_oom(err);
        else if (unix_time(X509_get0_notAfter(cert)) > now_s && !strstr(c->ca_pem, text)) {
            if (asprintf(&both, "%s%s", c->ca_pem, text) < 0)
                r = err_oom(err);
            else {
                free(c->ca_pem);
                c->ca_pem = both;
            }
        }
        X509_free(cert);
    }
    ERR_clear_error();
    return r;
}

bool kube_certs_same(const struct kube_certs *a, const struct kube_certs *b)
{
    return a->cert_pem && b->cert_pem && strcmp(a->cert_pem, b->cert_pem) == 0 &&
           strcmp(a->key_pem, b->key_pem) == 0 && strcmp(a->ca_pem, b->ca_pem) == 0;
}
