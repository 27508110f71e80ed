/* Who the peer's certificate says it is, in the manner of SPIFFE; or which one it is. */
#include <openssl/x509v3.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/rpc/spiffe.h"
#include "lib/rpc/tls_core.h"

/* X509-SVID.md 2: exactly one URI. NULL: not so. */
static const ASN1_IA5STRING *only_uri(const GENERAL_NAMES *names)
{
    const ASN1_IA5STRING *found = NULL;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type != GEN_URI)
            continue;
        if (found)
            return NULL;
        found = name->d.uniformResourceIdentifier;
    }
    return found;
}

static char *copy_valid(const ASN1_IA5STRING *uri)
{
    const char *text = (const char *)ASN1_STRING_get0_data(uri);
    size_t n = (size_t)ASN1_STRING_length(uri);

    return rpc_spiffe_is_valid(text, n) ? strndup(text, n) : NULL;
}

char *tls_spiffe_of(X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    const ASN1_IA5STRING *uri = names ? only_uri(names) : NULL;
    /* X509-SVID.md 4.1: what signs others identifies no workload. */
    char *id = uri && X509_check_ca(cert) == 0 ? copy_valid(uri) : NULL;

    GENERAL_NAMES_free(names);
    return id;
}

int tls_spiffe_check(const struct tls_shared *shared, const char *id, struct err *err)
{
    if (!shared->spiffe_ids)
        return 0;
    if (!id)
        return err_set(err, RPC_UNAVAILABLE, "TlsFailed",
                       "TLS handshake: the peer's certificate has no SPIFFE ID (one URI, "
                       "spiffe://domain/path), and one is required");
    for (char **allowed = shared->spiffe_ids; *allowed; allowed++)
        if (rpc_spiffe_matches(*allowed, id))
            return 0;
    return err_set(err, RPC_UNAVAILABLE, "TlsFailed",
                   "TLS handshake: the peer is %.200s, which is none of those that may be", id);
}

int tls_spiffe_verify(int is_ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct tls_shared *shared = tls_shared_of(ssl);
    _cleanup_(freep) char *id = NULL;
    struct err why;

    if (!is_ok || X509_STORE_CTX_get_error_depth(store) > 0 || !shared->spiffe_ids)
        return is_ok;
    id = tls_spiffe_of(X509_STORE_CTX_get_current_cert(store));
    if (tls_spiffe_check(shared, id, &why) == 0)
        return 1;
    tls_note_refusal(ssl, why.msg);
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

int tls_spiffe_use(struct tls_shared *shared, const char *const *ids, struct err *err)
{
    size_t n = 0;

    if (!ids || !ids[0])
        return 0;
    while (ids[n])
        n++;
    shared->spiffe_ids = calloc(n + 1, sizeof(char *));
    if (!shared->spiffe_ids)
        return err_oom(err);
    for (size_t i = 0; i < n; i++) {
        char shown[128];

        if (!rpc_spiffe_is_valid(ids[i], strlen(ids[i])))
            return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig",
                           "\"%s\" is no SPIFFE ID: write spiffe://trust.domain/path, or "
                           "spiffe://trust.domain for all of it",
                           bytes_escape(ids[i], strlen(ids[i]), shown, sizeof(shown)));
        shared->spiffe_ids[i] = strdup(ids[i]);
        if (!shared->spiffe_ids[i])
            return err_oom(err);
    }
    return 0;
}

/* ---- one certificate and no other ---- */

int tls_cert_sha256(const X509 *cert, char ret[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n;

    if (X509_digest(cert, EVP_sha256(), digest, &n) != 1 || n != 32)
        return -1;
    bytes_hex(digest, n, ret);
    return 0;
}

static int verify_pin(X509_STORE_CTX *store, void *user)
{
    const struct tls_shared *shared = user;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    X509 *cert = X509_STORE_CTX_get0_cert(store);
    char sha256[65];

    if (cert && tls_cert_sha256(cert, sha256) == 0 && strcmp(sha256, shared->pin) == 0)
        return 1;
    tls_note_refusal(ssl, "TLS handshake: the peer shows another certificate than the one that "
                          "is expected");
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

int tls_pin_use(SSL_CTX *ctx, struct tls_shared *shared, const char *sha256, struct err *err)
{
    if (strlen(sha256) != 64 || strspn(sha256, "0123456789abcdef") != 64)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig",
                       "the SHA-256 of a certificate is 64 hexadecimal digits in lower case");
    memcpy(shared->pin, sha256, sizeof(shared->pin));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify_pin, shared);
    return 0;
}
