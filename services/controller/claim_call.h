#pragma once
/*
 * CreateClaim without its transport: decides in memory which sandbox a claim gets, makes that
 * durable by one write, and waits until the claim is ready. Claim calls live at the claim door.
 *
 *     creating ──► waiting ──► over          (a ready member: creating ──► over)
 */
#include "agentsandbox/v1/claim.pb-c.h"
#include "services/controller/ctl.h"

struct claim_door;
struct claim_call;
struct rpc_trace;

int claim_door_new(struct claim_door **ret, struct ctl *c, struct err *err);
/* Calls still open are forgotten: their fn is not called. */
void claim_door_free(struct claim_door *d);
DEFINE_CLEANUP(struct claim_door *, claim_door_free)
/* Looks at calls that are dirty or past their deadline. The loop calls it; tests with a clock of
 * their own may. */
void claim_door_process(struct claim_door *d);
/* In the controller's now_ms; CLOCK_NEVER. */
uint64_t claim_door_deadline_ms(const struct claim_door *d);
bool claim_door_is_idle(const struct claim_door *d);

struct claim_result {
    const struct err *err;            /* NULL: it went well                                    */
    const struct store_object *claim; /* good until control returns to the loop; NULL with err */
    bool existed;                     /* request_id or name named one that was there           */
    bool is_warm;                     /* it took a ready member at once                        */
};
/* The call is freed when it returns. */
typedef void (*claim_call_fn)(const struct claim_result *res, void *user);

/*
 * req is read during this call only. principal: who asks ("uid=1000"), part of what a request_id
 * means. trace: of the call, or NULL; when spans are recorded the claim goes on with its caller's.
 * deadline_ms: in the controller's now_ms, CLOCK_NEVER for none. fn is called once, never from
 * inside. < 0: refused at once: INVALID_ARGUMENT "BadRequest", NOT_FOUND "PoolNotFound" |
 * "TemplateNotFound", ALREADY_EXISTS, FAILED_PRECONDITION (the claim's own reasons),
 * RESOURCE_EXHAUSTED "TooManyWaiters".
 */
int claim_call_new(struct claim_call **ret, struct claim_door *d,
                   const Agentsandbox__V1__CreateClaimRequest *req, const char *principal,
                   const struct rpc_trace *trace, uint64_t deadline_ms, claim_call_fn fn,
                   void *user, struct err *err);
/* The caller went away: fn is not called; delete_on_failure deletes. */
void claim_call_cancel(struct claim_call *call);
