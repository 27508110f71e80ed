/* The clients' door: what is not a call for a sandbox, who is let in, and how it closes. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <nghttp2/nghttp2.h>

#include "services/router/scene.h"

#include "grpc/health/v1/health.rpc.h"
#include "lib/base/fd.h"

/* Writes `text` to a fresh connection and returns what comes back until it is closed or quiet. */
static const char *speak(struct scene *s, const void *text, size_t n, bool *ret_closed)
{
    static char got[65536];
    struct err err;
    int fd = fd_unix_connect(s->listen + 5, SOCK_STREAM, &err), quiet = 0;
    size_t n_got = 0;

    assert_true(fd >= 0);
    *ret_closed = false;
    assert_true(send(fd, text, n, MSG_NOSIGNAL) >= 0);
    while (quiet < 40 && !*ret_closed) {
        ssize_t r;

        run_for(&s->w, 1);
        r = recv(fd, got + n_got, sizeof(got) - 1 - n_got, MSG_DONTWAIT);
        quiet = r > 0 ? 0 : quiet + 1;
        *ret_closed = r == 0 || (r < 0 && errno == ECONNRESET);
        n_got += (size_t)MAX(r, 0);
    }
    (void)close(fd);
    got[n_got] = '\0';
    s->n_spoken = n_got;
    return got;
}

static const char *get(struct scene *s, const char *path)
{
    char request[128];
    bool is_closed;
    int n = snprintf(request, sizeof(request),
                     "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);

    return speak(s, request, (size_t)n, &is_closed);
}

#define UNKNOWN "grpc_type=\"unknown\",grpc_service=\"unknown\",grpc_method=\"unknown\""

static void test_admin_pages(void **state)
{
    struct talk refused = {0};
    struct scene s = {0};
    const char *page;

    (void)state;
    scene_up(&s);
    UNTIL(&s, strstr(get(&s, "/healthz"), "200 OK"));
    scene_agent(&s, "inst1", 1);
    scene_echo(&s, "web-1");
    scene_call(&s, &refused, ECHO, "nobody");
    UNTIL(&s, refused.n_done);
    page = get(&s, "/metrics");
    assert_non_null(strstr(
        page,
        "sandbox_router_calls_total{service=\"agentsandbox.v1.ExecService\",code=\"OK\"} 1\n"));
    assert_non_null(strstr(
        page,
        "sandbox_router_calls_total{service=\"agentsandbox.v1.ExecService\",code=\"NOT_FOUND\"} 1\n"));
    assert_non_null(strstr(page, "sandbox_router_calls_open 0\n"));
    assert_non_null(strstr(page, "sandbox_router_upstreams 1\n"));
    assert_non_null(strstr(page, "sandbox_router_routes 3\n"));
    assert_non_null(strstr(page, "sandbox_router_routes_current 1\n"));
    assert_non_null(strstr(page, "sandbox_router_bytes_total{direction=\"in\"} 10\n"));
    assert_non_null(strstr(page, "sandbox_router_resolves_total 1\n"));
    assert_non_null(strstr(page, "build_info{service=\"router\""));
    /* The fake agent's Echo is no method that there is. */
    assert_non_null(strstr(page, "grpc_server_handled_total{" UNKNOWN ",grpc_code=\"OK\"} 1\n"));
    assert_non_null(
        strstr(page, "grpc_server_handled_total{" UNKNOWN ",grpc_code=\"NotFound\"} 1\n"));
    assert_non_null(strstr(page, "grpc_client_handled_total{" UNKNOWN ",grpc_code=\"OK\"} 1\n"));
    assert_non_null(strstr(page, "grpc_server_started_total{grpc_type=\"bidi_stream\",grpc_service="
                                 "\"agentsandbox.v1.StreamService\",grpc_method=\"Attach\"} 0\n"));
    assert_non_null(strstr(page,
                           "grpc_client_started_total{grpc_type=\"server_stream\",grpc_service="
                           "\"agentsandbox.v1.RouteService\",grpc_method=\"Watch\"} 1\n"));
    scene_down(&s);
}

static void test_not_healthy_before_the_first_list(void **state)
{
    struct router_opts opts = {.controller = "unix:/nonexistent/routes.sock"};
    struct scene s = {0};
    struct err err;

    (void)state;
    scene_paths(&s);
    opts.listen = s.listen;
    opts.fds_path = s.fds;
    assert_int_equal(loop_new(&s.w.loop, &err), 0);
    assert_int_equal(router_new(&s.router, s.w.loop, &opts, &err), 0);
    assert_int_equal(router_start(s.router, &err), 0);
    assert_non_null(strstr(get(&s, "/healthz"), "503 "));
    assert_non_null(strstr(get(&s, "/healthz"),
                           "no routes from the controller at unix:/nonexistent/routes.sock yet"));
    router_free(s.router);
    loop_free(s.w.loop);
    scene_clean(&s);
}

/* Garbage closes its own connection and is nobody else's trouble. */
static void test_garbage(void **state)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    static const struct {
        const char *bytes;
        size_t n;
    } cases[] = {
        {"\x16\x03\x01\x02\x00\x01\x00", 7},
        {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 53},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnot frames at all, not at all, no", 57},
    };
    struct scene s = {0};
    bool is_closed;

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        (void)speak(&s, cases[i].bytes, cases[i].n, &is_closed);
    (void)speak(&s, cases[3].bytes, cases[3].n, &is_closed);
    assert_true(is_closed);
    for (size_t n = 0; n < sizeof(preface) - 1; n += 5)
        (void)speak(&s, preface, n, &is_closed);
    scene_echo(&s, "web-1");
    scene_down(&s);
}

static int bare_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
                       size_t n_name, const uint8_t *value, size_t n_value, uint8_t flags,
                       void *user)
{
    (void)h2;
    (void)frame;
    (void)flags;
    if (n_name == 11 && memcmp(name, "grpc-status", 11) == 0)
        *(int *)user = n_value == 1 ? value[0] - '0' : 10 + value[1] - '0';
    return 0;
}

/* A request of our own making, since our client refuses to send such metadata. Returns its
 * grpc-status, or -1. */
static int bare_call(struct scene *s, size_t n_value)
{
    static char value[LIMIT_RPC_METADATA], out[4 * LIMIT_RPC_METADATA];
    nghttp2_nv fields[] = {
        {(uint8_t *)":method", (uint8_t *)"POST", 7, 4, 0},
        {(uint8_t *)":scheme", (uint8_t *)"http", 7, 4, 0},
        {(uint8_t *)":path", (uint8_t *)ECHO, 5, sizeof(ECHO) - 1, 0},
        {(uint8_t *)":authority", (uint8_t *)"x", 10, 1, 0},
        {(uint8_t *)"te", (uint8_t *)"trailers", 2, 8, 0},
        {(uint8_t *)"content-type", (uint8_t *)"application/grpc", 12, 16, 0},
        {(uint8_t *)"x-sandbox-id", (uint8_t *)"web-1", 12, 5, 0},
        {(uint8_t *)"x-a", (uint8_t *)value, 3, n_value, 0},
        {(uint8_t *)"x-b", (uint8_t *)value, 3, n_value, 0},
    };
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *h2;
    const uint8_t *bytes, *got;
    bool is_closed;
    size_t n_out = 0;
    ssize_t n;
    int status = -1;

    memset(value, 'v', sizeof(value));
    assert_int_equal(nghttp2_session_callbacks_new(&callbacks), 0);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, bare_header);
    assert_int_equal(nghttp2_session_client_new(&h2, callbacks, &status), 0);
    assert_int_equal(nghttp2_submit_settings(h2, 0, NULL, 0), 0);
    assert_true(nghttp2_submit_request(h2, NULL, fields, ARRAY_SIZE(fields), NULL, NULL) > 0);
    while ((n = nghttp2_session_mem_send(h2, &bytes)) > 0) {
        assert_true(n_out + (size_t)n <= sizeof(out));
        memcpy(out + n_out, bytes, (size_t)n);
        n_out += (size_t)n;
    }
    got = (const uint8_t *)speak(s, out, n_out, &is_closed);
    (void)nghttp2_session_mem_recv(h2, got, s->n_spoken);
    nghttp2_session_del(h2);
    nghttp2_session_callbacks_del(callbacks);
    return status;
}

static void test_oversized_metadata(void **state)
{
    struct scene s = {0};

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    run_for(&s.w, 20);
    assert_int_equal(bare_call(&s, 7000), RPC_OK); /* below the limit: passed on whole */
    assert_int_equal(bare_call(&s, 9000), RPC_RESOURCE_EXHAUSTED);
    scene_echo(&s, "web-1");
    scene_down(&s);
}

static void on_health(struct rpc_call *call, const ProtobufCMessage *reply,
                      const struct rpc_status *status, void *user)
{
    const Grpc__Health__V1__HealthCheckResponse *m =
        (const Grpc__Health__V1__HealthCheckResponse *)reply;

    (void)call;
    assert_int_equal(status->code, RPC_OK);
    *(int *)user = (int)m->status;
}

static void test_own_services(void **state)
{
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    struct talk unknown = {0}, reflection = {0};
    struct scene s = {0};
    struct err err;
    int serving = -1;

    (void)state;
    scene_up(&s);
    assert_int_equal(
        grpc_health_v1_health_check(s.w.channel, NULL, &request, on_health, &serving, NULL, &err),
        0);
    UNTIL(&s, serving >= 0);
    assert_int_equal(serving, 1);
    talk_start(&s.w, &unknown, "/my.Service/Do", NULL);
    scene_refused(&s, &unknown, RPC_UNIMPLEMENTED, "Unimplemented", "/my.Service/Do");
    unknown = (struct talk){0};
    talk_start(&s.w, &unknown, ECHO, NULL);
    scene_refused(&s, &unknown, RPC_INVALID_ARGUMENT, "BadRequest", "x-sandbox-id is missing");
    talk_start(&s.w, &reflection, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
               NULL);
    rpc_call_send_end(reflection.call);
    UNTIL(&s, reflection.n_done);
    assert_int_equal(reflection.code, RPC_OK);
    scene_down(&s);
}

/* A client of another user, in a child: the file's mode alone would keep it out, so it is opened
 * wide first. */
static void test_other_users_are_refused(void **state)
{
    struct scene s = {0};
    struct err err;
    int status = 0;
    pid_t pid;

    (void)state;
    if (geteuid() != 0)
        skip();
    scene_up(&s);
    assert_int_equal(chmod(s.dir, 0755), 0);
    assert_int_equal(chmod(s.listen + 5, 0666), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
        char byte;
        int fd;

        if (setresuid(54321, 54321, 54321) < 0)
            _exit(2);
        fd = fd_unix_connect(s.listen + 5, SOCK_STREAM, &err);
        if (fd < 0 || send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0)
            _exit(3);
        _exit(recv(fd, &byte, 1, 0) > 0 ? 4 : 0); /* closed without a word */
    }
    UNTIL(&s, waitpid(pid, &status, WNOHANG) == pid);
    assert_int_equal(status, 0);
    scene_down(&s);
}

static void on_drained(void *user)
{
    (*(int *)user)++;
}

static void test_drain(void **state)
{
    struct talk open = {.reads_on = true}, hangs = {0};
    struct scene s = {0};
    struct err err;
    int drained = 0;

    (void)state;
    scene_up(&s);
    scene_agent(&s, "inst1", 1);
    scene_call(&s, &open, ECHO, "web-1");
    rpc_call_read(open.call);
    scene_call(&s, &hangs, HANG, "web-1");
    UNTIL(&s, s.agent.n_open == 2);
    router_drain(s.router, clock_monotonic_ms() + 400, on_drained, &drained);
    run_for(&s.w, 50);
    assert_int_equal(drained, 0);
    assert_true(rpc_call_send(open.call, "still", 5, &err) >= 0);
    UNTIL(&s, open.n_messages == 1);
    rpc_call_send_end(open.call);
    UNTIL(&s, open.n_done);
    assert_int_equal(open.code, RPC_OK);
    UNTIL(&s, drained);
    UNTIL(&s, hangs.n_done);
    assert_int_equal(hangs.code, RPC_UNAVAILABLE);
    UNTIL(&s, s.agent.n_open == 0);
    scene_down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admin_pages),
        cmocka_unit_test(test_not_healthy_before_the_first_list),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_oversized_metadata),
        cmocka_unit_test(test_own_services),
        cmocka_unit_test(test_other_users_are_refused),
        cmocka_unit_test(test_drain),
    };

    log_init("test", LOG_ERROR, LOG_FORMAT_KV, STDERR_FILENO);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
