/* The program as its supervisor runs it: command line, lifeline, signals, another user, and a
 * sudden death. */
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "services/router/scene.h"

#include "lib/base/fd.h"
#include "lib/base/proc.h"

struct run {
    struct proc proc;
    int err_fd; /* its standard error */
    int lifeline;
    char said[8192];
};

static void spawn(struct run *r, const char *const *argv)
{
    int out[2], life[2];
    struct err err;
    int fds[4];

    memset(r, 0, sizeof(*r));
    assert_int_equal(fd_pipe(out, 0, &err), 0);
    assert_int_equal(fd_pipe(life, 0, &err), 0);
    fds[0] = -1;
    fds[1] = out[1];
    fds[2] = out[1];
    fds[3] = life[0];
    assert_int_equal(proc_spawn(&(struct proc_spec){.argv = argv,
                                                    .fds = fds,
                                                    .n_fds = 4,
                                                    .uid = (uid_t)-1,
                                                    .gid = (gid_t)-1,
                                                    .die_with_parent = true},
                                &r->proc, &err),
                     0);
    (void)close(out[1]);
    (void)close(life[0]);
    r->err_fd = out[0];
    r->lifeline = life[1];
    assert_int_equal(fd_set_nonblock(r->err_fd, &err), 0);
}

static void listen_to(struct run *r)
{
    size_t n = strlen(r->said);
    ssize_t got = read(r->err_fd, r->said + n, sizeof(r->said) - 1 - n);

    if (got > 0)
        r->said[n + (size_t)got] = '\0';
}

/* Its exit code, or 128 + signal. Fails after 10 s. */
static int end(struct run *r)
{
    uint64_t until = clock_monotonic_ms() + 10000;
    siginfo_t info;
    struct err err;

    while (proc_reap(&r->proc, &info, &err) == 1) {
        listen_to(r);
        (void)usleep(2000);
        if (clock_monotonic_ms() > until) {
            proc_done(&r->proc);
            fail_msg("still runs after 10 s: %s", r->said);
        }
    }
    listen_to(r);
    proc_done(&r->proc);
    close_fdp(&r->lifeline);
    (void)close(r->err_fd);
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static void test_command_line(void **state)
{
    struct run r;

    (void)state;
    spawn(&r, (const char *[]){ROUTER_PROGRAM, "--nope", NULL});
    assert_int_equal(end(&r), 2);
    assert_non_null(strstr(r.said, "sandbox-router: --nope: no such option"));
    spawn(&r, (const char *[]){ROUTER_PROGRAM, "--help", NULL});
    assert_int_equal(end(&r), 0);
    assert_non_null(strstr(r.said, "Examples:"));
    spawn(&r, (const char *[]){ROUTER_PROGRAM, "--version", NULL});
    assert_int_equal(end(&r), 0);
    assert_non_null(strstr(r.said, "sandbox-router 0."));
}

/* Paths that the router's own user can reach. */
static void open_up(struct scene *s)
{
    scene_paths(s);
    assert_int_equal(chmod(s->dir, 0755), 0);
}

static void start(struct scene *s, struct run *r)
{
    const char *argv[] = {ROUTER_PROGRAM,
                          "--listen",
                          s->listen,
                          "--fds",
                          s->fds,
                          "--controller",
                          s->target,
                          "--lifeline-fd",
                          "3",
                          "--client-uid",
                          "0",
                          geteuid() ? NULL : "--user",
                          "12345:12346",
                          NULL};
    uint64_t until = clock_monotonic_ms() + 10000;

    spawn(r, argv);
    while (!strstr(r->said, "msg=ready")) {
        listen_to(r);
        (void)usleep(2000);
        if (clock_monotonic_ms() > until)
            fail_msg("not ready after 10 s: %s", r->said);
    }
}

static void test_ends_in_good_order(void **state)
{
    struct scene s = {0};
    struct run r, second;

    (void)state;
    open_up(&s);
    start(&s, &r);
    close_fdp(&r.lifeline);
    assert_int_equal(end(&r), 0);
    assert_non_null(strstr(r.said, "the lifeline has ended"));

    start(&s, &r);
    spawn(&second, (const char *[]){ROUTER_PROGRAM, "--listen", s.listen, "--fds", s.fds,
                                    "--controller", s.target, NULL});
    assert_int_equal(end(&second), 1);
    assert_non_null(strstr(second.said, "reason=AddressInUse"));
    assert_non_null(strstr(second.said, s.listen + 5));
    assert_int_equal(kill(r.proc.pid, SIGTERM), 0);
    assert_int_equal(end(&r), 0);
    assert_non_null(strstr(r.said, "msg=stopped"));
    scene_clean(&s);
}

static uint64_t status_field(pid_t pid, const char *field, int base)
{
    char path[64], *at;
    struct buf text;
    uint64_t value;

    buf_init(&text, 8192);
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    assert_int_equal(fd_read_file(AT_FDCWD, path, &text, NULL), 0);
    at = strstr(buf_cstr(&text, NULL), field);
    assert_non_null(at);
    value = strtoull(at + strlen(field), NULL, base);
    buf_done(&text);
    return value;
}

static void test_has_given_its_privileges_away(void **state)
{
    struct scene s = {0};
    struct stat st;
    struct run r;

    (void)state;
    open_up(&s);
    start(&s, &r);
    assert_int_equal(status_field(r.proc.pid, "CapEff:\t", 16), 0);
    assert_int_equal(status_field(r.proc.pid, "NoNewPrivs:\t", 10), 1);
    assert_int_equal(status_field(r.proc.pid, "Seccomp:\t", 10), 2);
    assert_int_equal(stat(s.listen + 5, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(s.fds, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    if (geteuid() == 0) {
        assert_int_equal(status_field(r.proc.pid, "Uid:\t", 10), 12345);
        assert_int_equal(status_field(r.proc.pid, "Gid:\t", 10), 12346);
    }
    close_fdp(&r.lifeline);
    assert_int_equal(end(&r), 0);
    scene_clean(&s);
}

/* kill -9 under open calls: they end at once; the agent redials, the next router knows all again,
 * and a client goes on over the same channel. */
static void test_killed_and_started_again(void **state)
{
    struct talk open = {0};
    struct scene s = {0};
    struct run first, second;
    uint64_t killed_ms;
    struct err err;

    (void)state;
    open_up(&s);
    assert_int_equal(loop_new(&s.w.loop, &err), 0);
    fake_controller_up(&s.controller, s.w.loop, s.routes);
    assert_int_equal(chmod(s.routes, 0666), 0);
    fake_controller_set(&s.controller, &web_1);
    fake_agent_up(&s.agent, s.w.loop);
    start(&s, &first);
    scene_client(&s);
    UNTIL(&s, s.controller.n_watches == 1);
    scene_agent(&s, "inst1", 1);
    scene_echo(&s, "web-1");
    scene_call(&s, &open, HANG, "web-1");
    UNTIL(&s, s.agent.n_open == 1);

    assert_int_equal(kill(first.proc.pid, SIGKILL), 0);
    killed_ms = clock_monotonic_ms();
    UNTIL(&s, open.n_done && s.agent.n_closed == 1 && s.agent.n_open == 0);
    assert_int_equal(open.code, RPC_UNAVAILABLE);
    assert_in_range(clock_monotonic_ms() - killed_ms, 0, 2000);
    assert_int_equal(end(&first), 128 + SIGKILL);

    start(&s, &second);
    UNTIL(&s, s.controller.n_watches == 2);
    scene_agent(&s, "inst1", 2); /* what the node does when the agent dials again */
    scene_echo(&s, "web-1");

    close_fdp(&second.lifeline);
    assert_int_equal(end(&second), 0);
    rpc_channel_free(s.w.channel);
    fake_agent_down(&s.agent);
    fake_controller_down(&s.controller);
    loop_free(s.w.loop);
    scene_clean(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_line),
        cmocka_unit_test(test_ends_in_good_order),
        cmocka_unit_test(test_has_given_its_privileges_away),
        cmocka_unit_test(test_killed_and_started_again),
    };

    log_init("test", LOG_ERROR, LOG_FORMAT_KV, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
