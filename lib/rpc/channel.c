/*
 * What an application sees of a channel: its states and its calls. A call that cannot be sent yet
 * (not connected, no stream free) waits on `pending`. Connections are connect.c's.
 */
#include "lib/rpc/channel.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/fd.h"
#include "lib/base/limits.h"
#include "lib/rpc/channel_core.h"
#include "lib/rpc/timeout.h"

static const char our_agent[] = "agent-sandbox-c/0.1";

/* ---- states ---- */

void rpc_channel_unref(struct rpc_channel *ch)
{
    if (--ch->n_ref > 0)
        return;
    free(ch->authority);
    free(ch->user_agent);
    rpc_hub_close(ch->hub);
    free(ch);
}

void rpc_channel_enter(struct rpc_channel *ch, enum rpc_channel_state state, const struct err *why)
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
    static const char attempts[RPC_RETRY_ATTEMPTS_MAX][2] = {"0", "1", "2", "3", "4"};
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
    if (call->retry.n_previous > 0)
        rpc_fields_add(f, "grpc-previous-rpc-attempts", attempts[call->retry.n_previous]);
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

void rpc_channel_start_on(struct rpc_channel *ch, struct rpc_conn *conn, struct rpc_call *call)
{
    bool failed = false;
    const char *timeout = timeout_text(call, &failed);
    struct rpc_fields f;
    struct err err;

    rpc_fields_init(&f, &call->arena, 11 + call->headers.n);
    add_request(ch, call, &f, timeout);
    if (f.is_bad || failed)
        err_oom(&err);
    else if (rpc_call_start(call, conn, f.v, f.n, &err) == 0)
        return;
    list_remove(&call->pending);
    rpc_call_end(call, err.code, err.msg);
}

void rpc_channel_start_pending(struct rpc_channel *ch)
{
    struct rpc_conn *conn;

    while (!list_is_empty(&ch->pending) && (conn = rpc_channel_pick(ch)))
        rpc_channel_start_on(ch, conn, LIST_FIRST(&ch->pending, struct rpc_call, pending));
}

static void end_waiting(struct rpc_channel *ch, const struct err *why)
{
    struct list *e;

    while ((e = list_pop_front(&ch->waiting)))
        rpc_call_end(CONTAINER_OF(e, struct rpc_call, pending), RPC_UNAVAILABLE, why->msg);
}

/* Those that do not wait for the channel to be ready learn why it is not. */
void rpc_channel_fail_pending(struct rpc_channel *ch, const struct err *why, bool all)
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

/* ---- life ---- */

static void take_config(struct rpc_channel *ch, const struct rpc_service_config *c)
{
    if (!c)
        return;
    ch->throttle = (struct rpc_throttle){
        .max = c->throttle_max, .ratio = c->throttle_ratio, .tokens = c->throttle_max};
    if (c->has_balance)
        ch->opts.balance = c->is_round_robin ? RPC_ROUND_ROBIN : RPC_PICK_FIRST;
}

static int dup_opts(struct rpc_channel *ch, const struct rpc_channel_opts *opts, struct err *err)
{
    const char *authority;
    size_t n;

    if (opts)
        ch->opts = *opts;
    if (!ch->opts.max_message)
        ch->opts.max_message = LIMIT_RPC_MESSAGE;
    take_config(ch, ch->opts.service_config);
    authority = ch->opts.authority;
    if (!authority && (ch->is_fd || ch->target.is_unix))
        authority = "localhost";
    if (!authority)
        authority = rpc_address_authority(&ch->target);
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
        ch->target = *address;
    else
        (void)snprintf(ch->target.host, sizeof(ch->target.host), "localhost");
    ch->n_ref = 1;
    list_init(&ch->endpoints);
    list_init(&ch->old);
    list_init(&ch->pending);
    list_init(&ch->waiting);
    list_init(&ch->looked_at.link);
    ch->looked_at.owner = ch;
    rpc_counts_init(&ch->calls, loop_now_ms(loop));
    if (rpc_hub_new(&ch->hub, loop, err) < 0) {
        free(ch);
        return -1;
    }
    if (dup_opts(ch, opts, err) < 0 || rpc_channel_connect_init(ch, err) < 0) {
        rpc_channel_connect_done(ch, NULL);
        rpc_channel_unref(ch);
        return -1;
    }
    *ret = ch;
    return 0;
}

int rpc_channel_new(struct rpc_channel **ret, struct loop *loop, const char *target,
                    const struct rpc_channel_opts *opts, struct err *err)
{
    struct rpc_address address;

    if (opts && opts->resolver ? rpc_target_parse(target, &address, err) < 0
                               : rpc_address_parse(target, &address, err) < 0)
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
    if (rpc_channel_use_fd(ch, fd, err) < 0) {
        rpc_channel_free(ch);
        return -1;
    }
    *ret = ch;
    return 0;
}

static void end_unread(struct rpc_channel *ch, const struct err *why)
{
    struct list *e;

    while ((e = list_pop_front(&ch->hub->unread)))
        rpc_call_end(CONTAINER_OF(e, struct rpc_call, pending), RPC_UNAVAILABLE, why->msg);
}

void rpc_channel_free(struct rpc_channel *ch)
{
    struct err why;

    if (!ch || ch->is_freed)
        return;
    ch->is_freed = true;
    list_remove(&ch->looked_at.link);
    ch->opts.on_state = NULL;
    ch->state = RPC_CHANNEL_SHUTDOWN;
    err_set(&why, RPC_UNAVAILABLE, "ChannelClosed", "the channel was closed");
    rpc_channel_fail_pending(ch, &why, true);
    end_waiting(ch, &why);
    rpc_channel_connect_done(ch, &why);
    end_unread(ch, &why);
    rpc_hub_tell(ch->hub);
    rpc_channel_unref(ch);
}

int rpc_channel_intercept(struct rpc_channel *ch, const struct rpc_interceptor *i, void *user,
                          struct err *err)
{
    return rpc_chain_add(&ch->chain, i, user, err);
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

/* What the service config says of the method and the call does not say better. */
static uint64_t apply_config(struct rpc_channel *ch, struct rpc_call *call,
                             const struct rpc_call_opts *opts)
{
    const struct rpc_method_config *m =
        rpc_service_config_find(ch->opts.service_config, call->path);

    rpc_retry_init(call, ch, m && m->retry.max_attempts ? &m->retry : NULL);
    if (!m)
        return opts->timeout_ms;
    if (m->has_wait_for_ready && !opts->wait_for_ready)
        call->waits_for_ready = m->wait_for_ready;
    call->max_send = m->max_request;
    if (m->max_response && m->max_response < call->max_message) {
        call->max_message = m->max_response;
        call->decoder.max = (uint32_t)MIN(m->max_response, (size_t)UINT32_MAX);
    }
    if (!m->timeout_ms || (opts->timeout_ms && opts->timeout_ms < m->timeout_ms))
        return opts->timeout_ms;
    return m->timeout_ms;
}

static int fill(struct rpc_channel *ch, struct rpc_call *call, const char *path,
                const struct rpc_call_opts *opts, struct err *err)
{
    const char *type = opts->raw && opts->content_type ? opts->content_type : "application/grpc";
    uint64_t timeout_ms;

    if (path[0] != '/')
        return err_set(err, RPC_INVALID_ARGUMENT, "BadPath",
                       "the method \"%.128s\" is not of the form /package.Service/Method", path);
    call->is_raw = opts->raw;
    call->kind = opts->kind;
    call->parent = opts->parent;
    call->waits_for_ready = opts->wait_for_ready;
    call->has_gzip = call->sends_gzip = opts->gzip && !opts->raw;
    call->is_unary = opts->unary_response && !opts->raw;
    call->path = arena_strdup(&call->arena, path);
    call->content_type = opts->content_type ? arena_strdup(&call->arena, type) : type;
    if (!call->path || !call->content_type)
        return err_oom(err);
    if (copy_metadata(call, opts->metadata, err) < 0)
        return -1;
    timeout_ms = apply_config(ch, call, opts);
    if (timeout_ms == 0)
        return 0;
    return rpc_deadline_arm(call->hub, &call->deadline, clock_add(clock_monotonic_ms(), timeout_ms),
                            err);
}

bool rpc_channel_is_open(const struct rpc_channel *ch)
{
    return !ch->is_freed && ch->state != RPC_CHANNEL_SHUTDOWN;
}

struct rpc_throttle *rpc_channel_throttle(struct rpc_channel *ch)
{
    return &ch->throttle;
}

void rpc_channel_park(struct rpc_channel *ch, struct rpc_call *call)
{
    list_push_back(&ch->waiting, &call->pending);
}

void rpc_channel_submit(struct rpc_channel *ch, struct rpc_call *call)
{
    list_push_back(&ch->pending, &call->pending);
    switch (ch->state) {
    case RPC_CHANNEL_IDLE:
        rpc_channel_connect(ch);
        if (ch->retry.index == 0 && !ch->lookup && err_oom(&ch->last) < 0)
            rpc_channel_fail_pending(ch, &ch->last, true);
        break;
    case RPC_CHANNEL_CONNECTING:
        break;
    case RPC_CHANNEL_READY:
        rpc_channel_start_pending(ch);
        break;
    case RPC_CHANNEL_TRANSIENT_FAILURE:
        rpc_channel_fail_pending(ch, &ch->last, false);
        break;
    case RPC_CHANNEL_SHUTDOWN:
        rpc_channel_fail_pending(ch, &ch->last, true);
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
    if (fill(ch, call, path, opts, err) < 0) {
        rpc_call_discard(call);
        return -1;
    }
    if (rpc_watch_start(call, &ch->chain, err) < 0) {
        rpc_call_discard(call);
        return -1;
    }
    call->parent = NULL;
    call->counts = &ch->calls;
    rpc_counts_begin(&ch->calls, loop_now_ms(ch->hub->loop));
    rpc_call_set_ops(call, ops, user);
    rpc_channel_submit(ch, call);
    if (ret)
        *ret = call;
    return 0;
}
