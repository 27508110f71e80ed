#include "services/controller/cause.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "services/controller/names.h"
#include "services/controller/obj.h"

static const char *kind_word(Agentsandbox__V1__CauseKind kind)
{
    const ProtobufCEnumValue *v =
        protobuf_c_enum_descriptor_get_value(&agentsandbox__v1__cause_kind__descriptor, (int)kind);

    return v ? v->name : "CAUSE_KIND_LOST";
}

static Agentsandbox__V1__CauseKind kind_of_word(const char *word)
{
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value_by_name(
        &agentsandbox__v1__cause_kind__descriptor, word);

    return v ? (Agentsandbox__V1__CauseKind)v->value
             : AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_LOST;
}

json_t *cause_to_json(const Agentsandbox__V1__Cause *c)
{
    json_t *o = json_object();
    char when[32];
    int r = 0;

    r |= obj_put_str(o, "kind", kind_word(c->kind));
    r |= obj_put_int(o, "exitCode", c->exit_code);
    r |= obj_put_int(o, "signal", c->signal);
    r |= obj_put_int(o, "limitBytes", (int64_t)c->limit_bytes);
    r |= obj_put_int(o, "peakBytes", (int64_t)c->peak_bytes);
    r |= obj_put_str(o, "reason", c->reason);
    r |= obj_put_str(o, "message", c->message);
    if (c->time) {
        clock_format_rfc3339(c->time->seconds, when, sizeof(when));
        r |= obj_put_str(o, "time", when);
    }
    if (r) {
        json_decref(o);
        return NULL;
    }
    return o;
}

Google__Protobuf__Timestamp *cause_timestamp(int64_t unix_s, struct arena *a)
{
    Google__Protobuf__Timestamp *t = arena_alloc(a, sizeof(*t));

    if (t) {
        google__protobuf__timestamp__init(t);
        t->seconds = unix_s;
    }
    return t;
}

static Agentsandbox__V1__Cause *cause_new(struct arena *a)
{
    Agentsandbox__V1__Cause *c = arena_alloc(a, sizeof(*c));

    if (c)
        agentsandbox__v1__cause__init(c);
    return c;
}

Agentsandbox__V1__Cause *cause_from_json(const json_t *o, struct arena *a)
{
    Agentsandbox__V1__Cause *c = cause_new(a);
    int64_t when;

    if (!c)
        return NULL;
    c->kind = kind_of_word(obj_str_or(o, "kind", ""));
    c->exit_code = (int32_t)obj_int(o, "exitCode", 0);
    c->signal = (int32_t)obj_int(o, "signal", 0);
    c->limit_bytes = (uint64_t)obj_int(o, "limitBytes", 0);
    c->peak_bytes = (uint64_t)obj_int(o, "peakBytes", 0);
    c->reason = (char *)obj_str_or(o, "reason", "");
    c->message = (char *)obj_str_or(o, "message", "");
    if (obj_time(o, "time", &when))
        c->time = cause_timestamp(when, a);
    return c;
}

/* On Kubernetes the kubelet says it in the container's status. */
static Agentsandbox__V1__Cause *from_terminated(const json_t *t, struct arena *a)
{
    Agentsandbox__V1__Cause *c = cause_new(a);
    int64_t when;

    if (!c)
        return NULL;
    c->exit_code = (int32_t)obj_int(t, "exitCode", 0);
    c->signal = (int32_t)obj_int(t, "signal", 0);
    c->reason = (char *)obj_str_or(t, "reason", "");
    c->message = (char *)obj_str_or(t, "message", "");
    c->kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXITED;
    if (c->signal)
        c->kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_SIGNALLED;
    if (strcmp(c->reason, "OOMKilled") == 0)
        c->kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_OUT_OF_MEMORY;
    if (obj_time(t, "finishedAt", &when))
        c->time = cause_timestamp(when, a);
    return c;
}

Agentsandbox__V1__Cause *cause_of_pod(const json_t *pod, struct arena *a)
{
    const char *phase = obj_str_or(pod, "status.phase", "");
    const json_t *terminated, *cause = obj_get(pod, "status.cause");

    if (strcmp(phase, "Failed") != 0 && strcmp(phase, "Succeeded") != 0)
        return NULL;
    if (cause)
        return cause_from_json(cause, a);
    terminated =
        obj_get(json_array_get(obj_get(pod, "status.containerStatuses"), 0), "state.terminated");
    return from_terminated(terminated, a);
}

const char *cause_describe(const Agentsandbox__V1__Cause *c, char *buf, size_t n)
{
    if (c->message && *c->message)
        (void)snprintf(buf, n, "%s", c->message);
    else if (c->kind == AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_OUT_OF_MEMORY)
        (void)snprintf(buf, n, "it reached its memory limit of %llu MiB",
                       (unsigned long long)(c->limit_bytes >> 20));
    else if (c->signal)
        (void)snprintf(buf, n, "signal %d (SIG%s) ended it", c->signal,
                       sigabbrev_np(c->signal) ?: "?");
    else if (c->kind == AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXITED)
        (void)snprintf(buf, n, "its command ended with exit code %d", c->exit_code);
    else
        (void)snprintf(buf, n, "%s", c->reason && *c->reason ? c->reason : kind_word(c->kind));
    return buf;
}
