/*
 * example-proxy ADDRESS TARGET: passes every call on to TARGET, whatever its messages are (raw
 * form: nothing is decoded). Prints the real address.
 *
 * Back-pressure: bytes count as consumed when the other half has room, so that a slow reader closes
 * the window of the one who writes, through the proxy.
 */
#include <stdio.h>
#include <string.h>

#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/server.h"

/* One call: down to the client, up to the target. Lives in down's arena, so as long as down does.
 */
struct relay {
    struct rpc_call *down, *up; /* up: NULL when it has ended */
    size_t n_down_held, n_up_held;
};

/* What n bytes from one half become, after the other half said r to them. */
static void pass(struct rpc_call *from, size_t n, int r, size_t *held)
{
    if (r == RPC_WAIT)
        *held += n;
    else
        rpc_call_consumed(from, n); /* r < 0: the other half has ended, its on_done comes */
}

static void release(struct rpc_call *from, size_t *held)
{
    if (from && *held > 0)
        rpc_call_consumed(from, *held);
    *held = 0;
}

static void fail(struct relay *relay, const struct err *err)
{
    rpc_call_abandon(relay->up);
    relay->up = NULL;
    rpc_call_fail(relay->down, err);
}

/* ---- target to client ---- */

static void up_on_headers(struct rpc_call *up, void *user)
{
    const struct rpc_metadata *md = rpc_call_headers(up);
    struct relay *relay = user;
    struct err err;
    int r = 0;

    for (size_t i = 0; r == 0 && i < md->n; i++)
        r = rpc_call_add_header(relay->down, md->fields[i].name, md->fields[i].value,
                                md->fields[i].n_value, &err);
    if (r < 0 || rpc_call_send_headers(relay->down, &err) < 0)
        fail(relay, &err);
}

static void up_on_data(struct rpc_call *up, const uint8_t *data, size_t n, void *user)
{
    struct relay *relay = user;

    pass(up, n, rpc_call_send_raw(relay->down, data, n, NULL), &relay->n_up_held);
}

static void up_on_writable(struct rpc_call *up, void *user)
{
    struct relay *relay = user;

    (void)up;
    release(relay->down, &relay->n_down_held);
}

static void up_on_done(struct rpc_call *up, const struct rpc_status *status, void *user)
{
    const struct rpc_metadata *md = rpc_call_trailers(up);
    struct relay *relay = user;
    struct err err;

    relay->up = NULL;
    for (size_t i = 0; md && i < md->n; i++) {
        if (strcmp(md->fields[i].name, "grpc-status-details-bin") == 0)
            continue; /* goes with the status */
        if (rpc_call_add_trailer(relay->down, md->fields[i].name, md->fields[i].value,
                                 md->fields[i].n_value, &err) < 0) {
            rpc_call_fail(relay->down, &err);
            return;
        }
    }
    rpc_call_finish_status(relay->down, status);
}

static const struct rpc_call_ops up_ops = {
    .on_headers = up_on_headers,
    .on_data = up_on_data,
    .on_writable = up_on_writable,
    .on_done = up_on_done,
};

/* ---- client to target ---- */

static void down_on_data(struct rpc_call *down, const uint8_t *data, size_t n, void *user)
{
    struct relay *relay = user;

    pass(down, n, relay->up ? rpc_call_send_raw(relay->up, data, n, NULL) : -1,
         &relay->n_down_held);
}

static void down_on_half_close(struct rpc_call *down, void *user)
{
    struct relay *relay = user;

    (void)down;
    if (relay->up)
        rpc_call_send_end(relay->up);
}

static void down_on_writable(struct rpc_call *down, void *user)
{
    struct relay *relay = user;

    (void)down;
    release(relay->up, &relay->n_up_held);
}

static void down_on_done(struct rpc_call *down, const struct rpc_status *status, void *user)
{
    struct relay *relay = user;

    (void)down;
    (void)status;
    rpc_call_abandon(relay->up); /* the client went first */
    relay->up = NULL;
}

static const struct rpc_call_ops down_ops = {
    .on_data = down_on_data,
    .on_half_close = down_on_half_close,
    .on_writable = down_on_writable,
    .on_done = down_on_done,
};

static uint64_t remaining_ms(const struct rpc_call *down)
{
    uint64_t deadline = rpc_call_deadline_ms(down), now = loop_now_ms(rpc_call_loop(down));

    if (deadline == CLOCK_NEVER)
        return 0;
    return deadline > now ? deadline - now : 1;
}

static void on_call(struct rpc_call *down, void *user)
{
    struct rpc_call_opts opts = {.metadata = rpc_call_headers(down),
                                 .timeout_ms = remaining_ms(down),
                                 .raw = true,
                                 .content_type = rpc_call_content_type(down)};
    struct relay *relay = arena_zalloc(rpc_call_arena(down), sizeof(*relay));
    struct rpc_channel *channel = user;
    struct err err;

    if (!relay) {
        rpc_call_finish(down, RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    relay->down = down;
    rpc_call_set_ops(down, &down_ops, relay);
    if (rpc_channel_call(channel, rpc_call_path(down), &opts, &up_ops, relay, &relay->up, &err) < 0)
        rpc_call_fail(down, &err);
}

/* ---- the program ---- */

static void on_signal(struct loop_signal *s, int signum, void *user)
{
    (void)s;
    (void)signum;
    loop_stop(user);
}

static int run(struct loop *loop, const char *address, const char *target, struct err *err)
{
    _cleanup_(rpc_channel_freep) struct rpc_channel *channel = NULL;
    _cleanup_(rpc_server_freep) struct rpc_server *server =
        NULL; /* freed first: its calls use the channel */
    struct loop_signal *term;
    char real[128];

    if (rpc_channel_new(&channel, loop, target, NULL, err) < 0 ||
        rpc_server_new(&server, loop, NULL, err) < 0)
        return -1;
    rpc_server_handle_rest_raw(server, on_call, channel);
    if (rpc_server_listen(server, address, NULL, real, err) < 0 ||
        loop_signal_new(&term, loop, SIGTERM, on_signal, loop, err) < 0)
        return -1;
    (void)printf("%s\n", real);
    (void)fflush(stdout);
    loop_run(loop);
    loop_signal_free(term);
    return 0;
}

int main(int argc, char **argv)
{
    _cleanup_(loop_freep) struct loop *loop = NULL;
    struct err err;

    if (argc != 3) {
        (void)fprintf(stderr, "usage: example-proxy ADDRESS TARGET\n");
        return 2;
    }
    if (loop_new(&loop, &err) < 0 || run(loop, argv[1], argv[2], &err) < 0) {
        (void)fprintf(stderr, "example-proxy: %s (%s)\n", err.msg, err.reason);
        return 1;
    }
    return 0;
}
