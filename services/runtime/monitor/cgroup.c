#include "services/runtime/monitor/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"

enum {
    MAX_MOUNTS_BYTES = 1024 * 1024,
    MAX_PROCS_BYTES = 1024 * 1024,
    CPU_PERIOD_US = 100000,
    MAX_DEPTH = 16,
};

/* ---- which hierarchies there are ---- */

static bool has_word(const char *options, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = options; (p = strstr(p, word)); p += n)
        if ((p == options || p[-1] == ',') && (p[n] == ',' || p[n] == '\0'))
            return true;
    return false;
}

static void take_mount(struct cgroup_host *host, const char *dir, const char *options)
{
    struct cgroup_hierarchy *h;

    if (host->n == CGROUP_MAX_HIERARCHIES || strlen(dir) >= sizeof(h->mount))
        return;
    for (int i = 0; i < host->n; i++)
        if (strcmp(host->h[i].mount, dir) == 0)
            return;
    h = &host->h[host->n++];
    (void)snprintf(h->mount, sizeof(h->mount), "%s", dir);
    h->memory = has_word(options, "memory");
    h->cpu = has_word(options, "cpu");
    h->pids = has_word(options, "pids");
}

int cgroup_parse_mounts(const char *mounts, struct cgroup_host *ret, struct err *err)
{
    struct cgroup_host v1 = {0}, v2 = {.v2 = true};
    bool has_memory = false;

    for (const char *line = mounts; line && *line; line = strchr(line, '\n')) {
        char dir[256], type[64], options[512];

        line += *line == '\n';
        if (sscanf(line, "%*255s %255s %63s %511s", dir, type, options) != 3)
            continue;
        if (strcmp(type, "cgroup") == 0)
            take_mount(&v1, dir, options);
        else if (strcmp(type, "cgroup2") == 0 && v2.n == 0)
            take_mount(&v2, dir, "memory,cpu,pids");
    }
    for (int i = 0; i < v1.n; i++)
        has_memory |= v1.h[i].memory;
    if (!has_memory && v2.n == 0)
        return err_set(err, RPC_FAILED_PRECONDITION, "NoCgroups",
                       "no cgroup file system with a memory controller is mounted");
    if (!has_memory) {
        *ret = v2;
        return 0;
    }
    /* Hybrid: runc makes a folder in version 2 as well, which has to be removed with the others. */
    if (v2.n == 1)
        take_mount(&v1, v2.h[0].mount, "");
    *ret = v1;
    return 0;
}

int cgroup_probe(struct cgroup_host *ret, struct err *err)
{
    _cleanup_(buf_done) struct buf text;
    const char *mounts;

    buf_init(&text, MAX_MOUNTS_BYTES);
    if (fd_read_file(AT_FDCWD, "/proc/self/mounts", &text, err) < 0)
        return -1;
    mounts = buf_cstr(&text, err);
    return mounts ? cgroup_parse_mounts(mounts, ret, err) : -1;
}

/* In a mount namespace that ends with the child: whenever this is killed, no mount stays on the
 * host (runc would try to show it to its containers). The effect on attaching stays. */
static int favor_in_child(void)
{
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/tmp", "cgroup", 0, "none,name=agent-sandbox,favordynmods") < 0)
        return errno;
    return 0;
}

int cgroup_favor_attach(struct err *err)
{
    int status = 0;
    pid_t pid = fork();

    if (pid < 0)
        return err_errno(err, errno, "starting a child");
    if (pid == 0)
        _exit(favor_in_child());
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_errno(err, errno, "waiting for a child");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_errno(err, WIFEXITED(status) ? WEXITSTATUS(status) : EINTR,
                         "mounting a cgroup hierarchy with favordynmods");
    return 0;
}

/* ---- making and removing ---- */

static int path_of(const struct cgroup_hierarchy *h, const char *rel, const char *file,
                   char ret[PATH_MAX], struct err *err)
{
    int n = snprintf(ret, PATH_MAX, "%s/%s%s%s", h->mount, rel, file ? "/" : "", file ? file : "");

    if (n < 0 || n >= PATH_MAX)
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong", "cgroup path %s is too long", rel);
    return 0;
}

static int write_value(const struct cgroup_hierarchy *h, const char *rel, const char *file,
                       const char *value, struct err *err)
{
    char path[PATH_MAX];

    if (path_of(h, rel, file, path, err) < 0)
        return -1;
    return fd_write_string(AT_FDCWD, path, value, err);
}

static int write_u64(const struct cgroup_hierarchy *h, const char *rel, const char *file,
                     uint64_t value, struct err *err)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    return write_value(h, rel, file, text, err);
}

/* Shares 2..262144 of version 1; version 2 has weights 1..10000, converted as Kubernetes does. */
static int weigh(const struct cgroup_host *host, const struct cgroup_hierarchy *h, const char *rel,
                 uint64_t millis, struct err *err)
{
    uint64_t shares = MIN(MAX(millis * 1024 / 1000, (uint64_t)2), (uint64_t)262144);

    if (!host->v2)
        return write_u64(h, rel, "cpu.shares", shares, err);
    return write_u64(h, rel, "cpu.weight", 1 + (shares - 2) * 9999 / 262142, err);
}

int cgroup_weigh(const struct cgroup_host *host, const char *rel, uint64_t cpu_weight_millis,
                 struct err *err)
{
    for (int i = 0; i < host->n; i++)
        if (host->h[i].cpu && weigh(host, &host->h[i], rel, cpu_weight_millis, err) < 0)
            return -1;
    return 0;
}

static int limit_v1(const struct cgroup_hierarchy *h, const char *rel,
                    const struct cgroup_limits *l, struct err *err)
{
    if (h->memory && l->memory_bytes &&
        write_u64(h, rel, "memory.limit_in_bytes", l->memory_bytes, err) < 0)
        return -1;
    if (h->cpu && l->cpu_millis &&
        (write_u64(h, rel, "cpu.cfs_period_us", CPU_PERIOD_US, err) < 0 ||
         write_u64(h, rel, "cpu.cfs_quota_us", l->cpu_millis * CPU_PERIOD_US / 1000, err) < 0))
        return -1;
    if (h->pids && l->pids && write_u64(h, rel, "pids.max", l->pids, err) < 0)
        return -1;
    return 0;
}

static int limit_v2(const struct cgroup_hierarchy *h, const char *rel,
                    const struct cgroup_limits *l, struct err *err)
{
    char quota[64];

    if (l->memory_bytes && write_u64(h, rel, "memory.max", l->memory_bytes, err) < 0)
        return -1;
    if (l->memory_bytes)
        (void)write_value(h, rel, "memory.swap.max", "0",
                          NULL); /* no swap accounting: nothing to bound */
    (void)snprintf(quota, sizeof(quota), "%llu %d",
                   (unsigned long long)(l->cpu_millis * CPU_PERIOD_US / 1000), CPU_PERIOD_US);
    if (l->cpu_millis && write_value(h, rel, "cpu.max", quota, err) < 0)
        return -1;
    if (l->pids && write_u64(h, rel, "pids.max", l->pids, err) < 0)
        return -1;
    return 0;
}

static int move_all(const char *from, const char *to)
{
    _cleanup_(buf_done) struct buf text;
    const char *at;
    char *end;

    buf_init(&text, MAX_PROCS_BYTES);
    if (fd_read_file(AT_FDCWD, from, &text, NULL) < 0 || !(at = buf_cstr(&text, NULL)))
        return -1;
    for (long pid = strtol(at, &end, 10); end != at; at = end, pid = strtol(at, &end, 10)) {
        char word[24];

        (void)snprintf(word, sizeof(word), "%ld", pid);
        (void)fd_write_string(AT_FDCWD, to, word, NULL); /* it may have ended meanwhile */
    }
    return 0;
}

/* Version 2 gives controllers only to the children of a cgroup without processes of its own, save
 * the root: in a container our root has some, so they move to a leaf first. */
static int delegate_v2(const struct cgroup_hierarchy *h, const char *rel, struct err *err)
{
    const char *want = "+memory +cpu +pids";
    char from[PATH_MAX], to[PATH_MAX];

    if (write_value(h, rel, "cgroup.subtree_control", want, err) == 0)
        return 0;
    if (*rel || !err || err->errnum != EBUSY)
        return -1;
    if (path_of(h, "agent-sandbox-init", NULL, to, err) < 0 ||
        (mkdir(to, 0755) < 0 && errno != EEXIST))
        return -1;
    if (path_of(h, "", "cgroup.procs", from, err) < 0 ||
        path_of(h, "agent-sandbox-init", "cgroup.procs", to, err) < 0 || move_all(from, to) < 0)
        return -1;
    return write_value(h, rel, "cgroup.subtree_control", want, err);
}

static int make_in(const struct cgroup_host *host, const struct cgroup_hierarchy *h,
                   const char *rel, struct err *err)
{
    char part[PATH_MAX], path[PATH_MAX];
    size_t n = strlen(rel);

    (void)snprintf(part, sizeof(part), "%s", rel);
    for (size_t i = 0; i <= n; i++) {
        if (rel[i] != '/' && rel[i] != '\0')
            continue;
        part[i] = '\0';
        if (path_of(h, part, NULL, path, err) < 0)
            return -1;
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            return err_errno(err, errno, "making the cgroup %s", path);
        if (host->v2 && rel[i] == '/' && delegate_v2(h, part, err) < 0)
            return -1;
        part[i] = rel[i];
    }
    return 0;
}

int cgroup_make(const struct cgroup_host *host, const char *rel, const struct cgroup_limits *limits,
                struct err *err)
{
    struct err why = {0};

    for (int i = 0; i < host->n; i++) {
        const struct cgroup_hierarchy *h = &host->h[i];
        int r;

        if (!h->memory && !h->cpu && !h->pids)
            continue;
        if (host->v2 && delegate_v2(h, "", &why) < 0)
            r = -1;
        else
            r = make_in(host, h, rel, &why);
        if (r == 0)
            r = host->v2 ? limit_v2(h, rel, limits, &why) : limit_v1(h, rel, limits, &why);
        if (r == 0 && h->cpu)
            r = weigh(host, h, rel, limits->cpu_weight_millis, &why);
        if (r < 0) {
            (void)cgroup_remove(host, rel, NULL); /* nothing is in it yet */
            if (err)
                *err = why;
            return err_wrap(err, "cgroup %s", rel);
        }
    }
    return 0;
}

int cgroup_join(const struct cgroup_host *host, const char *rel, struct err *err)
{
    for (int i = 0; i < host->n; i++) {
        const struct cgroup_hierarchy *h = &host->h[i];

        if ((h->memory || h->cpu || h->pids) && write_value(h, rel, "cgroup.procs", "0", err) < 0)
            return err_wrap(err, "joining the cgroup %s", rel);
    }
    return 0;
}

/* Folders of a cgroup, deepest first. fn: 0 to go on. */
static int walk(const char *path, int depth,
                int (*fn)(const char *path, void *user, struct err *err), void *user,
                struct err *err)
{
    DIR *d = depth < MAX_DEPTH ? opendir(path) : NULL;
    struct dirent *e;
    int r = 0;

    if (!d)
        return errno == ENOENT ? 0 : err_errno(err, errno, "opening %s", path);
    while (r == 0 && (e = readdir(d))) {
        char sub[PATH_MAX];

        if (e->d_type != DT_DIR || e->d_name[0] == '.')
            continue;
        if (snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name) < (int)sizeof(sub))
            r = walk(sub, depth + 1, fn, user, err);
    }
    (void)closedir(d);
    return r == 0 ? fn(path, user, err) : r;
}

static int walk_rel(const struct cgroup_host *host, const char *rel,
                    int (*fn)(const char *path, void *user, struct err *err), void *user,
                    struct err *err)
{
    for (int i = 0; i < host->n; i++) {
        char path[PATH_MAX];

        if (path_of(&host->h[i], rel, NULL, path, err) < 0)
            return -1;
        if (access(path, F_OK) == 0 && walk(path, 0, fn, user, err) < 0)
            return -1;
    }
    return 0;
}

static int remove_one(const char *path, void *user, struct err *err)
{
    (void)user;
    if (rmdir(path) == 0 || errno == ENOENT)
        return 0;
    if (errno == EBUSY)
        return err_set(err, RPC_FAILED_PRECONDITION, "Busy", "the cgroup %s is in use", path);
    return err_errno(err, errno, "removing the cgroup %s", path);
}

int cgroup_remove(const struct cgroup_host *host, const char *rel, struct err *err)
{
    return walk_rel(host, rel, remove_one, NULL, err);
}

/* ---- ending ---- */

struct killing {
    const char *rel;
    int n;
};

/* The number may have been given to another process since it was read: hold it first, then ask
 * again. */
static void kill_member(pid_t pid, const char *rel)
{
    _cleanup_(close_fdp) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    _cleanup_(buf_done) struct buf text;
    char path[64];
    const char *s;

    buf_init(&text, 65536);
    if (pidfd < 0)
        return;
    (void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
    if (fd_read_file(AT_FDCWD, path, &text, NULL) < 0 || !(s = buf_cstr(&text, NULL)))
        return;
    if (strstr(s, rel))
        (void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

static int kill_one(const char *path, void *user, struct err *err)
{
    _cleanup_(buf_done) struct buf text;
    struct killing *k = user;
    char procs[PATH_MAX], *end;
    const char *at;

    buf_init(&text, MAX_PROCS_BYTES);
    if (snprintf(procs, sizeof(procs), "%s/cgroup.procs", path) >= (int)sizeof(procs))
        return 0;
    if (fd_read_file(AT_FDCWD, procs, &text, err) < 0)
        return err && (err->errnum == ENOENT || err->errnum == ENODEV) ? 0 : -1;
    if (!(at = buf_cstr(&text, err)))
        return -1;
    for (long pid = strtol(at, &end, 10); end != at; at = end, pid = strtol(at, &end, 10)) {
        k->n++;
        if (pid > 1)
            kill_member((pid_t)pid, k->rel);
    }
    return 0;
}

int cgroup_kill(const struct cgroup_host *host, const char *rel, struct err *err)
{
    struct killing k = {.rel = rel};
    struct err why = {0};

    if (walk_rel(host, rel, kill_one, &k, &why) < 0) {
        if (err)
            *err = why;
        return err_wrap(err, "ending the cgroup %s", rel);
    }
    return k.n;
}

int cgroup_kill_wait(const struct cgroup_host *host, const char *rel, int timeout_ms,
                     struct err *err)
{
    uint64_t deadline = clock_monotonic_ms() + (uint64_t)timeout_ms;
    struct timespec pause = {.tv_nsec = 1000000};
    int n;

    while ((n = cgroup_kill(host, rel, err)) > 0) {
        if (clock_monotonic_ms() >= deadline)
            return err_set(err, RPC_DEADLINE_EXCEEDED, "Busy", "%d processes of %s do not end", n,
                           rel);
        (void)nanosleep(&pause, NULL);
        pause.tv_nsec = MIN(pause.tv_nsec * 2, 20000000L);
    }
    return n;
}

/* ---- reading ---- */

static int read_text(const struct cgroup_hierarchy *h, const char *rel, const char *file,
                     char ret[4096], struct err *err)
{
    _cleanup_(close_fdp) int fd = -1;
    char path[PATH_MAX];
    ssize_t n;

    if (path_of(h, rel, file, path, err) < 0)
        return -1;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? read(fd, ret, 4095) : -1;
    if (n < 0)
        return err_errno(err, errno, "reading %s", path);
    ret[n] = '\0';
    return 0;
}

static uint64_t read_u64(const struct cgroup_hierarchy *h, const char *rel, const char *file)
{
    char text[4096];

    return read_text(h, rel, file, text, NULL) == 0 ? strtoull(text, NULL, 10) : 0;
}

static uint64_t read_word(const struct cgroup_hierarchy *h, const char *rel, const char *file,
                          const char *word)
{
    char text[4096], *p, *save = NULL;

    if (read_text(h, rel, file, text, NULL) < 0)
        return 0;
    for (p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
        size_t n = strlen(word);

        if (strncmp(p, word, n) == 0 && p[n] == ' ')
            return strtoull(p + n, NULL, 10);
    }
    return 0;
}

/* Version 1 counts a kill in the cgroup of the victim alone, which may be one that the runtime made
 * below ours. */
static int add_oom_kills_v1(const char *path, void *user, struct err *err)
{
    struct cgroup_hierarchy h = {0};
    uint64_t *sum = user;

    (void)err;
    if (strlen(path) < sizeof(h.mount)) {
        memcpy(h.mount, path, strlen(path) + 1);
        *sum += read_word(&h, "", "memory.oom_control", "oom_kill");
    }
    return 0;
}

static uint64_t oom_kills(const struct cgroup_host *host, const struct cgroup_hierarchy *h,
                          const char *rel)
{
    char path[PATH_MAX];
    uint64_t sum = 0;

    if (host->v2)
        return read_word(h, rel, "memory.events", "oom_kill");
    if (path_of(h, rel, NULL, path, NULL) == 0)
        (void)walk(path, 0, add_oom_kills_v1, &sum, NULL); /* unreadable: none known */
    return sum;
}

int cgroup_memory(const struct cgroup_host *host, const char *rel, struct cgroup_memory *ret,
                  struct err *err)
{
    for (int i = 0; i < host->n; i++) {
        const struct cgroup_hierarchy *h = &host->h[i];
        uint64_t limit;

        if (!h->memory)
            continue;
        limit = read_u64(h, rel, host->v2 ? "memory.max" : "memory.limit_in_bytes");
        *ret = (struct cgroup_memory){
            .oom_kills = oom_kills(host, h, rel),
            .peak_bytes = read_u64(h, rel, host->v2 ? "memory.peak" : "memory.max_usage_in_bytes"),
            .limit_bytes = limit >= (uint64_t)INT64_MAX / 2 ? 0 : limit,
        };
        return 0;
    }
    return err_set(err, RPC_FAILED_PRECONDITION, "NoCgroups", "no memory controller");
}

void cgroup_list(const struct cgroup_host *host, const char *rel,
                 void (*fn)(const char *name, void *user), void *user)
{
    for (int i = 0; i < host->n; i++) {
        char path[PATH_MAX];
        struct dirent *e;
        DIR *d;

        if (path_of(&host->h[i], rel, NULL, path, NULL) < 0 || !(d = opendir(path)))
            continue;
        while ((e = readdir(d)))
            if (e->d_type == DT_DIR && e->d_name[0] != '.')
                fn(e->d_name, user);
        (void)closedir(d);
    }
}
