/*
 * Events as Kubernetes has them: events.k8s.io/v1, made once. What happens again within minutes is
 * a series of that Event: {count, lastObservedTime} are patched onto it a moment after the first
 * repetition, then every half hour while it goes on, and once it has been silent for as long as it
 * takes to be news again. So a fault that repeats for hours costs a few writes. What of it is in
 * memory is bounded (events.h), and written last of all; lost is what cannot be written.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/loop/loop.h"
#include "services/controller/ctl.h"
#include "services/controller/names.h"

/* "SandboxClaim" -> "sandboxclaim-controller" */
static void controller_name(const char *kind, char *ret, size_t n)
{
    (void)snprintf(ret, n, "%s-controller", kind);
    for (char *p = ret; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
}

static json_t *regarding(const struct store_object *about)
{
    char version[24];

    (void)snprintf(version, sizeof(version), "%llu", (unsigned long long)about->resource_version);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "apiVersion",
                     obj_str_or(about->json, "apiVersion", ""), "kind", about->kind, "namespace",
                     about->ns, "name", about->name, "uid", about->uid, "resourceVersion", version);
}

static void micro_time(int64_t ns, char ret[40])
{
    char nano[40];

    ctl_format_nano(ns, nano);
    (void)snprintf(ret, 40, "%.26sZ", nano);
}

enum { SERIES_FIRST_S = 1, SERIES_AGAIN_S = 30 * 60 };

static void event_name(char ret[300], const char *about, uint64_t id)
{
    (void)snprintf(ret, 300, "%.230s.%llx", about, (unsigned long long)id);
}

static json_t *event_object(const struct ctl *c, const struct store_object *about, uint64_t id,
                            bool is_warning, const char *reason, const char *action,
                            const char *note)
{
    char name[300], controller[64], instance[160], host[65] = "", when[40];
    json_t *o;
    int r = 0;

    if (!c->opts.host_name)
        (void)gethostname(host, sizeof(host) - 1); /* "" will do */
    controller_name(about->kind, controller, sizeof(controller));
    (void)snprintf(instance, sizeof(instance), "%s-%.64s", controller,
                   c->opts.host_name ? c->opts.host_name : host);
    event_name(name, about->name, id);
    micro_time(ctl_now_ns(c), when);
    o = obj_new("events.k8s.io/v1", KIND_EVENT, about->ns, name);
    if (!o)
        return NULL;
    r |= obj_put_str(o, "eventTime", when);
    r |= obj_put_str(o, "reportingController", controller);
    r |= obj_put_str(o, "reportingInstance", instance);
    r |= obj_put_str(o, "action", action);
    r |= obj_put_str(o, "reason", reason);
    r |= obj_put_str(o, "type", is_warning ? "Warning" : "Normal");
    r |= obj_put_str(o, "note", note);
    r |= obj_put(o, "regarding", regarding(about));
    if (r) {
        json_decref(o);
        return NULL;
    }
    return o;
}

/* ---- series ---- */

static int64_t series_due_s(const struct event *ev)
{
    if (ev->written_id == 0 || ev->n_series == ev->n_written)
        return INT64_MAX;
    if (ev->n_written == 1)
        return ev->last_s + SERIES_FIRST_S;
    return MIN(ev->last_s + EVENTS_SERIES_S, ev->written_s + SERIES_AGAIN_S);
}

static void write_series(struct ctl *c, const char *ns, const char *about, struct event *ev)
{
    _cleanup_(json_decrefp) json_t *patch = NULL;
    struct store_op op = {.type = STORE_PATCH,
                          .kind = KIND_EVENT,
                          .ns = ns,
                          .relaxed = true,
                          .hurry = STORE_HURRY_LAST};
    char name[300], when[40];

    event_name(name, about, ev->written_id);
    micro_time(ev->seen_ns, when);
    patch = json_pack("{s:{s:I, s:s}}", "series", "count", (json_int_t)ev->n_series,
                      "lastObservedTime", when);
    op.name = name;
    op.object = patch;
    ev->n_written = ev->n_series;
    ev->written_s = ctl_now_s(c);
    if (patch)
        (void)store_write(c->store, &op, 1, NULL, NULL, NULL); /* lost, as said */
}

static void wake_for(struct ctl *c, const struct event *ev)
{
    int64_t due_s = series_due_s(ev);
    uint64_t at;

    if (due_s == INT64_MAX)
        return;
    at = ctl_now_ms(c) + (uint64_t)MAX(due_s - ctl_now_s(c), (int64_t)0) * 1000;
    if (at >= c->series_ms)
        return;
    c->series_ms = at;
    if (c->timer)
        loop_timer_arm(c->timer, ctl_deadline_ms(c));
}

static void look_at_series(const char *key, struct event *ev, void *user)
{
    const char *ns = strchr(key, '/') + 1, *name = strchr(ns, '/') + 1;
    struct ctl *c = user;
    char space[256];

    if (series_due_s(ev) <= ctl_now_s(c)) {
        (void)snprintf(space, sizeof(space), "%.*s", (int)(name - 1 - ns), ns);
        write_series(c, space, name, ev);
    }
    wake_for(c, ev);
}

void ctl_record_process(struct ctl *c)
{
    if (ctl_now_ms(c) < c->series_ms)
        return;
    c->series_ms = CLOCK_NEVER;
    events_each(&c->events, look_at_series, c);
}

/* ---- recording ---- */

static void write_first(struct ctl *c, const struct store_object *about, struct event *ev,
                        const char *action)
{
    uint64_t id = (uint64_t)ctl_now_ns(c) + c->events.n_news; /* two may be of one instant */
    json_t *o = event_object(c, about, id, ev->is_warning, ev->reason, action, ev->message);

    ev->written_id = o ? id : 0;
    ev->n_series = ev->n_written = 1;
    ev->written_s = ctl_now_s(c);
    if (o)
        ctl_late_event(c, o);
}

void ctl_record(struct ctl *c, const struct store_object *about, bool is_warning,
                const char *reason, const char *action, const char *fmt, ...)
{
    struct event *ev;
    char note[512];
    bool is_news;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(note, sizeof(note), fmt, ap); /* cut when too long */
    va_end(ap);
    is_news = events_add(&c->events, about->kind, about->ns, about->name, is_warning, reason,
                         ctl_now_s(c), "%s", note);
    if (!c->opts.is_cluster || (c->opts.no_claim_events && strcmp(about->kind, KIND_CLAIM) == 0))
        return;
    ev = events_last(&c->events, about->kind, about->ns, about->name);
    if (ev && is_news) {
        write_first(c, about, ev, action);
    } else if (ev && ev->written_id) {
        ev->n_series++;
        ev->seen_ns = ctl_now_ns(c);
        wake_for(c, ev);
    }
}
