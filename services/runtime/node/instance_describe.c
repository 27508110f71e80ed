/* An instance as the controller sees it. */
#include <stdlib.h>

#include "services/runtime/node/instance_parts.h"

static void to_timestamp(uint64_t ns, Google__Protobuf__Timestamp *t,
                         Google__Protobuf__Timestamp **ret)
{
    google__protobuf__timestamp__init(t);
    t->seconds = (int64_t)(ns / 1000000000u);
    t->nanos = (int32_t)(ns % 1000000000u);
    *ret = ns ? t : NULL;
}

static PB(InstanceState) outer_state(const struct instance *i)
{
    switch (i->state) {
    case INSTANCE_QUEUED:
    case INSTANCE_STARTING:
        return i->was_started ? AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_RUNNING
                              : AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_CREATING;
    case INSTANCE_RUNNING:
    case INSTANCE_BACKOFF:
        return AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_RUNNING;
    case INSTANCE_ENDED:
        return AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_ENDED;
    case INSTANCE_STOPPING:
    case INSTANCE_KILLING:
    case INSTANCE_REMOVING:
        return AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_DELETING;
    }
    abort();
}

static void describe_cause(const struct instance_cause *c, struct instance_message *ret)
{
    agentsandbox__v1__cause__init(&ret->cause);
    ret->cause.kind = c->kind;
    ret->cause.exit_code = c->exit_code;
    ret->cause.signal = c->signal;
    ret->cause.limit_bytes = c->limit_bytes;
    ret->cause.peak_bytes = c->peak_bytes;
    ret->cause.reason = (char *)c->reason;
    ret->cause.message = (char *)c->message;
    to_timestamp(c->time_ns, &ret->cause_time, &ret->cause.time);
    ret->msg.cause = &ret->cause;
}

static void describe_probe(const struct agent_link *a, struct instance_message *ret)
{
    agentsandbox__v1__probe_result__init(&ret->probe);
    ret->probe.probe = (char *)agent_probe_name(a->last_kind);
    ret->probe.success = a->last_success;
    ret->probe.message = (char *)a->last_message;
    to_timestamp(a->last_ns, &ret->probe_time, &ret->probe.time);
    ret->msg.last_probe = &ret->probe;
}

void instance_describe(const struct instance *i, struct instance_message *ret)
{
    bool runs = i->state == INSTANCE_RUNNING;

    agentsandbox__v1__instance__init(&ret->msg);
    ret->msg.instance_id = (char *)i->id;
    ret->msg.sandbox = i->request->sandbox;
    ret->msg.state = outer_state(i);
    ret->msg.ready = runs && i->agent.ready;
    ret->msg.agent_connected = runs && i->agent.connected;
    ret->msg.restart_count = i->n_restarts;
    ret->msg.runtime_class = (char *)i->class->name;
    ret->msg.image_id = (char *)i->image_digest;
    if (i->cause.kind)
        describe_cause(&i->cause, ret);
    if (i->agent.has_last)
        describe_probe(&i->agent, ret);
    to_timestamp(i->start_ns, &ret->start, &ret->msg.start_time);
    to_timestamp(i->ready_ns, &ret->ready, &ret->msg.ready_time);
}
