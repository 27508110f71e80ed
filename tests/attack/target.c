/*
 * rpc-attack-target: an echo server on a port of loopback for rpc-attack, with limits of time short
 * enough for a test and those of number as they are by default. /t.T/Stats answers with a line
 * "name count" for each guard. Says its address on standard output; ends with its standard input.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/rpc/server.h"

enum { MAX_HELD = 8 << 20, MAX_CONNECTIONS = 100, START_MS = 500, HEAD_MS = 500, WRITE_MS = 800 };

static void echo_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)user;
    if (rpc_call_send(call, data, n, NULL) < 0)
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "the client does not read its answers");
    rpc_call_read(call);
}

static void echo_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_OK, NULL);
}

static const struct rpc_call_ops echo_ops = {.on_message = echo_message,
                                             .on_half_close = echo_half_close};

static void on_echo(struct rpc_call *call, void *user)
{
    rpc_call_set_ops(call, &echo_ops, user);
    rpc_call_read(call);
}

/* Much for little: a megabyte, whatever is asked. */
static void on_flood(struct rpc_call *call, void *user)
{
    static const uint8_t zeros[1 << 20];

    (void)user;
    (void)rpc_call_send(call, zeros, sizeof(zeros), NULL); /* without memory the answer is empty */
    rpc_call_finish(call, RPC_OK, NULL);
}

static void on_stats(struct rpc_call *call, void *user)
{
    struct rpc_server_stats stats;
    struct buf text;

    buf_init(&text, 64 * 1024);
    rpc_server_stats(user, &stats);
    for (size_t g = 0; g < N_RPC_GUARDS; g++)
        (void)buf_appendf(&text, NULL, "%s %" PRIu64 "\n", rpc_guard_name(g), stats.guard.n[g]);
    (void)rpc_call_send(call, buf_data(&text), buf_len(&text), NULL);
    rpc_call_finish(call, RPC_OK, NULL);
    buf_done(&text);
}

static void on_stdin(struct loop_io *io, int events, void *user)
{
    (void)io;
    (void)events;
    loop_stop(user);
}

static int run(struct err *err)
{
    struct rpc_server_opts opts = {.max_connections = MAX_CONNECTIONS,
                                   .max_held = MAX_HELD,
                                   .handshake_ms = START_MS,
                                   .limits = {.head_ms = HEAD_MS, .write_ms = WRITE_MS}};
    _cleanup_(loop_freep) struct loop *loop = NULL;
    _cleanup_(rpc_server_freep) struct rpc_server *s = NULL;
    _cleanup_(loop_io_freep) struct loop_io *io = NULL;
    char address[128];

    if (loop_new(&loop, err) < 0 || rpc_server_new(&s, loop, &opts, err) < 0 ||
        rpc_server_handle(s, "/t.T/Echo", on_echo, NULL, err) < 0 ||
        rpc_server_handle(s, "/t.T/Flood", on_flood, NULL, err) < 0 ||
        rpc_server_handle(s, "/t.T/Stats", on_stats, s, err) < 0 ||
        rpc_server_listen(s, "127.0.0.1:0", NULL, address, err) < 0 ||
        loop_io_new(&io, loop, STDIN_FILENO, LOOP_READ, on_stdin, loop, err) < 0)
        return -1;
    printf("%s\n", address);
    (void)fflush(stdout);
    loop_run(loop);
    return 0;
}

int main(void)
{
    struct err err;

    if (run(&err) < 0) {
        fprintf(stderr, "rpc-attack-target: %s\n", err.msg);
        return 1;
    }
    return 0;
}
