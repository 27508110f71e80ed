/*
 * libuv closes handles asynchronously; our objects seem to die at once. So each object holds its uv
 * handle in one allocation, `_free()` forgets the callback and asks libuv to close, and the memory
 * goes in the close callback, at the end of the turn.
 */
#include "lib/loop/loop.h"

#include <assert.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <uv.h>

#include "lib/base/clock.h"
#include "lib/base/list.h"
#include "lib/base/proc.h"

struct loop {
    uv_loop_t uv;
    uv_check_t check;    /* runs the tasks after the callbacks of a turn            */
    uv_prepare_t before; /* and those of timers, which run before polling           */
    uv_idle_t idle;      /* active while tasks wait, so that polling does not block */
    struct list tasks;
};

struct loop_io {
    uv_poll_t uv;
    loop_io_fn fn;
    void *user;
    int events;
};

struct loop_timer {
    uv_timer_t uv;
    loop_timer_fn fn;
    void *user;
};

struct loop_signal {
    uv_signal_t uv;
    loop_signal_fn fn;
    void *user;
};

struct loop_child {
    uv_poll_t uv;
    loop_child_fn fn;
    void *user;
    struct proc proc;
};

struct loop_task {
    struct loop *loop;
    struct list link;
    loop_task_fn fn;
    void *user;
};

static int uv_fail(struct err *err, int r, const char *what)
{
    return err_errno(err, -r, "%s", what);
}

static void on_close_free(uv_handle_t *h)
{
    free(h->data);
}

static void run_tasks(struct loop *loop)
{
    struct list now = LIST_INIT(now), *e;

    /* Only those that wait now: one scheduled meanwhile has its turn next, after I/O. */
    while ((e = list_pop_front(&loop->tasks)))
        list_push_back(&now, e);
    while ((e = list_pop_front(&now))) {
        struct loop_task *t = CONTAINER_OF(e, struct loop_task, link);

        t->fn(t, t->user); /* Careful: t may be gone here. */
    }
    if (list_is_empty(&loop->tasks))
        (void)uv_idle_stop(&loop->idle);
}

static void on_check(uv_check_t *h)
{
    run_tasks(CONTAINER_OF(h, struct loop, check));
}

static void on_prepare(uv_prepare_t *h)
{
    run_tasks(CONTAINER_OF(h, struct loop, before));
}

static void on_idle(uv_idle_t *h)
{
    (void)h; /* its being active is all that is wanted */
}

int loop_new(struct loop **ret, struct err *err)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    int r;

    if (!loop)
        return err_oom(err);
    r = uv_loop_init(&loop->uv);
    if (r < 0) {
        free(loop);
        return uv_fail(err, r, "making an event loop");
    }
    list_init(&loop->tasks);
    (void)uv_check_init(&loop->uv, &loop->check); /* these three cannot fail */
    (void)uv_prepare_init(&loop->uv, &loop->before);
    (void)uv_idle_init(&loop->uv, &loop->idle);
    (void)uv_check_start(&loop->check, on_check);
    (void)uv_prepare_start(&loop->before, on_prepare);
    uv_unref((uv_handle_t *)&loop->check);
    uv_unref((uv_handle_t *)&loop->before);
    *ret = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    int r;

    if (!loop)
        return;
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->before, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    while (uv_run(&loop->uv, UV_RUN_NOWAIT) != 0 && uv_loop_alive(&loop->uv))
        ;
    r = uv_loop_close(&loop->uv);
    assert(r == 0); /* an object made on the loop was not freed before it */
    free(loop);
}

void loop_run(struct loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

bool loop_turn(struct loop *loop, bool block)
{
    return uv_run(&loop->uv, block ? UV_RUN_ONCE : UV_RUN_NOWAIT) != 0;
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return uv_now(&loop->uv);
}

static void on_poll(uv_poll_t *h, int status, int events)
{
    struct loop_io *io = CONTAINER_OF(h, struct loop_io, uv);
    int e = 0;

    /* status < 0: the read or write that follows meets the error itself. */
    if (status < 0 || (events & UV_READABLE))
        e |= LOOP_READ;
    if (status < 0 || (events & UV_WRITABLE))
        e |= LOOP_WRITE;
    e &= io->events;
    if (e)
        io->fn(io, e, io->user);
}

int loop_io_new(struct loop_io **ret, struct loop *loop, int fd, int events, loop_io_fn fn,
                void *user, struct err *err)
{
    struct loop_io *io = calloc(1, sizeof(*io));
    int r;

    if (!io)
        return err_oom(err);
    r = uv_poll_init(&loop->uv, &io->uv, fd);
    if (r < 0) {
        free(io);
        return uv_fail(err, r, "watching a descriptor");
    }
    io->uv.data = io;
    io->fn = fn;
    io->user = user;
    loop_io_set(io, events);
    *ret = io;
    return 0;
}

void loop_io_set(struct loop_io *io, int events)
{
    int uv_events =
        (events & LOOP_READ ? UV_READABLE : 0) | (events & LOOP_WRITE ? UV_WRITABLE : 0);

    if (events == io->events)
        return;
    io->events = events;
    if (uv_events)
        (void)uv_poll_start(&io->uv, uv_events, on_poll);
    else
        (void)uv_poll_stop(&io->uv);
}

void loop_io_free(struct loop_io *io)
{
    if (!io)
        return;
    io->events = 0;
    (void)uv_poll_stop(&io->uv);
    uv_close((uv_handle_t *)&io->uv, on_close_free);
}

static void on_timer(uv_timer_t *h)
{
    struct loop_timer *t = CONTAINER_OF(h, struct loop_timer, uv);

    t->fn(t, t->user);
}

int loop_timer_new(struct loop_timer **ret, struct loop *loop, loop_timer_fn fn, void *user,
                   struct err *err)
{
    struct loop_timer *t = calloc(1, sizeof(*t));

    if (!t)
        return err_oom(err);
    (void)uv_timer_init(&loop->uv, &t->uv); /* cannot fail */
    t->uv.data = t;
    t->fn = fn;
    t->user = user;
    *ret = t;
    return 0;
}

void loop_timer_arm(struct loop_timer *t, uint64_t deadline_ms)
{
    uint64_t now = uv_now(t->uv.loop);

    if (deadline_ms == CLOCK_NEVER)
        (void)uv_timer_stop(&t->uv);
    else
        (void)uv_timer_start(&t->uv, on_timer, deadline_ms > now ? deadline_ms - now : 0, 0);
}

void loop_timer_disarm(struct loop_timer *t)
{
    (void)uv_timer_stop(&t->uv);
}

void loop_timer_free(struct loop_timer *t)
{
    if (!t)
        return;
    uv_close((uv_handle_t *)&t->uv, on_close_free);
}

static void on_signal(uv_signal_t *h, int signum)
{
    struct loop_signal *s = CONTAINER_OF(h, struct loop_signal, uv);

    s->fn(s, signum, s->user);
}

int loop_signal_new(struct loop_signal **ret, struct loop *loop, int signum, loop_signal_fn fn,
                    void *user, struct err *err)
{
    struct loop_signal *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        return err_oom(err);
    r = uv_signal_init(&loop->uv, &s->uv);
    if (r < 0) {
        free(s);
        return uv_fail(err, r, "watching for signals");
    }
    s->uv.data = s;
    s->fn = fn;
    s->user = user;
    r = uv_signal_start(&s->uv, on_signal, signum);
    if (r < 0) {
        loop_signal_free(s);
        return uv_fail(err, r, "watching for a signal");
    }
    uv_unref((uv_handle_t *)&s->uv); /* waiting for a signal alone keeps no loop alive */
    *ret = s;
    return 0;
}

void loop_signal_free(struct loop_signal *s)
{
    if (!s)
        return;
    uv_close((uv_handle_t *)&s->uv, on_close_free);
}

static void on_child(uv_poll_t *h, int status, int events)
{
    struct loop_child *c = CONTAINER_OF(h, struct loop_child, uv);
    siginfo_t info;

    (void)status;
    (void)events;
    if (proc_reap(&c->proc, &info, NULL) != 0)
        return;
    (void)uv_poll_stop(&c->uv);
    c->fn(c, &info, c->user);
}

int loop_child_new(struct loop_child **ret, struct loop *loop, pid_t pid, int pidfd,
                   loop_child_fn fn, void *user, struct err *err)
{
    struct loop_child *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return err_oom(err);
    r = uv_poll_init(&loop->uv, &c->uv, pidfd);
    if (r < 0) {
        free(c);
        return uv_fail(err, r, "watching a process");
    }
    c->uv.data = c;
    c->fn = fn;
    c->user = user;
    c->proc = (struct proc){.pid = pid, .pidfd = pidfd};
    (void)uv_poll_start(&c->uv, UV_READABLE, on_child);
    *ret = c;
    return 0;
}

int loop_child_kill(struct loop_child *c, int signum, struct err *err)
{
    if (c->proc.pid == 0)
        return err_set(err, RPC_FAILED_PRECONDITION, "ProcessEnded", "the process has ended");
    if (syscall(SYS_pidfd_send_signal, c->proc.pidfd, signum, NULL, 0) < 0)
        return err_errno(err, errno, "signalling process %d", (int)c->proc.pid);
    return 0;
}

pid_t loop_child_pid(const struct loop_child *c)
{
    return c->proc.pid;
}

static void on_child_closed(uv_handle_t *h)
{
    struct loop_child *c = h->data;

    (void)close(c->proc.pidfd);
    free(c);
}

void loop_child_free(struct loop_child *c)
{
    if (!c)
        return;
    (void)uv_poll_stop(&c->uv);
    uv_close((uv_handle_t *)&c->uv, on_child_closed);
}

int loop_task_new(struct loop_task **ret, struct loop *loop, loop_task_fn fn, void *user,
                  struct err *err)
{
    struct loop_task *t = calloc(1, sizeof(*t));

    if (!t)
        return err_oom(err);
    t->loop = loop;
    t->fn = fn;
    t->user = user;
    list_init(&t->link);
    *ret = t;
    return 0;
}

void loop_task_schedule(struct loop_task *t)
{
    if (list_is_linked(&t->link))
        return;
    list_push_back(&t->loop->tasks, &t->link);
    (void)uv_idle_start(&t->loop->idle, on_idle);
}

void loop_task_free(struct loop_task *t)
{
    if (!t)
        return;
    list_remove(&t->link);
    free(t);
}
