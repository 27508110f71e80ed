#pragma once
/*
 * What a request carries to say who we are, and its renewal: a token that stays, a token file that
 * is read again every minute (the kubelet rotates it), or an exec plugin that is run again when its
 * credential has expired or was refused. The plugin is a child process; requests wait for it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/kube/config_impl.h"

struct loop;
struct kube_auth;

#define KUBE_AUTH_REREAD_MS  60000
#define KUBE_EXEC_TIMEOUT_MS 60000
#define KUBE_EXEC_MAX_OUTPUT (1024u * 1024)

enum { KUBE_AUTH_WAIT = 1 };

/* config is borrowed. ready: called from the loop when a WAIT is over, for good or for ill. */
int kube_auth_new(struct kube_auth **ret, struct loop *loop, const struct kube_config *config,
                  void (*ready)(void *user), void *user, struct err *err);
void kube_auth_free(struct kube_auth *a);
DEFINE_CLEANUP(struct kube_auth *, kube_auth_free)

/* 0: the values below are good now; KUBE_AUTH_WAIT; < 0: UNAUTHENTICATED "CredentialPluginFailed" |
 * "TokenUnreadable" (tried again after a back-off). */
int kube_auth_get(struct kube_auth *a, struct err *err);
/* "Authorization: Bearer …", or NULL; good until the next kube_auth_get(). */
const char *kube_auth_header(const struct kube_auth *a);
/* PEM, or NULL. */
const char *kube_auth_cert(const struct kube_auth *a);
const char *kube_auth_key(const struct kube_auth *a);
/* Goes up when the certificate changes: connections made with another are of no use. */
unsigned kube_auth_generation(const struct kube_auth *a);

/* A request was answered by 401: what can be renewed will be. Returns whether anything can. */
bool kube_auth_refused(struct kube_auth *a);

/* Reads a plugin's answer: an ExecCredential. Tokens and PEMs are to be freed; expires_s 0: never.
 * For the fuzzer too. */
struct kube_credential {
    char *token, *cert, *key;
    int64_t expires_s;
};
int kube_credential_parse(struct kube_credential *ret, const char *text, size_t n, struct err *err);
void kube_credential_done(struct kube_credential *c);
