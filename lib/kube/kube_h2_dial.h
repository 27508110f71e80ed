#pragma once
/* A new connection to the API server, for kube_h2.c alone. */
#include "lib/kube/client_impl.h"
#include "lib/rpc/transport.h"

/*
 * Begins to connect; the handshake is the caller's, once the socket is writable. *ret owns the
 * socket. The client's TLS context is made with the first, and anew when the credential's
 * certificate has changed. UNAVAILABLE "ConnectFailed"; what rpc_tls_new() says.
 */
int kube_h2_dial(struct kube_client *c, struct rpc_transport **ret, struct err *err);
