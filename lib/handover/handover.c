#include "lib/handover/handover.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/fd.h"

enum { ID_BYTES = HANDOVER_ID_MAX + 1, WIRE_BYTES = ID_BYTES + 8 };

int handover_listen(const char *path, struct err *err)
{
    return fd_unix_listen(path, SOCK_SEQPACKET, 0600, err);
}

int handover_connect(const char *path, struct err *err)
{
    return fd_unix_connect(path, SOCK_SEQPACKET, err);
}

int handover_accept(int listen_fd, int *ret_fd, struct err *err)
{
    _cleanup_(close_fdp) int fd = -1;
    uid_t uid;

    fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
        return HANDOVER_AGAIN;
    if (fd < 0)
        return err_errno(err, errno, "accepting a node");
    if (fd_peer_cred(fd, NULL, &uid, NULL, err) < 0)
        return -1;
    if (uid != 0 && uid != geteuid())
        return err_set(err, RPC_PERMISSION_DENIED, "NotRoot",
                       "uid %u may not hand over connections, only root may", (unsigned)uid);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int handover_send(int sock, const struct handover *h, int fd, struct err *err)
{
    uint8_t wire[WIRE_BYTES] = {0};
    struct err why = {0};

    memcpy(wire, h->instance_id, strnlen(h->instance_id, HANDOVER_ID_MAX));
    for (int i = 0; i < 8; i++)
        wire[ID_BYTES + i] = (uint8_t)(h->generation >> (8 * i));
    if (fd_send(sock, wire, sizeof(wire), &fd, 1, &why) == 0)
        return 0;
    if (why.errnum == EAGAIN || why.errnum == ENOBUFS)
        return HANDOVER_AGAIN;
    if (err)
        *err = why;
    return err_wrap(err, "handing over a connection of %s", h->instance_id);
}

static bool id_is_good(const char *id)
{
    size_t n = strnlen(id, ID_BYTES);

    if (n == 0 || n > HANDOVER_ID_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '0' && id[i] <= '9')))
            return false;
    return true;
}

int handover_recv(int sock, struct handover *ret, int *ret_fd, struct err *err)
{
    _cleanup_(close_fdp) int fd = -1;
    uint8_t wire[WIRE_BYTES + 1];
    struct err why = {0};
    struct handover h = {0};
    size_t n_fds = 1;
    ssize_t n;

    n = fd_recv(sock, wire, sizeof(wire), &fd, &n_fds, &why);
    if (n < 0 && why.errnum == EAGAIN)
        return HANDOVER_AGAIN;
    if (n < 0) {
        if (err)
            *err = why;
        return -1;
    }
    if (n == 0)
        return err_set(err, RPC_UNAVAILABLE, "HandoverClosed", "the node closed the connection");
    if (n_fds != 1)
        fd = -1;
    memcpy(h.instance_id, wire, ID_BYTES);
    for (int i = 0; i < 8; i++)
        h.generation |= (uint64_t)wire[ID_BYTES + i] << (8 * i);
    if (n != WIRE_BYTES || n_fds != 1 || !id_is_good(h.instance_id) || h.generation == 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadHandover",
                       "a handover of %zd bytes with %zu descriptors", n, n_fds);
    *ret = h;
    *ret_fd = TAKE_FD(fd);
    return 0;
}
