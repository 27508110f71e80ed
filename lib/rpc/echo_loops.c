/*
 * rpc-echo-loops N ADDRESS: rpc-echo on N loops (0: one per CPU), plaintext, for bench/rpc and as
 * an example of lib/rpc/loops.h. SIGTERM drains it, five seconds at most.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/rpc/loops.h"

enum { DRAIN_MS = 5000 };

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

/* On each loop's own thread. */
static int set_up(struct rpc_server *s, struct loop *loop, unsigned index,
                  struct rpc_listen_opts *listen, void *user, struct err *err)
{
    (void)loop;
    (void)index;
    (void)listen;
    if (rpc_server_handle(s, "/bench.Echo/Unary", on_echo, user, err) < 0)
        return -1;
    return rpc_server_handle(s, "/bench.Echo/Bidi", on_echo, user, err);
}

static int run(unsigned n, const char *address, struct err *err)
{
    _cleanup_(rpc_loops_freep) struct rpc_loops *loops = NULL;
    struct rpc_loops_opts opts = {.n_loops = n, .setup = set_up};
    struct rpc_server_stats stats;
    char real[128];
    sigset_t ends;
    int signum;

    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &ends, NULL);
    if (rpc_loops_new(&loops, &opts, err) < 0 || rpc_loops_listen(loops, address, real, err) < 0)
        return -1;
    printf("%s\n", real);
    (void)fflush(stdout);
    (void)sigwait(&ends, &signum);
    rpc_loops_drain(loops, clock_add(clock_monotonic_ms(), DRAIN_MS));
    rpc_loops_stats(loops, &stats);
    fprintf(stderr, "rpc-echo-loops: %u loops, %llu connections, %llu calls\n",
            rpc_loops_count(loops), (unsigned long long)stats.n_connections_total,
            (unsigned long long)stats.n_calls_total);
    return 0;
}

int main(int argc, char **argv)
{
    struct err err;
    char *end;
    unsigned long n;

    if (argc != 3) {
        fprintf(stderr, "usage: rpc-echo-loops N ADDRESS\n");
        return 2;
    }
    errno = 0;
    n = strtoul(argv[1], &end, 10);
    if (errno || *end || end == argv[1] || n > 256) {
        fprintf(stderr, "rpc-echo-loops: N is a number of loops up to 256, 0 for one per CPU\n");
        return 2;
    }
    if (run((unsigned)n, argv[2], &err) < 0) {
        fprintf(stderr, "rpc-echo-loops: %s\n", err.msg);
        return 1;
    }
    return 0;
}
