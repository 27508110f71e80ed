#pragma once
/*
 * The maker of sandboxes on one machine. All of it lives on one loop; what blocks is a child
 * process: the monitor of each sandbox (services/runtime/monitor), an import of an image, a removal
 * of large trees.
 *
 *     node.c      start, the queue of creations, sweeps, shutdown
 *     instance*.c  one sandbox: its states
 *     bundle.c    its folders and files on the host
 *     agent_link.c  the control connection of its agent, probes
 *     door.c      its data connection, handed to the router unread
 *     service*.c   NodeService
 *
 * Truth is on disk (STATE/instances/ID: request.pb, instance.pb, monitor, end) and in the
 * processes; a node that starts finds both and goes on where its predecessor stopped.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/list.h"
#include "lib/base/map.h"
#include "lib/loop/loop.h"
#include "lib/rpc/server.h"
#include "services/runtime/monitor/cgroup.h"
#include "services/runtime/node/classes.h"
#include "services/runtime/node/door.h"

#define NODE_VERSION      "0.1.0"
#define NODE_DEFAULT_PIDS 512
/* The CPU share while it starts, if its own is smaller: a start is CPU work that somebody waits
 * for. */
#define NODE_START_WEIGHT_MILLIS 1000
/* What a gVisor sandbox needs beside the container's own memory and processes, put on top of the
 * pod's limits. */
#define NODE_GVISOR_OVERHEAD_BYTES (32ull << 20)
#define NODE_GVISOR_OVERHEAD_PIDS  128

struct instance;

struct node_opts {
    const char *listen;     /* "unix:/run/agent-sandbox/node.sock"                            */
    const char *router_fds; /* path of the router's socket for data connections; NULL: none   */
    const char *state_dir;  /* absolute                                                       */
    const char *run_dir;    /* absolute, short: holds unix sockets                            */
    const char *cache_dir;  /* images are below it                                            */
    const char *agent;      /* the static agent's binary                                      */
    uid_t controller_uid;
    bool ephemeral;   /* ending removes all sandboxes and the node's own folders        */
    int lifeline_fd;  /* ephemeral: monitors hold on to it too; -1: none                */
    int max_creating; /* at once; 0: one per CPU, at least 2                            */
};

struct node {
    struct loop *loop;
    struct node_opts opts;
    char state_dir[256], run_dir[256], images[256], instances_dir[256], trash_dir[256];
    char monitor[512];    /* the monitor's program; "": our own, subcommand monitor         */
    char id[9];           /* names our cgroups; kept in the state folder                    */
    char cgroup_root[64]; /* "agent-sandbox/ID"                                             */
    int lock_fd;
    struct cgroup_host cgroups;
    struct runtime_classes classes;
    struct map instances; /* id -> struct instance                                          */
    struct list queue;    /* of those that wait to be started                               */
    int n_starting;
    struct list watchers; /* service.c                                                      */
    struct list imports;  /* service.c                                                      */
    struct door door;
    struct rpc_server *server;
    struct rpc_health *health;
    struct metrics *metrics;
    struct rpc_observer *observer;
    struct admin *admin;
    struct loop_timer *sweep_timer;
    struct loop_task *pump;
    struct loop_child *remover; /* clears the trash                                             */
    bool trash_again;
    bool stopping;
    uint64_t stop_deadline_ms;
    void (*on_stopped)(struct node *n, void *user);
    void *user;
};

/* Takes the folders (FAILED_PRECONDITION "AddressInUse" when another node has them,
 * "StateNotWritable"), probes the host, finds what a predecessor left, listens. The strings of opts
 * must outlive it. */
int node_start(struct node *n, struct loop *loop, const struct node_opts *opts, struct err *err);
/* Begins to stop: drains calls, and, when ephemeral, ends and removes all sandboxes. fn is called
 * once, when done or after 3 s. */
void node_stop(struct node *n, void (*fn)(struct node *n, void *user), void *user);
/* Frees everything of a stopped or half-started node. */
void node_done(struct node *n);

/* ---- for the other files of the node ---- */

/* Starts queued instances as far as max_creating allows, later in this turn. */
void node_pump(struct node *n);
/* Moves a folder of an instance out of the way and removes it in a child process. */
void node_trash(struct node *n, const char *path, const char *name);
/* Something of the instance changed: it is written to disk and watchers are told. */
void node_changed(struct node *n, struct instance *i);
void node_instance_gone(struct node *n, struct instance *i);

/* service.c */
int node_service_register(struct node *n, struct err *err);
void node_service_notify(struct node *n, struct instance *i);
void node_service_done(struct node *n);
