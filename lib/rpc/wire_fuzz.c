/*
 * Structure-aware: the input is a program of frames, so that most of what it says gets past the
 * framing and HPACK and reaches the streams and calls. Built twice: against our server, and with
 * WIRE_FUZZ_CLIENT against our client.
 *
 * An operation is a byte (its low four bits: see `ops`) and what it needs; short input reads as
 * zeros. Frames gather until OP_TURN, then the loop runs, so that the input also says what arrives
 * together.
 */
#include <assert.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/rpc/channel.h"
#include "lib/rpc/gzip.h"
#include "lib/rpc/server.h"

enum { CALLS = 4, MAX_INPUT = 4096, MAX_OUT = 1 << 20, MAX_OPS = 300, MAX_BLOCK = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct scene {
    const uint8_t *at;
    size_t n;
    struct buf out; /* what the peer is about to say */
    struct loop *loop;
    struct rpc_server *server;
    struct rpc_channel *channel;
    struct rpc_call *calls[CALLS]; /* open ones of the client; and of the server the last ones */
    unsigned n_calls;
    int fd;
};

static uint8_t take(struct scene *s)
{
    if (s->n == 0)
        return 0;
    s->n--;
    return *s->at++;
}

static uint32_t take_u32(struct scene *s)
{
    uint32_t v = take(s);

    for (int i = 0; i < 3; i++)
        v = v << 8 | take(s);
    return v;
}

/* ---- our side: echoes, and does what OP_ACT says ---- */

static void forget(struct scene *s, const struct rpc_call *call)
{
    for (unsigned i = 0; i < CALLS; i++)
        if (s->calls[i] == call)
            s->calls[i] = NULL;
}

static void on_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)user;
    (void)rpc_call_send(call, data, n, NULL);
    rpc_call_read(call);
}

static void on_half_close(struct rpc_call *call, void *user)
{
    (void)user;
    (void)rpc_call_add_trailer(call, "x-end-bin", "\0\1", 2, NULL);
    rpc_call_finish(call, RPC_OK, NULL);
}

static void on_data(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)user;
    (void)rpc_call_send_raw(call, data, n, NULL);
    rpc_call_consumed(call, n);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    assert(status->message && status->code >= 0);
    forget(user, call);
}

static const struct rpc_call_ops message_ops = {
    .on_message = on_message, .on_half_close = on_half_close, .on_done = on_done};
static const struct rpc_call_ops raw_ops = {
    .on_data = on_data, .on_half_close = on_half_close, .on_done = on_done};

#ifndef WIRE_FUZZ_CLIENT
static void on_call(struct rpc_call *call, void *user)
{
    struct scene *s = user;

    s->calls[s->n_calls++ % CALLS] = call;
    rpc_call_set_ops(call, &message_ops, s);
    rpc_call_read(call);
}

static void on_rest(struct rpc_call *call, void *user)
{
    rpc_call_set_ops(call, &raw_ops, user);
}
#endif

static void act(struct scene *s)
{
    uint8_t what = take(s);
    struct rpc_call *call = s->calls[what % CALLS];

    if (!call)
        return;
    switch (what >> 2 & 7) {
    case 0:
        rpc_call_cancel(call, RPC_ABORTED, "enough");
        break;
    case 1:
        (void)rpc_call_send(call, "hello", 5, NULL);
        break;
    case 2:
        rpc_call_read(call);
        break;
    case 3:
        rpc_call_abandon(call);
        forget(s, call);
        break;
#ifdef WIRE_FUZZ_CLIENT
    default:
        rpc_call_send_end(call);
#else
    default:
        rpc_call_finish(call, RPC_NOT_FOUND, "nothing \xc3\xa4");
#endif
    }
}

/* ---- frames ---- */

static void put(struct scene *s, const void *data, size_t n)
{
    (void)buf_append(&s->out, data, n, NULL); /* over its ceiling the rest is left out */
}

static void put_frame(struct scene *s, uint8_t type, uint8_t flags, uint32_t stream,
                      const void *data, size_t n)
{
    uint8_t head[] = {(uint8_t)(n >> 16),
                      (uint8_t)(n >> 8),
                      (uint8_t)n,
                      type,
                      flags,
                      (uint8_t)(stream >> 24),
                      (uint8_t)(stream >> 16),
                      (uint8_t)(stream >> 8),
                      (uint8_t)stream};

    put(s, head, sizeof(head));
    put(s, data, n);
}

/* Mostly streams that exist. */
static uint32_t take_stream(struct scene *s)
{
    uint8_t b = take(s);

    if (b < 16)
        return 2u * b + 1;
    return b < 32 ? b - 16u : b;
}

static const char *const names[] = {
    ":method",
    ":path",
    ":scheme",
    ":authority",
    ":status",
    "content-type",
    "te",
    "grpc-timeout",
    "grpc-encoding",
    "grpc-accept-encoding",
    "grpc-status",
    "grpc-message",
    "user-agent",
    "grpc-status-details-bin",
    "x-a",
    "x-b-bin",
    "Upper",
    "grpc-reserved",
    "connection",
    "content-length",
    "host",
    "cookie",
    "x-a",
    "grpc-retry-pushback-ms",
};
static const char *const values[] = {
    "POST",      "/e",
    "http",      "x",
    "200",       "application/grpc",
    "trailers",  "1S",
    "gzip",      "identity,gzip",
    "0",         "m%C3%A4%zz",
    "AAE",       "!",
    "",          "503",
    "99999999H", "application/grpc+proto",
    "14",        "GET",
    "404",       "5",
    "/e/e",      "-1",
};
static const uint8_t request[] = {0, 0, 1, 1, 2, 2, 3, 3, 6, 6, 5, 5};
static const uint8_t response[] = {4, 4, 5, 5};
static const uint8_t trailers[] = {10, 10};

static size_t put_text(uint8_t *to, const char *text, size_t n)
{
    to[0] = (uint8_t)n; /* < 127: RFC 7541 5.1 */
    memcpy(to + 1, text, n);
    return n + 1;
}

static size_t put_field(uint8_t *to, const char *name, const char *value)
{
    size_t n = 1;

    to[0] = 0; /* a literal that is not indexed */
    n += put_text(to + n, name, strlen(name));
    return n + put_text(to + n, value, strlen(value));
}

static size_t put_template(uint8_t *to, const uint8_t *pairs, size_t n_pairs)
{
    size_t n = 0;

    for (size_t i = 0; i + 1 < n_pairs; i += 2)
        n += put_field(to + n, names[pairs[i]], values[pairs[i + 1]]);
    return n;
}

static size_t make_block(struct scene *s, uint8_t *to)
{
    uint8_t kind = take(s), n_more = take(s) % 12;
    size_t n = 0;

    switch (kind & 3) {
    case 0:
        n = put_template(to, request, sizeof(request));
        break;
    case 1:
        n = put_template(to, response, sizeof(response));
        break;
    case 2:
        n = put_template(to, trailers, sizeof(trailers));
        break;
    default:
        break;
    }
    for (uint8_t i = 0; i < n_more; i++)
        n += put_field(to + n, names[take(s) % ARRAY_SIZE(names)],
                       values[take(s) % ARRAY_SIZE(values)]);
    return n;
}

static void put_head(struct scene *s)
{
    uint32_t stream = take_stream(s);
    uint8_t flags = take(s), block[MAX_BLOCK];

    /* Without padding and priority, which OP_RAW can say; ends where it should unless told not to.
     */
    flags = (uint8_t)((flags & NGHTTP2_FLAG_END_STREAM) |
                      (flags & 0x80 ? 0 : NGHTTP2_FLAG_END_HEADERS));
    put_frame(s, NGHTTP2_HEADERS, flags, stream, block, make_block(s, block));
}

static void put_continuation(struct scene *s)
{
    uint32_t stream = take_stream(s);
    uint8_t flags = take(s) & NGHTTP2_FLAG_END_HEADERS, block[MAX_BLOCK];

    put_frame(s, NGHTTP2_CONTINUATION, flags, stream, block, make_block(s, block));
}

/* A gRPC message: flag, length said, length sent. */
static void put_message(struct scene *s)
{
    uint32_t stream = take_stream(s);
    uint8_t flags = take(s) & NGHTTP2_FLAG_END_STREAM, body[5 + 255] = {0};
    uint8_t said_high = take(s), said = take(s), sent = take(s);

    body[0] = said_high >> 6;
    body[3] = said_high & 0x3f;
    body[4] = said;
    put_frame(s, NGHTTP2_DATA, flags, stream, body, 5u + sent);
}

static void put_gzip(struct scene *s)
{
    static const uint8_t plain[2048];
    uint32_t stream = take_stream(s);
    size_t n = take(s) * 8u;
    uint8_t flags = take(s) & NGHTTP2_FLAG_END_STREAM, cut = take(s) & 3, head[5] = {1};
    struct buf b;

    buf_init(&b, 64 * 1024);
    (void)buf_append(&b, head, sizeof(head), NULL);
    if (rpc_gzip_pack(plain, n, &b, NULL) == 0) {
        size_t len = buf_len(&b) - cut;

        b.mem[b.start + 4] = (uint8_t)(len - 5); /* 2 KiB of zeros pack to less than 256 bytes */
        put_frame(s, NGHTTP2_DATA, flags, stream, buf_data(&b), len);
    }
    buf_done(&b);
}

static void put_bytes(struct scene *s, int type)
{
    uint32_t stream = type >= 0 ? take_stream(s) : 0;
    uint8_t flags = type >= 0 ? take(s) : 0;
    size_t n = take(s);

    n = MIN(n, s->n);
    if (type >= 0)
        put_frame(s, (uint8_t)type, flags, stream, s->at, n);
    else
        put(s, s->at, n);
    s->at += n;
    s->n -= n;
}

static void put_number(struct scene *s, uint8_t type, uint32_t stream)
{
    uint32_t v = take_u32(s);
    uint8_t body[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

    put_frame(s, type, 0, stream, body, sizeof(body));
}

static void put_settings(struct scene *s)
{
    uint8_t flags = take(s), body[6] = {0, take(s) % 10};

    if (flags & 1) {
        put_frame(s, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
        return;
    }
    for (int i = 2; i < 6; i++)
        body[i] = take(s);
    put_frame(s, NGHTTP2_SETTINGS, 0, 0, body, sizeof(body));
}

/* ---- the program ---- */

static void turn(struct scene *s)
{
    uint8_t junk[4096];
    size_t step = take(s) ? take(s) + 1u : SIZE_MAX;

    while (buf_len(&s->out) > 0) {
        ssize_t n = send(s->fd, buf_data(&s->out), MIN(buf_len(&s->out), step),
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EAGAIN)
            buf_clear(&s->out);
        else if (n > 0)
            buf_consume(&s->out, (size_t)n);
        (void)loop_turn(s->loop, false);
        while (recv(s->fd, junk, sizeof(junk), MSG_DONTWAIT) > 0)
            ;
    }
    (void)loop_turn(s->loop, false);
}

static void op(struct scene *s)
{
    uint8_t code = take(s) & 15;

    switch (code) {
    case 0:
        turn(s);
        break;
    case 1:
        put_head(s);
        break;
    case 2:
        put_message(s);
        break;
    case 3:
        put_bytes(s, NGHTTP2_DATA);
        break;
    case 4:
        put_number(s, NGHTTP2_RST_STREAM, take_stream(s));
        break;
    case 5:
        put_settings(s);
        break;
    case 6:
        put_frame(s, NGHTTP2_PING, take(s) & 1, 0, "12345678", 8);
        break;
    case 7:
        put_bytes(s, NGHTTP2_GOAWAY);
        break;
    case 8:
        put_number(s, NGHTTP2_WINDOW_UPDATE, take_stream(s));
        break;
    case 9:
        put_continuation(s);
        break;
    case 10:
        put_bytes(s, NGHTTP2_PRIORITY);
        break;
    case 11:
        put_bytes(s, -1);
        break;
    case 12:
        act(s);
        break;
    case 13:
        put_gzip(s);
        break;
    case 14:
        put_bytes(s, NGHTTP2_HEADERS);
        break;
    default:
        put_bytes(s, take(s));
    }
}

#ifdef WIRE_FUZZ_CLIENT
static void scene_up(struct scene *s, int fd)
{
    static const uint8_t settings[9] = {0, 0, 0, NGHTTP2_SETTINGS};
    int r = rpc_channel_new_fd(&s->channel, s->loop, fd, NULL, NULL);

    assert(r == 0);
    put(s, settings, sizeof(settings));
    for (unsigned i = 0; i < CALLS; i++) {
        struct rpc_call_opts opts = {.raw = i == 3, .gzip = i == 1, .unary_response = i == 0};

        r = rpc_channel_call(s->channel, "/e", &opts, i == 3 ? &raw_ops : &message_ops, s,
                             &s->calls[i], NULL);
        assert(r == 0);
        if (i < 2)
            rpc_call_read(s->calls[i]);
        if (i % 2 == 0)
            rpc_call_send_end(s->calls[i]);
    }
}
#else
static void scene_up(struct scene *s, int fd)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0";
    int r = rpc_server_new(&s->server, s->loop, NULL, NULL) |
            rpc_server_handle(s->server, "/e", on_call, s, NULL);

    assert(r == 0);
    rpc_server_handle_rest_raw(s->server, on_rest, s);
    r = rpc_server_serve_fd(s->server, fd, NULL, NULL, NULL);
    assert(r == 0);
    put(s, preface, sizeof(preface));
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene s = {.at = data, .n = size};
    int sv[2], r;

    if (size == 0 || size > MAX_INPUT)
        return 0;
    buf_init(&s.out, MAX_OUT);
    r = loop_new(&s.loop, NULL) | socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv);
    assert(r == 0);
    s.fd = sv[1];
    scene_up(&s, sv[0]);
    for (int i = 0; i < MAX_OPS && s.n > 0; i++)
        op(&s);
    turn(&s);
    turn(&s);
    rpc_channel_free(s.channel);
    rpc_server_free(s.server);
    (void)close(s.fd);
    buf_done(&s.out);
    loop_free(s.loop);
    return 0;
}
