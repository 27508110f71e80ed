#include <fcntl.h>
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

bool instance_monitor_find(struct instance *i)
{
    char state[256], run[256];
    _cleanup_(close_fdp) int dir = -1;

    if (bundle_paths(i->node, i->id, state, run, NULL) < 0)
        return false;
    dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir >= 0 && record_find_monitor(dir, &i->monitor_pid, &i->monitor_pidfd);
}
