/*
 * A kubeconfig is read in one pass: the YAML becomes JSON, the context is found, then its cluster
 * and its user; each field is taken by one small function that says what is wrong with it by path.
 * What a field may hold is bounded by the file (4 MiB) and by KUBE_EXEC_MAX_ARGS.
 */
#include "lib/kube/kube_config.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/api/manifest.h"
#include "lib/api/meta.h"
#include "lib/base/buf.h"
#include "lib/base/bytes.h"
#include "lib/base/fd.h"
#include "lib/kube/config_impl.h"

#define SERVICE_ACCOUNT   "/var/run/secrets/kubernetes.io/serviceaccount"
#define MAX_SMALL_FILE    (1024u * 1024)
#define MAX_PATH_BYTES    4096
#define CREDENTIAL_V1     "client.authentication.k8s.io/v1"
#define CREDENTIAL_V1BETA "client.authentication.k8s.io/v1beta1"

/* What is being read: for messages and for paths that start at the file's folder. */
struct source {
    const char *name;
    const char *folder;
};

static int invalid(struct err *err, const struct source *src, const char *what, const char *value)
{
    char shown[120];

    return err_set(err, RPC_FAILED_PRECONDITION, "KubeconfigInvalid", "kubeconfig %s: %s%s%s%s",
                   src->name, what, value ? " \"" : "",
                   value ? bytes_escape(value, strlen(value), shown, sizeof(shown)) : "",
                   value ? "\"" : "");
}

static void wipe(char *s)
{
    if (s)
        explicit_bzero(s, strlen(s));
    free(s);
}

static void free_strings(char **all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        wipe(all[i]);
    free(all);
}

void kube_config_free(struct kube_config *c)
{
    if (!c)
        return;
    free(c->server);
    free(c->ns);
    free(c->tls_server_name);
    free(c->proxy_url);
    free(c->ca_pem);
    free(c->cert_pem);
    wipe(c->key_pem);
    wipe(c->token);
    free(c->token_file);
    free(c->username);
    wipe(c->password);
    free(c->exec.command);
    free(c->exec.api_version);
    free(c->exec.install_hint);
    free_strings(c->exec.args, c->exec.n_args);
    free_strings(c->exec.env, c->exec.n_env);
    free(c);
}

const char *kube_config_server(const struct kube_config *c)
{
    return c->server;
}

const char *kube_config_cert(const struct kube_config *c)
{
    return c->cert_pem;
}

const char *kube_config_namespace(const struct kube_config *c)
{
    return c->ns ? c->ns : "default";
}

bool kube_config_is_in_cluster(const struct kube_config *c)
{
    return c->is_in_cluster;
}

/* ---- fields ---- */

/* A copy of the text at o.key into *ret; NULL when it is absent or "". */
static int take_text(const struct source *src, const json_t *o, const char *key, char **ret,
                     struct err *err)
{
    const json_t *v = json_object_get(o, key);

    if (!v || json_is_null(v) || (json_is_string(v) && json_string_length(v) == 0))
        return 0;
    if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v))
        return invalid(err, src, "want a text at", key);
    *ret = strdup(json_string_value(v));
    return *ret ? 0 : err_oom(err);
}

static int take_flag(const struct source *src, const json_t *o, const char *key, bool *ret,
                     struct err *err)
{
    const json_t *v = json_object_get(o, key);

    if (!v || json_is_null(v))
        return 0;
    if (!json_is_boolean(v))
        return invalid(err, src, "want true or false at", key);
    *ret = json_is_true(v);
    return 0;
}

/* A path of the file as it is to be opened. */
static char *resolve(const struct source *src, const char *path, struct err *err)
{
    char full[MAX_PATH_BYTES];
    char *out;

    if (path[0] == '/' || !src->folder || !src->folder[0])
        out = strdup(path);
    else if (snprintf(full, sizeof(full), "%s/%s", src->folder, path) >= (int)sizeof(full)) {
        (void)invalid(err, src, "the path is too long:", path);
        return NULL;
    } else
        out = strdup(full);
    if (!out)
        (void)err_oom(err);
    return out;
}

static int read_small(const char *path, char **ret, struct err *err)
{
    struct buf b;
    const char *text;
    int r = -1;

    buf_init(&b, MAX_SMALL_FILE);
    if (fd_read_file(AT_FDCWD, path, &b, err) == 0 && (text = buf_cstr(&b, err))) {
        *ret = strdup(text);
        r = *ret ? 0 : err_oom(err);
    }
    buf_done(&b);
    return r;
}

static int take_base64(const struct source *src, const char *key, const char *text, char **ret,
                       struct err *err)
{
    size_t n = strlen(text);
    char *out = calloc(1, n * 3 / 4 + 4);
    ssize_t got;

    if (!out)
        return err_oom(err);
    got = bytes_unbase64(text, n, (uint8_t *)out);
    if (got < 0 || memchr(out, '\0', (size_t)got)) {
        free(out);
        return invalid(err, src, "want PEM in base64 at", key);
    }
    *ret = out;
    return 0;
}

/* key: PEM as the file it names; key + "-data": in base64, which wins (as kubectl has it). */
static int take_pem(const struct source *src, const json_t *o, const char *key, char **ret,
                    struct err *err)
{
    char data_key[64];
    _cleanup_(freep) char *data = NULL, *path = NULL, *full = NULL;

    (void)snprintf(data_key, sizeof(data_key), "%s-data", key);
    if (take_text(src, o, data_key, &data, err) < 0 || take_text(src, o, key, &path, err) < 0)
        return -1;
    if (data)
        return take_base64(src, data_key, data, ret, err);
    if (!path)
        return 0;
    full = resolve(src, path, err);
    if (!full)
        return -1;
    if (read_small(full, ret, err) < 0) {
        if (err && err->code != RPC_RESOURCE_EXHAUSTED)
            (void)err_recode(err, RPC_FAILED_PRECONDITION, "KubeconfigInvalid");
        return err_wrap(err, "kubeconfig %s: %s", src->name, key);
    }
    return 0;
}

/* ---- exec plugins ---- */

static int take_args(const struct source *src, const json_t *list, struct kube_exec *e,
                     struct err *err)
{
    size_t n = json_array_size(list), i;
    json_t *v;

    if (list && !json_is_null(list) && !json_is_array(list))
        return invalid(err, src, "want a list at", "exec.args");
    if (n > KUBE_EXEC_MAX_ARGS)
        return invalid(err, src, "too many exec.args", NULL);
    e->args = calloc(n + 1, sizeof(*e->args));
    if (!e->args)
        return err_oom(err);
    json_array_foreach((json_t *)list, i, v)
    {
        if (!json_is_string(v))
            return invalid(err, src, "want texts in", "exec.args");
        e->args[i] = strdup(json_string_value(v));
        if (!e->args[i])
            return err_oom(err);
        e->n_args++;
    }
    return 0;
}

static int take_env(const struct source *src, const json_t *list, struct kube_exec *e,
                    struct err *err)
{
    size_t n = json_array_size(list), i;
    json_t *v;

    if (n > KUBE_EXEC_MAX_ARGS)
        return invalid(err, src, "too many exec.env", NULL);
    e->env = calloc(n + 1, sizeof(*e->env));
    if (!e->env)
        return err_oom(err);
    json_array_foreach((json_t *)list, i, v)
    {
        const char *name = meta_str(v, "name", ""), *value = meta_str(v, "value", "");

        if (!name[0] || strchr(name, '='))
            return invalid(err, src, "want a name in exec.env, not", name);
        if (asprintf(&e->env[i], "%s=%s", name, value) < 0) {
            e->env[i] = NULL;
            return err_oom(err);
        }
        e->n_env++;
    }
    return 0;
}

static int check_exec(const struct source *src, const json_t *o, const struct kube_exec *e,
                      struct err *err)
{
    if (!e->command)
        return invalid(err, src, "exec names no command", NULL);
    if (!e->api_version || (strcmp(e->api_version, CREDENTIAL_V1) != 0 &&
                            strcmp(e->api_version, CREDENTIAL_V1BETA) != 0))
        return invalid(err, src, "exec.apiVersion: known is " CREDENTIAL_V1 ", not",
                       e->api_version ? e->api_version : "");
    if (strcmp(meta_str(o, "interactiveMode", ""), "Always") == 0)
        return invalid(err, src, "exec.interactiveMode: nobody is here to answer, so not",
                       "Always");
    return 0;
}

static int take_exec(const struct source *src, const json_t *o, struct kube_config *c,
                     struct err *err)
{
    struct kube_exec *e = &c->exec;
    _cleanup_(freep) char *command = NULL;

    if (!o || json_is_null(o))
        return 0;
    if (!json_is_object(o))
        return invalid(err, src, "want fields at", "exec");
    if (take_text(src, o, "command", &command, err) < 0 ||
        take_text(src, o, "apiVersion", &e->api_version, err) < 0 ||
        take_text(src, o, "installHint", &e->install_hint, err) < 0 ||
        take_flag(src, o, "provideClusterInfo", &e->gives_cluster_info, err) < 0 ||
        take_args(src, json_object_get(o, "args"), e, err) < 0 ||
        take_env(src, json_object_get(o, "env"), e, err) < 0)
        return -1;
    /* A bare word is looked up in PATH, anything with a slash starts at the file's folder. */
    if (command && strchr(command, '/')) {
        e->command = resolve(src, command, err);
        if (!e->command)
            return -1;
    } else {
        e->command = TAKE_PTR(command);
    }
    return check_exec(src, o, e, err);
}

/* ---- clusters, users, contexts ---- */

/* The element's inner object: list[name].inner, or NULL. */
static const json_t *find_named(const json_t *list, const char *name, const char *inner)
{
    size_t i;
    json_t *v;

    json_array_foreach((json_t *)list, i, v)
    {
        if (strcmp(meta_str(v, "name", ""), name) == 0)
            return json_object_get(v, inner);
    }
    return NULL;
}

/* "https://name:password@host": such would stand in logs. */
static bool holds_user(const char *server)
{
    const char *host = strstr(server, "://");

    host = host ? host + 3 : server;
    return memchr(host, '@', strcspn(host, "/?#")) != NULL;
}

static int check_server(const struct source *src, struct kube_config *c, struct err *err)
{
    size_t n;

    if (!c->server)
        return invalid(err, src, "the cluster has no server", NULL);
    if (holds_user(c->server))
        return invalid(err, src, "server: a user and a password belong to users, not there", NULL);
    if (strncmp(c->server, "https://", 8) != 0 && strncmp(c->server, "http://", 7) != 0)
        return invalid(err, src, "server: want https://HOST:PORT, got", c->server);
    for (const char *p = c->server; *p; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 127)
            return invalid(err, src, "server: not an address:", c->server);
    for (n = strlen(c->server); n > 8 && c->server[n - 1] == '/'; n--)
        c->server[n - 1] = '\0';
    if (c->is_insecure && c->ca_pem)
        return invalid(err, src,
                       "insecure-skip-tls-verify together with a certificate-authority: only one "
                       "of them can be meant",
                       NULL);
    return 0;
}

static int take_cluster(const struct source *src, const json_t *o, struct kube_config *c,
                        struct err *err)
{
    if (take_text(src, o, "server", &c->server, err) < 0 ||
        take_text(src, o, "tls-server-name", &c->tls_server_name, err) < 0 ||
        take_text(src, o, "proxy-url", &c->proxy_url, err) < 0 ||
        take_flag(src, o, "insecure-skip-tls-verify", &c->is_insecure, err) < 0 ||
        take_pem(src, o, "certificate-authority", &c->ca_pem, err) < 0)
        return -1;
    return check_server(src, c, err);
}

static int take_user(const struct source *src, const json_t *o, struct kube_config *c,
                     struct err *err)
{
    _cleanup_(freep) char *file = NULL;

    if (take_text(src, o, "token", &c->token, err) < 0 ||
        take_text(src, o, "tokenFile", &file, err) < 0 ||
        take_text(src, o, "username", &c->username, err) < 0 ||
        take_text(src, o, "password", &c->password, err) < 0 ||
        take_pem(src, o, "client-certificate", &c->cert_pem, err) < 0 ||
        take_pem(src, o, "client-key", &c->key_pem, err) < 0 ||
        take_exec(src, json_object_get(o, "exec"), c, err) < 0)
        return -1;
    if (json_object_get(o, "auth-provider"))
        return invalid(err, src, "auth-provider was removed from Kubernetes: use exec", NULL);
    if (!c->cert_pem != !c->key_pem)
        return invalid(err, src, "client-certificate and client-key: one of them is missing", NULL);
    if (file) {
        c->token_file = resolve(src, file, err);
        if (!c->token_file)
            return -1;
    }
    return 0;
}

static int take_context(const struct source *src, const json_t *root, const char *context,
                        struct kube_config *c, struct err *err)
{
    const char *name = context ? context : meta_str(root, "current-context", "");
    const json_t *ctx = find_named(json_object_get(root, "contexts"), name, "context");
    const json_t *cluster, *user;

    if (!name[0])
        return invalid(err, src, "no current-context is set: `kubectl config use-context NAME`",
                       NULL);
    if (!json_is_object(ctx))
        return invalid(err, src, "there is no context", name);
    cluster =
        find_named(json_object_get(root, "clusters"), meta_str(ctx, "cluster", ""), "cluster");
    if (!json_is_object(cluster))
        return invalid(err, src, "there is no cluster", meta_str(ctx, "cluster", ""));
    user = find_named(json_object_get(root, "users"), meta_str(ctx, "user", ""), "user");
    if (meta_str(ctx, "user", "")[0] && !user)
        return invalid(err, src, "there is no user", meta_str(ctx, "user", ""));
    if (take_text(src, ctx, "namespace", &c->ns, err) < 0 || take_cluster(src, cluster, c, err) < 0)
        return -1;
    return take_user(src, user, c, err);
}

int kube_config_parse(struct kube_config **ret, const char *name, const char *folder,
                      const void *data, size_t n, const char *context, struct err *err)
{
    const struct source src = {name, folder};
    _cleanup_(manifest_freep) struct manifest *m = NULL;
    _cleanup_(kube_config_freep) struct kube_config *c = NULL;

    if (manifest_parse(&m, name, data, n, err) < 0)
        return err && err->code == RPC_INVALID_ARGUMENT
                   ? err_recode(err, RPC_FAILED_PRECONDITION, "KubeconfigInvalid")
                   : -1;
    if (manifest_n_docs(m) != 1 || !json_is_object(manifest_doc(m, 0)))
        return invalid(err, &src, "want one document with clusters, users and contexts", NULL);
    c = calloc(1, sizeof(*c));
    if (!c)
        return err_oom(err);
    if (take_context(&src, manifest_doc(m, 0), context, c, err) < 0)
        return -1;
    *ret = TAKE_PTR(c);
    return 0;
}

/* ---- where it is ---- */

int kube_config_load(struct kube_config **ret, const char *path, const char *context,
                     struct err *err)
{
    const char *slash = strrchr(path, '/');
    char folder[MAX_PATH_BYTES] = "";
    struct buf b;
    int r;

    if (slash && (size_t)(slash - path) < sizeof(folder))
        (void)memcpy(folder, path, slash == path ? 1 : (size_t)(slash - path));
    buf_init(&b, KUBE_CONFIG_MAX_BYTES);
    if (fd_read_file(AT_FDCWD, path, &b, err) < 0) {
        buf_done(&b);
        (void)err_recode(err, RPC_FAILED_PRECONDITION, "KubeconfigNotFound");
        return err_wrap(err, "kubeconfig");
    }
    r = kube_config_parse(ret, path, folder, buf_data(&b), buf_len(&b), context, err);
    buf_done(&b);
    return r;
}

static int read_at(const char *root, const char *file, char **ret, struct err *err)
{
    char path[MAX_PATH_BYTES];

    (void)snprintf(path, sizeof(path), "%s/%s", root, file);
    return read_small(path, ret, err);
}

static int fill_in_cluster(struct kube_config *c, const char *root, const char *host,
                           const char *port, struct err *err)
{
    bool is_v6 = strchr(host, ':') != NULL;
    _cleanup_(freep) char *token = NULL;

    if (asprintf(&c->server, "https://%s%s%s:%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "", port) <
        0) {
        c->server = NULL;
        return err_oom(err);
    }
    if (asprintf(&c->token_file, "%s/token", root) < 0) {
        c->token_file = NULL;
        return err_oom(err);
    }
    if (read_at(root, "token", &token, err) < 0 || read_at(root, "ca.crt", &c->ca_pem, err) < 0)
        return -1;
    explicit_bzero(token, strlen(token));
    if (read_at(root, "namespace", &c->ns, NULL) == 0)
        c->ns[strcspn(c->ns, "\r\n ")] = '\0';
    c->is_in_cluster = true;
    return 0;
}

int kube_config_in_cluster(struct kube_config **ret, const char *root, struct err *err)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
    const struct source src = {"in the Pod", NULL};
    _cleanup_(kube_config_freep) struct kube_config *c = NULL;

    if (!host || !host[0] || !port || !port[0])
        return err_set(err, RPC_FAILED_PRECONDITION, "NotInCluster",
                       "this is no Pod (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are "
                       "not set): give --kubeconfig FILE");
    c = calloc(1, sizeof(*c));
    if (!c)
        return err_oom(err);
    if (fill_in_cluster(c, root ? root : SERVICE_ACCOUNT, host, port, err) < 0) {
        if (err && err->code != RPC_RESOURCE_EXHAUSTED)
            (void)err_recode(err, RPC_FAILED_PRECONDITION, "NotInCluster");
        return err_wrap(err, "the Pod's ServiceAccount");
    }
    if (check_server(&src, c, err) < 0)
        return -1;
    *ret = TAKE_PTR(c);
    return 0;
}

/* The first file of $KUBECONFIG's list that is there; the first when none is. */
static bool pick_from_list(const char *list, char *ret, size_t n_ret)
{
    const char *first = list;
    size_t n;

    for (const char *p = list; *p; p += n + (p[n] == ':')) {
        n = strcspn(p, ":");
        if (n == 0 || n >= n_ret)
            continue;
        (void)memcpy(ret, p, n);
        ret[n] = '\0';
        if (access(ret, R_OK) == 0)
            return true;
    }
    n = strcspn(first, ":");
    if (n == 0 || n >= n_ret)
        return false;
    (void)memcpy(ret, first, n);
    ret[n] = '\0';
    return true;
}

int kube_config_find(struct kube_config **ret, const char *path, const char *context,
                     struct err *err)
{
    const char *list = getenv("KUBECONFIG"), *home = getenv("HOME");
    char file[MAX_PATH_BYTES];

    if (path && path[0])
        return kube_config_load(ret, path, context, err);
    if (list && pick_from_list(list, file, sizeof(file)))
        return kube_config_load(ret, file, context, err);
    if (getenv("KUBERNETES_SERVICE_HOST"))
        return kube_config_in_cluster(ret, NULL, err);
    if (home && snprintf(file, sizeof(file), "%s/.kube/config", home) < (int)sizeof(file) &&
        access(file, R_OK) == 0)
        return kube_config_load(ret, file, context, err);
    return err_set(err, RPC_FAILED_PRECONDITION, "KubeconfigNotFound",
                   "no API server is known: this is no Pod, KUBECONFIG is not set and there is no "
                   "~/.kube/config; give --kubeconfig FILE");
}
