#include "services/runtime/node/door.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"

enum { RETRY_FIRST_MS = 20, RETRY_MAX_MS = 1000 };

static void entry_watch(struct door_entry *e)
{
    struct door *d = e->door;
    bool open = d->sock >= 0 && d->pending_fd < 0 && !e->is_paused;

    loop_io_set(e->io, open ? LOOP_READ : 0);
}

static void watch_all(struct door *d)
{
    LIST_FOREACH(it, &d->entries)
    {
        entry_watch(CONTAINER_OF(it, struct door_entry, link));
    }
}

static void lose_router(struct door *d)
{
    loop_io_free(TAKE_PTR(d->io));
    if (d->sock >= 0)
        (void)close(TAKE_FD(d->sock));
    if (d->pending_fd >= 0)
        (void)close(TAKE_FD(d->pending_fd)); /* the agent dials again */
    watch_all(d);
    loop_timer_arm(d->retry, clock_add(loop_now_ms(d->loop), d->retry_ms));
    d->retry_ms = MIN(d->retry_ms * 2, (uint32_t)RETRY_MAX_MS);
}

/* Sends what is pending; true when the way is free. */
static bool flush_pending(struct door *d)
{
    struct err err = {0};
    int r;

    if (d->pending_fd < 0)
        return true;
    r = handover_send(d->sock, &d->pending, d->pending_fd, &err);
    if (r == HANDOVER_AGAIN)
        return false;
    (void)close(TAKE_FD(d->pending_fd));
    if (r == 0)
        return true;
    log_warn("router lost", LOG_ERR(&err));
    lose_router(d);
    return false;
}

static void router_ready(struct loop_io *io, int events, void *user)
{
    struct door *d = user;
    char byte;

    (void)io;
    if (events & LOOP_READ && (recv(d->sock, &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)) {
        log_info("router gone, data connections wait");
        lose_router(d);
        return;
    }
    if (events & LOOP_WRITE && flush_pending(d)) {
        loop_io_set(d->io, LOOP_READ);
        watch_all(d);
    }
}

static void dial_router(struct loop_timer *t, void *user)
{
    struct door *d = user;

    (void)t;
    d->sock = handover_connect(d->path, NULL);
    if (d->sock < 0 ||
        loop_io_new(&d->io, d->loop, d->sock, LOOP_READ, router_ready, d, NULL) < 0) {
        lose_router(d);
        return;
    }
    d->retry_ms = RETRY_FIRST_MS;
    watch_all(d);
}

int door_init(struct door *d, struct loop *loop, const char *path, struct err *err)
{
    *d = (struct door){
        .loop = loop, .path = path, .sock = -1, .pending_fd = -1, .retry_ms = RETRY_FIRST_MS};
    list_init(&d->entries);
    if (loop_timer_new(&d->retry, loop, dial_router, d, err) < 0)
        return -1;
    if (path)
        loop_timer_arm(d->retry, loop_now_ms(loop));
    return 0;
}

void door_done(struct door *d)
{
    loop_io_free(TAKE_PTR(d->io));
    loop_timer_free(TAKE_PTR(d->retry));
    close_fdp(&d->sock);
    close_fdp(&d->pending_fd);
    d->sock = d->pending_fd = -1;
}

static void pause_over(struct loop_timer *t, void *user)
{
    struct door_entry *e = user;

    (void)t;
    e->is_paused = false;
    entry_watch(e);
}

static void agent_dials(struct loop_io *io, int events, void *user)
{
    struct door_entry *e = user;
    struct door *d = e->door;
    int fd = accept4(e->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)io;
    (void)events;
    if (fd < 0)
        return;
    d->pending_fd = fd;
    d->pending.generation = ++e->generation;
    (void)snprintf(d->pending.instance_id, sizeof(d->pending.instance_id), "%s", e->id);
    e->is_paused = true;
    loop_timer_arm(e->pause, clock_add(loop_now_ms(d->loop), DOOR_PAUSE_MS));
    if (!flush_pending(d) && d->sock >= 0) {
        loop_io_set(d->io, LOOP_READ | LOOP_WRITE);
        watch_all(d);
    } else if (d->sock >= 0) {
        entry_watch(e);
    }
}

int door_entry_open(struct door_entry *e, struct door *d, const char *id, const char *path,
                    struct err *err)
{
    *e = (struct door_entry){
        .door = d, .listen_fd = -1, .generation = clock_realtime_ns() / 1000000};
    list_init(&e->link);
    (void)snprintf(e->id, sizeof(e->id), "%s", id);
    e->listen_fd = fd_unix_listen(path, SOCK_STREAM, 0600, err);
    if (e->listen_fd < 0)
        return -1;
    if (loop_timer_new(&e->pause, d->loop, pause_over, e, err) < 0 ||
        loop_io_new(&e->io, d->loop, e->listen_fd, 0, agent_dials, e, err) < 0) {
        door_entry_close(e);
        return -1;
    }
    list_push_back(&d->entries, &e->link);
    entry_watch(e);
    return 0;
}

void door_entry_close(struct door_entry *e)
{
    if (!e->door)
        return;
    list_remove(&e->link);
    loop_io_free(TAKE_PTR(e->io));
    loop_timer_free(TAKE_PTR(e->pause));
    if (e->listen_fd >= 0)
        (void)close(TAKE_FD(e->listen_fd));
    e->door = NULL;
}
