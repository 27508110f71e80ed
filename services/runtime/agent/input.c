#include "services/runtime/agent/input.h"

#include <errno.h>

#include "lib/base/limits.h"
#include "lib/loop/loop.h"

static const uint8_t ctrl_d = 0x04; /* VEOF of a terminal in its default mode */

void input_init(struct input *in, struct loop *loop, void (*wake)(struct input *in, void *user),
                void *user)
{
    *in = (struct input){.fd = -1, .wake = wake, .user = user, .loop = loop};
    buf_init(&in->queue, LIMIT_EXEC_STDIN + INPUT_MESSAGE_MAX + 1);
}

void input_close(struct input *in)
{
    loop_io_free(TAKE_PTR(in->io));
    if (in->fd >= 0)
        (void)close(TAKE_FD(in->fd));
    buf_done(&in->queue);
    in->n_taken = in->n_accepted;
}

void input_done(struct input *in)
{
    input_close(in);
}

/* Writes what the pipe takes; at the end of all closes it. */
static void flush(struct input *in)
{
    while (buf_len(&in->queue) > 0) {
        ssize_t n = write(in->fd, buf_data(&in->queue), buf_len(&in->queue));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n < 0) { /* EPIPE, EIO: nobody reads it any more */
            input_close(in);
            return;
        }
        buf_consume(&in->queue, (size_t)n);
        in->n_taken = MIN(in->n_taken + (uint64_t)n, in->n_accepted); /* Ctrl-D is no byte of it */
    }
    if (buf_len(&in->queue) == 0 && in->is_ended && !in->is_terminal)
        input_close(in);
    else
        loop_io_set(in->io, buf_len(&in->queue) > 0 ? LOOP_WRITE : 0);
}

static void on_writable(struct loop_io *io, int events, void *user)
{
    struct input *in = user;

    (void)io;
    (void)events;
    flush(in);
    in->wake(in, in->user);
}

int input_open(struct input *in, int fd, bool is_terminal, struct err *err)
{
    in->fd = fd;
    in->is_terminal = is_terminal;
    in->was_opened = true;
    if (loop_io_new(&in->io, in->loop, fd, 0, on_writable, in, err) < 0) {
        input_close(in);
        return -1;
    }
    return 0;
}

static int check_write(const struct input *in, uint64_t offset, size_t n, struct err *err)
{
    if (!in->was_opened)
        return err_set(err, RPC_FAILED_PRECONDITION, "NoStdin",
                       "the command was started without stdin: set command.stdin");
    if (n > INPUT_MESSAGE_MAX)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "%zu bytes of stdin in one message, at most %d", n, INPUT_MESSAGE_MAX);
    if (offset > in->n_accepted || offset > UINT64_MAX - n)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "stdin at offset %llu, but the next byte is %llu",
                       (unsigned long long)offset, (unsigned long long)in->n_accepted);
    if (in->is_ended && offset + n > in->n_accepted)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "stdin has ended at offset %llu",
                       (unsigned long long)in->n_accepted);
    return 0;
}

int input_write(struct input *in, uint64_t offset, const void *data, size_t n, bool eof,
                struct err *err)
{
    uint64_t skip;

    if (check_write(in, offset, n, err) < 0)
        return -1;
    skip = MIN(in->n_accepted - offset, (uint64_t)n);
    n -= (size_t)skip;
    if (in->fd >= 0 && n > 0 && buf_append(&in->queue, (const uint8_t *)data + skip, n, err) < 0)
        return -1;
    if (in->fd >= 0 && eof && !in->is_ended && in->is_terminal &&
        buf_append(&in->queue, &ctrl_d, 1, err) < 0)
        return -1;
    in->n_accepted += n;
    in->is_ended |= eof;
    if (in->fd >= 0)
        flush(in);
    else
        in->n_taken = in->n_accepted;
    return 0;
}

bool input_has_room(const struct input *in)
{
    return buf_len(&in->queue) < LIMIT_EXEC_STDIN;
}
