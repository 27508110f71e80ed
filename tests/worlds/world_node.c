#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/worlds/world.h"

typedef Agentsandbox__V1__Instance Instance;

#define STATE(s) AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_##s

struct fake_call {
    struct list link;
    bool is_delete;
    char id[24], sandbox[256];
};

void fake_node_init(struct fake_node *n)
{
    *n = (struct fake_node){0};
    list_init(&n->instances);
    list_init(&n->calls);
}

void fake_node_done(struct fake_node *n)
{
    struct list *it;

    while ((it = list_pop_front(&n->instances)))
        free(CONTAINER_OF(it, struct fake_instance, link));
    while ((it = list_pop_front(&n->calls)))
        free(CONTAINER_OF(it, struct fake_call, link));
}

static int ask(struct fake_node *n, bool is_delete, const char *id, const char *sandbox)
{
    struct fake_call *c = calloc(1, sizeof(*c));

    if (!c)
        abort();
    c->is_delete = is_delete;
    (void)snprintf(c->id, sizeof(c->id), "%s", id);
    (void)snprintf(c->sandbox, sizeof(c->sandbox), "%s", sandbox);
    list_init(&c->link);
    list_push_back(&n->calls, &c->link);
    return 0;
}

static int on_create(void *user, const Agentsandbox__V1__CreateSandboxRequest *req,
                     struct err *err _unused_)
{
    ((struct fake_node *)user)->n_asked++;
    return ask(user, false, req->instance_id, req->sandbox->name);
}

static int on_remove(void *user, const char *instance_id, struct err *err _unused_)
{
    return ask(user, true, instance_id, "");
}

struct node_ops fake_node_ops(struct fake_node *n)
{
    return (struct node_ops){.create = on_create, .remove = on_remove, .user = n};
}

static struct fake_instance *by_id(struct fake_node *n, const char *id)
{
    LIST_FOREACH(it, &n->instances)
    {
        struct fake_instance *i = CONTAINER_OF(it, struct fake_instance, link);

        if (strcmp(i->id, id) == 0)
            return i;
    }
    return NULL;
}

struct fake_instance *fake_node_find(struct fake_node *n, const char *sandbox)
{
    LIST_FOREACH(it, &n->instances)
    {
        struct fake_instance *i = CONTAINER_OF(it, struct fake_instance, link);

        if (strcmp(i->sandbox, sandbox) == 0)
            return i;
    }
    return NULL;
}

size_t fake_node_count(const struct fake_node *n)
{
    size_t count = 0;

    LIST_FOREACH(it, &n->instances)
    count++;
    return count;
}

/* Calls fn with the instance as the node would send it. */
static void with_message(const struct fake_instance *i,
                         void (*fn)(struct binder *b, const char *id, const Instance *inst),
                         struct binder *b)
{
    Instance m = AGENTSANDBOX__V1__INSTANCE__INIT;
    Agentsandbox__V1__Cause cause = AGENTSANDBOX__V1__CAUSE__INIT;
    Agentsandbox__V1__ProbeResult probe = AGENTSANDBOX__V1__PROBE_RESULT__INIT;
    Google__Protobuf__Timestamp start = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

    start.seconds = 1790000000;
    m.instance_id = (char *)i->id;
    m.state = i->is_ended ? STATE(ENDED) : i->is_running ? STATE(RUNNING) : STATE(CREATING);
    m.ready = i->is_ready;
    m.start_time = &start;
    if (i->is_ended) {
        cause.kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXITED;
        cause.exit_code = i->exit_code;
        cause.signal = i->signal;
        if (i->signal)
            cause.kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_SIGNALLED;
        if (i->oom) {
            cause.kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_OUT_OF_MEMORY;
            cause.reason = (char *)"OOMKilled";
            cause.limit_bytes = 64u << 20;
        }
        m.cause = &cause;
    }
    if (i->probe[0]) {
        probe.probe = (char *)"readiness";
        probe.success = i->is_ready;
        probe.message = (char *)i->probe;
        m.last_probe = &probe;
    }
    fn(b, i->id, &m);
}

static void as_instance(struct binder *b, const char *id _unused_, const Instance *inst)
{
    binder_instance(b, inst);
}

static void as_created(struct binder *b, const char *id, const Instance *inst)
{
    binder_created(b, id, inst, NULL);
}

void fake_node_tell(struct fake_node *n, const struct fake_instance *i)
{
    if (!n->is_down && n->binder)
        with_message(i, as_instance, n->binder);
}

void fake_node_connect(struct fake_node *n, struct binder *b)
{
    n->binder = b;
    if (n->is_down)
        return;
    binder_node_up(b, "node-1");
    LIST_FOREACH(it, &n->instances)
    fake_node_tell(n, CONTAINER_OF(it, struct fake_instance, link));
    binder_synced(b);
}

void fake_node_disconnect(struct fake_node *n)
{
    struct err why;
    struct list *it;

    (void)err_set(&why, RPC_UNAVAILABLE, "NodeUnavailable", "connection refused");
    binder_node_down(n->binder, &why);
    while ((it = list_pop_front(&n->calls))) {
        struct fake_call *c = CONTAINER_OF(it, struct fake_call, link);

        if (c->is_delete)
            binder_deleted(n->binder, c->id, &why);
        else
            binder_created(n->binder, c->id, NULL, &why);
        free(c);
    }
}

void fake_node_forget(struct fake_node *n _unused_, struct fake_instance *i)
{
    list_remove(&i->link);
    free(i);
}

static void answer_create(struct fake_node *n, const struct fake_call *c)
{
    struct fake_instance *i = by_id(n, c->id);
    struct err err;

    if (n->is_going) {
        (void)err_set(&err, RPC_UNAVAILABLE, "NodeUnavailable", "the node is stopping");
        binder_created(n->binder, c->id, NULL, &err);
        return;
    }
    if (n->refuse_reason[0]) {
        (void)err_set(&err, RPC_NOT_FOUND, n->refuse_reason, "%s", n->refuse_message);
        binder_created(n->binder, c->id, NULL, &err);
        return;
    }
    if (!i) {
        i = calloc(1, sizeof(*i));
        if (!i)
            abort();
        (void)snprintf(i->id, sizeof(i->id), "%s", c->id);
        (void)snprintf(i->sandbox, sizeof(i->sandbox), "%s", c->sandbox);
        i->is_running = true;
        list_init(&i->link);
        list_push_back(&n->instances, &i->link);
        n->n_created++;
    }
    if (n->is_racing) { /* the watch brings it ready before the answer says that it was made */
        i->is_ready = true;
        fake_node_tell(n, i);
        i->is_ready = false;
        with_message(i, as_created, n->binder);
        i->is_ready = true;
        return;
    }
    with_message(i, as_created, n->binder);
    if (!n->is_manual) {
        i->is_ready = true;
        fake_node_tell(n, i);
    }
}

static void answer_delete(struct fake_node *n, const struct fake_call *c)
{
    struct fake_instance *i = by_id(n, c->id);

    if (i)
        fake_node_forget(n, i);
    n->n_deleted++;
    binder_deleted(n->binder, c->id, NULL);
}

bool fake_node_turn(struct fake_node *n)
{
    struct list *it = n->is_holding || n->is_down ? NULL : list_pop_front(&n->calls);
    struct fake_call *c;

    if (!it)
        return false;
    c = CONTAINER_OF(it, struct fake_call, link);
    if (c->is_delete)
        answer_delete(n, c);
    else
        answer_create(n, c);
    free(c);
    return true;
}
