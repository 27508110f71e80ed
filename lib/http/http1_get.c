/* The client's half: one GET of a probe. It connects, sends, reads a head, reports, and is done. */
#include <arpa/inet.h>
#include <errno.h>
#include <llhttp.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/http/http1.h"
#include "lib/loop/loop.h"

enum { GET_CHUNK = 2048 };

struct http1_get {
    struct loop *loop;
    http1_get_fn fn;
    void *user;
    int fd;
    struct loop_io *io;
    struct loop_timer *timer;
    llhttp_t parser;
    struct buf out;
    size_t n_head;
    int status;
    bool is_connected;
    struct err failed; /* before the loop ran: told by the timer */
};

/* Careful: g may be gone when it returns. */
static void get_finish(struct http1_get *g, int status, const struct err *err)
{
    loop_io_free(TAKE_PTR(g->io));
    loop_timer_disarm(g->timer);
    g->fn(g, status, err, g->user);
}

static int get_errno(struct err *err, int errnum)
{
    if (errnum == ECONNREFUSED)
        return err_set(err, RPC_UNAVAILABLE, "ConnectionRefused", "connection refused");
    return err_set(err, RPC_UNAVAILABLE, "ConnectionLost", "%s", strerror(errnum));
}

static int on_headers_complete(llhttp_t *p)
{
    struct http1_get *g = p->data;

    if (p->status_code < 200) /* interim: the answer follows */
        return 0;
    g->status = p->status_code;
    return HPE_PAUSED;
}

static const llhttp_settings_t response_settings = {.on_headers_complete = on_headers_complete};

static int get_write(struct http1_get *g, struct err *err)
{
    ssize_t n;

    if (!g->is_connected) {
        int e = 0;
        socklen_t len = sizeof(e);

        if (getsockopt(g->fd, SOL_SOCKET, SO_ERROR, &e, &len) < 0 || e != 0)
            return get_errno(err, e ? e : errno);
        g->is_connected = true;
    }
    n = send(g->fd, buf_data(&g->out), buf_len(&g->out), MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : get_errno(err, errno);
    buf_consume(&g->out, (size_t)n);
    if (buf_len(&g->out) == 0)
        loop_io_set(g->io, LOOP_READ);
    return 0;
}

static int get_read(struct http1_get *g, struct err *err)
{
    char chunk[GET_CHUNK];
    ssize_t n = recv(g->fd, chunk, sizeof(chunk), 0);
    llhttp_errno_t e;

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : get_errno(err, errno);
    if (n == 0)
        return err_set(err, RPC_UNAVAILABLE, "ConnectionLost",
                       "connection closed without an answer");
    e = llhttp_execute(&g->parser, chunk, (size_t)n);
    if (g->status != 0)
        return 0;
    if (e != HPE_OK)
        return err_set(err, RPC_INTERNAL, "BadResponse", "the answer is no HTTP/1.1");
    g->n_head += (size_t)n;
    if (g->n_head > LIMIT_HTTP1_HEAD)
        return err_set(err, RPC_INTERNAL, "BadResponse", "the head of the answer is too large");
    return 0;
}

static void on_io(struct loop_io *io, int events, void *user)
{
    struct http1_get *g = user;
    struct err err = {0};
    int r;

    (void)io;
    r = (events & LOOP_WRITE) ? get_write(g, &err) : get_read(g, &err);
    if (r < 0)
        get_finish(g, 0, &err);
    else if (g->status != 0)
        get_finish(g, g->status, NULL);
}

static void on_timeout(struct loop_timer *t, void *user)
{
    struct http1_get *g = user;
    struct err err = g->failed;

    (void)t;
    if (err.code == 0)
        err_set(&err, RPC_DEADLINE_EXCEEDED, "Timeout", "no answer within the time limit");
    get_finish(g, 0, &err);
}

static int parse_address(const struct http1_get_spec *spec, struct sockaddr_storage *ret,
                         socklen_t *ret_len, struct err *err)
{
    struct sockaddr_in *in = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
    const char *address = spec->address ? spec->address : "127.0.0.1";

    *ret = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, address, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(spec->port);
        *ret_len = sizeof(*in);
        return 0;
    }
    if (inet_pton(AF_INET6, address, &in6->sin6_addr) == 1) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(spec->port);
        *ret_len = sizeof(*in6);
        return 0;
    }
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "\"%.60s\" is no numeric address",
                   address);
}

/* What a peer put into a probe must not become another header or request. */
static bool is_clean(const char *s, bool with_spaces)
{
    for (; *s; s++)
        if ((unsigned char)*s < (with_spaces ? 0x20 : 0x21) || *s == 0x7f)
            return false;
    return true;
}

static int build_request(struct http1_get *g, const struct http1_get_spec *spec, struct err *err)
{
    const char *path = spec->path && spec->path[0] ? spec->path : "/";
    const char *address = spec->address ? spec->address : "127.0.0.1";
    bool has_host = false;

    if (!is_clean(path, false))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "the path has control characters");
    if (buf_appendf(&g->out, err,
                    "GET %s%s HTTP/1.1\r\nUser-Agent: agent-sandbox-probe\r\n"
                    "Accept: */*\r\nConnection: close\r\n",
                    path[0] == '/' ? "" : "/", path) < 0)
        return -1;
    for (size_t i = 0; i < spec->n_headers; i++) {
        const struct http1_header *h = &spec->headers[i];

        if (!h->name[0] || !is_clean(h->name, false) || strchr(h->name, ':') ||
            !is_clean(h->value, true))
            return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "header %zu is not well-formed",
                           i + 1);
        has_host |= strcasecmp(h->name, "host") == 0;
        if (buf_appendf(&g->out, err, "%s: %s\r\n", h->name, h->value) < 0)
            return -1;
    }
    if (has_host)
        return buf_append_str(&g->out, "\r\n", err);
    if (spec->host)
        return is_clean(spec->host, false)
                   ? buf_appendf(&g->out, err, "Host: %s\r\n\r\n", spec->host)
                   : err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                             "the host is not well-formed");
    return strchr(address, ':')
               ? buf_appendf(&g->out, err, "Host: [%s]:%u\r\n\r\n", address, spec->port)
               : buf_appendf(&g->out, err, "Host: %s:%u\r\n\r\n", address, spec->port);
}

static int get_connect(struct http1_get *g, const struct http1_get_spec *spec, struct err *err)
{
    struct sockaddr_storage to;
    socklen_t n_to = 0;

    if (parse_address(spec, &to, &n_to, err) < 0)
        return -1;
    g->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (g->fd < 0)
        return err_errno(err, errno, "making a socket");
    if (connect(g->fd, (const struct sockaddr *)&to, n_to) < 0 && errno != EINPROGRESS) {
        (void)get_errno(&g->failed, errno);
        loop_timer_arm(g->timer, loop_now_ms(g->loop));
        return 0;
    }
    return loop_io_new(&g->io, g->loop, g->fd, LOOP_WRITE, on_io, g, err);
}

int http1_get_start(struct http1_get **ret, struct loop *loop, const struct http1_get_spec *spec,
                    http1_get_fn fn, void *user, struct err *err)
{
    _cleanup_(http1_get_freep) struct http1_get *g = calloc(1, sizeof(*g));

    if (!g)
        return err_oom(err);
    *g = (struct http1_get){.loop = loop, .fn = fn, .user = user, .fd = -1};
    buf_init(&g->out, 2 * LIMIT_HTTP1_HEAD);
    llhttp_init(&g->parser, HTTP_RESPONSE, &response_settings);
    g->parser.data = g;

    if (build_request(g, spec, err) < 0 || loop_timer_new(&g->timer, loop, on_timeout, g, err) < 0)
        return -1;
    loop_timer_arm(g->timer, clock_add(loop_now_ms(loop),
                                       spec->timeout_ms ? spec->timeout_ms : HTTP1_HEAD_MS));
    if (get_connect(g, spec, err) < 0)
        return -1;
    *ret = TAKE_PTR(g);
    return 0;
}

void http1_get_free(struct http1_get *g)
{
    if (!g)
        return;
    loop_io_free(g->io);
    loop_timer_free(g->timer);
    if (g->fd >= 0)
        (void)close(g->fd);
    buf_done(&g->out);
    free(g);
}
