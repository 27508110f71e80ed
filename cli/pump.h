#pragma once
/*
 * Our standard descriptors on the loop. They are shared with whoever started us, so that O_NONBLOCK
 * on them would change the shell's too: pipes and terminals are opened a second time through
 * /proc/self/fd, sockets are switched and switched back at the end, and files (epoll refuses them)
 * are read and written as they are.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/loop/loop.h"

/* ---- out: bytes queue until the descriptor takes them ---- */

struct pump_out {
    int fd;
    bool is_direct; /* a file: written at once                    */
    bool owns_fd;
    int restore_flags; /* F_SETFL at the end, or -1                  */
    struct loop_io *io;
    struct buf queue;
    bool failed;                    /* nobody reads any more: all that comes is dropped */
    void (*on_drained)(void *user); /* the queue was emptied, or failed */
    void *user;
};

/* max_bytes: the queue's ceiling. */
int pump_out_init(struct pump_out *p, struct loop *loop, int fd, size_t max_bytes,
                  void (*on_drained)(void *user), void *user, struct err *err);
void pump_out_done(struct pump_out *p);
int pump_out_write(struct pump_out *p, const void *data, size_t n, struct err *err);
static inline size_t pump_out_queued(const struct pump_out *p)
{
    return buf_len(&p->queue);
}

/* ---- in: bytes are asked for and come by callback ---- */

struct pump_in {
    int fd;
    bool is_direct;
    bool owns_fd;
    int restore_flags;
    bool is_wanted;
    bool ended;
    struct loop_io *io;
    struct loop_task *task; /* reads the next piece of a file */
    /* n = 0: the end. The bytes are good until it returns. */
    void (*on_data)(const uint8_t *data, size_t n, void *user);
    void *user;
};

int pump_in_init(struct pump_in *p, struct loop *loop, int fd,
                 void (*on_data)(const uint8_t *data, size_t n, void *user), void *user,
                 struct err *err);
void pump_in_done(struct pump_in *p);
/* Whether on_data may come. Cheap when nothing changes. */
void pump_in_want(struct pump_in *p, bool wanted);
