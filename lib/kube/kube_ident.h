#pragma once
/*
 * Which object a text from the API server is, read without building anything of it: enough to see
 * that it is known already. Most of what a watch tells is an echo of our own writes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define KUBE_IDENT_NS_MAX   64
#define KUBE_IDENT_NAME_MAX 254
#define KUBE_IDENT_UID_MAX  64
#define KUBE_VERSION_MAX    32

struct kube_ident {
    char ns[KUBE_IDENT_NS_MAX]; /* "" for none */
    char name[KUBE_IDENT_NAME_MAX];
    char uid[KUBE_IDENT_UID_MAX];
    uint64_t version; /* metadata.resourceVersion; never 0 */
};

/* text: one object, at most max_bytes. 0; 1: JSON, but not of an object with name, uid and a number
 * as version, or these are longer than a server's can be; < 0: no JSON, errors as json_read(). */
int kube_ident_read(struct kube_ident *ret, const char *text, size_t n, size_t max_bytes,
                    struct err *err);

/* ---- events of a watch ---- */

enum kube_event_type {
    KUBE_EVENT_OTHER,
    KUBE_EVENT_ADDED,
    KUBE_EVENT_MODIFIED,
    KUBE_EVENT_DELETED,
    KUBE_EVENT_BOOKMARK,
    KUBE_EVENT_ERROR,
};

struct kube_event {
    enum kube_event_type type;
    const char *object; /* its text, inside of the event's; NULL: absent or no object */
    size_t n_object;
    char version[KUBE_VERSION_MAX]; /* the object's, as it stands; "": none, or it is too long */
    bool has_ident;
    struct kube_ident ident;
};

/* text: a line of a watch. Errors as json_read(). */
int kube_event_read(struct kube_event *ret, const char *text, size_t n, size_t max_bytes,
                    struct err *err);
