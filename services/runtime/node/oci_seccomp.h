#pragma once
/*
 * The system calls of a sandbox under runc and crun, as the "seccomp" object of config.json: an
 * allow-list after the default profile of the container engines. All else fails with EPERM, clone3
 * with ENOSYS so that libc falls back to clone, whose flags can be looked at: no new namespaces.
 * (gVisor has its own kernel and needs none.)
 */
#include <jansson.h>

/* NULL when out of memory. */
json_t *oci_seccomp(void);
