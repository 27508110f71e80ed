/*
 * Each case runs in a forked child, because nothing here can be taken back. The child answers by
 * its exit code: 0 as it should be, else the line that was not.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "lib/base/fd.h"
#include "lib/harden/harden.h"

/* In the child: a failed check ends it with its line number modulo 251. */
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            (void)fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #cond, errno);     \
            _exit(1 + __LINE__ % 250);                                                             \
        }                                                                                          \
    } while (0)

static const uid_t other_uid = 61234;

static int run_child(void (*fn)(void))
{
    int status = 0;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        fn();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static uint64_t status_hex(const char *field)
{
    char line[256];
    uint64_t value = UINT64_MAX;
    FILE *f = fopen("/proc/self/status", "re");

    CHECK(f);
    while (fgets(line, sizeof(line), f))
        if (strncmp(line, field, strlen(field)) == 0)
            value = strtoull(line + strlen(field), NULL, 16);
    (void)fclose(f);
    return value;
}

static void drop_and_look(void)
{
    uid_t uid = geteuid() == 0 ? other_uid : geteuid();
    struct err err;
    uid_t r, e, s;

    CHECK(harden_drop(uid, geteuid() == 0 ? uid : getegid(), &err) == 0);
    CHECK(getresuid(&r, &e, &s) == 0 && r == uid && e == uid && s == uid);
    CHECK(setresuid(0, 0, 0) < 0);
    CHECK(status_hex("CapPrm:\t") == 0 && status_hex("CapEff:\t") == 0);
    CHECK(status_hex("CapInh:\t") == 0 && status_hex("CapAmb:\t") == 0);
    CHECK(status_hex("NoNewPrivs:\t") == 1);
    if (uid == other_uid)
        CHECK(getgroups(0, NULL) == 0 && status_hex("CapBnd:\t") == 0);
}

static void stay_root(void)
{
    struct err err;

    CHECK(harden_drop(geteuid(), getegid(), &err) == 0);
    CHECK(status_hex("CapEff:\t") == 0 && status_hex("CapPrm:\t") == 0);
    CHECK(mount("none", "/tmp", "tmpfs", 0, NULL) < 0 && errno == EPERM);
}

/* Who has no privilege cannot become somebody else, and says so. */
static void become_other_without_privilege(void)
{
    struct err err;

    CHECK(harden_drop(other_uid, other_uid, &err) == 0 || geteuid() != 0);
    CHECK(harden_drop(other_uid + 1, other_uid, &err) < 0);
    CHECK(err.code == RPC_PERMISSION_DENIED && strstr(err.msg, "becoming user 61235"));
}

static void test_drop(void **state)
{
    (void)state;
    assert_int_equal(run_child(drop_and_look), 0);
    assert_int_equal(run_child(stay_root), 0);
    assert_int_equal(run_child(become_other_without_privilege), 0);
}

static void no_dump(void)
{
    struct rlimit core;
    struct err err;

    CHECK(harden_drop(geteuid() == 0 ? other_uid : geteuid(), getegid(), &err) == 0);
    CHECK(harden_no_dump(&err) == 0);
    CHECK(prctl(PR_GET_DUMPABLE) == 0);
    CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
    CHECK(open("/proc/self/mem", O_RDONLY | O_CLOEXEC) < 0); /* belongs to root now */
}

static void test_no_dump(void **state)
{
    (void)state;
    assert_int_equal(run_child(no_dump), 0);
}

/* ---- seccomp ---- */

static void enter_filter(void)
{
    struct err err;

    CHECK(harden_drop(geteuid(), getegid(), &err) == 0);
    CHECK(harden_seccomp_service(&err) == 0);
}

static void *thread_main(void *arg)
{
    *(int *)arg = 7;
    return NULL;
}

static void use_threads(void)
{
    pthread_t t;
    int got = 0;

    CHECK(pthread_create(&t, NULL, thread_main, &got) == 0);
    CHECK(pthread_join(t, NULL) == 0 && got == 7);
}

static void use_sockets(const char *dir)
{
    struct epoll_event ev = {.events = EPOLLIN};
    struct itimerspec soon = {.it_value = {.tv_nsec = 1000000}};
    struct err err;
    char path[64], byte = 'x';
    int l, c, a, ep, timer, passed = -1;
    size_t n = 1;

    (void)snprintf(path, sizeof(path), "%s/s", dir);
    l = fd_unix_listen(path, SOCK_STREAM, 0600, &err);
    CHECK(l >= 0);
    c = fd_unix_connect(path, SOCK_STREAM, &err);
    CHECK(c >= 0);
    a = accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    CHECK(a >= 0);
    CHECK(fd_send(c, &byte, 1, &l, 1, &err) == 0);
    ep = epoll_create1(EPOLL_CLOEXEC);
    CHECK(ep >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, a, &ev) == 0 &&
          epoll_wait(ep, &ev, 1, 1000) == 1);
    CHECK(fd_recv(a, &byte, 1, &passed, &n, &err) == 1 && n == 1);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    CHECK(timer >= 0 && timerfd_settime(timer, 0, &soon, NULL) == 0);
    CHECK(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
    CHECK(socket(AF_NETLINK, SOCK_RAW, 0) < 0 && errno == ENOSYS);
    CHECK(socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == ENOSYS);
    CHECK(unlink(path) == 0);
}

/* As SQLite uses a file: journal beside it, locks, syncs, shared mapping. */
static void use_files(const char *dir)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    char path[64], page[4096] = "SQLite";
    void *shm;
    int fd;

    (void)snprintf(path, sizeof(path), "%s/db", dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0);
    CHECK(pwrite(fd, page, sizeof(page), 0) == (ssize_t)sizeof(page) && fdatasync(fd) == 0);
    CHECK(ftruncate(fd, 32768) == 0 && fsync(fd) == 0);
    shm = mmap(NULL, 32768, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(shm != MAP_FAILED && memcmp(shm, "SQLite", 6) == 0 && munmap(shm, 32768) == 0);
    CHECK(unlink(path) == 0);
}

static void refuse_what_is_not_listed(void)
{
    long page = sysconf(_SC_PAGESIZE);
    void *p = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    CHECK(mprotect(p, (size_t)page, PROT_READ | PROT_EXEC) < 0 && errno == ENOSYS);
    CHECK(mmap(NULL, (size_t)page, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    CHECK(syscall(SYS_memfd_create, "x", 0) < 0 && errno == ENOSYS);
    CHECK(syscall(SYS_inotify_init1, 0) < 0 && errno == ENOSYS);
    CHECK(fork() < 0 && errno == ENOSYS);
    CHECK(kill(getppid(), 0) < 0 && errno == ENOSYS);
}

static void be_a_service(void)
{
    char dir[] = "/tmp/harden.XXXXXX";

    CHECK(mkdtemp(dir));
    enter_filter();
    use_sockets(dir);
    use_files(dir);
    use_threads();
    refuse_what_is_not_listed();
    CHECK(rmdir(dir) == 0);
}

static void test_what_a_service_needs(void **state)
{
    (void)state;
    assert_int_equal(run_child(be_a_service), 0);
}

struct deadly {
    const char *name;
    long nr;
};

static const struct deadly deadly_calls[] = {
    {"execve", SYS_execve},
    {"execveat", SYS_execveat},
    {"ptrace", SYS_ptrace},
    {"mount", SYS_mount},
    {"unshare", SYS_unshare},
    {"setns", SYS_setns},
    {"kexec_load", SYS_kexec_load},
    {"bpf", SYS_bpf},
    {"init_module", SYS_init_module},
    {"process_vm_readv", SYS_process_vm_readv},
    {"io_uring_setup", SYS_io_uring_setup},
    {"keyctl", SYS_keyctl},
    {"perf_event_open", SYS_perf_event_open},
    {"setresuid", SYS_setresuid},
    {"chroot", SYS_chroot},
    {"reboot", SYS_reboot},
};

static long deadly_now;

static void call_deadly(void)
{
    enter_filter();
    (void)syscall(deadly_now, 0, 0, 0, 0, 0, 0);
}

static void test_what_ends_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(deadly_calls); i++) {
        int status;

        deadly_now = deadly_calls[i].nr;
        status = run_child(call_deadly);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("%s: wait status %#x, not SIGSYS", deadly_calls[i].name, status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_no_dump),
        cmocka_unit_test(test_what_a_service_needs),
        cmocka_unit_test(test_what_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
