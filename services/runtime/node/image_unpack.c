#include "services/runtime/node/image_unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cap-ng.h>

#include "lib/base/clock.h"
#include "lib/base/proc.h"
#include "services/runtime/node/image_import.h"

enum { UNPACK_TIMEOUT_MS = 10 * 60 * 1000 };

struct confinement {
    const char *work; /* the one folder that may be written */
};

static int add_rule(int ruleset, const char *path, uint64_t access, struct err *err)
{
    _cleanup_(close_fdp) int fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};

    if (fd < 0)
        return err_errno(err, errno, "opening %s", path);
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        return err_errno(err, errno, "a Landlock rule for %s", path);
    return 0;
}

/* ABI 1 (Linux 5.13) is enough: all ways to change the tree. No Landlock: the rest of the
 * confinement has to do. */
static int only_write_below(const char *work, struct err *err)
{
    const uint64_t write = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                           LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                           LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                           LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                           LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
    struct landlock_ruleset_attr attr = {.handled_access_fs = write};
    _cleanup_(close_fdp) int ruleset =
        (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

    if (ruleset < 0)
        return errno == ENOSYS || errno == EOPNOTSUPP
                   ? 0
                   : err_errno(err, errno, "making a Landlock ruleset");
    if (add_rule(ruleset, work, write, err) < 0 ||
        add_rule(ruleset, "/dev/null", LANDLOCK_ACCESS_FS_WRITE_FILE, err) < 0)
        return -1;
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        return err_errno(err, errno, "restricting by Landlock");
    return 0;
}

static int keep_few_capabilities(struct err *err)
{
    capng_clear(CAPNG_SELECT_BOTH);
    if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET, CAP_CHOWN,
                      CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_MKNOD, CAP_SETFCAP, -1) < 0 ||
        capng_apply(CAPNG_SELECT_BOTH) < 0)
        return err_set(err, RPC_INTERNAL, "SystemError", "dropping capabilities failed");
    return 0;
}

static int confine(void *user, struct err *err)
{
    const struct confinement *c = user;
    struct rlimit file = {16ull << 30, 16ull << 30}, cpu = {600, 600}, core = {0, 0};

    if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
        return err_errno(err, errno, "leaving the network");
    if (setrlimit(RLIMIT_FSIZE, &file) < 0 || setrlimit(RLIMIT_CPU, &cpu) < 0 ||
        setrlimit(RLIMIT_CORE, &core) < 0)
        return err_errno(err, errno, "setting limits");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_errno(err, errno, "giving up privileges");
    if (only_write_below(c->work, err) < 0)
        return -1;
    return keep_few_capabilities(err);
}

static uint64_t free_bytes(const char *path)
{
    struct statvfs s;

    return statvfs(path, &s) == 0 ? (uint64_t)s.f_bavail * s.f_frsize : UINT64_MAX;
}

/* Counted by the free space of the file system: rough, but no archive can cheat it. */
static int watch_unpack(struct proc *p, const char *work, struct err *err)
{
    uint64_t deadline = clock_monotonic_ms() + UNPACK_TIMEOUT_MS, before = free_bytes(work);
    siginfo_t info = {0};
    int r;

    while ((r = proc_reap(p, &info, err)) == 1) {
        struct pollfd wait = {.fd = p->pidfd, .events = POLLIN};
        uint64_t now_free;

        (void)poll(&wait, 1, 250);
        now_free = free_bytes(work);
        if (now_free < before && before - now_free > IMAGE_MAX_UNPACKED_BYTES)
            return err_set(err, RPC_INVALID_ARGUMENT, "BadImage",
                           "it unpacks to more than %llu GiB", IMAGE_MAX_UNPACKED_BYTES >> 30);
        if (clock_monotonic_ms() > deadline)
            return err_set(err, RPC_INVALID_ARGUMENT, "BadImage",
                           "unpacking it takes more than 10 minutes");
    }
    if (r < 0)
        return -1;
    if (info.si_code != CLD_EXITED || info.si_status != 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadImage", "umoci could not unpack it (%s %d)",
                       info.si_code == CLD_EXITED ? "exit code" : "signal", info.si_status);
    return 0;
}

int image_unpack(const char *work, const char *layout, const char *root, struct err *err)
{
    struct confinement c = {.work = work};
    char image[PATH_MAX], tmp[PATH_MAX];
    const char *argv[] = {"umoci", "--log=error", "raw", "unpack", "--image", image, root, NULL};
    const char *envp[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", tmp,
                          NULL};
    const int fds[3] = {-1, -1, 2};
    struct proc p = {.pidfd = -1};
    struct err why = {0};
    int r;

    if (image_path(image, sizeof(image), err, "%s:image", layout) < 0 ||
        image_path(tmp, sizeof(tmp), err, "TMPDIR=%s", work) < 0)
        return -1;
    if (proc_spawn(&(struct proc_spec){.argv = argv,
                                       .envp = envp,
                                       .cwd = work,
                                       .fds = fds,
                                       .n_fds = 3,
                                       .uid = (uid_t)-1,
                                       .gid = (gid_t)-1,
                                       .die_with_parent = true,
                                       .setup = confine,
                                       .user = &c},
                   &p, &why) < 0) {
        if (strcmp(why.reason, "CommandNotFound") == 0)
            return err_set(err, RPC_FAILED_PRECONDITION, "ToolMissing",
                           "umoci is missing: install the Debian package umoci");
        if (err)
            *err = why;
        return -1;
    }
    r = watch_unpack(&p, work, err);
    proc_done(&p);
    return r;
}
