#pragma once
/*
 * What the node knows of the agent in a sandbox, over the control connection that the agent dials:
 * that it is there, that the command runs, and the answers of the probes, which the agent makes
 * inside on the node's schedule.
 *
 * The agent is on the untrusted side: what it says is believed about its own sandbox only.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/loop/loop.h"
#include "lib/rpc/channel.h"
#include "services/runtime/node/pb.h"
#include "services/runtime/node/prober.h"

enum probe_kind { PROBE_STARTUP, PROBE_READINESS, PROBE_LIVENESS, N_PROBES };

#define PROBE_MESSAGE_MAX 256

struct agent_link;

struct agent_probe {
    struct agent_link *link;
    enum probe_kind kind;
    const PB(Probe) *spec; /* of the request; NULL: none */
    struct prober prober;
    struct rpc_call *call;
};

struct agent_link_ops {
    /* connected, command_running, ready or last_* changed. */
    void (*on_change)(void *user);
    /* A liveness or startup probe failed too often: the container has to be ended. */
    void (*on_unhealthy)(void *user, enum probe_kind kind, const char *message);
    /* The Stop call was answered, or failed. */
    void (*on_stopped)(void *user);
};

struct agent_link {
    struct loop *loop;
    const struct agent_link_ops *ops;
    void *user;
    int listen_fd;
    struct loop_io *listen_io;
    struct loop_timer *pause; /* as DOOR_PAUSE_MS         */
    struct loop_timer *timer;
    struct loop_task *task; /* puts down a channel that is lost            */
    struct rpc_channel *channel;
    bool lost;
    struct rpc_call *hello, *stop;
    struct agent_probe probes[N_PROBES];
    bool connected; /* it answered GetAgent on this connection     */
    bool command_running;
    bool ready;
    bool has_last;
    enum probe_kind last_kind;
    bool last_success;
    uint64_t last_ns; /* CLOCK_REALTIME                              */
    char last_message[PROBE_MESSAGE_MAX + 1];
};

const char *agent_probe_name(enum probe_kind kind);

/* Listens at path. container must outlive it. */
int agent_link_open(struct agent_link *l, struct loop *loop, const char *path,
                    const PB(Container) *container, const struct agent_link_ops *ops, void *user,
                    struct err *err);
/* The container ended: forgets connection and answers, keeps listening for its successor. */
void agent_link_reset(struct agent_link *l);
void agent_link_close(struct agent_link *l);
/* AgentService.Stop; on_stopped tells the answer. < 0 when there is no connection. */
int agent_link_stop(struct agent_link *l, uint64_t grace_ms, struct err *err);
