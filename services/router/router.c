#include "services/router/router.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agentsandbox/v1/exec.rpc.h"
#include "agentsandbox/v1/stream.rpc.h"
#include "grpc/channelz/v1/channelz.rpc.h"
#include "grpc/health/v1/health.rpc.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/handover/handover.h"
#include "lib/http/admin.h"
#include "lib/loop/loop.h"
#include "lib/rpc/channelz.h"
#include "lib/rpc/health.h"
#include "lib/rpc/observe.h"
#include "lib/rpc/reflection.h"
#include "lib/rpc/server.h"
#include "services/router/routes.h"
#include "services/router/stats.h"
#include "services/router/token.h"
#include "services/router/upstreams.h"

struct router {
    struct loop *loop;
    struct router_opts opts;
    struct rpc_server *server;
    struct rpc_health *health;
    struct rpc_observer *observer;
    struct rpc_channelz *channelz; /* NULL: not asked for */
    struct admin *admin;
    struct metrics *metrics;
    struct stats stats;
    struct routes *routes;
    struct upstreams *upstreams;
    struct proxy *proxy;
    struct token token; /* of clients over TCP; path NULL: none */
    bool is_draining;
    void (*on_drained)(void *user);
    void *on_drained_user;
    char address[128];
};

/* ---- what the parts tell one another ---- */

static void on_route(const struct route *route, void *user)
{
    struct router *r = user;

    metric_set(r->stats.routes, (double)routes_count(r->routes));
    /* First those who wait for a cause, then the connection goes. */
    proxy_route_changed(r->proxy, route);
    if (route->phase == ROUTE_GONE)
        upstreams_drop(r->upstreams, route->instance_id);
    else if (*route->instance_id)
        upstreams_know(r->upstreams, route->instance_id);
}

static void on_watch(bool is_synced, const struct err *why, void *user)
{
    struct router *r = user;

    metric_set(r->stats.watch_up, is_synced);
    if (is_synced)
        log_info("routes are current", LOG_U("routes", routes_count(r->routes)));
    else
        log_warn("the controller's routes are lost, the last ones stay in use", LOG_ERR(why));
}

static void on_upstream(const char *instance_id, bool is_up, void *user)
{
    struct router *r = user;

    metric_set(r->stats.upstreams, (double)upstreams_count(r->upstreams));
    if (!is_up)
        metric_inc(r->stats.upstreams_lost);
    else if (routes_find_instance(r->routes, instance_id))
        upstreams_know(r->upstreams, instance_id);
    proxy_upstream_changed(r->proxy);
}

/* ---- who may ---- */

static bool may_call(const struct router *r, uid_t uid)
{
    if (uid == 0 || uid == geteuid())
        return true;
    for (size_t i = 0; i < r->opts.n_client_uids; i++)
        if (uid == r->opts.client_uids[i])
            return true;
    return false;
}

static int on_call(struct rpc_call *call, void *user, struct err *err)
{
    const struct rpc_peer *peer = rpc_call_peer(call);
    struct router *r = user;

    if (!peer->has_uid && r->token.path &&
        !token_is(&r->token, rpc_metadata_get(rpc_call_headers(call), "authorization"),
                  loop_now_ms(r->loop)))
        return err_set(err, RPC_UNAUTHENTICATED, "Unauthenticated",
                       "this router takes calls with its bearer token only: send "
                       "\"authorization: Bearer …\"");
    if (!peer->has_uid || may_call(user, peer->uid))
        return 0;
    return err_set(err, RPC_PERMISSION_DENIED, "PeerRefused",
                   "user %u may not call the router: start it with --client-uid %u",
                   (unsigned)peer->uid, (unsigned)peer->uid);
}

static void on_other(int fd, const uint8_t *data, size_t n, void *user)
{
    struct router *r = user;
    uid_t uid;

    if (fd_peer_cred(fd, NULL, &uid, NULL, NULL) == 0 && uid != (uid_t)-1 && !may_call(r, uid))
        (void)close(fd);
    else
        admin_take(fd, data, n, r->admin);
}

static int is_healthy(void *user, struct err *err)
{
    struct router *r = user;

    if (r->is_draining)
        return err_set(err, RPC_UNAVAILABLE, "Draining", "the router is stopping");
    if (!routes_was_synced(r->routes))
        return err_set(err, RPC_UNAVAILABLE, "ControllerUnavailable",
                       "no routes from the controller at %s yet", r->opts.controller);
    return 0;
}

/* ---- making it ---- */

static int own_socket(const char *path, const struct router_opts *opts, struct err *err)
{
    if (geteuid() == 0 && opts->n_client_uids > 0 &&
        lchown(path, opts->client_uids[0], (gid_t)-1) < 0)
        return err_errno(err, errno, "giving %s to user %u", path, (unsigned)opts->client_uids[0]);
    return 0;
}

static int listen_clients(struct router *r, struct err *err)
{
    const struct rpc_listen_opts opts = {.on_other = on_other, .user = r};

    if (rpc_server_listen(r->server, r->opts.listen, &opts, r->address, err) < 0)
        return -1;
    if (strncmp(r->opts.listen, "unix:", 5) == 0)
        return own_socket(r->opts.listen + 5, &r->opts, err);
    return 0;
}

static int listen_node(struct router *r, struct err *err)
{
    int fd;

    if (!*r->opts.fds_path)
        return 0;
    fd = handover_listen(r->opts.fds_path, err);
    return fd < 0 ? -1 : upstreams_listen(r->upstreams, fd, err);
}

/* What agents serve behind us. */
static const struct rpc_service_desc *const proxied[] = {&agentsandbox_v1_exec_service,
                                                         &agentsandbox_v1_stream_service, NULL};

static void on_channel(struct rpc_channel *ch, void *user)
{
    struct router *r = user;
    struct err err;

    if (rpc_observe_channel(r->observer, ch, &err) < 0)
        log_warn("a connection is not observed, ignoring", LOG_ERR(&err));
    if (r->channelz)
        rpc_channelz_add_channel(r->channelz, ch);
}

static int observe(struct router *r, struct err *err)
{
    if (rpc_observe_server(r->observer, r->server, err) < 0)
        return -1;
    if (r->opts.shows_channels && rpc_channelz_new(&r->channelz, r->server, "clients", err) < 0)
        return -1;
    on_channel(routes_channel(r->routes), r);
    return rpc_observe_proxied(r->observer, proxied, err);
}

static int make_server(struct router *r, struct err *err)
{
    /* What can be called here: our own, and what agents serve. */
    static const struct rpc_service_desc *const services[] = {
        &grpc_health_v1_health, &agentsandbox_v1_exec_service, &agentsandbox_v1_stream_service,
        NULL};
    static const struct rpc_service_desc *const services_and_channelz[] = {
        &grpc_health_v1_health, &agentsandbox_v1_exec_service, &agentsandbox_v1_stream_service,
        &grpc_channelz_v1_channelz, NULL};
    const struct rpc_server_opts opts = {.on_call = on_call, .user = r};
    const struct admin_opts admin = {.metrics = r->metrics, .is_healthy = is_healthy, .user = r};

    if (rpc_server_new(&r->server, r->loop, &opts, err) < 0 ||
        rpc_health_new(&r->health, r->server, err) < 0 ||
        rpc_reflection_register(
            r->server, r->opts.shows_channels ? services_and_channelz : services, err) < 0 ||
        observe(r, err) < 0 || admin_new(&r->admin, r->loop, &admin, err) < 0)
        return -1;
    rpc_server_handle_rest_raw(r->server, proxy_handle, r->proxy);
    return 0;
}

static int make_parts(struct router *r, struct err *err)
{
    const struct routes_opts routes = {.controller = {.target = r->opts.controller,
                                                      .ca_file = r->opts.controller_ca,
                                                      .token_file = r->opts.controller_token},
                                       .on_route = on_route,
                                       .on_watch = on_watch,
                                       .user = r};
    const struct upstreams_opts upstreams = {
        .on_change = on_upstream, .on_channel = on_channel, .user = r};
    struct rpc_observer_opts observer = {.traces = true};
    struct proxy_opts proxy = r->opts.waits;

    if (metrics_new(&r->metrics, err) < 0 || stats_init(&r->stats, r->metrics, err) < 0 ||
        admin_add_process_metrics(r->metrics, "router", ROUTER_VERSION, err) < 0)
        return -1;
    observer.metrics = r->metrics;
    if (rpc_observer_new(&r->observer, &observer, err) < 0 ||
        routes_new(&r->routes, r->loop, &routes, err) < 0 ||
        upstreams_new(&r->upstreams, r->loop, &upstreams, err) < 0)
        return -1;
    proxy.routes = r->routes;
    proxy.upstreams = r->upstreams;
    proxy.stats = &r->stats;
    proxy.hides_authorization = r->opts.token_file != NULL;
    return proxy_new(&r->proxy, r->loop, &proxy, err);
}

int router_new(struct router **ret, struct loop *loop, const struct router_opts *opts,
               struct err *err)
{
    _cleanup_(router_freep) struct router *r = calloc(1, sizeof(*r));

    if (!r)
        return err_oom(err);
    r->loop = loop;
    r->opts = *opts;
    if (opts->token_file && token_init(&r->token, opts->token_file, loop_now_ms(loop), err) < 0)
        return -1;
    if (make_parts(r, err) < 0 || make_server(r, err) < 0 || listen_clients(r, err) < 0 ||
        listen_node(r, err) < 0)
        return -1;
    *ret = TAKE_PTR(r);
    return 0;
}

int router_start(struct router *r, struct err *err)
{
    return routes_start(r->routes, err);
}

const char *router_address(const struct router *r)
{
    return r->address;
}

static void on_drained(struct rpc_server *s, void *user)
{
    struct router *r = user;

    (void)s;
    r->on_drained(r->on_drained_user);
}

void router_drain(struct router *r, uint64_t deadline_ms, void (*fn)(void *user), void *user)
{
    r->is_draining = true;
    r->on_drained = fn;
    r->on_drained_user = user;
    rpc_health_shutdown(r->health);
    rpc_server_drain(r->server, deadline_ms, on_drained, r);
}

/* The server goes first: its calls end while all that they use is there. */
void router_free(struct router *r)
{
    if (!r)
        return;
    rpc_server_free(r->server);
    rpc_health_free(r->health);
    rpc_channelz_free(r->channelz);
    admin_free(r->admin);
    upstreams_free(r->upstreams);
    routes_free(r->routes);
    proxy_free(r->proxy);
    rpc_observer_free(r->observer);
    metrics_free(r->metrics);
    token_done(&r->token);
    free(r);
}
