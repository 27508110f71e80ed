#pragma once
/* For the tests of lib/rpc: a server and a channel on one loop, and calls that write down what they
 * were told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/socket.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/server.h"

struct world {
    struct loop *loop;
    struct rpc_server *server;
    struct rpc_channel *channel;
    struct rpc_server_opts server_opts;
    struct rpc_channel_opts channel_opts;
};

/* One end of a conversation, client or server. */
struct talk {
    struct rpc_call *call;
    struct world *world;
    int n_headers, n_messages, n_half_close, n_writable, n_done;
    int code;
    char message[256];
    char reason[ERR_REASON_MAX];
    char last[256]; /* the last message, as text     */
    size_t n_bytes; /* of all messages               */
    bool reads_on;  /* asks for the next one at once */
    bool echoes;
};

static inline void world_up(struct world *w)
{
    struct err err;
    int sv[2];

    assert_int_equal(loop_new(&w->loop, &err), 0);
    assert_int_equal(rpc_server_new(&w->server, w->loop, &w->server_opts, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    assert_int_equal(rpc_server_serve_fd(w->server, sv[0], NULL, NULL, &err), 0);
    assert_int_equal(rpc_channel_new_fd(&w->channel, w->loop, sv[1], &w->channel_opts, &err), 0);
}

static inline void world_down(struct world *w)
{
    rpc_channel_free(w->channel);
    rpc_server_free(w->server);
    loop_free(w->loop);
    *w = (struct world){0};
}

/* Turns the loop until *n reaches want; fails after 10 s. */
static inline void run_until(struct world *w, const int *n, int want)
{
    uint64_t end = clock_monotonic_ms() + 10000;

    while (*n < want) {
        (void)loop_turn(w->loop, false);
        if (clock_monotonic_ms() > end)
            fail_msg("waited for %d, there are %d", want, *n);
    }
}

/* Turns the loop until the condition holds; fails after 10 s. */
#define RUN_WHILE(w, condition)                                                                    \
    do {                                                                                           \
        uint64_t end_ = clock_monotonic_ms() + 10000;                                              \
        while (condition) {                                                                        \
            (void)loop_turn((w)->loop, false);                                                     \
            if (clock_monotonic_ms() > end_)                                                       \
                fail_msg("still %s", #condition);                                                  \
        }                                                                                          \
    } while (0)

static inline void run_for(struct world *w, uint64_t ms)
{
    uint64_t end = clock_monotonic_ms() + ms;

    while (clock_monotonic_ms() < end)
        (void)loop_turn(w->loop, false);
}

static inline void talk_headers(struct rpc_call *call, void *user)
{
    struct talk *t = user;

    (void)call;
    t->n_headers++;
}

static inline void talk_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct talk *t = user;
    struct err err;

    t->n_messages++;
    t->n_bytes += n;
    (void)snprintf(t->last, sizeof(t->last), "%.*s", (int)(n > 200 ? 200 : n), (const char *)data);
    if (t->echoes)
        assert_true(rpc_call_send(call, data, n, &err) >= 0);
    if (t->reads_on)
        rpc_call_read(call);
}

static inline void talk_half_close(struct rpc_call *call, void *user)
{
    struct talk *t = user;

    t->n_half_close++;
    if (t->echoes)
        rpc_call_finish(call, 0, NULL);
}

static inline void talk_writable(struct rpc_call *call, void *user)
{
    struct talk *t = user;

    (void)call;
    t->n_writable++;
}

static inline void talk_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct talk *t = user;

    assert_ptr_equal(t->call, call);
    t->n_done++;
    t->code = status->code;
    (void)snprintf(t->message, sizeof(t->message), "%s", status->message);
    (void)snprintf(t->reason, sizeof(t->reason), "%s", status->reason);
    t->call = NULL;
}

static const struct rpc_call_ops talk_ops = {
    .on_headers = talk_headers,
    .on_message = talk_message,
    .on_half_close = talk_half_close,
    .on_writable = talk_writable,
    .on_done = talk_done,
};

/* A handler that notes what comes in the talk given as user. */
static inline void talk_handler(struct rpc_call *call, void *user)
{
    struct talk *t = user;

    t->call = call;
    rpc_call_set_ops(call, &talk_ops, t);
    if (t->reads_on)
        rpc_call_read(call);
}

static inline void talk_start(struct world *w, struct talk *t, const char *path,
                              const struct rpc_call_opts *opts)
{
    struct err err;

    t->world = w;
    assert_int_equal(rpc_channel_call(w->channel, path, opts, &talk_ops, t, &t->call, &err), 0);
}
