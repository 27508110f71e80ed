#include "cli/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/ctl.h"
#include "cli/service.h"
#include "lib/base/buf.h"
#include "lib/base/bytes.h"
#include "lib/base/fd.h"

#define HOME_RUN        "/run/agent-sandbox"
#define HOME_STATE_ROOT "/var/lib"
#define HOME_STATE      "agent-sandbox"
#define HOME_CACHE      "/var/cache/agent-sandbox"
#define HOME_PRIVATE    "agent-sandbox-run-"

enum { HOME_RANDOM = 8, HOME_NEW_S = 60 };

void home_init(struct home *h, const char *name)
{
    const char *dash = name ? "-" : "", *suffix = name ? name : "";

    *h = (struct home){.controller_uid = 64321, .router_uid = 64322, .lock_fd = -1};
    (void)snprintf(h->run_dir, sizeof(h->run_dir), HOME_RUN "%s%.60s", dash, suffix);
    (void)snprintf(h->state_dir, sizeof(h->state_dir), HOME_STATE_ROOT "/" HOME_STATE "%s%.60s",
                   dash, suffix);
    (void)snprintf(h->cache_dir, sizeof(h->cache_dir), HOME_CACHE);
}

void home_init_private(struct home *h)
{
    char name[HOME_RANDOM + 8] = "run-";

    bytes_random_name(name + strlen(name), HOME_RANDOM);
    home_init(h, name);
    h->is_ephemeral = true;
}

int home_program(const char *name, char *ret, struct err *err)
{
    char self[400];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (n < 0)
        return err_errno(err, errno, "finding our own program");
    self[n] = 0;
    *strrchr(self, '/') = 0;
    (void)snprintf(ret, 512, "%s/%s", self, name);
    if (access(ret, X_OK) < 0)
        return err_set(err, RPC_FAILED_PRECONDITION, "ProgramMissing",
                       "%s is not there; it belongs beside sandboxctl (build it, or reinstall)",
                       ret);
    return 0;
}

/* ---- opening ---- */

static int make_dir(const char *path, mode_t mode, uid_t owner, struct err *err)
{
    if (fd_mkdir_p(path, mode, err) < 0 || chmod(path, mode) < 0 || chown(path, owner, owner) < 0) {
        if (!err->msg[0])
            err_errno(err, errno, "%s", path);
        err_recode(err, RPC_FAILED_PRECONDITION, "StateNotWritable");
        return err_wrap(err, "cannot make the folder %s", path);
    }
    return 0;
}

static int make_below(const char *dir, const char *name, mode_t mode, uid_t owner, struct err *err)
{
    char path[HOME_PATH_MAX + 32];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return make_dir(path, mode, owner, err);
}

static int open_lock(const struct home *h, int flags, struct err *err)
{
    char path[HOME_PATH_MAX + 8];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/lock", h->state_dir);
    fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    err_errno(err, errno, "%s", path);
    return err_recode(err, RPC_FAILED_PRECONDITION, "StateNotWritable");
}

static pid_t read_pid(int fd)
{
    char text[16] = "";
    uint64_t pid;

    if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
        return 0;
    text[strcspn(text, "\n")] = 0;
    return bytes_parse_u64(text, 1, INT32_MAX, &pid) < 0 ? 0 : (pid_t)pid;
}

static int take_lock(struct home *h, struct err *err)
{
    _cleanup_(close_fdp) int fd = open_lock(h, O_RDWR | O_CREAT, err);
    char text[16];

    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return err_set(
            err, RPC_FAILED_PRECONDITION, "AddressInUse",
            "the services of %s are running already (process %d); stop them with \"sandboxctl down\", or "
            "start others with --name",
            h->state_dir, (int)read_pid(fd));
    (void)snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0) {
        err_errno(err, errno, "writing %s/lock", h->state_dir);
        return err_recode(err, RPC_FAILED_PRECONDITION, "StateNotWritable");
    }
    h->lock_fd = TAKE_FD(fd);
    return 0;
}

static int mark_ephemeral(const struct home *h, struct err *err)
{
    char path[HOME_PATH_MAX + 16];

    if (!h->is_ephemeral)
        return 0;
    (void)snprintf(path, sizeof(path), "%s/ephemeral", h->state_dir);
    return fd_write_file_atomic(AT_FDCWD, path, "", 0, 0600, false, err);
}

int home_open(struct home *h, struct err *err)
{
    if (make_dir(h->state_dir, 0711, 0, err) < 0 || take_lock(h, err) < 0 ||
        mark_ephemeral(h, err) < 0)
        return -1;
    if (make_dir(h->run_dir, 0711, 0, err) < 0 || make_dir(h->cache_dir, 0711, 0, err) < 0 ||
        make_below(h->run_dir, "node", 0711, 0, err) < 0 ||
        make_below(h->state_dir, "node", 0711, 0, err) < 0 ||
        make_below(h->state_dir, "log", 0700, 0, err) < 0)
        return -1;
    return make_below(h->state_dir, "controller", 0700, h->controller_uid, err);
}

void home_close(struct home *h)
{
    if (h->lock_fd >= 0)
        (void)close(TAKE_FD(h->lock_fd));
}

pid_t home_holder(const struct home *h)
{
    struct err ignored = {0};
    _cleanup_(close_fdp) int fd = open_lock(h, O_RDONLY, &ignored);

    if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0)
        return 0;
    return read_pid(fd);
}

/* ---- cleaning ---- */

void home_remove_sockets(const struct home *h)
{
    DIR *dir = opendir(h->run_dir);
    struct dirent *d;

    if (!dir)
        return;
    while ((d = readdir(dir))) {
        size_t n = strlen(d->d_name);

        if (n > 5 && strcmp(d->d_name + n - 5, ".sock") == 0)
            (void)unlinkat(dirfd(dir), d->d_name, 0); /* left, it is replaced by the next start */
    }
    (void)closedir(dir);
}

int home_clean(struct home *h, bool state, struct err *err)
{
    char path[HOME_PATH_MAX + 16];

    if (service_sweep_node(h, err) < 0 || fd_rm_tree(AT_FDCWD, h->run_dir, err) < 0)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/node", h->state_dir);
    return fd_rm_tree(AT_FDCWD, state ? h->state_dir : path, err);
}

static bool is_new(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && time(NULL) - st.st_mtime < HOME_NEW_S;
}

static void sweep_one(const char *dir_name)
{
    struct home h;
    struct err err = {0};
    char marker[HOME_PATH_MAX + 16];

    home_init(&h, dir_name + strlen(HOME_STATE "-"));
    h.is_ephemeral = true;
    (void)snprintf(marker, sizeof(marker), "%s/ephemeral", h.state_dir);
    /* Without the marker it may be about to be opened; after a minute nobody is. */
    if ((access(marker, F_OK) < 0 && is_new(h.state_dir)) || home_holder(&h) > 0)
        return;
    if (take_lock(&h, &err) < 0)
        return; /* somebody else sweeps it */
    ctl_say("removing what an earlier run left in %s", h.state_dir);
    if (home_clean(&h, true, &err) < 0)
        ctl_say("%s, ignoring: the next run tries again", err.msg);
    home_close(&h);
}

void home_sweep(void)
{
    DIR *dir = opendir(HOME_STATE_ROOT);
    struct dirent *d;

    if (!dir)
        return;
    while ((d = readdir(dir)))
        if (strncmp(d->d_name, HOME_PRIVATE, strlen(HOME_PRIVATE)) == 0)
            sweep_one(d->d_name);
    (void)closedir(dir);
}
