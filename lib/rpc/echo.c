/*
 * rpc-echo ADDRESS [CERT KEY [--tls-key-log FILE]]: an echo server for load generators and outside
 * suites (h2spec, rawload). /bench.Echo/Bidi and /bench.Echo/Unary alike: each message is answered
 * as it comes, the end by the status. rpc-echo-plain is the same without TLS, and without OpenSSL's
 * memory.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/limits.h"
#include "lib/rpc/server.h"
#include "lib/rpc/tls.h"

static void echo_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)user;
    if (rpc_call_send(call, data, n, NULL) < 0)
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "the client does not read its answers");
    else if (rpc_call_queued(call) + n <= LIMIT_RPC_MESSAGE) /* one more of its size has room */
        rpc_call_read(call);
}

static void echo_writable(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_read(call);
}

static void echo_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_OK, NULL);
}

static const struct rpc_call_ops echo_ops = {
    .on_message = echo_message, .on_writable = echo_writable, .on_half_close = echo_half_close};

static void on_echo(struct rpc_call *call, void *user)
{
    rpc_call_set_ops(call, &echo_ops, user);
    rpc_call_read(call);
}

static void on_signal(struct loop_signal *s, int signum, void *user)
{
    (void)s;
    (void)signum;
    loop_stop(user);
}

#ifdef ECHO_WITHOUT_TLS
static int make_tls(struct rpc_tls **ret, char **files, struct err *err)
{
    (void)ret;
    (void)files;
    return err_set(err, RPC_INVALID_ARGUMENT, "BadTlsConfig", "this program is built without TLS");
}

static void free_tls(struct rpc_tls **tls)
{
    (void)tls;
}
#else
/* files: CERT KEY [--tls-key-log FILE], then NULL. */
static int make_tls(struct rpc_tls **ret, char **files, struct err *err)
{
    struct rpc_tls_opts opts = {.is_server = true, .cert_file = files[0], .key_file = files[1]};

    if (files[2]) {
        opts.key_log_file = files[3];
        fprintf(stderr, "rpc-echo: --tls-key-log: whoever reads %s can read all connections\n",
                files[3]);
    }
    return rpc_tls_new(ret, &opts, err);
}

static void free_tls(struct rpc_tls **tls)
{
    rpc_tls_free(*tls);
}
#endif

static int run(int argc, char **argv, struct err *err)
{
    static const char *const paths[] = {"/bench.Echo/Unary", "/bench.Echo/Bidi"};
    _cleanup_(loop_freep) struct loop *loop = NULL;
    _cleanup_(free_tls) struct rpc_tls *tls = NULL;
    _cleanup_(rpc_server_freep) struct rpc_server *server = NULL;
    struct rpc_listen_opts listen = {0};
    struct loop_signal *term;
    char address[128];

    if (argc > 3 && make_tls(&tls, argv + 2, err) < 0)
        return -1;
    listen.tls = tls;
    if (loop_new(&loop, err) < 0 || rpc_server_new(&server, loop, NULL, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        if (rpc_server_handle(server, paths[i], on_echo, NULL, err) < 0)
            return -1;
    if (rpc_server_listen(server, argv[1], &listen, address, err) < 0 ||
        loop_signal_new(&term, loop, SIGTERM, on_signal, loop, err) < 0)
        return -1;
    printf("%s\n", address);
    (void)fflush(stdout);
    loop_run(loop);
    loop_signal_free(term);
    return 0;
}

int main(int argc, char **argv)
{
    struct err err;

    if (argc != 2 && argc != 4 && !(argc == 6 && strcmp(argv[4], "--tls-key-log") == 0)) {
        fprintf(stderr, "usage: rpc-echo ADDRESS [CERT KEY [--tls-key-log FILE]]\n");
        return 2;
    }
    if (run(argc, argv, &err) < 0) {
        fprintf(stderr, "rpc-echo: %s\n", err.msg);
        return 1;
    }
    return 0;
}
