#include "lib/rpc/transport.h"

#include <errno.h>
#include <sys/socket.h>

static int plain_handshake(struct rpc_transport *t, struct err *err)
{
    (void)t;
    (void)err;
    return 0;
}

static ssize_t plain_read(struct rpc_transport *t, uint8_t *to, size_t max, struct err *err)
{
    ssize_t n;

    do
        n = recv(t->fd, to, max, 0);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    if (errno == EAGAIN)
        return RPC_TRANSPORT_AGAIN;
    return err_errno(err, errno, "reading");
}

static ssize_t plain_write(struct rpc_transport *t, const uint8_t *data, size_t n, struct err *err)
{
    ssize_t done;

    do
        done = send(t->fd, data, n, MSG_NOSIGNAL);
    while (done < 0 && errno == EINTR);
    if (done >= 0)
        return done;
    if (errno == EAGAIN) {
        t->wants_write = true;
        return RPC_TRANSPORT_AGAIN;
    }
    return err_errno(err, errno, "writing");
}

static int plain_release(struct rpc_transport *t)
{
    int fd = t->fd;

    free(t);
    return fd;
}

static const struct rpc_transport_ops plain_ops = {
    .handshake = plain_handshake,
    .read = plain_read,
    .write = plain_write,
    .release = plain_release,
};

int rpc_transport_plain(int fd, struct rpc_transport **ret, struct err *err)
{
    struct rpc_transport *t = calloc(1, sizeof(*t));

    if (!t)
        return err_oom(err);
    t->ops = &plain_ops;
    t->fd = fd;
    *ret = t;
    return 0;
}
