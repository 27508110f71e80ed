/*
 * The static agent as pid 1 of a real gVisor sandbox with this machine's /usr and /etc in it: it
 * dials out to sockets of ours, and what it serves there must work as it does natively. Needs runsc
 * in PATH and root.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/proc.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"
#include "services/runtime/agent/test_world.h"

#define KIND(k) AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_##k

struct box {
    struct world w;
    char dir[64], id[24];
    int listeners[2]; /* control, data */
    struct loop_io *doors[2];
    bool is_open[2], has_ended;
    struct proc runsc;
    struct loop_child *child;
    int status;
};

static struct box box;

static const char config[] =
    "{\"ociVersion\":\"1.0.0\",\"hostname\":\"box\",\"root\":{\"path\":\"%s/root\",\"readonly\":true},"
    "\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},\"noNewPrivileges\":true,"
    "\"env\":[\"PATH=/usr/local/bin:/usr/bin:/bin\",\"LANG=C\"],"
    "\"capabilities\":{\"bounding\":%s,\"effective\":%s,\"permitted\":%s},"
    "\"args\":[\"/.agent-sandbox/agent\",\"agent\",\"--control\",\"/.agent-sandbox/run/control.sock\","
    "\"--data\",\"/.agent-sandbox/run/data.sock\",\"--user\",\"1000:1000\",\"--cwd\",\"/\",\"--\","
    "\"sh\",\"-c\",\"trap 'exit 7' TERM; while :; do sleep 0.1; done\"]},"
    "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
    "{\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"mode=1777\"]},"
    "{\"destination\":\"/usr\",\"type\":\"bind\",\"source\":\"/usr\",\"options\":[\"bind\",\"ro\"]},"
    "{\"destination\":\"/etc\",\"type\":\"bind\",\"source\":\"/etc\",\"options\":[\"bind\",\"ro\"]},"
    "{\"destination\":\"/.agent-sandbox/agent\",\"type\":\"bind\",\"source\":\"%s\","
    "\"options\":[\"bind\",\"ro\"]},"
    "{\"destination\":\"/.agent-sandbox/run\",\"type\":\"bind\",\"source\":\"%s/run\","
    "\"options\":[\"bind\",\"ro\"]}],"
    "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"ipc\"},"
    "{\"type\":\"uts\"},{\"type\":\"network\"}]}}";

static const char caps[] = "[\"CAP_SETUID\",\"CAP_SETGID\",\"CAP_KILL\",\"CAP_CHOWN\","
                           "\"CAP_DAC_OVERRIDE\",\"CAP_FOWNER\"]";

static void on_dialled(struct loop_io *io, int events, void *user)
{
    int i = (int)(intptr_t)user;
    int fd = accept4(box.listeners[i], NULL, NULL, SOCK_CLOEXEC);
    struct rpc_channel **ch = i == 0 ? &box.w.control : &box.w.data;

    (void)io;
    (void)events;
    assert_true(fd >= 0);
    rpc_channel_free(*ch);
    assert_int_equal(rpc_channel_new_fd(ch, box.w.loop, fd, NULL, NULL), 0);
    box.is_open[i] = true;
}

static void on_runsc_ended(struct loop_child *c, const siginfo_t *info, void *user)
{
    (void)c;
    (void)user;
    box.has_ended = true;
    box.status = info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
}

static void write_config(void)
{
    char path[128], text[8192];
    FILE *f;

    (void)snprintf(text, sizeof(text), config, box.dir, caps, caps, caps, ASB_AGENT, box.dir);
    (void)snprintf(path, sizeof(path), "%s/config.json", box.dir);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void listen_at(int i, const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/run/%s", box.dir, name);
    box.listeners[i] = fd_unix_listen(path, SOCK_STREAM, 0600, NULL);
    assert_true(box.listeners[i] >= 0);
    assert_int_equal(loop_io_new(&box.doors[i], box.w.loop, box.listeners[i], LOOP_READ, on_dialled,
                                 (void *)(intptr_t)i, NULL),
                     0);
}

static void start_runsc(void)
{
    static const int fds[] = {-1, 2, 2};
    char root[128];
    const char *argv[] = {"runsc",
                          "--root",
                          root,
                          "--platform=systrap",
                          "--network=none",
                          "--ignore-cgroups",
                          "--host-uds=open",
                          "--overlay2=root:memory",
                          "run",
                          "--bundle",
                          box.dir,
                          box.id,
                          NULL};
    const struct proc_spec spec = {
        .argv = argv, .fds = fds, .n_fds = 3, .uid = (uid_t)-1, .gid = (gid_t)-1};
    struct err err;

    (void)snprintf(root, sizeof(root), "%s/runsc", box.dir);
    if (proc_spawn(&spec, &box.runsc, &err) < 0)
        fail_msg("%s", err.msg);
    box.has_ended = false;
    assert_int_equal(loop_child_new(&box.child, box.w.loop, box.runsc.pid, box.runsc.pidfd,
                                    on_runsc_ended, NULL, NULL),
                     0);
}

/* A root file system of links into /usr, as Debian's own is. */
static void make_root(void)
{
    static const char *const links[] = {"bin", "sbin", "lib", "lib64"};
    char path[128], to[32];

    (void)snprintf(path, sizeof(path), "%s/root", box.dir);
    assert_int_equal(mkdir(path, 0755), 0);
    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        (void)snprintf(path, sizeof(path), "%s/root/%s", box.dir, links[i]);
        (void)snprintf(to, sizeof(to), "usr/%s", links[i]);
        assert_int_equal(symlink(to, path), 0);
    }
}

static int box_begin(void **state)
{
    char run[80];

    (void)state;
    box = (struct box){.has_ended = true};
    world_init_bare(&box.w);
    (void)snprintf(box.dir, sizeof(box.dir), "/tmp/asb-box-XXXXXX");
    assert_non_null(mkdtemp(box.dir));
    (void)snprintf(run, sizeof(run), "%s/run", box.dir);
    assert_int_equal(mkdir(run, 0700), 0);
    make_root();
    bytes_random_name(box.id, 16);
    write_config();
    listen_at(0, "control.sock");
    listen_at(1, "data.sock");
    start_runsc();
    world_until(&box.w, &box.is_open[0], 20000);
    world_until(&box.w, &box.is_open[1], 20000);
    return 0;
}

static int box_end(void **state)
{
    struct err err;
    char root[128];
    const char *const argv[] = {"runsc", "--root", root, "delete", "--force", box.id, NULL};

    (void)state;
    (void)snprintf(root, sizeof(root), "%s/runsc", box.dir);
    if (!box.has_ended)
        (void)proc_run(argv, NULL, 20000,
                       NULL); /* a test failed: the next line says what is left */
    world_until(&box.w, &box.has_ended, 20000);
    loop_child_free(box.child);
    for (int i = 0; i < 2; i++) {
        loop_io_free(box.doors[i]);
        (void)close(box.listeners[i]);
    }
    world_done(&box.w);
    (void)proc_run(argv, NULL, 20000, NULL); /* what `run` left of itself */
    (void)snprintf(root, sizeof(root), "%s/runsc/null-netns", box.dir);
    (void)umount2(root, MNT_DETACH); /* --network=none: runsc mounts it and leaves it */
    if (fd_rm_tree(AT_FDCWD, box.dir, &err) < 0)
        fail_msg("%s", err.msg);
    return 0;
}

static void assert_stdout(struct answer *a, const char *text)
{
    const Agentsandbox__V1__RunResponse *r = REPLY(*a, RunResponse);

    assert_int_equal(a->code, RPC_OK);
    assert_int_equal(r->stdout.len, strlen(text));
    assert_memory_equal(r->stdout.data, text, strlen(text));
    answer_done(a);
}

static void test_run(void **state)
{
    struct answer a;

    (void)state;
    a = run_shell(&box.w, "echo hello; id -u; cat /proc/1/comm; hostname");
    assert_stdout(&a, "hello\n1000\nagent\nbox\n");
    a = run_shell(&box.w, "exit 3");
    assert_int_equal(REPLY(a, RunResponse)->exec->cause->exit_code, 3);
    assert_true(REPLY(a, RunResponse)->exec->usage->max_rss_bytes > 0);
    answer_done(&a);
    a = run_shell(&box.w, "kill -9 $$");
    assert_int_equal(REPLY(a, RunResponse)->exec->cause->kind, KIND(SIGNALLED));
    answer_done(&a);
}

static void test_memory(void **state)
{
    const Agentsandbox__V1__RunResponse *r;
    struct answer a;
    char text[32];
    long kib;

    (void)state;
    a = run_shell(&box.w, "sed -n 's/^VmRSS:[^0-9]*//p' /proc/1/status");
    r = REPLY(a, RunResponse);
    (void)snprintf(text, sizeof(text), "%.*s", (int)r->stdout.len, (const char *)r->stdout.data);
    kib = strtol(text, NULL, 10);
    print_message("agent: %ld KiB resident\n", kib);
    /* Natively it is under 2 MiB; gVisor counts the 2 MiB pieces that it backs memory with. */
    assert_in_range(kib, 100, 8 * 1024);
    answer_done(&a);
}

/* The user of the commands gets neither at the agent nor at its sockets. */
static void test_agent_is_out_of_reach(void **state)
{
    struct answer a;

    (void)state;
    a = run_shell(&box.w, "ls /.agent-sandbox/run 2>/dev/null; ls /proc/1/fd 2>/dev/null; "
                          "cat /proc/1/environ 2>/dev/null; kill -9 1 2>/dev/null || echo no");
    assert_stdout(&a, "no\n");
}

static void test_not_found(void **state)
{
    Agentsandbox__V1__Command c = AGENTSANDBOX__V1__COMMAND__INIT;
    char *argv[] = {(char *)"no-such-command-1"};
    struct answer a;

    (void)state;
    c.n_argv = 1;
    c.argv = argv;
    a = run_command(&box.w, &c);
    assert_int_equal(REPLY(a, RunResponse)->exec->cause->exit_code, 127);
    answer_done(&a);
}

static Agentsandbox__V1__StartRequest *line(const char *text, bool with_stdin)
{
    static Agentsandbox__V1__StartRequest r;
    static Agentsandbox__V1__Command c;

    agentsandbox__v1__start_request__init(&r);
    c = shell(text);
    c.stdin = with_stdin;
    r.command = &c;
    return &r;
}

static void test_conversation(void **state)
{
    struct client c;

    (void)state;
    client_start(&c, &box.w, NULL, line("cat", true));
    client_stdin(&c, 0, "one\n", false);
    client_expect(&c, "one\n");
    client_stdin(&c, 4, "two\n", true);
    client_wait(&c);
    assert_int_equal(c.code, RPC_OK);
    assert_string_equal(client_text(&c, 0), "one\ntwo\n");
    client_done(&c);
}

static void test_terminal(void **state)
{
    Agentsandbox__V1__StartRequest *r = line("stty size; tty -s && echo tty; exec cat", true);
    Agentsandbox__V1__TerminalSize size = AGENTSANDBOX__V1__TERMINAL_SIZE__INIT;
    struct client c;

    (void)state;
    size.columns = 91;
    size.rows = 17;
    r->command->terminal = &size;
    client_start(&c, &box.w, NULL, r);
    client_expect(&c, "17 91\r\ntty\r\n");
    client_stdin(&c, 0, "up\n", false); /* a shell about to start a program may swallow a signal */
    client_expect(&c, "up\r\nup\r\n");
    client_stdin(&c, 3, "\003", false);
    client_wait(&c);
    assert_int_equal(c.record->cause->signal, SIGINT);
    client_done(&c);
}

static void test_much_output(void **state)
{
    struct client c;

    (void)state;
    client_start(&c, &box.w, NULL, line("head -c 33554432 /dev/zero", false));
    c.is_discarding = true;
    for (uint64_t i = 0, end = clock_monotonic_ms() + 60000;
         !c.is_done && clock_monotonic_ms() < end; i++) {
        c.is_stalled = i % 4 != 0;
        if (!c.is_stalled)
            client_read_on(&c);
        (void)loop_turn(box.w.loop, false);
    }
    assert_int_equal(c.at[0], 33554432);
    assert_int_equal(c.lost[0], 0);
    client_done(&c);
}

static void test_background(void **state)
{
    struct answer a;

    (void)state;
    a = run_shell(&box.w, "(sleep 1; echo late; echo alive > /tmp/bg) & echo up");
    assert_true(REPLY(a, RunResponse)->exec->usage->wall_ns < 900000000u);
    assert_stdout(&a, "up\n");
    world_pass(&box.w, 1600);
    a = run_shell(&box.w, "cat /tmp/bg; ps -e -o stat= | grep -c Z");
    assert_stdout(&a, "alive\n0\n"); /* it lived on, and the orphans were reaped */
}

static void test_reconnect(void **state)
{
    struct rpc_channel *lost = box.w.data;
    struct client c;
    struct answer a;
    Agentsandbox__V1__AttachOpen o = AGENTSANDBOX__V1__ATTACH_OPEN__INIT;
    struct client again;

    (void)state;
    client_start(&c, &box.w, NULL, line("echo up; sleep 1; echo down", false));
    client_expect(&c, "up\n");
    box.is_open[1] = false;
    box.w.data = NULL;
    rpc_channel_free(lost);
    world_until(&box.w, &box.is_open[1], 5000);
    o.exec_id = c.id;
    o.stdout_offset = c.at[0];
    client_open(&again, &box.w, NULL, &o);
    client_wait(&again);
    assert_string_equal(client_text(&again, 0), "down\n");
    a = run_shell(&box.w, "echo hi");
    assert_stdout(&a, "hi\n");
    client_done(&c);
    client_done(&again);
}

static void test_stop(void **state)
{
    Agentsandbox__V1__StopRequest r = AGENTSANDBOX__V1__STOP_REQUEST__INIT;
    struct answer a = {0};

    (void)state;
    assert_int_equal(
        agentsandbox_v1_agent_service_stop(box.w.control, NULL, &r, on_answer, &a, NULL, NULL), 0);
    world_until(&box.w, &box.has_ended, 20000);
    assert_true(a.is_done);
    assert_int_equal(a.code, RPC_OK);
    assert_int_equal(box.status, 7); /* the container's command trapped SIGTERM */
    answer_done(&a);
}

/* The static program by itself, idle. */
static void test_native_memory(void **state)
{
    const char *const argv[] = {ASB_AGENT, "--listen", "127.0.0.1:0", "--log-level", "error", NULL};
    const struct proc_spec spec = {.argv = argv,
                                   .fds = (const int[]){-1, 2, 2},
                                   .n_fds = 3,
                                   .uid = (uid_t)-1,
                                   .gid = (gid_t)-1,
                                   .die_with_parent = true};
    char path[64], *at;
    struct proc p;
    struct buf b;
    long kib;

    (void)state;
    assert_int_equal(proc_spawn(&spec, &p, NULL), 0);
    world_pass(&box.w, 300);
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)p.pid);
    buf_init(&b, 16384);
    assert_int_equal(fd_read_file(AT_FDCWD, path, &b, NULL), 0);
    at = strstr(buf_cstr(&b, NULL), "VmRSS:");
    assert_non_null(at);
    kib = strtol(at + 6, NULL, 10);
    print_message("agent, natively: %ld KiB resident\n", kib);
    assert_in_range(kib, 100, 4 * 1024 - 1);
    buf_done(&b);
    proc_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_native_memory),
        cmocka_unit_test(test_run),

        cmocka_unit_test(test_agent_is_out_of_reach),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_conversation),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_much_output),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_reconnect),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_stop), /* the last: it ends the sandbox */
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, box_begin, box_end);
}
