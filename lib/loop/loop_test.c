#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/proc.h"
#include "lib/loop/ends.h"
#include "lib/loop/loop.h"

struct seen {
    struct loop *loop;
    struct loop_task *task;
    struct loop_io *io;
    struct loop_timer *timer;
    int n;
    int status;
};

static void on_read(struct loop_io *io, int events, void *user)
{
    struct seen *s = user;

    assert_int_equal(events, LOOP_READ);
    s->n++;
    loop_io_free(io); /* inside its own callback */
    s->io = NULL;
}

static void test_io(void **state)
{
    struct seen s = {0};
    struct err err;
    int p[2];

    (void)state;
    assert_int_equal(loop_new(&s.loop, &err), 0);
    assert_int_equal(fd_pipe(p, O_NONBLOCK, &err), 0);
    assert_int_equal(loop_io_new(&s.io, s.loop, p[0], LOOP_READ, on_read, &s, &err), 0);
    assert_int_equal(write(p[1], "x", 1), 1);
    loop_run(s.loop);
    assert_int_equal(s.n, 1);
    (void)close(p[0]);
    (void)close(p[1]);
    loop_free(s.loop);
}

static void on_timer(struct loop_timer *t, void *user)
{
    struct seen *s = user;

    if (++s->n < 3)
        loop_timer_arm(t, loop_now_ms(s->loop) + 5);
}

static void test_timer(void **state)
{
    struct seen s = {0};
    struct err err;
    uint64_t start = clock_monotonic_ms();

    (void)state;
    assert_int_equal(loop_new(&s.loop, &err), 0);
    assert_int_equal(loop_timer_new(&s.timer, s.loop, on_timer, &s, &err), 0);
    loop_timer_arm(s.timer, CLOCK_NEVER);
    loop_timer_arm(s.timer, loop_now_ms(s.loop) + 5);
    loop_run(s.loop);
    assert_int_equal(s.n, 3);
    assert_true(clock_monotonic_ms() - start >= 14);
    loop_timer_free(s.timer);
    loop_free(s.loop);
}

static void on_child(struct loop_child *c, const siginfo_t *info, void *user)
{
    struct seen *s = user;

    s->status = info->si_status;
    loop_child_free(c);
}

static void test_child(void **state)
{
    static const char *const argv[] = {"sh", "-c", "exit 7", NULL};
    struct proc_spec spec = {
        .argv = argv, .fds = (int[]){-1, -1, -1}, .n_fds = 3, .uid = (uid_t)-1, .gid = (gid_t)-1};
    struct seen s = {0};
    struct loop_child *c;
    struct proc p;
    struct err err;

    (void)state;
    assert_int_equal(loop_new(&s.loop, &err), 0);
    assert_int_equal(proc_spawn(&spec, &p, &err), 0);
    assert_int_equal(loop_child_new(&c, s.loop, p.pid, p.pidfd, on_child, &s, &err), 0);
    loop_run(s.loop);
    assert_int_equal(s.status, 7);
    loop_free(s.loop);
}

static void on_task(struct loop_task *t, void *user)
{
    struct seen *s = user;

    if (++s->n < 3)
        loop_task_schedule(t);
}

static void test_task(void **state)
{
    struct seen s = {0};
    struct err err;

    (void)state;
    assert_int_equal(loop_new(&s.loop, &err), 0);
    assert_int_equal(loop_task_new(&s.task, s.loop, on_task, &s, &err), 0);
    loop_task_schedule(s.task);
    loop_task_schedule(s.task);
    loop_run(s.loop);
    assert_int_equal(s.n, 3);
    loop_task_schedule(s.task);
    loop_task_free(s.task); /* while scheduled */
    loop_run(s.loop);
    assert_int_equal(s.n, 3);
    loop_free(s.loop);
}

static void on_signal(struct loop_signal *sig, int signum, void *user)
{
    struct seen *s = user;

    (void)sig;
    s->status = signum;
    loop_stop(s->loop);
}

static void test_signal(void **state)
{
    struct seen s = {0};
    struct loop_signal *sig;
    struct loop_timer *keep;
    struct err err;

    (void)state;
    assert_int_equal(loop_new(&s.loop, &err), 0);
    assert_int_equal(loop_signal_new(&sig, s.loop, SIGUSR1, on_signal, &s, &err), 0);
    assert_int_equal(loop_timer_new(&keep, s.loop, on_timer, &s, &err), 0);
    loop_timer_arm(keep, loop_now_ms(s.loop) + 5000);
    assert_int_equal(raise(SIGUSR1), 0);
    loop_run(s.loop);
    assert_int_equal(s.status, SIGUSR1);
    loop_timer_free(keep);
    loop_signal_free(sig);
    loop_free(s.loop);
}

static void on_end(const char *why, bool is_again, void *user)
{
    struct seen *s = user;

    s->n++;
    if (is_again) {
        assert_string_equal(why, "the lifeline has ended");
        loop_stop(s->loop);
    } else {
        assert_string_equal(why, strsignal(SIGTERM));
        (void)close(s->status);
    }
}

/* A signal, then the lifeline: each is told, the second as such. A byte on the lifeline and a
 * hangup are nothing. */
static void test_ends(void **state)
{
    struct seen s = {0};
    struct ends ends = {0};
    struct err err;
    int p[2];

    (void)state;
    assert_int_equal(loop_new(&s.loop, &err), 0);
    assert_int_equal(fd_pipe(p, 0, &err), 0);
    s.status = p[1];
    assert_int_equal(ends_watch(&ends, s.loop, p[0], on_end, &s, &err), 0);
    assert_int_equal(write(p[1], "x", 1), 1);
    assert_int_equal(raise(SIGHUP), 0);
    (void)loop_turn(s.loop, false);
    (void)loop_turn(s.loop, false);
    assert_int_equal(s.n, 0);
    assert_int_equal(raise(SIGTERM), 0);
    loop_run(s.loop);
    assert_int_equal(s.n, 2);
    ends_done(&ends);
    ends_done(&ends);
    (void)close(p[0]);
    loop_free(s.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_io),     cmocka_unit_test(test_timer),
                                       cmocka_unit_test(test_child),  cmocka_unit_test(test_task),
                                       cmocka_unit_test(test_signal), cmocka_unit_test(test_ends)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
