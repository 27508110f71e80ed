#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/fd.h"
#include "services/runtime/monitor/cgroup.h"
#include "services/runtime/monitor/record.h"

static void reads_mounts(void **state)
{
    (void)state;
    static const char HYBRID[] =
        "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
        "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0\n"
        "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n"
        "cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0\n"
        "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
    static const char V2[] =
        "proc /proc proc rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";
    struct cgroup_host host;
    struct err err = {0};

    assert_int_equal(cgroup_parse_mounts(HYBRID, &host, &err), 0);
    assert_false(host.v2);
    assert_int_equal(host.n, 4);
    assert_true(host.h[0].cpu && !host.h[0].memory);
    assert_true(host.h[1].memory && !host.h[1].cpu);
    assert_false(host.h[2].memory || host.h[2].cpu || host.h[2].pids);

    assert_string_equal(host.h[3].mount, "/sys/fs/cgroup/unified");
    assert_false(host.h[3].memory || host.h[3].cpu || host.h[3].pids);

    assert_int_equal(cgroup_parse_mounts(V2, &host, &err), 0);
    assert_true(host.v2);
    assert_int_equal(host.n, 1);
    assert_string_equal(host.h[0].mount, "/sys/fs/cgroup");

    assert_true(cgroup_parse_mounts("proc /proc proc rw 0 0\n", &host, &err) < 0);
    assert_string_equal(err.reason, "NoCgroups");
}

static void keeps_records(void **state)
{
    (void)state;
    static const struct record CASES[] = {
        {.kind = RECORD_EXITED, .code = 7, .time_ns = 1},
        {.kind = RECORD_SIGNALLED, .signal = 9, .time_ns = 2, .message = "pid 1 went"},
        {.kind = RECORD_OUT_OF_MEMORY,
         .signal = 9,
         .limit_bytes = 1 << 20,
         .peak_bytes = 99,
         .time_ns = 3},
        {.kind = RECORD_KILLED, .time_ns = 4},
        {.kind = RECORD_LOST, .time_ns = 5},
    };
    char dir[] = "/tmp/record-XXXXXX";
    struct err err = {0};
    struct record got;
    int fd;

    assert_non_null(mkdtemp(dir));
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(record_read(fd, "end", &got, &err) < 0);
    assert_int_equal(err.code, RPC_NOT_FOUND);
    for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
        assert_int_equal(record_write(fd, "end", &CASES[i], &err), 0);
        assert_int_equal(record_read(fd, "end", &got, &err), 0);
        assert_int_equal(got.kind, CASES[i].kind);
        assert_int_equal(got.code, CASES[i].code);
        assert_int_equal(got.signal, CASES[i].signal);
        assert_true(got.limit_bytes == CASES[i].limit_bytes &&
                    got.peak_bytes == CASES[i].peak_bytes);
        assert_true(got.time_ns == CASES[i].time_ns);
        assert_string_equal(got.message, CASES[i].message);
    }
    assert_int_equal(fd_write_file_atomic(fd, "end", "kind what\n", 10, 0600, false, &err), 0);
    assert_true(record_read(fd, "end", &got, &err) < 0);
    assert_string_equal(err.reason, "BadRecord");
    (void)close(fd);
    assert_int_equal(fd_rm_tree(AT_FDCWD, dir, &err), 0);
}

static void keeps_a_forged_message_in_its_line(void **state)
{
    (void)state;
    struct record got,
        r = {.kind = RECORD_START_FAILED, .time_ns = 1, .message = "a\nkind exited\ncode 0"};
    char dir[] = "/tmp/record-XXXXXX";
    struct err err = {0};
    int fd;

    assert_non_null(mkdtemp(dir));
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(record_write(fd, "end", &r, &err), 0);
    assert_int_equal(record_read(fd, "end", &got, &err), 0);
    assert_int_equal(got.kind, RECORD_START_FAILED);
    assert_string_equal(got.message, "a\\nkind exited\\ncode 0");
    (void)close(fd);
    assert_int_equal(fd_rm_tree(AT_FDCWD, dir, &err), 0);
}

static void knows_a_monitor_by_its_start(void **state)
{
    (void)state;
    char dir[] = "/tmp/record-XXXXXX", text[64];
    struct err err = {0};
    int fd, pidfd = -1, n;
    pid_t pid = 0;

    assert_non_null(mkdtemp(dir));
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_false(record_find_monitor(fd, &pid, &pidfd));
    assert_int_equal(record_write_self(fd, &err), 0);
    assert_true(record_find_monitor(fd, &pid, &pidfd));
    assert_int_equal(pid, getpid());
    assert_int_equal(record_read_number(fd, "monitor"), getpid());
    assert_true(pidfd >= 0);
    (void)close(pidfd);

    /* Its number, but another process' start. */
    n = snprintf(text, sizeof(text), "%d 1\n", (int)getpid());
    assert_int_equal(fd_write_file_atomic(fd, "monitor", text, (size_t)n, 0600, false, &err), 0);
    assert_false(record_find_monitor(fd, &pid, &pidfd));
    assert_int_equal(fd_write_file_atomic(fd, "monitor", "x", 1, 0600, false, &err), 0);
    assert_false(record_find_monitor(fd, &pid, &pidfd));
    assert_int_equal(record_read_number(fd, "monitor"), -1);
    (void)close(fd);
    assert_int_equal(fd_rm_tree(AT_FDCWD, dir, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_mounts),
        cmocka_unit_test(keeps_records),
        cmocka_unit_test(keeps_a_forged_message_in_its_line),
        cmocka_unit_test(knows_a_monitor_by_its_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
