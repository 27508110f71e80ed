/* What is settled before anything runs: command lines, commands, users, causes, stdin's offsets. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "lib/base/fd.h"
#include "lib/base/limits.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "services/runtime/agent/cause.h"
#include "services/runtime/agent/command.h"
#include "services/runtime/agent/input.h"
#include "services/runtime/agent/options.h"

/* ---- options ---- */

static int parse(const char *line, struct options *o, struct err *err)
{
    static char copy[256];
    static char *argv[32];
    int argc = 0;

    (void)snprintf(copy, sizeof(copy), "%s", line);
    for (char *word, *at = copy; (word = strsep(&at, " "));)
        argv[argc++] = word;
    argv[argc] = NULL;
    return options_parse(argc, argv, o, err);
}

static void test_options(void **state)
{
    struct options o;

    (void)state;
    assert_int_equal(
        parse("sandbox-agent agent --control /c --data /d --user 7:8 --cwd /w --log-level debug "
              "--log-format json -- python3 -m x --listen y",
              &o, NULL),
        0);
    assert_string_equal(o.control, "/c");
    assert_string_equal(o.data, "/d");
    assert_true(o.has_user && o.uid == 7 && o.gid == 8);
    assert_string_equal(o.cwd, "/w");
    assert_int_equal(o.log_level, LOG_DEBUG);
    assert_int_equal(o.log_format, LOG_FORMAT_JSON);
    assert_string_equal(o.argv[0], "python3");
    assert_string_equal(o.argv[3], "--listen");
    assert_null(o.listen);
    assert_int_equal(parse("x --listen 0.0.0.0:8888", &o, NULL), 0);
    assert_null(o.argv);
    assert_int_equal(parse("x --user 5 -- true", &o, NULL), 0);
    assert_int_equal(o.gid, 5);
}

/* An image whose command is the agent itself gets no second one. */
static void test_take_over(void **state)
{
    static const struct {
        const char *line, *listen;
    } cases[] = {
        {"x --data /d -- /usr/bin/sandbox-agent --listen 0.0.0.0:8888", "0.0.0.0:8888"},
        {"x --data /d -- sandbox-agent agent --listen=:1", ":1"},
        {"x --data /d -- /opt/sandbox-runtime agent --listen 1.2.3.4:5 -- python3", "1.2.3.4:5"},
        {"x --data /d -- sandbox-agent --user 0", NULL},
    };
    struct options o;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(parse(cases[i].line, &o, NULL), 0);
        assert_null(o.argv);
        assert_false(o.has_user);
        if (cases[i].listen)
            assert_string_equal(o.listen, cases[i].listen);
        else
            assert_null(o.listen);
    }
    assert_int_equal(parse("x -- sandbox-runtime node --listen y", &o, NULL), 0);
    assert_string_equal(o.argv[1], "node");
}

static void test_bad_options(void **state)
{
    static const struct {
        const char *line, *part;
    } cases[] = {
        {"x", "nothing to do"},
        {"x --nope", "--nope"},
        {"x --listen", "--listen"},
        {"x --listen y --user bob", "--user \"bob\""},
        {"x --listen y --user 1:", "--user"},
        {"x --listen y --user -1", "--user"},
        {"x --listen y --user 4294967295", "--user"},
        {"x --listen y --cwd tmp", "--cwd \"tmp\""},
        {"x --listen y --log-level loud", "--log-level \"loud\""},
        {"x -- sandbox-agent --nope", "--nope"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct options o;
        struct err err = {0};

        assert_int_equal(parse(cases[i].line, &o, &err), -1);
        assert_string_equal(err.reason, "BadUsage");
        assert_non_null(strstr(err.msg, cases[i].part));
    }
}

/* ---- users ---- */

static void test_users(void **state)
{
    static const struct {
        const char *user;
        int code;
        uid_t uid;
        gid_t gid;
        const char *home;
    } cases[] = {
        {"", 0, 0, 0, "HOME=/root"},
        {"0", 0, 0, 0, "HOME=/root"},
        {"app", 0, 1001, 1002, "HOME=/home/app"},
        {"1001", 0, 1001, 1001, "HOME=/home/app"},
        {"5:6", 0, 5, 6, "HOME=/"},
        {"ghost", RPC_NOT_FOUND, 0, 0, NULL},
        {"broken", RPC_NOT_FOUND, 0, 0, NULL},
        {"1:", RPC_INVALID_ARGUMENT, 0, 0, NULL},
        {"app:1", RPC_INVALID_ARGUMENT, 0, 0, NULL},
        {"4294967295", RPC_NOT_FOUND, 0, 0, NULL},
    };
    char path[] = "/tmp/asb-passwd-XXXXXX";
    static const char text[] = "root:x:0:0:root:/root:/bin/sh\n\nbroken:x:1\nbroken:x:a:b:c:d:e\n"
                               "app:x:1001:1002::/home/app:/bin/sh";
    struct identity id = {.is_switchable = true, .passwd = path};
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, sizeof(text) - 1, NULL), 0);
    (void)close(fd);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        Agentsandbox__V1__Command msg = AGENTSANDBOX__V1__COMMAND__INIT;
        struct command c;
        struct arena arena;
        struct err err = {0};

        arena_init(&arena, 1 << 20);
        msg.shell = (char *)"true";
        msg.user = (char *)cases[i].user;
        (void)command_parse(&msg, &id, &arena, &c, &err);
        assert_int_equal(err.code, cases[i].code);
        if (cases[i].code == 0) {
            assert_int_equal(c.uid, cases[i].uid);
            assert_int_equal(c.gid, cases[i].gid);
            assert_string_equal(c.envp[0], cases[i].home);
        }
        arena_done(&arena);
    }
    (void)unlink(path);
}

/* ---- causes ---- */

static void test_causes(void **state)
{
    static const struct {
        int status, sent;
        enum cause_kind wish, kind;
        const char *reason, *message;
    } cases[] = {
        {0, 0, CAUSE_NONE, CAUSE_EXITED, "Completed", ""},
        {3 << 8, 0, CAUSE_NONE, CAUSE_EXITED, "Error", "exit code 3"},
        {9, 0, CAUSE_NONE, CAUSE_SIGNALLED, "Signalled", "ended by signal 9 (SIGKILL)"},
        {9, 9, CAUSE_NONE, CAUSE_KILLED, "Killed", "ended on request by signal 9 (SIGKILL)"},
        {9, 15, CAUSE_NONE, CAUSE_SIGNALLED, "Signalled", "ended by signal 9 (SIGKILL)"},
        {0, 15, CAUSE_NONE, CAUSE_EXITED, "Completed", ""},
        {15, 0, CAUSE_TIMED_OUT, CAUSE_TIMED_OUT, "DeadlineExceeded",
         "its time limit passed; signal 15 (SIGTERM)"},
        {1 << 8, 0, CAUSE_KILLED, CAUSE_KILLED, "Killed", "ended on request by exit code 1"},
        {9, 0, CAUSE_SANDBOX_ENDED, CAUSE_SANDBOX_ENDED, "SandboxEnded",
         "the sandbox ended; signal 9 (SIGKILL)"},
        {40, 0, CAUSE_NONE, CAUSE_SIGNALLED, "Signalled", "ended by signal 40"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cause c;

        cause_of_status(&c, cases[i].status, cases[i].wish, cases[i].sent, NULL);
        assert_int_equal(c.kind, cases[i].kind);
        assert_string_equal(c.reason, cases[i].reason);
        assert_string_equal(c.message, cases[i].message);
    }
}

static void put_file(const char *dir, const char *name, const char *text)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(fd_write_file_atomic(AT_FDCWD, path, text, strlen(text), 0600, false, NULL),
                     0);
}

/* Both versions of control groups, made of files. */
static void test_out_of_memory(void **state)
{
    static const struct {
        const char *events, *limit, *peak, *before, *after;
    } cases[] = {
        {"memory.events", "memory.max", "memory.peak", "low 0\noom 1\noom_kill 2\n",
         "low 0\noom 2\noom_kill 3\n"},
        {"memory/memory.oom_control", "memory/memory.limit_in_bytes",
         "memory/memory.max_usage_in_bytes", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n",
         "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char dir[] = "/tmp/asb-cgroup-XXXXXX", sub[64];
        struct oom_watch w;
        struct cause c;

        assert_non_null(mkdtemp(dir));
        (void)snprintf(sub, sizeof(sub), "%s/memory", dir);
        assert_int_equal(mkdir(sub, 0700), 0);
        put_file(dir, cases[i].events, cases[i].before);
        put_file(dir, cases[i].limit, "1048576\n");
        put_file(dir, cases[i].peak, "1048575\n");
        oom_watch_init(&w, dir);
        cause_of_status(&c, SIGKILL, CAUSE_NONE, 0, &w);
        assert_int_equal(c.kind, CAUSE_SIGNALLED); /* the count has not moved */
        put_file(dir, cases[i].events, cases[i].after);
        cause_of_status(&c, 1 << 8, CAUSE_NONE, 0, &w);
        assert_int_equal(c.kind, CAUSE_EXITED); /* not this one */
        cause_of_status(&c, SIGKILL, CAUSE_NONE, 0, &w);
        assert_int_equal(c.kind, CAUSE_OUT_OF_MEMORY);
        assert_string_equal(c.reason, "OOMKilled");
        assert_int_equal(c.limit_bytes, 1048576);
        assert_int_equal(c.peak_bytes, 1048575);
        cause_of_status(&c, SIGKILL, CAUSE_NONE, 0, &w);
        assert_int_equal(c.kind, CAUSE_SIGNALLED); /* counted once */
        assert_int_equal(fd_rm_tree(AT_FDCWD, dir, NULL), 0);
    }
}

/* ---- stdin ---- */

static void on_taken(struct input *in, void *user)
{
    (void)in;
    (*(int *)user)++;
}

static void test_input(void **state)
{
    struct loop *loop;
    struct input in;
    struct err err;
    char got[64];
    int pair[2], n_wakes = 0;

    (void)state;
    assert_int_equal(loop_new(&loop, NULL), 0);
    input_init(&in, loop, on_taken, &n_wakes);
    assert_int_equal(input_write(&in, 0, "x", 1, false, &err), -1);
    assert_string_equal(err.reason, "NoStdin");
    assert_int_equal(fd_pipe(pair, O_NONBLOCK, NULL), 0);
    assert_int_equal(input_open(&in, pair[1], false, NULL), 0);
    assert_int_equal(input_write(&in, 0, "abc", 3, false, NULL), 0);
    assert_int_equal(input_write(&in, 0, "abcde", 5, false, NULL), 0);
    assert_int_equal(input_write(&in, 1, "bc", 2, false, NULL), 0);
    assert_int_equal(input_write(&in, 6, "x", 1, false, &err), -1);
    assert_int_equal(err.code, RPC_INVALID_ARGUMENT);
    assert_int_equal(in.n_taken, 5);
    assert_int_equal(read(pair[0], got, sizeof(got)), 5);
    assert_memory_equal(got, "abcde", 5);
    assert_int_equal(input_write(&in, 5, "f", 1, true, NULL), 0);
    assert_int_equal(input_write(&in, 5, "f", 1, true, NULL), 0); /* said again */
    assert_int_equal(input_write(&in, 6, "g", 1, false, &err), -1);
    assert_int_equal(read(pair[0], got, sizeof(got)), 1);
    assert_int_equal(read(pair[0], got, sizeof(got)), 0); /* end of file */
    input_done(&in);
    (void)close(pair[0]);
    (void)loop_turn(loop, false);
    loop_free(loop);
}

/* A command that reads nothing makes the writer wait; one that closed its stdin takes everything.
 */
static void test_input_pressure(void **state)
{
    static uint8_t block[64 * 1024];
    struct loop *loop;
    struct input in;
    uint64_t at = 0;
    int pair[2], n_wakes = 0;

    (void)state;
    assert_int_equal(loop_new(&loop, NULL), 0);
    input_init(&in, loop, on_taken, &n_wakes);
    assert_int_equal(fd_pipe(pair, O_NONBLOCK, NULL), 0);
    assert_int_equal(input_open(&in, pair[1], false, NULL), 0);
    for (; input_has_room(&in); at += sizeof(block))
        assert_int_equal(input_write(&in, at, block, sizeof(block), false, NULL), 0);
    assert_in_range(at, LIMIT_EXEC_STDIN, LIMIT_EXEC_STDIN + 1024 * 1024);
    assert_true(in.n_taken < at);
    (void)loop_turn(loop, false);
    assert_int_equal(n_wakes, 0);
    assert_true(read(pair[0], block, sizeof(block)) > 0);
    (void)loop_turn(loop, false);
    assert_int_equal(n_wakes, 1);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)close(pair[0]);
    (void)loop_turn(loop, false);
    assert_int_equal(in.n_taken, at);
    assert_true(input_has_room(&in));
    assert_int_equal(input_write(&in, at, "more", 4, false, NULL), 0);
    assert_int_equal(in.n_taken, at + 4);
    input_done(&in);
    (void)loop_turn(loop, false);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),     cmocka_unit_test(test_take_over),
        cmocka_unit_test(test_bad_options), cmocka_unit_test(test_users),
        cmocka_unit_test(test_causes),      cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_input),       cmocka_unit_test(test_input_pressure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
