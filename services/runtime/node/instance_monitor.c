#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/proc.h"
#include "services/runtime/node/instance_parts.h"

void instance_monitor_forget(struct instance *i)
{
    loop_io_free(TAKE_PTR(i->monitor_io));
    loop_io_free(TAKE_PTR(i->report_io));
    if (i->monitor_pidfd >= 0)
        (void)close(TAKE_FD(i->monitor_pidfd));
    if (i->report_fd >= 0)
        (void)close(TAKE_FD(i->report_fd));
    i->monitor_pid = 0;
}

void instance_monitor_signal(struct instance *i, int signum)
{
    if (i->monitor_pidfd >= 0)
        (void)syscall(SYS_pidfd_send_signal, i->monitor_pidfd, signum, NULL, 0);
}

static void monitor_ready(struct loop_io *io, int events, void *user)
{
    struct instance *i = user;
    siginfo_t info;

    (void)io;
    (void)events;
    (void)waitid(P_PIDFD, (id_t)i->monitor_pidfd, &info,
                 WEXITED | WNOHANG); /* not our child after a restart */
    instance_monitor_forget(i);
    i->monitor_ended = true;
    loop_task_schedule(i->task);
}

static void monitor_reports(struct loop_io *io, int events, void *user)
{
    struct instance *i = user;
    char word[16];
    ssize_t n = read(i->report_fd, word, sizeof(word));

    (void)io;
    (void)events;
    if (n > 0)
        instance_now_running(i);
    loop_io_free(TAKE_PTR(i->report_io));
    (void)close(TAKE_FD(i->report_fd));
}

int instance_monitor_watch(struct instance *i, struct err *err)
{
    return loop_io_new(&i->monitor_io, i->node->loop, i->monitor_pidfd, LOOP_READ, monitor_ready, i,
                       err);
}

int instance_monitor_spawn(struct instance *i, const struct bundle_command *cmd, struct err *err)
{
    _cleanup_(close_fdp) int report_w = -1;
    struct proc p;
    int pair[2];

    if (fd_pipe(pair, 0, err) < 0)
        return -1;
    i->report_fd = pair[0];
    report_w = pair[1];
    if (fd_set_nonblock(i->report_fd, err) < 0 ||
        loop_io_new(&i->report_io, i->node->loop, i->report_fd, LOOP_READ, monitor_reports, i,
                    err) < 0)
        return -1;

    const int fds[] = {-1, -1, -1, report_w, i->node->opts.lifeline_fd};
    bool lifeline = bundle_has_lifeline(i->node);

    if (proc_spawn(
            &(struct proc_spec){.argv = cmd->argv,
                                .cwd = "/",
                                .fds = fds,
                                .n_fds = lifeline ? BUNDLE_LIFELINE_FD + 1 : BUNDLE_REPORT_FD + 1,
                                .uid = (uid_t)-1,
                                .gid = (gid_t)-1,
                                .new_session = true},
            &p, err) < 0)
        return -1;
    i->monitor_pid = p.pid;
    i->monitor_pidfd = p.pidfd;
    i->monitor_ended = false;
    return instance_monitor_watch(i, err);
}

static int read_start_time(pid_t pid, unsigned long long *ret)
{
    char path[64], text[1024], *after;
    _cleanup_(close_fdp) int fd = -1;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (n <= 0)
        return -1;
    text[n] = '\0';
    after = strrchr(text, ')');
    /* Field 22 of proc_pid_stat(5). */
    return after &&
                   sscanf(
                       after + 1,
                       " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                       ret) == 1
               ? 0
               : -1;
}

bool instance_monitor_find(struct instance *i)
{
    char state[256], run[256], path[PATH_MAX], text[64];
    unsigned long long want = 0, have = 0;
    _cleanup_(close_fdp) int fd = -1, pidfd = -1;
    ssize_t n;
    int pid = 0;

    if (bundle_paths(i->node, i->id, state, run, NULL) < 0 ||
        image_path(path, sizeof(path), NULL, "%s/monitor", state) < 0)
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (n <= 0)
        return false;
    text[n] = '\0';
    if (sscanf(text, "%d %llu", &pid, &want) != 2 || pid <= 1)
        return false;
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0 || read_start_time(pid, &have) < 0 || have != want)
        return false;
    i->monitor_pid = pid;
    i->monitor_pidfd = TAKE_FD(pidfd);
    return true;
}
