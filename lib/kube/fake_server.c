#include "lib/kube/fake_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/alloc_sweep.h"

/* Programs without asb_alloc_sweep() link without it. */
__attribute__((weak)) void alloc_sweep_pause(void)
{
}
__attribute__((weak)) void alloc_sweep_resume(void)
{
}

void fake_close(struct fake_conn *c)
{
    if (c->fd < 0)
        return;
    loop_io_free(c->io);
    (void)close(c->fd); /* nothing left to do */
    c->fd = -1;
    c->io = NULL;
}

void fake_raw(struct fake_conn *c, const char *data, size_t n)
{
    while (n > 0 && c->fd >= 0) {
        ssize_t r = send(c->fd, data, n, MSG_NOSIGNAL);

        if (r < 0)
            return; /* the client has gone, as some tests want it to */
        data += r;
        n -= (size_t)r;
    }
}

void fake_answer(struct fake_conn *c, int status, const char *headers, const char *body)
{
    char head[1024];
    int n = snprintf(head, sizeof(head),
                     "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%s"
                     "Content-Length: %zu\r\n\r\n",
                     status, headers, strlen(body));

    assert_true(n > 0 && (size_t)n < sizeof(head));
    fake_raw(c, head, (size_t)n);
    fake_raw(c, body, strlen(body));
}

void fake_begin(struct fake_conn *c, int status)
{
    char head[128];
    int n = snprintf(head, sizeof(head),
                     "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n",
                     status);

    fake_raw(c, head, (size_t)n);
}

void fake_chunk(struct fake_conn *c, const char *data, size_t n)
{
    char head[32];

    (void)snprintf(head, sizeof(head), "%zx\r\n", n);
    fake_raw(c, head, strlen(head));
    fake_raw(c, data, n);
    fake_raw(c, "\r\n", 2);
}

void fake_end(struct fake_conn *c)
{
    fake_raw(c, "0\r\n\r\n", 5);
}

/* ---- requests ---- */

static void take_header(const char *head, const char *end, const char *name, char *ret,
                        size_t n_ret)
{
    ret[0] = '\0';
    for (const char *p = head; p && p < end; p = memmem(p, (size_t)(end - p), "\r\n", 2)) {
        p += p == head ? 0 : 2;
        if (strncasecmp(p, name, strlen(name)) == 0 && p[strlen(name)] == ':') {
            const char *v = p + strlen(name) + 1;

            v += strspn(v, " ");
            (void)snprintf(ret, n_ret, "%.*s", (int)strcspn(v, "\r"), v);
            return;
        }
    }
}

/* Returns whether a request was whole; it is taken off the buffer and handed on. */
static bool take_request(struct fake_conn *c)
{
    struct fake_server *s = c->server;
    struct fake_request *req = &s->requests[s->n_requests % FAKE_MAX_REQUESTS];
    const char *end = memmem(c->in, c->n_in, "\r\n\r\n", 4);
    char length[24];
    size_t n_head, n_body;

    if (!end)
        return false;
    n_head = (size_t)(end - c->in) + 4;
    take_header(c->in, end + 2, "content-length", length, sizeof(length));
    n_body = strtoul(length, NULL, 10);
    if (c->n_in < n_head + n_body)
        return false;
    *req = (struct fake_request){0};
    assert_int_equal(sscanf(c->in, "%7s %1023s", req->method, req->target), 2);
    take_header(c->in, end + 2, "authorization", req->authorization, sizeof(req->authorization));
    take_header(c->in, end + 2, "content-type", req->content_type, sizeof(req->content_type));
    (void)snprintf(req->body, sizeof(req->body), "%.*s", (int)n_body, c->in + n_head);
    c->n_in -= n_head + n_body;
    (void)memmove(c->in, c->in + n_head + n_body, c->n_in);
    s->n_requests++;
    s->fn(c, req, s->user);
    return true;
}

static void on_conn(struct loop_io *io, int events, void *user)
{
    struct fake_conn *c = user;
    ssize_t n;

    (void)io;
    (void)events;
    n = recv(c->fd, c->in + c->n_in, sizeof(c->in) - c->n_in, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        fake_close(c);
        return;
    }
    c->n_in += (size_t)n;
    while (c->fd >= 0 && take_request(c))
        ;
}

static void on_accept(struct loop_io *io, int events, void *user)
{
    struct fake_server *s = user;
    int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);

    (void)io;
    (void)events;
    if (fd < 0)
        return;
    s->n_accepted++;
    for (size_t i = 0; i < FAKE_MAX_CONNS; i++) {
        struct fake_conn *c = &s->conns[i];

        if (c->fd >= 0)
            continue;
        c->server = s;
        c->fd = fd;
        c->n_in = 0;
        alloc_sweep_pause();
        assert_int_equal(loop_io_new(&c->io, s->loop, fd, LOOP_READ, on_conn, c, NULL), 0);
        alloc_sweep_resume();
        return;
    }
    fail_msg("more than %d connections", FAKE_MAX_CONNS);
}

/* ---- life ---- */

void fake_start(struct fake_server *s, struct loop *loop, fake_fn fn, void *user)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);

    s->loop = loop;
    s->fn = fn;
    s->user = user;
    s->n_requests = s->n_accepted = 0;
    for (size_t i = 0; i < FAKE_MAX_CONNS; i++)
        s->conns[i].fd = -1;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(s->fd >= 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(s->fd, 64), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &n), 0);
    s->port = ntohs(a.sin_port);
    assert_int_equal(loop_io_new(&s->io, loop, s->fd, LOOP_READ, on_accept, s, NULL), 0);
}

void fake_stop(struct fake_server *s)
{
    for (size_t i = 0; i < FAKE_MAX_CONNS; i++)
        fake_close(&s->conns[i]);
    loop_io_free(s->io);
    (void)close(s->fd); /* nothing left to do */
}

const struct fake_request *fake_last(const struct fake_server *s)
{
    assert_true(s->n_requests > 0);
    return &s->requests[(s->n_requests - 1) % FAKE_MAX_REQUESTS];
}
