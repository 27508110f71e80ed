#pragma once
/*
 * The data connections: an agent dials its instance's data.sock, the node accepts and hands the
 * descriptor to the router without reading a byte. While the router is not there nothing is
 * accepted: the agent's connection waits in the backlog.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/list.h"
#include "lib/handover/handover.h"
#include "lib/loop/loop.h"

struct door {
    struct loop *loop;
    const char *path; /* NULL: no router                                       */
    int sock;
    struct loop_io *io;
    struct loop_timer *retry;
    uint32_t retry_ms;
    struct list entries;
    int pending_fd; /* accepted, the router's socket was full                */
    struct handover pending;
};

/* After a connection none is taken from the same sandbox for so long: who dials in a loop harms
 * himself. */
#define DOOR_PAUSE_MS 20

/* One instance's listening socket. */
struct door_entry {
    struct list link;
    struct door *door;
    int listen_fd;
    struct loop_io *io;
    struct loop_timer *pause;
    bool is_paused;
    char id[HANDOVER_ID_MAX + 1];
    uint64_t generation; /* of the last connection handed over                    */
};

int door_init(struct door *d, struct loop *loop, const char *path, struct err *err);
void door_done(struct door *d);

/* Listens at path. The generation goes on from the clock, so that it grows over a restart of the
 * node too. */
int door_entry_open(struct door_entry *e, struct door *d, const char *id, const char *path,
                    struct err *err);
void door_entry_close(struct door_entry *e);
