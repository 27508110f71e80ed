#include "services/runtime/agent/attach.h"

#include "services/runtime/agent/record.h"

enum { ATTACH_CHUNK = 32 * 1024 };

typedef Agentsandbox__V1__AttachRequest attach_request;

struct attach {
    struct rpc_call *call;
    struct execs *execs;
    struct exec *exec; /* NULL: before the first request, and after the end */
    struct exec_reader reader;
    struct loop_task *task;
    bool is_started; /* the first response was sent          */
    bool is_writer;  /* has stdin                            */
    bool is_paused;  /* asked for by the client              */
    bool is_full;    /* the call takes no more for now       */
    bool wants_read; /* a request was handled, the next one was not yet asked for */
    uint64_t acked;  /* stdin                                */
    enum exec_stream turn;
};

static void leave(struct attach *a)
{
    if (!a->exec)
        return;
    if (a->is_writer && a->exec->writer == a)
        a->exec->writer = NULL;
    exec_detach(a->exec, &a->reader);
    a->exec = NULL;
}

static void attach_free(struct attach *a)
{
    leave(a);
    loop_task_free(a->task);
    free(a);
}

static void fail(struct attach *a, const struct err *err)
{
    leave(a);
    rpc_call_fail(a->call, err);
}

/* ---- down: output, gaps, acknowledgements, the end ---- */

static void send_response(struct attach *a, const Agentsandbox__V1__AttachResponse *msg)
{
    struct err err = {0};
    int r = agentsandbox_v1_stream_service_attach_reply(a->call, msg, &err);

    if (r == RPC_WAIT)
        a->is_full = true;
    if (r < 0)
        fail(a, &err); /* when the call has ended on_done follows and this does nothing */
}

static void send_record(struct attach *a, Agentsandbox__V1__AttachResponse__KindCase kind)
{
    Agentsandbox__V1__AttachResponse msg = AGENTSANDBOX__V1__ATTACH_RESPONSE__INIT;
    struct record record;

    record_fill(&record, a->exec, rpc_call_arena(a->call));
    msg.kind_case = kind;
    msg.started = &record.msg; /* `exited` is the same member of the union */
    send_response(a, &msg);
}

static void send_ack(struct attach *a)
{
    Agentsandbox__V1__AttachResponse msg = AGENTSANDBOX__V1__ATTACH_RESPONSE__INIT;
    Agentsandbox__V1__StdinAck ack = AGENTSANDBOX__V1__STDIN_ACK__INIT;

    a->acked = a->exec->in.n_taken;
    ack.offset = a->acked;
    msg.kind_case = AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_STDIN_ACK;
    msg.stdin_ack = &ack;
    send_response(a, &msg);
}

static Agentsandbox__V1__OutputStream stream_number(enum exec_stream s)
{
    return s == EXEC_STDOUT ? AGENTSANDBOX__V1__OUTPUT_STREAM__OUTPUT_STREAM_STDOUT
                            : AGENTSANDBOX__V1__OUTPUT_STREAM__OUTPUT_STREAM_STDERR;
}

static void send_gap(struct attach *a, enum exec_stream s, uint64_t to)
{
    Agentsandbox__V1__AttachResponse msg = AGENTSANDBOX__V1__ATTACH_RESPONSE__INIT;
    Agentsandbox__V1__Gap gap = AGENTSANDBOX__V1__GAP__INIT;

    gap.stream = stream_number(s);
    gap.from = a->reader.at[s];
    gap.to = to;
    a->reader.at[s] = to;
    msg.kind_case = AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_GAP;
    msg.gap = &gap;
    send_response(a, &msg);
}

/* One piece of a stream; false when there is nothing. */
static bool send_output(struct attach *a, enum exec_stream s)
{
    Agentsandbox__V1__AttachResponse msg = AGENTSANDBOX__V1__ATTACH_RESPONSE__INIT;
    Agentsandbox__V1__OutputData out = AGENTSANDBOX__V1__OUTPUT_DATA__INIT;
    const uint8_t *data;
    size_t n;

    if (a->reader.at[s] < exec_begin(a->exec, s)) {
        send_gap(a, s, exec_begin(a->exec, s));
        return true;
    }
    n = exec_peek(a->exec, s, a->reader.at[s], &data);
    if (n == 0)
        return false;
    n = MIN(n, (size_t)ATTACH_CHUNK);
    out.stream = stream_number(s);
    out.offset = a->reader.at[s];
    out.data.data = (uint8_t *)data;
    out.data.len = n;
    a->reader.at[s] += n;
    msg.kind_case = AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_OUTPUT;
    msg.output = &out;
    send_response(a, &msg);
    return true;
}

/* Streams take turns, so that neither starves the other. */
static bool send_next(struct attach *a)
{
    if (a->is_writer && a->exec->in.n_taken > a->acked) {
        send_ack(a);
        return true;
    }
    for (int i = 0; i < EXEC_N_STREAMS && !a->is_paused; i++) {
        a->turn = (a->turn + 1) % EXEC_N_STREAMS;
        if (send_output(a, a->turn))
            return true;
    }
    return false;
}

static bool is_all_sent(const struct attach *a)
{
    return a->exec && a->exec->state == EXEC_ENDED && !a->is_paused && !a->is_full &&
           a->reader.at[EXEC_STDOUT] == exec_end(a->exec, EXEC_STDOUT) &&
           a->reader.at[EXEC_STDERR] == exec_end(a->exec, EXEC_STDERR);
}

static void attach_step(struct attach *a)
{
    while (a->exec && !a->is_full && send_next(a))
        ;
    if (!a->exec)
        return;
    if (is_all_sent(a)) {
        send_record(a, AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_EXITED);
        leave(a);
        rpc_call_finish(a->call, RPC_OK, NULL);
        return;
    }
    exec_advance(a->exec);
    if (a->wants_read && (!a->is_writer || input_has_room(&a->exec->in))) {
        a->wants_read = false;
        rpc_call_read(a->call);
    }
}

static void on_task(struct loop_task *t, void *user)
{
    (void)t;
    attach_step(user);
}

static void on_wake(struct exec_reader *r)
{
    loop_task_schedule(CONTAINER_OF(r, struct attach, reader)->task);
}

/* ---- up: requests ---- */

static int take_stdin(struct attach *a, struct err *err)
{
    if (a->exec->writer)
        return err_set(err, RPC_ABORTED, "StdinTaken", "another writer has stdin of exec %s",
                       a->exec->id);
    a->exec->writer = a;
    a->is_writer = true;
    a->acked = a->exec->in.n_taken;
    return 0;
}

static int check_offset(const struct exec *e, enum exec_stream s, uint64_t offset, struct err *err)
{
    if (offset <= exec_end(e, s))
        return 0;
    return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                   "offset %llu of %s is beyond its end %llu", (unsigned long long)offset,
                   s == EXEC_STDOUT ? "stdout" : "stderr", (unsigned long long)exec_end(e, s));
}

static int open_existing(struct attach *a, const Agentsandbox__V1__AttachOpen *open,
                         struct err *err)
{
    struct exec *e;

    if (execs_get(a->execs, open->exec_id, &e, err) < 0 ||
        check_offset(e, EXEC_STDOUT, open->stdout_offset, err) < 0 ||
        check_offset(e, EXEC_STDERR, open->stderr_offset, err) < 0)
        return -1;
    if (open->stdin && e->state != EXEC_ENDED && !e->in.was_opened)
        return err_set(err, RPC_FAILED_PRECONDITION, "NoStdin", "exec %s was started without stdin",
                       e->id);
    a->reader.kind = open->observer ? READER_OBSERVES : READER_READS;
    a->reader.at[EXEC_STDOUT] = open->stdout_offset;
    a->reader.at[EXEC_STDERR] = open->stderr_offset;
    a->exec = e;
    exec_attach(e, &a->reader);
    return open->stdin ? take_stdin(a, err) : 0;
}

static int open_new(struct attach *a, const Agentsandbox__V1__StartRequest *start, struct err *err)
{
    struct exec *e;
    bool existed;

    if (execs_start(a->execs, start, &e, &existed, err) < 0)
        return -1;
    a->reader.kind = READER_READS;
    a->exec = e;
    exec_attach(e, &a->reader);
    return start->command->stdin ? take_stdin(a, err) : 0;
}

static int handle_first(struct attach *a, const attach_request *req, struct err *err)
{
    int r;

    if (req->kind_case == AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_START)
        r = open_new(a, req->start, err);
    else if (req->kind_case == AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_OPEN)
        r = open_existing(a, req->open, err);
    else
        r = err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "the first request is start or open");
    if (r == 0) {
        a->is_started = true;
        send_record(a, AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_STARTED);
    }
    return r;
}

static int handle_stdin(struct attach *a, const Agentsandbox__V1__StdinData *in, struct err *err)
{
    if (!a->is_writer)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "this call does not have stdin: set command.stdin or open.stdin");
    return input_write(&a->exec->in, in->offset, in->data.data, in->data.len, in->eof, err);
}

/* What comes too late for a command that has just ended is no fault of the client. */
static int unless_ended(const struct attach *a, int r)
{
    return a->exec->state == EXEC_RUNNING ? r : 0;
}

static int handle_later(struct attach *a, const attach_request *req, struct err *err)
{
    switch (req->kind_case) {
    case AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_STDIN:
        return unless_ended(a, handle_stdin(a, req->stdin, err));
    case AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_RESIZE:
        return unless_ended(a, exec_resize(a->exec, req->resize->columns, req->resize->rows, err));
    case AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_SIGNAL:
        return unless_ended(a, exec_signal(a->exec, req->signal, err));
    case AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_PAUSE:
        a->is_paused = req->pause->paused;
        return 0;
    case AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_START:
    case AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_OPEN:
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "this call is attached already");
    case AGENTSANDBOX__V1__ATTACH_REQUEST__KIND__NOT_SET:
        return 0; /* a kind of a newer version */
#ifdef PROTOBUF_C__FORCE_ENUM_TO_BE_INT_SIZE
    case _AGENTSANDBOX__V1__ATTACH_REQUEST__KIND__CASE_IS_INT_SIZE:
        return 0;
#endif
    }
    return 0;
}

static void on_message(struct rpc_call *call, const ProtobufCMessage *msg, void *user)
{
    const attach_request *req = (const attach_request *)msg;
    struct attach *a = user;
    struct err err = {0};
    int r;

    (void)call;
    if (a->is_started && !a->exec)
        return; /* it has ended, its status is on the way */
    r = a->is_started ? handle_later(a, req, &err) : handle_first(a, req, &err);
    if (r < 0) {
        fail(a, &err);
        return;
    }
    a->wants_read = true;
    loop_task_schedule(a->task);
}

/* Whoever has stdin and sends no more has ended it: clients that only know how to half-close. */
static void on_half_close(struct rpc_call *call, void *user)
{
    struct attach *a = user;
    struct err err = {0};

    (void)call;
    if (!a->is_started) {
        (void)err_set(&err, RPC_INVALID_ARGUMENT, "BadRequest", "the call has no request");
        fail(a, &err);
    } else if (a->exec && a->is_writer) {
        /* Running out of memory for one Ctrl-D: the terminal stays open. */
        (void)input_write(&a->exec->in, a->exec->in.n_accepted, NULL, 0, true, NULL);
        loop_task_schedule(a->task);
    }
}

static void on_writable(struct rpc_call *call, void *user)
{
    struct attach *a = user;

    (void)call;
    a->is_full = false;
    attach_step(a);
}

static void on_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    (void)call;
    (void)status;
    attach_free(user);
}

static const struct rpc_msg_ops attach_ops = {
    .on_message = on_message,
    .on_half_close = on_half_close,
    .on_writable = on_writable,
    .on_done = on_done,
};

void attach_start(struct rpc_call *call, struct execs *execs)
{
    struct attach *a = calloc(1, sizeof(*a));
    struct err err = {0};

    if (!a) {
        (void)err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    *a = (struct attach){.call = call, .execs = execs, .reader = {.wake = on_wake}};
    list_init(&a->reader.link);
    if (loop_task_new(&a->task, rpc_call_loop(call), on_task, a, &err) < 0) {
        attach_free(a);
        rpc_call_fail(call, &err);
        return;
    }
    agentsandbox_v1_stream_service_attach_accept(call, &attach_ops, a);
    rpc_call_read(call);
}
