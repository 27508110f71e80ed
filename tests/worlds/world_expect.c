/* `expect` lines: what a story says must be so at this moment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/controller/claim.h"
#include "services/controller/claim_convert.h"
#include "services/controller/names.h"
#include "tests/worlds/world.h"

static const char *member(const struct world *w, const char *pool, int index)
{
    struct store_query q = {.kind = KIND_SANDBOX, .ns = "default"};

    STORE_FOREACH(sb, w->store, &q)
    {
        struct obj_owner owner;

        if (obj_controlled_by_kind(sb->json, GROUP_EXT, KIND_POOL, &owner) &&
            strcmp(owner.name, pool) == 0 && index-- == 0)
            return sb->name;
    }
    world_fail(w, "pool \"%s\" has no such member", pool);
}

const char *world_sandbox(const struct world *w, const char *word)
{
    const char *slash = strchr(word, '/');
    char pool[128];

    if (*word == '@') {
        const struct store_object *claim = store_get(w->store, KIND_CLAIM, "default", word + 1);
        const struct store_object *sb = claim ? claim_sandbox(&w->ctl, claim) : NULL;

        if (!sb)
            world_fail(w, "claim \"%s\" has no sandbox", word + 1);
        return sb->name;
    }
    if (!slash)
        return word;
    (void)snprintf(pool, sizeof(pool), "%.*s", (int)(slash - word), word);
    return member(w, pool, atoi(slash + 1));
}

static void want_number(const struct world *w, const char *key, long long have)
{
    const char *text = world_arg(w, key);

    if (text && atoll(text) != have)
        world_fail(w, "%s is %lld", key, have);
}

static void want_text(const struct world *w, const char *key, const char *have)
{
    const char *text = world_arg(w, key);

    if (text && strcmp(text, have) != 0)
        world_fail(w, "%s is \"%s\"", key, have);
}

static void want_part(const struct world *w, const char *key, const char *have)
{
    const char *text = world_arg(w, key);

    if (text && !strstr(have, text))
        world_fail(w, "%s is \"%s\"", key, have);
}

static const char *const phases[] = {"unspecified", "pending", "ready",  "not-ready",
                                     "finished",    "expired", "failed", "terminating"};
static const char *const launches[] = {"none", "warm", "cold"};

static void expect_claim(struct world *w, const char *name)
{
    const struct store_object *o = store_get(w->store, KIND_CLAIM, "default", name);
    Agentsandbox__V1__Claim *c;
    struct arena arena;
    const json_t *ready;

    if (world_has(w, "gone")) {
        if (o)
            world_fail(w, "it is there");
        return;
    }
    if (!o)
        world_fail(w, "it is not there");
    arena_init(&arena, 1 << 20);
    c = claim_to_proto(&w->ctl, o, &arena);
    ready = cond_get(obj_get(o->json, "status"), C_READY);
    want_text(w, "phase", phases[c->phase]);
    want_text(w, "launch", launches[c->launch_type]);
    want_text(w, "reason", obj_str_or(ready, "reason", ""));
    want_part(w, "message", obj_str_or(ready, "message", ""));
    want_text(w, "sandbox", c->sandbox ? c->sandbox->name : "");
    want_text(w, "cause", c->cause ? c->cause->reason : "");
    want_number(w, "ips", c->sandbox ? (long long)c->sandbox->n_pod_ips : 0);
    if (world_arg(w, "same") && strcmp(c->sandbox ? c->sandbox->name : "",
                                       world_find_call(w, world_arg(w, "same"))->sandbox) != 0)
        world_fail(w, "its sandbox is \"%s\"", c->sandbox ? c->sandbox->name : "");
    arena_done(&arena);
}

static void expect_rpc(struct world *w, const char *name)
{
    struct world_call *call = world_find_call(w, name);
    char code[96];

    if (world_has(w, "pending") != !call->is_over)
        world_fail(w, "it is %s: %s %s", call->is_over ? "over" : "pending",
                   call->is_over ? call->err.reason : "", call->is_over ? call->err.msg : "");
    if (!call->is_over)
        return;
    (void)snprintf(code, sizeof(code), "%s/%s", rpc_code_name(call->err.code), call->err.reason);
    if (!world_arg(w, "error") && call->err.code != 0)
        world_fail(w, "it failed: %s: %s", code, call->err.msg);
    if (call->err.code == 0)
        (void)snprintf(code, sizeof(code), "OK");
    want_text(w, "error", code);
    if (call->err.code != 0) {
        want_part(w, "message", call->err.msg);
        return;
    }
    if (world_has(w, "existed") != call->existed)
        world_fail(w, "existed is %d", call->existed);
    if (world_has(w, "warm") && !call->is_warm)
        world_fail(w, "it took no ready member");
    if (world_arg(w, "same") &&
        strcmp(call->claim, world_find_call(w, world_arg(w, "same"))->claim) != 0)
        world_fail(w, "its claim is \"%s\"", call->claim);
}

/* All claims that are bound have sandboxes of their own. */
static void expect_burst(struct world *w)
{
    size_t n_ok = 0, n_warm = 0;

    for (size_t i = 0; i < w->n_calls; i++) {
        if (w->calls[i].name[0] != 'b' || !w->calls[i].is_over || w->calls[i].err.code != 0)
            continue;
        n_ok++;
        n_warm += w->calls[i].is_warm;
    }
    want_number(w, "ok", (long long)n_ok);
    want_number(w, "warm", (long long)n_warm);
}

/* Every call that went well still has the sandbox that it was told. */
static void expect_answered(struct world *w)
{
    long long n = 0;

    for (size_t i = 0; i < w->n_calls; i++) {
        const struct world_call *call = &w->calls[i];
        const struct store_object *claim, *sb;

        if (!call->is_over || call->err.code != 0)
            world_fail(w, "call \"%s\": %s: %s", call->name,
                       call->is_over ? call->err.reason : "pending", call->err.msg);
        claim = store_get(w->store, KIND_CLAIM, "default", call->claim);
        sb = claim ? claim_sandbox(&w->ctl, claim) : NULL;
        if (!sb || strcmp(sb->name, call->sandbox) != 0)
            world_fail(w, "call \"%s\" was told sandbox \"%s\", its claim \"%s\" has \"%s\"",
                       call->name, call->sandbox, call->claim, sb ? sb->name : "none");
        n++;
    }
    want_number(w, "n", n);
}

static void expect_distinct(struct world *w)
{
    struct store_query q = {.kind = KIND_CLAIM, .ns = "default"};
    struct map seen;

    map_init(&seen);
    STORE_FOREACH(claim, w->store, &q)
    {
        const struct store_object *sb = claim_sandbox(&w->ctl, claim);
        void *old = NULL;

        if (!sb)
            continue;
        (void)map_set(&seen, sb->name, (void *)claim, &old, NULL);
        if (old)
            world_fail(w, "sandbox \"%s\" has two claims", sb->name);
    }
    want_number(w, "bound", (long long)seen.n);
    map_done(&seen);
}

static void expect_pool(struct world *w, const char *name)
{
    const struct store_object *o = store_get(w->store, KIND_POOL, "default", name);

    if (!o)
        world_fail(w, "it is not there");
    want_number(w, "replicas", obj_int(o->json, "status.replicas", -1));
    want_number(w, "ready", obj_int(o->json, "status.readyReplicas", -1));
    want_number(w, "index", (long long)members_n_ready(&w->ctl.members, "default", name));
}

static void expect_sandbox(struct world *w, const char *word)
{
    bool wants_none = world_has(w, "gone");
    const char *name = wants_none ? word : world_sandbox(w, word);
    const struct store_object *o = store_get(w->store, KIND_SANDBOX, "default", name);
    const json_t *status;

    if (wants_none) {
        if (o)
            world_fail(w, "it is there");
        return;
    }
    if (!o)
        world_fail(w, "it is not there");
    status = obj_get(o->json, "status");
    want_text(w, "reason", obj_str_or(cond_get(status, C_READY), "reason", ""));
    want_text(w, "ready", obj_str_or(cond_get(status, C_READY), "status", ""));
    want_text(w, "suspended", obj_str_or(cond_get(status, C_SUSPENDED), "reason", ""));
    want_text(w, "finished", obj_str_or(cond_get(status, C_FINISHED), "reason", ""));
    want_text(w, "image",
              obj_str_or(json_array_get(obj_get(o->json, "spec.podTemplate.spec.containers"), 0),
                         "image", ""));
}

static void expect_pod(struct world *w, const char *word)
{
    bool wants_none = world_has(w, "gone");
    const char *name = wants_none ? word : world_sandbox(w, word);
    const struct store_object *o = store_get(w->store, KIND_POD, "default", name);
    const json_t *waiting;

    if (wants_none) {
        if (o)
            world_fail(w, "it is there");
        return;
    }
    if (!o)
        world_fail(w, "it is not there");
    waiting =
        obj_get(json_array_get(obj_get(o->json, "status.containerStatuses"), 0), "state.waiting");
    want_text(w, "phase", obj_str_or(o->json, "status.phase", ""));
    want_text(w, "reason", obj_str_or(o->json, "status.reason", ""));
    want_text(w, "waiting", obj_str_or(waiting, "reason", ""));
    want_text(w, "cause", obj_str_or(o->json, "status.cause.kind", ""));
    want_text(w, "app", obj_label(o->json, "app") ?: "");
    want_text(
        w, "env",
        obj_str_or(json_array_get(
                       obj_get(json_array_get(obj_get(o->json, "spec.containers"), 0), "env"), 0),
                   "name", ""));
}

/* ---- any object ---- */

/* The element "[key]" of a map, or of a list: by number, or by its type or name. */
static const json_t *element(const json_t *v, const char *key)
{
    if (json_is_object(v))
        return json_object_get(v, key);
    if (*key >= '0' && *key <= '9')
        return json_array_get(v, (size_t)atoi(key));
    for (size_t i = 0; i < json_array_size(v); i++) {
        const json_t *e = json_array_get(v, i);

        if (strcmp(obj_str_or(e, "type", ""), key) == 0 ||
            strcmp(obj_str_or(e, "name", ""), key) == 0)
            return e;
    }
    return NULL;
}

/* "status.conditions[Ready].message", "metadata.labels[a/b]" */
static const json_t *look(const json_t *v, const char *path)
{
    while (v && *path) {
        char key[200];
        bool is_index = *path == '[';
        size_t n = is_index ? strcspn(path, "]") : strcspn(path, ".[");

        (void)snprintf(key, sizeof(key), "%.*s", (int)(n - is_index), path + is_index);
        v = is_index ? element(v, key) : json_object_get(v, key);
        path += n + is_index;
        path += *path == '.';
    }
    return v;
}

/* path=value: '-' it is not there, '*' it is, ~part a part of its text, else the text or JSON. */
static void expect_field(const struct world *w, const struct store_object *o, const char *word)
{
    size_t n = 0;
    bool in_key = false;
    char path[200];
    const char *want;
    const json_t *have;
    _cleanup_(freep) char *text = NULL;

    for (; word[n] && (in_key || word[n] != '='); n++)
        in_key = word[n] == '[' || (in_key && word[n] != ']');
    if (!word[n])
        world_fail(w, "\"%s\" is no path=value", word);
    (void)snprintf(path, sizeof(path), "%.*s", (int)n, word);
    want = word + n + 1;
    have = look(o->json, path);
    text = json_is_string(have) ? strdup(json_string_value(have))
           : have               ? json_dumps(have, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY)
                                : strdup("-");
    for (char *p = text; p && *p; p++) /* stories cannot quote quotes */
        if (*p == '"')
            *p = '\'';
    if (strcmp(want, "*") == 0 ? have != NULL
        : *want == '~'         ? have && strstr(text, want + 1) != NULL
                               : strcmp(text, want) == 0)
        return;
    world_fail(w, "%s is %s", path, text);
}

static void expect_object(struct world *w, const char *kind, const char *word)
{
    bool wants_none = world_has(w, "gone");
    const char *name = wants_none ? word : world_sandbox(w, word);
    const struct store_object *o = store_get(w->store, kind, "default", name);

    if (wants_none != !o)
        world_fail(w, "it is %s", o ? "there" : "not there");
    for (size_t i = 4; o && i < w->n_words; i++)
        expect_field(w, o, w->words[i]);
}

/* An Event about the object: reason, type, action, note, and how many there are. */
static void expect_event(struct world *w, const char *name)
{
    struct store_query q = {.kind = KIND_EVENT, .ns = "default"};
    const char *reason = world_arg(w, "reason");
    long long n = 0;

    STORE_FOREACH(o, w->store, &q)
    {
        if (strcmp(obj_str_or(o->json, "regarding.name", ""), name) != 0 ||
            (reason && strcmp(obj_str_or(o->json, "reason", ""), reason) != 0))
            continue;
        n++;
        want_text(w, "type", obj_str_or(o->json, "type", ""));
        want_text(w, "action", obj_str_or(o->json, "action", ""));
        want_text(w, "by", obj_str_or(o->json, "reportingController", ""));
        want_part(w, "note", obj_str_or(o->json, "note", ""));
    }
    if (world_arg(w, "n"))
        want_number(w, "n", n);
    else if (n == 0)
        world_fail(w, "there is no such event");
}

/* A span of that name that belongs to the trace which the object carries; its attributes. */
static bool has_span(struct world *w, const char *context, const char *name)
{
    char text[RPC_TRACEPARENT_CHARS + 1];

    LIST_FOREACH(link, &w->spans.ended)
    {
        const struct span *s = CONTAINER_OF(link, struct span, link);

        rpc_trace_format(&s->trace, text);
        text[RPC_TRACEPARENT_CHARS - 20] = '\0'; /* up to the trace id */
        if (strcmp(s->name, name) == 0 && strstr(context, text))
            return true;
    }
    return false;
}

static void expect_span(struct world *w, const char *kind, const char *name)
{
    const struct store_object *o = store_get(w->store, kind, "default", world_sandbox(w, name));
    const char *context = o ? obj_annotation(o->json, A_TRACE) : NULL;

    if (!context)
        world_fail(w, "it is not there, or carries no trace");
    if (!has_span(w, context, world_arg(w, "name")))
        world_fail(w, "no such span in its trace");
}

void world_expect(struct world *w)
{
    const char *what = w->n_words > 1 ? w->words[1] : "";
    const char *name = w->n_words > 2 ? w->words[2] : "";

    if (strcmp(what, "claim") == 0)
        expect_claim(w, name);
    else if (strcmp(what, "rpc") == 0)
        expect_rpc(w, name);
    else if (strcmp(what, "pool") == 0)
        expect_pool(w, name);
    else if (strcmp(what, "sandbox") == 0)
        expect_sandbox(w, name);
    else if (strcmp(what, "pod") == 0)
        expect_pod(w, name);
    else if (strcmp(what, "object") == 0)
        expect_object(w, name, world_need(w, 3));
    else if (strcmp(what, "event") == 0)
        expect_event(w, world_sandbox(w, name));
    else if (strcmp(what, "span") == 0)
        expect_span(w, name, world_need(w, 3));
    else if (strcmp(what, "writes") == 0)
        fake_cluster_expect_writes(w);
    else if (strcmp(what, "burst") == 0)
        expect_burst(w);
    else if (strcmp(what, "distinct") == 0)
        expect_distinct(w);
    else if (strcmp(what, "history") == 0)
        world_expect_history(w, name);
    else if (strcmp(what, "metric") == 0)
        world_expect_metric(w, name);
    else if (strcmp(what, "answered") == 0)
        expect_answered(w);
    else if (strcmp(what, "count") == 0) {
        want_number(w, KIND_CLAIM, (long long)store_count(w->store, KIND_CLAIM));
        want_number(w, KIND_SANDBOX, (long long)store_count(w->store, KIND_SANDBOX));
        want_number(w, KIND_POD, (long long)store_count(w->store, KIND_POD));
        want_number(w, "instances", (long long)fake_node_count(&w->node));
        want_number(w, "asked", w->node.n_asked);
        want_number(w, "created", w->node.n_created);
    } else {
        world_fail(w, "expect: \"%s\" is no word", what);
    }
}
