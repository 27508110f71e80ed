#pragma once
/*
 * Who may, on Kubernetes (design 9.1): the API server's own rules. A bearer token becomes a user by
 * TokenReview, the subject of a verified client certificate is one (CN, and O as groups); then
 * SubjectAccessReview says whether that user may do the verb on the resource in the namespace. What
 * the controller itself may do is never lent.
 *
 * Verdicts of either kind, good or bad, are kept for WHO_KEEP_MS and then asked for again; at most
 * WHO_MAX_KEPT of them. Calls with the same question wait for one review. A token is kept as its
 * SHA-256 only.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/list.h"

enum { WHO_KEEP_MS = 10 * 1000, WHO_MAX_KEPT = 2048, WHO_MAX_PENDING = 128 };

struct err;
struct who;

enum who_review { WHO_TOKEN_REVIEW, WHO_ACCESS_REVIEW };
/* body: the review as the API server answered it, good during the call. */
typedef void (*who_answer_fn)(const struct err *err, const json_t *body, void *user);

struct who_ops {
    /* Posts the review; fn is called once, later, unless < 0. body is borrowed. */
    int (*post)(void *user, enum who_review kind, const json_t *body, who_answer_fn fn,
                void *fn_user, struct err *err);
    uint64_t (*now_ms)(void *user);
    void *user;
};

int who_new(struct who **ret, const struct who_ops *ops, struct err *err);
/* No answer may come any more; open questions are forgotten. */
void who_free(struct who *w);
DEFINE_CLEANUP(struct who *, who_free)

/* One question; its memory and its strings are the caller's until `fn` or who_cancel(). */
struct who_ask {
    const char *token;           /* NULL or "": none                                   */
    const char *subject;         /* of a client certificate, RFC 2253; NULL: none       */
    const char *group;           /* "extensions.agents.x-k8s.io"                       */
    const char *resource, *verb; /* "sandboxclaims", "create"                          */
    const char *ns;              /* "": all                                            */
    const char *name;            /* "": any. Asked for by name only when the user may not for all */
    /*
     * Once, perhaps from inside who_ask(). err NULL: allowed, and principal is the user's name
     * (good during the call). UNAUTHENTICATED "Unauthenticated" | "TokenRefused", PERMISSION_DENIED
     * "Forbidden", RESOURCE_EXHAUSTED "TooManyReviews", UNAVAILABLE and others as the API server
     * said them.
     */
    void (*fn)(struct who_ask *ask, const struct err *err, const char *principal);

    /* private */
    struct list link;
    struct who *who;
    json_t *user;
    char user_hash[65];
    bool is_by_name;
};
void who_ask(struct who *w, struct who_ask *ask);
/* fn is not called any more. After fn it does nothing. */
void who_cancel(struct who_ask *ask);

/* {"user", "groups"} of a subject; NULL: it has no CN or several, is malformed, or out of memory.
 */
json_t *who_of_subject(const char *subject);
