#pragma once
/*
 * Requests over HTTP/2 and TLS by lib/rpc's session: the ordinary way to an API server that has an
 * address. libcurl does the same and everything else (plain HTTP, HTTP/1.1, proxies, names that
 * must be looked up) for some five times the processor time and 10 MiB of memory, so it is loaded
 * only where it is needed. Inside lib/kube: kube_conn.c chooses.
 */
#include "lib/kube/client_impl.h"

/* Whether this is for the client's server. */
bool kube_h2_fits(const struct kube_client *c);

/* call->easy's place is taken by call->h2. kube_call_finished() is called for it, from a kick or
 * from the loop, with one of libcurl's codes and call->why. */
int kube_h2_start(struct kube_conn *conn, struct kube_call *call, struct err *err);
/* Takes it back: what is under way is reset. */
void kube_h2_stop(struct kube_call *call);
/* Sends what is to be sent, ends what is late. */
void kube_h2_kick(struct kube_conn *conn);
/* All connections go; their calls must have been taken back. */
void kube_h2_close(struct kube_conn *conn);
