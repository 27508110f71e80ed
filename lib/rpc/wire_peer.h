#pragma once
/* For tests: a bare nghttp2 peer that says exactly what the test wants, and a server of ours for
 * it. */
#include "lib/rpc/test_util.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <unistd.h>

#include "lib/base/fd.h"

#define GRPC_HEAD(path)                                                                            \
    ":method", "POST", ":scheme", "http", ":path", path, ":authority", "x", "te", "trailers"

struct peer {
    nghttp2_session *h2;
    int fd;
    char seen[4096]; /* "name=value;" of the last header blocks, data as text */
    uint8_t data[256 * 1024];
    size_t n_data, at_data;
    bool data_ends;
    int n_head, n_end, n_closed, n_goaway, n_request;
    uint32_t close_code, goaway_code;
    char goaway_text[128];
    int32_t stream;
    void (*on_request)(struct peer *p, int32_t id); /* as a server */
};

static inline int peer_header(nghttp2_session *h2, const nghttp2_frame *f, const uint8_t *name,
                              size_t n_name, const uint8_t *value, size_t n_value, uint8_t flags,
                              void *user)
{
    struct peer *p = user;
    size_t len = strlen(p->seen);

    (void)h2;
    (void)f;
    (void)flags;
    (void)snprintf(p->seen + len, sizeof(p->seen) - len, "%.*s=%.*s;", (int)n_name,
                   (const char *)name, (int)n_value, (const char *)value);
    return 0;
}

static inline int peer_frame(nghttp2_session *h2, const nghttp2_frame *f, void *user)
{
    struct peer *p = user;

    (void)h2;
    if (f->hd.type == NGHTTP2_HEADERS) {
        p->n_head++;
        p->stream = f->hd.stream_id;
        if (f->headers.cat == NGHTTP2_HCAT_REQUEST) {
            p->n_request++;
            if (p->on_request)
                p->on_request(p, f->hd.stream_id);
        }
    }
    if ((f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA) &&
        (f->hd.flags & NGHTTP2_FLAG_END_STREAM))
        p->n_end++;
    if (f->hd.type == NGHTTP2_GOAWAY) {
        p->n_goaway++;
        p->goaway_code = f->goaway.error_code;
        (void)snprintf(p->goaway_text, sizeof(p->goaway_text), "%.*s",
                       (int)f->goaway.opaque_data_len, (const char *)f->goaway.opaque_data);
    }
    return 0;
}

static inline int peer_close(nghttp2_session *h2, int32_t id, uint32_t code, void *user)
{
    struct peer *p = user;

    (void)h2;
    (void)id;
    p->n_closed++;
    p->close_code = code;
    return 0;
}

static inline void peer_up(struct peer *p, int fd, bool is_server)
{
    nghttp2_session_callbacks *cb;
    nghttp2_option *opt;
    struct err err;

    p->fd = fd;
    assert_int_equal(fd_set_nonblock(fd, &err), 0);
    assert_int_equal(nghttp2_session_callbacks_new(&cb), 0);
    assert_int_equal(nghttp2_option_new(&opt), 0);
    nghttp2_option_set_no_http_messaging(opt, 1);
    nghttp2_option_set_max_send_header_block_length(opt, 1 << 20);
    nghttp2_session_callbacks_set_on_header_callback(cb, peer_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, peer_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, peer_close);
    if (is_server)
        assert_int_equal(nghttp2_session_server_new2(&p->h2, cb, p, opt), 0);
    else
        assert_int_equal(nghttp2_session_client_new2(&p->h2, cb, p, opt), 0);
    nghttp2_session_callbacks_del(cb);
    nghttp2_option_del(opt);
    assert_int_equal(nghttp2_submit_settings(p->h2, 0, NULL, 0), 0);
}

static inline void peer_down(struct peer *p)
{
    nghttp2_session_del(p->h2);
    if (p->fd >= 0)
        (void)close(p->fd);
}

/* One exchange: what the peer has to say, a turn of the loop, what came back. step: bytes per
 * write. */
static inline bool peer_turn(struct peer *p, struct loop *loop, size_t step)
{
    uint8_t in[4096];
    const uint8_t *out;
    bool is_gone = false;
    ssize_t n;

    while (!is_gone && (n = nghttp2_session_mem_send(p->h2, &out)) > 0) {
        while (n > 0 && !is_gone) {
            ssize_t done = send(p->fd, out, MIN((size_t)n, step), MSG_NOSIGNAL);

            is_gone = done < 0 && errno != EAGAIN; /* there may still be something to read */
            (void)loop_turn(loop, false);
            if (done > 0) {
                out += done;
                n -= done;
            }
        }
    }
    (void)loop_turn(loop, false);
    while ((n = recv(p->fd, in, sizeof(in), 0)) > 0)
        if (nghttp2_session_mem_recv(p->h2, in, (size_t)n) < 0)
            return false;
    return n != 0 && !is_gone;
}

static inline void peer_until(struct peer *p, struct loop *loop, const int *n, int want)
{
    uint64_t end = clock_monotonic_ms() + 10000;

    while (*n < want) {
        (void)peer_turn(p, loop, SIZE_MAX);
        if (clock_monotonic_ms() > end)
            fail_msg("waited for %d, there are %d; seen: %s", want, *n, p->seen);
    }
}

static inline ssize_t peer_data(nghttp2_session *h2, int32_t id, uint8_t *to, size_t max,
                                uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct peer *p = user;
    size_t n = MIN(max, p->n_data - p->at_data);

    (void)h2;
    (void)id;
    (void)source;
    memcpy(to, p->data + p->at_data, n);
    p->at_data += n;
    if (p->at_data == p->n_data) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (!p->data_ends)
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    }
    return (ssize_t)n;
}

static inline size_t fields(nghttp2_nv *nv, const char *const *pairs)
{
    size_t n = 0;

    for (; pairs[0]; pairs += 2)
        nv[n++] = (nghttp2_nv){(uint8_t *)pairs[0], (uint8_t *)pairs[1], strlen(pairs[0]),
                               strlen(pairs[1]), 0};
    return n;
}

/* ---- our server, and such a peer as its client ---- */

struct server_world {
    struct world w;
    struct peer p;
    struct talk talk;
};

static inline void on_hold(struct rpc_call *call, void *user)
{
    (void)call;
    (void)user;
}

/* opts may be NULL. */
static inline void server_up_with(struct server_world *s, const struct rpc_server_opts *opts)
{
    struct err err;
    int sv[2];

    memset(s, 0, sizeof(*s));
    s->talk.reads_on = s->talk.echoes = true;
    assert_int_equal(loop_new(&s->w.loop, &err), 0);
    assert_int_equal(rpc_server_new(&s->w.server, s->w.loop, opts, &err), 0);
    assert_int_equal(rpc_server_handle(s->w.server, "/t.T/Echo", talk_handler, &s->talk, &err), 0);
    assert_int_equal(rpc_server_handle(s->w.server, "/t.T/Hold", on_hold, NULL, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    assert_int_equal(rpc_server_serve_fd(s->w.server, sv[0], NULL, NULL, &err), 0);
    peer_up(&s->p, sv[1], false);
}

static inline void server_up(struct server_world *s)
{
    server_up_with(s, NULL);
}

static inline void server_down(struct server_world *s)
{
    peer_down(&s->p);
    world_down(&s->w);
}
