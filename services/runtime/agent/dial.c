#include "services/runtime/agent/dial.h"

#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "lib/rpc/server.h"

struct dial {
    struct loop *loop;
    struct rpc_server *server;
    const char *name, *path;
    struct loop_timer *timer;
    uint64_t wait_ms;      /* before the next attempt */
    uint64_t connected_ms; /* when the last one succeeded */
};

static void dial_later(struct dial *d)
{
    loop_timer_arm(d->timer, clock_add(loop_now_ms(d->loop), d->wait_ms));
    d->wait_ms = MIN(d->wait_ms * 2, (uint64_t)DIAL_MAX_MS);
}

static void on_closed(void *user, const struct err *why)
{
    struct dial *d = user;

    log_info("connection lost, dialling again", LOG_S("connection", d->name),
             LOG_S("error", why ? why->msg : ""));
    /* One that lasted was good: the next is tried at once. */
    if (loop_now_ms(d->loop) - d->connected_ms >= DIAL_MAX_MS)
        d->wait_ms = DIAL_FIRST_MS;
    dial_later(d);
}

static int dial_once(struct dial *d, struct err *err)
{
    int fd = fd_unix_connect(d->path, SOCK_STREAM, err);

    if (fd < 0)
        return -1;
    d->connected_ms = loop_now_ms(d->loop);
    return rpc_server_serve_fd(d->server, fd, on_closed, d, err);
}

static void on_timer(struct loop_timer *t, void *user)
{
    struct dial *d = user;
    struct err err = {0};

    (void)t;
    if (dial_once(d, &err) == 0) {
        log_debug("connected", LOG_S("connection", d->name));
        return;
    }
    if (d->wait_ms == DIAL_FIRST_MS) /* once per series */
        log_warn("cannot connect, trying on", LOG_S("connection", d->name), LOG_ERR(&err));
    dial_later(d);
}

int dial_new(struct dial **ret, struct loop *loop, struct rpc_server *server, const char *name,
             const char *path, struct err *err)
{
    _cleanup_(dial_freep) struct dial *d = calloc(1, sizeof(*d));

    if (!d)
        return err_oom(err);
    *d = (struct dial){
        .loop = loop, .server = server, .name = name, .path = path, .wait_ms = DIAL_FIRST_MS};
    if (loop_timer_new(&d->timer, loop, on_timer, d, err) < 0)
        return -1;
    loop_timer_arm(d->timer, loop_now_ms(loop));
    *ret = TAKE_PTR(d);
    return 0;
}

void dial_free(struct dial *d)
{
    if (!d)
        return;
    loop_timer_free(d->timer);
    free(d);
}
