#include "services/runtime/node/image_import.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/proc.h"
#include "services/runtime/node/image_unpack.h"

enum {
    COPY_TIMEOUT_MS = 30 * 60 * 1000,
    MAX_JSON_BYTES = 4 * 1024 * 1024,
};

/* ---- source ---- */

static int check_source(const char *source, struct err *err)
{
    static const char *const KINDS[] = {"oci:", "oci-archive:", "docker://"};

    for (size_t i = 0; i < ARRAY_SIZE(KINDS); i++)
        if (strncmp(source, KINDS[i], strlen(KINDS[i])) == 0 && source[strlen(KINDS[i])])
            return 0;
    return err_set(err, RPC_INVALID_ARGUMENT, "BadImage",
                   "\"%s\" is no source of an image: use oci:/path:ref, oci-archive:/path:ref or "
                   "docker://registry/name:tag",
                   source);
}

/* "oci:/path:ref" -> ref, "docker://x" -> x. */
static const char *name_of_source(const char *source)
{
    const char *rest = strchr(source, ':') + 1, *colon;

    if (strncmp(source, "docker://", 9) == 0)
        return source + 9;
    colon = strrchr(rest, ':');
    return colon && !strchr(colon, '/') ? colon + 1 : colon ? strchr(rest, ':') + 1 : "";
}

static bool says(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strstr(text, *words))
            return true;
    return false;
}

/* skopeo's log line: time="…" level=fatal msg="what we want" */
static void keep_what_it_said(struct err *why)
{
    char *msg = strstr(why->msg, "msg=\""), *end;

    if (!msg)
        return;
    msg += 5;
    end = msg + strlen(msg);
    while (end > msg && (end[-1] == '\n' || end[-1] == '"'))
        *--end = '\0';
    memmove(why->msg, msg, strlen(msg) + 1);
}

static int explain_copy(const char *source, struct err *why, struct err *err)
{
    static const char *const UNREACHABLE[] = {"dial tcp",
                                              "no such host",
                                              "i/o timeout",
                                              "connection refused",
                                              "pinging container registry",
                                              "network is unreachable",
                                              "TLS handshake",
                                              "server misbehaving",
                                              NULL};

    keep_what_it_said(why);
    if (strncmp(source, "docker://", 9) == 0 && says(why->msg, UNREACHABLE))
        return err_set(err, RPC_UNAVAILABLE, "RegistryUnreachable",
                       "the registry of %s cannot be reached from this machine: %s", source,
                       why->msg);
    if (strcmp(why->reason, "CommandNotFound") == 0)
        return err_set(err, RPC_FAILED_PRECONDITION, "ToolMissing",
                       "skopeo is missing: install the Debian package skopeo");
    return err_set(err, RPC_INVALID_ARGUMENT, "BadImage", "%s cannot be read: %s", source,
                   why->msg);
}

static int copy_in(const char *source, const char *layout, struct err *err)
{
    char target[PATH_MAX];
    const char *argv[] = {"skopeo", "copy", "--quiet", "--insecure-policy", source, target, NULL};
    struct err why = {0};

    if (image_path(target, sizeof(target), err, "oci:%s:image", layout) < 0)
        return -1;
    if (proc_run(argv, NULL, COPY_TIMEOUT_MS, &why) == 0)
        return 0;
    return explain_copy(source, &why, err);
}

/* ---- what the layout says ---- */

static json_t *load_blob(const char *layout, const char *digest, struct err *err)
{
    _cleanup_(buf_done) struct buf text;
    char path[PATH_MAX], hex[65];
    json_error_t why;
    json_t *j;

    buf_init(&text, MAX_JSON_BYTES);
    if (!digest) {
        if (image_path(path, sizeof(path), err, "%s/index.json", layout) < 0)
            return NULL;
    } else if (image_digest_hex(digest, hex, err) < 0 ||
               image_path(path, sizeof(path), err, "%s/blobs/sha256/%s", layout, hex) < 0) {
        return NULL;
    }
    if (fd_read_file(AT_FDCWD, path, &text, err) < 0)
        return NULL;
    j = json_loadb((const char *)buf_data(&text), buf_len(&text), 0, &why);
    if (!j)
        err_set(err, RPC_INVALID_ARGUMENT, "BadImage", "%s: %s", digest ? digest : "index.json",
                why.text);
    return j;
}

static int take_manifest(const char *layout, struct image *img, struct err *err)
{
    const char *digest = NULL, *config_digest = NULL;
    json_t *index, *manifest = NULL, *config = NULL, *layers = NULL, *layer;
    json_int_t size = 0, config_size = 0;
    size_t i;
    int r = -1;

    index = load_blob(layout, NULL, err);
    if (!index)
        return -1;
    if (json_unpack(index, "{s:[{s:s}]}", "manifests", "digest", &digest) < 0)
        err_set(err, RPC_INVALID_ARGUMENT, "BadImage", "index.json names no manifest");
    else
        manifest = load_blob(layout, digest, err);
    if (manifest && json_unpack(manifest, "{s:{s:s, s:I}, s:o}", "config", "digest", &config_digest,
                                "size", &config_size, "layers", &layers) < 0)
        err_set(err, RPC_INVALID_ARGUMENT, "BadImage", "the manifest is no image manifest");
    else if (manifest && json_array_size(layers) > IMAGE_MAX_LAYERS)
        err_set(err, RPC_INVALID_ARGUMENT, "BadImage", "more than %d layers", IMAGE_MAX_LAYERS);
    else if (manifest)
        config = load_blob(layout, config_digest, err);
    if (config) {
        json_t *inner = json_object_get(config, "config");

        json_array_foreach(layers, i, layer) size +=
            json_integer_value(json_object_get(layer, "size"));
        img->size_bytes = (uint64_t)(size + config_size);
        img->config = inner ? json_incref(inner) : json_object();
        (void)snprintf(img->digest, sizeof(img->digest), "%s", digest);
        r = 0;
    }
    json_decref(config);
    json_decref(manifest);
    json_decref(index);
    return r;
}

/* ---- finishing ---- */

/* A folder of ours, which the image must not have. */
static int make_own_dir_at(int fd, const char *name, struct err *err)
{
    int dir;

    if (mkdirat(fd, name, 0755) < 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadImage", "/%s: %s", name, strerror(errno));
    dir = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return dir < 0 ? err_errno(err, errno, "opening /%s", name) : dir;
}

static void make_file_at(int fd, const char *name)
{
    _cleanup_(close_fdp) int file =
        openat(fd, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

    (void)file; /* a mount point; where the image has something else there, that serves */
}

/* Everything that is mounted into each sandbox has its place in the shared root, which then never
 * changes. What the image has there already stays as it is, and no link of it is followed. */
static int make_mount_points(int root_fd, struct err *err)
{
    static const char *const FOLDERS[] = {"proc", "sys", "dev", "etc"};
    _cleanup_(close_fdp) int ours = -1, run = -1, etc = -1;

    for (size_t i = 0; i < ARRAY_SIZE(FOLDERS); i++)
        (void)mkdirat(root_fd, FOLDERS[i], 0755);
    if (mkdirat(root_fd, "tmp", 01777) == 0 && fchmodat(root_fd, "tmp", 01777, 0) < 0)
        return err_errno(err, errno, "/tmp");
    ours = make_own_dir_at(root_fd, ".agent-sandbox", err);
    if (ours < 0 || (run = make_own_dir_at(ours, "run", err)) < 0)
        return -1;
    make_file_at(ours, "agent");
    etc = openat(root_fd, "etc", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (etc < 0)
        return 0;
    make_file_at(etc, "hosts");
    make_file_at(etc, "hostname");
    make_file_at(etc, "resolv.conf");
    return 0;
}

static int write_json(const char *path, json_t *j, struct err *err)
{
    char *text = j ? json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    int r;

    json_decref(j);
    if (!text)
        return err_oom(err);
    r = fd_write_file_atomic(AT_FDCWD, path, text, strlen(text), 0644, true, err);
    free(text);
    return r;
}

static int complete_root(const char *work, struct image *img, struct err *err)
{
    char path[PATH_MAX];
    _cleanup_(close_fdp) int root_fd = -1;

    if (image_path(path, sizeof(path), err, "%s/rootfs", work) < 0)
        return -1;
    root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        return err_errno(err, errno, "opening %s", path);
    if (fchmod(root_fd, 0755) < 0)
        return err_errno(err, errno, "%s", path);
    if (make_mount_points(root_fd, err) < 0)
        return -1;

    const char *user = json_string_value(json_object_get(img->config, "User"));

    if (image_resolve_user(root_fd, user ? user : "", &img->uid, &img->gid, img->home, err) < 0 ||
        image_path(path, sizeof(path), err, "%s/image.json", work) < 0)
        return -1;
    return write_json(path,
                      json_pack("{s:s, s:I, s:I, s:I, s:s, s:O}", "digest", img->digest, "size",
                                (json_int_t)img->size_bytes, "uid", (json_int_t)img->uid, "gid",
                                (json_int_t)img->gid, "home", img->home, "config", img->config),
                      err);
}

static int publish_root(const char *dir, const char *work, const char *hex, struct err *err)
{
    char to[PATH_MAX];

    if (image_path(to, sizeof(to), err, "%s/roots/%s", dir, hex) < 0)
        return -1;
    /* Another import of the same image may have been quicker: its root is as good. */
    if (rename(work, to) < 0 && errno != EEXIST && errno != ENOTEMPTY)
        return err_errno(err, errno, "publishing %s", to);
    return 0;
}

static int publish_name(const char *dir, struct image *img, struct err *err)
{
    char file[3 * IMAGE_NAME_MAX + 1], path[PATH_MAX];

    image_encode_name(img->name, file);
    if (image_path(path, sizeof(path), err, "%s/names/%s", dir, file) < 0)
        return -1;
    img->import_time_s = (int64_t)time(NULL);
    return write_json(path,
                      json_pack("{s:s, s:I}", "digest", img->digest, "import_time",
                                (json_int_t)img->import_time_s),
                      err);
}

static int import_in(const char *dir, const char *work, const char *source, struct image *img,
                     struct err *err)
{
    char layout[PATH_MAX], root[PATH_MAX], hex[65];

    if (image_path(layout, sizeof(layout), err, "%s/oci", work) < 0 ||
        image_path(root, sizeof(root), err, "%s/rootfs", work) < 0)
        return -1;
    if (copy_in(source, layout, err) < 0 || take_manifest(layout, img, err) < 0 ||
        image_digest_hex(img->digest, hex, err) < 0 ||
        image_path(img->root, sizeof(img->root), err, "%s/roots/%s/rootfs", dir, hex) < 0)
        return -1;
    if (access(img->root, F_OK) == 0)
        return publish_name(dir, img, err);
    if (image_unpack(work, layout, root, err) < 0 || complete_root(work, img, err) < 0 ||
        publish_root(dir, work, hex, err) < 0)
        return -1;
    return publish_name(dir, img, err);
}

int image_import(const char *dir, const char *source, const char *name, struct image *ret,
                 struct err *err)
{
    char work[PATH_MAX];
    struct image img = {.uid = -1, .gid = -1};
    _cleanup_(close_fdp) int lock = -1;
    int r;

    if (check_source(source, err) < 0)
        return -1;
    if (!name || !*name)
        name = name_of_source(source);
    if (image_check_name(name, err) < 0 || image_store_open(dir, err) < 0)
        return -1;
    (void)snprintf(img.name, sizeof(img.name), "%s", name);
    if (image_path(work, sizeof(work), err, "%s/tmp/XXXXXX", dir) < 0)
        return -1;
    if (!mkdtemp(work))
        return err_errno(err, errno, "making a folder below %s/tmp", dir);
    lock = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0 || fchmod(lock, 0755) < 0)
        return err_errno(err, errno, "locking %s", work);

    r = import_in(dir, work, source, &img, err);
    (void)fd_rm_tree(AT_FDCWD, work,
                     NULL); /* gone already when it became the root; else the sweep tries again */
    if (r < 0) {
        image_done(&img);
        return err_wrap(err, "image %s", name);
    }
    *ret = img;
    return 0;
}

/* ---- as a child process ---- */

static void print_json(json_t *j)
{
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

    if (text)
        (void)puts(text);
    free(text);
    json_decref(j);
    (void)fflush(stdout);
}

int image_import_main(int argc, char **argv)
{
    static const struct option OPTIONS[] = {{"store", required_argument, NULL, 'd'},
                                            {"source", required_argument, NULL, 's'},
                                            {"name", required_argument, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    const char *dir = NULL, *source = NULL, *name = NULL;
    struct image img = {0};
    struct err err = {0};
    int c;

    while ((c = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (c) {
        case 'd':
            dir = optarg;
            break;
        case 's':
            source = optarg;
            break;
        case 'n':
            name = optarg;
            break;
        default:
            return 2;
        }
    }
    if (!dir || !source) {
        (void)fputs("image-import: --store and --source are needed\n", stderr);
        return 2;
    }
    (void)umask(022);
    if (image_import(dir, source, name, &img, &err) < 0) {
        print_json(json_pack("{s:i, s:s, s:s}", "code", err.code, "reason", err.reason, "message",
                             err.msg));
        return 1;
    }
    print_json(json_pack("{s:s, s:s, s:I, s:I}", "name", img.name, "digest", img.digest, "size",
                         (json_int_t)img.size_bytes, "time", (json_int_t)img.import_time_s));
    image_done(&img);
    return 0;
}

int image_import_parse(const char *line, struct image *ret, struct err *err)
{
    const char *name, *digest, *reason, *message;
    json_t *j = json_loads(line, 0, NULL);
    struct image img = {0};
    json_int_t size, when;
    int code, r = 0;

    if (j && json_unpack(j, "{s:s, s:s, s:I, s:I}", "name", &name, "digest", &digest, "size", &size,
                         "time", &when) == 0) {
        (void)snprintf(img.name, sizeof(img.name), "%s", name);
        (void)snprintf(img.digest, sizeof(img.digest), "%s", digest);
        img.size_bytes = (uint64_t)size;
        img.import_time_s = when;
        *ret = img;
    } else if (j && json_unpack(j, "{s:i, s:s, s:s}", "code", &code, "reason", &reason, "message",
                                &message) == 0) {
        r = err_set(err, code, reason, "%s", message);
    } else {
        r = err_set(err, RPC_INTERNAL, "ImportFailed", "the import broke off without an answer");
    }
    json_decref(j);
    return r;
}
