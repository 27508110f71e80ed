#pragma once
/*
 * config.json of an OCI bundle, from what was asked for and what the image says. Pure: the same
 * input gives the same text. (OCI runtime specification 1.0.2; Kubernetes' rules for command and
 * args.)
 */
#include <jansson.h>

#include "services/runtime/node/classes.h"
#include "services/runtime/node/image.h"
#include "services/runtime/node/pb.h"

#define OCI_AGENT_PATH  "/.agent-sandbox/agent"
#define OCI_RUN_PATH    "/.agent-sandbox/run"
#define OCI_DEFAULT_UID 1000

struct oci_input {
    const PB(CreateSandboxRequest) *request;
    const struct image *image;
    enum runtime_kind runtime;
    const char *root;         /* absolute, or "rootfs" beside config.json     */
    const char *instance_dir; /* hosts, hostname, resolv.conf and volumes/NAME  */
    const char *socket_dir;   /* control.sock, data.sock                        */
    const char *agent;        /* the agent's binary on the host                 */
    const char *cgroup;       /* for runc's own cgroup below ours               */
};

struct oci_identity {
    int64_t uid, gid;
    char home[256];
};

/* Refuses what cannot be done: INVALID_ARGUMENT "BadRequest", with the field's name. Touches no
 * file. */
int oci_check(const PB(CreateSandboxRequest) *request, struct err *err);
/* Who the container's command runs as. The image's own "root" counts as nobody asked for root. */
int oci_identity(const PB(Container) *c, const struct image *image, struct oci_identity *ret,
                 struct err *err);
/* The argv of the container, NULL-terminated array of borrowed strings in *ret (free() it). */
int oci_argv(const PB(Container) *c, const struct image *image, const char ***ret, struct err *err);
/* Text of config.json, malloc'ed; NULL with *err. */
char *oci_config(const struct oci_input *in, struct err *err);
const char *oci_hostname(const PB(CreateSandboxRequest) *request);
