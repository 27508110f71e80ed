/*
 * Interceptors with lib/rpc: a greeter that greets only who shows a token.
 *
 *   example-auth serve ADDRESS TOKEN          prints the real address
 *   example-auth greet TARGET TOKEN NAME      prints the answer; exits with 1 when the call fails
 *
 * The interceptors know nothing of the greeter, and it nothing of tokens.
 */
#include <stdio.h>
#include <string.h>

#include "greeter.rpc.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/intercept.h"
#include "lib/rpc/server.h"

/* ---- the server's interceptor ---- */

/* Takes the same time wherever they differ, so that the time tells nothing of the secret. */
static bool is_same(const char *given, const char *secret)
{
    size_t n = strlen(given), n_secret = strlen(secret);
    unsigned char differs = n != n_secret;

    for (size_t i = 0; i < n; i++)
        differs |= (unsigned char)(given[i] ^ secret[n_secret ? i % n_secret : 0]);
    return !differs;
}

static int check_token(struct rpc_call *call, void *state, void *user, struct err *err)
{
    const char *given = rpc_metadata_get(rpc_call_headers(call), "authorization");
    const char *token = user;

    (void)state;
    if (given && strncmp(given, "Bearer ", 7) == 0 && is_same(given + 7, token))
        return 0;
    return err_set(err, RPC_UNAUTHENTICATED, "BadToken",
                   "%s: send \"authorization: Bearer TOKEN\" with the server's token",
                   rpc_call_path(call));
}

static const struct rpc_interceptor checks_token = {.on_start = check_token};

/* ---- the client's ---- */

static int add_token(struct rpc_call *call, void *state, void *user, struct err *err)
{
    char value[256];
    int n = snprintf(value, sizeof(value), "Bearer %s", (const char *)user);

    (void)state;
    if (n >= (int)sizeof(value))
        return err_set(err, RPC_INVALID_ARGUMENT, "LongToken", "the token is too long");
    return rpc_call_add_header(call, "authorization", value, (size_t)n, err);
}

static const struct rpc_interceptor adds_token = {.on_start = add_token};

/* ---- the greeter ---- */

static void greet(struct rpc_call *call, const Example__V1__GreetRequest *request, void *user)
{
    Example__V1__GreetResponse response = EXAMPLE__V1__GREET_RESPONSE__INIT;
    size_t n = sizeof("Hello, !") + strlen(request->name);

    (void)user;
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

static int serve(struct loop *loop, const char *address, char *token, struct err *err)
{
    static const struct example_v1_greeter_service_impl impl = {.greet = greet};
    _cleanup_(rpc_server_freep) struct rpc_server *server = NULL;
    struct loop_signal *term;
    char real[128];

    if (rpc_server_new(&server, loop, NULL, err) < 0 ||
        rpc_server_intercept(server, &checks_token, token, err) < 0 ||
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

/* ---- asking it ---- */

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

static int greet_once(struct loop *loop, char **argv, struct err *err)
{
    _cleanup_(rpc_channel_freep) struct rpc_channel *channel = NULL;
    Example__V1__GreetRequest request = EXAMPLE__V1__GREET_REQUEST__INIT;
    struct rpc_call_opts opts = {.timeout_ms = 5000};
    struct greeting g = {.loop = loop, .err = err};

    request.name = argv[4];
    if (rpc_channel_new(&channel, loop, argv[2], NULL, err) < 0 ||
        rpc_channel_intercept(channel, &adds_token, argv[3], err) < 0 ||
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

    if (!(argc == 4 && strcmp(argv[1], "serve") == 0) &&
        !(argc == 5 && strcmp(argv[1], "greet") == 0)) {
        (void)fprintf(stderr,
                      "usage: example-auth serve ADDRESS TOKEN | greet TARGET TOKEN NAME\n");
        return 2;
    }
    r = loop_new(&loop, &err);
    if (r == 0)
        r = argc == 4 ? serve(loop, argv[2], argv[3], &err) : greet_once(loop, argv, &err);
    if (r < 0)
        (void)fprintf(stderr, "example-auth: %s (%s)\n", err.msg, err.reason);
    return r < 0;
}
