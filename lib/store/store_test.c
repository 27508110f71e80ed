#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "lib/api/meta.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/store/conformance.h"

struct place {
    char folder[64];
    char path[96];
};

static void place_make(struct place *p)
{
    (void)snprintf(p->folder, sizeof(p->folder), "/tmp/store_test.XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    (void)snprintf(p->path, sizeof(p->path), "%s/state.db", p->folder);
}

static void place_remove(struct place *p)
{
    assert_int_equal(fd_rm_tree(AT_FDCWD, p->folder, NULL), 0);
}

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    assert_non_null(p);
    place_make(p);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    place_remove(*state);
    free(*state);
    return 0;
}

static json_t *claim(const char *name)
{
    return json_pack("{s{ss ss} s{s{ss}}}", "metadata", "name", name, "namespace", "default",
                     "spec", "warmPoolRef", "name", "p");
}

static void write_claim(struct store *s, const char *name, store_done_fn done, void *user)
{
    _cleanup_json_ json_t *j = claim(name);
    struct store_op op = {.type = STORE_CREATE, .kind = "SandboxClaim", .object = j};

    assert_int_equal(store_write(s, &op, 1, done, user, NULL), 0);
}

static struct store *open_ok(struct loop *loop, const struct place *p)
{
    struct store *s = NULL;
    struct err err = {0};

    if (store_new_sqlite(&s, loop, p->path, &err) < 0)
        fail_msg("%s", err.msg);
    return s;
}

/* The reason of the refusal. */
static void assert_refused(const char *path, const char *reason)
{
    struct loop *loop;
    struct store *s = NULL;
    struct err err = {0};

    assert_int_equal(loop_new(&loop, &err), 0);
    assert_int_equal(store_new_sqlite(&s, loop, path, &err), -1);
    assert_string_equal(err.reason, reason);
    assert_int_equal(err.code, RPC_FAILED_PRECONDITION);
    assert_non_null(strstr(err.msg, path));
    loop_free(loop);
}

static void test_reopen(void **state)
{
    struct place *p = *state;
    struct loop *loop;
    struct store *s;
    char id[16];
    uint64_t version;
    struct stat st;

    assert_int_equal(loop_new(&loop, NULL), 0);
    s = open_ok(loop, p);
    (void)snprintf(id, sizeof(id), "%s", store_instance_id(s));
    assert_int_equal(strlen(id), 12);
    write_claim(s, "a", NULL, NULL);
    write_claim(s, "b", NULL, NULL);
    store_flush(s);
    assert_int_equal(
        store_write(s,
                    &(struct store_op){
                        .type = STORE_DELETE, .kind = "SandboxClaim", .ns = "default", .name = "b"},
                    1, NULL, NULL, NULL),
        0);
    store_free(s); /* commits what waits */
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);

    s = open_ok(loop, p);
    assert_string_equal(store_instance_id(s), id);
    assert_non_null(store_get(s, "SandboxClaim", "default", "a"));
    assert_null(store_get(s, "SandboxClaim", "default", "b"));
    version = store_revision(s);
    assert_int_equal(version, 3); /* a deletion counts too */
    write_claim(s, "c", NULL, NULL);
    store_flush(s);
    assert_int_equal(store_get(s, "SandboxClaim", "default", "c")->resource_version, version + 1);
    store_free(s);
    loop_free(loop);
}

static const struct store_kind box_kind = {.name = "Box", .api_version = "test/v1", .noun = "Box"};

static void test_registered_kind(void **state)
{
    struct place *p = *state;
    _cleanup_json_ json_t *j = claim("a");
    struct store_op op = {.type = STORE_CREATE, .kind = "Box", .object = j};
    struct loop *loop;
    struct store *s;

    assert_int_equal(loop_new(&loop, NULL), 0);
    for (int i = 0; i < 2; i++) {
        s = open_ok(loop, p);
        assert_int_equal(store_register_kind(s, &box_kind, NULL), 0);
        assert_true(store_register_kind(s, &box_kind, NULL) < 0);
        assert_int_equal(store_count(s, "Box"), i);
        assert_int_equal(store_write(s, &op, 1, NULL, NULL, NULL), 0);
        store_flush(s);
        assert_int_equal(store_count(s, "Box"), 1);
        store_free(s);
    }
    loop_free(loop);
}

static void run_sql(const struct place *p, const char *sql)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void make_one(const struct place *p)
{
    struct loop *loop;
    struct store *s;

    assert_int_equal(loop_new(&loop, NULL), 0);
    s = open_ok(loop, p);
    write_claim(s, "a", NULL, NULL);
    store_free(s);
    loop_free(loop);
}

static void test_schema_too_new(void **state)
{
    struct place *p = *state;

    make_one(p);
    run_sql(p, "PRAGMA user_version = 99");
    assert_refused(p->path, "SchemaTooNew");
}

static void test_foreign_file(void **state)
{
    struct place *p = *state;

    run_sql(p, "CREATE TABLE somebody (s)");
    assert_refused(p->path, "StateCorrupt");
}

static void test_nonsense_row(void **state)
{
    struct place *p = *state;

    make_one(p);
    run_sql(p, "UPDATE objects SET json = '{\"metadata\":'");
    assert_refused(p->path, "StateCorrupt");
}

static void test_garbage_file(void **state)
{
    struct place *p = *state;
    char garbage[8192];

    memset(garbage, 'g', sizeof(garbage));
    assert_int_equal(
        fd_write_file_atomic(AT_FDCWD, p->path, garbage, sizeof(garbage), 0600, false, NULL), 0);
    assert_refused(p->path, "StateCorrupt");
}

static void test_not_writable(void **state)
{
    struct place *p = *state;
    char path[128];
    struct rlimit limit = {0};
    pid_t pid;
    int status;

    (void)snprintf(path, sizeof(path), "%s/none/state.db", p->folder);
    assert_refused(path, "StateNotWritable");
    assert_refused("/proc/state.db", "StateNotWritable");
    /* As another user where we are root; else the folder's own mode does it. */
    assert_int_equal(chmod(p->folder, 0500), 0);
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        struct loop *loop;
        struct store *s;
        struct err err = {0};

        (void)setrlimit(RLIMIT_CORE, &limit);
        if (getuid() == 0 && setuid(65534) < 0)
            _exit(2);
        if (loop_new(&loop, &err) < 0 || store_new_sqlite(&s, loop, p->path, &err) == 0)
            _exit(3);
        _exit(strcmp(err.reason, "StateNotWritable") == 0 ? 0 : 4);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(chmod(p->folder, 0700), 0);
}

static void test_in_use(void **state)
{
    struct place *p = *state;
    struct loop *loop;
    struct store *s;
    pid_t pid;
    int status;

    assert_int_equal(loop_new(&loop, NULL), 0);
    s = open_ok(loop, p);
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        struct store *second;
        struct loop *own;
        struct err err = {0};

        if (loop_new(&own, &err) < 0 || store_new_sqlite(&second, own, p->path, &err) == 0)
            _exit(3);
        _exit(strcmp(err.reason, "StateInUse") == 0 ? 0 : 4);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    store_free(s);
    loop_free(loop);
}

static void on_failed(const struct store_result *res, void *user)
{
    struct err *err = user;

    *err = res->err ? *res->err : (struct err){0};
}

/* A disk that takes no more: the round fails as a whole, memory stays as the disk is, the next one
 * works. */
static void test_disk_full(void **state)
{
    struct place *p = *state;
    struct loop *loop;
    struct store *s;
    struct err err = {0};
    struct rlimit old, small;
    struct stat st;
    char wal[128];

    assert_int_equal(loop_new(&loop, NULL), 0);
    s = open_ok(loop, p);
    write_claim(s, "a", NULL, NULL);
    store_flush(s);
    (void)snprintf(wal, sizeof(wal), "%s-wal", p->path);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = (rlim_t)st.st_size;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    write_claim(s, "b", on_failed, &err);
    store_flush(s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(err.code, RPC_UNAVAILABLE);
    assert_string_equal(err.reason, "StateUnavailable");
    assert_null(store_get(s, "SandboxClaim", "default", "b"));
    assert_int_equal(store_revision(s), 1);

    write_claim(s, "b", on_failed, &err);
    store_flush(s);
    assert_int_equal(err.code, RPC_OK);
    store_free(s);
    s = open_ok(loop, p);
    assert_non_null(store_get(s, "SandboxClaim", "default", "b"));
    store_free(s);
    loop_free(loop);
}

/* ---- kill -9 ---- */

#define KILL_ROUNDS 12

struct writer {
    struct store *store;
    int out;
    unsigned n, round;
};

/* What `done` reported goes down the pipe; then the next pair of claims, one call, one transaction.
 */
static void on_pair(const struct store_result *res, void *user)
{
    struct writer *w = user;
    char a[32], b[32];
    _cleanup_json_ json_t *ja = NULL, *jb = NULL;

    if (res && (res->err || write(w->out, &w->n, sizeof(w->n)) != sizeof(w->n)))
        _exit(1);
    w->n++;
    (void)snprintf(a, sizeof(a), "r%u-%u-a", w->round, w->n);
    (void)snprintf(b, sizeof(b), "r%u-%u-b", w->round, w->n);
    ja = claim(a);
    jb = claim(b);
    struct store_op ops[] = {{.type = STORE_CREATE, .kind = "SandboxClaim", .object = ja},
                             {.type = STORE_CREATE, .kind = "SandboxClaim", .object = jb}};
    if (store_write(w->store, ops, 2, on_pair, w, NULL) < 0)
        _exit(1);
}

static void write_until_killed(const struct place *p, int out, unsigned round)
{
    struct writer w = {.out = out, .round = round};
    struct loop *loop;

    if (loop_new(&loop, NULL) < 0 || store_new_sqlite(&w.store, loop, p->path, NULL) < 0)
        _exit(1);
    on_pair(NULL, &w);
    loop_run(loop);
    _exit(1);
}

/* Every pair reported is there whole; of the one under way both or neither. */
static void assert_round(struct store *s, unsigned round, unsigned reported)
{
    char name[32];

    for (unsigned i = 1; i <= reported + 1; i++) {
        bool a, b;

        (void)snprintf(name, sizeof(name), "r%u-%u-a", round, i);
        a = store_get(s, "SandboxClaim", "default", name) != NULL;
        (void)snprintf(name, sizeof(name), "r%u-%u-b", round, i);
        b = store_get(s, "SandboxClaim", "default", name) != NULL;
        assert_int_equal(a, b);
        if (i <= reported)
            assert_true(a);
    }
}

static void test_kill(void **state)
{
    struct place *p = *state;
    unsigned reported[KILL_ROUNDS] = {0}, total = 0;

    for (unsigned round = 0; round < KILL_ROUNDS; round++) {
        struct loop *loop;
        struct store *s;
        int fds[2], status;
        unsigned n;
        pid_t pid;

        assert_int_equal(fd_pipe(fds, 0, NULL), 0);
        (void)fflush(NULL);
        pid = fork();
        if (pid == 0)
            write_until_killed(p, fds[1], round);
        (void)close(fds[1]);
        assert_int_equal(read(fds[0], &n, sizeof(n)), sizeof(n)); /* it is at work */
        reported[round] = n;
        (void)usleep(1000 + 1700 * round);
        assert_int_equal(kill(pid, SIGKILL), 0);
        while (read(fds[0], &n, sizeof(n)) == sizeof(n))
            reported[round] = n;
        (void)close(fds[0]);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));

        assert_int_equal(loop_new(&loop, NULL), 0);
        s = open_ok(loop, p);
        for (unsigned i = 0; i <= round; i++)
            assert_round(s, i, reported[i]);
        store_free(s);
        loop_free(loop);
        total += reported[round];
    }
    print_message("%u transactions over %d kills\n", total, KILL_ROUNDS);
}

/* ---- the conformance of both ---- */

static int make_sqlite(struct store **ret, struct loop *loop, void *user, struct err *err)
{
    place_make(user);
    return store_new_sqlite(ret, loop, ((struct place *)user)->path, err);
}

static void clean_sqlite(void *user)
{
    place_remove(user);
}

static int make_memory(struct store **ret, struct loop *loop, void *user, struct err *err)
{
    (void)user;
    return store_new_memory(ret, loop, err);
}

int main(void)
{
    struct place place;
    const struct conformance memory = {
        .name = "memory", .traits = CONFORMANCE_ATOMIC | CONFORMANCE_COLLECTS, .make = make_memory};
    const struct conformance sqlite = {.name = "sqlite",
                                       .traits = CONFORMANCE_ATOMIC | CONFORMANCE_COLLECTS,
                                       .make = make_sqlite,
                                       .clean = clean_sqlite,
                                       .user = &place};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reopen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_registered_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schema_too_new, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nonsense_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_writable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_in_use, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disk_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill, setup, teardown),
    };
    int failed = store_conformance(&memory) + store_conformance(&sqlite);

    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
