#include "lib/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { FD_MAX_PASSED = 8 };

void fd_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int fd_set_nonblock(int fd, struct err *err)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return err_errno(err, errno, "making a descriptor non-blocking");
    return 0;
}

int fd_pipe(int ret[2], int flags, struct err *err)
{
    if (pipe2(ret, O_CLOEXEC | flags) < 0)
        return err_errno(err, errno, "making a pipe");
    return 0;
}

int fd_write_all(int fd, const void *data, size_t n, struct err *err)
{
    const uint8_t *p = data;

    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_errno(err, errno, "writing");
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

int fd_send(int sock, const void *data, size_t n_data, const int *fds, size_t n_fds,
            struct err *err)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * FD_MAX_PASSED)];
    } control = {0};
    struct iovec iov = {.iov_base = (void *)data, .iov_len = n_data};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t done;

    if (n_fds > FD_MAX_PASSED)
        return err_set(err, RPC_INTERNAL, "TooManyFds", "more than %d descriptors", FD_MAX_PASSED);
    if (n_fds > 0) {
        struct cmsghdr *c = &control.align;

        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
    }
    do
        done = sendmsg(sock, &msg, MSG_NOSIGNAL);
    while (done < 0 && errno == EINTR);
    if (done < 0)
        return err_errno(err, errno, "sending over a unix socket");
    if ((size_t)done != n_data)
        return err_set(err, RPC_INTERNAL, "ShortWrite", "unix socket took %zd of %zu bytes", done,
                       n_data);
    return 0;
}

ssize_t fd_recv(int sock, void *data, size_t n_data, int *fds, size_t *n_fds, struct err *err)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * FD_MAX_PASSED)];
    } control;
    struct iovec iov = {.iov_base = data, .iov_len = n_data};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control)};
    size_t room = *n_fds;
    ssize_t done;

    *n_fds = 0;
    do
        done = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
    while (done < 0 && errno == EINTR);
    if (done < 0)
        return err_errno(err, errno, "receiving from a unix socket");

    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
        size_t n;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (*n_fds < room)
                fds[(*n_fds)++] = fd;
            else
                (void)close(fd);
        }
    }
    return done;
}

static int unix_address(const char *path, struct sockaddr_un *ret, struct err *err)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(ret->sun_path))
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong",
                       "unix socket path \"%s\" is longer than %zu bytes: use a shorter folder",
                       path, sizeof(ret->sun_path) - 1);
    memcpy(ret->sun_path, path, strlen(path) + 1);
    return 0;
}

int fd_unix_connect(const char *path, int type, struct err *err)
{
    _cleanup_(close_fdp) int fd = -1;
    struct sockaddr_un addr;

    if (unix_address(path, &addr, err) < 0)
        return -1;
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, errno, "making a unix socket");
    if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
        return err_errno(err, errno, "connecting to %s", path);
    return TAKE_FD(fd);
}

int fd_unix_listen(const char *path, int type, mode_t mode, struct err *err)
{
    _cleanup_(close_fdp) int fd = -1, probe = -1;
    struct sockaddr_un addr;

    if (unix_address(path, &addr, err) < 0)
        return -1;
    probe = fd_unix_connect(path, type, NULL);
    if (probe >= 0)
        return err_set(err, RPC_FAILED_PRECONDITION, "AddressInUse",
                       "%s is in use by another process: stop it or choose another folder", path);
    if (unlink(path) < 0 && errno != ENOENT)
        return err_errno(err, errno, "removing the old socket %s", path);

    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, errno, "making a unix socket");
    /* fchmod() on the unbound socket decides the mode that bind() gives the file. */
    if (fchmod(fd, mode) < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        chmod(path, mode) < 0)
        return err_errno(err, errno, "listening on %s", path);
    if (listen(fd, 512) < 0)
        return err_errno(err, errno, "listening on %s", path);
    return TAKE_FD(fd);
}

int fd_peer_cred(int sock, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid, struct err *err)
{
    struct ucred cred;
    socklen_t n = sizeof(cred);

    if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0)
        return err_errno(err, errno, "asking who is at the other end");
    if (ret_pid)
        *ret_pid = cred.pid;
    if (ret_uid)
        *ret_uid = cred.uid;
    if (ret_gid)
        *ret_gid = cred.gid;
    return 0;
}

int fd_read_file(int dirfd, const char *path, struct buf *ret, struct err *err)
{
    _cleanup_(close_fdp) int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_errno(err, errno, "opening %s", path);
    for (;;) {
        size_t room = MIN(ret->max - buf_len(ret), (size_t)16384);
        uint8_t *to, extra;
        ssize_t n;

        if (room == 0) { /* full: fine if the file ends here */
            n = read(fd, &extra, 1);
            if (n == 0)
                return 0;
            return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge", "%s is larger than %zu bytes",
                           path, ret->max);
        }
        to = buf_reserve(ret, room, err);
        if (!to)
            return err_wrap(err, "reading %s", path);
        n = read(fd, to, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, errno, "reading %s", path);
        if (n == 0)
            return 0;
        buf_commit(ret, (size_t)n);
    }
}

int fd_write_file_atomic(int dirfd, const char *path, const void *data, size_t n, mode_t mode,
                         bool sync, struct err *err)
{
    _cleanup_(close_fdp) int fd = -1;
    char temp[4096];

    if (snprintf(temp, sizeof(temp), "%s.%d.new", path, (int)getpid()) >= (int)sizeof(temp))
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong", "path %s is too long", path);
    (void)unlinkat(dirfd, temp, 0); /* a left-over, or planted to read along: never written to */
    fd = openat(dirfd, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return err_errno(err, errno, "creating %s", temp);
    if (fd_write_all(fd, data, n, err) < 0 || (sync && fsync(fd) < 0)) {
        (void)unlinkat(dirfd, temp, 0); /* a left-over would be removed by the next one */
        return err_wrap(err, "writing %s", temp);
    }
    if (renameat(dirfd, temp, dirfd, path) < 0) {
        int e = errno;

        (void)unlinkat(dirfd, temp, 0);
        return err_errno(err, e, "renaming %s", temp);
    }
    return 0;
}

int fd_write_string(int dirfd, const char *path, const char *s, struct err *err)
{
    _cleanup_(close_fdp) int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return err_errno(err, errno, "opening %s", path);
    if (write(fd, s, strlen(s)) < 0)
        return err_errno(err, errno, "writing \"%s\" to %s", s, path);
    return 0;
}

int fd_mkdir_p(const char *path, mode_t mode, struct err *err)
{
    char part[4096];
    size_t n = strlen(path);

    if (n >= sizeof(part))
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong", "path %s is too long", path);
    memcpy(part, path, n + 1);
    for (char *p = part + 1; p <= part + n; p++) {
        char was = *p;

        if (was != '/' && was != '\0')
            continue;
        *p = '\0';
        if (mkdir(part, mode) < 0 && errno != EEXIST)
            return err_errno(err, errno, "making the folder %s", part);
        *p = was;
    }
    return 0;
}

static int rm_inside(int dir, dev_t dev, int depth, struct err *err);

static int rm_entry(int dirfd, const char *name, dev_t dev, bool any_dev, int depth,
                    struct err *err)
{
    _cleanup_(close_fdp) int dir = -1;
    struct stat st;

    if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return err_errno(err, errno, "removing %s", name);

    dir = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return errno == ENOENT ? 0 : err_errno(err, errno, "opening %s", name);
    if (fstat(dir, &st) < 0)
        return err_errno(err, errno, "looking at %s", name);
    if (!any_dev && st.st_dev != dev)
        return err_set(err, RPC_FAILED_PRECONDITION, "MountPoint", "%s is a mount point", name);
    if (rm_inside(dir, st.st_dev, depth, err) < 0)
        return err_wrap(err, "%s", name);
    if (unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return err_errno(err, errno, "removing the folder %s", name);
    return 0;
}

/* Depth is bounded because the tree may be one that a sandbox wrote. */
static int rm_inside(int dir, dev_t dev, int depth, struct err *err)
{
    int copy = fcntl(dir, F_DUPFD_CLOEXEC, 3);
    DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent *e;
    int r = 0;

    if (!d) {
        if (copy >= 0)
            (void)close(copy);
        return err_errno(err, errno, "opening a folder");
    }
    if (depth > 512)
        r = err_set(err, RPC_RESOURCE_EXHAUSTED, "TooDeep", "folders nest deeper than 512");
    while (r == 0 && (e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            r = rm_entry(dir, e->d_name, dev, false, depth + 1, err);
    (void)closedir(d);
    return r;
}

int fd_rm_tree(int dirfd, const char *path, struct err *err)
{
    return rm_entry(dirfd, path, 0, true, 0, err);
}
