/* The small parts of the core: addresses, events, JSON in short form, the index of pool members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/loop/loop.h"
#include "services/controller/addr.h"
#include "services/controller/cause.h"
#include "services/controller/events.h"
#include "services/controller/members.h"
#include "services/controller/names.h"
#include "services/controller/obj.h"

static void addresses_are_given_once(void **state)
{
    struct addr_pool p;
    char ip[16], first[16];
    struct err err;

    (void)state;
    assert_int_equal(addr_pool_init(&p, "10.1.2.0/29", &err), 0);
    addr_reserve(&p, "10.1.2.3");
    addr_reserve(&p, "192.168.0.1"); /* not of the range: let pass */
    assert_int_equal(addr_take(&p, first, &err), 0);
    assert_string_equal(first, "10.1.2.1");
    for (int i = 0; i < 4; i++) { /* .2 .4 .5 .6 */
        assert_int_equal(addr_take(&p, ip, &err), 0);
        assert_string_not_equal(ip, "10.1.2.3");
    }
    assert_int_equal(addr_take(&p, ip, &err), -1);
    assert_string_equal(err.reason, "NoAddress");
    addr_free(&p, first);
    addr_free(&p, first); /* twice is once */
    assert_int_equal(addr_take(&p, ip, &err), 0);
    assert_string_equal(ip, first);
    assert_int_equal(p.n_used, 6);
    addr_pool_done(&p);
}

static void bad_ranges_are_refused(void **state)
{
    static const char *const bad[] = {"",     "10.0.0.0",  "10.0.0.0/8", "10.0.0.0/31", "10.0.0/16",
                                      "x/16", "10.0.0.0/", "::1/16",     "10.0.0.0/16x"};
    struct addr_pool p;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(addr_pool_init(&p, bad[i], &err), -1);
        assert_string_equal(err.reason, "BadRequest");
    }
}

static void events_count_up_and_are_bounded(void **state)
{
    struct events e;
    const struct list *of;
    size_t n = 0;

    (void)state;
    events_init(&e);
    for (int i = 0; i < 3; i++)
        (void)events_add(&e, "Sandbox", "ns", "a", true, "Restarted", 100 + i, "exit code %d", 1);
    of = events_of(&e, "Sandbox", "ns", "a");
    assert_non_null(of);
    assert_int_equal(LIST_FIRST(of, struct event, link)->count, 3);
    assert_int_equal(LIST_FIRST(of, struct event, link)->first_s, 100);
    assert_int_equal(LIST_FIRST(of, struct event, link)->last_s, 102);

    for (int i = 0; i < 2 * EVENTS_PER_OBJECT; i++)
        (void)events_add(&e, "Sandbox", "ns", "a", false, "Ready", 200, "number %d", i);
    LIST_FOREACH(it, events_of(&e, "Sandbox", "ns", "a"))
    n++;
    assert_int_equal(n, EVENTS_PER_OBJECT);

    for (int i = 0; i < EVENTS_MAX_OBJECTS; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "other-%d", i);
        (void)events_add(&e, "Sandbox", "ns", name, false, "Ready", 300, "x");
    }
    assert_null(events_of(&e, "Sandbox", "ns", "a")); /* longest without news */
    assert_int_equal(e.n_objects, EVENTS_MAX_OBJECTS);
    events_done(&e);
}

static void equal_means_the_same(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"{}", "{\"x\": null}", true},
        {"{\"x\": []}", "{\"y\": {}}", true},
        {"{\"x\": 1}", "{\"x\": 1.0}", true},
        {"{\"x\": 1}", "{\"x\": \"1\"}", false},
        {"[1, 2]", "[2, 1]", false},
        {"{\"x\": false}", "{}", false},
        {"{\"a\": {\"b\": [1, {\"c\": {}}]}}", "{\"a\": {\"b\": [1, {}]}}", true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        json_t *a = json_loads(cases[i].a, 0, NULL), *b = json_loads(cases[i].b, 0, NULL);

        assert_int_equal(obj_equal(a, b), cases[i].same);
        assert_int_equal(obj_equal(b, a), cases[i].same);
        json_decref(a);
        json_decref(b);
    }
}

static void conditions_move_with_their_status(void **state)
{
    json_t *o = json_object();

    (void)state;
    assert_int_equal(cond_set(o, "Ready", "False", "A", "a", 1, 1000), 0);
    assert_int_equal(cond_set(o, "Ready", "False", "B", "b", 2, 2000), 0);
    assert_string_equal(obj_str(cond_get(o, "Ready"), "lastTransitionTime"),
                        "1970-01-01T00:16:40Z");
    assert_string_equal(obj_str(cond_get(o, "Ready"), "reason"), "B");
    assert_int_equal(obj_int(cond_get(o, "Ready"), "observedGeneration", 0), 2);
    assert_int_equal(cond_set(o, "Ready", "True", "C", "", 3, 3000), 0);
    assert_string_equal(obj_str(cond_get(o, "Ready"), "lastTransitionTime"),
                        "1970-01-01T00:50:00Z");
    cond_drop(o, "Ready");
    assert_null(cond_get(o, "Ready"));
    json_decref(o);
}

static void causes_come_back_from_json(void **state)
{
    Agentsandbox__V1__Cause c = AGENTSANDBOX__V1__CAUSE__INIT, *back;
    struct arena arena;
    json_t *json;
    char text[128];

    (void)state;
    c.kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_OUT_OF_MEMORY;
    c.signal = 9;
    c.limit_bytes = 64u << 20;
    c.peak_bytes = 65u << 20;
    c.reason = (char *)"OOMKilled";
    json = cause_to_json(&c);
    arena_init(&arena, 4096);
    back = cause_from_json(json, &arena);
    assert_int_equal(back->kind, c.kind);
    assert_int_equal(back->limit_bytes, c.limit_bytes);
    assert_int_equal(back->peak_bytes, c.peak_bytes);
    assert_int_equal(back->signal, 9);
    assert_string_equal(back->reason, "OOMKilled");
    assert_string_equal(cause_describe(back, text, sizeof(text)),
                        "it reached its memory limit of 64 MiB");
    arena_done(&arena);
    json_decref(json);
}

/* A member of pool "p" as the store would have it. */
static struct store_object member(json_t **json, const char *name, const char *uid, bool is_ready)
{
    *json = obj_new(API_CORE, KIND_SANDBOX, "ns", name);
    assert_int_equal(obj_put_label(*json, L_WARM_POOL, "x"), 0);
    assert_int_equal(obj_put_label(*json, L_TEMPLATE_REF_HASH, "x"), 0);
    assert_int_equal(obj_set_controller(*json, API_EXT, KIND_POOL, "p", "pool-uid"), 0);
    assert_int_equal(obj_put(*json, "status.podIPs", json_pack("[s]", "10.0.0.1")), 0);
    assert_int_equal(
        cond_set(obj_get(*json, "status"), C_READY, is_ready ? "True" : "False", "R", "", 1, 1), 0);
    return (struct store_object){
        .kind = KIND_SANDBOX, .ns = "ns", .name = name, .uid = uid, .json = *json};
}

static void members_are_taken_once(void **state)
{
    json_t *ja, *jb;
    struct store_object a = member(&ja, "a", "ua", false), b = member(&jb, "b", "ub", true);
    struct members m;
    struct member *got;

    (void)state;
    members_init(&m);
    members_update(&m, &a);
    members_update(&m, &b);
    assert_int_equal(members_n_ready(&m, "ns", "p"), 1);
    got = members_take(&m, "ns", "p", false);
    assert_string_equal(got->name, "b"); /* ready ones first */
    assert_true(members_is_taken(&m, "ub"));
    members_update(&m, &b); /* an event meanwhile does not give it back */
    assert_null(members_take(&m, "ns", "p", true));
    got = members_take(&m, "ns", "p", false);
    assert_string_equal(got->name, "a");
    assert_null(members_take(&m, "ns", "p", false));

    members_settle(&m, "ub", &b); /* its write failed: free again */
    assert_int_equal(members_n_ready(&m, "ns", "p"), 1);
    assert_int_equal(obj_set_controller(ja, API_EXT, KIND_CLAIM, "c", "claim-uid"), 0);
    members_settle(&m, "ua", &a); /* its write went well: it is a claim's now */
    assert_false(members_is_taken(&m, "ua"));
    assert_null(members_take_uid(&m, "ua"));
    members_remove_pool(&m, "ns", "p");
    assert_null(members_take(&m, "ns", "p", false));
    members_done(&m);
    json_decref(ja);
    json_decref(jb);
}

static void members_are_taken_from_the_fullest_node(void **state)
{
    static const struct {
        const char *name, *node;
    } all[] = {{"a", "n1"}, {"b", NULL}, {"c", "n2"}, {"d", "n2"}, {"e", "n2"}, {"f", "n1"}};
    static const char *const order[] = {"c", "a", "d", "f", "e", "b"};
    struct members m;

    (void)state;
    members_init(&m);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        json_t *json;
        struct store_object o = member(&json, all[i].name, all[i].name, true);

        assert_int_equal(obj_put_str(json, "status.nodeName", all[i].node), 0);
        members_update(&m, &o);
        json_decref(json);
    }
    for (size_t i = 0; i < ARRAY_SIZE(order); i++)
        assert_string_equal(members_take(&m, "ns", "p", true)->name, order[i]);
    assert_null(members_take(&m, "ns", "p", true));
    members_done(&m);
}

/* A claim that names a member keeps it, whatever else becomes of its writes. */
static void members_are_held_for_who_names_them(void **state)
{
    uint64_t x = members_holder("ns", "x"), y = members_holder("ns", "y");
    json_t *json;
    struct store_object a = member(&json, "a", "ua", true);
    struct members m;

    (void)state;
    members_init(&m);
    assert_false(members_hold(&m, "ua", x)); /* not there */
    members_update(&m, &a);
    assert_true(members_hold(&m, "ua", x));
    assert_true(members_hold(&m, "ua", x));
    assert_false(members_hold(&m, "ua", y));
    assert_true(members_is_held_by(&m, "ua", x));
    assert_false(members_is_held_by(&m, "ua", y));
    assert_null(members_take(&m, "ns", "p", false));
    members_settle(&m, "ua", &a);
    assert_false(members_is_held_by(&m, "ua", x));
    assert_true(members_hold(&m, "ua", y));
    members_remove(&m, "ua");
    assert_false(members_is_held_by(&m, "ua", y));
    members_done(&m);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_given_once),
        cmocka_unit_test(bad_ranges_are_refused),
        cmocka_unit_test(events_count_up_and_are_bounded),
        cmocka_unit_test(equal_means_the_same),
        cmocka_unit_test(conditions_move_with_their_status),
        cmocka_unit_test(causes_come_back_from_json),
        cmocka_unit_test(members_are_taken_once),
        cmocka_unit_test(members_are_taken_from_the_fullest_node),
        cmocka_unit_test(members_are_held_for_who_names_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
