#include "services/runtime/agent/exec.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/loop/loop.h"
#include "services/runtime/agent/spawn.h"

enum { SIGNAL_MAX = 64 };

static void exec_step(struct exec *e);

static uint64_t now_ms(const struct exec *e)
{
    return loop_now_ms(e->host->loop);
}

static void wake_readers(struct exec *e)
{
    LIST_FOREACH(it, &e->readers)
    {
        struct exec_reader *r = CONTAINER_OF(it, struct exec_reader, link);

        r->wake(r);
    }
}

/* ---- readers and back-pressure ---- */

uint32_t exec_n_readers(const struct exec *e)
{
    uint32_t n = 0;

    LIST_FOREACH(it, &e->readers)
    n += CONTAINER_OF(it, struct exec_reader, link)->kind == READER_READS;
    return n;
}

/* Offset that governs the command: UINT64_MAX when nobody holds it up. */
static uint64_t governing(const struct exec *e, enum exec_stream s)
{
    uint64_t at = UINT64_MAX;

    if (e->spec.drops_oldest)
        return UINT64_MAX;
    LIST_FOREACH(it, &e->readers)
    {
        const struct exec_reader *r = CONTAINER_OF(it, struct exec_reader, link);

        if (r->kind == READER_READS)
            at = MIN(at, r->at[s]);
    }
    if (at == UINT64_MAX && now_ms(e) < e->hold_until)
        at = e->hold_at[s];
    return at;
}

static void update_outputs(struct exec *e)
{
    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++)
        output_set_reader(&e->out[s], governing(e, s));
}

void exec_advance(struct exec *e)
{
    if (e->state != EXEC_ENDED)
        update_outputs(e);
}

void exec_attach(struct exec *e, struct exec_reader *r)
{
    list_push_back(&e->readers, &r->link);
    if (r->kind == READER_READS)
        e->keep_at = CLOCK_NEVER;
    exec_step(e);
}

static void last_reader_left(struct exec *e, const struct exec_reader *r)
{
    uint64_t now = now_ms(e);

    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++)
        e->hold_at[s] = r->at[s];
    e->keep_at = clock_add(now, e->spec.keep_ms);
    e->hold_until = e->spec.kill_on_leave ? now : clock_add(now, EXEC_HOLD_MS);
    if (e->spec.kill_on_leave)
        exec_terminate(e, CAUSE_KILLED);
}

void exec_detach(struct exec *e, struct exec_reader *r)
{
    list_remove(&r->link);
    if (r->kind == READER_READS && exec_n_readers(e) == 0 && e->state != EXEC_ENDED)
        last_reader_left(e, r);
    exec_step(e);
}

size_t exec_peek(const struct exec *e, enum exec_stream stream, uint64_t offset,
                 const uint8_t **ret)
{
    return ring_peek(&e->out[stream].ring, offset, ret);
}

uint64_t exec_begin(const struct exec *e, enum exec_stream stream)
{
    return e->out[stream].ring.begin;
}

uint64_t exec_end(const struct exec *e, enum exec_stream stream)
{
    return e->out[stream].ring.end;
}

/* ---- ending it ---- */

static void signal_group(const struct exec *e, int signum)
{
    if (e->state == EXEC_RUNNING && e->pid > 0)
        (void)kill(-e->pid, signum); /* ESRCH: it is a zombie that will be reaped this turn */
}

int exec_signal(struct exec *e, int signum, struct err *err)
{
    if (signum < 1 || signum > SIGNAL_MAX)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "signal %d is not 1..64", signum);
    if (e->state != EXEC_RUNNING)
        return err_set(err, RPC_FAILED_PRECONDITION, "ExecEnded", "exec %s has ended", e->id);
    e->last_signal = signum;
    signal_group(e, signum);
    return 0;
}

void exec_terminate(struct exec *e, enum cause_kind wish)
{
    if (e->state != EXEC_RUNNING || e->wish != CAUSE_NONE)
        return;
    e->wish = wish;
    e->watch.kill_group = true;
    e->kill_at = clock_add(now_ms(e), e->spec.command.grace_ms);
    signal_group(e, SIGTERM);
    signal_group(e, SIGCONT); /* a stopped one could not obey */
    loop_timer_arm(e->timer, now_ms(e));
}

void exec_kill(struct exec *e, enum cause_kind wish)
{
    if (e->state != EXEC_RUNNING)
        return;
    if (e->wish == CAUSE_NONE)
        e->wish = wish;
    e->watch.kill_group = true;
    signal_group(e, SIGKILL);
}

int exec_resize(struct exec *e, uint32_t columns, uint32_t rows, struct err *err)
{
    if (columns - 1 >= 65535 || rows - 1 >= 65535)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "columns and rows of a terminal are 1..65535");
    if (!e->spec.command.has_terminal || e->out[EXEC_STDOUT].fd < 0)
        return err_set(err, RPC_FAILED_PRECONDITION, "NoTerminal",
                       "exec %s has no terminal, or has ended", e->id);
    return spawn_resize(e->out[EXEC_STDOUT].fd, (uint16_t)columns, (uint16_t)rows, err);
}

/* ---- the step ---- */

static void check_deadlines(struct exec *e, uint64_t now)
{
    if (now >= e->timeout_at) {
        e->timeout_at = CLOCK_NEVER;
        exec_terminate(e, CAUSE_TIMED_OUT);
    }
    if (now >= e->keep_at) {
        e->keep_at = CLOCK_NEVER;
        exec_terminate(e, CAUSE_KILLED);
    }
    if (now >= e->kill_at) {
        e->kill_at = CLOCK_NEVER;
        signal_group(e, SIGKILL);
    }
}

/* Whether this stream keeps the end waiting; *wait_until: when to look again. */
static bool is_drained(const struct exec *e, const struct output *o, uint64_t now,
                       uint64_t *wait_until)
{
    uint64_t quiet_at = clock_add(o->read_ms, EXEC_QUIET_MS);

    if (o->fd < 0)
        return true;
    if (o->is_blocked)
        return false;
    if (now >= quiet_at || (now >= e->drain_until && output_is_complete(o)))
        return true;
    *wait_until = MIN(*wait_until, MIN(quiet_at, MAX(e->drain_until, now + 1)));
    return false;
}

static void enter_ended(struct exec *e)
{
    e->state = EXEC_ENDED;
    e->writer = NULL;
    loop_timer_free(TAKE_PTR(e->timer));
    input_close(&e->in);
    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++) {
        output_discard(&e->out[s]);
        ring_shrink(&e->out[s].ring);
    }
    if (e->host->on_ended)
        e->host->on_ended(e, e->host->user);
    wake_readers(e);
}

static void exec_step(struct exec *e)
{
    uint64_t now = now_ms(e), next = CLOCK_NEVER;
    bool drained = e->state == EXEC_DRAINING;

    if (e->state == EXEC_ENDED)
        return;
    check_deadlines(e, now);
    update_outputs(e);
    for (enum exec_stream s = 0; e->state == EXEC_DRAINING && s < EXEC_N_STREAMS; s++)
        drained &= is_drained(e, &e->out[s], now, &next);
    if (drained) {
        enter_ended(e);
        return;
    }
    if (e->state == EXEC_RUNNING)
        next = MIN(MIN(e->timeout_at, e->keep_at), e->kill_at);
    if (e->hold_until > now)
        next = MIN(next, e->hold_until);
    loop_timer_arm(e->timer, next);
}

/* ---- events: they record and step ---- */

static void on_timer(struct loop_timer *t, void *user)
{
    (void)t;
    exec_step(user);
}

static void on_output(struct output *o, void *user)
{
    struct exec *e = user;

    (void)o;
    if (e->state == EXEC_ENDED) { /* descendants: see exec_close_output() */
        if (e->out[EXEC_STDOUT].fd < 0 && e->out[EXEC_STDERR].fd < 0)
            list_remove(&e->sink_link);
        return;
    }
    wake_readers(e);
    if (e->state == EXEC_DRAINING)
        exec_step(e);
}

static void on_input(struct input *in, void *user)
{
    (void)in;
    wake_readers(user);
}

static void on_reaped(struct reap_watch *w, int status, const struct rusage *usage)
{
    struct exec *e = CONTAINER_OF(w, struct exec, watch);

    e->state = EXEC_DRAINING;
    e->usage = *usage;
    e->end_ns = clock_realtime_ns();
    e->end_mono_ns = clock_monotonic_ns();
    e->timeout_at = e->kill_at = e->keep_at = CLOCK_NEVER;
    e->drain_until = clock_add(now_ms(e), EXEC_DRAIN_MAX_MS);
    cause_of_status(&e->cause, status, e->wish, e->last_signal, &e->host->oom);
    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++)
        output_command_ended(&e->out[s]);
    exec_step(e);
}

/* ---- life ---- */

int exec_new(struct exec **ret, struct exec_host *host, struct err *err)
{
    _cleanup_(exec_freep) struct exec *e = calloc(1, sizeof(*e));

    if (!e)
        return err_oom(err);
    e->host = host;
    bytes_random_name(e->id, EXEC_ID_LENGTH);
    list_init(&e->readers);
    list_init(&e->link);
    list_init(&e->sink_link);
    list_init(&e->watch.link);
    e->timeout_at = e->kill_at = e->keep_at = e->drain_until = CLOCK_NEVER;
    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++)
        output_init(&e->out[s], host->loop, RING_MIN, &host->budget, on_output, e);
    input_init(&e->in, host->loop, on_input, e);
    if (loop_timer_new(&e->timer, host->loop, on_timer, e, err) < 0)
        return -1;
    *ret = TAKE_PTR(e);
    return 0;
}

void exec_free(struct exec *e)
{
    if (!e)
        return;
    signal_group(e, SIGKILL);
    reaper_unwatch(&e->watch);
    list_remove(&e->link);
    list_remove(&e->sink_link);
    input_done(&e->in);
    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++)
        output_done(&e->out[s]);
    loop_timer_free(e->timer);
    free(e->request_id);
    free(e->request);
    free(e);
}

static int open_streams(struct exec *e, struct spawned *p, struct err *err)
{
    int out = TAKE_FD(p->stdout_fd), errs = TAKE_FD(p->stderr_fd), in = TAKE_FD(p->stdin_fd);
    int r = output_open(&e->out[EXEC_STDOUT], out, err);

    if (errs >= 0)
        r = output_open(&e->out[EXEC_STDERR], errs, err) < 0 ? -1 : r;
    if (in >= 0)
        r = input_open(&e->in, in, e->spec.command.has_terminal, err) < 0 ? -1 : r;
    return r;
}

static void start_failed(struct exec *e, const struct err *err)
{
    e->end_ns = clock_realtime_ns();
    e->end_mono_ns = clock_monotonic_ns();
    cause_of_start_failure(&e->cause, err);
    enter_ended(e);
}

int exec_start(struct exec *e, struct err *err)
{
    uint64_t now = now_ms(e);
    struct err failed = {0};
    struct spawned p;
    int r;

    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++)
        e->out[s].ring.max = MAX(e->spec.ring_bytes, (size_t)RING_MIN);
    e->start_ns = clock_realtime_ns();
    e->start_mono_ns = clock_monotonic_ns();
    r = spawn_command(&e->spec.command, &p, &failed);
    e->spec.command.argv = e->spec.command.envp = NULL;
    e->spec.command.cwd = NULL;
    if (r < 0) {
        start_failed(e, &failed);
        return 0;
    }
    e->pid = p.pid;
    e->watch.pid = p.pid;
    e->watch.fn = on_reaped;
    reaper_watch(e->host->reaper, &e->watch);
    if (e->spec.command.timeout_ms)
        e->timeout_at = clock_add(now, e->spec.command.timeout_ms);
    e->keep_at = clock_add(now, e->spec.keep_ms);
    e->hold_until = clock_add(now, EXEC_HOLD_MS);
    if (open_streams(e, &p, err) < 0) {
        exec_kill(e, CAUSE_KILLED);
        return -1;
    }
    exec_step(e);
    return 0;
}

void exec_close_output(struct exec *e)
{
    for (enum exec_stream s = 0; s < EXEC_N_STREAMS; s++)
        output_close(&e->out[s]);
    list_remove(&e->sink_link);
}

size_t exec_memory(const struct exec *e)
{
    return sizeof(*e) + e->n_request;
}
