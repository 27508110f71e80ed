/* NodeService: typed requests of the controller's uid and root, turned into steps of the node. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "agentsandbox/v1/node.rpc.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/http/admin.h"
#include "lib/rpc/health.h"
#include "lib/rpc/observe.h"
#include "lib/rpc/reflection.h"
#include "services/runtime/node/instance.h"
#include "services/runtime/node/oci_config.h"
#include "services/runtime/node/service_images.h"

enum { MAX_WATCHERS = 64, MAX_INSTANCES = 20000 };

static bool may_call(const struct node *n, uid_t uid)
{
    return uid == 0 || uid == n->opts.controller_uid || uid == geteuid();
}

static int allow(struct rpc_call *call, void *user, struct err *err)
{
    const struct rpc_peer *peer = rpc_call_peer(call);

    if (peer->has_uid && may_call(user, peer->uid))
        return 0;
    return err_set(err, RPC_PERMISSION_DENIED, "NotController",
                   "only the controller's user and root may ask the node");
}

/* ---- what this host is ---- */

static void get_node(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    PB(GetNodeResponse) reply = AGENTSANDBOX__V1__GET_NODE_RESPONSE__INIT;
    PB(RuntimeClass) classes[N_RUNTIMES], *list[N_RUNTIMES];
    struct node *n = user;
    struct sysinfo si;
    char name[256] = "";

    (void)request;
    for (int i = 0; i < N_RUNTIMES; i++) {
        struct runtime_class *c = &n->classes.c[i];

        agentsandbox__v1__runtime_class__init(&classes[i]);
        classes[i].name = (char *)c->name;
        classes[i].available = c->available;
        classes[i].detail = c->detail;
        classes[i].path = c->path;
        list[i] = &classes[i];
    }
    (void)gethostname(name, sizeof(name) - 1);
    reply.node_name = name;
    reply.version = (char *)NODE_VERSION;
    reply.runtime_classes = list;
    reply.n_runtime_classes = N_RUNTIMES;
    if (sysinfo(&si) == 0)
        reply.memory_bytes = (uint64_t)si.totalram * si.mem_unit;
    reply.cpus = (uint32_t)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1L);
    agentsandbox_v1_node_service_get_node_reply(call, &reply);
}

/* ---- waiting calls ---- */

static void waiter_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct instance_waiter *w = user;

    (void)call;
    (void)status;
    list_remove(&w->link);
    free(w);
}

static const struct rpc_msg_ops WAITER_OPS = {.on_done = waiter_done};

static int add_waiter(struct list *list, struct rpc_call *call,
                      const struct rpc_method_desc *method, struct err *err)
{
    struct instance_waiter *w = calloc(1, sizeof(*w));

    if (!w)
        return err_oom(err);
    w->call = call;
    list_push_back(list, &w->link);
    rpc_accept(call, method, &WAITER_OPS, w);
    return 0;
}

/* The waiter itself goes when the call is done. */
static struct rpc_call *next_waiter(struct list *list)
{
    struct list *e = list_pop_front(list);

    return e ? CONTAINER_OF(e, struct instance_waiter, link)->call : NULL;
}

static void reply_created(struct rpc_call *call, struct instance *i)
{
    PB(CreateSandboxResponse) reply = AGENTSANDBOX__V1__CREATE_SANDBOX_RESPONSE__INIT;
    struct instance_message m;

    instance_describe(i, &m);
    reply.instance = &m.msg;
    agentsandbox_v1_node_service_create_sandbox_reply(call, &reply);
}

void instance_answer_creators(struct instance *i)
{
    struct rpc_call *call;

    while ((call = next_waiter(&i->creators))) {
        if (i->failure.code)
            rpc_call_fail(call, &i->failure);
        else
            reply_created(call, i);
    }
}

void instance_answer_deleters(struct instance *i)
{
    PB(DeleteSandboxResponse) reply = AGENTSANDBOX__V1__DELETE_SANDBOX_RESPONSE__INIT;
    struct instance_message m;
    struct rpc_call *call;

    instance_describe(i, &m);
    m.msg.state = AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_DELETED;
    reply.instance = &m.msg;
    while ((call = next_waiter(&i->deleters)))
        agentsandbox_v1_node_service_delete_sandbox_reply(call, &reply);
}

/* ---- create, delete, list ---- */

static PB(CreateSandboxRequest) *copy_request(const ProtobufCMessage *m)
{
    size_t n = protobuf_c_message_get_packed_size(m);
    _cleanup_(freep) uint8_t *packed = malloc(n + 1);

    if (!packed)
        return NULL;
    (void)protobuf_c_message_pack(m, packed);
    return agentsandbox__v1__create_sandbox_request__unpack(NULL, n, packed);
}

static bool same_message(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    size_t n = protobuf_c_message_get_packed_size(a);
    _cleanup_(freep) uint8_t *pa = malloc(n + 1), *pb = malloc(n + 1);

    if (!pa || !pb || protobuf_c_message_get_packed_size(b) != n)
        return false;
    (void)protobuf_c_message_pack(a, pa);
    (void)protobuf_c_message_pack(b, pb);
    return memcmp(pa, pb, n) == 0;
}

static int find_or_make(struct node *n, const PB(CreateSandboxRequest) *r, struct instance **ret,
                        struct err *err)
{
    struct instance *i = map_get(&n->instances, r->instance_id);
    PB(CreateSandboxRequest) *copy;

    if (i && i->delete_wanted)
        return err_set(err, RPC_ABORTED, "Conflict", "instance %s is being deleted",
                       r->instance_id);
    if (i && !same_message(&i->request->base, &r->base))
        return err_set(err, RPC_ALREADY_EXISTS, "AlreadyExists",
                       "instance %s exists with another specification", r->instance_id);
    if (i) {
        *ret = i;
        return 0;
    }
    if (n->stopping)
        return err_set(err, RPC_UNAVAILABLE, "NodeUnavailable", "the node is stopping");
    if (n->instances.n >= MAX_INSTANCES)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge",
                       "the node has %d sandboxes, which is its most", MAX_INSTANCES);
    copy = copy_request(&r->base);
    return copy ? instance_new(n, copy, ret, err) : err_oom(err);
}

static void create_sandbox(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const PB(CreateSandboxRequest) *r = (const PB(CreateSandboxRequest) *)request;
    struct instance *i = NULL;
    struct node *n = user;
    struct err err = {0};

    if (oci_check(r, &err) < 0 || find_or_make(n, r, &i, &err) < 0) {
        rpc_call_fail(call, &err);
        return;
    }
    if (instance_is_started(i))
        reply_created(call, i);
    else if (add_waiter(&i->creators, call, &agentsandbox_v1_node_service_create_sandbox_method,
                        &err) < 0)
        rpc_call_fail(call, &err);
}

static void delete_sandbox(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const PB(DeleteSandboxRequest) *r = (const PB(DeleteSandboxRequest) *)request;
    PB(DeleteSandboxResponse) none = AGENTSANDBOX__V1__DELETE_SANDBOX_RESPONSE__INIT;
    struct node *n = user;
    struct instance *i = map_get(&n->instances, r->instance_id);
    uint64_t grace = UINT64_MAX;
    struct err err = {0};

    if (!i) {
        agentsandbox_v1_node_service_delete_sandbox_reply(call, &none);
        return;
    }
    if (add_waiter(&i->deleters, call, &agentsandbox_v1_node_service_delete_sandbox_method, &err) <
        0) {
        rpc_call_fail(call, &err);
        return;
    }
    if (r->grace && r->grace->seconds >= 0 && r->grace->nanos >= 0)
        grace = (uint64_t)MIN(r->grace->seconds, (int64_t)86400) * 1000 +
                (uint64_t)r->grace->nanos / 1000000;
    instance_delete(i, grace);
}

static void list_sandboxes(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    PB(ListSandboxesResponse) reply = AGENTSANDBOX__V1__LIST_SANDBOXES_RESPONSE__INIT;
    struct node *n = user;
    _cleanup_(freep) struct instance_message *m = calloc(n->instances.n + 1, sizeof(*m));
    _cleanup_(freep) PB(Instance) **list = calloc(n->instances.n + 1, sizeof(*list));
    struct err err = {0};

    (void)request;
    if (!m || !list) {
        err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    MAP_FOREACH(it, &n->instances)
    {
        instance_describe(map_entry_value(it), &m[reply.n_instances]);
        list[reply.n_instances] = &m[reply.n_instances].msg;
        reply.n_instances++;
    }
    reply.instances = list;
    agentsandbox_v1_node_service_list_sandboxes_reply(call, &reply);
}

/* ---- watch ---- */

struct watcher {
    struct list link;
    struct rpc_call *call;
};

static void watcher_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct watcher *w = user;

    (void)call;
    (void)status;
    list_remove(&w->link);
    free(w);
}

static const struct rpc_msg_ops WATCHER_OPS = {.on_done = watcher_done};

/* A watcher that does not read is let go when its queue is full: it watches again and gets
 * everything anew. */
static bool watcher_send(struct watcher *w, PB(Instance) *msg, bool synced)
{
    PB(WatchSandboxesResponse) reply = AGENTSANDBOX__V1__WATCH_SANDBOXES_RESPONSE__INIT;

    reply.instance = msg;
    reply.synced = synced;
    if (rpc_send(w->call, &reply.base, NULL) >= 0)
        return true;
    rpc_call_cancel(w->call, RPC_RESOURCE_EXHAUSTED, "the watcher does not read: watch again");
    return false;
}

static struct watcher *watcher_new(struct node *n, struct rpc_call *call, struct err *err)
{
    struct watcher *w;
    int others = 0;

    LIST_FOREACH(it, &n->watchers)
    others++;
    if (others >= MAX_WATCHERS) {
        err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge", "%d watches run already", others);
        return NULL;
    }
    w = calloc(1, sizeof(*w));
    if (!w) {
        err_oom(err);
        return NULL;
    }
    w->call = call;
    list_push_back(&n->watchers, &w->link);
    rpc_accept(call, &agentsandbox_v1_node_service_watch_sandboxes_method, &WATCHER_OPS, w);
    return w;
}

static void watch_sandboxes(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    struct node *n = user;
    struct instance_message m;
    struct err err = {0};
    struct watcher *w = watcher_new(n, call, &err);

    (void)request;
    if (!w) {
        rpc_call_fail(call, &err);
        return;
    }
    MAP_FOREACH(it, &n->instances)
    {
        instance_describe(map_entry_value(it), &m);
        if (!watcher_send(w, &m.msg, false))
            return;
    }
    (void)watcher_send(w, NULL, true);
}

void node_service_notify(struct node *n, struct instance *i)
{
    struct instance_message m;

    if (list_is_empty(&n->watchers))
        return;
    instance_describe(i, &m);
    if (map_get(&n->instances, i->id) != i)
        m.msg.state = AGENTSANDBOX__V1__INSTANCE_STATE__INSTANCE_STATE_DELETED;
    LIST_FOREACH_SAFE(it, &n->watchers)
    (void)watcher_send(CONTAINER_OF(it, struct watcher, link), &m.msg, false);
}

/* ---- what is seen from outside ---- */

/* GET /metrics and /healthz, for those who may call. */
static void on_other(int fd, const uint8_t *data, size_t n_data, void *user)
{
    struct node *n = user;
    uid_t uid;

    if (fd_peer_cred(fd, NULL, &uid, NULL, NULL) < 0 || !may_call(n, uid))
        (void)close(fd);
    else
        admin_take(fd, data, n_data, n->admin);
}

static const struct metric_desc sandboxes_desc = {
    .name = "sandbox_node_sandboxes", .help = "Sandboxes on this machine.", .type = METRIC_GAUGE};
static const struct metric_desc starting_desc = {.name = "sandbox_node_sandboxes_starting",
                                                 .help = "Of these, being started now.",
                                                 .type = METRIC_GAUGE};

static void read_figures(void *user)
{
    struct node *n = user;

    metric_set(metric_with(metrics_find(n->metrics, sandboxes_desc.name), NULL),
               (double)n->instances.n);
    metric_set(metric_with(metrics_find(n->metrics, starting_desc.name), NULL),
               (double)n->n_starting);
}

static int observe(struct node *n, struct err *err)
{
    struct rpc_observer_opts opts = {.traces = true, .logs = true};
    struct metric *sandboxes, *starting;
    struct admin_opts admin = {0};

    if (metrics_new(&n->metrics, err) < 0 ||
        admin_add_process_metrics(n->metrics, "node", NODE_VERSION, err) < 0 ||
        metrics_add(n->metrics, &sandboxes_desc, &sandboxes, err) < 0 ||
        metrics_add(n->metrics, &starting_desc, &starting, err) < 0)
        return -1;
    metrics_on_write(n->metrics, read_figures, n);
    opts.metrics = admin.metrics = n->metrics;
    if (rpc_observer_new(&n->observer, &opts, err) < 0 ||
        admin_new(&n->admin, n->loop, &admin, err) < 0)
        return -1;
    return rpc_observe_server(n->observer, n->server, err);
}

/* ---- registration ---- */

int node_service_register(struct node *n, struct err *err)
{
    static const struct {
        const struct rpc_method_desc *method;
        rpc_msg_handler handler;
    } METHODS[] = {
        {&agentsandbox_v1_node_service_get_node_method, get_node},
        {&agentsandbox_v1_node_service_create_sandbox_method, create_sandbox},
        {&agentsandbox_v1_node_service_delete_sandbox_method, delete_sandbox},
        {&agentsandbox_v1_node_service_list_sandboxes_method, list_sandboxes},
        {&agentsandbox_v1_node_service_watch_sandboxes_method, watch_sandboxes},
        {&agentsandbox_v1_node_service_import_image_method, service_import_image},
        {&agentsandbox_v1_node_service_list_images_method, service_list_images},
        {&agentsandbox_v1_node_service_remove_image_method, service_remove_image},
    };
    static const struct rpc_service_desc *const SERVICES[] = {&agentsandbox_v1_node_service, NULL};
    struct rpc_server_opts opts = {.on_call = allow, .user = n};
    const struct rpc_listen_opts listen = {.on_other = on_other, .user = n};
    const char *path = strncmp(n->opts.listen, "unix:", 5) == 0 ? n->opts.listen + 5 : NULL;

    if (!path)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadAddress",
                       "the node listens on unix sockets only: unix:/path");
    if (rpc_server_new(&n->server, n->loop, &opts, err) < 0 || observe(n, err) < 0 ||
        rpc_health_new(&n->health, n->server, err) < 0 ||
        rpc_reflection_register(n->server, SERVICES, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(METHODS); i++)
        if (rpc_server_handle_method(n->server, METHODS[i].method, METHODS[i].handler, n, err) < 0)
            return -1;
    if (rpc_server_listen(n->server, n->opts.listen, &listen, NULL, err) < 0)
        return -1;
    if (n->opts.controller_uid != geteuid() && chown(path, n->opts.controller_uid, (gid_t)-1) < 0)
        return err_errno(err, errno, "giving %s to uid %u", path, (unsigned)n->opts.controller_uid);
    return 0;
}

void node_service_done(struct node *n)
{
    rpc_server_free(TAKE_PTR(n->server)); /* ends every call: imports and watchers go with theirs */
    rpc_health_free(TAKE_PTR(n->health));
    admin_free(TAKE_PTR(n->admin));
    rpc_observer_free(TAKE_PTR(n->observer));
    metrics_free(TAKE_PTR(n->metrics));
    service_imports_end(n);
}
