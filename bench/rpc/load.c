/*
 * rpc-load: cheap load for gRPC servers. It writes frames that were encoded before and decodes no
 * headers, about 1 us a call, so that a server is measured and not its client. Prints one line of
 * JSON.
 *
 *   rpc-load -a HOST:PORT -m unary|bidi|idle|used|connect [-s] [-C conns] [-M streams] [-n calls]
 *            [-S bytes] [-w messages] [-r rate] [-D seconds] [-W seconds] [-p PID]
 *
 * It trusts the server to speak proper HTTP/2. Each message is a gRPC message of one bytes field.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/rpc/load.h"

enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, GOAWAY = 7, WINDOW = 8 };
enum { FLAG_END = 1, FLAG_ACK = 1, FLAG_END_HEADERS = 4 };
enum { MAX_DATA = 16384, IDS = 4096, OUT_MARK = 1 << 20, WINDOW_MARK = 1 << 28 };
enum { DEFAULT_WINDOW = 65535, OUR_WINDOW = 0x3fffffff, SETTINGS_HEAD = 64 };

struct stream {
    uint32_t id;
    bool is_open;
    int64_t window;     /* what we may send                            */
    uint64_t n_left;    /* bytes of messages to send                   */
    uint64_t n_in;      /* bytes of the message that comes             */
    uint64_t n_unacked; /* bytes taken since the last WINDOW_UPDATE    */
    uint64_t *started;  /* when each message under way began: a ring   */
    unsigned head, tail;
};

struct conn {
    int fd;
    SSL *ssl;
    enum { DOWN, HANDSHAKE, UP, FINISHED } state;
    uint64_t dialled;
    uint32_t next_id, stream_window;
    int64_t window;
    uint64_t n_unacked;
    struct stream *streams;
    unsigned *free, n_free;
    uint16_t by_id[IDS];
    uint8_t *out;
    size_t n_out, out_off, out_cap;
    bool waits_write;
    unsigned n_calls; /* MODE_USED */
    /* the frame that comes */
    uint8_t head[9], payload[SETTINGS_HEAD];
    uint32_t n_head, len, id, n_payload;
    uint8_t type, flags;
};

static struct options o = {.n_conns = 1,
                           .n_streams = 1,
                           .n_calls = 1,
                           .n_bytes = 32,
                           .n_window = 1,
                           .seconds = 2,
                           .warmup = 0.7};
static struct conn *conns;
static SSL_CTX *ssl_ctx;
static int epoll_fd;
static uint8_t head_block[REQUEST_HEAD_MAX], *message, in_buf[1 << 18];
static size_t n_head_block, n_message;
static bool is_measuring;
static struct histogram latency;
static uint64_t n_done, n_errors, n_bytes_in, n_answers;
static unsigned n_rested; /* connections that have made their calls */

/* ---- what is sent ---- */

static void put(struct conn *c, const void *data, size_t n)
{
    if (c->n_out + n > c->out_cap) {
        size_t cap = c->out_cap > 0 ? c->out_cap : 4096;

        while (cap < c->n_out + n)
            cap *= 2;
        c->out = realloc(c->out, cap);
        if (!c->out)
            die("rpc-load: memory");
        c->out_cap = cap;
    }
    memcpy(c->out + c->n_out, data, n);
    c->n_out += n;
}

static void put_frame(struct conn *c, uint32_t len, uint8_t type, uint8_t flags, uint32_t id)
{
    uint8_t head[9] = {
        (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,       type,       flags,
        (uint8_t)(id >> 24),  (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};

    put(c, head, sizeof(head));
}

static void put_window(struct conn *c, uint32_t id, uint32_t n)
{
    uint32_t value = htonl(n);

    put_frame(c, sizeof(value), WINDOW, 0, id);
    put(c, &value, sizeof(value));
}

/* As much of what is left as the windows let through. */
static void put_data(struct conn *c, struct stream *s)
{
    bool ends = o.mode != MODE_BIDI;

    while (s->n_left > 0 && c->n_out - c->out_off <= OUT_MARK) {
        size_t off = (n_message - s->n_left % n_message) % n_message;
        int64_t n = s->n_left < MAX_DATA ? (int64_t)s->n_left : MAX_DATA;

        n = n < s->window ? n : s->window;
        n = n < c->window ? n : c->window;
        n = n < (int64_t)(n_message - off) ? n : (int64_t)(n_message - off);
        if (n <= 0)
            return;
        s->n_left -= (uint64_t)n;
        s->window -= n;
        c->window -= n;
        put_frame(c, (uint32_t)n, DATA, ends && s->n_left == 0 ? FLAG_END : 0, s->id);
        put(c, message + off, (size_t)n);
    }
}

static void put_all_data(struct conn *c)
{
    for (unsigned i = 0; i < o.n_streams; i++)
        if (c->streams[i].is_open && c->streams[i].n_left > 0)
            put_data(c, &c->streams[i]);
}

static struct stream *open_stream(struct conn *c)
{
    unsigned i = c->free[--c->n_free];
    struct stream *s = &c->streams[i];

    s->id = c->next_id;
    c->next_id += 2;
    s->is_open = true;
    s->window = c->stream_window;
    s->n_left = s->n_in = s->n_unacked = 0;
    s->head = s->tail = 0;
    c->by_id[(s->id >> 1) % IDS] = (uint16_t)i;
    put_frame(c, (uint32_t)n_head_block, HEADERS, FLAG_END_HEADERS, s->id);
    put(c, head_block, n_head_block);
    return s;
}

static void send_message(struct conn *c, struct stream *s, uint64_t start)
{
    s->started[s->head++ % o.n_window] = start;
    s->n_left += n_message;
    put_data(c, s);
}

static void begin(struct conn *c)
{
    static const uint8_t settings[] = {0, 4, 0x3f, 0xff, 0xff, 0xff, /* our window */
                                       0, 2, 0,    0,    0,    0,    /* no push    */
                                       0, 3, 0,    0,    0,    0};
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    uint64_t start = o.mode == MODE_CONNECT ? c->dialled : now_ns();
    unsigned n_messages = o.mode == MODE_BIDI ? o.n_window : o.mode == MODE_IDLE ? 0 : 1;

    c->state = UP;
    put(c, preface, sizeof(preface) - 1);
    put_frame(c, sizeof(settings), SETTINGS, 0, 0);
    put(c, settings, sizeof(settings));
    put_window(c, 0, OUR_WINDOW);
    for (unsigned i = 0; i < o.n_streams && o.rate == 0; i++) {
        struct stream *s = open_stream(c);

        for (unsigned k = 0; k < n_messages; k++)
            send_message(c, s, start);
    }
}

/* ---- what comes ---- */

static struct stream *find(struct conn *c, uint32_t id)
{
    struct stream *s = &c->streams[c->by_id[(id >> 1) % IDS]];

    return o.n_streams > 0 && s->is_open && s->id == id ? s : NULL;
}

static void count(const struct stream *s, unsigned i)
{
    if (!is_measuring)
        return;
    n_done++;
    histogram_add(&latency, now_ns() - s->started[i % o.n_window]);
}

static void end_stream(struct conn *c, struct stream *s, bool is_reset)
{
    s->is_open = false;
    c->free[c->n_free++] = (unsigned)(s - c->streams);
    if (is_reset || o.mode == MODE_BIDI || o.mode == MODE_IDLE || s->n_in < n_message)
        n_errors++;
    else
        count(s, s->tail++);
    if ((o.mode == MODE_UNARY && o.rate == 0) || (o.mode == MODE_USED && ++c->n_calls < o.n_calls))
        send_message(c, open_stream(c), now_ns());
    else if (o.mode == MODE_USED)
        n_rested++;
    if (o.mode == MODE_CONNECT)
        c->state = FINISHED;
}

static void take_data(struct conn *c, uint32_t n)
{
    struct stream *s = find(c, c->id);

    if (is_measuring)
        n_bytes_in += n;
    c->n_unacked += n;
    if (c->n_unacked > WINDOW_MARK) {
        put_window(c, 0, (uint32_t)c->n_unacked);
        c->n_unacked = 0;
    }
    if (!s)
        return;
    s->n_in += n;
    s->n_unacked += n;
    if (s->n_unacked > WINDOW_MARK) {
        put_window(c, s->id, (uint32_t)s->n_unacked);
        s->n_unacked = 0;
    }
    while (o.mode == MODE_BIDI && s->n_in >= n_message && s->tail != s->head) {
        s->n_in -= n_message;
        count(s, s->tail++);
        send_message(c, s, now_ns());
    }
}

static void take_settings(struct conn *c)
{
    if (c->flags & FLAG_ACK)
        return;
    for (uint32_t i = 0; i + 6 <= c->n_payload; i += 6) {
        uint32_t value;

        memcpy(&value, c->payload + i + 2, sizeof(value));
        if (c->payload[i] != 0 || c->payload[i + 1] != 4)
            continue;
        for (unsigned k = 0; k < o.n_streams; k++)
            c->streams[k].window += (int64_t)ntohl(value) - c->stream_window;
        c->stream_window = ntohl(value);
    }
    put_frame(c, 0, SETTINGS, FLAG_ACK, 0);
    put_all_data(c);
}

static void take_window(struct conn *c)
{
    struct stream *s = find(c, c->id);
    uint32_t n;

    memcpy(&n, c->payload, sizeof(n));
    n = ntohl(n) & 0x7fffffff;
    if (c->id == 0) {
        c->window += n;
        put_all_data(c);
    } else if (s) {
        s->window += n;
        put_data(c, s);
    }
}

/* A whole frame is there: of its payload the first bytes, of DATA none. */
static void take_frame(struct conn *c)
{
    struct stream *s = find(c, c->id);

    switch (c->type) {
    case HEADERS:
        n_answers++;
        if (s && c->flags & FLAG_END)
            end_stream(c, s, false);
        break;
    case DATA:
        if (s && c->flags & FLAG_END)
            end_stream(c, s, false);
        break;
    case RST_STREAM:
        if (s)
            end_stream(c, s, true);
        break;
    case SETTINGS:
        take_settings(c);
        break;
    case PING:
        if (!(c->flags & FLAG_ACK)) {
            put_frame(c, 8, PING, FLAG_ACK, 0);
            put(c, c->payload, 8);
        }
        break;
    case GOAWAY:
        n_errors++;
        break;
    case WINDOW:
        take_window(c);
        break;
    default:
        break;
    }
}

static void take_head(struct conn *c)
{
    const uint8_t *h = c->head;

    c->len = (uint32_t)h[0] << 16 | (uint32_t)h[1] << 8 | h[2];
    c->type = h[3];
    c->flags = h[4];
    c->id = ((uint32_t)h[5] << 24 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 8 | h[8]) & 0x7fffffff;
    c->n_payload = 0;
}

static void take(struct conn *c, const uint8_t *data, size_t n)
{
    while (n > 0 && c->state == UP) {
        size_t k = sizeof(c->head) - c->n_head;

        if (k > 0) {
            k = k < n ? k : n;
            memcpy(c->head + c->n_head, data, k);
            c->n_head += (uint32_t)k;
            data += k;
            n -= k;
            if (c->n_head < sizeof(c->head))
                return;
            take_head(c);
        }
        k = c->len - c->n_payload;
        k = k < n ? k : n;
        if (c->type == DATA && k > 0)
            take_data(c, (uint32_t)k);
        else if (c->n_payload < sizeof(c->payload))
            memcpy(c->payload + c->n_payload, data,
                   k < sizeof(c->payload) - c->n_payload ? k : sizeof(c->payload) - c->n_payload);
        c->n_payload += (uint32_t)k;
        data += k;
        n -= k;
        if (c->n_payload == c->len) {
            c->n_head = 0;
            c->n_payload = c->n_payload < sizeof(c->payload) ? c->n_payload : sizeof(c->payload);
            take_frame(c);
        }
    }
}

/* ---- connections ---- */

/* As write() and read(); -1 with EAGAIN when it would block, 0 and -1 otherwise are the end. */
static ssize_t transport(struct conn *c, ssize_t r)
{
    int e = SSL_get_error(c->ssl, (int)r);

    ERR_clear_error();
    if (r > 0)
        return r;
    errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

static ssize_t write_some(struct conn *c, const uint8_t *data, size_t n)
{
    if (c->ssl)
        return transport(c, SSL_write(c->ssl, data, (int)n));
    return send(c->fd, data, n, MSG_NOSIGNAL);
}

static ssize_t read_some(struct conn *c, uint8_t *data, size_t n)
{
    if (c->ssl)
        return transport(c, SSL_read(c->ssl, data, (int)n));
    return recv(c->fd, data, n, 0);
}

static void watch(struct conn *c, int op, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};

    if (epoll_ctl(epoll_fd, op, c->fd, &e) < 0)
        die("rpc-load: epoll_ctl");
}

static void wait_write(struct conn *c, bool on)
{
    if (c->waits_write != on)
        watch(c, EPOLL_CTL_MOD, on ? EPOLLIN | EPOLLOUT : EPOLLIN);
    c->waits_write = on;
}

static int flush(struct conn *c)
{
    do {
        while (c->out_off < c->n_out) {
            ssize_t n = write_some(c, c->out + c->out_off, c->n_out - c->out_off);

            if (n < 0 && errno == EAGAIN) {
                wait_write(c, true);
                return 0;
            }
            if (n <= 0)
                return -1;
            c->out_off += (size_t)n;
        }
        c->n_out = c->out_off = 0;
        put_all_data(c); /* what the mark held back */
    } while (c->n_out > 0);
    wait_write(c, false);
    return 0;
}

static int handshake(struct conn *c)
{
    if (transport(c, SSL_connect(c->ssl)) < 0)
        return errno == EAGAIN ? 0 : -1;
    begin(c);
    return flush(c);
}

static int readable(struct conn *c)
{
    while (c->state == UP) {
        ssize_t n = read_some(c, in_buf, sizeof(in_buf));

        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0)
            return -1;
        take(c, in_buf, (size_t)n);
        if (!c->ssl && (size_t)n < sizeof(in_buf))
            break;
    }
    return c->state == UP ? flush(c) : 0;
}

static void reset_conn(struct conn *c)
{
    c->next_id = 1;
    c->stream_window = DEFAULT_WINDOW;
    c->window = DEFAULT_WINDOW;
    c->n_out = c->out_off = c->n_head = 0;
    c->n_unacked = 0;
    c->waits_write = false;
    c->n_free = o.n_streams;
    for (unsigned i = 0; i < o.n_streams; i++) {
        c->free[i] = o.n_streams - 1 - i;
        c->streams[i].is_open = false;
    }
}

static int dial(struct conn *c)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)o.port)};
    struct linger linger = {.l_onoff = 1};
    int on = 1;

    if (inet_pton(AF_INET, o.host, &addr.sin_addr) != 1) {
        fprintf(stderr, "rpc-load: %s is no IPv4 address\n", o.host);
        exit(2);
    }
    reset_conn(c);
    c->dialled = now_ns();
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
        die("rpc-load: connect");
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (o.mode == MODE_CONNECT) /* a reset instead of TIME_WAIT, of which there would be too many */
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0)
        die("rpc-load: fcntl");
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
    if (!o.tls) {
        begin(c);
        return flush(c);
    }
    c->ssl = SSL_new(ssl_ctx);
    if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1)
        die("rpc-load: TLS");
    c->state = HANDSHAKE;
    return handshake(c);
}

static void hang_up(struct conn *c)
{
    SSL_free(c->ssl);
    c->ssl = NULL;
    (void)close(c->fd);
    c->state = DOWN;
}

static void on_event(struct conn *c, uint32_t events)
{
    int r;

    if (c->state == HANDSHAKE)
        r = handshake(c);
    else
        r = events & ~(uint32_t)EPOLLOUT ? readable(c) : flush(c);
    if (r == 0 && c->state != FINISHED)
        return;
    n_errors += r < 0;
    hang_up(c);
    if (o.mode == MODE_CONNECT)
        (void)dial(c); /* what fails is seen at the next event */
}

/* ---- the run ---- */

/* Open loop: starts the calls that are due; a call's latency counts from when it was due. */
static void start_due(uint64_t *due, uint64_t now)
{
    static unsigned turn;

    for (; *due <= now; *due += (uint64_t)(1e9 / o.rate)) {
        struct conn *c = &conns[turn++ % o.n_conns];

        if (c->state != UP || c->n_free == 0) {
            n_errors++; /* too slow by all the streams we have */
            continue;
        }
        send_message(c, open_stream(c), *due);
        (void)flush(c);
    }
}

static void turn(uint64_t *due)
{
    struct epoll_event events[512];
    struct timespec wait = {.tv_nsec = 20000000};
    uint64_t now = now_ns();
    int n;

    if (o.rate > 0) {
        start_due(due, now);
        wait.tv_nsec = *due > now_ns() ? (long)(*due - now_ns()) : 0;
        wait.tv_nsec = wait.tv_nsec < 20000000 ? wait.tv_nsec : 20000000;
    }
    n = epoll_pwait2(epoll_fd, events, 512, &wait, NULL);
    for (int i = 0; i < n; i++)
        on_event(events[i].data.ptr, events[i].events);
}

static void turn_until(uint64_t end_ns, uint64_t *due)
{
    while (now_ns() < end_ns)
        turn(due);
}

static void connect_all(uint64_t *due)
{
    uint64_t end = now_ns() + 30000000000u;

    for (unsigned i = 0; i < o.n_conns; i++) {
        if (dial(&conns[i]) < 0)
            die("rpc-load: the first connection");
        if (o.mode == MODE_IDLE && i % 16 == 15)
            turn(due);
    }
    while (o.mode == MODE_USED && n_rested < o.n_conns && now_ns() < end)
        turn(due);
    while (o.mode == MODE_IDLE && n_answers < (uint64_t)o.n_conns * o.n_streams && now_ns() < end)
        turn(due);
}

static void run_idle(void)
{
    long before = process_kib(o.pid, "smaps_rollup", "Pss:"), after;
    uint64_t due = UINT64_MAX;
    unsigned n_up = 0;

    connect_all(&due);
    turn_until(now_ns() + (uint64_t)(o.seconds * 1e9), &due);
    after = process_kib(o.pid, "smaps_rollup", "Pss:");
    for (unsigned i = 0; i < o.n_conns; i++)
        n_up += conns[i].state == UP;
    printf("{\"conns\": %u, \"answers\": %lu, \"errors\": %lu, \"kib_each\": %.2f}\n", n_up,
           n_answers, n_errors, (double)(after - before) / o.n_conns);
}

static void run_load(void)
{
    uint64_t due = UINT64_MAX, start, cpu, end;
    double seconds, n;

    connect_all(&due);
    turn_until(now_ns() + 200000000u, &due); /* the handshakes */
    due = o.rate > 0 ? now_ns() : UINT64_MAX;
    turn_until(now_ns() + (uint64_t)(o.warmup * 1e9), &due);
    is_measuring = true;
    n_errors = 0;
    start = now_ns();
    cpu = process_cpu_ns(o.pid);
    turn_until(start + (uint64_t)(o.seconds * 1e9), &due);
    cpu = process_cpu_ns(o.pid) - cpu;
    end = now_ns();
    seconds = (double)(end - start) / 1e9;
    n = n_done > 0 ? (double)n_done : 1;
    printf("{\"ops\": %lu, \"ops_s\": %.0f, \"gb_s\": %.4f, \"p50_us\": %.0f, \"p99_us\": %.0f, "
           "\"cpu_us\": %.3f, \"errors\": %lu}\n",
           n_done, (double)n_done / seconds, (double)n_bytes_in / seconds / 1e9,
           histogram_quantile(&latency, 0.5), histogram_quantile(&latency, 0.99),
           (double)cpu / 1e3 / n, n_errors);
}

/* ---- setting up ---- */

static void make_conns(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files); /* what is too low fails at connect() */
    }
    conns = zalloc(o.n_conns, sizeof(*conns));
    for (unsigned i = 0; i < o.n_conns; i++) {
        conns[i].streams = zalloc(o.n_streams, sizeof(struct stream));
        conns[i].free = zalloc(o.n_streams, sizeof(unsigned));
        for (unsigned k = 0; k < o.n_streams; k++)
            conns[i].streams[k].started = zalloc(o.n_window, sizeof(uint64_t));
    }
}

static void make_tls(void)
{
    ssl_ctx = SSL_CTX_new(TLS_client_method());
    if (!ssl_ctx || SSL_CTX_set_alpn_protos(ssl_ctx, (const uint8_t *)"\x02h2", 3) != 0)
        die("rpc-load: TLS");
    (void)SSL_CTX_set_mode(ssl_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
}

int main(int argc, char **argv)
{
    if (!options_parse(&o, argc, argv)) {
        fprintf(
            stderr,
            "usage: rpc-load -a HOST:PORT -m unary|bidi|idle|used|connect [-s] [-C conns] "
            "[-M streams] [-n calls] [-S bytes] [-w messages] [-r rate] [-D s] [-W s] [-p PID]\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        die("rpc-load: epoll_create1");
    if (o.tls)
        make_tls();
    n_head_block = request_head(&o, head_block);
    message = request_message(&o, &n_message);
    make_conns();
    if (o.mode == MODE_IDLE || o.mode == MODE_USED)
        run_idle();
    else
        run_load();
    return 0;
}
