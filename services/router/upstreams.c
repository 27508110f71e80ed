#include "services/router/upstreams.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/handover/handover.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"

enum {
    LINGER_MS = 2000,
    ACCEPT_AGAIN_MS = 100,
    DIAL_TIMEOUT_MS = 2000,
    DIAL_AGAIN_FIRST_MS = 50,
    DIAL_AGAIN_MAX_MS = 1000,
    DIAL_PING_MS = 20 * 1000, /* a pod whose machine is gone says nothing */
    DIAL_PING_TIMEOUT_MS = 10 * 1000,
};

struct upstream {
    struct upstreams *all;
    struct list link; /* strangers, oldest first; dead; or none */
    char instance_id[UPSTREAM_MAX_ID + 1];
    uint64_t generation;
    struct rpc_channel *channel;
    bool is_up; /* not yet while it is being dialled */
    unsigned n_tries;
    char trouble[200]; /* of the last try */
    bool is_known;     /* has a route                                        */
    bool is_dead;      /* off the map: to be freed at bury_ms                */
    uint64_t bury_ms;
};

/* One connection of the node on the handover socket. */
struct sender {
    struct upstreams *all;
    struct list link;
    struct loop_io *io;
    int fd;
};

struct upstreams {
    struct loop *loop;
    struct upstreams_opts opts;
    struct map by_instance;
    struct list strangers;
    size_t n_strangers;
    struct list dead;
    struct loop_task *bury;
    struct loop_timer *bury_later;
    int listen_fd;
    struct loop_io *listen_io;
    struct loop_timer *accept_again; /* after descriptors ran out */
    struct list senders;
    size_t n_senders;
};

/* ---- one connection ---- */

static void upstream_free(struct upstream *up)
{
    up->is_dead = true; /* its channel may still say that it is shut down */
    list_remove(&up->link);
    rpc_channel_free(up->channel);
    free(up);
}

static void leave_strangers(struct upstream *up)
{
    if (!up->is_known && list_is_linked(&up->link))
        up->all->n_strangers--;
    list_remove(&up->link);
}

/* Off the map at once, freed at the end of the turn: this may be a callback of its own channel. One
 * that said that it is stopping keeps its calls for linger_ms more. */
static void retire(struct upstream *up, uint64_t linger_ms)
{
    struct upstreams *u = up->all;

    if (up->is_dead)
        return;
    up->is_dead = true;
    up->bury_ms = loop_now_ms(u->loop) + linger_ms;
    if (map_get(&u->by_instance, up->instance_id) == up)
        (void)map_remove(&u->by_instance, up->instance_id);
    leave_strangers(up);
    list_push_back(&u->dead, &up->link);
    loop_task_schedule(u->bury);
}

static void dial_failed(struct upstream *up, const struct err *why)
{
    (void)snprintf(up->trouble, sizeof(up->trouble), "%.199s", why ? why->msg : "");
    if (++up->n_tries == UPSTREAM_MAX_TRIES)
        retire(up, 0);
}

/* IDLE: what was connected is not any more; the channel would connect anew by itself with the next
 * call, but whoever calls shall see that this one was lost. */
static void on_dial_state(struct rpc_channel *ch _unused_, enum rpc_channel_state state,
                          const struct err *why, void *user)
{
    struct upstream *up = user;
    struct upstreams *u = up->all;

    if (up->is_dead)
        return;
    if (state == RPC_CHANNEL_TRANSIENT_FAILURE && !up->is_up) {
        dial_failed(up, why);
    } else if (state == RPC_CHANNEL_READY) {
        up->is_up = true;
        log_debug("connected to an agent", LOG_S("instance", up->instance_id));
        u->opts.on_change(up->instance_id, true, u->opts.user);
    } else if (up->is_up) {
        log_info("agent's connection lost", LOG_S("instance", up->instance_id),
                 LOG_S("error", why ? why->msg : ""));
        retire(up, why && strcmp(why->reason, "ServerStopping") == 0 ? LINGER_MS : 0);
        u->opts.on_change(up->instance_id, false, u->opts.user);
    }
}

static void on_state(struct rpc_channel *ch, enum rpc_channel_state state, const struct err *why,
                     void *user)
{
    struct upstream *up = user;
    struct upstreams *u = up->all;

    (void)ch;
    if (state != RPC_CHANNEL_SHUTDOWN || up->is_dead)
        return;
    log_info("agent's connection lost", LOG_S("instance", up->instance_id),
             LOG_U("generation", up->generation), LOG_S("error", why ? why->msg : ""));
    retire(up, why && strcmp(why->reason, "ServerStopping") == 0 ? LINGER_MS : 0);
    u->opts.on_change(up->instance_id, false, u->opts.user);
}

static void bury_due(struct upstreams *u, uint64_t now_ms)
{
    uint64_t next_ms = CLOCK_NEVER;

    LIST_FOREACH_SAFE(it, &u->dead)
    {
        struct upstream *up = CONTAINER_OF(it, struct upstream, link);

        if (up->bury_ms <= now_ms)
            upstream_free(up);
        else
            next_ms = MIN(next_ms, up->bury_ms);
    }
    loop_timer_arm(u->bury_later, next_ms);
}

static void on_bury(struct loop_task *t, void *user)
{
    struct upstreams *u = user;

    (void)t;
    bury_due(u, loop_now_ms(u->loop));
}

static void on_bury_later(struct loop_timer *t, void *user)
{
    struct upstreams *u = user;

    (void)t;
    bury_due(u, loop_now_ms(u->loop));
}

static void join_strangers(struct upstream *up)
{
    struct upstreams *u = up->all;

    list_push_back(&u->strangers, &up->link);
    if (++u->n_strangers > UPSTREAM_MAX_STRANGERS) {
        struct upstream *oldest = LIST_FIRST(&u->strangers, struct upstream, link);

        log_warn("too many connections of instances without a route, closing the oldest",
                 LOG_S("instance", oldest->instance_id));
        retire(oldest, 0);
    }
}

static struct upstream *upstream_alloc(struct upstreams *u, const char *instance_id,
                                       uint64_t generation)
{
    struct upstream *up = calloc(1, sizeof(*up));

    if (!up)
        return NULL;
    up->all = u;
    list_init(&up->link);
    up->generation = generation;
    (void)snprintf(up->instance_id, sizeof(up->instance_id), "%s", instance_id);
    return up;
}

static int upstream_new(struct upstream **ret, struct upstreams *u, const char *instance_id,
                        uint64_t generation, int fd, struct err *err)
{
    struct upstream *up = upstream_alloc(u, instance_id, generation);
    const struct rpc_channel_opts opts = {.on_state = on_state, .user = up};

    if (!up) {
        (void)close(fd);
        return err_oom(err);
    }
    up->is_up = true;
    if (rpc_channel_new_fd(&up->channel, u->loop, fd, &opts, err) < 0) {
        free(up);
        return err_wrap(err, "instance %s", instance_id);
    }
    if (u->opts.on_channel)
        u->opts.on_channel(up->channel, u->opts.user);
    *ret = up;
    return 0;
}

int upstreams_add(struct upstreams *u, const char *instance_id, uint64_t generation, int fd,
                  struct err *err)
{
    struct upstream *old = map_get(&u->by_instance, instance_id), *up = NULL;

    if (old && generation <= old->generation) {
        (void)close(fd);
        return err_set(err, RPC_FAILED_PRECONDITION, "Conflict",
                       "instance %s: connection %llu is not newer than %llu, which is in use",
                       instance_id, (unsigned long long)generation,
                       (unsigned long long)old->generation);
    }
    if (upstream_new(&up, u, instance_id, generation, fd, err) < 0)
        return -1;
    up->is_known = old && old->is_known;
    if (map_set(&u->by_instance, instance_id, up, NULL, err) < 0) {
        upstream_free(up);
        return -1;
    }
    if (old)
        retire(old, 0);
    if (!up->is_known)
        join_strangers(up);
    rpc_channel_connect(up->channel);
    log_debug("agent's connection", LOG_S("instance", instance_id),
              LOG_U("generation", generation));
    u->opts.on_change(instance_id, true, u->opts.user);
    return 0;
}

static bool is_address(const char *endpoint)
{
    return strncmp(endpoint, "ipv4:", 5) == 0 || strncmp(endpoint, "ipv6:", 5) == 0;
}

static int dial(struct upstream **ret, struct upstreams *u, const char *instance_id,
                uint64_t generation, const char *endpoint, struct err *err)
{
    struct upstream *up = upstream_alloc(u, instance_id, generation);
    const struct rpc_channel_opts opts = {.connect_timeout_ms = DIAL_TIMEOUT_MS,
                                          .backoff_first_ms = DIAL_AGAIN_FIRST_MS,
                                          .backoff_max_ms = DIAL_AGAIN_MAX_MS,
                                          .keepalive_ms = DIAL_PING_MS,
                                          .keepalive_timeout_ms = DIAL_PING_TIMEOUT_MS,
                                          .on_state = on_dial_state,
                                          .user = up};

    if (!up)
        return err_oom(err);
    up->is_known = true;
    if (rpc_channel_new(&up->channel, u->loop, endpoint, &opts, err) < 0 ||
        map_set(&u->by_instance, instance_id, up, NULL, err) < 0) {
        upstream_free(up);
        return -1;
    }
    *ret = up;
    return 0;
}

int upstreams_dial(struct upstreams *u, const char *instance_id, uint64_t generation,
                   const char *endpoint, struct err *err)
{
    struct upstream *up;

    if (map_get(&u->by_instance, instance_id))
        return 0;
    if (!is_address(endpoint) || strlen(instance_id) > UPSTREAM_MAX_ID)
        return err_set(err, RPC_UNIMPLEMENTED, "BadEndpoint",
                       "instance %.64s is at \"%.64s\", which is neither \"node\" nor an address "
                       "(ipv4:IP:PORT, ipv6:[IP]:PORT)",
                       instance_id, endpoint);
    if (dial(&up, u, instance_id, generation, endpoint, err) < 0)
        return err_wrap(err, "instance %s", instance_id);
    if (u->opts.on_channel)
        u->opts.on_channel(up->channel, u->opts.user);
    rpc_channel_connect(up->channel);
    return 0;
}

const char *upstreams_trouble(const struct upstreams *u, const char *instance_id)
{
    const struct upstream *up = map_get(&u->by_instance, instance_id);

    return up ? up->trouble : "";
}

struct rpc_channel *upstreams_find(const struct upstreams *u, const char *instance_id)
{
    const struct upstream *up = map_get(&u->by_instance, instance_id);

    return up && up->is_up ? up->channel : NULL;
}

size_t upstreams_count(const struct upstreams *u)
{
    return u->by_instance.n;
}

void upstreams_know(struct upstreams *u, const char *instance_id)
{
    struct upstream *up = map_get(&u->by_instance, instance_id);

    if (!up || up->is_known)
        return;
    leave_strangers(up);
    up->is_known = true;
}

void upstreams_drop(struct upstreams *u, const char *instance_id)
{
    struct upstream *up = map_get(&u->by_instance, instance_id);

    if (up)
        retire(up, 0);
}

/* ---- the handover socket ---- */

static void sender_free(struct sender *s)
{
    list_remove(&s->link);
    s->all->n_senders--;
    loop_io_free(s->io);
    (void)close(s->fd);
    free(s);
}

static void on_handover(struct loop_io *io, int events, void *user)
{
    struct sender *s = user;
    struct handover msg;
    struct err err;
    int fd = -1, r;

    (void)io;
    (void)events;
    r = handover_recv(s->fd, &msg, &fd, &err);
    if (r == HANDOVER_AGAIN)
        return;
    if (r == 0) {
        if (upstreams_add(s->all, msg.instance_id, msg.generation, fd, &err) < 0)
            log_warn("agent's connection refused", LOG_ERR(&err));
        return;
    }
    if (strcmp(err.reason, "HandoverClosed") != 0)
        log_warn("handover refused, closing the node's connection", LOG_ERR(&err));
    sender_free(s);
}

static int sender_new(struct upstreams *u, int fd, struct err *err)
{
    struct sender *s;

    if (u->n_senders >= UPSTREAM_MAX_SENDERS)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge", "more than %d handover connections",
                       UPSTREAM_MAX_SENDERS);
    s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom(err);
    if (loop_io_new(&s->io, u->loop, fd, LOOP_READ, on_handover, s, err) < 0) {
        free(s);
        return -1;
    }
    s->all = u;
    s->fd = fd;
    list_push_back(&u->senders, &s->link);
    u->n_senders++;
    return 0;
}

static void on_accept(struct loop_io *io, int events, void *user)
{
    struct upstreams *u = user;
    struct err err;
    int fd = -1, r;

    (void)events;
    r = handover_accept(u->listen_fd, &fd, &err);
    if (r == HANDOVER_AGAIN)
        return;
    if (r == 0)
        r = sender_new(u, fd, &err);
    if (r < 0) {
        log_warn("node's connection refused", LOG_ERR(&err));
        close_fdp(&fd);
    }
    if (r < 0 && (err.errnum == EMFILE || err.errnum == ENFILE || err.errnum == ENOMEM)) {
        loop_io_set(io, 0); /* it would be reported again at once, and fail again */
        loop_timer_arm(u->accept_again, loop_now_ms(u->loop) + ACCEPT_AGAIN_MS);
    }
}

static void on_accept_again(struct loop_timer *t, void *user)
{
    struct upstreams *u = user;

    (void)t;
    loop_io_set(u->listen_io, LOOP_READ);
}

int upstreams_listen(struct upstreams *u, int listen_fd, struct err *err)
{
    u->listen_fd = listen_fd;
    return loop_io_new(&u->listen_io, u->loop, listen_fd, LOOP_READ, on_accept, u, err);
}

int upstreams_new(struct upstreams **ret, struct loop *loop, const struct upstreams_opts *opts,
                  struct err *err)
{
    _cleanup_(upstreams_freep) struct upstreams *u = calloc(1, sizeof(*u));

    if (!u)
        return err_oom(err);
    u->loop = loop;
    u->opts = *opts;
    u->listen_fd = -1;
    map_init(&u->by_instance);
    list_init(&u->strangers);
    list_init(&u->dead);
    list_init(&u->senders);
    if (loop_task_new(&u->bury, loop, on_bury, u, err) < 0 ||
        loop_timer_new(&u->bury_later, loop, on_bury_later, u, err) < 0 ||
        loop_timer_new(&u->accept_again, loop, on_accept_again, u, err) < 0)
        return err_wrap(err, "upstreams");
    *ret = TAKE_PTR(u);
    return 0;
}

void upstreams_free(struct upstreams *u)
{
    if (!u)
        return;
    MAP_FOREACH(it, &u->by_instance)
    upstream_free(map_entry_value(it));
    if (u->bury_later)
        bury_due(u, CLOCK_NEVER);
    LIST_FOREACH_SAFE(it, &u->senders)
    sender_free(CONTAINER_OF(it, struct sender, link));
    loop_io_free(u->listen_io);
    close_fdp(&u->listen_fd);
    loop_task_free(u->bury);
    loop_timer_free(u->bury_later);
    loop_timer_free(u->accept_again);
    map_done(&u->by_instance);
    free(u);
}
