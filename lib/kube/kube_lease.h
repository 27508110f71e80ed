#pragma once
/*
 * Leader election by a coordination.k8s.io/v1 Lease, as client-go does it: whoever holds it renews
 * it every retry_ms; the others take it when it was not renewed for its duration by their own
 * clock (clocks need not agree). Here the others also watch the Lease, so that one which is
 * released is taken at once.
 *
 * The holder that could not renew for renew_ms is no leader any more and says so by `stopped`.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/kube/kube_client.h"

struct kube_lease;

struct kube_lease_opts {
    const char *ns, *name;
    const char *identity;                     /* unique: host name + "_" + uuid           */
    unsigned duration_ms, renew_ms, retry_ms; /* 0: 15000, 10000, 2000                    */
    void (*started)(void *user);              /* we lead                                  */
    void (*stopped)(const struct err *err, void *user);   /* we lead no more: lost; once, at the
                                                      end. Not after kube_lease_release().     */
    void (*new_leader)(const char *identity, void *user); /* for the log; may be NULL        */
    void (*trouble)(const struct err *err, void *user);   /* a try failed; may be NULL       */
};

/* Begins at once. The strings are copied. */
int kube_lease_new(struct kube_lease **ret, struct kube_client *client, struct loop *loop,
                   const struct kube_lease_opts *opts, void *user, struct err *err);
/* Gives it back (holderIdentity "", a duration of 1 s) when we hold it, and ends the election; done
 * is called from the loop, or after 2 s at the latest. Free it after that. */
int kube_lease_release(struct kube_lease *l, void (*done)(void *user), void *user, struct err *err);
void kube_lease_free(struct kube_lease *l);
DEFINE_CLEANUP(struct kube_lease *, kube_lease_free)

/*
 * What the holder tells all who look at the Lease: its annotation KUBE_LEASE_NOTE, written with the
 * Lease itself, at once when it changes. Whoever takes the Lease puts his own in its place. NULL or
 * "": none.
 */
#define KUBE_LEASE_NOTE "agentsandbox.dev/leader"
int kube_lease_tell(struct kube_lease *l, const char *note, struct err *err);
/* The note of whoever holds it, as far as we know; "". Good until the next turn of the loop. A
 * holder of another make may have left the one before him: let the note say whose it is. */
const char *kube_lease_told(const struct kube_lease *l);

bool kube_lease_is_leader(const struct kube_lease *l);
/* Who holds it as far as we know; "". */
const char *kube_lease_holder(const struct kube_lease *l);
