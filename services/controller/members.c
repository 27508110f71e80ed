#include "services/controller/members.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "services/controller/names.h"
#include "services/controller/obj.h"

void members_init(struct members *m)
{
    map_init(&m->by_uid);
    map_init(&m->pools);
    m->is_incomplete = false;
}

static void pool_free(struct member_pool *p)
{
    struct list *link;

    while ((link = list_pop_front(&p->nodes)))
        free(CONTAINER_OF(link, struct member_node, link));
    free(p->key);
    free(p);
}

void members_done(struct members *m)
{
    MAP_FOREACH(it, &m->by_uid)
    free(map_entry_value(it));
    MAP_FOREACH(it, &m->pools)
    pool_free(map_entry_value(it));
    map_done(&m->by_uid);
    map_done(&m->pools);
}

bool sandbox_is_adoptable(const json_t *sandbox, const char **ret_pool)
{
    struct obj_owner owner;

    if (obj_is_deleting(sandbox) || !obj_label(sandbox, L_WARM_POOL) ||
        !obj_label(sandbox, L_TEMPLATE_REF_HASH) ||
        !obj_controlled_by_kind(sandbox, GROUP_EXT, KIND_POOL, &owner))
        return false;
    *ret_pool = owner.name;
    return true;
}

static struct member_pool *find_pool(const struct members *m, const char *ns, const char *pool)
{
    char key[520];

    (void)snprintf(key, sizeof(key), "%s/%s", ns, pool); /* names are at most 253 bytes each */
    return map_get(&m->pools, key);
}

static struct member_pool *make_pool(struct members *m, const char *ns, const char *pool)
{
    struct member_pool *p = find_pool(m, ns, pool);

    if (p)
        return p;
    p = calloc(1, sizeof(*p));
    if (!p)
        return NULL;
    list_init(&p->nodes);
    list_init(&p->starting);
    if (asprintf(&p->key, "%s/%s", ns, pool) < 0) {
        free(p);
        return NULL;
    }
    if (map_set(&m->pools, p->key, p, NULL, NULL) < 0) {
        pool_free(p);
        return NULL;
    }
    return p;
}

static struct member_node *make_node(struct member_pool *p, const char *name)
{
    struct member_node *node;

    LIST_FOREACH(it, &p->nodes)
    {
        node = CONTAINER_OF(it, struct member_node, link);
        if (strcmp(node->name, name) == 0)
            return node;
    }
    node = calloc(1, sizeof(*node) + strlen(name) + 1);
    if (!node)
        return NULL;
    memcpy(node->name, name, strlen(name) + 1);
    list_init(&node->ready);
    list_init(&node->link);
    list_push_back(&p->nodes, &node->link);
    return node;
}

/* The node with most ready members; those whose node is not known come last. */
static struct member_node *fullest_node(const struct member_pool *p)
{
    struct member_node *best = NULL;

    LIST_FOREACH(it, &p->nodes)
    {
        struct member_node *node = CONTAINER_OF(it, struct member_node, link);

        if (node->n > 0 && (!best || (*node->name && (!*best->name || node->n > best->n))))
            best = node;
    }
    return best;
}

static void unlink_member(struct member *b)
{
    if (!list_is_linked(&b->link))
        return;
    list_remove(&b->link);
    if (b->node) {
        b->node->n--;
        b->pool->n_ready--;
    } else {
        b->pool->n_starting--;
    }
    b->node = NULL;
}

/* node NULL: it is not ready. */
static void link_member(struct member *b, struct member_node *node)
{
    if (node) {
        b->node = node;
        node->n++;
        list_push_back(&node->ready, &b->link);
        b->pool->n_ready++;
    } else {
        list_push_back(&b->pool->starting, &b->link);
        b->pool->n_starting++;
    }
}

static struct member *member_new(struct members *m, const struct store_object *sandbox,
                                 struct member_pool *pool)
{
    size_t n_ns = strlen(sandbox->ns) + 1, n_name = strlen(sandbox->name) + 1;
    struct member *b = calloc(1, sizeof(*b) + n_ns + n_name);
    char *text;

    if (!b)
        return NULL;
    text = (char *)(b + 1);
    memcpy(text, sandbox->ns, n_ns);
    memcpy(text + n_ns, sandbox->name, n_name);
    b->ns = text;
    b->name = text + n_ns;
    b->pool = pool;
    list_init(&b->link);
    (void)snprintf(b->uid, sizeof(b->uid), "%s", sandbox->uid); /* a UUID */
    if (map_set(&m->by_uid, b->uid, b, NULL, NULL) < 0) {
        free(b);
        return NULL;
    }
    return b;
}

void members_update(struct members *m, const struct store_object *sandbox)
{
    struct member *b = map_get(&m->by_uid, sandbox->uid);
    const char *pool_name;
    struct member_node *node = NULL;
    struct member_pool *pool;
    bool is_ready;

    if (!sandbox_is_adoptable(sandbox->json, &pool_name)) {
        members_remove(m, sandbox->uid);
        return;
    }
    pool = make_pool(m, sandbox->ns, pool_name);
    if (pool && !b)
        b = member_new(m, sandbox, pool);
    if (!pool || !b) {
        m->is_incomplete = true;
        return;
    }

    is_ready = cond_is_true(obj_get(sandbox->json, "status"), C_READY);
    b->has_ip = json_array_size(obj_get(sandbox->json, "status.podIPs")) > 0;
    if (b->is_taken) {
        b->is_ready = is_ready;
        return;
    }
    if (is_ready) {
        node = make_node(pool, obj_str_or(sandbox->json, "status.nodeName", ""));
        m->is_incomplete |= !node;
        if (!node)
            return;
    }
    b->is_ready = is_ready;
    if (list_is_linked(&b->link) && b->node == node && b->pool == pool)
        return;
    unlink_member(b);
    b->pool = pool;
    link_member(b, node);
}

void members_remove(struct members *m, const char *uid)
{
    struct member *b = map_remove(&m->by_uid, uid);

    if (!b)
        return;
    unlink_member(b);
    free(b);
}

void members_remove_pool(struct members *m, const char *ns, const char *pool)
{
    struct member_pool *p = find_pool(m, ns, pool);

    if (!p)
        return;
    MAP_FOREACH(it, &m->by_uid)
    {
        struct member *b = map_entry_value(it);

        if (b->pool == p)
            members_remove(m, b->uid);
    }
    (void)map_remove(&m->pools, p->key);
    pool_free(p);
}

static struct member *take(struct member *b)
{
    unlink_member(b);
    b->is_taken = true;
    return b;
}

struct member *members_take(struct members *m, const char *ns, const char *pool, bool ready_only)
{
    struct member_pool *p = find_pool(m, ns, pool);
    struct member_node *node = p ? fullest_node(p) : NULL;

    if (!p)
        return NULL;
    if (node)
        return take(LIST_FIRST(&node->ready, struct member, link));
    if (ready_only)
        return NULL;
    LIST_FOREACH(it, &p->starting)
    {
        struct member *b = CONTAINER_OF(it, struct member, link);

        if (b->has_ip)
            return take(b);
    }
    return NULL;
}

struct member *members_take_uid(struct members *m, const char *uid)
{
    struct member *b = map_get(&m->by_uid, uid);

    return b && !b->is_taken ? take(b) : NULL;
}

uint64_t members_holder(const char *ns, const char *claim)
{
    char text[520];

    (void)snprintf(text, sizeof(text), "%s/%s", ns, claim); /* names are at most 253 bytes each */
    return bytes_fnv1a64(text, strlen(text)) | 1;
}

bool members_hold(struct members *m, const char *uid, uint64_t holder)
{
    struct member *b = map_get(&m->by_uid, uid);

    if (!b || (b->holder && b->holder != holder))
        return false;
    take(b)->holder = holder;
    return true;
}

bool members_is_held_by(const struct members *m, const char *uid, uint64_t holder)
{
    const struct member *b = map_get(&m->by_uid, uid);

    return b && b->holder == holder;
}

void members_settle(struct members *m, const char *uid, const struct store_object *sandbox)
{
    struct member *b = map_get(&m->by_uid, uid);

    if (b) {
        b->is_taken = false;
        b->holder = 0;
    }
    if (sandbox)
        members_update(m, sandbox);
    else
        members_remove(m, uid);
}

size_t members_n_ready(const struct members *m, const char *ns, const char *pool)
{
    const struct member_pool *p = find_pool(m, ns, pool);

    return p ? p->n_ready : 0;
}

bool members_are_pending(const struct members *m, const char *ns, const char *pool)
{
    const struct member_pool *p = find_pool(m, ns, pool);

    return p && p->n_ready == 0 && p->n_starting > 0;
}

bool members_is_taken(const struct members *m, const char *uid)
{
    const struct member *b = map_get(&m->by_uid, uid);

    return b && b->is_taken;
}
