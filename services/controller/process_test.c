/*
 * The real program, with SQLite, killed with SIGKILL again and again while claims are made:
 * whatever was answered holds, nothing is handed out twice, nothing is leaked.
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/map.h"
#include "lib/base/proc.h"
#include "services/controller/test_client.h"

enum { N_CLAIMS = 8, N_ROUNDS = 24, POOL = 3 };

struct program {
    struct scene scene;
    struct proc proc;
    bool is_running;
};

static void start(struct program *p)
{
    const char *const argv[] = {CONTROLLER_PROGRAM,    "--listen",      p->scene.listen,
                                "--routes-listen",     p->scene.routes, "--node",
                                p->scene.node_address, "--state-dir",   p->scene.state,
                                "--log-level",         "error",         NULL};
    const int fds[] = {-1, -1, 2};
    const struct proc_spec spec = {.argv = argv,
                                   .fds = fds,
                                   .n_fds = 3,
                                   .uid = (uid_t)-1,
                                   .gid = (gid_t)-1,
                                   .die_with_parent = true};
    struct err err;

    if (proc_spawn(&spec, &p->proc, &err) < 0)
        fail_msg("%s", err.msg);
    p->is_running = true;
}

static void end(struct program *p, int signum, int want_exit)
{
    siginfo_t info;

    assert_int_equal(kill(p->proc.pid, signum), 0);
    for (int i = 0; i < 600; i++) {
        struct err err;
        int r = proc_reap(&p->proc, &info, &err);

        if (r == 0)
            break;
        assert_int_equal(r, 1);
        scene_run_for(&p->scene, 5);
    }
    p->is_running = false;
    if (want_exit >= 0) {
        assert_int_equal(info.si_code, CLD_EXITED);
        assert_int_equal(info.si_status, want_exit);
    }
    proc_done(&p->proc);
    scene_run_for(&p->scene, 20); /* the client notices */
}

static int setup(void **state)
{
    struct program *p = calloc(1, sizeof(*p));

    assert_non_null(p);
    scene_open(&p->scene);
    start(p);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct program *p = *state;

    if (p->is_running)
        end(p, SIGKILL, -1);
    scene_close(&p->scene);
    free(p);
    return 0;
}

static void make_pool(struct program *p)
{
    assert_int_equal(scene_apply(&p->scene, TEMPLATE_JSON, NULL), 0);
    assert_int_equal(scene_apply(&p->scene, POOL_JSON, NULL), 0);
    scene_wait_pool(&p->scene, "p", POOL);
}

/* Until the node has exactly what the claims and the pool need. */
static void wait_instances(struct program *p, size_t n)
{
    for (int i = 0; i < 1000 && p->scene.node.n_instances != n; i++)
        scene_run_for(&p->scene, 5);
    assert_int_equal(p->scene.node.n_instances, n);
}

static void delete_claim(struct program *p, const char *name)
{
    Agentsandbox__V1__DeleteClaimRequest req = AGENTSANDBOX__V1__DELETE_CLAIM_REQUEST__INIT;

    req.name = (char *)name;
    req.wait = true;
    assert_int_equal(scene_call(&p->scene, p->scene.channel,
                                &agentsandbox_v1_claim_service_delete_claim_method, &req.base,
                                10000, NULL),
                     0);
}

/* All N_CLAIMS by their ids; those that were answered before must be answered the same. */
static void check_claims(struct program *p, int round, const struct scene_async *before)
{
    struct scene_async after[N_CLAIMS];
    struct map seen;

    map_init(&seen);
    for (int i = 0; i < N_CLAIMS; i++) {
        char id[32];
        void *old = NULL;

        (void)snprintf(id, sizeof(id), "r%d-%d", round, i);
        scene_claim_async(&p->scene, "p", id, &after[i]);
        scene_wait(&p->scene, &after[i].is_done, 10000);
        assert_int_equal(after[i].code, 0);
        if (before[i].is_done && before[i].code == 0)
            assert_string_equal(before[i].sandbox, after[i].sandbox);
        assert_int_equal(map_set(&seen, after[i].sandbox, (void *)after[i].sandbox, &old, NULL), 0);
        assert_null(old); /* no sandbox has two claims */
    }
    map_done(&seen);
    wait_instances(p, N_CLAIMS + POOL);
    for (int i = 0; i < N_CLAIMS; i++)
        delete_claim(p, after[i].claim);
    wait_instances(p, POOL);
}

static void killed_at_any_moment(void **state)
{
    struct program *p = *state;
    int n_answered = 0;

    make_pool(p);
    for (int round = 0; round < N_ROUNDS; round++) {
        struct scene_async claims[N_CLAIMS];

        for (int i = 0; i < N_CLAIMS; i++) {
            char id[32];

            (void)snprintf(id, sizeof(id), "r%d-%d", round, i);
            scene_claim_async(&p->scene, "p", id, &claims[i]);
        }
        /* From nothing done to all done: by the clock, and by answers, however slow the machine. */
        if (round % 2)
            scene_wait(&p->scene, &claims[round / 4].is_done, 10000);
        else
            scene_run_for(&p->scene, (uint64_t)round);
        end(p, SIGKILL, -1);
        for (int i = 0; i < N_CLAIMS; i++) {
            scene_wait(&p->scene, &claims[i].is_done, 10000);
            n_answered += claims[i].code == 0;
        }
        start(p);
        check_claims(p, round, claims);
    }
    print_message("%d of %d claims were answered before the kill\n", n_answered,
                  N_ROUNDS * N_CLAIMS);
    assert_in_range(n_answered, 1, N_ROUNDS * N_CLAIMS - 1); /* the sweep hit both sides */
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Not a bound, a figure: the bench has the targets. pause_ms: what the program has for its refill.
 */
static void measure(struct program *p, int round, uint64_t pause_ms)
{
    uint64_t took[40];

    for (size_t i = 0; i < ARRAY_SIZE(took); i++) {
        struct scene_async claim;
        uint64_t before;
        char id[32];

        scene_run_for(&p->scene, pause_ms);
        (void)snprintf(id, sizeof(id), "m%d-%zu", round, i);
        before = clock_monotonic_ns();
        scene_claim_async(&p->scene, "p", id, &claim);
        scene_wait(&p->scene, &claim.is_done, 10000);
        took[i] = clock_monotonic_ns() - before;
        assert_int_equal(claim.code, 0);
    }
    qsort(took, ARRAY_SIZE(took), sizeof(took[0]), by_size);
    print_message("claims every %llu ms: fastest %.3f ms, median %.3f ms\n",
                  (unsigned long long)pause_ms, (double)took[0] / 1e6,
                  (double)took[ARRAY_SIZE(took) / 2] / 1e6);
}

static void claims_one_after_another(void **state)
{
    struct program *p = *state;

    make_pool(p);
    measure(p, 0, 100);
    measure(p, 1, 20);
    measure(p, 2, 0);
    wait_instances(p, 3 * 40 + POOL);
}

static void ends_cleanly(void **state)
{
    struct program *p = *state;
    struct stat st;

    make_pool(p);
    end(p, SIGTERM, 0);
    assert_int_equal(stat(p->scene.listen + 5, &st), -1);
    assert_int_equal(stat(p->scene.routes + 5, &st), -1);
    start(p);
    scene_wait_pool(&p->scene, "p", POOL);
    assert_int_equal(p->scene.node.n_created, POOL);
}

/* Runs it to its end: the exit code; what it said on standard error is in ret. */
static int run(const char *const *args, char *ret, size_t n_ret)
{
    const char *argv[16] = {CONTROLLER_PROGRAM};
    int fds[3] = {-1, -1, -1}, pipe_fds[2];
    struct proc_spec spec = {.argv = argv,
                             .fds = fds,
                             .n_fds = 3,
                             .uid = (uid_t)-1,
                             .gid = (gid_t)-1,
                             .die_with_parent = true};
    struct proc proc;
    siginfo_t info;
    size_t n = 0;
    ssize_t got;

    for (size_t i = 0; args[i]; i++)
        argv[i + 1] = args[i];
    assert_int_equal(fd_pipe(pipe_fds, 0, NULL), 0);
    fds[2] = pipe_fds[1];
    assert_int_equal(proc_spawn(&spec, &proc, NULL), 0);
    (void)close(pipe_fds[1]);
    while ((got = read(pipe_fds[0], ret + n, n_ret - 1 - n)) > 0)
        n += (size_t)got;
    ret[n] = '\0';
    (void)close(pipe_fds[0]);
    assert_int_equal(waitid(P_PID, (id_t)proc.pid, &info, WEXITED), 0);
    (void)close(proc.pidfd);
    return info.si_status;
}

static void bad_command_lines(void **state)
{
    static const struct {
        const char *args[8];
        int code;
        const char *part;
    } cases[] = {
        {{"--nonsense"}, 2, "--nonsense"},
        {{"word"}, 2, "word"},
        {{"--pod-cidr", "10.0.0.0/99"}, 1, "address range"},
        {{"--user", "somebody"}, 2, "--user"},
        {{"--listen", "127.0.0.1:0"}, 2, "--insecure"},
        {{"--state-dir", "/proc/nowhere"}, 1, "StateNotWritable"},
        {{"--log-level", "loud"}, 2, "debug, info, warn or error"},
    };
    struct program *p = *state;
    char said[4096];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *args[16];
        char listen[128], routes[128], dir[128];
        size_t n = 0;

        (void)snprintf(listen, sizeof(listen), "unix:%s/x.sock", p->scene.dir);
        (void)snprintf(routes, sizeof(routes), "unix:%s/y.sock", p->scene.dir);
        (void)snprintf(dir, sizeof(dir), "%s/other", p->scene.dir);
        args[n++] = "--listen";
        args[n++] = listen;
        args[n++] = "--routes-listen";
        args[n++] = routes;
        args[n++] = "--state-dir";
        args[n++] = dir;
        for (size_t k = 0; cases[i].args[k]; k++)
            args[n++] = cases[i].args[k];
        args[n] = NULL;
        assert_int_equal(run(args, said, sizeof(said)), cases[i].code);
        if (!strstr(said, cases[i].part))
            fail_msg("case %zu: \"%s\" is not in \"%s\"", i, cases[i].part, said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_at_any_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(claims_one_after_another, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_cleanly, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_command_lines, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
