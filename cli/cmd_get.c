/* get, describe, delete: objects of the controller. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/template.rpc.h"
#include "cli/claims.h"
#include "cli/out.h"
#include "lib/api/meta.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"

enum { GET_TIMEOUT_MS = 10000 };

typedef Agentsandbox__V1__Object Object;

/* ---- kinds and their columns ---- */

struct column {
    const char *title;
    /* Path of a text or number, or "?TYPE.field" for a condition's field, "@path" for the age since
     * a time. */
    const char *path;
    bool only_wide;
};

struct kind {
    const char *kind, *singular;
    const char *const *aliases;
    struct column columns[OUT_COLUMNS_MAX - 1]; /* after NAME */
};

static const char *const template_words[] = {"template", "templates", "sandboxtemplate",
                                             "sandboxtemplates", NULL};
static const char *const pool_words[] = {
    "pool", "pools", "warmpool", "warmpools", "sandboxwarmpool", "sandboxwarmpools", "swp", NULL};
static const char *const claim_words[] = {"claim", "claims", "sandboxclaim", "sandboxclaims", NULL};
static const char *const sandbox_words[] = {"sandbox", "sandboxes", "sb", NULL};

static const struct kind kinds[] = {
    {"SandboxTemplate",
     "sandboxtemplate",
     template_words,
     {{"RUNTIME", "spec.podTemplate.spec.runtimeClassName", false},
      {"AGE", "@metadata.creationTimestamp", false},
      {"IMAGE", "spec.podTemplate.spec.containers[0].image", true}}},
    {"SandboxWarmPool",
     "sandboxwarmpool",
     pool_words,
     {{"READY", "status.readyReplicas", false},
      {"DESIRED", "spec.replicas", false},
      {"TEMPLATE", "spec.sandboxTemplateRef.name", false},
      {"AGE", "@metadata.creationTimestamp", false}}},
    {"SandboxClaim",
     "sandboxclaim",
     claim_words,
     {{"READY", "?Ready.status", false},
      {"SANDBOX", "status.sandbox.name", false},
      {"REASON", "?Ready.reason", false},
      {"AGE", "@metadata.creationTimestamp", false},
      {"MESSAGE", "?Ready.message", true}}},
    {"Sandbox",
     "sandbox",
     sandbox_words,
     {{"READY", "?Ready.status", false},
      {"REASON", "?Ready.reason", false},
      {"AGE", "@metadata.creationTimestamp", false},
      {"ADDRESS", "status.podIPs[0]", true},
      {"MESSAGE", "?Ready.message", true}}},
};

static const struct kind *kind_find(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (strcasecmp(word, kinds[i].kind) == 0)
            return &kinds[i];
        for (const char *const *a = kinds[i].aliases; *a; a++)
            if (strcasecmp(word, *a) == 0)
                return &kinds[i];
    }
    return NULL;
}

static const struct kind *kind_or_usage(const struct ctl_command *self, const char *word)
{
    const struct kind *k = kind_find(word);

    if (!k)
        (void)ctl_usage(self, "there is no kind \"%.60s\": templates, pools, claims, sandboxes",
                        word);
    return k;
}

/* "pool/NAME" becomes "pool" and "NAME". Returns how many words there are now. */
static int split_target(char **argv, int argc, const char **ret_kind, const char **ret_name)
{
    char *slash = argc > 0 ? strchr(argv[0], '/') : NULL;

    *ret_kind = argc > 0 ? argv[0] : NULL;
    *ret_name = argc > 1 ? argv[1] : NULL;
    if (slash && argc == 1) {
        *slash = 0;
        *ret_name = slash + 1;
        return 2;
    }
    return argc;
}

/* ---- one object's cells ---- */

static const json_t *element(const json_t *o, const char *path)
{
    char before[128];
    const char *bracket = strchr(path, '[');
    const json_t *v;

    if (!bracket)
        return meta_get(o, path);
    (void)snprintf(before, sizeof(before), "%.*s", (int)(bracket - path), path);
    v = json_array_get(meta_get(o, before), 0);
    return bracket[3] == '.' && v ? meta_get(v, bracket + 4) : v;
}

static const json_t *condition_field(const json_t *o, const char *path)
{
    char type[64];
    const char *dot = strchr(path, '.');
    const json_t *condition;

    (void)snprintf(type, sizeof(type), "%.*s", (int)(dot - path), path);
    condition = meta_condition(o, type);
    return condition ? meta_get(condition, dot + 1) : NULL;
}

static int cell(struct out_table *t, const json_t *o, const char *path, struct err *err)
{
    const json_t *v;
    char age[16];

    if (*path == '@')
        return out_cell(t, out_age(meta_time(o, path + 1, 0), age), err);
    v = *path == '?' ? condition_field(o, path + 1) : element(o, path);
    if (json_is_integer(v))
        return out_cellf(t, err, "%lld", (long long)json_integer_value(v));
    return out_cell(t, json_string_value(v), err);
}

static bool is_shown(const struct column *c, enum out_format format)
{
    return c->title && (!c->only_wide || format == OUT_WIDE);
}

static int count_columns(const struct kind *k, enum out_format format)
{
    int n = 1;

    for (size_t i = 0; i < ARRAY_SIZE(k->columns); i++)
        n += is_shown(&k->columns[i], format);
    return n;
}

static int add_row(struct out_table *t, const struct kind *k, enum out_format format, bool all_ns,
                   const json_t *o, struct err *err)
{
    int r = all_ns ? out_cellf(t, err, "%s/%s", meta_ns(o), meta_name(o))
                   : out_cell(t, meta_name(o), err);

    for (size_t i = 0; i < ARRAY_SIZE(k->columns) && r == 0; i++)
        if (is_shown(&k->columns[i], format))
            r = cell(t, o, k->columns[i].path, err);
    return r;
}

static int add_titles(struct out_table *t, const struct kind *k, enum out_format format,
                      struct err *err)
{
    int r = out_cell(t, "NAME", err);

    for (size_t i = 0; i < ARRAY_SIZE(k->columns) && r == 0; i++)
        if (is_shown(&k->columns[i], format))
            r = out_cell(t, k->columns[i].title, err);
    return r;
}

/* ---- fetching ---- */

static json_t *parse_object(const Object *o, struct err *err)
{
    json_t *value = meta_parse((const char *)o->json.data, o->json.len, LIMIT_OBJECT, err);

    if (!value)
        (void)err_wrap(err, "an object from the controller");
    return value;
}

static int fetch_one(struct client *c, const struct kind *k, const char *ns, const char *name,
                     uint64_t timeout_ms, Agentsandbox__V1__GetResponse **ret, struct err *err)
{
    Agentsandbox__V1__GetRequest req = AGENTSANDBOX__V1__GET_REQUEST__INIT;

    req.kind = (char *)k->kind;
    req.namespace_ = (char *)ns;
    req.name = (char *)name;
    return client_call(c, CLIENT_CONTROLLER, &agentsandbox_v1_template_service_get_method,
                       &req.base, timeout_ms, ret, err);
}

static int fetch_page(struct client *c, const struct kind *k, const char *ns, char **token,
                      uint64_t timeout_ms, json_t *items, struct err *err)
{
    Agentsandbox__V1__ListRequest req = AGENTSANDBOX__V1__LIST_REQUEST__INIT;
    _cleanup_(client_msg_freep) Agentsandbox__V1__ListResponse *res = NULL;

    req.kind = (char *)k->kind;
    req.namespace_ = (char *)ns;
    req.page_size = 500;
    req.page_token = *token ? *token : (char *)"";
    if (client_call(c, CLIENT_CONTROLLER, &agentsandbox_v1_template_service_list_method, &req.base,
                    timeout_ms, &res, err) < 0)
        return -1;
    for (size_t i = 0; i < res->n_objects; i++) {
        json_t *o = parse_object(res->objects[i], err);

        if (!o || json_array_append_new(items, o) < 0)
            return o ? err_oom(err) : -1;
    }
    free(*token);
    *token = *res->next_page_token ? strdup(res->next_page_token) : NULL;
    return *token ? 1 : 0;
}

/* All pages. Returns an array, or NULL. */
static json_t *fetch_all(struct client *c, const struct kind *k, const char *ns,
                         uint64_t timeout_ms, struct err *err)
{
    _cleanup_json_ json_t *items = json_array();
    _cleanup_(freep) char *token = NULL;
    int r;

    if (!items)
        return err_oom(err), NULL;
    do
        r = fetch_page(c, k, ns, &token, timeout_ms, items, err);
    while (r > 0);
    return r < 0 ? NULL : TAKE_PTR(items);
}

/* ---- get ---- */

struct get_opts {
    bool all_ns, watches;
};

static int print_table(const struct kind *k, const struct ctl *ctl, bool all_ns, bool titles,
                       const json_t *items, struct err *err)
{
    struct out_table t;
    const json_t *o;
    size_t i;
    int r = 0;

    out_table_init(&t, count_columns(k, ctl->out));
    if (titles)
        r = add_titles(&t, k, ctl->out, err);
    json_array_foreach(items, i, o) if (r == 0) r = add_row(&t, k, ctl->out, all_ns, o, err);
    if (r == 0)
        out_table_print(&t, stdout);
    out_table_done(&t);
    return r;
}

static int print_items(const struct kind *k, const struct ctl *ctl, const struct get_opts *g,
                       json_t *items, bool is_single, struct err *err)
{
    _cleanup_json_ json_t *list = NULL;
    const json_t *shown = is_single ? json_array_get(items, 0) : NULL, *o;
    size_t i;

    if (ctl->out == OUT_NAME) {
        json_array_foreach(items, i, o) printf("%s/%s\n", k->singular, meta_name(o));
        return 0;
    }
    if (ctl->out == OUT_TABLE || ctl->out == OUT_WIDE) {
        if (json_array_size(items) == 0)
            ctl_say("no %ss in namespace %s", k->singular, g->all_ns ? "(all)" : ctl->ns);
        return json_array_size(items) ? print_table(k, ctl, g->all_ns, true, items, err) : 0;
    }
    if (!shown) {
        list = json_pack("{s:s, s:s, s:O}", "apiVersion", "v1", "kind", "List", "items", items);
        if (!list)
            return err_oom(err);
        shown = list;
    }
    return ctl->out == OUT_JSON ? out_json(shown, stdout, err)
                                : out_yaml(shown, false, stdout, err);
}

struct watch {
    const struct kind *k;
    const struct ctl *ctl;
    const struct get_opts *g;
    bool titled, done;
    struct err err;
    int code;
};

static void on_watch(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const Agentsandbox__V1__WatchResponse *w = (const Agentsandbox__V1__WatchResponse *)msg;
    struct watch *s = user;
    _cleanup_json_ json_t *o = w->object ? parse_object(w->object, &s->err) : NULL;
    _cleanup_json_ json_t *items = o ? json_pack("[O]", o) : NULL;
    bool is_gone = w->type == AGENTSANDBOX__V1__WATCH_EVENT_TYPE__WATCH_EVENT_TYPE_DELETED;

    if (items && s->ctl->out == OUT_JSON)
        (void)out_json(o, stdout, &s->err);
    else if (items && s->ctl->out == OUT_YAML)
        (void)out_yaml(o, true, stdout, &s->err);
    else if (items && s->ctl->out == OUT_NAME)
        printf("%s/%s\n", s->k->singular, meta_name(o));
    else if (items && is_gone)
        printf("%s   deleted\n", meta_name(o));
    else if (items)
        (void)print_table(s->k, s->ctl, s->g->all_ns, !s->titled, items, &s->err);
    s->titled = true;
    if (fflush(stdout) != 0)
        rpc_call_cancel(call, RPC_CANCELLED, "nobody reads our output");
    else
        rpc_call_read(call);
}

static void on_watch_done(struct rpc_call *call _unused_, const struct rpc_status *status,
                          void *user)
{
    struct watch *s = user;

    s->done = true;
    s->code = status->code;
    (void)rpc_status_to_err(status, &s->err);
}

/* Until Ctrl-C, --timeout, or the end of the controller. */
static int watch(struct client *c, const struct kind *k, const struct ctl *ctl,
                 const struct get_opts *g, const char *name, struct err *err)
{
    static const struct rpc_msg_ops ops = {.on_message = on_watch, .on_done = on_watch_done};
    Agentsandbox__V1__WatchRequest req = AGENTSANDBOX__V1__WATCH_REQUEST__INIT;
    struct watch s = {.k = k, .ctl = ctl, .g = g};
    struct rpc_channel *ch;
    struct rpc_call *call;
    int r;

    req.kind = (char *)k->kind;
    req.namespace_ = (char *)(g->all_ns ? "" : ctl->ns);
    req.name = (char *)(name ? name : "");
    if (client_channel(c, CLIENT_CONTROLLER, &ch, err) < 0 ||
        agentsandbox_v1_template_service_watch(ch, NULL, &req, &ops, &s, &call, err) < 0)
        return -1;
    rpc_call_read(call);
    r = client_wait(
        c, &s.done,
        ctl->timeout_ms ? clock_add(clock_monotonic_ms(), ctl->timeout_ms) : CLOCK_NEVER, err);
    if (!s.done)
        rpc_call_abandon(call);
    if (r == 0 && s.code != RPC_OK && err) {
        *err = s.err;
        return -1;
    }
    return s.done ? r : 0;
}

static int get(struct client *c, const struct kind *k, const struct ctl *ctl,
               const struct get_opts *g, const char *name, struct err *err)
{
    uint64_t timeout_ms = ctl->timeout_ms ? ctl->timeout_ms : GET_TIMEOUT_MS;
    _cleanup_(client_msg_freep) Agentsandbox__V1__GetResponse *res = NULL;
    _cleanup_json_ json_t *items = NULL;
    json_t *o;

    if (g->watches)
        return watch(c, k, ctl, g, name, err);
    if (!name) {
        items = fetch_all(c, k, g->all_ns ? "" : ctl->ns, timeout_ms, err);
        return items ? print_items(k, ctl, g, items, false, err) : -1;
    }
    if (fetch_one(c, k, ctl->ns, name, timeout_ms, &res, err) < 0)
        return -1;
    o = parse_object(res->object, err);
    items = o ? json_pack("[o]", o) : NULL;
    return items ? print_items(k, ctl, g, items, true, err) : -1;
}

static int run_get(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    struct get_opts g = {0};
    const struct opt opts[] = {
        {"all-namespaces", 'A', OPT_FLAG, &g.all_ns, NULL, "objects of all namespaces"},
        {"watch", 'w', OPT_FLAG, &g.watches, NULL, "go on showing changes"},
        {0},
    };
    const char *kind_word, *name;
    const struct kind *k;
    struct client c = {0};
    struct err err = {0};
    int first, n, r = ctl_parse(ctl, self, opts, argc, argv, &first);

    if (r >= 0)
        return r;
    n = split_target(argv + first, argc - first, &kind_word, &name);
    if (n < 1 || n > 2)
        return ctl_usage(self, "name a kind: templates, pools, claims or sandboxes");
    k = kind_or_usage(self, kind_word);
    if (!k)
        return CTL_USAGE;
    r = client_init(&c, ctl->run_dir, &err);
    if (r == 0)
        r = get(&c, k, ctl, &g, name, &err);
    r = r < 0 ? ctl_fail(&err) : CTL_OK;
    client_done(&c);
    return r;
}

const struct ctl_command cmd_get = {
    .name = "get",
    .usage = "get templates|pools|claims|sandboxes [NAME] [OPTION…]",
    .summary = "show objects",
    .examples = "  sandboxctl get pools\n"
                "  sandboxctl get claim web-1 -o json\n"
                "  sandboxctl get sandboxes -w\n",
    .run = run_get,
};

/* ---- describe ---- */

static void describe_events(const Agentsandbox__V1__GetResponse *res)
{
    printf("\nEvents:\n");
    if (res->n_events == 0)
        printf("  none\n");
    for (size_t i = 0; i < res->n_events; i++) {
        const Agentsandbox__V1__Event *e = res->events[i];
        char age[16];

        printf("  %-8s %-24s %6s  %s", e->type, e->reason,
               out_age(e->last_time ? e->last_time->seconds : 0, age), e->message);
        if (e->count > 1)
            printf(" (%d times)", e->count);
        putchar('\n');
    }
}

static void describe_conditions(const json_t *o)
{
    const json_t *list = meta_get(o, "status.conditions"), *c;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    printf("\nConditions:\n");
    json_array_foreach(list, i, c)
        printf("  %-16s %-8s %-24s %s\n", meta_str(c, "type", ""), meta_str(c, "status", ""),
               meta_str(c, "reason", ""), meta_str(c, "message", ""));
}

static int describe(struct client *c, const struct kind *k, const struct ctl *ctl, const char *name,
                    struct err *err)
{
    _cleanup_(client_msg_freep) Agentsandbox__V1__GetResponse *res = NULL;
    _cleanup_json_ json_t *o = NULL;
    char age[16];
    const json_t *spec;

    if (fetch_one(c, k, ctl->ns, name, ctl->timeout_ms ? ctl->timeout_ms : GET_TIMEOUT_MS, &res,
                  err) < 0)
        return -1;
    o = parse_object(res->object, err);
    if (!o)
        return -1;
    printf(
        "Name:       %s\nNamespace:  %s\nKind:       %s (%s)\nUID:        %s\nAge:        %s\n\nSpec:\n",
        meta_name(o), meta_ns(o), k->kind, meta_str(o, "apiVersion", ""), meta_uid(o),
        out_age(meta_time(o, "metadata.creationTimestamp", 0), age));
    spec = meta_get(o, "spec");
    if (spec && out_yaml(spec, false, stdout, err) < 0)
        return -1;
    describe_conditions(o);
    describe_events(res);
    return 0;
}

static int run_describe(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    const struct opt opts[] = {{0}};
    const char *kind_word, *name;
    const struct kind *k;
    struct client c = {0};
    struct err err = {0};
    int first, r = ctl_parse(ctl, self, opts, argc, argv, &first);

    if (r >= 0)
        return r;
    if (split_target(argv + first, argc - first, &kind_word, &name) != 2)
        return ctl_usage(self, "name a kind and an object");
    k = kind_or_usage(self, kind_word);
    if (!k)
        return CTL_USAGE;
    r = client_init(&c, ctl->run_dir, &err);
    if (r == 0)
        r = describe(&c, k, ctl, name, &err);
    r = r < 0 ? ctl_fail(&err) : CTL_OK;
    client_done(&c);
    return r;
}

const struct ctl_command cmd_describe = {
    .name = "describe",
    .usage = "describe KIND NAME [OPTION…]",
    .summary = "show one object with its conditions and events",
    .examples = "  sandboxctl describe pool python-sandbox-warmpool\n"
                "  sandboxctl describe sandbox/python-sandbox-warmpool-x7k2p\n",
    .run = run_describe,
};

/* ---- delete ---- */

struct delete_opts {
    bool allow_missing, waits;
};

static int delete_one(struct client *c, const struct kind *k, const struct ctl *ctl,
                      const struct delete_opts *d, const char *name, struct err *err)
{
    Agentsandbox__V1__DeleteRequest req = AGENTSANDBOX__V1__DELETE_REQUEST__INIT;
    uint64_t timeout_ms = ctl->timeout_ms ? ctl->timeout_ms : 60000;
    struct err failed = {0};

    if (k->aliases == claim_words)
        return claims_delete(c, ctl->ns, name, d->allow_missing, d->waits, timeout_ms, err);
    req.kind = (char *)k->kind;
    req.namespace_ = (char *)ctl->ns;
    req.name = (char *)name;
    if (client_call(c, CLIENT_CONTROLLER, &agentsandbox_v1_template_service_delete_method,
                    &req.base, timeout_ms, NULL, &failed) == 0 ||
        (failed.code == RPC_NOT_FOUND && d->allow_missing))
        return 0;
    *err = failed;
    return -1;
}

static int run_delete(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    struct delete_opts d = {0};
    const struct opt opts[] = {
        {"ignore-not-found", 0, OPT_FLAG, &d.allow_missing, NULL,
         "what is not there is no failure"},
        {"wait", 'w', OPT_FLAG, &d.waits, NULL, "claims: until the sandbox is gone too"},
        {0},
    };
    const char *kind_word, *name;
    const struct kind *k;
    struct client c = {0};
    struct err err = {0};
    int first, n, r = ctl_parse(ctl, self, opts, argc, argv, &first);

    if (r >= 0)
        return r;
    n = split_target(argv + first, argc - first, &kind_word, &name);
    if (n < 2)
        return ctl_usage(self, "name a kind and an object");
    k = kind_or_usage(self, kind_word);
    if (!k)
        return CTL_USAGE;
    r = client_init(&c, ctl->run_dir, &err);
    for (int i = 1; i < n && r == 0; i++) {
        const char *each = i == 1 ? name : argv[first + i];

        r = delete_one(&c, k, ctl, &d, each, &err);
        if (r == 0)
            printf("%s/%s deleted\n", k->singular, each);
    }
    r = r < 0 ? ctl_fail(&err) : CTL_OK;
    client_done(&c);
    return r;
}

const struct ctl_command cmd_delete = {
    .name = "delete",
    .usage = "delete KIND NAME… [OPTION…]",
    .summary = "delete objects",
    .examples = "  sandboxctl delete claim web-1 --wait\n"
                "  sandboxctl delete pool python-sandbox-warmpool\n",
    .run = run_delete,
};
