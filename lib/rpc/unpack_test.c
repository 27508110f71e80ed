/* What rpc_unpack() refuses that protobuf-c would take, and what it must take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/rpc/service.h"
#include "rpc_test.pb-c.h"

/* message Text { text = 1; bytes data = 2; repeated Text parts = 3; oneof { string left = 4; Text
 * right = 5; } } */
#define BYTES(s) s, sizeof(s) - 1

static const struct {
    const char *bytes;
    size_t n;
    const char *refusal; /* NULL: taken */
} cases[] = {
    {BYTES(""), NULL},
    {BYTES("\012\002hi"), NULL},
    {BYTES("\012\000"), NULL},
    {BYTES("\012\003\xE2\x82\xAC"), NULL},
    {BYTES("\022\003\xff\x00\xfe"), NULL}, /* bytes may hold anything */
    {BYTES("\032\004\012\002hi"), NULL},
    {BYTES("\170\001"), NULL},         /* an unknown field */
    {BYTES("\172\002\xff\x00"), NULL}, /* an unknown field, which we cannot judge */
    {BYTES("\012\002\xff\xfe"), "test.v1.Text: field text is not valid UTF-8"},
    {BYTES("\042\002\xc0\x80"), "test.v1.Text: field left is not valid UTF-8"},
    {BYTES("\012\003a\000b"), "test.v1.Text: field text holds a NUL"},
    {BYTES("\032\005\012\003a\000b"), "test.v1.Text: field text holds a NUL"},
    {BYTES("\052\004\042\002\xff\xfe"), "test.v1.Text: field left is not valid UTF-8"},
    {BYTES("\012\002\xff\xfe\012\002hi"), "test.v1.Text: field text is not valid UTF-8"},
    {BYTES("\012\005hi"), "test.v1.Text: not a valid message"},
    {BYTES("\032\002\012\005"), "test.v1.Text: not a valid message"},
    {BYTES("\012"), "test.v1.Text: not a valid message"},
    {BYTES("\377\377\377\377\377\377\377\377\377\377\377"), "test.v1.Text: not a valid message"},
    {BYTES("\000\001"), "test.v1.Text: not a valid message"}, /* a field 0 */
    {BYTES("\013\014"), "test.v1.Text: not a valid message"}, /* a group */
};

static const ProtobufCMessage *unpack(const void *bytes, size_t n, struct arena *arena,
                                      struct err *err)
{
    *err = (struct err){0};
    return rpc_unpack(&test__v1__text__descriptor, bytes, n, arena, err);
}

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const ProtobufCMessage *msg;
        struct arena arena;
        struct err err;

        arena_init(&arena, 64 * 1024);
        msg = unpack(cases[i].bytes, cases[i].n, &arena, &err);
        if (!msg != !!cases[i].refusal)
            fail_msg("case %zu: %s", i, msg ? "taken" : err.msg);
        if (!msg) {
            assert_string_equal(err.msg, cases[i].refusal);
            assert_string_equal(err.reason, "BadMessage");
            assert_int_equal(err.code, RPC_INVALID_ARGUMENT);
        }
        arena_done(&arena);
    }
}

/* `depth` messages, each the field `parts` of the one around it. Returns malloc'd bytes. */
static uint8_t *nest(size_t depth, size_t *ret_n)
{
    size_t cap = 6 * depth + 1, at = cap;
    uint8_t *bytes = malloc(cap);

    assert_non_null(bytes);
    while (depth-- > 0) {
        size_t n = cap - at, n_varint = 1;

        for (size_t v = n; v >= 0x80; v >>= 7)
            n_varint++;
        at -= n_varint;
        for (size_t i = 0, v = n; i < n_varint; i++, v >>= 7)
            bytes[at + i] = (uint8_t)((v & 0x7F) | (i + 1 < n_varint ? 0x80 : 0));
        bytes[--at] = 032;
    }
    *ret_n = cap - at;
    memmove(bytes, bytes + at, *ret_n);
    return bytes;
}

static void test_nesting(void **state)
{
    static const size_t depths[] = {1, 99, 100, 101,
                                    700000}; /* the last fills a message of 4 MiB */

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
        size_t n;
        _cleanup_(freep) uint8_t *bytes = nest(depths[i], &n);
        const ProtobufCMessage *msg;
        struct arena arena;
        struct err err;

        arena_init(&arena, 64 * 1024);
        msg = unpack(bytes, n, &arena, &err);
        if (depths[i] <= 100) {
            assert_non_null(msg);
        } else {
            assert_null(msg);
            assert_string_equal(err.msg, "test.v1.Text: messages are nested deeper than 100");
        }
        arena_done(&arena);
    }
}

static void test_memory(void **state)
{
    char bytes[2 + 100] = "\012\144";
    struct arena arena;
    struct err err;

    (void)state;
    memset(bytes + 2, 'x', 100);
    arena_init(&arena, 64); /* too small for it */
    assert_null(unpack(bytes, sizeof(bytes), &arena, &err));
    assert_true(err.msg[0] != '\0');
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
