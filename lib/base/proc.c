#include "lib/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"

enum { PROC_MAX_FDS = 16, PROC_STDERR_TAIL = 300 };

static pid_t fork_with_pidfd(int *ret_pidfd)
{
    struct clone_args args = {
        .flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)ret_pidfd, .exit_signal = SIGCHLD};

    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

    if (pid >= 0 || errno != ENOSYS)
        return pid;
    /* The seccomp profile of a container may hide clone3. The number cannot be reused before we
     * wait for it. */
    pid = fork();
    if (pid <= 0)
        return pid;
    *ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (*ret_pidfd >= 0)
        return pid;
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    errno = ENOSYS;
    return -1;
}

static void reset_signals(void)
{
    sigset_t none;

    /* Refused for SIGKILL, SIGSTOP: as it should be. Handlers go with exec; of the real-time
     * signals nobody ignores one, and asking would be half of all system calls of a start. */
    for (int s = 1; s <= SIGSYS; s++)
        (void)signal(s, SIG_DFL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Puts fds[i] at i. All are first copied above the highest target, so that no source is overwritten
 * before it was used; the error pipe moves out of the way too.
 */
static int place_fds(const struct proc_spec *spec, int *report, struct err *err)
{
    int high[PROC_MAX_FDS];

    *report = fcntl(*report, F_DUPFD_CLOEXEC, spec->n_fds);
    if (*report < 0)
        return err_errno(err, errno, "moving a descriptor");
    for (int i = 0; i < spec->n_fds; i++) {
        int from = spec->fds[i];

        if (from < 0)
            from = open("/dev/null", O_RDWR | O_CLOEXEC);
        high[i] = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, spec->n_fds);
        if (high[i] < 0)
            return err_errno(err, errno, "placing descriptor %d", i);
    }
    for (int i = 0; i < spec->n_fds; i++)
        if (dup2(high[i], i) < 0)
            return err_errno(err, errno, "placing descriptor %d", i);

    /* Whatever the rest of the program, or a library of it, forgot to mark. */
    if (syscall(SYS_close_range, (unsigned)spec->n_fds, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */) < 0)
        return err_errno(err, errno, "marking descriptors close-on-exec");
    return 0;
}

static int take_identity(const struct proc_spec *spec, struct err *err)
{
    if (spec->gid != (gid_t)-1 && spec->uid != (uid_t)-1) {
        if (setgroups(0, NULL) < 0 && errno != EPERM)
            return err_errno(err, errno, "dropping groups");
        if (setresgid(spec->gid, spec->gid, spec->gid) < 0)
            return err_errno(err, errno, "becoming group %u", (unsigned)spec->gid);
    }
    if (spec->uid != (uid_t)-1 && setresuid(spec->uid, spec->uid, spec->uid) < 0)
        return err_errno(err, errno, "becoming user %u", (unsigned)spec->uid);
    return 0;
}

static int prepare_child(const struct proc_spec *spec, int *report, pid_t parent, struct err *err)
{
    reset_signals();
    if (spec->new_session && setsid() < 0)
        return err_errno(err, errno, "making a session");
    if (spec->new_group && setpgid(0, 0) < 0)
        return err_errno(err, errno, "making a process group");
    if (place_fds(spec, report, err) < 0)
        return -1;
    if (spec->controlling_tty && ioctl(0, TIOCSCTTY, 0) < 0)
        return err_errno(err, errno, "taking the terminal");
    if (spec->cwd && chdir(spec->cwd) < 0)
        return err_errno(err, errno, "changing to the folder %s", spec->cwd);
    if (spec->setup && spec->setup(spec->user, err) < 0)
        return -1;
    if (take_identity(spec, err) < 0)
        return -1;
    /* After the change of identity, which clears it. The parent may have died before the call. */
    if (spec->die_with_parent && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent))
        return err_set(err, RPC_INTERNAL, "SpawnFailed", "the parent has ended");
    return 0;
}

static _noreturn_ void run_child(const struct proc_spec *spec, int report, pid_t parent)
{
    struct err err = {0};

    if (prepare_child(spec, &report, parent, &err) == 0) {
        if (spec->envp)
            (void)execvpe(spec->argv[0], (char *const *)spec->argv, (char *const *)spec->envp);
        else
            (void)execvp(spec->argv[0], (char *const *)spec->argv);
        if (errno == ENOENT || errno == ENOTDIR)
            err_set(&err, RPC_NOT_FOUND, "CommandNotFound", "%s: command not found", spec->argv[0]);
        else if (errno == EACCES || errno == ENOEXEC || errno == EISDIR)
            err_set(&err, RPC_PERMISSION_DENIED, "NotExecutable", "%s: %s", spec->argv[0],
                    strerror(errno));
        else
            err_errno(&err, errno, "running %s", spec->argv[0]);
    }
    (void)!write(report, &err, sizeof(err)); /* the parent takes a short report as a crash */
    _exit(127);
}

int proc_spawn(const struct proc_spec *spec, struct proc *ret, struct err *err)
{
    _cleanup_(close_fdp) int in = -1, out = -1;
    int report[2], pidfd = -1;
    struct err failed;
    ssize_t n;
    pid_t pid, self = getpid();

    if (spec->n_fds < 3 || spec->n_fds > PROC_MAX_FDS)
        return err_set(err, RPC_INTERNAL, "SpawnFailed", "%d descriptors for a child", spec->n_fds);
    if (fd_pipe(report, 0, err) < 0)
        return -1;
    in = report[0];
    out = report[1];

    pid = fork_with_pidfd(&pidfd);
    if (pid < 0)
        return err_errno(err, errno, "starting %s", spec->argv[0]);
    if (pid == 0)
        run_child(spec, out, self);

    (void)close(TAKE_FD(out));
    do
        n = read(in, &failed, sizeof(failed));
    while (n < 0 && errno == EINTR);
    if (n == 0) {
        *ret = (struct proc){.pid = pid, .pidfd = pidfd};
        return 0;
    }
    (void)waitpid(pid, NULL, 0);
    (void)close(pidfd);
    if (n != (ssize_t)sizeof(failed))
        return err_set(err, RPC_INTERNAL, "SpawnFailed", "the child of %s broke off",
                       spec->argv[0]);
    if (err)
        *err = failed;
    return -1;
}

int proc_reap(struct proc *p, siginfo_t *ret_info, struct err *err)
{
    siginfo_t info = {0};

    if (waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED | WNOHANG) < 0)
        return err_errno(err, errno, "waiting for process %d", (int)p->pid);
    if (info.si_pid == 0)
        return 1;
    if (ret_info)
        *ret_info = info;
    p->pid = 0;
    return 0;
}

void proc_done(struct proc *p)
{
    if (p->pid > 0 && p->pidfd >= 0) {
        siginfo_t info;

        (void)syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
        (void)waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED);
    }
    if (p->pidfd >= 0)
        (void)close(p->pidfd);
    *p = (struct proc){.pidfd = -1};
}

struct capture {
    struct buf *out;
    char tail[PROC_STDERR_TAIL + 1];
    size_t n_tail;
};

static void keep_tail(struct capture *c, const char *data, size_t n)
{
    if (n > PROC_STDERR_TAIL) {
        data += n - PROC_STDERR_TAIL;
        n = PROC_STDERR_TAIL;
    }
    if (c->n_tail + n > PROC_STDERR_TAIL) {
        size_t drop = c->n_tail + n - PROC_STDERR_TAIL;

        memmove(c->tail, c->tail + drop, c->n_tail - drop);
        c->n_tail -= drop;
    }
    memcpy(c->tail + c->n_tail, data, n);
    c->n_tail += n;
    c->tail[c->n_tail] = '\0';
}

/* 1: more may come, 0: end of file. */
static int pump(int fd, struct capture *c, bool is_stderr, struct err *err)
{
    char chunk[4096];
    ssize_t n = read(fd, chunk, sizeof(chunk));

    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 1 : err_errno(err, errno, "reading output");
    if (n == 0)
        return 0;
    if (is_stderr)
        keep_tail(c, chunk, (size_t)n);
    else if (c->out && buf_append(c->out, chunk, (size_t)n, err) < 0)
        return -1;
    return 1;
}

static int collect(int out_fd, int err_fd, struct capture *c, uint64_t deadline_ms, struct err *err)
{
    struct pollfd p[2] = {{.fd = out_fd, .events = POLLIN}, {.fd = err_fd, .events = POLLIN}};

    while (p[0].fd >= 0 || p[1].fd >= 0) {
        uint64_t now = clock_monotonic_ms();

        if (now >= deadline_ms)
            return err_set(err, RPC_DEADLINE_EXCEEDED, "CommandTimedOut", "took too long");
        if (poll(p, 2, (int)MIN(deadline_ms - now, (uint64_t)1000)) < 0 && errno != EINTR)
            return err_errno(err, errno, "waiting for output");
        for (int i = 0; i < 2; i++) {
            int r = p[i].fd >= 0 && p[i].revents ? pump(p[i].fd, c, i == 1, err) : 1;

            if (r < 0)
                return -1;
            if (r == 0)
                p[i].fd = -1;
        }
    }
    return 0;
}

int proc_run(const char *const *argv, struct buf *ret_out, int timeout_ms, struct err *err)
{
    _cleanup_(close_fdp) int out_r = -1, out_w = -1, err_r = -1, err_w = -1;
    uint64_t deadline = clock_monotonic_ms() + (uint64_t)timeout_ms;
    struct capture c = {.out = ret_out};
    struct proc p = {.pidfd = -1};
    siginfo_t info = {0};
    int pair[2], fds[3], r;

    if (fd_pipe(pair, 0, err) < 0)
        return -1;
    out_r = pair[0];
    out_w = pair[1];
    if (fd_pipe(pair, 0, err) < 0)
        return -1;
    err_r = pair[0];
    err_w = pair[1];

    fds[0] = -1;
    fds[1] = out_w;
    fds[2] = err_w;
    if (proc_spawn(&(struct proc_spec){.argv = argv,
                                       .fds = fds,
                                       .n_fds = 3,
                                       .uid = (uid_t)-1,
                                       .gid = (gid_t)-1,
                                       .die_with_parent = true},
                   &p, err) < 0)
        return -1;
    (void)close(TAKE_FD(out_w));
    (void)close(TAKE_FD(err_w));

    r = collect(out_r, err_r, &c, deadline, err);
    while (r == 0 && (r = proc_reap(&p, &info, err)) == 1) {
        struct pollfd wait = {.fd = p.pidfd, .events = POLLIN};

        r = poll(&wait, 1, (int)MIN(deadline - MIN(clock_monotonic_ms(), deadline), 1000u)) < 0 ||
                    clock_monotonic_ms() < deadline
                ? 0
                : err_set(err, RPC_DEADLINE_EXCEEDED, "CommandTimedOut", "took too long");
    }
    proc_done(&p);
    if (r < 0)
        return err_wrap(err, "%s", argv[0]);
    if (info.si_status != 0 || info.si_code != CLD_EXITED)
        err_set(err, RPC_INTERNAL, "CommandFailed", "%s ended with %d: %s", argv[0], info.si_status,
                c.tail);
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
