/*
 * rpc-client ADDRESS CALLS BYTES SECONDS: what lib/rpc's own client costs. So many unary calls are
 * under way, a new one for each that ends, on one connection to a server that echoes
 * /bench.Echo/Unary. Prints one line of JSON: calls per second, own CPU per call, RssAnon.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/rpc/load.h"
#include "lib/base/clock.h"
#include "lib/rpc/channel.h"

static struct {
    struct rpc_channel *channel;
    uint8_t *message;
    size_t n_message;
    uint64_t n_done, n_failed, end_ms;
    unsigned n_open;
    struct loop *loop;
} b;

static _noreturn_ void die_of(const struct err *err)
{
    (void)fprintf(stderr, "rpc-client: %s\n", err->msg);
    exit(1);
}

static void start(void);

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    (void)call;
    (void)user;
    b.n_done++;
    b.n_failed += status->code != RPC_OK;
    b.n_open--;
    if (loop_now_ms(b.loop) < b.end_ms)
        start();
    else if (b.n_open == 0)
        loop_stop(b.loop);
}

static void on_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)call;
    (void)data;
    (void)user;
    b.n_failed += n != b.n_message;
}

static const struct rpc_call_ops ops = {.on_message = on_message, .on_done = on_done};

static void start(void)
{
    static const struct rpc_call_opts opts = {.unary_response = true, .wait_for_ready = true};
    struct rpc_call *call;
    struct err err;

    if (rpc_channel_call(b.channel, "/bench.Echo/Unary", &opts, &ops, NULL, &call, &err) < 0 ||
        rpc_call_send(call, b.message, b.n_message, &err) < 0)
        die_of(&err);
    rpc_call_send_end(call);
    rpc_call_read(call);
    b.n_open++;
}

static double cpu_seconds(void)
{
    struct rusage u;

    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv)
{
    double seconds, cpu;
    struct err err;

    if (argc != 5) {
        (void)fprintf(stderr, "usage: rpc-client ADDRESS CALLS BYTES SECONDS\n");
        return 2;
    }
    seconds = strtod(argv[4], NULL);
    b.n_message = (size_t)strtoul(argv[3], NULL, 10);
    b.message = calloc(1, b.n_message + 1);
    if (!b.message || loop_new(&b.loop, &err) < 0 ||
        rpc_channel_new(&b.channel, b.loop, argv[1], NULL, &err) < 0)
        die_of(&err);
    b.end_ms = clock_monotonic_ms() + (uint64_t)(seconds * 1000);
    for (int i = atoi(argv[2]); i > 0; i--)
        start();
    loop_run(b.loop);
    cpu = cpu_seconds() * 1e6 / (double)(b.n_done > 0 ? b.n_done : 1);
    printf("{\"ops\": %lu, \"ops_s\": %.0f, \"gb_s\": %.4f, \"cpu_us\": %.3f, \"anon_kib\": %ld, "
           "\"errors\": %lu}\n",
           b.n_done, (double)b.n_done / seconds, (double)(b.n_done * b.n_message) / seconds / 1e9,
           cpu, process_kib(getpid(), "status", "RssAnon:"), b.n_failed);
    rpc_channel_free(b.channel);
    loop_free(b.loop);
    free(b.message);
    return 0;
}
