#pragma once
/* A socket as OpenSSL's BIO: its own raises SIGPIPE when the peer has gone. */
#include <openssl/ssl.h>

/* For any number of connections; freed, after them, with BIO_meth_free(). NULL: out of memory. */
BIO_METHOD *tls_socket_bio_method(void);

/*
 * The SSL reads from and writes to that socket, which stays the caller's and outlives it. < 0: out
 * of memory.
 */
int tls_socket_bio_use(SSL *ssl, BIO_METHOD *method, int fd);
