#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/node.pb-c.h"
#include "lib/base/clock.h"

static const int client_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void on_signal(struct loop_signal *s _unused_, int signum, void *user)
{
    struct client *c = user;

    c->interrupted = signum;
}

int client_init(struct client *c, const char *run_dir, struct err *err)
{
    *c = (struct client){.run_dir = run_dir};
    c->is_traced = rpc_trace_environment(&c->trace) == 0;
    if (loop_new(&c->loop, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(client_signals); i++)
        if (loop_signal_new(&c->signals[i], c->loop, client_signals[i], on_signal, c, err) < 0)
            return -1;
    return 0;
}

void client_disconnect(struct client *c)
{
    rpc_channel_free(TAKE_PTR(c->controller));
    rpc_channel_free(TAKE_PTR(c->router));
    rpc_channel_free(TAKE_PTR(c->node));
}

void client_done(struct client *c)
{
    client_disconnect(c);
    for (size_t i = 0; i < ARRAY_SIZE(client_signals); i++)
        loop_signal_free(c->signals[i]);
    loop_free(c->loop);
    *c = (struct client){0};
}

static int channel_open(struct client *c, const char *socket, struct rpc_channel **ret,
                        struct err *err)
{
    const struct rpc_channel_opts opts = {.backoff_first_ms = 20, .backoff_max_ms = 500};
    char target[256], *path = target + strlen("unix:");

    if ((size_t)snprintf(target, sizeof(target), "unix:%s/%s", c->run_dir, socket) >=
        sizeof(target))
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong",
                       "the run folder %.100s… is too long", c->run_dir);
    if (access(path, F_OK) < 0 && errno == EACCES)
        return err_set(
            err, RPC_PERMISSION_DENIED, "NotPermitted",
            "no permission for %s; call sandboxctl as root, or as the user that the services were "
            "started for",
            path);
    if (access(path, F_OK) < 0)
        return err_set(
            err, RPC_UNAVAILABLE, "NotRunning",
            "no services at %s (%s is not there); start them with \"sandboxctl up\", or name "
            "their folder with --run-dir",
            c->run_dir, socket);
    if (rpc_channel_new(ret, c->loop, target, &opts, err) < 0)
        return -1;
    return c->is_traced ? rpc_trace_channel_of(*ret, &c->trace, err) : 0;
}

int client_channel(struct client *c, enum client_service service, struct rpc_channel **ret,
                   struct err *err)
{
    static const char *const sockets[] = {"controller.sock", "router.sock", "node.sock"};
    struct rpc_channel **slots[] = {&c->controller, &c->router, &c->node};

    if (!*slots[service] && channel_open(c, sockets[service], slots[service], err) < 0)
        return -1;
    *ret = *slots[service];
    return 0;
}

static int wait_failed(struct client *c, struct err *err)
{
    if (c->is_lost) {
        if (err)
            *err = c->lost;
        return -1;
    }
    return err_set(err, RPC_CANCELLED, "Interrupted", "interrupted by signal %d (%s)",
                   c->interrupted, strsignal(c->interrupted));
}

static void on_timer(struct loop_timer *t _unused_, void *user)
{
    *(bool *)user = true;
}

int client_wait(struct client *c, const bool *done, uint64_t deadline_ms, struct err *err)
{
    _cleanup_(loop_timer_freep) struct loop_timer *timer = NULL;
    bool is_late = false;

    if (loop_timer_new(&timer, c->loop, on_timer, &is_late, err) < 0)
        return -1;
    loop_timer_arm(timer, deadline_ms);
    while (!*done) {
        if (c->interrupted || c->is_lost)
            return wait_failed(c, err);
        if (is_late)
            return err_set(err, RPC_DEADLINE_EXCEEDED, "Timeout", "timed out");
        (void)loop_turn(c->loop, true);
    }
    return 0;
}

int client_sleep(struct client *c, uint64_t ms, struct err *err)
{
    const bool never = false;
    struct err late = {0};

    if (client_wait(c, &never, clock_add(clock_monotonic_ms(), ms), &late) < 0 &&
        late.code == RPC_DEADLINE_EXCEEDED)
        return 0;
    if (err)
        *err = late;
    return -1;
}

/* ---- one unary call ---- */

struct unary {
    bool done;
    int code;
    struct err err;
    ProtobufCMessage *reply;
};

void client_msg_free(void *msg)
{
    if (msg)
        protobuf_c_message_free_unpacked(msg, NULL);
}

/* The reply lives only as long as its callback: it is kept as a copy. */
static ProtobufCMessage *copy_message(const ProtobufCMessage *msg)
{
    size_t n = protobuf_c_message_get_packed_size(msg);
    _cleanup_(freep) uint8_t *packed = malloc(n ? n : 1);

    if (!packed)
        return NULL;
    (void)protobuf_c_message_pack(msg, packed);
    return protobuf_c_message_unpack(msg->descriptor, NULL, n, packed);
}

static void on_reply(struct rpc_call *call _unused_, const ProtobufCMessage *reply,
                     const struct rpc_status *status, void *user)
{
    struct unary *u = user;

    u->done = true;
    u->code = status->code;
    if (status->code != RPC_OK) {
        (void)rpc_status_to_err(status, &u->err);
        return;
    }
    u->reply = copy_message(reply);
    if (!u->reply) {
        u->code = RPC_RESOURCE_EXHAUSTED;
        (void)err_oom(&u->err);
    }
}

int client_call(struct client *c, enum client_service service, const struct rpc_method_desc *method,
                const ProtobufCMessage *request, uint64_t timeout_ms, void *ret_reply,
                struct err *err)
{
    const struct rpc_call_opts opts = {.timeout_ms = timeout_ms};
    struct unary u = {0};
    struct rpc_channel *ch;
    struct rpc_call *call;

    if (client_channel(c, service, &ch, err) < 0 ||
        rpc_unary(ch, method, &opts, request, on_reply, &u, &call, err) < 0)
        return -1;
    if (client_wait(c, &u.done, CLOCK_NEVER, err) < 0) {
        rpc_call_abandon(call);
        return -1;
    }
    if (u.code != RPC_OK) {
        if (err)
            *err = u.err;
        return -1;
    }
    if (ret_reply)
        *(void **)ret_reply = u.reply;
    else
        client_msg_free(u.reply);
    return 0;
}

int client_ping(struct client *c, enum client_service service, uint64_t timeout_ms, struct err *err)
{
    static const struct rpc_method_desc check = {
        .path = "/grpc.health.v1.Health/Check",
        /* An empty request asks for the server as a whole; of the answer its coming is enough. */
        .input = &agentsandbox__v1__get_node_request__descriptor,
        .output = &agentsandbox__v1__get_node_request__descriptor,
    };
    Agentsandbox__V1__GetNodeRequest empty = AGENTSANDBOX__V1__GET_NODE_REQUEST__INIT;
    struct err failed = {0};

    if (client_call(c, service, &check, &empty.base, timeout_ms, NULL, &failed) == 0 ||
        failed.code == RPC_UNIMPLEMENTED)
        return 0;
    if (err)
        *err = failed;
    return -1;
}
