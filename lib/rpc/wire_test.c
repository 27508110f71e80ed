/*
 * Our server and our client against a bare nghttp2 peer that says exactly what the test wants: odd
 * heads, odd ends, garbage and floods.
 */
#include "lib/rpc/wire_peer.h"

#include <zlib.h>

#include "lib/base/limits.h"

struct request {
    const char *name;
    const char *pairs[24];
    const char *body;
    size_t n_body;
    const char *want; /* in what is seen */
};

static const struct request requests[] = {
    {"echo",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc"},
     "\0\0\0\0\2hi",
     7,
     ":status=200;content-type=application/grpc;grpc-accept-encoding=identity,gzip;grpc-status=0;"},
    {"content-type is answered in kind",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc+proto"},
     "\0\0\0\0\2hi",
     7,
     "content-type=application/grpc+proto;grpc-accept-encoding=identity,gzip;grpc-status=0;"},
    {"no message",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc"},
     "",
     0,
     "grpc-status=0;"},
    {"GET",
     {":method", "GET", ":scheme", "http", ":path", "/t.T/Echo", ":authority", "x"},
     "",
     0,
     ":status=405;"},
    {"not gRPC",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/json"},
     "{}",
     2,
     ":status=415;"},
    {"no content-type", {GRPC_HEAD("/t.T/Echo")}, "", 0, ":status=415;"},
    {"unknown method",
     {GRPC_HEAD("/t.T/None"), "content-type", "application/grpc"},
     "",
     0,
     "grpc-status=12;"},
    {"bad timeout",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc", "grpc-timeout", "soon"},
     "",
     0,
     "grpc-status=13;"},
    {"no time at all",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc", "grpc-timeout", "0n"},
     "\0\0\0\0",
     4,
     "grpc-status=4;"},
    {"bad base64",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc", "x-bin", "!"},
     "",
     0,
     "grpc-status=13;"},
    {"unknown encoding",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc", "grpc-encoding", "zip"},
     "\1\0\0\0\2hi",
     7,
     "grpc-accept-encoding=identity,gzip;grpc-status=12;"},
    {"compressed without encoding",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc"},
     "\1\0\0\0\2hi",
     7,
     "grpc-status=13;"},
    {"garbage frame",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc"},
     "GET / HT",
     8,
     "grpc-status=13;"},
    {"truncated message",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc"},
     "\0\0\0\0\5hi",
     7,
     "grpc-status=13;"},
    {"too large",
     {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc"},
     "\0\0\x40\0\1hi",
     7,
     "grpc-status=8;"},
};

static void send_request(struct peer *p, const struct request *r)
{
    nghttp2_data_provider source = {.read_callback = peer_data};
    nghttp2_nv nv[16];

    memcpy(p->data, r->body, r->n_body);
    p->n_data = r->n_body;
    p->at_data = 0;
    p->data_ends = true;
    assert_true(nghttp2_submit_request(p->h2, NULL, nv, fields(nv, r->pairs), &source, NULL) > 0);
}

static void test_requests(void **state)
{
    (void)state;
    for (size_t step = 1; step < 40; step += 19) {
        for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
            struct server_world s;
            uint64_t end = clock_monotonic_ms() + 10000;

            server_up(&s);
            send_request(&s.p, &requests[i]);
            while (s.p.n_closed == 0 && clock_monotonic_ms() < end)
                (void)peer_turn(&s.p, s.w.loop, step);
            if (!strstr(s.p.seen, requests[i].want))
                fail_msg("%s: want %s, seen %s", requests[i].name, requests[i].want, s.p.seen);
            assert_int_equal(s.p.n_closed, 1);
            assert_int_equal(s.p.n_goaway, 0);
            server_down(&s);
        }
    }
}

static void test_gzip_request(void **state)
{
    static const char *const pairs[] = {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc",
                                        "grpc-encoding",        "gzip",         NULL};
    struct server_world s;
    z_stream z = {.next_in = (Bytef *)"squeezed", .avail_in = 8};
    nghttp2_data_provider source = {.read_callback = peer_data};
    nghttp2_nv nv[16];

    (void)state;
    server_up(&s);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = s.p.data + 5;
    z.avail_out = 1000;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    (void)deflateEnd(&z);
    s.p.data[0] = 1;
    s.p.data[4] = (uint8_t)(1000 - z.avail_out);
    s.p.n_data = 5 + 1000 - z.avail_out;
    s.p.data_ends = true;
    assert_true(nghttp2_submit_request(s.p.h2, NULL, nv, fields(nv, pairs), &source, NULL) > 0);
    peer_until(&s.p, s.w.loop, &s.p.n_closed, 1);
    assert_string_equal(s.talk.last, "squeezed");
    assert_non_null(strstr(s.p.seen, "grpc-status=0;"));
    server_down(&s);
}

static void on_early(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_PERMISSION_DENIED, "not you");
}

/* The server has said all while the client still talks: trailers, then RST_STREAM NO_ERROR. */
static void test_early_end(void **state)
{
    static const char *const pairs[] = {GRPC_HEAD("/t.T/Early"), "content-type", "application/grpc",
                                        NULL};
    nghttp2_data_provider source = {.read_callback = peer_data};
    struct server_world s;
    nghttp2_nv nv[16];
    struct err err;

    (void)state;
    server_up(&s);
    assert_int_equal(rpc_server_handle(s.w.server, "/t.T/Early", on_early, NULL, &err), 0);
    s.p.n_data = 5; /* an empty message, no end */
    assert_true(nghttp2_submit_request(s.p.h2, NULL, nv, fields(nv, pairs), &source, NULL) > 0);
    peer_until(&s.p, s.w.loop, &s.p.n_closed, 1);
    assert_non_null(strstr(s.p.seen, "grpc-status=7;grpc-message=not you;"));
    assert_int_equal(s.p.close_code, NGHTTP2_NO_ERROR);
    assert_int_equal(s.p.n_end, 1);
    server_down(&s);
}

/* ---- garbage and floods ---- */

static void test_garbage(void **state)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    static const struct {
        const char *bytes;
        size_t n;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", 18},
        {"\x16\x03\x01\x02", 4},
        {"\0\0\0\x07\0\0\0\0\0", 9},                      /* GOAWAY that is too short        */
        {"\0\0\4\x08\0\0\0\0\0\0\0\0\0", 13},             /* WINDOW_UPDATE of nothing        */
        {"\0\0\6\x04\0\0\0\0\0\0\4\xff\xff\xff\xff", 15}, /* window larger than 2^31 - 1     */
        {"\xff\xff\xff\0\0\0\0\0\1", 9},                  /* DATA larger than the frame size */
        {"\0\0\1\1\4\0\0\0\1\xff", 10},                   /* HEADERS that are no HPACK       */
        {"\0\0\1\0\0\0\0\0\1x", 10},                      /* DATA on an idle stream          */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases) * 2; i++) {
        bool with_preface = i >= ARRAY_SIZE(cases);
        size_t at = i % ARRAY_SIZE(cases);
        struct rpc_server_stats stats;
        struct server_world s;

        if (with_preface && cases[at].n < 9)
            continue; /* not yet a frame */
        server_up(&s);
        if (with_preface) {
            assert_int_equal(write(s.p.fd, preface, 24), 24);
            assert_int_equal(write(s.p.fd, "\0\0\0\4\0\0\0\0\0", 9), 9);
        }
        assert_int_equal(write(s.p.fd, cases[at].bytes, cases[at].n), cases[at].n);
        print_message("garbage case %zu\n", i);
        RUN_WHILE(&s.w, (rpc_server_stats(s.w.server, &stats), stats.n_connections > 0));
        server_down(&s);
    }
}

static void say_get(struct server_world *s, uint8_t id)
{
    uint8_t frame[] = {0, 0, 6, 1, 5, 0, 0, 0, id, 0x82, 0x86, 0x84, 0x41, 1, 'x'};

    assert_int_equal(write(s->p.fd, frame, sizeof(frame)), sizeof(frame));
}

/* Identifiers may be left out, but not used afterwards; late frames of closed streams are no harm.
 */
static void test_stream_ids(void **state)
{
    static const uint8_t ids[] = {5, 9, 21};
    struct rpc_server_stats stats;
    struct server_world s;

    (void)state;
    for (uint8_t last = 1; last <= 23; last += 2) {
        bool is_skipped = last < 21;

        if (last == 5 || last == 9 || last == 21)
            continue;

        server_up(&s);
        assert_int_equal(write(s.p.fd, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33),
                         33);
        for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
            say_get(&s, ids[i]);
        run_for(&s.w, 5);
        rpc_server_stats(s.w.server, &stats);
        assert_int_equal(stats.n_connections, 1);
        say_get(&s, last);
        if (is_skipped)
            RUN_WHILE(&s.w, (rpc_server_stats(s.w.server, &stats), stats.n_connections > 0));
        else
            run_for(&s.w, 5);
        rpc_server_stats(s.w.server, &stats);
        assert_int_equal(stats.n_connections, !is_skipped);
        server_down(&s);
    }
}

/* Says it n times; the server must end the connection, with ENHANCE_YOUR_CALM. */
static void check_flood(void (*say)(struct peer *p, int i), int n)
{
    struct server_world s;
    bool is_open = true;

    server_up(&s);
    (void)peer_turn(&s.p, s.w.loop, SIZE_MAX);
    for (int i = 0; i < n && is_open; i++) {
        say(&s.p, i);
        if (i % 16 == 0)
            is_open = peer_turn(&s.p, s.w.loop, SIZE_MAX) && s.p.n_goaway == 0;
    }
    for (int i = 0; i < 100 && s.p.n_goaway == 0 && is_open; i++)
        is_open = peer_turn(&s.p, s.w.loop, SIZE_MAX);
    assert_int_equal(s.p.n_goaway, 1);
    assert_int_equal(s.p.goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
    server_down(&s);
}

static void say_ping(struct peer *p, int i)
{
    (void)i;
    assert_int_equal(nghttp2_submit_ping(p->h2, 0, NULL), 0);
}

static void say_settings(struct peer *p, int i)
{
    (void)i;
    (void)nghttp2_submit_settings(p->h2, 0, NULL, 0);
}

static void say_reset(struct peer *p, int i)
{
    static const char *const pairs[] = {GRPC_HEAD("/t.T/Hold"), "content-type", "application/grpc",
                                        NULL};
    nghttp2_data_provider source = {.read_callback = peer_data};
    nghttp2_nv nv[16];
    int32_t id;

    (void)i;
    p->n_data = p->at_data = 0;
    id = nghttp2_submit_request(p->h2, NULL, nv, fields(nv, pairs), &source, NULL);
    assert_true(id > 0);
    while (nghttp2_session_want_write(p->h2)) {
        const uint8_t *out;
        ssize_t n = nghttp2_session_mem_send(p->h2, &out);

        if (n <= 0 || send(p->fd, out, (size_t)n, MSG_NOSIGNAL) != n)
            break;
    }
    (void)nghttp2_submit_rst_stream(p->h2, 0, id, NGHTTP2_CANCEL);
}

static void say_large_head(struct peer *p, int i)
{
    static char value[3000];
    nghttp2_nv nv[64] = {0};
    static const char *const pairs[] = {GRPC_HEAD("/t.T/Echo"), "content-type", "application/grpc",
                                        NULL};
    size_t n = fields(nv, pairs);

    (void)i;
    memset(value, 'b', sizeof(value));
    for (; n < 64; n++)
        nv[n] = (nghttp2_nv){(uint8_t *)"x-bomb", (uint8_t *)value, 6, sizeof(value), 0};
    (void)nghttp2_submit_request(p->h2, NULL, nv, n, NULL, NULL);
}

static void test_floods(void **state)
{
    (void)state;
    check_flood(say_ping, 2000);
    check_flood(say_settings, 2000);
    check_flood(say_reset, 5000);
    check_flood(say_large_head, 200);
}

/* ---- our client ---- */

struct answer {
    const char *name;
    const char *head[10];
    const char *body;
    size_t n_body;
    const char *trailers[10];
    uint32_t reset; /* instead of trailers; 0: none, ~0: the stream just ends */
    int code;
    const char *message; /* part of it */
    int n_messages;
};

#define OK_HEAD ":status", "200", "content-type", "application/grpc"
enum { JUST_END = 0xffffffff };

static const struct answer answers[] = {
    {"fine", {OK_HEAD}, "\0\0\0\0\2hi", 7, {"grpc-status", "0"}, 0, RPC_OK, "", 1},
    {"trailers-only",
     {OK_HEAD, "grpc-status", "5", "grpc-message", "gr%C3%B6%C3%9Fe"},
     NULL,
     0,
     {0},
     0,
     RPC_NOT_FOUND,
     "größe",
     0},
    {"no grpc-status",
     {OK_HEAD},
     "\0\0\0\0\2hi",
     7,
     {"x", "y"},
     0,
     RPC_INTERNAL,
     "without grpc-status",
     1},
    {"ends", {OK_HEAD}, "\0\0\0\0\2hi", 7, {0}, JUST_END, RPC_INTERNAL, "without grpc-status", 1},
    {"HTTP 503",
     {":status", "503", "content-type", "text/html"},
     "<p>",
     3,
     {0},
     JUST_END,
     RPC_UNAVAILABLE,
     "503",
     0},
    {"HTTP 404", {":status", "404"}, NULL, 0, {0}, 0, RPC_UNIMPLEMENTED, "404", 0},
    {"HTTP 401", {":status", "401"}, NULL, 0, {0}, 0, RPC_UNAUTHENTICATED, "401", 0},
    {"HTTP 418", {":status", "418"}, NULL, 0, {0}, 0, RPC_UNKNOWN, "418", 0},
    {"not gRPC",
     {":status", "200", "content-type", "text/html"},
     "<p>",
     3,
     {0},
     JUST_END,
     RPC_UNKNOWN,
     "text/html",
     0},
    {"other messages",
     {":status", "200", "content-type", "application/grpc+json"},
     "\0\0\0\0\2{}",
     7,
     {"grpc-status", "0"},
     0,
     RPC_UNKNOWN,
     "grpc+json",
     0},
    {"protobuf by name",
     {":status", "200", "content-type", "application/grpc+proto;x=y"},
     "\0\0\0\0\2hi",
     7,
     {"grpc-status", "0"},
     0,
     RPC_OK,
     "",
     1},
    {"unknown encoding",
     {OK_HEAD, "grpc-encoding", "zip"},
     "\0\0\0\0\2hi",
     7,
     {"grpc-status", "0"},
     0,
     RPC_INTERNAL,
     "grpc-encoding \"zip\"",
     0},
    {"compressed without encoding",
     {OK_HEAD},
     "\1\0\0\0\2hi",
     7,
     {"grpc-status", "0"},
     0,
     RPC_INTERNAL,
     "compressed",
     0},
    {"truncated",
     {OK_HEAD},
     "\0\0\0\0\5hi",
     7,
     {"grpc-status", "0"},
     0,
     RPC_INTERNAL,
     "middle of a message",
     0},
    {"truncated, but said why",
     {OK_HEAD},
     "\0\0\0\0\5hi",
     7,
     {"grpc-status", "14"},
     0,
     RPC_UNAVAILABLE,
     "",
     0},
    {"garbage", {OK_HEAD}, "abcdefg", 7, {"grpc-status", "0"}, 0, RPC_INTERNAL, "flag byte 97", 0},
    {"reset CANCEL", {OK_HEAD}, "\0\0\0\0\2hi", 7, {0}, NGHTTP2_CANCEL, RPC_CANCELLED, "CANCEL", 1},
    {"reset REFUSED", {OK_HEAD}, "", 0, {0}, NGHTTP2_REFUSED_STREAM, RPC_UNAVAILABLE, "REFUSED", 0},
    {"reset CALM",
     {OK_HEAD},
     "",
     0,
     {0},
     NGHTTP2_ENHANCE_YOUR_CALM,
     RPC_RESOURCE_EXHAUSTED,
     "CALM",
     0},
    {"reset INTERNAL", {OK_HEAD}, "", 0, {0}, NGHTTP2_INTERNAL_ERROR, RPC_INTERNAL, "INTERNAL", 0},
    {"strange status", {OK_HEAD}, "", 0, {"grpc-status", "77"}, 0, RPC_UNKNOWN, "", 0},
};

static const struct answer *current;

static ssize_t answer_data(nghttp2_session *h2, int32_t id, uint8_t *to, size_t max,
                           uint32_t *flags, nghttp2_data_source *source, void *user)
{
    ssize_t n = peer_data(h2, id, to, max, flags, source, user);
    nghttp2_nv nv[16];

    if (!(*flags & NGHTTP2_DATA_FLAG_EOF) || current->reset == JUST_END)
        return n;
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (current->reset)
        (void)nghttp2_submit_rst_stream(h2, 0, id, current->reset);
    else
        (void)nghttp2_submit_trailer(h2, id, nv, fields(nv, current->trailers));
    return n;
}

static void give_answer(struct peer *p, int32_t id)
{
    nghttp2_data_provider source = {.read_callback = answer_data};
    nghttp2_nv nv[16];
    size_t n = fields(nv, current->head);

    p->n_data = current->n_body;
    p->at_data = 0;
    p->data_ends = current->reset == JUST_END;
    if (current->body)
        memcpy(p->data, current->body, current->n_body);
    (void)nghttp2_submit_response(p->h2, id, nv, n, current->body ? &source : NULL);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t step = 1; step < 40; step += 38) {
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
            struct world w = {0};
            struct peer p = {.on_request = give_answer};
            struct talk t = {.reads_on = true};
            struct err err;
            int sv[2];

            current = &answers[i];
            assert_int_equal(loop_new(&w.loop, &err), 0);
            assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
            assert_int_equal(rpc_channel_new_fd(&w.channel, w.loop, sv[0], NULL, &err), 0);
            peer_up(&p, sv[1], true);
            talk_start(&w, &t, "/t.T/Any", NULL);
            rpc_call_read(t.call);
            for (uint64_t end = clock_monotonic_ms() + 10000;
                 !t.n_done && clock_monotonic_ms() < end;)
                (void)peer_turn(&p, w.loop, step);
            if (t.n_done != 1 || t.code != current->code || !strstr(t.message, current->message) ||
                t.n_messages != current->n_messages)
                fail_msg("%s: code %d, %d messages, \"%s\"", current->name, t.code, t.n_messages,
                         t.message);
            /* The connection is as good as new. */
            assert_int_equal(rpc_channel_state(w.channel), RPC_CHANNEL_READY);
            peer_down(&p);
            world_down(&w);
        }
    }
}

/* What a request of ours looks like. */
static void test_our_request(void **state)
{
    struct world w = {.channel_opts = {.user_agent = "test/1"}};
    struct peer p = {0};
    struct talk t = {0};
    struct rpc_call_opts opts = {.timeout_ms = 5000};
    struct err err;
    int sv[2];

    (void)state;
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    assert_int_equal(rpc_channel_new_fd(&w.channel, w.loop, sv[0], &w.channel_opts, &err), 0);
    peer_up(&p, sv[1], true);
    (void)peer_turn(&p, w.loop, SIZE_MAX);
    talk_start(&w, &t, "/t.T/Any", &opts);
    peer_until(&p, w.loop, &p.n_request, 1);
    assert_non_null(
        strstr(p.seen, ":method=POST;:scheme=http;:path=/t.T/Any;:authority=localhost;te=trailers;"
                       "content-type=application/grpc;user-agent=test/1 agent-sandbox-c/"));
    assert_non_null(strstr(p.seen, "grpc-accept-encoding=identity,gzip;"));
    assert_non_null(strstr(p.seen, "grpc-timeout="));
    peer_down(&p);
    world_down(&w);
}

/* A peer that says nothing is given up. */
static void test_silent_peer(void **state)
{
    struct world w = {.channel_opts = {.connect_timeout_ms = 30},
                      .server_opts = {.handshake_ms = 30}};
    struct talk t = {0};
    struct rpc_server_stats stats;
    struct err err;
    int sv[2], other[2];

    (void)state;
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&w.server, w.loop, &w.server_opts, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, other), 0);
    assert_int_equal(rpc_channel_new_fd(&w.channel, w.loop, sv[0], &w.channel_opts, &err), 0);
    assert_int_equal(rpc_server_serve_fd(w.server, other[0], NULL, NULL, &err), 0);
    talk_start(&w, &t, "/t.T/Any", NULL);
    run_until(&w, &t.n_done, 1);
    assert_int_equal(t.code, RPC_UNAVAILABLE);
    assert_non_null(strstr(t.message, "within 30 ms"));
    RUN_WHILE(&w, (rpc_server_stats(w.server, &stats), stats.n_connections > 0));
    (void)close(sv[1]);
    (void)close(other[1]);
    world_down(&w);
}

/* Frames come whole here: each is written at once. */
static bool got_ping(int fd)
{
    uint8_t in[4096];
    ssize_t n = recv(fd, in, sizeof(in), 0);

    for (ssize_t i = 0; i + 9 <= n; i += 9 + (in[i] << 16 | in[i + 1] << 8 | in[i + 2]))
        if (in[i + 3] == NGHTTP2_PING && in[i + 4] == 0)
            return true;
    return false;
}

/* One that is silent is asked, and has 20 s to answer. */
static void test_keepalive(void **state)
{
    struct world w = {.server_opts = {.keepalive_ms = 20}};
    struct peer p = {0};
    struct rpc_server_stats stats;
    struct err err;
    int sv[2];

    (void)state;
    assert_int_equal(loop_new(&w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&w.server, w.loop, &w.server_opts, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    assert_int_equal(rpc_server_serve_fd(w.server, sv[0], NULL, NULL, &err), 0);
    peer_up(&p, sv[1], false);
    (void)peer_turn(&p, w.loop, SIZE_MAX);
    (void)peer_turn(&p, w.loop, SIZE_MAX);
    RUN_WHILE(&w, !got_ping(p.fd));
    rpc_server_stats(w.server, &stats);
    assert_int_equal(stats.n_connections, 1);
    peer_down(&p);
    world_down(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),    cmocka_unit_test(test_gzip_request),
        cmocka_unit_test(test_early_end),   cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_floods),      cmocka_unit_test(test_answers),
        cmocka_unit_test(test_our_request), cmocka_unit_test(test_silent_peer),
        cmocka_unit_test(test_keepalive),   cmocka_unit_test(test_stream_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
