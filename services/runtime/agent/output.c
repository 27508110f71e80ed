#include "services/runtime/agent/output.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/loop/loop.h"

enum {
    OUTPUT_READ_MAX = 64 * 1024, /* per turn, so that one loud command leaves room for the others */
};

void output_init(struct output *o, struct loop *loop, size_t ring_bytes, struct ring_budget *budget,
                 void (*wake)(struct output *o, void *user), void *user)
{
    *o = (struct output){.fd = -1,
                         .reader = UINT64_MAX,
                         .owed_end = UINT64_MAX,
                         .wake = wake,
                         .user = user,
                         .loop = loop};
    ring_init(&o->ring, ring_bytes, budget);
}

void output_close(struct output *o)
{
    loop_io_free(TAKE_PTR(o->io));
    if (o->fd >= 0)
        (void)close(TAKE_FD(o->fd));
    o->is_blocked = false;
}

void output_done(struct output *o)
{
    output_close(o);
    ring_done(&o->ring);
}

/* > 0 bytes read, 0 nothing now, < 0 end of file (EIO: the last one closed the terminal). */
static ssize_t read_some(struct output *o, void *to, size_t n)
{
    ssize_t r = read(o->fd, to, MIN(n, (size_t)OUTPUT_READ_MAX));

    if (r > 0)
        return r;
    return r < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static void on_readable(struct loop_io *io, int events, void *user)
{
    static uint8_t nowhere[OUTPUT_READ_MAX];
    struct output *o = user;
    uint8_t *to = nowhere;
    size_t room = sizeof(nowhere);
    bool lost;
    ssize_t n;

    (void)io;
    (void)events;
    if (!o->is_discarding)
        to = ring_room(&o->ring, o->reader, &room);
    lost = !to && o->ring.cap == 0; /* out of memory: readers see a gap, the command goes on */
    if (lost) {
        to = nowhere;
        room = sizeof(nowhere);
    }
    if (!to) {
        o->is_blocked = true;
        loop_io_set(o->io, 0);
        return;
    }
    n = read_some(o, to, room);
    if (n == 0)
        return;
    o->read_ms = loop_now_ms(o->loop);
    if (n < 0)
        output_close(o);
    else if (lost)
        ring_skip(&o->ring, (size_t)n);
    else if (!o->is_discarding)
        ring_commit(&o->ring, (size_t)n);
    o->wake(o, o->user);
}

int output_open(struct output *o, int fd, struct err *err)
{
    o->fd = fd;
    o->read_ms = loop_now_ms(o->loop);
    if (loop_io_new(&o->io, o->loop, fd, LOOP_READ, on_readable, o, err) < 0) {
        output_close(o);
        return -1;
    }
    return 0;
}

void output_set_reader(struct output *o, uint64_t reader)
{
    size_t room;

    o->reader = reader;
    if (!o->is_blocked || !ring_room(&o->ring, reader, &room))
        return;
    o->is_blocked = false;
    o->read_ms = loop_now_ms(o->loop); /* what comes now was held back, not late */
    loop_io_set(o->io, LOOP_READ);
}

void output_command_ended(struct output *o)
{
    int waiting = 0;

    if (o->fd >= 0 && ioctl(o->fd, FIONREAD, &waiting) < 0)
        waiting = 0;
    o->owed_end = o->ring.end + (uint64_t)MAX(waiting, 0);
    o->read_ms = loop_now_ms(o->loop);
    /* A pipe holds little: it fits before a reader that stands still, so the end need not wait for
     * it. */
    o->ring.is_final = true;
    output_set_reader(o, o->reader);
}

bool output_is_complete(const struct output *o)
{
    return o->fd < 0 || o->ring.end >= o->owed_end;
}

void output_discard(struct output *o)
{
    if (o->fd < 0)
        return;
    o->is_discarding = true;
    o->is_blocked = false;
    loop_io_set(o->io, LOOP_READ);
}
