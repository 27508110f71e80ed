#pragma once
/*
 * Standard input of a command: bytes are taken in order by their offset, so that a writer which
 * lost its connection sends again from where it was acknowledged and nothing comes twice.
 */
#include <stdbool.h>

#include "lib/base/buf.h"

struct loop;
struct loop_io;

enum { INPUT_MESSAGE_MAX = 1024 * 1024 }; /* bytes of one write */

struct input {
    int fd; /* -1: closed or never opened */
    struct loop_io *io;
    struct buf queue;    /* accepted, not yet taken by the command                */
    uint64_t n_accepted; /* offset up to which bytes came                         */
    uint64_t n_taken;    /* offset up to which the command's pipe took them       */
    bool is_terminal;    /* end of file is then Ctrl-D, the terminal stays open   */
    bool is_ended;       /* end of file was asked for                             */
    bool was_opened;
    void (*wake)(struct input *in, void *user); /* something was taken */
    void *user;
    struct loop *loop;
};

void input_init(struct input *in, struct loop *loop, void (*wake)(struct input *in, void *user),
                void *user);
void input_done(struct input *in);
/* Owns fd (non-blocking) from now on, also when it fails. */
int input_open(struct input *in, int fd, bool is_terminal, struct err *err);
/*
 * offset: of data[0] in all of stdin. What came already is skipped; a hole, more than
 * INPUT_MESSAGE_MAX, or bytes after the end are INVALID_ARGUMENT "BadRequest"; a command without
 * stdin FAILED_PRECONDITION "NoStdin". When the command no longer reads its stdin, bytes count as
 * taken and are dropped.
 */
int input_write(struct input *in, uint64_t offset, const void *data, size_t n, bool eof,
                struct err *err);
/* Whether the next write should be asked for: less than LIMIT_EXEC_STDIN waits. */
bool input_has_room(const struct input *in);
/* What waits is dropped. */
void input_close(struct input *in);
