#pragma once
/*
 * All objects of one resource, from now on: a chunked list, then a watch from its resourceVersion,
 * for ever. Whatever goes wrong (the stream ends, lies silent over its deadline, sends what is no
 * event; 410 Gone; no answer) is mended here: the watch is resumed from the last resourceVersion or
 * bookmark, and where that cannot be, everything is listed again. Back-off with jitter between
 * failures: 0.1 s doubling to 30 s; an ordinary end (the server's timeout) is no failure.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/api/json_read.h"
#include "lib/kube/kube_client.h"
#include "lib/kube/kube_ident.h"

struct kube_watch;

/* The objects are the caller's to keep by json_incref(): whole, parsed anew for each call, already
 * pruned. < 0 with *err (memory): the watch starts over with a list, after a back-off. From inside
 * them the watch must not be freed. */
struct kube_watch_ops {
    /* A list begins: from here to `listed` every object that exists is told by `put`. */
    void (*listing)(void *user);
    /* It is there, as it is now: listed, added or modified. */
    int (*put)(json_t *object, void *user, struct err *err);
    /* The list is whole: what was not told since `listing` is gone. version: of the list. */
    int (*listed)(uint64_t version, void *user, struct err *err);
    /* Its last state; metadata.resourceVersion is that of the deletion. */
    int (*gone)(json_t *object, void *user, struct err *err);
    /* Something failed and is tried again after wait_ms (for the log), or err NULL: it works again.
     * May be NULL. */
    void (*trouble)(const struct err *err, unsigned wait_ms, void *user);
    /* Whether a `put` of this object would bring nothing new: it is not built then, nor told. NULL:
     * all are told. Not asked about what a list tells. */
    bool (*is_known)(const struct kube_ident *id, void *user);
};

struct kube_watch_opts {
    const struct kube_resource *resource; /* static                                        */
    const char *ns;                       /* NULL: all                                     */
    const char *label_selector;           /* NULL: none; escaped here                      */
    const char *field_selector;           /* the same                                      */
    /* What of an object is built at all; static. NULL: all but managedFields. */
    const struct json_sieve *sieve;
    /* Takes away what else nobody needs; NULL: keeps all. */
    void (*prune)(json_t *object);
    unsigned page_size;  /* of the lists; 0: 500                                           */
    unsigned timeout_s;  /* of one watch, told to the server; 0: 300 to 600, by chance     */
    unsigned silence_ms; /* over timeout_s and this without an end, or this long without a bookmark
                            or event where the server sends them: it is broken; 0: 90000    */
};

int kube_watch_new(struct kube_watch **ret, struct kube_client *client,
                   const struct kube_watch_opts *opts, const struct kube_watch_ops *ops, void *user,
                   struct err *err);
void kube_watch_free(struct kube_watch *w);
DEFINE_CLEANUP(struct kube_watch *, kube_watch_free)

bool kube_watch_is_synced(const struct kube_watch *w);

struct kube_watch_stats {
    uint64_t n_lists, n_watches, n_events, n_bookmarks;
    uint64_t n_known;                        /* events of what is known already: among n_events */
    uint64_t n_expired, n_silent, n_garbage; /* why it was mended */
};
void kube_watch_stats(const struct kube_watch *w, struct kube_watch_stats *ret);

/* All but managedFields: what a watch builds unless told otherwise. */
extern const struct json_sieve kube_sieve_object;
/* Of an object's metadata: for sieves of one's own. */
extern const struct json_sieve kube_sieve_metadata;
