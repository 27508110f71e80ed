/* Every allocation of an exec's life is made to fail: the call fails or output is missing and said
 * so; nothing leaks, hangs or crashes. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/alloc_sweep.h"
#include "lib/base/clock.h"
#include "lib/loop/loop.h"
#include "services/runtime/agent/execs.h"

struct scene {
    struct loop *loop;
    struct reaper *reaper;
    struct execs execs;
    struct exec_reader reader;
    uint64_t lost;
    char out[64];
};

static void on_wake(struct exec_reader *r)
{
    (void)r;
}

static void read_some(struct scene *s, struct exec *e)
{
    const uint8_t *data;
    size_t n;

    if (s->reader.at[0] < exec_begin(e, EXEC_STDOUT)) {
        s->lost += exec_begin(e, EXEC_STDOUT) - s->reader.at[0];
        s->reader.at[0] = exec_begin(e, EXEC_STDOUT);
    }
    while ((n = exec_peek(e, EXEC_STDOUT, s->reader.at[0], &data)) > 0) {
        (void)snprintf(s->out + strlen(s->out), sizeof(s->out) - strlen(s->out), "%.*s", (int)n,
                       (const char *)data);
        s->reader.at[0] += n;
    }
    exec_advance(e);
}

static int use(struct scene *s, const Agentsandbox__V1__StartRequest *request, struct err *err)
{
    uint64_t end = clock_monotonic_ms() + 10000;
    struct exec *e;
    bool existed;

    if (execs_start(&s->execs, request, &e, &existed, err) < 0)
        return -1;
    s->reader = (struct exec_reader){.kind = READER_READS, .wake = on_wake};
    exec_attach(e, &s->reader);
    if (input_write(&e->in, 0, "hello\n", 6, true, err) < 0) {
        exec_detach(e, &s->reader);
        return -1;
    }
    while (e->state != EXEC_ENDED && clock_monotonic_ms() < end) {
        (void)loop_turn(s->loop, true);
        read_some(s, e);
    }
    alloc_sweep_pause();
    assert_int_equal(e->state, EXEC_ENDED);
    assert_int_equal(e->cause.kind, CAUSE_EXITED);
    assert_int_equal(strlen(s->out) + s->lost, 6);
    alloc_sweep_resume();
    exec_detach(e, &s->reader);
    return 0;
}

static int scenario(void *user, struct err *err)
{
    static const char *const env[] = {"PATH=/usr/bin:/bin", "HOME=/", NULL};
    static const struct identity id = {.uid = 1000, .gid = 1000, .cwd = "/", .envp = env};
    Agentsandbox__V1__StartRequest request = AGENTSANDBOX__V1__START_REQUEST__INIT;
    Agentsandbox__V1__Command command = AGENTSANDBOX__V1__COMMAND__INIT;
    Agentsandbox__V1__Command__EnvEntry entry = AGENTSANDBOX__V1__COMMAND__ENV_ENTRY__INIT;
    Agentsandbox__V1__Command__EnvEntry *entries[] = {&entry};
    struct scene s = {0};
    int r = -1;

    (void)user;
    entry.key = (char *)"A";
    entry.value = (char *)"b";
    command.env = entries;
    command.n_env = 1;
    command.shell = (char *)"cat";
    command.stdin = true;
    request.command = &command;
    request.request_id = (char *)"one";
    if (loop_new(&s.loop, err) < 0)
        return -1;
    if (reaper_new(&s.reaper, s.loop, err) == 0) {
        execs_init(&s.execs, s.loop, s.reaper, &id);
        r = use(&s, &request, err);
        execs_done(&s.execs);
    }
    reaper_free(s.reaper);
    loop_free(s.loop);
    return r;
}

static void test_exec(void **state)
{
    (void)state;
    alloc_sweep(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_exec)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
