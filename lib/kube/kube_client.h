#pragma once
/*
 * Requests to an API server: asynchronous, on one loop, over HTTP/2 of our own or (plain HTTP,
 * HTTP/1.1, proxies, host names) libcurl's multi interface, loaded when it is needed. Several
 * connections of which each request takes the least busy, watches on connections of their own when
 * asked.
 *
 * Two lanes: what a claim waits for goes first. Each lane has a bound on requests in flight, the
 * rest waits in order. Above both a client-side rate limit (off by default). 429, and 503 with
 * Retry-After, are waited out and tried again within the request's time; what else fails is told at
 * once, because only the caller knows whether trying again is right.
 *
 * Errors are struct err: NOT_FOUND "NotFound", ALREADY_EXISTS "AlreadyExists", ABORTED "Conflict",
 * INVALID_ARGUMENT "BadRequest" | "Invalid", UNAUTHENTICATED "Unauthorized", PERMISSION_DENIED
 * "Forbidden" (`forbidden: the controller cannot patch sandboxclaims.extensions.agents.x-k8s.io
 * "web-1" in namespace "default": …`), RESOURCE_EXHAUSTED "TooManyRequests" | "TooLarge",
 * OUT_OF_RANGE "Expired" (410), UNAVAILABLE "ApiServerUnreachable" | "ApiServerError" (5xx),
 * DEADLINE_EXCEEDED "Timeout". `errnum` is 0.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/kube/kube_ident.h"

struct loop;
struct metrics;
struct kube_config;
struct kube_client;
struct kube_call;

struct kube_client_opts {
    double qps;                     /* requests per second, watches excepted; <= 0: no limit      */
    unsigned burst;                 /* 0: 10                                                 */
    unsigned n_connections;         /* HTTP/2 connections for requests; 0: 1                 */
    bool separate_watches;          /* lists and watches on a connection of their own        */
    const char *user_agent;         /* NULL: "agent-sandbox"                                 */
    unsigned timeout_ms;            /* of a request, all tries; 0: 30000                     */
    unsigned max_in_flight_first;   /* bound of the first lane; 0: 200                       */
    unsigned max_in_flight_rest;    /* of the other; 0: 100                                  */
    unsigned max_rest_beside_first; /* the same while the first lane is in use; 0: no less  */
    struct metrics *metrics;        /* rest_client_requests_total{code,host,method} and the two
                                              rest_client_…_seconds; NULL: none; must outlive us   */
};

/* config: a reference is not taken, it is the client's from now on (also on failure). Connects to
 * nothing yet. */
int kube_client_new(struct kube_client **ret, struct loop *loop, struct kube_config *config,
                    const struct kube_client_opts *opts, struct err *err);
/* Calls under way end without their `done`. Not from inside a callback of the client. */
void kube_client_free(struct kube_client *c);
DEFINE_CLEANUP(struct kube_client *, kube_client_free)

const char *kube_client_server(const struct kube_client *c);
const char *kube_client_namespace(const struct kube_client *c);

/* ---- what there is to ask for ---- */

struct kube_resource {
    const char *api_version; /* "v1", "agents.x-k8s.io/v1beta1"        */
    const char *plural;      /* "pods"                                 */
    const char *kind;        /* "Pod"                                  */
    bool is_cluster;         /* cluster-wide: has no namespace         */
};

enum kube_method { KUBE_GET, KUBE_POST, KUBE_PUT, KUBE_PATCH, KUBE_DELETE };
enum kube_lane { KUBE_LANE_FIRST, KUBE_LANE_REST };

/*
 * All strings and the body are copied or written out before the call returns. A list is a GET
 * without a name; query as it stands in the URL ("limit=500&continue=…"), already escaped.
 */
struct kube_request {
    enum kube_method method;              /* PATCH: a JSON merge patch (RFC 7396)           */
    const struct kube_resource *resource; /* static                                        */
    const char *ns, *name, *subresource;  /* NULL or "" where there is none                 */
    const char *query;                    /* NULL or ""                                     */
    const char *path;   /* instead of the five above: "/version"; resource may still be given */
    const json_t *body; /* NULL for none                                  */
    enum kube_lane lane;
    bool is_ahead;         /* before those of its lane that wait and are not */
    unsigned timeout_ms;   /* 0: the client's                                              */
    size_t max_body_bytes; /* of `body` as text; 0: 3 MiB, an API server's own limit        */
    size_t max_bytes;      /* of the answer; 0: 4 MiB (a list: 64 MiB)                       */
    bool wants_text; /* a 2xx answer is told as text: nothing is built that nobody reads      */
};

struct kube_result {
    const struct err *err; /* NULL: 2xx                                                     */
    int status;            /* HTTP; 0 when there was no answer                              */
    json_t *body;          /* borrowed: json_incref() to keep. NULL when it is no JSON      */
    /* wants_text and 2xx: the answer's JSON, and what object it is (NULL: none with a name, uid and
     * version). Good during the call. */
    const char *text;
    size_t n_text;
    const struct kube_ident *ident;
    /* The request may have taken effect although err is set: it was sent and the answer is lost or
     * is a 5xx. */
    bool is_uncertain;
};
typedef void (*kube_done_fn)(const struct kube_result *res, void *user);

/* 0: `done` is called exactly once, from the loop, unless the call is cancelled. ret may be NULL.
 */
int kube_call(struct kube_call **ret, struct kube_client *c, const struct kube_request *req,
              kube_done_fn done, void *user, struct err *err);
/* `done` is not called any more; what was sent may still take effect. Not after `done`. NULL is
 * fine. */
void kube_call_cancel(struct kube_call *call);

/* The body of a DELETE. uid "" or NULL, resource_version 0: no precondition; grace_s < 0: the
 * object's own; propagation "Background" | "Foreground" | "Orphan" or NULL. NULL: out of memory. */
json_t *kube_delete_options(const char *uid, uint64_t resource_version, int64_t grace_s,
                            const char *propagation);

/* ---- figures ---- */

struct kube_client_stats {
    uint64_t n_requests;    /* sent, tries counted each; watches too    */
    uint64_t n_writes;      /* POST, PUT, PATCH and DELETE among them   */
    uint64_t n_retries;     /* after 429 or 503 with Retry-After        */
    uint64_t n_connections; /* made                                     */
    size_t n_in_flight, n_waiting;
};
void kube_client_stats(const struct kube_client *c, struct kube_client_stats *ret);
