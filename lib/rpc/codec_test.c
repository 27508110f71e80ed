/* The parsers and writers without I/O, each fed whole and in every split. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <zlib.h>

#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/rpc/address.h"
#include "lib/rpc/frame.h"
#include "lib/rpc/gzip.h"
#include "lib/rpc/head.h"
#include "lib/rpc/percent.h"
#include "lib/rpc/status_core.h"
#include "lib/rpc/timeout.h"

/* ---- frames ---- */

static const uint8_t three[] = {0, 0, 0, 0, 2, 'h', 'i', 1,   0,   0,
                                0, 0, 0, 0, 0, 0,   3,   'y', 'o', 'u'};

static void check_three(size_t step)
{
    struct rpc_frame_decoder d;
    const uint8_t *end = three + sizeof(three);
    char seen[64] = "";
    struct err err;

    rpc_frame_decoder_init(&d, 16);
    for (const uint8_t *at = three; at < end; at += step) {
        size_t n = MIN(step, (size_t)(end - at));
        const uint8_t *in = at;
        struct rpc_frame f;
        int r;

        while ((r = rpc_frame_next(&d, &in, &n, &f, &err)) == 0) {
            size_t len = strlen(seen);

            (void)snprintf(seen + len, sizeof(seen) - len, "%d:%.*s|", f.compressed, (int)f.n_body,
                           (const char *)f.body);
        }
        assert_int_equal(r, RPC_FRAME_NEED_MORE);
        assert_int_equal(n, 0);
    }
    assert_string_equal(seen, "0:hi|1:|0:you|");
    assert_false(rpc_frame_is_partial(&d));
    rpc_frame_decoder_done(&d);
}

static void test_frame(void **state)
{
    (void)state;
    for (size_t step = 1; step <= sizeof(three); step++)
        check_three(step);
}

static void check_bad_frame(const uint8_t *data, size_t n_data, const char *reason)
{
    for (size_t step = 1; step <= n_data; step++) {
        struct rpc_frame_decoder d;
        struct rpc_frame f;
        struct err err = {0};
        int r = RPC_FRAME_NEED_MORE;

        rpc_frame_decoder_init(&d, 16);
        for (size_t i = 0; i < n_data && r == RPC_FRAME_NEED_MORE; i += step) {
            const uint8_t *in = data + i;
            size_t n = MIN(step, n_data - i);

            r = rpc_frame_next(&d, &in, &n, &f, &err);
        }
        assert_true(r < 0);
        assert_string_equal(err.reason, reason);
        rpc_frame_decoder_done(&d);
    }
}

static void test_frame_bad(void **state)
{
    static const uint8_t flag[] = {2, 0, 0, 0, 0}, large[] = {0, 0, 0, 0, 17},
                         huge[] = {0, 255, 255, 255, 255};
    struct rpc_frame_decoder d;
    struct rpc_frame f;
    const uint8_t *in = three;
    size_t n = 6;

    (void)state;
    check_bad_frame(flag, sizeof(flag), "BadFrame");
    check_bad_frame(large, sizeof(large), "MessageTooLarge");
    check_bad_frame(huge, sizeof(huge), "MessageTooLarge");
    rpc_frame_decoder_init(&d, 16);
    assert_int_equal(rpc_frame_next(&d, &in, &n, &f, NULL), RPC_FRAME_NEED_MORE);
    assert_true(rpc_frame_is_partial(&d));
    rpc_frame_decoder_done(&d);
}

/* ---- timeouts ---- */

static void test_timeout_parse(void **state)
{
    static const struct {
        const char *text;
        int r;
        uint64_t ms;
    } cases[] = {
        {"1n", 0, 1},
        {"0m", 0, 0},
        {"1000000n", 0, 1},
        {"1000001n", 0, 2},
        {"1u", 0, 1},
        {"2500u", 0, 3},
        {"100m", 0, 100},
        {"5S", 0, 5000},
        {"2M", 0, 120000},
        {"1H", 0, 3600000},
        {"99999999H", 0, 359999996400000},
        {"", -1, 0},
        {"m", -1, 0},
        {"1", -1, 0},
        {"1s", -1, 0},
        {"-1m", -1, 0},
        {"123456789m", -1, 0},
        {"1 m", -1, 0},
        {"1mm", -1, 0},
        {"+1m", -1, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t ms = 0;

        assert_int_equal(rpc_timeout_parse(cases[i].text, strlen(cases[i].text), &ms), cases[i].r);
        assert_int_equal(ms, cases[i].ms);
    }
}

/* What is written is read back as the same or, where digits ran out, a little later. */
static void test_timeout_format(void **state)
{
    static const uint64_t values[] = {
        0, 1, 999, 99999999, 100000000, 123456789012, 359999996400000, CLOCK_NEVER - 1};
    char text[RPC_TIMEOUT_MAX_CHARS + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        size_t n = rpc_timeout_format(values[i], text);
        uint64_t back;

        assert_int_equal(n, strlen(text));
        assert_int_equal(rpc_timeout_parse(text, n, &back), 0);
        if (values[i] <= 359999996400000)
            assert_in_range(back, values[i], values[i] + values[i] / 1000);
        else
            assert_string_equal(text, "99999999H");
    }
}

/* ---- percent ---- */

static void test_percent(void **state)
{
    static const struct {
        const char *plain, *coded;
    } pairs[] = {
        {"", ""},           {"plain text!~", "plain text!~"},
        {"100%", "100%25"}, {"größe\n\t", "gr%C3%B6%C3%9Fe%0A%09"},
        {"\x7f", "%7F"},
    };
    static const struct {
        const char *coded, *plain;
    } odd[] = {
        {"%", "%"},      {"%4", "%4"}, {"%zz", "%zz"},   {"%41%4", "A%4"},
        {"%c3%b6", "ö"}, {"%ff", "?"}, {"a%00b", "a?b"}, {"%41", "A"},
    };
    char to[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        assert_int_equal(rpc_percent_encode(pairs[i].plain, strlen(pairs[i].plain), to),
                         strlen(pairs[i].coded));
        assert_string_equal(to, pairs[i].coded);
        (void)rpc_percent_decode(pairs[i].coded, strlen(pairs[i].coded), to);
        assert_string_equal(to, pairs[i].plain);
    }
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        (void)rpc_percent_decode(odd[i].coded, strlen(odd[i].coded), to);
        assert_string_equal(to, odd[i].plain);
    }
}

/* ---- metadata ---- */

static void test_metadata(void **state)
{
    static const struct {
        const char *name, *value, *reason;
    } cases[] = {
        {"x-ok", "v", NULL},
        {"x_ok.1", "", NULL},
        {"user-agent", "me", NULL},
        {"grpc-trace-bin", "\1", NULL},
        {"grpc-encoding", "gzip", NULL},
        {"", "v", "BadMetadata"},
        {"X-Big", "v", "BadMetadata"},
        {"a b", "v", "BadMetadata"},
        {":path", "v", "BadMetadata"},
        {"grpc-status", "0", "BadMetadata"},
        {"te", "x", "BadMetadata"},
        {"connection", "x", "BadMetadata"},
        {"content-type", "x", "BadMetadata"},
        {"x-v", "a\nb", "BadMetadata"},
        {"x-v", " a", "BadMetadata"},
        {"x-v", "\xc3\xb6", "BadMetadata"},
    };
    struct arena arena;
    struct rpc_metadata md;
    struct err err;

    (void)state;
    arena_init(&arena, 1 << 20);
    rpc_metadata_init(&md, &arena);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int r = rpc_metadata_add_str(&md, cases[i].name, cases[i].value, &err);

        assert_int_equal(r < 0, cases[i].reason != NULL);
        if (r < 0) {
            assert_string_equal(err.reason, cases[i].reason);
            assert_int_equal(err.code, RPC_INVALID_ARGUMENT);
        }
    }
    assert_int_equal(md.n, 5);
    assert_string_equal(rpc_metadata_get(&md, "x-ok"), "v");
    assert_null(rpc_metadata_get(&md, "x-none"));
    arena_done(&arena);
}

static void test_metadata_limit(void **state)
{
    static char value[LIMIT_RPC_METADATA];
    struct arena arena;
    struct rpc_metadata md;
    struct err err;
    int n = 0;

    (void)state;
    memset(value, 'x', sizeof(value));
    arena_init(&arena, 1 << 20);
    rpc_metadata_init(&md, &arena);
    assert_true(rpc_metadata_add(&md, "x", value, sizeof(value), &err) < 0);
    assert_string_equal(err.reason, "MetadataTooLarge");
    while (rpc_metadata_add_str(&md, "x", "y", &err) == 0)
        n++;
    assert_string_equal(err.reason, "MetadataTooLarge");
    assert_int_equal(n, LIMIT_RPC_METADATA_FIELDS);
    arena_done(&arena);
}

static void field(struct rpc_head *h, const char *name, const char *value)
{
    rpc_head_field(h, name, strlen(name), value, strlen(value));
}

static void test_head(void **state)
{
    struct arena arena;
    struct rpc_head h;
    const struct rpc_field *f;

    (void)state;
    arena_init(&arena, 1 << 20);
    rpc_head_init(&h, &arena);
    field(&h, ":method", "POST");
    field(&h, ":path", "/a.B/C");
    field(&h, ":authority", "here");
    field(&h, "te", "trailers");
    field(&h, "content-type", "application/grpc+proto");
    field(&h, "grpc-timeout", "5S");
    field(&h, "grpc-encoding", "gzip");
    field(&h, "x-two-bin", "AQI=,AwQ,  BQ==");
    field(&h, "x-dup", "1");
    field(&h, "x-dup", "2");
    assert_true(h.is_post);
    assert_string_equal(h.path, "/a.B/C");
    assert_string_equal(h.authority, "here");
    assert_true(rpc_head_is_grpc(&h));
    assert_int_equal(h.timeout_ms, 5000);
    assert_string_equal(h.encoding, "gzip");
    assert_false(h.is_bad || h.is_too_large || h.is_out_of_memory);
    assert_int_equal(h.md.n, 6);
    f = &h.md.fields[1];
    assert_string_equal(f->name, "x-two-bin");
    assert_int_equal(f->n_value, 2);
    assert_memory_equal(f->value, "\1\2", 2);
    assert_memory_equal(h.md.fields[2].value, "\3\4", 2);
    assert_int_equal(h.md.fields[3].value[0], 5);
    assert_string_equal((const char *)h.md.fields[4].value, "1");
    assert_string_equal((const char *)h.md.fields[5].value, "2");
    rpc_head_hide_encodings(&h);
    assert_int_equal(h.md.n, 5);
    assert_string_equal(h.encoding, "gzip");
    arena_done(&arena);
}

static void test_head_bad(void **state)
{
    static const struct {
        const char *name, *value;
    } bad[] = {{"grpc-timeout", "soon"},
               {"x-bin", "*"},
               {"x-bin", "AQI=,?"},
               {"grpc-status-details-bin", "A"}};
    struct arena arena;
    struct rpc_head h;

    (void)state;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        rpc_head_init(&h, &arena);
        field(&h, bad[i].name, bad[i].value);
        assert_true(h.is_bad);
    }
    rpc_head_init(&h, &arena);
    field(&h, "grpc-status", "seven");
    assert_int_equal(h.grpc_status, RPC_UNKNOWN);
    field(&h, "grpc-status", "99");
    assert_int_equal(h.grpc_status, RPC_UNKNOWN);
    field(&h, "grpc-status", "7");
    assert_int_equal(h.grpc_status, RPC_PERMISSION_DENIED);
    field(&h, "content-type", "application/grpcx");
    assert_false(rpc_head_is_grpc(&h));
    for (int i = 0; i < LIMIT_RPC_METADATA_FIELDS; i++)
        field(&h, "x", "y");
    assert_true(h.is_too_large);
    arena_done(&arena);
}

/* ---- status ---- */

static void test_status(void **state)
{
    struct arena arena;
    char reason[ERR_REASON_MAX];
    const uint8_t *data;
    struct err err;
    size_t n;

    (void)state;
    arena_init(&arena, 1 << 20);
    data = rpc_status_pack(RPC_NOT_FOUND, "no such pool", "PoolNotFound", &arena, &n);
    rpc_status_find_reason(data, n, reason);
    assert_string_equal(reason, "PoolNotFound");
    for (size_t cut = 0; cut < n; cut++) {
        rpc_status_find_reason(data, cut, reason);
        assert_true(reason[0] == '\0');
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t *copy = (uint8_t *)arena_memdup(&arena, data, n);

        copy[i] ^= 0xff;
        rpc_status_find_reason(copy, n, reason); /* whatever it finds, it stays inside */
    }
    assert_int_equal(rpc_status_to_err(&(struct rpc_status){.code = 5, .message = "gone"}, &err),
                     -1);
    assert_string_equal(err.reason, "Remote");
    assert_int_equal(err.code, 5);
    arena_done(&arena);
}

/* ---- gzip ---- */

static size_t gzip(const void *data, size_t n, uint8_t *to, size_t max)
{
    z_stream z = {
        .next_in = (Bytef *)data, .avail_in = (uInt)n, .next_out = to, .avail_out = (uInt)max};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    (void)deflateEnd(&z);
    return max - z.avail_out;
}

static void test_gzip(void **state)
{
    static uint8_t zeros[200000], packed[4096];
    size_t n = gzip(zeros, sizeof(zeros), packed, sizeof(packed));
    struct buf b;
    struct err err;

    (void)state;
    buf_init(&b, sizeof(zeros));
    assert_int_equal(rpc_gzip_unpack(packed, n, &b, &err), 0);
    assert_int_equal(buf_len(&b), sizeof(zeros));
    buf_done(&b);
    for (size_t cut = 0; cut < n; cut++) {
        buf_init(&b, sizeof(zeros));
        assert_true(rpc_gzip_unpack(packed, cut, &b, &err) < 0);
        assert_string_equal(err.reason, "BadCompression");
        buf_done(&b);
    }
    buf_init(&b, sizeof(zeros) - 1);
    assert_true(rpc_gzip_unpack(packed, n, &b, &err) < 0);
    assert_string_equal(err.reason, "MessageTooLarge");
    buf_done(&b);
}

static void test_gzip_round_trip(void **state)
{
    static uint8_t data[300000];
    static const size_t sizes[] = {0, 1, 2, 10, 255, 512, 513, 5000, 70000, sizeof(data)};
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++) /* half of it noise */
        data[i] = (uint8_t)(i % 1000 < 500 ? i * 2654435761u >> 24 : i / 1000);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct buf packed, plain;

        buf_init(&packed, 2 * sizeof(data));
        buf_init(&plain, sizeof(data));
        assert_int_equal(rpc_gzip_pack(data, sizes[i], &packed, &err), 0);
        assert_int_equal(rpc_gzip_unpack(buf_data(&packed), buf_len(&packed), &plain, &err), 0);
        assert_int_equal(buf_len(&plain), sizes[i]);
        assert_memory_equal(sizes[i] ? buf_data(&plain) : data, data, sizes[i]);
        buf_done(&packed);
        buf_done(&plain);
    }
}

/* ---- addresses ---- */

static void test_address(void **state)
{
    static const struct {
        const char *text, *authority;
        int family, code;
    } cases[] = {
        {"unix:/run/x", "localhost", AF_UNIX, 0},
        {"unix:rel", "localhost", AF_UNIX, 0},
        {"unix:///run/x", "localhost", AF_UNIX, 0},
        {"127.0.0.1:80", "127.0.0.1:80", AF_INET, 0},
        {"ipv4:1.2.3.4:5", "1.2.3.4:5", AF_INET, 0},
        {"localhost:1", "localhost:1", AF_INET, 0},
        {"[::1]:80", "[::1]:80", AF_INET6, 0},
        {"ipv6:[::]:0", "[::]:0", AF_INET6, 0},
        {"dns:///127.0.0.1:9", "127.0.0.1:9", AF_INET, 0},
        {"", NULL, 0, RPC_INVALID_ARGUMENT},
        {"unix:", NULL, 0, RPC_INVALID_ARGUMENT},
        {"1.2.3.4", NULL, 0, RPC_INVALID_ARGUMENT},
        {"1.2.3.4:65536", NULL, 0, RPC_INVALID_ARGUMENT},
        {":80", NULL, 0, RPC_INVALID_ARGUMENT},
        {"[::1:80", NULL, 0, RPC_INVALID_ARGUMENT},
        {"[]:80", NULL, 0, RPC_INVALID_ARGUMENT},
        {"name.example:80", NULL, 0, RPC_UNIMPLEMENTED},
    };
    char path[200] = "unix:/";
    struct rpc_address a;
    struct err err;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int r = rpc_address_parse(cases[i].text, &a, &err);

        assert_int_equal(r < 0 ? err.code : 0, cases[i].code);
        if (r < 0)
            continue;
        assert_int_equal(a.sa.any.sa_family, cases[i].family);
        assert_string_equal(rpc_address_authority(&a), cases[i].authority);
    }
    memset(path + 6, 'a', 107);
    assert_true(rpc_address_parse(path, &a, &err) < 0);
    path[5 + 107] = '\0';
    assert_int_equal(rpc_address_parse(path, &a, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame),          cmocka_unit_test(test_frame_bad),
        cmocka_unit_test(test_timeout_parse),  cmocka_unit_test(test_timeout_format),
        cmocka_unit_test(test_percent),        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_metadata_limit), cmocka_unit_test(test_head),
        cmocka_unit_test(test_head_bad),       cmocka_unit_test(test_status),
        cmocka_unit_test(test_gzip),           cmocka_unit_test(test_gzip_round_trip),
        cmocka_unit_test(test_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
