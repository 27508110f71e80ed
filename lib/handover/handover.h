#pragma once
/*
 * The node hands an agent's data connection to the router: one SOCK_SEQPACKET datagram of 40 bytes
 * with one descriptor (SCM_RIGHTS). The node has read nothing from it, so the router sees the
 * stream from its first byte.
 *
 * Wire, version 1: 32 bytes instance id, NUL-padded; 8 bytes generation, little-endian. The
 * generation counts the connections of one instance up from 1; a newer one replaces an older one.
 * Between processes of one machine only.
 */
#include <stdint.h>

#include "lib/base/err.h"

#define HANDOVER_ID_MAX 31 /* characters of an instance id */

struct handover {
    char instance_id[HANDOVER_ID_MAX + 1]; /* [a-z0-9]+ */
    uint64_t generation;                   /* >= 1      */
};

enum { HANDOVER_AGAIN = 1 };

/* Router: listens at path with mode 0600. Accepted connections are for handover_recv().
 * Non-blocking. */
int handover_listen(const char *path, struct err *err);
/* The next connection, CLOEXEC and non-blocking, in *ret_fd; HANDOVER_AGAIN when there is none. Who
 * is not root is turned away (PERMISSION_DENIED, "NotRoot"), except the caller's own uid. */
int handover_accept(int listen_fd, int *ret_fd, struct err *err);
/* Node: connects to the router. < 0 when it is not there (errnum ENOENT, ECONNREFUSED).
 * Non-blocking. */
int handover_connect(const char *path, struct err *err);

/* fd stays the caller's, who closes it after success. HANDOVER_AGAIN: the router is slow, wait
 * until sock is writable. */
int handover_send(int sock, const struct handover *h, int fd, struct err *err);
/* 0: *ret and *ret_fd are set, the fd is the caller's; HANDOVER_AGAIN: nothing there; < 0: the
 * connection is of no further use ("HandoverClosed", "BadHandover"). */
int handover_recv(int sock, struct handover *ret, int *ret_fd, struct err *err);
