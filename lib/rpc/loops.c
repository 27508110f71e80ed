/*
 * The owner's thread gives orders: it puts one into a worker's mailbox, wakes its loop by an
 * eventfd and waits. The lock is held for the mailbox alone; a loop that has no order never touches
 * it.
 *
 * SO_REUSEPORT lets any process of the same user take a share of our connections, also a second
 * instance started by mistake. So an abstract unix socket named by the address, which only one can
 * bind, is the lock on it.
 */
#include "lib/rpc/loops.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/rpc/address.h"

enum { MAX_LOOPS = 256, MAX_LOCKS = 16, ADDRESS_BYTES = 128 };

struct worker;

struct order {
    int (*fn)(struct worker *w, void *arg, struct err *err);
    void *arg;
    struct err *err;
    int r;
    bool is_done;
};

struct worker {
    struct rpc_loops *all;
    unsigned index;
    pthread_t thread;
    bool has_thread;
    int wake_fd;
    /* under the lock: */
    struct order *order;
    bool is_started, is_running;
    /* the thread's own while it runs: */
    struct loop *loop;
    struct rpc_server *server;
    struct loop_io *io;
    struct rpc_listen_opts listen;
    struct rpc_server_stats stats; /* at its end */
    struct err why;
};

struct rpc_loops {
    struct rpc_loops_opts opts;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int lock_fd[MAX_LOCKS];
    unsigned n_locks;
    unsigned n;
    struct worker workers[];
};

/* ---- the threads ---- */

static void on_wake(struct loop_io *io, int events, void *user)
{
    struct worker *w = user;
    struct order *order;
    uint64_t n;

    (void)io;
    (void)events;
    (void)!read(w->wake_fd, &n, sizeof(n)); /* it is a count, and only says: look */
    (void)pthread_mutex_lock(&w->all->lock);
    order = TAKE_PTR(w->order);
    (void)pthread_mutex_unlock(&w->all->lock);
    if (!order)
        return;
    order->r = order->fn(w, order->arg, order->err);
    (void)pthread_mutex_lock(&w->all->lock);
    order->is_done = true;
    (void)pthread_cond_broadcast(&w->all->changed);
    (void)pthread_mutex_unlock(&w->all->lock);
}

static int start_worker(struct worker *w, struct err *err)
{
    const struct rpc_loops_opts *o = &w->all->opts;

    if (loop_new(&w->loop, err) < 0 || rpc_server_new(&w->server, w->loop, o->server, err) < 0 ||
        loop_io_new(&w->io, w->loop, w->wake_fd, LOOP_READ, on_wake, w, err) < 0)
        return -1;
    return o->setup(w->server, w->loop, w->index, &w->listen, o->user, err);
}

static void end_worker(struct worker *w, bool was_set_up)
{
    const struct rpc_loops_opts *o = &w->all->opts;

    if (w->server)
        rpc_server_stats(w->server, &w->stats);
    rpc_server_free(TAKE_PTR(w->server));
    if (was_set_up && o->teardown)
        o->teardown(w->index, o->user);
    loop_io_free(TAKE_PTR(w->io));
    if (w->loop)
        loop_free(TAKE_PTR(w->loop));
}

static int say_ended(const struct worker *w, struct err *err)
{
    return err_set(err, RPC_FAILED_PRECONDITION, "LoopEnded", "loop %u has ended", w->index);
}

static void finish_late(const struct worker *w, struct order *order)
{
    order->r = say_ended(w, order->err);
    order->is_done = true;
}

static void say_state(struct worker *w, bool is_running)
{
    (void)pthread_mutex_lock(&w->all->lock);
    w->is_started = true;
    w->is_running = is_running;
    if (!is_running && w->order) /* it came too late */
        finish_late(w, TAKE_PTR(w->order));
    (void)pthread_cond_broadcast(&w->all->changed);
    (void)pthread_mutex_unlock(&w->all->lock);
}

static void *run_worker(void *user)
{
    struct worker *w = user;
    int r = start_worker(w, &w->why);

    say_state(w, r == 0);
    if (r == 0)
        loop_run(w->loop);
    end_worker(w, w->io != NULL);
    say_state(w, false);
    return NULL;
}

/* ---- orders ---- */

/* < 0 with *err also when the loop has ended. */
static int give(struct worker *w, int (*fn)(struct worker *w, void *arg, struct err *err),
                void *arg, struct err *err)
{
    struct order order = {.fn = fn, .arg = arg, .err = err};
    uint64_t one = 1;
    bool runs;

    (void)pthread_mutex_lock(&w->all->lock);
    runs = w->is_running;
    if (runs)
        w->order = &order;
    (void)pthread_mutex_unlock(&w->all->lock);
    if (!runs)
        return say_ended(w, err);
    (void)!write(w->wake_fd, &one, sizeof(one)); /* fails only at 2^64 - 1 */
    (void)pthread_mutex_lock(&w->all->lock);
    while (!order.is_done)
        (void)pthread_cond_wait(&w->all->changed, &w->all->lock);
    (void)pthread_mutex_unlock(&w->all->lock);
    return order.r;
}

static void join_all(struct rpc_loops *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        struct worker *w = &l->workers[i];

        if (w->has_thread)
            (void)pthread_join(w->thread, NULL);
        w->has_thread = false;
    }
}

/* ---- life ---- */

static unsigned cpu_count(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static int start_thread(struct worker *w, struct err *err)
{
    sigset_t all, before;
    int r;

    w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->wake_fd < 0)
        return err_errno(err, errno, "making an eventfd for a loop");
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&w->thread, NULL, run_worker, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0)
        return err_errno(err, r, "starting a thread for a loop");
    w->has_thread = true;
    return 0;
}

static int wait_started(struct worker *w, struct err *err)
{
    bool runs;

    (void)pthread_mutex_lock(&w->all->lock);
    while (!w->is_started)
        (void)pthread_cond_wait(&w->all->changed, &w->all->lock);
    runs = w->is_running;
    (void)pthread_mutex_unlock(&w->all->lock);
    if (runs)
        return 0;
    (void)pthread_join(w->thread, NULL);
    w->has_thread = false;
    *err = w->why;
    return -1;
}

int rpc_loops_new(struct rpc_loops **ret, const struct rpc_loops_opts *opts, struct err *err)
{
    _cleanup_(rpc_loops_freep) struct rpc_loops *l = NULL;
    unsigned n = MIN(opts->n_loops ? opts->n_loops : cpu_count(), (unsigned)MAX_LOOPS);
    struct err why;
    int r = 0;

    if (!err)
        err = &why;
    l = calloc(1, sizeof(*l) + n * sizeof(l->workers[0]));
    if (!l)
        return err_oom(err);
    l->opts = *opts;
    (void)pthread_mutex_init(&l->lock, NULL);
    (void)pthread_cond_init(&l->changed, NULL);
    for (; l->n < n && r == 0; l->n++) {
        l->workers[l->n] = (struct worker){.all = l, .index = l->n, .wake_fd = -1};
        r = start_thread(&l->workers[l->n], err);
    }
    for (unsigned i = 0; i < n && r == 0; i++)
        r = wait_started(&l->workers[i], err);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(l);
    return 0;
}

unsigned rpc_loops_count(const struct rpc_loops *l)
{
    return l->n;
}

static int stop(struct worker *w, void *arg, struct err *err)
{
    (void)arg;
    (void)err;
    loop_stop(w->loop);
    return 0;
}

void rpc_loops_free(struct rpc_loops *l)
{
    if (!l)
        return;
    for (unsigned i = 0; i < l->n; i++) {
        if (l->workers[i].has_thread) {
            (void)wait_started(&l->workers[i], &(struct err){0});
            (void)give(&l->workers[i], stop, NULL, NULL); /* it may have ended */
        }
    }
    join_all(l);
    for (unsigned i = 0; i < l->n; i++)
        if (l->workers[i].wake_fd >= 0)
            (void)close(l->workers[i].wake_fd);
    for (unsigned i = 0; i < l->n_locks; i++)
        (void)close(l->lock_fd[i]);
    (void)pthread_cond_destroy(&l->changed);
    (void)pthread_mutex_destroy(&l->lock);
    free(l);
}

/* ---- listening ---- */

struct listening {
    const char *address;
    char real[ADDRESS_BYTES];
    int unix_fd;
};

static int listen_inet(struct worker *w, void *arg, struct err *err)
{
    struct listening *l = arg;
    struct rpc_listen_opts opts = w->listen;

    opts.shares_port = true;
    return rpc_server_listen(w->server, l->address, &opts, l->real, err);
}

static int listen_unix(struct worker *w, void *arg, struct err *err)
{
    struct listening *l = arg;
    int fd = fcntl(l->unix_fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        return err_errno(err, errno, "listening on %s", l->address);
    return rpc_server_listen_fd(w->server, fd, &w->listen, err);
}

/* The first loop's listener removes the path at the end; the others have duplicates. */
static int listen_unix_first(struct worker *w, void *arg, struct err *err)
{
    struct listening *l = arg;

    return rpc_server_listen_dup(w->server, l->address, &w->listen, l->real, &l->unix_fd, err);
}

static int lock_address(struct rpc_loops *l, const char *address, struct err *err)
{
    _cleanup_(close_fdp) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int n;

    if (fd < 0)
        return err_errno(err, errno, "locking %s", address);
    if (l->n_locks == MAX_LOCKS)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooManyListeners",
                       "there are %d addresses already", MAX_LOCKS);
    n = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "agent-sandbox-c rpc %s", address);
    if (n < 0 || (size_t)n >= sizeof(un.sun_path) - 1)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadTarget", "%s is too long", address);
    if (bind(fd, (struct sockaddr *)&un,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) < 0)
        return errno == EADDRINUSE
                   ? err_set(err, RPC_FAILED_PRECONDITION, "AddressInUse",
                             "%s is shared by the loops of another server: stop it or choose "
                             "another address",
                             address)
                   : err_errno(err, errno, "locking %s", address);
    l->lock_fd[l->n_locks++] = TAKE_FD(fd);
    return 0;
}

static int listen_all_unix(struct rpc_loops *l, struct listening *what, struct err *err)
{
    int r = give(&l->workers[0], listen_unix_first, what, err);

    for (unsigned i = 1; i < l->n && r == 0; i++)
        r = give(&l->workers[i], listen_unix, what, err);
    if (what->unix_fd >= 0)
        (void)close(what->unix_fd);
    return r;
}

/* The kernel gives out no port that is shared (port 0); any other is locked first. */
static int listen_all_inet(struct rpc_loops *l, struct listening *what, bool is_any_port,
                           struct err *err)
{
    char real[ADDRESS_BYTES];

    if (!is_any_port && lock_address(l, what->address, err) < 0)
        return -1;
    if (give(&l->workers[0], listen_inet, what, err) < 0)
        return -1;
    memcpy(real, what->real, sizeof(real));
    what->address = real;
    if (is_any_port && lock_address(l, real, err) < 0)
        return -1;
    for (unsigned i = 1; i < l->n; i++)
        if (give(&l->workers[i], listen_inet, what, err) < 0)
            return -1;
    return 0;
}

int rpc_loops_listen(struct rpc_loops *l, const char *address, char *ret_address, struct err *err)
{
    struct listening what = {.address = address, .unix_fd = -1};
    struct rpc_address a;
    struct err why;
    int r;

    if (!err)
        err = &why;
    if (rpc_address_parse(address, &a, err) < 0)
        return -1;
    r = a.is_unix ? listen_all_unix(l, &what, err) : listen_all_inet(l, &what, a.port == 0, err);
    if (r == 0 && ret_address)
        memcpy(ret_address, what.real, strlen(what.real) + 1);
    return r;
}

/* ---- the end, and figures ---- */

static void on_drained(struct rpc_server *s, void *user)
{
    struct worker *w = user;

    (void)s;
    loop_stop(w->loop);
}

static int drain(struct worker *w, void *arg, struct err *err)
{
    (void)err;
    rpc_server_drain(w->server, *(uint64_t *)arg, on_drained, w);
    return 0;
}

void rpc_loops_drain(struct rpc_loops *l, uint64_t deadline_ms)
{
    for (unsigned i = 0; i < l->n; i++)
        (void)give(&l->workers[i], drain, &deadline_ms, NULL); /* it may have ended */
    join_all(l);
}

static int read_stats(struct worker *w, void *arg, struct err *err)
{
    (void)err;
    rpc_server_stats(w->server, arg);
    return 0;
}

void rpc_loops_stats(struct rpc_loops *l, struct rpc_server_stats *ret)
{
    *ret = (struct rpc_server_stats){0};
    for (unsigned i = 0; i < l->n; i++) {
        struct worker *w = &l->workers[i];
        struct rpc_server_stats one;

        if (give(w, read_stats, &one, NULL) < 0) {
            join_all(l); /* none runs any more: they end together */
            one = w->stats;
        }
        rpc_server_stats_add(ret, &one);
    }
}
