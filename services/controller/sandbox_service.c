#include "services/controller/sandbox_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/controller/child.h"
#include "services/controller/names.h"

/* ---- ports ---- */

enum { MAX_PORTS = 256 };

struct port {
    int64_t number;
    const char *protocol;
    char name[32];
};

struct ports {
    struct port p[MAX_PORTS]; /* more than a Service is of use for; the rest is left out */
    size_t n;
};

static const char *protocol_of(const json_t *port)
{
    const char *p = obj_str_or(port, "protocol", "");

    return *p ? p : "TCP";
}

typedef void (*port_fn)(const json_t *port, void *user);

static void each_port(const json_t *containers, bool sidecars_only, port_fn fn, void *user)
{
    for (size_t i = 0; i < json_array_size(containers); i++) {
        const json_t *c = json_array_get(containers, i), *list = obj_get(c, "ports");

        if (sidecars_only && strcmp(obj_str_or(c, "restartPolicy", ""), "Always") != 0)
            continue;
        for (size_t k = 0; k < json_array_size(list); k++)
            if (obj_int(json_array_get(list, k), "containerPort", 0) != 0)
                fn(json_array_get(list, k), user);
    }
}

static void all_ports(const json_t *pod_spec, port_fn fn, void *user)
{
    each_port(obj_get(pod_spec, "containers"), false, fn, user);
    each_port(obj_get(pod_spec, "initContainers"), true, fn, user);
}

static void collect(const json_t *port, void *user)
{
    struct ports *all = user;
    int64_t number = obj_int(port, "containerPort", 0);

    for (size_t i = 0; i < all->n; i++)
        if (all->p[i].number == number && strcmp(all->p[i].protocol, protocol_of(port)) == 0)
            return;
    if (all->n < MAX_PORTS)
        all->p[all->n++] = (struct port){.number = number, .protocol = protocol_of(port)};
}

static int by_number(const void *a, const void *b)
{
    const struct port *x = a, *y = b;

    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return strcmp(x->protocol, y->protocol);
}

static bool is_taken(const struct ports *all, const char *name)
{
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->p[i].name, name) == 0)
            return true;
    return false;
}

struct naming {
    const struct ports *all;
    struct port *port;
};

/* The first explicit name of this port that no other took. */
static void try_name(const json_t *port, void *user)
{
    struct naming *n = user;
    const char *name = obj_str_or(port, "name", "");

    if (n->port->name[0] || !*name || strlen(name) >= sizeof(n->port->name) ||
        obj_int(port, "containerPort", 0) != n->port->number ||
        strcmp(protocol_of(port), n->port->protocol) != 0 || is_taken(n->all, name))
        return;
    (void)snprintf(n->port->name, sizeof(n->port->name), "%s", name);
}

static void make_name(const struct ports *all, struct port *p)
{
    char base[24], name[32];

    (void)snprintf(base, sizeof(base), "p-%u-%.8s", (unsigned)p->number, p->protocol);
    for (char *s = base; *s; s++)
        if (*s >= 'A' && *s <= 'Z')
            *s = (char)(*s - 'A' + 'a');
    (void)snprintf(name, sizeof(name), "%s", base);
    for (unsigned i = 2; is_taken(all, name) && i <= MAX_PORTS; i++)
        (void)snprintf(name, sizeof(name), "%s-%u", base, i);
    memcpy(p->name, name, sizeof(name));
}

json_t *sandbox_service_ports(const json_t *pod_spec)
{
    _cleanup_(freep) struct ports *all = calloc(1, sizeof(*all));
    _cleanup_(json_decrefp) json_t *ret = json_array();

    if (!all || !ret)
        return NULL;
    all_ports(pod_spec, collect, all);
    qsort(all->p, all->n, sizeof(all->p[0]), by_number);
    for (size_t i = 0; i < all->n; i++) {
        struct naming naming = {all, &all->p[i]};

        all_ports(pod_spec, try_name, &naming);
        if (!all->p[i].name[0])
            make_name(all, &all->p[i]);
        if (json_array_append_new(ret, json_pack("{s:s, s:I, s:s, s:I}", "name", all->p[i].name,
                                                 "port", (json_int_t)all->p[i].number, "protocol",
                                                 all->p[i].protocol, "targetPort",
                                                 (json_int_t)all->p[i].number)) < 0)
            return NULL;
    }
    return TAKE_PTR(ret);
}

/* ---- the object ---- */

/* What is ours to say of it; with_ports false leaves them as they are. */
static int fill(json_t *o, const struct store_object *sb, bool with_ports)
{
    char hash[9];
    json_t *ports;
    int r = 0;

    obj_hash(sb->name, hash);
    r |= obj_put_label(o, L_NAME_HASH, hash);
    r |= obj_put(o, "spec.selector", json_pack("{s:s}", L_NAME_HASH, hash));
    if (!with_ports)
        return r;
    ports = sandbox_service_ports(obj_get(sb->json, "spec.podTemplate.spec"));
    if (!ports)
        return -1;
    if (json_array_size(ports) > 0)
        return r | obj_put(o, "spec.ports", ports);
    json_decref(ports);
    obj_drop(o, "spec.ports");
    return r;
}

static json_t *service_object(const struct store_object *sb)
{
    _cleanup_(json_decrefp) json_t *o = obj_new("v1", KIND_SERVICE, sb->ns, sb->name);

    if (!o || obj_put_str(o, "spec.clusterIP", "None") < 0 || fill(o, sb, true) < 0 ||
        child_adopt(o, sb) < 0)
        return NULL;
    return TAKE_PTR(o);
}

static bool has_same_ports(const json_t *have, const json_t *want)
{
    static const char *const keys[] = {"name", "port", "protocol", "targetPort"};

    if (json_array_size(have) != json_array_size(want))
        return false;
    for (size_t i = 0; i < json_array_size(want); i++)
        for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
            if (!obj_equal(json_object_get(json_array_get(have, i), keys[k]),
                           json_object_get(json_array_get(want, i), keys[k])))
                return false;
    return true;
}

static bool has_drifted(const struct store_object *svc, const struct store_object *sb,
                        bool with_ports)
{
    const json_t *selector = obj_get(svc->json, "spec.selector");
    const char *label = obj_label(svc->json, L_NAME_HASH), *selected;
    _cleanup_(json_decrefp) json_t *ports = NULL;
    char hash[9];

    obj_hash(sb->name, hash);
    selected = json_string_value(json_object_get(selector, L_NAME_HASH));
    if (!label || strcmp(label, hash) != 0 || json_object_size(selector) != 1 || !selected ||
        strcmp(selected, hash) != 0)
        return true;
    if (!with_ports)
        return false;
    ports = sandbox_service_ports(obj_get(sb->json, "spec.podTemplate.spec"));
    return ports && !has_same_ports(obj_get(svc->json, "spec.ports"), ports);
}

static int update(const struct store_object *svc, const struct store_object *sb, bool with_ports,
                  bool is_adoption, struct step *st, struct err *err)
{
    _cleanup_(json_decrefp) json_t *edit = store_object_edit(svc, err);

    if (!edit)
        return -1;
    if (fill(edit, sb, with_ports) < 0 || (is_adoption && child_adopt(edit, sb) < 0))
        return err_oom(err);
    batch_update(&st->batch, svc, TAKE_PTR(edit), is_adoption);
    return 0;
}

/* ---- the three wishes ---- */

static int adopt(const struct store_object *svc, const struct store_object *sb, struct step *st,
                 struct sandbox_service *ret, struct err *err)
{
    const char *ip = obj_str_or(svc->json, "spec.clusterIP", "");

    if (*ip && strcmp(ip, "None") != 0) {
        (void)snprintf(ret->problem, sizeof(ret->problem),
                       "cannot adopt service \"%s\": ClusterIP is \"%s\" (expected \"None\", field "
                       "is immutable)",
                       svc->name, ip);
        return 0;
    }
    ret->service = svc;
    ret->has_written = true;
    return update(svc, sb, true, true, st, err);
}

/* Ours: kept as it should be. */
static int keep(const struct store_object *svc, const struct store_object *sb, bool with_ports,
                struct step *st, struct sandbox_service *ret, struct err *err)
{
    ret->service = svc;
    if (!has_drifted(svc, sb, with_ports))
        return 0;
    ret->has_written = true;
    return update(svc, sb, with_ports, false, st, err);
}

static int want_one(const struct store_object *svc, const struct store_object *sb, struct step *st,
                    struct sandbox_service *ret, struct err *err)
{
    ret->is_required = true;
    if (!svc) {
        batch_create(&st->batch, KIND_SERVICE, service_object(sb));
        ret->has_written = true;
        return 0;
    }
    switch (child_owner(svc, sb)) {
    case CHILD_OURS:
        return keep(svc, sb, true, st, ret, err);
    case CHILD_ADOPTABLE:
        return adopt(svc, sb, st, ret, err);
    case CHILD_UNOWNED:
    case CHILD_FOREIGN:
        child_refusal(ret->problem, sizeof(ret->problem), "service", svc, sb);
        return 0;
    }
    abort();
}

static int take_what_is_there(const struct store_object *svc, const struct store_object *sb,
                              struct step *st, struct sandbox_service *ret, struct err *err)
{
    if (!svc)
        return 0;
    switch (child_owner(svc, sb)) {
    case CHILD_OURS:
        ret->is_required = true;
        return keep(svc, sb, false, st, ret, err);
    case CHILD_FOREIGN:
        child_refusal(ret->problem, sizeof(ret->problem), "service", svc, sb);
        return 0;
    case CHILD_ADOPTABLE:
    case CHILD_UNOWNED:
        return 0;
    }
    abort();
}

int sandbox_service_step(struct ctl *c, const struct store_object *sb, struct step *st,
                         struct sandbox_service *ret, struct err *err)
{
    const struct store_object *svc = store_get(c->store, KIND_SERVICE, sb->ns, sb->name);
    const json_t *wish = obj_get(sb->json, "spec.service");

    *ret = (struct sandbox_service){0};
    if (json_is_true(wish))
        return want_one(svc, sb, st, ret, err);
    if (!wish)
        return take_what_is_there(svc, sb, st, ret, err);
    if (svc && !svc->is_deleting && child_owner(svc, sb) == CHILD_OURS) {
        batch_delete(&st->batch, svc, false);
        ret->has_written = true;
    }
    return 0;
}
