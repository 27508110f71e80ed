#include "cli/attach.h"

#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/stream.rpc.h"
#include "cli/pump.h"
#include "cli/term.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"

typedef Agentsandbox__V1__AttachRequest AttachRequest;
typedef Agentsandbox__V1__AttachResponse AttachResponse;
typedef Agentsandbox__V1__ExecRecord ExecRecord;

enum {
    ATTACH_OUT_MARK = 256 * 1024, /* queued for our reader before more is asked for */
    ATTACH_RETRY_MS = 100,
    ATTACH_LOST_MS = 20000,     /* without a stream for so long: given up         */
    ATTACH_INTERRUPT_MS = 5000, /* a signalled command may take so long to end    */
};

struct attach {
    struct client *client;
    const struct attach_opts *opts;
    struct rpc_channel *channel;
    struct arena arena; /* of the request metadata */
    struct rpc_metadata metadata;
    struct rpc_call *call;

    char exec_id[128]; /* "" until started */
    struct pump_out out[2];
    uint64_t out_at[2]; /* offset of the byte that is to come next */

    struct pump_in in;
    bool has_in;
    struct buf in_kept; /* read from our input and not yet taken by the process */
    uint64_t in_base;   /* offset of its first byte                             */
    uint64_t in_sent;   /* offset of the first byte not yet sent on this stream */
    bool in_ended, in_eof_sent;
    bool is_blocked; /* the stream's queue is full */

    struct loop_signal *winch;
    struct loop_timer *timer; /* reconnecting, or giving up after a signal */
    uint64_t lost_since_ms, give_up_ms;
    int first_signal;

    bool is_done; /* code or failed is set */
    int code;
    struct err failed;
};

static void attach_open(struct attach *a);

static void finish(struct attach *a, int code)
{
    a->is_done = true;
    a->code = code;
}

static void fail(struct attach *a, const struct err *err)
{
    if (a->is_done)
        return;
    a->failed = *err;
    finish(a, -1);
}

/* ---- up: stdin, sizes, signals ---- */

static bool send_request(struct attach *a, const AttachRequest *req)
{
    struct err err = {0};
    int r = a->call ? agentsandbox_v1_stream_service_attach_send(a->call, req, &err) : 0;

    /* A stream that is ending refuses; its on_done decides what becomes of it. */
    a->is_blocked = r == RPC_WAIT;
    return a->call && r >= 0;
}

static void send_size(struct attach *a)
{
    Agentsandbox__V1__TerminalSize size = AGENTSANDBOX__V1__TERMINAL_SIZE__INIT;
    AttachRequest req = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;

    term_size(0, &size.columns, &size.rows);
    req.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_RESIZE;
    req.resize = &size;
    (void)send_request(a, &req);
}

static void send_signal(struct attach *a, int signum)
{
    AttachRequest req = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;

    req.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_SIGNAL;
    req.signal = signum;
    (void)send_request(a, &req);
}

/* Sends what was read and not yet sent, as far as the stream takes it, and asks for more when there
 * is room. */
static void send_stdin(struct attach *a)
{
    while (a->call && a->exec_id[0] && !a->is_blocked && !a->in_eof_sent) {
        Agentsandbox__V1__StdinData data = AGENTSANDBOX__V1__STDIN_DATA__INIT;
        AttachRequest req = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;
        size_t skip = (size_t)(a->in_sent - a->in_base), n = buf_len(&a->in_kept) - skip;

        n = MIN(n, (size_t)32 * 1024);
        if (n == 0 && !a->in_ended)
            break;
        data.offset = a->in_sent;
        data.data.data = (uint8_t *)buf_data(&a->in_kept) + skip;
        data.data.len = n;
        data.eof = a->in_ended && skip + n == buf_len(&a->in_kept);
        req.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_STDIN;
        req.stdin = &data;
        if (!send_request(a, &req))
            break;
        a->in_sent += n;
        a->in_eof_sent = data.eof;
    }
    if (a->has_in)
        pump_in_want(&a->in, a->exec_id[0] && buf_len(&a->in_kept) < LIMIT_EXEC_STDIN);
}

static void on_stdin(const uint8_t *data, size_t n, void *user)
{
    struct attach *a = user;
    struct err err = {0};

    if (n == 0)
        a->in_ended = true;
    else if (buf_append(&a->in_kept, data, n, &err) < 0)
        fail(a, &err);
    send_stdin(a);
}

static void stdin_taken(struct attach *a, uint64_t offset)
{
    if (offset <= a->in_base || offset > a->in_base + buf_len(&a->in_kept))
        return; /* of before the stream was opened anew, or nonsense: ignoring, nothing depends on
                   it */
    buf_consume(&a->in_kept, (size_t)(offset - a->in_base));
    a->in_base = offset;
    a->in_sent = MAX(a->in_sent, offset);
    send_stdin(a);
}

/* ---- down: output and the end ---- */

static void read_more(struct attach *a)
{
    if (a->call && pump_out_queued(&a->out[0]) + pump_out_queued(&a->out[1]) < ATTACH_OUT_MARK)
        rpc_call_read(a->call);
}

static void on_drained(void *user)
{
    struct attach *a = user;

    if (a->out[0].failed && !a->is_done) {
        struct err err = {0};

        err_set(&err, RPC_ABORTED, "OutputClosed", "nobody reads our standard output any more");
        fail(a, &err);
    }
    read_more(a);
}

static int stream_index(Agentsandbox__V1__OutputStream stream)
{
    return stream == AGENTSANDBOX__V1__OUTPUT_STREAM__OUTPUT_STREAM_STDERR ? 1 : 0;
}

static void take_output(struct attach *a, const Agentsandbox__V1__OutputData *o)
{
    int i = stream_index(o->stream);
    uint64_t end = o->offset + o->data.len, skip;
    struct err err = {0};

    if (end <= a->out_at[i])
        return; /* we have it: replayed to a stream that was opened anew */
    skip = o->offset < a->out_at[i] ? a->out_at[i] - o->offset : 0;
    if (o->offset > a->out_at[i])
        ctl_say("bytes %llu to %llu of the output are missing", (unsigned long long)a->out_at[i],
                (unsigned long long)o->offset);
    if (pump_out_write(&a->out[i], o->data.data + skip, o->data.len - skip, &err) < 0)
        fail(a, &err);
    a->out_at[i] = end;
    if (a->out[0].failed)
        on_drained(a);
}

static void take_gap(struct attach *a, const Agentsandbox__V1__Gap *gap)
{
    int i = stream_index(gap->stream);

    if (gap->to <= a->out_at[i])
        return;
    ctl_say("bytes %llu to %llu of the %s are lost: they were written faster than read",
            (unsigned long long)gap->from, (unsigned long long)gap->to, i ? "stderr" : "stdout");
    a->out_at[i] = gap->to;
}

static void take_started(struct attach *a, const ExecRecord *r)
{
    (void)snprintf(a->exec_id, sizeof(a->exec_id), "%s", r->exec_id);
    a->lost_since_ms = 0;
    stdin_taken(a, r->stdin_offset);
    send_stdin(a);
}

/* The exit code that a command's end gives us; what is not plain is said. */
static int code_of(const Agentsandbox__V1__Cause *cause, const Agentsandbox__V1__Cause *sandbox)
{
    if (!cause)
        return -1;
    switch (cause->kind) {
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXITED:
        return cause->exit_code & 255;
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_START_FAILED:
        ctl_say("%s (%s)", cause->message, cause->reason);
        return cause->exit_code ? cause->exit_code & 255 : CTL_NOT_FOUND;
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_TIMED_OUT:
        ctl_say("the command ran longer than its --timeout and was ended");
        return 124; /* as timeout(1) */
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_OUT_OF_MEMORY:
        ctl_say("out of memory: %s", cause->message);
        return CTL_SIGNAL + SIGKILL;
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_SIGNALLED:
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_KILLED:
        return CTL_SIGNAL + (cause->signal ? cause->signal : SIGKILL);
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_SANDBOX_ENDED:
        if (sandbox && sandbox->kind == AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_OUT_OF_MEMORY) {
            ctl_say("the sandbox ran out of memory: %s", sandbox->message);
            return CTL_SIGNAL + SIGKILL;
        }
        ctl_say("the sandbox ended under the command: %s",
                sandbox ? sandbox->message : cause->message);
        return CTL_RUN_FAILED;
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_EXPIRED:
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_LOST:
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_PROBE_FAILED:
    case AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_UNSPECIFIED:
    case _AGENTSANDBOX__V1__CAUSE_KIND_IS_INT_SIZE:
        break;
    }
    ctl_say("the command ended: %s (%s)", cause->message, cause->reason);
    return CTL_RUN_FAILED;
}

static void take_exited(struct attach *a, const ExecRecord *r)
{
    int code = code_of(r->cause, r->sandbox_cause);
    struct err err = {0};

    if (code >= 0) {
        finish(a, code);
        return;
    }
    err_set(&err, RPC_INTERNAL, "BadRecord", "the sandbox did not say how the command ended");
    fail(a, &err);
}

static void on_message(struct rpc_call *call _unused_, const ProtobufCMessage *msg, void *user)
{
    const AttachResponse *res = (const AttachResponse *)msg;
    struct attach *a = user;

    switch (res->kind_case) {
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_STARTED:
        take_started(a, res->started);
        break;
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_OUTPUT:
        take_output(a, res->output);
        break;
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_GAP:
        take_gap(a, res->gap);
        break;
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_STDIN_ACK:
        stdin_taken(a, res->stdin_ack->offset);
        break;
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND_EXITED:
        take_exited(a, res->exited);
        return;
    case AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND__NOT_SET:
    case _AGENTSANDBOX__V1__ATTACH_RESPONSE__KIND__CASE_IS_INT_SIZE:
        break; /* of a newer agent: nothing we could do with it */
    }
    read_more(a);
}

/* ---- the stream, and opening it again ---- */

/* What a lost connection looks like, as against an answer about the sandbox. */
static bool is_worth_retrying(const struct rpc_status *status)
{
    static const char *const final[] = {"SandboxGone", "SandboxLost", "SandboxNotFound", "Gone",
                                        "NotClaimed"};

    if (status->code != RPC_UNAVAILABLE)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(final); i++)
        if (strcmp(status->reason, final[i]) == 0)
            return false;
    return true;
}

static void on_done(struct rpc_call *call _unused_, const struct rpc_status *status, void *user)
{
    struct attach *a = user;
    uint64_t now = clock_monotonic_ms();
    struct err err = {0};

    a->call = NULL;
    if (a->is_done)
        return;
    if (status->code == RPC_OK) {
        err_set(&err, RPC_INTERNAL, "BadStream",
                "the stream ended without saying how the command did");
        fail(a, &err);
        return;
    }
    if (!a->lost_since_ms)
        a->lost_since_ms = now;
    if (!is_worth_retrying(status) || now - a->lost_since_ms > ATTACH_LOST_MS) {
        (void)rpc_status_to_err(status, &err);
        fail(a, &err);
        return;
    }
    loop_timer_arm(a->timer, clock_add(now, ATTACH_RETRY_MS));
}

static void on_writable(struct rpc_call *call _unused_, void *user)
{
    struct attach *a = user;

    a->is_blocked = false;
    send_stdin(a);
}

static const struct rpc_msg_ops attach_ops = {
    .on_message = on_message, .on_writable = on_writable, .on_done = on_done};

static bool send_first(struct attach *a)
{
    Agentsandbox__V1__AttachOpen open = AGENTSANDBOX__V1__ATTACH_OPEN__INIT;
    AttachRequest req = AGENTSANDBOX__V1__ATTACH_REQUEST__INIT;

    if (!a->exec_id[0]) {
        req.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_START;
        req.start = (Agentsandbox__V1__StartRequest *)a->opts->start;
        return send_request(a, &req);
    }
    open.exec_id = a->exec_id;
    open.stdout_offset = a->out_at[0];
    open.stderr_offset = a->out_at[1];
    open.stdin = a->opts->is_stdin;
    req.kind_case = AGENTSANDBOX__V1__ATTACH_REQUEST__KIND_OPEN;
    req.open = &open;
    return send_request(a, &req);
}

static void attach_open(struct attach *a)
{
    const struct rpc_call_opts opts = {.metadata = &a->metadata};
    struct err err = {0};

    a->is_blocked = false;
    a->in_sent = a->in_base;
    a->in_eof_sent = false;
    if (agentsandbox_v1_stream_service_attach(a->channel, &opts, &attach_ops, a, &a->call, &err) <
        0) {
        fail(a, &err);
        return;
    }
    (void)send_first(a);
    if (a->exec_id[0] && a->opts->is_terminal)
        send_size(a);
    read_more(a);
    send_stdin(a);
}

static void on_timer(struct loop_timer *t, void *user)
{
    struct attach *a = user;
    struct err err = {0};

    if (a->give_up_ms && clock_monotonic_ms() >= a->give_up_ms) {
        err_set(&err, RPC_CANCELLED, "Interrupted",
                "interrupted; the command did not end within %d s", ATTACH_INTERRUPT_MS / 1000);
        fail(a, &err);
        return;
    }
    if (!a->call)
        attach_open(a);
    if (a->give_up_ms)
        loop_timer_arm(t, a->give_up_ms);
}

/* The first signal is the command's; the second is ours. */
static void take_interrupt(struct attach *a)
{
    struct client *c = a->client;
    int signum = c->interrupted;
    struct err err = {0};

    c->interrupted = 0;
    if (a->first_signal || !a->exec_id[0]) {
        err_set(&err, RPC_CANCELLED, "Interrupted", "interrupted by signal %d", signum);
        a->first_signal = signum;
        fail(a, &err);
        return;
    }
    a->first_signal = signum;
    a->give_up_ms = clock_monotonic_ms() + ATTACH_INTERRUPT_MS;
    loop_timer_arm(a->timer, a->call ? a->give_up_ms : clock_monotonic_ms());
    send_signal(a, signum);
}

static void on_winch(struct loop_signal *s _unused_, int signum _unused_, void *user)
{
    send_size(user);
}

/* ---- set-up ---- */

static int set_metadata(struct attach *a, struct err *err)
{
    const struct attach_opts *o = a->opts;

    arena_init(&a->arena, 64 * 1024);
    rpc_metadata_init(&a->metadata, &a->arena);
    if (rpc_metadata_add_str(&a->metadata, "x-sandbox-id", o->sandbox, err) < 0 ||
        rpc_metadata_add_str(&a->metadata, "x-sandbox-namespace", o->ns, err) < 0)
        return -1;
    if (o->uid && *o->uid)
        return rpc_metadata_add_str(&a->metadata, "x-sandbox-uid", o->uid, err);
    return 0;
}

static int attach_init(struct attach *a, struct err *err)
{
    struct loop *loop = a->client->loop;
    size_t max = ATTACH_OUT_MARK + LIMIT_RPC_MESSAGE;

    buf_init(&a->in_kept, LIMIT_EXEC_STDIN + 64 * 1024);
    if (set_metadata(a, err) < 0 ||
        client_channel(a->client, CLIENT_ROUTER, &a->channel, err) < 0 ||
        loop_timer_new(&a->timer, loop, on_timer, a, err) < 0 ||
        pump_out_init(&a->out[0], loop, 1, max, on_drained, a, err) < 0 ||
        pump_out_init(&a->out[1], loop, 2, max, on_drained, a, err) < 0)
        return -1;
    if (a->opts->is_stdin) {
        if (pump_in_init(&a->in, loop, 0, on_stdin, a, err) < 0)
            return -1;
        a->has_in = true;
    }
    if (a->opts->is_terminal &&
        (loop_signal_new(&a->winch, loop, SIGWINCH, on_winch, a, err) < 0 || term_raw(0, err) < 0))
        return -1;
    return 0;
}

static void attach_done(struct attach *a)
{
    term_restore();
    rpc_call_abandon(a->call);
    if (a->has_in)
        pump_in_done(&a->in);
    pump_out_done(&a->out[0]);
    pump_out_done(&a->out[1]);
    loop_signal_free(a->winch);
    loop_timer_free(a->timer);
    buf_done(&a->in_kept);
    arena_done(&a->arena);
}

/* All output is with our reader before we end; a signal ends the waiting. */
static void flush_output(struct attach *a)
{
    while (!a->client->interrupted && !a->client->is_lost &&
           pump_out_queued(&a->out[0]) + pump_out_queued(&a->out[1]) > 0)
        (void)loop_turn(a->client->loop, true);
}

int attach_run(struct client *c, const struct attach_opts *opts, struct err *err)
{
    struct attach a = {.client = c, .opts = opts};
    int code = -1;

    a.out[0].fd = a.out[1].fd = -1;
    a.out[0].restore_flags = a.out[1].restore_flags = -1;
    if (attach_init(&a, err) == 0) {
        attach_open(&a);
        while (!a.is_done) {
            if (c->is_lost)
                fail(&a, &c->lost);
            else if (c->interrupted)
                take_interrupt(&a);
            else
                (void)loop_turn(c->loop, true);
        }
        flush_output(&a);
        code = a.code;
        if (code < 0 && err)
            *err = a.failed;
        if (a.first_signal)
            c->interrupted = a.first_signal; /* the caller knows by it that we were told to stop */
    }
    attach_done(&a);
    return code;
}
