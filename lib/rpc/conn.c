#include "lib/rpc/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/fd.h"
#include "lib/base/limits.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/linger.h"

enum {
    READ_BYTES = 64 * 1024,
    WRITE_BYTES = 128 * 1024,
    READS_PER_TURN = 4,
    WRITES_PER_TURN = 4,
    PREFACE_BYTES = 24,
    HANDSHAKE_MS = 10 * 1000,
    PONG_MS = 20 * 1000,
};

/* One per thread, not per connection: a round fills and empties them. */
static _Thread_local uint8_t read_buf[READ_BYTES];
static _Thread_local uint8_t write_buf[WRITE_BYTES];

static void on_io(struct loop_io *io, int events, void *user);
static void on_timer(struct rpc_deadline *d);

/* ---- life ---- */

struct rpc_conn *rpc_conn_ref(struct rpc_conn *conn)
{
    conn->n_ref++;
    return conn;
}

void rpc_conn_unref(struct rpc_conn *conn)
{
    struct rpc_hub *hub = conn->hub;

    if (--conn->n_ref > 0)
        return;
    buf_done(&conn->out);
    free(conn->tls_name);
    free(conn->spiffe_id);
    free(conn);
    rpc_hub_unref(hub);
}

/* says_why: a GOAWAY is on its way. */
static void close_transport(struct rpc_conn *conn, bool says_why)
{
    int fd;

    if (!conn->transport)
        return;
    fd = conn->transport->ops->release(TAKE_PTR(conn->transport));
    if (says_why)
        rpc_linger(conn->hub, fd);
    else if (fd >= 0)
        (void)close(fd);
}

/* Everything outside goes; the memory stays for those who still hold it. */
static void shut(struct rpc_conn *conn, const struct err *why)
{
    struct rpc_session *session = TAKE_PTR(conn->session);
    struct list calls = LIST_INIT(calls);

    conn->state = RPC_CONN_DEAD;
    rpc_deadline_disarm(conn->hub, &conn->timer);
    rpc_lifetime_stop(conn);
    rpc_patience_stop(conn);
    list_remove(&conn->dirty);
    loop_io_free(TAKE_PTR(conn->io));
    close_transport(conn, session && rpc_session_is_over(session));
    if (!session)
        return;
    rpc_session_move_streams(session, &calls);
    rpc_session_free(session);
    for (struct list *e; (e = list_pop_front(&calls));)
        rpc_call_lost(rpc_call_of(CONTAINER_OF(e, struct rpc_stream, link)), why);
}

void rpc_conn_close(struct rpc_conn *conn, const struct err *why)
{
    conn->opts.ops = NULL;
    if (conn->state != RPC_CONN_DEAD)
        shut(conn, why);
    rpc_conn_unref(conn);
}

static void lost(struct rpc_conn *conn, const struct err *why)
{
    if (conn->state == RPC_CONN_DEAD)
        return;
    shut(conn, why);
    if (conn->opts.ops)
        conn->opts.ops->on_lost(conn, why);
}

void rpc_conn_lose(struct rpc_conn *conn, const struct err *why)
{
    lost(conn, why);
}

static struct rpc_stream *stream_new(void *user)
{
    struct rpc_conn *conn = user;
    struct rpc_call *call = rpc_call_new(conn->hub, RPC_SERVER, conn->opts.max_message);

    if (!call)
        return NULL;
    call->conn = rpc_conn_ref(conn);
    call->is_streaming = true;
    rpc_counts_begin(&conn->counts, loop_now_ms(conn->hub->loop));
    return &call->stream;
}

static int start_session(struct rpc_conn *conn, struct err *err)
{
    struct rpc_session_opts opts = {
        .role = conn->opts.role,
        .max_streams = conn->opts.max_streams,
        .limits = conn->opts.limits,
        .counts = &conn->hub->guard,
        .stream_new = stream_new,
        .user = conn,
        .frame = rpc_hub_frame(conn->hub),
        .pages = &conn->hub->pages,
    };

    if (rpc_session_new(&conn->session, &opts, err) < 0)
        return -1;
    conn->state = RPC_CONN_SETTINGS;
    rpc_conn_dirty(conn);
    return 0;
}

static void set_events(struct rpc_conn *conn)
{
    bool wants_write = conn->state == RPC_CONN_CONNECTING || conn->transport->wants_write;
    bool wants_read = !conn->session || !rpc_session_is_ending(conn->session);

    loop_io_set(conn->io, (wants_read ? LOOP_READ : 0) | (wants_write ? LOOP_WRITE : 0));
}

/* Goes as far as it can before the first byte. */
static int advance(struct rpc_conn *conn, struct err *err)
{
    int r;

    if (conn->state == RPC_CONN_HANDSHAKE) {
        conn->transport->wants_write = false;
        r = conn->transport->ops->handshake(conn->transport, err);
        if (r < 0)
            return r;
        conn->peer.is_tls = conn->transport->is_tls;
        conn->peer.tls_name = conn->tls_name = TAKE_PTR(conn->transport->peer_name);
        conn->peer.spiffe_id = conn->spiffe_id = TAKE_PTR(conn->transport->spiffe_id);
        conn->peer.tls_version = conn->transport->version;
        conn->peer.tls_cipher = conn->transport->cipher;
        conn->peer.is_resumed = conn->transport->is_resumed;
        if (conn->transport->is_tls)
            rpc_hub_note_handshake(conn->hub);
        conn->state = RPC_CONN_PREFACE;
    }
    if (conn->state == RPC_CONN_PREFACE && conn->opts.role == RPC_CLIENT)
        return start_session(conn, err);
    return 0;
}

static void describe_inet(struct rpc_conn *conn, const struct sockaddr_storage *ss)
{
    const struct sockaddr_in *in4 = (const void *)ss;
    const struct sockaddr_in6 *in6 = (const void *)ss;
    char text[INET6_ADDRSTRLEN] = "";

    if (ss->ss_family == AF_INET) {
        (void)inet_ntop(AF_INET, &in4->sin_addr, text, sizeof(text));
        (void)snprintf(conn->address, sizeof(conn->address), "%s:%u", text, ntohs(in4->sin_port));
    } else {
        (void)inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
        (void)snprintf(conn->address, sizeof(conn->address), "[%s]:%u", text,
                       ntohs(in6->sin6_port));
    }
}

static void describe_unix(struct rpc_conn *conn, int fd)
{
    pid_t pid;
    uid_t uid;
    gid_t gid;

    (void)snprintf(conn->address, sizeof(conn->address), "unix");
    if (fd_peer_cred(fd, &pid, &uid, &gid, NULL) < 0)
        return;
    conn->peer.has_uid = true;
    conn->peer.uid = uid;
    conn->peer.gid = gid;
    conn->peer.pid = pid;
    (void)snprintf(conn->address, sizeof(conn->address), "unix:uid=%u", uid);
}

static void describe_peer(struct rpc_conn *conn, int fd)
{
    struct sockaddr_storage ss = {0};
    socklen_t n = sizeof(ss);
    int on = 1;

    conn->peer.address = conn->address;
    (void)snprintf(conn->address, sizeof(conn->address), "fd");
    if (getpeername(fd, (struct sockaddr *)&ss, &n) < 0 && !conn->opts.is_connecting)
        return;
    if (ss.ss_family == AF_UNIX)
        describe_unix(conn, fd);
    else if (ss.ss_family == AF_INET || ss.ss_family == AF_INET6) {
        describe_inet(conn, &ss);
        /* We write whole turns: waiting for more only costs time. Fails on no TCP socket. */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    if (conn->opts.address)
        (void)snprintf(conn->address, sizeof(conn->address), "%s", conn->opts.address);
}

static int open_transport(struct rpc_conn *conn, int fd, struct err *err)
{
    const struct rpc_tls_peer peer = {.host = conn->opts.host, .target = conn->opts.target};
    const struct rpc_tls *tls = conn->opts.tls;
    int r = tls ? tls->wrap(tls, fd, &peer, &conn->transport, err)
                : rpc_transport_plain(fd, &conn->transport, err);

    if (r < 0)
        (void)close(fd);
    return r;
}

static int begin(struct rpc_conn *conn, struct err *err)
{
    uint32_t wait_ms = conn->opts.handshake_ms ? conn->opts.handshake_ms : HANDSHAKE_MS;
    uint64_t now_ms = loop_now_ms(conn->hub->loop);
    int r;

    if (loop_io_new(&conn->io, conn->hub->loop, conn->transport->fd, 0, on_io, conn, err) < 0 ||
        rpc_deadline_arm(conn->hub, &conn->timer, clock_add(now_ms, wait_ms), err) < 0)
        return -1;
    conn->heard_ms = now_ms;
    if (!conn->opts.is_connecting) {
        r = advance(conn, err);
        if (r < 0 && r != RPC_TRANSPORT_AGAIN)
            return r;
    }
    set_events(conn);
    return 0;
}

int rpc_conn_new(struct rpc_conn **ret, struct rpc_hub *hub, int fd,
                 const struct rpc_conn_opts *opts, struct err *err)
{
    struct rpc_conn *conn = calloc(1, sizeof(*conn));

    if (!conn) {
        (void)close(fd);
        return err_oom(err);
    }
    conn->opts = *opts;
    conn->hub = rpc_hub_ref(hub);
    conn->n_ref = 1;
    rpc_counts_init(&conn->counts, loop_now_ms(hub->loop));
    conn->state = opts->is_connecting ? RPC_CONN_CONNECTING : RPC_CONN_HANDSHAKE;
    conn->timer.fn = on_timer;
    list_init(&conn->link);
    list_init(&conn->dirty);
    buf_init(&conn->out, LIMIT_RPC_CONN_OUTPUT);
    describe_peer(conn, fd);
    if (open_transport(conn, fd, err) < 0 || begin(conn, err) < 0) {
        rpc_conn_close(conn, &(struct err){.code = RPC_UNAVAILABLE});
        return -1;
    }
    *ret = conn;
    return 0;
}

/* ---- the session's events ---- */

static void came_up(struct rpc_conn *conn)
{
    uint64_t next = CLOCK_NEVER;

    if (conn->state != RPC_CONN_SETTINGS)
        return;
    conn->state = RPC_CONN_UP;
    if (conn->opts.keepalive_ms)
        next = clock_add(conn->heard_ms, conn->opts.keepalive_ms);
    (void)rpc_deadline_arm(conn->hub, &conn->timer, next, NULL); /* re-arming needs no memory */
    if (conn->opts.ops)
        conn->opts.ops->on_up(conn);
}

static void on_pong(struct rpc_conn *conn)
{
    if (conn->is_ping_out) /* re-arming needs no memory */
        (void)rpc_deadline_arm(conn->hub, &conn->timer,
                               clock_add(conn->heard_ms, conn->opts.keepalive_ms), NULL);
    conn->is_ping_out = false;
    if (!conn->is_draining || conn->is_goaway_sent)
        return;
    conn->is_goaway_sent = true;
    rpc_session_goaway(conn->session);
}

static void on_stream_event(struct rpc_conn *conn, const struct rpc_event *ev)
{
    struct rpc_call *call = rpc_call_of(ev->stream);
    const struct rpc_conn_ops *ops = conn->opts.ops;

    if (ev->type == RPC_EVENT_HEAD && conn->opts.role == RPC_SERVER) {
        if (ops)
            ops->on_call(conn, call);
        return;
    }
    rpc_call_event(call, ev); /* Careful: call may be gone here. */
    if (ev->type == RPC_EVENT_CLOSE && conn->opts.ops)
        conn->opts.ops->on_call_closed(conn);
}

/* The only switch over events. */
static void handle(struct rpc_conn *conn, const struct rpc_event *ev)
{
    switch (ev->type) {
    case RPC_EVENT_SETTINGS:
        came_up(conn);
        break;
    case RPC_EVENT_PONG:
        on_pong(conn);
        break;
    case RPC_EVENT_PING:
        rpc_lifetime_pinged(conn);
        break;
    case RPC_EVENT_GOAWAY:
        if (conn->opts.ops)
            conn->opts.ops->on_goaway(conn);
        break;
    case RPC_EVENT_HEAD:
    case RPC_EVENT_TRAILERS:
    case RPC_EVENT_DATA:
    case RPC_EVENT_END:
    case RPC_EVENT_CLOSE:
    case RPC_EVENT_ROOM:
        on_stream_event(conn, ev);
        break;
    }
}

static void drain_events(struct rpc_conn *conn)
{
    struct rpc_event ev;

    while (conn->session && rpc_session_next(conn->session, &ev) > 0)
        handle(conn, &ev); /* Careful: the session may be gone here. */
}

/* ---- reading ---- */

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static void hand_over(struct rpc_conn *conn, const uint8_t *data, size_t n)
{
    const struct rpc_conn_ops *ops = conn->opts.ops;
    uint8_t all[PREFACE_BYTES + READ_BYTES];
    struct err why;
    int fd = -1;

    err_set(&why, RPC_UNAVAILABLE, "NotHttp2", "%s does not speak HTTP/2", conn->address);
    if (!ops || !ops->on_other || conn->transport->is_tls) {
        lost(conn, &why);
        return;
    }
    memcpy(all, preface, conn->n_preface); /* what came before was as it should be */
    memcpy(all + conn->n_preface, data, n);
    n += conn->n_preface;
    fd = TAKE_FD(conn->transport->fd);
    loop_io_free(TAKE_PTR(conn->io));
    ops->on_other(conn, fd, all, n); /* Careful: conn may be dead here. */
    lost(conn, &why);
}

/* Takes bytes while they are the preface; true once the session is to have all of it. */
static bool check_preface(struct rpc_conn *conn, const uint8_t *data, size_t n, struct err *err)
{
    size_t want = MIN(n, (size_t)(PREFACE_BYTES - conn->n_preface));

    if (memcmp(preface + conn->n_preface, data, want) != 0) {
        hand_over(conn, data, n);
        return false;
    }
    conn->n_preface = (uint8_t)(conn->n_preface + want);
    if (conn->n_preface < PREFACE_BYTES)
        return false;
    if (start_session(conn, err) < 0 || rpc_session_recv(conn->session, (const uint8_t *)preface,
                                                         PREFACE_BYTES, conn->heard_ms, err) < 0) {
        lost(conn, err);
        return false;
    }
    return true;
}

static void feed(struct rpc_conn *conn, const uint8_t *data, size_t n)
{
    uint8_t had = conn->n_preface;
    struct err err;

    conn->heard_ms = loop_now_ms(conn->hub->loop);
    if (conn->state == RPC_CONN_PREFACE) {
        if (!check_preface(conn, data, n, &err))
            return;
        data += PREFACE_BYTES - had;
        n -= (size_t)(PREFACE_BYTES - had);
    }
    if (rpc_session_recv(conn->session, data, n, conn->heard_ms, &err) < 0) {
        rpc_conn_flush(conn); /* a GOAWAY may be waiting */
        lost(conn, &err);
        return;
    }
    drain_events(conn);
}

static bool may_read(const struct rpc_conn *conn)
{
    return conn->state != RPC_CONN_DEAD &&
           (!conn->session || !rpc_session_is_ending(conn->session));
}

void rpc_conn_say_goaway(const struct rpc_conn *conn, struct err *err)
{
    const char *text;
    uint32_t code = conn->session ? rpc_session_peer_goaway(conn->session, &text) : 0;

    if (code != NGHTTP2_NO_ERROR)
        err_set(err, RPC_UNAVAILABLE, "GoAway", "%s ended the connection: %s, \"%s\"",
                conn->address, nghttp2_http2_strerror(code), text);
}

static void read_some(struct rpc_conn *conn)
{
    struct err err;

    for (int i = 0; i < READS_PER_TURN && may_read(conn); i++) {
        ssize_t n = conn->transport->ops->read(conn->transport, read_buf, sizeof(read_buf), &err);

        if (n == RPC_TRANSPORT_AGAIN)
            break;
        if (n == 0)
            n = err_set(&err, RPC_UNAVAILABLE, "ConnectionLost", "%s closed the connection",
                        conn->address);
        if (n < 0) {
            err_recode(&err, RPC_UNAVAILABLE, "ConnectionLost");
            rpc_conn_say_goaway(conn, &err);
            lost(conn, &err);
            break;
        }
        feed(conn, read_buf, (size_t)n);
        if (n < READ_BYTES && !conn->peer.is_tls)
            break;
    }
}

static int finish_connect(struct rpc_conn *conn, struct err *err)
{
    socklen_t n = sizeof(int);
    int e = 0;

    if (getsockopt(conn->transport->fd, SOL_SOCKET, SO_ERROR, &e, &n) < 0)
        e = errno;
    if (e) {
        err_errno(err, e, "connecting to %s", conn->address);
        return err_recode(err, RPC_UNAVAILABLE, "ConnectFailed");
    }
    conn->state = RPC_CONN_HANDSHAKE;
    return 0;
}

static void on_io(struct loop_io *io, int events, void *user)
{
    struct rpc_conn *conn = rpc_conn_ref(user);
    struct err err;
    int r = 0;

    (void)io;
    if (conn->state == RPC_CONN_CONNECTING)
        r = events & LOOP_WRITE ? finish_connect(conn, &err) : RPC_TRANSPORT_AGAIN;
    if (r == 0 && conn->state == RPC_CONN_HANDSHAKE)
        r = advance(conn, &err);
    if (r == 0 && (events & LOOP_READ) && conn->state > RPC_CONN_HANDSHAKE)
        read_some(conn);
    if (r < 0 && r != RPC_TRANSPORT_AGAIN)
        lost(conn, &err);
    if (conn->state != RPC_CONN_DEAD) {
        set_events(conn);
        rpc_conn_dirty(conn);
    }
    rpc_conn_unref(conn);
}

/* ---- writing ---- */

void rpc_conn_dirty(struct rpc_conn *conn)
{
    if (!conn->session || list_is_linked(&conn->dirty))
        return;
    list_push_back(&conn->hub->dirty, &conn->dirty);
    rpc_hub_wake(conn->hub);
}

/* 0 all written, 1 the socket is full, < 0 *err. Takes what was written off *data. */
static int write_all(struct rpc_conn *conn, const uint8_t **data, size_t *n, struct err *err)
{
    while (*n > 0) {
        ssize_t done = conn->transport->ops->write(conn->transport, *data, *n, err);

        if (done == RPC_TRANSPORT_AGAIN)
            return 1;
        if (done < 0)
            return err_recode(err, RPC_UNAVAILABLE, "ConnectionLost");
        conn->patience.wrote_ms = loop_now_ms(conn->hub->loop);
        *data += done;
        *n -= (size_t)done;
    }
    return 0;
}

static int write_kept(struct rpc_conn *conn, struct err *err)
{
    size_t n = buf_len(&conn->out), before = n;
    const uint8_t *data;
    int r;

    conn->transport->wants_write = false;
    if (n == 0)
        return 0;
    data = buf_data(&conn->out);
    r = write_all(conn, &data, &n, err);
    buf_consume(&conn->out, before - n);
    if (r == 0)
        buf_done(&conn->out);
    return r;
}

/* 0 nothing more to send, 1 the socket is full, < 0 *err. */
static int write_new(struct rpc_conn *conn, struct err *err)
{
    for (int i = 0; i < WRITES_PER_TURN; i++) {
        const uint8_t *data = write_buf;
        ssize_t pulled = rpc_session_pull(conn->session, write_buf, sizeof(write_buf), err);
        size_t n = (size_t)pulled;
        int r;

        if (pulled <= 0)
            return (int)pulled;
        r = write_all(conn, &data, &n, err);
        if (r > 0 && buf_append(&conn->out, data, n, err) < 0)
            return -1;
        if (r != 0)
            return r;
    }
    rpc_conn_dirty(conn); /* others first, then on */
    return 1;
}

static void explain_end(struct rpc_conn *conn, struct err *err)
{
    uint32_t own = rpc_session_own_error(conn->session);

    if (own)
        err_set(err, RPC_UNAVAILABLE, "ProtocolError", "%s broke the rules of HTTP/2: %s",
                conn->address, nghttp2_http2_strerror(own));
    else
        err_set(err, RPC_UNAVAILABLE, "ConnectionClosed",
                "the connection to %s was closed in good order", conn->address);
}

void rpc_conn_flush(struct rpc_conn *conn)
{
    struct err err;
    int r;

    if (!conn->session)
        return;
    (void)rpc_conn_ref(conn);
    r = write_kept(conn, &err);
    if (r == 0)
        r = write_new(conn, &err);
    drain_events(conn);
    if (r >= 0 && conn->session && rpc_session_is_broken(conn->session))
        r = err_oom(&err);
    if (r < 0) {
        lost(conn, &err);
    } else if (conn->session) {
        if (r == 0 && (rpc_session_is_over(conn->session) ||
                       (conn->is_goaway_sent && rpc_session_streams(conn->session) == 0))) {
            explain_end(conn, &err);
            lost(conn, &err);
        } else {
            set_events(conn);
            rpc_patience_kick(conn);
        }
    }
    rpc_conn_unref(conn);
}

/* ---- time ---- */

/* Who speaks HTTP/2 already is told why. */
static void say_too_slow(struct rpc_conn *conn)
{
    uint32_t wait_ms = conn->opts.handshake_ms ? conn->opts.handshake_ms : HANDSHAKE_MS;
    struct err err;

    if (!conn->session) {
        conn->hub->guard.n[RPC_GUARD_SLOW_STARTS]++;
        return;
    }
    rpc_session_strike(conn->session, RPC_GUARD_SLOW_STARTS, wait_ms); /* counts */
    if (write_kept(conn, &err) == 0)
        (void)write_new(conn, &err); /* it goes in any case */
}

static void on_timer(struct rpc_deadline *d)
{
    struct rpc_conn *conn = CONTAINER_OF(d, struct rpc_conn, timer);
    uint64_t now_ms = loop_now_ms(conn->hub->loop), due;
    struct err err;

    if (conn->state != RPC_CONN_UP) {
        say_too_slow(conn);
        err_set(&err, RPC_UNAVAILABLE, "ConnectFailed", "%s: no HTTP/2 connection within %u ms",
                conn->address, conn->opts.handshake_ms ? conn->opts.handshake_ms : HANDSHAKE_MS);
        lost(conn, &err);
        return;
    }
    due = clock_add(conn->heard_ms, conn->opts.keepalive_ms);
    if (conn->is_ping_out) {
        conn->hub->guard.n[RPC_GUARD_DEAD_PEERS]++;
        err_set(&err, RPC_UNAVAILABLE, "ConnectionLost", "%s answers no keepalive", conn->address);
        lost(conn, &err);
        return;
    }
    if (due <= now_ms) {
        conn->is_ping_out = true;
        conn->counts.n_pings++;
        rpc_session_ping(conn->session);
        rpc_conn_dirty(conn);
        due = clock_add(now_ms, conn->opts.keepalive_timeout_ms ? conn->opts.keepalive_timeout_ms
                                                                : PONG_MS);
    }
    (void)rpc_deadline_arm(conn->hub, &conn->timer, due,
                           NULL); /* there is room: it was just there */
}

void rpc_conn_drain(struct rpc_conn *conn)
{
    if (conn->is_draining || !conn->session)
        return;
    conn->is_draining = true;
    rpc_session_goaway_soon(conn->session);
    rpc_conn_dirty(conn);
}

bool rpc_conn_can_open(const struct rpc_conn *conn)
{
    return conn->state == RPC_CONN_UP && rpc_session_can_open(conn->session);
}
