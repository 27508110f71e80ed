/* POST with a body, its bounds, and the listener. */
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
#include "lib/http/http1_listen.h"
#include "lib/loop/loop.h"

enum { MAX_BODY = 64, BIG = 1 << 20 };

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
    (void)user;
    assert_int_equal(buf_appendf(&reply->body, NULL, "%s|%s|%.*s|", req->method, req->path,
                                 (int)MIN(req->n_body, (size_t)80), (const char *)req->body ?: ""),
                     0);
}

/* Sends `request` in pieces of `step` bytes; returns what comes back until it is quiet. */
static const char *talk(struct loop *loop, const struct http1_server_opts *opts,
                        const char *request, size_t n, size_t step)
{
    static char got[65536];
    _cleanup_(http1_server_freep) struct http1_server *server = NULL;
    size_t n_got = 0;
    int pair[2], quiet = 0;

    assert_int_equal(http1_server_new_opts(&server, loop, opts, NULL), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    http1_server_take(pair[0], (const uint8_t *)"", 0, server);
    for (size_t at = 0; at < n || quiet < 200;) {
        ssize_t r;

        if (at < n) {
            r = send(pair[1], request + at, MIN(step, n - at), MSG_NOSIGNAL);
            at = r < 0 && errno != EAGAIN ? n : at + (size_t)MAX(r, 0);
        }
        (void)loop_turn(loop, false);
        r = recv(pair[1], got + n_got, sizeof(got) - 1 - n_got, 0);
        quiet = r > 0 || at < n ? 0 : quiet + 1;
        n_got += (size_t)MAX(r, 0);
    }
    got[n_got] = '\0';
    (void)close(pair[1]);
    return got;
}

static void test_bodies(void **state)
{
    static const struct {
        const char *request, *status_line, *tail;
    } cases[] = {
        {"POST /c?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "HTTP/1.1 200 OK\r\n",
         "POST|/c|hello|"},
        {"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
         "HTTP/1.1 200 OK\r\n", "POST|/c|hello|"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 ", "POST|/||"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
         "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nyou",
         "HTTP/1.1 200 ", "POST|/|you|"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65\r\n\r\n", "HTTP/1.1 413 ", "large\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
         "HTTP/1.1 400 ", "request\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "28\r\n0123456789012345678901234567890123456789\r\n"
         "28\r\n0123456789012345678901234567890123456789\r\n0\r\n\r\n",
         "HTTP/1.1 413 ", "large\n"},
        {"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 400 ", "needed\n"},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 413 ", "body\n"},
        {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 405 ", "here\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi",
         "HTTP/1.1 400 ", "request\n"},
    };
    const struct http1_server_opts opts = {.handler = answer, .max_body = MAX_BODY};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (size_t step = strlen(cases[i].request); step > 0; step--) {
            const char *got = talk(*state, &opts, cases[i].request, strlen(cases[i].request), step);

            assert_memory_equal(got, cases[i].status_line, strlen(cases[i].status_line));
            assert_true(strlen(got) >= strlen(cases[i].tail));
            assert_string_equal(got + strlen(got) - strlen(cases[i].tail), cases[i].tail);
        }
}

static char *big_request(size_t *ret_n)
{
    char *text = malloc(BIG + 200);
    int head;

    assert_non_null(text);
    head = snprintf(text, 200, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", BIG);
    memset(text + head, 'x', BIG);
    *ret_n = (size_t)head + BIG;
    return text;
}

/* A large body is taken whole; the server's bound on all it holds answers 503. */
static void test_held(void **state)
{
    struct http1_server_opts opts = {.handler = answer, .max_body = BIG, .max_held = 4 * BIG};
    _cleanup_(freep) char *text = NULL;
    size_t n;

    text = big_request(&n);
    assert_memory_equal(talk(*state, &opts, text, n, 10000), "HTTP/1.1 200 ", 13);
    opts.max_held = BIG / 2;
    assert_memory_equal(talk(*state, &opts, text, n, 10000), "HTTP/1.1 503 ", 13);
}

static void test_listener(void **state)
{
    static const char *const good[] = {":0", "127.0.0.1:0", "localhost:0"};
    static const char *const bad[] = {"8080", "a:1", "1.2.3.4:", ":70000", ":-1", "", "[::1:1"};
    _cleanup_(http1_server_freep) struct http1_server *server = NULL;
    char request[] = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n", got[512];
    struct http1_listener *l;
    struct err err;

    assert_int_equal(http1_server_new(&server, *state, answer, NULL, &err), 0);
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct sockaddr_in to = {.sin_family = AF_INET};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        ssize_t n = -1;

        assert_int_equal(http1_listen(&l, *state, good[i], server, &err), 0);
        to.sin_port = htons(http1_listener_port(l));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
        assert_int_equal(send(fd, request, strlen(request), 0), (int)strlen(request));
        for (int turn = 0; n < 0 && turn < 1000; turn++) {
            (void)loop_turn(*state, false);
            n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
        }
        assert_true(n > 12);
        assert_memory_equal(got, "HTTP/1.1 200", 12);
        (void)close(fd);
        http1_listener_free(l);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(http1_listen(&l, *state, bad[i], server, &err), -1);
        assert_string_equal(err.reason, "BadAddress");
    }
}

static void test_address_in_use(void **state)
{
    _cleanup_(http1_server_freep) struct http1_server *server = NULL;
    _cleanup_(http1_listener_freep) struct http1_listener *l = NULL;
    struct http1_listener *second;
    char address[32];
    struct err err;

    assert_int_equal(http1_server_new(&server, *state, answer, NULL, &err), 0);
    assert_int_equal(http1_listen(&l, *state, "127.0.0.1:0", server, &err), 0);
    (void)snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)http1_listener_port(l));
    assert_int_equal(http1_listen(&second, *state, address, server, &err), -1);
    assert_string_equal(err.reason, "AddressInUse");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_listener),
        cmocka_unit_test(test_address_in_use),
    };

    return cmocka_run_group_tests(tests, loops_made, loops_freed);
}
