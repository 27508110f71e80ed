#include "lib/rpc/linger.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_MS = 1000, LINGER_MAX = 64, READ_ROUNDS = 64, JUNK_BYTES = 4096 };

struct last_word {
    struct rpc_hub *hub;
    struct list link;
    struct rpc_deadline until;
    struct loop_io *io;
    int fd;
};

static void last_word_free(struct last_word *l)
{
    rpc_deadline_disarm(l->hub, &l->until);
    loop_io_free(l->io);
    (void)close(l->fd);
    list_remove(&l->link);
    l->hub->n_lingering--;
    free(l);
}

/* Whether the peer may say more. */
static bool read_out(int fd)
{
    uint8_t junk[JUNK_BYTES];
    ssize_t n = 1;

    for (int i = 0; i < READ_ROUNDS && n > 0; i++)
        n = recv(fd, junk, sizeof(junk), MSG_DONTWAIT);
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void on_io(struct loop_io *io, int events, void *user)
{
    struct last_word *l = user;

    (void)io;
    (void)events;
    if (!read_out(l->fd))
        last_word_free(l);
}

static void on_until(struct rpc_deadline *d)
{
    last_word_free(CONTAINER_OF(d, struct last_word, until));
}

static void start(struct rpc_hub *hub, int fd)
{
    struct last_word *l = calloc(1, sizeof(*l));

    if (!l) {
        (void)close(fd);
        return;
    }
    l->hub = hub;
    l->until.fn = on_until;
    list_init(&l->link);
    list_push_back(&hub->lingering, &l->link);
    hub->n_lingering++;
    l->fd = fd;
    if (loop_io_new(&l->io, hub->loop, fd, LOOP_READ, on_io, l, NULL) < 0 ||
        rpc_deadline_arm(hub, &l->until, loop_now_ms(hub->loop) + LINGER_MS, NULL) < 0)
        last_word_free(l);
}

void rpc_linger(struct rpc_hub *hub, int fd)
{
    bool may_say_more;

    if (fd < 0)
        return;
    may_say_more = shutdown(fd, SHUT_WR) == 0 && read_out(fd);
    if (may_say_more && !hub->is_closed && hub->n_lingering < LINGER_MAX)
        start(hub, fd);
    else
        (void)close(fd);
}

void rpc_linger_stop(struct rpc_hub *hub)
{
    while (!list_is_empty(&hub->lingering))
        last_word_free(LIST_FIRST(&hub->lingering, struct last_word, link));
}
