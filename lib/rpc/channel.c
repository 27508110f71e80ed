/*
 * A channel wants one connection: `conn` is the one that new calls use, `old` those that said
 * GOAWAY and end with their last call. A call that cannot be sent yet (not connected, no stream
 * free) waits on `pending`.
 */
#include "lib/rpc/channel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/base/limits.h"
#include "lib/rpc/address.h"
#include "lib/rpc/call_core.h"
#include "lib/rpc/timeout.h"

enum {
    CONNECT_MS = 20 * 1000,
    BACKOFF_FIRST_MS = 1000,
    BACKOFF_MAX_MS = 120 * 1000,
    BACKOFF_GROWTH_PERCENT = 160,
    BACKOFF_JITTER_PERCENT = 20,
};

static const char our_agent[] = "agent-sandbox-c/0.1";

struct rpc_channel {
    struct rpc_hub *hub;
    struct rpc_channel_opts opts;
    struct rpc_address address;
    char *authority, *user_agent;
    enum rpc_channel_state state;
    struct rpc_conn *conn;
    struct list old;
    struct list pending;
    struct rpc_deadline retry;
    uint32_t backoff_ms; /* before the next attempt but one; 0: the last one worked */
    struct err last;     /* why it is in TRANSIENT_FAILURE                          */
    bool is_fd, is_freed;
    unsigned n_ref;
};

static void connect_now(struct rpc_channel *ch);

/* ---- states ---- */

static void drop_ref(struct rpc_channel *ch)
{
    if (--ch->n_ref > 0)
        return;
    free(ch->authority);
    free(ch->user_agent);
    rpc_hub_close(ch->hub);
    free(ch);
}

static void enter(struct rpc_channel *ch, enum rpc_channel_state state, const struct err *why)
{
    if (ch->state == state)
        return;
    ch->state = state;
    if (ch->opts.on_state)
        ch->opts.on_state(ch, state, why,
                          ch->opts.user); /* Careful: the channel may be freed here. */
}

enum rpc_channel_state rpc_channel_state(const struct rpc_channel *ch)
{
    return ch->state;
}

/* ---- calls ---- */

static void add_request(const struct rpc_channel *ch, struct rpc_call *call, struct rpc_fields *f,
                        const char *timeout)
{
    const struct rpc_metadata *md = &call->headers;
    bool has_agent = rpc_metadata_find(md, "user-agent");

    rpc_fields_add(f, ":method", "POST");
    rpc_fields_add(f, ":scheme", ch->opts.tls ? "https" : "http");
    rpc_fields_add(f, ":path", call->path);
    rpc_fields_add(f, ":authority", ch->authority);
    rpc_fields_add(f, "te", "trailers");
    rpc_fields_add(f, "content-type", call->content_type);
    if (!has_agent)
        rpc_fields_add(f, "user-agent", ch->user_agent ? ch->user_agent : our_agent);
    if (!call->is_raw)
        rpc_fields_add(f, "grpc-accept-encoding", "identity,gzip");
    if (call->has_gzip)
        rpc_fields_add(f, "grpc-encoding", "gzip");
    if (timeout)
        rpc_fields_add_unindexed(f, "grpc-timeout", timeout);
    rpc_fields_add_metadata(f, md, call->is_raw);
}

/* The loop's clock stands while the application works between turns; a deadline is counted from the
 * call. */
static const char *timeout_text(struct rpc_call *call, bool *ret_failed)
{
    uint64_t now_ms = clock_monotonic_ms(), at_ms = call->deadline.at_ms;
    char *text;

    if (at_ms == CLOCK_NEVER)
        return NULL;
    text = arena_alloc(&call->arena, RPC_TIMEOUT_MAX_CHARS + 1);
    *ret_failed = !text;
    if (text)
        (void)rpc_timeout_format(at_ms > now_ms ? at_ms - now_ms : 0, text);
    return text;
}

static void start(struct rpc_channel *ch, struct rpc_call *call)
{
    bool failed = false;
    const char *timeout = timeout_text(call, &failed);
    struct rpc_fields f;
    struct err err;

    rpc_fields_init(&f, &call->arena, 10 + call->headers.n);
    add_request(ch, call, &f, timeout);
    if (f.is_bad || failed)
        err_oom(&err);
    else if (rpc_call_start(call, ch->conn, f.v, f.n, &err) == 0)
        return;
    list_remove(&call->pending);
    rpc_call_end(call, err.code, err.msg);
}

static void start_pending(struct rpc_channel *ch)
{
    while (ch->conn && rpc_conn_can_open(ch->conn) && !list_is_empty(&ch->pending))
        start(ch, LIST_FIRST(&ch->pending, struct rpc_call, pending));
}

/* Those that do not wait for the channel to be ready learn why it is not. */
static void fail_pending(struct rpc_channel *ch, const struct err *why, bool all)
{
    LIST_FOREACH_SAFE(it, &ch->pending)
    {
        struct rpc_call *call = CONTAINER_OF(it, struct rpc_call, pending);

        if (call->waits_for_ready && !all)
            continue;
        list_remove(&call->pending);
        rpc_call_end(call, RPC_UNAVAILABLE, why->msg);
    }
}

/* ---- the connection ---- */

static uint32_t next_backoff(struct rpc_channel *ch)
{
    uint32_t max = ch->opts.backoff_max_ms ? ch->opts.backoff_max_ms : BACKOFF_MAX_MS;
    uint32_t first = ch->opts.backoff_first_ms ? ch->opts.backoff_first_ms : BACKOFF_FIRST_MS;
    uint64_t ms = ch->backoff_ms ? (uint64_t)ch->backoff_ms * BACKOFF_GROWTH_PERCENT / 100 : first;
    uint32_t random;

    ch->backoff_ms = (uint32_t)MIN(ms, (uint64_t)max);
    bytes_random(&random, sizeof(random));
    random %= 2 * BACKOFF_JITTER_PERCENT + 1;
    return (uint32_t)((uint64_t)ch->backoff_ms * (100 - BACKOFF_JITTER_PERCENT + random) / 100);
}

static void on_retry(struct rpc_deadline *d)
{
    connect_now(CONTAINER_OF(d, struct rpc_channel, retry));
}

static void failed(struct rpc_channel *ch, const struct err *why)
{
    ch->last = *why;
    if (ch->is_fd) {
        fail_pending(ch, why, true);
        enter(ch, RPC_CHANNEL_SHUTDOWN, &ch->last);
        return;
    }
    if (rpc_deadline_arm(ch->hub, &ch->retry, loop_now_ms(ch->hub->loop) + next_backoff(ch), NULL) <
        0) {
        fail_pending(ch, why, true); /* no timer, no retry: nobody may wait for it */
        enter(ch, RPC_CHANNEL_IDLE, &ch->last);
        return;
    }
    fail_pending(ch, why, false);
    enter(ch, RPC_CHANNEL_TRANSIENT_FAILURE, &ch->last);
}

static void on_up(struct rpc_conn *conn)
{
    struct rpc_channel *ch = conn->opts.owner;

    if (conn != ch->conn)
        return;
    ch->backoff_ms = 0;
    ch->n_ref++;
    start_pending(ch);
    enter(ch, RPC_CHANNEL_READY, NULL);
    drop_ref(ch);
}

static void on_call_closed(struct rpc_conn *conn)
{
    struct rpc_channel *ch = conn->opts.owner;

    if (conn == ch->conn)
        start_pending(ch);
    else if (conn->session && rpc_session_streams(conn->session) == 0)
        rpc_conn_dirty(conn); /* the flush sees that it is over */
}

/* Not connected any more, but nothing is wrong: the next call connects. */
static void become_idle(struct rpc_channel *ch, const struct err *why)
{
    if (ch->is_fd) {
        failed(ch, why);
        return;
    }
    ch->n_ref++;
    enter(ch, RPC_CHANNEL_IDLE, why);
    if (!ch->is_freed && ch->state == RPC_CHANNEL_IDLE && !list_is_empty(&ch->pending))
        connect_now(ch);
    drop_ref(ch);
}

static void on_goaway(struct rpc_conn *conn)
{
    struct rpc_channel *ch = conn->opts.owner;
    struct err why;

    if (conn != ch->conn)
        return;
    ch->conn = NULL;
    list_push_back(&ch->old, &conn->link);
    conn->is_goaway_sent = true; /* closed with the last call: the flush looks */
    err_set(&why, RPC_UNAVAILABLE, "ServerStopping", "%s is stopping", conn->address);
    rpc_conn_dirty(conn);
    become_idle(ch, &why);
}

static void on_lost(struct rpc_conn *conn, const struct err *why)
{
    struct rpc_channel *ch = conn->opts.owner;
    bool is_current = conn == ch->conn;
    bool was_ready = ch->state == RPC_CHANNEL_READY;
    struct err reason = *why;

    list_remove(&conn->link);
    if (is_current)
        ch->conn = NULL;
    rpc_conn_unref(conn);
    if (!is_current)
        return;
    ch->n_ref++;
    if (was_ready) {
        become_idle(ch, &reason);
    } else {
        if (strcmp(reason.reason, "ConnectFailed") != 0)
            err_wrap(&reason, "connecting to %s", ch->address.text);
        failed(ch, &reason);
    }
    drop_ref(ch);
}

static const struct rpc_conn_ops conn_ops = {
    .on_up = on_up,
    .on_call_closed = on_call_closed,
    .on_goaway = on_goaway,
    .on_lost = on_lost,
};

/* Owns fd in any case. */
static int use_fd(struct rpc_channel *ch, int fd, bool is_connecting, struct err *err)
{
    struct rpc_conn_opts opts = {
        .role = RPC_CLIENT,
        .is_connecting = is_connecting,
        .tls = ch->opts.tls,
        .host = ch->address.host,
        .address = ch->is_fd ? NULL : ch->address.text,
        .handshake_ms = ch->opts.connect_timeout_ms ? ch->opts.connect_timeout_ms : CONNECT_MS,
        .keepalive_ms = ch->opts.keepalive_ms,
        .max_message = ch->opts.max_message,
        .ops = &conn_ops,
        .owner = ch,
    };

    return rpc_conn_new(&ch->conn, ch->hub, fd, &opts, err);
}

static int open_socket(struct rpc_channel *ch, bool *ret_connecting, struct err *err)
{
    const struct rpc_address *a = &ch->address;
    _cleanup_(close_fdp) int fd = -1;

    fd = socket(a->sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(err, errno, "making a socket");
    *ret_connecting = false;
    if (connect(fd, &a->sa.any, a->n_sa) < 0) {
        if (errno != EINPROGRESS) {
            err_errno(err, errno, "connecting to %s", a->text);
            return err_recode(err, RPC_UNAVAILABLE, "ConnectFailed");
        }
        *ret_connecting = true;
    }
    return TAKE_FD(fd);
}

static void connect_now(struct rpc_channel *ch)
{
    bool is_connecting;
    struct err err;
    int fd;

    rpc_deadline_disarm(ch->hub, &ch->retry);
    ch->n_ref++;
    enter(ch, RPC_CHANNEL_CONNECTING, NULL);
    if (!ch->is_freed && ch->state == RPC_CHANNEL_CONNECTING && !ch->conn) {
        fd = open_socket(ch, &is_connecting, &err);
        if (fd < 0 || use_fd(ch, fd, is_connecting, &err) < 0)
            failed(ch, &err);
    }
    drop_ref(ch);
}

/* From an API call nothing may be told, so connecting, which can fail at once, is left to the loop.
 */
void rpc_channel_connect(struct rpc_channel *ch)
{
    if (ch->state == RPC_CHANNEL_IDLE && !ch->conn)
        (void)rpc_deadline_arm(ch->hub, &ch->retry, 0,
                               NULL); /* out of memory: the next call asks again */
}

/* ---- life ---- */

static int dup_opts(struct rpc_channel *ch, const struct rpc_channel_opts *opts, struct err *err)
{
    const char *authority;
    size_t n;

    if (opts)
        ch->opts = *opts;
    if (!ch->opts.max_message)
        ch->opts.max_message = LIMIT_RPC_MESSAGE;
    authority = ch->opts.authority;
    if (!authority && (ch->is_fd || ch->address.is_unix))
        authority = "localhost";
    if (!authority)
        authority = rpc_address_authority(&ch->address);
    ch->authority = strdup(authority);
    if (!ch->authority)
        return err_oom(err);
    if (!ch->opts.user_agent)
        return 0;
    n = strlen(ch->opts.user_agent) + 1 + sizeof(our_agent);
    ch->user_agent = malloc(n);
    if (!ch->user_agent)
        return err_oom(err);
    (void)snprintf(ch->user_agent, n, "%s %s", ch->opts.user_agent, our_agent);
    return 0;
}

static int channel_new(struct rpc_channel **ret, struct loop *loop,
                       const struct rpc_address *address, const struct rpc_channel_opts *opts,
                       struct err *err)
{
    struct rpc_channel *ch = calloc(1, sizeof(*ch));

    if (!ch)
        return err_oom(err);
    ch->is_fd = !address;
    if (address)
        ch->address = *address;
    else
        (void)snprintf(ch->address.host, sizeof(ch->address.host), "localhost");
    ch->n_ref = 1;
    ch->retry.fn = on_retry;
    list_init(&ch->old);
    list_init(&ch->pending);
    if (rpc_hub_new(&ch->hub, loop, err) < 0) {
        free(ch);
        return -1;
    }
    if (dup_opts(ch, opts, err) < 0) {
        drop_ref(ch);
        return -1;
    }
    *ret = ch;
    return 0;
}

int rpc_channel_new(struct rpc_channel **ret, struct loop *loop, const char *target,
                    const struct rpc_channel_opts *opts, struct err *err)
{
    struct rpc_address address;

    if (rpc_address_parse(target, &address, err) < 0)
        return -1;
    return channel_new(ret, loop, &address, opts, err);
}

int rpc_channel_new_fd(struct rpc_channel **ret, struct loop *loop, int fd,
                       const struct rpc_channel_opts *opts, struct err *err)
{
    struct rpc_channel *ch;

    if (fd_set_nonblock(fd, err) < 0 || channel_new(&ch, loop, NULL, opts, err) < 0) {
        (void)close(fd);
        return -1;
    }
    ch->state = RPC_CHANNEL_CONNECTING;
    if (use_fd(ch, fd, false, err) < 0) {
        rpc_channel_free(ch);
        return -1;
    }
    *ret = ch;
    return 0;
}

void rpc_channel_free(struct rpc_channel *ch)
{
    struct err why;

    if (!ch || ch->is_freed)
        return;
    ch->is_freed = true;
    ch->opts.on_state = NULL;
    ch->state = RPC_CHANNEL_SHUTDOWN;
    err_set(&why, RPC_UNAVAILABLE, "ChannelClosed", "the channel was closed");
    rpc_deadline_disarm(ch->hub, &ch->retry);
    fail_pending(ch, &why, true);
    if (ch->conn)
        rpc_conn_close(TAKE_PTR(ch->conn), &why);
    while (!list_is_empty(&ch->old)) {
        struct rpc_conn *conn = LIST_FIRST(&ch->old, struct rpc_conn, link);

        list_remove(&conn->link);
        rpc_conn_close(conn, &why);
    }
    rpc_hub_tell(ch->hub);
    drop_ref(ch);
}

/* ---- a call ---- */

static int copy_metadata(struct rpc_call *call, const struct rpc_metadata *md, struct err *err)
{
    for (size_t i = 0; md && i < md->n; i++)
        if (rpc_metadata_add(&call->headers, md->fields[i].name, md->fields[i].value,
                             md->fields[i].n_value, err) < 0)
            return -1;
    return 0;
}

static int fill(struct rpc_call *call, const char *path, const struct rpc_call_opts *opts,
                struct err *err)
{
    const char *type = opts->raw && opts->content_type ? opts->content_type : "application/grpc";

    if (path[0] != '/')
        return err_set(err, RPC_INVALID_ARGUMENT, "BadPath",
                       "the method \"%.128s\" is not of the form /package.Service/Method", path);
    call->is_raw = opts->raw;
    call->waits_for_ready = opts->wait_for_ready;
    call->has_gzip = call->sends_gzip = opts->gzip && !opts->raw;
    call->is_unary = opts->unary_response && !opts->raw;
    call->path = arena_strdup(&call->arena, path);
    call->content_type = opts->content_type ? arena_strdup(&call->arena, type) : type;
    if (!call->path || !call->content_type)
        return err_oom(err);
    if (copy_metadata(call, opts->metadata, err) < 0)
        return -1;
    if (opts->timeout_ms == 0)
        return 0;
    return rpc_deadline_arm(call->hub, &call->deadline,
                            clock_add(clock_monotonic_ms(), opts->timeout_ms), err);
}

static void submit(struct rpc_channel *ch, struct rpc_call *call)
{
    list_push_back(&ch->pending, &call->pending);
    switch (ch->state) {
    case RPC_CHANNEL_IDLE:
        rpc_channel_connect(ch);
        if (ch->retry.index == 0 && !ch->conn && err_oom(&ch->last) < 0)
            fail_pending(ch, &ch->last, true);
        break;
    case RPC_CHANNEL_CONNECTING:
        break;
    case RPC_CHANNEL_READY:
        start_pending(ch);
        break;
    case RPC_CHANNEL_TRANSIENT_FAILURE:
        fail_pending(ch, &ch->last, false);
        break;
    case RPC_CHANNEL_SHUTDOWN:
        fail_pending(ch, &ch->last, true);
        break;
    }
}

int rpc_channel_call(struct rpc_channel *ch, const char *path, const struct rpc_call_opts *opts,
                     const struct rpc_call_ops *ops, void *user, struct rpc_call **ret,
                     struct err *err)
{
    static const struct rpc_call_opts none = {0};
    struct rpc_call *call;

    if (!opts)
        opts = &none;
    call = rpc_call_new(ch->hub, RPC_CLIENT,
                        opts->max_message ? opts->max_message : ch->opts.max_message);
    if (!call)
        return err_oom(err);
    if (fill(call, path, opts, err) < 0) {
        rpc_call_discard(call);
        return -1;
    }
    rpc_call_set_ops(call, ops, user);
    submit(ch, call);
    if (ret)
        *ret = call;
    return 0;
}
