/* The two halves of a call, and the bytes between them. */
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"
#include "services/router/proxied.h"
#include "services/router/stats.h"

/* ---- client to sandbox ---- */

static void forward_up(struct proxied *c, const uint8_t *data, size_t n)
{
    struct err err;
    int r = rpc_call_send_raw(c->up, data, n, &err);

    metric_add(c->proxy->opts.stats->bytes_in, (double)n);
    if (r == RPC_WAIT) {
        c->n_down_held += n;
    } else if (r == 0 || strcmp(err.reason, "CallEnded") == 0) {
        rpc_call_consumed(c->down, n); /* the call has ended above: its on_done is on the way */
    } else {
        rpc_call_abandon(TAKE_PTR(c->up));
        proxied_fail(c, &err);
    }
}

/* The window of these bytes stays closed, so one client can send no more than one window; all
 * together, not more than the limit. */
static int keep_early(struct proxied *c, const uint8_t *data, size_t n, struct err *err)
{
    struct proxy *p = c->proxy;

    if (p->n_early + n > LIMIT_ROUTER_EARLY)
        return err_set(
            err, RPC_RESOURCE_EXHAUSTED, "TooLarge",
            "the router keeps %u MiB of calls whose sandboxes are not there yet: try again",
            LIMIT_ROUTER_EARLY >> 20);
    if (buf_append(&c->early, data, n, err) < 0)
        return -1;
    p->n_early += n;
    return 0;
}

void relay_on_data(struct rpc_call *down, const uint8_t *data, size_t n, void *user)
{
    struct proxied *c = user;
    struct err err;

    switch (c->state) {
    case PROXIED_WAITING:
        if (keep_early(c, data, n, &err) < 0)
            proxied_fail(c, &err);
        break;
    case PROXIED_OPEN:
        forward_up(c, data, n);
        break;
    case PROXIED_LOST:
    case PROXIED_ENDED:
        rpc_call_consumed(down, n);
        break;
    }
}

void relay_on_half_close(struct rpc_call *down, void *user)
{
    struct proxied *c = user;

    (void)down;
    c->is_down_ended = true;
    if (c->state == PROXIED_OPEN)
        rpc_call_send_end(c->up);
}

static void up_on_writable(struct rpc_call *up, void *user)
{
    struct proxied *c = user;

    (void)up;
    if (c->n_down_held > 0)
        rpc_call_consumed(c->down, c->n_down_held);
    c->n_down_held = 0;
}

/* ---- sandbox to client ---- */

static bool is_passed(const char *name)
{
    return !rpc_metadata_is_of_hop(name);
}

/* The sandbox sent what cannot be passed on: its half is given up. */
static void refuse_up(struct proxied *c, const struct err *err)
{
    rpc_call_abandon(TAKE_PTR(c->up));
    proxied_fail(c, err);
}

static void up_on_headers(struct rpc_call *up, void *user)
{
    struct proxied *c = user;
    struct err err;

    if (rpc_call_copy_headers(c->down, rpc_call_headers(up), is_passed, &err) < 0 ||
        rpc_call_send_headers(c->down, &err) < 0)
        refuse_up(c, &err);
}

static void up_on_data(struct rpc_call *up, const uint8_t *data, size_t n, void *user)
{
    struct proxied *c = user;
    struct err err;
    int r = rpc_call_send_raw(c->down, data, n, &err);

    metric_add(c->proxy->opts.stats->bytes_out, (double)n);
    if (r == RPC_WAIT)
        c->n_up_held += n;
    else if (r == 0 || strcmp(err.reason, "CallEnded") == 0)
        rpc_call_consumed(up, n);
    else
        refuse_up(c, &err);
}

void relay_on_writable(struct rpc_call *down, void *user)
{
    struct proxied *c = user;

    (void)down;
    if (c->up && c->n_up_held > 0)
        rpc_call_consumed(c->up, c->n_up_held);
    c->n_up_held = 0;
}

/* Not the agent's own UNAVAILABLE, which came with trailers: the connection broke, or took no more
 * calls. */
static bool was_lost(struct rpc_call *up, const struct rpc_status *status)
{
    return status->code == RPC_UNAVAILABLE && !rpc_call_trailers(up);
}

static void up_on_done(struct rpc_call *up, const struct rpc_status *status, void *user)
{
    struct proxied *c = user;
    struct proxy *p = c->proxy;
    struct err err;

    c->up = NULL;
    if (was_lost(up, status)) {
        if (c->n_down_held > 0)
            rpc_call_consumed(c->down, c->n_down_held);
        c->n_down_held = 0;
        proxied_note_end(c, status->code, status->message);
        proxied_enter(c, PROXIED_LOST);
        proxied_wait_until(c, loop_now_ms(p->loop) + p->opts.cause_wait_ms);
        loop_task_schedule(p->look); /* not now: the connection may not know yet that it is lost */
        return;
    }
    if (rpc_call_copy_trailers(c->down, rpc_call_trailers(up), is_passed, &err) < 0) {
        proxied_fail(c, &err);
        return;
    }
    proxied_enter(c, PROXIED_ENDED);
    proxied_note_end(c, status->code, status->message);
    rpc_call_finish_status(c->down, status);
}

static const struct rpc_call_ops up_ops = {
    .on_headers = up_on_headers,
    .on_data = up_on_data,
    .on_writable = up_on_writable,
    .on_done = up_on_done,
};

/* ---- joining the halves ---- */

static bool is_hidden(const struct proxied *c, const char *name)
{
    return c->proxy->opts.hides_authorization && strcmp(name, "authorization") == 0;
}

/* The client's fields without those of its own hop; the strings stay in the client's half, which
 * outlives the start. */
static int request_fields(struct proxied *c, struct rpc_metadata *ret, struct err *err)
{
    const struct rpc_metadata *md = rpc_call_headers(c->down);

    *ret = (struct rpc_metadata){.arena = rpc_call_arena(c->down)};
    if (md->n == 0)
        return 0;
    ret->fields = arena_alloc(ret->arena, md->n * sizeof(*ret->fields));
    if (!ret->fields)
        return err_oom(err);
    for (size_t i = 0; i < md->n; i++) {
        if (!is_passed(md->fields[i].name) || is_hidden(c, md->fields[i].name))
            continue;
        ret->fields[ret->n++] = md->fields[i];
        ret->bytes += strlen(md->fields[i].name) + md->fields[i].n_value + 32;
    }
    ret->cap = md->n;
    return 0;
}

static int start_upstream(struct proxied *c, struct rpc_channel *channel, struct err *err)
{
    struct rpc_metadata fields;
    struct rpc_call_opts opts = {.timeout_ms = proxied_remaining_ms(c),
                                 .metadata = &fields,
                                 .raw = true,
                                 .parent = c->down,
                                 .content_type = rpc_call_content_type(c->down)};

    if (request_fields(c, &fields, err) < 0)
        return -1;
    return rpc_channel_call(channel, rpc_call_path(c->down), &opts, &up_ops, c, &c->up, err);
}

void relay_join(struct proxied *c, const struct route *route, struct rpc_channel *channel)
{
    struct buf early = c->early;
    struct err err;

    (void)snprintf(c->instance_id, sizeof(c->instance_id), "%s", route->instance_id);
    if (start_upstream(c, channel, &err) < 0) {
        proxied_fail(c, &err);
        return;
    }
    c->proxy->n_early -= buf_len(&early); /* they are ours now, and up's in a moment */
    buf_init(&c->early, LIMIT_RPC_STREAM_WINDOW);
    proxied_enter(c, PROXIED_OPEN);
    c->channel = channel;
    if (buf_len(&early) > 0)
        forward_up(c, buf_data(&early), buf_len(&early));
    if (c->is_down_ended && c->up)
        rpc_call_send_end(c->up);
    buf_done(&early);
}
