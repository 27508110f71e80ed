#include "lib/http/http1_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/loop/loop.h"

enum { BACKLOG = 128, ACCEPT_AT_ONCE = 16, PAUSE_MS = 100 };

struct http1_listener {
    struct loop *loop;
    struct http1_server *server;
    struct loop_io *io;
    struct loop_timer *pause; /* after accept() found no descriptor */
    int fd;
    uint16_t port;
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int bad_address(const char *address, struct err *err)
{
    char shown[80];

    return err_set(err, RPC_INVALID_ARGUMENT, "BadAddress",
                   "\"%s\": give an address as \":8080\", \"10.0.0.1:8080\" or \"[::1]:8080\"",
                   bytes_escape(address, strlen(address), shown, sizeof(shown)));
}

/* Splits "host:port"; host without brackets. */
static int split(const char *address, char host[64], uint16_t *ret_port, struct err *err)
{
    const char *colon = strrchr(address, ':'), *from = address, *to = colon;
    uint64_t port;

    if (!colon || bytes_parse_u64(colon + 1, 0, 65535, &port) < 0)
        return bad_address(address, err);
    if (from[0] == '[' && to - from >= 2 && to[-1] == ']') {
        from++;
        to--;
    }
    if (to - from >= 64)
        return bad_address(address, err);
    (void)snprintf(host, 64, "%.*s", (int)(to - from), from);
    if (strcmp(host, "localhost") == 0)
        (void)snprintf(host, 64, "127.0.0.1");
    *ret_port = (uint16_t)port;
    return 0;
}

static int bind_to(const union address *a, socklen_t n)
{
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1, off = 0;

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->any.sa_family == AF_INET6) /* IPv4 on the same port */
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, &a->any, n) < 0 || listen(fd, BACKLOG) < 0) {
        int e = errno;

        (void)close(fd);
        errno = e;
        return -1;
    }
    return fd;
}

static int open_socket(const char *address, struct err *err)
{
    union address a = {.v6 = {.sin6_family = AF_INET6}};
    char host[64];
    uint16_t port;
    int fd;

    if (split(address, host, &port, err) < 0)
        return -1;
    a.v6.sin6_port = htons(port);
    if (!host[0] || inet_pton(AF_INET6, host, &a.v6.sin6_addr) == 1) {
        fd = bind_to(&a, sizeof(a.v6));
        if (fd >= 0 || host[0] || errno == EADDRINUSE)
            goto out;
        (void)snprintf(host, sizeof(host), "0.0.0.0"); /* a kernel without IPv6 */
    }
    a = (union address){.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
    if (inet_pton(AF_INET, host, &a.v4.sin_addr) != 1)
        return bad_address(address, err);
    fd = bind_to(&a, sizeof(a.v4));
out:
    if (fd < 0 && errno == EADDRINUSE)
        return err_set(err, RPC_FAILED_PRECONDITION, "AddressInUse",
                       "%s: another program listens there", address);
    return fd < 0 ? err_errno(err, errno, "listening on %s", address) : fd;
}

static void on_pause(struct loop_timer *t, void *user)
{
    struct http1_listener *l = user;

    (void)t;
    loop_io_set(l->io, LOOP_READ);
}

static void on_connection(struct loop_io *io, int events, void *user)
{
    struct http1_listener *l = user;

    (void)events;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            int on = 1;

            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
            http1_server_take(fd, (const uint8_t *)"", 0, l->server);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            loop_io_set(io, 0);
            loop_timer_arm(l->pause, clock_add(loop_now_ms(l->loop), PAUSE_MS));
        }
        return;
    }
}

static uint16_t port_of(int fd)
{
    union address a = {0};
    socklen_t n = sizeof(a);

    if (getsockname(fd, &a.any, &n) < 0)
        return 0;
    return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

int http1_listen(struct http1_listener **ret, struct loop *loop, const char *address,
                 struct http1_server *server, struct err *err)
{
    _cleanup_(http1_listener_freep) struct http1_listener *l = calloc(1, sizeof(*l));

    if (!l)
        return err_oom(err);
    l->loop = loop;
    l->server = server;
    l->fd = open_socket(address, err);
    if (l->fd < 0)
        return -1;
    l->port = port_of(l->fd);
    if (loop_io_new(&l->io, loop, l->fd, LOOP_READ, on_connection, l, err) < 0 ||
        loop_timer_new(&l->pause, loop, on_pause, l, err) < 0)
        return -1;
    *ret = TAKE_PTR(l);
    return 0;
}

void http1_listener_free(struct http1_listener *l)
{
    if (!l)
        return;
    loop_io_free(l->io);
    loop_timer_free(l->pause);
    if (l->fd >= 0)
        (void)close(l->fd);
    free(l);
}

uint16_t http1_listener_port(const struct http1_listener *l)
{
    return l->port;
}
