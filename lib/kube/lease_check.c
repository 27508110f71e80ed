/* Elections on a real API server, the one of $KUBECONFIG: run by tests/cluster/lease_test.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/kube/kube_config.h"
#include "lib/kube/kube_lease.h"
#include "lib/loop/loop.h"

static const struct kube_resource leases = {
    .api_version = "coordination.k8s.io/v1", .plural = "leases", .kind = "Lease"};

struct scene;

/* A replica with a client of its own. */
struct replica {
    struct scene *scene;
    struct kube_client *client;
    struct kube_lease *lease;
    const char *identity;
    int n_started, n_stopped, n_released, n_trouble;
    uint64_t started_ms;
    char last_leader[256], why[ERR_REASON_MAX];
};

struct scene {
    struct loop *loop;
    struct replica a, b;
    char name[64];
};

static void on_started(void *user)
{
    struct replica *r = user;

    r->n_started++;
    r->started_ms = clock_monotonic_ms();
}

static void on_stopped(const struct err *err, void *user)
{
    struct replica *r = user;

    r->n_stopped++;
    (void)snprintf(r->why, sizeof(r->why), "%s", err->reason);
}

static void on_new_leader(const char *identity, void *user)
{
    struct replica *r = user;

    (void)snprintf(r->last_leader, sizeof(r->last_leader), "%s", identity);
}

static void on_trouble(const struct err *err, void *user)
{
    struct replica *r = user;

    print_message("%s: %s\n", r->identity, err->msg);
    r->n_trouble++;
}

static void on_released(void *user)
{
    struct replica *r = user;

    r->n_released++;
}

static struct kube_client *new_client(struct scene *s)
{
    struct kube_config *config;
    struct kube_client *client = NULL;
    struct err err;

    if (kube_config_find(&config, NULL, NULL, &err) < 0 ||
        kube_client_new(&client, s->loop, config, &(struct kube_client_opts){0}, &err) < 0)
        fail_msg("%s", err.msg);
    return client;
}

static void join(struct scene *s, struct replica *r, const char *identity)
{
    struct kube_lease_opts opts = {.ns = "default",
                                   .name = s->name,
                                   .identity = identity,
                                   .duration_ms = 3000,
                                   .renew_ms = 2000,
                                   .retry_ms = 300,
                                   .started = on_started,
                                   .stopped = on_stopped,
                                   .new_leader = on_new_leader,
                                   .trouble = on_trouble};
    struct err err;

    *r = (struct replica){.scene = s, .identity = identity};
    r->client = new_client(s);
    if (kube_lease_new(&r->lease, r->client, s->loop, &opts, r, &err) < 0)
        fail_msg("%s", err.msg);
}

/* As after kill -9: nothing is given back. */
static void leave(struct replica *r)
{
    kube_lease_free(r->lease);
    kube_client_free(r->client);
    r->lease = NULL;
    r->client = NULL;
}

static void up(struct scene *s)
{
    uint64_t chance;
    struct err err;

    *s = (struct scene){0};
    bytes_random(&chance, sizeof(chance));
    (void)snprintf(s->name, sizeof(s->name), "check-%016llx", (unsigned long long)chance);
    assert_int_equal(loop_new(&s->loop, &err), 0);
}

static void down(struct scene *s)
{
    leave(&s->a);
    leave(&s->b);
    loop_free(s->loop);
}

static void wait_for(struct scene *s, const int *n, int want)
{
    uint64_t end = clock_monotonic_ms() + 10000;

    while (*n < want) {
        (void)loop_turn(s->loop, false);
        if (clock_monotonic_ms() > end)
            fail_msg("waited for %d, there are %d", want, *n);
    }
}

static void run_for(struct scene *s, uint64_t ms)
{
    uint64_t end = clock_monotonic_ms() + ms;

    while (clock_monotonic_ms() < end)
        (void)loop_turn(s->loop, false);
}

/* ---- another hand at the Lease ---- */

struct reply {
    int n_done, status;
    json_t *body;
};

static void on_reply(const struct kube_result *res, void *user)
{
    struct reply *r = user;

    r->n_done++;
    r->status = res->status;
    r->body = json_incref(res->body);
}

static void request(struct scene *s, enum kube_method method, const json_t *body, struct reply *ret)
{
    struct kube_client *client = new_client(s);
    struct kube_request req = {
        .method = method, .resource = &leases, .ns = "default", .name = s->name, .body = body};
    struct err err;

    *ret = (struct reply){0};
    if (kube_call(NULL, client, &req, on_reply, ret, &err) < 0)
        fail_msg("%s", err.msg);
    wait_for(s, &ret->n_done, 1);
    assert_in_range(ret->status, 200, 299);
    kube_client_free(client);
}

static const char *spec(const struct reply *r, const char *key)
{
    return json_string_value(json_object_get(json_object_get(r->body, "spec"), key));
}

/* ---- tests ---- */

static void one_of_two_leads(void **state)
{
    struct reply r;
    struct scene s;

    (void)state;
    up(&s);
    join(&s, &s.a, "a");
    wait_for(&s, &s.a.n_started, 1);
    join(&s, &s.b, "b");
    run_for(&s, 4000); /* longer than the duration: it is renewed */
    assert_true(kube_lease_is_leader(s.a.lease));
    assert_false(kube_lease_is_leader(s.b.lease));
    assert_string_equal(s.b.last_leader, "a");
    assert_string_equal(kube_lease_holder(s.b.lease), "a");
    assert_int_equal(s.a.n_stopped + s.b.n_started + s.a.n_trouble + s.b.n_trouble, 0);
    request(&s, KUBE_GET, NULL, &r);
    assert_string_equal(spec(&r, "holderIdentity"), "a");
    assert_int_equal(json_integer_value(
                         json_object_get(json_object_get(r.body, "spec"), "leaseDurationSeconds")),
                     3);
    json_decref(r.body);
    down(&s);
}

static void one_that_is_released_is_taken_at_once(void **state)
{
    uint64_t released;
    struct scene s;
    struct err err;
    struct reply r;

    (void)state;
    up(&s);
    join(&s, &s.a, "a");
    wait_for(&s, &s.a.n_started, 1);
    join(&s, &s.b, "b");
    assert_int_equal(kube_lease_tell(s.a.lease, "a lives here", &err), 0); /* after the fact */
    run_for(&s, 1000);
    assert_string_equal(kube_lease_told(s.b.lease), "a lives here");
    released = clock_monotonic_ms();
    assert_int_equal(kube_lease_release(s.a.lease, on_released, &s.a, &err), 0);
    wait_for(&s, &s.a.n_released, 1);
    wait_for(&s, &s.b.n_started, 1);
    print_message("a clean hand-over took %llu ms\n",
                  (unsigned long long)(s.b.started_ms - released));
    assert_in_range(s.b.started_ms - released, 0, 2000);
    assert_int_equal(s.a.n_stopped, 0);
    assert_string_equal(kube_lease_told(s.b.lease), "");
    request(&s, KUBE_GET, NULL, &r);
    assert_string_equal(spec(&r, "holderIdentity"), "b");
    json_decref(r.body);
    down(&s);
}

static void one_whose_holder_died_is_taken_when_it_ran_out(void **state)
{
    uint64_t died;
    struct scene s;

    (void)state;
    up(&s);
    join(&s, &s.a, "a");
    wait_for(&s, &s.a.n_started, 1);
    join(&s, &s.b, "b");
    run_for(&s, 1000);
    died = clock_monotonic_ms();
    leave(&s.a);
    wait_for(&s, &s.b.n_started, 1);
    assert_in_range(s.b.started_ms - died, 2000, 5000); /* last renewed up to 300 ms before */
    down(&s);
}

static void a_leader_that_is_replaced_stops(void **state)
{
    struct reply r, put;
    struct scene s;

    (void)state;
    up(&s);
    join(&s, &s.a, "a");
    wait_for(&s, &s.a.n_started, 1);
    do { /* until our write is the quicker one */
        struct kube_client *client = new_client(&s);
        struct kube_request req = {.method = KUBE_PATCH,
                                   .resource = &leases,
                                   .ns = "default",
                                   .name = s.name,
                                   .body = json_pack("{s:{s:s}}", "spec", "holderIdentity", "c")};
        struct err err;

        put = (struct reply){0};
        assert_int_equal(kube_call(NULL, client, &req, on_reply, &put, &err), 0);
        wait_for(&s, &put.n_done, 1);
        json_decref(put.body);
        json_decref((json_t *)req.body);
        kube_client_free(client);
    } while (put.status != 200);
    wait_for(&s, &s.a.n_stopped, 1);
    assert_string_equal(s.a.why, "LeaseLost");
    assert_false(kube_lease_is_leader(s.a.lease));
    request(&s, KUBE_GET, NULL, &r);
    assert_string_equal(spec(&r, "holderIdentity"), "c");
    json_decref(r.body);
    down(&s);
}

static void one_that_is_deleted_is_made_again(void **state)
{
    struct scene s;
    struct reply r;

    (void)state;
    up(&s);
    join(&s, &s.a, "a");
    wait_for(&s, &s.a.n_started, 1);
    request(&s, KUBE_DELETE, NULL, &r);
    json_decref(r.body);
    run_for(&s, 2500); /* longer than a leader lives without a renewal */
    assert_true(kube_lease_is_leader(s.a.lease));
    request(&s, KUBE_GET, NULL, &r);
    assert_string_equal(spec(&r, "holderIdentity"), "a");
    json_decref(r.body);
    down(&s);
}

static void of_ten_that_begin_at_once_one_leads(void **state)
{
    struct replica all[10];
    char names[10][16];
    struct scene s;
    int n = 0;

    (void)state;
    up(&s);
    for (int i = 0; i < 10; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "r%d", i);
        join(&s, &all[i], names[i]);
    }
    run_for(&s, 2000);
    for (int i = 0; i < 10; i++) {
        n += kube_lease_is_leader(all[i].lease);
        assert_int_equal(all[i].n_stopped, 0);
    }
    assert_int_equal(n, 1);
    for (int i = 0; i < 10; i++)
        leave(&all[i]);
    down(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_two_leads),
        cmocka_unit_test(one_that_is_released_is_taken_at_once),
        cmocka_unit_test(one_whose_holder_died_is_taken_when_it_ran_out),
        cmocka_unit_test(a_leader_that_is_replaced_stops),
        cmocka_unit_test(one_that_is_deleted_is_made_again),
        cmocka_unit_test(of_ten_that_begin_at_once_one_leads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
