/* Calls of all kinds between our client and our server, over a socketpair. */
#include "lib/rpc/test_util.h"

#include "lib/base/limits.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unary),          cmocka_unit_test(test_bidi),
        cmocka_unit_test(test_server_stream),  cmocka_unit_test(test_client_stream),
        cmocka_unit_test(test_metadata),       cmocka_unit_test(test_unknown_method),
        cmocka_unit_test(test_deadline),       cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_server_cancel),  cmocka_unit_test(test_abandon),
        cmocka_unit_test(test_lost),           cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_gzip),           cmocka_unit_test(test_unread_at_end),
        cmocka_unit_test(test_unary_response),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
