/*
 * The election as a state machine, moved by one task:
 *
 *     FOLLOWING -> (the Lease is ours) LEADING -> (lost) ENDED
 *         |                              |
 *         +--- release() --> RELEASING <-+   -> ENDED
 *
 * Answers and the watch only write down what the Lease says; decide() alone chooses the next
 * request, of which there is one at a time.
 */
#include "lib/kube/kube_lease.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/kube/kube_watch.h"
#include "lib/loop/loop.h"

enum {
    DURATION_MS = 15000,
    RENEW_MS = 10000,
    RETRY_MS = 2000,
    RELEASE_MS = 2000,
    MIN_REQUEST_MS = 500,
};

static const struct kube_resource leases = {
    .api_version = "coordination.k8s.io/v1", .plural = "leases", .kind = "Lease"};

enum lease_state { LEASE_FOLLOWING, LEASE_LEADING, LEASE_RELEASING, LEASE_ENDED };

static const unsigned moves[] = {
    [LEASE_FOLLOWING] = 1 << LEASE_LEADING | 1 << LEASE_RELEASING,
    [LEASE_LEADING] = 1 << LEASE_RELEASING | 1 << LEASE_ENDED,
    [LEASE_RELEASING] = 1 << LEASE_ENDED,
    [LEASE_ENDED] = 0,
};

/* What we know of the Lease. */
enum lease_view { VIEW_UNKNOWN, VIEW_ABSENT, VIEW_THERE };

struct kube_lease {
    struct kube_client *client;
    struct loop *loop;
    struct kube_lease_opts opts;
    char *ns, *name, *identity;
    char *note; /* what we tell; NULL: nothing */
    void *user;
    enum lease_state state;
    enum lease_view view;
    json_t *seen;        /* VIEW_THERE: the whole object                              */
    uint64_t seen_ms;    /* when what it says last changed, by our clock              */
    char holder[256];    /* of seen, or ""                                            */
    char told[256];      /* the holder that new_leader was last called with           */
    uint64_t renewed_ms; /* LEADING: when the renewal was sent that was last granted  */
    uint64_t asked_ms;   /* when the request under way was sent                       */
    uint64_t next_ms;    /* not before: the next request                              */
    struct kube_call *call;
    bool is_write, is_create; /* the call */
    struct kube_watch *watch;
    struct loop_timer *timer;
    struct loop_task *task;
    struct err trouble; /* of the last failure; code 0: none that was not told */
    void (*released)(void *user);
    void *released_user;
    uint64_t release_by_ms;
};

static void enter(struct kube_lease *l, enum lease_state to)
{
    assert(moves[l->state] & 1u << to);
    l->state = to;
}

static uint64_t now_ms(const struct kube_lease *l)
{
    return loop_now_ms(l->loop);
}

/* ---- what the Lease says ---- */

static bool says_the_same(const json_t *a, const json_t *b)
{
    return a && b && json_equal(meta_get(a, "spec"), meta_get(b, "spec"));
}

static void see(struct kube_lease *l, json_t *lease)
{
    if (!says_the_same(l->seen, lease))
        l->seen_ms = now_ms(l);
    json_incref(lease);
    json_decref(l->seen);
    l->seen = lease;
    l->view = VIEW_THERE;
    (void)snprintf(l->holder, sizeof(l->holder), "%s", meta_str(lease, "spec.holderIdentity", ""));
}

static void see_none(struct kube_lease *l)
{
    json_decref(l->seen);
    l->seen = NULL;
    l->holder[0] = '\0';
    l->view = VIEW_ABSENT;
}

static bool is_ours(const struct kube_lease *l)
{
    return l->view == VIEW_THERE && strcmp(l->holder, l->identity) == 0;
}

/* When a Lease that another holds may be taken: its own duration after it last changed. */
static uint64_t expires_ms(const struct kube_lease *l)
{
    int64_t s = meta_int(l->seen, "spec.leaseDurationSeconds", 0);

    if (!l->holder[0] || s <= 0)
        return 0;
    return clock_add(l->seen_ms, (uint64_t)s * 1000);
}

/* ---- what we want it to say ---- */

static void micro_time(char ret[40])
{
    uint64_t ns = clock_realtime_ns();
    char second[24];

    clock_format_rfc3339((int64_t)(ns / 1000000000u), second, sizeof(second));
    (void)snprintf(ret, 40, "%.19s.%06uZ", second, (unsigned)(ns / 1000 % 1000000));
}

static json_t *new_lease(const struct kube_lease *l)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s}, s:{}}", "apiVersion", leases.api_version, "kind",
                     leases.kind, "metadata", "name", l->name, "namespace", l->ns, "spec");
}

static int set_note(json_t *lease, const char *note)
{
    json_t *metadata = json_object_get(lease, "metadata");
    json_t *annotations = json_object_get(metadata, "annotations");

    if (!note || !*note) {
        (void)json_object_del(annotations, KUBE_LEASE_NOTE); /* it may have none */
        return 0;
    }
    if (!json_is_object(annotations)) {
        annotations = json_object();
        if (json_object_set_new(metadata, "annotations", annotations) < 0)
            return -1;
    }
    return json_object_set_new(annotations, KUBE_LEASE_NOTE, json_string(note));
}

/* holder "": released. The rest of the object is as it was: its resourceVersion locks the PUT. */
static json_t *wanted(const struct kube_lease *l, const char *holder)
{
    bool is_taking = !is_ours(l);
    json_t *o = l->seen ? json_deep_copy(l->seen) : new_lease(l);
    char now[40];
    int r = o ? 0 : -1;

    micro_time(now);
    r = r < 0 ? r : meta_set_str(o, "spec.holderIdentity", holder, NULL);
    r = r < 0 ? r
              : meta_set_int(o, "spec.leaseDurationSeconds",
                             *holder ? (l->opts.duration_ms + 999) / 1000 : 1, NULL);
    r = r < 0 ? r : meta_set_str(o, "spec.renewTime", now, NULL);
    r = r < 0 ? r : set_note(o, *holder ? l->note : NULL);
    if (r == 0 && is_taking) {
        r = meta_set_str(o, "spec.acquireTime", now, NULL);
        r = r < 0 ? r
                  : meta_set_int(o, "spec.leaseTransitions",
                                 l->seen ? meta_int(o, "spec.leaseTransitions", 0) + 1 : 0, NULL);
    }
    if (r == 0)
        return o;
    json_decref(o);
    return NULL;
}

/* ---- requests ---- */

static void on_answer(const struct kube_result *res, void *user);

/* Late answers are of no use to a leader that has to be sure. */
static unsigned request_ms(const struct kube_lease *l)
{
    return MAX(l->opts.renew_ms / 2, (unsigned)MIN_REQUEST_MS);
}

static void ask(struct kube_lease *l, enum kube_method method, json_t *body)
{
    struct kube_request req = {.method = method,
                               .resource = &leases,
                               .ns = l->ns,
                               .name = method == KUBE_POST ? NULL : l->name,
                               .body = body,
                               .lane = KUBE_LANE_FIRST,
                               .timeout_ms = request_ms(l)};

    l->is_write = method != KUBE_GET;
    l->is_create = method == KUBE_POST;
    l->asked_ms = now_ms(l);
    l->next_ms = clock_add(l->asked_ms, l->opts.retry_ms);
    if (method != KUBE_GET && !body)
        (void)err_oom(&l->trouble);
    else if (kube_call(&l->call, l->client, &req, on_answer, l, &l->trouble) < 0)
        l->call = NULL;
    json_decref(body);
}

static void take_failure(struct kube_lease *l, const struct kube_result *res)
{
    l->view = VIEW_UNKNOWN; /* look again before the next try */
    if (l->is_create && res->err->code == RPC_NOT_FOUND) {
        (void)err_set(&l->trouble, RPC_FAILED_PRECONDITION, "NamespaceMissing",
                      "there is no namespace %s for the Lease %s", l->ns, l->name);
        return;
    }
    if (res->err->code == RPC_NOT_FOUND)
        see_none(l);
    else if (res->err->code != RPC_ABORTED && res->err->code != RPC_ALREADY_EXISTS)
        l->trouble = *res->err;
    if (res->err->code == RPC_NOT_FOUND || res->err->code == RPC_ABORTED ||
        res->err->code == RPC_ALREADY_EXISTS)
        l->next_ms = 0; /* somebody was quicker, or it is not there: no reason to wait */
}

static void on_answer(const struct kube_result *res, void *user)
{
    struct kube_lease *l = user;
    bool was_leading = l->state == LEASE_LEADING;

    l->call = NULL;
    if (res->err) {
        take_failure(l, res);
    } else if (!json_is_object(meta_get(res->body, "spec"))) {
        l->view = VIEW_UNKNOWN;
        (void)err_set(&l->trouble, RPC_UNAVAILABLE, "ApiServerError",
                      "the answer to a request for the Lease %s/%s is no Lease", l->ns, l->name);
    } else {
        see(l, res->body);
        if (l->is_write && is_ours(l))
            l->renewed_ms = l->asked_ms;
        if (!l->is_write && !was_leading)
            l->next_ms = 0; /* whether it can be taken is known at once */
    }
    loop_task_schedule(l->task);
}

/* ---- deciding ---- */

static void tell_holder(struct kube_lease *l)
{
    if (l->view != VIEW_THERE || strcmp(l->told, l->holder) == 0)
        return;
    (void)memcpy(l->told, l->holder, sizeof(l->told));
    if (l->holder[0] && l->opts.new_leader)
        l->opts.new_leader(l->holder, l->user);
}

static void end(struct kube_lease *l)
{
    enter(l, LEASE_ENDED);
    loop_timer_disarm(l->timer);
    kube_call_cancel(TAKE_PTR(l->call));
}

static void lose(struct kube_lease *l, const struct err *why)
{
    end(l);
    l->opts.stopped(why, l->user); /* Careful: may free it. */
}

static void lose_by_time(struct kube_lease *l)
{
    struct err why;

    (void)err_set(&why, RPC_UNAVAILABLE, "LeaseLost",
                  "the Lease %s/%s could not be renewed for %u ms: %s", l->ns, l->name,
                  l->opts.renew_ms, l->trouble.code ? l->trouble.msg : "no answer");
    lose(l, &why);
}

static void lose_to(struct kube_lease *l)
{
    struct err why;

    (void)err_set(&why, RPC_ABORTED, "LeaseLost", "the Lease %s/%s is held by \"%s\" now", l->ns,
                  l->name, l->holder);
    lose(l, &why);
}

/* A follower: looks where it does not know, takes what is free. Returns when to decide again. */
static uint64_t follow(struct kube_lease *l)
{
    uint64_t now = now_ms(l), free_at;

    if (now < l->next_ms)
        return l->next_ms;
    if (l->view == VIEW_UNKNOWN) {
        ask(l, KUBE_GET, NULL);
        return l->next_ms;
    }
    if (l->view == VIEW_ABSENT) {
        ask(l, KUBE_POST, wanted(l, l->identity));
        return l->next_ms;
    }
    free_at = is_ours(l) ? 0 : expires_ms(l); /* ours: of our life before, by the same identity */
    if (now >= free_at) {
        ask(l, KUBE_PUT, wanted(l, l->identity));
        return l->next_ms;
    }
    if (!kube_watch_is_synced(l->watch)) {
        l->view = VIEW_UNKNOWN; /* nobody tells us: looks at every try */
        l->next_ms = clock_add(now, l->opts.retry_ms);
        return l->next_ms;
    }
    return free_at;
}

static uint64_t lead(struct kube_lease *l)
{
    uint64_t now = now_ms(l), end_ms = clock_add(l->renewed_ms, l->opts.renew_ms);

    if (now >= end_ms) {
        lose_by_time(l);
        return 0;
    }
    if (l->view == VIEW_THERE && !is_ours(l) && l->holder[0]) {
        lose_to(l);
        return 0;
    }
    if (now < l->next_ms)
        return MIN(l->next_ms, end_ms);
    if (l->view == VIEW_UNKNOWN)
        ask(l, KUBE_GET, NULL);
    else if (l->view == VIEW_ABSENT)
        ask(l, KUBE_POST, wanted(l, l->identity));
    else
        ask(l, KUBE_PUT, wanted(l, l->identity));
    return MIN(l->next_ms, end_ms);
}

static void finish_release(struct kube_lease *l)
{
    void (*fn)(void *user) = l->released;

    end(l);
    if (fn)
        fn(l->released_user); /* Careful: may free it. */
}

/* Gives it back once; what comes of it is not looked at again. */
static uint64_t let_go(struct kube_lease *l)
{
    if (now_ms(l) >= l->release_by_ms || !is_ours(l)) {
        finish_release(l);
        return 0;
    }
    if (!l->call && l->next_ms != CLOCK_NEVER) {
        ask(l, KUBE_PUT, wanted(l, ""));
        l->next_ms = CLOCK_NEVER;
        if (!l->call)
            l->view = VIEW_UNKNOWN;
    }
    if (!l->call) {
        finish_release(l);
        return 0;
    }
    return l->release_by_ms;
}

static void tell_trouble(struct kube_lease *l)
{
    if (l->trouble.code && l->opts.trouble && l->state != LEASE_RELEASING)
        l->opts.trouble(&l->trouble, l->user);
    if (l->state != LEASE_LEADING)
        l->trouble.code = 0; /* a leader's is kept for the sentence when it loses */
}

static void decide(struct kube_lease *l)
{
    uint64_t again = CLOCK_NEVER;

    if (l->state == LEASE_FOLLOWING && is_ours(l) && l->renewed_ms && !l->call) {
        enter(l, LEASE_LEADING);
        l->trouble.code = 0;
        tell_holder(l);
        loop_task_schedule(l->task);
        l->opts.started(l->user); /* Careful: may release it. */
        return;
    }
    if (l->state == LEASE_LEADING)
        again = l->call ? clock_add(l->renewed_ms, l->opts.renew_ms) : 0;
    if (l->state == LEASE_FOLLOWING)
        again = l->call ? CLOCK_NEVER : follow(l);
    else if (l->state == LEASE_LEADING && (!l->call || now_ms(l) >= again))
        again = lead(l);
    else if (l->state == LEASE_RELEASING)
        again = let_go(l);
    if (again) /* 0: it has ended and may be gone */
        loop_timer_arm(l->timer, again);
}

static void on_task(struct loop_task *t _unused_, void *user)
{
    struct kube_lease *l = user;

    if (l->state == LEASE_ENDED)
        return;
    tell_holder(l);
    if (!l->call)
        tell_trouble(l);
    decide(l);
}

static void on_timer(struct loop_timer *t _unused_, void *user)
{
    struct kube_lease *l = user;

    loop_task_schedule(l->task);
}

/* ---- the watch ---- */

static void on_listing(void *user)
{
    (void)user;
}

static uint64_t version_of(const json_t *lease)
{
    return strtoull(meta_str(lease, "metadata.resourceVersion", "0"), NULL, 10);
}

/* An answer may have overtaken what the watch tells. */
static bool is_news(const struct kube_lease *l, const json_t *lease)
{
    return (l->state == LEASE_FOLLOWING || l->state == LEASE_LEADING) &&
           (!l->seen || version_of(lease) > version_of(l->seen));
}

static int on_put(json_t *lease, void *user, struct err *err)
{
    struct kube_lease *l = user;

    (void)err;
    if (!is_news(l, lease))
        return 0;
    see(l, lease);
    if (l->state == LEASE_FOLLOWING)
        l->next_ms = 0; /* released, perhaps: looked at once */
    loop_task_schedule(l->task);
    return 0;
}

static int on_listed(uint64_t version, void *user, struct err *err)
{
    (void)version;
    (void)user;
    (void)err;
    return 0;
}

static int on_gone(json_t *lease, void *user, struct err *err)
{
    struct kube_lease *l = user;

    (void)err;
    if (!is_news(l, lease))
        return 0;
    see_none(l);
    l->next_ms = 0;
    loop_task_schedule(l->task);
    return 0;
}

/* ---- making one ---- */

static int watch_it(struct kube_lease *l, struct err *err)
{
    char selector[300];
    struct kube_watch_opts opts = {
        .resource = &leases, .ns = l->ns, .field_selector = selector, .page_size = 10};
    static const struct kube_watch_ops ops = {
        .listing = on_listing, .put = on_put, .listed = on_listed, .gone = on_gone};

    (void)snprintf(selector, sizeof(selector), "metadata.name=%s", l->name);
    return kube_watch_new(&l->watch, l->client, &opts, &ops, l, err);
}

static int copy_names(struct kube_lease *l, struct err *err)
{
    l->ns = strdup(l->opts.ns);
    l->name = strdup(l->opts.name);
    l->identity = strdup(l->opts.identity);
    return l->ns && l->name && l->identity ? 0 : err_oom(err);
}

int kube_lease_new(struct kube_lease **ret, struct kube_client *client, struct loop *loop,
                   const struct kube_lease_opts *opts, void *user, struct err *err)
{
    _cleanup_(kube_lease_freep) struct kube_lease *l = calloc(1, sizeof(*l));

    if (!l)
        return err_oom(err);
    l->client = client;
    l->loop = loop;
    l->opts = *opts;
    l->user = user;
    if (!l->opts.duration_ms)
        l->opts.duration_ms = DURATION_MS;
    if (!l->opts.renew_ms)
        l->opts.renew_ms = RENEW_MS;
    if (!l->opts.retry_ms)
        l->opts.retry_ms = RETRY_MS;
    if (strlen(opts->identity) >= sizeof(l->holder))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "the identity of a leader has at most %zu characters",
                       sizeof(l->holder) - 1);
    if (copy_names(l, err) < 0 || loop_timer_new(&l->timer, loop, on_timer, l, err) < 0 ||
        loop_task_new(&l->task, loop, on_task, l, err) < 0 || watch_it(l, err) < 0)
        return -1;
    loop_task_schedule(l->task);
    *ret = TAKE_PTR(l);
    return 0;
}

int kube_lease_release(struct kube_lease *l, void (*done)(void *user), void *user, struct err *err)
{
    if (l->state == LEASE_RELEASING || l->state == LEASE_ENDED)
        return err_set(err, RPC_FAILED_PRECONDITION, "LeaseEnded",
                       "the election for the Lease %s/%s has ended already", l->ns, l->name);
    enter(l, LEASE_RELEASING);
    l->released = done;
    l->released_user = user;
    l->release_by_ms = clock_add(now_ms(l), RELEASE_MS);
    l->next_ms = 0;
    loop_task_schedule(l->task);
    return 0;
}

void kube_lease_free(struct kube_lease *l)
{
    if (!l)
        return;
    kube_watch_free(l->watch);
    kube_call_cancel(l->call);
    loop_timer_free(l->timer);
    loop_task_free(l->task);
    json_decref(l->seen);
    free(l->ns);
    free(l->name);
    free(l->identity);
    free(l->note);
    free(l);
}

bool kube_lease_is_leader(const struct kube_lease *l)
{
    return l->state == LEASE_LEADING;
}

const char *kube_lease_holder(const struct kube_lease *l)
{
    return l->holder;
}

int kube_lease_tell(struct kube_lease *l, const char *note, struct err *err)
{
    char *copy;

    if (strcmp(note ? note : "", l->note ? l->note : "") == 0)
        return 0;
    copy = strdup(note ? note : "");
    if (!copy)
        return err_oom(err);
    free(l->note);
    l->note = copy;
    if (l->state == LEASE_LEADING) {
        l->next_ms = 0;
        loop_task_schedule(l->task);
    }
    return 0;
}

const char *kube_lease_told(const struct kube_lease *l)
{
    const json_t *annotations = meta_get(l->seen, "metadata.annotations");
    const char *note = json_string_value(json_object_get(annotations, KUBE_LEASE_NOTE));

    return note ? note : "";
}
