#pragma once
/*
 * TLS under an http1_server: OpenSSL, ALPN "http/1.1", TLS 1.2 and 1.3, no certificates of clients.
 * The certificate can be changed at any time; connections that are open live on with the old one.
 * Its own library, `http1_tls`, so that programs without it link no OpenSSL.
 */
#include "lib/http/http1.h"

struct http1_tls;

/* Without a certificate yet: connections are closed until http1_tls_set(). */
int http1_tls_new(struct http1_tls **ret, struct err *err);
/* After the servers that use it. */
void http1_tls_free(struct http1_tls *t);
DEFINE_CLEANUP(struct http1_tls *, http1_tls_free)

/* PEM: the chain, leaf first, and its key. INVALID_ARGUMENT "BadTlsConfig": the old one stays. */
int http1_tls_set(struct http1_tls *t, const char *cert_pem, const char *key_pem, struct err *err);
bool http1_tls_is_set(const struct http1_tls *t);

/* For http1_server_opts.wrap; good as long as t. */
const struct http1_wrap *http1_tls_wrap(struct http1_tls *t);
