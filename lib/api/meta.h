#pragma once
/*
 * What every reader and writer of a Kubernetes object needs: fields by path, labels, conditions,
 * owner references, finalizers, merge patches, a canonical text and its hash. On plain jansson
 * values.
 *
 * A path is keys joined by dots, "spec.warmPoolRef.name"; keys that hold dots themselves (labels,
 * annotations) have functions of their own. Getters give what is there or the default, also when
 * the value is of another type. Setters return 0, or < 0 with *err when out of memory.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

#define _cleanup_json_ _cleanup_(json_decrefp)

/* Borrowed, or NULL. A JSON null counts as absent. */
json_t *meta_get(const json_t *o, const char *path);
const char *meta_str(const json_t *o, const char *path, const char *fallback);
int64_t meta_int(const json_t *o, const char *path, int64_t fallback);
bool meta_bool(const json_t *o, const char *path, bool fallback);
/* Unix seconds of an RFC 3339 text; fallback when absent or unreadable. */
int64_t meta_time(const json_t *o, const char *path, int64_t fallback);

/* Makes the objects on the way. value: the reference is taken, also on failure; NULL (jansson is
 * out of memory) fails. */
int meta_set(json_t *o, const char *path, json_t *value, struct err *err);
int meta_set_str(json_t *o, const char *path, const char *value, struct err *err);
int meta_set_int(json_t *o, const char *path, int64_t value, struct err *err);
int meta_set_bool(json_t *o, const char *path, bool value, struct err *err);
int meta_set_time(json_t *o, const char *path, int64_t unix_s, struct err *err);
/* Absent is fine. */
void meta_remove(json_t *o, const char *path);

/* "" when they are absent. */
const char *meta_name(const json_t *o);
const char *meta_ns(const json_t *o);
const char *meta_uid(const json_t *o);

/* NULL when absent. */
const char *meta_label(const json_t *o, const char *key);
const char *meta_annotation(const json_t *o, const char *key);
/* value NULL removes; an emptied map goes too. */
int meta_set_label(json_t *o, const char *key, const char *value, struct err *err);
int meta_set_annotation(json_t *o, const char *key, const char *value, struct err *err);
/* Every pair of `want` (a JSON object of strings, or NULL) is among the object's labels. */
bool meta_labels_match(const json_t *o, const json_t *want);

/* ---- conditions (metav1.Condition in status.conditions) ---- */

struct meta_condition {
    const char *type;
    const char *status; /* "True", "False", "Unknown" */
    const char *reason;
    const char *message;
    int64_t observed_generation;
};
/* Borrowed, or NULL. */
const json_t *meta_condition(const json_t *o, const char *type);
bool meta_condition_is(const json_t *o, const char *type, const char *status);
/* lastTransitionTime moves only when status changes. Returns 1 when anything changed, 0 when not.
 */
int meta_set_condition(json_t *o, const struct meta_condition *c, int64_t now_unix_s,
                       struct err *err);
/* Returns whether it was there. */
bool meta_remove_condition(json_t *o, const char *type);

/* ---- owners, finalizers ---- */

/* The ownerReference with controller: true, borrowed, or NULL. */
const json_t *meta_controller_ref(const json_t *o);
bool meta_is_owned_by(const json_t *o, const char *uid);
/* Whether a reference is to this group and kind, whatever its version. */
bool meta_ref_is(const json_t *ref, const char *group, const char *kind);

struct meta_owner {
    const char *api_version, *kind, *name;
    const char *uid; /* "": lib/store fills it in */
    bool controller;
    bool block_deletion;
};
/* Adds, or replaces the reference with the same group, kind and name. */
int meta_set_owner(json_t *o, const struct meta_owner *owner, struct err *err);
/* Returns whether there was one. */
bool meta_remove_owner(json_t *o, const char *uid);

bool meta_has_finalizer(const json_t *o, const char *name);
int meta_add_finalizer(json_t *o, const char *name, struct err *err);
/* Returns whether it was there. */
bool meta_remove_finalizer(json_t *o, const char *name);

/* ---- copies, patches, text, hash ---- */

/* json_copy() and json_deep_copy() lose members without a word when they are out of memory; these
 * return NULL then. */
json_t *meta_copy(const json_t *v);
json_t *meta_deep_copy(const json_t *v);

/* RFC 7396. A new value (unchanged parts are shared with target: do not change either), or NULL
 * with *err. */
json_t *meta_merge_apply(const json_t *target, const json_t *patch, struct err *err);
/* The smallest merge patch from `from` to `to`, both objects; {} when equal. NULL with *err. A null
 * inside `to` cannot be said by a merge patch and counts as absent. */
json_t *meta_merge_diff(const json_t *from, const json_t *to, struct err *err);

/* Compact, keys sorted, so that equal values have equal text. free() it. NULL with *err. */
char *meta_dump(const json_t *o, struct err *err);
/* Compact, keys as they stand: what is stored and sent. free() it. NULL with *err. */
char *meta_text(const json_t *o, struct err *err);
/* Whether they mean the same (1) or not (0): absent, null, {}, [] and "" are one, and so are the
 * quantities 1 and 1000m in limits, requests and sizeLimit. Either may be NULL. < 0: out of memory.
 */
int meta_same(const json_t *a, const json_t *b, struct err *err);
/* 32-bit FNV-1a of what meta_same() compares, as 8 hex digits. */
int meta_hash(const json_t *o, char ret[9], struct err *err);
/* Parses text of one value: INVALID_ARGUMENT "BadRequest" with line and column; ceilings:
 * max_bytes, LIMIT_JSON_DEPTH; duplicate keys are refused. */
json_t *meta_parse(const char *text, size_t n, size_t max_bytes, struct err *err);
