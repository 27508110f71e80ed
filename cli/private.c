#include "cli/private.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"

enum { PRIVATE_STOP_MS = 45000, PRIVATE_LINE_MAX = ERR_MSG_MAX + 64 };

void private_init(struct private_home *p)
{
    *p = (struct private_home){.lifeline = -1, .supervisor = {.pidfd = -1}};
    home_init_private(&p->home);
}

/* ---- what the supervisor reports ---- */

struct reading {
    struct private_home *p;
    int fd;
    struct loop_io *io;
    char line[PRIVATE_LINE_MAX];
    size_t n;
    bool done, failed;
    struct err err;
};

static void reading_fail(struct reading *r, int code, const char *reason, const char *text)
{
    r->done = r->failed = true;
    err_set(&r->err, code, reason, "%s", text);
}

static void take_line(struct reading *r)
{
    char reason[ERR_REASON_MAX];
    int code, at = 0;

    if (strcmp(r->line, "ready") == 0)
        r->done = true;
    else if (strncmp(r->line, "say ", 4) == 0)
        ctl_say("%s", r->line + 4);
    else if (sscanf(r->line, "fail %d %47s %n", &code, reason, &at) == 2 && at > 0)
        reading_fail(r, code, reason, r->line + at);
}

static void on_report(struct loop_io *io _unused_, int events _unused_, void *user)
{
    struct reading *r = user;
    char c;
    ssize_t n;

    while (!r->done && (n = read(r->fd, &c, 1)) == 1) {
        if (c != '\n' && r->n + 1 < sizeof(r->line)) {
            r->line[r->n++] = c;
            continue;
        }
        r->line[r->n] = 0;
        r->n = 0;
        take_line(r);
    }
    if (!r->done && n == 0)
        reading_fail(r, RPC_INTERNAL, "SupervisorFailed",
                     "the supervisor of the services ended before they were up");
    if (r->done)
        loop_io_set(r->io, 0);
}

static int wait_ready(struct private_home *p, struct client *c, int report_fd, struct err *err)
{
    struct reading r = {.p = p, .fd = report_fd};
    int result;

    if (loop_io_new(&r.io, c->loop, report_fd, LOOP_READ, on_report, &r, err) < 0)
        return -1;
    result = client_wait(c, &r.done, CLOCK_NEVER, err);
    loop_io_free(r.io);
    if (result == 0 && r.failed && err)
        *err = r.err;
    return r.failed ? -1 : result;
}

/* ---- starting ---- */

static void on_supervisor_end(struct loop_child *child, const siginfo_t *info, void *user)
{
    struct private_home *p = user;

    loop_child_free(child);
    p->child = NULL;
    p->supervisor.pidfd = -1;
    p->client->is_lost = true;
    err_set(&p->client->lost, RPC_UNAVAILABLE, "ServicesEnded",
            "the supervisor of our services ended (%s %d)",
            info->si_code == CLD_EXITED ? "exit code" : "signal", info->si_status);
}

static int spawn(struct private_home *p, const struct private_opts *o, int lifeline, int report,
                 struct err *err)
{
    const struct home *h = &p->home;
    char self[512], uids[3][16];
    const char *argv[28] = {self,         "supervise",   "--run-dir",  h->run_dir,    "--state-dir",
                            h->state_dir, "--cache-dir", h->cache_dir, "--report-fd", "4"};
    int n = 10;
    const int fds[] = {-1, -1, 2, lifeline, report};
    const struct proc_spec spec = {.argv = argv,
                                   .cwd = "/",
                                   .fds = fds,
                                   .n_fds = ARRAY_SIZE(fds),
                                   .uid = (uid_t)-1,
                                   .gid = (gid_t)-1,
                                   .new_session = true};
    const uid_t ids[] = {h->controller_uid, h->router_uid, h->client_uid};
    static const char *const flags[] = {"--controller-uid", "--router-uid", "--client-uid"};

    if (home_program("sandboxctl", self, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        (void)snprintf(uids[i], sizeof(uids[i]), "%u", (unsigned)ids[i]);
        argv[n++] = flags[i];
        argv[n++] = uids[i];
    }
    if (lifeline >= 0) {
        argv[n++] = "--lifeline-fd";
        argv[n++] = "3";
    }
    if (h->is_ephemeral)
        argv[n++] = "--ephemeral";
    if (o->logs_to_stderr)
        argv[n++] = "--logs-to-stderr";
    if (o->verbose)
        argv[n++] = "--verbose";
    return proc_spawn(&spec, &p->supervisor, err);
}

static int spawn_watched(struct private_home *p, struct client *c, const struct private_opts *o,
                         int report, struct err *err)
{
    _cleanup_(close_fdp) int in = -1;
    int line[2] = {-1, -1};

    if (o->has_lifeline) {
        if (fd_pipe(line, 0, err) < 0)
            return -1;
        in = line[0];
        p->lifeline = line[1];
    }
    if (spawn(p, o, in, report, err) < 0)
        return -1;
    p->client = c;
    return loop_child_new(&p->child, c->loop, p->supervisor.pid, p->supervisor.pidfd,
                          on_supervisor_end, p, err);
}

int private_start_with(struct private_home *p, struct client *c, const struct private_opts *opts,
                       struct err *err)
{
    _cleanup_(close_fdp) int in = -1, out = -1;
    int report[2];

    if (geteuid() != 0)
        return err_set(err, RPC_PERMISSION_DENIED, "NotPermitted",
                       "starting the services needs root; try \"sudo sandboxctl …\"");
    if (fd_pipe(report, 0, err) < 0)
        return -1;
    in = report[0];
    out = report[1];
    if (fd_set_nonblock(in, err) < 0 || spawn_watched(p, c, opts, out, err) < 0)
        return -1;
    (void)close(TAKE_FD(out));
    if (wait_ready(p, c, in, err) < 0)
        return -1;
    c->run_dir = p->home.run_dir;
    return 0;
}

int private_start(struct private_home *p, struct client *c, bool verbose, struct err *err)
{
    const struct private_opts opts = {
        .has_lifeline = true, .logs_to_stderr = verbose, .verbose = verbose};

    if (geteuid() == 0)
        home_sweep();
    if (verbose || isatty(2))
        ctl_say("starting controller, router and node");
    return private_start_with(p, c, &opts, err);
}

/* ---- stopping ---- */

/* After a supervisor that was killed: its services have seen the end of their lifeline, hold the
 * lock until they have cleaned up, and then the rest is ours. */
static int clean_after(struct private_home *p, struct err *err)
{
    struct home *h = &p->home;
    int r = -1;

    for (int tries = 0; tries < 300; tries++) {
        *err = (struct err){0};
        r = home_open(h, err);
        if (r == 0 || strcmp(err->reason, "AddressInUse") != 0)
            break;
        (void)poll(NULL, 0, 100);
    }
    if (r == 0)
        r = home_clean(h, true, err);
    home_close(h);
    return r;
}

void private_stop(struct private_home *p)
{
    struct err err = {0};
    struct pollfd ended = {.fd = p->supervisor.pidfd, .events = POLLIN};
    int r = 1;

    if (p->client)
        client_disconnect(p->client);
    if (p->lifeline >= 0)
        (void)close(TAKE_FD(p->lifeline));
    if (ended.fd >= 0) {
        do
            r = poll(&ended, 1, PRIVATE_STOP_MS);
        while (r < 0 && errno == EINTR);
        loop_child_free(p->child);
        p->child = NULL;
        (void)waitpid(p->supervisor.pid, NULL, WNOHANG); /* one that hangs is init's then */
    }
    /* A supervisor that was killed, or hangs, has left its folders. */
    if (r != 1)
        ctl_say("the supervisor did not end within %d s", PRIVATE_STOP_MS / 1000);
    else if (p->home.is_ephemeral && access(p->home.state_dir, F_OK) == 0 &&
             clean_after(p, &err) < 0)
        ctl_say("%s may be left: %s", p->home.state_dir, err.msg);
}
