#include "services/runtime/monitor/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/proc.h"
#include "services/runtime/monitor/cgroup.h"
#include "services/runtime/monitor/record.h"

enum {
    LOG_FILE_BYTES = 512 * 1024,
    START_TIMEOUT_MS = 60000,
    HELPER_GRACE_MS =
        5000, /* the gofer ends a moment before its sandbox, longer on a busy machine */
    KILL_WAIT_MS = 5000,
    TAIL_BYTES = 300,
};

enum monitor_state {
    MONITOR_STARTING, /* the OCI runtime's command runs    */
    MONITOR_RUNNING,  /* the container runs                */
    MONITOR_ENDED,    /* record is complete                */
};

struct monitor {
    const struct monitor_spec *spec;
    struct cgroup_host cgroups;
    enum monitor_state state;
    uint64_t deadline_ms; /* of the start, or of a sandbox whose helper ended */
    int dir_fd, signal_fd, output_fd, log_fd;
    size_t log_bytes;
    pid_t command, container;
    int lifeline_fd; /* -1: none, or it has ended */
    bool kill_requested, helper_ended;
    int helper_status;
    char tail[TAIL_BYTES + 1]; /* last output: what a failing runtime said */
    size_t n_tail;
    struct record record;
};

/* ---- output ---- */

static void log_rotate(struct monitor *m)
{
    if (m->log_fd >= 0)
        (void)close(m->log_fd);
    (void)renameat(m->dir_fd, "log", m->dir_fd, "log.1"); /* none yet: fine */
    m->log_fd =
        openat(m->dir_fd, "log", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    m->log_bytes = 0;
}

static void keep_tail(struct monitor *m, const char *data, size_t n)
{
    size_t drop;

    if (n > TAIL_BYTES) {
        data += n - TAIL_BYTES;
        n = TAIL_BYTES;
    }
    drop = m->n_tail + n > TAIL_BYTES ? m->n_tail + n - TAIL_BYTES : 0;
    memmove(m->tail, m->tail + drop, m->n_tail - drop);
    memcpy(m->tail + m->n_tail - drop, data, n);
    m->n_tail += n - drop;
    m->tail[m->n_tail] = '\0';
}

/* Returns whether there may be more. The sandbox is never stopped by a full disk: what cannot be
 * kept is dropped. */
static bool take_output(struct monitor *m)
{
    char chunk[4096];
    ssize_t n = read(m->output_fd, chunk, sizeof(chunk));

    if (n < 0)
        return errno == EINTR;
    if (n == 0) {
        (void)close(TAKE_FD(m->output_fd));
        return false;
    }
    keep_tail(m, chunk, (size_t)n);
    if (m->log_fd < 0 || m->log_bytes + (size_t)n > LOG_FILE_BYTES)
        log_rotate(m);
    if (m->log_fd >= 0)
        (void)!write(m->log_fd, chunk, (size_t)n);
    m->log_bytes += (size_t)n;
    return true;
}

/* ---- set-up ---- */

static int make_folder(const char *dir, const char *name, char ret[PATH_MAX], struct err *err)
{
    if (snprintf(ret, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong", "the path %s is too long", dir);
    if (mkdir(ret, 0755) < 0 && errno != EEXIST)
        return err_errno(err, errno, "making %s", ret);
    return 0;
}

/* A limit on the changes of the root: memory of the sandbox, since no other file system here can
 * have one. */
static int mount_scratch(const struct monitor_spec *spec, char ret[PATH_MAX], struct err *err)
{
    char options[64];

    if (make_folder(spec->dir, "scratch", ret, err) < 0)
        return -1;
    (void)snprintf(options, sizeof(options), "mode=0700,size=%llu",
                   (unsigned long long)spec->scratch_bytes);
    if (mount("tmpfs", ret, "tmpfs", MS_NODEV, options) < 0)
        return err_errno(err, errno, "mounting %s", ret);
    return 0;
}

static int mount_overlay(const struct monitor_spec *spec, struct err *err)
{
    char changes[PATH_MAX], upper[PATH_MAX], work[PATH_MAX], root[PATH_MAX],
        options[3 * PATH_MAX + 64];

    (void)snprintf(changes, sizeof(changes), "%s", spec->dir);
    if (spec->scratch_bytes && mount_scratch(spec, changes, err) < 0)
        return -1;
    if (make_folder(changes, "upper", upper, err) < 0 ||
        make_folder(changes, "work", work, err) < 0 ||
        make_folder(spec->dir, "rootfs", root, err) < 0)
        return -1;
    (void)snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", spec->lower,
                   upper, work);
    if (mount("overlay", root, "overlay", MS_NODEV, options) < 0)
        return err_errno(err, errno, "mounting the overlay root %s", root);
    return 0;
}

static void hide_cgroup2(const struct cgroup_host *host)
{
    if (!host->v2)
        (void)umount2("/sys/fs/cgroup/unified", MNT_DETACH); /* not there: nothing to hide */
}

static int own_mounts(struct monitor *m, struct err *err)
{
    if (unshare(CLONE_NEWNS) < 0)
        return err_errno(err, errno, "making a mount namespace");
    /* Slave: an unmount on the host still arrives, so nothing there stays busy because of us. */
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return err_errno(err, errno, "making mounts private");
    if (m->spec->hide_cgroup2)
        hide_cgroup2(&m->cgroups);
    return m->spec->lower ? mount_overlay(m->spec, err) : 0;
}

static int block_signals(struct monitor *m, struct err *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return err_errno(err, errno, "blocking signals");
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    m->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return m->signal_fd < 0 ? err_errno(err, errno, "making a signalfd") : 0;
}

static int join_cgroup(void *user, struct err *err)
{
    struct monitor *m = user;

    return cgroup_join(&m->cgroups, m->spec->cgroup, err);
}

static int start_runtime(struct monitor *m, struct err *err)
{
    _cleanup_(close_fdp) int out = -1;
    struct proc p;
    int pair[2], fds[3];

    if (fd_pipe(pair, 0, err) < 0)
        return -1;
    m->output_fd = pair[0];
    out = pair[1];
    if (fd_set_nonblock(m->output_fd, err) < 0)
        return -1;
    fds[0] = -1;
    fds[1] = fds[2] = out;
    if (proc_spawn(&(struct proc_spec){.argv = m->spec->argv,
                                       .cwd = m->spec->dir,
                                       .fds = fds,
                                       .n_fds = 3,
                                       .uid = (uid_t)-1,
                                       .gid = (gid_t)-1,
                                       .setup = join_cgroup,
                                       .user = m},
                   &p, err) < 0)
        return -1;
    (void)close(p.pidfd); /* waited for by number: it is our child, and so is what it leaves */
    m->command = p.pid;
    m->deadline_ms = clock_monotonic_ms() + START_TIMEOUT_MS;
    return 0;
}

static int set_up(struct monitor *m, struct err *err)
{
    m->dir_fd = open(m->spec->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->dir_fd < 0)
        return err_errno(err, errno, "opening %s", m->spec->dir);
    if (block_signals(m, err) < 0 || record_write_self(m->dir_fd, err) < 0)
        return -1;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        return err_errno(err, errno, "becoming a subreaper");
    (void)umask(022);
    if (cgroup_probe(&m->cgroups, err) < 0 || own_mounts(m, err) < 0)
        return -1;
    return start_runtime(m, err);
}

/* ---- the end ---- */

static void ended(struct monitor *m, enum record_kind kind, const char *message)
{
    if (m->state == MONITOR_ENDED)
        return;
    m->state = MONITOR_ENDED;
    m->record.kind = kind;
    m->record.time_ns = clock_realtime_ns();
    (void)snprintf(m->record.message, sizeof(m->record.message), "%s", message);
}

static bool is_oom(struct monitor *m, bool by_sigkill)
{
    struct cgroup_memory mem;

    if (!by_sigkill || cgroup_memory(&m->cgroups, m->spec->cgroup, &mem, NULL) < 0 ||
        mem.oom_kills == 0)
        return false;
    m->record.limit_bytes = mem.limit_bytes;
    m->record.peak_bytes = mem.peak_bytes;
    return true;
}

static bool helper_ended_well(const struct monitor *m)
{
    return WIFEXITED(m->helper_status) && WEXITSTATUS(m->helper_status) == 0;
}

/* When the sandbox has to end without its helper: at once if that was killed, never if it ended by
 * itself, as the gofer does a moment before its sandbox. */
static uint64_t helper_deadline(const struct monitor *m)
{
    return helper_ended_well(m) ? CLOCK_NEVER : clock_monotonic_ms();
}

static void container_ended(struct monitor *m, int status)
{
    char text[128];

    if (WIFSIGNALED(status))
        m->record.signal = WTERMSIG(status);
    else
        m->record.code = WEXITSTATUS(status);

    if (m->kill_requested) {
        ended(m, RECORD_KILLED, "ended on request");
    } else if (is_oom(m, m->record.signal == SIGKILL || m->record.code == 128 + SIGKILL)) {
        ended(m, RECORD_OUT_OF_MEMORY, "the memory limit was reached");
    } else if (m->helper_ended && (WIFSIGNALED(status) || !helper_ended_well(m))) {
        (void)snprintf(text, sizeof(text), "a helper process of the OCI runtime ended with %s %d",
                       WIFSIGNALED(m->helper_status) ? "signal" : "code",
                       WIFSIGNALED(m->helper_status) ? WTERMSIG(m->helper_status)
                                                     : WEXITSTATUS(m->helper_status));
        ended(m, RECORD_LOST, text);
    } else if (WIFSIGNALED(status) && m->spec->sandboxed) {
        (void)snprintf(text, sizeof(text),
                       "the sandbox process of the OCI runtime was ended by signal %d",
                       WTERMSIG(status));
        ended(m, RECORD_LOST, text);
    } else if (WIFSIGNALED(status)) {
        (void)snprintf(text, sizeof(text), "pid 1 of the sandbox was ended by signal %d",
                       WTERMSIG(status));
        ended(m, RECORD_SIGNALLED, text);
    } else {
        ended(m, RECORD_EXITED, "");
    }
}

static const char *last_line(struct monitor *m)
{
    char *line;

    while (m->n_tail > 0 && (m->tail[m->n_tail - 1] == '\n' || m->tail[m->n_tail - 1] == '\r'))
        m->tail[--m->n_tail] = '\0';
    line = strrchr(m->tail, '\n');
    return line && line[1] ? line + 1 : m->tail;
}

static void command_ended(struct monitor *m, int status)
{
    m->command = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        m->container = (pid_t)record_read_number(m->dir_fd, "container.pid");
    if (m->container > 0) {
        m->state = MONITOR_RUNNING;
        m->deadline_ms = m->helper_ended ? helper_deadline(m) : CLOCK_NEVER;
        if (m->spec->report_fd >= 0)
            (void)!write(m->spec->report_fd, "running\n", 8); /* the node may be gone: fine */
        return;
    }
    while (m->output_fd >= 0 && take_output(m))
        ;
    if (m->kill_requested)
        ended(m, RECORD_KILLED, "ended on request while it started");
    else if (is_oom(m, true))
        ended(m, RECORD_OUT_OF_MEMORY, "the memory limit was reached while it started");
    else
        ended(m, RECORD_START_FAILED, m->n_tail ? last_line(m) : "the OCI runtime said nothing");
}

static void other_ended(struct monitor *m, pid_t pid, int status)
{
    if (pid == m->container) {
        container_ended(m, status);
    } else if (m->spec->sandboxed && !m->helper_ended) {
        m->helper_ended = true;
        m->helper_status = status;
        if (m->state == MONITOR_RUNNING)
            m->deadline_ms = helper_deadline(m);
    }
}

/* The end of the runtime's command comes first: only then the container's number is known. */
static void reap(struct monitor *m)
{
    struct {
        pid_t pid;
        int status;
    } others[16];
    size_t n = 0;
    int status;
    pid_t pid;

    while (n < ARRAY_SIZE(others) && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == m->command) {
            command_ended(m, status);
        } else {
            others[n].pid = pid;
            others[n++].status = status;
        }
    }
    for (size_t i = 0; i < n; i++)
        other_ended(m, others[i].pid, others[i].status);
    if (n == ARRAY_SIZE(others))
        reap(m);
    /* Nothing left to wait for: whatever it was, it ended unseen. */
    else if (pid < 0 && errno == ECHILD && m->state == MONITOR_RUNNING)
        ended(m, RECORD_LOST, "the container's process ended unseen");
}

static void kill_all(struct monitor *m)
{
    (void)cgroup_kill(&m->cgroups, m->spec->cgroup, NULL); /* repeated until nothing is left */
    if (m->container > 0 && m->state == MONITOR_RUNNING)
        (void)kill(m->container, SIGKILL); /* our own unreaped child: the number is its own */
}

static void take_signals(struct monitor *m)
{
    struct signalfd_siginfo si;

    while (read(m->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
        if (si.ssi_signo == SIGCHLD) {
            reap(m);
        } else {
            m->kill_requested = true;
            kill_all(m);
        }
    }
}

static void take_lifeline(struct monitor *m)
{
    char byte;
    ssize_t n = read(m->lifeline_fd, &byte, 1);

    if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
        return;
    m->lifeline_fd = -1;
    m->kill_requested = true;
    kill_all(m);
}

static void deadline_passed(struct monitor *m)
{
    kill_all(m);
    if (m->state == MONITOR_STARTING && !m->kill_requested)
        ended(m, RECORD_START_FAILED, "the OCI runtime did not start it within 60 s");
    m->deadline_ms = clock_monotonic_ms() + 100; /* until it is reaped */
}

static void wait_for_end(struct monitor *m)
{
    while (m->state != MONITOR_ENDED) {
        struct pollfd p[3] = {{.fd = m->signal_fd, .events = POLLIN},
                              {.fd = m->output_fd, .events = POLLIN},
                              {.fd = m->lifeline_fd, .events = POLLIN}};
        uint64_t now = clock_monotonic_ms();
        int timeout = -1;

        if (m->deadline_ms != CLOCK_NEVER)
            timeout = m->deadline_ms > now ? (int)(m->deadline_ms - now) : 0;
        if (poll(p, 3, timeout) < 0 && errno != EINTR)
            return;
        if (m->output_fd >= 0 && p[1].revents)
            (void)take_output(m);
        if (m->lifeline_fd >= 0 && p[2].revents)
            take_lifeline(m);
        if (p[0].revents)
            take_signals(m);
        if (m->state != MONITOR_ENDED && clock_monotonic_ms() >= m->deadline_ms)
            deadline_passed(m);
    }
}

static int finish(struct monitor *m, struct err *err)
{
    int r;

    /* What does not end in time is left to the node's sweep: the record matters more. */
    (void)cgroup_kill_wait(&m->cgroups, m->spec->cgroup, KILL_WAIT_MS, NULL);
    while (m->output_fd >= 0 && take_output(m))
        ;
    r = record_write(m->dir_fd, "end", &m->record, err);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    if (m->spec->lifeline_fd >= 0 && m->lifeline_fd < 0)
        (void)cgroup_remove(&m->cgroups, m->spec->cgroup,
                            NULL); /* the node may have gone as well */
    return r;
}

int monitor_run(const struct monitor_spec *spec, struct err *err)
{
    struct monitor m = {.spec = spec,
                        .dir_fd = -1,
                        .signal_fd = -1,
                        .output_fd = -1,
                        .log_fd = -1,
                        .lifeline_fd = spec->lifeline_fd,
                        .deadline_ms = CLOCK_NEVER};
    struct err why = {0};
    int r;

    if (set_up(&m, &why) < 0) {
        if (m.dir_fd < 0) {
            if (err)
                *err = why;
            return -1;
        }
        ended(&m, RECORD_START_FAILED, why.msg);
        return record_write(m.dir_fd, "end", &m.record, err);
    }
    wait_for_end(&m);
    r = finish(&m, err);
    (void)close(m.dir_fd);
    (void)close(m.signal_fd);
    if (m.output_fd >= 0)
        (void)close(m.output_fd);
    if (m.log_fd >= 0)
        (void)close(m.log_fd);
    return r;
}
