#include "cli/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/fd.h"

enum { SERVICE_ARGS_MAX = 32, SERVICE_LOG_MAX = 4 << 20, SERVICE_SWEEP_MS = 30000 };

static const struct {
    const char *name, *program, *socket;
} services[N_SERVICES] = {
    [SERVICE_NODE] = {"node", "sandbox-runtime", "node.sock"},
    [SERVICE_CONTROLLER] = {"controller", "sandbox-controller", "controller.sock"},
    [SERVICE_ROUTER] = {"router", "sandbox-router", "router.sock"},
};

const char *service_name(enum service_kind kind)
{
    return services[kind].name;
}

const char *service_socket(enum service_kind kind)
{
    return services[kind].socket;
}

/* ---- arguments ---- */

struct args {
    const char *argv[SERVICE_ARGS_MAX];
    char text[SERVICE_ARGS_MAX][HOME_PATH_MAX + 64];
    char program[512];
    int n;
};

static void add(struct args *a, const char *flag, const char *fmt, ...) _printf_(3, 4);

static void add(struct args *a, const char *flag, const char *fmt, ...)
{
    va_list args;

    if (a->n + 3 > SERVICE_ARGS_MAX)
        abort();
    a->argv[a->n++] = flag;
    if (!fmt)
        return;
    va_start(args, fmt);
    (void)vsnprintf(a->text[a->n], sizeof(a->text[0]), fmt, args);
    va_end(args);
    a->argv[a->n] = a->text[a->n];
    a->n++;
}

static int add_node(struct args *a, const struct home *h, struct err *err)
{
    char agent[512];

    if (home_program("sandbox-agent", agent, err) < 0)
        return -1;
    add(a, "node", NULL);
    add(a, "--listen", "unix:%s/node.sock", h->run_dir);
    add(a, "--router-fds", "%s/router-fds.sock", h->run_dir);
    add(a, "--state-dir", "%s/node", h->state_dir);
    add(a, "--run-dir", "%s/node", h->run_dir);
    add(a, "--cache-dir", "%s", h->cache_dir);
    add(a, "--agent", "%s", agent);
    add(a, "--controller-uid", "%u", (unsigned)h->controller_uid);
    if (h->is_ephemeral)
        add(a, "--ephemeral", NULL);
    return 0;
}

static void add_controller(struct args *a, const struct home *h)
{
    add(a, "--listen", "unix:%s/controller.sock", h->run_dir);
    add(a, "--routes-listen", "unix:%s/routes.sock", h->run_dir);
    add(a, "--node", "unix:%s/node.sock", h->run_dir);
    add(a, "--state-dir", "%s/controller", h->state_dir);
    add(a, "--user", "%u:%u", (unsigned)h->controller_uid, (unsigned)h->controller_uid);
    add(a, "--client-uid", "%u", (unsigned)h->client_uid);
    add(a, "--router-uid", "%u", (unsigned)h->router_uid);
}

static void add_router(struct args *a, const struct home *h)
{
    add(a, "--listen", "unix:%s/router.sock", h->run_dir);
    add(a, "--fds", "%s/router-fds.sock", h->run_dir);
    add(a, "--controller", "unix:%s/routes.sock", h->run_dir);
    add(a, "--user", "%u:%u", (unsigned)h->router_uid, (unsigned)h->router_uid);
    add(a, "--client-uid", "%u", (unsigned)h->client_uid);
}

static int build_args(struct args *a, const struct home *h, enum service_kind kind,
                      const char *log_level, struct err *err)
{
    memset(a, 0, sizeof(*a));
    if (home_program(services[kind].program, a->program, err) < 0)
        return -1;
    a->argv[a->n++] = a->program;
    switch (kind) {
    case SERVICE_NODE:
        if (add_node(a, h, err) < 0)
            return -1;
        break;
    case SERVICE_CONTROLLER:
        add_controller(a, h);
        break;
    case SERVICE_ROUTER:
        add_router(a, h);
        break;
    case N_SERVICES:
        abort();
    }
    if (log_level)
        add(a, "--log-level", "%s", log_level);
    add(a, "--lifeline-fd", "3");
    return 0;
}

/* ---- log files ---- */

static void log_path(const struct home *h, const char *name, char ret[HOME_PATH_MAX + 32])
{
    (void)snprintf(ret, HOME_PATH_MAX + 32, "%s/log/%.16s.log", h->state_dir, name);
}

int service_log_open(const struct home *h, const char *name, struct err *err)
{
    char path[HOME_PATH_MAX + 32], old[HOME_PATH_MAX + 40];
    struct stat st;
    int fd;

    log_path(h, name, path);
    (void)snprintf(old, sizeof(old), "%s.1", path);
    if (stat(path, &st) == 0 && st.st_size > SERVICE_LOG_MAX)
        (void)rename(path, old); /* when it fails the log goes on growing, which is all */
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : err_errno(err, errno, "opening %s", path);
}

void service_last_words(const struct home *h, enum service_kind kind, char *ret, size_t n_ret)
{
    char path[HOME_PATH_MAX + 32], tail[1024];
    _cleanup_(close_fdp) int fd = -1;
    struct stat st;
    ssize_t n;
    char *line;

    ret[0] = 0;
    log_path(h, services[kind].name, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    n = pread(fd, tail, sizeof(tail) - 1, MAX(st.st_size - (off_t)sizeof(tail) + 1, 0));
    while (n > 0 && tail[n - 1] == '\n')
        n--;
    tail[MAX(n, 0)] = 0;
    line = strrchr(tail, '\n');
    (void)snprintf(ret, n_ret, "%s", line ? line + 1 : tail);
}

/* ---- starting ---- */

int service_start(const struct home *h, enum service_kind kind, int lifeline_fd, int log_fd,
                  const char *log_level, struct proc *ret, struct err *err)
{
    _cleanup_(close_fdp) int own_log = -1;
    struct args a;
    /* The lock goes along: a home counts as held until the last of its services has ended. */
    int fds[] = {-1, -1, log_fd, lifeline_fd, h->lock_fd};
    const struct proc_spec spec = {.argv = a.argv,
                                   .cwd = "/",
                                   .fds = fds,
                                   .n_fds = ARRAY_SIZE(fds),
                                   .uid = (uid_t)-1,
                                   .gid = (gid_t)-1,
                                   .new_group = true};

    if (log_fd < 0) {
        own_log = service_log_open(h, services[kind].name, err);
        if (own_log < 0)
            return -1;
        fds[2] = own_log;
    }
    if (build_args(&a, h, kind, log_level, err) < 0)
        return -1;
    return proc_spawn(&spec, ret, err);
}

int service_sweep_node(const struct home *h, struct err *err)
{
    struct home sweeping = *h;
    struct proc p = {.pidfd = -1};
    struct pollfd wait;
    char dir[HOME_PATH_MAX + 16];
    int line[2], r;

    (void)snprintf(dir, sizeof(dir), "%s/node/instances", h->state_dir);
    if (access(dir, F_OK) < 0)
        return 0; /* no node was ever here */
    (void)snprintf(dir, sizeof(dir), "%s/node", h->run_dir);
    if (fd_mkdir_p(dir, 0711, err) < 0 || fd_pipe(line, 0, err) < 0)
        return -1;
    (void)close(line[1]);
    sweeping.is_ephemeral = true;
    r = service_start(&sweeping, SERVICE_NODE, line[0], -1, NULL, &p, err);
    (void)close(line[0]);
    if (r < 0)
        return -1;
    wait = (struct pollfd){.fd = p.pidfd, .events = POLLIN};
    r = poll(&wait, 1, SERVICE_SWEEP_MS);
    proc_done(&p);
    if (r == 1)
        return 0;
    return err_set(err, RPC_DEADLINE_EXCEEDED, "Timeout",
                   "the sandboxes of %s could not be removed within %d s", h->state_dir,
                   SERVICE_SWEEP_MS / 1000);
}
