#include "services/runtime/node/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"

enum { MAX_REQUEST_BYTES = 1024 * 1024 };

int bundle_paths(const struct node *n, const char *id, char state[256], char run[256],
                 struct err *err)
{
    if (image_path(state, 256, err, "%s/%s", n->instances_dir, id) < 0 ||
        image_path(run, 256, err, "%s/%s", n->run_dir, id) < 0)
        return -1;
    return 0;
}

void bundle_cgroup(const struct node *n, const char *id, char ret[128])
{
    (void)snprintf(ret, 128, "%s/%s", n->cgroup_root, id);
}

static int make_dir(const char *parent, const char *name, mode_t mode, struct err *err)
{
    char path[PATH_MAX];

    if (image_path(path, sizeof(path), err, "%s%s%s", parent, *name ? "/" : "", name) < 0)
        return -1;
    if (mkdir(path, mode) < 0 && errno != EEXIST)
        return err_errno(err, errno, "making %s", path);
    if (chmod(path, mode) < 0) /* whatever the umask says */
        return err_errno(err, errno, "%s", path);
    return 0;
}

static int write_file(const char *dir, const char *name, const void *data, size_t n, mode_t mode,
                      struct err *err)
{
    char path[PATH_MAX];

    if (image_path(path, sizeof(path), err, "%s/%s", dir, name) < 0)
        return -1;
    return fd_write_file_atomic(AT_FDCWD, path, data, n, mode, false, err);
}

int bundle_create(const struct node *n, const PB(CreateSandboxRequest) *r, struct err *err)
{
    char state[256], run[256];
    size_t size = protobuf_c_message_get_packed_size(&r->base);
    _cleanup_(freep) uint8_t *packed = malloc(size + 1);

    if (!packed)
        return err_oom(err);
    (void)protobuf_c_message_pack(&r->base, packed);
    if (bundle_paths(n, r->instance_id, state, run, err) < 0 ||
        make_dir(state, "", 0700, err) < 0 || make_dir(run, "", 0700, err) < 0)
        return -1;
    return write_file(state, "request.pb", packed, size, 0600, err);
}

int bundle_load_request(const struct node *n, const char *id, PB(CreateSandboxRequest) **ret,
                        struct err *err)
{
    char path[PATH_MAX];
    _cleanup_(buf_done) struct buf data;

    buf_init(&data, MAX_REQUEST_BYTES);
    if (image_path(path, sizeof(path), err, "%s/%s/request.pb", n->instances_dir, id) < 0 ||
        fd_read_file(AT_FDCWD, path, &data, err) < 0)
        return -1;
    *ret = agentsandbox__v1__create_sandbox_request__unpack(NULL, buf_len(&data), buf_data(&data));
    if (!*ret)
        return err_set(err, RPC_DATA_LOSS, "BadRecord", "%s is no request", path);
    return 0;
}

/* ---- one start ---- */

static int clear_old(const char *state, struct err *err)
{
    static const char *const OLD[] = {"rt",     "scratch", "upper",   "work",
                                      "rootfs", "end",     "monitor", "container.pid"};
    char path[PATH_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(OLD); i++)
        if (image_path(path, sizeof(path), err, "%s/%s", state, OLD[i]) < 0 ||
            fd_rm_tree(AT_FDCWD, path, err) < 0)
            return err_wrap(err, "removing what the last start left");
    return 0;
}

static int make_volumes(const char *state, const PB(Container) *c, struct err *err)
{
    char path[PATH_MAX];

    if (c->n_mounts > 0 && make_dir(state, "volumes", 0755, err) < 0)
        return -1;
    for (size_t i = 0; i < c->n_mounts; i++) {
        const PB(EmptyDirMount) *m = c->mounts[i];

        if (m->memory)
            continue;
        if (image_path(path, sizeof(path), err, "volumes/%s", m->name) < 0 ||
            make_dir(state, path, 0777, err) < 0)
            return -1;
        if (!*m->sub_path)
            continue;
        if (image_path(path, sizeof(path), err, "%s/volumes/%s/%s", state, m->name, m->sub_path) <
                0 ||
            fd_mkdir_p(path, 0777, err) < 0)
            return -1;
    }
    return 0;
}

static int write_etc(const char *state, const PB(CreateSandboxRequest) *r, struct err *err)
{
    const char *name = oci_hostname(r);
    char text[512];
    int n;

    n = snprintf(text, sizeof(text),
                 "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.0.1\t%s\n",
                 name);
    if (write_file(state, "hosts", text, (size_t)n, 0644, err) < 0)
        return -1;
    n = snprintf(text, sizeof(text), "%s\n", name);
    if (write_file(state, "hostname", text, (size_t)n, 0644, err) < 0)
        return -1;
    return write_file(state, "resolv.conf", "", 0, 0644, err);
}

/* Where the container's root is mounted or taken from. gVisor lays its own overlay over the shared
 * root; only for mount points that the image lacks the kernel's goes between, or gVisor would make
 * them in the shared root. */
static bool needs_kernel_overlay(const PB(CreateSandboxRequest) *r,
                                 const struct runtime_class *class)
{
    return class->kind != RUNTIME_GVISOR || r->container->n_mounts > 0;
}

static int write_config(const struct node *n, const PB(CreateSandboxRequest) *r,
                        const struct runtime_class *class, const struct image *image,
                        const char *state, const char *run, struct err *err)
{
    char cgroup[128];
    struct oci_input in = {.request = r,
                           .image = image,
                           .runtime = class->kind,
                           .root = needs_kernel_overlay(r, class) ? "rootfs" : image->root,
                           .instance_dir = state,
                           .socket_dir = run,
                           .agent = n->opts.agent,
                           .cgroup = cgroup};
    _cleanup_(freep) char *text = NULL;

    bundle_cgroup(n, r->instance_id, cgroup);
    text = oci_config(&in, err);
    return text ? write_file(state, "config.json", text, strlen(text), 0600, err) : -1;
}

uint64_t bundle_cpu_weight(const PB(Container) *c)
{
    return c->cpu_request_millis ? c->cpu_request_millis : c->cpu_limit_millis;
}

static int make_cgroup(const struct node *n, const PB(CreateSandboxRequest) *r,
                       const struct runtime_class *class, struct err *err)
{
    const PB(Container) *c = r->container;
    bool gvisor = class->kind == RUNTIME_GVISOR;
    struct cgroup_limits limits = {
        .memory_bytes = c->memory_limit_bytes,
        .cpu_millis = c->cpu_limit_millis,
        .cpu_weight_millis = MAX(bundle_cpu_weight(c), (uint64_t)NODE_START_WEIGHT_MILLIS),
        .pids = c->pids_limit ? c->pids_limit : NODE_DEFAULT_PIDS,
    };
    char cgroup[128];

    if (gvisor && limits.memory_bytes)
        limits.memory_bytes += NODE_GVISOR_OVERHEAD_BYTES;
    if (gvisor)
        limits.pids += NODE_GVISOR_OVERHEAD_PIDS;
    bundle_cgroup(n, r->instance_id, cgroup);
    return cgroup_make(&n->cgroups, cgroup, &limits, err);
}

int bundle_prepare(const struct node *n, const PB(CreateSandboxRequest) *r,
                   const struct runtime_class *class, const struct image *image, struct err *err)
{
    char state[256], run[256];

    if (bundle_paths(n, r->instance_id, state, run, err) < 0 || clear_old(state, err) < 0 ||
        make_dir(state, "rt", 0700, err) < 0 || make_dir(state, "scratch", 0700, err) < 0 ||
        make_volumes(state, r->container, err) < 0 || write_etc(state, r, err) < 0 ||
        write_config(n, r, class, image, state, run, err) < 0)
        return -1;
    return make_cgroup(n, r, class, err);
}

/* ---- the monitor's command line ---- */

static void add(struct bundle_command *c, const char *fmt, ...) _printf_(2, 3);
static void add(struct bundle_command *c, const char *fmt, ...)
{
    size_t room = sizeof(c->text) - c->n_text;
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(c->text + c->n_text, room, fmt, args);
    va_end(args);
    if (len < 0 || (size_t)len >= room || c->n_argv + 1 >= BUNDLE_MAX_ARGV) {
        c->full = true;
        return;
    }
    c->argv[c->n_argv++] = c->text + c->n_text;
    c->argv[c->n_argv] = NULL;
    c->n_text += (size_t)len + 1;
}

static void add_runtime(struct bundle_command *c, const PB(CreateSandboxRequest) *r,
                        const struct runtime_class *class, const char *state)
{
    uint64_t storage = r->container->ephemeral_storage_limit_bytes;

    add(c, "%s", class->path);
    add(c, "--root=%s/rt", state);
    if (class->kind == RUNTIME_GVISOR) {
        add(c, "--platform=systrap");
        add(c, "--network=none");
        add(c, "--ignore-cgroups");
        add(c, "--host-uds=open");
        if (storage)
            add(c, "--overlay2=root:dir=%s/scratch,size=%llu", state, (unsigned long long)storage);
        else
            add(c, "--overlay2=root:dir=%s/scratch", state);
    } else if (class->kind == RUNTIME_CRUN) {
        add(c, "--cgroup-manager=disabled");
    }
    add(c, "run");
    add(c, "--detach");
    add(c, "--bundle=%s", state);
    add(c, "--pid-file=%s/container.pid", state);
    add(c, "%s", r->instance_id);
}

bool bundle_has_lifeline(const struct node *n)
{
    return n->opts.ephemeral && n->opts.lifeline_fd >= 0;
}

int bundle_monitor_command(const struct node *n, const PB(CreateSandboxRequest) *r,
                           const struct runtime_class *class, const struct image *image,
                           struct bundle_command *ret, struct err *err)
{
    char state[256], run[256], cgroup[128];

    if (bundle_paths(n, r->instance_id, state, run, err) < 0)
        return -1;
    bundle_cgroup(n, r->instance_id, cgroup);
    ret->n_argv = ret->n_text = 0;
    ret->full = false;
    add(ret, "%s", n->monitor[0] ? n->monitor : "/proc/self/exe");
    if (!n->monitor[0])
        add(ret, "monitor");
    add(ret, "--id=%s", r->instance_id);
    add(ret, "--dir=%s", state);
    add(ret, "--cgroup=%s", cgroup);
    add(ret, "--report-fd=%d", BUNDLE_REPORT_FD);
    if (bundle_has_lifeline(n))
        add(ret, "--lifeline-fd=%d", BUNDLE_LIFELINE_FD);
    if (needs_kernel_overlay(r, class))
        add(ret, "--lower=%s", image->root);
    /* gVisor limits its own overlay. */
    if (class->kind != RUNTIME_GVISOR && r->container->ephemeral_storage_limit_bytes)
        add(ret, "--scratch=%llu", (unsigned long long)r->container->ephemeral_storage_limit_bytes);
    if (class->kind == RUNTIME_CRUN)
        add(ret, "--hide-cgroup2");
    if (class->kind == RUNTIME_GVISOR)
        add(ret, "--sandboxed");
    add(ret, "--");
    add_runtime(ret, r, class, state);
    if (ret->full)
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong",
                       "the folders of the node have too long paths");
    return 0;
}
