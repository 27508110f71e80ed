#pragma once
/*
 * How a sandbox's container ended, as its monitor wrote it: "end" in the instance's folder, lines
 * of "key value", written beside and renamed, so that it is there whole or not at all. Read by the
 * node, also by a later one.
 */
#include <stdbool.h>
#include <stdint.h>

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
