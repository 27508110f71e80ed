/*
 * Streaming both ways with lib/rpc, with back-pressure: neither side reads faster than it can
 * answer.
 *
 *   example-chat serve ADDRESS        answers each line with the same line, numbered; prints the
 * real address example-chat talk TARGET LINE…    says the lines and prints what comes back
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "greeter.rpc.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/server.h"

/* ---- the server ---- */

struct talk {
    uint32_t n_lines;
};

static void server_on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Example__V1__ChatRequest *request = (const Example__V1__ChatRequest *)msg;
    Example__V1__ChatResponse response = EXAMPLE__V1__CHAT_RESPONSE__INIT;
    struct talk *talk = user;
    struct err err;
    int r;

    response.line = request->line;
    response.number = ++talk->n_lines;
    r = example_v1_greeter_service_chat_reply(call, &response, &err);
    if (r < 0)
        rpc_call_fail(call, &err);
    else if (r != RPC_WAIT)
        rpc_call_read(call); /* the next one; otherwise when on_writable says that there is room */
}

static void server_on_writable(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_read(call);
}

static void server_on_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_OK, NULL);
}

static const struct rpc_msg_ops server_ops = {
    .on_message = server_on_message,
    .on_writable = server_on_writable,
    .on_half_close = server_on_half_close,
};

static void chat(struct rpc_call *call, void *user)
{
    struct talk *talk = arena_zalloc(rpc_call_arena(call), sizeof(*talk));

    (void)user;
    if (!talk) {
        rpc_call_finish(call, RPC_RESOURCE_EXHAUSTED, "out of memory");
        return;
    }
    example_v1_greeter_service_chat_accept(call, &server_ops, talk);
    rpc_call_read(call);
}

static void on_signal(struct loop_signal *s, int signum, void *user)
{
    (void)s;
    (void)signum;
    loop_stop(user);
}

static int serve(struct loop *loop, const char *address, struct err *err)
{
    static const struct example_v1_greeter_service_impl impl = {.chat = chat};
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

struct talker {
    struct loop *loop;
    char **lines; /* NULL ends them */
    struct err *err;
    int result;
};

/* Says lines while there is room for them, and hangs up after the last. */
static void say(struct rpc_call *call, struct talker *t)
{
    int r = 0;

    while (*t->lines && r == 0) {
        Example__V1__ChatRequest request = EXAMPLE__V1__CHAT_REQUEST__INIT;

        request.line = *t->lines++;
        r = example_v1_greeter_service_chat_send(call, &request, t->err);
    }
    if (r < 0)
        rpc_call_cancel(call, t->err->code, t->err->msg);
    else if (!*t->lines)
        rpc_call_send_end(call);
}

static void client_on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Example__V1__ChatResponse *response = (const Example__V1__ChatResponse *)msg;

    (void)user;
    (void)printf("%" PRIu32 ": %s\n", response->number, response->line);
    rpc_call_read(call);
}

static void client_on_writable(struct rpc_call *call, void *user)
{
    say(call, user);
}

static void client_on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct talker *t = user;

    (void)call;
    if (status->code != RPC_OK)
        t->result = rpc_status_to_err(status, t->err);
    loop_stop(t->loop);
}

static const struct rpc_msg_ops client_ops = {
    .on_message = client_on_message,
    .on_writable = client_on_writable,
    .on_done = client_on_done,
};

static int talk(struct loop *loop, const char *target, char **lines, struct err *err)
{
    _cleanup_(rpc_channel_freep) struct rpc_channel *channel = NULL;
    struct talker t = {.loop = loop, .lines = lines, .err = err};
    struct rpc_call_opts opts = {.timeout_ms = 30000};
    struct rpc_call *call;

    if (rpc_channel_new(&channel, loop, target, NULL, err) < 0 ||
        example_v1_greeter_service_chat(channel, &opts, &client_ops, &t, &call, err) < 0)
        return -1;
    rpc_call_read(call);
    say(call, &t);
    loop_run(loop);
    return t.result;
}

int main(int argc, char **argv)
{
    _cleanup_(loop_freep) struct loop *loop = NULL;
    struct err err;
    int r;

    if (!(argc == 3 && strcmp(argv[1], "serve") == 0) &&
        !(argc >= 3 && strcmp(argv[1], "talk") == 0)) {
        (void)fprintf(stderr, "usage: example-chat serve ADDRESS | talk TARGET LINE...\n");
        return 2;
    }
    r = loop_new(&loop, &err);
    if (r == 0)
        r = strcmp(argv[1], "serve") == 0 ? serve(loop, argv[2], &err)
                                          : talk(loop, argv[2], argv + 3, &err);
    if (r < 0)
        (void)fprintf(stderr, "example-chat: %s (%s)\n", err.msg, err.reason);
    return r < 0;
}
