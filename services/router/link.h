#pragma once
/*
 * The way to the controller: a unix socket on one machine; on Kubernetes a name, TLS under an
 * authority whose file may change, and a ServiceAccount's token on each call.
 */
#include "lib/rpc/channel.h"

struct link;

struct link_opts {
    const char *target;  /* "unix:…", "ipv4:…", "dns:name:port", "name:port"                */
    const char *ca_file; /* NULL: plaintext                                                   */
    const char *token_file; /* NULL: no token is sent                                            */
};

/* channel: how it connects; its tls and resolver are set here. Files are read at once:
 * INVALID_ARGUMENT "BadTlsConfig", FAILED_PRECONDITION "BadToken". Strings of opts must outlive it.
 */
int link_new(struct link **ret, struct loop *loop, const struct link_opts *opts,
             const struct rpc_channel_opts *channel, struct err *err);
void link_free(struct link *l);
DEFINE_CLEANUP(struct link *, link_free)

struct rpc_channel *link_channel(const struct link *l);
/* The file of the authority may have changed: for connections that come later. */
void link_refresh(struct link *l);
/* Puts what a call needs into opts, in that arena. */
int link_prepare(struct link *l, struct rpc_metadata *md, struct arena *arena,
                 struct rpc_call_opts *opts, struct err *err);
