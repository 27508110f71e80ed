/* AgentService, the container's own command, dialling, and the way to the end. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "lib/base/fd.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"
#include "services/runtime/agent/test_world.h"

#define KIND(k) AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_##k

static struct world w;

static int begin(void **state)
{
    const struct options o = {.cwd = "/", .listen = "127.0.0.1:0"};

    (void)state;
    world_init(&w, &o);
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_done(&w);
    return 0;
}

static uint32_t port(void)
{
    return (uint32_t)atoi(strrchr(w.agent.address, ':') + 1);
}

static struct answer probe(Agentsandbox__V1__Probe *p)
{
    Agentsandbox__V1__RunProbeRequest r = AGENTSANDBOX__V1__RUN_PROBE_REQUEST__INIT;
    struct answer a = {0};

    r.probe = p;
    assert_int_equal(
        agentsandbox_v1_agent_service_run_probe(w.control, NULL, &r, on_answer, &a, NULL, NULL), 0);
    world_until(&w, &a.is_done, 10000);
    return a;
}

static void assert_probe(Agentsandbox__V1__Probe *p, bool success, const char *message)
{
    struct answer a = probe(p);

    if (a.code != RPC_OK)
        fail_msg("%s", a.message);
    assert_string_equal(REPLY(a, RunProbeResponse)->message, message);
    assert_int_equal(REPLY(a, RunProbeResponse)->success, success);
    answer_done(&a);
}

static void test_http_probe(void **state)
{
    Agentsandbox__V1__Probe p = AGENTSANDBOX__V1__PROBE__INIT;
    Agentsandbox__V1__HttpGetProbe http = AGENTSANDBOX__V1__HTTP_GET_PROBE__INIT;
    struct answer a;

    (void)state;
    p.check_case = AGENTSANDBOX__V1__PROBE__CHECK_HTTP_GET;
    p.http_get = &http;
    http.port = port();
    http.path = (char *)"/";
    assert_probe(&p, true, "HTTP 200");
    http.path = (char *)"/nothing";
    assert_probe(&p, false, "HTTP 404");
    http.port = 1;
    assert_probe(&p, false, "connection refused");
    http.https = true;
    a = probe(&p);
    assert_int_equal(a.code, RPC_INVALID_ARGUMENT);
    answer_done(&a);
}

static void test_tcp_probe(void **state)
{
    Agentsandbox__V1__Probe p = AGENTSANDBOX__V1__PROBE__INIT;

    (void)state;
    p.check_case = AGENTSANDBOX__V1__PROBE__CHECK_TCP_PORT;
    p.tcp_port = port();
    assert_probe(&p, true, "connected");
    p.tcp_port = 1;
    assert_probe(&p, false, "connection refused");
}

static void test_grpc_probe(void **state)
{
    Agentsandbox__V1__Probe p = AGENTSANDBOX__V1__PROBE__INIT;
    Agentsandbox__V1__GrpcProbe grpc = AGENTSANDBOX__V1__GRPC_PROBE__INIT;
    struct answer a;

    (void)state;
    p.check_case = AGENTSANDBOX__V1__PROBE__CHECK_GRPC;
    p.grpc = &grpc;
    grpc.port = port();
    assert_probe(&p, true, "SERVING");
    grpc.service = (char *)"no.such.Service";
    a = probe(&p);
    assert_false(REPLY(a, RunProbeResponse)->success);
    assert_non_null(strstr(REPLY(a, RunProbeResponse)->message, "NOT_FOUND"));
    answer_done(&a);
    grpc.port = 1;
    a = probe(&p);
    assert_false(REPLY(a, RunProbeResponse)->success);
    answer_done(&a);
}

static void test_exec_probe(void **state)
{
    static const struct {
        const char *line, *message;
        bool success;
    } cases[] = {
        {"exit 0", "exit code 0", true},
        {"echo fine", "exit code 0: fine", true},
        {"echo no db >&2; exit 1", "exit code 1: no db", false},
        {"kill -9 $$", "ended by signal 9 (SIGKILL)", false},
        {"sleep 100", "no answer within 300 ms", false},
    };
    Agentsandbox__V1__Probe p = AGENTSANDBOX__V1__PROBE__INIT;
    Agentsandbox__V1__ExecProbe exec = AGENTSANDBOX__V1__EXEC_PROBE__INIT;
    char *argv[] = {(char *)"sh", (char *)"-c", NULL};

    (void)state;
    p.check_case = AGENTSANDBOX__V1__PROBE__CHECK_EXEC;
    p.exec = &exec;
    p.timeout_ms = 300;
    exec.n_argv = 3;
    exec.argv = argv;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        argv[2] = (char *)cases[i].line;
        assert_probe(&p, cases[i].success, cases[i].message);
    }
    exec.n_argv = 1;
    argv[0] = (char *)"no-such-command-1";
    assert_probe(&p, false, "no-such-command-1: command not found");
    assert_int_equal(w.agent.execs.n_ended, 0); /* probes leave no records */
}

static void test_no_check(void **state)
{
    Agentsandbox__V1__Probe p = AGENTSANDBOX__V1__PROBE__INIT;
    struct answer a = probe(&p);

    (void)state;
    assert_int_equal(a.code, RPC_INVALID_ARGUMENT);
    answer_done(&a);
}

static struct answer get_agent(void)
{
    Agentsandbox__V1__GetAgentRequest r = AGENTSANDBOX__V1__GET_AGENT_REQUEST__INIT;
    struct answer a = {0};

    assert_int_equal(
        agentsandbox_v1_agent_service_get_agent(w.control, NULL, &r, on_answer, &a, NULL, NULL), 0);
    world_until(&w, &a.is_done, 10000);
    return a;
}

/* The control service is not on the data connection. */
static void test_services_apart(void **state)
{
    Agentsandbox__V1__StopRequest r = AGENTSANDBOX__V1__STOP_REQUEST__INIT;
    struct answer a = {0};

    (void)state;
    assert_int_equal(
        agentsandbox_v1_agent_service_stop(w.data, NULL, &r, on_answer, &a, NULL, NULL), 0);
    world_until(&w, &a.is_done, 10000);
    assert_int_equal(a.code, RPC_UNIMPLEMENTED);
    answer_done(&a);
}

static void stop(int grace_ms, struct answer *a)
{
    Agentsandbox__V1__StopRequest r = AGENTSANDBOX__V1__STOP_REQUEST__INIT;
    Google__Protobuf__Duration grace = GOOGLE__PROTOBUF__DURATION__INIT;

    grace.nanos = grace_ms * 1000000;
    r.grace = &grace;
    *a = (struct answer){0};
    assert_int_equal(
        agentsandbox_v1_agent_service_stop(w.control, NULL, &r, on_answer, a, NULL, NULL), 0);
}

static void test_stop(void **state)
{
    Agentsandbox__V1__StartRequest r = AGENTSANDBOX__V1__START_REQUEST__INIT;
    Agentsandbox__V1__Command c = shell("trap '' TERM; echo up; while :; do sleep 0.05; done");
    struct client client;
    struct answer a;

    (void)state;
    r.command = &c;
    client_start(&client, &w, NULL, &r);
    client_expect(&client, "up\n");
    stop(200, &a);
    assert_int_equal(agent_run(&w.agent), 0);
    assert_true(a.is_done);
    assert_int_equal(a.code, RPC_OK);
    answer_done(&a);
    world_pass(&w, 100);
    assert_true(client.is_exited); /* the reader was told before the end */
    assert_int_equal(client.record->cause->kind, KIND(SANDBOX_ENDED));
    assert_int_equal(client.record->cause->signal, SIGKILL);
    assert_string_equal(client.record->sandbox_cause->reason, "Stopped");
    client_done(&client);
}

static void with_command(const char *line, const char *data)
{
    const char *const argv[] = {"sh", "-c", line, NULL};
    const struct options o = {.cwd = "/", .argv = argv, .data = data};

    world_done(&w);
    world_init(&w, &o);
}

static void test_command_ends(void **state)
{
    static const struct {
        const char *line;
        int code;
    } cases[] = {{"exit 42", 42}, {"kill -9 $$", 137}, {"exit 0", 0}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        with_command(cases[i].line, NULL);
        assert_int_equal(agent_run(&w.agent), cases[i].code);
    }
}

/* The end of the container's command is the end of all. */
static void test_command_takes_execs_along(void **state)
{
    Agentsandbox__V1__StartRequest r = AGENTSANDBOX__V1__START_REQUEST__INIT;
    Agentsandbox__V1__Command c = shell("echo up; sleep 100");
    struct client client;
    struct answer a;

    (void)state;
    with_command("sleep 0.4; exit 9", NULL);
    a = get_agent();
    assert_true(REPLY(a, GetAgentResponse)->command_running);
    assert_true(REPLY(a, GetAgentResponse)->version[0] != '\0');
    answer_done(&a);
    r.command = &c;
    client_start(&client, &w, NULL, &r);
    client_expect(&client, "up\n");
    assert_int_equal(agent_run(&w.agent), 9);
    world_pass(&w, 100);
    assert_true(client.is_exited);
    assert_int_equal(client.record->cause->kind, KIND(SANDBOX_ENDED));
    assert_int_equal(client.record->sandbox_cause->exit_code, 9);
    client_done(&client);
}

static void test_sigterm(void **state)
{
    (void)state;
    with_command("trap 'exit 3' TERM; while :; do sleep 0.05; done", NULL);
    world_pass(&w, 200);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_int_equal(agent_run(&w.agent), 3);
}

static void test_command_not_found(void **state)
{
    static const char *const argv[] = {"/no/such/program", NULL}, *const env[] = {NULL};
    const struct options o = {.cwd = "/", .argv = argv};
    struct loop *loop;
    struct agent a;
    struct err err;

    (void)state;
    assert_int_equal(loop_new(&loop, NULL), 0);
    assert_int_equal(agent_init(&a, loop, &o, env, &err), -1);
    assert_string_equal(err.reason, "CommandNotFound");
    agent_done(&a);
    loop_free(loop);
}

/* ---- dialling ---- */

struct node {
    int listener, n;
    int fd;
    bool is_there;
};

static void on_dialled(struct loop_io *io, int events, void *user)
{
    struct node *n = user;

    (void)io;
    (void)events;
    n->fd = accept4(n->listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(n->fd >= 0);
    n->n++;
    n->is_there = true;
}

static void test_dial(void **state)
{
    char dir[] = "/tmp/asb-agent-XXXXXX", path[64];
    struct node n = {.fd = -1};
    struct rpc_channel *ch;
    struct loop_io *io;

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/data.sock", dir);
    with_command("sleep 100", path);
    world_pass(&w, 50); /* nobody listens yet: it tries on */
    n.listener = fd_unix_listen(path, SOCK_STREAM, 0600, NULL);
    assert_true(n.listener >= 0);
    assert_int_equal(loop_io_new(&io, w.loop, n.listener, LOOP_READ, on_dialled, &n, NULL), 0);
    for (int i = 0; i < 3; i++) {
        struct rpc_channel *own = w.data;
        struct answer a;

        n.is_there = false;
        world_until(&w, &n.is_there, 5000);
        assert_int_equal(rpc_channel_new_fd(&ch, w.loop, n.fd, NULL, NULL), 0);
        w.data = ch;
        a = run_shell(&w, "echo hi");
        assert_int_equal(a.code, RPC_OK);
        answer_done(&a);
        w.data = own;
        rpc_channel_free(ch); /* lost: it comes back */
    }
    assert_int_equal(n.n, 3);
    loop_io_free(io);
    (void)close(n.listener);
    (void)unlink(path);
    (void)rmdir(dir);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(test_http_probe), T(test_tcp_probe),         T(test_grpc_probe),
        T(test_exec_probe), T(test_no_check),          T(test_services_apart),
        T(test_stop),       T(test_command_ends),      T(test_command_takes_execs_along),
        T(test_sigterm),    T(test_command_not_found), T(test_dial),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
