#pragma once
/*
 * Certificates and keys in PEM (RFC 7468), from a text or a file, into an SSL_CTX. Every failure is
 * INVALID_ARGUMENT "BadTlsConfig" and names what was read, from where, and OpenSSL's reason. A key
 * under a passphrase is refused: nobody is asked for it.
 */
#include <openssl/ssl.h>

#include "lib/base/err.h"

/* The text, when there is one, wins. */
struct tls_pem {
    const char *text, *file;
};

/* The chain, leaf first. All of it is good, or it is refused: a damaged end is no shorter chain. */
int tls_pem_chain(SSL_CTX *ctx, struct tls_pem pem, struct err *err);
/* After the chain, whose leaf it must fit. */
int tls_pem_key(SSL_CTX *ctx, struct tls_pem pem, struct err *err);
/* Who may sign the peer, at least one; a server names them to its clients, too. */
int tls_pem_authorities(SSL_CTX *ctx, struct tls_pem pem, bool is_server, struct err *err);

/* The first private key of a text; NULL with tls_reason() when there is none without passphrase. */
EVP_PKEY *tls_pem_read_key(BIO *bio);

/* What OpenSSL says went wrong: the first of its queue, which says most. Empties the queue. */
const char *tls_reason(void);
