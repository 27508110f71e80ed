/* /healthz and /metrics as a scraper sees them, on a connection of which the first bytes were read
 * already. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "lib/http/admin.h"
#include "lib/loop/loop.h"

struct world {
    struct loop *loop;
    struct metrics *metrics;
    struct admin *admin;
    bool is_sick;
    char got[65536];
};

static int is_healthy(void *user, struct err *err)
{
    struct world *w = user;

    return w->is_sick ? err_set(err, RPC_UNAVAILABLE, "X", "no routes yet") : 0;
}

static const char *get(struct world *w, const char *path)
{
    char request[128];
    size_t n_got = 0;
    int pair[2], n;

    n = snprintf(request, sizeof(request),
                 "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
    assert_int_equal(send(pair[1], request + 5, (size_t)n - 5, 0), n - 5);
    admin_take(pair[0], (const uint8_t *)request, 5, w->admin);
    for (int turns = 0; turns < 1000; turns++) {
        ssize_t r;

        (void)loop_turn(w->loop, false);
        r = recv(pair[1], w->got + n_got, sizeof(w->got) - 1 - n_got, 0);
        if (r == 0)
            break;
        n_got += (size_t)MAX(r, 0);
    }
    w->got[n_got] = '\0';
    (void)close(pair[1]);
    return w->got;
}

static void test_pages(void **state)
{
    struct world w = {0};
    struct admin_opts opts = {.is_healthy = is_healthy, .user = &w};
    struct err err;

    (void)state;
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(metrics_new(&w.metrics, &err), 0);
    assert_int_equal(admin_add_process_metrics(w.metrics, "test", "1.2.3", &err), 0);
    opts.metrics = w.metrics;
    assert_int_equal(admin_new(&w.admin, w.loop, &opts, &err), 0);

    assert_ptr_equal(strstr(get(&w, "/healthz"), "HTTP/1.1 200 "), w.got);
    assert_non_null(strstr(w.got, "\r\n\r\nok\n"));
    w.is_sick = true;
    assert_ptr_equal(strstr(get(&w, "/healthz"), "HTTP/1.1 503 "), w.got);
    assert_non_null(strstr(w.got, "\r\n\r\nno routes yet\n"));

    assert_ptr_equal(strstr(get(&w, "/metrics"), "HTTP/1.1 200 "), w.got);
    assert_non_null(strstr(w.got, "text/plain; version=0.0.4"));
    assert_non_null(strstr(w.got, "build_info{service=\"test\",version=\"1.2.3\"} 1\n"));
    assert_null(strstr(w.got, "process_open_fds 0\n"));
    assert_null(strstr(w.got, "process_resident_memory_bytes 0\n"));

    assert_ptr_equal(strstr(get(&w, "/"), "HTTP/1.1 404 "), w.got);
    admin_free(w.admin);
    (void)loop_turn(w.loop, false);
    metrics_free(w.metrics);
    loop_free(w.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
