#include "lib/rpc/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/fd.h"
#include "lib/base/limits.h"
#include "lib/base/map.h"
#include "lib/rpc/address.h"
#include "lib/rpc/admit.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/look.h"

enum { ACCEPTS_PER_TURN = 64, BACKLOG = 512, ACCEPT_PAUSE_MS = 100, LARGE_METADATA = 4096 };

struct handler {
    rpc_handler fn;
    void *user;
    enum rpc_kind kind;
};

struct listener {
    struct rpc_server *server;
    struct list link;
    struct rpc_counts counts; /* its id */
    int fd;
    struct loop_io *io;
    struct rpc_listen_opts opts;
    struct rpc_deadline pause; /* out of descriptors: try again later */
    char *unix_path;           /* removed at the end                  */
};

/* What rpc_server_serve_fd() is to tell at the end. */
struct served {
    void (*fn)(void *user, const struct err *why);
    void *user;
};

struct rpc_server {
    struct rpc_hub *hub;
    struct rpc_server_opts opts;
    struct rpc_lifetime_opts lifetime;
    struct map handlers;
    struct rpc_owned *owned;
    struct handler rest;
    struct rpc_chain chain;
    struct list conns, listeners;
    struct rpc_server_stats stats;
    struct rpc_counts calls;
    struct rpc_looked_at looked_at;
    struct rpc_admit admit;
    void (*drained)(struct rpc_server *s, void *user);
    void *drained_user;
    struct rpc_deadline drain_deadline;
    bool is_draining, is_freed;
    unsigned n_ref;
};

static void drop_ref(struct rpc_server *s)
{
    if (--s->n_ref > 0)
        return;
    MAP_FOREACH(it, &s->handlers)
    free(map_entry_value(it));
    map_done(&s->handlers);
    rpc_admit_done(&s->admit);
    while (s->owned) {
        struct rpc_owned *next = s->owned->next;

        free(s->owned);
        s->owned = next;
    }
    rpc_hub_close(s->hub);
    free(s);
}

/* ---- calls ---- */

static int refuse(struct rpc_call *call, const struct err *err)
{
    rpc_call_refuse(call, err);
    return -1;
}

/* HTTP before gRPC: < 0 when it was answered. */
static int check_http(struct rpc_call *call)
{
    const struct rpc_head *h = &call->stream.head;

    if (!h->is_post)
        rpc_call_refuse_http(call, "405");
    else if (!rpc_head_is_grpc(h))
        rpc_call_refuse_http(call, "415");
    else
        return 0;
    return -1;
}

static int check_head(struct rpc_call *call)
{
    const struct rpc_head *h = &call->stream.head;
    struct err err;

    if (h->is_out_of_memory) {
        err_oom(&err);
        return refuse(call, &err);
    }
    if (h->is_too_large) {
        err_set(&err, RPC_RESOURCE_EXHAUSTED, "MetadataTooLarge",
                "the metadata of the call is larger than %u bytes or %d fields", LIMIT_RPC_METADATA,
                LIMIT_RPC_METADATA_FIELDS);
        return refuse(call, &err);
    }
    if (call->arena.used > LARGE_METADATA && rpc_call_is_over_held(call, call->arena.used, &err))
        return refuse(call, &err);
    if (h->is_bad) {
        err_set(&err, RPC_INTERNAL, "BadMetadata",
                "grpc-timeout is not 1 to 8 digits and a unit, or a -bin value is not base64");
        return refuse(call, &err);
    }
    return check_http(call);
}

static int check_encoding(struct rpc_call *call, const char *encoding)
{
    struct err err;

    if (!encoding || strcmp(encoding, "identity") == 0 || strcmp(encoding, "gzip") == 0)
        return 0;
    err_set(&err, RPC_UNIMPLEMENTED, "BadEncoding",
            "grpc-encoding \"%.32s\" is not supported: use identity or gzip", encoding);
    return refuse(call, &err);
}

/* NULL: there is none for it. */
static const struct handler *find_handler(const struct rpc_server *s, const struct rpc_call *call)
{
    const struct handler *h = map_get(&s->handlers, call->path);

    if (h)
        return h;
    return s->rest.fn ? &s->rest : NULL;
}

/* Who asks for what does not exist is authorised, counted and logged as any other. */
static int let_in(struct rpc_server *s, struct rpc_call *call, bool is_raw, struct err *err)
{
    if (rpc_call_begin(call, is_raw, s->opts.max_message, err) < 0)
        return refuse(call, err);
    if (rpc_watch_start(call, &s->chain, err) < 0 ||
        (s->opts.on_call && s->opts.on_call(call, s->opts.user, err) < 0)) {
        rpc_call_fail(call, err);
        return -1;
    }
    return 0;
}

static void dispatch(struct rpc_server *s, struct rpc_call *call)
{
    const struct rpc_head *h = &call->stream.head;
    const struct handler *handler;
    struct err err;

    call->path = h->path ? h->path : "";
    if (check_head(call) < 0)
        return;
    handler = find_handler(s, call);
    if (handler)
        call->kind = handler->kind;
    if (let_in(s, call, handler == &s->rest, &err) < 0)
        return;
    if (!handler) {
        err_set(&err, RPC_UNIMPLEMENTED, "UnknownMethod", "there is no method %.200s", call->path);
        rpc_call_refuse(call, &err);
    } else if (call->is_raw || check_encoding(call, h->encoding) == 0) {
        handler->fn(call, handler->user);
    }
}

static void on_call(struct rpc_conn *conn, struct rpc_call *call)
{
    struct rpc_server *s = conn->opts.owner;

    s->stats.n_calls_total++;
    rpc_counts_begin(&s->calls, loop_now_ms(s->hub->loop));
    call->counts = &s->calls;
    rpc_lifetime_calls_changed(conn);
    s->n_ref++;
    call->n_busy++;
    dispatch(s, call); /* Careful: the connection may be gone here. */
    call->n_busy--;
    rpc_call_settle(call);
    drop_ref(s);
}

/* ---- connections ---- */

static void check_drained(struct rpc_server *s)
{
    if (!s->is_draining || !list_is_empty(&s->conns) || !s->drained)
        return;
    rpc_deadline_disarm(s->hub, &s->drain_deadline);
    /* Careful: s may be gone after this. */
    TAKE_PTR(s->drained)(s, s->drained_user);
}

static void on_up(struct rpc_conn *conn)
{
    (void)conn;
}

static void on_call_closed(struct rpc_conn *conn)
{
    rpc_lifetime_calls_changed(conn);
}

static void on_goaway(struct rpc_conn *conn)
{
    (void)conn;
}

static void on_other(struct rpc_conn *conn, int fd, const uint8_t *data, size_t n)
{
    struct listener *l = conn->opts.listener;

    if (l && l->opts.on_other)
        l->opts.on_other(fd, data, n, l->opts.user);
    else
        (void)close(fd);
}

static void forget_conn(struct rpc_server *s, struct rpc_conn *conn)
{
    list_remove(&conn->link);
    rpc_admit_leave(&s->admit, conn->admit_peer);
    s->stats.n_connections--;
}

static void on_lost(struct rpc_conn *conn, const struct err *why)
{
    struct rpc_server *s = conn->opts.owner;
    struct served *served = conn->served;

    s->n_ref++;
    forget_conn(s, conn);
    rpc_conn_unref(conn);
    if (served) {
        rpc_hub_tell(s->hub); /* the calls first */
        served->fn(served->user, why);
        free(served);
    }
    if (!s->is_freed)
        check_drained(s);
    drop_ref(s);
}

static const struct rpc_conn_ops conn_ops = {
    .on_up = on_up,
    .on_call = on_call,
    .on_call_closed = on_call_closed,
    .on_goaway = on_goaway,
    .on_other = on_other,
    .on_lost = on_lost,
};

static int admit(struct rpc_server *s, int fd, const struct listener *l, uint64_t *ret_peer,
                 struct err *err)
{
    struct err why;

    if (rpc_admit_enter(&s->admit, fd, &s->hub->guard, ret_peer, &why) == 0)
        return 0;
    if (!l || !l->opts.tls)
        rpc_admit_refuse(fd, &why);
    return err_set(err, why.code, why.reason, "%s", why.msg);
}

/* Owns fd in any case. */
static int add_conn(struct rpc_server *s, int fd, struct listener *l, struct served *served,
                    struct err *err)
{
    struct rpc_conn_opts opts = {
        .role = RPC_SERVER,
        .tls = l ? l->opts.tls : NULL,
        .max_streams = s->opts.max_streams,
        .handshake_ms = s->opts.handshake_ms,
        .keepalive_ms = s->opts.keepalive_ms,
        .keepalive_timeout_ms = s->opts.keepalive_timeout_ms,
        .max_message = s->opts.max_message,
        .limits = &s->opts.limits,
        .ops = &conn_ops,
        .owner = s,
        .listener = l,
    };
    struct rpc_conn *conn;
    uint64_t peer;

    if (admit(s, fd, l, &peer, err) < 0) {
        (void)close(fd);
        return -1;
    }
    if (rpc_conn_new(&conn, s->hub, fd, &opts, err) < 0) {
        rpc_admit_leave(&s->admit, peer);
        return -1;
    }
    conn->admit_peer = peer;
    if (rpc_lifetime_start(conn, &s->lifetime, err) < 0) {
        rpc_admit_leave(&s->admit, peer);
        rpc_conn_close(conn, &(struct err){.code = RPC_UNAVAILABLE});
        return -1;
    }
    conn->served = served;
    list_push_back(&s->conns, &conn->link);
    s->stats.n_connections++;
    s->stats.n_connections_total++;
    return 0;
}

/* ---- listeners ---- */

static void listener_free(struct listener *l)
{
    rpc_deadline_disarm(l->server->hub, &l->pause);
    loop_io_free(l->io);
    if (l->fd >= 0)
        (void)close(l->fd);
    if (l->unix_path)
        (void)unlink(l->unix_path); /* already gone is as good */
    free(l->unix_path);
    list_remove(&l->link);
    LIST_FOREACH(it, &l->server->conns)
    {
        struct rpc_conn *conn = CONTAINER_OF(it, struct rpc_conn, link);

        if (conn->opts.listener == l)
            conn->opts.listener = NULL;
    }
    free(l);
}

static void on_pause_over(struct rpc_deadline *d)
{
    loop_io_set(CONTAINER_OF(d, struct listener, pause)->io, LOOP_READ);
}

static void on_accept(struct loop_io *io, int events, void *user)
{
    struct listener *l = user;

    (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            (void)add_conn(l->server, fd, l, NULL,
                           NULL); /* refused: closed, which tells the client */
            continue;
        }
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
            return;
        /* The socket stays readable: without a pause we would spin. */
        if (rpc_deadline_arm(l->server->hub, &l->pause,
                             loop_now_ms(l->server->hub->loop) + ACCEPT_PAUSE_MS, NULL) == 0)
            loop_io_set(io, 0);
        return;
    }
}

/* Owns fd in any case. */
static int add_listener(struct rpc_server *s, int fd, const char *unix_path,
                        const struct rpc_listen_opts *opts, struct err *err)
{
    struct listener *l = calloc(1, sizeof(*l));

    if (!l) {
        (void)close(fd);
        return err_oom(err);
    }
    l->server = s;
    l->fd = fd;
    rpc_counts_init(&l->counts, loop_now_ms(s->hub->loop));
    l->pause.fn = on_pause_over;
    list_init(&l->link);
    if (opts)
        l->opts = *opts;
    if (unix_path && !(l->unix_path = strdup(unix_path))) {
        listener_free(l);
        return err_oom(err);
    }
    if (loop_io_new(&l->io, s->hub->loop, fd, LOOP_READ, on_accept, l, err) < 0) {
        listener_free(l);
        return -1;
    }
    list_push_back(&s->listeners, &l->link);
    return 0;
}

static int listen_inet(const struct rpc_address *a, bool shares_port, struct err *err)
{
    _cleanup_(close_fdp) int fd = -1;
    int on = 1;

    fd = socket(a->sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, errno, "making a socket for %s", a->text);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        (shares_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0))
        return err_errno(err, errno, "listening on %s", a->text);
    if (bind(fd, &a->sa.any, a->n_sa) < 0 || listen(fd, BACKLOG) < 0) {
        if (errno == EADDRINUSE)
            return err_set(err, RPC_FAILED_PRECONDITION, "AddressInUse",
                           "%s is in use by another process: stop it or choose another address",
                           a->text);
        return err_errno(err, errno, "listening on %s", a->text);
    }
    return TAKE_FD(fd);
}

int rpc_server_listen_dup(struct rpc_server *s, const char *address,
                          const struct rpc_listen_opts *opts, char *ret_address, int *ret_fd,
                          struct err *err)
{
    struct rpc_address a;
    _cleanup_(close_fdp) int copy = -1;
    char text[128];
    int fd;

    if (rpc_address_parse(address, &a, err) < 0)
        return -1;
    if (a.is_unix) {
        fd = fd_unix_listen(a.sa.un.sun_path, SOCK_STREAM,
                            opts && opts->unix_mode ? opts->unix_mode : 0600, err);
        (void)snprintf(text, sizeof(text), "unix:%s", a.sa.un.sun_path);
    } else {
        fd = listen_inet(&a, opts && opts->shares_port, err);
        if (fd >= 0 && rpc_address_of_socket(fd, text, sizeof(text), err) < 0) {
            (void)close(fd);
            fd = -1;
        }
    }
    if (fd >= 0 && ret_fd) {
        copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
            (void)close(fd);
            return err_errno(err, errno, "listening on %s", text);
        }
    }
    if (fd < 0 || add_listener(s, fd, a.is_unix ? a.sa.un.sun_path : NULL, opts, err) < 0)
        return -1;
    if (ret_address)
        memcpy(ret_address, text, strlen(text) + 1);
    if (ret_fd)
        *ret_fd = TAKE_FD(copy);
    return 0;
}

int rpc_server_listen(struct rpc_server *s, const char *address, const struct rpc_listen_opts *opts,
                      char *ret_address, struct err *err)
{
    return rpc_server_listen_dup(s, address, opts, ret_address, NULL, err);
}

int rpc_server_listen_fd(struct rpc_server *s, int fd, const struct rpc_listen_opts *opts,
                         struct err *err)
{
    if (fd_set_nonblock(fd, err) < 0) {
        (void)close(fd);
        return -1;
    }
    return add_listener(s, fd, NULL, opts, err);
}

int rpc_server_serve_fd(struct rpc_server *s, int fd,
                        void (*on_closed)(void *user, const struct err *why), void *user,
                        struct err *err)
{
    _cleanup_(freep) struct served *served = NULL;

    if (on_closed) {
        served = calloc(1, sizeof(*served));
        if (!served) {
            (void)close(fd);
            return err_oom(err);
        }
        *served = (struct served){.fn = on_closed, .user = user};
    }
    if (fd_set_nonblock(fd, err) < 0) {
        (void)close(fd);
        return -1;
    }
    if (add_conn(s, fd, NULL, served, err) < 0)
        return -1;
    served = NULL;
    return 0;
}

/* ---- the server ---- */

int rpc_server_new(struct rpc_server **ret, struct loop *loop, const struct rpc_server_opts *opts,
                   struct err *err)
{
    struct rpc_server *s = calloc(1, sizeof(*s));

    if (!s)
        return err_oom(err);
    if (rpc_hub_new(&s->hub, loop, err) < 0) {
        free(s);
        return -1;
    }
    if (opts)
        s->opts = *opts;
    s->lifetime = (struct rpc_lifetime_opts){
        .max_age_ms = s->opts.max_age_ms,
        .age_grace_ms = s->opts.age_grace_ms,
        .max_idle_ms = s->opts.max_idle_ms,
        .min_ping_ms = s->opts.min_ping_ms,
        .pings_without_calls = s->opts.pings_without_calls,
    };
    if (!s->opts.max_message)
        s->opts.max_message = LIMIT_RPC_MESSAGE;
    s->hub->max_held = s->opts.max_held ? s->opts.max_held : LIMIT_RPC_HELD;
    if (!s->opts.max_streams)
        s->opts.max_streams = LIMIT_RPC_STREAMS;
    if (!s->opts.max_connections)
        s->opts.max_connections = LIMIT_RPC_CONNECTIONS;
    rpc_admit_init(&s->admit, s->opts.max_connections, s->opts.max_connections_per_peer);
    list_init(&s->conns);
    list_init(&s->listeners);
    list_init(&s->looked_at.link);
    s->looked_at.owner = s;
    rpc_counts_init(&s->calls, loop_now_ms(loop));
    map_init(&s->handlers);
    s->n_ref = 1;
    *ret = s;
    return 0;
}

static void close_all(struct rpc_server *s)
{
    struct err why;

    err_set(&why, RPC_UNAVAILABLE, "ServerStopped", "the server is stopping");
    while (!list_is_empty(&s->conns)) {
        struct rpc_conn *conn = LIST_FIRST(&s->conns, struct rpc_conn, link);
        struct served *served = TAKE_PTR(conn->served);

        forget_conn(s, conn);
        rpc_conn_close(conn, &why);
        rpc_hub_tell(s->hub);
        if (served) {
            served->fn(served->user, &why);
            free(served);
        }
    }
}

static void stop_listening(struct rpc_server *s)
{
    while (!list_is_empty(&s->listeners))
        listener_free(LIST_FIRST(&s->listeners, struct listener, link));
}

void rpc_server_free(struct rpc_server *s)
{
    if (!s || s->is_freed)
        return;
    s->is_freed = true;
    list_remove(&s->looked_at.link);
    rpc_deadline_disarm(s->hub, &s->drain_deadline);
    stop_listening(s);
    close_all(s);
    rpc_hub_tell(s->hub);
    drop_ref(s);
}

static void on_drain_deadline(struct rpc_deadline *d)
{
    struct rpc_server *s = CONTAINER_OF(d, struct rpc_server, drain_deadline);

    s->n_ref++;
    close_all(s);
    if (!s->is_freed)
        check_drained(s);
    drop_ref(s);
}

/* Nothing to wait for: told from the loop all the same. */
static uint64_t drain_until(const struct rpc_server *s, uint64_t deadline_ms)
{
    return list_is_empty(&s->conns) ? 0 : deadline_ms;
}

void rpc_server_drain(struct rpc_server *s, uint64_t deadline_ms,
                      void (*fn)(struct rpc_server *s, void *user), void *user)
{
    s->is_draining = true;
    s->drained = fn;
    s->drained_user = user;
    s->drain_deadline.fn = on_drain_deadline;
    stop_listening(s);
    LIST_FOREACH(it, &s->conns)
    rpc_conn_drain(CONTAINER_OF(it, struct rpc_conn, link));
    (void)rpc_deadline_arm(s->hub, &s->drain_deadline, drain_until(s, deadline_ms), NULL);
}

int rpc_server_handle_kind(struct rpc_server *s, const char *path, enum rpc_kind kind,
                           rpc_handler fn, void *user, struct err *err)
{
    struct handler *h = malloc(sizeof(*h));
    void *old;

    if (!h)
        return err_oom(err);
    *h = (struct handler){.fn = fn, .user = user, .kind = kind};
    if (map_set(&s->handlers, path, h, &old, err) < 0) {
        free(h);
        return -1;
    }
    free(old);
    return 0;
}

int rpc_server_handle(struct rpc_server *s, const char *path, rpc_handler fn, void *user,
                      struct err *err)
{
    return rpc_server_handle_kind(s, path, RPC_KIND_BIDI, fn, user, err);
}

int rpc_server_intercept(struct rpc_server *s, const struct rpc_interceptor *i, void *user,
                         struct err *err)
{
    return rpc_chain_add(&s->chain, i, user, err);
}

void rpc_server_own(struct rpc_server *s, struct rpc_owned *o)
{
    o->next = s->owned;
    s->owned = o;
}

void rpc_server_handle_rest_raw(struct rpc_server *s, rpc_handler fn, void *user)
{
    s->rest = (struct handler){.fn = fn, .user = user};
}

void rpc_server_stats(const struct rpc_server *s, struct rpc_server_stats *ret)
{
    *ret = s->stats;
    ret->guard = s->hub->guard;
    ret->n_calls = 0;
    LIST_FOREACH(it, &s->conns)
    {
        const struct rpc_conn *conn = CONTAINER_OF(it, struct rpc_conn, link);

        if (conn->session)
            ret->n_calls += rpc_session_streams(conn->session);
    }
}

void rpc_server_stats_add(struct rpc_server_stats *sum, const struct rpc_server_stats *one)
{
    sum->n_connections += one->n_connections;
    sum->n_connections_total += one->n_connections_total;
    sum->n_calls += one->n_calls;
    sum->n_calls_total += one->n_calls_total;
    for (size_t g = 0; g < N_RPC_GUARDS; g++)
        sum->guard.n[g] += one->guard.n[g];
}

/* ---- looking in ---- */

void rpc_server_look(struct rpc_server *s, struct rpc_server_view *ret)
{
    *ret = (struct rpc_server_view){
        .looked_at = &s->looked_at, .calls = &s->calls, .conns = &s->conns};
}

bool rpc_server_look_listener(const struct rpc_server *s, size_t i, uint64_t *ret_id, int *ret_fd)
{
    LIST_FOREACH(it, &s->listeners)
    {
        const struct listener *l = CONTAINER_OF(it, struct listener, link);

        if (i-- > 0)
            continue;
        *ret_id = l->counts.id;
        *ret_fd = l->fd;
        return true;
    }
    return false;
}

struct rpc_hub *rpc_server_hub(const struct rpc_server *s)
{
    return s->hub;
}
