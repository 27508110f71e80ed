/* Lists and watches against a server that answers by script. What the watch tells its owner is kept
 * as a line of words: "[" a list begins, "a5" object a in version 5, "]9" the list of version 9 is
 * whole, "-a7" gone, "!Reason" trouble, "ok" no more of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/api/meta.h"
#include "lib/base/clock.h"
#include "lib/kube/fake_server.h"
#include "lib/kube/kube_config.h"
#include "lib/kube/kube_watch.h"

#define WAIT_MS 10000

#define META(name, rv)                                                                             \
    "{\"metadata\":{\"name\":\"" name "\",\"uid\":\"u-" name "\",\"resourceVersion\":\"" rv        \
    "\",\"managedFields\":[1]},\"spec\":{\"secret\":1}}"
#define LIST(rv, items) "{\"metadata\":{\"resourceVersion\":\"" rv "\"},\"items\":[" items "]}"
#define PAGE(rv, next, items)                                                                      \
    "{\"metadata\":{\"resourceVersion\":\"" rv "\",\"continue\":\"" next "\"},\"items\":[" items   \
    "]}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define BOOKMARK(rv)                                                                               \
    "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" rv "\"}}}\n"
#define GONE                                                                                       \
    "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}}\n"

enum then { THEN_STAYS, THEN_ENDS, THEN_CUTS, THEN_DRIBBLES };

struct step {
    const char *target; /* what the request's must contain           */
    int status;         /* of an answer; 0: a stream of 200          */
    const char *text;   /* "" for none                               */
    enum then then;     /* a stream: after it                        */
};

struct scene {
    struct loop *loop;
    struct fake_server server;
    struct kube_client *client;
    struct kube_watch *watch;
    const struct step *steps;
    size_t n_steps, at;
    char told[1024];
    unsigned last_wait_ms;
    int fail_puts; /* so many `put`s fail */
    bool saw_secret, saw_managed;
};

static void serve(struct fake_conn *c, const struct fake_request *req, void *user)
{
    struct scene *s = user;
    const struct step *step;

    if (s->at >= s->n_steps)
        return; /* silence is the end of every script */
    step = &s->steps[s->at++];
    if (!strstr(req->target, step->target))
        fail_msg("request %zu is %s, not of %s", s->at, req->target, step->target);
    if (step->status) {
        fake_answer(c, step->status, "", step->text);
        return;
    }
    fake_begin(c, 200);
    for (size_t i = 0; step->then == THEN_DRIBBLES && step->text[i]; i++)
        fake_chunk(c, step->text + i, 1);
    if (step->then != THEN_DRIBBLES && step->text[0])
        fake_chunk(c, step->text, strlen(step->text));
    if (step->then == THEN_ENDS)
        fake_end(c);
    if (step->then == THEN_CUTS)
        fake_close(c);
}

static void tell(struct scene *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void tell(struct scene *s, const char *fmt, ...)
{
    size_t n = strlen(s->told);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(s->told + n, sizeof(s->told) - n, fmt, ap);
    va_end(ap);
}

static void on_listing(void *user)
{
    tell(user, "[ ");
}

static int on_put(json_t *o, void *user, struct err *err)
{
    struct scene *s = user;

    s->saw_secret |= meta_get(o, "spec.secret") != NULL;
    s->saw_managed |= meta_get(o, "metadata.managedFields") != NULL;
    if (s->fail_puts > 0) {
        s->fail_puts--;
        return err_oom(err);
    }
    tell(s, "%s%s ", meta_name(o), meta_str(o, "metadata.resourceVersion", "?"));
    return 0;
}

static int on_listed(uint64_t version, void *user, struct err *err)
{
    (void)err;
    tell(user, "]%llu ", (unsigned long long)version);
    return 0;
}

static int on_gone(json_t *o, void *user, struct err *err)
{
    (void)err;
    tell(user, "-%s%s ", meta_name(o), meta_str(o, "metadata.resourceVersion", "?"));
    return 0;
}

static void on_trouble(const struct err *err, unsigned wait_ms, void *user)
{
    struct scene *s = user;

    s->last_wait_ms = wait_ms;
    tell(s, err ? "!%s " : "ok%s ", err ? err->reason : "");
}

/* "known" at version 7 and before. */
static bool on_is_known(const struct kube_ident *id, void *user)
{
    (void)user;
    return strcmp(id->name, "known") == 0 && id->version <= 7;
}

static void prune(json_t *o)
{
    (void)json_object_del(o, "spec"); /* it is there */
}

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct kube_config *config;
    char yaml[512];

    assert_non_null(s);
    assert_int_equal(loop_new(&s->loop, NULL), 0);
    fake_start(&s->server, s->loop, serve, s);
    (void)snprintf(yaml, sizeof(yaml),
                   "{current-context: c, contexts: [{name: c, context: {cluster: k}}], "
                   "clusters: [{name: k, cluster: {server: \"http://127.0.0.1:%d\"}}]}",
                   s->server.port);
    assert_int_equal(kube_config_parse(&config, "test", "", yaml, strlen(yaml), NULL, NULL), 0);
    assert_int_equal(kube_client_new(&s->client, s->loop, config, NULL, NULL), 0);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    kube_watch_free(s->watch);
    kube_client_free(s->client);
    fake_stop(&s->server);
    loop_free(s->loop);
    free(s);
    return 0;
}

static const struct kube_resource sandboxes = {
    .api_version = "agents.x-k8s.io/v1beta1", .plural = "sandboxes", .kind = "Sandbox"};

static void begin(struct scene *s, const struct step *steps, size_t n, unsigned silence_ms)
{
    const struct kube_watch_opts opts = {.resource = &sandboxes,
                                         .label_selector = "a=b,!c",
                                         .prune = prune,
                                         .page_size = 2,
                                         .timeout_s = 60,
                                         .silence_ms = silence_ms};
    const struct kube_watch_ops ops = {on_listing, on_put,     on_listed,
                                       on_gone,    on_trouble, on_is_known};

    s->steps = steps;
    s->n_steps = n;
    assert_int_equal(kube_watch_new(&s->watch, s->client, &opts, &ops, s, NULL), 0);
    assert_false(kube_watch_is_synced(s->watch));
}

/* Until the script is through and the last words are these. */
static void expect(struct scene *s, const char *told)
{
    uint64_t end = clock_monotonic_ms() + WAIT_MS;

    while ((s->at < s->n_steps || strcmp(s->told, told) != 0) && clock_monotonic_ms() < end)
        (void)loop_turn(s->loop, false);
    assert_string_equal(s->told, told);
    assert_int_equal(s->at, s->n_steps);
}

#define PLAY(s, steps, silence_ms) begin((s), (steps), ARRAY_SIZE(steps), (silence_ms))

/* ---- tests ---- */

static void test_pages_and_events(void **state)
{
    static const struct step steps[] = {
        {"/apis/agents.x-k8s.io/v1beta1/sandboxes?limit=2&labelSelector=a%3Db%2C%21c", 200,
         PAGE("10", "to/ken", META("a", "1") "," META("b", "2"))},
        {"limit=2&continue=to%2Fken&", 200, LIST("10", META("c", "3"))},
        {"watch=1&allowWatchBookmarks=true&timeoutSeconds=60&resourceVersion=10&labelSelector=", 0,
         EVENT("ADDED", META("d", "11")) EVENT("MODIFIED", META("a", "12")) BOOKMARK("15")
             EVENT("DELETED", META("b", "16"))},
    };
    struct scene *s = *state;
    struct kube_watch_stats stats;

    PLAY(s, steps, 0);
    expect(s, "[ a1 b2 c3 ]10 d11 a12 -b16 ");
    assert_true(kube_watch_is_synced(s->watch));
    assert_false(s->saw_secret || s->saw_managed);
    kube_watch_stats(s->watch, &stats);
    assert_int_equal(stats.n_lists, 1);
    assert_int_equal(stats.n_watches, 1);
    assert_int_equal(stats.n_bookmarks, 1);
}

static void test_what_is_known_is_not_told(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, LIST("5", META("known", "3"))}, /* a list tells all */
        {"resourceVersion=5&", 0,
         EVENT("ADDED", META("known", "6")) EVENT("MODIFIED", META("known", "7")), THEN_ENDS},
        {"resourceVersion=7&", 0,
         EVENT("MODIFIED", META("known", "8")) EVENT("DELETED", META("known", "7"))},
    };
    struct scene *s = *state;
    struct kube_watch_stats stats;

    PLAY(s, steps, 0);
    expect(s, "[ known3 ]5 known8 -known7 ");
    kube_watch_stats(s->watch, &stats);
    assert_int_equal(stats.n_events, 4);
    assert_int_equal(stats.n_known, 2);
}

static void test_byte_by_byte(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, LIST("10", "")},
        {"watch", 0, EVENT("ADDED", META("d", "11")) BOOKMARK("15") EVENT("ADDED", META("e", "16")),
         THEN_DRIBBLES},
    };
    struct scene *s = *state;

    PLAY(s, steps, 0);
    expect(s, "[ ]10 d11 e16 ");
}

static void test_list_byte_by_byte(void **state)
{
    struct scene *s = *state;
    const char *text = LIST("10", META("a]}", "1") " ,\n " META("b{[", "2"));
    struct fake_conn *c = NULL;
    uint64_t end = clock_monotonic_ms() + WAIT_MS;
    static const struct step steps[] = {{"limit", 0, ""}};

    PLAY(s, steps, 0);
    while (s->at == 0 && clock_monotonic_ms() < end)
        (void)loop_turn(s->loop, false);
    for (size_t i = 0; i < FAKE_MAX_CONNS && !c; i++)
        c = s->server.conns[i].fd >= 0 ? &s->server.conns[i] : NULL;
    assert_non_null(c);
    for (size_t i = 0; text[i]; i++) {
        fake_chunk(c, text + i, 1);
        (void)loop_turn(s->loop, false);
    }
    fake_end(c);
    expect(s, "[ a]}1 b{[2 ]10 ");
}

static void test_resume(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, LIST("10", META("a", "1"))},
        {"resourceVersion=10&", 0, EVENT("ADDED", META("b", "11")), THEN_ENDS},
        {"resourceVersion=11&", 0, BOOKMARK("20"), THEN_ENDS},
        {"resourceVersion=20&", 0, EVENT("DELETED", META("b", "21"))},
    };
    struct scene *s = *state;

    PLAY(s, steps, 0);
    expect(s, "[ a1 ]10 b11 -b21 "); /* an ordinary end is no trouble */
}

static void test_cut_in_a_line(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, LIST("10", "")},
        {"resourceVersion=10&", 0, EVENT("ADDED", META("b", "11")) "{\"type\":\"ADD", THEN_CUTS},
        {"resourceVersion=11&", 0, EVENT("ADDED", META("c", "12"))},
    };
    struct scene *s = *state;

    PLAY(s, steps, 0);
    expect(s, "[ ]10 b11 !ApiServerUnreachable c12 ok ");
}

static void test_gone_event(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, LIST("10", META("a", "1"))},
        {"resourceVersion=10&", 0, GONE},
        {"limit", 200, LIST("30", META("b", "25"))},
        {"resourceVersion=30&", 0, EVENT("MODIFIED", META("b", "31"))},
    };
    struct scene *s = *state;
    struct kube_watch_stats stats;

    PLAY(s, steps, 0);
    expect(s, "[ a1 ]10 !Expired [ b25 ]30 ok b31 ");
    kube_watch_stats(s->watch, &stats);
    assert_int_equal(stats.n_expired, 1);
    assert_int_equal(stats.n_lists, 2);
}

static void test_gone_answers(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, PAGE("10", "t", META("a", "1"))},
        {"continue=t", 410, "{\"code\":410,\"details\":{\"name\":\"x\"}}"},
        {"limit=2&label", 200, LIST("12", META("a", "1"))},
        {"resourceVersion=12&", 410, "{\"code\":410}"},
        {"limit=2&label", 200, LIST("20", "")},
        {"resourceVersion=20&", 0, BOOKMARK("22")},
    };
    struct scene *s = *state;

    PLAY(s, steps, 0);
    expect(s, "[ a1 !Expired [ a1 ]12 ok !Expired [ ]20 ok ");
}

static void test_silence(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, LIST("10", "")},
        {"resourceVersion=10&", 0, EVENT("ADDED", META("a", "11"))}, /* and no more */
        {"resourceVersion=11&", 0, EVENT("ADDED", META("b", "12"))},
    };
    struct scene *s = *state;
    struct kube_watch_stats stats;

    PLAY(s, steps, 300);
    expect(s, "[ ]10 a11 !WatchSilent b12 ok ");
    kube_watch_stats(s->watch, &stats);
    assert_int_equal(stats.n_silent, 1);
    assert_true(s->server.n_accepted >= 2); /* the silent connection is not trusted */
}

static void test_silent_from_the_start(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, LIST("10", "")},
        {"resourceVersion=10&", 0, ""},
        {"resourceVersion=10&", 0, EVENT("ADDED", META("b", "12"))},
    };
    struct scene *s = *state;

    PLAY(s, steps, 200);
    expect(s, "[ ]10 !WatchSilent b12 ok ");
}

static void test_garbage(void **state)
{
    static const char *const lines[] = {
        "<html>\n",
        "{\"type\":\"ADDED\"}\n",
        "{\"type\":\"ADDED\",\"object\":{}}\n",
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\"}}}\n",
        "{\"type\":\"GROWN\",\"object\":" META("a", "9") "}\n",
        "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":5}}}\n",
        "{\"type\":\"ADDED\",\"object\":\"x\"}\n",
        "[[[[\n",
        "{\"type\":\"ADDED\",\"type\":\"ADDED\"}\n",
        "\xff\xfe\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        const struct step steps[] = {
            {"limit", 200, LIST("10", "")},
            {"resourceVersion=10&", 0, lines[i]},
            {"limit", 200, LIST("20", META("a", "9"))},
            {"resourceVersion=20&", 0, BOOKMARK("21")},
        };
        struct scene *s;
        struct kube_watch_stats stats;
        uint64_t end;
        void *mine;

        assert_int_equal(setup(&mine), 0);
        s = mine;
        PLAY(s, steps, 0);
        end = clock_monotonic_ms() + WAIT_MS;
        while ((s->at < 4 || !strstr(s->told, "ok")) && clock_monotonic_ms() < end)
            (void)loop_turn(s->loop, false);
        kube_watch_stats(s->watch, &stats);
        assert_int_equal(stats.n_garbage, 1);
        assert_int_equal(stats.n_lists, 2);
        assert_non_null(strstr(s->told, " [ a9 ]20 ok "));
        assert_int_equal(teardown(&mine), 0);
    }
    (void)state;
}

static void test_garbled_lists(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[{\"a\":1}]}"},
        {"limit", 200, "{\"items\":[" META("a", "1") "]}"},
        {"limit", 200, "{\"metadata\":{\"resourceVersion\":\"10\"},\"items\":[" META("a", "1")},
        {"limit", 200, "nonsense"},
        {"limit", 200, "]"},
        {"limit", 200, LIST("12", META("a", "1"))},
        {"resourceVersion=12&", 0, ""},
    };
    struct scene *s = *state;
    struct kube_watch_stats stats;

    PLAY(s, steps, 0);
    expect(s, "[ !WatchGarbled [ a1 !WatchGarbled [ a1 !WatchGarbled [ !WatchGarbled "
              "[ !BadRequest [ a1 ]12 ok ");
    kube_watch_stats(s->watch, &stats);
    assert_int_equal(stats.n_lists, 6);
}

static void test_statuses(void **state)
{
    static const struct step steps[] = {
        {"limit", 500, "{}"},
        {"limit", 403, "{\"message\":\"RBAC\"}"},
        {"limit", 404, "404 page not found"},
        {"limit", 200, LIST("10", "")},
        {"resourceVersion=10&", 403, "{}"},
        {"resourceVersion=10&", 503, "{}"},
        {"resourceVersion=10&", 0, BOOKMARK("11")},
    };
    struct scene *s = *state;

    PLAY(s, steps, 0);
    expect(s, "[ !ApiServerError [ !Forbidden [ !ResourceNotServed [ ]10 ok !Forbidden "
              "!ApiServerError ok ");
}

/* A server that ends every watch at once is asked ever more seldom. */
static void test_short_watches(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, LIST("10", "")},
        {"resourceVersion=10&", 0, "", THEN_ENDS},
        {"resourceVersion=10&", 0, "", THEN_ENDS},
        {"resourceVersion=10&", 0, "", THEN_ENDS},
        {"resourceVersion=10&", 0, EVENT("ADDED", META("a", "11"))},
    };
    struct scene *s = *state;

    PLAY(s, steps, 0);
    expect(s, "[ ]10 !WatchEnded !WatchEnded !WatchEnded a11 ok ");
    assert_true(s->last_wait_ms == 0); /* told with "ok" */
}

static void test_owner_without_memory(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, LIST("10", META("a", "1"))},
        {"limit", 200, LIST("10", META("a", "1"))},
        {"resourceVersion=10&", 0, EVENT("ADDED", META("b", "11"))},
    };
    struct scene *s = *state;

    s->fail_puts = 1;
    PLAY(s, steps, 0);
    expect(s, "[ !OutOfMemory [ a1 ]10 ok b11 ");
}

static void test_free_at_any_time(void **state)
{
    static const struct step steps[] = {
        {"limit", 200, LIST("10", META("a", "1"))},
        {"watch", 0, EVENT("ADDED", META("b", "11"))},
    };
    struct scene *s = *state;

    for (int turns = 0; turns < 30; turns++) {
        s->at = 0;
        PLAY(s, steps, 0);
        for (int i = 0; i < turns; i++)
            (void)loop_turn(s->loop, false);
        kube_watch_free(s->watch);
        s->watch = NULL;
        s->told[0] = '\0';
        for (int i = 0; i < 5; i++)
            (void)loop_turn(s->loop, false);
        assert_string_equal(s->told, "");
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_pages_and_events),
        T(test_what_is_known_is_not_told),
        T(test_byte_by_byte),
        T(test_list_byte_by_byte),
        T(test_resume),
        T(test_cut_in_a_line),
        T(test_gone_event),
        T(test_gone_answers),
        T(test_silence),
        T(test_silent_from_the_start),
        cmocka_unit_test(test_garbage),
        T(test_garbled_lists),
        T(test_statuses),
        T(test_short_watches),
        T(test_owner_without_memory),
        T(test_free_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
