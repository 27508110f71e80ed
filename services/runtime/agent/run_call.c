#include "services/runtime/agent/run_call.h"

#include "lib/base/limits.h"
#include "services/runtime/agent/record.h"

enum {
    RUN_STDIN_MAX = 1024 * 1024,
    RUN_REPLY_ROOM = 16 * 1024, /* of a reply, for what is neither output nor the command */
    RUN_COLLECTED_MAX = 64 * 1024 * 1024, /* of all replies at once; more is dropped and said */
};

struct run {
    struct rpc_call *call;
    struct exec_host *host;
    struct exec *exec;
    struct exec_reader reader;
    struct loop_task *task;
    struct buf kept[EXEC_N_STREAMS];
    uint64_t dropped[EXEC_N_STREAMS];
};

static void run_free(struct run *run)
{
    if (run->exec)
        exec_detach(run->exec, &run->reader);
    loop_task_free(run->task);
    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++) {
        run->host->n_collected -= buf_len(&run->kept[s]);
        buf_done(&run->kept[s]);
    }
    free(run);
}

/* Takes what is there: keeps up to the limit, counts the rest. */
static void collect(struct run *run, enum exec_stream s)
{
    struct buf *kept = &run->kept[s];
    const uint8_t *data;
    size_t n, take;

    if (run->reader.at[s] < exec_begin(run->exec, s)) { /* the budget of all rings was short */
        run->dropped[s] += exec_begin(run->exec, s) - run->reader.at[s];
        run->reader.at[s] = exec_begin(run->exec, s);
    }
    while ((n = exec_peek(run->exec, s, run->reader.at[s], &data)) > 0) {
        take = run->dropped[s] ? 0 : MIN(n, kept->max - buf_len(kept));
        take = MIN(take, RUN_COLLECTED_MAX - run->host->n_collected);
        if (buf_append(kept, data, take, NULL) < 0)
            take = 0;
        run->host->n_collected += take;
        run->dropped[s] += n - take;
        run->reader.at[s] += n;
    }
}

/* Both streams together must fit a client's usual message limit: what is over goes, from the end.
 */
static void fit(struct run *run, const struct record *record)
{
    size_t taken = agentsandbox__v1__exec_record__get_packed_size(&record->msg) + RUN_REPLY_ROOM;
    size_t room = LIMIT_RPC_MESSAGE > taken ? LIMIT_RPC_MESSAGE - taken : 0;

    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++) {
        struct buf *kept = &run->kept[s];
        size_t over = buf_len(kept) > room ? buf_len(kept) - room : 0;

        kept->end -= over;
        run->host->n_collected -= over;
        run->dropped[s] += over;
        room -= buf_len(kept);
    }
}

static void answer(struct run *run)
{
    Agentsandbox__V1__RunResponse reply = AGENTSANDBOX__V1__RUN_RESPONSE__INIT;
    struct record record;

    record_fill(&record, run->exec, rpc_call_arena(run->call));
    fit(run, &record);
    reply.exec = &record.msg;
    reply.stdout.data = (uint8_t *)buf_data(&run->kept[EXEC_STDOUT]);
    reply.stdout.len = buf_len(&run->kept[EXEC_STDOUT]);
    reply.stderr.data = (uint8_t *)buf_data(&run->kept[EXEC_STDERR]);
    reply.stderr.len = buf_len(&run->kept[EXEC_STDERR]);
    reply.stdout_dropped = run->dropped[EXEC_STDOUT];
    reply.stderr_dropped = run->dropped[EXEC_STDERR];
    agentsandbox_v1_exec_service_run_reply(run->call, &reply);
    exec_detach(run->exec, &run->reader);
    run->exec = NULL;
}

static void on_task(struct loop_task *t, void *user)
{
    struct run *run = user;

    (void)t;
    if (!run->exec)
        return;
    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++)
        collect(run, s);
    if (run->exec->state == EXEC_ENDED)
        answer(run);
    else
        exec_advance(run->exec);
}

static void on_wake(struct exec_reader *r)
{
    loop_task_schedule(CONTAINER_OF(r, struct run, reader)->task);
}

/* The call ended; when the command did not, its client has gone and kill_on_leave ends it. */
static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    (void)call;
    (void)status;
    run_free(user);
}

static const struct rpc_msg_ops run_ops = {.on_done = on_done};

static int run_begin(struct run *run, const Agentsandbox__V1__RunRequest *request,
                     struct execs *execs, struct err *err)
{
    Agentsandbox__V1__StartRequest start = AGENTSANDBOX__V1__START_REQUEST__INIT;
    Agentsandbox__V1__Command command;
    bool existed;

    if (!request->command)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "command is not set");
    if (request->stdin.len > RUN_STDIN_MAX || request->max_output_bytes > LIMIT_EXEC_RUN_OUTPUT)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "stdin is over %d bytes, or max_output_bytes over %u: use Attach",
                       RUN_STDIN_MAX, LIMIT_EXEC_RUN_OUTPUT);
    command = *request->command;
    command.stdin = request->stdin.len > 0;
    start.command = &command;
    start.overflow = AGENTSANDBOX__V1__OVERFLOW__OVERFLOW_BLOCK;
    start.on_disconnect = AGENTSANDBOX__V1__ON_DISCONNECT__ON_DISCONNECT_KILL;
    if (execs_start(execs, &start, &run->exec, &existed, err) < 0) {
        run->exec = NULL;
        return -1;
    }
    exec_attach(run->exec, &run->reader);
    if (command.stdin && run->exec->state != EXEC_ENDED)
        return input_write(&run->exec->in, 0, request->stdin.data, request->stdin.len, true, err);
    return 0;
}

void run_call_start(struct rpc_call *call, const Agentsandbox__V1__RunRequest *request,
                    struct execs *execs)
{
    struct run *run = calloc(1, sizeof(*run));
    struct err err = {0};
    size_t max = request->max_output_bytes ? request->max_output_bytes : LIMIT_EXEC_RUN_OUTPUT;

    if (!run) {
        (void)err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    run->call = call;
    run->host = &execs->host;
    run->reader = (struct exec_reader){.kind = READER_READS, .wake = on_wake};
    list_init(&run->reader.link);
    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++)
        buf_init(&run->kept[s], max);
    if (loop_task_new(&run->task, rpc_call_loop(call), on_task, run, &err) < 0 ||
        run_begin(run, request, execs, &err) < 0) {
        run_free(run);
        rpc_call_fail(call, &err);
        return;
    }
    agentsandbox_v1_exec_service_run_accept(call, &run_ops, run);
    loop_task_schedule(run->task);
}
