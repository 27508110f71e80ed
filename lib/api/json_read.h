#pragma once
/*
 * JSON text of which only a part is wanted. Both functions go over the bytes once, allocate nothing
 * for what they leave out, and refuse what RFC 8259 does not allow, text that is not UTF-8, and
 * nesting over LIMIT_JSON_DEPTH. meta_parse() builds everything and costs some ten times as much
 * per byte that is left out; json_read() without a sieve takes and gives exactly what it does.
 *
 * Of what is left out, two things are not looked for: duplicate keys, and numbers out of range.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/* Which members of an object are built. The tables are static, lists end with NULL. */
struct json_sieve {
    const char *const *only;    /* no others; NULL: all      */
    const char *const *without; /* none of these; or NULL    */
    /* What is built of members that are objects; ends with a NULL key. NULL: all of them. */
    const struct json_sieve_member *inside;
};
struct json_sieve_member {
    const char *key;
    const struct json_sieve *sieve;
};

/* sieve: of the outermost object; NULL: all. NULL with *err: INVALID_ARGUMENT "BadRequest" naming
 * line and column, RESOURCE_EXHAUSTED "TooLarge" | "OutOfMemory". */
json_t *json_read(const char *text, size_t n, size_t max_bytes, const struct json_sieve *sieve,
                  struct err *err);

/* ---- without building anything ---- */

#define JSON_FIND_MAX      16
#define JSON_FIND_MAX_KEYS 3

struct json_find {
    const char *keys[JSON_FIND_MAX_KEYS]; /* from the outermost object inwards; NULL: ends early */
    const char *at; /* the value's text, in quotes if a string; NULL: absent */
    size_t n;
};

/* Looks for all of them (n_finds <= JSON_FIND_MAX). Of a key that is there twice the last counts.
 * Errors as json_read(). */
int json_find(const char *text, size_t n, size_t max_bytes, struct json_find *finds, size_t n_finds,
              struct err *err);
/* The characters of a string that was found; false when it is absent, no string or has escapes. Not
 * NUL-terminated. */
bool json_find_text(const struct json_find *f, const char **ret, size_t *ret_n);
