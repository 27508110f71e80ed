/*
 * List and watch as a state machine:
 *
 *     LISTING -> (all pages) WATCHING -> (ends) WATCHING …
 *        ^ |                    |  |
 *        | v failed        410, |  v failed
 *       LIST_WAIT <---- garbage +  WATCH_WAIT
 *
 * Both streams are read by the client's turn; every failure goes through recover(), which alone
 * chooses what comes next and when.
 */
#include "lib/kube/kube_watch.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/kube/client_impl.h"
#include "lib/kube/kube_split.h"

#define BACKOFF_MIN_MS     100
#define BACKOFF_MAX_MS     30000
#define LIST_TIMEOUT_MS    120000
#define SHORT_WATCH_MS     1000 /* one that ends sooner and told nothing is a failure */
#define MAX_QUERY_BYTES    8192
#define MAX_VERSION_BYTES  KUBE_VERSION_MAX
#define MAX_CONTINUE_BYTES 4096

enum watch_state { WATCH_LISTING, WATCH_LIST_WAIT, WATCH_WATCHING, WATCH_WATCH_WAIT };

struct kube_watch {
    struct kube_client *client;
    struct loop *loop;
    struct kube_watch_opts opts;
    char *ns, *label_selector, *field_selector;
    struct kube_watch_ops ops;
    void *user;
    enum watch_state state;
    struct kube_call *call;   /* the stream under way, or NULL */
    struct loop_timer *timer; /* the end of a wait, or of silence */
    struct kube_list_split split;
    size_t line_from;
    char version[MAX_VERSION_BYTES]; /* where a watch goes on */
    char *next_page;                 /* continue token, or NULL */
    unsigned backoff_ms;
    uint64_t started_ms;
    bool is_synced, is_in_trouble, has_told;
    struct kube_watch_stats stats;
};

static const unsigned moves[] = {
    [WATCH_LISTING] = 1 << WATCH_LISTING | 1 << WATCH_LIST_WAIT | 1 << WATCH_WATCHING,
    [WATCH_LIST_WAIT] = 1 << WATCH_LISTING,
    [WATCH_WATCHING] =
        1 << WATCH_WATCHING | 1 << WATCH_WATCH_WAIT | 1 << WATCH_LIST_WAIT | 1 << WATCH_LISTING,
    [WATCH_WATCH_WAIT] = 1 << WATCH_WATCHING,
};

static void enter(struct kube_watch *w, enum watch_state to)
{
    assert(moves[w->state] & 1u << to);
    w->state = to;
}

static void begin_list(struct kube_watch *w);
static void begin_watch(struct kube_watch *w);
static void on_watch_data(struct kube_call *call, void *user);
static void on_watch_done(const struct kube_result *res, void *user);

static struct kube_asked asked_of(const struct kube_watch *w)
{
    return (struct kube_asked){.method = KUBE_GET,
                               .resource = w->opts.resource,
                               .ns = w->ns,
                               .is_list = w->state == WATCH_LISTING,
                               .is_watch = w->state != WATCH_LISTING};
}

/* ---- failures ---- */

static void stop_stream(struct kube_watch *w)
{
    kube_call_cancel(TAKE_PTR(w->call));
    kube_list_split_done(&w->split);
    kube_list_split_init(&w->split);
    w->line_from = 0;
}

static unsigned next_backoff(struct kube_watch *w)
{
    uint32_t chance;

    w->backoff_ms = w->backoff_ms ? MIN(w->backoff_ms * 2, BACKOFF_MAX_MS) : BACKOFF_MIN_MS;
    bytes_random(&chance, sizeof(chance));
    return w->backoff_ms / 2 + chance % w->backoff_ms; /* half to one and a half */
}

/* Something failed: waits, then goes on with a list or a watch. */
static void recover(struct kube_watch *w, bool must_list, const struct err *why)
{
    unsigned wait_ms = next_backoff(w);

    stop_stream(w);
    if (w->state == WATCH_LISTING || must_list) {
        free(TAKE_PTR(w->next_page));
        enter(w, WATCH_LIST_WAIT);
    } else {
        enter(w, WATCH_WATCH_WAIT);
    }
    loop_timer_arm(w->timer, loop_now_ms(w->loop) + wait_ms);
    w->is_in_trouble = true;
    if (w->ops.trouble)
        w->ops.trouble(why, wait_ms, w->user);
}

/* The stream has told something that makes sense. */
static void is_well(struct kube_watch *w)
{
    w->backoff_ms = 0;
    if (!w->is_in_trouble)
        return;
    w->is_in_trouble = false;
    if (w->ops.trouble)
        w->ops.trouble(NULL, 0, w->user);
}

static void arm_silence(struct kube_watch *w)
{
    loop_timer_arm(w->timer, loop_now_ms(w->loop) + w->opts.silence_ms);
}

static void on_timer(struct loop_timer *t, void *user)
{
    struct kube_watch *w = user;
    struct err err = {0};

    (void)t;
    switch (w->state) {
    case WATCH_LISTING:
        return; /* has the request's own deadline */
    case WATCH_LIST_WAIT:
        begin_list(w);
        return;
    case WATCH_WATCH_WAIT:
        begin_watch(w);
        return;
    case WATCH_WATCHING:
        w->stats.n_silent++;
        if (w->call)
            kube_stream_distrust(w->call);
        (void)err_set(&err, RPC_UNAVAILABLE, "WatchSilent",
                      "the watch of %s told nothing for %u ms, not even a bookmark",
                      w->opts.resource->plural, w->opts.silence_ms);
        recover(w, false, &err);
        return;
    }
    abort();
}

/* ---- objects ---- */

static const char *const no_managed_fields[] = {"managedFields", NULL};
const struct json_sieve kube_sieve_metadata = {.without = no_managed_fields};
static const struct json_sieve_member object_members[] = {{"metadata", &kube_sieve_metadata}, {0}};
const struct json_sieve kube_sieve_object = {.inside = object_members};

static json_t *build(const struct kube_watch *w, const char *text, size_t n, struct err *err)
{
    return json_read(text, n, KUBE_MAX_ITEM, w->opts.sieve ? w->opts.sieve : &kube_sieve_object,
                     err);
}

static void prune(const struct kube_watch *w, json_t *o)
{
    if (w->opts.prune)
        w->opts.prune(o);
}

static bool is_whole(const json_t *o)
{
    return meta_name(o)[0] && meta_uid(o)[0] && meta_str(o, "metadata.resourceVersion", "")[0];
}

static int garbage(struct kube_watch *w, struct err *err, const char *what)
{
    w->stats.n_garbage++;
    return err_set(err, RPC_DATA_LOSS, "WatchGarbled", "the API server sent %s where %s were due",
                   what, w->opts.resource->plural);
}

/* Items of a list carry neither kind nor apiVersion. */
static int complete_item(const struct kube_watch *w, json_t *o, struct err *err)
{
    if (meta_set_str(o, "kind", w->opts.resource->kind, err) < 0)
        return -1;
    return meta_set_str(o, "apiVersion", w->opts.resource->api_version, err);
}

/* ---- lists ---- */

static int take_item(struct kube_watch *w, struct err *err)
{
    _cleanup_json_ json_t *o =
        build(w, (const char *)buf_data(&w->split.item), buf_len(&w->split.item), err);

    if (!o)
        return -1;
    if (!json_is_object(o) || !is_whole(o))
        return garbage(w, err, "an item without name, uid or version");
    if (complete_item(w, o, err) < 0)
        return -1;
    prune(w, o);
    return w->ops.put(o, w->user, err);
}

static void on_list_data(struct kube_call *call, void *user)
{
    struct kube_watch *w = user;
    struct err err = {0};
    int r;

    while ((r = kube_list_split_next(&w->split, kube_stream_in(call), &err)) == 0) {
        r = take_item(w, &err);
        if (r < 0)
            break;
    }
    if (r < 0)
        recover(w, true, &err);
}

/* The list's own fields. Returns 0 with *ret_next the continue token or "". */
static int read_rest(struct kube_watch *w, json_t **ret, struct err *err)
{
    json_t *o;

    if (!w->split.is_ended)
        return garbage(w, err, "half a list");
    o = meta_parse((const char *)buf_data(&w->split.rest), buf_len(&w->split.rest), KUBE_MAX_REST,
                   err);
    if (!o)
        return -1;
    if (!meta_str(o, "metadata.resourceVersion", "")[0] ||
        strlen(meta_str(o, "metadata.resourceVersion", "")) >= MAX_VERSION_BYTES ||
        strlen(meta_str(o, "metadata.continue", "")) > MAX_CONTINUE_BYTES) {
        json_decref(o);
        return garbage(w, err, "a list without a resourceVersion");
    }
    *ret = o;
    return 0;
}

static int end_page(struct kube_watch *w, struct err *err)
{
    _cleanup_json_ json_t *o = NULL;
    const char *next, *version;
    uint64_t number = 0;

    if (read_rest(w, &o, err) < 0)
        return -1;
    next = meta_str(o, "metadata.continue", "");
    version = meta_str(o, "metadata.resourceVersion", "");
    free(TAKE_PTR(w->next_page));
    if (next[0]) {
        w->next_page = strdup(next);
        return w->next_page ? 0 : err_oom(err);
    }
    (void)snprintf(w->version, sizeof(w->version), "%s", version);
    (void)bytes_parse_u64(version, 0, UINT64_MAX, &number); /* 0 where it is no number */
    return w->ops.listed(number, w->user, err);
}

static void on_list_done(const struct kube_result *res, void *user)
{
    struct kube_watch *w = user;
    struct err err = {0};

    w->call = NULL;
    if (res->err) {
        w->stats.n_expired += res->status == 410;
        recover(w, true, res->err);
        return;
    }
    if (end_page(w, &err) < 0) {
        recover(w, true, &err);
        return;
    }
    stop_stream(w);
    if (w->next_page) {
        begin_list(w);
        return;
    }
    is_well(w);
    w->is_synced = true;
    begin_watch(w);
}

static int add_selectors(const struct kube_watch *w, struct buf *q, struct err *err)
{
    if (w->label_selector && kube_query_add(q, "labelSelector", w->label_selector, err) < 0)
        return -1;
    if (w->field_selector && kube_query_add(q, "fieldSelector", w->field_selector, err) < 0)
        return -1;
    return 0;
}

static int request(struct kube_watch *w, struct buf *query, bool is_watch, unsigned timeout_ms,
                   struct err *err)
{
    struct kube_request req = {.method = KUBE_GET,
                               .resource = w->opts.resource,
                               .ns = w->ns,
                               .query = buf_cstr(query, err),
                               .timeout_ms = timeout_ms,
                               .max_bytes = KUBE_MAX_ITEM};

    if (!req.query)
        return -1;
    return is_watch
               ? kube_stream(&w->call, w->client, &req, true, on_watch_data, on_watch_done, w, err)
               : kube_stream(&w->call, w->client, &req, false, on_list_data, on_list_done, w, err);
}

static int ask_list(struct kube_watch *w, struct err *err)
{
    struct buf q;
    int r;

    buf_init(&q, MAX_QUERY_BYTES);
    r = buf_appendf(&q, err, "limit=%u", w->opts.page_size);
    if (r == 0 && w->next_page)
        r = kube_query_add(&q, "continue", w->next_page, err);
    if (r == 0)
        r = add_selectors(w, &q, err);
    if (r == 0)
        r = request(w, &q, false, LIST_TIMEOUT_MS, err);
    buf_done(&q);
    return r;
}

static void begin_list(struct kube_watch *w)
{
    struct err err = {0};

    enter(w, WATCH_LISTING);
    w->stats.n_lists += !w->next_page;
    if (!w->next_page)
        w->ops.listing(w->user);
    if (ask_list(w, &err) < 0)
        recover(w, true, &err);
}

/* ---- watches ---- */

/* The server ends the stream by an event of its own. */
static int take_error(struct kube_watch *w, const json_t *status, bool *ret_must_list,
                      struct err *err)
{
    const struct kube_asked asked = asked_of(w);

    *ret_must_list = meta_int(status, "code", 0) == 410;
    w->stats.n_expired += *ret_must_list;
    return kube_error_from_status(err, &asked, status);
}

/* Something is there, or it is gone, with its text's object. */
static int take_object(struct kube_watch *w, const struct kube_event *ev, struct err *err)
{
    _cleanup_json_ json_t *o = NULL;

    if (ev->type != KUBE_EVENT_DELETED && ev->has_ident && w->ops.is_known &&
        w->ops.is_known(&ev->ident, w->user)) {
        w->stats.n_known++;
        return 0;
    }
    o = build(w, ev->object, ev->n_object, err);
    if (!o)
        return -1;
    if (!is_whole(o))
        return garbage(w, err, "an event without name or uid");
    prune(w, o);
    return ev->type == KUBE_EVENT_DELETED ? w->ops.gone(o, w->user, err)
                                          : w->ops.put(o, w->user, err);
}

static int end_by_error(struct kube_watch *w, const struct kube_event *ev, bool *ret_must_list,
                        struct err *err)
{
    _cleanup_json_ json_t *status = json_read(ev->object, ev->n_object, KUBE_MAX_ITEM, NULL, err);

    return status ? take_error(w, status, ret_must_list, err) : -1;
}

static int take_event(struct kube_watch *w, const struct kube_event *ev, bool *ret_must_list,
                      struct err *err)
{
    int r;

    if (!ev->object)
        return garbage(w, err, "an event without an object");
    if (ev->type == KUBE_EVENT_ERROR)
        return end_by_error(w, ev, ret_must_list, err);
    if (!ev->version[0])
        return garbage(w, err, "an event without a resourceVersion");
    if (ev->type == KUBE_EVENT_OTHER)
        return garbage(w, err, "an event of an unknown type");
    w->stats.n_bookmarks += ev->type == KUBE_EVENT_BOOKMARK;
    r = ev->type == KUBE_EVENT_BOOKMARK ? 0 : take_object(w, ev, err);
    if (r < 0)
        return -1;
    w->stats.n_events++;
    w->has_told = true;
    (void)snprintf(w->version, sizeof(w->version), "%s", ev->version);
    return 0;
}

static int take_line(struct kube_watch *w, const char *line, size_t n, bool *ret_must_list,
                     struct err *err)
{
    struct kube_event ev;

    *ret_must_list = true; /* what cannot be read may have been anything */
    if (n == 0)
        return 0;
    if (kube_event_read(&ev, line, n, KUBE_MAX_ITEM, err) < 0) {
        w->stats.n_garbage++;
        return err_wrap(err, "the watch of %s", w->opts.resource->plural);
    }
    return take_event(w, &ev, ret_must_list, err);
}

static void on_watch_data(struct kube_call *call, void *user)
{
    struct kube_watch *w = user;
    struct buf *in = kube_stream_in(call);
    struct err err = {0};
    bool must_list = true;
    const char *line;
    size_t n;
    int r;

    while ((r = kube_line_next(in, &w->line_from, &line, &n, &err)) == 0) {
        r = take_line(w, line, n, &must_list, &err);
        if (r < 0)
            break;
        buf_consume(in, n + 1);
        is_well(w);
        arm_silence(w);
    }
    if (r < 0)
        recover(w, must_list, &err);
}

static void on_watch_done(const struct kube_result *res, void *user)
{
    struct kube_watch *w = user;
    bool is_short = !w->has_told && loop_now_ms(w->loop) < w->started_ms + SHORT_WATCH_MS;
    struct err err = {0};

    w->call = NULL;
    if (res->err) {
        w->stats.n_expired += res->status == 410;
        recover(w, res->status == 410, res->err);
        return;
    }
    if (is_short) {
        (void)err_set(&err, RPC_UNAVAILABLE, "WatchEnded",
                      "the watch of %s ended at once and told nothing", w->opts.resource->plural);
        recover(w, false, &err);
        return;
    }
    stop_stream(w);
    begin_watch(w);
}

static unsigned choose_timeout_s(const struct kube_watch *w)
{
    uint32_t chance;

    if (w->opts.timeout_s)
        return w->opts.timeout_s;
    bytes_random(&chance, sizeof(chance));
    return 300 + chance % 300;
}

static int ask_watch(struct kube_watch *w, struct err *err)
{
    unsigned timeout_s = choose_timeout_s(w);
    struct buf q;
    int r;

    buf_init(&q, MAX_QUERY_BYTES);
    r = buf_appendf(&q, err, "watch=1&allowWatchBookmarks=true&timeoutSeconds=%u", timeout_s);
    if (r == 0)
        r = kube_query_add(&q, "resourceVersion", w->version, err);
    if (r == 0)
        r = add_selectors(w, &q, err);
    if (r == 0)
        r = request(w, &q, true, timeout_s * 1000 + w->opts.silence_ms, err);
    buf_done(&q);
    return r;
}

static void begin_watch(struct kube_watch *w)
{
    struct err err = {0};

    enter(w, WATCH_WATCHING);
    w->stats.n_watches++;
    w->has_told = false;
    w->started_ms = loop_now_ms(w->loop);
    arm_silence(w);
    if (ask_watch(w, &err) < 0)
        recover(w, false, &err);
}

/* ---- making one ---- */

static int dup_text(char **ret, const char *s, struct err *err)
{
    if (!s || !s[0])
        return 0;
    *ret = strdup(s);
    return *ret ? 0 : err_oom(err);
}

void kube_watch_free(struct kube_watch *w)
{
    if (!w)
        return;
    kube_call_cancel(w->call);
    kube_list_split_done(&w->split);
    loop_timer_free(w->timer);
    free(w->next_page);
    free(w->ns);
    free(w->label_selector);
    free(w->field_selector);
    free(w);
}

int kube_watch_new(struct kube_watch **ret, struct kube_client *client,
                   const struct kube_watch_opts *opts, const struct kube_watch_ops *ops, void *user,
                   struct err *err)
{
    _cleanup_(kube_watch_freep) struct kube_watch *w = calloc(1, sizeof(*w));

    if (!w)
        return err_oom(err);
    w->client = client;
    w->loop = kube_client_loop(client);
    w->opts = *opts;
    w->opts.page_size = opts->page_size ? opts->page_size : 500;
    w->opts.silence_ms = opts->silence_ms ? opts->silence_ms : 90000;
    w->ops = *ops;
    w->user = user;
    w->state = WATCH_LIST_WAIT;
    kube_list_split_init(&w->split);
    if (dup_text(&w->ns, opts->ns, err) < 0 ||
        dup_text(&w->label_selector, opts->label_selector, err) < 0 ||
        dup_text(&w->field_selector, opts->field_selector, err) < 0 ||
        loop_timer_new(&w->timer, w->loop, on_timer, w, err) < 0)
        return -1;
    loop_timer_arm(w->timer, loop_now_ms(w->loop)); /* the list begins in the loop */
    *ret = TAKE_PTR(w);
    return 0;
}

bool kube_watch_is_synced(const struct kube_watch *w)
{
    return w->is_synced;
}

void kube_watch_stats(const struct kube_watch *w, struct kube_watch_stats *ret)
{
    *ret = w->stats;
}
