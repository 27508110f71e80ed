/* After a restart of the node: what a predecessor left on disk and running becomes an instance
 * again. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "services/runtime/node/instance_parts.h"

static uint64_t from_timestamp(const Google__Protobuf__Timestamp *t)
{
    return t ? (uint64_t)t->seconds * 1000000000u + (uint64_t)t->nanos : 0;
}

static void take_cause_back(struct instance *i, const PB(Cause) *c)
{
    instance_cause_set(&i->cause, c->kind, c->reason, c->message);
    i->cause.exit_code = c->exit_code;
    i->cause.signal = c->signal;
    i->cause.limit_bytes = c->limit_bytes;
    i->cause.peak_bytes = c->peak_bytes;
    i->cause.time_ns = from_timestamp(c->time);
}

/* What instance.pb says of it; returns the state it had. */
static PB(InstanceState) take_memory_back(struct instance *i)
{
    char state[256], run[256], path[PATH_MAX];
    _cleanup_(buf_done) struct buf data;
    PB(InstanceState) was = AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_UNSPECIFIED;
    PB(Instance) *m;

    buf_init(&data, 65536);
    if (bundle_paths(i->node, i->id, state, run, NULL) < 0 ||
        image_path(path, sizeof(path), NULL, "%s/instance.pb", state) < 0 ||
        fd_read_file(AT_FDCWD, path, &data, NULL) < 0 ||
        !(m = agentsandbox__v1__instance__unpack(NULL, buf_len(&data), buf_data(&data))))
        return was;
    was = m->state;
    i->n_restarts = m->restart_count;
    i->start_ns = from_timestamp(m->start_time);
    i->ready_ns = from_timestamp(m->ready_time);
    (void)snprintf(i->image_digest, sizeof(i->image_digest), "%s", m->image_id);
    if (m->cause)
        take_cause_back(i, m->cause);
    agentsandbox__v1__instance__free_unpacked(m, NULL);
    return was;
}

/* By name, also when the host cannot do it any more: what runs goes on, only a restart would fail.
 */
static void find_class(struct instance *i)
{
    const char *name = *i->request->runtime_class ? i->request->runtime_class : "gvisor";

    for (int c = 0; c < N_RUNTIMES; c++)
        if (strcmp(i->node->classes.c[c].name, name) == 0)
            i->class = &i->node->classes.c[c];
}

int instance_adopt(struct node *n, const char *id, struct instance **ret, struct err *err)
{
    PB(CreateSandboxRequest) *request = NULL;
    struct instance *i = NULL;
    PB(InstanceState) was;

    if (bundle_load_request(n, id, &request, err) < 0)
        return -1;
    if (oci_check(request, err) < 0 || strcmp(request->instance_id, id) != 0) {
        agentsandbox__v1__create_sandbox_request__free_unpacked(request, NULL);
        return err_set(err, RPC_DATA_LOSS, "BadRecord",
                       "the folder of instance %s holds something else", id);
    }
    if (instance_alloc(n, request, &i, err) < 0)
        return -1;
    find_class(i);
    was = take_memory_back(i);
    i->was_started = true;
    if (!i->class || instance_open_sockets(i, err) < 0 ||
        map_set(&n->instances, i->id, i, NULL, err) < 0) {
        instance_free(i);
        return i->class ? -1
                        : err_set(err, RPC_DATA_LOSS, "BadRecord",
                                  "instance %s: unknown runtime class", id);
    }
    i->state = INSTANCE_RUNNING;
    i->started_ms = loop_now_ms(n->loop);
    *ret = i;
    if (was == AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_ENDED) {
        i->state = INSTANCE_ENDED;
        instance_kill_rest(i);
    } else if (instance_monitor_find(i) && instance_monitor_watch(i, err) == 0) {
        if (was == AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_DELETING)
            instance_delete(i, 0);
    } else {
        i->monitor_ended = true;
        i->delete_wanted = was == AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_DELETING;
    }
    loop_task_schedule(i->task);
    node_changed(n, i);
    return 0;
}
