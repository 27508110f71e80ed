/* Requests against a server that answers by script: what goes out, what each answer means. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "lib/api/meta.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/kube/fake_server.h"
#include "lib/kube/kube_client.h"
#include "lib/kube/kube_config.h"

#define WAIT_MS 10000

static const struct kube_resource claims = {.api_version = "extensions.agents.x-k8s.io/v1beta1",
                                            .plural = "sandboxclaims",
                                            .kind = "SandboxClaim"};
static const struct kube_resource pods = {.api_version = "v1", .plural = "pods", .kind = "Pod"};

/* What the server does with the next requests. */
struct step {
    int status;          /* 0: says nothing */
    const char *headers; /* NULL: none      */
    const char *body;    /* NULL: {}        */
    bool cuts;           /* half of the body, then the end of the connection */
};

struct scene {
    struct loop *loop;
    struct fake_server server;
    struct kube_client *client;
    const struct step *steps; /* the last one again and again */
    size_t n_steps, at;
    char folder[64];
    /* the last outcome */
    int n_done;
    struct err err;
    int status;
    bool is_uncertain;
    char text[64]; /* metadata.name of the answer */
    char order[64];
    bool is_ahead; /* ask_many() */
};

static void serve(struct fake_conn *c, const struct fake_request *req, void *user)
{
    struct scene *s = user;
    const struct step *step = &s->steps[MIN(s->at, s->n_steps - 1)];
    const char *body = step->body ? step->body : "{}";
    char head[128];

    (void)req;
    s->at++;
    if (step->status == 0)
        return;
    if (!step->cuts) {
        fake_answer(c, step->status, step->headers ? step->headers : "", body);
        return;
    }
    (void)snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n", step->status,
                   strlen(body));
    fake_raw(c, head, strlen(head));
    fake_raw(c, body, strlen(body) / 2);
    fake_close(c);
}

static struct kube_client *client_of(struct scene *s, const char *user_yaml,
                                     const struct kube_client_opts *opts)
{
    struct kube_config *config;
    struct kube_client *c;
    struct err err = {0};
    char yaml[2048];

    (void)snprintf(yaml, sizeof(yaml),
                   "{current-context: c, contexts: [{name: c, context: {cluster: k, user: u}}],\n"
                   "clusters: [{name: k, cluster: {server: \"http://127.0.0.1:%d\"}}],\n"
                   "users: [{name: u, user: %s}]}",
                   s->server.port, user_yaml);
    if (kube_config_parse(&config, "test", s->folder, yaml, strlen(yaml), NULL, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(kube_client_new(&c, s->loop, config, opts, &err), 0);
    return c;
}

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    (void)snprintf(s->folder, sizeof(s->folder), "/tmp/kube-client-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    assert_int_equal(loop_new(&s->loop, NULL), 0);
    fake_start(&s->server, s->loop, serve, s);
    s->client = client_of(s, "{token: secret}", NULL);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    kube_client_free(s->client);
    fake_stop(&s->server);
    loop_free(s->loop);
    assert_int_equal(fd_rm_tree(AT_FDCWD, s->folder, NULL), 0);
    free(s);
    return 0;
}

static void on_done(const struct kube_result *res, void *user)
{
    struct scene *s = user;

    s->n_done++;
    s->err = res->err ? *res->err : (struct err){0};
    s->status = res->status;
    s->is_uncertain = res->is_uncertain;
    (void)snprintf(s->text, sizeof(s->text), "%s", meta_str(res->body, "metadata.name", ""));
}

static void script(struct scene *s, const struct step *steps, size_t n)
{
    s->steps = steps;
    s->n_steps = n;
    s->at = 0;
}

static void wait_done(struct scene *s, int n)
{
    uint64_t end = clock_monotonic_ms() + WAIT_MS;

    while (s->n_done < n && clock_monotonic_ms() < end)
        (void)loop_turn(s->loop, false);
    assert_int_equal(s->n_done, n);
}

static void wait_requests(struct scene *s, size_t n)
{
    uint64_t end = clock_monotonic_ms() + WAIT_MS;

    while (s->server.n_requests < n && clock_monotonic_ms() < end)
        (void)loop_turn(s->loop, false);
    assert_int_equal(s->server.n_requests, n);
}

static void turn_for(struct scene *s, unsigned ms)
{
    uint64_t end = clock_monotonic_ms() + ms;

    while (clock_monotonic_ms() < end)
        (void)loop_turn(s->loop, false);
}

static void ask(struct scene *s, const struct kube_request *req)
{
    struct err err = {0};

    s->n_done = 0;
    if (kube_call(NULL, s->client, req, on_done, s, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(s->n_done, 0); /* never from inside */
    wait_done(s, 1);
}

/* ---- what goes out ---- */

static void test_wire(void **state)
{
    static const struct step ok[] = {{200, NULL, "{\"metadata\":{\"name\":\"a\"}}"}};
    struct scene *s = *state;
    _cleanup_json_ json_t *body = json_pack("{s{ss}}", "spec", "x", "y");
    const struct {
        struct kube_request req;
        const char *method, *target, *type, *body;
    } cases[] = {
        {{.method = KUBE_GET, .resource = &claims, .ns = "n", .name = "a"},
         "GET",
         "/apis/extensions.agents.x-k8s.io/v1beta1/namespaces/n/sandboxclaims/a",
         "",
         ""},
        {{.method = KUBE_GET, .resource = &pods, .query = "limit=5"},
         "GET",
         "/api/v1/pods?limit=5",
         "",
         ""},
        {{.method = KUBE_POST, .resource = &pods, .ns = "n", .body = body},
         "POST",
         "/api/v1/namespaces/n/pods",
         "application/json",
         "{\"spec\":{\"x\":\"y\"}}"},
        {{.method = KUBE_PUT, .resource = &pods, .ns = "n", .name = "a", .body = body},
         "PUT",
         "/api/v1/namespaces/n/pods/a",
         "application/json",
         "{\"spec\":{\"x\":\"y\"}}"},
        {{.method = KUBE_PATCH,
          .resource = &claims,
          .ns = "n",
          .name = "a",
          .subresource = "status",
          .body = body},
         "PATCH",
         "/apis/extensions.agents.x-k8s.io/v1beta1/namespaces/n/sandboxclaims/a/status",
         "application/merge-patch+json",
         "{\"spec\":{\"x\":\"y\"}}"},
        {{.method = KUBE_DELETE, .resource = &pods, .ns = "n", .name = "a/b?c"},
         "DELETE",
         "/api/v1/namespaces/n/pods/a%2Fb%3Fc",
         "",
         ""},
        {{.method = KUBE_GET, .path = "/version"}, "GET", "/version", "", ""},
    };

    script(s, ok, 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ask(s, &cases[i].req);
        assert_int_equal(s->err.code, RPC_OK);
        assert_string_equal(s->text, "a");
        assert_string_equal(fake_last(&s->server)->method, cases[i].method);
        assert_string_equal(fake_last(&s->server)->target, cases[i].target);
        assert_string_equal(fake_last(&s->server)->content_type, cases[i].type);
        assert_string_equal(fake_last(&s->server)->body, cases[i].body);
        assert_string_equal(fake_last(&s->server)->authorization, "Bearer secret");
    }
    assert_int_equal(s->server.n_accepted, 1); /* connections are kept */
}

static void test_delete_options(void **state)
{
    _cleanup_json_ json_t *all = kube_delete_options("u", 7, 0, "Foreground");
    _cleanup_json_ json_t *none = kube_delete_options(NULL, 0, -1, NULL);

    (void)state;
    assert_string_equal(meta_str(all, "preconditions.uid", ""), "u");
    assert_string_equal(meta_str(all, "preconditions.resourceVersion", ""), "7");
    assert_int_equal(meta_int(all, "gracePeriodSeconds", -1), 0);
    assert_string_equal(meta_str(all, "propagationPolicy", ""), "Foreground");
    assert_int_equal(json_object_size(none), 2);
}

/* ---- what answers mean ---- */

#define NAMED "{\"message\":\"m\",\"details\":{\"name\":\"a\"}}"

static void test_statuses(void **state)
{
    static const struct {
        int status;
        const char *body;
        int code;
        const char *reason;
        bool is_uncertain;
    } cases[] = {
        {400, NAMED, RPC_INVALID_ARGUMENT, "BadRequest", false},
        {401, NAMED, RPC_UNAUTHENTICATED, "Unauthorized", false},
        {403, NAMED, RPC_PERMISSION_DENIED, "Forbidden", false},
        {404, NAMED, RPC_NOT_FOUND, "NotFound", false},
        {404, "404 page not found", RPC_NOT_FOUND, "ResourceNotServed", false},
        {405, NAMED, RPC_UNIMPLEMENTED, "MethodNotAllowed", false},
        {409, "{\"reason\":\"AlreadyExists\",\"details\":{\"name\":\"a\"}}", RPC_ALREADY_EXISTS,
         "AlreadyExists", false},
        {409, "{\"reason\":\"Conflict\"}", RPC_ABORTED, "Conflict", false},
        {410, NAMED, RPC_OUT_OF_RANGE, "Expired", false},
        {413, NAMED, RPC_RESOURCE_EXHAUSTED, "TooLarge", false},
        {422, NAMED, RPC_INVALID_ARGUMENT, "Invalid", false},
        {429, NAMED, RPC_RESOURCE_EXHAUSTED, "TooManyRequests", false},
        {500, NAMED, RPC_UNAVAILABLE, "ApiServerError", true},
        {503, "", RPC_UNAVAILABLE, "ApiServerError", true},
        {504, "<html>", RPC_UNAVAILABLE, "ApiServerError", true},
        {302, "", RPC_INTERNAL, "UnexpectedAnswer", false},
        {599, NAMED, RPC_UNAVAILABLE, "ApiServerError", true},
    };
    struct scene *s = *state;
    _cleanup_json_ json_t *body = json_object();

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (int method = KUBE_GET; method <= KUBE_DELETE; method++) {
            const struct step step = {cases[i].status, NULL, cases[i].body};
            struct kube_request req = {.method = (enum kube_method)method,
                                       .resource = &claims,
                                       .ns = "n",
                                       .name = "a",
                                       .body = method == KUBE_GET ? NULL : body,
                                       .timeout_ms = 900}; /* too short to come again */

            script(s, &step, 1);
            ask(s, &req);
            assert_int_equal(s->err.code, cases[i].code);
            assert_string_equal(s->err.reason, cases[i].reason);
            assert_int_equal(s->status, cases[i].status);
            assert_int_equal(s->is_uncertain, cases[i].is_uncertain && method != KUBE_GET);
        }
    }
}

static void test_forbidden_names_the_verb(void **state)
{
    static const struct step no[] = {{403, NULL, "{\"message\":\"RBAC says no\"}"}};
    static const char *const verbs[] = {"get", "create", "update", "patch", "delete"};
    struct scene *s = *state;
    struct kube_request req = {
        .resource = &claims, .ns = "team", .name = "web-1", .subresource = "status"};
    char want[200];

    script(s, no, 1);
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        req.method = (enum kube_method)i;
        ask(s, &req);
        (void)snprintf(want, sizeof(want),
                       "forbidden: cannot %s sandboxclaims.extensions.agents.x-k8s.io/status "
                       "\"web-1\" in namespace \"team\"",
                       verbs[i]);
        assert_non_null(strstr(s->err.msg, want));
        assert_non_null(strstr(s->err.msg, "RBAC says no"));
    }
    req = (struct kube_request){.method = KUBE_GET, .resource = &pods};
    ask(s, &req);
    assert_non_null(strstr(s->err.msg, "cannot list pods"));
}

static void test_comes_again(void **state)
{
    static const struct step busy[] = {{429, "Retry-After: 1\r\n", "{}"},
                                       {503, "Retry-After: 1\r\n", "{}"},
                                       {201, NULL, "{\"metadata\":{\"name\":\"a\"}}"}};
    struct scene *s = *state;
    _cleanup_json_ json_t *body = json_object();
    struct kube_client_stats stats;
    uint64_t began = clock_monotonic_ms();

    script(s, busy, 3);
    ask(s, &(struct kube_request){.method = KUBE_POST, .resource = &pods, .ns = "n", .body = body});
    assert_int_equal(s->err.code, RPC_OK);
    assert_string_equal(s->text, "a");
    assert_true(clock_monotonic_ms() - began >= 2000);
    kube_client_stats(s->client, &stats);
    assert_int_equal(stats.n_retries, 2);
    assert_int_equal(stats.n_writes, 3);
    assert_int_equal(s->server.n_requests, 3);
}

static void test_silent(void **state)
{
    static const struct step steps[] = {{0}, {200, NULL, "{}"}};
    struct scene *s = *state;
    _cleanup_json_ json_t *body = json_object();
    struct kube_request req = {
        .method = KUBE_POST, .resource = &pods, .ns = "n", .body = body, .timeout_ms = 200};

    script(s, steps, 2);
    ask(s, &req);
    assert_int_equal(s->err.code, RPC_DEADLINE_EXCEEDED);
    assert_string_equal(s->err.reason, "Timeout");
    assert_true(s->is_uncertain);
    ask(s, &req); /* over another connection */
    assert_int_equal(s->err.code, RPC_OK);
    assert_int_equal(s->server.n_accepted, 2);
}

static void test_cut_and_garbled(void **state)
{
    static const struct step cut[] = {{200, NULL, "{\"metadata\":{}}", true}};
    static const struct step garbled[] = {{200, NULL, "<html>"}};
    struct scene *s = *state;
    _cleanup_json_ json_t *body = json_object();
    struct kube_request post = {.method = KUBE_POST, .resource = &pods, .ns = "n", .body = body};
    struct kube_request get = {.method = KUBE_GET, .resource = &pods, .ns = "n", .name = "a"};

    script(s, cut, 1);
    ask(s, &post);
    assert_string_equal(s->err.reason, "ApiServerUnreachable");
    assert_int_equal(s->err.code, RPC_UNAVAILABLE);
    assert_true(s->is_uncertain);
    ask(s, &get);
    assert_string_equal(s->err.reason, "ApiServerUnreachable");
    assert_false(s->is_uncertain);
    script(s, garbled, 1);
    ask(s, &post);
    assert_string_equal(s->err.reason, "GarbledAnswer");
    assert_true(s->is_uncertain);
    ask(s, &get);
    assert_string_equal(s->err.reason, "GarbledAnswer");
    assert_false(s->is_uncertain);
}

static void test_bounds(void **state)
{
    static const struct step long_one[] = {{200, NULL, "{\"a\":\"0123456789012345678901234567\"}"}};
    struct scene *s = *state;
    _cleanup_json_ json_t *body = json_pack("{ss}", "a", "0123456789");
    struct kube_request get = {
        .method = KUBE_GET, .resource = &pods, .ns = "n", .name = "a", .max_bytes = 20};
    struct kube_request post = {
        .method = KUBE_POST, .resource = &pods, .ns = "n", .body = body, .max_body_bytes = 10};
    struct err err;

    script(s, long_one, 1);
    ask(s, &get);
    assert_int_equal(s->err.code, RPC_RESOURCE_EXHAUSTED);
    assert_string_equal(s->err.reason, "TooLarge");
    assert_true(kube_call(NULL, s->client, &post, on_done, s, &err) < 0);
    assert_string_equal(err.reason, "TooLarge");
    assert_int_equal(s->server.n_requests, 1);
}

static void test_nobody_there(void **state)
{
    struct scene *s = *state;
    _cleanup_json_ json_t *body = json_object();
    struct kube_client *real = s->client;
    int port = s->server.port;

    s->server.port = 1; /* nothing listens there */
    s->client = client_of(s, "{}", NULL);
    ask(s, &(struct kube_request){.method = KUBE_POST, .resource = &pods, .ns = "n", .body = body});
    assert_int_equal(s->err.code, RPC_UNAVAILABLE);
    assert_string_equal(s->err.reason, "ApiServerUnreachable");
    assert_non_null(strstr(s->err.msg, "http://127.0.0.1:1 "));
    assert_false(s->is_uncertain);
    kube_client_free(s->client);
    s->client = real;
    s->server.port = port;
}

/* ---- order ---- */

static void on_ordered(const struct kube_result *res, void *user)
{
    struct scene *s = user;

    (void)res;
    s->n_done++;
}

static void note_order(struct fake_conn *c, const struct fake_request *req, void *user)
{
    struct scene *s = user;
    const char *name = strrchr(req->target, '/') + 1;

    (void)strncat(s->order, name, sizeof(s->order) - strlen(s->order) - 1);
    fake_answer(c, 200, "", "{}");
}

static void ask_many(struct scene *s, const char *names, enum kube_lane lane)
{
    for (; *names; names++) {
        char name[2] = {*names, '\0'};
        struct kube_request req = {
            .method = KUBE_GET, .resource = &pods, .ns = "n", .name = name, .lane = lane};

        req.is_ahead = s->is_ahead;
        assert_int_equal(kube_call(NULL, s->client, &req, on_ordered, s, NULL), 0);
    }
}

static void test_lanes(void **state)
{
    struct scene *s = *state;
    const struct kube_client_opts opts = {.max_in_flight_first = 1, .max_in_flight_rest = 1};
    const char *at_c, *at_2;

    kube_client_free(s->client);
    s->client = client_of(s, "{}", &opts);
    s->server.fn = note_order;
    ask_many(s, "1234", KUBE_LANE_REST);
    ask_many(s, "abcd", KUBE_LANE_FIRST);
    wait_done(s, 8);
    at_c = strchr(s->order, 'c');
    at_2 = strchr(s->order, '2');
    assert_true(at_c && at_2);
    assert_int_equal(s->order[0], 'a'); /* though it was asked for last */
    /* Each lane keeps its order. */
    assert_true(strchr(s->order, 'a') < strchr(s->order, 'b') && strchr(s->order, 'b') < at_c);
    assert_true(strchr(s->order, '1') < at_2 && at_2 < strchr(s->order, '3'));
}

/* What is to end goes before what begins, in its own order. */
static void test_ahead(void **state)
{
    struct scene *s = *state;
    const struct kube_client_opts opts = {.max_in_flight_first = 1};

    kube_client_free(s->client);
    s->client = client_of(s, "{}", &opts);
    s->server.fn = note_order;
    ask_many(s, "ab", KUBE_LANE_FIRST);
    s->is_ahead = true;
    ask_many(s, "12", KUBE_LANE_FIRST);
    s->is_ahead = false;
    wait_done(s, 4);
    assert_string_equal(s->order, "12ab");
}

/* The other lane shrinks while the first is in use, but not to nothing. */
static void test_rest_beside_first(void **state)
{
    struct scene *s = *state;
    const struct kube_client_opts opts = {
        .max_in_flight_first = 1, .max_in_flight_rest = 4, .max_rest_beside_first = 1};

    kube_client_free(s->client);
    s->client = client_of(s, "{}", &opts);
    s->server.fn = note_order;
    ask_many(s, "1234", KUBE_LANE_REST);
    ask_many(s, "abcd", KUBE_LANE_FIRST);
    wait_done(s, 8);
    assert_true(strchr(s->order, 'b') < strchr(s->order, '4'));
    assert_true(strchr(s->order, '1') < strchr(s->order, 'd'));
}

static void test_rate(void **state)
{
    static const struct step ok[] = {{200, NULL, "{}"}};
    struct scene *s = *state;
    const struct kube_client_opts opts = {.qps = 20, .burst = 2};
    uint64_t began = clock_monotonic_ms();

    kube_client_free(s->client);
    s->client = client_of(s, "{}", &opts);
    script(s, ok, 1);
    ask_many(s, "123456", KUBE_LANE_REST);
    wait_done(s, 6);
    assert_true(clock_monotonic_ms() - began >= 190); /* two at once, four at 50 ms */
}

static void test_cancel(void **state)
{
    static const struct step silent[] = {{0}};
    struct scene *s = *state;
    struct kube_call *waiting, *running, *ended;
    struct kube_request req = {.method = KUBE_GET, .resource = &pods, .ns = "n", .name = "a"};
    struct kube_client_stats stats;

    script(s, silent, 1);
    assert_int_equal(kube_call(&waiting, s->client, &req, on_done, s, NULL), 0);
    kube_call_cancel(waiting);
    assert_int_equal(kube_call(&running, s->client, &req, on_done, s, NULL), 0);
    wait_requests(s, 1);
    kube_call_cancel(running);
    req.timeout_ms = 1;
    assert_int_equal(kube_call(&ended, s->client, &req, on_done, s, NULL), 0);
    kube_call_cancel(ended);
    kube_call_cancel(NULL);
    turn_for(s, 50);
    assert_int_equal(s->n_done, 0);
    kube_client_stats(s->client, &stats);
    assert_int_equal(stats.n_in_flight + stats.n_waiting, 0);
}

static void test_free_with_calls(void **state)
{
    static const struct step silent[] = {{0}};
    struct scene *s = *state;

    script(s, silent, 1);
    ask_many(s, "abc", KUBE_LANE_REST);
    wait_requests(s, 3);
    ask_many(s, "de", KUBE_LANE_REST);
    kube_client_free(s->client);
    s->client = NULL;
    turn_for(s, 20);
    assert_int_equal(s->n_done, 0);
}

/* ---- who we are ---- */

static void write_file(struct scene *s, const char *name, const char *text, int mode)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", s->folder, name);
    assert_int_equal(
        fd_write_file_atomic(AT_FDCWD, path, text, strlen(text), (mode_t)mode, false, NULL), 0);
}

static void test_token_file(void **state)
{
    static const struct step steps[] = {{200, NULL, "{}"}, {401, NULL, "{}"}, {200, NULL, "{}"}};
    struct scene *s = *state;
    struct kube_request req = {.method = KUBE_GET, .resource = &pods, .ns = "n", .name = "a"};

    write_file(s, "token", "one\n", 0600);
    kube_client_free(s->client);
    s->client = client_of(s, "{tokenFile: token}", NULL);
    script(s, steps, 3);
    ask(s, &req);
    assert_string_equal(fake_last(&s->server)->authorization, "Bearer one");
    write_file(s, "token", "two\n", 0600); /* rotated; the old one is refused */
    turn_for(s, 1100);
    ask(s, &req);
    assert_int_equal(s->err.code, RPC_OK);
    assert_string_equal(fake_last(&s->server)->authorization, "Bearer two");
    assert_int_equal(s->server.n_requests, 3);
}

static void test_token_file_missing(void **state)
{
    struct scene *s = *state;

    kube_client_free(s->client);
    s->client = client_of(s, "{tokenFile: nowhere}", NULL);
    ask(s, &(struct kube_request){.method = KUBE_GET, .path = "/version"});
    assert_int_equal(s->err.code, RPC_UNAUTHENTICATED);
    assert_string_equal(s->err.reason, "TokenUnreadable");
    assert_non_null(strstr(s->err.msg, "nowhere"));
}

#define EXEC(script)                                                                               \
    "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./" script                      \
    ", env: [{name: FLAVOUR, value: plum}], interactiveMode: Never}}"

static void test_plugin(void **state)
{
    static const struct step steps[] = {{200, NULL, "{}"}, {401, NULL, "{}"}, {200, NULL, "{}"}};
    struct scene *s = *state;
    struct kube_request req = {.method = KUBE_GET, .resource = &pods, .ns = "n", .name = "a"};

    write_file(s, "plugin",
               "#!/bin/sh\necho x >> \"$(dirname \"$0\")/runs\"\n"
               "case $KUBERNETES_EXEC_INFO in *ExecCredential*) ;; *) exit 9;; esac\n"
               "n=$(wc -l < \"$(dirname \"$0\")/runs\")\n"
               "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\","
               "\"kind\":\"ExecCredential\",\"status\":{\"token\":\"'$FLAVOUR-$((n))'\"}}'\n",
               0700);
    kube_client_free(s->client);
    s->client = client_of(s, EXEC("plugin"), NULL);
    script(s, steps, 3);
    ask(s, &req);
    assert_int_equal(s->err.code, RPC_OK);
    assert_string_equal(fake_last(&s->server)->authorization, "Bearer plum-1");
    ask(s, &req); /* refused once: the plugin is asked again */
    assert_int_equal(s->err.code, RPC_OK);
    assert_string_equal(fake_last(&s->server)->authorization, "Bearer plum-2");
}

static void test_plugin_fails(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"#!/bin/sh\nexit 3\n", "status 3"},
        {"#!/bin/sh\nkill -9 $$\n", "signal 9"},
        {"#!/bin/sh\necho no\n", "its answer"},
        {"#!/bin/sh\necho '{\"kind\":\"Pod\"}'\n", "no ExecCredential"},
        {"#!/bin/sh\nhead -c 2000000 /dev/zero\n", "1 MiB"},
        {NULL, "plugin"},
    };
    struct scene *s = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/plugin", s->folder);
        (void)unlink(path); /* of the case before */
        if (cases[i].text)
            write_file(s, "plugin", cases[i].text, 0700);
        kube_client_free(s->client);
        s->client = client_of(s, EXEC("plugin"), NULL);
        ask(s, &(struct kube_request){.method = KUBE_GET, .path = "/version"});
        assert_int_equal(s->err.code, RPC_UNAUTHENTICATED);
        assert_string_equal(s->err.reason, "CredentialPluginFailed");
        if (!strstr(s->err.msg, cases[i].said))
            fail_msg("%s: not in: %s", cases[i].said, s->err.msg);
    }
    assert_int_equal(s->server.n_requests, 0);
}

static bool is_there(pid_t pid)
{
    return kill(pid, 0) == 0;
}

/* A script that waits for a child of its own: both end with the client. */
static void test_plugin_is_ended_whole(void **state)
{
    struct scene *s = *state;
    struct kube_call *call;
    char path[128], text[32] = "";
    struct err err;
    pid_t child;
    int fd;

    write_file(s, "plugin",
               "#!/bin/sh\nsleep 600 &\ncd \"$(dirname \"$0\")\"\necho $! > p\nmv p pid\nwait\n",
               0700);
    kube_client_free(s->client);
    s->client = client_of(s, EXEC("plugin"), NULL);
    assert_int_equal(kube_call(&call, s->client,
                               &(struct kube_request){.method = KUBE_GET, .path = "/version"},
                               on_done, s, &err),
                     0);
    (void)snprintf(path, sizeof(path), "%s/pid", s->folder);
    for (int i = 0; i < 10000 && access(path, R_OK) < 0; i++) {
        (void)loop_turn(s->loop, false);
        (void)usleep(1000);
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
    (void)close(fd);
    (void)unlink(path);
    child = (pid_t)strtol(text, NULL, 10);
    assert_true(child > 1 && is_there(child));
    kube_client_free(s->client);
    s->client = NULL;
    for (int i = 0; i < 10000 && is_there(child); i++)
        (void)usleep(1000);
    assert_false(is_there(child));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_wire),
        T(test_delete_options),
        T(test_statuses),
        T(test_forbidden_names_the_verb),
        T(test_comes_again),
        T(test_silent),
        T(test_cut_and_garbled),
        T(test_bounds),
        T(test_nobody_there),
        T(test_lanes),
        T(test_ahead),
        T(test_rest_beside_first),
        T(test_rate),
        T(test_cancel),
        T(test_free_with_calls),
        T(test_token_file),
        T(test_token_file_missing),
        T(test_plugin),
        T(test_plugin_fails),
        T(test_plugin_is_ended_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
