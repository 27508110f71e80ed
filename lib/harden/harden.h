#pragma once
/*
 * How a service gives away what it does not need. A service that was started as root calls, once
 * its listeners are bound and its files are open, in this order:
 *
 *     harden_drop(uid, gid)      another identity, no capabilities, none to be gained
 *     harden_no_dump()           nobody of that identity reads its memory; no core file
 *     harden_seccomp_service()   the system calls that controller and router use, and no others
 *
 * None of it can be taken back. All three may be called by an unprivileged process too.
 */
#include <sys/types.h>

#include "lib/base/err.h"

/*
 * Becomes uid and gid for good: no supplementary groups, no capabilities in any set, no_new_privs.
 * Also when uid is 0 or the present one, so that a service that stays root keeps no capability
 * either. Another uid without the privilege: PERMISSION_DENIED.
 */
int harden_drop(uid_t uid, gid_t gid, struct err *err);

/* Not dumpable (no ptrace by the same uid, /proc/PID belongs to root), RLIMIT_CORE 0. Call it after
 * harden_drop(): a change of uid resets it. */
int harden_no_dump(struct err *err);

/*
 * Installs the allow-list. What an exploited service would call next (execve, ptrace, mount, bpf,
 * kexec_load, module and key calls, another process's memory, namespaces) ends the process with
 * SIGSYS, which its supervisor reports. All else that is not on the list fails with ENOSYS, which
 * libc and libuv have fall-backs for; memory can no longer be made executable, sockets are unix,
 * IPv4 or IPv6. Threads may be started, processes not. Needs no_new_privs (harden_drop()).
 */
int harden_seccomp_service(struct err *err);
