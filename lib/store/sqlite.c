/*
 * The disk of the local store: one SQLite file with one row per object and its JSON as text.
 *
 * WAL with synchronous=FULL: a commit is one fdatasync, and what it reported survives a crash; a
 * round whose ops are all `relaxed` leaves the fdatasync to the next one that is not. The
 * lock is exclusive for the life of the process, which also keeps the WAL index in our memory
 * instead of a third file. The objects are read once, at the start; after that SQLite only writes,
 * so its page cache is kept small.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/base/limits.h"
#include "lib/store/local.h"

#define SCHEMA_VERSION 1
#define APPLICATION_ID 0x41534243 /* "ASBC": what file(1) and we know the file by */

struct sqlite_disk {
    struct local_disk disk;
    sqlite3 *db;
    sqlite3_stmt *put, *del, *set_meta;
    char *path;
    bool is_sync; /* PRAGMA synchronous is FULL */
};

static const char *const migrations[SCHEMA_VERSION] = {
    /* 0 -> 1 */
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE objects (kind TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL,"
    "                      json TEXT NOT NULL, PRIMARY KEY (kind, ns, name));",
};

static struct sqlite_disk *disk_of(struct local_disk *d)
{
    return CONTAINER_OF(d, struct sqlite_disk, disk);
}

/* ---- errors ---- */

static int not_writable(struct err *err, const char *path, const char *why)
{
    return err_set(err, RPC_FAILED_PRECONDITION, "StateNotWritable",
                   "cannot write the state file %s: %s; make its folder writable for uid %d or "
                   "choose another state folder",
                   path, why, (int)getuid());
}

/* What SQLite says while opening, as one of the errors that the header promises. */
static int open_failed(const struct sqlite_disk *d, int rc, struct err *err)
{
    const char *why = d->db ? sqlite3_errmsg(d->db) : sqlite3_errstr(rc);

    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(err, RPC_FAILED_PRECONDITION, "StateInUse",
                       "the state file %s is in use by another process; stop it first", d->path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(
            err, RPC_FAILED_PRECONDITION, "StateCorrupt",
            "the state file %s is damaged (%s); restore a copy of it, or move it away to "
            "begin with an empty state",
            d->path, why);
    case SQLITE_NOMEM:
        return err_oom(err);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_IOERR:
    case SQLITE_FULL:
        return not_writable(err, d->path, why);
    default:
        return err_set(err, RPC_INTERNAL, "StateUnavailable", "the state file %s: %s", d->path,
                       why);
    }
}

static int commit_failed(const struct sqlite_disk *d, int rc, struct err *err)
{
    if ((rc & 0xff) == SQLITE_NOMEM)
        return err_oom(err);
    return err_set(err, RPC_UNAVAILABLE, "StateUnavailable",
                   "writing the state file %s: %s; nothing "
                   "was changed",
                   d->path, sqlite3_errmsg(d->db));
}

/* ---- small statements ---- */

static int exec(struct sqlite_disk *d, const char *sql, struct err *err)
{
    int rc = sqlite3_exec(d->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : open_failed(d, rc, err);
}

/* The first column of the first row; "" when there is none. */
static int query_text(struct sqlite_disk *d, const char *sql, char *ret, size_t n_ret,
                      struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(d->db, sql, -1, &stmt, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    ret[0] = '\0';
    if (rc == SQLITE_ROW && sqlite3_column_text(stmt, 0))
        (void)snprintf(ret, n_ret, "%s", (const char *)sqlite3_column_text(stmt, 0));
    (void)sqlite3_finalize(stmt); /* repeats the error we have */
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : open_failed(d, rc, err);
}

/* Runs a prepared statement to its end with up to four texts bound (NULL ends them). */
static int run(sqlite3_stmt *stmt, const char *a, const char *b, const char *c, const char *e)
{
    const char *texts[] = {a, b, c, e};
    int rc;

    for (int i = 0; i < 4 && texts[i]; i++) {
        rc = sqlite3_bind_text(stmt, i + 1, texts[i], -1, SQLITE_STATIC);
        if (rc != SQLITE_OK)
            return rc;
    }
    rc = sqlite3_step(stmt);
    (void)sqlite3_reset(stmt);          /* repeats the error we have */
    (void)sqlite3_clear_bindings(stmt); /* cannot fail */
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* ---- the disk ---- */

static int put_rows(struct sqlite_disk *d, const struct local_row *rows, size_t n_rows,
                    uint64_t revision)
{
    char text[24];
    int rc = SQLITE_OK;

    for (size_t i = 0; i < n_rows && rc == SQLITE_OK; i++) {
        const struct local_row *r = &rows[i];

        rc = r->json ? run(d->put, r->kind, r->ns, r->name, r->json)
                     : run(d->del, r->kind, r->ns, r->name, NULL);
    }
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)revision);
    return rc == SQLITE_OK ? run(d->set_meta, "revision", text, NULL, NULL) : rc;
}

/* In WAL mode NORMAL leaves out the fdatasync of a commit; the next FULL one does it for all
 * before. */
static int set_sync(struct sqlite_disk *d, bool sync)
{
    int rc;

    if (sync == d->is_sync)
        return SQLITE_OK;
    rc = sqlite3_exec(d->db, sync ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                      NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        d->is_sync = sync;
    return rc;
}

static int sqlite_commit(struct local_disk *disk, const struct local_row *rows, size_t n_rows,
                         uint64_t revision, bool sync, struct err *err)
{
    struct sqlite_disk *d = disk_of(disk);
    int rc = set_sync(d, sync);

    if (rc == SQLITE_OK)
        rc = sqlite3_exec(d->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    if (rc == SQLITE_OK)
        rc = put_rows(d, rows, n_rows, revision);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(d->db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return 0;
    (void)commit_failed(d, rc, err);
    if (!sqlite3_get_autocommit(d->db))
        (void)sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL); /* else SQLite did it itself */
    return -1;
}

static int load_row(struct sqlite_disk *d, struct store *s, const struct store_kind *kind,
                    sqlite3_stmt *stmt, struct err *err)
{
    const char *text = (const char *)sqlite3_column_text(stmt, 0);
    size_t n = (size_t)sqlite3_column_bytes(stmt, 0);
    _cleanup_json_ json_t *json = NULL;

    if (!text)
        return err_oom(err);
    json = meta_parse(text, n, 2 * LIMIT_OBJECT, err);
    if (json && local_load(s, kind, json, err) == 0)
        return 0;
    if (err && strcmp(err->reason, "OutOfMemory") != 0)
        (void)err_recode(err, RPC_FAILED_PRECONDITION, "StateCorrupt");
    return err_wrap(err, "the state file %s", d->path);
}

static int sqlite_load(struct local_disk *disk, struct store *s, const struct store_kind *kind,
                       struct err *err)
{
    struct sqlite_disk *d = disk_of(disk);
    sqlite3_stmt *stmt = NULL;
    int rc, r = 0;

    rc = sqlite3_prepare_v2(d->db, "SELECT json FROM objects WHERE kind = ? ORDER BY ns, name", -1,
                            &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(stmt, 1, kind->name, -1, SQLITE_STATIC);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW)
            r = load_row(d, s, kind, stmt, err);
        if (r < 0)
            break;
    }
    (void)sqlite3_finalize(stmt); /* repeats the error we have */
    if (r < 0)
        return -1;
    return rc == SQLITE_DONE ? 0 : open_failed(d, rc, err);
}

static void sqlite_free(struct local_disk *disk)
{
    struct sqlite_disk *d = disk_of(disk);
    int rc;

    (void)sqlite3_finalize(d->put);
    (void)sqlite3_finalize(d->del);
    (void)sqlite3_finalize(d->set_meta);
    rc = sqlite3_close(d->db);
    assert(rc == SQLITE_OK); /* a statement was not finalized */
    free(d->path);
    free(d);
}

/* ---- opening ---- */

/* Made by us, so that its mode and its errors are ours; SQLite gives its WAL the same mode. */
static int make_file(const char *path, struct err *err)
{
    _cleanup_(close_fdp) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct err why;

    if (fd >= 0)
        return 0;
    (void)err_errno(&why, errno, "opening it");
    return not_writable(err, path, why.msg);
}

static int configure(struct sqlite_disk *d, struct err *err)
{
    /* The lock comes first: whoever holds it may look at the file and change it. */
    return exec(d,
                "PRAGMA locking_mode = EXCLUSIVE;"
                "PRAGMA journal_mode = WAL;"
                "PRAGMA synchronous = FULL;"
                "PRAGMA cache_size = -512;"
                "PRAGMA temp_store = MEMORY;"
                "PRAGMA journal_size_limit = 4194304;"
                "BEGIN EXCLUSIVE; COMMIT;",
                err);
}

static int migrate(struct sqlite_disk *d, int from, struct err *err)
{
    char sql[128];

    for (int v = from; v < SCHEMA_VERSION; v++) {
        (void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
                       APPLICATION_ID, v + 1);
        if (exec(d, "BEGIN IMMEDIATE", err) < 0)
            return -1;
        if (exec(d, migrations[v], err) < 0 || exec(d, sql, err) < 0 ||
            exec(d, "COMMIT", err) < 0) {
            (void)sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL); /* the first error counts */
            return err_wrap(err, "migrating from schema %d to %d", v, v + 1);
        }
    }
    return 0;
}

static int check_schema(struct sqlite_disk *d, struct err *err)
{
    char version[24], id[24], n_tables[24];
    int have;

    if (query_text(d, "PRAGMA user_version", version, sizeof(version), err) < 0 ||
        query_text(d, "PRAGMA application_id", id, sizeof(id), err) < 0 ||
        query_text(d, "SELECT count(*) FROM sqlite_schema", n_tables, sizeof(n_tables), err) < 0)
        return -1;
    if (atoi(id) != APPLICATION_ID && strcmp(n_tables, "0") != 0)
        return err_set(err, RPC_FAILED_PRECONDITION, "StateCorrupt",
                       "%s is a database of another program; choose another state folder", d->path);
    have = atoi(version);
    if (have > SCHEMA_VERSION)
        return err_set(err, RPC_FAILED_PRECONDITION, "SchemaTooNew",
                       "the state file %s has schema %d and this program knows up to %d: it was "
                       "written by a newer version; use that, or another state folder",
                       d->path, have, SCHEMA_VERSION);
    return migrate(d, have, err);
}

static int check_pages(struct sqlite_disk *d, struct err *err)
{
    char verdict[200];

    if (query_text(d, "PRAGMA quick_check(1)", verdict, sizeof(verdict), err) < 0)
        return -1;
    if (strcmp(verdict, "ok") == 0)
        return 0;
    return err_set(err, RPC_FAILED_PRECONDITION, "StateCorrupt",
                   "the state file %s is damaged (%s); restore a copy of it, or move it away to "
                   "begin with an empty state",
                   d->path, verdict);
}

static int prepare(struct sqlite_disk *d, struct err *err)
{
    const struct {
        sqlite3_stmt **stmt;
        const char *sql;
    } all[] = {
        {&d->put, "INSERT INTO objects (kind, ns, name, json) VALUES (?1, ?2, ?3, ?4) "
                  "ON CONFLICT DO UPDATE SET json = ?4"},
        {&d->del, "DELETE FROM objects WHERE kind = ? AND ns = ? AND name = ?"},
        {&d->set_meta, "INSERT INTO meta (key, value) VALUES (?1, ?2) "
                       "ON CONFLICT DO UPDATE SET value = ?2"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        int rc =
            sqlite3_prepare_v3(d->db, all[i].sql, -1, SQLITE_PREPARE_PERSISTENT, all[i].stmt, NULL);

        if (rc != SQLITE_OK)
            return open_failed(d, rc, err);
    }
    return 0;
}

static int sqlite_open(struct sqlite_disk *d, struct err *err)
{
    int rc;

    if (make_file(d->path, err) < 0)
        return -1;
    rc = sqlite3_open_v2(d->path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return open_failed(d, rc, err);
    (void)sqlite3_extended_result_codes(d->db, 1); /* cannot fail */
    if (configure(d, err) < 0 || check_pages(d, err) < 0 || check_schema(d, err) < 0)
        return -1;
    return prepare(d, err);
}

static int sqlite_disk_new(struct sqlite_disk **ret, const char *path, struct err *err)
{
    struct sqlite_disk *d = calloc(1, sizeof(*d));

    if (!d)
        return err_oom(err);
    d->is_sync = true;
    d->disk = (struct local_disk){sqlite_commit, sqlite_load, sqlite_free};
    d->path = strdup(path);
    if (!d->path || sqlite_open(d, err) < 0) {
        if (!d->path)
            (void)err_oom(err);
        sqlite_free(&d->disk);
        return -1;
    }
    *ret = d;
    return 0;
}

/* The instance id and the revision, made on the first start. */
static int load_meta(struct sqlite_disk *d, struct store *s, struct err *err)
{
    char id[32], revision[32];
    int rc;

    if (query_text(d, "SELECT value FROM meta WHERE key = 'instance'", id, sizeof(id), err) < 0 ||
        query_text(d, "SELECT value FROM meta WHERE key = 'revision'", revision, sizeof(revision),
                   err) < 0)
        return -1;
    if (revision[0] && bytes_parse_u64(revision, 0, UINT64_MAX, &s->revision) < 0)
        return err_set(err, RPC_FAILED_PRECONDITION, "StateCorrupt",
                       "the state file %s: its revision is \"%s\"", d->path, revision);
    if (strlen(id) == sizeof(s->instance_id) - 1) {
        (void)memcpy(s->instance_id, id, sizeof(s->instance_id));
        return 0;
    }
    rc = run(d->set_meta, "instance", s->instance_id, NULL, NULL);
    return rc == SQLITE_OK ? 0 : open_failed(d, rc, err);
}

int store_new_sqlite(struct store **ret, struct loop *loop, const char *path, struct err *err)
{
    _cleanup_(store_freep) struct store *s = NULL;
    struct sqlite_disk *d = NULL;

    if (sqlite_disk_new(&d, path, err) < 0 || local_new(&s, loop, &d->disk, err) < 0)
        return -1;
    if (load_meta(d, s, err) < 0 || local_load_all(s, err) < 0)
        return -1;
    *ret = TAKE_PTR(s);
    return 0;
}
