#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "services/runtime/node/instance_parts.h"

void instance_cause_set(struct instance_cause *c, PB(CauseKind) kind, const char *reason,
                        const char *message)
{
    *c = (struct instance_cause){.kind = kind, .time_ns = clock_realtime_ns()};
    (void)snprintf(c->reason, sizeof(c->reason), "%s", reason);
    (void)snprintf(c->message, sizeof(c->message), "%s", message);
}

static void cause_from_exit(struct instance_cause *c, const struct record *r)
{
    char text[96];

    if (r->code > 128 && r->code < 128 + NSIG) {
        (void)snprintf(text, sizeof(text), "its command was ended by signal %d", r->code - 128);
        instance_cause_set(c, KIND(SIGNALLED), "Error", text);
        c->signal = r->code - 128;
    } else {
        (void)snprintf(text, sizeof(text), "its command returned %d", r->code);
        instance_cause_set(c, KIND(EXITED), r->code == 0 ? "Completed" : "Error", text);
    }
    c->exit_code = r->code;
}

void instance_cause_from_record(struct instance_cause *c, const struct record *r)
{
    char text[128];

    switch (r->kind) {
    case RECORD_EXITED:
        cause_from_exit(c, r);
        break;
    case RECORD_SIGNALLED:
        instance_cause_set(c, KIND(SIGNALLED), "Error", r->message);
        break;
    case RECORD_OUT_OF_MEMORY:
        (void)snprintf(text, sizeof(text), "the memory limit of %" PRIu64 " bytes was reached",
                       r->limit_bytes);
        instance_cause_set(c, KIND(OUT_OF_MEMORY), "OOMKilled", text);
        break;
    case RECORD_KILLED:
        instance_cause_set(c, KIND(KILLED), "Killed", r->message);
        break;
    case RECORD_START_FAILED:
        instance_cause_set(c, KIND(START_FAILED), "RuntimeFailed", r->message);
        break;
    case RECORD_LOST:
        instance_cause_set(c, KIND(LOST), "SandboxLost", r->message);
        break;
    }
    if (r->kind != RECORD_EXITED)
        c->signal = r->signal;
    c->limit_bytes = r->limit_bytes;
    c->peak_bytes = r->peak_bytes;
    c->time_ns = r->time_ns;
}

void instance_cause_tell_limit(const struct instance *i, struct instance_cause *c)
{
    if (c->kind == KIND(OUT_OF_MEMORY) && i->request->container->memory_limit_bytes)
        c->limit_bytes = i->request->container->memory_limit_bytes;
}

int instance_read_record(struct instance *i, struct record *ret)
{
    char state[256], run[256], path[PATH_MAX];

    if (bundle_paths(i->node, i->id, state, run, NULL) < 0 ||
        image_path(path, sizeof(path), NULL, "%s/end", state) < 0)
        return -1;
    return record_read(AT_FDCWD, path, ret, NULL);
}
