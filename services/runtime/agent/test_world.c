#include "services/runtime/agent/test_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"

static struct rpc_channel *join(struct world *w, struct rpc_server *server)
{
    struct rpc_channel *ch;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(rpc_server_serve_fd(server, pair[0], NULL, NULL, NULL), 0);
    assert_int_equal(rpc_channel_new_fd(&ch, w->loop, pair[1], NULL, NULL), 0);
    return ch;
}

struct rpc_channel *world_connect(struct world *w)
{
    return join(w, w->agent.data);
}

void world_init_bare(struct world *w)
{
    log_init("agent", LOG_ERROR, LOG_FORMAT_KV, 2);
    *w = (struct world){0};
    assert_int_equal(loop_new(&w->loop, NULL), 0);
}

void world_init(struct world *w, const struct options *options)
{
    static const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C", NULL};
    const struct options none = {.cwd = "/"};
    struct err err;

    world_init_bare(w);
    w->has_agent = true;
    if (agent_init(&w->agent, w->loop, options ? options : &none, env, &err) < 0)
        fail_msg("%s", err.msg);
    w->data = join(w, w->agent.data);
    w->control = join(w, w->agent.control);
}

void world_done(struct world *w)
{
    rpc_channel_free(w->data);
    rpc_channel_free(w->control);
    if (w->has_agent)
        agent_done(&w->agent);
    loop_free(w->loop);
}

static void on_tick(struct loop_timer *t, void *user)
{
    (void)t;
    *(bool *)user = true;
}

static bool turn_until(struct world *w, const bool *flag, int timeout_ms)
{
    struct loop_timer *timer;
    bool is_over = false;

    assert_int_equal(loop_timer_new(&timer, w->loop, on_tick, &is_over, NULL), 0);
    loop_timer_arm(timer, clock_monotonic_ms() + (uint64_t)timeout_ms);
    while (!is_over && !(flag && *flag))
        (void)loop_turn(w->loop, true);
    loop_timer_free(timer);
    return !is_over;
}

void world_until(struct world *w, const bool *flag, int timeout_ms)
{
    assert_true(turn_until(w, flag, timeout_ms));
}

void world_pass(struct world *w, int ms)
{
    (void)turn_until(w, NULL, ms);
}

/* ---- unary ---- */

static ProtobufCMessage *copy_message(const ProtobufCMessage *m)
{
    size_t n = protobuf_c_message_get_packed_size(m);
    uint8_t *bytes = malloc(n + 1);
    ProtobufCMessage *copy;

    assert_non_null(bytes);
    (void)protobuf_c_message_pack(m, bytes);
    copy = protobuf_c_message_unpack(m->descriptor, NULL, n, bytes);
    assert_non_null(copy);
    free(bytes);
    return copy;
}

void on_answer(struct rpc_call *call, const ProtobufCMessage *reply,
               const struct rpc_status *status, void *user)
{
    struct answer *a = user;

    (void)call;
    a->is_done = true;
    a->code = status->code;
    (void)snprintf(a->reason, sizeof(a->reason), "%s", status->reason);
    (void)snprintf(a->message, sizeof(a->message), "%s", status->message);
    a->reply = reply ? copy_message(reply) : NULL;
}

void answer_done(struct answer *a)
{
    if (a->reply)
        protobuf_c_message_free_unpacked(a->reply, NULL);
    a->reply = NULL;
}

Agentsandbox__V1__Command shell(const char *line)
{
    Agentsandbox__V1__Command c = AGENTSANDBOX__V1__COMMAND__INIT;

    c.shell = (char *)line;
    return c;
}

struct answer run_command(struct world *w, const Agentsandbox__V1__Command *c)
{
    Agentsandbox__V1__RunRequest r = AGENTSANDBOX__V1__RUN_REQUEST__INIT;
    struct answer a = {0};

    r.command = (Agentsandbox__V1__Command *)c;
    assert_int_equal(agentsandbox_v1_exec_service_run(w->data, NULL, &r, on_answer, &a, NULL, NULL),
                     0);
    world_until(w, &a.is_done, 20000);
    return a;
}

struct answer run_shell(struct world *w, const char *line)
{
    Agentsandbox__V1__Command c = shell(line);

    return run_command(w, &c);
}

struct answer start(struct world *w, const Agentsandbox__V1__StartRequest *r)
{
    struct answer a = {0};

    assert_int_equal(
        agentsandbox_v1_exec_service_start(w->data, NULL, r, on_answer, &a, NULL, NULL), 0);
    world_until(w, &a.is_done, 10000);
    return a;
}

struct answer get(struct world *w, const char *exec_id)
{
    Agentsandbox__V1__GetExecRequest r = AGENTSANDBOX__V1__GET_EXEC_REQUEST__INIT;
    struct answer a = {0};

    r.exec_id = (char *)exec_id;
    assert_int_equal(agentsandbox_v1_exec_service_get(w->data, NULL, &r, on_answer, &a, NULL, NULL),
                     0);
    world_until(w, &a.is_done, 10000);
    return a;
}

struct answer wait_for(struct world *w, const char *exec_id)
{
    Agentsandbox__V1__WaitRequest r = AGENTSANDBOX__V1__WAIT_REQUEST__INIT;
    struct answer a = {0};

    r.exec_id = (char *)exec_id;
    assert_int_equal(
        agentsandbox_v1_exec_service_wait(w->data, NULL, &r, on_answer, &a, NULL, NULL), 0);
    world_until(w, &a.is_done, 20000);
    return a;
}

struct answer send_signal(struct world *w, const char *exec_id, int signum)
{
    Agentsandbox__V1__SignalRequest r = AGENTSANDBOX__V1__SIGNAL_REQUEST__INIT;
    struct answer a = {0};

    r.exec_id = (char *)exec_id;
    r.signal = signum;
    assert_int_equal(
        agentsandbox_v1_exec_service_signal(w->data, NULL, &r, on_answer, &a, NULL, NULL), 0);
    world_until(w, &a.is_done, 10000);
    return a;
}

/* ---- Attach ---- */

static void keep_record(struct client *c, const Agentsandbox__V1__ExecRecord *r)
{
    if (c->record)
        protobuf_c_message_free_unpacked(&c->record->base, NULL);
    c->record = (Agentsandbox__V1__ExecRecord *)copy_message(&r->base);
    (void)snprintf(c->id, sizeof(c->id), "%s", r->exec_id);
}

static void take_output(struct client *c, const Agentsandbox__V1__OutputData *out)
{
    int s = out->stream - 1;

    assert_in_range(s, 0, 1);
    assert_int_equal(out->offset, c->at[s]);
    assert_true(out->data.len > 0);
    c->at[s] += out->data.len;
    if (!c->is_discarding)
        assert_int_equal(buf_append(&c->out[s], out->data.data, out->data.len, NULL), 0);
}

static void take_gap(struct client *c, const Agentsandbox__V1__Gap *gap)
{
    int s = gap->stream - 1;

    assert_in_range(s, 0, 1);
    assert_int_equal(gap->from, c->at[s]);
    assert_true(gap->to > gap->from);
    c->lost[s] += gap->to - gap->from;
    c->at[s] = gap->to;
}

static void on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__AttachResponse *m = (const Agentsandbox__V1__AttachResponse *)msg;
    struct client *c = user;

    assert_false(c->is_exited);
    if (m->kind_case == AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_STARTED) {
        assert_false(c->is_started);
        c->is_started = true;
        keep_record(c, m->started);
    } else if (m->kind_case == AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_EXITED) {
        c->is_exited = true;
        keep_record(c, m->exited);
    } else if (m->kind_case == AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_OUTPUT) {
        take_output(c, m->output);
    } else if (m->kind_case == AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_GAP) {
        take_gap(c, m->gap);
    } else if (m->kind_case == AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_STDIN_ACK) {
        assert_true(m->stdin_ack->offset > c->acked);
        c->acked = m->stdin_ack->offset;
    }
    if (!c->is_stalled)
        rpc_call_read(call);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct client *c = user;

    (void)call;
    c->call = NULL;
    c->is_done = true;
    c->code = status->code;
    (void)snprintf(c->reason, sizeof(c->reason), "%s", status->reason);
}

static const struct rpc_msg_ops client_ops = {.on_message = on_message, .on_done = on_done};

static void client_call(struct client *c, struct world *w, struct rpc_channel *ch)
{
    *c = (struct client){.w = w};
    buf_init(&c->out[0], 256u << 20);
    buf_init(&c->out[1], 256u << 20);
    assert_int_equal(agentsandbox_v1_stream_service_attach(ch ? ch : w->data, NULL, &client_ops, c,
                                                           &c->call, NULL),
                     0);
    rpc_call_read(c->call);
}

void client_send(struct client *c, const Agentsandbox__V1__AttachRequest *m)
{
    assert_true(agentsandbox_v1_stream_service_attach_send(c->call, m, NULL) >= 0);
}

void client_start(struct client *c, struct world *w, struct rpc_channel *ch,
                  const Agentsandbox__V1__StartRequest *r)
{
    Agentsandbox__V1__AttachRequest m = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;

    client_call(c, w, ch);
    m.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_START;
    m.start = (Agentsandbox__V1__StartRequest *)r;
    client_send(c, &m);
}

void client_open(struct client *c, struct world *w, struct rpc_channel *ch,
                 const Agentsandbox__V1__AttachOpen *o)
{
    Agentsandbox__V1__AttachRequest m = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;

    client_call(c, w, ch);
    c->at[0] = o->stdout_offset;
    c->at[1] = o->stderr_offset;
    m.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_OPEN;
    m.open = (Agentsandbox__V1__AttachOpen *)o;
    client_send(c, &m);
}

void client_stdin(struct client *c, uint64_t offset, const char *data, bool eof)
{
    Agentsandbox__V1__AttachRequest m = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;
    Agentsandbox__V1__StdinData in = AGENTSANDBOX__V1__STDIN_DATA__INIT;

    in.offset = offset;
    in.data.data = (uint8_t *)data;
    in.data.len = strlen(data);
    in.eof = eof;
    m.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_STDIN;
    m.stdin = &in;
    client_send(c, &m);
}

void client_signal(struct client *c, int signum)
{
    Agentsandbox__V1__AttachRequest m = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;

    m.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_SIGNAL;
    m.signal = signum;
    client_send(c, &m);
}

void client_read_on(struct client *c)
{
    c->is_stalled = false;
    if (c->call)
        rpc_call_read(c->call);
}

const char *client_text(struct client *c, int stream)
{
    return buf_cstr(&c->out[stream], NULL);
}

void client_expect(struct client *c, const char *text)
{
    uint64_t deadline = clock_monotonic_ms() + 10000;

    while (!strstr(client_text(c, 0), text)) {
        if (c->is_done || clock_monotonic_ms() > deadline)
            fail_msg("\"%s\" did not come, only \"%s\"", text, client_text(c, 0));
        world_pass(c->w, 5);
    }
}

void client_wait(struct client *c)
{
    world_until(c->w, &c->is_done, 60000);
}

void client_done(struct client *c)
{
    rpc_call_abandon(c->call);
    c->call = NULL;
    if (c->record)
        protobuf_c_message_free_unpacked(&c->record->base, NULL);
    c->record = NULL;
    buf_done(&c->out[0]);
    buf_done(&c->out[1]);
}
