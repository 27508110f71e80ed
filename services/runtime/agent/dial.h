#pragma once
/*
 * A connection that the agent makes and then serves on: it dials a unix socket of the node, is the
 * HTTP/2 server there, and dials again when the connection is lost (node restarted, sandbox
 * restored from a checkpoint), for ever.
 */
#include "lib/base/err.h"

struct loop;
struct rpc_server;
struct dial;

enum { DIAL_FIRST_MS = 10, DIAL_MAX_MS = 1000 };

/* name: for the log; name and path must outlive it. Dials from the loop, at once. */
int dial_new(struct dial **ret, struct loop *loop, struct rpc_server *server, const char *name,
             const char *path, struct err *err);
/* Dials no more. Its connection is the server's. Free the server first: it may still report a
 * connection's end. */
void dial_free(struct dial *d);
DEFINE_CLEANUP(struct dial *, dial_free)
