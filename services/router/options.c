#include "services/router/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/optval.h"

const char options_help[] =
    "Usage: sandbox-router [OPTION…]\n"
    "The door to sandboxes: passes gRPC calls on to the sandbox that their metadata names.\n"
    "\n"
    "  --listen ADDRESS       where clients call: unix:PATH or IP:PORT    (unix:/run/agent-sandbox/router.sock)\n"
    "  --fds PATH             where the node hands over connections; '': no node  (/run/agent-sandbox/router-fds.sock)\n"
    "  --controller TARGET    the controller's RouteService               (unix:/run/agent-sandbox/routes.sock)\n"
    "  --controller-ca FILE   TLS to the controller, whose certificate these authorities signed\n"
    "  --controller-token-file FILE   the bearer token that it is asked with; read anew as it changes\n"
    "  --token-file FILE      the bearer token that clients over TCP must show; read anew as it changes\n"
    "  --user UID[:GID]       become this user once the sockets are bound\n"
    "  --client-uid UID       who may call besides root and the router itself; the first one given owns\n"
    "                         the socket; may be repeated, at most 8\n"
    "  --insecure             allow --listen on TCP without --token-file: everybody may call\n"
    "  --channelz             show connections to who may call (grpc.channelz.v1)\n"
    "  --lifeline-fd N        shut down cleanly when this descriptor reaches its end of file\n"
    "  --log-level LEVEL      debug, info, warn or error                  (info)\n"
    "  --log-format FORMAT    kv or json                                  (kv)\n"
    "  --help, --version\n"
    "\n"
    "Examples:\n"
    "  sandbox-router --user 970 --client-uid 1000\n"
    "  sandbox-router --listen unix:/tmp/r/router.sock --fds /tmp/r/fds.sock --controller unix:/tmp/r/routes.sock\n"
    "  grpcurl -plaintext -unix -H 'x-sandbox-id: web-1' /run/agent-sandbox/router.sock agentsandbox.v1.ExecService/List\n"
    "  curl --unix-socket /run/agent-sandbox/router.sock http://router/metrics\n";

enum option_id {
    OPT_LISTEN = 256,
    OPT_FDS,
    OPT_CONTROLLER,
    OPT_CONTROLLER_CA,
    OPT_CONTROLLER_TOKEN,
    OPT_TOKEN,
    OPT_USER,
    OPT_CLIENT_UID,
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
    {"fds", required_argument, NULL, OPT_FDS},
    {"controller", required_argument, NULL, OPT_CONTROLLER},
    {"controller-ca", required_argument, NULL, OPT_CONTROLLER_CA},
    {"controller-token-file", required_argument, NULL, OPT_CONTROLLER_TOKEN},
    {"token-file", required_argument, NULL, OPT_TOKEN},
    {"user", required_argument, NULL, OPT_USER},
    {"client-uid", required_argument, NULL, OPT_CLIENT_UID},
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
    struct router_opts *r = &o->router;

    if (r->n_client_uids == ROUTER_MAX_CLIENTS)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage", "--client-uid: at most %d times",
                       ROUTER_MAX_CLIENTS);
    return optval_id("client-uid", value, &r->client_uids[r->n_client_uids++], err);
}

static int read_option(struct options *o, int id, const char *value, struct err *err)
{
    int word = 0, r = 0;

    switch (id) {
    case OPT_LISTEN:
        o->router.listen = value;
        break;
    case OPT_FDS:
        o->router.fds_path = value;
        break;
    case OPT_CONTROLLER:
        o->router.controller = value;
        break;
    case OPT_CONTROLLER_CA:
        o->router.controller_ca = value;
        break;
    case OPT_CONTROLLER_TOKEN:
        o->router.controller_token = value;
        break;
    case OPT_TOKEN:
        o->router.token_file = value;
        break;
    case OPT_USER:
        o->has_user = true;
        return optval_user("user", value, &o->uid, &o->gid, err);
    case OPT_CLIENT_UID:
        return read_client(o, value, err);
    case OPT_INSECURE:
        o->is_insecure = true;
        break;
    case OPT_CHANNELZ:
        o->router.shows_channels = true;
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
    const struct router_opts *r = &o->router;

    if (strncmp(r->listen, "unix:", 5) != 0 && !r->token_file && !o->is_insecure)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                       "--listen %s: over TCP nobody is asked who he is: use unix:PATH, give "
                       "--token-file, or say --insecure too",
                       r->listen);
    if (r->controller_token && !r->controller_ca && strncmp(r->controller, "unix:", 5) != 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                       "--controller-token-file: the token would go to %s in plain text: give "
                       "--controller-ca too",
                       r->controller);
    return 0;
}

int options_read(struct options *ret, int argc, char *const *argv, struct err *err)
{
    struct options o = {
        .router = {.listen = "unix:/run/agent-sandbox/router.sock",
                   .fds_path = "/run/agent-sandbox/router-fds.sock",
                   .controller = "unix:/run/agent-sandbox/routes.sock"},
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
