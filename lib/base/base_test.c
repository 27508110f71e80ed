/* Unit tests of the small modules of lib/base, a table each. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/proc.h"

static void test_err(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(err_set(&err, RPC_NOT_FOUND, "PoolNotFound", "no pool \"%s\"", "x"), -1);
    assert_int_equal(err_wrap(&err, "claim %d", 7), -1);
    assert_string_equal(err.msg, "claim 7: no pool \"x\"");
    assert_string_equal(err.reason, "PoolNotFound");
    assert_int_equal(err.code, RPC_NOT_FOUND);

    (void)err_errno(&err, ENOENT, "opening %s", "/x");
    assert_string_equal(err.msg, "opening /x: No such file or directory");
    assert_int_equal(err.code, RPC_NOT_FOUND);
    assert_int_equal(err.errnum, ENOENT);

    for (int code = 0; code <= RPC_UNAUTHENTICATED; code++)
        assert_int_equal(rpc_code_from_name(rpc_code_name(code)), code);
    assert_string_equal(rpc_code_name(42), "UNKNOWN");
    assert_int_equal(err_set(NULL, RPC_INTERNAL, "X", "x"), -1);
}

/* A long message is cut, and never in the middle of a character. */
static void test_err_is_cut_at_a_character(void **state)
{
    char text[2 * ERR_MSG_MAX] = "";
    struct err err;

    (void)state;
    for (size_t pad = 0; pad < 4; pad++) {
        size_t n = 0;

        while (n < pad)
            text[n++] = 'a';
        while (n + 4 < sizeof(text)) {
            memcpy(text + n, "\xE2\x82\xAC", 4);
            n += 3;
        }
        (void)err_set(&err, RPC_INTERNAL, "X", "%s", text);
        assert_true(bytes_is_utf8(err.msg, strlen(err.msg)));
        (void)err_wrap(&err, "x");
        assert_true(bytes_is_utf8(err.msg, strlen(err.msg)));
    }
}

static void test_buf(void **state)
{
    struct buf b;
    struct err err;
    uint64_t in = 0, out = 0;

    (void)state;
    buf_init(&b, 1000);
    assert_int_equal(buf_append(&b, "hello", 5, &err), 0);
    assert_int_equal(buf_appendf(&b, &err, " %s", "world"), 0);
    assert_string_equal(buf_cstr(&b, &err), "hello world");
    buf_consume(&b, 6);
    assert_memory_equal(buf_data(&b), "world", 5);
    assert_null(buf_reserve(&b, 996, &err));
    assert_string_equal(err.reason, "TooLarge");
    assert_non_null(buf_reserve(&b, 995, &err));
    buf_clear(&b);

    /* A queue that never grows over its ceiling whatever the pattern of writes and reads. */
    for (int i = 0; i < 5000; i++) {
        uint8_t chunk[97];
        size_t n = (size_t)(i * 31 % 97), take;

        if (buf_len(&b) + n <= 1000) {
            for (size_t j = 0; j < n; j++)
                chunk[j] = (uint8_t)in++;
            assert_int_equal(buf_append(&b, chunk, n, &err), 0);
        }
        take = MIN(buf_len(&b), (size_t)(i * 17 % 89));
        for (size_t j = 0; j < take; j++)
            assert_int_equal(buf_data(&b)[j], (uint8_t)out++);
        buf_consume(&b, take);
    }
    assert_true(b.cap <= 2048);
    buf_done(&b);
}

static void test_arena(void **state)
{
    struct arena a;
    size_t total = 0;

    (void)state;
    arena_init(&a, 64 * 1024);
    for (size_t n = 0; n < 300; n++) {
        uint8_t *p = arena_alloc(&a, n);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        memset(p, 1, n);
    }
    while (arena_alloc(&a, 1000))
        total += 1000;
    assert_true(a.used <= 64 * 1024);
    assert_true(total < 64 * 1024);
    arena_reset(&a);
    assert_string_equal(arena_strdup(&a, "x"), "x");
    assert_null(arena_alloc(&a, SIZE_MAX));
    arena_done(&a);
    assert_int_equal(a.used, 0);
}

static void test_map(void **state)
{
    struct map m;
    char key[32];
    size_t seen = 0;
    void *old;

    (void)state;
    map_init(&m);
    assert_null(map_get(&m, "x"));
    for (uintptr_t i = 1; i <= 1000; i++) {
        (void)snprintf(key, sizeof(key), "key-%zu", (size_t)i);
        assert_int_equal(map_set(&m, key, (void *)i, &old, NULL), 0);
        assert_null(old);
    }
    assert_int_equal(map_set(&m, "key-7", (void *)77, &old, NULL), 0);
    assert_int_equal((uintptr_t)old, 7);
    assert_int_equal((uintptr_t)map_get(&m, "key-7"), 77);
    MAP_FOREACH(it, &m)
    {
        seen++;
        if ((uintptr_t)map_entry_value(it) % 2 == 0)
            assert_non_null(map_remove(&m, map_entry_key(it)));
    }
    assert_int_equal(seen, 1000);
    assert_int_equal(m.n, 500);
    assert_null(map_remove(&m, "key-2"));
    map_done(&m);
}

struct item {
    int v;
    struct list link;
};

static void test_list(void **state)
{
    struct list l = LIST_INIT(l);
    struct item items[4];
    int sum = 0;

    (void)state;
    for (int i = 0; i < 4; i++) {
        items[i].v = i;
        list_push_back(&l, &items[i].link);
    }
    LIST_FOREACH_SAFE(it, &l)
    {
        struct item *item = CONTAINER_OF(it, struct item, link);

        sum = sum * 10 + item->v;
        if (item->v == 1)
            list_remove(it);
    }
    assert_int_equal(sum, 123);
    assert_int_equal(LIST_FIRST(&l, struct item, link)->v, 0);
    list_remove(&items[1].link); /* already off: nothing happens */
    while (list_pop_front(&l))
        ;
    assert_true(list_is_empty(&l));
}

static void test_bytes(void **state)
{
    static const struct {
        const char *s, *hash;
    } hashes[] = {/* reference/controller.md 1.8 */
                  {"", "811c9dc5"},
                  {"a", "e40c292c"},
                  {"my-sandbox", "374de8f5"},
                  {"test-template", "69155462"}};
    static const struct {
        const char *s;
        bool label, subdomain;
    } names[] = {{"a", true, true},     {"a-b", true, true},  {"-a", false, false},
                 {"a-", false, false},  {"a.b", false, true}, {"a..b", false, false},
                 {"", false, false},    {"A", false, false},  {"a_b", false, false},
                 {"a.b-", false, false}};
    static const struct {
        const char *s;
        bool ok;
    } utf8[] = {{"abc", true},
                {"\xC3\xA9", true},
                {"\xC0\x80", false},
                {"\xED\xA0\x80", false},
                {"\xF4\x8F\xBF\xBF", true},
                {"\xF4\x90\x80\x80", false},
                {"\xE2\x82", false},
                {"\x80", false}};
    char text[64], uuid[37];
    uint64_t u;
    int64_t i64;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(hashes); i++) {
        bytes_fnv1a_hex(hashes[i].s, text);
        assert_string_equal(text, hashes[i].hash);
    }
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_int_equal(bytes_is_dns_label(names[i].s), names[i].label);
        assert_int_equal(bytes_is_dns_subdomain(names[i].s), names[i].subdomain);
    }
    for (size_t i = 0; i < ARRAY_SIZE(utf8); i++)
        assert_int_equal(bytes_is_utf8(utf8[i].s, strlen(utf8[i].s)), utf8[i].ok);

    for (size_t n = 0; n < 20; n++) {
        uint8_t raw[20], back[32];

        bytes_random(raw, sizeof(raw));
        for (int pad = 0; pad < 2; pad++) {
            size_t len = bytes_base64(raw, n, pad, text);

            assert_int_equal(strlen(text), len);
            assert_int_equal(bytes_unbase64(text, len, back), (int)n);
            assert_memory_equal(raw, back, n);
        }
    }
    assert_int_equal(bytes_unbase64("a", 1, (uint8_t *)text), -1);
    assert_int_equal(bytes_unbase64("a*bc", 4, (uint8_t *)text), -1);

    assert_string_equal(bytes_escape("a\n\"\x01\xFF", 5, text, sizeof(text)), "a\\n\\\"\\x01\\xff");
    assert_string_equal(bytes_escape("abcdef", 6, text, 4), "abc");
    assert_int_equal(bytes_parse_u64("18446744073709551615", 0, UINT64_MAX, &u), 0);
    assert_int_equal(bytes_parse_u64("18446744073709551616", 0, UINT64_MAX, &u), -1);
    assert_int_equal(bytes_parse_u64("", 0, 9, &u), -1);
    assert_int_equal(bytes_parse_i64("-5", -9, 9, &i64), 0);
    assert_int_equal(i64, -5);
    bytes_uuid(uuid);
    assert_int_equal(strlen(uuid), 36);
    bytes_random_name(text, 10);
    assert_true(bytes_is_dns_label(text));
}

static void test_clock(void **state)
{
    static const struct {
        const char *s;
        int64_t t;
    } good[] = {{"2026-11-23T18:33:07Z", 1795458787},
                {"2026-11-23T18:33:07.123456Z", 1795458787},
                {"2026-11-23T19:33:07+01:00", 1795458787}};
    static const char *const bad[] = {"", "2026-11-23", "2026-11-23T18:33:07",
                                      "2026-11-23T18:33:07.Z", "2026-11-23T18:33:07+1:00"};
    char text[32];
    int64_t t;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(clock_parse_rfc3339(good[i].s, &t), 0);
        assert_int_equal(t, good[i].t);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(clock_parse_rfc3339(bad[i], &t), -1);
    clock_format_rfc3339(1795458787, text, sizeof(text));
    assert_string_equal(text, "2026-11-23T18:33:07Z");
    assert_int_equal(clock_add(5, CLOCK_NEVER), CLOCK_NEVER);
}

static void read_line(int fd, char *line, size_t n)
{
    ssize_t got = read(fd, line, n - 1);

    assert_true(got > 0);
    line[got] = '\0';
}

static void test_log(void **state)
{
    struct log_ratelimit rl = {.burst = 2, .per_ms = 100};
    char line[4096];
    uint32_t held;
    int p[2];

    (void)state;
    assert_int_equal(pipe(p), 0);
    log_init("test", LOG_INFO, LOG_FORMAT_KV, p[1]);
    log_debug("not shown");
    log_info("claim bound", LOG_S("claim", "a b\nlevel=error"), LOG_U("ms", 3),
             LOG_B("warm", true));
    read_line(p[0], line, sizeof(line));
    assert_non_null(strstr(line, "level=info service=test msg=\"claim bound\" "
                                 "claim=\"a b\\nlevel=error\" ms=3 warm=true\n"));

    log_init("test", LOG_INFO, LOG_FORMAT_JSON, p[1]);
    log_warn("x", LOG_S("v", "\"\x01\\"), LOG_I("n", -1));
    read_line(p[0], line, sizeof(line));
    assert_non_null(strstr(line, "\"v\":\"\\\"\\u0001\\\\\",\"n\":-1}\n"));
    log_init("test", LOG_INFO, LOG_FORMAT_KV, 2);
    (void)close(p[0]);
    (void)close(p[1]);

    assert_true(log_ratelimit(&rl, 1000, &held));
    assert_true(log_ratelimit(&rl, 1001, &held));
    assert_false(log_ratelimit(&rl, 1002, &held));
    assert_false(log_ratelimit(&rl, 1003, &held));
    assert_true(log_ratelimit(&rl, 1200, &held));
    assert_int_equal(held, 2);
}

static void test_files(void **state)
{
    char dir[] = "/tmp/base_test.XXXXXX", path[256], sock[256], data[8];
    int a = -1, fds[2], pair[2], s, c;
    size_t n_fds = 2;
    struct stat st;
    struct buf b;
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/a/b/c", dir);
    assert_int_equal(fd_mkdir_p(path, 0700, &err), 0);
    (void)snprintf(path, sizeof(path), "%s/a/b/file", dir);
    (void)snprintf(sock, sizeof(sock), "%.200s.%d.new", path, (int)getpid());
    s = open(sock, O_RDWR | O_CREAT | O_CLOEXEC, 0666); /* somebody waits to read what we write */
    assert_true(s >= 0);
    assert_int_equal(fd_write_file_atomic(AT_FDCWD, path, "hello", 5, 0600, true, &err), 0);
    assert_int_equal(read(s, data, sizeof(data)), 0);
    (void)close(s);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    buf_init(&b, 5);
    assert_int_equal(fd_read_file(AT_FDCWD, path, &b, &err), 0);
    assert_int_equal(buf_len(&b), 5);
    buf_done(&b);
    buf_init(&b, 4);
    assert_int_equal(fd_read_file(AT_FDCWD, path, &b, &err), -1);
    assert_string_equal(err.reason, "TooLarge");
    buf_done(&b);

    (void)snprintf(sock, sizeof(sock), "%s/s", dir);
    s = fd_unix_listen(sock, SOCK_STREAM, 0600, &err);
    assert_true(s >= 0);
    assert_int_equal(stat(sock, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    c = fd_unix_connect(sock, SOCK_STREAM, &err);
    assert_true(c >= 0);
    assert_int_equal(fd_unix_listen(sock, SOCK_STREAM, 0600, &err), -1);
    assert_string_equal(err.reason, "AddressInUse");
    (void)close(s);
    (void)close(c);
    s = fd_unix_listen(sock, SOCK_STREAM, 0600, &err); /* a dead socket file is replaced */
    assert_true(s >= 0);
    (void)close(s);
    memset(path, 'x', 200);
    path[200] = '\0';
    assert_int_equal(fd_unix_connect(path, SOCK_STREAM, &err), -1);
    assert_string_equal(err.reason, "PathTooLong");

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    a = open("/dev/null", O_RDONLY);
    assert_int_equal(fd_send(pair[0], "x", 1, (int[]){a, a, a}, 3, &err), 0);
    assert_int_equal(fd_recv(pair[1], data, sizeof(data), fds, &n_fds, &err), 1);
    assert_int_equal(n_fds, 2); /* the third found no room and was closed */
    assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    (void)close(fds[0]);
    (void)close(fds[1]);
    (void)close(a);
    (void)close(pair[0]);
    (void)close(pair[1]);

    (void)snprintf(path, sizeof(path), "%s/link", dir);
    assert_int_equal(symlink("/etc", path), 0);
    assert_int_equal(fd_rm_tree(AT_FDCWD, dir, &err), 0);
    assert_int_equal(fd_rm_tree(AT_FDCWD, dir, &err), 0);
    assert_int_equal(stat("/etc/passwd", &st), 0);
}

static void test_proc(void **state)
{
    struct buf out;
    struct err err;

    (void)state;
    buf_init(&out, 100);
    assert_int_equal(
        proc_run((const char *[]){"sh", "-c", "echo hi; exit 3", NULL}, &out, 5000, &err), 3);
    assert_string_equal(buf_cstr(&out, &err), "hi\n");
    buf_done(&out);
    assert_int_equal(
        proc_run((const char *[]){"sh", "-c", "echo no >&2; kill -9 $$", NULL}, NULL, 5000, &err),
        137);
    assert_non_null(strstr(err.msg, "no"));
    assert_int_equal(proc_run((const char *[]){"/no/such", NULL}, NULL, 5000, &err), -1);
    assert_string_equal(err.reason, "CommandNotFound");
    assert_int_equal(proc_run((const char *[]){"/etc/passwd", NULL}, NULL, 5000, &err), -1);
    assert_string_equal(err.reason, "NotExecutable");
    assert_int_equal(proc_run((const char *[]){"sleep", "30", NULL}, NULL, 50, &err), -1);
    assert_string_equal(err.reason, "CommandTimedOut");
    /* No descriptor of the parent's leaks into the child. */
    buf_init(&out, 100);
    assert_int_equal(
        proc_run((const char *[]){"sh", "-c", "echo /proc/self/fd/*", NULL}, &out, 5000, &err), 0);
    assert_null(strstr(buf_cstr(&out, &err), "/4"));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_err),   cmocka_unit_test(test_err_is_cut_at_a_character),
        cmocka_unit_test(test_buf),   cmocka_unit_test(test_arena),
        cmocka_unit_test(test_map),   cmocka_unit_test(test_list),
        cmocka_unit_test(test_bytes), cmocka_unit_test(test_clock),
        cmocka_unit_test(test_log),   cmocka_unit_test(test_files),
        cmocka_unit_test(test_proc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
