/*
 * Objects: one block of members, one after another, each a value, the length of its key, the key
 * and a NUL. A member is found by looking at one after another; from INDEX_FROM members on a hash
 * index (keyed, so that nobody can make chains) stands at the end of the block.
 *
 * A key lies beside its value, since json_object_key_to_iter() has nothing but the key. A member
 * that is taken out leaves a hole until the block is made anew, so the iterator after it stays
 * good; one that is put in may move the block.
 */
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/json/value_impl.h"

enum {
    INDEX_FROM = 24, /* members */
    UNIT = 8,        /* what a block is measured in: a member begins at a multiple of it */
    MAX_KEY = UINT16_MAX,
};

struct member {
    json_t *value; /* referenced; NULL: a hole */
    uint16_t n_key;
    char key[]; /* with a NUL */
};

struct block {
    uint32_t n_used;         /* units of members */
    uint32_t n_room : 26;    /* units there are  */
    uint32_t log2_slots : 6; /* 0: no index. Else so many uint32_t after the members: the unit where
                                a member begins, plus 1; 0: free */
    uint64_t units[];
};

struct object {
    json_t json;
    struct block *block; /* NULL: nothing was put in */
};

static struct object *object_of(const json_t *v)
{
    return json_is_object(v) ? (struct object *)v : NULL;
}

/* ---- the members of an object ---- */

static size_t units_of(size_t n_key)
{
    return (offsetof(struct member, key) + n_key + 1 + UNIT - 1) / UNIT;
}

static size_t n_slots(const struct block *b)
{
    return b->log2_slots ? (size_t)1 << b->log2_slots : 0;
}

static uint32_t *slots(struct block *b)
{
    return (uint32_t *)&b->units[b->n_room];
}

static struct member *member_at(const struct block *b, size_t unit)
{
    return (struct member *)&b->units[unit];
}

static struct member *member_of(const void *iter)
{
    return (struct member *)iter;
}

/* The first that is no hole, from that unit on. */
static struct member *first_from(const struct block *b, size_t unit)
{
    while (b && unit < b->n_used) {
        struct member *m = member_at(b, unit);

        if (m->value)
            return m;
        unit += units_of(m->n_key);
    }
    return NULL;
}

static struct member *next_of(const struct block *b, const struct member *m)
{
    return first_from(b, (size_t)((const uint64_t *)m - b->units) + units_of(m->n_key));
}

static bool is_key(const struct member *m, const char *key, size_t n)
{
    return m->value && m->n_key == n && memcmp(m->key, key, n) == 0;
}

static struct member *find_indexed(struct block *b, const char *key, size_t n)
{
    size_t mask = n_slots(b) - 1;
    const uint32_t *slot = slots(b);

    for (size_t i = bytes_hash(key, n) & mask; slot[i]; i = (i + 1) & mask) {
        struct member *m = member_at(b, slot[i] - 1);

        if (is_key(m, key, n))
            return m;
    }
    return NULL;
}

static struct member *find(const struct object *o, const char *key, size_t n)
{
    struct block *b = o->block;

    if (!b)
        return NULL;
    if (b->log2_slots)
        return find_indexed(b, key, n);
    for (size_t at = 0; at < b->n_used; at += units_of(member_at(b, at)->n_key))
        if (is_key(member_at(b, at), key, n))
            return member_at(b, at);
    return NULL;
}

static void index_member(struct block *b, size_t unit)
{
    const struct member *m = member_at(b, unit);
    size_t mask = n_slots(b) - 1, i = bytes_hash(m->key, m->n_key) & mask;
    uint32_t *slot = slots(b);

    while (slot[i])
        i = (i + 1) & mask;
    slot[i] = (uint32_t)unit + 1;
}

/* A member takes two units at least, so an index of as many slots as units is half full at most. */
static struct block *block_new(size_t n_room, bool is_indexed)
{
    unsigned log2_slots = 0;
    struct block *b;

    if (n_room >= (size_t)1 << 26)
        return NULL;
    for (log2_slots = is_indexed; log2_slots && (size_t)1 << log2_slots < n_room;)
        log2_slots++;
    b = jsonp_malloc(sizeof(*b) + n_room * UNIT +
                     (log2_slots ? sizeof(uint32_t) << log2_slots : 0));
    if (!b)
        return NULL;
    b->n_used = 0;
    b->n_room = (uint32_t)n_room & 0x3ffffff;
    b->log2_slots = log2_slots & 0x3f;
    if (log2_slots)
        (void)memset(slots(b), 0, sizeof(uint32_t) << log2_slots);
    return b;
}

static struct member *append(struct block *b, const char *key, size_t n, json_t *value)
{
    struct member *m = member_at(b, b->n_used);

    m->value = value;
    m->n_key = (uint16_t)n;
    (void)memcpy(m->key, key, n);
    m->key[n] = '\0';
    if (b->log2_slots)
        index_member(b, b->n_used);
    b->n_used += (uint32_t)units_of(n);
    return m;
}

static size_t units_in_use(const struct block *b)
{
    size_t n = 0;

    for (const struct member *m = first_from(b, 0); m; m = next_of(b, m))
        n += units_of(m->n_key);
    return n;
}

/* Into a new block with that room, without holes. */
static int move_to(struct object *o, size_t n_room)
{
    struct block *b = block_new(n_room, *json_count(&o->json) >= INDEX_FROM);

    if (!b)
        return -1;
    for (const struct member *m = first_from(o->block, 0); m; m = next_of(o->block, m))
        (void)append(b, m->key, m->n_key, m->value);
    jsonp_free(o->block);
    o->block = b;
    return 0;
}

/* malloc gives 24, 40, 56 … bytes, of which the head takes 8: what it would round up to is room. */
static size_t round_room(size_t n_units)
{
    return MAX((n_units + 1) & ~(size_t)1, (size_t)2);
}

static int make_room(struct object *o, size_t n)
{
    size_t used;

    if (o->block && *json_count(&o->json) == 0 && !o->block->log2_slots)
        o->block->n_used = 0; /* nothing but holes */
    if (o->block && n <= o->block->n_room - o->block->n_used)
        return 0;
    used = o->block ? units_in_use(o->block) : 0;
    return move_to(o, round_room(MAX(used + n + used / 2, (size_t)8)));
}

static int put(json_t *json, const char *key, size_t n, json_t *value)
{
    struct object *o = object_of(json);
    struct member *m;

    if (!value)
        return -1;
    if (!key || !o || json == value || n > MAX_KEY || memchr(key, '\0', n)) {
        json_decref(value);
        return -1;
    }
    m = find(o, key, n);
    if (m) {
        json_t *old = m->value;

        m->value = value;
        json_decref(old);
        return 0;
    }
    if (make_room(o, units_of(n)) < 0) {
        json_decref(value);
        return -1;
    }
    (void)append(o->block, key, n, value);
    ++*json_count(json);
    return 0;
}

static int take_out(struct object *o, struct member *m)
{
    json_t *value;

    if (!m)
        return -1;
    value = m->value;
    m->value = NULL;
    --*json_count(&o->json);
    json_decref(value);
    return 0;
}

/* ---- objects ---- */

json_t *json_object(void)
{
    struct object *o = json_make(JSON_OBJECT, sizeof(*o), 0);

    if (!o)
        return NULL;
    o->block = NULL;
    return &o->json;
}

void json_free_object(json_t *v)
{
    struct object *o = object_of(v);

    for (const struct member *m = first_from(o->block, 0); m; m = next_of(o->block, m))
        json_decref(m->value);
    jsonp_free(o->block);
    jsonp_free(o);
}

size_t json_object_size(const json_t *json)
{
    return json_is_object(json) ? *json_count(json) : 0;
}

json_t *json_object_getn(const json_t *json, const char *key, size_t n)
{
    const struct object *o = object_of(json);
    const struct member *m = o && key ? find(o, key, n) : NULL;

    return m ? m->value : NULL;
}

json_t *json_object_get(const json_t *json, const char *key)
{
    return key ? json_object_getn(json, key, strlen(key)) : NULL;
}

int json_object_setn_new_nocheck(json_t *json, const char *key, size_t n, json_t *value)
{
    return put(json, key, n, value);
}

int json_object_set_new_nocheck(json_t *json, const char *key, json_t *value)
{
    return put(json, key, key ? strlen(key) : 0, value);
}

int json_object_setn_new(json_t *json, const char *key, size_t n, json_t *value)
{
    return put(json, key && utf8_check_string(key, n) ? key : NULL, n, value);
}

int json_object_set_new(json_t *json, const char *key, json_t *value)
{
    return json_object_setn_new(json, key, key ? strlen(key) : 0, value);
}

int json_object_deln(json_t *json, const char *key, size_t n)
{
    struct object *o = object_of(json);

    return o && key ? take_out(o, find(o, key, n)) : -1;
}

int json_object_del(json_t *json, const char *key)
{
    return key ? json_object_deln(json, key, strlen(key)) : -1;
}

int json_object_clear(json_t *json)
{
    struct object *o = object_of(json);

    if (!o)
        return -1;
    for (struct member *m = first_from(o->block, 0); m; m = next_of(o->block, m))
        (void)take_out(o, m); /* it is there */
    return 0;
}

/* Each member of `other` for which `is_wanted` has it: NULL, all. */
static int update(json_t *json, const json_t *other,
                  bool (*is_wanted)(const struct object *o, const struct member *m))
{
    struct object *o = object_of(json);
    const struct object *from = object_of(other);

    if (!o || !from)
        return -1;
    for (const struct member *m = first_from(from->block, 0); m; m = next_of(from->block, m))
        if ((!is_wanted || is_wanted(o, m)) && put(json, m->key, m->n_key, json_incref(m->value)))
            return -1;
    return 0;
}

static bool is_missing(const struct object *o, const struct member *m)
{
    return !find(o, m->key, m->n_key);
}

static bool is_present(const struct object *o, const struct member *m)
{
    return !is_missing(o, m);
}

int json_object_update(json_t *json, json_t *other)
{
    return update(json, other, NULL);
}

int json_object_update_existing(json_t *json, json_t *other)
{
    return update(json, other, is_present);
}

int json_object_update_missing(json_t *json, json_t *other)
{
    return update(json, other, is_missing);
}

/* ---- going over an object ---- */

void *json_object_iter(json_t *json)
{
    const struct object *o = object_of(json);

    return o ? first_from(o->block, 0) : NULL;
}

void *json_object_iter_at(json_t *json, const char *key)
{
    const struct object *o = object_of(json);

    return o && key ? find(o, key, strlen(key)) : NULL;
}

void *json_object_iter_next(json_t *json, void *iter)
{
    const struct object *o = object_of(json);

    return o && iter ? next_of(o->block, iter) : NULL;
}

const char *json_object_iter_key(void *iter)
{
    return iter ? member_of(iter)->key : NULL;
}

size_t json_object_iter_key_len(void *iter)
{
    return iter ? member_of(iter)->n_key : 0;
}

json_t *json_object_iter_value(void *iter)
{
    return iter ? member_of(iter)->value : NULL;
}

void *json_object_key_to_iter(const char *key)
{
    return key ? (char *)key - offsetof(struct member, key) : NULL;
}

int json_object_iter_set_new(json_t *json, void *iter, json_t *value)
{
    json_t *old;

    if (!json_is_object(json) || !iter || !value) {
        json_decref(value);
        return -1;
    }
    old = member_of(iter)->value;
    member_of(iter)->value = value;
    json_decref(old);
    return 0;
}

/* ---- as a whole ---- */

bool json_equal_objects(const json_t *a, const json_t *b)
{
    const struct object *o = object_of(a);

    if (*json_count(a) != *json_count(b))
        return false;
    for (const struct member *m = first_from(o->block, 0); m; m = next_of(o->block, m))
        if (!json_equal(m->value, json_object_getn(b, m->key, m->n_key)))
            return false;
    return true;
}

json_t *json_copy_object(const json_t *v, bool is_deep)
{
    const struct object *from = object_of(v);
    struct object *o = object_of(json_object());

    if (!o || *json_count(v) == 0)
        return o ? &o->json : NULL;
    o->block = block_new(round_room(units_in_use(from->block)), *json_count(v) >= INDEX_FROM);
    for (const struct member *m = first_from(from->block, 0); m; m = next_of(from->block, m)) {
        json_t *value = o->block ? json_inner(m->value, is_deep) : NULL;

        if (!value) {
            json_decref(&o->json);
            return NULL;
        }
        (void)append(o->block, m->key, m->n_key, value);
        ++*json_count(&o->json);
    }
    return &o->json;
}

void json_trim_object(json_t *v)
{
    struct object *o = object_of(v);
    size_t n = o->block ? units_in_use(o->block) : 0;

    if (!o->block)
        return;
    if (n == 0) {
        jsonp_free(o->block);
        o->block = NULL;
    } else if (round_room(n) < o->block->n_room) {
        (void)move_to(o, round_room(n)); /* else it stays as it is */
    }
}
