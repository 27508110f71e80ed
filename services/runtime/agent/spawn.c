#include "services/runtime/agent/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <termios.h>

#include "lib/base/fd.h"
#include "lib/base/proc.h"

static struct rlimit command_nofile; /* rlim_max 0: the agent's own was not changed */

void spawn_raise_own_limits(void)
{
    struct rlimit own;

    if (getrlimit(RLIMIT_NOFILE, &own) < 0 || own.rlim_cur == own.rlim_max)
        return;
    command_nofile = own;
    own.rlim_cur = own.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &own) < 0) /* then there are fewer execs at once */
        command_nofile = (struct rlimit){0};
}

/* In the child. execvp() looks up in the PATH of `environ`, which is to be the command's. */
static int prepare(void *user, struct err *err)
{
    const struct command *c = user;

    if (command_nofile.rlim_max && setrlimit(RLIMIT_NOFILE, &command_nofile) < 0)
        return err_errno(err, errno, "setting the limit of open files");
    environ = (char **)c->envp;
    return 0;
}

static int run(const struct command *c, const int fds[3], struct proc_spec spec, struct proc *ret,
               struct err *err)
{
    spec.argv = c->argv;
    spec.cwd = c->cwd;
    spec.fds = fds;
    spec.n_fds = 3;
    spec.uid = c->uid;
    spec.gid = c->gid;
    spec.die_with_parent = true; /* pid 1 takes all along anyway; an agent that is not shall too */
    spec.setup = prepare;
    spec.user = (void *)c;
    return proc_spawn(&spec, ret, err);
}

/* A pipe whose end `ours` (0 reads, 1 writes) does not block. */
static int open_pipe(int ours, int *ret_ours, int *ret_theirs, struct err *err)
{
    int pair[2];

    if (fd_pipe(pair, 0, err) < 0)
        return -1;
    *ret_ours = pair[ours];
    *ret_theirs = pair[!ours];
    return fd_set_nonblock(*ret_ours, err);
}

static int spawn_on_pipes(const struct command *c, struct spawned *ret, struct err *err)
{
    _cleanup_(close_fdp) int in = -1, in_theirs = -1, out = -1, out_theirs = -1, errs = -1,
                             errs_theirs = -1;
    struct proc p;

    if ((c->has_stdin && open_pipe(1, &in, &in_theirs, err) < 0) ||
        open_pipe(0, &out, &out_theirs, err) < 0 || open_pipe(0, &errs, &errs_theirs, err) < 0)
        return -1;
    if (run(c, (const int[]){in_theirs, out_theirs, errs_theirs},
            (struct proc_spec){.new_session = true}, &p, err) < 0)
        return -1;
    (void)close(p.pidfd); /* the reaper goes by pid */
    *ret = (struct spawned){.pid = p.pid,
                            .stdin_fd = TAKE_FD(in),
                            .stdout_fd = TAKE_FD(out),
                            .stderr_fd = TAKE_FD(errs)};
    return 0;
}

static int open_terminal(const struct command *c, int *ret_master, int *ret_slave, struct err *err)
{
    *ret_master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*ret_master < 0 || unlockpt(*ret_master) < 0)
        return err_errno(err, errno, "making a terminal");
    *ret_slave = ioctl(*ret_master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*ret_slave < 0)
        return err_errno(err, errno, "opening the terminal");
    /* Programs may open their terminal by name, so it is to be theirs. */
    if (c->uid != (uid_t)-1 && fchown(*ret_slave, c->uid, (gid_t)-1) < 0)
        return err_errno(err, errno, "giving the terminal to user %u", (unsigned)c->uid);
    if (spawn_resize(*ret_master, c->columns, c->rows, err) < 0)
        return -1;
    return fd_set_nonblock(*ret_master, err);
}

static int spawn_on_terminal(const struct command *c, struct spawned *ret, struct err *err)
{
    _cleanup_(close_fdp) int master = -1, slave = -1, in = -1;
    struct proc p;

    if (open_terminal(c, &master, &slave, err) < 0)
        return -1;
    if (c->has_stdin && (in = fcntl(master, F_DUPFD_CLOEXEC, 3)) < 0)
        return err_errno(err, errno, "opening the terminal for input");
    if (run(c, (const int[]){slave, slave, slave},
            (struct proc_spec){.new_session = true, .controlling_tty = true}, &p, err) < 0)
        return -1;
    (void)close(p.pidfd);
    *ret = (struct spawned){
        .pid = p.pid, .stdin_fd = TAKE_FD(in), .stdout_fd = TAKE_FD(master), .stderr_fd = -1};
    return 0;
}

int spawn_command(const struct command *c, struct spawned *ret, struct err *err)
{
    return c->has_terminal ? spawn_on_terminal(c, ret, err) : spawn_on_pipes(c, ret, err);
}

int spawn_inheriting(const struct command *c, pid_t *ret_pid, struct err *err)
{
    struct proc p;

    if (run(c, (const int[]){0, 1, 2}, (struct proc_spec){.new_session = true}, &p, err) < 0)
        return -1;
    (void)close(p.pidfd);
    *ret_pid = p.pid;
    return 0;
}

int spawn_resize(int master, uint16_t columns, uint16_t rows, struct err *err)
{
    const struct winsize size = {.ws_col = columns, .ws_row = rows};

    if (ioctl(master, TIOCSWINSZ, &size) < 0)
        return err_errno(err, errno, "resizing the terminal");
    return 0;
}
