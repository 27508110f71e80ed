/* Listeners and channels over a unix socket and TCP: reached, refused, met in another protocol. */
#include "lib/rpc/test_util.h"

#include <fcntl.h>

#include "lib/base/fd.h"

static void check_listener(const char *address, bool is_unix)
{
    struct world w = {0};
    struct talk client = {.reads_on = true}, server = {.reads_on = true, .echoes = true};
    char real[128];
    struct err err;

    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&w.server, w.loop, NULL, &err), 0);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Echo", talk_handler, &server, &err), 0);
    assert_int_equal(rpc_server_listen(w.server, address, NULL, real, &err), 0);
    assert_true(rpc_server_listen(w.server, real, NULL, NULL, &err) < 0);
    assert_string_equal(err.reason, "AddressInUse");
    assert_int_equal(rpc_channel_new(&w.channel, w.loop, real, NULL, &err), 0);
    talk_start(&w, &client, "/t.T/Echo", NULL);
    assert_int_equal(rpc_call_send(client.call, "over", 4, &err), 0);
    rpc_call_read(client.call);
    run_until(&w, &client.n_messages, 1);
    assert_int_equal(rpc_call_peer(server.call)->has_uid, is_unix);
    if (is_unix)
        assert_int_equal(rpc_call_peer(server.call)->uid, getuid());
    rpc_call_send_end(client.call);
    run_until(&w, &client.n_done, 1);
    assert_int_equal(client.code, 0);
    world_down(&w);
}

static void test_sockets(void **state)
{
    char dir[] = "/tmp/rpc-test-XXXXXX", address[64];

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(address, sizeof(address), "unix:%s/s", dir);
    check_listener(address, true);
    check_listener("127.0.0.1:0", false);
    check_listener("[::1]:0", false);
    assert_int_equal(rmdir(dir), 0);
}

static void test_refused(void **state)
{
    struct world w = {.channel_opts = {.backoff_first_ms = 20}};
    struct talk client = {0}, again = {0}, patient = {.reads_on = true};
    struct talk server = {.reads_on = true, .echoes = true};
    struct rpc_call_opts wait = {.wait_for_ready = true};
    char dir[] = "/tmp/rpc-test-XXXXXX", address[64];
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(address, sizeof(address), "unix:%s/s", dir);
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(rpc_channel_new(&w.channel, w.loop, address, &w.channel_opts, &err), 0);
    talk_start(&w, &client, "/t.T/Echo", NULL);
    assert_int_equal(client.n_done, 0);
    run_until(&w, &client.n_done, 1);
    assert_int_equal(client.code, RPC_UNAVAILABLE);
    assert_non_null(strstr(client.message, address));
    assert_non_null(strstr(client.message, "No such file"));
    talk_start(&w, &again, "/t.T/Echo", NULL); /* fails fast */
    run_until(&w, &again.n_done, 1);
    assert_int_equal(again.code, RPC_UNAVAILABLE);

    talk_start(&w, &patient, "/t.T/Echo", &wait);
    run_for(&w, 30);
    assert_int_equal(patient.n_done, 0);
    assert_int_equal(rpc_server_new(&w.server, w.loop, NULL, &err), 0);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Echo", talk_handler, &server, &err), 0);
    assert_int_equal(rpc_server_listen(w.server, address, NULL, NULL, &err), 0);
    rpc_call_send_end(patient.call);
    run_until(&w, &patient.n_done, 1);
    assert_int_equal(patient.code, 0);
    world_down(&w);
    assert_int_equal(rmdir(dir), 0);
}

struct other {
    int n;
    char data[64];
};

static void on_other(int fd, const uint8_t *data, size_t n, void *user)
{
    struct other *o = user;

    o->n++;
    (void)snprintf(o->data, sizeof(o->data), "%.*s", (int)n, (const char *)data);
    assert_int_equal(write(fd, "HTTP/1.1 200 OK\r\n\r\n", 19), 19);
    (void)close(fd);
}

/* "PRI" alone may still become HTTP/2; the next byte says that it does not. */
static void test_other_protocol(void **state)
{
    static const char *const parts[] = {"P", "RI * HT", "XX"};
    struct other other = {0};
    struct rpc_listen_opts opts = {.on_other = on_other, .user = &other};
    struct world w = {0};
    char real[128], answer[64];
    char dir[] = "/tmp/rpc-test-XXXXXX", address[64];
    struct err err;
    int fd;

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(address, sizeof(address), "unix:%s/s", dir);
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&w.server, w.loop, NULL, &err), 0);
    assert_int_equal(rpc_server_listen(w.server, address, &opts, real, &err), 0);
    fd = fd_unix_connect(address + 5, SOCK_STREAM, &err);
    assert_true(fd >= 0);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        assert_int_equal(other.n, 0);
        assert_true(write(fd, parts[i], strlen(parts[i])) > 0);
        run_for(&w, 10);
    }
    run_until(&w, &other.n, 1);
    assert_string_equal(other.data, "PRI * HTXX");
    assert_int_equal(read(fd, answer, sizeof(answer)), 19);
    (void)close(fd);
    world_down(&w);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sockets),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_other_protocol),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
