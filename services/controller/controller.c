#include "services/controller/controller.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agentsandbox/v1/claim.rpc.h"
#include "agentsandbox/v1/route.rpc.h"
#include "agentsandbox/v1/template.rpc.h"
#include "grpc/channelz/v1/channelz.rpc.h"
#include "grpc/health/v1/health.rpc.h"
#include "lib/base/fd.h"
#include "lib/http/admin.h"
#include "lib/rpc/channelz.h"
#include "lib/rpc/health.h"
#include "lib/rpc/observe.h"
#include "lib/rpc/reflection.h"
#include "services/controller/claim_service.h"
#include "services/controller/metrics_impl.h"
#include "services/controller/node_client.h"
#include "services/controller/route_service.h"
#include "services/controller/template_service.h"

struct controller {
    struct loop *loop;
    struct options opts;
    struct metrics *metrics;
    struct ctl_metrics counters;
    struct store *store;
    struct ctl ctl;
    bool has_ctl, is_started, is_draining;
    struct node_client *node;
    struct rpc_server *server, *routes_server;
    struct rpc_health *health, *routes_health;
    struct rpc_observer *observer;
    struct rpc_channelz *channelz; /* NULL: not asked for */
    struct admin *admin;
    struct claim_service *claims;
    struct template_service *templates;
    struct route_service *routes;
    int n_draining;
    void (*on_drained)(void *user);
    void *on_drained_user;
    char address[128], routes_address[128];
};

/* ---- who may ---- */

static bool is_us(uid_t uid)
{
    return uid == 0 || uid == geteuid();
}

static bool may_call(const struct controller *c, uid_t uid)
{
    if (is_us(uid))
        return true;
    for (size_t i = 0; i < c->opts.n_client_uids; i++)
        if (uid == c->opts.client_uids[i])
            return true;
    return false;
}

static int refuse(uid_t uid, const char *flag, struct err *err)
{
    return err_set(err, RPC_PERMISSION_DENIED, "PeerRefused",
                   "user %u may not call the controller here: start it with %s %u", (unsigned)uid,
                   flag, (unsigned)uid);
}

static int on_call(struct rpc_call *call, void *user, struct err *err)
{
    const struct rpc_peer *peer = rpc_call_peer(call);

    return !peer->has_uid || may_call(user, peer->uid) ? 0 : refuse(peer->uid, "--client-uid", err);
}

static int on_routes_call(struct rpc_call *call, void *user, struct err *err)
{
    const struct rpc_peer *peer = rpc_call_peer(call);
    const struct controller *c = user;

    if (peer->has_uid &&
        (is_us(peer->uid) || (c->opts.has_router_uid && peer->uid == c->opts.router_uid)))
        return 0;
    return refuse(peer->uid, "--router-uid", err);
}

static void on_other(int fd, const uint8_t *data, size_t n, void *user)
{
    struct controller *c = user;
    uid_t uid;

    if (fd_peer_cred(fd, NULL, &uid, NULL, NULL) == 0 && uid != (uid_t)-1 && !may_call(c, uid))
        (void)close(fd);
    else
        admin_take(fd, data, n, c->admin);
}

static int is_healthy(void *user, struct err *err)
{
    const struct controller *c = user;

    if (c->is_draining)
        return err_set(err, RPC_UNAVAILABLE, "Draining", "the controller is stopping");
    if (!c->is_started)
        return err_set(err, RPC_UNAVAILABLE, "Starting", "the state is not read yet");
    return 0;
}

/* ---- listeners ---- */

static int own_socket(const char *address, bool has_uid, uid_t uid, struct err *err)
{
    if (strncmp(address, "unix:", 5) != 0 || geteuid() != 0 || !has_uid)
        return 0;
    if (lchown(address + 5, uid, (gid_t)-1) < 0)
        return err_errno(err, errno, "giving %s to user %u", address + 5, (unsigned)uid);
    return 0;
}

static int observe(struct controller *c, struct err *err)
{
    const struct rpc_observer_opts opts = {.metrics = c->metrics, .traces = true, .logs = true};

    if (rpc_observer_new(&c->observer, &opts, err) < 0 ||
        rpc_observe_server(c->observer, c->server, err) < 0 ||
        rpc_observe_server(c->observer, c->routes_server, err) < 0)
        return -1;
    if (!c->opts.shows_channels)
        return 0;
    if (rpc_channelz_new(&c->channelz, c->server, "clients", err) < 0)
        return -1;
    rpc_channelz_add_server(c->channelz, c->routes_server, "routes");
    return 0;
}

static int make_servers(struct controller *c, struct err *err)
{
    static const struct rpc_service_desc *const services[] = {
        &grpc_health_v1_health, &agentsandbox_v1_claim_service, &agentsandbox_v1_template_service,
        NULL};
    static const struct rpc_service_desc *const services_and_channelz[] = {
        &grpc_health_v1_health, &agentsandbox_v1_claim_service, &agentsandbox_v1_template_service,
        &grpc_channelz_v1_channelz, NULL};
    static const struct rpc_service_desc *const route_services[] = {
        &grpc_health_v1_health, &agentsandbox_v1_route_service, NULL};
    const struct rpc_server_opts opts = {.on_call = on_call, .user = c};
    const struct rpc_server_opts routes_opts = {.on_call = on_routes_call, .user = c};
    const struct admin_opts admin = {.metrics = c->metrics, .is_healthy = is_healthy, .user = c};

    if (rpc_server_new(&c->server, c->loop, &opts, err) < 0 ||
        rpc_health_new(&c->health, c->server, err) < 0 ||
        rpc_reflection_register(
            c->server, c->opts.shows_channels ? services_and_channelz : services, err) < 0 ||
        admin_new(&c->admin, c->loop, &admin, err) < 0)
        return -1;
    if (rpc_server_new(&c->routes_server, c->loop, &routes_opts, err) < 0 ||
        rpc_health_new(&c->routes_health, c->routes_server, err) < 0 || observe(c, err) < 0)
        return -1;
    return rpc_reflection_register(c->routes_server, route_services, err);
}

static int listen_all(struct controller *c, struct err *err)
{
    const struct rpc_listen_opts opts = {.on_other = on_other, .user = c};

    if (rpc_server_listen(c->server, c->opts.listen, &opts, c->address, err) < 0 ||
        own_socket(c->opts.listen, c->opts.n_client_uids > 0, c->opts.client_uids[0], err) < 0)
        return -1;
    if (rpc_server_listen(c->routes_server, c->opts.routes_listen, NULL, c->routes_address, err) <
        0)
        return -1;
    return own_socket(c->opts.routes_listen, c->opts.has_router_uid, c->opts.router_uid, err);
}

/* The folder belongs to the user that the controller becomes. */
static int make_state_dir(const struct options *o, struct err *err)
{
    if (fd_mkdir_p(o->state_dir, 0700, err) < 0) {
        (void)err_wrap(err, "--state-dir %s", o->state_dir);
        return err_recode(err, RPC_FAILED_PRECONDITION, "StateNotWritable");
    }
    if (o->has_user && geteuid() == 0 && lchown(o->state_dir, o->uid, o->gid) < 0)
        return err_errno(err, errno, "giving %s to user %u", o->state_dir, (unsigned)o->uid);
    return 0;
}

int controller_new(struct controller **ret, struct loop *loop, const struct options *opts,
                   struct err *err)
{
    _cleanup_(controller_freep) struct controller *c = calloc(1, sizeof(*c));

    if (!c)
        return err_oom(err);
    c->loop = loop;
    c->opts = *opts;
    if (metrics_new(&c->metrics, err) < 0 ||
        admin_add_process_metrics(c->metrics, "controller", CONTROLLER_VERSION, err) < 0 ||
        make_state_dir(opts, err) < 0 || make_servers(c, err) < 0 || listen_all(c, err) < 0)
        return -1;
    *ret = TAKE_PTR(c);
    return 0;
}

/* ---- start ---- */

static int start_core(struct controller *c, struct err *err)
{
    const struct ctl_opts opts = {.readiness_grace_s = c->opts.readiness_grace_s};
    char path[4096];

    if ((size_t)snprintf(path, sizeof(path), "%s/store.db", c->opts.state_dir) >= sizeof(path))
        return err_set(err, RPC_INVALID_ARGUMENT, "PathTooLong", "--state-dir: is too long");
    if (store_new_sqlite(&c->store, c->loop, path, err) < 0)
        return -1;
    if (ctl_init(&c->ctl, c->loop, c->store, &opts, err) < 0)
        return -1;
    c->has_ctl = true;
    return ctl_metrics_init(&c->counters, &c->ctl, c->metrics, err);
}

static int set_serving(struct controller *c, struct err *err)
{
    if (rpc_health_set(c->health, agentsandbox_v1_claim_service.name, RPC_HEALTH_SERVING, err) <
            0 ||
        rpc_health_set(c->health, agentsandbox_v1_template_service.name, RPC_HEALTH_SERVING, err) <
            0)
        return -1;
    return rpc_health_set(c->routes_health, agentsandbox_v1_route_service.name, RPC_HEALTH_SERVING,
                          err);
}

int controller_start(struct controller *c, struct err *err)
{
    const struct binder_opts binder = {.pod_cidr = c->opts.pod_cidr,
                                       .max_starting = c->opts.max_starting};

    /* The core listens to the store before the services do: they see a world it has marked. */
    if (start_core(c, err) < 0 || ctl_start(&c->ctl, err) < 0 ||
        node_client_new(&c->node, &c->ctl, c->opts.node, &binder, c->observer, err) < 0)
        return -1;
    if (c->channelz)
        rpc_channelz_add_channel(c->channelz, node_client_channel(c->node));
    if (claim_service_new(&c->claims, &c->ctl, c->server, NULL, err) < 0 ||
        template_service_new(&c->templates, &c->ctl, c->server, err) < 0 ||
        route_service_new(&c->routes, &c->ctl, c->routes_server, NULL, err) < 0 ||
        set_serving(c, err) < 0)
        return -1;
    c->is_started = true;
    return 0;
}

/* ---- end ---- */

static void on_drained(struct rpc_server *s _unused_, void *user)
{
    struct controller *c = user;

    if (--c->n_draining == 0)
        c->on_drained(c->on_drained_user);
}

void controller_drain(struct controller *c, uint64_t deadline_ms, void (*fn)(void *user),
                      void *user)
{
    c->is_draining = true;
    c->on_drained = fn;
    c->on_drained_user = user;
    c->n_draining = 2;
    rpc_health_shutdown(c->health);
    rpc_health_shutdown(c->routes_health);
    rpc_server_drain(c->server, deadline_ms, on_drained, c);
    rpc_server_drain(c->routes_server, deadline_ms, on_drained, c);
}

static void remove_socket(const char *address)
{
    if (strncmp(address, "unix:", 5) == 0)
        (void)unlink(address + 5); /* a socket file that stays is replaced by the next start */
}

/* The servers go first: their calls end while all that they use is there. */
void controller_free(struct controller *c)
{
    if (!c)
        return;
    rpc_server_free(c->server);
    rpc_server_free(c->routes_server);
    if (c->address[0])
        remove_socket(c->address);
    if (c->routes_address[0])
        remove_socket(c->routes_address);
    rpc_health_free(c->health);
    rpc_health_free(c->routes_health);
    rpc_channelz_free(c->channelz);
    admin_free(c->admin);
    route_service_free(c->routes);
    template_service_free(c->templates);
    claim_service_free(c->claims);
    node_client_free(c->node);
    if (c->has_ctl)
        ctl_done(&c->ctl);
    store_free(c->store);
    rpc_observer_free(c->observer);
    metrics_free(c->metrics);
    free(c);
}

const char *controller_address(const struct controller *c)
{
    return c->address;
}

const char *controller_routes_address(const struct controller *c)
{
    return c->routes_address;
}
