#pragma once
/* For the tests of channels: a resolver that answers what the test says, and servers on 127.0.0.1,
 * .2 and .3, all with one port. */
#include "lib/rpc/test_util.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "lib/rpc/resolver.h"

enum { N_HOSTS = 3 };

/* ---- a resolver that answers what the test says ---- */

struct fake {
    struct rpc_resolver base; /* first */
    struct loop_task *task;
    struct rpc_address target;
    rpc_lookup_fn fn;
    void *user;
    int hosts[N_HOSTS]; /* n: 127.0.0.n; 0 ends */
    int n_lookups;
};

static inline void fake_answer(struct loop_task *t, void *user)
{
    struct fake *f = user;
    struct rpc_address addresses[N_HOSTS];
    rpc_lookup_fn fn = f->fn;
    struct err why;
    size_t n = 0;

    (void)t;
    f->fn = NULL;
    if (!fn)
        return;
    err_set(&why, RPC_UNAVAILABLE, "NameNotFound", "looking up %s: no", f->target.host);
    for (; n < N_HOSTS && f->hosts[n]; n++) {
        struct sockaddr_in sa = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(0x7f000000u + (uint32_t)f->hosts[n])};

        rpc_address_set(&addresses[n], &f->target, (struct sockaddr *)&sa, sizeof(sa));
    }
    fn(addresses, n, &why, f->user);
}

static inline int fake_lookup(struct rpc_resolver *r, const struct rpc_address *target,
                              rpc_lookup_fn fn, void *user, struct rpc_lookup **ret,
                              struct err *err)
{
    struct fake *f = CONTAINER_OF(r, struct fake, base);

    (void)err;
    f->target = *target;
    f->fn = fn;
    f->user = user;
    f->n_lookups++;
    *ret = (struct rpc_lookup *)(void *)f;
    loop_task_schedule(f->task);
    return 0;
}

static inline void fake_cancel(struct rpc_lookup *l)
{
    ((struct fake *)(void *)l)->fn = NULL;
}

/* ---- servers on 127.0.0.1, .2, .3, all with one port ---- */

struct net {
    struct world w; /* its loop and channel */
    struct fake fake;
    struct rpc_server *servers[N_HOSTS];
    struct talk talks[N_HOSTS];
    int n_calls[N_HOSTS];
    uint16_t port;
};

static inline void on_count(struct rpc_call *call, void *user)
{
    ++*(int *)user;
    rpc_call_finish(call, RPC_OK, NULL);
}

static inline int try_listen(struct net *n, int i, char *ret)
{
    char address[64];
    struct err err;

    (void)snprintf(address, sizeof(address), "127.0.0.%d:%u", i + 1, n->port);
    assert_int_equal(rpc_server_new(&n->servers[i], n->w.loop, NULL, &err), 0);
    assert_int_equal(rpc_server_handle(n->servers[i], "/t.T/Count", on_count, &n->n_calls[i], &err),
                     0);
    return rpc_server_listen(n->servers[i], address, NULL, ret, &err);
}

static inline void server_start(struct net *n, int i)
{
    char address[128];

    assert_int_equal(try_listen(n, i, address), 0);
    n->port = (uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10);
}

static inline void server_stop(struct net *n, int i)
{
    rpc_server_free(n->servers[i]);
    n->servers[i] = NULL;
}

static inline void net_up(struct net *n)
{
    struct err err;

    memset(n, 0, sizeof(*n));
    assert_int_equal(loop_new(&n->w.loop, &err), 0);
    n->fake.base = (struct rpc_resolver){.lookup = fake_lookup, .cancel = fake_cancel};
    assert_int_equal(loop_task_new(&n->fake.task, n->w.loop, fake_answer, &n->fake, &err), 0);
    server_start(n, 0);
}

/* n->w.channel_opts are used too. */
static inline void net_channel(struct net *n, enum rpc_balance balance,
                               struct rpc_resolver *resolver)
{
    struct rpc_channel_opts opts = n->w.channel_opts;
    char target[64];
    struct err err;

    opts.resolver = resolver ? resolver : &n->fake.base;
    opts.balance = balance;
    opts.backoff_first_ms = 10;
    opts.backoff_max_ms = 20;
    (void)snprintf(target, sizeof(target), "dns:test.example:%u", n->port);
    assert_int_equal(rpc_channel_new(&n->w.channel, n->w.loop, target, &opts, &err), 0);
}

static inline void net_down(struct net *n)
{
    rpc_channel_free(n->w.channel);
    for (int i = 0; i < N_HOSTS; i++)
        rpc_server_free(n->servers[i]);
    loop_task_free(n->fake.task);
    loop_free(n->w.loop);
}

/* One call; its status code. */
static inline int call_once(struct net *n, bool waits)
{
    struct rpc_call_opts opts = {.wait_for_ready = waits};
    struct talk t = {0};

    talk_start(&n->w, &t, "/t.T/Count", &opts);
    run_until(&n->w, &t.n_done, 1);
    return t.code;
}
