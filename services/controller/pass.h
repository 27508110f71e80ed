#pragma once
/*
 * Calls of a replica that does not lead, passed on to the one that does (design 9.6).
 *
 * Who calls is judged by the leader alone, by the caller's own bearer token, which goes along with
 * all other metadata: a replica has no word of its own in it, so one that is broken into can lend
 * no rights. For the same reason a caller who shows a client certificate is not passed on: the
 * leader would have to believe us who he is. He is told NotLeader and asks the leader himself.
 *
 * The token goes only to the address, and only to the holder of the certificate, that the leader
 * itself wrote into the Lease; who can write there could as well lead.
 *
 * A call is passed on once: it bears a mark, and what bears it already is not taken.
 */
#include "lib/rpc/service.h"

#define PASS_MARK "x-agentsandbox-passed-by"

struct pass;
struct rpc_observer;

struct pass_opts {
    const char *name; /* of this replica, for the mark; must outlive it                         */
    bool is_plain;    /* plaintext between replicas is meant; else a leader without TLS gets none */
    struct rpc_observer *observer; /* of the channels; outlives it. NULL: none                   */
};

int pass_new(struct pass **ret, struct loop *loop, const struct pass_opts *opts, struct err *err);
/* All calls must have ended: free the server before. */
void pass_free(struct pass *p);
DEFINE_CLEANUP(struct pass *, pass_free)

/* Ends the streams of the leader that are open with this; unary calls go on. */
void pass_end_streams(struct pass *p, const struct err *why);

/* Where the leader is reached: its note in the Lease. */
struct pass_leader {
    char identity[300];
    char address[80]; /* "10.0.0.5:9090", "[fd00::5]:9090"; an address, never a name */
    char sha256[65];  /* of its certificate; "": plaintext                            */
};
/* The note's text; NULL: out of memory. */
char *pass_note(const struct pass_leader *leader);
/* Out of the note of whoever holds the Lease. < 0 (no *err: it is the Lease of whoever may write
 * it): there is none, it is no such note, or it is another's than that holder's. */
int pass_read_note(const char *note, const char *holder, struct pass_leader *ret);

/*
 * Passes a call on whose handler has not answered yet. false: not taken, answer it otherwise (no
 * token, marked, no TLS, no address, out of memory). The call ends as the leader ends it;
 * UNAVAILABLE "LeaderUnreachable" when he cannot be reached or is lost on the way: what became of
 * the call is not known then, as with any connection that breaks.
 */
bool pass_on(struct pass *p, const struct pass_leader *leader, struct rpc_call *call,
             const struct rpc_method_desc *m, const ProtobufCMessage *request);
