#include "tests/attack/frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"

enum { DATA_FRAME = 16384 };

/* ---- writing ---- */

void put(struct out *o, const void *data, size_t n)
{
    if (n > 0)
        memcpy(o->at + o->n, data, n);
    o->n += n;
}

static void write_u32(uint8_t *to, uint32_t v)
{
    to[0] = (uint8_t)(v >> 24);
    to[1] = (uint8_t)(v >> 16);
    to[2] = (uint8_t)(v >> 8);
    to[3] = (uint8_t)v;
}

static uint32_t read_u32(const uint8_t *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

void put_frame(struct out *o, uint8_t type, uint8_t flags, uint32_t stream, const void *data,
               size_t n)
{
    uint8_t head[FRAME_HEAD] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, type, flags};

    write_u32(head + 5, stream);
    put(o, head, sizeof(head));
    put(o, data, n);
}

void put_u32_frame(struct out *o, uint8_t type, uint32_t stream, uint32_t value)
{
    uint8_t payload[4];

    write_u32(payload, value);
    put_frame(o, type, 0, stream, payload, sizeof(payload));
}

void put_settings(struct out *o, uint16_t id, uint32_t value)
{
    uint8_t payload[6] = {(uint8_t)(id >> 8), (uint8_t)id};

    write_u32(payload + 2, value);
    put_frame(o, F_SETTINGS, 0, 0, payload, sizeof(payload));
}

/* HPACK: an integer in the low bits of the first byte (RFC 7541 5.1). */
static size_t integer(uint8_t *to, uint8_t first, uint32_t max, size_t value)
{
    size_t n = 0;

    if (value < max) {
        to[n++] = (uint8_t)(first | value);
        return n;
    }
    to[n++] = (uint8_t)(first | max);
    for (value -= max; value >= 128; value >>= 7)
        to[n++] = (uint8_t)(value & 127) | 128;
    to[n++] = (uint8_t)value;
    return n;
}

size_t literal(uint8_t *to, const char *name, size_t n_name, const char *value, size_t n_value)
{
    size_t n = 0;

    to[n++] = 0;
    n += integer(to + n, 0, 127, n_name);
    memcpy(to + n, name, n_name);
    n += n_name;
    n += integer(to + n, 0, 127, n_value);
    memcpy(to + n, value, n_value);
    return n + n_value;
}

size_t request_head(uint8_t *to, const char *path)
{
    static const char rest[] = "\x01\x09localhost\x0f\x10\x10"
                               "application/grpc";
    size_t n = 0;

    to[n++] = 0x83; /* :method POST */
    to[n++] = 0x86; /* :scheme http */
    to[n++] = 0x04; /* :path        */
    n += integer(to + n, 0, 127, strlen(path));
    memcpy(to + n, path, strlen(path));
    n += strlen(path);
    memcpy(to + n, rest, sizeof(rest) - 1);
    n += sizeof(rest) - 1;
    return n + literal(to + n, "te", 2, "trailers", 8);
}

void put_request(struct out *o, uint32_t stream, const char *path, uint8_t flags)
{
    uint8_t block[256];

    put_frame(o, F_HEADERS, flags, stream, block, request_head(block, path));
}

void put_message(struct out *o, uint32_t stream, uint32_t n, bool is_end)
{
    static const uint8_t zeros[DATA_FRAME];
    uint8_t head[5] = {0};

    write_u32(head + 1, n);
    put_frame(o, F_DATA, 0, stream, head, sizeof(head));
    do {
        size_t step = MIN(n, (uint32_t)DATA_FRAME);

        n -= (uint32_t)step;
        put_frame(o, F_DATA, is_end && n == 0 ? FL_END : 0, stream, zeros, step);
    } while (n > 0);
}

/* ---- the connection ---- */

int wire_open(struct wire *w, uint16_t port, int receive_bytes)
{
    struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;

    *w = (struct wire){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (w->fd < 0)
        return -1;
    if (receive_bytes)
        (void)setsockopt(w->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    (void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(w->fd, (struct sockaddr *)&in, sizeof(in)) == 0 &&
        fd_set_nonblock(w->fd, NULL) == 0)
        return 0;
    wire_close(w);
    return -1;
}

static void take_frame(struct wire *w, const uint8_t *frame, size_t n)
{
    w->n_frames[frame[3] & 15]++;
    if (frame[3] == F_DATA)
        w->window_taken += (uint32_t)n;
    if (frame[3] != F_GOAWAY || n < 8 || w->code)
        return;
    w->has_goaway = true;
    w->code = read_u32(frame + FRAME_HEAD + 4);
    n = MIN(n - 8, sizeof(w->text) - 1);
    memcpy(w->text, frame + FRAME_HEAD + 8, n);
    w->text[n] = '\0';
}

static void take_frames(struct wire *w)
{
    size_t at = 0;

    while (w->n_in - at >= FRAME_HEAD) {
        const uint8_t *f = w->in + at;
        size_t n = (size_t)f[0] << 16 | (size_t)f[1] << 8 | f[2];

        if (w->n_in - at < FRAME_HEAD + n)
            break;
        take_frame(w, f, n);
        at += FRAME_HEAD + n;
    }
    memmove(w->in, w->in + at, w->n_in - at);
    w->n_in -= at;
}

void wire_read(struct wire *w, int ms)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};

    if (w->is_closed || poll(&p, 1, ms) <= 0)
        return;
    for (;;) {
        ssize_t n = recv(w->fd, w->in + w->n_in, sizeof(w->in) - w->n_in, 0);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            w->is_closed = true;
            return;
        }
        w->n_in += (size_t)n;
        take_frames(w);
    }
}

bool wire_send(struct wire *w, const uint8_t *data, size_t n, bool deaf, int ms)
{
    uint64_t end_ms = clock_monotonic_ms() + (uint64_t)ms;

    while (n > 0) {
        ssize_t done = send(w->fd, data, n, MSG_NOSIGNAL);
        struct pollfd p = {.fd = w->fd, .events = POLLOUT | (deaf ? 0 : POLLIN)};

        if (done < 0 && errno != EAGAIN) {
            wire_read(w, 0); /* what it said at last */
            w->is_closed = true;
            return false;
        }
        if (done > 0) {
            data += done;
            n -= (size_t)done;
            continue;
        }
        (void)poll(&p, 1, 20);
        if (!deaf)
            wire_read(w, 0);
        if (w->is_closed || clock_monotonic_ms() > end_ms)
            return false;
    }
    if (!deaf)
        wire_read(w, 0);
    return !w->is_closed;
}

void wire_close(struct wire *w)
{
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
}
