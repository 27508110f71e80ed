/* Who the peer's certificate says it is, in the manner of SPIFFE. */
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
