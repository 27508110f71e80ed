/*
 * rpc-floor ADDRESS [CERT KEY]: what nghttp2 itself costs, the floor of bench/rpc. It answers every
 * path with what came: ".../Bidi" as the bytes come, all else when the request has ended. Fixed
 * header fields, no metadata, no message decoding, no deadlines, no limits: not a server to use.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_STREAMS = 100000, STREAM_WINDOW = 1 << 20, CONN_WINDOW = 16 << 20, OUT_MARK = 65536 };

struct stream {
    struct stream *next, *prev;
    int32_t id;
    bool is_bidi, has_ended, is_answered, is_deferred;
    uint8_t *data;
    size_t n, off, cap;
};

struct conn {
    int fd;
    SSL *ssl;
    bool is_up, waits_write;
    nghttp2_session *session;
    struct stream *streams;
    uint8_t *out;
    size_t n_out, out_off, out_cap;
};

#define FIELD(n, v)                                                                                \
    {                                                                                              \
        (uint8_t *)(n), (uint8_t *)(v), sizeof(n) - 1, sizeof(v) - 1,                              \
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE                           \
    }

static nghttp2_nv response[] = {FIELD(":status", "200"), FIELD("content-type", "application/grpc")};
static nghttp2_nv trailers[] = {FIELD("grpc-status", "0")};
static nghttp2_session_callbacks *callbacks;
static nghttp2_option *option;
static SSL_CTX *ssl_ctx;
static int epoll_fd;
static uint8_t in_buf[131072];

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

static void append(uint8_t **p, size_t *n, size_t *cap, const uint8_t *data, size_t n_data)
{
    if (*n + n_data > *cap) {
        size_t want = *cap > 0 ? *cap : 64;

        while (want < *n + n_data)
            want *= 2;
        *p = realloc(*p, want);
        if (!*p)
            die("rpc-floor: memory");
        *cap = want;
    }
    memcpy(*p + *n, data, n_data);
    *n += n_data;
}

/* ---- streams ---- */

static ssize_t read_answer(nghttp2_session *session, int32_t id, uint8_t *buf, size_t n,
                           uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct stream *s = source->ptr;
    size_t k = s->n - s->off < n ? s->n - s->off : n;

    (void)user;
    if (k > 0)
        memcpy(buf, s->data + s->off, k);
    s->off += k;
    if (s->off < s->n)
        return (ssize_t)k;
    s->off = s->n = 0;
    if (s->has_ended) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        (void)nghttp2_submit_trailer(session, id, trailers, 1);
    } else if (k == 0) {
        s->is_deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    return (ssize_t)k;
}

static void resume(nghttp2_session *session, struct stream *s)
{
    if (s->is_deferred)
        (void)nghttp2_session_resume_data(session, s->id);
    s->is_deferred = false;
}

static void answer(nghttp2_session *session, struct stream *s)
{
    nghttp2_data_provider provider = {.source.ptr = s, .read_callback = read_answer};

    if (!s->is_answered)
        (void)nghttp2_submit_response(session, s->id, response, 2, &provider);
    s->is_answered = true;
    resume(session, s);
}

static int on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct conn *c = user;
    struct stream *s;

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    s = calloc(1, sizeof(*s));
    if (!s)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    s->id = frame->hd.stream_id;
    s->next = c->streams;
    if (s->next)
        s->next->prev = s;
    c->streams = s;
    return nghttp2_session_set_stream_user_data(session, s->id, s);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t n_name, const uint8_t *value, size_t n, uint8_t flags, void *user)
{
    struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)flags;
    (void)user;
    if (s && n_name == 5 && memcmp(name, ":path", 5) == 0)
        s->is_bidi = n > 4 && memcmp(value + n - 4, "Bidi", 4) == 0;
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)user;
    if (!s || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        s->has_ended = true;
    if (s->is_bidi || s->has_ended)
        answer(session, s);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t n, void *user)
{
    struct stream *s = nghttp2_session_get_stream_user_data(session, id);

    (void)flags;
    (void)user;
    if (!s)
        return 0;
    append(&s->data, &s->n, &s->cap, data, n);
    resume(session, s);
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *user)
{
    struct stream *s = nghttp2_session_get_stream_user_data(session, id);
    struct conn *c = user;

    (void)code;
    if (!s)
        return 0;
    if (s->prev)
        s->prev->next = s->next;
    else
        c->streams = s->next;
    if (s->next)
        s->next->prev = s->prev;
    free(s->data);
    free(s);
    return 0;
}

/* ---- connections ---- */

static void conn_free(struct conn *c)
{
    struct stream *next;

    nghttp2_session_del(c->session);
    for (struct stream *s = c->streams; s; s = next) {
        next = s->next;
        free(s->data);
        free(s);
    }
    SSL_free(c->ssl);
    (void)close(c->fd);
    free(c->out);
    free(c);
}

/* What SSL said as read() and write() would. */
static ssize_t transport(struct conn *c, int r)
{
    int e = SSL_get_error(c->ssl, r);

    ERR_clear_error();
    if (r > 0)
        return r;
    errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

static void watch(struct conn *c, int op, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = c};

    if (epoll_ctl(epoll_fd, op, c->fd, &e) < 0)
        die("rpc-floor: epoll_ctl");
}

static void wait_write(struct conn *c, bool on)
{
    if (c->waits_write != on)
        watch(c, EPOLL_CTL_MOD, on ? EPOLLIN | EPOLLOUT : EPOLLIN);
    c->waits_write = on;
}

/* Takes frames until there is a good piece to write; < 0 is the end. */
static int gather(struct conn *c)
{
    const uint8_t *data;
    ssize_t n = 1;

    c->n_out = c->out_off = 0;
    while (n > 0 && c->n_out <= OUT_MARK) {
        n = nghttp2_session_mem_send(c->session, &data);
        if (n > 0)
            append(&c->out, &c->n_out, &c->out_cap, data, (size_t)n);
    }
    return n < 0 ? -1 : 0;
}

static int flush(struct conn *c)
{
    for (;;) {
        ssize_t n;
        size_t left;

        if (c->out_off == c->n_out && gather(c) < 0)
            return -1;
        left = c->n_out - c->out_off;
        if (left == 0)
            break;
        n = c->ssl ? transport(c, SSL_write(c->ssl, c->out + c->out_off, (int)left))
                   : write(c->fd, c->out + c->out_off, left);
        if (n < 0 && errno != EAGAIN)
            return -1;
        if (n < 0) {
            wait_write(c, true);
            return 0;
        }
        c->out_off += (size_t)n;
    }
    wait_write(c, false);
    if (!c->streams) {
        free(c->out);
        c->out = NULL;
        c->out_cap = 0;
    }
    return nghttp2_session_want_read(c->session) || nghttp2_session_want_write(c->session) ? 0 : -1;
}

static int begin(struct conn *c)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW}};

    c->is_up = true;
    if (nghttp2_session_server_new2(&c->session, callbacks, c, option) != 0 ||
        nghttp2_submit_settings(c->session, 0, settings, 2) != 0)
        return -1;
    return nghttp2_session_set_local_window_size(c->session, 0, 0, CONN_WINDOW);
}

static int readable(struct conn *c)
{
    ssize_t n;

    if (!c->is_up) {
        if (transport(c, SSL_accept(c->ssl)) < 0)
            return errno == EAGAIN ? 0 : -1;
        if (begin(c) != 0)
            return -1;
    }
    do {
        n = c->ssl ? transport(c, SSL_read(c->ssl, in_buf, sizeof(in_buf)))
                   : read(c->fd, in_buf, sizeof(in_buf));
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return -1;
        if (n > 0 && nghttp2_session_mem_recv(c->session, in_buf, (size_t)n) != n)
            return -1;
    } while (n > 0 && (c->ssl || (size_t)n == sizeof(in_buf)));
    return flush(c);
}

static void accept_one(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
    struct conn *c;

    if (fd < 0)
        return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c = calloc(1, sizeof(*c));
    if (!c)
        die("rpc-floor: memory");
    c->fd = fd;
    watch(c, EPOLL_CTL_ADD, EPOLLIN);
    if (ssl_ctx) {
        c->ssl = SSL_new(ssl_ctx);
        if (!c->ssl || SSL_set_fd(c->ssl, fd) != 1)
            conn_free(c);
    } else if (begin(c) != 0 || flush(c) < 0) {
        conn_free(c);
    }
}

static _Noreturn void serve(int listener)
{
    struct epoll_event events[512], e = {.events = EPOLLIN};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &e) < 0)
        die("rpc-floor: epoll_ctl");
    for (;;) {
        int n = epoll_wait(epoll_fd, events, 512, -1);

        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            bool is_input = (events[i].events & ~(uint32_t)EPOLLOUT) != 0;

            if (!c)
                accept_one(listener);
            else if ((is_input || !c->is_up ? readable(c) : flush(c)) < 0)
                conn_free(c);
        }
    }
}

/* ---- setting up ---- */

static int select_alpn(SSL *ssl, const uint8_t **out, uint8_t *n_out, const uint8_t *in, unsigned n,
                       void *user)
{
    (void)ssl;
    (void)user;
    return nghttp2_select_next_protocol((uint8_t **)out, n_out, in, n) == 1
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void make_tls(const char *cert, const char *key)
{
    ssl_ctx = SSL_CTX_new(TLS_server_method());
    if (!ssl_ctx || SSL_CTX_use_certificate_chain_file(ssl_ctx, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(ssl_ctx, key, SSL_FILETYPE_PEM) != 1)
        die("rpc-floor: certificate");
    (void)SSL_CTX_set_mode(ssl_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(ssl_ctx, select_alpn, NULL);
}

static void make_nghttp2(void)
{
    if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&option) != 0)
        die("rpc-floor: memory");
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
}

static int listen_on(char *address)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    char *colon = strrchr(address, ':');
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

    if (!colon || fd < 0)
        die("rpc-floor: address");
    *colon = '\0';
    addr.sin_port = htons((uint16_t)atoi(colon + 1));
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (inet_pton(AF_INET, address, &addr.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 4096) < 0)
        die("rpc-floor: address");
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 4) {
        fprintf(stderr, "usage: rpc-floor ADDRESS [CERT KEY]\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0)
        die("rpc-floor: epoll_create1");
    if (argc == 4)
        make_tls(argv[2], argv[3]);
    make_nghttp2();
    serve(listen_on(argv[1]));
}
