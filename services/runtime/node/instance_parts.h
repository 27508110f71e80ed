#pragma once
/* What the files of an instance share: instance.c (states), instance_cause.c, instance_monitor.c,
 * instance_adopt.c, instance_describe.c. Nobody else includes it. */
#include "services/runtime/node/bundle.h"
#include "services/runtime/node/instance.h"

#define KIND(name) AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_##name

/* instance.c */
int instance_alloc(struct node *n, PB(CreateSandboxRequest) *request, struct instance **ret,
                   struct err *err);
int instance_open_sockets(struct instance *i, struct err *err);
/* Its container runs: to RUNNING, if it was being started. */
void instance_now_running(struct instance *i);
/* SIGKILL to what is left in its cgroup. */
void instance_kill_rest(struct instance *i);

/* instance_cause.c */
void instance_cause_set(struct instance_cause *c, PB(CauseKind) kind, const char *reason,
                        const char *message);
void instance_cause_from_record(struct instance_cause *c, const struct record *r);
/* The limit that is told is the pod's, without what we put on top for the runtime. */
void instance_cause_tell_limit(const struct instance *i, struct instance_cause *c);
/* What its monitor wrote; < 0 when there is nothing. */
int instance_read_record(struct instance *i, struct record *ret);

/* instance_monitor.c: when it ends, monitor_ended is set and the instance's task scheduled. */
int instance_monitor_spawn(struct instance *i, const struct bundle_command *cmd, struct err *err);
/* The monitor that a predecessor started: by its number, if that still is the same process. */
bool instance_monitor_find(struct instance *i);
int instance_monitor_watch(struct instance *i, struct err *err);
void instance_monitor_signal(struct instance *i, int signum);
void instance_monitor_forget(struct instance *i);
