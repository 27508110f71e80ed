#pragma once
/*
 * The agent as a whole: the execs, the container's command, the servers, and the way to the end.
 *
 *     RUNNING --command ended, Stop, SIGTERM--> STOPPING --nothing runs any more--> DRAINING -->
 * the loop ends
 *
 * STOPPING: what runs gets SIGTERM, and SIGKILL when the grace is over (at once when the
 * container's own command has ended). DRAINING: open calls get their last answers, at most
 * AGENT_DRAIN_MS.
 */
#include "services/runtime/agent/dial.h"
#include "services/runtime/agent/execs.h"
#include "services/runtime/agent/options.h"

struct http1_server;
struct rpc_health;
struct rpc_server;

enum { AGENT_DRAIN_MS = 500, AGENT_GRACE_DEFAULT_MS = 10 * 1000, AGENT_GRACE_MAX_MS = 3600 * 1000 };

enum agent_state { AGENT_RUNNING, AGENT_STOPPING, AGENT_DRAINING };

struct agent {
    struct loop *loop;
    struct reaper *reaper;
    struct identity identity;
    struct execs execs;
    struct exec_host probe_host; /* probes are no execs of anybody's */
    struct rpc_server *control;  /* AgentService: for the node alone    */
    struct rpc_server *data;     /* ExecService, StreamService, health  */
    struct rpc_health *health;
    struct http1_server *http;
    struct dial *dial_control, *dial_data;
    struct list probe_calls;

    /* The container's own command. */
    bool has_command, is_command_running;
    struct arena command_arena;
    pid_t command_pid;
    struct reap_watch command_watch;
    struct cause command_cause;

    enum agent_state state;
    struct loop_timer *timer; /* end of grace */
    struct loop_task *step;
    struct loop_signal *sigterm, *sigint;
    bool is_killed; /* SIGKILL was sent to all */
    int n_draining; /* servers that still have calls */
    int exit_code;
    char address[128]; /* where it listens, "" when it does not */
};

/* Builds and starts all that the options ask for. envp: of the container, outlives it. argv's
 * strings too. */
int agent_init(struct agent *a, struct loop *loop, const struct options *o, const char *const *envp,
               struct err *err);
void agent_done(struct agent *a);
/* Idempotent; a shorter grace wins. why: recorded with the execs that it ends. */
void agent_stop(struct agent *a, uint64_t grace_ms, const struct cause *why);
/* Runs until the end; returns the exit code for the process. */
int agent_run(struct agent *a);

/* AgentService on a server. */
int agent_service_register(struct rpc_server *server, struct agent *a, struct err *err);
/* Ends running probes; before agent_done() frees what they stand on. */
void agent_service_end_probes(struct agent *a);
