#include "services/runtime/node/oci_config.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "services/runtime/node/oci_seccomp.h"

enum { MAX_MOUNTS = 64, MAX_ENV = 1024, MAX_ARGS = 1024 };

static const char DEFAULT_PATH[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* ---- what may be asked for ---- */

static int bad(struct err *err, const char *what)
{
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "%s", what);
}

static bool is_clean_path(const char *p)
{
    size_t n = strlen(p);

    if (p[0] != '/' || n >= PATH_MAX / 2 || n < 2)
        return false;
    for (const char *s = p; (s = strstr(s, "/..")); s += 3)
        if (s[3] == '/' || s[3] == '\0')
            return false;
    return true;
}

static int check_mounts(const PB(Container) *c, struct err *err)
{
    if (c->n_mounts > MAX_MOUNTS)
        return bad(err, "container.mounts: more than 64");
    for (size_t i = 0; i < c->n_mounts; i++) {
        const PB(EmptyDirMount) *m = c->mounts[i];

        if (!bytes_is_dns_label(m->name))
            return bad(err, "container.mounts.name: is no DNS label");
        if (!is_clean_path(m->mount_path))
            return bad(err,
                       "container.mounts.mount_path: must be absolute, without \"..\", and not /");
        if (strncmp(m->mount_path, "/.agent-sandbox", 15) == 0)
            return bad(err, "container.mounts.mount_path: /.agent-sandbox is ours");
        if (*m->sub_path && (m->memory || m->sub_path[0] == '/' || strstr(m->sub_path, "..")))
            return bad(
                err,
                "container.mounts.sub_path: must be relative, without \"..\", and not in memory");
    }
    return 0;
}

static int check_container(const PB(Container) *c, struct err *err)
{
    if (!*c->image)
        return bad(err, "container.image: is empty");
    if (c->n_command + c->n_args > MAX_ARGS || c->n_env > MAX_ENV)
        return bad(err, "container: more than 1024 arguments or variables");
    for (size_t i = 0; i < c->n_env; i++)
        if (!*c->env[i]->name || strchr(c->env[i]->name, '='))
            return bad(err, "container.env.name: is empty or has a \"=\"");
    if (*c->working_dir && c->working_dir[0] != '/')
        return bad(err, "container.working_dir: is not absolute");
    if (c->run_as_user < -1 || c->run_as_user > UINT32_MAX - 1 || c->run_as_group < -1 ||
        c->run_as_group > UINT32_MAX - 1)
        return bad(err, "container.run_as_user, run_as_group: -1..4294967294");
    if (c->memory_limit_bytes && c->memory_limit_bytes < (4u << 20))
        return bad(err, "container.memory_limit_bytes: less than 4 MiB");
    return check_mounts(c, err);
}

int oci_check(const PB(CreateSandboxRequest) *r, struct err *err)
{
    size_t n = strlen(r->instance_id);

    if (n != 16 || strspn(r->instance_id, "abcdefghijklmnopqrstuvwxyz0123456789") != n)
        return bad(err, "instance_id: must be 16 characters [a-z0-9]");
    if (*r->hostname && !bytes_is_dns_label(r->hostname))
        return bad(err, "hostname: is no DNS label");
    if (!r->container)
        return bad(err, "container: is missing");
    return check_container(r->container, err);
}

/* ---- identity, command, environment ---- */

int oci_identity(const PB(Container) *c, const struct image *image, struct oci_identity *ret,
                 struct err *err)
{
    struct oci_identity id = {0};

    if (c->run_as_user >= 0) {
        id.uid = c->run_as_user;
        id.gid = id.uid == image->uid ? image->gid : id.uid;
    } else if (image->uid > 0) {
        id.uid = image->uid;
        id.gid = image->gid >= 0 ? image->gid : image->uid;
    } else {
        id.uid = id.gid = OCI_DEFAULT_UID;
    }
    if (c->run_as_group >= 0)
        id.gid = c->run_as_group;
    if (id.uid == image->uid)
        (void)snprintf(id.home, sizeof(id.home), "%s", image->home);
    if (c->run_as_non_root && id.uid == 0)
        return bad(err, "container.run_as_non_root: but run_as_user is 0");
    *ret = id;
    return 0;
}

static size_t take_strings(const char **to, json_t *array)
{
    size_t i, n = 0;
    json_t *s;

    json_array_foreach(array, i, s) if (json_is_string(s) && n < MAX_ARGS) to[n++] =
        json_string_value(s);
    return n;
}

int oci_argv(const PB(Container) *c, const struct image *image, const char ***ret, struct err *err)
{
    json_t *entrypoint = json_object_get(image->config, "Entrypoint"),
           *cmd = json_object_get(image->config, "Cmd");
    const char **argv = calloc(2 * MAX_ARGS + 1, sizeof(*argv));
    size_t n = 0;

    if (!argv)
        return err_oom(err);
    for (size_t i = 0; i < c->n_command; i++)
        argv[n++] = c->command[i];
    if (c->n_command == 0)
        n = take_strings(argv, entrypoint);
    for (size_t i = 0; i < c->n_args; i++)
        argv[n++] = c->args[i];
    /* A command of the pod's own discards the image's Cmd as well. */
    if (c->n_args == 0 && c->n_command == 0)
        n += take_strings(argv + n, cmd);
    if (n == 0) {
        free(argv);
        return bad(err, "container.command: neither the pod nor the image names a command");
    }
    *ret = argv;
    return 0;
}

static void set_env(json_t *env, const char *name, const char *value, bool replace)
{
    char text[LINE_MAX * 16];
    size_t i, n = strlen(name);
    json_t *old;

    if (snprintf(text, sizeof(text), "%s=%s", name, value) >= (int)sizeof(text))
        return; /* over 32 KiB: more than LIMIT_EXEC_ARGS would let through anyway */
    json_array_foreach(env, i, old)
    {
        const char *s = json_string_value(old);

        if (strncmp(s, name, n) == 0 && s[n] == '=') {
            if (replace)
                (void)json_array_set_new(env, i, json_string(text));
            return;
        }
    }
    (void)json_array_append_new(env, json_string(text));
}

static json_t *environment(const struct oci_input *in, const struct oci_identity *id)
{
    const PB(Container) *c = in->request->container;
    json_t *env = json_array(), *s;
    size_t i;

    json_array_foreach(json_object_get(in->image->config, "Env"), i, s)
    {
        const char *text = json_string_value(s), *eq = text ? strchr(text, '=') : NULL;

        if (eq && i < MAX_ENV)
            (void)json_array_append(env, s);
    }
    set_env(env, "PATH", DEFAULT_PATH, false);
    set_env(env, "HOSTNAME", oci_hostname(in->request), true);
    for (i = 0; i < c->n_env; i++)
        set_env(env, c->env[i]->name, c->env[i]->value, true);
    set_env(env, "HOME", id->home[0] ? id->home : "/", false);
    return env;
}

const char *oci_hostname(const PB(CreateSandboxRequest) *r)
{
    if (*r->hostname)
        return r->hostname;
    return bytes_is_dns_label(r->pod_name) ? r->pod_name : r->instance_id;
}

/* ---- process ---- */

static const char *const CAPABILITIES[] = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER", "CAP_FSETID",
    "CAP_KILL",    "CAP_NET_BIND_SERVICE", "CAP_SETGID", "CAP_SETUID",
    "CAP_SETPCAP", "CAP_SYS_CHROOT"};

static json_t *capabilities(void)
{
    json_t *caps = json_array();

    for (size_t i = 0; i < ARRAY_SIZE(CAPABILITIES); i++)
        (void)json_array_append_new(caps, json_string(CAPABILITIES[i]));
    /* Not inheritable and not ambient: a command under another uid has none. */
    return json_pack("{s:O, s:O, s:o}", "bounding", caps, "effective", caps, "permitted", caps);
}

static void append(json_t *array, const char *s)
{
    (void)json_array_append_new(array, json_string(s));
}

static json_t *agent_args(const struct oci_input *in, const struct oci_identity *id,
                          const char *const *argv)
{
    const PB(Container) *c = in->request->container;
    const char *cwd = *c->working_dir
                          ? c->working_dir
                          : json_string_value(json_object_get(in->image->config, "WorkingDir"));
    json_t *args = json_array();
    char user[48];

    (void)snprintf(user, sizeof(user), "%lld:%lld", (long long)id->uid, (long long)id->gid);
    append(args, OCI_AGENT_PATH);
    append(args, "agent");
    append(args, "--control");
    append(args, OCI_RUN_PATH "/control.sock");
    append(args, "--data");
    append(args, OCI_RUN_PATH "/data.sock");
    append(args, "--user");
    append(args, user);
    append(args, "--cwd");
    append(args, cwd && *cwd ? cwd : "/");
    append(args, "--");
    for (; *argv; argv++)
        append(args, *argv);
    return args;
}

static json_t *process(const struct oci_input *in, const struct oci_identity *id,
                       const char *const *argv)
{
    return json_pack("{s:b, s:{s:i, s:i}, s:o, s:o, s:s, s:o, s:[{s:s, s:i, s:i}], s:b}",
                     "terminal", 0, "user", "uid", 0, "gid", 0, "args", agent_args(in, id, argv),
                     "env", environment(in, id), "cwd", "/", "capabilities", capabilities(),
                     "rlimits", "type", "RLIMIT_NOFILE", "hard", 20000, "soft", 1024,
                     "noNewPrivileges", 1);
}

/* ---- mounts ---- */

static void add_mount(json_t *mounts, const char *to, const char *type, const char *from,
                      const char *options)
{
    json_t *list = json_array();
    char copy[256], *word, *save = NULL;

    (void)snprintf(copy, sizeof(copy), "%s", options);
    for (word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save))
        append(list, word);
    (void)json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:o}", "destination", to, "type",
                                                  type, "source", from, "options", list));
}

static void bind_file(json_t *mounts, const char *dir, const char *name, const char *to)
{
    char from[PATH_MAX];

    (void)snprintf(from, sizeof(from), "%s/%s", dir, name);
    add_mount(mounts, to, "bind", from, "rbind,ro,nosuid,nodev");
}

static void add_empty_dir(json_t *mounts, const struct oci_input *in, const PB(EmptyDirMount) *m)
{
    char from[PATH_MAX], options[128];

    if (m->memory) {
        int n = snprintf(options, sizeof(options), "nosuid,nodev,mode=1777%s",
                         m->read_only ? ",ro" : "");

        if (m->size_limit_bytes)
            (void)snprintf(options + n, sizeof(options) - (size_t)n, ",size=%llu",
                           (unsigned long long)m->size_limit_bytes);
        add_mount(mounts, m->mount_path, "tmpfs", "tmpfs", options);
        return;
    }
    (void)snprintf(from, sizeof(from), "%s/volumes/%s%s%s", in->instance_dir, m->name,
                   *m->sub_path ? "/" : "", m->sub_path);
    add_mount(mounts, m->mount_path, "bind", from,
              m->read_only ? "rbind,nosuid,nodev,ro" : "rbind,nosuid,nodev,rw");
}

static json_t *mounts(const struct oci_input *in)
{
    const PB(Container) *c = in->request->container;
    json_t *list = json_array();

    add_mount(list, "/proc", "proc", "proc", "nosuid,noexec,nodev");
    add_mount(list, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
    add_mount(list, "/dev/pts", "devpts", "devpts",
              "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620");
    add_mount(list, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k");
    add_mount(list, "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro");
    if (in->runtime == RUNTIME_RUNC)
        add_mount(list, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro");
    bind_file(list, in->instance_dir, "hosts", "/etc/hosts");
    bind_file(list, in->instance_dir, "hostname", "/etc/hostname");
    bind_file(list, in->instance_dir, "resolv.conf", "/etc/resolv.conf");
    for (size_t i = 0; i < c->n_mounts; i++)
        add_empty_dir(list, in, c->mounts[i]);
    add_mount(list, OCI_AGENT_PATH, "bind", in->agent, "rbind,ro,nosuid,nodev");
    /* Connecting needs no write access to the file system: nothing can be left in that folder of
     * the host. */
    add_mount(list, OCI_RUN_PATH, "bind", in->socket_dir, "rbind,ro,nosuid,nodev,noexec");
    return list;
}

/* ---- linux ---- */

static json_t *namespaces(const struct oci_input *in)
{
    json_t *list = json_pack("[{s:s}, {s:s}, {s:s}, {s:s}]", "type", "pid", "type", "ipc", "type",
                             "uts", "type", "mount");

    /* runsc runs with --network=none, which means loopback alone; the others make an empty one with
     * lo up. */
    if (in->runtime != RUNTIME_GVISOR) {
        (void)json_array_append_new(list, json_pack("{s:s}", "type", "network"));
        (void)json_array_append_new(list, json_pack("{s:s}", "type", "cgroup"));
    }
    return list;
}

static json_t *linux_part(const struct oci_input *in)
{
    json_t *l =
        json_pack("{s:o, s:[s,s,s,s,s,s,s,s,s,s], s:[s,s,s,s,s,s]}", "namespaces", namespaces(in),
                  "maskedPaths", "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
                  "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
                  "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "readonlyPaths", "/proc/bus",
                  "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/sys/fs");

    if (in->runtime == RUNTIME_GVISOR)
        return l;
    (void)json_object_set_new(l, "seccomp", oci_seccomp());
    if (in->runtime == RUNTIME_RUNC) {
        char path[256];

        (void)snprintf(path, sizeof(path), "/%s/c", in->cgroup);
        (void)json_object_set_new(l, "cgroupsPath", json_string(path));
        /* The limits are set on our own cgroup, which is its parent; here only devices. */
        (void)json_object_set_new(
            l, "resources", json_pack("{s:[{s:b, s:s}]}", "devices", "allow", 0, "access", "rwm"));
    }
    return l;
}

char *oci_config(const struct oci_input *in, struct err *err)
{
    const PB(Container) *c = in->request->container;
    const char **argv = NULL;
    struct oci_identity id;
    char *text = NULL;
    json_t *j;

    if (oci_identity(c, in->image, &id, err) < 0 || oci_argv(c, in->image, &argv, err) < 0)
        return NULL;
    j = json_pack("{s:s, s:o, s:{s:s, s:b}, s:s, s:o, s:o}", "ociVersion", "1.0.2", "process",
                  process(in, &id, argv), "root", "path", in->root, "readonly", c->read_only_root,
                  "hostname", oci_hostname(in->request), "mounts", mounts(in), "linux",
                  linux_part(in));
    free(argv);
    text = j ? json_dumps(j, JSON_INDENT(1)) : NULL;
    json_decref(j);
    if (!text)
        err_set(err, RPC_RESOURCE_EXHAUSTED, "OutOfMemory",
                "no memory for config.json, or text that is not UTF-8");
    return text;
}
