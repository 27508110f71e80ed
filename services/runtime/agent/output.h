#pragma once
/*
 * One output stream of a command: a pipe or terminal that is read into a ring. Nobody pushes: it is
 * read only while the ring has room before the slowest reader that counts, so a command whose
 * output is not read stands still in write(2), and no other does.
 */
#include <stdbool.h>

#include "lib/base/err.h"
#include "services/runtime/agent/ring.h"

struct loop;
struct loop_io;

struct output {
    int fd; /* -1: at end of file, or never opened */
    struct loop_io *io;
    struct ring ring;
    uint64_t reader;   /* see output_set_reader() */
    uint64_t owed_end; /* offset up to which the command itself has written; UINT64_MAX while it may
                          go on */
    bool is_blocked;   /* waits for a reader */
    bool is_discarding;
    uint64_t read_ms;                           /* when something came last */
    void (*wake)(struct output *o, void *user); /* something came, or it ended */
    void *user;
    struct loop *loop;
};

void output_init(struct output *o, struct loop *loop, size_t ring_bytes, struct ring_budget *budget,
                 void (*wake)(struct output *o, void *user), void *user);
void output_done(struct output *o);

/* Starts reading fd (non-blocking), which it owns from now on, also when it fails. */
int output_open(struct output *o, int fd, struct err *err);
/* Where the slowest reader that counts is, or UINT64_MAX when the output may run ahead of all. */
void output_set_reader(struct output *o, uint64_t reader);
/* The command has ended: what is in the pipe now is the last of it. */
void output_command_ended(struct output *o);
/* All that the command itself wrote is in the ring (others that hold the pipe may write on). */
bool output_is_complete(const struct output *o);
/* Reads on and throws away, until end of file: for descendants that outlive the command. */
void output_discard(struct output *o);
/* Stops reading, closes. The ring stays. */
void output_close(struct output *o);
