#pragma once
/*
 * lib/api/meta.h in the short form that reconcilers want: readers take any JSON, absent or of the
 * wrong type included; builders return 0, or -1 when out of memory, so a row of them is `r |= …`
 * with one check at the end. Conditions here are of any holder of a "conditions" array.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/api/meta.h"
#include "lib/base/cleanup.h"

/* ---- reading; path: "spec.warmPoolRef.name" (keys without dots) ---- */

static inline json_t *obj_get(const json_t *o, const char *path)
{
    return meta_get(o, path);
}
/* NULL when there is none. */
static inline const char *obj_str(const json_t *o, const char *path)
{
    return meta_str(o, path, NULL);
}
static inline const char *obj_str_or(const json_t *o, const char *path, const char *fallback)
{
    return meta_str(o, path, fallback);
}
static inline int64_t obj_int(const json_t *o, const char *path, int64_t fallback)
{
    return meta_int(o, path, fallback);
}
static inline bool obj_bool(const json_t *o, const char *path, bool fallback)
{
    return meta_bool(o, path, fallback);
}
/* Unix seconds of an RFC 3339 text; false when there is none. */
bool obj_time(const json_t *o, const char *path, int64_t *ret);
static inline const char *obj_name(const json_t *o)
{
    return meta_name(o);
}
static inline const char *obj_ns(const json_t *o)
{
    return meta_ns(o);
}
static inline const char *obj_uid(const json_t *o)
{
    return meta_uid(o);
}
static inline const char *obj_label(const json_t *o, const char *key)
{
    return meta_label(o, key);
}
static inline const char *obj_annotation(const json_t *o, const char *key)
{
    return meta_annotation(o, key);
}
static inline bool obj_is_deleting(const json_t *o)
{
    return meta_get(o, "metadata.deletionTimestamp") != NULL;
}

/* Absent, null, {} and [] are the same thing ("semantically equal"); numbers compare by value. */
bool obj_equal(const json_t *a, const json_t *b);

/* ---- building ---- */

/* The object at path, made when it is not there; NULL when out of memory. */
json_t *obj_make(json_t *o, const char *path);
/* v NULL removes. path's parents are made. */
int obj_put_str(json_t *o, const char *path, const char *v);
int obj_put_int(json_t *o, const char *path, int64_t v);
int obj_put_bool(json_t *o, const char *path, bool v);
/* Takes the reference of v, also on failure; v NULL is a failure. */
int obj_put(json_t *o, const char *path, json_t *v);
void obj_drop(json_t *o, const char *path);
int obj_put_label(json_t *o, const char *key, const char *v);
int obj_put_annotation(json_t *o, const char *key, const char *v);
/* Sets key of a string map at path, or removes it (v NULL). */
int obj_put_key(json_t *o, const char *path, const char *key, const char *v);

/* {apiVersion, kind, metadata: {namespace, name}}; NULL when out of memory. name NULL: none yet. */
json_t *obj_new(const char *api_version, const char *kind, const char *ns, const char *name);

/* ---- owners ---- */

struct obj_owner {
    const char *api_version, *kind, *name, *uid;
};
/* The reference with `controller: true`; false when there is none. */
bool obj_controller(const json_t *o, struct obj_owner *ret);
/* By group and kind, whatever the version. */
bool obj_controlled_by_kind(const json_t *o, const char *group, const char *kind,
                            struct obj_owner *ret);
bool obj_controlled_by_uid(const json_t *o, const char *uid);
/* Makes it the only owner: controller and blockOwnerDeletion. uid "": filled in by the store. */
int obj_set_controller(json_t *o, const char *api_version, const char *kind, const char *name,
                       const char *uid);

/* ---- conditions, in an array of `holder` called "conditions" ---- */

json_t *cond_get(const json_t *holder, const char *type);
bool cond_is_true(const json_t *holder, const char *type);
/* As metav1's helper: lastTransitionTime moves only when status does. time_s: used for a move. */
int cond_set(json_t *holder, const char *type, const char *status, const char *reason,
             const char *message, int64_t generation, int64_t time_s);
void cond_drop(json_t *holder, const char *type);

/* 8 hex digits and a NUL of a text: the "name hash". Static per call: ret is the caller's. */
const char *obj_hash(const char *s, char ret[9]);
/* The hash of the canonical text (sorted keys) of a value. < 0: out of memory. */
int obj_json_hash(const json_t *v, char ret[9]);
