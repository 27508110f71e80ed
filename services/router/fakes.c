#include "services/router/fakes.h"

#include <sys/stat.h>

#include "lib/base/limits.h"
#include "lib/handover/handover.h"

/* ---- controller ---- */

struct fake_resolve {
    struct fake_controller *controller;
    struct list link;
    struct rpc_call *call;
    char name[64];
};

/* A message and what hangs on it, good until the next one is made. */
static Agentsandbox__V1__Route *route_message(const struct fake_route *r)
{
    static Agentsandbox__V1__Route m;
    static Agentsandbox__V1__SandboxRef sandbox;
    static Agentsandbox__V1__Cause cause;

    agentsandbox__v1__route__init(&m);
    agentsandbox__v1__sandbox_ref__init(&sandbox);
    agentsandbox__v1__cause__init(&cause);
    sandbox.namespace_ = (char *)"default";
    sandbox.name = (char *)r->name;
    sandbox.uid = (char *)(r->uid ? r->uid : "");
    m.sandbox = &sandbox;
    m.instance_id = (char *)r->instance_id;
    m.generation = r->generation;
    m.endpoint = (char *)(r->endpoint ? r->endpoint : "node");
    m.phase = r->phase;
    m.claimed = r->is_claimed;
    if (r->cause) {
        cause.kind = AGENTSANDBOX__V1__CAUSE_KIND__CAUSE_KIND_OUT_OF_MEMORY;
        cause.limit_bytes = 1024;
        cause.message = (char *)r->cause;
        m.cause = &cause;
    }
    return &m;
}

static void send_watch(struct fake_controller *c, const struct fake_route *route)
{
    Agentsandbox__V1__WatchRoutesResponse m = AGENTSANDBOX__V1__WATCH_ROUTES_RESPONSE__INIT;
    struct err err;

    if (!c->watch || (route && route->is_hidden))
        return;
    m.synced = !route;
    m.route = route ? route_message(route) : NULL;
    assert_true(agentsandbox_v1_route_service_watch_reply(c->watch, &m, &err) >= 0);
}

static void watch_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct fake_controller *c = user;

    (void)status;
    if (c->watch == call)
        c->watch = NULL;
}

static const struct rpc_msg_ops watch_ops = {.on_done = watch_done};

static void on_watch(struct rpc_call *call, const Agentsandbox__V1__WatchRoutesRequest *request,
                     void *user)
{
    struct fake_controller *c = user;

    (void)request;
    agentsandbox_v1_route_service_watch_accept(call, &watch_ops, c);
    c->watch = call;
    c->n_watches++;
    for (size_t i = 0; i < c->n_routes; i++)
        send_watch(c, &c->routes[i]);
    send_watch(c, NULL);
}

static const struct fake_route *find(const struct fake_controller *c, const char *name)
{
    for (size_t i = 0; i < c->n_routes; i++)
        if (strcmp(c->routes[i].name, name) == 0)
            return &c->routes[i];
    return NULL;
}

static void resolve_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct fake_resolve *rr = user;

    (void)call;
    (void)status;
    list_remove(&rr->link);
    free(rr);
}

static const struct rpc_msg_ops resolve_ops = {.on_done = resolve_done};

/* As the contract says: waits while the sandbox is pending, refuses what cannot be. */
static void answer(struct fake_resolve *rr)
{
    Agentsandbox__V1__ResolveResponse m = AGENTSANDBOX__V1__RESOLVE_RESPONSE__INIT;
    const struct fake_route *route = find(rr->controller, rr->name);
    struct err err;

    if (!route) {
        (void)err_set(&err, RPC_NOT_FOUND, "SandboxNotFound", "controller: no sandbox %s",
                      rr->name);
        rpc_call_fail(rr->call, &err);
    } else if (!route->is_claimed) {
        (void)err_set(&err, RPC_FAILED_PRECONDITION, "NotClaimed", "controller: %s is not claimed",
                      rr->name);
        rpc_call_fail(rr->call, &err);
    } else if (route->phase == FAKE_READY || route->phase == FAKE_ENDED) {
        m.route = route_message(route);
        agentsandbox_v1_route_service_resolve_reply(rr->call, &m);
    }
}

static void on_resolve(struct rpc_call *call, const Agentsandbox__V1__ResolveRequest *request,
                       void *user)
{
    struct fake_controller *c = user;
    struct fake_resolve *rr = calloc(1, sizeof(*rr));

    assert_non_null(rr);
    c->n_resolves++;
    rr->controller = c;
    rr->call = call;
    (void)snprintf(rr->name, sizeof(rr->name), "%s", request->sandbox->name);
    list_push_back(&c->resolves, &rr->link);
    agentsandbox_v1_route_service_resolve_accept(call, &resolve_ops, rr);
    answer(rr);
}

void fake_controller_up(struct fake_controller *c, struct loop *loop, const char *path)
{
    static struct agentsandbox_v1_route_service_impl impl;
    const struct rpc_server_opts opts = {.on_call = c->on_call, .user = c->on_call_user};
    char address[104];
    struct err err;

    impl = (struct agentsandbox_v1_route_service_impl){
        .user = c, .watch = on_watch, .resolve = on_resolve};
    c->loop = loop;
    c->watch = NULL;
    list_init(&c->resolves);
    (void)snprintf(c->path, sizeof(c->path), "%s", path);
    (void)snprintf(address, sizeof(address), "unix:%s", path);
    assert_int_equal(rpc_server_new(&c->server, loop, &opts, &err), 0);
    assert_int_equal(agentsandbox_v1_route_service_register(c->server, &impl, &err), 0);
    assert_int_equal(rpc_server_listen(c->server, address, NULL, NULL, &err), 0);
}

void fake_controller_down(struct fake_controller *c)
{
    rpc_server_free(c->server);
    c->server = NULL;
    (void)unlink(c->path);
}

void fake_controller_set(struct fake_controller *c, const struct fake_route *route)
{
    struct fake_route *slot = (struct fake_route *)find(c, route->name);

    if (!slot) {
        assert_true(c->n_routes < FAKE_MAX_ROUTES);
        slot = &c->routes[c->n_routes++];
    }
    *slot = *route;
    send_watch(c, slot);
    LIST_FOREACH_SAFE(it, &c->resolves)
    answer(CONTAINER_OF(it, struct fake_resolve, link));
    if (route->phase == FAKE_GONE)
        *slot = c->routes[--c->n_routes];
}

/* ---- agent ---- */

static void count_end(struct fake_agent *a, const struct rpc_status *status)
{
    a->n_open--;
    a->n_cancelled += status->code == RPC_CANCELLED;
    a->n_deadline += status->code == RPC_DEADLINE_EXCEEDED;
}

static void agent_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    (void)call;
    count_end(user, status);
}

static void note_trace(struct rpc_call *call, struct fake_agent *a)
{
    const struct rpc_metadata *md = rpc_call_headers(call);
    const char *state = rpc_metadata_get(md, "tracestate");

    a->n_traceparents = 0;
    a->traceparent[0] = '\0';
    for (size_t i = 0; i < md->n; i++)
        if (strcmp(md->fields[i].name, "traceparent") == 0) {
            a->n_traceparents++;
            (void)snprintf(a->traceparent, sizeof(a->traceparent), "%s",
                           (const char *)md->fields[i].value);
        }
    (void)snprintf(a->tracestate, sizeof(a->tracestate), "%s", state ? state : "");
}

static void begin(struct rpc_call *call, struct fake_agent *a, const struct rpc_call_ops *ops)
{
    note_trace(call, a);
    a->n_calls++;
    a->n_open++;
    rpc_call_set_ops(call, ops, a);
}

static void echo_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    struct err err;
    int r = rpc_call_send(call, data, n, &err);

    (void)user;
    assert_true(r >= 0);
    if (r == 0)
        rpc_call_read(call);
}

static void echo_writable(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_read(call);
}

static void finish_ok(struct rpc_call *call, void *user)
{
    (void)user;
    rpc_call_finish(call, RPC_OK, NULL);
}

static const struct rpc_call_ops echo_ops = {.on_message = echo_message,
                                             .on_writable = echo_writable,
                                             .on_half_close = finish_ok,
                                             .on_done = agent_done};

static void on_echo(struct rpc_call *call, void *user)
{
    begin(call, user, &echo_ops);
    rpc_call_read(call);
}

static const struct rpc_call_ops quiet_ops = {.on_done = agent_done};

static void on_seen(struct rpc_call *call, void *user)
{
    const struct rpc_metadata *md = rpc_call_headers(call);
    uint64_t deadline = rpc_call_deadline_ms(call);
    char text[2048];
    size_t n = 0;

    begin(call, user, &quiet_ops);
    for (size_t i = 0; i < md->n; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s=%s;", md->fields[i].name,
                              (const char *)md->fields[i].value);
    n += (size_t)snprintf(text + n, sizeof(text) - n, "content-type=%s;ms=%llu",
                          rpc_call_content_type(call),
                          deadline == CLOCK_NEVER
                              ? 0ULL
                              : (unsigned long long)(deadline - loop_now_ms(rpc_call_loop(call))));
    rpc_call_reply(call, text, n);
}

static void on_fail(struct rpc_call *call, void *user)
{
    struct err err;

    begin(call, user, &quiet_ops);
    assert_int_equal(rpc_call_add_header(call, "x-head", "h", 1, &err), 0);
    assert_int_equal(rpc_call_add_header(call, "x-head-bin", "\0\1\2", 3, &err), 0);
    assert_int_equal(rpc_call_add_trailer(call, "x-tail", "t", 1, &err), 0);
    assert_int_equal(rpc_call_add_trailer(call, "x-tail-bin", "\xFF\0", 2, &err), 0);
    assert_true(rpc_call_send(call, "last words", 10, &err) >= 0);
    (void)err_set(&err, RPC_FAILED_PRECONDITION, "Odd", "an odd thing: 100 %% \xC3\xA4");
    rpc_call_fail(call, &err);
}

static void on_refuse(struct rpc_call *call, void *user)
{
    struct err err;

    begin(call, user, &quiet_ops);
    assert_int_equal(rpc_call_add_trailer(call, "x-tail", "t", 1, &err), 0);
    (void)err_set(&err, RPC_NOT_FOUND, "ExecNotFound", "no exec");
    rpc_call_fail(call, &err);
}

static void hang_message(struct rpc_call *call, const uint8_t *data, size_t n, void *user)
{
    (void)data;
    (void)n;
    (void)user;
    rpc_call_read(call);
}

static const struct rpc_call_ops hang_ops = {.on_message = hang_message, .on_done = agent_done};

static void on_hang(struct rpc_call *call, void *user)
{
    begin(call, user, &hang_ops);
    rpc_call_read(call);
}

static void flood(struct rpc_call *call, void *user)
{
    static const uint8_t chunk[16384];
    struct fake_agent *a = user;
    struct err err;
    int r = 0;

    while (r == 0) {
        r = rpc_call_send(call, chunk, sizeof(chunk), &err);
        a->n_flooded += r >= 0 ? sizeof(chunk) : 0;
        a->max_queued = MAX(a->max_queued, rpc_call_queued(call));
    }
}

static const struct rpc_call_ops flood_ops = {.on_writable = flood, .on_done = agent_done};

static void on_flood(struct rpc_call *call, void *user)
{
    begin(call, user, &flood_ops);
    flood(call, user);
}

static void on_sink(struct rpc_call *call, void *user)
{
    begin(call, user, &quiet_ops);
}

void fake_agent_up(struct fake_agent *a, struct loop *loop)
{
    static const struct {
        const char *path;
        rpc_handler fn;
    } methods[] = {
        {"/agentsandbox.v1.ExecService/Echo", on_echo},
        {"/agentsandbox.v1.ExecService/Seen", on_seen},
        {"/agentsandbox.v1.ExecService/Fail", on_fail},
        {"/agentsandbox.v1.ExecService/Refuse", on_refuse},
        {"/agentsandbox.v1.ExecService/Hang", on_hang},
        {"/agentsandbox.v1.ExecService/Flood", on_flood},
        {"/agentsandbox.v1.ExecService/Sink", on_sink},
    };
    struct err err;

    a->loop = loop;
    assert_int_equal(rpc_server_new(&a->server, loop, NULL, &err), 0);
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        assert_int_equal(rpc_server_handle(a->server, methods[i].path, methods[i].fn, a, &err), 0);
}

void fake_agent_down(struct fake_agent *a)
{
    rpc_server_free(a->server);
    a->server = NULL;
}

static void on_closed(void *user, const struct err *why)
{
    struct fake_agent *a = user;

    (void)why;
    a->n_closed++;
}

int fake_agent_connect(struct fake_agent *a)
{
    struct err err;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(rpc_server_serve_fd(a->server, pair[0], on_closed, a, &err), 0);
    return pair[1];
}

/* ---- node ---- */

void fake_node_hand_over(const char *fds_path, const char *instance_id, uint64_t generation, int fd)
{
    struct handover h = {.generation = generation};
    struct err err;
    int sock = handover_connect(fds_path, &err);

    assert_true(sock >= 0);
    (void)snprintf(h.instance_id, sizeof(h.instance_id), "%s", instance_id);
    assert_int_equal(handover_send(sock, &h, fd, &err), 0);
    (void)close(fd);
    (void)close(sock);
}
