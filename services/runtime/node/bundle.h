#pragma once
/*
 * The folders of one instance on the host:
 *
 *     STATE/instances/ID/   request.pb instance.pb config.json hosts hostname resolv.conf monitor
 * end log …, and rt/ (the OCI runtime's own state) scratch/ upper/ work/ rootfs/ volumes/NAME
 *     RUN/ID/               control.sock data.sock; mounted into the sandbox
 */
#include "services/runtime/node/node.h"
#include "services/runtime/node/oci_config.h"

#define BUNDLE_MAX_ARGV 48

/* What a monitor is started with. The strings live in it. */
struct bundle_command {
    const char *argv[BUNDLE_MAX_ARGV];
    char text[4096];
    size_t n_argv, n_text;
    bool full;
};

int bundle_paths(const struct node *n, const char *id, char state[256], char run[256],
                 struct err *err);
/* Makes both folders and stores the request; the instance exists from now on. */
int bundle_create(const struct node *n, const PB(CreateSandboxRequest) *r, struct err *err);
/* Everything for one start of its container: what an earlier one left is removed, files and cgroup
 * are made. */
int bundle_prepare(const struct node *n, const PB(CreateSandboxRequest) *r,
                   const struct runtime_class *class, const struct image *image, struct err *err);
/* Descriptors of the monitor. */
enum { BUNDLE_REPORT_FD = 3, BUNDLE_LIFELINE_FD = 4 };

/* Monitors of an ephemeral node hold its lifeline, so that sandboxes end also when node and
 * supervisor were killed. */
bool bundle_has_lifeline(const struct node *n);
/* The command line of the monitor. */
int bundle_monitor_command(const struct node *n, const PB(CreateSandboxRequest) *r,
                           const struct runtime_class *class, const struct image *image,
                           struct bundle_command *ret, struct err *err);
/* Reads request.pb; the caller frees it. */
int bundle_load_request(const struct node *n, const char *id, PB(CreateSandboxRequest) **ret,
                        struct err *err);
/* Its share of the CPU once it runs. */
uint64_t bundle_cpu_weight(const PB(Container) *c);
void bundle_cgroup(const struct node *n, const char *id, char ret[128]);
