#include "services/runtime/agent/execs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/limits.h"
#include "lib/rpc/service.h"

enum { LABELS_MAX = 64, LABEL_BYTES_MAX = 16 * 1024, EXECS_SCRATCH_MAX = 16 * LIMIT_EXEC_ARGS };

/* ---- what goes when there is too much ---- */

static struct exec *oldest_unread(const struct execs *x, const struct exec *except)
{
    LIST_FOREACH(it, &x->ended)
    {
        struct exec *e = CONTAINER_OF(it, struct exec, link);

        if (e != except && list_is_empty(&e->readers))
            return e;
    }
    return NULL;
}

static void forget(struct execs *x, struct exec *e)
{
    x->n_ended--;
    x->memory -= exec_memory(e);
    if (list_is_linked(&e->sink_link))
        x->n_sinks--;
    (void)map_remove(&x->by_id, e->id);
    if (e->request_id[0])
        (void)map_remove(&x->by_request, e->request_id);
    exec_free(e);
}

static void shrink(struct execs *x, const struct exec *except)
{
    while (x->n_ended > LIMIT_EXEC_RECORDS || x->memory > EXECS_MEMORY_MAX) {
        struct exec *e = oldest_unread(x, except);

        if (!e)
            return;
        forget(x, e);
    }
}

/* Output of ended execs goes before a live one is refused memory; their records stay. */
static void reclaim(struct ring_budget *budget, size_t want, void *user)
{
    struct execs *x = user;

    LIST_FOREACH(it, &x->ended)
    {
        struct exec *e = CONTAINER_OF(it, struct exec, link);

        if (budget->used + want <= budget->max)
            return;
        for (enum exec_stream s = 0; list_is_empty(&e->readers) && s < EXEC_N_STREAMS; s++)
            ring_done(&e->out[s].ring);
    }
}

static void count_sinks(struct execs *x)
{
    x->n_sinks = 0;
    LIST_FOREACH(it, &x->sinks)
    x->n_sinks++;
}

static void keep_sink(struct execs *x, struct exec *e)
{
    if (e->out[EXEC_STDOUT].fd < 0 && e->out[EXEC_STDERR].fd < 0)
        return;
    list_push_back(&x->sinks, &e->sink_link);
    count_sinks(x); /* those that came to their end by themselves left the list */
    if (x->n_sinks > EXECS_SINKS_MAX)
        exec_close_output(CONTAINER_OF(x->sinks.next, struct exec, sink_link));
}

static void on_ended(struct exec *e, void *user)
{
    struct execs *x = user;

    list_remove(&e->link);
    list_push_back(&x->ended, &e->link);
    x->n_live--;
    x->n_ended++;
    x->memory += exec_memory(e);
    keep_sink(x, e);
    shrink(x, e);
    if (x->n_live == 0 && x->on_none_live)
        x->on_none_live(x->user);
}

/* ---- starting ---- */

static int compare_env(const void *a, const void *b)
{
    const Agentsandbox__V1__Command__EnvEntry *const *x = a, *const *y = b;

    return strcmp((*x)->key, (*y)->key);
}

/* Two requests with the same command have the same bytes, however their maps were ordered. */
static int sort_env(Agentsandbox__V1__Command *c, struct arena *arena, struct err *err)
{
    if (c->n_env == 0)
        return 0;
    c->env = (Agentsandbox__V1__Command__EnvEntry **)arena_memdup(arena, c->env,
                                                                  c->n_env * sizeof(*c->env));
    if (!c->env)
        return err_oom(err);
    qsort(c->env, c->n_env, sizeof(*c->env), compare_env);
    return 0;
}

static int keep_request(struct exec *e, const Agentsandbox__V1__StartRequest *request,
                        struct err *err)
{
    e->n_request = agentsandbox__v1__start_request__get_packed_size(request);
    e->request = malloc(e->n_request + 1);
    e->request_id = strdup(request->request_id);
    if (!e->request || !e->request_id)
        return err_oom(err);
    (void)agentsandbox__v1__start_request__pack(request, e->request);
    return 0;
}

static bool same_command(const Agentsandbox__V1__Command *a, const Agentsandbox__V1__Command *b,
                         struct arena *arena)
{
    size_t n = agentsandbox__v1__command__get_packed_size(a);
    uint8_t *x, *y;

    if (n != agentsandbox__v1__command__get_packed_size(b))
        return false;
    x = arena_alloc(arena, n);
    y = arena_alloc(arena, n);
    if (!x || !y)
        return false;
    (void)agentsandbox__v1__command__pack(a, x);
    (void)agentsandbox__v1__command__pack(b, y);
    return memcmp(x, y, n) == 0;
}

static int check_request(const Agentsandbox__V1__StartRequest *r, struct err *err)
{
    size_t bytes = 0;

    if (strlen(r->request_id) > EXECS_REQUEST_ID_MAX)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "request_id is over %d bytes",
                       EXECS_REQUEST_ID_MAX);
    for (const char *s = r->request_id; *s; s++)
        if (*s < 0x20 || *s > 0x7e)
            return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                           "request_id is not printable ASCII");
    if (r->ring_bytes > EXEC_RING_MAX)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest", "ring_bytes is over %d",
                       EXEC_RING_MAX);
    for (size_t i = 0; i < r->n_labels; i++)
        bytes += strlen(r->labels[i]->key) + strlen(r->labels[i]->value);
    if (r->n_labels > LABELS_MAX || bytes > LABEL_BYTES_MAX)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "labels are over %d or over %d bytes", LABELS_MAX, LABEL_BYTES_MAX);
    if (r->overflow > AGENTSANDBOX__V1__OVERFLOW__OVERFLOW_DROP_OLDEST ||
        r->on_disconnect > AGENTSANDBOX__V1__ON_DISCONNECT__ON_DISCONNECT_KILL)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "overflow or on_disconnect is of a newer version");
    return 0;
}

static int settle(struct execs *x, const Agentsandbox__V1__StartRequest *r, struct arena *scratch,
                  struct exec_spec *spec, struct err *err)
{
    spec->drops_oldest = r->overflow == AGENTSANDBOX__V1__OVERFLOW__OVERFLOW_DROP_OLDEST;
    spec->kill_on_leave = r->on_disconnect == AGENTSANDBOX__V1__ON_DISCONNECT__ON_DISCONNECT_KILL;
    spec->ring_bytes = r->ring_bytes ? r->ring_bytes : LIMIT_EXEC_RING;
    if (command_duration_ms(r->keep, EXEC_KEEP_DEFAULT_MS, "keep", &spec->keep_ms, err) < 0)
        return -1;
    return command_parse(r->command, x->identity, scratch, &spec->command, err);
}

static int find_same(const struct execs *x, const Agentsandbox__V1__StartRequest *r,
                     struct arena *scratch, struct exec **ret, struct err *err)
{
    const Agentsandbox__V1__StartRequest *old;

    *ret = r->request_id[0] ? map_get(&x->by_request, r->request_id) : NULL;
    if (!*ret)
        return 0;
    old = (const Agentsandbox__V1__StartRequest *)rpc_unpack(
        &agentsandbox__v1__start_request__descriptor, (*ret)->request, (*ret)->n_request, scratch,
        err);
    if (!old)
        return -1;
    if (same_command(old->command, r->command, scratch))
        return 0;
    return err_set(err, RPC_ALREADY_EXISTS, "AlreadyExists",
                   "request_id \"%s\" was used for another command (exec %s)", r->request_id,
                   (*ret)->id);
}

static int enter(struct execs *x, struct exec *e, struct err *err)
{
    if (map_set(&x->by_id, e->id, e, NULL, err) < 0)
        return -1;
    if (e->request_id[0] && map_set(&x->by_request, e->request_id, e, NULL, err) < 0) {
        (void)map_remove(&x->by_id, e->id);
        return -1;
    }
    e->seq = ++x->last_seq;
    list_push_back(&x->live, &e->link);
    x->n_live++;
    return 0;
}

static int start_new(struct execs *x, const Agentsandbox__V1__StartRequest *request,
                     const struct exec_spec *spec, struct exec **ret, struct err *err)
{
    _cleanup_(exec_freep) struct exec *e = NULL;

    if (x->is_stopping)
        return err_set(err, RPC_UNAVAILABLE, "SandboxGone", "the sandbox is ending");
    if (x->n_live >= LIMIT_EXECS)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooManyExecs",
                       "%d commands run in this sandbox already", LIMIT_EXECS);
    if (exec_new(&e, &x->host, err) < 0 || keep_request(e, request, err) < 0 ||
        enter(x, e, err) < 0)
        return -1;
    e->spec = *spec;
    *ret = e;
    /* A failure here is ours (memory, descriptors): the process is being killed, its record stays.
     */
    return exec_start(TAKE_PTR(e), err);
}

static int start_or_find(struct execs *x, Agentsandbox__V1__StartRequest *request,
                         struct arena *scratch, struct exec **ret, bool *ret_existed,
                         struct err *err)
{
    struct exec_spec spec;

    if (check_request(request, err) < 0 || settle(x, request, scratch, &spec, err) < 0 ||
        sort_env(request->command, scratch, err) < 0 ||
        find_same(x, request, scratch, ret, err) < 0)
        return -1;
    *ret_existed = *ret != NULL;
    return *ret ? 0 : start_new(x, request, &spec, ret, err);
}

int execs_start(struct execs *x, const Agentsandbox__V1__StartRequest *request, struct exec **ret,
                bool *ret_existed, struct err *err)
{
    Agentsandbox__V1__StartRequest r = *request;
    Agentsandbox__V1__Command command;
    struct arena scratch;
    int result;

    if (r.command) { /* a copy of its own: the environment gets sorted */
        command = *r.command;
        r.command = &command;
    }
    arena_init(&scratch, EXECS_SCRATCH_MAX);
    result = start_or_find(x, &r, &scratch, ret, ret_existed, err);
    arena_done(&scratch);
    return result;
}

int execs_get(const struct execs *x, const char *id, struct exec **ret, struct err *err)
{
    *ret = map_get(&x->by_id, id);
    if (!*ret)
        return err_set(err, RPC_NOT_FOUND, "ExecNotFound", "no exec \"%.40s\"", id);
    return 0;
}

static struct exec *first_after(const struct list *l, uint64_t seq)
{
    struct exec *best = NULL;

    LIST_FOREACH(it, l)
    {
        struct exec *e = CONTAINER_OF(it, struct exec, link);

        if (e->seq > seq && (!best || e->seq < best->seq))
            best = e;
    }
    return best;
}

struct exec *execs_after(const struct execs *x, uint64_t seq)
{
    struct exec *a = first_after(&x->live, seq), *b = first_after(&x->ended, seq);

    return a && (!b || a->seq < b->seq) ? a : b;
}

void execs_end_all(struct execs *x, bool at_once, const struct cause *why)
{
    x->is_stopping = true;
    LIST_FOREACH_SAFE(it, &x->live)
    {
        struct exec *e = CONTAINER_OF(it, struct exec, link);

        if (why)
            e->sandbox_cause = *why;
        if (at_once)
            exec_kill(e, CAUSE_SANDBOX_ENDED);
        else
            exec_terminate(e, CAUSE_SANDBOX_ENDED);
    }
}

void execs_init(struct execs *x, struct loop *loop, struct reaper *reaper,
                const struct identity *identity)
{
    *x = (struct execs){.identity = identity};
    x->host = (struct exec_host){
        .loop = loop,
        .reaper = reaper,
        .budget = {.max = LIMIT_EXEC_RING_TOTAL, .reclaim = reclaim, .user = x},
        .on_ended = on_ended,
        .user = x,
    };
    oom_watch_init(&x->host.oom, NULL);
    list_init(&x->live);
    list_init(&x->ended);
    list_init(&x->sinks);
    map_init(&x->by_id);
    map_init(&x->by_request);
}

void execs_done(struct execs *x)
{
    LIST_FOREACH_SAFE(it, &x->live)
    exec_free(CONTAINER_OF(it, struct exec, link));
    LIST_FOREACH_SAFE(it, &x->ended)
    exec_free(CONTAINER_OF(it, struct exec, link));
    map_done(&x->by_id);
    map_done(&x->by_request);
}
