#include "lib/base/map.h"

#include <string.h>

#include "lib/base/bytes.h"

struct map_entry {
    struct map_entry *next; /* in the same slot */
    void *value;
    uint64_t hash;
    char key[];
};

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_done(struct map *m)
{
    for (size_t i = 0; i < m->n_slots; i++) {
        struct map_entry *e, *next;

        for (e = m->slots[i]; e; e = next) {
            next = e->next;
            free(e);
        }
    }
    free(m->slots);
    map_init(m);
}

static struct map_entry **find_link(const struct map *m, const char *key, uint64_t hash)
{
    struct map_entry **link = &m->slots[hash & (m->n_slots - 1)];

    while (*link && ((*link)->hash != hash || strcmp((*link)->key, key) != 0))
        link = &(*link)->next;
    return link;
}

static int grow(struct map *m, struct err *err)
{
    size_t n = m->n_slots ? m->n_slots * 2 : 8;
    struct map_entry **slots = calloc(n, sizeof(struct map_entry *));

    if (!slots)
        return err_oom(err);
    for (size_t i = 0; i < m->n_slots; i++) {
        struct map_entry *e, *next;

        for (e = m->slots[i]; e; e = next) {
            next = e->next;
            e->next = slots[e->hash & (n - 1)];
            slots[e->hash & (n - 1)] = e;
        }
    }
    free(m->slots);
    m->slots = slots;
    m->n_slots = n;
    return 0;
}

int map_set(struct map *m, const char *key, void *value, void **ret_old, struct err *err)
{
    size_t n_key = strlen(key);
    uint64_t hash = bytes_hash(key, n_key);
    struct map_entry **link = m->n_slots ? find_link(m, key, hash) : NULL, *e;

    if (link && *link) {
        if (ret_old)
            *ret_old = (*link)->value;
        (*link)->value = value;
        return 0;
    }
    if (m->n >= m->n_slots && grow(m, err) < 0)
        return -1;

    link = find_link(m, key, hash);
    e = malloc(sizeof(*e) + n_key + 1);
    if (!e)
        return err_oom(err);
    e->next = NULL;
    e->value = value;
    e->hash = hash;
    memcpy(e->key, key, n_key + 1);
    *link = e;
    m->n++;
    if (ret_old)
        *ret_old = NULL;
    return 0;
}

void *map_get(const struct map *m, const char *key)
{
    struct map_entry *e;

    if (m->n == 0)
        return NULL;
    e = *find_link(m, key, bytes_hash(key, strlen(key)));
    return e ? e->value : NULL;
}

void *map_remove(struct map *m, const char *key)
{
    struct map_entry **link, *e;
    void *value;

    if (m->n == 0)
        return NULL;
    link = find_link(m, key, bytes_hash(key, strlen(key)));
    e = *link;
    if (!e)
        return NULL;
    *link = e->next;
    value = e->value;
    free(e);
    m->n--;
    return value;
}

struct map_entry *map_next(const struct map *m, const struct map_entry *it)
{
    size_t i = 0;

    if (it) {
        if (it->next)
            return it->next;
        i = (it->hash & (m->n_slots - 1)) + 1;
    }
    for (; i < m->n_slots; i++)
        if (m->slots[i])
            return m->slots[i];
    return NULL;
}

const char *map_entry_key(const struct map_entry *e)
{
    return e->key;
}

void *map_entry_value(const struct map_entry *e)
{
    return e->value;
}
