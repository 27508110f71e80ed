/* Calls of all kinds between our client and our server, over a socketpair, a unix socket and TCP.
 */
#include "lib/rpc/test_util.h"

#include <fcntl.h>

#include "lib/base/fd.h"
#include "lib/base/limits.h"
#include "lib/rpc/service.h"
#include "rpc_test.pb-c.h"

static void test_unary(void **state)
{
    struct world w = {0};
    struct talk client = {.reads_on = true}, server = {.reads_on = true, .echoes = true};
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Echo", talk_handler, &server, &err), 0);
    talk_start(&w, &client, "/t.T/Echo", NULL);
    assert_int_equal(rpc_call_send(client.call, "hello", 5, &err), 0);
    rpc_call_send_end(client.call);
    rpc_call_read(client.call);
    run_until(&w, &client.n_done, 1);
    run_until(&w, &server.n_done, 1);
    assert_int_equal(client.code, 0);
    assert_string_equal(client.last, "hello");
    assert_int_equal(client.n_headers, 1);
    assert_int_equal(client.n_messages, 1);
    assert_int_equal(server.n_half_close, 1);
    assert_int_equal(server.code, 0);
    world_down(&w);
}

/* 200 messages each way, of every size around the frame limits. */
static void test_bidi(void **state)
{
    static uint8_t big[70000];
    struct world w = {0};
    struct talk client = {.reads_on = true}, server = {.reads_on = true, .echoes = true};
    size_t sent = 0;
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Echo", talk_handler, &server, &err), 0);
    talk_start(&w, &client, "/t.T/Echo", NULL);
    rpc_call_read(client.call);
    for (int i = 0; i < 200; i++) {
        size_t n = (size_t)i * 350;

        assert_true(rpc_call_send(client.call, big, n, &err) >= 0);
        sent += n;
        run_until(&w, &client.n_messages, i + 1);
    }
    assert_int_equal(client.n_bytes, sent);
    assert_int_equal(server.n_half_close, 0);
    rpc_call_send_end(client.call);
    run_until(&w, &client.n_done, 1);
    assert_int_equal(client.code, 0);
    world_down(&w);
}

static void on_stream(struct rpc_call *call, void *user)
{
    struct err err;

    (void)user;
    for (int i = 0; i < 5; i++)
        assert_int_equal(rpc_call_send(call, "item", 4, &err), 0);
    rpc_call_finish(call, 0, NULL);
}

/* Messages wait until they are asked for, and the status waits for them. */
static void test_server_stream(void **state)
{
    struct world w = {0};
    struct talk client = {0};
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Stream", on_stream, NULL, &err), 0);
    talk_start(&w, &client, "/t.T/Stream", NULL);
    rpc_call_send_end(client.call);
    run_for(&w, 30);
    assert_int_equal(client.n_messages, 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(client.n_done, 0);
        rpc_call_read(client.call);
        assert_int_equal(client.n_messages, i); /* never from inside a call */
        run_until(&w, &client.n_messages, i + 1);
    }
    run_until(&w, &client.n_done, 1);
    assert_int_equal(client.code, 0);
    world_down(&w);
}

static void on_sum(struct rpc_call *call, void *user)
{
    struct talk *t = user;

    talk_handler(call, t);
}

static void sum_half_close(struct rpc_call *call, void *user)
{
    struct talk *t = user;
    char text[32];

    (void)snprintf(text, sizeof(text), "%zu", t->n_bytes);
    rpc_call_reply(call, text, strlen(text));
}

static void on_sum_handler(struct rpc_call *call, void *user)
{
    static struct rpc_call_ops ops;

    ops = talk_ops;
    ops.on_half_close = sum_half_close;
    on_sum(call, user);
    rpc_call_set_ops(call, &ops, user);
}

static void test_client_stream(void **state)
{
    struct world w = {0};
    struct talk client = {.reads_on = true}, server = {.reads_on = true};
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Sum", on_sum_handler, &server, &err), 0);
    talk_start(&w, &client, "/t.T/Sum", NULL);
    for (int i = 0; i < 10; i++)
        assert_int_equal(rpc_call_send(client.call, "0123456789", 10, &err), 0);
    rpc_call_send_end(client.call);
    rpc_call_read(client.call);
    run_until(&w, &client.n_done, 1);
    assert_string_equal(client.last, "100");
    assert_int_equal(client.code, 0);
    world_down(&w);
}

/* ---- metadata, status ---- */

static void on_metadata(struct rpc_call *call, void *user)
{
    const struct rpc_metadata *md = rpc_call_headers(call);
    const struct rpc_field *bin = rpc_metadata_find(md, "x-raw-bin");
    struct err err;

    (void)user;
    assert_string_equal(rpc_metadata_get(md, "x-name"), "web 1");
    assert_non_null(bin);
    assert_int_equal(bin->n_value, 4);
    assert_memory_equal(bin->value, "\0\xff\1\2", 4);
    assert_null(rpc_metadata_get(md, "te"));
    assert_null(rpc_metadata_get(md, "content-type"));
    assert_null(rpc_metadata_get(md, "grpc-accept-encoding"));
    assert_string_equal(rpc_call_path(call), "/t.T/Md");
    assert_int_equal(rpc_call_add_header(call, "x-initial", "one", 3, &err), 0);
    assert_int_equal(rpc_call_add_trailer(call, "x-end-bin", "\0", 1, &err), 0);
    assert_int_equal(rpc_call_send_headers(call, &err), 0);
    assert_true(rpc_call_add_header(call, "x-late", "", 0, &err) < 0);
    err_set(&err, RPC_NOT_FOUND, "PoolNotFound", "pool \"größe %%\": no template");
    rpc_call_fail(call, &err);
}

static void done_metadata(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    const struct rpc_field *end = rpc_metadata_find(rpc_call_trailers(call), "x-end-bin");

    assert_string_equal(rpc_metadata_get(rpc_call_headers(call), "x-initial"), "one");
    assert_non_null(end);
    assert_int_equal(end->n_value, 1);
    assert_null(rpc_metadata_get(rpc_call_trailers(call), "grpc-status-details-bin"));
    assert_non_null(status->details);
    talk_done(call, status, user);
}

static void test_metadata(void **state)
{
    struct rpc_call_ops ops = talk_ops;
    struct world w = {0};
    struct talk client = {0};
    struct arena arena;
    struct rpc_metadata md;
    struct rpc_call_opts opts = {.metadata = &md};
    struct err err;

    (void)state;
    ops.on_done = done_metadata;
    arena_init(&arena, 1 << 20);
    rpc_metadata_init(&md, &arena);
    assert_int_equal(rpc_metadata_add_str(&md, "x-name", "web 1", &err), 0);
    assert_int_equal(rpc_metadata_add(&md, "x-raw-bin", "\0\xff\1\2", 4, &err), 0);
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Md", on_metadata, NULL, &err), 0);
    assert_int_equal(
        rpc_channel_call(w.channel, "/t.T/Md", &opts, &ops, &client, &client.call, &err), 0);
    run_until(&w, &client.n_done, 1);
    assert_int_equal(client.code, RPC_NOT_FOUND);
    assert_string_equal(client.message, "pool \"größe %\": no template");
    assert_string_equal(client.reason, "PoolNotFound");
    world_down(&w);
    arena_done(&arena);
}

static void test_unknown_method(void **state)
{
    struct world w = {0};
    struct talk client = {0};

    (void)state;
    world_up(&w);
    talk_start(&w, &client, "/t.T/None", NULL);
    run_until(&w, &client.n_done, 1);
    assert_int_equal(client.code, RPC_UNIMPLEMENTED);
    assert_string_equal(client.reason, ""); /* details are the application's */
    assert_int_equal(client.n_headers, 0);  /* trailers-only */
    world_down(&w);
}

/* ---- deadlines and cancellation ---- */

static void test_deadline(void **state)
{
    struct world w = {0};
    struct talk client = {0}, server = {.reads_on = true};
    struct rpc_call_opts opts = {.timeout_ms = 300};
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Wait", talk_handler, &server, &err), 0);
    (void)loop_turn(w.loop, false);
    talk_start(&w, &client, "/t.T/Wait", &opts);
    RUN_WHILE(&w, !server.call);
    assert_true(rpc_call_deadline_ms(server.call) <= loop_now_ms(w.loop) + 300);
    run_until(&w, &client.n_done, 1);
    run_until(&w, &server.n_done, 1);
    assert_int_equal(client.code, RPC_DEADLINE_EXCEEDED);
    assert_true(server.code == RPC_DEADLINE_EXCEEDED || server.code == RPC_CANCELLED);
    world_down(&w);
}

static void test_cancel(void **state)
{
    struct world w = {0};
    struct talk client = {0}, server = {.reads_on = true};
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Wait", talk_handler, &server, &err), 0);
    talk_start(&w, &client, "/t.T/Wait", NULL);
    RUN_WHILE(&w, !server.call);
    rpc_call_cancel(client.call, RPC_CANCELLED, "enough");
    rpc_call_cancel(client.call, RPC_ABORTED, "twice");
    assert_int_equal(client.n_done, 0);
    run_until(&w, &client.n_done, 1);
    run_until(&w, &server.n_done, 1);
    assert_int_equal(client.code, RPC_CANCELLED);
    assert_string_equal(client.message, "enough");
    assert_int_equal(server.code, RPC_CANCELLED);
    run_for(&w, 10);
    assert_int_equal(client.n_done, 1);
    world_down(&w);
}

static void test_server_cancel(void **state)
{
    struct world w = {0};
    struct talk client = {.reads_on = true}, server = {.reads_on = true};
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Wait", talk_handler, &server, &err), 0);
    talk_start(&w, &client, "/t.T/Wait", NULL);
    RUN_WHILE(&w, !server.call);
    rpc_call_cancel(server.call, RPC_ABORTED, "told to stop");
    run_until(&w, &client.n_done, 1);
    run_until(&w, &server.n_done, 1);
    assert_int_equal(client.code, RPC_ABORTED);
    assert_string_equal(client.message, "told to stop");
    assert_int_equal(server.code, RPC_ABORTED);
    world_down(&w);
}

static void on_abandon(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_abandon(call);
}

static void abandon_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct talk *t = user;

    (void)data;
    (void)n;
    t->n_messages++;
    rpc_call_abandon(call);
}

/* Abandoned in the handler, in on_message, and from outside: no callback follows. */
static void test_abandon(void **state)
{
    struct rpc_call_ops ops = talk_ops;
    struct world w = {0};
    struct talk a = {0}, b = {0}, c = {0};
    struct err err;

    (void)state;
    ops.on_message = abandon_message;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Drop", on_abandon, NULL, &err), 0);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Stream", on_stream, NULL, &err), 0);
    talk_start(&w, &a, "/t.T/Drop", NULL);
    assert_int_equal(rpc_channel_call(w.channel, "/t.T/Stream", NULL, &ops, &b, &b.call, &err), 0);
    rpc_call_read(b.call);
    talk_start(&w, &c, "/t.T/Stream", NULL);
    rpc_call_abandon(c.call);
    run_until(&w, &a.n_done, 1);
    run_until(&w, &b.n_messages, 1);
    run_for(&w, 10);
    assert_int_equal(a.code, RPC_CANCELLED);
    assert_int_equal(b.n_messages, 1);
    assert_int_equal(b.n_done + c.n_done, 0);
    world_down(&w);
}

/* The connection dies under a call: both sides are told, the free of the other end does it here. */
static void test_lost(void **state)
{
    struct world w = {0};
    struct talk client = {0}, server = {.reads_on = true};
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Wait", talk_handler, &server, &err), 0);
    talk_start(&w, &client, "/t.T/Wait", NULL);
    RUN_WHILE(&w, !server.call);
    rpc_server_free(TAKE_PTR(w.server));
    assert_int_equal(server.n_done, 1);
    assert_int_equal(server.code, RPC_UNAVAILABLE);
    run_until(&w, &client.n_done, 1);
    assert_int_equal(client.code, RPC_UNAVAILABLE);
    assert_int_equal(rpc_channel_state(w.channel), RPC_CHANNEL_SHUTDOWN);
    world_down(&w);
}

/* ---- over sockets ---- */

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

/* ---- raw form: a proxy between two connections ---- */

struct proxy {
    struct world *back;
    struct rpc_call *down, *up;
    int n_done;
};

static void down_data(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct proxy *p = user;
    struct err err;

    assert_true(rpc_call_send_raw(p->up, data, n, &err) >= 0);
    rpc_call_consumed(call, n);
}

static void down_half_close(struct rpc_call *call, void *user)
{
    struct proxy *p = user;

    (void)call;
    rpc_call_send_end(p->up);
}

static void down_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct proxy *p = user;

    (void)call;
    (void)status;
    p->down = NULL;
    p->n_done++;
}

static void up_headers(struct rpc_call *call, void *user)
{
    struct proxy *p = user;
    const struct rpc_metadata *md = rpc_call_headers(call);
    struct err err;

    for (size_t i = 0; i < md->n; i++)
        assert_int_equal(rpc_call_add_header(p->down, md->fields[i].name, md->fields[i].value,
                                             md->fields[i].n_value, &err),
                         0);
    assert_int_equal(rpc_call_send_headers(p->down, &err), 0);
}

static void up_data(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct proxy *p = user;
    struct err err;

    assert_true(rpc_call_send_raw(p->down, data, n, &err) >= 0);
    rpc_call_consumed(call, n);
}

static void up_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct proxy *p = user;
    const struct rpc_metadata *md = rpc_call_trailers(call);
    struct err err;

    for (size_t i = 0; md && i < md->n; i++)
        assert_int_equal(rpc_call_add_trailer(p->down, md->fields[i].name, md->fields[i].value,
                                              md->fields[i].n_value, &err),
                         0);
    rpc_call_finish_status(p->down, status);
    p->n_done++;
}

static const struct rpc_call_ops down_ops = {
    .on_data = down_data, .on_half_close = down_half_close, .on_done = down_done};
static const struct rpc_call_ops up_ops = {
    .on_headers = up_headers, .on_data = up_data, .on_done = up_done};

static void on_proxy(struct rpc_call *call, void *user)
{
    struct proxy *p = user;
    struct rpc_call_opts opts = {.raw = true,
                                 .metadata = rpc_call_headers(call),
                                 .content_type = rpc_call_content_type(call)};
    struct err err;

    p->down = call;
    rpc_call_set_ops(call, &down_ops, p);
    assert_int_equal(
        rpc_channel_call(p->back->channel, rpc_call_path(call), &opts, &up_ops, p, &p->up, &err),
        0);
}

static void test_proxy(void **state)
{
    struct rpc_call_ops ops = talk_ops;
    struct world back = {0}, front = {0};
    struct proxy proxy = {.back = &back};
    struct talk client = {.reads_on = true}, server = {.reads_on = true, .echoes = true},
                md_client = {0};
    struct arena arena;
    struct rpc_metadata md;
    struct rpc_call_opts opts = {.metadata = &md};
    struct err err;
    int sv[2];

    (void)state;
    world_up(&back);
    front.loop = back.loop;
    assert_int_equal(rpc_server_new(&front.server, front.loop, NULL, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
    assert_int_equal(rpc_server_serve_fd(front.server, sv[0], NULL, NULL, &err), 0);
    assert_int_equal(rpc_channel_new_fd(&front.channel, front.loop, sv[1], NULL, &err), 0);
    rpc_server_handle_rest_raw(front.server, on_proxy, &proxy);
    assert_int_equal(rpc_server_handle(back.server, "/t.T/Echo", talk_handler, &server, &err), 0);
    assert_int_equal(rpc_server_handle(back.server, "/t.T/Md", on_metadata, NULL, &err), 0);

    talk_start(&front, &client, "/t.T/Echo", NULL);
    rpc_call_read(client.call);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(rpc_call_send(client.call, "through", 7, &err), 0);
        run_until(&front, &client.n_messages, i + 1);
    }
    rpc_call_send_end(client.call);
    run_until(&front, &client.n_done, 1);
    run_until(&front, &proxy.n_done, 2);
    assert_int_equal(client.code, 0);
    assert_int_equal(client.n_bytes, 140);

    ops.on_done = done_metadata;
    arena_init(&arena, 1 << 20);
    rpc_metadata_init(&md, &arena);
    assert_int_equal(rpc_metadata_add_str(&md, "x-name", "web 1", &err), 0);
    assert_int_equal(rpc_metadata_add(&md, "x-raw-bin", "\0\xff\1\2", 4, &err), 0);
    assert_int_equal(
        rpc_channel_call(front.channel, "/t.T/Md", &opts, &ops, &md_client, &md_client.call, &err),
        0);
    run_until(&front, &md_client.n_done, 1);
    assert_int_equal(md_client.code, RPC_NOT_FOUND);
    assert_string_equal(md_client.message, "pool \"größe %\": no template");
    assert_string_equal(md_client.reason, "PoolNotFound");

    rpc_channel_free(front.channel);
    rpc_server_free(front.server);
    world_down(&back);
    arena_done(&arena);
}

/* ---- compression ---- */

struct packed_talk {
    struct talk talk;
    bool was_gzip;
    bool wants_plain; /* server: answers without compression */
    const char *encoding;
};

static void packed_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct packed_talk *t = user;

    t->was_gzip = rpc_call_was_gzip(call);
    if (t->wants_plain)
        rpc_call_set_gzip(call, false);
    talk_message(call, data, n, &t->talk);
}

static const struct rpc_call_ops packed_ops = {
    .on_message = packed_message, .on_half_close = talk_half_close, .on_done = talk_done};

static void packed_handler(struct rpc_call *call, void *user)
{
    struct packed_talk *t = user;

    t->talk.call = call;
    rpc_call_set_ops(call, &packed_ops, t);
    rpc_call_read(call);
}

/* As the client asks, and as either side changes its mind. */
static void test_gzip(void **state)
{
    static char text[3000];
    struct world w = {0};
    struct packed_talk client = {.talk.reads_on = true};
    struct packed_talk server = {.talk = {.reads_on = true, .echoes = true}};
    struct rpc_call_opts opts = {.gzip = true};
    struct err err;

    (void)state;
    memset(text, 'x', sizeof(text));
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Echo", packed_handler, &server, &err), 0);
    for (int i = 0; i < 3; i++) {
        opts.gzip = i != 2;
        server.wants_plain = i == 1;
        assert_int_equal(rpc_channel_call(w.channel, "/t.T/Echo", &opts, &packed_ops, &client,
                                          &client.talk.call, &err),
                         0);
        rpc_call_read(client.talk.call);
        assert_int_equal(rpc_call_send(client.talk.call, text, sizeof(text), &err), 0);
        assert_true((rpc_call_queued(client.talk.call) < 200) == opts.gzip);
        run_until(&w, &client.talk.n_messages, 3 * i + 1);
        assert_int_equal(server.was_gzip, opts.gzip);
        assert_int_equal(client.was_gzip, i == 0);
        assert_int_equal(rpc_call_send(client.talk.call, "", 0, &err), 0);
        run_until(&w, &client.talk.n_messages, 3 * i + 2);
        assert_false(server.was_gzip); /* nothing is not worth it */
        rpc_call_set_gzip(client.talk.call, false);
        assert_int_equal(rpc_call_send(client.talk.call, text, sizeof(text), &err), 0);
        assert_true(rpc_call_queued(client.talk.call) > 3000);
        run_until(&w, &client.talk.n_messages, 3 * i + 3);
        assert_false(server.was_gzip);
        rpc_call_send_end(client.talk.call);
        run_until(&w, &client.talk.n_done, i + 1);
        assert_int_equal(client.talk.code, RPC_OK);
    }
    assert_int_equal(client.talk.n_bytes, 3 * 6000);
    world_down(&w);
}

/* ---- one answer ---- */

static void answer_many(struct rpc_call *call, void *user)
{
    struct err err;

    for (int i = 0; i < *(int *)user; i++)
        assert_true(rpc_call_send(call, "answer", 6, &err) >= 0);
    rpc_call_finish(call, RPC_OK, NULL);
}

static void say_and_end(struct rpc_call *call, void *user)
{
    struct err err;

    (void)user;
    assert_int_equal(rpc_call_send(call, "unread", 6, &err), 0);
    rpc_call_finish(call, RPC_OK, NULL);
}

/* The server has ended the call and its stream is gone; what nobody read keeps the call open. */
static void test_unread_at_end(void **state)
{
    struct world w = {0};
    struct talk idle = {0}, late = {.reads_on = true};
    struct err err;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Say", say_and_end, NULL, &err), 0);
    talk_start(&w, &idle, "/t.T/Say", NULL);
    talk_start(&w, &late, "/t.T/Say", NULL);
    run_for(&w, 20);
    assert_int_equal(idle.n_done + late.n_done, 0);
    rpc_call_read(late.call);
    run_until(&w, &late.n_done, 1);
    assert_int_equal(late.code, RPC_OK);
    assert_string_equal(late.last, "unread");
    rpc_channel_free(TAKE_PTR(w.channel));
    assert_int_equal(idle.n_done, 1);
    assert_int_equal(idle.code, RPC_UNAVAILABLE);
    world_down(&w);
}

static void test_unary_response(void **state)
{
    struct world w = {0};
    struct talk client = {0};
    struct rpc_call_opts opts = {.unary_response = true};
    struct err err;
    int n_answers;

    (void)state;
    world_up(&w);
    assert_int_equal(rpc_server_handle(w.server, "/t.T/Many", answer_many, &n_answers, &err), 0);
    for (n_answers = 0; n_answers < 3; n_answers++) {
        talk_start(&w, &client, "/t.T/Many", &opts);
        rpc_call_read(client.call);
        run_until(&w, &client.n_done, n_answers + 1);
        assert_int_equal(client.code, n_answers == 1 ? RPC_OK : RPC_UNIMPLEMENTED);
        assert_string_equal(client.reason, n_answers == 1 ? "" : "BadCardinality");
    }
    assert_int_equal(client.n_messages, 2);
    world_down(&w);
}

/* ---- typed ---- */

static const struct rpc_method_desc unary_method = {.path = "/test.v1.Test/Unary",
                                                    .input = &test__v1__text__descriptor,
                                                    .output = &test__v1__text__descriptor};
static const struct rpc_method_desc bidi_method = {.path = "/test.v1.Test/Bidi",
                                                   .input = &test__v1__text__descriptor,
                                                   .output = &test__v1__text__descriptor,
                                                   .client_streaming = true,
                                                   .server_streaming = true};

static void typed_unary(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const Test__V1__Text *in = (const void *)request;

    (void)user;
    assert_int_equal(in->n_parts, 1);
    assert_string_equal(in->parts[0]->text, "part");
    rpc_reply(call, request);
}

struct typed {
    int n_done, n_messages, code;
    char text[32];
    char message[128];
};

static void typed_reply(struct rpc_call *call, const ProtobufCMessage *reply,
                        const struct rpc_status *status, void *user)
{
    struct typed *t = user;

    (void)call;
    t->n_done++;
    t->code = status->code;
    (void)snprintf(t->message, sizeof(t->message), "%s", status->message);
    assert_int_equal(reply == NULL, status->code != 0);
    if (reply)
        (void)snprintf(t->text, sizeof(t->text), "%s",
                       ((const Test__V1__Text *)(const void *)reply)->text);
}

static void bidi_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    struct typed *t = user;
    struct err err;

    if (t)
        t->n_messages++;
    else
        assert_int_equal(rpc_send(call, msg, &err), 0);
    rpc_call_read(call);
}

static void bidi_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, 0, NULL);
}

static void bidi_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct typed *t = user;

    (void)call;
    if (t) {
        t->n_done++;
        t->code = status->code;
    }
}

static const struct rpc_msg_ops bidi_ops = {
    .on_message = bidi_message, .on_half_close = bidi_half_close, .on_done = bidi_done};

static void typed_bidi(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    (void)user;
    assert_null(request);
    rpc_accept(call, &bidi_method, &bidi_ops, NULL);
    rpc_call_read(call);
}

static void test_typed(void **state)
{
    struct world w = {0};
    struct typed unary = {0}, bidi = {0};
    struct rpc_call *call;
    Test__V1__Text part = TEST__V1__TEXT__INIT, msg = TEST__V1__TEXT__INIT, *parts[] = {&part};
    char part_text[] = "part", text[] = "grüße", bad[] = "\xff\xfe";
    struct err err;

    (void)state;
    part.text = part_text;
    msg.text = text;
    msg.n_parts = 1;
    msg.parts = parts;
    world_up(&w);
    assert_int_equal(rpc_server_handle_method(w.server, &unary_method, typed_unary, NULL, &err), 0);
    assert_int_equal(rpc_server_handle_method(w.server, &bidi_method, typed_bidi, NULL, &err), 0);
    assert_int_equal(
        rpc_unary(w.channel, &unary_method, NULL, &msg.base, typed_reply, &unary, NULL, &err), 0);
    run_until(&w, &unary.n_done, 1);
    assert_int_equal(unary.code, 0);
    assert_string_equal(unary.text, "grüße");

    part.text = bad;
    assert_int_equal(
        rpc_unary(w.channel, &unary_method, NULL, &msg.base, typed_reply, &unary, NULL, &err), 0);
    run_until(&w, &unary.n_done, 2);
    assert_int_equal(unary.code, RPC_INVALID_ARGUMENT);
    assert_string_equal(unary.message, "test.v1.Text: field text is not valid UTF-8");
    part.text = part_text;

    assert_int_equal(rpc_start(w.channel, &bidi_method, NULL, &bidi_ops, &bidi, &call, &err), 0);
    rpc_call_read(call);
    for (int i = 0; i < 100; i++)
        assert_int_equal(rpc_send(call, &msg.base, &err), 0);
    rpc_call_send_end(call);
    run_until(&w, &bidi.n_done, 1);
    assert_int_equal(bidi.n_messages, 100);
    assert_int_equal(bidi.code, 0);
    world_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),         cmocka_unit_test(test_bidi),
        cmocka_unit_test(test_server_stream), cmocka_unit_test(test_client_stream),
        cmocka_unit_test(test_metadata),      cmocka_unit_test(test_unknown_method),
        cmocka_unit_test(test_deadline),      cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_server_cancel), cmocka_unit_test(test_abandon),
        cmocka_unit_test(test_lost),          cmocka_unit_test(test_sockets),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_other_protocol),
        cmocka_unit_test(test_proxy),         cmocka_unit_test(test_typed),
        cmocka_unit_test(test_gzip),          cmocka_unit_test(test_unary_response),
        cmocka_unit_test(test_unread_at_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
