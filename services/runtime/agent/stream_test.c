/* StreamService, from outside: conversations, resumption, slow readers, terminals, ports. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"
#include "services/runtime/agent/test_world.h"

#define KIND(k) AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_##k

static struct world w;

static int begin(void **state)
{
    (void)state;
    world_init(&w, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_done(&w);
    return 0;
}

/* A StartRequest of one shell line, all of it static: good until the next call. */
static Agentsandbox__V1__StartRequest *shell_start(const char *line, bool with_stdin)
{
    static Agentsandbox__V1__StartRequest r;
    static Agentsandbox__V1__Command c;

    agentsandbox__v1__start_request__init(&r);
    c = shell(line);
    c.stdin = with_stdin;
    r.command = &c;
    return &r;
}

static Agentsandbox__V1__AttachOpen open_at(const char *id, uint64_t out, uint64_t errs)
{
    Agentsandbox__V1__AttachOpen o = AGENTSANDBOX__V1__ATTACH_OPEN__INIT;

    o.exec_id = (char *)id;
    o.stdout_offset = out;
    o.stderr_offset = errs;
    return o;
}

static void test_start(void **state)
{
    struct client c;

    (void)state;
    client_start(&c, &w, NULL, shell_start("echo out; echo err >&2; exit 7", false));
    client_wait(&c);
    assert_int_equal(c.code, RPC_OK);
    assert_true(c.is_started && c.is_exited);
    assert_string_equal(client_text(&c, 0), "out\n");
    assert_string_equal(client_text(&c, 1), "err\n");
    assert_int_equal(c.record->cause->exit_code, 7);
    client_done(&c);
}

static void test_start_failed(void **state)
{
    Agentsandbox__V1__StartRequest r = AGENTSANDBOX__V1__START_REQUEST__INIT;
    Agentsandbox__V1__Command command = AGENTSANDBOX__V1__COMMAND__INIT;
    char *argv[] = {(char *)"no-such-command-1"};
    struct client c;

    (void)state;
    command.n_argv = 1;
    command.argv = argv;
    command.stdin = true;
    r.command = &command;
    client_start(&c, &w, NULL, &r);
    client_stdin(&c, 0, "too late", true);
    client_wait(&c);
    assert_int_equal(c.code, RPC_OK);
    assert_true(c.is_exited);
    assert_int_equal(c.record->cause->kind, KIND(START_FAILED));
    assert_int_equal(c.record->cause->exit_code, 127);
    client_done(&c);
}

/* A conversation; what is sent twice comes once, a hole is refused. */
static void test_cat(void **state)
{
    struct client c;

    (void)state;
    client_start(&c, &w, NULL, shell_start("cat", true));
    client_stdin(&c, 0, "one\n", false);
    client_expect(&c, "one\n");
    client_stdin(&c, 4, "two\n", false);
    client_expect(&c, "two\n");
    client_stdin(&c, 2, "e\ntwo\nthree\n", false); /* 2..8 came already */
    client_expect(&c, "three\n");
    client_stdin(&c, 14, "", true);
    client_wait(&c);
    assert_int_equal(c.code, RPC_OK);
    assert_string_equal(client_text(&c, 0), "one\ntwo\nthree\n");
    assert_int_equal(c.acked, 14);
    assert_int_equal(c.record->stdin_offset, 14);
    client_done(&c);
}

static void test_stdin_faults(void **state)
{
    static const struct {
        uint64_t offset;
        const char *data;
        bool with_stdin;
    } cases[] = {{5, "hole", true}, {0, "no stdin", false}, {UINT64_MAX, "x", true}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct client c;

        client_start(&c, &w, NULL, shell_start("sleep 100", cases[i].with_stdin));
        client_stdin(&c, cases[i].offset, cases[i].data, false);
        client_wait(&c);
        assert_int_equal(c.code, RPC_INVALID_ARGUMENT);
        client_done(&c);
    }
}

/* A client that only half-closes has ended stdin. */
static void test_half_close(void **state)
{
    struct client c;

    (void)state;
    client_start(&c, &w, NULL, shell_start("cat; echo end", true));
    client_stdin(&c, 0, "abc\n", false);
    rpc_call_send_end(c.call);
    client_wait(&c);
    assert_int_equal(c.code, RPC_OK);
    assert_string_equal(client_text(&c, 0), "abc\nend\n");
    client_done(&c);
}

static void test_one_writer(void **state)
{
    Agentsandbox__V1__AttachOpen o;
    struct client first, second;

    (void)state;
    client_start(&first, &w, NULL, shell_start("cat", true));
    world_until(&w, &first.is_started, 5000);
    o = open_at(first.id, 0, 0);
    o.stdin = true;
    client_open(&second, &w, NULL, &o);
    client_wait(&second);
    assert_int_equal(second.code, RPC_ABORTED);
    assert_string_equal(second.reason, "StdinTaken");
    client_done(&second);

    /* The first goes: the next one takes stdin over where it was. */
    client_stdin(&first, 0, "abc", false);
    client_expect(&first, "abc");
    client_done(&first);
    world_pass(&w, 50);
    client_open(&second, &w, NULL, &o);
    client_stdin(&second, 0, "abcdef\n", true);
    client_wait(&second);
    assert_int_equal(second.code, RPC_OK);
    assert_string_equal(client_text(&second, 0), "abcdef\n");
    client_done(&second);
}

/* Reads until so many more bytes came or it is over. */
static void read_some(struct client *c, uint64_t more)
{
    uint64_t from = c->at[0], deadline = clock_monotonic_ms() + 10000;

    while (!c->is_done && c->at[0] < from + more && clock_monotonic_ms() < deadline)
        (void)loop_turn(w.loop, false);
}

/* The connection is lost again and again in the middle of output; nothing is missing, nothing comes
 * twice. */
static void test_resume(void **state)
{
    struct rpc_channel *ch = world_connect(&w);
    struct client c[16];
    uint64_t expected = 0;
    struct buf all;
    int i = 0;

    (void)state;
    buf_init(&all, 64u << 20);
    client_start(&c[0], &w, ch, shell_start("seq 1 400000; echo done >&2", false));
    for (;; i++) {
        Agentsandbox__V1__AttachOpen o;

        read_some(&c[i], i < 8 ? 300000 : UINT64_MAX / 2);
        assert_int_equal(c[i].lost[0], 0);
        assert_int_equal(buf_append(&all, buf_data(&c[i].out[0]), buf_len(&c[i].out[0]), NULL), 0);
        if (c[i].is_exited || i + 1 == (int)ARRAY_SIZE(c))
            break;
        rpc_channel_free(ch);
        ch = world_connect(&w);
        o = open_at(c[0].id, c[i].at[0], c[i].at[1]);
        client_open(&c[i + 1], &w, ch, &o);
    }
    assert_true(c[i].is_exited);
    assert_true(i >= 5);
    for (int n = 1; n <= 400000; n++)
        expected += (uint64_t)snprintf(NULL, 0, "%d\n", n);
    assert_int_equal(buf_len(&all), expected);
    assert_memory_equal(buf_data(&all) + expected - 14, "399999\n400000\n", 14);
    assert_int_equal(c[i].at[1], 5); /* "done\n", to whichever of them it came */
    for (; i >= 0; i--)
        client_done(&c[i]);
    rpc_channel_free(ch);
    buf_done(&all);
}

/* What was dropped is said. */
static void test_gap(void **state)
{
    Agentsandbox__V1__StartRequest *r = shell_start("seq 1 20000; sleep 0.3", false);
    Agentsandbox__V1__AttachOpen o;
    struct client c;
    struct answer a, ended;

    (void)state;
    r->overflow = AGENTSANDBOX__V1__OVERFLOW__OVERFLOW_DROP_OLDEST;
    r->ring_bytes = 8192;
    a = start(&w, r);
    ended = wait_for(&w, REPLY(a, StartResponse)->exec->exec_id);
    assert_int_equal(REPLY(ended, WaitResponse)->exec->stdout_end, 108894);
    o = open_at(REPLY(a, StartResponse)->exec->exec_id, 100, 0);
    client_open(&c, &w, NULL, &o);
    client_wait(&c);
    assert_int_equal(c.code, RPC_OK);
    assert_int_equal(c.at[0], 108894);
    assert_int_equal(c.lost[0], 108894 - 8192 - 100);
    assert_non_null(strstr(client_text(&c, 0), "19999\n20000\n"));
    client_done(&c);

    o = open_at(REPLY(a, StartResponse)->exec->exec_id, 108895, 0);
    client_open(&c, &w, NULL, &o);
    client_wait(&c);
    assert_int_equal(c.code, RPC_INVALID_ARGUMENT);
    client_done(&c);
    answer_done(&a);
    answer_done(&ended);
}

enum { SLOW_BYTES = 64 * 1024 * 1024 };

/* Much more output than memory for it, and a reader that takes it in small sips. */
static void test_slow_reader(void **state)
{
    struct client c;
    size_t most = 0;

    (void)state;
    client_start(&c, &w, NULL, shell_start("head -c 67108864 /dev/zero", false));
    c.is_discarding = true;
    for (uint64_t i = 0, end = clock_monotonic_ms() + 60000;
         !c.is_done && clock_monotonic_ms() < end; i++) {
        c.is_stalled = i % 8 != 0;
        if (!c.is_stalled)
            client_read_on(&c);
        (void)loop_turn(w.loop, false);
        most = MAX(most, w.agent.execs.host.budget.used);
    }
    assert_true(c.is_done);
    assert_int_equal(c.code, RPC_OK);
    assert_int_equal(c.at[0], SLOW_BYTES);
    assert_int_equal(c.lost[0], 0);
    assert_true(most <= 2 * LIMIT_EXEC_RING);
    client_done(&c);
}

/* A reader that stands still holds up its own command and no other. */
static void test_stalled_among_many(void **state)
{
    enum { N = 64 };
    static struct client c[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        client_start(&c[i], &w, NULL, shell_start("head -c 4194304 /dev/zero", false));
        c[i].is_discarding = true;
        c[i].is_stalled = i == 0;
    }
    for (int i = 1; i < N; i++)
        client_wait(&c[i]);
    assert_false(c[0].is_done);
    world_pass(&w, 50);
    assert_int_equal(w.agent.execs.n_live, 1); /* its command waits in write(2) */
    client_read_on(&c[0]);
    client_wait(&c[0]);
    for (int i = 0; i < N; i++) {
        assert_int_equal(c[i].code, RPC_OK);
        assert_int_equal(c[i].at[0], 4194304);
        assert_int_equal(c[i].lost[0], 0);
        client_done(&c[i]);
    }
}

/* The command's end is known although a reader has not taken the last output. */
static void test_end_past_stalled_reader(void **state)
{
    struct client c;
    struct answer a;

    (void)state;
    client_start(&c, &w, NULL, shell_start("head -c 5000000 /dev/zero", false));
    c.is_stalled = true;
    world_until(&w, &c.is_started, 5000);
    world_pass(&w, 200);
    a = send_signal(&w, c.id, SIGKILL);
    answer_done(&a);
    a = wait_for(&w, c.id);
    assert_int_equal(REPLY(a, WaitResponse)->exec->cause->kind, KIND(KILLED));
    answer_done(&a);
    assert_false(c.is_done);
    client_read_on(&c);
    client_wait(&c);
    assert_int_equal(c.at[0], c.record->stdout_end);
    assert_int_equal(c.lost[0], 0);
    client_done(&c);
}

/* With nobody there the command waits for a while, then the oldest output goes. */
static void test_hold_without_reader(void **state)
{
    struct answer a = start(&w, shell_start("head -c 5000000 /dev/zero", false));
    struct exec *e;

    (void)state;
    assert_int_equal(execs_get(&w.agent.execs, REPLY(a, StartResponse)->exec->exec_id, &e, NULL),
                     0);
    answer_done(&a);
    world_pass(&w, 300);
    assert_int_equal(e->state, EXEC_RUNNING);
    assert_int_equal(exec_end(e, EXEC_STDOUT), LIMIT_EXEC_RING);
    assert_true(e->hold_until > loop_now_ms(w.loop) + EXEC_HOLD_MS - 5000);
    e->hold_until = 0; /* half a minute later */
    exec_advance(e);
    a = wait_for(&w, e->id);
    assert_int_equal(REPLY(a, WaitResponse)->exec->stdout_end, 5000000);
    assert_int_equal(REPLY(a, WaitResponse)->exec->stdout_begin, 5000000 - LIMIT_EXEC_RING);
    answer_done(&a);
}

static void test_observer(void **state)
{
    Agentsandbox__V1__StartRequest *r = shell_start("head -c 8000000 /dev/zero; echo x", false);
    Agentsandbox__V1__AttachOpen o;
    struct client reader, observer;

    (void)state;
    client_start(&reader, &w, NULL, r);
    reader.is_discarding = true;
    world_until(&w, &reader.is_started, 5000);
    o = open_at(reader.id, 0, 0);
    o.observer = true;
    client_open(&observer, &w, NULL, &o);
    observer.is_stalled = observer.is_discarding = true;
    client_wait(&reader);
    assert_int_equal(reader.at[0], 8000002);
    assert_int_equal(reader.lost[0], 0);
    client_read_on(&observer);
    client_wait(&observer);
    assert_int_equal(observer.at[0], 8000002);
    assert_true(observer.lost[0] > 0);
    client_done(&reader);
    client_done(&observer);
}

static void test_pause(void **state)
{
    Agentsandbox__V1__AttachRequest m = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;
    Agentsandbox__V1__Pause pause = AGENTSANDBOX__V1__PAUSE__INIT;
    struct client c;
    uint64_t at;

    (void)state;
    client_start(&c, &w, NULL, shell_start("cat", true));
    client_stdin(&c, 0, "a\n", false);
    client_expect(&c, "a\n");
    m.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_PAUSE;
    m.pause = &pause;
    pause.paused = true;
    client_send(&c, &m);
    client_stdin(&c, 2, "b\n", true);
    at = c.at[0];
    world_pass(&w, 200);
    assert_int_equal(c.at[0], at);
    assert_int_equal(c.acked, 4); /* only output stands still */
    assert_false(c.is_done);
    pause.paused = false;
    client_send(&c, &m);
    client_wait(&c);
    assert_string_equal(client_text(&c, 0), "a\nb\n");
    client_done(&c);
}

static void test_signal(void **state)
{
    struct client c;

    (void)state;
    client_start(
        &c, &w, NULL,
        shell_start("trap 'echo got; exit 5' USR1; echo up; while :; do sleep 0.05; done", false));
    client_expect(&c, "up\n");
    client_signal(&c, SIGUSR1);
    client_wait(&c);
    assert_non_null(strstr(client_text(&c, 0), "got\n"));
    assert_int_equal(c.record->cause->exit_code, 5);
    client_done(&c);
}

static void test_kill_on_disconnect(void **state)
{
    Agentsandbox__V1__StartRequest *r = shell_start("echo up; sleep 100", false);
    struct client c;
    struct answer a;
    char id[64];

    (void)state;
    r->on_disconnect = AGENTSANDBOX__V1__ON_DISCONNECT__ON_DISCONNECT_KILL;
    client_start(&c, &w, NULL, r);
    client_expect(&c, "up\n");
    (void)snprintf(id, sizeof(id), "%s", c.id);
    client_done(&c);
    a = wait_for(&w, id);
    assert_int_equal(REPLY(a, WaitResponse)->exec->cause->kind, KIND(KILLED));
    answer_done(&a);
}

static void test_keep(void **state)
{
    Google__Protobuf__Duration keep = GOOGLE__PROTOBUF__DURATION__INIT;
    Agentsandbox__V1__StartRequest *r = shell_start("echo up; sleep 100", false);
    struct client c;
    struct answer a;
    char id[64];

    (void)state;
    keep.nanos = 300 * 1000 * 1000;
    r->keep = &keep;
    client_start(&c, &w, NULL, r);
    client_expect(&c, "up\n");
    world_pass(&w, 500);
    assert_false(c.is_done); /* somebody is attached */
    (void)snprintf(id, sizeof(id), "%s", c.id);
    client_done(&c);
    a = wait_for(&w, id);
    assert_int_equal(REPLY(a, WaitResponse)->exec->cause->kind, KIND(KILLED));
    assert_true(REPLY(a, WaitResponse)->exec->usage->wall_ns > 700000000u);
    answer_done(&a);
}

static void test_terminal(void **state)
{
    Agentsandbox__V1__StartRequest *r = shell_start(
        "stty size; tty -s && echo tty; read x; stty size; echo \"<$x>\"; exec cat", true);
    Agentsandbox__V1__AttachRequest m = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;
    Agentsandbox__V1__TerminalSize size = AGENTSANDBOX__V1__TERMINAL_SIZE__INIT, wider = size;
    struct client c;

    (void)state;
    size.columns = 91;
    size.rows = 17;
    r->command->terminal = &size;
    client_start(&c, &w, NULL, r);
    client_expect(&c, "17 91\r\ntty\r\n");
    wider.columns = 120;
    wider.rows = 40;
    m.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_RESIZE;
    m.resize = &wider;
    client_send(&c, &m);
    client_stdin(&c, 0, "abc\n", false);
    client_expect(&c, "40 120\r\n<abc>\r\n");
    /* A shell that is about to start a program may swallow a signal: cat answers when it is up. */
    client_stdin(&c, 4, "up\n", false);
    client_expect(&c, "up\r\nup\r\n");
    client_stdin(&c, 7, "\003", false); /* Ctrl-C */
    client_wait(&c);
    assert_int_equal(c.code, RPC_OK);
    assert_int_equal(c.record->cause->signal, SIGINT);
    assert_int_equal(c.at[1], 0);
    client_done(&c);
}

static void test_terminal_end_of_file(void **state)
{
    Agentsandbox__V1__StartRequest *r = shell_start("cat", true);
    Agentsandbox__V1__TerminalSize size = AGENTSANDBOX__V1__TERMINAL_SIZE__INIT;
    struct client c;

    (void)state;
    size.columns = size.rows = 20;
    r->command->terminal = &size;
    client_start(&c, &w, NULL, r);
    client_stdin(&c, 0, "hi\n", true);
    client_wait(&c);
    assert_int_equal(c.code, RPC_OK);
    assert_string_equal(client_text(&c, 0), "hi\r\nhi\r\n");
    assert_int_equal(c.acked, 3);
    client_done(&c);
}

static void test_first_request(void **state)
{
    Agentsandbox__V1__AttachOpen o = open_at("nothing", 0, 0);
    struct client c;

    (void)state;
    client_open(&c, &w, NULL, &o);
    client_wait(&c);
    assert_int_equal(c.code, RPC_NOT_FOUND);
    assert_string_equal(c.reason, "ExecNotFound");
    client_done(&c);
}

/* ---- garbage ---- */

static void on_raw_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    (void)call;
    *(int *)user = status->code;
}

static void test_garbage(void **state)
{
    static const struct rpc_call_ops ops = {.on_done = on_raw_done};
    static const char *const paths[] = {
        "/agentsandbox.v1.StreamService/Attach", "/agentsandbox.v1.StreamService/Forward",
        "/agentsandbox.v1.ExecService/Start", "/agentsandbox.v1.ExecService/Run",
        "/agentsandbox.v1.FileService/Read"};
    static const uint8_t junk[][8] = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                                      {0x0a, 0x7f, 1},
                                      {0x0a, 0x02, 0xc3, 0x28}};

    (void)state;
    for (size_t p = 0; p < ARRAY_SIZE(paths); p++)
        for (size_t j = 0; j < ARRAY_SIZE(junk); j++) {
            struct rpc_call *call;
            int code = -1;

            assert_int_equal(rpc_channel_call(w.data, paths[p], NULL, &ops, &code, &call, NULL), 0);
            assert_true(rpc_call_send(call, junk[j], sizeof(junk[j]), NULL) >= 0);
            rpc_call_send_end(call);
            rpc_call_read(call);
            for (int i = 0; i < 500 && code < 0; i++)
                world_pass(&w, 5);
            assert_true(code == RPC_INVALID_ARGUMENT || code == RPC_INTERNAL ||
                        code == RPC_UNIMPLEMENTED);
        }
    assert_int_equal(w.agent.execs.n_live, 0);
}

/* ---- Forward ---- */

struct port {
    struct rpc_call *call;
    bool is_opened, is_eof, is_done;
    int code;
    char reason[48];
    char got[4096];
    size_t n;
};

static void on_port_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__ForwardResponse *m = (const Agentsandbox__V1__ForwardResponse *)msg;
    struct port *p = user;

    if (m->kind_case == AGENTSANDBOX__V1__FORWARD_RESPONSE__KIND_OPENED)
        p->is_opened = true;
    if (m->kind_case == AGENTSANDBOX__V1__FORWARD_RESPONSE__KIND_EOF)
        p->is_eof = true;
    if (m->kind_case == AGENTSANDBOX__V1__FORWARD_RESPONSE__KIND_DATA &&
        p->n + m->data.len < sizeof(p->got)) {
        memcpy(p->got + p->n, m->data.data, m->data.len);
        p->n += m->data.len;
    }
    rpc_call_read(call);
}

static void on_port_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct port *p = user;

    (void)call;
    p->is_done = true;
    p->code = status->code;
    (void)snprintf(p->reason, sizeof(p->reason), "%s", status->reason);
}

static void port_open(struct port *p, uint32_t number)
{
    static const struct rpc_msg_ops ops = {.on_message = on_port_message, .on_done = on_port_done};
    Agentsandbox__V1__ForwardRequest m = AGENTSANDBOX__V1__FORWARD_REQUEST__INIT;
    Agentsandbox__V1__ForwardOpen o = AGENTSANDBOX__V1__FORWARD_OPEN__INIT;

    *p = (struct port){0};
    assert_int_equal(agentsandbox_v1_stream_service_forward(w.data, NULL, &ops, p, &p->call, NULL),
                     0);
    o.port = number;
    m.kind_case = AGENTSANDBOX__V1__FORWARD_REQUEST__KIND_OPEN;
    m.open = &o;
    assert_true(agentsandbox_v1_stream_service_forward_send(p->call, &m, NULL) >= 0);
    rpc_call_read(p->call);
}

static void port_send(struct port *p, const char *text)
{
    Agentsandbox__V1__ForwardRequest m = AGENTSANDBOX__V1__FORWARD_REQUEST__INIT;

    m.kind_case = AGENTSANDBOX__V1__FORWARD_REQUEST__KIND_DATA;
    m.data.data = (uint8_t *)text;
    m.data.len = strlen(text);
    assert_true(agentsandbox_v1_stream_service_forward_send(p->call, &m, NULL) >= 0);
}

static void test_forward(void **state)
{
    const struct options o = {.cwd = "/", .listen = "127.0.0.1:0"};
    uint32_t number;
    struct port p;

    (void)state;
    world_done(&w);
    world_init(&w, &o);
    number = (uint32_t)atoi(strrchr(w.agent.address, ':') + 1);
    port_open(&p, number);
    world_until(&w, &p.is_opened, 5000);
    port_send(&p, "GET / HTTP/1.1\r\nHost: a\r\n");
    port_send(&p, "Connection: close\r\n\r\n");
    world_until(&w, &p.is_eof, 5000);
    assert_non_null(strstr(p.got, "{\"status\":\"ok\"}"));
    rpc_call_send_end(p.call);
    world_until(&w, &p.is_done, 5000);
    assert_int_equal(p.code, RPC_OK);

    port_open(&p, 1); /* nobody listens there */
    world_until(&w, &p.is_done, 5000);
    assert_int_equal(p.code, RPC_UNAVAILABLE);
    assert_string_equal(p.reason, "ConnectionRefused");
    port_open(&p, 70000);
    world_until(&w, &p.is_done, 5000);
    assert_int_equal(p.code, RPC_INVALID_ARGUMENT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(test_start),
        T(test_start_failed),
        T(test_cat),
        T(test_stdin_faults),
        T(test_half_close),
        T(test_one_writer),
        T(test_resume),
        T(test_gap),
        T(test_slow_reader),
        T(test_stalled_among_many),
        T(test_end_past_stalled_reader),
        T(test_hold_without_reader),
        T(test_observer),
        T(test_pause),
        T(test_signal),
        T(test_kill_on_disconnect),
        T(test_keep),
        T(test_terminal),
        T(test_terminal_end_of_file),
        T(test_first_request),
        T(test_garbage),
        T(test_forward),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
