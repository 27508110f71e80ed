/* Events as Kubernetes has them: events.k8s.io/v1, made once; a repetition within minutes is only
 * counted in memory (the library of the original sends a series). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static json_t *event_object(const struct ctl *c, const struct store_object *about, bool is_warning,
                            const char *reason, const char *action, const char *note)
{
    char name[300], controller[64], instance[160], host[65] = "", when[40];
    json_t *o;
    int r = 0;

    if (!c->opts.host_name)
        (void)gethostname(host, sizeof(host) - 1); /* "" will do */
    controller_name(about->kind, controller, sizeof(controller));
    (void)snprintf(instance, sizeof(instance), "%s-%.64s", controller,
                   c->opts.host_name ? c->opts.host_name : host);
    (void)snprintf(name, sizeof(name), "%.230s.%llx", about->name,
                   (unsigned long long)ctl_now_ns(c) +
                       c->events.n_news); /* two may be of one instant */
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

void ctl_record(struct ctl *c, const struct store_object *about, bool is_warning,
                const char *reason, const char *action, const char *fmt, ...)
{
    char note[512];
    json_t *o;
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(note, sizeof(note), fmt, ap); /* cut when too long */
    va_end(ap);
    if (!events_add(&c->events, about->kind, about->ns, about->name, is_warning, reason,
                    ctl_now_s(c), "%s", note) ||
        !c->opts.is_cluster)
        return;
    if (c->opts.no_claim_events && strcmp(about->kind, KIND_CLAIM) == 0)
        return;
    o = event_object(c, about, is_warning, reason, action, note);
    if (o)
        ctl_late_event(c, o);
}
