#pragma once
/* For the tests of the services: the controller with a store in memory, a node that does as it is
 * told, and a client, all on one loop and one socket pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/socket.h>

#include "lib/base/clock.h"
#include "lib/loop/loop.h"
#include "lib/rpc/service.h"
#include "services/controller/binder.h"
#include "services/controller/names.h"

enum { SCENE_MAX_INSTANCES = 64 };

struct scene_instance {
    char id[24], sandbox[256];
    bool is_told, is_removing;
};

struct scene {
    struct loop *loop;
    struct store *store;
    struct ctl ctl;
    struct binder *binder;
    struct scene_instance instances[SCENE_MAX_INSTANCES];
    size_t n_instances;
    bool is_slow;    /* what is made runs and gets ready only by scene_tell() */
    bool lists_anew; /* the binder asked for it */
    struct loop_task *node;
    struct rpc_server *server;
    struct rpc_channel *channel;
};

#define SCENE_WHILE(s, condition)                                                                  \
    do {                                                                                           \
        uint64_t end_ = clock_monotonic_ms() + 20000;                                              \
        while (condition) {                                                                        \
            (void)loop_turn((s)->loop, false);                                                     \
            if (clock_monotonic_ms() > end_)                                                       \
                fail_msg("still %s", #condition);                                                  \
        }                                                                                          \
    } while (0)

/* ---- the node ---- */

static inline int scene_create(void *user, const Agentsandbox__V1__CreateSandboxRequest *req,
                               struct err *err)
{
    struct scene *s = user;
    struct scene_instance *i = &s->instances[s->n_instances];

    (void)err;
    assert_true(s->n_instances < SCENE_MAX_INSTANCES);
    s->n_instances++;
    (void)snprintf(i->id, sizeof(i->id), "%s", req->instance_id);
    (void)snprintf(i->sandbox, sizeof(i->sandbox), "%s", req->sandbox->name);
    loop_task_schedule(s->node);
    return 0;
}

static inline int scene_remove(void *user, const char *id, struct err *err)
{
    struct scene *s = user;

    (void)err;
    for (size_t i = 0; i < s->n_instances; i++)
        if (strcmp(s->instances[i].id, id) == 0)
            s->instances[i].is_removing = true;
    loop_task_schedule(s->node);
    return 0;
}

/* cause NULL: it runs. */
static inline void scene_tell(struct scene *s, const struct scene_instance *i, bool is_ready,
                              Agentsandbox__V1__Cause *cause)
{
    Agentsandbox__V1__Instance m = AGENTSANDBOX__V1__INSTANCE__INIT;
    Google__Protobuf__Timestamp now = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

    now.seconds = ctl_now_s(&s->ctl);
    m.instance_id = (char *)i->id;
    m.state = cause ? AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_ENDED
                    : AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_RUNNING;
    m.ready = is_ready;
    m.start_time = &now;
    m.ready_time = is_ready ? &now : NULL;
    m.cause = cause;
    binder_instance(s->binder, &m);
}

static inline void scene_list_again(void *user)
{
    struct scene *s = user;

    s->lists_anew = true;
    loop_task_schedule(s->node);
}

static inline void scene_list(struct scene *s)
{
    s->lists_anew = false;
    binder_node_down(s->binder, NULL);
    binder_node_up(s->binder, "node-1");
    for (size_t i = 0; i < s->n_instances; i++)
        if (s->instances[i].is_told)
            scene_tell(s, &s->instances[i], !s->is_slow, NULL);
    if (!s->lists_anew) /* else it was spoiled, and comes again */
        binder_synced(s->binder);
}

static inline void scene_node_answers(struct loop_task *t, void *user)
{
    struct scene *s = user;

    (void)t;
    if (s->lists_anew)
        scene_list(s);
    for (size_t i = 0; i < s->n_instances; i++) {
        struct scene_instance *inst = &s->instances[i];

        if (inst->is_removing) {
            binder_deleted(s->binder, inst->id, NULL);
            *inst = s->instances[--s->n_instances];
            i--;
        } else if (!inst->is_told) {
            Agentsandbox__V1__Instance m = AGENTSANDBOX__V1__INSTANCE__INIT;

            inst->is_told = true;
            m.instance_id = inst->id;
            m.state = AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_CREATING;
            binder_created(s->binder, inst->id, &m, NULL);
            if (!s->is_slow)
                scene_tell(s, inst, true, NULL);
        }
    }
}

static inline struct scene_instance *scene_instance_of(struct scene *s, const char *sandbox)
{
    for (size_t i = 0; i < s->n_instances; i++)
        if (strcmp(s->instances[i].sandbox, sandbox) == 0)
            return &s->instances[i];
    return NULL;
}

/* ---- life ---- */

static inline void scene_up(struct scene *s)
{
    const struct node_ops node = {
        .create = scene_create, .remove = scene_remove, .list_again = scene_list_again, .user = s};
    const struct ctl_opts opts = {0};
    const struct binder_opts binder = {0};
    struct err err;
    int sv[2];

    assert_int_equal(loop_new(&s->loop, &err), 0);
    assert_int_equal(store_new_memory(&s->store, s->loop, &err), 0);
    assert_int_equal(ctl_init(&s->ctl, s->loop, s->store, &opts, &err), 0);
    assert_int_equal(ctl_start(&s->ctl, &err), 0);
    assert_int_equal(loop_task_new(&s->node, s->loop, scene_node_answers, s, &err), 0);
    assert_int_equal(binder_new(&s->binder, &s->ctl, &node, &binder, &err), 0);
    binder_node_up(s->binder, "node-1");
    binder_synced(s->binder);
    assert_int_equal(rpc_server_new(&s->server, s->loop, &(struct rpc_server_opts){0}, &err), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
    assert_int_equal(rpc_server_serve_fd(s->server, sv[0], NULL, NULL, &err), 0);
    assert_int_equal(
        rpc_channel_new_fd(&s->channel, s->loop, sv[1], &(struct rpc_channel_opts){0}, &err), 0);
}

/* First: what a test's own service needs of it has ended. */
static inline void scene_hang_up(struct scene *s)
{
    rpc_channel_free(s->channel);
    rpc_server_free(s->server);
}

static inline void scene_down(struct scene *s)
{
    binder_free(s->binder);
    ctl_done(&s->ctl);
    store_free(s->store);
    loop_task_free(s->node);
    loop_free(s->loop);
}

/* ---- objects ---- */

/* Takes the reference of object. */
static inline void scene_write(struct scene *s, enum store_op_type type, const char *kind,
                               const char *name, json_t *object)
{
    const struct store_op op = {
        .type = type, .kind = kind, .ns = "default", .name = name, .object = object};
    struct err err;

    assert_int_equal(store_write(s->store, &op, 1, NULL, NULL, &err), 0);
    json_decref(object);
    store_flush(s->store);
}

static inline void scene_template(struct scene *s, const char *name)
{
    scene_write(s, STORE_CREATE, KIND_TEMPLATE, name,
                json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:{s:{s:[{s:s, s:s}]}}}}", "apiVersion",
                          API_EXT, "kind", KIND_TEMPLATE, "metadata", "namespace", "default",
                          "name", name, "spec", "podTemplate", "spec", "containers", "name", "main",
                          "image", "image:1"));
}

static inline void scene_pool(struct scene *s, const char *name, const char *template, int replicas)
{
    scene_write(s, STORE_CREATE, KIND_POOL, name,
                json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:i, s:{s:s}}}", "apiVersion", API_EXT,
                          "kind", KIND_POOL, "metadata", "namespace", "default", "name", name,
                          "spec", "replicas", replicas, "sandboxTemplateRef", "name", template));
}

static inline void scene_claim(struct scene *s, const char *name, const char *pool)
{
    scene_write(s, STORE_CREATE, KIND_CLAIM, name,
                json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:{s:s}}}", "apiVersion", API_EXT, "kind",
                          KIND_CLAIM, "metadata", "namespace", "default", "name", name, "spec",
                          "warmPoolRef", "name", pool));
}

/* The sandbox that the claim has, once it has one. */
static inline const struct store_object *scene_sandbox_of(struct scene *s, const char *claim)
{
    const struct store_object *o = store_get(s->store, KIND_CLAIM, "default", claim);
    const char *name = o ? obj_str(o->json, "status.sandbox.name") : NULL;

    return name ? store_get(s->store, KIND_SANDBOX, "default", name) : NULL;
}

/* ---- a call and its answer ---- */

struct scene_answer {
    bool is_done;
    int code;
    char reason[ERR_REASON_MAX], message[600];
    ProtobufCMessage *reply; /* a copy, freed with protobuf_c_message_free_unpacked() */
};

static inline void scene_on_answer(struct rpc_call *call, const ProtobufCMessage *reply,
                                   const struct rpc_status *status, void *user)
{
    struct scene_answer *a = user;

    (void)call;
    a->is_done = true;
    a->code = status->code;
    (void)snprintf(a->reason, sizeof(a->reason), "%s", status->reason);
    (void)snprintf(a->message, sizeof(a->message), "%s", status->message);
    if (reply) {
        size_t n = protobuf_c_message_get_packed_size(reply);
        uint8_t *bytes = malloc(n + 1);

        assert_non_null(bytes);
        (void)protobuf_c_message_pack(reply, bytes);
        a->reply = protobuf_c_message_unpack(reply->descriptor, NULL, n, bytes);
        free(bytes);
    }
}

static inline void scene_start(struct scene *s, const struct rpc_method_desc *m,
                               uint64_t timeout_ms, const ProtobufCMessage *request,
                               struct scene_answer *a)
{
    const struct rpc_call_opts opts = {.timeout_ms = timeout_ms};
    struct err err;

    *a = (struct scene_answer){0};
    assert_int_equal(rpc_unary(s->channel, m, &opts, request, scene_on_answer, a, NULL, &err), 0);
}

static inline void scene_call(struct scene *s, const struct rpc_method_desc *m,
                              const ProtobufCMessage *request, struct scene_answer *a)
{
    scene_start(s, m, 20000, request, a);
    SCENE_WHILE(s, !a->is_done);
}

static inline void scene_answer_done(struct scene_answer *a)
{
    if (a->reply)
        protobuf_c_message_free_unpacked(a->reply, NULL);
    a->reply = NULL;
}

static inline void scene_refused(struct scene_answer *a, int code, const char *reason,
                                 const char *words)
{
    if (a->code != code || strcmp(a->reason, reason) != 0 || !strstr(a->message, words))
        fail_msg("want %d %s \"…%s…\", got %d %s \"%s\"", code, reason, words, a->code, a->reason,
                 a->message);
    scene_answer_done(a);
}
