#pragma once
/* An agent and its clients in one process on one loop, joined by socketpairs: what the tests drive.
 */
#include "agentsandbox/v1/exec.rpc.h"
#include "agentsandbox/v1/node.rpc.h"
#include "agentsandbox/v1/stream.rpc.h"
#include "lib/base/buf.h"
#include "services/runtime/agent/agent.h"

struct world {
    struct loop *loop;
    struct agent agent;
    bool has_agent;
    struct rpc_channel *data, *control;
};

/* options NULL: no command, no listener. */
void world_init(struct world *w, const struct options *options);
/* Without an agent: data and control are for the caller to set. */
void world_init_bare(struct world *w);
void world_done(struct world *w);
/* A second connection to the data server. */
struct rpc_channel *world_connect(struct world *w);
/* Turns the loop until *flag, at most timeout_ms; asserts that it came. */
void world_until(struct world *w, const bool *flag, int timeout_ms);
/* Turns it for so long. */
void world_pass(struct world *w, int ms);

/* ---- unary calls: the reply is a copy, freed by answer_done() ---- */

struct answer {
    bool is_done;
    int code;
    char reason[48];
    char message[256];
    ProtobufCMessage *reply; /* NULL unless code is 0 */
};

void answer_done(struct answer *a);
void on_answer(struct rpc_call *call, const ProtobufCMessage *reply,
               const struct rpc_status *status, void *user);
#define REPLY(a, type) ((const Agentsandbox__V1__##type *)(a).reply)

/* A command of one shell line; its strings must outlive its use. */
Agentsandbox__V1__Command shell(const char *line);
struct answer run_command(struct world *w, const Agentsandbox__V1__Command *c);
struct answer run_shell(struct world *w, const char *line);
struct answer start(struct world *w, const Agentsandbox__V1__StartRequest *r);
struct answer get(struct world *w, const char *exec_id);
struct answer wait_for(struct world *w, const char *exec_id);
struct answer send_signal(struct world *w, const char *exec_id, int signum);

/* ---- an Attach client ---- */

struct client {
    struct world *w;
    struct rpc_call *call;
    bool is_started, is_exited, is_done, is_stalled; /* stalled: asks for nothing more */
    bool is_discarding;                              /* counts and checks output, keeps none */
    struct buf out[2];                               /* by stream */
    uint64_t at[2];                                  /* next offset expected */
    uint64_t lost[2];                                /* in gaps */
    uint64_t acked;
    uint64_t sent; /* of stdin */
    char id[64];
    int code;
    char reason[48];
    Agentsandbox__V1__ExecRecord *record; /* the last one that came */
};

void client_start(struct client *c, struct world *w, struct rpc_channel *ch,
                  const Agentsandbox__V1__StartRequest *r);
void client_open(struct client *c, struct world *w, struct rpc_channel *ch,
                 const Agentsandbox__V1__AttachOpen *o);
void client_send(struct client *c, const Agentsandbox__V1__AttachRequest *m);
void client_stdin(struct client *c, uint64_t offset, const char *data, bool eof);
void client_signal(struct client *c, int signum);
void client_read_on(struct client *c);
/* Waits until stdout holds `text`. */
void client_expect(struct client *c, const char *text);
const char *client_text(struct client *c, int stream);
/* Waits for the status. */
void client_wait(struct client *c);
/* Its connection is gone, if it still has a call. */
void client_done(struct client *c);
