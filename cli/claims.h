#pragma once
/* Claims as run, claim, exec and delete need them. */
#include "agentsandbox/v1/claim.pb-c.h"
#include "cli/client.h"

struct claim_wish {
    const char *ns;
    const char *name;     /* NULL: the server's choice                          */
    const char *template; /* one of template and pool                           */
    const char *pool;
    uint64_t wait_ms;  /* until it is ready                                  */
    uint64_t ttl_ms;   /* the claim ends by itself after so long; 0: never   */
    bool is_temporary; /* goes again when it does not become ready in time   */
};

/* *ret is freed with client_msg_free(). */
int claims_create(struct client *c, const struct claim_wish *wish,
                  Agentsandbox__V1__CreateClaimResponse **ret, struct err *err);
int claims_get(struct client *c, const char *ns, const char *name,
               Agentsandbox__V1__GetClaimResponse **ret, struct err *err);
/* What is not there is no failure when `allow_missing`. wait: until its sandbox is gone too. */
int claims_delete(struct client *c, const char *ns, const char *name, bool allow_missing, bool wait,
                  uint64_t timeout_ms, struct err *err);

/* Waits until the pools of a template (NULL: all pools) have as many ready members as they want,
 * saying on standard error how far they are. */
int pools_wait_ready(struct client *c, const char *ns, const char *template, uint64_t wait_ms,
                     struct err *err);
