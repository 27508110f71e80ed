#pragma once
/*
 * YAML manifests (one file, many documents) as JSON values, with the place of every value kept, so
 * that an error can say "file.yaml:12:7: spec.replicas: want an integer, got the string \"two\"".
 *
 * Scalars mean what kubectl takes them for (sigs.k8s.io/yaml, which is YAML 1.1: yes, no, on, off,
 * y, n are booleans; 017, 0o17, 0x1f, 0b11 and 1_000 are integers; 1.0 is 1; a date is a string).
 * JSON is YAML, so JSON files are read too. Merge keys and aliases work; the values they make count
 * against a ceiling. Refused, with the place: duplicate keys, keys that are no scalars, tags of
 * other languages, .nan and .inf.
 */
#include <jansson.h>
#include <stddef.h>

#include "lib/base/err.h"

#define MANIFEST_MAX_VALUES 200000 /* of one file, those made by aliases included */

struct manifest;

/* name: how messages call the file ("-" for standard input). Documents without content are left
 * out. INVALID_ARGUMENT "BadRequest" with `name:line:column: `; RESOURCE_EXHAUSTED "TooLarge" over
 * LIMIT_MANIFEST, LIMIT_MANIFEST_DOCS or MANIFEST_MAX_VALUES. */
int manifest_parse(struct manifest **ret, const char *name, const void *data, size_t n,
                   struct err *err);
void manifest_free(struct manifest *m);
DEFINE_CLEANUP(struct manifest *, manifest_free)

size_t manifest_n_docs(const struct manifest *m);
/* The manifest's; may be changed in place, json_incref() to keep it. */
json_t *manifest_doc(const struct manifest *m, size_t i);

/* Where the value at a path (in the form of schema_issue.path; "" the whole) of document i is: the
 * key of a mapping's member, the first character of a list's item; both 1-based. Of its nearest
 * ancestor in the file when it is not in the file itself. */
void manifest_position(const struct manifest *m, size_t i, const char *path, unsigned *ret_line,
                       unsigned *ret_column);
