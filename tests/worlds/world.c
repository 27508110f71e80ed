#include "tests/worlds/world.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "services/controller/names.h"

/* The story's cluster, its clock and its doors: commands are below. */
enum { START_MS = 1000, START_UNIX_S = 1790000000, MAX_ROUNDS = 100000 };

void world_fail(const struct world *w, const char *fmt, ...)
{
    va_list ap;

    (void)fprintf(stderr, "%s:%d: %s\n    ", w->file, w->line, w->text);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    world_sweep_say(w);
    _exit(1); /* at once: what is left would only drown the message */
}

static void must(const struct world *w, int r, const struct err *err)
{
    if (r < 0)
        world_fail(w, "failed: %s: %s", err->reason, err->msg);
}

const char *world_arg(const struct world *w, const char *key)
{
    size_t n = strlen(key);

    for (size_t i = 1; i < w->n_words; i++)
        if (strncmp(w->words[i], key, n) == 0 && w->words[i][n] == '=')
            return w->words[i] + n + 1;
    return NULL;
}

bool world_has(const struct world *w, const char *word)
{
    for (size_t i = 1; i < w->n_words; i++)
        if (strcmp(w->words[i], word) == 0)
            return true;
    return false;
}

const char *world_need(const struct world *w, size_t i)
{
    if (i >= w->n_words)
        world_fail(w, "word %zu is missing", i);
    return w->words[i];
}

/* "30s", "500ms", "5m" in milliseconds. */
static uint64_t duration(const struct world *w, const char *text)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);

    if (strcmp(end, "ms") == 0)
        return n;
    if (strcmp(end, "s") == 0)
        return n * 1000;
    if (strcmp(end, "m") == 0)
        return n * 60 * 1000;
    world_fail(w, "\"%s\" is no duration", text);
}

/* ---- the clock ---- */

static uint64_t clock_ms(void *user)
{
    return ((struct world *)user)->now_ms;
}

static int64_t clock_ns(void *user)
{
    const struct world *w = user;

    return START_UNIX_S * INT64_C(1000000000) + ((int64_t)w->now_ms + w->stepped_ms) * 1000000;
}

static int64_t clock_s(void *user)
{
    return clock_ns(user) / 1000000000;
}

int64_t world_now_s(const struct world *w)
{
    return clock_s((void *)w);
}

/* ---- life ---- */

static void start_controller(struct world *w)
{
    struct node_ops node = fake_node_ops(&w->node);
    struct err err;

    must(w, ctl_init(&w->ctl, w->loop, w->store, &w->opts, &err), &err);
    must(w, metrics_new(&w->metrics, &err), &err);
    must(w, ctl_metrics_init(&w->counters, &w->ctl, w->metrics, &err), &err);
    w->ctl.spans = w->is_tracing ? &w->spans : NULL;
    if (!w->opts.is_cluster)
        must(w, binder_new(&w->binder, &w->ctl, &node, &w->binder_opts, &err), &err);
    must(w, claim_door_new(&w->door, &w->ctl, &err), &err);
    must(w, ctl_start(&w->ctl, &err), &err);
    if (w->binder)
        fake_node_connect(&w->node, w->binder);
}

/* Like kill -9: what was not durable is lost, nobody is told anything. */
static void stop_controller(struct world *w)
{
    for (size_t i = 0; i < w->n_calls; i++)
        if (!w->calls[i].is_over)
            w->calls[i].call = NULL;
    claim_door_free(w->door);
    ctl_done(&w->ctl);
    metrics_free(w->metrics);
    binder_free(w->binder);
    w->binder = NULL;
    w->node.binder = NULL;
}

void world_settle(struct world *w)
{
    for (int i = 0; i < MAX_ROUNDS; i++) {
        bool more = loop_turn(w->loop, false);

        ctl_process(&w->ctl);
        claim_door_process(w->door);
        (void)more; /* the loop always has its handles */
        if (fake_node_turn(&w->node) || fake_cluster_turn(w) || !ctl_is_idle(&w->ctl) ||
            !claim_door_is_idle(w->door) || ctl_deadline_ms(&w->ctl) <= w->now_ms)
            continue;
        if (i > 2)
            return;
    }
    world_fail(w, "the world does not come to rest");
}

static uint64_t next_due(const struct world *w)
{
    uint64_t due = MIN(ctl_deadline_ms(&w->ctl), claim_door_deadline_ms(w->door));

    return MAX(due, w->now_ms);
}

static void pass(struct world *w, uint64_t ms)
{
    uint64_t end = w->now_ms + ms;

    while (w->now_ms < end) {
        uint64_t due = next_due(w);

        w->now_ms = due > w->now_ms ? MIN(due, end) : MIN(w->now_ms + 1, end);
        world_settle(w);
    }
}

/* ---- objects of a story ---- */

void world_store(struct world *w, enum store_op_type type, const char *kind, const char *name,
                 json_t *object)
{
    const struct store_op op = {
        .type = type, .kind = kind, .ns = "default", .name = name, .object = object};
    struct err err;

    store_flush(w->store); /* what the controller wrote comes first, and is counted as its own */
    w->is_outside = true;
    must(w, store_write(w->store, &op, 1, NULL, NULL, &err), &err);
    store_flush(w->store);
    w->is_outside = false;
    json_decref(object);
}

static void do_template(struct world *w)
{
    const char *name = world_need(w, 1);
    const char *env = world_arg(w, "env"), *image = world_arg(w, "image");
    json_t *o = json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:{s:{s:{s:s}}, s:{s:[{s:s, s:s}], s:s}}}}",
                          "apiVersion", API_EXT, "kind", KIND_TEMPLATE, "metadata", "namespace",
                          "default", "name", name, "spec", "podTemplate", "metadata", "labels",
                          "app", "story", "spec", "containers", "name", "main", "image",
                          image ? image : "image:1", "restartPolicy", "Never");

    if (env)
        (void)obj_put_str(o, "spec.envVarsInjectionPolicy", env);
    if (store_get(w->store, KIND_TEMPLATE, "default", name))
        world_store(w, STORE_UPDATE, KIND_TEMPLATE, name, o);
    else
        world_store(w, STORE_CREATE, KIND_TEMPLATE, name, o);
}

static void do_pool(struct world *w)
{
    const char *name = world_need(w, 1), *replicas = world_arg(w, "replicas");
    const char *template = world_arg(w, "template"), *strategy = world_arg(w, "strategy");
    json_t *o = json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:i, s:{s:s}}}", "apiVersion", API_EXT,
                          "kind", KIND_POOL, "metadata", "namespace", "default", "name", name,
                          "spec", "replicas", replicas ? atoi(replicas) : 1, "sandboxTemplateRef",
                          "name", template ? template : "t");

    if (strategy)
        (void)obj_put_str(o, "spec.updateStrategy.type", strategy);
    if (store_get(w->store, KIND_POOL, "default", name))
        world_store(w, STORE_UPDATE, KIND_POOL, name, o);
    else
        world_store(w, STORE_CREATE, KIND_POOL, name, o);
}

static void put_lifecycle(struct world *w, json_t *o)
{
    const char *shutdown = world_arg(w, "shutdown"), *ttl = world_arg(w, "ttl");
    const char *policy = world_arg(w, "policy");
    char when[32];

    if (shutdown) {
        clock_format_rfc3339(clock_s(w) + (int64_t)duration(w, shutdown) / 1000, when,
                             sizeof(when));
        (void)obj_put_str(o, "spec.lifecycle.shutdownTime", when);
    }
    if (ttl)
        (void)obj_put_int(o, "spec.lifecycle.ttlSecondsAfterFinished",
                          (int64_t)duration(w, ttl) / 1000);
    if (policy)
        (void)obj_put_str(o, "spec.lifecycle.shutdownPolicy", policy);
}

/* The kubectl door. */
static void do_claim(struct world *w)
{
    const char *name = world_need(w, 1), *pool = world_arg(w, "pool");
    const char *template = world_arg(w, "template"), *env = world_arg(w, "env");
    const char *label = world_arg(w, "label");
    json_t *o = obj_new(API_EXT, KIND_CLAIM, "default", name);
    char ref[128];

    (void)snprintf(ref, sizeof(ref), "%s%s", template ? SHADOW_POOL_PREFIX : "",
                   template ? template
                   : pool   ? pool
                            : "p");
    (void)obj_put_str(o, "spec.warmPoolRef.name", ref);
    put_lifecycle(w, o);
    if (env)
        (void)obj_put(o, "spec.env", json_pack("[{s:s, s:s}]", "name", env, "value", "story"));
    if (label)
        (void)obj_put_key(o, "spec.additionalPodMetadata.labels", label, "x");
    world_store(w, STORE_CREATE, KIND_CLAIM, name, o);
}

/* ---- the gRPC door ---- */

struct world_call *world_find_call(struct world *w, const char *name)
{
    for (size_t i = 0; i < w->n_calls; i++)
        if (strcmp(w->calls[i].name, name) == 0)
            return &w->calls[i];
    world_fail(w, "no call \"%s\"", name);
}

static void on_result(const struct claim_result *res, void *user)
{
    struct world_call *call = user;
    const char *sb;

    call->is_over = true;
    call->call = NULL;
    call->existed = res->existed;
    call->is_warm = res->is_warm;
    if (res->err) {
        call->err = *res->err;
        return;
    }
    call->err.code = 0;
    sb = obj_annotation(res->claim->json, A_SANDBOX_NAME);
    (void)snprintf(call->claim, sizeof(call->claim), "%s", res->claim->name);
    (void)snprintf(call->sandbox, sizeof(call->sandbox), "%s", sb ? sb : res->claim->name);
}

/* As the words of the line say; again for a caller that repeats itself. */
static void issue_call(struct world *w, struct world_call *call)
{
    Agentsandbox__V1__CreateClaimRequest req = AGENTSANDBOX__V1__CREATE_CLAIM_REQUEST__INIT;
    Agentsandbox__V1__ClaimSpec spec = AGENTSANDBOX__V1__CLAIM_SPEC__INIT;
    Agentsandbox__V1__EnvVar env = AGENTSANDBOX__V1__ENV_VAR__INIT, *envs[] = {&env};
    const char *template = world_arg(w, "template"), *deadline = world_arg(w, "deadline");
    const char *id = world_arg(w, "id") ?: "", *parent = world_arg(w, "traceparent");
    struct rpc_trace trace = {0};

    /* As the server's interceptor has it. */
    if (parent && rpc_trace_parse(parent, strlen(parent), &trace) == 0)
        rpc_trace_child(&trace, &trace);
    spec.source_case = template ? AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_TEMPLATE
                                : AGENTSANDBOX__V1__CLAIM_SPEC__SOURCE_POOL;
    spec.pool = (char *)(template ? template : world_arg(w, "pool") ?: "p");
    if (world_arg(w, "env")) {
        env.name = (char *)world_arg(w, "env");
        env.value = (char *)"story";
        spec.env = envs;
        spec.n_env = 1;
    }
    req.spec = &spec;
    req.name = (char *)(world_arg(w, "claim") ?: "");
    req.request_id = (char *)(world_has(w, "ids") ? call->name : id);
    req.no_wait = world_has(w, "no_wait");
    req.delete_on_failure = world_has(w, "delete_on_failure");
    if (claim_call_new(&call->call, w->door, &req, "uid=0", parent ? &trace : NULL,
                       deadline ? w->now_ms + duration(w, deadline) : CLOCK_NEVER, on_result, call,
                       &call->err) < 0)
        call->is_over = true;
}

static void start_call(struct world *w, const char *name)
{
    struct world_call *call = &w->calls[w->n_calls];

    if (w->n_calls == WORLD_MAX_CALLS)
        world_fail(w, "too many calls in one story");
    w->n_calls++;
    *call = (struct world_call){.w = w};
    (void)snprintf(call->name, sizeof(call->name), "%s", name);
    (void)snprintf(call->line, sizeof(call->line), "%.511s", w->text);
    issue_call(w, call);
}

static void do_burst(struct world *w)
{
    int n = atoi(world_need(w, 1));
    char name[32];

    for (int i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "b%d", i);
        start_call(w, name);
    }
}

static void do_cancel(struct world *w)
{
    struct world_call *call = world_find_call(w, world_need(w, 1));

    claim_call_cancel(call->call);
    call->call = NULL;
    call->is_over = true;
    (void)err_set(&call->err, RPC_CANCELLED, "Cancelled", "the story cancelled it");
}

/* ---- the node ---- */

static struct fake_instance *need_instance(struct world *w, const char *word)
{
    const char *sandbox = world_sandbox(w, word);
    struct fake_instance *i = fake_node_find(&w->node, sandbox);

    if (!i)
        world_fail(w, "the node has no instance of sandbox \"%s\"", sandbox);
    return i;
}

static void end_instance(struct world *w, struct fake_instance *i)
{
    const char *exit_code = world_arg(w, "exit"), *signal = world_arg(w, "signal");

    i->is_ended = true;
    i->is_ready = i->is_running = false;
    i->oom = world_has(w, "oom");
    i->exit_code = exit_code ? atoi(exit_code) : 0;
    i->signal = signal ? atoi(signal) : i->oom ? 9 : 0;
    fake_node_tell(&w->node, i);
}

static void all_ready(struct world *w)
{
    LIST_FOREACH(it, &w->node.instances)
    {
        struct fake_instance *i = CONTAINER_OF(it, struct fake_instance, link);

        i->is_ready = i->is_running;
        fake_node_tell(&w->node, i);
    }
}

static void do_node(struct world *w)
{
    const char *what = world_need(w, 1);
    struct fake_node *n = &w->node;

    if (strcmp(what, "down") == 0) {
        n->is_down = true;
        fake_node_disconnect(n);
    } else if (strcmp(what, "up") == 0) {
        n->is_down = n->is_going = false;
        fake_node_connect(n, w->binder);
    } else if (strcmp(what, "going") == 0) {
        n->is_going = true;
    } else if (strcmp(what, "hold") == 0) {
        n->is_holding = true;
    } else if (strcmp(what, "release") == 0) {
        n->is_holding = false;
    } else if (strcmp(what, "manual") == 0) {
        n->is_manual = true;
    } else if (strcmp(what, "race") == 0) {
        n->is_racing = true;
    } else if (strcmp(what, "auto") == 0) {
        n->is_manual = false;
        all_ready(w);
    } else if (strcmp(what, "refuse") == 0) {
        (void)snprintf(n->refuse_reason, sizeof(n->refuse_reason), "%s", world_need(w, 2));
        (void)snprintf(n->refuse_message, sizeof(n->refuse_message), "the story refuses");
    } else if (strcmp(what, "accept") == 0) {
        n->refuse_reason[0] = '\0';
    } else if (strcmp(what, "ready") == 0) {
        struct fake_instance *i = need_instance(w, world_need(w, 2));

        i->is_ready = true;
        fake_node_tell(n, i);
    } else if (strcmp(what, "probe") == 0) {
        struct fake_instance *i = need_instance(w, world_need(w, 2));

        (void)snprintf(i->probe, sizeof(i->probe), "%s", world_need(w, 3));
        fake_node_tell(n, i);
    } else if (strcmp(what, "end") == 0) {
        end_instance(w, need_instance(w, world_need(w, 2)));
    } else if (strcmp(what, "lose") == 0) {
        fake_node_forget(n, need_instance(w, world_need(w, 2)));
    } else {
        world_fail(w, "node: \"%s\" is no word", what);
    }
}

/* ---- commands ---- */

static void do_config(struct world *w)
{
    const char *grace = world_arg(w, "grace"), *starting = world_arg(w, "max_starting");
    const char *hold = world_arg(w, "replenish_delay"), *rate = world_arg(w, "refill_rate");
    const char *recheck = world_arg(w, "recheck"), *batch = world_arg(w, "max_batch");
    const char *behind = world_arg(w, "write_behind");

    if (grace)
        w->ctl.opts.readiness_grace_s = (uint32_t)(duration(w, grace) / 1000);
    if (hold)
        w->ctl.opts.replenish_delay_ms = (uint32_t)duration(w, hold);
    if (rate)
        w->ctl.opts.max_refill_rate = atof(rate);
    if (recheck)
        w->ctl.opts.unschedulable_recheck_s = (uint32_t)(duration(w, recheck) / 1000);
    if (batch)
        w->ctl.opts.max_refill_batch = (uint32_t)atoi(batch);
    if (behind)
        w->ctl.opts.write_behind_ms = (uint32_t)duration(w, behind);
    if (world_arg(w, "pool_pace"))
        w->ctl.opts.pool_pace_ms = (uint32_t)duration(w, world_arg(w, "pool_pace"));
    if (world_arg(w, "yield"))
        w->ctl.opts.yield_ms = (uint32_t)duration(w, world_arg(w, "yield"));
    if (world_has(w, "no_eviction"))
        w->ctl.opts.no_pool_eviction = true;
    if (world_has(w, "tracing"))
        w->is_tracing = true;
    if (starting)
        w->binder_opts.max_starting = (uint32_t)atoi(starting);
    w->opts = w->ctl.opts;
    stop_controller(w);
    start_controller(w);
}

static void do_restart(struct world *w)
{
    stop_controller(w);
    start_controller(w);
}

static void split(struct world *w, char *line);

void world_restart_and_repeat(struct world *w)
{
    char line[2048];

    do_restart(w);
    for (size_t i = 0; i < w->n_calls; i++) {
        if (w->calls[i].is_over)
            continue;
        (void)snprintf(line, sizeof(line), "%s", w->calls[i].line);
        split(w, line);
        issue_call(w, &w->calls[i]);
    }
}

static void do_delete(struct world *w)
{
    const char *kind = world_need(w, 1), *name = world_need(w, 2);

    if (strcmp(kind, KIND_SANDBOX) == 0)
        name = world_sandbox(w, name);
    world_store(w, STORE_DELETE, kind, name, NULL);
}

json_t *world_value(const char *text)
{
    size_t n = strlen(text);
    _cleanup_(freep) char *copy = NULL;

    if (n >= 2 && text[0] == '\'')
        return json_stringn(text + 1, n - 2);
    copy = strdup(text);
    for (char *p = copy; p && *p && (*text == '{' || *text == '['); p++)
        if (*p == '\'')
            *p = '"';
    return json_loads(copy, JSON_DECODE_ANY, NULL);
}

static json_t *need_value(const struct world *w, const char *text)
{
    json_t *v = world_value(text);

    if (!v)
        world_fail(w, "\"%s\" is no value", text);
    return v;
}

/* create KIND NAME path=value …, put KIND NAME path=value … (creates it or replaces spec and
 * labels) */
static void do_create(struct world *w)
{
    const char *kind = world_need(w, 1), *name = world_need(w, 2);
    const struct store_kind *k = store_find_kind(w->store, kind);
    json_t *o;

    if (!k)
        world_fail(w, "no kind \"%s\"", kind);
    o = obj_new(k->api_version, kind, "default", name);
    for (size_t i = 3; i < w->n_words; i++) {
        const char *eq = strchr(w->words[i], '=');
        char path[200];

        if (!eq)
            world_fail(w, "\"%s\" is no path=value", w->words[i]);
        (void)snprintf(path, sizeof(path), "%.*s", (int)(eq - w->words[i]), w->words[i]);
        (void)obj_put(o, path, need_value(w, eq + 1));
    }
    world_store(w, STORE_CREATE, kind, name, o);
}

static void do_forget(struct world *w)
{
    w->cluster.n_counts = 0;
}

/* As if the controller had been started on a cluster. */
static void do_cluster(struct world *w)
{
    stop_controller(w);
    w->opts.is_cluster = true;
    store_set_sequential(w->store, true);
    start_controller(w);
}

/* set KIND NAME path value */
static void do_set(struct world *w)
{
    const char *kind = world_need(w, 1);
    const struct store_object *o;
    const char *name = world_need(w, 2);
    json_t *edit;

    if (strcmp(kind, KIND_SANDBOX) == 0)
        name = world_sandbox(w, name);
    o = store_get(w->store, kind, "default", name);
    if (!o)
        world_fail(w, "no %s \"%s\"", kind, name);
    edit = store_object_edit(o, NULL);
    (void)obj_put(edit, world_need(w, 3), need_value(w, world_need(w, 4)));
    world_store(w, STORE_UPDATE, kind, name, edit);
}

static void do_pass(struct world *w)
{
    pass(w, duration(w, world_need(w, 1)));
}

/* Somebody sets the wall clock; time itself goes on as before. */
static void do_clock(struct world *w)
{
    const char *by = world_need(w, 1);
    int64_t ms = (int64_t)duration(w, by + strspn(by, "+-"));

    w->stepped_ms += by[0] == '-' ? -ms : ms;
}

static void do_rpc(struct world *w)
{
    start_call(w, world_need(w, 1));
}

static const struct {
    const char *word;
    void (*fn)(struct world *w);
} commands[] = {
    {"config", do_config},
    {"template", do_template},
    {"pool", do_pool},
    {"claim", do_claim},
    {"rpc", do_rpc},
    {"burst", do_burst},
    {"cancel", do_cancel},
    {"node", do_node},
    {"pass", do_pass},
    {"clock", do_clock},
    {"restart", do_restart},
    {"delete", do_delete},
    {"set", do_set},
    {"expect", world_expect},
    {"cluster", do_cluster},
    {"kubelet", fake_cluster_do},
    {"fault", fake_cluster_fault},
    {"forget", do_forget},
    {"create", do_create},
    {"sweep", world_sweep_begin},
    {"lead", world_restart_and_repeat},
};

/* Words are separated by blanks; "…" holds blanks together; # begins a comment. */
static void split(struct world *w, char *line)
{
    char *p = line;

    w->n_words = 0;
    w->no_settle = false;
    for (;;) {
        char *end;

        p += strspn(p, " \t\n");
        if (!*p || *p == '#')
            break;
        if (*p == '"') {
            w->words[w->n_words++] = ++p;
            end = strchr(p, '"');
        } else {
            char *quote;

            w->words[w->n_words++] = p;
            end = p + strcspn(p, " \t\n");
            quote = memchr(p, '"', (size_t)(end - p));
            if (quote) { /* key="some words" */
                end = strchr(quote + 1, '"');
                if (end) {
                    memmove(quote, quote + 1, (size_t)(end - quote));
                    *end-- = ' ';
                }
            }
        }
        if (!end || w->n_words == WORLD_MAX_WORDS)
            world_fail(w, "the line cannot be read");
        if (!*end)
            break;
        *end = '\0';
        p = end + 1;
    }
    if (w->n_words > 1 && strcmp(w->words[w->n_words - 1], "!") == 0) {
        w->n_words--;
        w->no_settle = true;
    }
}

static void run_line(struct world *w, char *line)
{
    (void)snprintf(w->text, sizeof(w->text), "%.*s", (int)strcspn(line, "\n"), line);
    split(w, line);
    if (w->n_words == 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(commands[i].word, w->words[0]) != 0)
            continue;
        commands[i].fn(w);
        if (!w->no_settle)
            world_settle(w);
        while (world_sweep_has_died(w)) {
            world_restart_and_repeat(w);
            world_settle(w);
        }
        return;
    }
    world_fail(w, "\"%s\" is no command", w->words[0]);
}

void world_run(const char *file, struct world_sweep *sweep)
{
    _cleanup_(freep) struct world *w = calloc(1, sizeof(*w));
    FILE *f = fopen(file, "re");
    char line[2048];
    struct err err;

    if (!w || !f) {
        (void)fprintf(stderr, "%s: %s\n", file, strerror(errno));
        _exit(1);
    }
    w->file = file;
    w->sweep = *sweep;
    w->now_ms = START_MS;
    w->opts.clock = (struct ctl_clock){.now_ms = clock_ms, .now_ns = clock_ns, .user = w};
    w->binder_opts.max_starting = 64;
    fake_node_init(&w->node);
    spans_init(&w->spans);
    must(w, loop_new(&w->loop, &err), &err);
    must(w, store_new_memory(&w->store, w->loop, &err), &err);
    store_set_clock(w->store, clock_s, w);
    store_set_fault(w->store, fake_cluster_on_op, w);
    world_audit_start(w);
    start_controller(w);
    while (fgets(line, sizeof(line), f)) {
        w->line++;
        run_line(w, line);
    }
    *sweep = w->sweep;
    (void)fclose(f);
    stop_controller(w);
    world_audit_done(w);
    store_free(w->store);
    loop_free(w->loop);
    fake_node_done(&w->node);
    spans_done(&w->spans);
}

int main(int argc, char **argv)
{
    bool is_sweep = argc > 1 && strcmp(argv[1], "--sweep") == 0;

    log_init("world", getenv("WORLD_LOG") ? LOG_DEBUG : LOG_ERROR, LOG_FORMAT_KV, 2);
    if (argc < 2 + is_sweep) {
        (void)fprintf(stderr, "usage: world [--sweep] STORY…\n");
        return 2;
    }
    for (int i = 1 + is_sweep; i < argc; i++) {
        struct world_sweep none = {0};

        if (is_sweep)
            world_sweep_story(argv[i]);
        else
            world_run(argv[i], &none);
        (void)printf("ok %s\n", argv[i]);
    }
    return 0;
}
