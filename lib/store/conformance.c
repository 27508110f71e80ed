#include "lib/store/conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/meta.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"

#define WAIT_MS 10000

static const struct conformance *suite;

/* ---- helpers: each waits for its write and checks what it promised ---- */

struct fixture {
    struct loop *loop;
    struct store *store;
    bool is_done;
    struct err err; /* .code is RPC_OK after success */
    size_t failed;
    struct store_object *last; /* of the last op of the last write */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err = {0};

    assert_non_null(f);
    assert_int_equal(loop_new(&f->loop, &err), 0);
    if (suite->make(&f->store, f->loop, suite->user, &err) < 0)
        fail_msg("%s", err.msg);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    store_object_unref(f->last);
    store_free(f->store);
    if (suite->clean)
        suite->clean(suite->user);
    loop_free(f->loop);
    free(f);
    return 0;
}

static void on_done(const struct store_result *res, void *user)
{
    struct fixture *f = user;

    f->is_done = true;
    f->failed = res->failed;
    f->err = res->err ? *res->err : (struct err){0};
    store_object_unref(f->last);
    f->last = res->err ? NULL : store_object_ref(res->objects[res->n_objects - 1]);
}

/* Turns the loop until *flag. */
static void wait_for(struct fixture *f, const bool *flag)
{
    uint64_t end = clock_monotonic_ms() + WAIT_MS;

    while (!*flag && clock_monotonic_ms() < end)
        (void)loop_turn(f->loop, false);
    assert_true(*flag);
}

/* Returns the gRPC code. */
static int write_all(struct fixture *f, const struct store_op *ops, size_t n)
{
    struct err err = {0};

    f->is_done = false;
    assert_int_equal(store_write(f->store, ops, n, on_done, f, &err), 0);
    assert_false(f->is_done);
    wait_for(f, &f->is_done);
    return f->err.code;
}

static int write_one(struct fixture *f, struct store_op op)
{
    return write_all(f, &op, 1);
}

static json_t *sandbox(const char *name)
{
    json_t *j =
        json_pack("{s{ss ss s{ss}} s{si} s{ss}}", "metadata", "name", name, "namespace", "default",
                  "labels", "app", "a", "spec", "n", 1, "status", "x", "dropped");

    assert_non_null(j);
    return j;
}

static void create(struct fixture *f, json_t *object)
{
    int code =
        write_one(f, (struct store_op){.type = STORE_CREATE, .kind = "Sandbox", .object = object});

    if (code != RPC_OK)
        fail_msg("%s", f->err.msg);
    json_decref(object);
}

static const struct store_object *get(struct fixture *f, const char *name)
{
    return store_get(f->store, "Sandbox", "default", name);
}

/* Until the object is gone; garbage collection may take some rounds. */
static void wait_gone(struct fixture *f, const char *name)
{
    uint64_t end = clock_monotonic_ms() + WAIT_MS;

    while (get(f, name) && clock_monotonic_ms() < end)
        (void)loop_turn(f->loop, false);
    assert_null(get(f, name));
}

/* ---- tests ---- */

static void test_create(void **state)
{
    struct fixture *f = *state;
    const struct store_object *o;
    _cleanup_json_ json_t *again = sandbox("a");

    create(f, sandbox("a"));
    o = get(f, "a");
    assert_non_null(o);
    assert_ptr_equal(o, f->last);
    assert_string_equal(o->kind, "Sandbox");
    assert_string_equal(o->ns, "default");
    assert_string_equal(o->name, "a");
    assert_int_equal(strlen(o->uid), 36);
    assert_ptr_equal(store_get_by_uid(f->store, o->uid), o);
    assert_int_equal(o->generation, 1);
    assert_true(o->resource_version > 0);
    assert_true(store_revision(f->store) >= o->resource_version);
    assert_false(o->is_deleting);
    assert_string_equal(meta_str(o->json, "apiVersion", ""), "agents.x-k8s.io/v1beta1");
    assert_true(meta_time(o->json, "metadata.creationTimestamp", 0) > 1000000000);
    assert_null(meta_get(o->json, "status"));
    assert_int_equal(store_count(f->store, "Sandbox"), 1);

    assert_int_equal(
        write_one(f, (struct store_op){.type = STORE_CREATE, .kind = "Sandbox", .object = again}),
        RPC_ALREADY_EXISTS);
    assert_string_equal(f->err.reason, "AlreadyExists");
}

static void test_generate_name(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        json_t *j = sandbox("x");

        meta_remove(j, "metadata.name");
        assert_int_equal(meta_set_str(j, "metadata.generateName", "pool-", NULL), 0);
        create(f, j);
        assert_int_equal(strncmp(f->last->name, "pool-", 5), 0);
        assert_int_equal(strlen(f->last->name), 10);
    }
    assert_int_equal(store_count(f->store, "Sandbox"), 2);
}

static void test_bad_input(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"metadata\":{\"name\":\"A_B\",\"namespace\":\"default\"}}",
        "{\"metadata\":{\"name\":\"a\",\"namespace\":\"a.b\"}}",
        "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\",\"namespace\":\"default\"}}",
        "{\"apiVersion\":\"v7\",\"metadata\":{\"name\":\"a\",\"namespace\":\"default\"}}",
        "[]",
    };
    struct fixture *f = *state;
    struct err err = {0};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_json_ json_t *j = meta_parse(bad[i], strlen(bad[i]), 1000, &err);

        assert_int_equal(
            write_one(f, (struct store_op){.type = STORE_CREATE, .kind = "Sandbox", .object = j}),
            RPC_INVALID_ARGUMENT);
        assert_string_equal(f->err.reason, "BadRequest");
    }
    assert_int_equal(
        write_one(
            f, (struct store_op){.type = STORE_DELETE, .kind = "Nothing", .name = "a", .ns = ""}),
        RPC_INVALID_ARGUMENT);
    assert_true(store_write(f->store, NULL, 0, NULL, NULL, &err) < 0);
}

static void test_too_large(void **state)
{
    struct fixture *f = *state;
    _cleanup_json_ json_t *j = sandbox("big");
    _cleanup_(freep) char *text = calloc(1, LIMIT_OBJECT + 1);

    assert_non_null(text);
    memset(text, 'x', LIMIT_OBJECT);
    assert_int_equal(meta_set_str(j, "spec.text", text, NULL), 0);
    assert_int_equal(
        write_one(f, (struct store_op){.type = STORE_CREATE, .kind = "Sandbox", .object = j}),
        RPC_RESOURCE_EXHAUSTED);
    assert_string_equal(f->err.reason, "TooLarge");
    assert_null(get(f, "big"));
}

static void test_not_found(void **state)
{
    static const char *const cases[][3] = {{"SandboxClaim", "ClaimNotFound", "no claim \"w\""},
                                           {"SandboxWarmPool", "PoolNotFound", "no pool \"w\""},
                                           {"SandboxTemplate", "TemplateNotFound", "no template"},
                                           {"Sandbox", "SandboxNotFound", "no sandbox \"w\""},
                                           {"Pod", "PodNotFound", "no pod \"w\""}};
    struct fixture *f = *state;
    struct err err;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_null(store_need(f->store, cases[i][0], "default", "w", &err));
        assert_int_equal(err.code, RPC_NOT_FOUND);
        assert_string_equal(err.reason, cases[i][1]);
        assert_non_null(strstr(err.msg, cases[i][2]));
        assert_int_equal(write_one(f, (struct store_op){.type = STORE_DELETE,
                                                        .kind = cases[i][0],
                                                        .ns = "default",
                                                        .name = "w"}),
                         RPC_NOT_FOUND);
        assert_string_equal(f->err.reason, cases[i][1]);
    }
}

static void test_update(void **state)
{
    struct fixture *f = *state;
    _cleanup_(store_object_unrefp) struct store_object *first = NULL;
    _cleanup_json_ json_t *j = NULL;
    struct store_op op = {.type = STORE_UPDATE, .kind = "Sandbox"};

    create(f, sandbox("a"));
    first = store_object_ref(get(f, "a"));
    op.object = j = store_object_edit(first, NULL);
    op.resource_version = first->resource_version;
    op.uid = first->uid;

    assert_int_equal(write_one(f, op), RPC_OK); /* nothing new */
    assert_int_equal(get(f, "a")->resource_version, first->resource_version);

    assert_int_equal(meta_set_label(j, "app", "b", NULL), 0);
    assert_int_equal(meta_set_str(j, "status.x", "ignored", NULL), 0);
    assert_int_equal(meta_set_str(j, "metadata.uid", "ignored", NULL), 0);
    assert_int_equal(write_one(f, op), RPC_OK);
    assert_string_equal(meta_label(get(f, "a")->json, "app"), "b");
    assert_int_equal(get(f, "a")->generation, 1);
    assert_string_equal(get(f, "a")->uid, first->uid);
    assert_null(meta_get(get(f, "a")->json, "status"));
    assert_true(get(f, "a")->resource_version > first->resource_version);
    assert_string_equal(meta_label(first->json, "app"), "a"); /* snapshots stay */

    assert_int_equal(write_one(f, op), RPC_ABORTED); /* the old version */
    assert_string_equal(f->err.reason, "Conflict");
    op.resource_version = 0;
    op.uid = "another";
    assert_int_equal(write_one(f, op), RPC_ABORTED);
    op.uid = NULL;
    assert_int_equal(meta_set_int(j, "spec.n", 2, NULL), 0);
    meta_remove(j, "metadata.labels");
    assert_int_equal(write_one(f, op), RPC_OK);
    assert_int_equal(get(f, "a")->generation, 2);
    assert_null(meta_label(get(f, "a")->json, "app"));
}

static void test_status(void **state)
{
    struct fixture *f = *state;
    _cleanup_json_ json_t *j =
        json_pack("{s{ss} s{si ss}}", "spec", "n", "ignored", "status", "a", 1, "b", "x");
    _cleanup_json_ json_t *p = json_pack("{s{si sn}}", "status", "a", 2, "b");
    struct store_op op = {
        .type = STORE_UPDATE_STATUS, .kind = "Sandbox", .ns = "default", .name = "a", .object = j};
    uint64_t version;

    create(f, sandbox("a"));
    assert_int_equal(write_one(f, op), RPC_OK);
    assert_int_equal(meta_int(get(f, "a")->json, "status.a", 0), 1);
    assert_int_equal(meta_int(get(f, "a")->json, "spec.n", 0), 1);
    assert_int_equal(get(f, "a")->generation, 1);
    version = get(f, "a")->resource_version;
    assert_int_equal(write_one(f, op), RPC_OK);
    assert_int_equal(get(f, "a")->resource_version, version);

    op.type = STORE_PATCH_STATUS;
    op.object = p;
    assert_int_equal(write_one(f, op), RPC_OK);
    assert_int_equal(meta_int(get(f, "a")->json, "status.a", 0), 2);
    assert_null(meta_get(get(f, "a")->json, "status.b"));
}

static void test_patch(void **state)
{
    struct fixture *f = *state;
    _cleanup_json_ json_t *p =
        json_pack("{s{s{sn ss}} s{si}}", "metadata", "labels", "app", "new", "1", "spec", "m", 5);
    struct store_op op = {
        .type = STORE_PATCH, .kind = "Sandbox", .ns = "default", .name = "a", .object = p};

    create(f, sandbox("a"));
    assert_int_equal(write_one(f, op), RPC_OK);
    assert_null(meta_label(get(f, "a")->json, "app"));
    assert_string_equal(meta_label(get(f, "a")->json, "new"), "1");
    assert_int_equal(meta_int(get(f, "a")->json, "spec.n", 0), 1);
    assert_int_equal(meta_int(get(f, "a")->json, "spec.m", 0), 5);
    assert_int_equal(get(f, "a")->generation, 2);
}

static void test_lists(void **state)
{
    static const char *const names[] = {"c", "a", "e", "b", "d"};
    struct fixture *f = *state;
    struct store_query q = {.kind = "Sandbox", .ns = "default"};
    char seen[8] = "";
    _cleanup_json_ json_t *other = sandbox("0");

    assert_int_equal(meta_set_str(other, "metadata.namespace", "zzz", NULL), 0);
    create(f, json_incref(other));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        json_t *j = sandbox(names[i]);

        assert_int_equal(meta_set_label(j, "odd", i % 2 ? "yes" : NULL, NULL), 0);
        create(f, j);
    }
    STORE_FOREACH(o, f->store, &q)
    strcat(seen, o->name);
    assert_string_equal(seen, "abcde");
    assert_string_equal(store_next_after(f->store, &q, "default", "bb")->name, "c");
    assert_null(store_next_after(f->store, &q, "default", "e"));
    q.ns = NULL;
    assert_string_equal(store_next_after(f->store, &q, "default", "e")->name, "0");
    q.label_key = "odd";
    q.label_value = "yes";
    assert_string_equal(store_next(f->store, &q, NULL)->name, "a");
    assert_string_equal(store_next(f->store, &q, store_next(f->store, &q, NULL))->name, "b");
    q.label_value = "no";
    assert_null(store_next(f->store, &q, NULL));
    q = (struct store_query){.kind = "Nothing"};
    assert_null(store_next(f->store, &q, NULL));
}

static void test_delete_and_finalizers(void **state)
{
    struct fixture *f = *state;
    struct store_op del = {.type = STORE_DELETE, .kind = "Sandbox", .ns = "default", .name = "a"};
    json_t *j = sandbox("a");
    _cleanup_json_ json_t *edited = NULL;
    uint64_t version;

    assert_int_equal(meta_add_finalizer(j, "x/hold", NULL), 0);
    create(f, j);
    del.uid = "another";
    assert_int_equal(write_one(f, del), RPC_ABORTED);
    del.uid = NULL;
    assert_int_equal(write_one(f, del), RPC_OK);
    assert_true(get(f, "a")->is_deleting);
    assert_true(f->last->is_deleting);
    version = get(f, "a")->resource_version;
    assert_int_equal(write_one(f, del), RPC_OK); /* twice is once */
    assert_int_equal(get(f, "a")->resource_version, version);

    edited = store_object_edit(get(f, "a"), NULL);
    assert_true(meta_remove_finalizer(edited, "x/hold"));
    assert_int_equal(
        write_one(f, (struct store_op){.type = STORE_UPDATE, .kind = "Sandbox", .object = edited}),
        RPC_OK);
    assert_null(get(f, "a"));
    assert_int_equal(store_count(f->store, "Sandbox"), 0);

    create(f, sandbox("b"));
    del.name = "b";
    assert_int_equal(write_one(f, del), RPC_OK);
    assert_null(get(f, "b"));
    assert_null(store_get_by_uid(f->store, f->last->uid));
}

/* Two in one call: the owner reference is written before the uid is known. */
static void create_owned(struct fixture *f, const char *owner, const char *dependent)
{
    _cleanup_json_ json_t *o = sandbox(owner), *d = sandbox(dependent);
    struct meta_owner ref = {"agents.x-k8s.io/v1beta1", "Sandbox", owner, "", true, true};
    struct store_op ops[] = {{.type = STORE_CREATE, .kind = "Sandbox", .object = o},
                             {.type = STORE_CREATE, .kind = "Sandbox", .object = d}};

    assert_int_equal(meta_set_owner(d, &ref, NULL), 0);
    if (write_all(f, ops, 2) != RPC_OK)
        fail_msg("%s", f->err.msg);
    assert_string_equal(meta_str(meta_controller_ref(get(f, dependent)->json), "uid", ""),
                        get(f, owner)->uid);
}

static void test_owners(void **state)
{
    struct fixture *f = *state;
    struct store_query q = {.kind = "Sandbox"};
    json_t *j = sandbox("c");
    struct meta_owner ref = {"agents.x-k8s.io/v1beta1", "Sandbox", "nobody", "", true, true};

    create_owned(f, "a", "b");
    q.owner_uid = get(f, "a")->uid;
    assert_string_equal(store_next(f->store, &q, NULL)->name, "b");
    assert_null(store_next(f->store, &q, get(f, "b")));
    q.kind = "Pod";
    assert_null(store_next(f->store, &q, NULL));
    q.kind = "Sandbox";
    q.owner_uid = get(f, "b")->uid;
    assert_null(store_next(f->store, &q, NULL));

    assert_int_equal(meta_set_owner(j, &ref, NULL), 0);
    assert_int_equal(
        write_one(f, (struct store_op){.type = STORE_CREATE, .kind = "Sandbox", .object = j}),
        RPC_NOT_FOUND);
    assert_string_equal(f->err.reason, "SandboxNotFound");
    json_decref(j);
}

static void test_collection(void **state)
{
    struct fixture *f = *state;
    struct store_op del = {.type = STORE_DELETE, .kind = "Sandbox", .ns = "default", .name = "a"};

    if (!(suite->traits & CONFORMANCE_COLLECTS))
        return;
    create_owned(f, "a", "b");
    assert_int_equal(write_one(f, del), RPC_OK);
    assert_null(get(f, "a"));
    wait_gone(f, "b");

    create_owned(f, "a", "b");
    del.foreground = true;
    assert_int_equal(write_one(f, del), RPC_OK);
    assert_true(get(f, "a")->is_deleting); /* waits for b */
    wait_gone(f, "b");
    wait_gone(f, "a");
}

static void test_graceful(void **state)
{
    struct fixture *f = *state;
    _cleanup_json_ json_t *pod = sandbox("p"),
                          *bind = json_pack("{s{ss}}", "spec", "nodeName", "here");
    struct store_op op = {.type = STORE_CREATE, .kind = "Pod", .object = pod};
    struct store_op del = {.type = STORE_DELETE, .kind = "Pod", .ns = "default", .name = "p"};

    if (!(suite->traits & CONFORMANCE_COLLECTS))
        return;
    assert_int_equal(write_one(f, op), RPC_OK);
    assert_int_equal(write_one(f, del), RPC_OK); /* no node yet */
    assert_null(store_get(f->store, "Pod", "default", "p"));

    assert_int_equal(write_one(f, op), RPC_OK);
    assert_int_equal(write_one(f, (struct store_op){.type = STORE_PATCH,
                                                    .kind = "Pod",
                                                    .ns = "default",
                                                    .name = "p",
                                                    .object = bind}),
                     RPC_OK);
    assert_int_equal(write_one(f, del), RPC_OK);
    assert_true(store_get(f->store, "Pod", "default", "p")->is_deleting);
    assert_int_equal(meta_int(store_get(f->store, "Pod", "default", "p")->json,
                              "metadata.deletionGracePeriodSeconds", 0),
                     30);
    assert_int_equal(write_one(f, del), RPC_OK);
    assert_non_null(store_get(f->store, "Pod", "default", "p"));
    del.now = true;
    assert_int_equal(write_one(f, del), RPC_OK);
    assert_null(store_get(f->store, "Pod", "default", "p"));
}

static void test_atomic(void **state)
{
    struct fixture *f = *state;
    _cleanup_json_ json_t *a = sandbox("a"), *b = sandbox("b");
    struct store_op ops[] = {
        {.type = STORE_CREATE, .kind = "Sandbox", .object = a},
        {.type = STORE_CREATE, .kind = "Sandbox", .object = b},
        {.type = STORE_DELETE, .kind = "Sandbox", .ns = "default", .name = "nobody"},
    };

    if (!(suite->traits & CONFORMANCE_ATOMIC))
        return;
    assert_int_equal(write_all(f, ops, 3), RPC_NOT_FOUND);
    assert_int_equal(f->failed, 2);
    assert_null(get(f, "a"));
    assert_null(get(f, "b"));
    /* Two calls of one round: the second sees the first, and each fails for itself. */
    ops[2] =
        (struct store_op){.type = STORE_DELETE, .kind = "Sandbox", .ns = "default", .name = "a"};
    assert_int_equal(store_write(f->store, &ops[0], 1, NULL, NULL, NULL), 0);
    assert_int_equal(store_write(f->store, &ops[0], 1, NULL, NULL, NULL), 0);
    assert_null(get(f, "a"));
    assert_int_equal(write_one(f, ops[2]), RPC_OK);
    assert_null(get(f, "a"));
}

struct seen {
    struct fixture *f;
    struct store_watch *watch;
    char text[256];
    size_t n;
    uint64_t version;
    bool is_done_first;
    bool ends;
};

static void on_event(const struct store_event *ev, void *user)
{
    struct seen *s = user;

    assert_true(ev->resource_version > s->version);
    s->version = ev->resource_version;
    s->is_done_first |= s->f->is_done;
    s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, "%c%s ", "+~-"[ev->type],
                             ev -> object -> name);
    if (s->ends) {
        store_watch_free(s->watch);
        s->watch = NULL;
    }
}

static void test_watch(void **state)
{
    struct fixture *f = *state;
    struct seen s = {.f = f}, all = {.f = f, .ends = true};
    struct store_op op = {.type = STORE_DELETE, .kind = "Sandbox", .ns = "default", .name = "a"};
    _cleanup_json_ json_t *other = sandbox("p"), *status = json_pack("{s{si}}", "status", "a", 1);

    assert_true(store_watch_new(&s.watch, f->store, "Nothing", on_event, &s, NULL) < 0);
    assert_int_equal(store_watch_new(&s.watch, f->store, "Sandbox", on_event, &s, NULL), 0);
    assert_int_equal(store_watch_new(&all.watch, f->store, NULL, on_event, &all, NULL), 0);
    create(f, sandbox("a"));
    assert_int_equal(
        write_one(
            f, (struct store_op){.type = STORE_CREATE, .kind = "SandboxTemplate", .object = other}),
        RPC_OK);
    op.type = STORE_UPDATE_STATUS;
    op.object = status;
    assert_int_equal(write_one(f, op), RPC_OK);
    assert_int_equal(write_one(f, op), RPC_OK); /* no change, no event */
    op.type = STORE_DELETE;
    assert_int_equal(write_one(f, op), RPC_OK);
    assert_string_equal(s.text, "+a ~a -a ");
    assert_string_equal(all.text, "+a ");
    assert_false(s.is_done_first);
    store_watch_free(s.watch);
}

/* Of claims: on Kubernetes clients watch no other kind by way of us. */
static void create_claim(struct fixture *f, const char *name)
{
    json_t *claim = json_pack("{s{ss ss} s{s{ss}}}", "metadata", "name", name, "namespace",
                              "default", "spec", "warmPoolRef", "name", "pool");

    assert_non_null(claim);
    assert_int_equal(
        write_one(f,
                  (struct store_op){.type = STORE_CREATE, .kind = "SandboxClaim", .object = claim}),
        RPC_OK);
    json_decref(claim);
}

static void test_replay(void **state)
{
    struct fixture *f = *state;
    struct seen s = {.f = f};
    uint64_t version;
    struct err err;

    create_claim(f, "a");
    version = store_revision(f->store);
    assert_int_equal(store_replay(f->store, "SandboxClaim", version, on_event, &s, &err), 0);
    assert_string_equal(s.text, "");
    create_claim(f, "b");
    assert_int_equal(write_one(f, (struct store_op){.type = STORE_DELETE,
                                                    .kind = "SandboxClaim",
                                                    .ns = "default",
                                                    .name = "a"}),
                     RPC_OK);
    assert_int_equal(store_replay(f->store, "SandboxClaim", version, on_event, &s, &err), 0);
    assert_string_equal(s.text, "+b -a ");
    assert_true(store_replay(f->store, "SandboxClaim", version + 1000000, on_event, &s, &err) < 0);
    assert_string_equal(err.reason, "Expired");
}

static void test_forget(void **state)
{
    struct fixture *f = *state;
    _cleanup_json_ json_t *a = sandbox("a");
    struct store_op op = {.type = STORE_CREATE, .kind = "Sandbox", .object = a};
    uint64_t end = clock_monotonic_ms() + WAIT_MS;
    int gone = 0;

    assert_int_equal(store_write(f->store, &op, 1, on_done, &gone, NULL), 0);
    store_forget(f->store, &gone);
    create(f, sandbox("b"));
    while (!get(f, "a") && clock_monotonic_ms() < end) /* may be answered after b */
        (void)loop_turn(f->loop, false);
    assert_non_null(get(f, "a"));
}

int store_conformance(const struct conformance *c)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create, setup, teardown),
        cmocka_unit_test_setup_teardown(test_generate_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_input, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_update, setup, teardown),
        cmocka_unit_test_setup_teardown(test_status, setup, teardown),
        cmocka_unit_test_setup_teardown(test_patch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_delete_and_finalizers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_owners, setup, teardown),
        cmocka_unit_test_setup_teardown(test_collection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_graceful, setup, teardown),
        cmocka_unit_test_setup_teardown(test_atomic, setup, teardown),
        cmocka_unit_test_setup_teardown(test_watch, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replay, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forget, setup, teardown),
    };

    suite = c;
    return cmocka_run_group_tests_name(c->name, tests, NULL, NULL);
}
