#pragma once
/*
 * What the CRDs say of an object: checks one of the four kinds, in either version, against the
 * field tables, drops what they do not know (with a warning), applies their defaults.
 *
 * A null counts as absent and is dropped, as the API server does. Lists that are keyed are checked
 * for duplicates.
 */
#include <jansson.h>

#include "lib/api/kinds.h"
#include "lib/base/buf.h"

#define SCHEMA_PATH_MAX   512
#define SCHEMA_MAX_ISSUES 100

struct schema_issue {
    bool is_warning;  /* an unknown field, dropped                                             */
    bool is_missing;  /* a required field that is not there: `path` names it, not its parent    */
    const char *path; /* "spec.podTemplate.spec.containers[0].image"; keys with dots are written
                         ["a.b/c"]                                                             */
    const char *message; /* "want an integer, got the string \"two\""                             */
};
typedef void (*schema_issue_fn)(const struct schema_issue *issue, void *user);

/*
 * Changes `object` in place. fn is told of each issue, at most SCHEMA_MAX_ISSUES. Returns 0 when
 * there was no error (there may be warnings), 1 when there were, < 0 when it could not be looked
 * at: no such kind, out of memory.
 */
int schema_check(json_t *object, schema_issue_fn fn, void *user, struct err *err);

/* The same with the first errors as *err (INVALID_ARGUMENT "BadRequest", "spec.replicas: want …;
 * and 2 more") and the warnings, a line each, appended to `warnings` (may be NULL; what does not
 * fit is left out). */
int schema_apply(json_t *object, struct buf *warnings, struct err *err);

/* The one rule over an update: volumeClaimTemplates of a Sandbox never change. Both v1beta1. */
int schema_check_update(const json_t *old_object, const json_t *new_object, struct err *err);
