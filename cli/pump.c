#include "cli/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

enum { PUMP_CHUNK = 32 * 1024 };

/* How a descriptor is to be used; fills in what is common to both directions. */
static void take_fd(int fd, int mode, int *ret_fd, bool *ret_direct, bool *ret_owns, int *ret_flags)
{
    char path[32];
    struct stat st = {0};

    *ret_fd = fd;
    *ret_owns = false;
    *ret_flags = -1;
    *ret_direct = fstat(fd, &st) < 0 || S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) ||
                  S_ISDIR(st.st_mode) || (S_ISCHR(st.st_mode) && !isatty(fd));
    if (*ret_direct)
        return;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    *ret_fd = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    *ret_owns = *ret_fd >= 0;
    if (*ret_owns)
        return;
    *ret_fd = fd;
    *ret_flags = fcntl(fd, F_GETFL);
}

static void give_fd(int fd, bool owns, int flags)
{
    if (owns)
        (void)close(fd);
    else if (flags >= 0)
        (void)fcntl(fd, F_SETFL, flags);
}

/* ---- out ---- */

static void out_fail(struct pump_out *p)
{
    p->failed = true;
    buf_clear(&p->queue);
}

/* Writes what the descriptor takes now. */
static void out_flush(struct pump_out *p)
{
    while (buf_len(&p->queue) > 0 && !p->failed) {
        ssize_t n = write(p->fd, buf_data(&p->queue), MIN(buf_len(&p->queue), (size_t)PUMP_CHUNK));

        if (n > 0)
            buf_consume(&p->queue, (size_t)n);
        else if (n < 0 && errno == EAGAIN)
            return;
        else if (n < 0 && errno != EINTR)
            out_fail(p);
    }
}

static void on_out(struct loop_io *io, int events _unused_, void *user)
{
    struct pump_out *p = user;

    out_flush(p);
    if (buf_len(&p->queue) > 0)
        return;
    loop_io_set(io, 0);
    p->on_drained(p->user); /* Careful: p may be gone here. */
}

int pump_out_init(struct pump_out *p, struct loop *loop, int fd, size_t max_bytes,
                  void (*on_drained)(void *user), void *user, struct err *err)
{
    *p = (struct pump_out){.on_drained = on_drained, .user = user};
    buf_init(&p->queue, max_bytes);
    take_fd(fd, O_WRONLY, &p->fd, &p->is_direct, &p->owns_fd, &p->restore_flags);
    if (p->is_direct)
        return 0;
    return loop_io_new(&p->io, loop, p->fd, 0, on_out, p, err);
}

void pump_out_done(struct pump_out *p)
{
    loop_io_free(p->io);
    give_fd(p->fd, p->owns_fd, p->restore_flags);
    buf_done(&p->queue);
    *p = (struct pump_out){.fd = -1, .restore_flags = -1};
}

int pump_out_write(struct pump_out *p, const void *data, size_t n, struct err *err)
{
    if (p->failed || n == 0)
        return 0;
    if (buf_append(&p->queue, data, n, err) < 0)
        return -1;
    out_flush(p);
    if (p->io)
        loop_io_set(p->io, buf_len(&p->queue) > 0 ? LOOP_WRITE : 0);
    return 0;
}

/* ---- in ---- */

static void in_read(struct pump_in *p)
{
    uint8_t data[PUMP_CHUNK];
    ssize_t n = read(p->fd, data, sizeof(data));

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        p->ended = true;
        pump_in_want(p, false);
    }
    /* A failing read is an end too: EIO of a terminal that went away. */
    p->on_data(data, n > 0 ? (size_t)n : 0, p->user);
}

static void on_in(struct loop_io *io _unused_, int events _unused_, void *user)
{
    in_read(user);
}

static void on_in_task(struct loop_task *t, void *user)
{
    struct pump_in *p = user;

    if (!p->is_wanted || p->ended)
        return;
    loop_task_schedule(t);
    in_read(p);
}

int pump_in_init(struct pump_in *p, struct loop *loop, int fd,
                 void (*on_data)(const uint8_t *data, size_t n, void *user), void *user,
                 struct err *err)
{
    *p = (struct pump_in){.on_data = on_data, .user = user};
    take_fd(fd, O_RDONLY, &p->fd, &p->is_direct, &p->owns_fd, &p->restore_flags);
    if (p->is_direct)
        return loop_task_new(&p->task, loop, on_in_task, p, err);
    return loop_io_new(&p->io, loop, p->fd, 0, on_in, p, err);
}

void pump_in_done(struct pump_in *p)
{
    loop_io_free(p->io);
    loop_task_free(p->task);
    give_fd(p->fd, p->owns_fd, p->restore_flags);
    *p = (struct pump_in){.fd = -1, .restore_flags = -1};
}

void pump_in_want(struct pump_in *p, bool wanted)
{
    wanted = wanted && !p->ended;
    if (wanted == p->is_wanted)
        return;
    p->is_wanted = wanted;
    if (p->io)
        loop_io_set(p->io, wanted ? LOOP_READ : 0);
    else if (p->task && wanted)
        loop_task_schedule(p->task);
}
