#pragma once
/* File descriptors and files: every fd made here is close-on-exec. */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* RLIMIT_NOFILE: as many as this process may have; when refused the old limit stays. */
void fd_raise_limit(void);
int fd_set_nonblock(int fd, struct err *err);
/* Both ends CLOEXEC; flags: O_NONBLOCK or 0. */
int fd_pipe(int ret[2], int flags, struct err *err);
/* Writes all of it to a blocking fd. */
int fd_write_all(int fd, const void *data, size_t n, struct err *err);

/* One message of data with up to 8 fds over a unix socket (SCM_RIGHTS). n_data >= 1. */
int fd_send(int sock, const void *data, size_t n_data, const int *fds, size_t n_fds,
            struct err *err);
/* > 0 the bytes of data received; 0 the peer closed; < 0 failure (errnum EAGAIN when there is
 * nothing). *n_fds: room in fds, then how many came; surplus fds are closed. */
ssize_t fd_recv(int sock, void *data, size_t n_data, int *fds, size_t *n_fds, struct err *err);

/* Unix stream (or SOCK_SEQPACKET) sockets by path; a path over 107 bytes is INVALID_ARGUMENT,
 * "PathTooLong". Listening replaces a dead socket file and refuses a live one (FAILED_PRECONDITION,
 * "AddressInUse"). The file gets `mode` before anybody can connect. Non-blocking. */
int fd_unix_listen(const char *path, int type, mode_t mode, struct err *err);
int fd_unix_connect(const char *path, int type, struct err *err);
/* The peer of a connected unix socket (SO_PEERCRED). */
int fd_peer_cred(int sock, pid_t *ret_pid, uid_t *ret_uid, gid_t *ret_gid, struct err *err);

/* Whole file into ret (its ceiling bounds the file). dirfd may be AT_FDCWD. */
int fd_read_file(int dirfd, const char *path, struct buf *ret, struct err *err);
/* Writes beside it, syncs when `sync`, renames over it. */
int fd_write_file_atomic(int dirfd, const char *path, const void *data, size_t n, mode_t mode,
                         bool sync, struct err *err);
/* One write(2) to an existing file, as /proc and cgroupfs want it. */
int fd_write_string(int dirfd, const char *path, const char *s, struct err *err);
int fd_mkdir_p(const char *path, mode_t mode, struct err *err);
/* Removes a tree without following links or leaving the file system. A path that is not there is
 * success. */
int fd_rm_tree(int dirfd, const char *path, struct err *err);
