#include "services/router/link.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/rpc/dns.h"
#include "lib/rpc/tls.h"
#include "services/router/token.h"

/* While a controller is replaced its Service swallows what is sent to it: a try that waits long
 * would miss the one that comes. One whose machine is gone says nothing at all. */
enum { CONNECT_MS = 2000, KEEPALIVE_MS = 10 * 1000, KEEPALIVE_TIMEOUT_MS = 5 * 1000 };

struct link {
    struct loop *loop;
    struct link_opts opts;
    struct rpc_resolver *resolver; /* NULL: the target is no name */
    struct rpc_tls *tls;           /* NULL: plaintext             */
    struct token token;            /* path NULL: none             */
    struct rpc_channel *channel;
};

static bool is_name(const char *target)
{
    return strncmp(target, "unix:", 5) != 0 && strncmp(target, "ipv4:", 5) != 0 &&
           strncmp(target, "ipv6:", 5) != 0;
}

static struct rpc_tls_opts tls_opts(const struct link *l)
{
    return (struct rpc_tls_opts){.ca_file = l->opts.ca_file};
}

int link_new(struct link **ret, struct loop *loop, const struct link_opts *opts,
             const struct rpc_channel_opts *channel, struct err *err)
{
    _cleanup_(link_freep) struct link *l = calloc(1, sizeof(*l));
    struct rpc_channel_opts own = *channel;
    struct rpc_tls_opts tls;

    if (!l)
        return err_oom(err);
    l->loop = loop;
    l->opts = *opts;
    tls = tls_opts(l);
    if ((opts->ca_file && rpc_tls_new(&l->tls, &tls, err) < 0) ||
        (is_name(opts->target) && rpc_dns_new(&l->resolver, loop, NULL, err) < 0) ||
        (opts->token_file && token_init(&l->token, opts->token_file, loop_now_ms(loop), err) < 0))
        return err_wrap(err, "the controller");
    own.tls = l->tls;
    own.resolver = l->resolver;
    own.connect_timeout_ms = CONNECT_MS;
    if (strncmp(opts->target, "unix:", 5) != 0) {
        own.keepalive_ms = KEEPALIVE_MS;
        own.keepalive_timeout_ms = KEEPALIVE_TIMEOUT_MS;
    }
    if (rpc_channel_new(&l->channel, loop, opts->target, &own, err) < 0)
        return -1;
    *ret = TAKE_PTR(l);
    return 0;
}

void link_free(struct link *l)
{
    if (!l)
        return;
    rpc_channel_free(l->channel);
    rpc_dns_free(l->resolver);
    rpc_tls_free(l->tls);
    token_done(&l->token);
    free(l);
}

struct rpc_channel *link_channel(const struct link *l)
{
    return l->channel;
}

void link_refresh(struct link *l)
{
    struct rpc_tls_opts tls = tls_opts(l);
    struct err err;

    if (l->tls && rpc_tls_reload(l->tls, &tls, &err) < 0)
        log_warn("keeping the authority that was read last", LOG_ERR(&err));
}

int link_prepare(struct link *l, struct rpc_metadata *md, struct arena *arena,
                 struct rpc_call_opts *opts, struct err *err)
{
    char value[TOKEN_MAX + 8];

    if (!l->token.path)
        return 0;
    rpc_metadata_init(md, arena);
    (void)snprintf(value, sizeof(value), "Bearer %.*s", TOKEN_MAX,
                   token_text(&l->token, loop_now_ms(l->loop)));
    if (rpc_metadata_add_str(md, "authorization", value, err) < 0)
        return -1;
    opts->metadata = md;
    return 0;
}
