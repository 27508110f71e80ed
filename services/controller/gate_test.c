/* Who may, on Kubernetes: the gate before ClaimService with an API server that answers reviews as
 * the test says, and counts them. */
#include "services/controller/service_scene.h"

#include "agentsandbox/v1/claim.rpc.h"
#include "lib/rpc/metadata.h"
#include "services/controller/claim_service.h"
#include "services/controller/gate.h"

enum { MAX_OPEN = 16 };

/* An API server: alice may do all in "default", bob may get claim "web-1" only. */
struct api {
    uint64_t now_ms;
    struct {
        enum who_review kind;
        json_t *body;
        who_answer_fn fn;
        void *user;
    } open[MAX_OPEN];
    size_t n_open;
    unsigned n_tokens, n_access;
    bool is_down, is_slow, is_follower;
};

struct door {
    struct scene scene;
    struct api api;
    struct who *who;
    struct gate *gate;
    struct claim_service *claims;
};

static int api_post(void *user, enum who_review kind, const json_t *body, who_answer_fn fn,
                    void *fn_user, struct err *err)
{
    struct api *a = user;

    (void)err;
    assert_true(a->n_open < MAX_OPEN);
    a->open[a->n_open].kind = kind;
    a->open[a->n_open].body = json_deep_copy(body);
    a->open[a->n_open].fn = fn;
    a->open[a->n_open++].user = fn_user;
    *(kind == WHO_TOKEN_REVIEW ? &a->n_tokens : &a->n_access) += 1;
    return 0;
}

static uint64_t api_now(void *user)
{
    return ((struct api *)user)->now_ms;
}

static json_t *judge_token(const json_t *body)
{
    const char *token = obj_str_or(body, "spec.token", "");

    if (strncmp(token, "token-of-", 9) != 0)
        return json_pack("{s:{s:b, s:s}}", "status", "authenticated", 0, "error", "unknown");
    return json_pack("{s:{s:b, s:{s:s, s:s, s:[s], s:{s:[s]}}}}", "status", "authenticated", 1,
                     "user", "username", token + 9, "uid", "7", "groups", "agents", "extra", "pod",
                     "x");
}

static json_t *judge_access(const json_t *body)
{
    const json_t *what = obj_get(body, "spec.resourceAttributes");
    const char *user = obj_str_or(body, "spec.user", "");
    bool in_default = strcmp(obj_str_or(what, "namespace", ""), "default") == 0;
    bool may = strcmp(user, "alice") == 0 && in_default;

    assert_string_equal(obj_str_or(what, "group", ""), "extensions.agents.x-k8s.io");
    assert_string_equal(obj_str_or(what, "resource", ""), "sandboxclaims");
    if (strcmp(user, "alice") == 0) /* all that the token said of her is passed on */
        assert_string_equal(json_string_value(json_array_get(obj_get(body, "spec.extra.pod"), 0)),
                            "x");
    if (strcmp(user, "bob") == 0)
        may = in_default && strcmp(obj_str_or(what, "verb", ""), "get") == 0 &&
              strcmp(obj_str_or(what, "name", ""), "web-1") == 0;
    return json_pack("{s:{s:b, s:s}}", "status", "allowed", may, "reason", may ? "" : "no rule");
}

static void api_turn(struct api *a)
{
    while (a->n_open > 0 && !a->is_slow) {
        const struct err down = {
            .code = RPC_UNAVAILABLE, .reason = "ApiServerUnreachable", .msg = "it is down"};
        enum who_review kind = a->open[0].kind;
        who_answer_fn fn = a->open[0].fn;
        void *user = a->open[0].user;
        json_t *body = a->open[0].body;
        json_t *answer = kind == WHO_TOKEN_REVIEW ? judge_token(body) : judge_access(body);

        a->n_open--;
        memmove(&a->open[0], &a->open[1], a->n_open * sizeof(a->open[0]));
        fn(a->is_down ? &down : NULL, a->is_down ? NULL : answer, user);
        json_decref(answer);
        json_decref(body);
    }
}

static bool leads(const char **leader, void *user)
{
    const struct door *d = user;

    *leader = "controller-1_x";
    return !d->api.is_follower;
}

static struct door *up(void)
{
    struct door *d = calloc(1, sizeof(*d));
    const struct who_ops ops = {.post = api_post, .now_ms = api_now, .user = &d->api};
    struct gate_opts opts = {.leads = leads, .user = d};
    struct err err;

    scene_up(&d->scene);
    d->api.now_ms = 1000;
    assert_int_equal(who_new(&d->who, &ops, &err), 0);
    opts.who = d->who;
    assert_int_equal(gate_new(&d->gate, &opts, &err), 0);
    assert_int_equal(claim_service_new(&d->claims, &d->scene.ctl, d->scene.server, d->gate, &err),
                     0);
    scene_template(&d->scene, "t");
    scene_pool(&d->scene, "p", "t", 2);
    SCENE_WHILE(&d->scene, members_n_ready(&d->scene.ctl.members, "default", "p") != 2);
    return d;
}

static void down(struct door *d)
{
    scene_hang_up(&d->scene);
    claim_service_free(d->claims);
    gate_free(d->gate);
    who_free(d->who);
    for (size_t i = 0; i < d->api.n_open; i++)
        json_decref(d->api.open[i].body);
    scene_down(&d->scene);
    free(d);
}

static void start(struct door *d, const struct rpc_method_desc *m, const char *token,
                  const ProtobufCMessage *req, struct scene_answer *a)
{
    struct rpc_metadata md;
    struct arena arena;
    struct rpc_call_opts opts = {.timeout_ms = 20000, .metadata = &md};
    char text[200];
    struct err err;

    arena_init(&arena, 65536);
    rpc_metadata_init(&md, &arena);
    (void)snprintf(text, sizeof(text), "Bearer %s", token);
    if (*token)
        assert_int_equal(rpc_metadata_add_str(&md, "authorization", text, &err), 0);
    *a = (struct scene_answer){0};
    assert_int_equal(rpc_unary(d->scene.channel, m, &opts, req, scene_on_answer, a, NULL, &err), 0);
    arena_done(&arena);
}

static void call(struct door *d, const struct rpc_method_desc *m, const char *token,
                 const ProtobufCMessage *req, struct scene_answer *a)
{
    uint64_t end = clock_monotonic_ms() + 20000;

    start(d, m, token, req, a);
    while (!a->is_done && clock_monotonic_ms() < end) {
        (void)loop_turn(d->scene.loop, false);
        api_turn(&d->api);
    }
    assert_true(a->is_done);
}

static void create(struct door *d, const char *token, const char *name, const char *ns,
                   struct scene_answer *a)
{
    Agentsandbox__V1__CreateClaimRequest req = AGENTSANDBOX__V1__CREATE_CLAIM_REQUEST__INIT;
    Agentsandbox__V1__ClaimSpec spec = AGENTSANDBOX__V1__CLAIM_SPEC__INIT;

    spec.source_case = AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_POOL;
    spec.pool = (char *)"p";
    req.spec = &spec;
    req.name = (char *)name;
    req.namespace_ = (char *)ns;
    req.request_id = (char *)"r1";
    call(d, &agentsandbox_v1_claim_service_create_claim_method, token, &req.base, a);
}

static void get(struct door *d, const char *token, const char *name, struct scene_answer *a)
{
    Agentsandbox__V1__GetClaimRequest req = AGENTSANDBOX__V1__GET_CLAIM_REQUEST__INIT;

    req.name = (char *)name;
    call(d, &agentsandbox_v1_claim_service_get_claim_method, token, &req.base, a);
}

static void rules_of_the_api_server_decide(void **state)
{
    struct door *d = up();
    struct scene_answer a;

    (void)state;
    create(d, "token-of-alice", "web-1", "", &a);
    assert_int_equal(a.code, RPC_OK);
    scene_answer_done(&a);
    create(d, "token-of-bob", "web-2", "", &a);
    scene_refused(&a, RPC_PERMISSION_DENIED, "Forbidden",
                  "user \"bob\" cannot create sandboxclaims.extensions.agents.x-k8s.io in "
                  "namespace default: no rule");
    create(d, "token-of-alice", "web-2", "other", &a);
    scene_refused(&a, RPC_PERMISSION_DENIED, "Forbidden", "in namespace other");
    get(d, "token-of-bob", "web-1", &a); /* a rule that names this one */
    assert_int_equal(a.code, RPC_OK);
    scene_answer_done(&a);
    get(d, "token-of-bob", "web-2", &a);
    scene_refused(&a, RPC_PERMISSION_DENIED, "Forbidden", "cannot get");
    create(d, "stolen", "web-3", "", &a);
    scene_refused(&a, RPC_UNAUTHENTICATED, "TokenRefused", "unknown");
    create(d, "", "web-3", "", &a);
    scene_refused(&a, RPC_UNAUTHENTICATED, "Unauthenticated", "Bearer");
    assert_null(store_get(d->scene.store, KIND_CLAIM, "default", "web-2"));
    assert_null(store_get(d->scene.store, KIND_CLAIM, "default", "web-3"));
    down(d);
}

static void the_claim_says_whose_request_it_was(void **state)
{
    struct door *d = up();
    const struct store_object *o;
    struct scene_answer a;

    (void)state;
    create(d, "token-of-alice", "web-1", "", &a);
    assert_int_equal(a.code, RPC_OK);
    scene_answer_done(&a);
    o = store_get(d->scene.store, KIND_CLAIM, "default", "web-1");
    assert_string_equal(obj_annotation(o->json, A_REQUEST_ID), "alice/r1");
    down(d);
}

static void verdicts_are_kept_ten_seconds(void **state)
{
    struct door *d = up();
    struct scene_answer a;

    (void)state;
    for (int i = 0; i < 3; i++) {
        get(d, "token-of-alice", "web-1", &a);
        scene_refused(&a, RPC_NOT_FOUND, "ClaimNotFound", "web-1");
    }
    assert_int_equal(d->api.n_tokens, 1);
    assert_int_equal(d->api.n_access, 1);
    d->api.now_ms += WHO_KEEP_MS - 1;
    get(d, "token-of-alice", "web-1", &a);
    scene_answer_done(&a);
    assert_int_equal(d->api.n_tokens, 1);
    d->api.now_ms += 1;
    get(d, "token-of-alice", "web-1", &a);
    scene_answer_done(&a);
    assert_int_equal(d->api.n_tokens, 2);
    assert_int_equal(d->api.n_access, 2);
    down(d);
}

static void same_questions_wait_for_one_review(void **state)
{
    Agentsandbox__V1__GetClaimRequest req = AGENTSANDBOX__V1__GET_CLAIM_REQUEST__INIT;
    struct door *d = up();
    struct scene_answer a[8];

    (void)state;
    req.name = (char *)"web-1";
    d->api.is_slow = true;
    for (size_t i = 0; i < ARRAY_SIZE(a); i++)
        start(d, &agentsandbox_v1_claim_service_get_claim_method, "token-of-alice", &req.base,
              &a[i]);
    SCENE_WHILE(&d->scene, d->api.n_tokens == 0);
    for (int i = 0; i < 50; i++)
        (void)loop_turn(d->scene.loop, false);
    d->api.is_slow = false;
    for (size_t i = 0; i < ARRAY_SIZE(a); i++) {
        while (!a[i].is_done) {
            (void)loop_turn(d->scene.loop, false);
            api_turn(&d->api);
        }
        scene_refused(&a[i], RPC_NOT_FOUND, "ClaimNotFound", "web-1");
    }
    assert_int_equal(d->api.n_tokens, 1);
    assert_int_equal(d->api.n_access, 1);
    down(d);
}

static void an_api_server_that_is_down_is_no_verdict(void **state)
{
    struct door *d = up();
    struct scene_answer a;

    (void)state;
    d->api.is_down = true;
    get(d, "token-of-alice", "web-1", &a);
    scene_refused(&a, RPC_UNAVAILABLE, "ApiServerUnreachable", "checking the caller");
    d->api.is_down = false;
    get(d, "token-of-alice", "web-1", &a);
    scene_refused(&a, RPC_NOT_FOUND, "ClaimNotFound", "web-1");
    down(d);
}

/* A caller that hangs up while it is being checked leaves nothing behind. */
static void callers_may_leave(void **state)
{
    Agentsandbox__V1__GetClaimRequest req = AGENTSANDBOX__V1__GET_CLAIM_REQUEST__INIT;
    struct door *d = up();
    struct scene_answer a;

    (void)state;
    req.name = (char *)"web-1";
    d->api.is_slow = true;
    start(d, &agentsandbox_v1_claim_service_get_claim_method, "token-of-alice", &req.base, &a);
    SCENE_WHILE(&d->scene, d->api.n_tokens == 0);
    rpc_channel_free(d->scene.channel);
    d->scene.channel = NULL;
    for (int i = 0; i < 50; i++)
        (void)loop_turn(d->scene.loop, false);
    d->api.is_slow = false;
    api_turn(&d->api);
    assert_int_equal(d->api.n_access, 0);
    down(d);
}

static void who_does_not_lead_names_the_leader(void **state)
{
    struct door *d = up();
    struct scene_answer a;

    (void)state;
    d->api.is_follower = true;
    get(d, "token-of-alice", "web-1", &a);
    scene_refused(&a, RPC_UNAVAILABLE, "NotLeader", "controller-1_x");
    assert_int_equal(d->api.n_tokens, 0);
    down(d);
}

static void strangers_do_not_fill_memory(void **state)
{
    struct door *d = up();
    struct scene_answer a;
    char token[64];

    (void)state;
    for (int i = 0; i < WHO_MAX_KEPT + 50; i++) {
        (void)snprintf(token, sizeof(token), "stranger-%d", i);
        get(d, token, "web-1", &a);
        scene_refused(&a, RPC_UNAUTHENTICATED, "TokenRefused", "unknown");
    }
    assert_int_equal(d->api.n_tokens, WHO_MAX_KEPT + 50);
    get(d, "stranger-0", "web-1", &a); /* the oldest verdicts went first */
    scene_answer_done(&a);
    assert_int_equal(d->api.n_tokens, WHO_MAX_KEPT + 51);
    down(d);
}

static void subjects_become_users(void **state)
{
    static const struct {
        const char *subject, *user, *group;
    } cases[] = {
        {"CN=ci,O=agents", "ci", "agents"},
        {"O=a\\,b,CN=x\\2By", "x+y", "a,b"},
        {"CN=only", "only", NULL},
        {"CN=a+O=g", "a", "g"},
        {"O=agents", NULL, NULL},
        {"CN=a,CN=b", NULL, NULL},
        {"CN=", NULL, NULL},
        {"CN", NULL, NULL},
        {"CN=a\\", NULL, NULL},
        {"", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *user = who_of_subject(cases[i].subject);

        if (!cases[i].user) {
            assert_null(user);
            continue;
        }
        assert_non_null(user);
        assert_string_equal(obj_str(user, "user"), cases[i].user);
        if (cases[i].group)
            assert_string_equal(json_string_value(json_array_get(obj_get(user, "groups"), 1)),
                                cases[i].group);
        json_decref(user);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_the_api_server_decide),
        cmocka_unit_test(the_claim_says_whose_request_it_was),
        cmocka_unit_test(verdicts_are_kept_ten_seconds),
        cmocka_unit_test(same_questions_wait_for_one_review),
        cmocka_unit_test(an_api_server_that_is_down_is_no_verdict),
        cmocka_unit_test(callers_may_leave),
        cmocka_unit_test(who_does_not_lead_names_the_leader),
        cmocka_unit_test(strangers_do_not_fill_memory),
        cmocka_unit_test(subjects_become_users),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
