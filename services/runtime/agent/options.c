#include "services/runtime/agent/options.h"

#include <getopt.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/optval.h"

enum { OPT_CONTROL = 256, OPT_DATA, OPT_LISTEN, OPT_CWD, OPT_USER, OPT_LEVEL, OPT_FORMAT };

const char options_help[] =
    "Usage: sandbox-agent [agent] [FLAGS] [-- COMMAND [ARG…]]\n"
    "The first process of a sandbox: runs COMMAND, reaps, and serves commands (ExecService) and\n"
    "streams (StreamService) to the router, probes (AgentService) to the node.\n"
    "\n"
    "  --control SOCKET      dial this unix socket and serve AgentService on it\n"
    "  --data SOCKET         dial this unix socket and serve ExecService and StreamService on it\n"
    "  --listen ADDR:PORT    serve ExecService, StreamService and HTTP GET / on this TCP address\n"
    "  --user UID[:GID]      whom commands run as (default 1000:1000; not root: the agent's own user)\n"
    "  --cwd DIR             where commands start (default: the agent's working folder)\n"
    "  --log-level LEVEL     debug, info, warn or error (default info)\n"
    "  --log-format FORMAT   kv or json (default kv)\n"
    "  --help, --version\n"
    "\n"
    "Examples:\n"
    "  sandbox-agent --listen 0.0.0.0:8888\n"
    "  sandbox-agent --control /run/c.sock --data /run/d.sock --user 1000:1000 -- python3 app.py\n";

static const struct option flags[] = {
    {"control", required_argument, NULL, OPT_CONTROL},
    {"data", required_argument, NULL, OPT_DATA},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"cwd", required_argument, NULL, OPT_CWD},
    {"user", required_argument, NULL, OPT_USER},
    {"log-level", required_argument, NULL, OPT_LEVEL},
    {"log-format", required_argument, NULL, OPT_FORMAT},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static int take_flag(int flag, const char *value, struct options *o, struct err *err)
{
    switch (flag) {
    case OPT_CONTROL:
        o->control = value;
        return 0;
    case OPT_DATA:
        o->data = value;
        return 0;
    case OPT_LISTEN:
        o->listen = value;
        return 0;
    case OPT_CWD:
        o->cwd = value;
        return value[0] == '/' ? 0 : optval_bad("cwd", value, "an absolute path", err);
    case OPT_USER:
        o->has_user = true;
        return optval_user("user", value, &o->uid, &o->gid, err);
    case OPT_LEVEL:
        return optval_word("log-level", value, log_level_parse, "debug, info, warn or error",
                           &o->log_level, err);
    case OPT_FORMAT:
        return optval_word("log-format", value, log_format_parse, "kv or json", &o->log_format,
                           err);
    case 'h':
        o->is_help = true;
        return 0;
    case 'V':
        o->is_version = true;
        return 0;
    }
    return -1;
}

static int parse_flags(int argc, char *const *argv, struct options *o, struct err *err)
{
    int at, flag;

    optind = 0; /* getopt(3), glibc: start anew */
    opterr = 0;
    while ((at = optind ? optind : 1, flag = getopt_long(argc, argv, "+:hV", flags, NULL)) != -1) {
        if (flag == ':' || flag == '?')
            return optval_unknown(argv, at, err);
        if (take_flag(flag, optarg, o, err) < 0)
            return -1;
    }
    return optind;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* How many words of argv say "this agent"; 0: it is another program. */
static int self_words(int argc, char *const *argv)
{
    const char *name = argc > 0 ? base_name(argv[0]) : "";
    bool sub = argc > 1 && strcmp(argv[1], "agent") == 0;

    if (strcmp(name, "sandbox-agent") == 0)
        return sub ? 2 : 1;
    return strcmp(name, "sandbox-runtime") == 0 && sub ? 2 : 0;
}

/* Pid 1 is the agent already: of a second one inside only its --listen counts. */
static int take_over(int argc, char *const *argv, struct options *o, struct err *err)
{
    int skip = self_words(argc, argv);
    struct options inner = {.log_level = LOG_INFO};

    if (skip == 0)
        return 0;
    if (parse_flags(argc - skip + 1, argv + skip - 1, &inner, err) < 0)
        return err_wrap(err, "the container's command");
    if (inner.listen)
        o->listen = inner.listen;
    o->argv = NULL;
    return 0;
}

int options_parse(int argc, char *const *argv, struct options *ret, struct err *err)
{
    struct options o = {.log_level = LOG_INFO, .log_format = LOG_FORMAT_KV};
    int skip = argc > 1 && strcmp(argv[1], "agent") == 0 ? 1 : 0, at;

    at = parse_flags(argc - skip, argv + skip, &o, err);
    if (at < 0)
        return -1;
    at += skip;
    if (at < argc) {
        o.argv = (const char *const *)argv + at;
        if (take_over(argc - at, argv + at, &o, err) < 0)
            return -1;
    }
    if (!o.control && !o.data && !o.listen && !o.argv && !o.is_help && !o.is_version)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                       "nothing to do: give --listen, --control, --data or a command; see --help");
    *ret = o;
    return 0;
}
