#include "services/runtime/node/image.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/fd.h"

enum { MAX_JSON_BYTES = 1024 * 1024, MAX_PASSWD_BYTES = 1024 * 1024 };

int image_path(char *ret, size_t n, struct err *err, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(ret, n, fmt, args);
    va_end(args);
    if (len < 0 || (size_t)len >= n)
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong",
                       "a path of the image store is too long");
    return 0;
}

void image_encode_name(const char *name, char ret[3 * IMAGE_NAME_MAX + 1])
{
    size_t n = 0;

    for (const char *p = name; *p && n < 3 * IMAGE_NAME_MAX - 3; p++) {
        if (isalnum((unsigned char)*p) || strchr("._-", *p))
            ret[n++] = *p;
        else
            n += (size_t)snprintf(ret + n, 4, "%%%02X", (unsigned char)*p);
    }
    ret[n] = '\0';
}

static void decode_name(const char *file, char ret[IMAGE_NAME_MAX + 1])
{
    size_t n = 0;

    for (const char *p = file; *p && n < IMAGE_NAME_MAX; p++) {
        if (*p == '%' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2])) {
            ret[n++] = (char)strtoul((const char[]){p[1], p[2], '\0'}, NULL, 16);
            p += 2;
        } else {
            ret[n++] = *p;
        }
    }
    ret[n] = '\0';
}

int image_check_name(const char *name, struct err *err)
{
    size_t n = strlen(name);

    if (n == 0 || n > IMAGE_NAME_MAX || name[0] == '-' || name[0] == '/' || name[0] == '.')
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "\"%.100s\" is no image name",
                       name);
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("._-/:@+", *p))
            return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                           "an image name may not contain the byte 0x%02x", (unsigned char)*p);
    /* Encoded it is the name of a file. */
    char file[3 * IMAGE_NAME_MAX + 1];

    image_encode_name(name, file);
    if (strlen(file) > NAME_MAX)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "the image name is too long");
    return 0;
}

int image_digest_hex(const char *digest, char ret[65], struct err *err)
{
    if (strncmp(digest, "sha256:", 7) != 0 || strlen(digest) != 7 + 64 ||
        strspn(digest + 7, "0123456789abcdef") != 64)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadImage", "\"%.80s\" is no sha256 digest",
                       digest);
    memcpy(ret, digest + 7, 65);
    return 0;
}

void image_done(struct image *img)
{
    json_decref(img->config);
    *img = (struct image){0};
}

int image_store_open(const char *dir, struct err *err)
{
    static const char *const PARTS[] = {"names", "roots", "tmp"};
    char path[PATH_MAX];

    for (size_t i = 0; i < ARRAY_SIZE(PARTS); i++)
        if (image_path(path, sizeof(path), err, "%s/%s", dir, PARTS[i]) < 0 ||
            fd_mkdir_p(path, 0755, err) < 0)
            return err_wrap(err, "image store");
    return 0;
}

static json_t *load_json(const char *path, struct err *err)
{
    _cleanup_(buf_done) struct buf text;
    json_error_t why;
    json_t *j;

    buf_init(&text, MAX_JSON_BYTES);
    if (fd_read_file(AT_FDCWD, path, &text, err) < 0)
        return NULL;
    j = json_loadb((const char *)buf_data(&text), buf_len(&text), JSON_REJECT_DUPLICATES, &why);
    if (!j)
        err_set(err, RPC_DATA_LOSS, "BadImage", "%s: %s", path, why.text);
    return j;
}

static int load_root(const char *dir, struct image *img, struct err *err)
{
    char path[PATH_MAX], hex[65];
    const char *home = "";
    json_t *j, *config;
    json_int_t size = 0, uid = -1, gid = -1;

    if (image_digest_hex(img->digest, hex, err) < 0 ||
        image_path(img->root, sizeof(img->root), err, "%s/roots/%s/rootfs", dir, hex) < 0 ||
        image_path(path, sizeof(path), err, "%s/roots/%s/image.json", dir, hex) < 0)
        return -1;
    j = load_json(path, err);
    if (!j)
        return -1;
    if (json_unpack(j, "{s:I, s:I, s:I, s:s, s:o}", "size", &size, "uid", &uid, "gid", &gid, "home",
                    &home, "config", &config) < 0) {
        json_decref(j);
        return err_set(err, RPC_DATA_LOSS, "BadImage", "%s is not as we write it", path);
    }
    img->size_bytes = (uint64_t)size;
    img->uid = uid;
    img->gid = gid;
    (void)snprintf(img->home, sizeof(img->home), "%s", home);
    img->config = json_incref(config);
    json_decref(j);
    return 0;
}

static int load_name(const char *dir, const char *file, struct image *img, struct err *err)
{
    char path[PATH_MAX];
    const char *digest;
    json_int_t time = 0;
    json_t *j;

    if (image_path(path, sizeof(path), err, "%s/names/%s", dir, file) < 0)
        return -1;
    j = load_json(path, err);
    if (!j)
        return -1;
    if (json_unpack(j, "{s:s, s:I}", "digest", &digest, "import_time", &time) == 0) {
        (void)snprintf(img->digest, sizeof(img->digest), "%s", digest);
        img->import_time_s = time;
    }
    json_decref(j);
    return load_root(dir, img, err);
}

int image_find(const char *dir, const char *name, struct image *ret, struct err *err)
{
    char file[3 * IMAGE_NAME_MAX + 1];
    struct image img = {0};
    struct err why = {0};

    if (image_check_name(name, err) < 0)
        return -1;
    image_encode_name(name, file);
    if (load_name(dir, file, &img, &why) < 0) {
        image_done(&img);
        if (why.errnum == ENOENT)
            return err_set(err, RPC_NOT_FOUND, "ImageNotFound",
                           "image \"%s\" is not in the store of this machine: import it "
                           "(sandboxctl image import)",
                           name);
        if (err)
            *err = why;
        return err_wrap(err, "image %s", name);
    }
    (void)snprintf(img.name, sizeof(img.name), "%s", name);
    *ret = img;
    return 0;
}

int image_list(const char *dir, void (*fn)(const struct image *img, void *user), void *user,
               struct err *err)
{
    char path[PATH_MAX];
    struct dirent *e;
    DIR *d;

    if (image_path(path, sizeof(path), err, "%s/names", dir) < 0)
        return -1;
    d = opendir(path);
    if (!d)
        return err_errno(err, errno, "opening %s", path);
    while ((e = readdir(d))) {
        struct image img = {0};

        if (e->d_name[0] == '.' || strstr(e->d_name, ".new"))
            continue;
        if (load_name(dir, e->d_name, &img, NULL) == 0) {
            decode_name(e->d_name, img.name);
            fn(&img, user);
        }
        image_done(&img);
    }
    (void)closedir(d);
    return 0;
}

struct use {
    const char *digest;
    int n;
};

static void count_use(const struct image *img, void *user)
{
    struct use *u = user;

    u->n += strcmp(img->digest, u->digest) == 0;
}

int image_remove(const char *dir, const char *name, struct err *err)
{
    char file[3 * IMAGE_NAME_MAX + 1], path[PATH_MAX], trash[PATH_MAX], hex[65];
    struct image img = {0};
    struct use use;
    int r;

    if (image_find(dir, name, &img, err) < 0)
        return -1;
    image_encode_name(name, file);
    use = (struct use){.digest = img.digest};
    r = image_path(path, sizeof(path), err, "%s/names/%s", dir, file);
    if (r == 0 && unlink(path) < 0 && errno != ENOENT)
        r = err_errno(err, errno, "removing %s", path);
    if (r == 0)
        r = image_list(dir, count_use, &use, err);
    if (r == 0 && use.n == 0 && image_digest_hex(img.digest, hex, err) == 0) {
        r = image_path(path, sizeof(path), err, "%s/roots/%s", dir, hex) < 0 ||
                    image_path(trash, sizeof(trash), err, "%s/tmp/gone-%s", dir, hex) < 0
                ? -1
                : 0;
        if (r == 0 && rename(path, trash) < 0 && errno != ENOENT)
            r = err_errno(err, errno, "removing %s", path);
    }
    image_done(&img);
    return r;
}

static bool is_in_use(const char *path)
{
    _cleanup_(close_fdp) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

int image_sweep(const char *dir, struct err *err)
{
    char tmp[PATH_MAX], path[PATH_MAX];
    struct dirent *e;
    int r = 0;
    DIR *d;

    if (image_path(tmp, sizeof(tmp), err, "%s/tmp", dir) < 0)
        return -1;
    d = opendir(tmp);
    if (!d)
        return err_errno(err, errno, "opening %s", tmp);
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        if (image_path(path, sizeof(path), err, "%s/%s", tmp, e->d_name) < 0 || is_in_use(path))
            continue;
        if (fd_rm_tree(AT_FDCWD, path, err) < 0)
            r = -1;
    }
    (void)closedir(d);
    return r;
}

/* ---- users ---- */

/* A file of the image, never one of the host, whatever links the image has. */
static int read_inside(int root_fd, const char *path, struct buf *ret)
{
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
    _cleanup_(close_fdp) int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
    char self[64];

    if (fd < 0)
        return -1;
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    return fd_read_file(AT_FDCWD, self, ret, NULL);
}

/* Calls with the colon-separated fields of each line (missing ones ""), until fn says true. */
static bool each_line(int root_fd, const char *path, bool (*fn)(char *const f[7], void *user),
                      void *user)
{
    _cleanup_(buf_done) struct buf text;
    char *line, *save = NULL;
    bool found = false;

    buf_init(&text, MAX_PASSWD_BYTES);
    if (read_inside(root_fd, path, &text) < 0 || !buf_cstr(&text, NULL))
        return false;
    for (line = strtok_r((char *)text.mem + text.start, "\n", &save); line && !found;
         line = strtok_r(NULL, "\n", &save)) {
        static char none[] = "";
        char *f[7] = {none, none, none, none, none, none, none};

        for (size_t i = 0; i < ARRAY_SIZE(f) && line; i++)
            f[i] = strsep(&line, ":");
        found = fn(f, user);
    }
    return found;
}

struct user_query {
    const char *name;
    int64_t uid, gid;
    char *home;
};

static bool match_passwd(char *const f[7], void *user)
{
    struct user_query *q = user;
    uint64_t uid, gid;

    if (bytes_parse_u64(f[2], 0, UINT32_MAX - 1, &uid) < 0 ||
        bytes_parse_u64(f[3], 0, UINT32_MAX - 1, &gid) < 0)
        return false;
    if (q->name ? strcmp(f[0], q->name) != 0 : (int64_t)uid != q->uid)
        return false;
    q->uid = (int64_t)uid;
    q->gid = (int64_t)gid;
    if (f[5][0] == '/' && strlen(f[5]) < 256)
        memcpy(q->home, f[5], strlen(f[5]) + 1);
    return true;
}

static bool match_group(char *const f[7], void *user)
{
    struct user_query *q = user;
    uint64_t gid;

    if (strcmp(f[0], q->name) != 0 || bytes_parse_u64(f[2], 0, UINT32_MAX - 1, &gid) < 0)
        return false;
    q->gid = (int64_t)gid;
    return true;
}

bool image_lookup_uid(int root_fd, int64_t uid, int64_t *ret_gid, char home[256])
{
    struct user_query q = {.uid = uid, .home = home};

    home[0] = '\0';
    if (!each_line(root_fd, "/etc/passwd", match_passwd, &q))
        return false;
    *ret_gid = q.gid;
    return true;
}

int image_resolve_user(int root_fd, const char *user, int64_t *ret_uid, int64_t *ret_gid,
                       char home[256], struct err *err)
{
    char name[128], *group;
    struct user_query q = {.name = name, .home = home};
    uint64_t number;

    home[0] = '\0';
    *ret_uid = *ret_gid = -1;
    if (!*user)
        return 0;
    if (snprintf(name, sizeof(name), "%s", user) >= (int)sizeof(name))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadImage", "the user of the image is too long");
    group = strchr(name, ':');
    if (group)
        *group++ = '\0';

    if (bytes_parse_u64(name, 0, UINT32_MAX - 1, &number) == 0) {
        *ret_uid = (int64_t)number;
        if (!image_lookup_uid(root_fd, *ret_uid, ret_gid, home))
            *ret_gid = 0;
    } else if (each_line(root_fd, "/etc/passwd", match_passwd, &q)) {
        *ret_uid = q.uid;
        *ret_gid = q.gid;
    } else {
        return err_set(err, RPC_INVALID_ARGUMENT, "BadImage",
                       "its user \"%s\" is not in its /etc/passwd", name);
    }
    if (!group || !*group)
        return 0;
    if (bytes_parse_u64(group, 0, UINT32_MAX - 1, &number) == 0) {
        *ret_gid = (int64_t)number;
        return 0;
    }
    q.name = group;
    if (!each_line(root_fd, "/etc/group", match_group, &q))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadImage",
                       "its group \"%s\" is not in its /etc/group", group);
    *ret_gid = q.gid;
    return 0;
}
