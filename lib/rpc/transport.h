#pragma once
/* How bytes travel over a connection's descriptor: as they are, or through TLS (lib/rpc/tls.h). */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

enum { RPC_TRANSPORT_AGAIN = -2 }; /* of read and write: later; handshake: not yet done */

struct rpc_transport;

struct rpc_transport_ops {
    /* 0 when bytes may flow, RPC_TRANSPORT_AGAIN, or -1 with *err. */
    int (*handshake)(struct rpc_transport *t, struct err *err);
    /* > 0 bytes, 0 at the end of the stream, RPC_TRANSPORT_AGAIN, or -1 with *err. */
    ssize_t (*read)(struct rpc_transport *t, uint8_t *to, size_t max, struct err *err);
    ssize_t (*write)(struct rpc_transport *t, const uint8_t *data, size_t n, struct err *err);
    /* Says the transport's own last word and frees it. Returns the descriptor, now the caller's;
     * -1: it was taken before. */
    int (*release)(struct rpc_transport *t);
};

struct rpc_transport {
    const struct rpc_transport_ops *ops;
    int fd;
    bool is_tls;
    bool wants_read,
        wants_write; /* set with RPC_TRANSPORT_AGAIN by the handshake, write and read */
    /* TLS, after the handshake. The first two are malloc()ed; who takes one sets it to NULL. */
    char *peer_name;     /* verified subject of the peer's certificate, or NULL           */
    char *spiffe_id;     /* of that certificate, or NULL                                  */
    const char *version; /* "TLSv1.3"                                                     */
    const char *cipher;  /* "TLS_AES_256_GCM_SHA384"                                      */
    bool is_resumed;
};

/* What a listener or a channel with TLS is given; lib/rpc/tls.c is behind it, so that plain
 * programs link no OpenSSL. */
struct rpc_tls_peer {
    const char *host;   /* client: the name to be verified; server: NULL            */
    const char *target; /* client: sessions are kept by this; NULL: none is resumed */
};

struct rpc_tls {
    /* Owns fd on success. */
    int (*wrap)(const struct rpc_tls *tls, int fd, const struct rpc_tls_peer *peer,
                struct rpc_transport **ret, struct err *err);
};

/* Owns fd on success: a connected stream socket, non-blocking. */
int rpc_transport_plain(int fd, struct rpc_transport **ret, struct err *err);
