#pragma once
/*
 * ClaimService and RouteService on Kubernetes: a TCP listener, TLS, and callers who are checked by
 * the API server's own rules (who.h, gate.h). Every replica listens; those that do not lead pass
 * calls on to the leader (pass.h), or answer UNAVAILABLE "NotLeader" and name him. TemplateService
 * answers UNIMPLEMENTED "UseKubectl": templates and pools are applied to the API server.
 */
#include "lib/kube/kube_client.h"
#include "services/controller/ctl.h"

struct kube_door;
struct rpc_observer;

struct kube_door_opts {
    const char *address;              /* ":9090", "[::1]:0", …                                  */
    const char *cert_file, *key_file; /* NULL or "": plaintext, with is_insecure only           */
    const char *client_ca_file;       /* NULL or "": clients need no certificate, but a token   */
    bool is_insecure;                 /* plaintext is meant; tokens are needed all the same     */
    struct kube_client *client;       /* for reviews; outlives the door                         */
    bool (*leads)(const char **leader, void *user); /* as gate_opts                            */
    /* What the leader tells of himself in the Lease (kube_lease_told()); NULL: nothing is passed on
     */
    const char *(*told)(void *user);
    const char *identity; /* of this replica, as in the Lease; outlives the door               */
    void *user;
    struct rpc_observer *observer; /* of its calls; outlives the door. NULL: none              */
};

/* Listens at once. c: initialised, started or not; outlives the door. INVALID_ARGUMENT
 * "BadAddress", "BadTlsConfig"; FAILED_PRECONDITION "CertificateMissing", "AddressInUse". */
int kube_door_new(struct kube_door **ret, struct loop *loop, struct ctl *c,
                  const struct kube_door_opts *opts, struct err *err);
/* The certificate's files were renewed. */
int kube_door_reload(struct kube_door *d, struct err *err);
/* No new calls; watches end at once, UNAVAILABLE "Stopping"; other open calls are answered until
 * deadline_ms (loop_now_ms() time) or cut off; then fn is called once, from the loop. */
void kube_door_drain(struct kube_door *d, uint64_t deadline_ms, void (*fn)(void *user), void *user);
void kube_door_free(struct kube_door *d);
DEFINE_CLEANUP(struct kube_door *, kube_door_free)

/*
 * What the replica tells in the Lease when it leads, so that others pass calls on to it; "" when
 * they cannot: clients need certificates (pass.h), or no address is known. ip: at which others
 * reach this replica; "": the one it listens on, if that is one. *ret is malloc()ed.
 */
int kube_door_note(const struct kube_door *d, const char *ip, char **ret, struct err *err);

/* The real address. */
const char *kube_door_address(const struct kube_door *d);
