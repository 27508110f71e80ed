/*
 * The server's half. A connection is in one of three states: it reads a request (bytes go through
 * llhttp until a message is complete), it writes an answer out of memory, or it lingers: our side
 * is shut and what the peer still sends is dropped for a second, so that its kernel does not throw
 * our answer away with a RST.
 *
 * llhttp is paused at the end of each message; pipelined bytes wait in `in` until the answer has
 * left, and meanwhile nothing more is read. So a peer makes us hold one head and one answer, never
 * more.
 */
#include "lib/http/http1.h"

#include <errno.h>
#include <llhttp.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/limits.h"
#include "lib/base/list.h"
#include "lib/loop/loop.h"

enum { CONN_CHUNK = 4096, CONN_LINGER_MS = 1000, CONN_EARLY_MAX = 64 * 1024, CONN_OUT_HEAD = 512 };

enum conn_state { CONN_READ, CONN_WRITE, CONN_LINGER };

struct http1_server {
    struct loop *loop;
    struct http1_server_opts opts;
    struct list conns;
    size_t n_conns;
    size_t n_held; /* bytes of bodies and answers in memory */
};

struct conn {
    struct http1_server *server;
    struct list link;
    int fd;
    void *stream; /* what opts.wrap made of it */
    struct loop_io *io;
    struct loop_timer *timer;
    enum conn_state state;
    llhttp_t parser;
    struct buf in;   /* read, not yet parsed              */
    struct buf url;  /* target of the request             */
    struct buf body; /* of a POST                         */
    struct buf out;  /* the answer                        */
    size_t n_held;   /* of the last two, as the server counts them */
    size_t n_head;   /* bytes of this request so far      */
    char field[8];   /* start of the header name at hand  */
    size_t n_field;
    int n_hosts;
    bool has_body;
    bool is_in_body;
    int refusal;      /* status for a body that is too much; 0    */
    bool is_complete; /* llhttp saw the end of a request */
    bool close_after; /* no further request is taken     */
};

static void conn_free(struct conn *c)
{
    list_remove(&c->link);
    c->server->n_conns--;
    c->server->n_held -= c->n_held;
    loop_io_free(c->io);
    loop_timer_free(c->timer);
    if (c->stream)
        c->server->opts.wrap->close(c->stream);
    (void)close(c->fd);
    buf_done(&c->in);
    buf_done(&c->url);
    buf_done(&c->body);
    buf_done(&c->out);
    free(c);
}

/* Counts what the connection holds now; false when all of them hold too much. */
static bool conn_count(struct conn *c)
{
    struct http1_server *s = c->server;
    size_t n = buf_len(&c->body) + buf_len(&c->out);

    s->n_held = s->n_held - c->n_held + n;
    c->n_held = n;
    return s->opts.max_held == 0 || s->n_held <= s->opts.max_held;
}

/* ---- the bytes ---- */

static ssize_t stream_read(struct conn *c, void *to, size_t max)
{
    return c->stream ? c->server->opts.wrap->read(c->stream, to, max) : recv(c->fd, to, max, 0);
}

static ssize_t stream_write(struct conn *c, const void *data, size_t n)
{
    return c->stream ? c->server->opts.wrap->write(c->stream, data, n)
                     : send(c->fd, data, n, MSG_NOSIGNAL);
}

static bool stream_has_pending(struct conn *c)
{
    return c->stream && c->server->opts.wrap->has_pending(c->stream);
}

static bool stream_wants_write(struct conn *c)
{
    return c->stream && c->server->opts.wrap->wants_write(c->stream);
}

static void conn_arm(struct conn *c, uint64_t wait_ms)
{
    loop_timer_arm(c->timer, clock_add(loop_now_ms(c->server->loop), wait_ms));
}

/* ---- llhttp's callbacks: they record ---- */

static int on_message_begin(llhttp_t *p)
{
    struct conn *c = p->data;

    buf_clear(&c->url);
    c->n_hosts = 0;
    c->n_field = 0;
    c->has_body = false;
    c->is_in_body = false;
    c->refusal = 0;
    c->is_complete = false;
    return 0;
}

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = p->data;

    return buf_append(&c->url, at, n, NULL) < 0 ? -1 : 0;
}

static int on_header_field(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = p->data;

    for (size_t i = 0; i < n && c->n_field < sizeof(c->field); i++)
        c->field[c->n_field++] = at[i];
    return 0;
}

static int on_header_field_complete(llhttp_t *p)
{
    struct conn *c = p->data;

    if (c->n_field == 4 && strncasecmp(c->field, "host", 4) == 0)
        c->n_hosts++;
    c->n_field = 0;
    return 0;
}

static int on_headers_complete(llhttp_t *p)
{
    struct conn *c = p->data;

    size_t max = c->server->opts.max_body;

    c->has_body = p->content_length > 0 || (p->flags & F_CHUNKED);
    if (!c->has_body || p->method != HTTP_POST || max == 0)
        return c->has_body; /* 1: llhttp skips it; such a request is refused, the connection ends */
    if (p->content_length > max && !(p->flags & F_CHUNKED)) {
        c->refusal = 413;
        return 1;
    }
    c->is_in_body = true;
    return 0;
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
    struct conn *c = p->data;

    if (buf_append(&c->body, at, n, NULL) < 0)
        c->refusal = 413;
    else if (!conn_count(c))
        c->refusal = 503;
    return c->refusal ? -1 : 0;
}

static int on_message_complete(llhttp_t *p)
{
    struct conn *c = p->data;

    c->is_complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t request_settings = {
    .on_message_begin = on_message_begin,
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- answers ---- */

static const char *status_text(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 204:
        return "No Content";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 503:
        return "Service Unavailable";
    }
    return "Status";
}

static void conn_queue(struct conn *c, const struct http1_reply *reply, bool with_body)
{
    const char *allow = reply->status != 405           ? ""
                        : c->server->opts.max_body > 0 ? "Allow: GET, HEAD, POST\r\n"
                                                       : "Allow: GET, HEAD\r\n";
    int r;

    r = buf_appendf(&c->out, NULL,
                    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%s\r\n",
                    reply->status, status_text(reply->status), reply->content_type,
                    buf_len(&reply->body), allow, c->close_after ? "Connection: close\r\n" : "");
    if (r == 0 && with_body)
        r = buf_append(&c->out, buf_data(&reply->body), buf_len(&reply->body), NULL);
    if (r < 0) { /* out of memory: the peer sees the connection close */
        buf_clear(&c->out);
        c->close_after = true;
    }
    buf_clear(&c->body);
    (void)conn_count(c); /* an answer that is made already is sent */
    c->state = CONN_WRITE;
    conn_arm(c, HTTP1_WRITE_MS);
}

static void reply_init(const struct conn *c, struct http1_reply *reply)
{
    *reply = (struct http1_reply){.status = 200, .content_type = "text/plain; charset=utf-8"};
    buf_init(&reply->body, c->server->opts.max_reply);
}

/* An answer of our own, after which the connection closes. */
static void conn_refuse(struct conn *c, int status, const char *why)
{
    struct http1_reply reply;

    reply_init(c, &reply);
    reply.status = status;
    (void)buf_appendf(&reply.body, NULL, "%s\n",
                      why); /* without its text the status still says it */
    c->close_after = true;
    conn_queue(c, &reply, true);
    buf_done(&reply.body);
}

/* "http://host/path" (RFC 9112 3.2.2) means /path. */
static char *target_path(char *target)
{
    char *at = strstr(target, "://");

    if (target[0] == '/' || !at)
        return target;
    at = strchr(at + 3, '/');
    if (at)
        return at;
    target[0] = '/';
    target[1] = '\0';
    return target;
}

static void conn_ask_handler(struct conn *c, const char *method)
{
    struct http1_request req = {
        .method = method, .query = "", .body = buf_data(&c->body), .n_body = buf_len(&c->body)};
    struct http1_reply reply;
    char *path, *query;

    if (!buf_cstr(&c->url, NULL)) {
        conn_refuse(c, 503, "out of memory");
        return;
    }
    path = target_path((char *)c->url.mem + c->url.start);
    query = strchr(path, '?');
    if (query) {
        *query = '\0';
        req.query = query + 1;
    }
    req.path = path;

    reply_init(c, &reply);
    c->server->opts.handler(&req, &reply, c->server->opts.user);
    conn_queue(c, &reply, c->parser.method != HTTP_HEAD);
    buf_done(&reply.body);
}

static void conn_refuse_body(struct conn *c)
{
    conn_refuse(c, c->refusal,
                c->refusal == 413 ? "the body of the request is too large"
                                  : "too many requests are held at once: try again");
}

static void conn_answer(struct conn *c)
{
    bool is_get = c->parser.method == HTTP_GET, is_head = c->parser.method == HTTP_HEAD;
    bool is_post = c->parser.method == HTTP_POST && c->server->opts.max_body > 0;

    /* A request that asks for another protocol is answered in this one and ends it. */
    if (c->parser.upgrade || c->parser.http_minor == 0 || !llhttp_should_keep_alive(&c->parser))
        c->close_after = true;
    if (!is_get && !is_head && !is_post)
        conn_refuse(c, 405, "only GET and HEAD are served here");
    else if (c->n_hosts > 1 || (c->n_hosts == 0 && c->parser.http_minor >= 1)) /* RFC 9112 3.2 */
        conn_refuse(c, 400, "one Host header field is needed");
    else if (c->refusal)
        conn_refuse_body(c);
    else if (c->has_body && !is_post)
        conn_refuse(c, 413, "a request here has no body");
    else
        conn_ask_handler(c, is_get ? "GET" : is_head ? "HEAD" : "POST");
}

/* ---- the round of a connection ---- */

/* Feeds llhttp until a request is complete or there are no more bytes. */
static void conn_parse(struct conn *c)
{
    while (c->state == CONN_READ && buf_len(&c->in) > 0) {
        const char *at = (const char *)buf_data(&c->in);
        size_t n =
            c->is_in_body ? buf_len(&c->in) : MIN(buf_len(&c->in), LIMIT_HTTP1_HEAD - c->n_head);
        bool was_in_body = c->is_in_body;
        llhttp_errno_t e;

        if (n == 0) {
            conn_refuse(c, 431, "the head of the request is too large");
            return;
        }
        if (c->n_head == 0)
            conn_arm(c, HTTP1_HEAD_MS);
        e = llhttp_execute(&c->parser, at, n);
        if (e == HPE_PAUSED && c->is_complete) {
            buf_consume(&c->in, (size_t)(llhttp_get_error_pos(&c->parser) - at));
            conn_answer(c);
            return;
        }
        if (e != HPE_OK) {
            if (c->refusal)
                conn_refuse_body(c);
            else
                conn_refuse(c, 400, "this is no HTTP/1.1 request");
            return;
        }
        buf_consume(&c->in, n);
        if (!c->is_in_body)
            c->n_head += n;
        else if (!was_in_body)
            conn_arm(c, HTTP1_BODY_MS);
    }
}

/* > 0: read some; 0: nothing there now; < 0: the connection is over. */
static int conn_read(struct conn *c)
{
    uint8_t *at = buf_reserve(&c->in, CONN_CHUNK, NULL);
    ssize_t n;

    if (!at)
        return -1;
    n = stream_read(c, at, CONN_CHUNK);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (n == 0)
        return -1;
    buf_commit(&c->in, (size_t)n);
    return 1;
}

static int conn_linger(struct conn *c)
{
    char drop[CONN_CHUNK];
    ssize_t n = recv(c->fd, drop, sizeof(drop), 0);

    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)) ? 0 : -1;
}

static void conn_next_request(struct conn *c)
{
    llhttp_resume(&c->parser);
    c->state = CONN_READ;
    c->n_head = 0;
    conn_arm(c, HTTP1_IDLE_MS);
    conn_parse(c);
}

static int conn_write(struct conn *c)
{
    while (c->state == CONN_WRITE && buf_len(&c->out) > 0) {
        ssize_t n = stream_write(c, buf_data(&c->out), buf_len(&c->out));

        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        buf_consume(&c->out, (size_t)n);
    }
    if (c->state != CONN_WRITE)
        return 0;
    (void)conn_count(c);
    if (!c->close_after) {
        conn_next_request(c);
        return 0;
    }
    (void)shutdown(c->fd, SHUT_WR); /* the peer may have gone: lingering sees it */
    c->state = CONN_LINGER;
    conn_arm(c, CONN_LINGER_MS);
    return 0;
}

static int conn_dispatch(struct conn *c, int events)
{
    int r;

    if (c->state == CONN_LINGER)
        return conn_linger(c);
    /* What TLS holds decrypted, at most a record, makes no event: it is taken in this turn. */
    do {
        if (c->state == CONN_READ &&
            (events & LOOP_READ || stream_has_pending(c) || stream_wants_write(c))) {
            r = conn_read(c);
            if (r < 0)
                return -1;
            conn_parse(c);
        }
        /* An answer mostly fits the socket; pipelined requests are taken one by one. */
        if (c->state == CONN_WRITE && conn_write(c) < 0)
            return -1;
    } while (c->state == CONN_READ && stream_has_pending(c));
    loop_io_set(c->io, c->state == CONN_WRITE  ? LOOP_WRITE
                       : stream_wants_write(c) ? LOOP_READ | LOOP_WRITE
                                               : LOOP_READ);
    return 0;
}

static void on_io(struct loop_io *io, int events, void *user)
{
    (void)io;
    if (conn_dispatch(user, events) < 0)
        conn_free(user);
}

static void on_timeout(struct loop_timer *t, void *user)
{
    struct conn *c = user;

    (void)t;
    if (c->state != CONN_READ || c->n_head == 0) {
        conn_free(c);
        return;
    }
    conn_refuse(c, 408, "the request took too long");
    if (conn_dispatch(c, 0) < 0)
        conn_free(c);
}

/* Owns fd, also when it fails. */
static struct conn *conn_new(struct http1_server *s, int fd)
{
    struct conn *c = calloc(1, sizeof(*c));

    if (!c) {
        (void)close(fd);
        return NULL;
    }
    c->server = s;
    c->fd = fd;
    buf_init(&c->body, s->opts.max_body);
    buf_init(&c->in, CONN_EARLY_MAX + CONN_CHUNK);
    buf_init(&c->url, LIMIT_HTTP1_HEAD + 1);
    buf_init(&c->out, s->opts.max_reply + CONN_OUT_HEAD);
    llhttp_init(&c->parser, HTTP_REQUEST, &request_settings);
    c->parser.data = c;
    list_push_back(&s->conns, &c->link);
    s->n_conns++;
    if (s->opts.wrap) {
        c->stream = s->opts.wrap->open(s->opts.wrap->ctx, fd);
        if (!c->stream) {
            conn_free(c);
            return NULL;
        }
    }
    if (loop_io_new(&c->io, s->loop, fd, LOOP_READ, on_io, c, NULL) < 0 ||
        loop_timer_new(&c->timer, s->loop, on_timeout, c, NULL) < 0) {
        conn_free(c);
        return NULL;
    }
    conn_arm(c, HTTP1_HEAD_MS);
    return c;
}

void http1_server_take(int fd, const uint8_t *data, size_t n, void *server)
{
    struct http1_server *s = server;
    struct conn *c;

    if (s->n_conns >= LIMIT_HTTP1_CONNECTIONS || fd_set_nonblock(fd, NULL) < 0) {
        (void)close(fd);
        return;
    }
    c = conn_new(s, fd);
    if (!c)
        return;
    if (n > CONN_EARLY_MAX || buf_append(&c->in, data, n, NULL) < 0) {
        conn_free(c);
        return;
    }
    conn_parse(c);
    if (conn_dispatch(c, 0) < 0)
        conn_free(c);
}

int http1_server_new_opts(struct http1_server **ret, struct loop *loop,
                          const struct http1_server_opts *opts, struct err *err)
{
    struct http1_server *s = calloc(1, sizeof(*s));

    if (!s)
        return err_oom(err);
    *s = (struct http1_server){.loop = loop, .opts = *opts};
    if (s->opts.max_reply == 0)
        s->opts.max_reply = LIMIT_HTTP1_BODY;
    list_init(&s->conns);
    *ret = s;
    return 0;
}

int http1_server_new(struct http1_server **ret, struct loop *loop, http1_handler handler,
                     void *user, struct err *err)
{
    const struct http1_server_opts opts = {.handler = handler, .user = user};

    return http1_server_new_opts(ret, loop, &opts, err);
}

void http1_server_free(struct http1_server *s)
{
    if (!s)
        return;
    LIST_FOREACH_SAFE(it, &s->conns)
    conn_free(CONTAINER_OF(it, struct conn, link));
    free(s);
}
