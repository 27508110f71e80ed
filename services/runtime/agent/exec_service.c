#include "services/runtime/agent/exec_service.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/bytes.h"
#include "lib/base/limits.h"
#include "services/runtime/agent/record.h"
#include "services/runtime/agent/run_call.h"

enum { LIST_PAGE_DEFAULT = 100, LIST_PAGE_MAX = 1000, LIST_BYTES_MAX = LIMIT_RPC_MESSAGE / 4 };

static void on_run(struct rpc_call *call, const Agentsandbox__V1__RunRequest *request, void *user)
{
    run_call_start(call, request, user);
}

static void on_start(struct rpc_call *call, const Agentsandbox__V1__StartRequest *request,
                     void *user)
{
    Agentsandbox__V1__StartResponse reply = AGENTSANDBOX__V1__START_RESPONSE__INIT;
    struct err err = {0};
    struct record record;
    struct exec *e;
    bool existed;

    if (execs_start(user, request, &e, &existed, &err) < 0) {
        rpc_call_fail(call, &err);
        return;
    }
    record_fill(&record, e, rpc_call_arena(call));
    reply.exec = &record.msg;
    reply.existed = existed;
    agentsandbox_v1_exec_service_start_reply(call, &reply);
}

static void on_get(struct rpc_call *call, const Agentsandbox__V1__GetExecRequest *request,
                   void *user)
{
    Agentsandbox__V1__GetExecResponse reply = AGENTSANDBOX__V1__GET_EXEC_RESPONSE__INIT;
    struct err err = {0};
    struct record record;
    struct exec *e;

    if (execs_get(user, request->exec_id, &e, &err) < 0) {
        rpc_call_fail(call, &err);
        return;
    }
    record_fill(&record, e, rpc_call_arena(call));
    reply.exec = &record.msg;
    agentsandbox_v1_exec_service_get_reply(call, &reply);
}

static void on_signal(struct rpc_call *call, const Agentsandbox__V1__SignalRequest *request,
                      void *user)
{
    Agentsandbox__V1__SignalResponse reply = AGENTSANDBOX__V1__SIGNAL_RESPONSE__INIT;
    struct err err = {0};
    struct exec *e;

    if (execs_get(user, request->exec_id, &e, &err) < 0 ||
        exec_signal(e, request->signal, &err) < 0)
        rpc_call_fail(call, &err);
    else
        agentsandbox_v1_exec_service_signal_reply(call, &reply);
}

static void on_resize(struct rpc_call *call, const Agentsandbox__V1__ResizeRequest *request,
                      void *user)
{
    Agentsandbox__V1__ResizeResponse reply = AGENTSANDBOX__V1__RESIZE_RESPONSE__INIT;
    struct err err = {0};
    struct exec *e;

    if (execs_get(user, request->exec_id, &e, &err) < 0 ||
        exec_resize(e, request->size ? request->size->columns : 0,
                    request->size ? request->size->rows : 0, &err) < 0)
        rpc_call_fail(call, &err);
    else
        agentsandbox_v1_exec_service_resize_reply(call, &reply);
}

/* ---- List ---- */

static bool is_wanted(const struct exec *e, Agentsandbox__V1__ExecState state)
{
    return state == AGENTSANDBOX__V1__EXEC_STATE__EXEC_STATE_UNSPECIFIED ||
           (state == AGENTSANDBOX__V1__EXEC_STATE__EXEC_STATE_ENDED) == (e->state == EXEC_ENDED);
}

/* Up to `max` records in the call's arena, or as many as fit a message. Returns the last one's seq.
 */
static uint64_t fill_page(const struct execs *x, struct rpc_call *call, uint64_t after,
                          Agentsandbox__V1__ExecState state, size_t max,
                          Agentsandbox__V1__ListExecsResponse *reply)
{
    size_t bytes = 0;
    struct exec *e;

    while (reply->n_execs < max && bytes < LIST_BYTES_MAX && (e = execs_after(x, after))) {
        struct record *record;

        after = e->seq;
        if (!is_wanted(e, state))
            continue;
        record = arena_alloc(rpc_call_arena(call), sizeof(*record));
        if (!record)
            break;
        record_fill(record, e, rpc_call_arena(call));
        bytes += agentsandbox__v1__exec_record__get_packed_size(&record->msg);
        reply->execs[reply->n_execs++] = &record->msg;
    }
    return after;
}

static void on_list(struct rpc_call *call, const Agentsandbox__V1__ListExecsRequest *request,
                    void *user)
{
    Agentsandbox__V1__ListExecsResponse reply = AGENTSANDBOX__V1__LIST_EXECS_RESPONSE__INIT;
    size_t max = request->page_size > 0 ? MIN((size_t)request->page_size, (size_t)LIST_PAGE_MAX)
                                        : (size_t)LIST_PAGE_DEFAULT;
    struct err err = {0};
    uint64_t after = 0;
    char token[24];

    if (request->page_token[0] && bytes_parse_u64(request->page_token, 1, UINT64_MAX, &after) < 0) {
        (void)err_set(&err, RPC_INVALID_ARGUMENT, "BadRequest", "page_token is none of ours");
        rpc_call_fail(call, &err);
        return;
    }
    reply.execs = arena_alloc(rpc_call_arena(call), max * sizeof(*reply.execs));
    if (!reply.execs) {
        (void)err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    after = fill_page(user, call, after, request->state, max, &reply);
    if (execs_after(user, after)) {
        (void)snprintf(token, sizeof(token), "%" PRIu64, after);
        reply.next_page_token = token;
    }
    agentsandbox_v1_exec_service_list_reply(call, &reply);
}

/* ---- Wait ---- */

struct wait {
    struct rpc_call *call;
    struct exec *exec; /* NULL: answered */
    struct exec_reader reader;
    struct loop_task *task;
};

static void wait_free(struct wait *w)
{
    if (w->exec)
        exec_detach(w->exec, &w->reader);
    loop_task_free(w->task);
    free(w);
}

static void on_wait_task(struct loop_task *t, void *user)
{
    Agentsandbox__V1__WaitResponse reply = AGENTSANDBOX__V1__WAIT_RESPONSE__INIT;
    struct wait *w = user;
    struct record record;

    (void)t;
    if (!w->exec || w->exec->state != EXEC_ENDED)
        return;
    record_fill(&record, w->exec, rpc_call_arena(w->call));
    reply.exec = &record.msg;
    agentsandbox_v1_exec_service_wait_reply(w->call, &reply);
    exec_detach(w->exec, &w->reader);
    w->exec = NULL;
}

static void on_wait_wake(struct exec_reader *r)
{
    loop_task_schedule(CONTAINER_OF(r, struct wait, reader)->task);
}

static void on_wait_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    (void)call;
    (void)status;
    wait_free(user);
}

static const struct rpc_msg_ops wait_ops = {.on_done = on_wait_done};

static void on_wait(struct rpc_call *call, const Agentsandbox__V1__WaitRequest *request, void *user)
{
    struct wait *w = calloc(1, sizeof(*w));
    struct err err = {0};

    if (!w) {
        (void)err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    w->call = call;
    w->reader = (struct exec_reader){.kind = READER_WAITS, .wake = on_wait_wake};
    list_init(&w->reader.link);
    if (execs_get(user, request->exec_id, &w->exec, &err) < 0 ||
        loop_task_new(&w->task, rpc_call_loop(call), on_wait_task, w, &err) < 0) {
        w->exec = NULL;
        wait_free(w);
        rpc_call_fail(call, &err);
        return;
    }
    exec_attach(w->exec, &w->reader);
    agentsandbox_v1_exec_service_wait_accept(call, &wait_ops, w);
    loop_task_schedule(w->task);
}

int exec_service_register(struct rpc_server *server, struct execs *execs, struct err *err)
{
    static struct agentsandbox_v1_exec_service_impl impl;

    /* One process has one agent; tests make their agents one after the other. */
    impl = (struct agentsandbox_v1_exec_service_impl){
        .user = execs,
        .run = on_run,
        .start = on_start,
        .list = on_list,
        .get = on_get,
        .wait = on_wait,
        .signal = on_signal,
        .resize = on_resize,
    };
    return agentsandbox_v1_exec_service_register(server, &impl, err);
}
