#include "services/runtime/agent/forward.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "services/runtime/agent/attach.h"

enum { FORWARD_CHUNK = 32 * 1024, FORWARD_MESSAGE_MAX = 1024 * 1024 };

struct forward {
    struct rpc_call *call;
    int fd;
    struct loop_io *io;
    struct buf up; /* from the client, not yet written      */
    bool is_connected;
    bool up_ended;   /* nothing follows from the client       */
    bool up_shut;    /* and the socket was told               */
    bool down_ended; /* the socket's peer has ended           */
    bool is_full;    /* the call takes no more for now        */
    bool is_over;    /* the status was given                  */
};

static void forward_free(struct forward *f)
{
    loop_io_free(f->io);
    if (f->fd >= 0)
        (void)close(f->fd);
    buf_done(&f->up);
    free(f);
}

static void fail(struct forward *f, const struct err *err)
{
    f->is_over = true;
    loop_io_free(TAKE_PTR(f->io));
    rpc_call_fail(f->call, err);
}

static int socket_error(struct err *err, int errnum)
{
    return err_set(err, RPC_UNAVAILABLE,
                   errnum == ECONNREFUSED ? "ConnectionRefused" : "ConnectionLost", "%s",
                   errnum == ECONNREFUSED ? "connection refused" : strerror(errnum));
}

static int send_response(struct forward *f, const Agentsandbox__V1__ForwardResponse *msg,
                         struct err *err)
{
    int r = agentsandbox_v1_stream_service_forward_reply(f->call, msg, err);

    if (r == RPC_WAIT)
        f->is_full = true;
    return r < 0 ? -1 : 0;
}

/* ---- the socket's side ---- */

static int finish_connect(struct forward *f, struct err *err)
{
    Agentsandbox__V1__ForwardResponse msg = AGENTSANDBOX__V1__FORWARD_RESPONSE__INIT;
    int e = 0;
    socklen_t n = sizeof(e);

    if (getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &e, &n) < 0 || e != 0)
        return socket_error(err, e ? e : errno);
    f->is_connected = true;
    msg.kind_case = AGENTSANDBOX__V1__FORWARD_RESPONSE__KIND_OPENED;
    msg.opened = true;
    rpc_call_read(f->call);
    return send_response(f, &msg, err);
}

static int write_up(struct forward *f, struct err *err)
{
    bool was_full = buf_len(&f->up) > 0;

    while (buf_len(&f->up) > 0) {
        ssize_t n = send(f->fd, buf_data(&f->up), buf_len(&f->up), MSG_NOSIGNAL);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (n < 0)
            return socket_error(err, errno);
        buf_consume(&f->up, (size_t)n);
    }
    if (was_full && !f->up_ended)
        rpc_call_read(f->call);
    if (f->up_ended && !f->up_shut) {
        f->up_shut = true;
        (void)shutdown(f->fd, SHUT_WR); /* the peer may have gone: reading says so */
    }
    return 0;
}

static int read_down(struct forward *f, struct err *err)
{
    Agentsandbox__V1__ForwardResponse msg = AGENTSANDBOX__V1__FORWARD_RESPONSE__INIT;
    uint8_t chunk[FORWARD_CHUNK];
    ssize_t n = recv(f->fd, chunk, sizeof(chunk), 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : socket_error(err, errno);
    if (n == 0) {
        f->down_ended = true;
        msg.kind_case = AGENTSANDBOX__V1__FORWARD_RESPONSE__KIND_EOF;
        msg.eof = true;
    } else {
        msg.kind_case = AGENTSANDBOX__V1__FORWARD_RESPONSE__KIND_DATA;
        msg.data.data = chunk;
        msg.data.len = (size_t)n;
    }
    return send_response(f, &msg, err);
}

/* What is waited for follows from what there is to do; both directions at their end end the call.
 */
static void settle(struct forward *f)
{
    int events = 0;

    if (f->is_over || !f->io)
        return;
    if (f->up_shut && f->down_ended) {
        f->is_over = true;
        loop_io_free(TAKE_PTR(f->io));
        rpc_call_finish(f->call, RPC_OK, NULL);
        return;
    }
    if (!f->is_connected || buf_len(&f->up) > 0)
        events |= LOOP_WRITE;
    if (f->is_connected && !f->down_ended && !f->is_full)
        events |= LOOP_READ;
    loop_io_set(f->io, events);
}

static int on_ready(struct forward *f, int events, struct err *err)
{
    if (!f->is_connected)
        return finish_connect(f, err);
    if ((events & LOOP_WRITE) && write_up(f, err) < 0)
        return -1;
    if ((events & LOOP_READ) && read_down(f, err) < 0)
        return -1;
    return 0;
}

static void on_io(struct loop_io *io, int events, void *user)
{
    struct forward *f = user;
    struct err err = {0};

    (void)io;
    if (on_ready(f, events, &err) < 0)
        fail(f, &err);
    else
        settle(f);
}

/* ---- the call's side ---- */

static int open_port(struct forward *f, const Agentsandbox__V1__ForwardOpen *open, struct err *err)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    if (open->port < 1 || open->port > 65535)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "port %u is not 1..65535",
                       open->port);
    to.sin_port = htons((uint16_t)open->port);
    f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (f->fd < 0)
        return err_errno(err, errno, "making a socket");
    if (connect(f->fd, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
        return socket_error(err, errno);
    return loop_io_new(&f->io, rpc_call_loop(f->call), f->fd, LOOP_WRITE, on_io, f, err);
}

static int take_data(struct forward *f, const ProtobufCBinaryData *data, struct err *err)
{
    if (f->up_ended)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "data after eof");
    if (data->len > FORWARD_MESSAGE_MAX)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "%zu bytes in one message, at most %d", data->len, FORWARD_MESSAGE_MAX);
    if (buf_append(&f->up, data->data, data->len, err) < 0)
        return -1;
    if (data->len == 0)
        rpc_call_read(f->call);
    return write_up(f, err);
}

static int handle(struct forward *f, const Agentsandbox__V1__ForwardRequest *req, struct err *err)
{
    bool is_open = req->kind_case == AGENTSANDBOX__V1__FORWARD_REQUEST__KIND_OPEN;

    if (is_open != (f->fd < 0))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "the first request, and only that, is open");
    if (is_open)
        return open_port(f, req->open, err);
    if (req->kind_case == AGENTSANDBOX__V1__FORWARD_REQUEST__KIND_DATA)
        return take_data(f, &req->data, err);
    if (req->kind_case == AGENTSANDBOX__V1__FORWARD_REQUEST__KIND_EOF)
        f->up_ended = true;
    rpc_call_read(f->call);
    return write_up(f, err);
}

static void on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    struct forward *f = user;
    struct err err = {0};

    (void)call;
    if (f->is_over)
        return;
    if (handle(f, (const Agentsandbox__V1__ForwardRequest *)msg, &err) < 0)
        fail(f, &err);
    else
        settle(f);
}

static void on_half_close(struct rpc_call *call, void *user)
{
    struct forward *f = user;
    struct err err = {0};

    (void)call;
    if (f->is_over)
        return;
    f->up_ended = true;
    if (f->fd < 0)
        (void)err_set(&err, RPC_INVALID_ARGUMENT, "BadRequest", "the call has no request");
    if (f->fd < 0 || (f->is_connected && write_up(f, &err) < 0))
        fail(f, &err);
    else
        settle(f);
}

static void on_writable(struct rpc_call *call, void *user)
{
    struct forward *f = user;

    (void)call;
    f->is_full = false;
    settle(f);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    (void)call;
    (void)status;
    forward_free(user);
}

static const struct rpc_msg_ops forward_ops = {
    .on_message = on_message,
    .on_half_close = on_half_close,
    .on_writable = on_writable,
    .on_done = on_done,
};

void forward_start(struct rpc_call *call)
{
    struct forward *f = calloc(1, sizeof(*f));
    struct err err = {0};

    if (!f) {
        (void)err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    f->call = call;
    f->fd = -1;
    buf_init(&f->up, FORWARD_MESSAGE_MAX);
    agentsandbox_v1_stream_service_forward_accept(call, &forward_ops, f);
    rpc_call_read(call);
}

static void on_attach_call(struct rpc_call *call, void *user)
{
    attach_start(call, user);
}

static void on_forward_call(struct rpc_call *call, void *user)
{
    (void)user;
    forward_start(call);
}

int stream_service_register(struct rpc_server *server, struct execs *execs, struct err *err)
{
    static struct agentsandbox_v1_stream_service_impl impl;

    impl = (struct agentsandbox_v1_stream_service_impl){
        .user = execs, .attach = on_attach_call, .forward = on_forward_call};
    return agentsandbox_v1_stream_service_register(server, &impl, err);
}
