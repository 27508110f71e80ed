#pragma once
/*
 * The store whose truth is the Kubernetes API. Memory is filled by one list and watch per kind; a
 * write's answer is put into memory at once, before watchers and its `done` are called, so a step
 * sees its own writes. Whatever comes twice or late (the watch tells of our own writes too) is
 * dropped: the newer resourceVersion of one uid wins, and an object that a DELETE's answer took
 * away is not brought back by an older event.
 *
 * How ops become requests:
 *   CREATE            POST
 *   UPDATE, PATCH     PATCH with the JSON merge patch from what memory has to what the op wants;
 *                     metadata.resourceVersion and uid are in it exactly when the op gives them
 *   UPDATE_STATUS,    the same on /status
 *   PATCH_STATUS
 *   DELETE            DELETE with the op's preconditions; the answer is the object, or it is gone
 * A difference that is empty is no request: the op has succeeded (unless a precondition contradicts
 * what memory has). Memory that lags behind is no harm where resource_version is given: the API
 * server then answers 409.
 *
 * Events (op.kind "Event") are only created and are kept nowhere.
 *
 * store_event.resource_version, store_revision() and store_replay() use a sequence of this process
 * (microseconds of its start, counted up by one per change): the API server orders the changes of
 * one kind only, and a client that resumes at another process is told to list again.
 */
#include "lib/kube/kube_client.h"
#include "lib/store/store.h"

struct store_kube_opts {
    /* Which lane a call of store_write() takes, by its first op. NULL: SandboxClaim, and Sandbox
     * PATCH and UPDATE, in the first; all else in the other. */
    enum kube_lane (*lane)(const struct store_op *op, void *user);
    /* A watch has trouble, or (err NULL) has none any more: for the log. NULL: none. */
    void (*trouble)(const char *kind, const struct err *err, unsigned wait_ms, void *user);
    void *user;
    const char *label_selector; /* of Pods and Services (--cache-label-selectors); NULL: none  */
    bool without_extensions;    /* no claims, templates, pools: not watched                   */
    unsigned watch_silence_ms;  /* see kube_watch_opts; 0: its default                        */
};

/* client must outlive the store. Begins to list; store_is_synced() says when all first lists are
 * in. A kind whose CRD is missing keeps it false and is told by `trouble`. */
int store_new_kube(struct store **ret, struct loop *loop, struct kube_client *client,
                   const struct store_kube_opts *opts, struct err *err);
