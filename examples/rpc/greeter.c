/*
 * Unary calls with lib/rpc.
 *
 *   example-greeter serve ADDRESS         unix:/tmp/greeter.sock, 127.0.0.1:8080, …; prints the
 * real address example-greeter greet TARGET NAME     prints the answer; exits with 1 when the call
 * fails
 */
#include <stdio.h>
#include <string.h>

#include "greeter.rpc.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/server.h"

/* ---- the server ---- */

static void greet(struct rpc_call *call, const Example__V1__GreetRequest *request, void *user)
{
    Example__V1__GreetResponse response = EXAMPLE__V1__GREET_RESPONSE__INIT;
    size_t n = sizeof("Hello, !") + strlen(request->name);
    struct err err;

    (void)user;
    if (request->name[0] == '\0') {
        (void)err_set(&err, RPC_INVALID_ARGUMENT, "NameMissing",
                      "name is empty: who is to be greeted?");
        rpc_call_fail(call, &err);
        return;
    }
    /* What lives in the call's arena is freed with the call. */
    response.text = arena_alloc(rpc_call_arena(call), n);
    if (!response.text) {
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    (void)snprintf(response.text, n, "Hello, %s!", request->name);
    example_v1_greeter_service_greet_reply(call, &response);
}

static void on_signal(struct loop_signal *s, int signum, void *user)
{
    (void)s;
    (void)signum;
    loop_stop(user);
}

static int serve(struct loop *loop, const char *address, struct err *err)
{
    static const struct example_v1_greeter_service_impl impl = {.greet = greet};
    _cleanup_(rpc_server_freep) struct rpc_server *server = NULL;
    struct loop_signal *term;
    char real[128];

    if (rpc_server_new(&server, loop, NULL, err) < 0 ||
        example_v1_greeter_service_register(server, &impl, err) < 0 ||
        rpc_server_listen(server, address, NULL, real, err) < 0 ||
        loop_signal_new(&term, loop, SIGTERM, on_signal, loop, err) < 0)
        return -1;
    (void)printf("%s\n", real);
    (void)fflush(stdout);
    loop_run(loop);
    loop_signal_free(term);
    return 0;
}

/* ---- the client ---- */

struct greeting {
    struct loop *loop;
    struct err *err;
    int result;
};

static void on_reply(struct rpc_call *call, const ProtobufCMessage *reply,
                     const struct rpc_status *status, void *user)
{
    struct greeting *g = user;

    (void)call;
    if (status->code == RPC_OK)
        (void)printf("%s\n", ((const Example__V1__GreetResponse *)reply)->text);
    else
        g->result = rpc_status_to_err(status, g->err);
    loop_stop(g->loop);
}

static int greet_once(struct loop *loop, const char *target, char *name, struct err *err)
{
    _cleanup_(rpc_channel_freep) struct rpc_channel *channel = NULL;
    Example__V1__GreetRequest request = EXAMPLE__V1__GREET_REQUEST__INIT;
    struct rpc_call_opts opts = {.timeout_ms = 5000};
    struct greeting g = {.loop = loop, .err = err};

    request.name = name;
    if (rpc_channel_new(&channel, loop, target, NULL, err) < 0 ||
        example_v1_greeter_service_greet(channel, &opts, &request, on_reply, &g, NULL, err) < 0)
        return -1;
    loop_run(loop);
    return g.result;
}

int main(int argc, char **argv)
{
    _cleanup_(loop_freep) struct loop *loop = NULL;
    struct err err;
    int r;

    if (!(argc == 3 && strcmp(argv[1], "serve") == 0) &&
        !(argc == 4 && strcmp(argv[1], "greet") == 0)) {
        (void)fprintf(stderr, "usage: example-greeter serve ADDRESS | greet TARGET NAME\n");
        return 2;
    }
    r = loop_new(&loop, &err);
    if (r == 0)
        r = argc == 3 ? serve(loop, argv[2], &err) : greet_once(loop, argv[2], argv[3], &err);
    if (r < 0)
        (void)fprintf(stderr, "example-greeter: %s (%s)\n", err.msg, err.reason);
    return r < 0;
}
