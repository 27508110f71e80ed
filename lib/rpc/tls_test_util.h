#pragma once
/* For the tests of TLS: a server and a channel that use it. */
#include "lib/rpc/test_util.h"

#include "lib/rpc/tls.h"
#include "lib/tls/test_identity.h"

struct secure {
    struct world w;
    struct rpc_tls *server, *client;
    char address[128];
    struct talk client_talk, server_talk;
};

static inline void secure_up(struct secure *s, const struct rpc_tls_opts *server,
                             const struct rpc_tls_opts *client)
{
    struct rpc_listen_opts listen = {0};
    struct err err;

    memset(s, 0, sizeof(*s));
    s->client_talk.reads_on = s->server_talk.reads_on = s->server_talk.echoes = true;
    assert_int_equal(rpc_tls_new(&s->server, server, &err), 0);
    assert_int_equal(loop_new(&s->w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&s->w.server, s->w.loop, NULL, &err), 0);
    assert_int_equal(
        rpc_server_handle(s->w.server, "/t.T/Echo", talk_handler, &s->server_talk, &err), 0);
    listen.tls = s->server;
    assert_int_equal(rpc_server_listen(s->w.server, "127.0.0.1:0", &listen, s->address, &err), 0);
    if (client) {
        assert_int_equal(rpc_tls_new(&s->client, client, &err), 0);
        s->w.channel_opts.tls = s->client;
    }
    assert_int_equal(
        rpc_channel_new(&s->w.channel, s->w.loop, s->address, &s->w.channel_opts, &err), 0);
}

static inline void secure_down(struct secure *s)
{
    world_down(&s->w);
    rpc_tls_free(s->server);
    rpc_tls_free(s->client);
}
