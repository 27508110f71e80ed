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
#include "lib/base/proc.h"
#include "lib/rpc/health.h"
#include "lib/rpc/reflection.h"
#include "services/runtime/node/image_import.h"
#include "services/runtime/node/instance.h"
#include "services/runtime/node/oci_config.h"

enum { MAX_IMPORTS = 8, MAX_WATCHERS = 64, MAX_INSTANCES = 20000, MAX_IMPORT_ANSWER = 65536 };

static int allow(struct rpc_call *call, void *user, struct err *err)
{
    const struct rpc_peer *peer = rpc_call_peer(call);
    struct node *n = user;

    if (peer->has_uid &&
        (peer->uid == 0 || peer->uid == n->opts.controller_uid || peer->uid == geteuid()))
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

static void watch_sandboxes(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    struct watcher *w = calloc(1, sizeof(*w));
    struct node *n = user;
    struct instance_message m;
    struct err err = {0};

    (void)request;
    if (!w) {
        err_oom(&err);
        rpc_call_fail(call, &err);
        return;
    }
    w->call = call;
    list_push_back(&n->watchers, &w->link);
    rpc_accept(call, &agentsandbox_v1_node_service_watch_sandboxes_method, &WATCHER_OPS, w);
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

/* ---- images ---- */

static void fill_image(PB(Image) *to, Google__Protobuf__Timestamp *time, const struct image *img)
{
    agentsandbox__v1__image__init(to);
    google__protobuf__timestamp__init(time);
    time->seconds = img->import_time_s;
    to->name = (char *)img->name;
    to->digest = (char *)img->digest;
    to->size_bytes = img->size_bytes;
    to->import_time = time;
}

struct import_job {
    struct list link;
    struct rpc_call *call; /* NULL: nobody waits any more */
    struct loop_child *child;
    int out_fd;
    struct loop_io *io;
    struct buf answer;
};

static void import_free(struct import_job *j)
{
    list_remove(&j->link);
    if (j->child)
        (void)loop_child_kill(j->child, SIGKILL, NULL);
    loop_child_free(j->child);
    loop_io_free(j->io);
    if (j->out_fd >= 0)
        (void)close(j->out_fd);
    buf_done(&j->answer);
    free(j);
}
DEFINE_CLEANUP(struct import_job *, import_free)

static void import_reads(struct loop_io *io, int events, void *user)
{
    struct import_job *j = user;
    uint8_t *to = buf_reserve(&j->answer, 4096, NULL);
    ssize_t n = to ? read(j->out_fd, to, 4096) : 0;

    (void)events;
    if (n > 0)
        buf_commit(&j->answer, (size_t)n);
    else
        loop_io_set(io, 0);
}

static void import_answer(struct import_job *j)
{
    PB(ImportImageResponse) reply = AGENTSANDBOX__V1__IMPORT_IMAGE_RESPONSE__INIT;
    Google__Protobuf__Timestamp time;
    struct image img = {0};
    struct err err = {0};
    PB(Image) msg;
    const char *text;

    while (buf_reserve(&j->answer, 4096, NULL)) {
        ssize_t n = read(j->out_fd, j->answer.mem + j->answer.end, 4096);

        if (n <= 0)
            break;
        buf_commit(&j->answer, (size_t)n);
    }
    text = buf_cstr(&j->answer, NULL);
    if (image_import_parse(text ? text : "", &img, &err) < 0) {
        log_warn("image not imported", LOG_ERR(&err));
        rpc_call_fail(j->call, &err);
        return;
    }
    log_info("image imported", LOG_S("image", img.name), LOG_S("digest", img.digest));
    fill_image(&msg, &time, &img);
    reply.image = &msg;
    agentsandbox_v1_node_service_import_image_reply(j->call, &reply);
}

static void import_ended(struct loop_child *c, const siginfo_t *info, void *user)
{
    struct import_job *j = user;

    (void)c;
    (void)info;
    loop_child_free(TAKE_PTR(j->child));
    if (j->call)
        import_answer(j);
    else
        import_free(j);
}

/* The call has its answer, or went away: then the import is broken off, and its left-overs are
 * swept. */
static void import_call_done(struct rpc_call *call, const struct rpc_status *status, void *user)
{
    struct import_job *j = user;

    (void)call;
    (void)status;
    import_free(j);
}

static const struct rpc_msg_ops IMPORT_OPS = {.on_done = import_call_done};

static int import_spawn(struct node *n, struct import_job *j, const PB(ImportImageRequest) *r,
                        struct err *err)
{
    const char *argv[] = {"/proc/self/exe", "image-import", "--store", n->images, "--source",
                          r->source,        "--name",       r->name,   NULL};
    _cleanup_(close_fdp) int out_w = -1;
    struct proc p;
    int pair[2];

    if (fd_pipe(pair, 0, err) < 0)
        return -1;
    j->out_fd = pair[0];
    out_w = pair[1];
    if (fd_set_nonblock(j->out_fd, err) < 0)
        return -1;

    const int fds[] = {-1, out_w, 2};

    if (proc_spawn(&(struct proc_spec){.argv = argv,
                                       .fds = fds,
                                       .n_fds = 3,
                                       .uid = (uid_t)-1,
                                       .gid = (gid_t)-1,
                                       .die_with_parent = true},
                   &p, err) < 0)
        return -1;
    if (loop_child_new(&j->child, n->loop, p.pid, p.pidfd, import_ended, j, err) < 0) {
        proc_done(&p);
        return -1;
    }
    return loop_io_new(&j->io, n->loop, j->out_fd, LOOP_READ, import_reads, j, err);
}

static size_t list_length(const struct list *l)
{
    size_t n = 0;

    LIST_FOREACH(it, l) n++;
    return n;
}

static int import_start(struct node *n, struct rpc_call *call, const PB(ImportImageRequest) *r,
                        struct err *err)
{
    _cleanup_(import_freep) struct import_job *j = NULL;

    if (list_length(&n->imports) >= MAX_IMPORTS)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge",
                       "%d imports run already: try again later", MAX_IMPORTS);
    j = calloc(1, sizeof(*j));
    if (!j)
        return err_oom(err);
    list_init(&j->link);
    j->out_fd = -1;
    buf_init(&j->answer, MAX_IMPORT_ANSWER);
    if (import_spawn(n, j, r, err) < 0)
        return -1;
    j->call = call;
    list_push_back(&n->imports, &j->link);
    rpc_accept(call, &agentsandbox_v1_node_service_import_image_method, &IMPORT_OPS, TAKE_PTR(j));
    return 0;
}

static void import_image(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    struct err err = {0};

    if (import_start(user, call, (const PB(ImportImageRequest) *)request, &err) < 0)
        rpc_call_fail(call, &err);
}

enum { MAX_LISTED = 4096 };

struct image_rows {
    struct image images[MAX_LISTED];
    PB(Image) msgs[MAX_LISTED], *list[MAX_LISTED];
    Google__Protobuf__Timestamp times[MAX_LISTED];
    size_t n;
};

static void take_row(const struct image *img, void *user)
{
    struct image_rows *rows = user;

    if (rows->n == MAX_LISTED)
        return;
    rows->images[rows->n] = *img;
    rows->images[rows->n].config = NULL;
    fill_image(&rows->msgs[rows->n], &rows->times[rows->n], &rows->images[rows->n]);
    rows->list[rows->n] = &rows->msgs[rows->n];
    rows->n++;
}

static void list_images(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    PB(ListImagesResponse) reply = AGENTSANDBOX__V1__LIST_IMAGES_RESPONSE__INIT;
    /* Untouched pages of it cost nothing. */
    _cleanup_(freep) struct image_rows *rows = calloc(1, sizeof(*rows));
    struct node *n = user;
    struct err err = {0};

    (void)request;
    if (!rows)
        err_oom(&err);
    if (!rows || image_list(n->images, take_row, rows, &err) < 0) {
        rpc_call_fail(call, &err);
        return;
    }
    reply.images = rows->list;
    reply.n_images = rows->n;
    agentsandbox_v1_node_service_list_images_reply(call, &reply);
}

static bool is_used(struct node *n, const char *digest)
{
    bool used = false;

    MAP_FOREACH(it, &n->instances)
    used |= strcmp(((struct instance *)map_entry_value(it))->image_digest, digest) == 0;
    return used;
}

struct name_count {
    const char *digest;
    int n;
};

static void count_name(const struct image *img, void *user)
{
    struct name_count *c = user;

    c->n += strcmp(img->digest, c->digest) == 0;
}

static int remove_checked(struct node *n, const char *name, struct err *err)
{
    struct image img = {0};
    struct name_count names = {.digest = img.digest};
    bool used;

    if (image_find(n->images, name, &img, err) < 0)
        return -1;
    (void)image_list(n->images, count_name, &names, NULL); /* unreadable: counts as the last name */
    used = names.n <= 1 && is_used(n, img.digest);
    image_done(&img);
    if (used)
        return err_set(err, RPC_FAILED_PRECONDITION, "Conflict",
                       "image \"%s\" is used by a sandbox", name);
    return image_remove(n->images, name, err);
}

static void remove_image(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    PB(RemoveImageResponse) reply = AGENTSANDBOX__V1__REMOVE_IMAGE_RESPONSE__INIT;
    struct node *n = user;
    struct err err = {0};

    if (remove_checked(n, ((const PB(RemoveImageRequest) *)request)->name, &err) < 0) {
        rpc_call_fail(call, &err);
        return;
    }
    node_trash(n, NULL, NULL);
    agentsandbox_v1_node_service_remove_image_reply(call, &reply);
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
        {&agentsandbox_v1_node_service_import_image_method, import_image},
        {&agentsandbox_v1_node_service_list_images_method, list_images},
        {&agentsandbox_v1_node_service_remove_image_method, remove_image},
    };
    static const struct rpc_service_desc *const SERVICES[] = {&agentsandbox_v1_node_service, NULL};
    struct rpc_server_opts opts = {.on_call = allow, .user = n};
    const char *path = strncmp(n->opts.listen, "unix:", 5) == 0 ? n->opts.listen + 5 : NULL;

    if (!path)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadAddress",
                       "the node listens on unix sockets only: unix:/path");
    if (rpc_server_new(&n->server, n->loop, &opts, err) < 0 ||
        rpc_health_new(&n->health, n->server, err) < 0 ||
        rpc_reflection_register(n->server, SERVICES, err) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(METHODS); i++)
        if (rpc_server_handle_method(n->server, METHODS[i].method, METHODS[i].handler, n, err) < 0)
            return -1;
    if (rpc_server_listen(n->server, n->opts.listen, NULL, NULL, err) < 0)
        return -1;
    if (n->opts.controller_uid != geteuid() && chown(path, n->opts.controller_uid, (gid_t)-1) < 0)
        return err_errno(err, errno, "giving %s to uid %u", path, (unsigned)n->opts.controller_uid);
    return 0;
}

void node_service_done(struct node *n)
{
    struct list *e;

    rpc_server_free(TAKE_PTR(n->server)); /* ends every call: imports and watchers go with theirs */
    rpc_health_free(TAKE_PTR(n->health));
    while ((e = list_pop_front(&n->imports)))
        import_free(CONTAINER_OF(e, struct import_job, link));
}
