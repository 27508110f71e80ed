/* Events that repeat: one Event each, its series patched onto it, few writes, bounded memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/loop/loop.h"
#include "services/controller/ctl.h"
#include "services/controller/names.h"

#define START_S 1800000000

struct scene {
    struct loop *loop;
    struct store *store;
    struct ctl ctl;
    uint64_t now_ms;
    int n_writes; /* of Events */
};

static uint64_t now_ms(void *user)
{
    return ((struct scene *)user)->now_ms;
}

static int64_t now_ns(void *user)
{
    return (START_S * INT64_C(1000) + (int64_t)((struct scene *)user)->now_ms) * 1000000;
}

static void on_event(const struct store_event *ev, void *user)
{
    struct scene *s = user;

    s->n_writes += strcmp(ev->object->kind, KIND_EVENT) == 0;
}

static void up(struct scene *s, struct store_watch **watch)
{
    struct ctl_opts opts = {.is_cluster = true};
    json_t *sandbox = json_pack("{s:s, s:s, s:{s:s, s:s}}", "apiVersion", API_CORE, "kind",
                                KIND_SANDBOX, "metadata", "namespace", "ns", "name", "box");
    const struct store_op op = {.type = STORE_CREATE, .kind = KIND_SANDBOX, .object = sandbox};
    struct err err;

    *s = (struct scene){.now_ms = 1000};
    opts.clock.now_ms = now_ms;
    opts.clock.now_ns = now_ns;
    opts.clock.user = s;
    assert_int_equal(loop_new(&s->loop, &err), 0);
    assert_int_equal(store_new_memory(&s->store, s->loop, &err), 0);
    assert_int_equal(ctl_init(&s->ctl, s->loop, s->store, &opts, &err), 0);
    assert_int_equal(store_watch_new(watch, s->store, NULL, on_event, s, &err), 0);
    assert_int_equal(store_write(s->store, &op, 1, NULL, NULL, &err), 0);
    json_decref(sandbox);
    store_flush(s->store);
}

static void down(struct scene *s, struct store_watch *watch)
{
    store_watch_free(watch);
    ctl_done(&s->ctl);
    store_free(s->store);
    loop_free(s->loop);
}

static void happens(struct scene *s, const char *note)
{
    ctl_record(&s->ctl, store_get(s->store, KIND_SANDBOX, "ns", "box"), true, "Odd", "Looking",
               "%s", note);
    store_flush(s->store);
}

/* What is due is done in between. */
static void pass(struct scene *s, int64_t seconds)
{
    uint64_t end = s->now_ms + (uint64_t)seconds * 1000;

    while (s->ctl.series_ms <= end) {
        s->now_ms = MAX(s->ctl.series_ms, s->now_ms);
        ctl_record_process(&s->ctl);
        store_flush(s->store);
    }
    s->now_ms = end;
}

/* The only Event with that note, or the newest. */
static const json_t *event_of(const struct scene *s, const char *note, int *ret_n)
{
    const struct store_query q = {.kind = KIND_EVENT};
    const json_t *found = NULL;

    *ret_n = 0;
    STORE_FOREACH(o, s->store, &q)
    {
        if (strcmp(obj_str_or(o->json, "note", ""), note) != 0)
            continue;
        ++*ret_n;
        if (!found || strcmp(obj_str(o->json, "eventTime"), obj_str(found, "eventTime")) > 0)
            found = o->json;
    }
    return found;
}

static void expect(const struct scene *s, const char *note, int n_events, int count,
                   const char *last)
{
    int n;
    const json_t *e = event_of(s, note, &n);

    assert_int_equal(n, n_events);
    if (count == 0)
        assert_null(obj_get(e, "series"));
    else
        assert_int_equal(json_integer_value(obj_get(e, "series.count")), count);
    if (last)
        assert_string_equal(obj_str(e, "series.lastObservedTime"), last);
}

static void once_is_no_series(void **state)
{
    struct store_watch *watch;
    struct scene s;

    (void)state;
    up(&s, &watch);
    happens(&s, "x");
    pass(&s, 7200);
    expect(&s, "x", 1, 0, NULL);
    assert_int_equal(s.n_writes, 1);
    down(&s, watch);
}

static void repetitions_are_counted_in_few_writes(void **state)
{
    struct store_watch *watch;
    struct scene s;

    (void)state;
    up(&s, &watch);
    happens(&s, "x");
    for (int i = 0; i < 9; i++)
        happens(&s, "x");
    expect(&s, "x", 1, 0, NULL);
    pass(&s, 1);
    expect(&s, "x", 1, 10, "2027-01-15T08:00:01.000000Z"); /* a burst is one write */
    assert_int_equal(s.n_writes, 2);
    for (int i = 0; i < 59; i++) { /* goes on for an hour */
        pass(&s, 60);
        happens(&s, "x");
    }
    assert_int_equal(s.n_writes, 3); /* once in between, after half an hour */
    pass(&s, EVENTS_SERIES_S);       /* and when it has been silent */
    expect(&s, "x", 1, 69, NULL);
    assert_int_equal(s.n_writes, 4);
    pass(&s, 24 * 3600);
    assert_int_equal(s.n_writes, 4);
    down(&s, watch);
}

static void after_a_silence_it_is_news(void **state)
{
    struct store_watch *watch;
    struct scene s;

    (void)state;
    up(&s, &watch);
    happens(&s, "x");
    happens(&s, "x");
    happens(&s, "y"); /* another one, of the same object */
    pass(&s, EVENTS_SERIES_S + 1);
    expect(&s, "x", 1, 2, NULL);
    expect(&s, "y", 1, 0, NULL);
    happens(&s, "x");
    expect(&s, "x", 2, 0, NULL);
    happens(&s, "x");
    pass(&s, 2);
    expect(&s, "x", 2, 2, NULL);
    down(&s, watch);
}

static void what_is_forgotten_is_not_written(void **state)
{
    struct store_watch *watch;
    struct scene s;
    char note[32];

    (void)state;
    up(&s, &watch);
    happens(&s, "x");
    happens(&s, "x");
    for (int i = 0; i < EVENTS_PER_OBJECT; i++) {
        (void)snprintf(note, sizeof(note), "n%d", i);
        happens(&s, note);
    }
    pass(&s, 3600);
    expect(&s, "x", 1, 0, NULL);
    assert_int_equal(s.n_writes, 1 + EVENTS_PER_OBJECT);
    down(&s, watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(once_is_no_series),
        cmocka_unit_test(repetitions_are_counted_in_few_writes),
        cmocka_unit_test(after_a_silence_it_is_news),
        cmocka_unit_test(what_is_forgotten_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
