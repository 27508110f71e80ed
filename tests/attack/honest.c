#include "tests/attack/honest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/rpc/channel.h"

enum { PAUSE_MS = 5, TIMEOUT_MS = 5000, CALLS_PER_CONNECTION = 20 };

struct honest {
    char address[128];
    pthread_t thread;
    atomic_bool stops;
    struct honest_figures figures;
};

struct one {
    bool is_done;
    int code;
    char message[256];
    char *reply;
    unsigned n_reply;
};

static void on_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct one *one = user;

    if (one->reply)
        (void)snprintf(one->reply, one->n_reply, "%.*s", (int)n, (const char *)data);
    rpc_call_read(call);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct one *one = user;

    (void)call;
    one->is_done = true;
    one->code = status->code;
    (void)snprintf(one->message, sizeof(one->message), "%s", status->message);
}

static const struct rpc_call_ops ops = {.on_message = on_message, .on_done = on_done};

static void ask(struct loop *loop, struct rpc_channel *ch, const char *path, struct one *one)
{
    struct rpc_call_opts opts = {.timeout_ms = TIMEOUT_MS};
    struct rpc_call *call;
    struct err err;

    if (rpc_channel_call(ch, path, &opts, &ops, one, &call, &err) < 0) {
        one->code = err.code;
        return;
    }
    (void)rpc_call_send(call, "hello", 5, NULL);
    rpc_call_send_end(call);
    rpc_call_read(call);
    while (!one->is_done)
        (void)loop_turn(loop, true);
}

static void note(struct honest_figures *f, const struct one *one, uint64_t took_ms)
{
    if (took_ms > f->worst_ms)
        f->worst_ms = took_ms;
    if (one->code == RPC_OK) {
        f->n_ok++;
    } else if (f->n_failed++ == 0) {
        (void)snprintf(f->why, sizeof(f->why), "code %d: %s", one->code, one->message);
    }
}

static void *run(void *user)
{
    struct honest *h = user;
    struct rpc_channel *ch = NULL;
    struct loop *loop;

    if (loop_new(&loop, NULL) < 0)
        return NULL;
    for (int i = 0; !atomic_load(&h->stops); i++) {
        struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
        uint64_t began_ms = clock_monotonic_ms();
        struct one one = {0};

        /* The first two share one that was there before any attack. */
        if (i % CALLS_PER_CONNECTION == 0) {
            rpc_channel_free(ch);
            if (rpc_channel_new(&ch, loop, h->address, NULL, NULL) < 0)
                break;
            h->figures.n_connections++;
        }
        ask(loop, ch, "/t.T/Echo", &one);
        note(&h->figures, &one, clock_monotonic_ms() - began_ms);
        (void)nanosleep(&pause, NULL);
    }
    rpc_channel_free(ch);
    loop_free(loop);
    return NULL;
}

struct honest *honest_start(const char *address)
{
    struct honest *h = calloc(1, sizeof(*h));

    if (!h)
        return NULL;
    (void)snprintf(h->address, sizeof(h->address), "%s", address);
    if (pthread_create(&h->thread, NULL, run, h) == 0)
        return h;
    free(h);
    return NULL;
}

void honest_stop(struct honest *h, struct honest_figures *ret)
{
    atomic_store(&h->stops, true);
    (void)pthread_join(h->thread, NULL);
    *ret = h->figures;
    free(h);
}

int honest_ask(const char *address, const char *path, char *reply, unsigned n)
{
    struct one one = {.code = RPC_UNKNOWN, .reply = reply, .n_reply = n};
    struct rpc_channel *ch;
    struct loop *loop;

    if (loop_new(&loop, NULL) < 0)
        return -1;
    if (rpc_channel_new(&ch, loop, address, NULL, NULL) == 0) {
        ask(loop, ch, path, &one);
        rpc_channel_free(ch);
    }
    loop_free(loop);
    return one.code == RPC_OK ? 0 : -1;
}
