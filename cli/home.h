#pragma once
/*
 * The folders of one set of services and the lock that says who has them.
 *
 *   run_dir    0711  sockets, short paths; gone when nothing runs
 *   state_dir  0711  lock, database (0700, the controller's), instances, log/
 *   cache_dir  0711  images; stays
 *
 * A private home (of `run --ephemeral`) is named by random and marked by the file `ephemeral` in
 * its state folder; whoever starts next removes those that nobody holds the lock of.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/err.h"

enum { HOME_PATH_MAX = 160 };

struct home {
    char run_dir[HOME_PATH_MAX];
    char state_dir[HOME_PATH_MAX];
    char cache_dir[HOME_PATH_MAX];
    bool is_ephemeral;
    uid_t controller_uid, router_uid, client_uid;
    int lock_fd; /* -1: not held */
};

/* name NULL: the default folders. */
void home_init(struct home *h, const char *name);
/* Random folders of their own; only the cache is shared. */
void home_init_private(struct home *h);

/* Makes the folders with their owners and takes the lock. FAILED_PRECONDITION "AddressInUse" when
 * others have it, "StateNotWritable" when a folder cannot be made. */
int home_open(struct home *h, struct err *err);
/* Lets the lock go. */
void home_close(struct home *h);

/* The process that holds the lock: > 0 its pid, 0 nobody. */
pid_t home_holder(const struct home *h);

/* Removes what sandboxes left (by a node that does nothing else), the run folder and, with `state`,
 * the state folder. Only with the lock held. */
int home_clean(struct home *h, bool state, struct err *err);
/* Removes the services' sockets, so that clients see at once that nothing runs. */
void home_remove_sockets(const struct home *h);
/* Cleans all private homes that nobody holds. */
void home_sweep(void);

/* Path of a program beside our own executable; ret has 512 bytes. */
int home_program(const char *name, char *ret, struct err *err);
