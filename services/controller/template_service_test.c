/* Manifests in, objects out: what is refused and how it is said, pages, watches, versions. */
#include "services/controller/service_scene.h"

#include "agentsandbox/v1/template.rpc.h"
#include "services/controller/template_service.h"

#define OUTCOME(o) AGENTSANDBOX__V1__APPLY_OUTCOME__APPLY_OUTCOME_##o
#define EVENT(e)   AGENTSANDBOX__V1__WATCH_EVENT_TYPE__WATCH_EVENT_TYPE_##e

#define EXT(version, kind, rest)                                                                   \
    "{\"apiVersion\":\"extensions.agents.x-k8s.io/" version "\",\"kind\":\"" kind "\"," rest "}"
#define POD(image)                                                                                 \
    "\"spec\":{\"podTemplate\":{\"spec\":{\"containers\":[{\"name\":\"m\",\"image\":\"" image      \
    "\"}]}}}"
#define TEMPLATE(name, image)                                                                      \
    EXT("v1beta1", "SandboxTemplate", "\"metadata\":{\"name\":\"" name "\"}," POD(image))

static struct template_service *templates;

static void up(struct scene *s)
{
    struct err err;

    scene_up(s);
    assert_int_equal(template_service_new(&templates, &s->ctl, s->server, &err), 0);
}

static void down(struct scene *s)
{
    scene_hang_up(s);
    template_service_free(templates);
    scene_down(s);
}

/* ---- Apply ---- */

static void apply(struct scene *s, const char *const *texts, size_t n, bool dry_run, const char *ns,
                  struct scene_answer *a)
{
    Agentsandbox__V1__ApplyRequest req = AGENTSANDBOX__V1__APPLY_REQUEST__INIT;
    Agentsandbox__V1__Manifest items[80], *list[80];
    char origins[80][32];

    assert_true(n <= ARRAY_SIZE(items));
    for (size_t i = 0; i < n; i++) {
        agentsandbox__v1__manifest__init(&items[i]);
        (void)snprintf(origins[i], sizeof(origins[i]), "file.yaml:%zu", i + 1);
        items[i].json.data = (uint8_t *)texts[i];
        items[i].json.len = strlen(texts[i]);
        items[i].origin = origins[i];
        list[i] = &items[i];
    }
    req.manifests = list;
    req.n_manifests = n;
    req.dry_run = dry_run;
    req.default_namespace = (char *)ns;
    scene_call(s, &agentsandbox_v1_template_service_apply_method, &req.base, a);
}

/* One manifest that is taken; its outcome. */
static Agentsandbox__V1__ApplyOutcome apply_one(struct scene *s, const char *text, bool dry_run)
{
    Agentsandbox__V1__ApplyOutcome outcome;
    struct scene_answer a;

    apply(s, &text, 1, dry_run, "", &a);
    if (a.code != RPC_OK)
        fail_msg("%s: %s", a.reason, a.message);
    outcome = ((Agentsandbox__V1__ApplyResponse *)a.reply)->objects[0]->outcome;
    scene_answer_done(&a);
    return outcome;
}

static void test_outcomes(void **state)
{
    struct scene s = {0};

    (void)state;
    up(&s);
    assert_int_equal(apply_one(&s, TEMPLATE("t", "a:1"), true), OUTCOME(CREATED));
    assert_null(store_get(s.store, KIND_TEMPLATE, "default", "t"));
    assert_int_equal(apply_one(&s, TEMPLATE("t", "a:1"), false), OUTCOME(CREATED));
    assert_int_equal(apply_one(&s, TEMPLATE("t", "a:1"), false), OUTCOME(UNCHANGED));
    assert_int_equal(apply_one(&s, TEMPLATE("t", "a:1"), true), OUTCOME(UNCHANGED));
    assert_int_equal(apply_one(&s, TEMPLATE("t", "a:2"), true), OUTCOME(CONFIGURED));
    assert_int_equal(apply_one(&s, TEMPLATE("t", "a:1"), false), OUTCOME(UNCHANGED));
    assert_int_equal(apply_one(&s, TEMPLATE("t", "a:2"), false), OUTCOME(CONFIGURED));
    down(&s);
}

#define LABELLED(meta)                                                                             \
    "{\"apiVersion\":\"extensions.agents.x-k8s.io/v1beta1\",\"kind\":\"SandboxTemplate\","         \
    "\"metadata\":{\"name\":\"t\"," meta "},\"spec\":{\"podTemplate\":{\"spec\":{\"containers\":"  \
    "[{\"name\":\"m\",\"image\":\"a:1\"}]}}}}"

/* What a manifest no longer says goes; what others wrote on the object stays. */
static void test_labels_follow_the_manifest(void **state)
{
    const struct store_object *t;
    struct scene s = {0};

    (void)state;
    up(&s);
    assert_int_equal(apply_one(&s,
                               LABELLED("\"labels\":{\"a\":\"1\",\"b\":\"1\"},"
                                        "\"annotations\":{\"n\":\"1\"}"),
                               false),
                     OUTCOME(CREATED));
    t = store_get(s.store, KIND_TEMPLATE, "default", "t");
    {
        json_t *edit = store_object_edit(t, NULL);
        struct store_op op = {.type = STORE_UPDATE, .kind = KIND_TEMPLATE, .object = edit};

        assert_int_equal(obj_put_label(edit, "theirs", "x"), 0);
        assert_int_equal(store_write(s.store, &op, 1, NULL, NULL, NULL), 0);
        store_flush(s.store);
        json_decref(edit);
    }
    assert_int_equal(apply_one(&s, LABELLED("\"labels\":{\"b\":\"2\"}"), false),
                     OUTCOME(CONFIGURED));
    t = store_get(s.store, KIND_TEMPLATE, "default", "t");
    assert_null(obj_label(t->json, "a"));
    assert_string_equal(obj_label(t->json, "b"), "2");
    assert_string_equal(obj_label(t->json, "theirs"), "x");
    assert_null(obj_annotation(t->json, "n"));
    assert_int_equal(apply_one(&s, LABELLED("\"labels\":{\"b\":\"2\"}"), false),
                     OUTCOME(UNCHANGED));
    down(&s);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *text, *reason, *words;
    } cases[] = {
        {"{", "BadRequest", "file.yaml:1: "},
        {"[]", "BadRequest", "file.yaml:1: "},
        {EXT("v1beta1", "SandboxThing", "\"metadata\":{\"name\":\"x\"}"), "BadRequest",
         "SandboxThing"},
        {EXT("v2", "SandboxTemplate", "\"metadata\":{\"name\":\"x\"}"), "BadRequest", "v2"},
        {"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"x\"}}", "BadRequest",
         "Pod"},
        {EXT("v1beta1", "SandboxTemplate", POD("a:1")), "BadRequest", "metadata.name: is missing"},
        {TEMPLATE("No_Name", "a:1"), "BadRequest", "metadata.name: \"No_Name\""},
        {EXT("v1beta1", "SandboxTemplate", "\"metadata\":{\"name\":\"t\"}"), "BadRequest",
         "file.yaml:1: SandboxTemplate \"t\": spec"},
        {EXT("v1beta1", "SandboxWarmPool",
             "\"metadata\":{\"name\":\"p\"},\"spec\":{\"replicas\":\"two\","
             "\"sandboxTemplateRef\":{\"name\":\"t\"}}"),
         "BadRequest", "spec.replicas: want an integer, got the string \"two\""},
        {EXT("v1beta1", "SandboxTemplate",
             "\"metadata\":{\"name\":\"t\"},\"spec\":{\"podTemplate\":{\"spec\":{\"hostNetwork\":"
             "true,\"containers\":[{\"name\":\"m\",\"image\":\"a:1\"}]}}}"),
         "PodSpecUnsupported", "spec.podTemplate.spec.hostNetwork"},
    };
    struct scene s = {0};

    (void)state;
    up(&s);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct scene_answer a;

        apply(&s, &cases[i].text, 1, false, "", &a);
        scene_refused(&a, RPC_INVALID_ARGUMENT, cases[i].reason, cases[i].words);
    }
    assert_int_equal(store_count(s.store, KIND_TEMPLATE), 0);
    down(&s);
}

static void test_all_or_nothing(void **state)
{
    static const char *const texts[] = {TEMPLATE("one", "a:1"), TEMPLATE("two", "a:1"),
                                        EXT("v1beta1", "SandboxTemplate", POD("a:1"))};
    static const char *const twice[] = {TEMPLATE("one", "a:1"), TEMPLATE("one", "a:2")};
    struct scene_answer a;
    struct scene s = {0};

    (void)state;
    up(&s);
    apply(&s, texts, 3, false, "", &a);
    scene_refused(&a, RPC_INVALID_ARGUMENT, "BadRequest", "file.yaml:3: ");
    assert_int_equal(store_count(s.store, KIND_TEMPLATE), 0);
    apply(&s, twice, 2, false, "", &a);
    scene_refused(&a, RPC_INVALID_ARGUMENT, "BadRequest", "given twice");
    assert_int_equal(store_count(s.store, KIND_TEMPLATE), 0);
    down(&s);
}

/* More than one transaction holds, in a namespace of the request's, with a warning. */
static void test_many(void **state)
{
    const Agentsandbox__V1__ApplyResponse *m;
    static char texts[70][400];
    const char *list[70];
    struct scene_answer a;
    struct scene s = {0};

    (void)state;
    up(&s);
    for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
        (void)snprintf(texts[i], sizeof(texts[i]),
                       EXT("v1alpha1", "SandboxTemplate",
                           "\"metadata\":{\"name\":\"t%zu\"},\"wrong\":1," POD("a:1")),
                       i);
        list[i] = texts[i];
    }
    apply(&s, list, ARRAY_SIZE(list), false, "team", &a);
    assert_int_equal(a.code, RPC_OK);
    m = (const Agentsandbox__V1__ApplyResponse *)a.reply;
    assert_int_equal(m->n_objects, ARRAY_SIZE(list));
    assert_string_equal(m->objects[69]->name, "t69");
    assert_string_equal(m->objects[69]->namespace_, "team");
    assert_string_equal(m->objects[69]->api_version, GROUP_EXT "/v1alpha1");
    assert_int_equal(m->objects[69]->n_warnings, 1);
    assert_non_null(strstr(m->objects[69]->warnings[0], "wrong"));
    scene_answer_done(&a);
    assert_non_null(store_get(s.store, KIND_TEMPLATE, "team", "t69"));
    down(&s);
}

struct fault {
    int n_left;
};

static int conflict(const struct store_op *op, void *user, struct err *err)
{
    struct fault *f = user;

    if (strcmp(op->kind, KIND_TEMPLATE) != 0 || f->n_left == 0)
        return 0;
    f->n_left--;
    return err_set(err, RPC_ABORTED, "Conflict", "somebody was faster");
}

static void test_conflicts(void **state)
{
    struct fault fault = {.n_left = 3};
    const char *text = TEMPLATE("t", "a:2");
    struct scene_answer a;
    struct scene s = {0};

    (void)state;
    up(&s);
    assert_int_equal(apply_one(&s, TEMPLATE("t", "a:1"), false), OUTCOME(CREATED));
    store_set_fault(s.store, conflict, &fault);
    assert_int_equal(apply_one(&s, text, false), OUTCOME(CONFIGURED));
    assert_int_equal(fault.n_left, 0);
    fault.n_left = 1000;
    apply(&s, (const char *[]){TEMPLATE("t", "a:3")}, 1, false, "", &a);
    scene_refused(&a, RPC_ABORTED, "Conflict", "file.yaml:1: somebody was faster");
    assert_in_range(fault.n_left, 900, 999);
    down(&s);
}

/* ---- Get, List, Delete ---- */

static void get(struct scene *s, const char *kind, const char *name, const char *version,
                struct scene_answer *a)
{
    Agentsandbox__V1__GetRequest req = AGENTSANDBOX__V1__GET_REQUEST__INIT;

    req.kind = (char *)kind;
    req.name = (char *)name;
    req.version = (char *)version;
    scene_call(s, &agentsandbox_v1_template_service_get_method, &req.base, a);
}

static json_t *get_json(struct scene *s, const char *kind, const char *name, const char *version)
{
    const Agentsandbox__V1__GetResponse *m;
    struct scene_answer a;
    json_t *o;

    get(s, kind, name, version, &a);
    if (a.code != RPC_OK)
        fail_msg("%s: %s", a.reason, a.message);
    m = (const Agentsandbox__V1__GetResponse *)a.reply;
    o = json_loadb((const char *)m->object->json.data, m->object->json.len, 0, NULL);
    assert_non_null(o);
    scene_answer_done(&a);
    return o;
}

static void test_versions(void **state)
{
    json_t *o;
    struct scene s = {0};

    (void)state;
    up(&s);
    assert_int_equal(apply_one(&s, TEMPLATE("t", "a:1"), false), OUTCOME(CREATED));
    o = get_json(&s, "SandboxTemplate", "t", "");
    assert_string_equal(obj_str(o, "apiVersion"), GROUP_EXT "/v1beta1");
    json_decref(o);
    o = get_json(&s, "sandboxtemplates", "t", "v1alpha1");
    assert_string_equal(obj_str(o, "apiVersion"), GROUP_EXT "/v1alpha1");
    assert_string_equal(obj_str(o, "metadata.name"), "t");
    json_decref(o);
    down(&s);
}

static void test_not_there(void **state)
{
    static const char *const cases[][2] = {{"SandboxTemplate", "TemplateNotFound"},
                                           {"SandboxWarmPool", "PoolNotFound"},
                                           {"SandboxClaim", "ClaimNotFound"},
                                           {"Sandbox", "SandboxNotFound"}};
    struct scene_answer a;
    struct scene s = {0};

    (void)state;
    up(&s);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        Agentsandbox__V1__DeleteRequest req = AGENTSANDBOX__V1__DELETE_REQUEST__INIT;

        get(&s, cases[i][0], "nothing", "", &a);
        scene_refused(&a, RPC_NOT_FOUND, cases[i][1], "nothing");
        req.kind = (char *)cases[i][0];
        req.name = (char *)"nothing";
        scene_call(&s, &agentsandbox_v1_template_service_delete_method, &req.base, &a);
        scene_refused(&a, RPC_NOT_FOUND, cases[i][1], "nothing");
    }
    get(&s, "Teapot", "x", "", &a);
    scene_refused(&a, RPC_INVALID_ARGUMENT, "BadRequest", "Teapot");
    get(&s, "Sandbox", "x", "v7", &a);
    scene_refused(&a, RPC_INVALID_ARGUMENT, "BadRequest", "v7");
    down(&s);
}

static void test_delete(void **state)
{
    Agentsandbox__V1__DeleteRequest req = AGENTSANDBOX__V1__DELETE_REQUEST__INIT;
    struct scene_answer a;
    struct scene s = {0};
    char uid[64];

    (void)state;
    up(&s);
    scene_template(&s, "t");
    req.kind = (char *)"SandboxTemplate";
    req.name = (char *)"t";
    req.uid = (char *)"another";
    scene_call(&s, &agentsandbox_v1_template_service_delete_method, &req.base, &a);
    scene_refused(&a, RPC_NOT_FOUND, "Gone", "another");
    (void)snprintf(uid, sizeof(uid), "%s", store_get(s.store, KIND_TEMPLATE, "default", "t")->uid);
    req.uid = uid;
    scene_call(&s, &agentsandbox_v1_template_service_delete_method, &req.base, &a);
    assert_int_equal(a.code, RPC_OK);
    scene_answer_done(&a);
    assert_null(store_get(s.store, KIND_TEMPLATE, "default", "t"));
    down(&s);
}

static void test_events_of_an_object(void **state)
{
    const Agentsandbox__V1__GetResponse *m;
    bool is_said = false;
    struct scene_answer a;
    struct scene s = {0};

    (void)state;
    up(&s);
    scene_pool(&s, "p", "no-such-template", 1);
    SCENE_WHILE(&s, !events_of(&s.ctl.events, KIND_POOL, "default", "p"));
    get(&s, "SandboxWarmPool", "p", "", &a);
    assert_int_equal(a.code, RPC_OK);
    m = (const Agentsandbox__V1__GetResponse *)a.reply;
    for (size_t i = 0; i < m->n_events; i++)
        is_said = is_said || (strcmp(m->events[i]->reason, "TemplateNotFound") == 0 &&
                              strcmp(m->events[i]->type, "Warning") == 0 &&
                              m->events[i]->count >= 1 && m->events[i]->last_time->seconds > 0);
    assert_true(is_said);
    scene_answer_done(&a);
    down(&s);
}

/* All pages one after the other: how many there were, and how many objects. */
static size_t list_all(struct scene *s, int32_t page_size, size_t *ret_n_objects)
{
    Agentsandbox__V1__ListRequest req = AGENTSANDBOX__V1__LIST_REQUEST__INIT;
    size_t n_pages = 0;
    char token[600] = "";

    *ret_n_objects = 0;
    req.kind = (char *)"SandboxTemplate";
    req.page_size = page_size;
    do {
        const Agentsandbox__V1__ListResponse *m;
        struct scene_answer a;

        req.page_token = token;
        scene_call(s, &agentsandbox_v1_template_service_list_method, &req.base, &a);
        if (a.code != RPC_OK)
            fail_msg("%s: %s", a.reason, a.message);
        m = (const Agentsandbox__V1__ListResponse *)a.reply;
        *ret_n_objects += m->n_objects;
        (void)snprintf(token, sizeof(token), "%s", m->next_page_token);
        scene_answer_done(&a);
        assert_true(++n_pages < 100);
    } while (token[0]);
    return n_pages;
}

static void test_pages(void **state)
{
    Agentsandbox__V1__ListRequest req = AGENTSANDBOX__V1__LIST_REQUEST__INIT;
    struct scene_answer a;
    struct scene s = {0};
    size_t n;

    (void)state;
    up(&s);
    for (int i = 0; i < 5; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "t%d", i);
        scene_template(&s, name);
    }
    assert_int_equal(list_all(&s, 2, &n), 3);
    assert_int_equal(n, 5);
    assert_int_equal(list_all(&s, 5, &n), 1);
    assert_int_equal(n, 5);
    req.kind = (char *)"SandboxTemplate";
    req.page_size = -1;
    scene_call(&s, &agentsandbox_v1_template_service_list_method, &req.base, &a);
    scene_refused(&a, RPC_INVALID_ARGUMENT, "BadRequest", "page_size");
    req.page_size = 0;
    req.page_token = (char *)"mine";
    scene_call(&s, &agentsandbox_v1_template_service_list_method, &req.base, &a);
    scene_refused(&a, RPC_INVALID_ARGUMENT, "BadRequest", "page_token");
    down(&s);
}

/* Objects as large as they may be: a page ends before the message is too long for a client. */
static void test_pages_of_large_objects(void **state)
{
    enum { N_BYTES = 450 * 1024, N = 12 };
    char *value = malloc(N_BYTES + 1);
    struct scene s = {0};
    size_t n;

    (void)state;
    assert_non_null(value);
    memset(value, 'x', N_BYTES);
    value[N_BYTES] = '\0';
    up(&s);
    for (int i = 0; i < N; i++) {
        json_t *o = json_loads(TEMPLATE("t", "a:1"), 0, NULL);
        char name[16];

        (void)snprintf(name, sizeof(name), "t%d", i);
        assert_int_equal(obj_put_str(o, "metadata.name", name), 0);
        assert_int_equal(obj_put_key(o, "metadata.annotations", "note", value), 0);
        scene_write(&s, STORE_CREATE, KIND_TEMPLATE, name, o);
    }
    assert_in_range(list_all(&s, 1000, &n), 2, N / 2);
    assert_int_equal(n, N);
    free(value);
    down(&s);
}

/* ---- Watch ---- */

struct seen {
    struct rpc_call *call;
    char text[256]; /* "+t1 ~t1 -t1 " */
    bool is_done;
    int code;
};

static const char *image_of(const json_t *o)
{
    const json_t *list = obj_get(o, "spec.podTemplate.spec.containers");

    return obj_str_or(json_array_get(list, 0), "image", "");
}

static void on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__WatchResponse *m = (const Agentsandbox__V1__WatchResponse *)msg;
    char mark = m->type == EVENT(ADDED) ? '+' : m->type == EVENT(MODIFIED) ? '~' : '-';
    json_t *o = json_loadb((const char *)m->object->json.data, m->object->json.len, 0, NULL);
    struct seen *s = user;
    size_t n = strlen(s->text);

    if (mark != '~' || strstr(image_of(o), ":9")) /* the controller touches templates, too */
        (void)snprintf(s->text + n, sizeof(s->text) - n, "%c%s ", mark, obj_name(o));
    json_decref(o);
    rpc_call_read(call);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct seen *s = user;

    (void)call;
    s->is_done = true;
    s->code = status->code;
}

static void watch(struct scene *s, struct seen *seen, const char *name)
{
    static const struct rpc_msg_ops ops = {.on_message = on_message, .on_done = on_done};
    Agentsandbox__V1__WatchRequest req = AGENTSANDBOX__V1__WATCH_REQUEST__INIT;
    struct err err;

    req.kind = (char *)"SandboxTemplate";
    req.name = (char *)name;
    assert_int_equal(agentsandbox_v1_template_service_watch(s->channel, NULL, &req, &ops, seen,
                                                            &seen->call, &err),
                     0);
    rpc_call_read(seen->call);
}

#define SEEN(s, seen, want)                                                                        \
    do {                                                                                           \
        SCENE_WHILE(s, strlen((seen)->text) < strlen(want));                                       \
        assert_string_equal((seen)->text, want);                                                   \
    } while (0)

static void test_watch(void **state)
{
    struct seen all = {0}, one = {0};
    struct scene s = {0};

    (void)state;
    up(&s);
    scene_template(&s, "a");
    watch(&s, &all, "");
    watch(&s, &one, "b");
    SEEN(&s, &all, "+a ");
    scene_template(&s, "b");
    SEEN(&s, &all, "+a +b ");
    SEEN(&s, &one, "+b ");
    assert_int_equal(apply_one(&s, TEMPLATE("a", "a:9"), false), OUTCOME(CONFIGURED));
    SEEN(&s, &all, "+a +b ~a ");
    scene_write(&s, STORE_DELETE, KIND_TEMPLATE, "b", NULL);
    SEEN(&s, &all, "+a +b ~a -b ");
    SEEN(&s, &one, "+b -b ");
    rpc_call_abandon(all.call);
    rpc_call_abandon(one.call);
    down(&s);
}

/* The history of all kinds is one, and short: a watch of a quiet kind must not fall out of it. */
static void test_quiet_watch_lasts(void **state)
{
    struct seen seen = {0};
    struct scene s = {0};

    (void)state;
    up(&s);
    scene_template(&s, "a");
    scene_pool(&s, "p", "a", 0);
    watch(&s, &seen, "");
    SEEN(&s, &seen, "+a ");
    for (int i = 0; i < 3000; i++) {
        json_t *patch =
            json_pack("{s:{s:{s:o}}}", "metadata", "annotations", "n", json_sprintf("%d", i));

        scene_write(&s, STORE_PATCH, KIND_POOL, "p", patch);
        (void)loop_turn(s.loop, false);
    }
    scene_template(&s, "b");
    SEEN(&s, &seen, "+a +b ");
    assert_false(seen.is_done);
    rpc_call_abandon(seen.call);
    down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes), cmocka_unit_test(test_labels_follow_the_manifest),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_all_or_nothing),
        cmocka_unit_test(test_many),     cmocka_unit_test(test_conflicts),
        cmocka_unit_test(test_versions), cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_delete),   cmocka_unit_test(test_events_of_an_object),
        cmocka_unit_test(test_pages),    cmocka_unit_test(test_pages_of_large_objects),
        cmocka_unit_test(test_watch),    cmocka_unit_test(test_quiet_watch_lasts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
