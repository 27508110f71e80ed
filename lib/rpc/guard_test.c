/*
 * The guards one by one: texts, rates, options, counters; limits on headers, messages and time
 * against a bare peer. Floods at full speed against a running server are in tests/attack.
 */
#include "lib/rpc/wire_peer.h"

#include <stdlib.h>
#include <zlib.h>

#include "lib/base/limits.h"
#include "lib/rpc/guard_metrics.h"
#include "lib/rpc/gzip.h"
#include "lib/rpc/skipped.h"

/* ---- texts and rates ---- */

static void test_texts(void **state)
{
    char text[RPC_GUARD_TEXT_BYTES];

    (void)state;
    for (int g = 0; g < N_RPC_GUARDS; g++) {
        const char *name = rpc_guard_name((enum rpc_guard)g);

        assert_non_null(name);
        for (int other = 0; other < g; other++)
            assert_string_not_equal(name, rpc_guard_name((enum rpc_guard)other));
        rpc_guard_text(text, (enum rpc_guard)g, UINT32_MAX);
        assert_true(strlen(text) < sizeof(text) - 1); /* nothing is cut */
    }
    rpc_guard_text(text, RPC_GUARD_RESETS, rpc_guard_rate(NULL, RPC_GUARD_RESETS));
    assert_string_equal(text, "rapid_reset: over 1500 RST_STREAM in a second");
    rpc_guard_text(text, RPC_GUARD_EARLY_PINGS, 0);
    assert_string_equal(text, "too_many_pings"); /* gRPC A8: clients look for it */
}

static void test_meter(void **state)
{
    struct rpc_guard_limits limits = {.per_second = {[RPC_GUARD_PINGS] = 3}};
    struct rpc_meter m;

    (void)state;
    rpc_meter_init(&m, &limits);
    for (uint64_t second = 1; second < 4; second++) {
        rpc_meter_tick(&m, second * 1000);
        for (int i = 0; i < 3; i++)
            assert_false(rpc_meter_note(&m, RPC_GUARD_PINGS));
        rpc_meter_tick(&m, second * 1000 + 999);
        assert_true(rpc_meter_note(&m, RPC_GUARD_PINGS));
    }
    for (uint32_t i = 0; i < rpc_guard_rate(NULL, RPC_GUARD_SETTINGS); i++)
        assert_false(rpc_meter_note(&m, RPC_GUARD_SETTINGS)); /* a default */
    assert_true(rpc_meter_note(&m, RPC_GUARD_SETTINGS));
}

/* Each DATA frame of ours pays for ten WINDOW_UPDATEs, also for those that come a second late. */
static void test_paid_window_updates(void **state)
{
    uint32_t free_ones = rpc_guard_rate(NULL, RPC_GUARD_WINDOW_UPDATES);
    struct rpc_meter m;

    (void)state;
    rpc_meter_init(&m, NULL);
    rpc_meter_tick(&m, 1000);
    for (int i = 0; i < 100; i++)
        rpc_meter_sent_data(&m);
    for (uint32_t i = 0; i < free_ones + 1000; i++)
        assert_false(rpc_meter_note(&m, RPC_GUARD_WINDOW_UPDATES));
    assert_true(rpc_meter_note(&m, RPC_GUARD_WINDOW_UPDATES));
    rpc_meter_tick(&m, 2000);
    for (uint32_t i = 0; i < free_ones + 500; i++)
        assert_false(rpc_meter_note(&m, RPC_GUARD_WINDOW_UPDATES));
    assert_true(rpc_meter_note(&m, RPC_GUARD_WINDOW_UPDATES));
}

static void test_skipped(void **state)
{
    struct rpc_skipped s;

    (void)state;
    rpc_skipped_init(&s);
    for (int32_t i = 0; i < 1000; i++) {
        assert_true(rpc_skipped_note(&s, 6 * i + 1)); /* leaves 6i + 3 and 6i + 5 out */
        assert_false(rpc_skipped_note(&s, 6 * i + 1));
        assert_true(s.n <= RPC_SKIPPED_MAX);
        if (i == 0)
            assert_null(s.v); /* no gap, no memory */
        for (int32_t k = MAX(0, i - RPC_SKIPPED_MAX / 2); k < i; k++) {
            assert_false(rpc_skipped_has(&s, 6 * k + 1));
            assert_true(rpc_skipped_has(&s, 6 * k + 3));
            assert_true(rpc_skipped_has(&s, 6 * k + 5));
        }
    }
    rpc_skipped_done(&s);
}

/* ---- a server with limits of its own ---- */

static uint64_t count_of(struct server_world *s, enum rpc_guard g)
{
    struct rpc_server_stats stats;

    rpc_server_stats(s->w.server, &stats);
    return stats.guard.n[g];
}

static void test_own_limit(void **state)
{
    struct rpc_server_opts opts = {.limits.per_second = {[RPC_GUARD_PINGS] = 2}};
    struct server_world s;

    (void)state;
    server_up_with(&s, &opts);
    for (int i = 0; i < 3; i++)
        assert_int_equal(nghttp2_submit_ping(s.p.h2, 0, NULL), 0);
    peer_until(&s.p, s.w.loop, &s.p.n_goaway, 1);
    assert_int_equal(s.p.goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
    assert_string_equal(s.p.goaway_text, "ping: over 2 PING in a second");
    assert_int_equal(count_of(&s, RPC_GUARD_PINGS), 1);
    for (int i = 0; i < 20; i++)
        (void)peer_turn(&s.p, s.w.loop, SIZE_MAX);
    assert_int_equal(s.p.n_goaway, 1); /* said once */
    server_down(&s);
}

static void test_metrics(void **state)
{
    struct rpc_server_opts opts = {.limits.per_second = {[RPC_GUARD_PINGS] = 1}};
    struct rpc_guard_metrics *gm;
    struct server_world s;
    struct metrics *m;
    struct buf text;
    struct err err;

    (void)state;
    buf_init(&text, 1 << 20);
    server_up_with(&s, &opts);
    assert_int_equal(metrics_new(&m, &err), 0);
    assert_int_equal(rpc_guard_metrics_new(&gm, m, &err), 0);
    assert_int_equal(rpc_guard_metrics_server(gm, s.w.server, &err), 0);
    assert_int_equal(metrics_write(m, &text, &err), 0);
    assert_non_null(strstr(buf_cstr(&text, &err), "rpc_server_guard_total{guard=\"ping\"} 0\n"));
    for (int i = 0; i < 3; i++)
        assert_int_equal(nghttp2_submit_ping(s.p.h2, 0, NULL), 0);
    peer_until(&s.p, s.w.loop, &s.p.n_goaway, 1);
    server_down(&s);
    buf_clear(&text);
    assert_int_equal(metrics_write(m, &text, &err), 0); /* after the server's end too */
    assert_int_equal(metrics_write(m, &text, &err), 0); /* and not twice as many */
    assert_non_null(strstr(buf_cstr(&text, &err), "rpc_server_guard_total{guard=\"ping\"} 1\n"));
    assert_null(strstr(buf_cstr(&text, &err), "{guard=\"ping\"} 2\n"));
    metrics_free(m);
    rpc_guard_metrics_free(gm);
    buf_done(&text);
}

/* ---- connections ---- */

static int dial(struct world *w, const char *path)
{
    struct err err;
    int fd = fd_unix_connect(path, SOCK_STREAM, &err);

    assert_true(fd >= 0);
    run_for(w, 5);
    return fd;
}

/* What a refused client reads: SETTINGS, GOAWAY, end. */
static void check_refused(int fd, const char *text)
{
    uint8_t in[256];
    ssize_t n = recv(fd, in, sizeof(in) - 1, MSG_DONTWAIT);

    assert_true(n > 9 + 9 + 8);
    in[n] = 0;
    assert_int_equal(in[3], NGHTTP2_SETTINGS);
    assert_int_equal(in[9 + 3], NGHTTP2_GOAWAY);
    assert_int_equal(in[9 + 9 + 7], NGHTTP2_ENHANCE_YOUR_CALM);
    assert_string_equal((char *)in + 9 + 9 + 8, text);
    assert_int_equal(recv(fd, in, sizeof(in), MSG_DONTWAIT), 0);
}

static void check_connections(const struct rpc_server_opts *opts, enum rpc_guard g,
                              const char *text)
{
    struct world w = {0};
    struct rpc_server_stats stats;
    char dir[] = "/tmp/rpc-guard-XXXXXX", address[64];
    struct err err;
    int fds[4];

    assert_non_null(mkdtemp(dir));
    (void)snprintf(address, sizeof(address), "unix:%s/s", dir);
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&w.server, w.loop, opts, &err), 0);
    assert_int_equal(rpc_server_listen(w.server, address, NULL, NULL, &err), 0);
    for (int i = 0; i < 3; i++)
        fds[i] = dial(&w, address + 5);
    check_refused(fds[2], text);
    rpc_server_stats(w.server, &stats);
    assert_int_equal(stats.n_connections, 2);
    assert_int_equal(stats.guard.n[g], 1);
    (void)close(fds[0]);
    RUN_WHILE(&w, (rpc_server_stats(w.server, &stats), stats.n_connections > 1));
    fds[3] = dial(&w, address + 5); /* there is room again */
    rpc_server_stats(w.server, &stats);
    assert_int_equal(stats.n_connections, 2);
    assert_int_equal(stats.guard.n[g], 1);
    for (int i = 1; i < 4; i++)
        (void)close(fds[i]);
    world_down(&w);
    assert_int_equal(rmdir(dir), 0);
}

static void test_connections(void **state)
{
    (void)state;
    check_connections(&(struct rpc_server_opts){.max_connections = 2}, RPC_GUARD_CONNECTIONS,
                      "connections: 2 connections are open");
    check_connections(&(struct rpc_server_opts){.max_connections_per_peer = 2},
                      RPC_GUARD_CONNECTIONS_OF_PEER,
                      "connections_of_peer: 2 connections of this peer are open");
}

/* A peer that hears nothing: the PING goes out, no answer comes, the connection is given up. */
static void test_keepalive_timeout(void **state)
{
    struct rpc_server_opts opts = {.keepalive_ms = 20, .keepalive_timeout_ms = 40};
    struct rpc_server_stats stats;
    struct server_world s;
    uint64_t began_ms;

    (void)state;
    server_up_with(&s, &opts);
    for (int i = 0; i < 3; i++)
        (void)peer_turn(&s.p, s.w.loop, SIZE_MAX);
    began_ms = clock_monotonic_ms();
    RUN_WHILE(&s.w, (rpc_server_stats(s.w.server, &stats), stats.n_connections > 0));
    assert_true(clock_monotonic_ms() - began_ms >= 50);
    assert_int_equal(stats.guard.n[RPC_GUARD_DEAD_PEERS], 1);
    server_down(&s);
}

/* The same on the client: the call ends, with a sentence. */
static void test_keepalive_timeout_client(void **state)
{
    struct world w = {.channel_opts = {.keepalive_ms = 20, .keepalive_timeout_ms = 40}};
    struct peer p = {0};
    struct talk t = {0};
    struct err err;
    int sv[2];

    (void)state;
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    assert_int_equal(rpc_channel_new_fd(&w.channel, w.loop, sv[0], &w.channel_opts, &err), 0);
    peer_up(&p, sv[1], true);
    (void)peer_turn(&p, w.loop, SIZE_MAX);
    talk_start(&w, &t, "/t.T/Any", NULL);
    peer_until(&p, w.loop, &p.n_request, 1);
    run_until(&w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_UNAVAILABLE);
    assert_non_null(strstr(t.message, "answers no keepalive"));
    peer_down(&p);
    world_down(&w);
}

/* ---- headers ---- */

/* RFC 9113 6.5.2: what a list counts, name, value and 32 for each. */
static void ask_with_field(struct server_world *s, size_t n_value)
{
    static const char *const pairs[] = {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc",
                                        NULL};
    static char value[2 * LIMIT_RPC_METADATA];
    nghttp2_nv nv[16];
    size_t n = fields(nv, pairs);
    nghttp2_data_provider source = {.read_callback = peer_data};

    memset(value, 'v', sizeof(value));
    nv[n] = (nghttp2_nv){(uint8_t *)"x-large", (uint8_t *)value, 7, n_value, 0};
    s->p.n_data = s->p.at_data = 0;
    s->p.data_ends = true;
    s->p.seen[0] = '\0';
    assert_true(nghttp2_submit_request(s->p.h2, NULL, nv, n + 1, &source, NULL) > 0);
}

static void test_max_header_list(void **state)
{
    struct server_world s;

    (void)state;
    server_up(&s);
    ask_with_field(&s, LIMIT_RPC_METADATA - 1024);
    peer_until(&s.p, s.w.loop, &s.p.n_closed, 1);
    assert_non_null(strstr(s.p.seen, "grpc-status=0;"));
    ask_with_field(&s, LIMIT_RPC_METADATA);
    peer_until(&s.p, s.w.loop, &s.p.n_closed, 2);
    assert_non_null(strstr(s.p.seen, "grpc-status=8;"));
    assert_non_null(strstr(s.p.seen, "larger than 16384 bytes or 128 fields"));
    ask_with_field(&s, 10); /* the connection is as good as new */
    peer_until(&s.p, s.w.loop, &s.p.n_closed, 3);
    assert_non_null(strstr(s.p.seen, "grpc-status=0;"));
    assert_int_equal(s.p.n_goaway, 0);
    server_down(&s);
}

static void answer_large(struct peer *p, int32_t id)
{
    static const char *const head[] = {":status", "200", "content-type", "application/grpc", NULL};
    static char value[2 * LIMIT_RPC_METADATA];
    nghttp2_nv nv[16];
    size_t n = fields(nv, head);

    memset(value, 'v', sizeof(value));
    nv[n] = (nghttp2_nv){(uint8_t *)"x-large", (uint8_t *)value, 7, LIMIT_RPC_METADATA, 0};
    (void)nghttp2_submit_response(p->h2, id, nv, n + 1, NULL);
}

/* The same from a server: the call fails, the connection stays. */
static void test_max_header_list_client(void **state)
{
    struct world w = {0};
    struct peer p = {.on_request = answer_large};
    struct talk t = {0};
    struct err err;
    int sv[2];

    (void)state;
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    assert_int_equal(rpc_channel_new_fd(&w.channel, w.loop, sv[0], NULL, &err), 0);
    peer_up(&p, sv[1], true);
    talk_start(&w, &t, "/t.T/Any", NULL);
    peer_until(&p, w.loop, &t.n_done, 1);
    assert_int_equal(t.code, RPC_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(t.message, "larger than 16 KiB"));
    assert_int_equal(rpc_channel_state(w.channel), RPC_CHANNEL_READY);
    peer_down(&p);
    world_down(&w);
}

/* ---- deadlines ---- */

static uint64_t left_ms;

static void on_deadline_call(struct rpc_call *call, void *user)
{
    struct world *w = user;

    left_ms = rpc_call_deadline_ms(call) - loop_now_ms(w->loop);
    rpc_call_finish(call, RPC_OK, NULL);
}

static void test_deadline_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } cases[] = {
        {"2H", 7200000},       {"3M", 180000},     {"7S", 7000},
        {"1500m", 1500},       {"2000000u", 2000}, {"99999999n", 100},
        {"99999999u", 100000}, {"1n", 1},          {"00000100m", 100},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *const pairs[] = {GRPC_HEAD("/t.T/Deadline"),
                                     "content-type",
                                     "application/grpc",
                                     "grpc-timeout",
                                     cases[i].text,
                                     NULL};
        nghttp2_data_provider source = {.read_callback = peer_data};
        struct server_world s;
        nghttp2_nv nv[16];
        struct err err;

        server_up(&s);
        assert_int_equal(
            rpc_server_handle(s.w.server, "/t.T/Deadline", on_deadline_call, &s.w, &err), 0);
        s.p.data_ends = true;
        left_ms = 0;
        assert_true(nghttp2_submit_request(s.p.h2, NULL, nv, fields(nv, pairs), &source, NULL) > 0);
        peer_until(&s.p, s.w.loop, &s.p.n_closed, 1);
        if (left_ms != cases[i].ms)
            fail_msg("%s: %llu ms", cases[i].text, (unsigned long long)left_ms);
        server_down(&s);
    }
}

/* ---- messages that unpack to too much ---- */

/* A gRPC message of n zero bytes, compressed, into p->data. */
static void make_bomb(struct peer *p, size_t n)
{
    uint8_t *zeros = calloc(1, n);
    struct buf b;
    struct err err;

    assert_non_null(zeros);
    buf_init(&b, 2 * n + 4096); /* zlib asks for the worst case */
    assert_int_equal(rpc_gzip_pack(zeros, n, &b, &err), 0);
    p->n_data = 5 + buf_len(&b);
    p->at_data = 0;
    p->data_ends = true;
    assert_true(p->n_data <= sizeof(p->data));
    p->data[0] = 1;
    for (int i = 0; i < 4; i++)
        p->data[1 + i] = (uint8_t)(buf_len(&b) >> (24 - 8 * i));
    memcpy(p->data + 5, buf_data(&b), buf_len(&b));
    buf_done(&b);
    free(zeros);
}

static void test_bomb_to_server(void **state)
{
    static const char *const pairs[] = {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc",
                                        "grpc-encoding",        "gzip",         NULL};
    static const struct {
        size_t n, limit;
        bool is_taken;
    } cases[] = {
        {LIMIT_RPC_MESSAGE, 0, true}, {LIMIT_RPC_MESSAGE + 1, 0, false},
        {16 * 1024 * 1024, 0, false}, {1000, 1000, true},
        {1001, 1000, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        nghttp2_data_provider source = {.read_callback = peer_data};
        struct rpc_server_opts opts = {.max_message = cases[i].limit};
        struct server_world s;
        nghttp2_nv nv[16];

        server_up_with(&s, &opts);
        s.talk.echoes = false; /* the peer's window is small */
        make_bomb(&s.p, cases[i].n);
        assert_true(nghttp2_submit_request(s.p.h2, NULL, nv, fields(nv, pairs), &source, NULL) > 0);
        if (cases[i].is_taken) {
            peer_until(&s.p, s.w.loop, &s.talk.n_messages, 1);
            assert_int_equal(s.talk.n_bytes, cases[i].n);
        } else {
            peer_until(&s.p, s.w.loop, &s.p.n_closed, 1);
            assert_non_null(strstr(s.p.seen, "grpc-status=8;"));
            assert_int_equal(s.talk.n_messages, 0);
        }
        server_down(&s);
    }
}

static void answer_bomb(struct peer *p, int32_t id)
{
    static const char *const head[] = {
        ":status", "200", "content-type", "application/grpc", "grpc-encoding", "gzip", NULL};
    nghttp2_data_provider source = {.read_callback = peer_data};
    nghttp2_nv nv[16];

    make_bomb(p, LIMIT_RPC_MESSAGE + 1);
    (void)nghttp2_submit_response(p->h2, id, nv, fields(nv, head), &source);
}

static void test_bomb_to_client(void **state)
{
    struct world w = {0};
    struct peer p = {.on_request = answer_bomb};
    struct talk t = {.reads_on = true};
    struct err err;
    int sv[2];

    (void)state;
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    assert_int_equal(rpc_channel_new_fd(&w.channel, w.loop, sv[0], NULL, &err), 0);
    peer_up(&p, sv[1], true);
    talk_start(&w, &t, "/t.T/Any", NULL);
    rpc_call_read(t.call);
    peer_until(&p, w.loop, &t.n_done, 1);
    assert_int_equal(t.code, RPC_RESOURCE_EXHAUSTED);
    assert_string_equal(t.reason, "MessageTooLarge");
    assert_int_equal(t.n_messages, 0);
    peer_down(&p);
    world_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_meter),
        cmocka_unit_test(test_paid_window_updates),
        cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_own_limit),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_connections),
        cmocka_unit_test(test_keepalive_timeout),
        cmocka_unit_test(test_keepalive_timeout_client),
        cmocka_unit_test(test_max_header_list),
        cmocka_unit_test(test_max_header_list_client),
        cmocka_unit_test(test_deadline_units),
        cmocka_unit_test(test_bomb_to_server),
        cmocka_unit_test(test_bomb_to_client),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
