#include "lib/http/http1.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/loop/loop.h"

static int loops_made(void **state)
{
    struct loop *loop;

    if (loop_new(&loop, NULL) < 0)
        return -1;
    *state = loop;
    return 0;
}

static int loops_freed(void **state)
{
    loop_free(*state);
    return 0;
}

static void answer(const struct http1_request *req, struct http1_reply *reply, void *user)
{
    int *n = user;

    if (n)
        (*n)++;
    if (strcmp(req->path, "/") != 0) {
        reply->status = 404;
        reply->content_type = "application/json";
    }
    assert_int_equal(
        buf_appendf(&reply->body, NULL, "%s|%s|%s", req->method, req->path, req->query), 0);
}

/* Sends `request` in pieces of `step` bytes and returns all that comes back until it is quiet or
 * closed. */
static char *talk(struct loop *loop, const char *request, size_t n, size_t step, bool *ret_closed)
{
    static char got[65536];
    struct http1_server *server;
    size_t n_got = 0;
    int pair[2], quiet = 0;

    *ret_closed = false;
    assert_int_equal(http1_server_new(&server, loop, answer, NULL, NULL), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    http1_server_take(pair[0], (const uint8_t *)request, MIN(step, n), server);
    for (size_t at = MIN(step, n); at < n || quiet < 10;) {
        ssize_t r;

        if (at < n) {
            r = send(pair[1], request + at, MIN(step, n - at), MSG_NOSIGNAL);
            at = r < 0 && errno != EAGAIN ? n : at + (size_t)MAX(r, 0);
        }
        (void)loop_turn(loop, false);
        r = recv(pair[1], got + n_got, sizeof(got) - 1 - n_got, 0);
        quiet = r > 0 ? 0 : quiet + 1;
        *ret_closed |= r == 0;
        n_got += (size_t)MAX(r, 0);
    }
    got[n_got] = '\0';
    (void)close(pair[1]);
    http1_server_free(server);
    (void)loop_turn(loop, false);
    return got;
}

static void test_requests(void **state)
{
    static const struct {
        const char *request, *status_line, *tail;
        bool closes;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n", "GET|/|", false},
        {"GET /?q=1 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n", "GET|/|q=1", false},
        {"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n", "GET|/|", false},
        {"GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n", "GET|/|", false},
        {"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Length: 7\r\n\r\n", false},
        {"GET /x HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 Not Found\r\n", "GET|/x|", false},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n", "GET|/|",
         true},
        {"GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "GET|/|", true},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", "needed\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 ", "needed\n", true},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 405 ", "here\n",
         true},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 413 ", "body\n",
         true},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "HTTP/1.1 413 ", "body\n", true},
        {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nPRI",
         "HTTP/1.1 200 OK\r\n", "GET|/|", true},
        {"\x16\x03\x01 hello", "HTTP/1.1 400 ", "request\n", true},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t step = strlen(cases[i].request); step > 0; step = step == 1 ? 0 : 1) {
            bool closed;
            const char *got =
                talk(*state, cases[i].request, strlen(cases[i].request), step, &closed);

            assert_memory_equal(got, cases[i].status_line, strlen(cases[i].status_line));
            assert_true(strlen(got) >= strlen(cases[i].tail));
            assert_string_equal(got + strlen(got) - strlen(cases[i].tail), cases[i].tail);
            assert_int_equal(closed, cases[i].closes);
        }
}

static void test_pipelined(void **state)
{
    static const char two[] =
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /?2 HTTP/1.1\r\nHost: a\r\n\r\n";
    bool closed;
    const char *got = talk(*state, two, sizeof(two) - 1, sizeof(two) - 1, &closed);

    assert_non_null(strstr(got, "GET|/|HTTP/1.1 200 OK"));
    assert_non_null(strstr(got, "GET|/|2"));
    assert_false(closed);
}

static void test_large_head(void **state)
{
    static char big[LIMIT_HTTP1_HEAD * 3];
    bool closed;
    const char *got;
    int n = snprintf(big, sizeof(big), "GET / HTTP/1.1\r\nHost: a\r\nX: ");

    memset(big + n, 'x', sizeof(big) - (size_t)n);
    got = talk(*state, big, sizeof(big), 1000, &closed);
    assert_memory_equal(got, "HTTP/1.1 431 ", 13);
    assert_true(closed);
}

struct outcome {
    struct loop *loop;
    int status, n;
    struct err err;
};

static void on_get(struct http1_get *g, int status, const struct err *err, void *user)
{
    struct outcome *o = user;

    (void)g;
    o->n++;
    o->status = status;
    if (err)
        o->err = *err;
    loop_stop(o->loop);
}

static int listen_loopback(uint16_t *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

struct canned {
    int listener;
    const char *text; /* NULL: a real http1_server answers */
    struct http1_server *server;
    int fd;
};

static void on_accept(struct loop_io *io, int events, void *user)
{
    struct canned *c = user;
    int fd = accept(c->listener, NULL, NULL);

    (void)io;
    (void)events;
    if (!c->text) {
        http1_server_take(fd, NULL, 0, c->server);
        return;
    }
    c->fd = fd;
    assert_true(send(fd, c->text, strlen(c->text), MSG_NOSIGNAL) >= 0);
    if (c->text[0])
        (void)shutdown(fd, SHUT_WR);
}

static struct outcome get_from(struct loop *loop, const char *text, const char *path)
{
    struct outcome o = {.loop = loop};
    struct canned c = {.text = text, .fd = -1};
    struct http1_get *g;
    struct loop_io *io;
    uint16_t port;

    c.listener = listen_loopback(&port);
    assert_int_equal(listen(c.listener, 4), 0);
    assert_int_equal(http1_server_new(&c.server, loop, answer, NULL, NULL), 0);
    assert_int_equal(loop_io_new(&io, loop, c.listener, LOOP_READ, on_accept, &c, NULL), 0);
    assert_int_equal(
        http1_get_start(&g, loop,
                        &(struct http1_get_spec){.port = port, .path = path, .timeout_ms = 300},
                        on_get, &o, NULL),
        0);
    assert_int_equal(o.n, 0);
    loop_run(loop);
    http1_get_free(g);
    loop_io_free(io);
    http1_server_free(c.server);
    (void)loop_turn(loop, false);
    (void)close(c.listener);
    if (c.fd >= 0)
        (void)close(c.fd);
    assert_int_equal(o.n, 1);
    return o;
}

static void test_get(void **state)
{
    static const struct {
        const char *text, *path, *reason;
        int status;
    } cases[] = {
        {NULL, "/", "", 200},
        {NULL, "nothing", "", 404},
        {"HTTP/1.1 503 No\r\n\r\n", NULL, "", 503},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", NULL, "", 204},
        {"SSH-2.0-x\r\n", NULL, "BadResponse", 0},
        {"HTTP/1.1 ", NULL, "ConnectionLost", 0},
        {"", NULL, "Timeout", 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct outcome o = get_from(*state, cases[i].text, cases[i].path);

        assert_int_equal(o.status, cases[i].status);
        assert_string_equal(o.err.reason, cases[i].reason);
    }
}

static void test_get_refused(void **state)
{
    struct outcome o = {.loop = *state};
    struct http1_get *g;
    uint16_t port;
    int fd = listen_loopback(&port); /* bound, never listening */

    assert_int_equal(
        http1_get_start(&g, *state, &(struct http1_get_spec){.port = port}, on_get, &o, NULL), 0);
    assert_int_equal(o.n, 0);
    loop_run(*state);
    http1_get_free(g);
    (void)close(fd);
    assert_string_equal(o.err.reason, "ConnectionRefused");
    assert_string_equal(o.err.msg, "connection refused");
}

static void test_get_bad_spec(void **state)
{
    static const struct http1_header split = {"X", "a\r\nY: b"}, noname = {"", "a"};
    static const struct http1_get_spec cases[] = {
        {.port = 1, .path = "/a b"},
        {.port = 1, .path = "/\r\nX: y"},
        {.port = 1, .address = "localhost"},
        {.port = 1, .host = "a\nb"},
        {.port = 1, .headers = &split, .n_headers = 1},
        {.port = 1, .headers = &noname, .n_headers = 1},
    };
    struct http1_get *g;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = {0};

        assert_int_equal(http1_get_start(&g, *state, &cases[i], on_get, NULL, &err), -1);
        assert_int_equal(err.code, RPC_INVALID_ARGUMENT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),    cmocka_unit_test(test_pipelined),
        cmocka_unit_test(test_large_head),  cmocka_unit_test(test_get),
        cmocka_unit_test(test_get_refused), cmocka_unit_test(test_get_bad_spec),
    };

    return cmocka_run_group_tests(tests, loops_made, loops_freed);
}
