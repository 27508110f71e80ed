/*
 * What a peer sends, against the whole of our server and our client. First byte: bit 0 the role (1:
 * we are the client), the rest how many bytes come per turn. A client's preface and SETTINGS are
 * put before the input.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/rpc/channel.h"
#include "lib/rpc/server.h"

enum { CALLS = 4, MAX_INPUT = 16 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
static const uint8_t settings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};

static void echo_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)user;
    (void)rpc_call_send(call, data, n, NULL);
    rpc_call_read(call);
}

static void echo_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_OK, NULL);
}

static void raw_data(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)user;
    (void)rpc_call_send_raw(call, data, n, NULL);
    rpc_call_consumed(call, n);
}

static void done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    (void)call;
    (void)user;
    assert(status->message && status->code >= 0);
}

static const struct rpc_call_ops echo_ops = {
    .on_message = echo_message, .on_half_close = echo_half_close, .on_done = done};
static const struct rpc_call_ops raw_ops = {
    .on_data = raw_data, .on_half_close = echo_half_close, .on_done = done};

static void on_echo(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_set_ops(call, &echo_ops, NULL);
    rpc_call_read(call);
}

static void on_drop(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_abandon(call);
}

static void on_rest(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_set_ops(call, &raw_ops, NULL);
}

static void feed(struct loop *loop, int fd, const uint8_t *data, size_t n, size_t step)
{
    uint8_t out[4096];

    while (n > 0) {
        ssize_t sent = send(fd, data, MIN(n, step), MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && errno != EAGAIN)
            break;
        if (sent > 0) {
            data += sent;
            n -= (size_t)sent;
        }
        (void)loop_turn(loop, false);
        while (recv(fd, out, sizeof(out), MSG_DONTWAIT) > 0)
            ;
    }
    for (int i = 0; i < 3; i++)
        (void)loop_turn(loop, false);
}

static void run_server(const uint8_t *data, size_t n, size_t step)
{
    struct rpc_server *s;
    struct loop *loop;
    int sv[2], r;

    r = loop_new(&loop, NULL) | rpc_server_new(&s, loop, NULL, NULL);
    r |= rpc_server_handle(s, "/e", on_echo, NULL, NULL) |
         rpc_server_handle(s, "/d", on_drop, NULL, NULL);
    r |= socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    assert(r == 0);
    rpc_server_handle_rest_raw(s, on_rest, NULL);
    r = rpc_server_serve_fd(s, sv[0], NULL, NULL, NULL);
    assert(r == 0);
    feed(loop, sv[1], preface, sizeof(preface) - 1, SIZE_MAX);
    feed(loop, sv[1], data, n, step);
    rpc_server_free(s);
    (void)close(sv[1]);
    loop_free(loop);
}

static void run_client(const uint8_t *data, size_t n, size_t step)
{
    struct rpc_channel *ch;
    struct loop *loop;
    int sv[2], r;

    r = loop_new(&loop, NULL) | socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
    assert(r == 0);
    r = rpc_channel_new_fd(&ch, loop, sv[0], NULL, NULL);
    assert(r == 0);
    feed(loop, sv[1], settings, sizeof(settings), SIZE_MAX);
    for (int i = 0; i < CALLS; i++) {
        struct rpc_call_opts opts = {.raw = i == 3};
        struct rpc_call *call;

        r = rpc_channel_call(ch, "/e", &opts, i == 3 ? &raw_ops : &echo_ops, NULL, &call, NULL);
        assert(r == 0);
        if (i < 2)
            rpc_call_read(call);
        if (i % 2 == 0)
            rpc_call_send_end(call);
    }
    feed(loop, sv[1], data, n, step);
    rpc_channel_free(ch);
    (void)close(sv[1]);
    loop_free(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t step;

    if (size < 2 || size > MAX_INPUT)
        return 0;
    step = (data[0] >> 1) ? (size_t)(data[0] >> 1) * 4 : SIZE_MAX;
    if (data[0] & 1)
        run_client(data + 1, size - 1, step);
    else
        run_server(data + 1, size - 1, step);
    return 0;
}
