#include "lib/kube/kube_auth.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/api/meta.h"
#include "lib/base/buf.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/proc.h"
#include "lib/loop/loop.h"

#define MAX_TOKEN_BYTES (64u * 1024)
#define RETRY_MIN_MS    500
#define RETRY_MAX_MS    30000
#define EXPIRY_SLACK_S  10

/* One run of the plugin. */
struct plugin {
    struct loop_child *child;
    struct loop_io *io;
    struct loop_timer *timer;
    int out_fd;
    struct buf out;
    bool is_too_long;
};

struct kube_auth {
    struct loop *loop;
    const struct kube_config *config;
    void (*ready)(void *user);
    void *user;
    char *header;
    struct kube_credential credential; /* the plugin's last */
    unsigned generation;
    uint64_t read_at_ms; /* when the token file was read; 0: not yet, or refused */
    bool has_credential;
    struct plugin plugin;
    struct err err; /* of the last failure */
    uint64_t retry_at_ms;
    unsigned retry_ms;
};

static void wipe(char *s)
{
    if (s)
        explicit_bzero(s, strlen(s));
    free(s);
}

void kube_credential_done(struct kube_credential *c)
{
    wipe(c->token);
    free(c->cert);
    wipe(c->key);
    *c = (struct kube_credential){0};
}

static void plugin_stop(struct plugin *p)
{
    if (p->child) /* not reaped yet: its group is its own, with all that a script started */
        (void)kill(-loop_child_pid(p->child), SIGKILL);
    loop_child_free(TAKE_PTR(p->child));
    loop_io_free(TAKE_PTR(p->io));
    loop_timer_free(TAKE_PTR(p->timer));
    if (p->out_fd >= 0)
        (void)close(TAKE_FD(p->out_fd)); /* only read from */
    if (buf_len(&p->out))
        explicit_bzero((char *)buf_data(&p->out), buf_len(&p->out));
    buf_done(&p->out);
}

void kube_auth_free(struct kube_auth *a)
{
    if (!a)
        return;
    plugin_stop(&a->plugin);
    kube_credential_done(&a->credential);
    wipe(a->header);
    free(a);
}

/* ---- headers ---- */

static int set_bearer(struct kube_auth *a, const char *token, struct err *err)
{
    char *header;

    for (const char *p = token; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 127)
            return err_set(err, RPC_UNAUTHENTICATED, "TokenUnreadable",
                           "the token holds characters that no header may hold");
    if (asprintf(&header, "Authorization: Bearer %s", token) < 0)
        return err_oom(err);
    wipe(a->header);
    a->header = header;
    return 0;
}

static int set_basic(struct kube_auth *a, struct err *err)
{
    _cleanup_(freep) char *both = NULL, *coded = NULL;
    const char *password = a->config->password ? a->config->password : "";
    int n = asprintf(&both, "%s:%s", a->config->username, password);

    if (n < 0) {
        both = NULL;
        return err_oom(err);
    }
    coded = malloc(bytes_base64_len((size_t)n) + 1);
    if (!coded)
        return err_oom(err);
    (void)bytes_base64(both, (size_t)n, true, coded);
    explicit_bzero(both, (size_t)n);
    if (asprintf(&a->header, "Authorization: Basic %s", coded) < 0)
        a->header = NULL;
    explicit_bzero(coded, strlen(coded));
    return a->header ? 0 : err_oom(err);
}

int kube_auth_new(struct kube_auth **ret, struct loop *loop, const struct kube_config *config,
                  void (*ready)(void *user), void *user, struct err *err)
{
    _cleanup_(kube_auth_freep) struct kube_auth *a = calloc(1, sizeof(*a));

    if (!a)
        return err_oom(err);
    a->loop = loop;
    a->config = config;
    a->ready = ready;
    a->user = user;
    a->plugin.out_fd = -1;
    buf_init(&a->plugin.out, KUBE_EXEC_MAX_OUTPUT);
    if (config->token && !config->token_file && set_bearer(a, config->token, err) < 0)
        return -1;
    if (!config->token && config->username && set_basic(a, err) < 0)
        return -1;
    *ret = TAKE_PTR(a);
    return 0;
}

const char *kube_auth_header(const struct kube_auth *a)
{
    return a->header;
}

const char *kube_auth_cert(const struct kube_auth *a)
{
    return a->credential.cert ? a->credential.cert : a->config->cert_pem;
}

const char *kube_auth_key(const struct kube_auth *a)
{
    return a->credential.cert ? a->credential.key : a->config->key_pem;
}

unsigned kube_auth_generation(const struct kube_auth *a)
{
    return a->generation;
}

/* Keeps *err and does not try again at once. */
static int failed(struct kube_auth *a, const struct err *why)
{
    a->err = *why;
    a->retry_ms = a->retry_ms ? MIN(a->retry_ms * 2, RETRY_MAX_MS) : RETRY_MIN_MS;
    a->retry_at_ms = loop_now_ms(a->loop) + a->retry_ms;
    return -1;
}

/* ---- token files ---- */

static int read_token(const char *path, struct buf *b, char **ret, struct err *err)
{
    char *text;

    if (fd_read_file(AT_FDCWD, path, b, err) < 0)
        return -1;
    text = (char *)buf_cstr(b, err);
    if (!text)
        return -1;
    text[strcspn(text, "\r\n \t")] = '\0';
    if (!text[0])
        return err_set(err, RPC_UNAUTHENTICATED, "TokenUnreadable", "%s is empty", path);
    *ret = text;
    return 0;
}

static int reread_token(struct kube_auth *a, struct err *err)
{
    uint64_t now = loop_now_ms(a->loop);
    struct err why = {0};
    struct buf b;
    char *text = NULL;
    int r = 0;

    if (a->read_at_ms && now < a->read_at_ms + KUBE_AUTH_REREAD_MS)
        return 0;
    buf_init(&b, MAX_TOKEN_BYTES);
    if (read_token(a->config->token_file, &b, &text, &why) < 0 || set_bearer(a, text, &why) < 0)
        r = -1;
    if (buf_len(&b))
        explicit_bzero((char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    if (r < 0 && a->header && a->read_at_ms) {
        a->read_at_ms = now; /* the old one goes on while the file is being replaced */
        return 0;
    }
    if (r < 0) {
        if (why.code != RPC_RESOURCE_EXHAUSTED)
            (void)err_recode(&why, RPC_UNAUTHENTICATED, "TokenUnreadable");
        if (err)
            *err = why;
        return err_wrap(err, "the token of the API server");
    }
    a->read_at_ms = now;
    return 0;
}

/* ---- exec plugins ---- */

static int dup_member(const json_t *o, const char *path, char **ret, struct err *err)
{
    const char *s = meta_str(o, path, "");

    if (!s[0])
        return 0;
    *ret = strdup(s);
    return *ret ? 0 : err_oom(err);
}

static int bad_answer(struct err *err, const char *what)
{
    return err_set(err, RPC_UNAUTHENTICATED, "CredentialPluginFailed", "its answer %s", what);
}

static int fill_credential(struct kube_credential *c, const json_t *o, struct err *err)
{
    if (strcmp(meta_str(o, "kind", ""), "ExecCredential") != 0 ||
        strncmp(meta_str(o, "apiVersion", ""), "client.authentication.k8s.io/", 29) != 0)
        return bad_answer(err, "is no ExecCredential");
    if (dup_member(o, "status.token", &c->token, err) < 0 ||
        dup_member(o, "status.clientCertificateData", &c->cert, err) < 0 ||
        dup_member(o, "status.clientKeyData", &c->key, err) < 0)
        return -1;
    if (!c->cert != !c->key)
        return bad_answer(err, "has a certificate or a key, and not both");
    if (!c->token && !c->cert)
        return bad_answer(err, "has neither a token nor a certificate");
    c->expires_s = meta_time(o, "status.expirationTimestamp", 0);
    return 0;
}

int kube_credential_parse(struct kube_credential *ret, const char *text, size_t n, struct err *err)
{
    _cleanup_json_ json_t *o = meta_parse(text, n, KUBE_EXEC_MAX_OUTPUT, err);
    struct kube_credential c = {0};

    if (!o) {
        if (err && err->code == RPC_INVALID_ARGUMENT)
            (void)err_recode(err, RPC_UNAUTHENTICATED, "CredentialPluginFailed");
        return err_wrap(err, "its answer");
    }
    if (fill_credential(&c, o, err) < 0) {
        kube_credential_done(&c);
        return -1;
    }
    *ret = c;
    return 0;
}

static int take_credential(struct kube_auth *a, struct err *err)
{
    struct kube_credential c;
    struct plugin *p = &a->plugin;

    if (p->is_too_long)
        return bad_answer(err, "has more than 1 MiB");
    if (kube_credential_parse(&c, (const char *)buf_data(&p->out), buf_len(&p->out), err) < 0)
        return -1;
    if (c.token && set_bearer(a, c.token, err) < 0) {
        kube_credential_done(&c);
        return -1;
    }
    if (c.cert && (!a->credential.cert || strcmp(c.cert, a->credential.cert) != 0))
        a->generation++;
    kube_credential_done(&a->credential);
    a->credential = c;
    a->has_credential = true;
    a->retry_ms = 0;
    return 0;
}

/* Reads what is there. */
static void plugin_drain(struct plugin *p)
{
    char room[4096];
    ssize_t n;

    while ((n = read(p->out_fd, room, sizeof(room))) > 0)
        if (buf_append(&p->out, room, (size_t)n, NULL) < 0)
            p->is_too_long = true;
    explicit_bzero(room, sizeof(room));
    if (n == 0)
        loop_io_set(p->io, 0);
}

static void on_output(struct loop_io *io, int events, void *user)
{
    (void)io;
    (void)events;
    plugin_drain(&((struct kube_auth *)user)->plugin);
}

static void plugin_ended(struct kube_auth *a, const struct err *why)
{
    const char *hint = a->config->exec.install_hint;
    struct err err = {0};

    if (why) {
        err = *why;
        (void)err_wrap(&err, "credential plugin %s", a->config->exec.command);
        (void)err_recode(&err, RPC_UNAUTHENTICATED, "CredentialPluginFailed");
        if (hint && why->code == RPC_NOT_FOUND)
            (void)err_wrap(&err, "%.150s", hint);
        (void)failed(a, &err);
    }
    plugin_stop(&a->plugin);
    a->ready(a->user); /* Careful: a may be gone here. */
}

static void on_exit_of_plugin(struct loop_child *c, const siginfo_t *info, void *user)
{
    struct kube_auth *a = user;
    struct err err = {0};
    int r;

    plugin_drain(&a->plugin);
    a->plugin.child = NULL; /* reaped: nobody is to be ended any more */
    loop_child_free(c);
    if (info->si_code != CLD_EXITED || info->si_status != 0)
        r = err_set(&err, RPC_UNAUTHENTICATED, "CredentialPluginFailed", "it ended with %s %d",
                    info->si_code == CLD_EXITED ? "status" : "signal", info->si_status);
    else
        r = take_credential(a, &err);
    plugin_ended(a, r < 0 ? &err : NULL);
}

static void on_timeout(struct loop_timer *t, void *user)
{
    struct err err = {0};

    (void)t;
    (void)err_set(&err, RPC_UNAUTHENTICATED, "CredentialPluginFailed",
                  "it did not answer within %d s", KUBE_EXEC_TIMEOUT_MS / 1000);
    plugin_ended(user, &err);
}

/* What the plugin is told in KUBERNETES_EXEC_INFO; free() it. */
static char *exec_info(const struct kube_auth *a, struct err *err)
{
    const struct kube_config *c = a->config;
    _cleanup_json_ json_t *o = json_pack("{ss ss s{sb}}", "apiVersion", c->exec.api_version, "kind",
                                         "ExecCredential", "spec", "interactive", 0);
    _cleanup_(freep) char *text = NULL, *ca = NULL;
    char *out;

    if (!o)
        goto oom;
    if (c->exec.gives_cluster_info) {
        if (meta_set_str(o, "spec.cluster.server", c->server, err) < 0)
            return NULL;
        if (c->ca_pem) {
            ca = malloc(bytes_base64_len(strlen(c->ca_pem)) + 1);
            if (!ca)
                goto oom;
            (void)bytes_base64(c->ca_pem, strlen(c->ca_pem), true, ca);
            if (meta_set_str(o, "spec.cluster.certificate-authority-data", ca, err) < 0)
                return NULL;
        }
    }
    text = meta_text(o, err);
    if (!text)
        return NULL;
    if (asprintf(&out, "KUBERNETES_EXEC_INFO=%s", text) >= 0)
        return out;
oom:
    (void)err_oom(err);
    return NULL;
}

/* Our environment, the config's above it. The pointers are borrowed; free() the array. */
static const char **plugin_env(const struct kube_exec *e, const char *info)
{
    size_t n = 0, at = 0;
    const char **env;

    while (environ[n])
        n++;
    env = calloc(n + e->n_env + 2, sizeof(*env));
    if (!env)
        return NULL;
    for (size_t i = 0; i < e->n_env; i++)
        env[at++] = e->env[i];
    env[at++] = info;
    for (size_t i = 0; i < n; i++) {
        size_t n_name = strcspn(environ[i], "=") + 1;
        bool is_ours = strncmp(environ[i], "KUBERNETES_EXEC_INFO=", 21) == 0;

        for (size_t j = 0; j < e->n_env; j++)
            is_ours |= strncmp(environ[i], e->env[j], n_name) == 0;
        if (!is_ours)
            env[at++] = environ[i];
    }
    return env;
}

static int spawn(struct kube_auth *a, struct proc *ret, int out, struct err *err)
{
    const struct kube_exec *e = &a->config->exec;
    _cleanup_(freep) char *info = exec_info(a, err);
    _cleanup_(freep) const char **env = info ? plugin_env(e, info) : NULL;
    _cleanup_(freep) const char **argv = calloc(e->n_args + 2, sizeof(*argv));
    const int fds[] = {-1, out, 2};

    if (!env || !argv)
        return err_oom(err);
    argv[0] = e->command;
    for (size_t i = 0; i < e->n_args; i++)
        argv[i + 1] = e->args[i];
    return proc_spawn(&(struct proc_spec){.argv = argv,
                                          .envp = env,
                                          .fds = fds,
                                          .n_fds = 3,
                                          .uid = (uid_t)-1,
                                          .gid = (gid_t)-1,
                                          .new_group = true,
                                          .die_with_parent = true},
                      ret, err);
}

static int plugin_watch(struct kube_auth *a, struct proc *proc, struct err *err)
{
    struct plugin *p = &a->plugin;

    if (loop_child_new(&p->child, a->loop, proc->pid, proc->pidfd, on_exit_of_plugin, a, err) < 0) {
        proc_done(proc);
        return -1;
    }
    if (loop_io_new(&p->io, a->loop, p->out_fd, LOOP_READ, on_output, a, err) < 0 ||
        loop_timer_new(&p->timer, a->loop, on_timeout, a, err) < 0)
        return -1;
    loop_timer_arm(p->timer, loop_now_ms(a->loop) + KUBE_EXEC_TIMEOUT_MS);
    return 0;
}

static int plugin_start(struct kube_auth *a, struct err *err)
{
    int ends[2];
    struct proc proc;
    int r;

    if (fd_pipe(ends, 0, err) < 0)
        return -1;
    a->plugin.out_fd = ends[0];
    a->plugin.is_too_long = false;
    buf_init(&a->plugin.out, KUBE_EXEC_MAX_OUTPUT);
    r = fd_set_nonblock(ends[0], err);
    if (r == 0)
        r = spawn(a, &proc, ends[1], err);
    (void)close(ends[1]); /* the child has its own */
    if (r == 0)
        r = plugin_watch(a, &proc, err);
    if (r < 0)
        plugin_stop(&a->plugin);
    return r;
}

static bool is_fresh(const struct kube_auth *a)
{
    int64_t now_s = (int64_t)(clock_realtime_ns() / 1000000000u);

    return a->has_credential &&
           (a->credential.expires_s == 0 || now_s < a->credential.expires_s - EXPIRY_SLACK_S);
}

static int get_by_plugin(struct kube_auth *a, struct err *err)
{
    struct err why = {0};

    if (a->plugin.child)
        return KUBE_AUTH_WAIT;
    if (is_fresh(a))
        return 0;
    if (loop_now_ms(a->loop) < a->retry_at_ms) {
        if (err)
            *err = a->err;
        return -1;
    }
    if (plugin_start(a, &why) == 0)
        return KUBE_AUTH_WAIT;
    (void)err_wrap(&why, "credential plugin %s", a->config->exec.command);
    if (why.code != RPC_RESOURCE_EXHAUSTED)
        (void)err_recode(&why, RPC_UNAUTHENTICATED, "CredentialPluginFailed");
    if (a->config->exec.install_hint)
        (void)err_wrap(&why, "%.150s", a->config->exec.install_hint);
    if (err)
        *err = why;
    return failed(a, &why);
}

int kube_auth_get(struct kube_auth *a, struct err *err)
{
    if (a->config->exec.command)
        return get_by_plugin(a, err);
    if (a->config->token_file)
        return reread_token(a, err);
    return 0;
}

bool kube_auth_refused(struct kube_auth *a)
{
    if (a->config->exec.command) {
        bool had = a->has_credential;

        a->has_credential = false;
        return had;
    }
    if (a->config->token_file) {
        /* One that was read just now is not better when read again. */
        bool is_old = loop_now_ms(a->loop) > a->read_at_ms + 1000;

        if (is_old)
            a->read_at_ms = 0;
        return is_old;
    }
    return false;
}
