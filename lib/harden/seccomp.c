/*
 * One list for controller and router: what an event loop over sockets, files of SQLite, timers and
 * signals needs. Names, not numbers, because a call that an architecture lacks (open on arm64) is
 * then simply skipped.
 */
#include "lib/harden/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* clang-format off */
static const char *const allowed[] = {
    /* events */
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll",
    "select", "pselect6", "eventfd2", "pipe", "pipe2", "timerfd_create", "timerfd_settime",
    "timerfd_gettime", "signalfd4",
    /* sockets; socket() itself below */
    "bind", "listen", "accept", "accept4", "connect", "getsockopt", "setsockopt", "getsockname",
    "getpeername", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "shutdown",
    /* descriptors and files */
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "close",
    "close_range", "dup", "dup2", "dup3", "fcntl", "lseek", "open", "openat", "stat", "fstat", "lstat",
    "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2", "readlink",
    "readlinkat", "getcwd", "getdents64", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename",
    "renameat", "renameat2", "link", "linkat", "chmod", "fchmod", "fchmodat", "fchown", "umask",
    "utimensat", "truncate", "ftruncate", "fallocate", "fadvise64", "fsync", "fdatasync",
    "sync_file_range", "flock",
    /* memory; mmap() and mprotect() below */
    "brk", "munmap", "mremap", "madvise", "msync", "membarrier",
    /* signals, time, threads */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait",
    "rt_sigsuspend", "sigaltstack", "restart_syscall", "pause", "clock_gettime", "clock_getres",
    "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times", "getitimer", "setitimer", "alarm",
    "futex", "set_robust_list", "get_robust_list", "set_tid_address", "rseq", "sched_yield",
    "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
    "sched_get_priority_min", "exit", "exit_group",
    /* who and where */
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid",
    "getgroups", "getpgrp", "getpgid", "getsid", "uname", "sysinfo", "getcpu", "getrandom",
    "getrusage", "getrlimit", "capget", "arch_prctl",
};

static const char *const fatal[] = {
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise",
    "kcmp", "pidfd_getfd", "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree",
    "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "unshare", "setns", "kexec_load",
    "kexec_file_load", "reboot", "init_module", "finit_module", "delete_module", "bpf",
    "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "keyctl", "add_key", "request_key", "iopl", "ioperm", "swapon", "swapoff", "quotactl", "acct",
    "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname", "syslog", "personality",
    "open_by_handle_at", "name_to_handle_at", "setuid", "setgid", "setresuid", "setresgid",
    "setreuid", "setregid", "setgroups", "capset", "vfork", "memfd_secret", "modify_ldt", "lookup_dcookie", "nfsservctl",
};
/* clang-format on */

/* Allowed when one argument is what it should be. */
struct arg_rule {
    const char *name;
    struct scmp_arg_cmp cmp;
};

static int add_names(scmp_filter_ctx ctx, uint32_t action, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int nr = seccomp_syscall_resolve_name(names[i]);
        int r = nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add_array(ctx, action, nr, 0, NULL);

        if (r < 0)
            return r;
    }
    return 0;
}

static int add_arg_rules(scmp_filter_ctx ctx)
{
    const struct arg_rule rules[] = {
        {"socket", SCMP_A0_64(SCMP_CMP_EQ, AF_UNIX)},
        {"socket", SCMP_A0_64(SCMP_CMP_EQ, AF_INET)},
        {"socket", SCMP_A0_64(SCMP_CMP_EQ, AF_INET6)},
        {"socketpair", SCMP_A0_64(SCMP_CMP_EQ, AF_UNIX)},
        {"mmap", SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
        {"mprotect", SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)},
        /* A thread, never a process; clone3, whose flags are out of a filter's sight, is ENOSYS. */
        {"clone", SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)},
        {"ioctl", SCMP_A1_32(SCMP_CMP_EQ, FIONBIO)},
        {"ioctl", SCMP_A1_32(SCMP_CMP_EQ, FIONREAD)},
        {"ioctl", SCMP_A1_32(SCMP_CMP_EQ, FIOCLEX)},
        {"ioctl", SCMP_A1_32(SCMP_CMP_EQ, TCGETS)},
        {"prctl", SCMP_A0_32(SCMP_CMP_EQ, PR_SET_NAME)},
        {"prctl", SCMP_A0_32(SCMP_CMP_EQ, PR_GET_NAME)},
        {"prctl", SCMP_A0_32(SCMP_CMP_EQ, PR_GET_DUMPABLE)},
        /* To itself only: abort(), raise(). */
        {"tgkill", SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)getpid())},
        {"kill", SCMP_A0_32(SCMP_CMP_EQ, (uint32_t)getpid())},
        /* Reading limits, not setting them. */
        {"prlimit64", SCMP_A2_64(SCMP_CMP_EQ, 0)},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        int nr = seccomp_syscall_resolve_name(rules[i].name);
        int r = nr == __NR_SCMP_ERROR
                    ? 0
                    : seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, 1, &rules[i].cmp);

        if (r < 0)
            return r;
    }
    return 0;
}

int harden_seccomp_service(struct err *err)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int r;

    if (!ctx)
        return err_oom(err);
    /* A filter is a linear list unless told otherwise; ours is long and the hot path is at its end.
     */
    (void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    r = add_names(ctx, SCMP_ACT_ALLOW, allowed, ARRAY_SIZE(allowed));
    if (r == 0)
        r = add_names(ctx, SCMP_ACT_KILL_PROCESS, fatal, ARRAY_SIZE(fatal));
    if (r == 0)
        r = add_arg_rules(ctx);
    if (r == 0)
        r = seccomp_load(ctx);
    seccomp_release(ctx);
    return r < 0 ? err_errno(err, -r, "installing the system call filter") : 0;
}
