#include "services/runtime/node/node.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/base/proc.h"
#include "lib/rpc/health.h"
#include "services/runtime/node/image.h"
#include "services/runtime/node/instance.h"

enum { SWEEP_PERIOD_MS = 30000, STOP_DRAIN_MS = 500, STOP_LIMIT_MS = 3000, STOP_POLL_MS = 20 };

/* ---- the queue ---- */

static void pump(struct loop_task *t, void *user)
{
    struct node *n = user;

    (void)t;
    while (n->n_starting < n->opts.max_creating && !n->stopping) {
        struct instance *i = LIST_FIRST(&n->queue, struct instance, link);

        if (!i)
            return;
        instance_start(i);
    }
}

void node_pump(struct node *n)
{
    if (n->pump)
        loop_task_schedule(n->pump);
}

/* ---- trash ---- */

static void remover_ended(struct loop_child *c, const siginfo_t *info, void *user)
{
    struct node *n = user;

    (void)c;
    (void)info;
    loop_child_free(TAKE_PTR(n->remover));
    if (n->trash_again)
        node_trash(n, NULL, NULL);
}

static int start_remover(struct node *n, struct err *err)
{
    const char *argv[] = {"/proc/self/exe", "sweep",      "--store", n->images,
                          "--trash",        n->trash_dir, NULL};
    const int fds[] = {-1, -1, 2};
    struct proc p;

    if (proc_spawn(
            &(struct proc_spec){
                .argv = argv, .fds = fds, .n_fds = 3, .uid = (uid_t)-1, .gid = (gid_t)-1},
            &p, err) < 0)
        return -1;
    if (loop_child_new(&n->remover, n->loop, p.pid, p.pidfd, remover_ended, n, err) < 0) {
        proc_done(&p);
        return -1;
    }
    return 0;
}

void node_trash(struct node *n, const char *path, const char *name)
{
    char to[PATH_MAX];
    struct err err = {0};

    if (path) {
        (void)snprintf(to, sizeof(to), "%s/%s-%llu", n->trash_dir, name,
                       (unsigned long long)clock_realtime_ns());
        if (rename(path, to) < 0 && errno != ENOENT)
            log_warn("instance folder stays, ignoring", LOG_S("path", path),
                     LOG_S("error", strerror(errno)));
    }
    n->trash_again = n->remover != NULL;
    if (n->remover)
        return;
    if (start_remover(n, &err) < 0)
        log_warn("cannot remove trash now, the next sweep tries again", LOG_ERR(&err));
}

/* ---- changes ---- */

static int persist(struct instance *i, struct err *err)
{
    char path[PATH_MAX];
    struct instance_message m;
    uint8_t packed[8192];
    size_t size;

    instance_describe(i, &m);
    m.msg.sandbox = NULL; /* is in the request */
    size = protobuf_c_message_get_packed_size(&m.msg.base);
    if (size > sizeof(packed))
        return err_set(err, RPC_INTERNAL, "TooLarge", "a state of %zu bytes", size);
    (void)protobuf_c_message_pack(&m.msg.base, packed);
    (void)snprintf(path, sizeof(path), "%s/%s/instance.pb", i->node->instances_dir, i->id);
    return fd_write_file_atomic(AT_FDCWD, path, packed, size, 0600, false, err);
}

void node_changed(struct node *n, struct instance *i)
{
    struct err err = {0};

    /* Only what a later node must know; the folder may be gone already when it is being removed. */
    if (i->state != INSTANCE_REMOVING && persist(i, &err) < 0)
        log_warn("state of an instance not stored, ignoring", LOG_S("instance", i->id),
                 LOG_ERR(&err));
    node_service_notify(n, i);
}

void node_instance_gone(struct node *n, struct instance *i)
{
    (void)map_remove(&n->instances, i->id);
    node_service_notify(n, i);
    log_info("sandbox removed", LOG_S("instance", i->id));
    instance_free(i);
}

/* ---- sweep ---- */

struct sweep {
    struct node *n;
    int n_removed;
};

static void sweep_cgroup(const char *name, void *user)
{
    struct sweep *s = user;
    char rel[128];
    struct err err = {0};

    if (map_get(&s->n->instances, name))
        return;
    (void)snprintf(rel, sizeof(rel), "%s/%.32s", s->n->cgroup_root, name);
    if (cgroup_kill(&s->n->cgroups, rel, &err) == 0 &&
        cgroup_remove(&s->n->cgroups, rel, &err) == 0)
        s->n_removed++;
}

/* What belongs to no instance any more. Found by our own folder of cgroups, never by the name of a
 * process. */
static void sweep(struct node *n)
{
    struct sweep s = {.n = n};

    cgroup_list(&n->cgroups, n->cgroup_root, sweep_cgroup, &s);
    if (s.n_removed > 0)
        log_warn("removed cgroups that no sandbox owned", LOG_I("count", s.n_removed));
}

static bool is_empty_folder(const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    int count = 0;

    while (d && (e = readdir(d)))
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (d)
        (void)closedir(d);
    return count == 0;
}

static void sweep_due(struct loop_timer *t, void *user)
{
    struct node *n = user;
    char imports[PATH_MAX];

    sweep(n);
    (void)snprintf(imports, sizeof(imports), "%s/tmp", n->images);
    if (!is_empty_folder(n->trash_dir) || !is_empty_folder(imports))
        node_trash(n, NULL, NULL);
    loop_timer_arm(t, clock_add(loop_now_ms(n->loop), SWEEP_PERIOD_MS));
}

/* Run folders of instances that are no more: sockets only, so it is quick. */
static void sweep_run_dir(struct node *n)
{
    DIR *d = opendir(n->run_dir);
    struct dirent *e;

    while (d && (e = readdir(d)))
        if (e->d_type == DT_DIR && e->d_name[0] != '.' && !map_get(&n->instances, e->d_name))
            (void)fd_rm_tree(dirfd(d), e->d_name, NULL); /* next start tries again */
    if (d)
        (void)closedir(d);
}

/* ---- start ---- */

static int join_path(char *ret, size_t size, const char *dir, const char *name, struct err *err)
{
    if (snprintf(ret, size, "%s%s%s", dir, *name ? "/" : "", name) >= (int)size)
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong",
                       "the folder %s has too long a path", dir);
    return 0;
}

static int make_folder(const char *path, mode_t mode, struct err *err)
{
    if (fd_mkdir_p(path, 0711, err) < 0) {
        if (err)
            return err_recode(err, RPC_FAILED_PRECONDITION, "StateNotWritable");
        return -1;
    }
    return chmod(path, mode) < 0 ? err_errno(err, errno, "%s", path) : 0;
}

static int make_folders(struct node *n, struct err *err)
{
    const struct node_opts *o = &n->opts;

    if (o->state_dir[0] != '/' || o->run_dir[0] != '/' || o->cache_dir[0] != '/' ||
        o->agent[0] != '/')
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "the paths of folders and of the agent must be absolute");
    if (join_path(n->state_dir, sizeof(n->state_dir), o->state_dir, "", err) < 0 ||
        join_path(n->run_dir, sizeof(n->run_dir), o->run_dir, "", err) < 0 ||
        join_path(n->images, sizeof(n->images), o->cache_dir, "images", err) < 0 ||
        join_path(n->instances_dir, sizeof(n->instances_dir), o->state_dir, "instances", err) < 0 ||
        join_path(n->trash_dir, sizeof(n->trash_dir), o->state_dir, "trash", err) < 0)
        return -1;
    /* RUN/ID/control.sock, ID of 16: refuse here what would fail with each sandbox. */
    if (strlen(n->run_dir) + 1 + 16 + strlen("/control.sock") > 107)
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong",
                       "--run-dir %s is too long for unix sockets: at most %d characters",
                       n->run_dir, 107 - 17 - (int)strlen("/control.sock"));
    if (make_folder(n->state_dir, 0700, err) < 0 || make_folder(n->run_dir, 0711, err) < 0 ||
        make_folder(n->instances_dir, 0700, err) < 0 || make_folder(n->trash_dir, 0700, err) < 0)
        return -1;
    return image_store_open(n->images, err);
}

static int take_lock(struct node *n, struct err *err)
{
    char path[PATH_MAX];

    if (join_path(path, sizeof(path), n->state_dir, "lock", err) < 0)
        return -1;
    n->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (n->lock_fd < 0)
        return err_set(err, RPC_FAILED_PRECONDITION, "StateNotWritable", "%s: %s", path,
                       strerror(errno));
    if (flock(n->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, RPC_FAILED_PRECONDITION, "AddressInUse",
                       "another node uses the folder %s: stop it or choose another folder",
                       n->state_dir);
    return 0;
}

/* Drawn once, kept: it names our cgroups, so that nodes on one machine never touch each other's. */
static int load_id(struct node *n, struct err *err)
{
    char path[PATH_MAX];
    _cleanup_(buf_done) struct buf text;
    struct err why = {0};

    buf_init(&text, 64);
    if (join_path(path, sizeof(path), n->state_dir, "node-id", err) < 0)
        return -1;
    if (fd_read_file(AT_FDCWD, path, &text, &why) == 0 && buf_len(&text) >= 8) {
        memcpy(n->id, buf_data(&text), 8);
    } else {
        bytes_random_name(n->id, 8);
        if (fd_write_file_atomic(AT_FDCWD, path, n->id, 8, 0600, true, err) < 0)
            return -1;
    }
    n->id[8] = '\0';
    if (strspn(n->id, "abcdefghijklmnopqrstuvwxyz0123456789") != 8)
        return err_set(err, RPC_DATA_LOSS, "BadRecord", "%s is no id of a node", path);
    (void)snprintf(n->cgroup_root, sizeof(n->cgroup_root), "agent-sandbox/%s", n->id);
    return 0;
}

static void find_monitor_program(struct node *n)
{
    char self[400];
    ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    n->monitor[0] = '\0';
    if (len <= 0)
        return;
    self[len] = '\0';
    slash = strrchr(self, '/');
    if (!slash)
        return;
    *slash = '\0';
    (void)snprintf(n->monitor, sizeof(n->monitor), "%s/sandbox-monitor", self);
    if (access(n->monitor, X_OK) < 0)
        n->monitor[0] = '\0';
}

static int probe_host(struct node *n, struct err *err)
{
    struct err why = {0};

    if (geteuid() != 0)
        return err_set(err, RPC_PERMISSION_DENIED, "NotRoot",
                       "the node makes namespaces and cgroups: it must run as root");
    if (access(n->opts.agent, X_OK) < 0)
        return err_set(err, RPC_FAILED_PRECONDITION, "CommandNotFound",
                       "there is no agent at %s: %s", n->opts.agent, strerror(errno));
    if (cgroup_probe(&n->cgroups, err) < 0)
        return -1;
    if (!n->cgroups.v2 && cgroup_favor_attach(&why) < 0)
        log_debug("cgroup attaches stay slow, ignoring", LOG_ERR(&why));
    classes_probe(&n->classes);
    find_monitor_program(n);
    for (int i = 0; i < N_RUNTIMES; i++)
        log_info("runtime class", LOG_S("class", n->classes.c[i].name),
                 LOG_B("available", n->classes.c[i].available),
                 LOG_S("detail", n->classes.c[i].detail));
    return 0;
}

static int adopt_all(struct node *n, struct err *err)
{
    DIR *d = opendir(n->instances_dir);
    struct dirent *e;

    if (!d)
        return err_errno(err, errno, "opening %s", n->instances_dir);
    while ((e = readdir(d))) {
        char path[PATH_MAX];
        struct instance *i;
        struct err why = {0};

        if (e->d_name[0] == '.')
            continue;
        if (instance_adopt(n, e->d_name, &i, &why) == 0) {
            log_info("found a sandbox again", LOG_S("instance", i->id),
                     LOG_B("monitor", i->monitor_pidfd >= 0));
            continue;
        }
        log_warn("folder of an instance is of no use, removing it", LOG_S("folder", e->d_name),
                 LOG_ERR(&why));
        (void)snprintf(path, sizeof(path), "%s/%s", n->instances_dir, e->d_name);
        node_trash(n, path, e->d_name);
    }
    (void)closedir(d);
    return 0;
}

/* All sandboxes together weigh as much as the machine has CPUs, as pods do under the kubelet; by
 * default they would share one CPU's worth against everything else that runs. */
static int make_cgroup_root(struct node *n, struct err *err)
{
    struct cgroup_limits all = {.cpu_weight_millis =
                                    1000 * (uint64_t)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1L)};

    if (cgroup_make(&n->cgroups, n->cgroup_root, &all, err) < 0)
        return -1;
    return cgroup_weigh(&n->cgroups, "agent-sandbox", all.cpu_weight_millis, err);
}

static int start_parts(struct node *n, struct err *err)
{
    if (make_folders(n, err) < 0 || take_lock(n, err) < 0 || load_id(n, err) < 0 ||
        probe_host(n, err) < 0 || make_cgroup_root(n, err) < 0)
        return -1;
    if (loop_task_new(&n->pump, n->loop, pump, n, err) < 0 ||
        loop_timer_new(&n->sweep_timer, n->loop, sweep_due, n, err) < 0 ||
        door_init(&n->door, n->loop, n->opts.router_fds, err) < 0 || adopt_all(n, err) < 0)
        return -1;
    sweep_run_dir(n);
    sweep_due(n->sweep_timer, n);
    return node_service_register(n, err);
}

int node_start(struct node *n, struct loop *loop, const struct node_opts *opts, struct err *err)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    *n = (struct node){.loop = loop, .opts = *opts, .lock_fd = -1};
    n->door.sock = n->door.pending_fd = -1;
    map_init(&n->instances);
    list_init(&n->queue);
    list_init(&n->watchers);
    list_init(&n->imports);
    if (n->opts.max_creating <= 0)
        n->opts.max_creating = (int)MAX(cpus, 2L);
    if (start_parts(n, err) < 0) {
        node_done(n);
        return -1;
    }
    log_info("node serves", LOG_S("listen", opts->listen), LOG_S("id", n->id),
             LOG_U("sandboxes", n->instances.n));
    return 0;
}

/* ---- stop ---- */

static void stopped(struct node *n)
{
    void (*fn)(struct node *, void *) = n->on_stopped;

    n->on_stopped = NULL;
    loop_timer_disarm(n->sweep_timer);
    if (fn)
        fn(n, n->user);
}

static void stop_poll(struct loop_timer *t, void *user)
{
    struct node *n = user;

    (void)t;
    /* The timer of the sweep has no other work any more: it looks whether all are gone. */
    if (n->instances.n == 0 || loop_now_ms(n->loop) >= n->stop_deadline_ms)
        stopped(n);
    else
        loop_timer_arm(n->sweep_timer, clock_add(loop_now_ms(n->loop), STOP_POLL_MS));
}

static void drained(struct rpc_server *s, void *user)
{
    struct node *n = user;

    (void)s;
    if (!n->opts.ephemeral) {
        stopped(n);
        return;
    }
    stop_poll(n->sweep_timer, n);
}

void node_stop(struct node *n, void (*fn)(struct node *n, void *user), void *user)
{
    if (n->stopping)
        return;
    n->stopping = true;
    n->on_stopped = fn;
    n->user = user;
    n->stop_deadline_ms = clock_add(loop_now_ms(n->loop), STOP_LIMIT_MS);
    loop_timer_free(TAKE_PTR(n->sweep_timer));
    if (loop_timer_new(&n->sweep_timer, n->loop, stop_poll, n, NULL) < 0) {
        stopped(n);
        return;
    }
    if (n->opts.ephemeral)
        MAP_FOREACH(it, &n->instances) instance_delete(map_entry_value(it), 0);
    rpc_health_shutdown(n->health);
    rpc_server_drain(n->server, clock_add(loop_now_ms(n->loop), STOP_DRAIN_MS), drained, n);
}

static int rmdir_in(const struct cgroup_hierarchy *h, const char *rel)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", h->mount, rel);
    return rmdir(path);
}

/* Only what is empty goes: sandboxes that outlive us keep theirs, and so do other nodes of this
 * machine. */
static void remove_empty_cgroups(struct node *n)
{
    for (int i = 0; i < n->cgroups.n; i++)
        if (rmdir_in(&n->cgroups.h[i], n->cgroup_root) == 0)
            (void)rmdir_in(&n->cgroups.h[i], "agent-sandbox");
}

static void remove_traces(struct node *n)
{
    struct err err = {0};
    const char *path = n->opts.listen + 5;

    (void)cgroup_remove(&n->cgroups, n->cgroup_root,
                        NULL); /* still in use: the sandboxes outlive us */
    (void)cgroup_remove(&n->cgroups, "agent-sandbox", NULL); /* other nodes may have theirs in it */
    (void)unlink(path);
    if (fd_rm_tree(AT_FDCWD, n->run_dir, &err) < 0 || fd_rm_tree(AT_FDCWD, n->state_dir, &err) < 0)
        log_warn("own folders stay, ignoring", LOG_ERR(&err));
}

void node_done(struct node *n)
{
    bool was_up = n->server != NULL;
    struct map_entry *it;

    node_service_done(n);
    while ((it = map_next(&n->instances, NULL))) {
        struct instance *i = map_entry_value(it);

        (void)map_remove(&n->instances, i->id);
        instance_free(i);
    }
    map_done(&n->instances);
    if (n->door.retry)
        door_done(&n->door);
    loop_timer_free(TAKE_PTR(n->sweep_timer));
    loop_task_free(TAKE_PTR(n->pump));
    loop_child_free(TAKE_PTR(n->remover));
    remove_empty_cgroups(n);
    if (was_up && n->opts.ephemeral)
        remove_traces(n);
    if (n->lock_fd >= 0)
        (void)close(TAKE_FD(n->lock_fd));
}
