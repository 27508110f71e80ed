#pragma once
/* A TCP port whose connections go to an http1_server. */
#include "lib/http/http1.h"

struct http1_listener;

/*
 * address as Go's net.Listen takes it: ":8080" (all addresses, IPv6 where there is), "10.0.0.1:80",
 * "[::1]:80", "localhost:80", port 0 for a free one. FAILED_PRECONDITION "AddressInUse",
 * INVALID_ARGUMENT "BadAddress". The server must outlive the listener.
 */
int http1_listen(struct http1_listener **ret, struct loop *loop, const char *address,
                 struct http1_server *server, struct err *err);
/* Takes no more; connections live on. NULL is fine. */
void http1_listener_free(struct http1_listener *l);
DEFINE_CLEANUP(struct http1_listener *, http1_listener_free)

uint16_t http1_listener_port(const struct http1_listener *l);
