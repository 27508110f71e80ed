#pragma once
/*
 * jansson's API with values that take less memory. jansson makes a hash table of every object: with
 * malloc's own it takes 224 bytes, 80 to 130 more for each member, 96 for a short text, 128 for an
 * array of one. What a controller remembers of a cluster is thousands of small objects with a
 * handful of members, so here
 *
 *     object    32 bytes and one block of members: 8 bytes, 2 and the key for each
 *     array     32 bytes and one block of pointers
 *     text      one block: 16 bytes, the text, NUL
 *
 * The controller's RssAnon with 400 sandboxes and their Pods went from 9.2 to 6.3 MiB by that, and
 * its processor time to fill the pool went down too (fewer, smaller allocations).
 *
 * What reads, writes and packs values is jansson's own: its archive is linked after ours, which has
 * all that jansson's value.c has and needs of the archive four functions that no header names
 * (value_impl.h). An archive that needs something else of value.c does not link. All programs of
 * ours link it; everybody includes <jansson.h> as ever, this header only for what jansson does not
 * have.
 *
 * What differs: keys have at most 65535 bytes (longer ones fail as if out of memory); no key is
 * added to an object while somebody goes over it (to replace and to delete is fine);
 * json_string_set() and json_object_update_recursive() are not there; a value that holds itself
 * somewhere below, a fault of ours, is not looked for when it is written or copied.
 */
#include <jansson.h>

/* Gives back what an object or array has in reserve; one level, not what is in it. Pointers to its
 * keys and iterators are void. */
void json_trim(json_t *v);
