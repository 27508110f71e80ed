/* The real agent behind the router: a command, a conversation, much output, a sudden death. Only
 * the controller and the node are the test's own. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "services/router/scene.h"

#include "agentsandbox/v1/exec.rpc.h"
#include "agentsandbox/v1/stream.rpc.h"
#include "lib/base/fd.h"
#include "lib/base/proc.h"

struct real_agent {
    struct proc proc;
    int control, data; /* listening */
    char control_path[64], data_path[64];
    int control_conn;
};

static int listen_at(char path[64], const char *dir, const char *name)
{
    struct err err;
    int fd;

    (void)snprintf(path, 64, "%.40s/%s", dir, name);
    fd = fd_unix_listen(path, SOCK_STREAM, 0600, &err);
    assert_true(fd >= 0);
    return fd;
}

static int accept_one(struct scene *s, int listen_fd)
{
    int fd = -1;

    UNTIL(s, (fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0);
    return fd;
}

static void agent_up(struct scene *s, struct real_agent *a)
{
    const char *argv[] = {AGENT_PROGRAM, "agent",      "--control", a->control_path,
                          "--data",      a->data_path, "--user",    "0:0",
                          "--",          "sleep",      "60",        NULL};
    struct err err;

    a->control = listen_at(a->control_path, s->dir, "ac");
    a->data = listen_at(a->data_path, s->dir, "ad");
    assert_int_equal(proc_spawn(&(struct proc_spec){.argv = argv,
                                                    .fds = (int[]){-1, -1, 2},
                                                    .n_fds = 3,
                                                    .uid = (uid_t)-1,
                                                    .gid = (gid_t)-1,
                                                    .new_group = true,
                                                    .die_with_parent = true},
                                &a->proc, &err),
                     0);
    a->control_conn = accept_one(s, a->control);
    fake_node_hand_over(s->fds, "inst1", 1, accept_one(s, a->data));
}

/* Here the agent is no pid 1, so what it ran outlives it; it is ours now, as we are the subreaper.
 */
static void end_orphans(void)
{
    struct buf pids;
    char *at, *end;

    buf_init(&pids, 65536);
    assert_int_equal(fd_read_file(AT_FDCWD, "/proc/thread-self/children", &pids, NULL), 0);
    at = (char *)buf_cstr(&pids, NULL);
    for (long pid; (pid = strtol(at, &end, 10)) > 0; at = end)
        (void)kill((pid_t)pid, SIGKILL);
    buf_done(&pids);
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

static void agent_gone(struct real_agent *a)
{
    proc_done(&a->proc);
    end_orphans();
    (void)close(a->control_conn);
    (void)close(a->control);
    (void)close(a->data);
    (void)unlink(a->control_path);
    (void)unlink(a->data_path);
}

struct outcome {
    bool is_done;
    int code, exit_code;
    char out[64], message[256];
};

static void on_run(struct rpc_call *call, const ProtobufCMessage *reply,
                   const struct rpc_status *status, void *user)
{
    const Agentsandbox__V1__RunResponse *r = (const Agentsandbox__V1__RunResponse *)reply;
    struct outcome *o = user;

    (void)call;
    o->is_done = true;
    o->code = status->code;
    (void)snprintf(o->message, sizeof(o->message), "%s", status->message);
    if (r) {
        o->exit_code = r->exec->cause->exit_code;
        (void)snprintf(o->out, sizeof(o->out), "%.*s", (int)r->stdout.len,
                       (const char *)r->stdout.data);
    }
}

static void start_run(struct scene *s, struct outcome *o, const char *shell)
{
    Agentsandbox__V1__RunRequest request = AGENTSANDBOX__V1__RUN_REQUEST__INIT;
    Agentsandbox__V1__Command command = AGENTSANDBOX__V1__COMMAND__INIT;
    struct rpc_metadata md;
    struct arena arena;
    struct err err;

    command.shell = (char *)shell;
    request.command = &command;
    arena_init(&arena, LIMIT_RPC_METADATA);
    rpc_metadata_init(&md, &arena);
    assert_int_equal(rpc_metadata_add_str(&md, "x-sandbox-id", "web-1", &err), 0);
    assert_int_equal(agentsandbox_v1_exec_service_run(s->w.channel,
                                                      &(struct rpc_call_opts){.metadata = &md},
                                                      &request, on_run, o, NULL, &err),
                     0);
    arena_done(&arena);
}

struct stream {
    struct rpc_call *call;
    uint64_t sent, got;
    bool is_started, has_exited, is_done;
    int code;
    char message[256];
};

static void stream_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__AttachResponse *m = (const Agentsandbox__V1__AttachResponse *)msg;
    struct stream *st = user;

    switch (m->kind_case) {
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_STARTED:
        st->is_started = true;
        break;
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_OUTPUT:
        assert_int_equal(m->output->offset, st->got);
        st->got += m->output->data.len;
        break;
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_EXITED:
        st->has_exited = true;
        break;
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_GAP:
        fail_msg("a gap");
        break;
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_STDIN_ACK:
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND__NOT_SET:
    case _AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND__CASE_IS_INT_SIZE:
        break;
    }
    rpc_call_read(call);
}

static void stream_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct stream *st = user;

    (void)call;
    st->is_done = true;
    st->code = status->code;
    (void)snprintf(st->message, sizeof(st->message), "%s", status->message);
}

static void attach(struct scene *s, struct stream *st, const char *shell)
{
    static const struct rpc_msg_ops ops = {.on_message = stream_message, .on_done = stream_done};
    Agentsandbox__V1__AttachRequest m = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;
    Agentsandbox__V1__StartRequest start = AGENTSANDBOX__V1__START_REQUEST__INIT;
    Agentsandbox__V1__Command command = AGENTSANDBOX__V1__COMMAND__INIT;
    struct rpc_metadata md;
    struct arena arena;
    struct err err;

    arena_init(&arena, LIMIT_RPC_METADATA);
    rpc_metadata_init(&md, &arena);
    assert_int_equal(rpc_metadata_add_str(&md, "x-sandbox-id", "web-1", &err), 0);
    assert_int_equal(rpc_start(s->w.channel, &agentsandbox_v1_stream_service_attach_method,
                               &(struct rpc_call_opts){.metadata = &md}, &ops, st, &st->call, &err),
                     0);
    arena_done(&arena);
    command.shell = (char *)shell;
    command.stdin = true;
    start.command = &command;
    m.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_START;
    m.start = &start;
    assert_true(rpc_send(st->call, &m.base, &err) >= 0);
    rpc_call_read(st->call);
    UNTIL(s, st->is_started);
}

static void write_stdin(struct stream *st, const char *text)
{
    Agentsandbox__V1__AttachRequest m = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;
    Agentsandbox__V1__StdinData in = AGENTSANDBOX__V1__STDIN_DATA__INIT;
    struct err err;

    in.offset = st->sent;
    in.data.data = (uint8_t *)text;
    in.data.len = strlen(text);
    in.eof = in.data.len == 0;
    st->sent += in.data.len;
    m.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_STDIN;
    m.stdin = &in;
    assert_true(rpc_send(st->call, &m.base, &err) >= 0);
}

static void test_real_agent(void **state)
{
    struct stream cat = {0}, much = {0}, open = {0};
    struct outcome run = {0};
    struct real_agent a = {0};
    struct scene s = {0};
    uint64_t killed_ms;

    (void)state;
    scene_up(&s);
    agent_up(&s, &a);

    start_run(&s, &run, "echo through; exit 3");
    UNTIL(&s, run.is_done);
    assert_string_equal(run.message, "");
    assert_string_equal(run.out, "through\n");
    assert_int_equal(run.exit_code, 3);

    attach(&s, &cat, "cat");
    for (int i = 0; i < 50; i++) {
        write_stdin(&cat, "a line of text\n");
        UNTIL(&s, cat.got == cat.sent);
    }
    write_stdin(&cat, "");
    UNTIL(&s, cat.is_done);
    assert_int_equal(cat.code, RPC_OK);
    assert_true(cat.has_exited);

    attach(&s, &much, "head -c 20000000 /dev/zero");
    UNTIL(&s, much.is_done);
    assert_int_equal(much.got, 20000000);

    attach(&s, &open, "cat");
    assert_int_equal(kill(a.proc.pid, SIGKILL), 0);
    killed_ms = clock_monotonic_ms();
    UNTIL(&s, open.is_done);
    assert_in_range(clock_monotonic_ms() - killed_ms, 0, 2000);
    assert_int_equal(open.code, RPC_UNAVAILABLE);
    assert_non_null(strstr(open.message, "sandbox default/web-1"));
    agent_gone(&a);
    scene_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_real_agent)};

    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    log_init("test", LOG_ERROR, LOG_FORMAT_KV, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
