#pragma once
/*
 * How a sandbox's container ended, as its monitor wrote it: "end" in the instance's folder, lines
 * of "key value", written beside and renamed, so that it is there whole or not at all. Read by the
 * node, also by a later one.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

enum record_kind {
    RECORD_EXITED = 1,    /* code                                                  */
    RECORD_SIGNALLED,     /* signal, not sent by us                                */
    RECORD_OUT_OF_MEMORY, /* limit_bytes, peak_bytes                              */
    RECORD_KILLED,        /* on request                                            */
    RECORD_START_FAILED,  /* the OCI runtime refused; message is what it said      */
    RECORD_LOST,          /* the OCI runtime's own processes went away; message    */
};

#define RECORD_MESSAGE_MAX 400

struct record {
    enum record_kind kind;
    int code;             /* 0..255                    */
    int signal;           /* 0: none                   */
    uint64_t limit_bytes; /* 0: none                   */
    uint64_t peak_bytes;  /* 0: unknown                */
    uint64_t time_ns;     /* CLOCK_REALTIME            */
    char message[RECORD_MESSAGE_MAX + 1];
};

int record_write(int dirfd, const char *name, const struct record *r, struct err *err);
/* NOT_FOUND when there is none; DATA_LOSS "BadRecord" when it is none. */
int record_read(int dirfd, const char *name, struct record *ret, struct err *err);

/* The first number in a small file, as OCI runtimes write a pid; < 0 when there is none. */
int64_t record_read_number(int dirfd, const char *name);

/* A monitor leaves its number and start time in "monitor", so that a later node knows it from
 * another process that has got its number. */
int record_write_self(int dirfd, struct err *err);
/* Whether the monitor of that folder still runs; then its number and a pidfd, which is the
 * caller's. */
bool record_find_monitor(int dirfd, pid_t *ret_pid, int *ret_pidfd);
