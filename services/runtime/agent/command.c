#include "services/runtime/agent/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/base/limits.h"

enum { PASSWD_MAX = 256 * 1024, PASSWD_FIELDS = 7, DURATION_MAX_S = 10 * 365 * 24 * 3600 };

static int bad(struct err *err, const char *what)
{
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "%s", what);
}

int command_duration_ms(const Google__Protobuf__Duration *d, uint64_t otherwise, const char *field,
                        uint64_t *ret, struct err *err)
{
    if (!d) {
        *ret = otherwise;
        return 0;
    }
    if (d->seconds < 0 || d->nanos < 0 || d->nanos > 999999999)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "%s is no positive duration",
                       field);
    *ret = (uint64_t)MIN(d->seconds, (int64_t)DURATION_MAX_S) * 1000 +
           ((uint64_t)d->nanos + 999999) / 1000000;
    return 0;
}

/* ---- users ---- */

/* Cuts a line of /etc/passwd at its colons; false when it is none. */
static bool split_passwd(char *line, char *ret[PASSWD_FIELDS])
{
    for (int i = 0; i < PASSWD_FIELDS; i++) {
        ret[i] = strsep(&line, ":");
        if (!ret[i])
            return false;
    }
    return true;
}

struct account {
    uint64_t uid, gid;
    char home[256];
};

/* By name, or by uid when name is NULL. Static glibc has no NSS: the file is what counts in an
 * image. */
static bool find_account(const struct identity *id, const char *name, uint64_t uid,
                         struct account *ret)
{
    struct buf file;
    const char *text;
    char *at, *line;
    bool found = false;

    buf_init(&file, PASSWD_MAX);
    if (fd_read_file(AT_FDCWD, id->passwd ? id->passwd : "/etc/passwd", &file, NULL) < 0 ||
        !(text = buf_cstr(&file, NULL))) {
        buf_done(&file);
        return false;
    }
    at = (char *)file.mem + file.start;
    while (!found && (line = strsep(&at, "\n"))) {
        char *f[PASSWD_FIELDS];

        if (!split_passwd(line, f) || bytes_parse_u64(f[2], 0, UINT32_MAX - 1, &ret->uid) < 0 ||
            bytes_parse_u64(f[3], 0, UINT32_MAX - 1, &ret->gid) < 0)
            continue;
        found = name ? strcmp(f[0], name) == 0 : ret->uid == uid;
        (void)snprintf(ret->home, sizeof(ret->home), "%s", f[5]); /* cut: no such folder then */
    }
    buf_done(&file);
    return found;
}

static int parse_user(const char *user, const struct identity *id, struct account *ret,
                      struct err *err)
{
    const char *colon = strchr(user, ':');
    char uid[24];

    (void)snprintf(uid, sizeof(uid), "%.*s", colon ? (int)(colon - user) : (int)strlen(user), user);
    if (bytes_parse_u64(uid, 0, UINT32_MAX - 1, &ret->uid) == 0) {
        ret->gid = ret->uid == id->uid ? id->gid : ret->uid;
        if (colon && bytes_parse_u64(colon + 1, 0, UINT32_MAX - 1, &ret->gid) < 0)
            return bad(err, "user is \"uid\", \"uid:gid\" or a name");
        return 0;
    }
    if (colon || strlen(user) > 64)
        return bad(err, "user is \"uid\", \"uid:gid\" or a name");
    if (!find_account(id, user, 0, ret))
        return err_set(err, RPC_NOT_FOUND, "UserNotFound", "no user \"%s\" in /etc/passwd", user);
    return 0;
}

/* Root may become anybody; everybody else stays who they are. */
static int settle_user(const char *user, const struct identity *id, struct command *c,
                       struct err *err)
{
    struct account a = {.uid = id->uid, .gid = id->gid};

    if (user && user[0] && parse_user(user, id, &a, err) < 0)
        return -1;
    if ((a.uid != id->uid || a.gid != id->gid) && (id->uid != 0 || !id->is_switchable))
        return err_set(err, RPC_PERMISSION_DENIED, "UserNotAllowed",
                       "commands here run as %u:%u, not as \"%.64s\"", (unsigned)id->uid,
                       (unsigned)id->gid, user);
    c->uid = id->is_switchable ? (uid_t)a.uid : (uid_t)-1;
    c->gid = id->is_switchable ? (gid_t)a.gid : (gid_t)-1;
    return 0;
}

/* ---- environment ---- */

static bool same_name(const char *entry, const char *other)
{
    size_t n = strcspn(entry, "=");

    return strncmp(entry, other, n) == 0 && (other[n] == '=' || other[n] == '\0');
}

/* Sets NAME=value in the first n of env, or appends. Returns the new count. */
static size_t put_env(const char **env, size_t n, const char *entry)
{
    for (size_t i = 0; i < n; i++)
        if (same_name(entry, env[i])) {
            env[i] = entry;
            return n;
        }
    env[n] = entry;
    return n + 1;
}

static bool has_env(const char *const *env, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (same_name(env[i], name))
            return true;
    return false;
}

static const char *join_env(struct arena *arena, const char *name, const char *value)
{
    size_t n = strlen(name) + 1 + strlen(value) + 1;
    char *s = arena_alloc(arena, n);

    if (s)
        (void)snprintf(s, n, "%s=%s", name, value);
    return s;
}

/* What a shell or a Python would miss: where home is, and on a terminal, which one. */
static int add_defaults(const char **env, size_t *n, const struct command *c,
                        const struct identity *id, struct arena *arena, struct err *err)
{
    const char *entry;

    if (!has_env(env, *n, "HOME")) {
        struct account a;
        bool known = find_account(id, NULL, c->uid == (uid_t)-1 ? id->uid : c->uid, &a);

        entry = join_env(arena, "HOME", known && a.home[0] ? a.home : "/");
        if (!entry)
            return err_oom(err);
        *n = put_env(env, *n, entry);
    }
    if (c->has_terminal && !has_env(env, *n, "TERM"))
        *n = put_env(env, *n, "TERM=xterm-256color");
    return 0;
}

static int settle_env(const Agentsandbox__V1__Command *msg, const struct identity *id,
                      struct arena *arena, struct command *c, struct err *err)
{
    size_t n_base = 0, n = 0, n_more = msg ? msg->n_env : 0;
    const char **env;

    while (id->envp && id->envp[n_base])
        n_base++;
    env = arena_alloc(arena, (n_base + n_more + 3) * sizeof(*env));
    if (!env)
        return err_oom(err);
    for (; n < n_base; n++)
        env[n] = id->envp[n];
    for (size_t i = 0; i < n_more; i++) {
        const char *entry;

        if (!msg->env[i]->key[0] || strchr(msg->env[i]->key, '='))
            return bad(err, "a name in env is empty or has a \"=\"");
        entry = join_env(arena, msg->env[i]->key, msg->env[i]->value);
        if (!entry)
            return err_oom(err);
        n = put_env(env, n, entry);
    }
    if (add_defaults(env, &n, c, id, arena, err) < 0)
        return -1;
    env[n] = NULL;
    c->envp = env;
    return 0;
}

/* ---- the whole ---- */

static int check_size(const Agentsandbox__V1__Command *msg, struct err *err)
{
    size_t n = strlen(msg->shell) + strlen(msg->cwd);

    for (size_t i = 0; i < msg->n_argv; i++)
        n += strlen(msg->argv[i]) + 1;
    for (size_t i = 0; i < msg->n_env; i++)
        n += strlen(msg->env[i]->key) + strlen(msg->env[i]->value) + 2;
    if (n > LIMIT_EXEC_ARGS)
        return err_set(err, RPC_INVALID_ARGUMENT, "TooLarge",
                       "argv and env have %zu bytes, at most %u", n, LIMIT_EXEC_ARGS);
    return 0;
}

static int settle_argv(const Agentsandbox__V1__Command *msg, struct arena *arena, struct command *c,
                       struct err *err)
{
    const char **argv;

    if (msg->n_argv > 0 && msg->shell[0])
        return bad(err, "argv and shell are both set");
    if (msg->n_argv == 0 && !msg->shell[0])
        return bad(err, "neither argv nor shell is set");
    if (msg->n_argv > 0 && !msg->argv[0][0])
        return bad(err, "argv[0] is empty");
    argv = arena_alloc(arena, MAX(msg->n_argv + 1, (size_t)4) * sizeof(*argv));
    if (!argv)
        return err_oom(err);
    for (size_t i = 0; i < msg->n_argv; i++)
        argv[i] = msg->argv[i];
    argv[msg->n_argv] = NULL;
    if (msg->shell[0]) {
        argv[0] = "/bin/sh";
        argv[1] = "-c";
        argv[2] = msg->shell;
        argv[3] = NULL;
    }
    c->argv = argv;
    return 0;
}

int command_parse(const Agentsandbox__V1__Command *msg, const struct identity *id,
                  struct arena *arena, struct command *ret, struct err *err)
{
    struct command c = {.cwd = id->cwd};

    if (!msg)
        return bad(err, "command is not set");
    if (check_size(msg, err) < 0 || settle_argv(msg, arena, &c, err) < 0 ||
        command_duration_ms(msg->timeout, 0, "timeout", &c.timeout_ms, err) < 0 ||
        command_duration_ms(msg->grace, COMMAND_GRACE_DEFAULT_MS, "grace", &c.grace_ms, err) < 0)
        return -1;
    if (msg->timeout && c.timeout_ms == 0)
        return bad(err, "timeout is 0: leave it out for none");
    c.grace_ms = MIN(c.grace_ms, (uint64_t)COMMAND_GRACE_MAX_MS);
    c.has_stdin = msg->stdin;
    if (msg->terminal) {
        if (msg->terminal->columns - 1 >= 65535 || msg->terminal->rows - 1 >= 65535)
            return bad(err, "columns and rows of a terminal are 1..65535");
        c.has_terminal = true;
        c.columns = (uint16_t)msg->terminal->columns;
        c.rows = (uint16_t)msg->terminal->rows;
    }
    if (msg->cwd[0])
        c.cwd = msg->cwd;
    if (settle_user(msg->user, id, &c, err) < 0 || settle_env(msg, id, arena, &c, err) < 0)
        return -1;
    *ret = c;
    return 0;
}

int command_plain(const char *const *argv, const struct identity *id, struct arena *arena,
                  struct command *ret, struct err *err)
{
    struct command c = {.argv = argv, .cwd = id->cwd, .grace_ms = COMMAND_GRACE_DEFAULT_MS};

    if (settle_user(NULL, id, &c, err) < 0 || settle_env(NULL, id, arena, &c, err) < 0)
        return -1;
    *ret = c;
    return 0;
}
