#include "services/controller/test_client.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"

char call_reason[64], call_message[1024];

const char TEMPLATE_JSON[] =
    "{\"apiVersion\":\"extensions.agents.x-k8s.io/v1beta1\",\"kind\":\"SandboxTemplate\","
    "\"metadata\":{\"name\":\"t\"},\"spec\":{\"envVarsInjectionPolicy\":\"Allowed\","
    "\"podTemplate\":{\"spec\":{\"containers\":[{\"name\":\"main\",\"image\":\"image:1\"}]}}}}";
const char POOL_JSON[] =
    "{\"apiVersion\":\"extensions.agents.x-k8s.io/v1alpha1\",\"kind\":\"SandboxWarmPool\","
    "\"metadata\":{\"name\":\"p\"},\"spec\":{\"replicas\":3,\"sandboxTemplateRef\":{\"name\":"
    "\"t\"}}}";

static void die(const char *what, const struct err *err)
{
    (void)fprintf(stderr, "%s: %s\n", what, err ? err->msg : "");
    abort();
}

void scene_open(struct scene *s)
{
    const struct rpc_channel_opts opts = {.backoff_first_ms = 20, .backoff_max_ms = 100};
    struct err err;

    *s = (struct scene){0};
    (void)snprintf(s->dir, sizeof(s->dir), "/tmp/ctl-test-XXXXXX");
    if (!mkdtemp(s->dir))
        die("mkdtemp", NULL);
    (void)snprintf(s->listen, sizeof(s->listen), "unix:%s/c.sock", s->dir);
    (void)snprintf(s->routes, sizeof(s->routes), "unix:%s/r.sock", s->dir);
    (void)snprintf(s->node_address, sizeof(s->node_address), "unix:%s/n.sock", s->dir);
    (void)snprintf(s->state, sizeof(s->state), "%s/state", s->dir);
    if (loop_new(&s->loop, &err) < 0)
        die("loop", &err);
    test_node_start(&s->node, s->loop, s->node_address);
    if (rpc_channel_new(&s->channel, s->loop, s->listen, &opts, &err) < 0 ||
        rpc_channel_new(&s->routes_channel, s->loop, s->routes, &opts, &err) < 0)
        die("channel", &err);
}

void scene_close(struct scene *s)
{
    rpc_channel_free(s->channel);
    rpc_channel_free(s->routes_channel);
    test_node_stop(&s->node);
    (void)loop_turn(s->loop, false);
    loop_free(s->loop);
    (void)fd_rm_tree(AT_FDCWD, s->dir, NULL); /* a folder that stays is only untidy */
}

static void on_alarm(struct loop_timer *t, void *user)
{
    (void)t;
    *(bool *)user = true;
}

void scene_wait(struct scene *s, const bool *flag, uint64_t timeout_ms)
{
    struct loop_timer *timer = NULL;
    bool is_late = false;

    if (loop_timer_new(&timer, s->loop, on_alarm, &is_late, NULL) < 0)
        die("timer", NULL);
    loop_timer_arm(timer, loop_now_ms(s->loop) + timeout_ms);
    while (!*flag && !is_late)
        (void)loop_turn(s->loop, true);
    loop_timer_free(timer);
    if (!*flag)
        die("the test waited too long", NULL);
}

void scene_run_for(struct scene *s, uint64_t ms)
{
    struct loop_timer *timer = NULL;
    bool is_over = false;

    if (loop_timer_new(&timer, s->loop, on_alarm, &is_over, NULL) < 0)
        die("timer", NULL);
    loop_timer_arm(timer, clock_monotonic_ms() + ms);
    while (!is_over)
        (void)loop_turn(s->loop, true);
    loop_timer_free(timer);
}

struct unary {
    bool is_done;
    int code;
    ProtobufCMessage *reply;
};

static ProtobufCMessage *copy_message(const ProtobufCMessage *m)
{
    size_t n = protobuf_c_message_get_packed_size(m);
    uint8_t *packed = malloc(n + 1);
    ProtobufCMessage *copy;

    if (!packed)
        abort();
    (void)protobuf_c_message_pack(m, packed);
    copy = protobuf_c_message_unpack(m->descriptor, NULL, n, packed);
    free(packed);
    return copy;
}

static void on_reply(struct rpc_call *call, const ProtobufCMessage *reply,
                     const struct rpc_status *status, void *user)
{
    struct unary *u = user;

    (void)call;
    u->is_done = true;
    u->code = status->code;
    (void)snprintf(call_reason, sizeof(call_reason), "%s", status->reason);
    (void)snprintf(call_message, sizeof(call_message), "%s", status->message);
    if (reply)
        u->reply = copy_message(reply);
}

int scene_call(struct scene *s, struct rpc_channel *ch, const struct rpc_method_desc *m,
               const ProtobufCMessage *req, uint64_t timeout_ms, ProtobufCMessage **ret_reply)
{
    const struct rpc_call_opts opts = {.timeout_ms = timeout_ms, .wait_for_ready = true};
    struct unary u = {0};
    struct err err;

    if (rpc_unary(ch, m, &opts, req, on_reply, &u, NULL, &err) < 0)
        die("call", &err);
    scene_wait(s, &u.is_done, 60 * 1000);
    if (ret_reply)
        *ret_reply = u.reply;
    else if (u.reply)
        protobuf_c_message_free_unpacked(u.reply, NULL);
    return u.code;
}

static void put_source(Agentsandbox__V1__ClaimSpec *spec, const char *source)
{
    bool is_template = *source == '/';

    spec->source_case = is_template ? AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_TEMPLATE
                                    : AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_POOL;
    spec->pool = (char *)source + is_template;
}

Agentsandbox__V1__CreateClaimResponse *scene_claim(struct scene *s, const char *name,
                                                   const char *source, uint64_t timeout_ms)
{
    Agentsandbox__V1__CreateClaimRequest req = AGENTSANDBOX__V1__CREATE_CLAIM_REQUEST__INIT;
    Agentsandbox__V1__ClaimSpec spec = AGENTSANDBOX__V1__CLAIM_SPEC__INIT;
    ProtobufCMessage *reply = NULL;

    put_source(&spec, source);
    req.name = (char *)name;
    req.spec = &spec;
    (void)scene_call(s, s->channel, &agentsandbox_v1_claim_service_create_claim_method, &req.base,
                     timeout_ms, &reply);
    return (Agentsandbox__V1__CreateClaimResponse *)reply;
}

static void on_claim_reply(struct rpc_call *call, const ProtobufCMessage *reply,
                           const struct rpc_status *status, void *user)
{
    const Agentsandbox__V1__CreateClaimResponse *r =
        (const Agentsandbox__V1__CreateClaimResponse *)reply;
    struct scene_async *a = user;

    (void)call;
    a->is_done = true;
    a->code = status->code;
    (void)snprintf(a->reason, sizeof(a->reason), "%s", status->reason);
    if (!r)
        return;
    (void)snprintf(a->claim, sizeof(a->claim), "%s", r->claim->name);
    (void)snprintf(a->sandbox, sizeof(a->sandbox), "%s", r->claim->sandbox->name);
}

void scene_claim_async(struct scene *s, const char *pool, const char *request_id,
                       struct scene_async *ret)
{
    Agentsandbox__V1__CreateClaimRequest req = AGENTSANDBOX__V1__CREATE_CLAIM_REQUEST__INIT;
    Agentsandbox__V1__ClaimSpec spec = AGENTSANDBOX__V1__CLAIM_SPEC__INIT;
    const struct rpc_call_opts opts = {.timeout_ms = 30 * 1000, .wait_for_ready = true};
    struct err err;

    *ret = (struct scene_async){0};
    put_source(&spec, pool);
    req.request_id = (char *)request_id;
    req.spec = &spec;
    if (rpc_unary(s->channel, &agentsandbox_v1_claim_service_create_claim_method, &opts, &req.base,
                  on_claim_reply, ret, NULL, &err) < 0)
        die("claim", &err);
}

int scene_apply(struct scene *s, const char *json, Agentsandbox__V1__ApplyResponse **ret)
{
    Agentsandbox__V1__ApplyRequest req = AGENTSANDBOX__V1__APPLY_REQUEST__INIT;
    Agentsandbox__V1__Manifest m = AGENTSANDBOX__V1__MANIFEST__INIT, *all[] = {&m};

    m.json.data = (uint8_t *)json;
    m.json.len = strlen(json);
    m.origin = (char *)"test.yaml:1";
    req.manifests = all;
    req.n_manifests = 1;
    return scene_call(s, s->channel, &agentsandbox_v1_template_service_apply_method, &req.base,
                      5000, (ProtobufCMessage **)ret);
}

char *scene_get(struct scene *s, const char *kind, const char *name, const char *version)
{
    Agentsandbox__V1__GetRequest req = AGENTSANDBOX__V1__GET_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    Agentsandbox__V1__GetResponse *r;
    char *text;

    req.kind = (char *)kind;
    req.name = (char *)name;
    req.version = (char *)version;
    (void)scene_call(s, s->channel, &agentsandbox_v1_template_service_get_method, &req.base, 5000,
                     &reply);
    r = (Agentsandbox__V1__GetResponse *)reply;
    if (!r)
        return NULL;
    text = strndup((const char *)r->object->json.data, r->object->json.len);
    protobuf_c_message_free_unpacked(reply, NULL);
    return text;
}

void scene_wait_pool(struct scene *s, const char *pool, int n_ready)
{
    for (int i = 0; i < 500; i++) {
        char *text = scene_get(s, "SandboxWarmPool", pool, "");
        json_t *o = text ? json_loads(text, 0, NULL) : NULL;
        json_t *ready = json_object_get(json_object_get(o, "status"), "readyReplicas");
        bool is_there = json_is_integer(ready) && json_integer_value(ready) == n_ready;

        json_decref(o);
        free(text);
        if (is_there)
            return;
        scene_run_for(s, 10);
    }
    die("the pool does not get ready", NULL);
}
