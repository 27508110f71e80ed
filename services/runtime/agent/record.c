#include "services/runtime/agent/record.h"

#include "lib/base/clock.h"
#include "lib/rpc/service.h"

static void fill_time(Google__Protobuf__Timestamp *t, uint64_t ns)
{
    google__protobuf__timestamp__init(t);
    t->seconds = (int64_t)(ns / 1000000000u);
    t->nanos = (int32_t)(ns % 1000000000u);
}

static uint64_t timeval_ns(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
}

static void fill_usage(Agentsandbox__V1__ResourceUsage *u, const struct exec *e)
{
    const struct rusage *r = &e->usage;
    uint64_t end = e->end_mono_ns ? e->end_mono_ns : clock_monotonic_ns();

    agentsandbox__v1__resource_usage__init(u);
    u->user_cpu_ns = timeval_ns(r->ru_utime);
    u->system_cpu_ns = timeval_ns(r->ru_stime);
    u->max_rss_bytes = (uint64_t)r->ru_maxrss * 1024; /* getrusage(2): kilobytes */
    u->read_bytes = (uint64_t)r->ru_inblock * 512;
    u->write_bytes = (uint64_t)r->ru_oublock * 512;
    u->wall_ns = end - e->start_mono_ns;
}

static void fill_end(struct record *ret, const struct exec *e)
{
    cause_to_message(&e->cause, &ret->cause, &ret->cause_time);
    ret->msg.cause = &ret->cause;
    fill_time(&ret->end_time, e->end_ns);
    ret->msg.end_time = &ret->end_time;
    if (e->cause.kind != CAUSE_SANDBOX_ENDED || e->sandbox_cause.kind == CAUSE_NONE)
        return;
    cause_to_message(&e->sandbox_cause, &ret->sandbox_cause, &ret->sandbox_time);
    ret->msg.sandbox_cause = &ret->sandbox_cause;
}

static void fill_request(Agentsandbox__V1__ExecRecord *m, const struct exec *e, struct arena *arena)
{
    const Agentsandbox__V1__StartRequest *r = (const Agentsandbox__V1__StartRequest *)rpc_unpack(
        &agentsandbox__v1__start_request__descriptor, e->request, e->n_request, arena, NULL);

    m->request_id = e->request_id;
    if (!r)
        return;
    m->command = r->command;
    m->n_labels = r->n_labels;
    /* Entries of two maps of the same type: the same bytes. */
    m->labels = (Agentsandbox__V1__ExecRecord__LabelsEntry **)r->labels;
}

void record_fill(struct record *ret, const struct exec *e, struct arena *arena)
{
    Agentsandbox__V1__ExecRecord *m = &ret->msg;

    agentsandbox__v1__exec_record__init(m);
    m->exec_id = (char *)e->id;
    m->pid = (int32_t)e->pid;
    if (e->request)
        fill_request(m, e, arena);
    fill_usage(&ret->usage, e);
    m->usage = &ret->usage;
    fill_time(&ret->start_time, e->start_ns);
    m->start_time = &ret->start_time;
    m->stdout_begin = exec_begin(e, EXEC_STDOUT);
    m->stdout_end = exec_end(e, EXEC_STDOUT);
    m->stderr_begin = exec_begin(e, EXEC_STDERR);
    m->stderr_end = exec_end(e, EXEC_STDERR);
    m->stdin_offset = e->in.n_taken;
    m->readers = exec_n_readers(e);
    m->state = AGENTSANDBOX__V1__EXEC_STATE__EXEC_STATE_RUNNING;
    if (e->state == EXEC_ENDED) {
        m->state = AGENTSANDBOX__V1__EXEC_STATE__EXEC_STATE_ENDED;
        fill_end(ret, e);
    }
}
