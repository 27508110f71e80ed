/*
 * c-ares says which of its sockets it waits for, and until when; both become objects of the loop.
 * It calls back from inside ares_getaddrinfo() when it knows the answer at once: that is told from
 * the loop too, by a task.
 */
#include "lib/rpc/dns.h"

#include <ares.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/list.h"

enum { MAX_ADDRESSES = 32, TIMEOUT_MS = 2000, TRIES = 3 };

struct dns {
    struct rpc_resolver base; /* first */
    struct loop *loop;
    ares_channel ares;
    struct list sockets;
    struct list done; /* struct rpc_lookup.link, to be told */
    struct loop_timer *timer;
    struct loop_task *task;
};

struct dns_socket {
    struct list link;
    struct dns *dns;
    struct loop_io *io;
    ares_socket_t fd;
};

struct rpc_lookup {
    struct list link;
    struct dns *dns;
    struct rpc_address target;
    rpc_lookup_fn fn; /* NULL: cancelled */
    void *user;
    struct rpc_address addresses[MAX_ADDRESSES];
    size_t n_addresses;
    struct err why;
};

/* ---- what c-ares waits for ---- */

static void rearm(struct dns *d)
{
    struct timeval tv, *left = ares_timeout(d->ares, NULL, &tv);
    uint64_t now_ms = clock_monotonic_ms();

    loop_timer_arm(d->timer, left ? now_ms + (uint64_t)left->tv_sec * 1000 +
                                        ((uint64_t)left->tv_usec + 999) / 1000
                                  : CLOCK_NEVER);
}

static void on_time(struct loop_timer *t, void *user)
{
    struct dns *d = user;

    (void)t;
    ares_process_fd(d->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    rearm(d);
}

static void on_socket(struct loop_io *io, int events, void *user)
{
    struct dns_socket *s = user;
    struct dns *d = s->dns;

    (void)io;
    ares_process_fd(d->ares, events & LOOP_READ ? s->fd : ARES_SOCKET_BAD,
                    events & LOOP_WRITE ? s->fd : ARES_SOCKET_BAD);
    rearm(d); /* Careful: s may be gone here. */
}

static struct dns_socket *find_socket(struct dns *d, ares_socket_t fd)
{
    LIST_FOREACH(it, &d->sockets)
    {
        struct dns_socket *s = CONTAINER_OF(it, struct dns_socket, link);

        if (s->fd == fd)
            return s;
    }
    return NULL;
}

static void socket_free(struct dns_socket *s)
{
    list_remove(&s->link);
    loop_io_free(s->io);
    free(s);
}

/* Out of memory: the query runs into its timeout. */
static void on_socket_state(void *user, ares_socket_t fd, int readable, int writable)
{
    struct dns *d = user;
    struct dns_socket *s = find_socket(d, fd);
    int events = (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0);

    if (s && events)
        loop_io_set(s->io, events);
    else if (s)
        socket_free(s);
    if (s || !events || !(s = calloc(1, sizeof(*s))))
        return;
    s->dns = d;
    s->fd = fd;
    list_init(&s->link);
    list_push_back(&d->sockets, &s->link);
    if (loop_io_new(&s->io, d->loop, fd, events, on_socket, s, NULL) < 0)
        socket_free(s);
}

/* ---- lookups ---- */

static void tell(struct loop_task *t, void *user)
{
    struct dns *d = user;
    struct list now = LIST_INIT(now), *e;

    (void)t;
    while ((e = list_pop_front(&d->done)))
        list_push_back(&now, e);
    while ((e = list_pop_front(&now))) {
        struct rpc_lookup *l = CONTAINER_OF(e, struct rpc_lookup, link);

        if (l->fn)
            l->fn(l->addresses, l->n_addresses, &l->why, l->user);
        free(l);
    }
}

/* The families by turns (RFC 8305 4), each in the order of c-ares (RFC 6724). */
static void take_addresses(struct rpc_lookup *l, const struct ares_addrinfo_node *first)
{
    const struct ares_addrinfo_node *at[2] = {first, first};
    int families[2] = {first ? first->ai_family : AF_INET, 0};

    families[1] = families[0] == AF_INET ? AF_INET6 : AF_INET;
    for (size_t turn = 0; (at[0] || at[1]) && l->n_addresses < MAX_ADDRESSES; turn ^= 1) {
        const struct ares_addrinfo_node **a = &at[turn];

        while (*a && (*a)->ai_family != families[turn])
            *a = (*a)->ai_next;
        if (!*a)
            continue;
        rpc_address_set(&l->addresses[l->n_addresses++], &l->target, (*a)->ai_addr,
                        (socklen_t)(*a)->ai_addrlen);
        *a = (*a)->ai_next;
    }
}

static void on_answer(void *user, int status, int timeouts, struct ares_addrinfo *result)
{
    struct rpc_lookup *l = user;
    struct dns *d = l->dns;

    (void)timeouts;
    if (status == ARES_SUCCESS)
        take_addresses(l, result->nodes);
    if (result)
        ares_freeaddrinfo(result);
    if (l->n_addresses == 0)
        err_set(&l->why, RPC_UNAVAILABLE, "NameNotFound", "looking up %s: %s", l->target.host,
                status == ARES_SUCCESS ? "there is no address" : ares_strerror(status));
    if (status == ARES_EDESTRUCTION || !l->fn) {
        free(l);
        return;
    }
    list_push_back(&d->done, &l->link);
    loop_task_schedule(d->task);
}

static int lookup(struct rpc_resolver *r, const struct rpc_address *target, rpc_lookup_fn fn,
                  void *user, struct rpc_lookup **ret, struct err *err)
{
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct dns *d = CONTAINER_OF(r, struct dns, base);
    struct rpc_lookup *l = calloc(1, sizeof(*l));

    if (!l)
        return err_oom(err);
    list_init(&l->link);
    l->dns = d;
    l->target = *target;
    l->fn = fn;
    l->user = user;
    *ret = l;
    ares_getaddrinfo(d->ares, target->host, NULL, &hints, on_answer, l);
    rearm(d);
    return 0;
}

/* c-ares gives up no single query: its answer is dropped when it comes. */
static void cancel(struct rpc_lookup *l)
{
    l->fn = NULL;
}

/* ---- life ---- */

static int open_ares(struct dns *d, const struct rpc_dns_opts *opts, struct err *err)
{
    struct ares_options o = {.sock_state_cb = on_socket_state,
                             .sock_state_cb_data = d,
                             .timeout =
                                 opts && opts->timeout_ms ? (int)opts->timeout_ms : TIMEOUT_MS,
                             .tries = TRIES};
    int r = ares_library_init(ARES_LIB_INIT_ALL);

    if (r == ARES_SUCCESS)
        r = ares_init_options(&d->ares, &o,
                              ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
    if (r == ARES_SUCCESS && opts && opts->servers)
        r = ares_set_servers_ports_csv(d->ares, opts->servers);
    if (r != ARES_SUCCESS)
        return err_set(err, RPC_FAILED_PRECONDITION, "BadDnsConfig",
                       "cannot look names up: %s; see /etc/resolv.conf", ares_strerror(r));
    return 0;
}

int rpc_dns_new(struct rpc_resolver **ret, struct loop *loop, const struct rpc_dns_opts *opts,
                struct err *err)
{
    struct dns *d = calloc(1, sizeof(*d));

    if (!d)
        return err_oom(err);
    d->base = (struct rpc_resolver){.lookup = lookup, .cancel = cancel};
    d->loop = loop;
    list_init(&d->sockets);
    list_init(&d->done);
    if (loop_timer_new(&d->timer, loop, on_time, d, err) < 0 ||
        loop_task_new(&d->task, loop, tell, d, err) < 0 || open_ares(d, opts, err) < 0) {
        rpc_dns_free(&d->base);
        return -1;
    }
    *ret = &d->base;
    return 0;
}

void rpc_dns_free(struct rpc_resolver *r)
{
    struct dns *d;
    struct list *e;

    if (!r)
        return;
    d = CONTAINER_OF(r, struct dns, base);
    if (d->ares)
        ares_destroy(d->ares); /* every open query answers ARES_EDESTRUCTION */
    while ((e = list_pop_front(&d->done)))
        free(CONTAINER_OF(e, struct rpc_lookup, link));
    while (!list_is_empty(&d->sockets))
        socket_free(LIST_FIRST(&d->sockets, struct dns_socket, link));
    loop_timer_free(d->timer);
    loop_task_free(d->task);
    free(d);
}
