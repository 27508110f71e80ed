#include "services/runtime/agent/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/cleanup.h"

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 31 + (offset >> 8));
}

/* Writes up to n bytes; returns how many there was room for. */
static size_t put(struct ring *r, uint64_t reader, size_t n)
{
    size_t done = 0, room;
    uint8_t *to;

    while (done < n && (to = ring_room(r, reader, &room))) {
        size_t part = MIN(room, n - done);

        for (size_t i = 0; i < part; i++)
            to[i] = byte_at(r->end + i);
        ring_commit(r, part);
        done += part;
    }
    return done;
}

static void assert_content(const struct ring *r)
{
    const uint8_t *data;
    size_t n;

    for (uint64_t at = r->begin; (n = ring_peek(r, at, &data)) > 0; at += n)
        for (size_t i = 0; i < n; i++)
            assert_int_equal(data[i], byte_at(at + i));
}

static void test_grows_and_drops(void **state)
{
    struct ring_budget budget = {.max = 1 << 20};
    struct ring r;

    (void)state;
    ring_init(&r, 20000, &budget);
    assert_int_equal(budget.used, 0);
    assert_int_equal(put(&r, UINT64_MAX, 100), 100);
    assert_int_equal(r.cap, RING_MIN);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(put(&r, UINT64_MAX, 777), 777);
        assert_content(&r);
    }
    assert_int_equal(r.cap, 20000);
    assert_int_equal(budget.used, 20000);
    assert_int_equal(r.end, 77800);
    assert_int_equal(r.begin, 77800 - 20000);
    ring_done(&r);
    assert_int_equal(budget.used, 0);
    assert_int_equal(r.begin, r.end);
}

/* What a reader has not read stays; behind it three quarters of the ring stay. */
static void test_reader_holds(void **state)
{
    struct ring_budget budget = {.max = 1 << 20};
    struct ring r;

    (void)state;
    ring_init(&r, 16384, &budget);
    assert_int_equal(put(&r, 0, 100000), 16384);
    assert_int_equal(put(&r, 0, 1), 0);
    assert_int_equal(put(&r, 12288, 1), 0); /* its last three quarters are still there for it */
    assert_int_equal(put(&r, 16384, 100000), 4096);
    assert_int_equal(r.begin, 4096);
    assert_content(&r);
    r.is_final = true;
    assert_int_equal(put(&r, 16384, 100000), 12288);
    assert_int_equal(r.begin, 16384);
    assert_content(&r);
    ring_done(&r);
}

static void test_budget(void **state)
{
    struct ring_budget budget = {.max = 3 * RING_MIN};
    struct ring a, b, c;

    (void)state;
    ring_init(&a, 65536, &budget);
    ring_init(&b, 65536, &budget);
    ring_init(&c, 65536, &budget);
    assert_int_equal(put(&a, UINT64_MAX, 60000), 60000);
    assert_int_equal(a.cap, 2 * RING_MIN);
    assert_int_equal(put(&b, 0, 60000), RING_MIN); /* no more to be had: its command waits */
    assert_int_equal(put(&c, UINT64_MAX, 10), 10); /* the least is always given */
    assert_int_equal(budget.used, 4 * RING_MIN);
    ring_done(&a);
    assert_int_equal(put(&b, 0, 60000), RING_MIN);
    ring_done(&b);
    ring_done(&c);
    assert_int_equal(budget.used, 0);
}

static void give_all(struct ring_budget *budget, size_t want, void *user)
{
    (void)budget;
    (void)want;
    ring_done(user);
}

static void test_reclaim(void **state)
{
    struct ring old, r;
    struct ring_budget budget = {.max = 4 * RING_MIN, .reclaim = give_all, .user = &old};

    (void)state;
    ring_init(&old, 65536, &budget);
    ring_init(&r, 65536, &budget);
    assert_int_equal(put(&old, UINT64_MAX, 60000), 60000);
    assert_int_equal(put(&r, UINT64_MAX, 60000), 60000);
    assert_int_equal(r.cap, 4 * RING_MIN);
    assert_int_equal(old.cap, 0);
    ring_done(&r);
    ring_done(&old);
}

static void test_shrink(void **state)
{
    struct ring_budget budget = {.max = 1 << 20};
    struct ring r;

    (void)state;
    ring_init(&r, 65536, &budget);
    assert_int_equal(put(&r, UINT64_MAX, 65536 + 5000), 65536 + 5000);
    ring_shrink(&r);
    assert_int_equal(r.cap, 65536);
    ring_done(&r);
    ring_init(&r, 65536, &budget);
    assert_int_equal(put(&r, UINT64_MAX, 5000), 5000);
    ring_shrink(&r);
    assert_int_equal(r.cap, 5000);
    assert_content(&r);
    ring_done(&r);
    ring_shrink(&r);
    assert_int_equal(budget.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_and_drops), cmocka_unit_test(test_reader_holds),
        cmocka_unit_test(test_budget),          cmocka_unit_test(test_reclaim),
        cmocka_unit_test(test_shrink),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
