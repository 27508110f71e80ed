/*
 * A struct kube_conn has at most one link that takes requests; links that the server has said
 * GOAWAY on, that stand for another certificate or are not trusted end with their last request.
 *
 *     LINK_CONNECTING -> LINK_HANDSHAKE -> LINK_UP
 *
 * A request waits at its link until that is up and has room for one more stream. It may be given up
 * while HTTP/2 still knows its stream, so it is a thing of its own beside the call.
 */
#include "lib/kube/kube_h2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/kube/kube_h2_dial.h"
#include "lib/rpc/session.h"
#include "lib/rpc/transport.h"

enum {
    TURN_BYTES = 64 * 1024,
    READS_PER_TURN = 4,
    ARENA_BYTES = 64 * 1024,
    MAX_FIELDS = 9,
    LINK_OUTPUT = 1024 * 1024,
};

enum link_state { LINK_CONNECTING, LINK_HANDSHAKE, LINK_UP };

struct kube_h2 {
    struct list link; /* conn->links, the newest first */
    struct kube_conn *conn;
    enum link_state state;
    bool is_old; /* takes no more requests */
    struct rpc_transport *transport;
    struct rpc_session *session;
    struct loop_io *io;
    struct loop_timer *timer; /* until it is up */
    struct list waiting, running;
    struct buf out; /* what the socket did not take */
};

struct kube_h2_request {
    struct rpc_stream stream;
    struct arena arena;
    struct list link; /* waiting or running */
    struct kube_h2 *h2;
    struct kube_call *call; /* NULL: given up */
    bool has_ended;
    nghttp2_nv fields[MAX_FIELDS];
    size_t n_fields;
};

/* One per thread: a turn fills and empties it, with what is read or with what is to be written. */
static _Thread_local uint8_t turn_buf[TURN_BYTES];

static void due(struct kube_conn *conn)
{
    conn->is_due = true;
    kube_client_poke(conn->client);
}

/* ---- the end of a request ---- */

static void request_free(struct kube_h2_request *q)
{
    list_remove(&q->link);
    buf_done(&q->stream.out);
    arena_done(&q->arena);
    free(q);
}

/* Its stream is gone, or never was. Careful: q is gone after it. */
static void request_end(struct kube_h2_request *q, CURLcode code, const char *why)
{
    struct kube_call *call = q->call;

    if (!call) {
        request_free(q);
        return;
    }
    call->was_sent = q->stream.is_begun;
    if (why)
        (void)snprintf(call->why, sizeof(call->why), "%s", why);
    kube_call_finished(call, code); /* takes the call back, and frees q with that */
}

void kube_h2_stop(struct kube_call *call)
{
    struct kube_h2_request *q = TAKE_PTR(call->h2);
    struct kube_conn *conn = call->conn;

    q->call = NULL;
    call->conn = NULL;
    conn->n_running--;
    if (!q->stream.session) {
        request_free(q);
        return;
    }
    rpc_stream_reset(&q->stream, NGHTTP2_CANCEL); /* its end frees it */
    due(conn);
}

/* The server has not begun with it: it goes over another link. */
static void request_again(struct kube_h2_request *q, const char *why)
{
    if (q->call)
        q->call->is_unprocessed = true;
    request_end(q, CURLE_HTTP2_STREAM, why);
}

/* ---- a link ---- */

static void link_free(struct kube_h2 *h2)
{
    int fd = h2->transport ? h2->transport->ops->release(h2->transport) : -1;

    list_remove(&h2->link);
    rpc_session_free(h2->session);
    loop_io_free(h2->io);
    if (fd >= 0)
        (void)close(fd);
    loop_timer_free(h2->timer);
    buf_done(&h2->out);
    free(h2);
}

/* Careful: the link is gone after it. */
static void lose(struct kube_h2 *h2, CURLcode code, const struct err *why)
{
    struct list *it;

    if (strcmp(why->reason, "OutOfMemory") == 0)
        code = CURLE_OUT_OF_MEMORY;
    list_remove(&h2->link);
    rpc_session_free(TAKE_PTR(h2->session));
    while ((it = list_pop_front(&h2->running)))
        request_end(CONTAINER_OF(it, struct kube_h2_request, link), code, why->msg);
    while ((it = list_pop_front(&h2->waiting)))
        request_end(CONTAINER_OF(it, struct kube_h2_request, link), code, why->msg);
    due(h2->conn);
    link_free(h2);
}

/* What TLS cannot do with this server libcurl may; if not, it says why. In a Pod it cannot be
 * loaded any more (the system call filter lets no code in): there it is the plain error. */
static void lose_in_handshake(struct kube_h2 *h2, const struct err *why)
{
    struct kube_client *c = h2->conn->client;
    struct list *it;
    struct err err;

    if (!c->had_h2 && strcmp(why->reason, "TlsFailed") == 0 && kube_conn_use_curl(c, &err) == 0) {
        c->is_h2_refused = true;
        while ((it = list_pop_front(&h2->waiting)))
            request_again(CONTAINER_OF(it, struct kube_h2_request, link), why->msg);
    }
    lose(h2, CURLE_SSL_CONNECT_ERROR, why);
}

/* Takes no more requests; what waits goes elsewhere. */
static void retire(struct kube_h2 *h2, const char *why)
{
    struct list *it;

    h2->is_old = true;
    while ((it = list_pop_front(&h2->waiting)))
        request_again(CONTAINER_OF(it, struct kube_h2_request, link), why);
    due(h2->conn);
}

static void set_events(struct kube_h2 *h2)
{
    bool wants_write = h2->state == LINK_CONNECTING || h2->transport->wants_write;

    loop_io_set(h2->io, LOOP_READ | (wants_write ? LOOP_WRITE : 0));
}

/* ---- what comes ---- */

static void on_head(struct kube_h2_request *q)
{
    const char *after = rpc_metadata_get(&q->stream.head.md, "retry-after");
    uint64_t s;

    if (!q->call)
        return;
    q->call->http_status = q->stream.head.http_status;
    q->call->retry_after_s =
        after && bytes_parse_u64(after, 0, INT32_MAX, &s) == 0 ? (int32_t)s : 0;
}

static void on_data(struct kube_h2_request *q, const uint8_t *data, size_t n)
{
    rpc_stream_consume(&q->stream, n);
    if (q->call && !kube_call_take(q->call, data, n))
        request_end(q, CURLE_WRITE_ERROR, NULL); /* resets it: q lives until its stream's end */
}

static void on_close(struct kube_h2_request *q, uint32_t code)
{
    char why[128];

    if (!q->call || q->has_ended) {
        request_end(q, CURLE_OK, NULL);
        return;
    }
    (void)snprintf(why, sizeof(why), "the server ended the stream: %s",
                   nghttp2_http2_strerror(code));
    if (code == NGHTTP2_REFUSED_STREAM)
        request_again(q, why);
    else
        request_end(q, CURLE_HTTP2_STREAM, why);
}

/* The only switch over events. */
static void handle(struct kube_h2 *h2, const struct rpc_event *ev)
{
    struct kube_h2_request *q =
        ev->stream ? CONTAINER_OF(ev->stream, struct kube_h2_request, stream) : NULL;

    switch (ev->type) {
    case RPC_EVENT_HEAD:
        q->has_ended |= ev->n == 1;
        on_head(q);
        break;
    case RPC_EVENT_DATA:
        on_data(q, ev->data, ev->n);
        break;
    case RPC_EVENT_END:
        q->has_ended = true;
        break;
    case RPC_EVENT_CLOSE:
        on_close(q, ev->code); /* q is gone */
        break;
    case RPC_EVENT_GOAWAY:
        retire(h2, "the server ends the connection");
        break;
    case RPC_EVENT_TRAILERS:
    case RPC_EVENT_ROOM:
    case RPC_EVENT_SETTINGS:
    case RPC_EVENT_PING:
    case RPC_EVENT_PONG:
        break;
    }
}

static void drain(struct kube_h2 *h2)
{
    struct rpc_event ev;

    while (rpc_session_next(h2->session, &ev) > 0)
        handle(h2, &ev);
}

/* < 0: the link is lost. */
static int read_some(struct kube_h2 *h2, struct err *err)
{
    uint64_t now = loop_now_ms(h2->conn->client->loop);

    for (int i = 0; i < READS_PER_TURN; i++) {
        ssize_t n = h2->transport->ops->read(h2->transport, turn_buf, sizeof(turn_buf), err);

        if (n == RPC_TRANSPORT_AGAIN)
            return 0;
        if (n == 0)
            return err_set(err, RPC_UNAVAILABLE, "ConnectionLost",
                           "the server closed the connection");
        if (n < 0 || rpc_session_recv(h2->session, turn_buf, (size_t)n, now, err) < 0)
            return -1;
        drain(h2);
        if ((size_t)n < TURN_BYTES / 2)
            return 0; /* there was no more */
    }
    return 0;
}

/* ---- coming up ---- */

static int finish_connect(struct kube_h2 *h2, struct err *err)
{
    socklen_t n = sizeof(int);
    int e = 0;

    if (getsockopt(h2->transport->fd, SOL_SOCKET, SO_ERROR, &e, &n) < 0)
        e = errno;
    if (e)
        return err_set(err, RPC_UNAVAILABLE, "ConnectFailed", "cannot connect: %s", strerror(e));
    h2->state = LINK_HANDSHAKE;
    return 0;
}

/* 0, RPC_TRANSPORT_AGAIN, or -1. */
static int shake_hands(struct kube_h2 *h2, struct err *err)
{
    const struct rpc_session_opts opts = {.role = RPC_CLIENT};
    int r;

    h2->transport->wants_write = false;
    r = h2->transport->ops->handshake(h2->transport, err);
    if (r < 0)
        return r;
    if (rpc_session_new(&h2->session, &opts, err) < 0)
        return -1;
    h2->state = LINK_UP;
    h2->conn->client->had_h2 = true;
    loop_timer_disarm(h2->timer);
    due(h2->conn);
    return 0;
}

static void on_io(struct loop_io *io, int events, void *user)
{
    struct kube_h2 *h2 = user;
    struct err err = {0};
    int r = 0;

    (void)io;
    if (h2->state == LINK_CONNECTING) {
        if (!(events & LOOP_WRITE))
            return;
        if (finish_connect(h2, &err) < 0) {
            lose(h2, CURLE_COULDNT_CONNECT, &err);
            return;
        }
    }
    if (h2->state == LINK_HANDSHAKE) {
        r = shake_hands(h2, &err);
        if (r < 0 && r != RPC_TRANSPORT_AGAIN) {
            lose_in_handshake(h2, &err);
            return;
        }
    }
    if (h2->state == LINK_UP && read_some(h2, &err) < 0) {
        lose(h2, CURLE_RECV_ERROR, &err);
        return;
    }
    due(h2->conn); /* windows and answers to the server's own frames */
    set_events(h2);
}

static void on_slow(struct loop_timer *t, void *user)
{
    struct err err;

    (void)t;
    (void)err_set(&err, RPC_UNAVAILABLE, "ConnectFailed",
                  "Connection timed out: no HTTP/2 connection within %d ms", KUBE_CONNECT_MS);
    lose(user, CURLE_COULDNT_CONNECT, &err);
}

/* ---- making a link ---- */

static int begin(struct kube_h2 *h2, struct err *err)
{
    struct kube_client *c = h2->conn->client;

    if (kube_h2_dial(c, &h2->transport, err) < 0 ||
        loop_timer_new(&h2->timer, c->loop, on_slow, h2, err) < 0 ||
        loop_io_new(&h2->io, c->loop, h2->transport->fd, LOOP_WRITE, on_io, h2, err) < 0)
        return -1;
    loop_timer_arm(h2->timer, clock_add(loop_now_ms(c->loop), KUBE_CONNECT_MS));
    return 0;
}

static struct kube_h2 *link_new(struct kube_conn *conn, struct err *err)
{
    struct kube_h2 *h2 = calloc(1, sizeof(*h2));

    if (!h2) {
        (void)err_oom(err);
        return NULL;
    }
    h2->conn = conn;
    list_init(&h2->link);
    list_init(&h2->waiting);
    list_init(&h2->running);
    buf_init(&h2->out, LINK_OUTPUT);
    if (begin(h2, err) < 0) {
        link_free(h2);
        return NULL;
    }
    conn->client->stats.n_connections++;
    list_push_front(&conn->links, &h2->link);
    return h2;
}

/* The link that takes requests, or NULL. */
static struct kube_h2 *present_link(struct kube_conn *conn)
{
    struct kube_h2 *h2 = LIST_FIRST(&conn->links, struct kube_h2, link);

    return h2 && !h2->is_old ? h2 : NULL;
}

/* ---- requests ---- */

static int add_field(struct kube_h2_request *q, const char *name, const char *value, size_t n)
{
    char *copy = arena_memdup(&q->arena, value, n);

    if (!copy)
        return -1;
    q->fields[q->n_fields++] =
        (nghttp2_nv){.name = (uint8_t *)name,
                     .namelen = strlen(name),
                     .value = (uint8_t *)copy,
                     .valuelen = n,
                     .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
    return 0;
}

static int add_text(struct kube_h2_request *q, const char *name, const char *value)
{
    return add_field(q, name, value, strlen(value));
}

/* The value of "Authorization: …", or the whole when it is none of it. */
static const char *credential_of(const struct kube_client *c)
{
    static const char name[] = "Authorization: ";
    const char *header = kube_auth_header(c->auth);

    return header && strncmp(header, name, strlen(name)) == 0 ? header + strlen(name) : NULL;
}

static int fill(struct kube_h2_request *q, const struct kube_client *c,
                const struct kube_call *call)
{
    static const char *const words[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    const char *host = strstr(call->url, "://") + 3;
    const char *path = host + strcspn(host, "/");
    const char *credential = credential_of(c);
    const char *type =
        call->asked.method == KUBE_PATCH ? "application/merge-patch+json" : "application/json";
    char n_body[24];

    if (add_text(q, ":method", words[call->asked.method]) < 0 ||
        add_text(q, ":scheme", "https") < 0 ||
        add_field(q, ":authority", host, (size_t)(path - host)) < 0 ||
        add_text(q, ":path", path[0] ? path : "/") < 0 ||
        add_text(q, "user-agent", c->user_agent) < 0 ||
        add_text(q, "accept", "application/json") < 0)
        return -1;
    if (credential && add_text(q, "authorization", credential) < 0)
        return -1;
    q->stream.is_out_ended = true;
    if (!call->body)
        return 0;
    (void)snprintf(n_body, sizeof(n_body), "%zu", strlen(call->body));
    buf_init(&q->stream.out, strlen(call->body));
    if (add_text(q, "content-type", type) < 0 || add_text(q, "content-length", n_body) < 0)
        return -1;
    return buf_append(&q->stream.out, call->body, strlen(call->body), NULL);
}

/* ARENA_BYTES: for the head of the answer; long URLs and credentials are ours. */
static struct kube_h2_request *request_new(const struct kube_client *c,
                                           const struct kube_call *call)
{
    struct kube_h2_request *q = calloc(1, sizeof(*q));
    const char *credential = credential_of(c);

    if (!q)
        return NULL;
    arena_init(&q->arena, ARENA_BYTES + strlen(call->url) + (credential ? strlen(credential) : 0));
    q->stream.arena = &q->arena;
    list_init(&q->stream.link);
    list_init(&q->link);
    if (fill(q, c, call) == 0)
        return q;
    request_free(q);
    return NULL;
}

static void arm_deadline(struct kube_conn *conn, uint64_t at_ms)
{
    if (at_ms >= conn->next_ms)
        return;
    conn->next_ms = at_ms;
    loop_timer_arm(conn->timer, at_ms);
}

int kube_h2_start(struct kube_conn *conn, struct kube_call *call, struct err *err)
{
    struct kube_h2 *h2 = present_link(conn);
    struct kube_h2_request *q;

    if (h2 && conn->wants_fresh) {
        retire(h2, "the connection is not used any more");
        h2 = NULL;
    }
    conn->wants_fresh = false;
    if (!h2 && !(h2 = link_new(conn, err)))
        return -1;
    q = request_new(conn->client, call);
    if (!q)
        return err_oom(err);
    q->h2 = h2;
    q->call = call;
    list_push_back(&h2->waiting, &q->link);
    call->h2 = q;
    call->conn = conn;
    call->http_status = 0;
    call->retry_after_s = 0;
    call->was_sent = call->is_unprocessed = false;
    conn->n_running++;
    arm_deadline(conn, call->deadline_ms);
    due(conn);
    return 0;
}

/* ---- sending ---- */

static void begin_waiting(struct kube_h2 *h2)
{
    struct kube_h2_request *q;
    struct err err;

    while (rpc_session_can_open(h2->session) &&
           (q = LIST_FIRST(&h2->waiting, struct kube_h2_request, link))) {
        if (rpc_session_request(h2->session, &q->stream, q->fields, q->n_fields, &err) < 0) {
            request_end(q, CURLE_OUT_OF_MEMORY, err.msg);
            continue;
        }
        list_remove(&q->link);
        list_push_back(&h2->running, &q->link);
    }
}

/* 0: all is written; 1: the socket is full; < 0. */
static int write_some(struct kube_h2 *h2, const uint8_t *data, size_t n, size_t *ret_n,
                      struct err *err)
{
    size_t at = 0;
    int r = 0;

    while (at < n && r == 0) {
        ssize_t done = h2->transport->ops->write(h2->transport, data + at, n - at, err);

        if (done >= 0)
            at += (size_t)done;
        else
            r = done == RPC_TRANSPORT_AGAIN ? 1 : -1;
    }
    *ret_n = at;
    return r;
}

static int write_kept(struct kube_h2 *h2, struct err *err)
{
    size_t done = 0;
    int r = 0;

    h2->transport->wants_write = false;
    if (buf_len(&h2->out) == 0)
        return 0;
    r = write_some(h2, buf_data(&h2->out), buf_len(&h2->out), &done, err);
    buf_consume(&h2->out, done);
    return r;
}

/* Until nothing is to be sent or the socket is full. */
static int flush(struct kube_h2 *h2, struct err *err)
{
    int r = write_kept(h2, err);

    while (r == 0) {
        ssize_t n = rpc_session_pull(h2->session, turn_buf, sizeof(turn_buf), err);
        size_t done = 0;

        if (n <= 0)
            return (int)n;
        r = write_some(h2, turn_buf, (size_t)n, &done, err);
        if (r > 0 && buf_append(&h2->out, turn_buf + done, (size_t)n - done, err) < 0)
            return -1;
    }
    return r;
}

/* Careful: the link may be gone after it. */
static void send_link(struct kube_h2 *h2)
{
    struct err err = {0};

    if (h2->state == LINK_UP) {
        begin_waiting(h2);
        if (flush(h2, &err) < 0 || rpc_session_is_broken(h2->session)) {
            if (!err.msg[0])
                (void)err_oom(&err);
            lose(h2, CURLE_SEND_ERROR, &err);
            return;
        }
        drain(h2);
        if (rpc_session_is_over(h2->session)) {
            (void)err_set(&err, RPC_UNAVAILABLE, "ConnectionLost", "the connection was ended");
            lose(h2, CURLE_RECV_ERROR, &err);
            return;
        }
        set_events(h2);
    }
    if (h2->is_old && list_is_empty(&h2->running) && list_is_empty(&h2->waiting))
        link_free(h2);
}

/* ---- time ---- */

/* The calls whose time is over. */
static void end_late(struct kube_conn *conn)
{
    uint64_t now = loop_now_ms(conn->client->loop);

    if (now < conn->next_ms)
        return;
    conn->next_ms = CLOCK_NEVER;
    LIST_FOREACH_SAFE(it, &conn->client->running)
    {
        struct kube_call *call = CONTAINER_OF(it, struct kube_call, link);

        if (call->conn != conn || !call->h2)
            continue;
        if (call->deadline_ms <= now)
            request_end(call->h2, CURLE_OPERATION_TIMEDOUT, NULL);
        else
            arm_deadline(conn, call->deadline_ms);
    }
}

void kube_h2_kick(struct kube_conn *conn)
{
    end_late(conn);
    LIST_FOREACH_SAFE(it, &conn->links)
    send_link(CONTAINER_OF(it, struct kube_h2, link));
}

void kube_h2_close(struct kube_conn *conn)
{
    LIST_FOREACH_SAFE(it, &conn->links)
    {
        struct kube_h2 *h2 = CONTAINER_OF(it, struct kube_h2, link);
        struct list *q;

        rpc_session_free(TAKE_PTR(h2->session));
        while ((q = list_pop_front(&h2->running)))
            request_free(CONTAINER_OF(q, struct kube_h2_request, link));
        link_free(h2);
    }
}
