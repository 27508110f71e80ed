#include "services/controller/who.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/map.h"
#include "services/controller/obj.h"

enum { MAX_SUBJECT_PART = 256 };

/* What is known of one question, or being asked. */
struct verdict {
    struct list by_age; /* who.by_age */
    struct list asks;   /* that wait for it */
    struct who *who;
    uint64_t until_ms;
    bool is_pending, is_token;
    struct err err;     /* code 0: good */
    json_t *user;       /* of a token   */
    char user_hash[65]; /* of a token   */
    char key[];
};

struct who {
    struct who_ops ops;
    struct map verdicts;
    struct list by_age; /* oldest first */
    size_t n_pending;
};

static int sha256_hex(const char *text, size_t n, char ret[65])
{
    unsigned char digest[32];
    unsigned len = 0;

    if (EVP_Digest(text, n, digest, &len, EVP_sha256(), NULL) != 1 || len != sizeof(digest))
        return -1;
    for (size_t i = 0; i < sizeof(digest); i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

static int hash_user(const json_t *user, char ret[65])
{
    _cleanup_(freep) char *text = json_dumps(user, JSON_COMPACT | JSON_SORT_KEYS);

    return text ? sha256_hex(text, strlen(text), ret) : -1;
}

/* ---- verdicts ---- */

static void verdict_free(struct verdict *v)
{
    v->who->n_pending -= v->is_pending;
    (void)map_remove(&v->who->verdicts, v->key);
    list_remove(&v->by_age);
    json_decref(v->user);
    free(v);
}

/* The oldest that nobody waits for goes; false: there is none. */
static bool make_room(struct who *w)
{
    LIST_FOREACH(it, &w->by_age)
    {
        struct verdict *v = CONTAINER_OF(it, struct verdict, by_age);

        if (v->is_pending)
            continue;
        verdict_free(v);
        return true;
    }
    return false;
}

/* One that is still good, or NULL. */
static struct verdict *find(struct who *w, const char *key)
{
    struct verdict *v = map_get(&w->verdicts, key);

    if (!v || v->is_pending || w->ops.now_ms(w->ops.user) < v->until_ms)
        return v;
    verdict_free(v);
    return NULL;
}

static struct verdict *verdict_new(struct who *w, const char *key, struct err *err)
{
    struct verdict *v;

    if (w->n_pending >= WHO_MAX_PENDING || (w->verdicts.n >= WHO_MAX_KEPT && !make_room(w))) {
        (void)err_set(err, RPC_RESOURCE_EXHAUSTED, "TooManyReviews",
                      "%d callers are being checked with the API server already: try again",
                      WHO_MAX_PENDING);
        return NULL;
    }
    v = calloc(1, sizeof(*v) + strlen(key) + 1);
    if (!v || map_set(&w->verdicts, key, v, NULL, NULL) < 0) {
        free(v);
        (void)err_oom(err);
        return NULL;
    }
    memcpy(v->key, key, strlen(key) + 1);
    v->who = w;
    v->is_pending = true;
    w->n_pending++;
    list_init(&v->asks);
    list_init(&v->by_age);
    list_push_back(&w->by_age, &v->by_age);
    return v;
}

/* ---- questions ---- */

static void step(struct who_ask *ask);

static void finish(struct who_ask *ask, const struct err *err)
{
    json_t *user = ask->user;

    ask->user = NULL;
    ask->who = NULL;
    /* Careful: ask may be gone once fn returns. */
    ask->fn(ask, err, err ? NULL : obj_str_or(user, "user", ""));
    json_decref(user);
}

void who_cancel(struct who_ask *ask)
{
    if (!ask->who)
        return;
    list_remove(&ask->link);
    json_decref(ask->user);
    ask->user = NULL;
    ask->who = NULL;
}

/* ---- answers ---- */

/* {user, groups, uid, extra} as SubjectAccessReview wants it. */
static json_t *user_of_review(const json_t *status)
{
    static const char *const parts[] = {"groups", "uid", "extra"};
    const json_t *from = obj_get(status, "user");
    json_t *user = json_pack("{s:s}", "user", obj_str_or(from, "username", ""));

    for (size_t i = 0; user && i < ARRAY_SIZE(parts); i++) {
        json_t *part = json_object_get(from, parts[i]);

        if (part && json_object_set(user, parts[i], part) < 0) {
            json_decref(user);
            return NULL;
        }
    }
    return user;
}

static void read_token(struct verdict *v, const json_t *status)
{
    if (!obj_bool(status, "authenticated", false) || !*obj_str_or(status, "user.username", "")) {
        (void)err_set(&v->err, RPC_UNAUTHENTICATED, "TokenRefused",
                      "the API server does not know this token%s%.200s",
                      obj_str(status, "error") ? ": " : "", obj_str_or(status, "error", ""));
        return;
    }
    v->user = user_of_review(status);
    if (!v->user || hash_user(v->user, v->user_hash) < 0)
        (void)err_oom(&v->err);
}

static void read_access(struct verdict *v, const json_t *status)
{
    if (!obj_bool(status, "allowed", false) || obj_bool(status, "denied", false))
        (void)err_set(&v->err, RPC_PERMISSION_DENIED, "Forbidden", "%.200s",
                      obj_str_or(status, "reason", ""));
}

static void on_answer(const struct err *err, const json_t *body, void *user)
{
    struct verdict *v = user;
    struct who *w = v->who;
    const json_t *status = obj_get(body, "status");
    struct list asks = LIST_INIT(asks), *link;
    bool is_known = !err && status;
    struct err why = {0};

    v->is_pending = false;
    w->n_pending--;
    v->until_ms = w->ops.now_ms(w->ops.user) + WHO_KEEP_MS;
    if (is_known && v->is_token)
        read_token(v, status);
    else if (is_known)
        read_access(v, status);
    else if (err)
        why = *err;
    else
        (void)err_set(&why, RPC_UNAVAILABLE, "ApiServerError",
                      "the API server answered a review without a status");
    if (!is_known)
        (void)err_wrap(&why, "checking the caller with the API server");
    while ((link = list_pop_front(&v->asks)))
        list_push_back(&asks, link);
    if (!is_known)
        verdict_free(v); /* the next caller asks again */
    while ((link = list_pop_front(&asks))) {
        struct who_ask *ask = CONTAINER_OF(link, struct who_ask, link);

        list_init(&ask->link);
        if (is_known)
            step(ask);
        else
            finish(ask, &why);
    }
}

/* ---- asking ---- */

/* The verdict on key, good or bad; NULL: the question waits, or has failed. */
static struct verdict *look_up(struct who_ask *ask, const char *key, enum who_review kind,
                               json_t *(*make)(const struct who_ask *ask))
{
    struct who *w = ask->who;
    struct verdict *v = find(w, key);
    _cleanup_(json_decrefp) json_t *body = NULL;
    struct err err;

    if (v && !v->is_pending)
        return v;
    if (!v) {
        v = verdict_new(w, key, &err);
        if (!v) {
            finish(ask, &err);
            return NULL;
        }
        v->is_token = kind == WHO_TOKEN_REVIEW;
        body = make(ask);
        if (!body)
            (void)err_oom(&err);
        if (!body || w->ops.post(w->ops.user, kind, body, on_answer, v, &err) < 0) {
            verdict_free(v);
            finish(ask, &err);
            return NULL;
        }
    }
    list_push_back(&v->asks, &ask->link);
    return NULL;
}

static json_t *token_review(const struct who_ask *ask)
{
    return json_pack("{s:s, s:s, s:{s:s}}", "apiVersion", "authentication.k8s.io/v1", "kind",
                     "TokenReview", "spec", "token", ask->token);
}

static json_t *access_review(const struct who_ask *ask)
{
    json_t *spec = json_deep_copy(ask->user);
    json_t *what = json_pack("{s:s, s:s, s:s, s:s}", "group", ask->group, "resource", ask->resource,
                             "verb", ask->verb, "namespace", ask->ns);

    if (what && ask->is_by_name && json_object_set_new(what, "name", json_string(ask->name)) < 0) {
        json_decref(what);
        what = NULL;
    }
    if (!spec || !what) {
        json_decref(what);
        json_decref(spec);
        return NULL;
    }
    if (json_object_set_new(spec, "resourceAttributes", what) < 0) {
        json_decref(spec);
        return NULL;
    }
    return json_pack("{s:s, s:s, s:o}", "apiVersion", "authorization.k8s.io/v1", "kind",
                     "SubjectAccessReview", "spec", spec);
}

static void forbid(struct who_ask *ask, const struct err *why)
{
    struct err err;

    (void)err_set(&err, RPC_PERMISSION_DENIED, "Forbidden",
                  "user \"%.100s\" cannot %s %s.%s in %s%.64s%s%.150s",
                  obj_str_or(ask->user, "user", ""), ask->verb, ask->resource, ask->group,
                  *ask->ns ? "namespace " : "all namespaces", ask->ns, *why->msg ? ": " : "",
                  why->msg);
    finish(ask, &err);
}

static void step_access(struct who_ask *ask)
{
    const struct verdict *v;
    char key[1024];

    (void)snprintf(key, sizeof(key), "v %s %s %s %.256s %.256s %s", ask->user_hash, ask->verb,
                   ask->resource, ask->ns, ask->is_by_name ? ask->name : "", ask->group);
    v = look_up(ask, key, WHO_ACCESS_REVIEW, access_review);
    if (!v)
        return;
    if (v->err.code == RPC_OK) {
        finish(ask, NULL);
    } else if (v->err.code == RPC_PERMISSION_DENIED && *ask->name && !ask->is_by_name) {
        ask->is_by_name = true; /* a rule may name just this one */
        step_access(ask);
    } else {
        forbid(ask, &v->err);
    }
}

static int identify_by_token(struct who_ask *ask)
{
    const struct verdict *v;
    char key[68] = "t ";
    struct err err;

    if (sha256_hex(ask->token, strlen(ask->token), key + 2) < 0) {
        (void)err_oom(&err);
        finish(ask, &err);
        return -1;
    }
    v = look_up(ask, key, WHO_TOKEN_REVIEW, token_review);
    if (!v)
        return -1;
    if (v->err.code != RPC_OK) {
        err = v->err;
        finish(ask, &err);
        return -1;
    }
    ask->user = json_incref(v->user);
    memcpy(ask->user_hash, v->user_hash, sizeof(ask->user_hash));
    return 0;
}

static int identify_by_certificate(struct who_ask *ask)
{
    struct err err;

    ask->user = who_of_subject(ask->subject);
    if (ask->user && hash_user(ask->user, ask->user_hash) == 0)
        return 0;
    (void)err_set(&err, RPC_UNAUTHENTICATED, "Unauthenticated",
                  "the client certificate's subject \"%.200s\" names no user: one CN is needed",
                  ask->subject);
    finish(ask, &err);
    return -1;
}

static int identify(struct who_ask *ask)
{
    struct err err;

    if (ask->token && *ask->token)
        return identify_by_token(ask);
    if (ask->subject && *ask->subject)
        return identify_by_certificate(ask);
    (void)err_set(&err, RPC_UNAUTHENTICATED, "Unauthenticated",
                  "no bearer token and no client certificate: send \"authorization: Bearer …\" "
                  "with a ServiceAccount's token");
    finish(ask, &err);
    return -1;
}

/* As far as what is known allows. */
static void step(struct who_ask *ask)
{
    if (!ask->user && identify(ask) < 0)
        return; /* Careful: ask may be gone here. */
    step_access(ask);
}

void who_ask(struct who *w, struct who_ask *ask)
{
    list_init(&ask->link);
    ask->who = w;
    ask->user = NULL;
    ask->is_by_name = false;
    step(ask);
}

/* ---- subjects ---- */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 2253: the value up to an unescaped , or +; its end, or NULL when it is malformed. */
static const char *read_value(const char *p, char ret[MAX_SUBJECT_PART])
{
    size_t n = 0;

    for (; *p && *p != ',' && *p != '+'; p++) {
        char c = *p;

        if (c == '\\' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
            c = (char)(hex(p[1]) << 4 | hex(p[2]));
            p += 2;
        } else if (c == '\\') {
            c = *++p;
        }
        if (!c || n + 1 == MAX_SUBJECT_PART)
            return NULL;
        ret[n++] = c;
    }
    ret[n] = '\0';
    return p;
}

/* One TYPE=value into user; its end, or NULL. */
static const char *read_part(const char *p, json_t *user)
{
    size_t n_type = strcspn(p, "=,+");
    char value[MAX_SUBJECT_PART];
    const char *end;

    if (p[n_type] != '=')
        return NULL;
    end = read_value(p + n_type + 1, value);
    if (!end)
        return NULL;
    if (n_type == 2 && strncmp(p, "CN", 2) == 0) {
        if (json_object_get(user, "user") || !*value ||
            json_object_set_new(user, "user", json_string(value)) < 0)
            return NULL;
    } else if (n_type == 1 && *p == 'O') {
        if (json_array_append_new(json_object_get(user, "groups"), json_string(value)) < 0)
            return NULL;
    }
    return *end ? end + 1 : end;
}

json_t *who_of_subject(const char *subject)
{
    _cleanup_(json_decrefp) json_t *user = json_pack("{s:[s]}", "groups", "system:authenticated");

    for (const char *p = subject; user && *p;) {
        p = read_part(p, user);
        if (!p)
            return NULL;
    }
    return user && json_object_get(user, "user") ? json_incref(user) : NULL;
}

/* ---- life ---- */

int who_new(struct who **ret, const struct who_ops *ops, struct err *err)
{
    struct who *w = calloc(1, sizeof(*w));

    if (!w)
        return err_oom(err);
    w->ops = *ops;
    map_init(&w->verdicts);
    list_init(&w->by_age);
    *ret = w;
    return 0;
}

void who_free(struct who *w)
{
    if (!w)
        return;
    while (!list_is_empty(&w->by_age)) {
        struct verdict *v = LIST_FIRST(&w->by_age, struct verdict, by_age);

        while (!list_is_empty(&v->asks))
            who_cancel(LIST_FIRST(&v->asks, struct who_ask, link));
        verdict_free(v);
    }
    map_done(&w->verdicts);
    free(w);
}
