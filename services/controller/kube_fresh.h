#pragma once
/*
 * A new leader's memory. Its watches may lag behind what the leader before it has written last: a
 * claim that was answered with a sandbox, and is not seen here yet, would have its sandbox given
 * away. So before anything is decided all claims are listed at the API server itself, and each has
 * to be in memory as new as it is there (design 9.6).
 */
#include "lib/kube/kube_client.h"
#include "lib/store/store.h"

struct loop;
struct kube_fresh;

enum { KUBE_FRESH_PAGE = 500, KUBE_FRESH_MAX_MS = 5000 };

/* done is called once, from the loop: memory is as new as the API server was, or (is_sure false) it
 * did not get there within KUBE_FRESH_MAX_MS. A list that fails is asked for again until then. */
int kube_fresh_new(struct kube_fresh **ret, struct loop *loop, struct kube_client *client,
                   const struct store *store, void (*done)(bool is_sure, void *user), void *user,
                   struct err *err);
/* Also before done. */
void kube_fresh_free(struct kube_fresh *f);
DEFINE_CLEANUP(struct kube_fresh *, kube_fresh_free)
