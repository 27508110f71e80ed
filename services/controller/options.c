#include "services/controller/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/optval.h"

const char options_help[] =
    "Usage: sandbox-controller [OPTION…]\n"
    "       sandbox-controller kubernetes [FLAG…]     on a cluster: see its own --help\n"
    "Owns claims, warm pools, templates and sandboxes of one machine.\n"
    "\n"
    "  --listen ADDRESS          clients: unix:PATH or IP:PORT    (unix:/run/agent-sandbox/controller.sock)\n"
    "  --routes-listen ADDRESS   the router: unix:PATH            (unix:/run/agent-sandbox/routes.sock)\n"
    "  --node TARGET             the maker of sandboxes           (unix:/run/agent-sandbox/node.sock)\n"
    "  --state-dir DIR           where the database is            (/var/lib/agent-sandbox/controller)\n"
    "  --user UID[:GID]          become this user once the sockets are bound\n"
    "  --client-uid UID          who may call besides root and the controller itself; the first one\n"
    "                            given owns the socket; may be repeated, at most 8\n"
    "  --router-uid UID          who may ask for routes, and owns that socket\n"
    "  --pod-cidr RANGE          addresses of sandboxes           (10.97.0.0/16)\n"
    "  --max-starting N          sandboxes started at once        (4)\n"
    "  --sandbox-warm-pool-readiness-grace-period DURATION\n"
    "                            a pool member that is not ready so long is replaced  (5m)\n"
    "  --insecure                allow --listen on TCP, where everybody may call\n"
    "  --channelz                show connections to who may call (grpc.channelz.v1)\n"
    "  --lifeline-fd N           shut down cleanly when this descriptor reaches its end of file\n"
    "  --log-level LEVEL         debug, info, warn or error       (info)\n"
    "  --log-format FORMAT       kv or json                       (kv)\n"
    "  --help, --version\n"
    "\n"
    "Examples:\n"
    "  sandbox-controller --user 971 --client-uid 1000 --router-uid 970\n"
    "  sandbox-controller --listen unix:/tmp/r/c.sock --routes-listen unix:/tmp/r/routes.sock \\\n"
    "      --node unix:/tmp/r/node.sock --state-dir /tmp/s\n"
    "  grpcurl -plaintext -unix /run/agent-sandbox/controller.sock agentsandbox.v1.ClaimService/ListClaims\n"
    "  curl --unix-socket /run/agent-sandbox/controller.sock http://controller/metrics\n";

enum option_id {
    OPT_LISTEN = 256,
    OPT_ROUTES,
    OPT_NODE,
    OPT_STATE,
    OPT_USER,
    OPT_CLIENT_UID,
    OPT_ROUTER_UID,
    OPT_CIDR,
    OPT_STARTING,
    OPT_GRACE,
    OPT_INSECURE,
    OPT_CHANNELZ,
    OPT_LIFELINE,
    OPT_LOG_LEVEL,
    OPT_LOG_FORMAT,
    OPT_HELP,
    OPT_VERSION,
};

static const struct option long_options[] = {
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"routes-listen", required_argument, NULL, OPT_ROUTES},
    {"node", required_argument, NULL, OPT_NODE},
    {"state-dir", required_argument, NULL, OPT_STATE},
    {"user", required_argument, NULL, OPT_USER},
    {"client-uid", required_argument, NULL, OPT_CLIENT_UID},
    {"router-uid", required_argument, NULL, OPT_ROUTER_UID},
    {"pod-cidr", required_argument, NULL, OPT_CIDR},
    {"max-starting", required_argument, NULL, OPT_STARTING},
    {"sandbox-warm-pool-readiness-grace-period", required_argument, NULL, OPT_GRACE},
    {"insecure", no_argument, NULL, OPT_INSECURE},
    {"channelz", no_argument, NULL, OPT_CHANNELZ},
    {"lifeline-fd", required_argument, NULL, OPT_LIFELINE},
    {"log-level", required_argument, NULL, OPT_LOG_LEVEL},
    {"log-format", required_argument, NULL, OPT_LOG_FORMAT},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {0},
};

static int read_client(struct options *o, const char *value, struct err *err)
{
    if (o->n_client_uids == OPTIONS_MAX_UIDS)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage", "--client-uid: at most %d times",
                       OPTIONS_MAX_UIDS);
    return optval_id("client-uid", value, &o->client_uids[o->n_client_uids++], err);
}

/* "5m", "90s", "300" (seconds). */
static int read_duration(const char *option, const char *value, uint32_t *ret_s, struct err *err)
{
    size_t n = strlen(value);
    uint64_t unit = 1, count;
    char digits[16];

    if (n > 0 && (value[n - 1] == 's' || value[n - 1] == 'm' || value[n - 1] == 'h')) {
        unit = value[n - 1] == 'h' ? 3600 : value[n - 1] == 'm' ? 60 : 1;
        n--;
    }
    if (n >= sizeof(digits))
        return optval_bad(option, value, "a duration such as 5m or 90s", err);
    (void)snprintf(digits, sizeof(digits), "%.*s", (int)n, value);
    if (bytes_parse_u64(digits, 1, 1000000, &count) < 0)
        return optval_bad(option, value, "a duration such as 5m or 90s", err);
    *ret_s = (uint32_t)(count * unit);
    return 0;
}

static int read_option(struct options *o, int id, const char *value, struct err *err)
{
    uint64_t n = 0;
    int word = 0, r = 0;

    switch (id) {
    case OPT_LISTEN:
        o->listen = value;
        break;
    case OPT_ROUTES:
        o->routes_listen = value;
        break;
    case OPT_NODE:
        o->node = value;
        break;
    case OPT_STATE:
        o->state_dir = value;
        break;
    case OPT_USER:
        o->has_user = true;
        return optval_user("user", value, &o->uid, &o->gid, err);
    case OPT_CLIENT_UID:
        return read_client(o, value, err);
    case OPT_ROUTER_UID:
        o->has_router_uid = true;
        return optval_id("router-uid", value, &o->router_uid, err);
    case OPT_CIDR:
        o->pod_cidr = value;
        break;
    case OPT_STARTING:
        r = optval_u64("max-starting", value, 1, 1000, "1 to 1000", &n, err);
        o->max_starting = (uint32_t)n;
        break;
    case OPT_GRACE:
        return read_duration("sandbox-warm-pool-readiness-grace-period", value,
                             &o->readiness_grace_s, err);
    case OPT_INSECURE:
        o->is_insecure = true;
        break;
    case OPT_CHANNELZ:
        o->shows_channels = true;
        break;
    case OPT_LIFELINE:
        return optval_fd("lifeline-fd", value, &o->lifeline_fd, err);
    case OPT_LOG_LEVEL:
        r = optval_word("log-level", value, log_level_parse, "debug, info, warn or error", &word,
                        err);
        o->log_level = (enum log_level)word;
        break;
    case OPT_LOG_FORMAT:
        r = optval_word("log-format", value, log_format_parse, "kv or json", &word, err);
        o->log_format = (enum log_format)word;
        break;
    case OPT_HELP:
        return OPTIONS_HELP;
    case OPT_VERSION:
        return OPTIONS_VERSION;
    }
    return r;
}

static int check(const struct options *o, struct err *err)
{
    if (strncmp(o->routes_listen, "unix:", 5) != 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                       "--routes-listen %s: routes are for the router alone: use unix:PATH",
                       o->routes_listen);
    if (strncmp(o->listen, "unix:", 5) != 0 && !o->is_insecure)
        return err_set(
            err, RPC_INVALID_ARGUMENT, "BadUsage",
            "--listen %s: over TCP nobody is asked who he is: use unix:PATH, or say --insecure too",
            o->listen);
    return 0;
}

int options_read(struct options *ret, int argc, char *const *argv, struct err *err)
{
    struct options o = {
        .listen = "unix:/run/agent-sandbox/controller.sock",
        .routes_listen = "unix:/run/agent-sandbox/routes.sock",
        .node = "unix:/run/agent-sandbox/node.sock",
        .state_dir = "/var/lib/agent-sandbox/controller",
        .lifeline_fd = -1,
        .log_level = LOG_INFO,
        .log_format = LOG_FORMAT_KV,
    };
    int id, r;

    opterr = 0;
    optind = 0; /* glibc: begin anew, tests read several command lines */
    while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (id == '?')
            return optval_unknown(argv, optind - 1, err);
        r = read_option(&o, id, optarg, err);
        if (r != 0)
            return r;
    }
    if (optind < argc)
        return optval_left_over(argv, optind, err);
    if (check(&o, err) < 0)
        return -1;
    *ret = o;
    return 0;
}
