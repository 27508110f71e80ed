/* The shared part of every store: its kinds, its making and unmaking, and the ways into the
 * implementation. */
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/store/store_impl.h"

#define AGENTS     "agents.x-k8s.io/v1beta1"
#define EXTENSIONS "extensions.agents.x-k8s.io/v1beta1"

static const struct store_kind builtin_kinds[] = {
    {.name = "Sandbox",
     .api_version = AGENTS,
     .noun = "Sandbox",
     .plural = "sandboxes",
     .has_status = true,
     .has_history = true},
    {.name = "SandboxClaim",
     .api_version = EXTENSIONS,
     .noun = "Claim",
     .has_status = true,
     .has_history = true},
    {.name = "SandboxTemplate", .api_version = EXTENSIONS, .noun = "Template", .has_history = true},
    {.name = "SandboxWarmPool",
     .api_version = EXTENSIONS,
     .noun = "Pool",
     .has_status = true,
     .has_history = true},
    {.name = "Pod", .api_version = "v1", .noun = "Pod", .has_status = true, .is_graceful = true},
    {.name = "Event",
     .api_version = "events.k8s.io/v1",
     .noun = "Event",
     .max_objects = 1000,
     .is_write_only = true},
};

static void add_table(struct store *s, const struct store_kind *kind)
{
    s->tables[s->n_tables++] = (struct store_table){.kind = kind};
}

int store_init(struct store *s, const struct store_ops *ops, struct loop *loop, struct err *err)
{
    *s = (struct store){.ops = ops, .loop = loop};
    map_init(&s->by_uid);
    map_init(&s->by_owner);
    list_init(&s->watches);
    bytes_random_name(s->instance_id, 12);
    for (size_t i = 0; i < ARRAY_SIZE(builtin_kinds); i++)
        add_table(s, &builtin_kinds[i]);
    s->past = calloc(STORE_HISTORY, sizeof(*s->past));
    if (!s->past)
        return err_oom(err);
    return 0;
}

void store_done(struct store *s)
{
    for (size_t i = 0; i < s->n_tables; i++) {
        for (size_t j = 0; j < s->tables[i].n; j++)
            store_object_unref((struct store_object *)s->tables[i].objects[j]);
        free(s->tables[i].objects);
    }
    for (size_t i = 0; s->past && i < STORE_HISTORY; i++)
        store_object_unref(s->past[i].object);
    free(s->past);
    MAP_FOREACH(it, &s->by_owner)
    free(map_entry_value(it));
    map_done(&s->by_owner);
    map_done(&s->by_uid);
}

void store_free(struct store *s)
{
    if (!s)
        return;
    s->ops->free(s);
    store_done(s);
    free(s);
}

const struct store_kind *store_find_kind(const struct store *s, const char *kind)
{
    const struct store_table *t = store_table(s, kind);

    return t ? t->kind : NULL;
}

int store_register_kind(struct store *s, const struct store_kind *kind, struct err *err)
{
    if (store_table(s, kind->name))
        return err_set(err, RPC_ALREADY_EXISTS, "AlreadyExists", "kind %s is registered",
                       kind->name);
    if (s->n_tables == STORE_MAX_KINDS)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge", "more than %d kinds",
                       STORE_MAX_KINDS);
    add_table(s, kind);
    return s->ops->add_kind(s, kind, err);
}

int store_not_found(const struct store *s, const char *kind, const char *ns, const char *name,
                    struct err *err)
{
    const struct store_kind *k = store_find_kind(s, kind);
    const char *noun = k ? k->noun : kind;
    char reason[ERR_REASON_MAX], lower[32];

    (void)snprintf(reason, sizeof(reason), "%sNotFound", noun);
    (void)snprintf(lower, sizeof(lower), "%s", noun);
    if (lower[0] >= 'A' && lower[0] <= 'Z')
        lower[0] = (char)(lower[0] - 'A' + 'a');
    return err_set(err, RPC_NOT_FOUND, reason, "no %s \"%s\" in namespace \"%s\"", lower, name, ns);
}

const struct store_object *store_need(const struct store *s, const char *kind, const char *ns,
                                      const char *name, struct err *err)
{
    const struct store_object *o = store_get(s, kind, ns, name);

    if (!o)
        (void)store_not_found(s, kind, ns, name, err);
    return o;
}

uint64_t store_revision(const struct store *s)
{
    return s->revision;
}

bool store_is_synced(const struct store *s)
{
    return s->ops->is_synced(s);
}

const char *store_instance_id(const struct store *s)
{
    return s->instance_id;
}

int store_write(struct store *s, const struct store_op *ops, size_t n_ops, store_done_fn done,
                void *user, struct err *err)
{
    if (n_ops == 0 || n_ops > STORE_MAX_OPS)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "a write of %zu operations; 1 to %d", n_ops, STORE_MAX_OPS);
    return s->ops->write(s, ops, n_ops, done, user, err);
}

void store_forget(struct store *s, const void *user)
{
    s->ops->forget(s, user);
}

void store_flush(struct store *s)
{
    s->ops->flush(s);
}

void store_set_clock(struct store *s, int64_t (*now_s)(void *user), void *user)
{
    s->clock = now_s;
    s->clock_user = user;
}

int64_t store_now_s(const struct store *s)
{
    return s->clock ? s->clock(s->clock_user) : (int64_t)(clock_realtime_ns() / 1000000000u);
}

void store_set_fault(struct store *s, store_fault_fn fn, void *user)
{
    s->fault = fn;
    s->fault_user = user;
}

void store_set_sequential(struct store *s, bool is_sequential)
{
    s->is_sequential = is_sequential;
}
