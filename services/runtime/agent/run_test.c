/* ExecService, from outside: the whole agent over a connection. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include <cmocka.h>

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

static void assert_output(const struct answer *a, const char *out, const char *errs)
{
    const Agentsandbox__V1__RunResponse *r = REPLY(*a, RunResponse);

    assert_int_equal(r->stdout.len, strlen(out));
    assert_memory_equal(r->stdout.data, out, r->stdout.len);
    assert_int_equal(r->stderr.len, strlen(errs));
    assert_memory_equal(r->stderr.data, errs, r->stderr.len);
}

static void test_run(void **state)
{
    static const struct {
        const char *line, *out, *errs, *reason;
        int kind, exit_code, signal;
    } cases[] = {
        {"echo hello", "hello\n", "", "Completed", KIND(EXITED), 0, 0},
        {"echo out; echo err >&2; exit 3", "out\n", "err\n", "Error", KIND(EXITED), 3, 0},
        {"printf '\\000\\377x'; exit 255", NULL, "", "Error", KIND(EXITED), 255, 0},
        {"kill -9 $$", "", "", "Signalled", KIND(SIGNALLED), 0, 9},
        {"kill -15 $$", "", "", "Signalled", KIND(SIGNALLED), 0, 15},
        {"cat", "", "", "Completed", KIND(EXITED), 0, 0},
        {"no-such-command-1", "", "/bin/sh: 1: no-such-command-1: not found\n", "Error",
         KIND(EXITED), 127, 0},
        {"pwd; echo $LANG", "/\nC\n", "", "Completed", KIND(EXITED), 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct answer a = run_shell(&w, cases[i].line);
        const Agentsandbox__V1__RunResponse *r = REPLY(a, RunResponse);

        assert_int_equal(a.code, RPC_OK);
        assert_int_equal(r->exec->state, AGENTSANDBOX__V1__EXEC_STATE__EXEC_STATE_ENDED);
        assert_int_equal(r->exec->cause->kind, cases[i].kind);
        assert_int_equal(r->exec->cause->exit_code, cases[i].exit_code);
        assert_int_equal(r->exec->cause->signal, cases[i].signal);
        assert_string_equal(r->exec->cause->reason, cases[i].reason);
        assert_int_equal(strlen(r->exec->exec_id), EXEC_ID_LENGTH);
        assert_true(r->exec->usage->wall_ns > 0 && r->exec->usage->max_rss_bytes > 0);
        if (cases[i].out)
            assert_output(&a, cases[i].out, cases[i].errs);
        else
            assert_memory_equal(r->stdout.data, "\0\377x", 3);
        answer_done(&a);
    }
}

static void test_not_started(void **state)
{
    static const struct {
        const char *argv0, *cwd, *reason, *message;
        int exit_code;
    } cases[] = {
        {"no-such-command-1", "", "CommandNotFound", "no-such-command-1: command not found", 127},
        {"/no/such/file", "", "CommandNotFound", "/no/such/file: command not found", 127},
        {"/etc/passwd", "", "NotExecutable", "/etc/passwd: Permission denied", 126},
        {"/etc", "", "NotExecutable", "/etc: Permission denied", 126},
        {"true", "/no/such/folder", "StartFailed", NULL, 126},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        Agentsandbox__V1__Command c = AGENTSANDBOX__V1__COMMAND__INIT;
        char *argv[] = {(char *)cases[i].argv0};
        const Agentsandbox__V1__Cause *cause;
        struct answer a;

        c.n_argv = 1;
        c.argv = argv;
        c.cwd = (char *)cases[i].cwd;
        a = run_command(&w, &c);
        assert_int_equal(a.code, RPC_OK);
        cause = REPLY(a, RunResponse)->exec->cause;
        assert_int_equal(cause->kind, KIND(START_FAILED));
        assert_int_equal(cause->exit_code, cases[i].exit_code);
        assert_string_equal(cause->reason, cases[i].reason);
        if (cases[i].message)
            assert_string_equal(cause->message, cases[i].message);
        else
            assert_non_null(strstr(cause->message, cases[i].cwd));
        answer_done(&a);
    }
}

static void test_environment(void **state)
{
    Agentsandbox__V1__Command__EnvEntry entries[] = {AGENTSANDBOX__V1__COMMAND__ENV_ENTRY__INIT,
                                                     AGENTSANDBOX__V1__COMMAND__ENV_ENTRY__INIT,
                                                     AGENTSANDBOX__V1__COMMAND__ENV_ENTRY__INIT};
    Agentsandbox__V1__Command__EnvEntry *env[] = {&entries[0], &entries[1], &entries[2]};
    Agentsandbox__V1__Command c = shell("echo \"$LANG|$X|$HOME\"; pwd");
    struct answer a;

    (void)state;
    entries[0].key = (char *)"X";
    entries[0].value = (char *)"a=b c";
    entries[1].key = (char *)"LANG";
    entries[1].value = (char *)"";
    entries[2].key = (char *)"HOME";
    entries[2].value = (char *)"/h";
    c.n_env = 3;
    c.env = env;
    c.cwd = (char *)"/usr";
    a = run_command(&w, &c);
    assert_int_equal(a.code, RPC_OK);
    assert_output(&a, "|a=b c|/h\n/usr\n", "");
    answer_done(&a);
}

/* argv[0] is looked up where the command's own PATH says. */
static void test_path(void **state)
{
    Agentsandbox__V1__Command__EnvEntry path = AGENTSANDBOX__V1__COMMAND__ENV_ENTRY__INIT;
    Agentsandbox__V1__Command__EnvEntry *env[] = {&path};
    Agentsandbox__V1__Command c = AGENTSANDBOX__V1__COMMAND__INIT;
    char *argv[] = {(char *)"true"};
    struct answer a;

    (void)state;
    path.key = (char *)"PATH";
    path.value = (char *)"/etc";
    c.n_argv = 1;
    c.argv = argv;
    c.n_env = 1;
    c.env = env;
    a = run_command(&w, &c);
    assert_int_equal(REPLY(a, RunResponse)->exec->cause->exit_code, 127);
    answer_done(&a);
}

static void test_stdin_and_limits(void **state)
{
    Agentsandbox__V1__RunRequest r = AGENTSANDBOX__V1__RUN_REQUEST__INIT;
    Agentsandbox__V1__Command c = shell("cat; echo end >&2");
    struct answer a = {0};
    const Agentsandbox__V1__RunResponse *reply;

    (void)state;
    r.command = &c;
    r.stdin.len = 1024 * 1024;
    r.stdin.data = malloc(r.stdin.len);
    assert_non_null(r.stdin.data);
    memset(r.stdin.data, 'x', r.stdin.len);
    r.max_output_bytes = 1000;
    assert_int_equal(agentsandbox_v1_exec_service_run(w.data, NULL, &r, on_answer, &a, NULL, NULL),
                     0);
    world_until(&w, &a.is_done, 20000);
    free(r.stdin.data);
    reply = REPLY(a, RunResponse);
    assert_int_equal(a.code, RPC_OK);
    assert_int_equal(reply->stdout.len, 1000);
    assert_int_equal(reply->stdout_dropped, 1024 * 1024 - 1000);
    assert_int_equal(reply->exec->stdout_end, 1024 * 1024);
    assert_int_equal(reply->exec->stdin_offset, 1024 * 1024);
    assert_int_equal(reply->stderr.len, 4);
    answer_done(&a);
}

/* Both streams full still fit a client's message limit. */
static void test_most_output(void **state)
{
    struct answer a = run_shell(&w, "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2");
    const Agentsandbox__V1__RunResponse *r = REPLY(a, RunResponse);

    (void)state;
    assert_int_equal(a.code, RPC_OK);
    assert_int_equal(r->stdout.len, LIMIT_EXEC_RUN_OUTPUT);
    assert_int_equal(r->stdout.len + r->stdout_dropped, 3000000);
    assert_int_equal(r->stderr.len + r->stderr_dropped, 3000000);
    answer_done(&a);
    world_pass(&w, 50);
    assert_int_equal(w.agent.execs.host.n_collected, 0); /* given back with the call */
}

static void test_timeout(void **state)
{
    static const struct {
        const char *line;
        int signal;
    } cases[] = {
        {"sleep 100", SIGTERM},
        {"trap '' TERM; while :; do sleep 0.05; done", SIGKILL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        Google__Protobuf__Duration timeout = GOOGLE__PROTOBUF__DURATION__INIT, grace = timeout;
        Agentsandbox__V1__Command c = shell(cases[i].line);
        const Agentsandbox__V1__Cause *cause;
        struct answer a;

        timeout.nanos = 200 * 1000 * 1000;
        grace.nanos = 100 * 1000 * 1000;
        c.timeout = &timeout;
        c.grace = &grace;
        a = run_command(&w, &c);
        assert_int_equal(a.code, RPC_OK);
        cause = REPLY(a, RunResponse)->exec->cause;
        assert_int_equal(cause->kind, KIND(TIMED_OUT));
        assert_int_equal(cause->signal, cases[i].signal);
        assert_string_equal(cause->reason, "DeadlineExceeded");
        assert_true(REPLY(a, RunResponse)->exec->usage->wall_ns < 5000000000u);
        answer_done(&a);
    }
}

static void test_bad_requests(void **state)
{
    Google__Protobuf__Duration negative = GOOGLE__PROTOBUF__DURATION__INIT, zero = negative;
    Agentsandbox__V1__TerminalSize size = AGENTSANDBOX__V1__TERMINAL_SIZE__INIT;
    Agentsandbox__V1__Command c[8];
    char *argv[] = {(char *)"true"}, *empty[] = {(char *)""};
    char *big = malloc(LIMIT_EXEC_ARGS + 2);

    (void)state;
    assert_non_null(big);
    memset(big, 'x', LIMIT_EXEC_ARGS + 1);
    big[LIMIT_EXEC_ARGS + 1] = '\0';
    negative.seconds = -1;
    for (size_t i = 0; i < ARRAY_SIZE(c); i++)
        c[i] = shell("true");
    c[0].shell = (char *)"";
    c[1].n_argv = 1; /* and shell */
    c[1].argv = argv;
    c[2].shell = (char *)"";
    c[2].n_argv = 1;
    c[2].argv = empty;
    c[3].timeout = &negative;
    c[4].timeout = &zero;
    c[5].terminal = &size; /* 0 × 0 */
    c[6].shell = big;
    c[7].user = (char *)"1:2:3";
    for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
        struct answer a = run_command(&w, &c[i]);

        assert_int_equal(a.code, RPC_INVALID_ARGUMENT);
        answer_done(&a);
    }
    free(big);
}

static void test_users(void **state)
{
    static const struct {
        const char *user;
        int code;
    } cases[] = {{"0", RPC_PERMISSION_DENIED},
                 {"root", RPC_PERMISSION_DENIED},
                 {"4242:4242", RPC_PERMISSION_DENIED},
                 {"no-such-user", RPC_NOT_FOUND}};

    (void)state;
    if (w.agent.identity.uid == 0)
        skip();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        Agentsandbox__V1__Command c = shell("true");
        struct answer a;

        c.user = (char *)cases[i].user;
        a = run_command(&w, &c);
        assert_int_equal(a.code, cases[i].code);
        answer_done(&a);
    }
}

static void test_idempotent(void **state)
{
    Agentsandbox__V1__StartRequest r = AGENTSANDBOX__V1__START_REQUEST__INIT;
    Agentsandbox__V1__Command c = shell("sleep 0.1; echo once"), other = shell("echo twice");
    struct answer first, second, third;

    (void)state;
    r.command = &c;
    r.request_id = (char *)"req-1";
    first = start(&w, &r);
    second = start(&w, &r);
    assert_int_equal(first.code, RPC_OK);
    assert_false(REPLY(first, StartResponse)->existed);
    assert_true(REPLY(second, StartResponse)->existed);
    assert_string_equal(REPLY(first, StartResponse)->exec->exec_id,
                        REPLY(second, StartResponse)->exec->exec_id);
    r.command = &other;
    third = start(&w, &r);
    assert_int_equal(third.code, RPC_ALREADY_EXISTS);
    assert_string_equal(third.reason, "AlreadyExists");
    answer_done(&first);
    answer_done(&second);
    answer_done(&third);
}

static void test_wait_get_signal(void **state)
{
    Agentsandbox__V1__StartRequest r = AGENTSANDBOX__V1__START_REQUEST__INIT;
    Agentsandbox__V1__Command c = shell("sleep 100");
    struct answer a, b;
    char id[64];

    (void)state;
    r.command = &c;
    a = start(&w, &r);
    (void)snprintf(id, sizeof(id), "%s", REPLY(a, StartResponse)->exec->exec_id);
    assert_int_equal(REPLY(a, StartResponse)->exec->state,
                     AGENTSANDBOX__V1__EXEC_STATE__EXEC_STATE_RUNNING);
    answer_done(&a);

    a = send_signal(&w, id, 77);
    assert_int_equal(a.code, RPC_INVALID_ARGUMENT);
    answer_done(&a);
    a = send_signal(&w, id, SIGKILL);
    assert_int_equal(a.code, RPC_OK);
    answer_done(&a);

    b = wait_for(&w, id);
    assert_int_equal(b.code, RPC_OK);
    assert_int_equal(REPLY(b, WaitResponse)->exec->cause->kind, KIND(KILLED));
    assert_int_equal(REPLY(b, WaitResponse)->exec->cause->signal, SIGKILL);
    answer_done(&b);

    a = send_signal(&w, id, SIGKILL);
    assert_int_equal(a.code, RPC_FAILED_PRECONDITION);
    assert_string_equal(a.reason, "ExecEnded");
    answer_done(&a);
    a = get(&w, id);
    assert_int_equal(REPLY(a, GetExecResponse)->exec->state,
                     AGENTSANDBOX__V1__EXEC_STATE__EXEC_STATE_ENDED);
    answer_done(&a);
    a = get(&w, "nothing");
    assert_int_equal(a.code, RPC_NOT_FOUND);
    assert_string_equal(a.reason, "ExecNotFound");
    answer_done(&a);
}

static struct answer list(int page_size, const char *token)
{
    Agentsandbox__V1__ListExecsRequest r = AGENTSANDBOX__V1__LIST_EXECS_REQUEST__INIT;
    struct answer a = {0};

    r.page_size = page_size;
    r.page_token = (char *)token;
    assert_int_equal(agentsandbox_v1_exec_service_list(w.data, NULL, &r, on_answer, &a, NULL, NULL),
                     0);
    world_until(&w, &a.is_done, 10000);
    return a;
}

static void test_list(void **state)
{
    struct answer a;
    char token[32] = "";
    size_t n = 0;

    (void)state;
    for (int i = 0; i < 5; i++) {
        a = run_shell(&w, "true");
        answer_done(&a);
    }
    do {
        a = list(2, token);
        assert_int_equal(a.code, RPC_OK);
        n += REPLY(a, ListExecsResponse)->n_execs;
        (void)snprintf(token, sizeof(token), "%s", REPLY(a, ListExecsResponse)->next_page_token);
        answer_done(&a);
    } while (token[0]);
    assert_int_equal(n, 5);
    a = list(0, "junk");
    assert_int_equal(a.code, RPC_INVALID_ARGUMENT);
    answer_done(&a);
}

/* A descendant that keeps the pipe open neither delays the end nor dies of it. */
static void test_background(void **state)
{
    struct answer a = run_shell(&w, "(sleep 1; echo late; echo alive > /tmp/asb-bg-$$) & "
                                    "echo /tmp/asb-bg-$$");
    const Agentsandbox__V1__RunResponse *r = REPLY(a, RunResponse);
    char path[64], line[16] = "";
    FILE *f;

    (void)state;
    assert_int_equal(a.code, RPC_OK);
    assert_true(r->exec->usage->wall_ns < 800000000u);
    (void)snprintf(path, sizeof(path), "%.*s", (int)r->stdout.len - 1, (char *)r->stdout.data);
    answer_done(&a);
    world_pass(&w, 1500);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    assert_string_equal(line, "alive\n");
    (void)fclose(f);
    (void)remove(path);
}

static void test_orphans(void **state)
{
    uint64_t before = reaper_n_orphans(w.agent.reaper);
    struct answer a;

    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    a = run_shell(&w, "for i in 1 2 3; do (sleep 0.2 >/dev/null 2>&1 &) ; done");
    answer_done(&a);
    world_pass(&w, 600);
    assert_int_equal(reaper_n_orphans(w.agent.reaper) - before, 3);
}

static void test_cancel_kills(void **state)
{
    Agentsandbox__V1__RunRequest r = AGENTSANDBOX__V1__RUN_REQUEST__INIT;
    Agentsandbox__V1__Command c = shell("sleep 100");
    struct rpc_call_opts opts = {.timeout_ms = 200};
    struct answer a = {0};

    (void)state;
    r.command = &c;
    assert_int_equal(agentsandbox_v1_exec_service_run(w.data, &opts, &r, on_answer, &a, NULL, NULL),
                     0);
    world_until(&w, &a.is_done, 10000);
    assert_int_equal(a.code, RPC_DEADLINE_EXCEEDED);
    answer_done(&a);
    for (int i = 0; i < 100 && w.agent.execs.n_live > 0; i++)
        world_pass(&w, 20);
    assert_int_equal(w.agent.execs.n_live, 0);
    a = list(0, "");
    assert_int_equal(REPLY(a, ListExecsResponse)->execs[0]->cause->kind, KIND(KILLED));
    answer_done(&a);
}

static void test_too_many(void **state)
{
    Agentsandbox__V1__StartRequest r = AGENTSANDBOX__V1__START_REQUEST__INIT;
    Agentsandbox__V1__Command c = AGENTSANDBOX__V1__COMMAND__INIT;
    char *argv[] = {(char *)"sleep", (char *)"100"};
    struct answer a;

    (void)state;
    c.n_argv = 2;
    c.argv = argv;
    r.command = &c;
    for (int i = 0; i < LIMIT_EXECS; i++) {
        a = start(&w, &r);
        assert_int_equal(a.code, RPC_OK);
        answer_done(&a);
    }
    a = start(&w, &r);
    assert_int_equal(a.code, RPC_RESOURCE_EXHAUSTED);
    assert_string_equal(a.reason, "TooManyExecs");
    answer_done(&a);
}

static void test_records_bounded(void **state)
{
    struct answer a;

    (void)state;
    for (int i = 0; i < LIMIT_EXEC_RECORDS + 10; i++) {
        Agentsandbox__V1__Command c = AGENTSANDBOX__V1__COMMAND__INIT;
        char *argv[] = {(char *)"/nowhere"};

        c.n_argv = 1;
        c.argv = argv;
        a = run_command(&w, &c);
        assert_int_equal(a.code, RPC_OK);
        answer_done(&a);
    }
    assert_int_equal(w.agent.execs.n_ended, LIMIT_EXEC_RECORDS);
    assert_int_equal(w.agent.execs.host.budget.used, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(test_run),        T(test_not_started),      T(test_environment),
        T(test_path),       T(test_stdin_and_limits), T(test_most_output),
        T(test_timeout),    T(test_bad_requests),     T(test_users),
        T(test_idempotent), T(test_wait_get_signal),  T(test_list),
        T(test_background), T(test_orphans),          T(test_cancel_kills),
        T(test_too_many),   T(test_records_bounded),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
