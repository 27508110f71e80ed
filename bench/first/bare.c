/* The yardstick of the cold create: what `runsc run` of the same agent takes without any of us. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bench/first/client.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/proc.h"

enum { MAX_ARGV = 32, WAIT_MS = 30 * 1000 };

struct bare {
    const char *bundle;
    char id[40];
    int control, data; /* listening */
};

static int listen_at(const struct bare *b, const char *name)
{
    char path[108];
    struct err err;
    int fd;

    (void)snprintf(path, sizeof(path), "%.80s/run/%s", b->bundle, name);
    fd = fd_unix_listen(path, SOCK_STREAM, 0600, &err);
    if (fd < 0)
        bench_die("listening for the bare agent", &err);
    return fd;
}

/* runsc FLAGS… WORDS…, to its end. Its output is let go: the sandbox would hold a pipe open. */
static void runsc(const char *program, char *const *flags, const char *const *words)
{
    const char *argv[MAX_ARGV] = {program};
    struct proc p = {.pidfd = -1};
    struct pollfd wait = {.events = POLLIN};
    siginfo_t info = {0};
    struct err err;
    size_t n = 1;

    for (; *flags && n < MAX_ARGV - 1; flags++)
        argv[n++] = *flags;
    for (size_t i = 0; words[i] && n < MAX_ARGV - 1; i++)
        argv[n++] = words[i];
    if (proc_spawn(&(struct proc_spec){.argv = argv,
                                       .fds = (int[]){-1, -1, -1},
                                       .n_fds = 3,
                                       .uid = (uid_t)-1,
                                       .gid = (gid_t)-1},
                   &p, &err) < 0)
        bench_die(words[0], &err);
    wait.fd = p.pidfd;
    if (poll(&wait, 1, WAIT_MS) != 1 || proc_reap(&p, &info, &err) != 0 ||
        info.si_code != CLD_EXITED || info.si_status != 0)
        bench_die(words[0], &(struct err){.msg = "runsc failed, or took longer than 30 s"});
    proc_done(&p);
}

static int accept_agent(int listen_fd)
{
    struct pollfd p = {.fd = listen_fd, .events = POLLIN};
    int fd = -1;

    if (poll(&p, 1, WAIT_MS) == 1)
        fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        bench_die("the bare agent does not connect", NULL);
    return fd;
}

double bench_bare_run(struct bench *bench, const char *program, char *const *flags,
                      const char *bundle, int n)
{
    struct bare b = {.bundle = bundle};
    char bundle_flag[160];
    struct rpc_channel *ch;
    uint64_t from_ns;
    struct err err;
    double us;

    (void)snprintf(b.id, sizeof(b.id), "bare%d", n);
    (void)snprintf(bundle_flag, sizeof(bundle_flag), "--bundle=%.120s", bundle);
    b.control = listen_at(&b, "control.sock");
    b.data = listen_at(&b, "data.sock");
    from_ns = clock_monotonic_ns();
    runsc(program, flags, (const char *[]){"run", "--detach", bundle_flag, b.id, NULL});
    if (rpc_channel_new_fd(&ch, bench->loop, accept_agent(b.data), NULL, &err) < 0)
        bench_die("the bare agent's connection", &err);
    bench_agent_answers(bench, ch, NULL);
    us = (double)(clock_monotonic_ns() - from_ns) / 1000;

    rpc_channel_free(ch);
    runsc(program, flags, (const char *[]){"delete", "--force", b.id, NULL});
    (void)close(b.control);
    (void)close(b.data);
    return us;
}
