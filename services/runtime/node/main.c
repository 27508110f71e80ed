/* sandbox-runtime: subcommands. The agent is a program of its own (sandbox-agent), static for use
 * inside sandboxes. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/base/optval.h"
#include "lib/loop/ends.h"
#include "services/runtime/monitor/monitor.h"
#include "services/runtime/node/doctor.h"
#include "services/runtime/node/image_import.h"
#include "services/runtime/node/node.h"

static const char HELP[] = "Usage: sandbox-runtime COMMAND [OPTION]...\n"
                           "\n"
                           "Makes sandboxes on this machine.\n"
                           "\n"
                           "Commands:\n"
                           "  node      serve NodeService: make, watch and remove sandboxes\n"
                           "  doctor    say what this host can do\n"
                           "  monitor   stand beside one sandbox (started by node)\n"
                           "  agent     run sandbox-agent, the program inside a sandbox\n"
                           "  version   print the version\n"
                           "\n"
                           "`sandbox-runtime COMMAND --help` says more.\n";

static const char NODE_HELP[] =
    "Usage: sandbox-runtime node [OPTION]...\n"
    "\n"
    "Serves NodeService to the controller's user and root. Sandboxes outlive the node; the next start finds them.\n"
    "\n"
    "  --listen unix:PATH      where to serve (unix:/run/agent-sandbox/node.sock)\n"
    "  --router-fds PATH       socket of the router for data connections (/run/agent-sandbox/router-fds.sock; none: \"\")\n"
    "  --state-dir DIR         records of sandboxes (/var/lib/agent-sandbox/node)\n"
    "  --run-dir DIR           sockets of sandboxes; short (/run/agent-sandbox/node)\n"
    "  --cache-dir DIR         images (/var/cache/agent-sandbox)\n"
    "  --agent FILE            the static agent (sandbox-agent beside this program)\n"
    "  --controller-uid UID    who else than root may ask (0)\n"
    "  --max-creating N        sandboxes started at the same time (one per CPU, at least 2)\n"
    "  --ephemeral             at the end remove all sandboxes and the node's own folders\n"
    "  --lifeline-fd N         end-of-file there ends the node\n"
    "  --log-level LEVEL       debug, info, warn, error (info)\n"
    "  --log-format FORMAT     kv, json (kv)\n"
    "\n"
    "Examples:\n"
    "  sandbox-runtime node\n"
    "  sandbox-runtime node --listen unix:/tmp/n/node.sock --state-dir /tmp/n/state --run-dir /tmp/n/run \\\n"
    "      --cache-dir /tmp/n/cache --ephemeral\n";

struct node_main {
    struct node_opts opts;
    enum log_level level;
    enum log_format format;
    char agent[PATH_MAX];
    struct loop *loop;
    struct node node;
};

/* ---- options ---- */

static int usage(const char *what)
{
    (void)fprintf(stderr, "sandbox-runtime: %s; see --help\n", what);
    return -1;
}

static int take_option(struct node_main *m, int c, const char *arg)
{
    struct err err = {0};
    uint64_t v = 0;
    int word = 0, r = 0;

    switch (c) {
    case 'l':
        m->opts.listen = arg;
        return 0;
    case 'f':
        m->opts.router_fds = *arg ? arg : NULL;
        return 0;
    case 's':
        m->opts.state_dir = arg;
        return 0;
    case 'r':
        m->opts.run_dir = arg;
        return 0;
    case 'c':
        m->opts.cache_dir = arg;
        return 0;
    case 'a':
        m->opts.agent = arg;
        return 0;
    case 'e':
        m->opts.ephemeral = true;
        return 0;
    case 'u':
        r = optval_id("controller-uid", arg, &m->opts.controller_uid, &err);
        break;
    case 'm':
        r = optval_u64("max-creating", arg, 0, 64, "0 to 64", &v, &err);
        m->opts.max_creating = (int)v;
        break;
    case 'L':
        r = optval_fd("lifeline-fd", arg, &m->opts.lifeline_fd, &err);
        break;
    case 'v':
        r = optval_word("log-level", arg, log_level_parse, "debug, info, warn or error", &word,
                        &err);
        m->level = (enum log_level)word;
        break;
    case 'F':
        r = optval_word("log-format", arg, log_format_parse, "kv or json", &word, &err);
        m->format = (enum log_format)word;
        break;
    default:
        return -1;
    }
    return r < 0 ? usage(err.msg) : 0;
}

/* 0: go on; 1: help was shown; < 0: wrong use. */
static int parse_options(struct node_main *m, int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"listen", required_argument, NULL, 'l'},
        {"router-fds", required_argument, NULL, 'f'},
        {"state-dir", required_argument, NULL, 's'},
        {"run-dir", required_argument, NULL, 'r'},
        {"cache-dir", required_argument, NULL, 'c'},
        {"agent", required_argument, NULL, 'a'},
        {"controller-uid", required_argument, NULL, 'u'},
        {"max-creating", required_argument, NULL, 'm'},
        {"ephemeral", no_argument, NULL, 'e'},
        {"lifeline-fd", required_argument, NULL, 'L'},
        {"log-level", required_argument, NULL, 'v'},
        {"log-format", required_argument, NULL, 'F'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "h", OPTIONS, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(NODE_HELP, stdout);
            return 1;
        }
        if (take_option(m, c, optarg) < 0)
            return -1;
    }
    if (optind < argc)
        return usage("node takes no arguments");
    return 0;
}

static int path_beside_self(const char *name, char ret[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);
    char *slash;

    if (n <= 0)
        return -1;
    ret[n] = '\0';
    slash = strrchr(ret, '/');
    if (!slash || snprintf(slash + 1, (size_t)(PATH_MAX - (slash + 1 - ret)), "%s", name) >=
                      PATH_MAX - (slash + 1 - ret))
        return -1;
    return 0;
}

/* ---- node ---- */

static void node_stopped(struct node *n, void *user)
{
    struct node_main *m = user;

    (void)n;
    loop_stop(m->loop);
}

static void stop(const char *why, bool is_again _unused_, void *user)
{
    struct node_main *m = user;

    log_info("stopping", LOG_S("why", why));
    node_stop(&m->node, node_stopped, m);
}

static int serve(struct node_main *m, struct err *err)
{
    struct ends ends = {0};
    int r;

    (void)signal(SIGPIPE, SIG_IGN);
    fd_raise_limit(); /* four descriptors per sandbox */
    r = node_start(&m->node, m->loop, &m->opts, err);
    if (r == 0)
        r = ends_watch(&ends, m->loop, m->opts.lifeline_fd, stop, m, err);
    if (r == 0) {
        (void)malloc_trim(0); /* what the start needed once */
        loop_run(m->loop);
    }
    ends_done(&ends);
    if (m->node.loop)
        node_done(&m->node);
    return r;
}

static int node_main(int argc, char **argv)
{
    static struct node_main m;
    struct err err = {0};
    int r;

    m = (struct node_main){
        .opts = {.listen = "unix:/run/agent-sandbox/node.sock",
                 .router_fds = "/run/agent-sandbox/router-fds.sock",
                 .state_dir = "/var/lib/agent-sandbox/node",
                 .run_dir = "/run/agent-sandbox/node",
                 .cache_dir = "/var/cache/agent-sandbox",
                 .lifeline_fd = -1},
        .level = LOG_INFO,
    };
    r = parse_options(&m, argc, argv);
    if (r != 0)
        return r > 0 ? 0 : 2;
    if (!m.opts.agent) {
        if (path_beside_self("sandbox-agent", m.agent) < 0)
            return usage("--agent is needed"), 2;
        m.opts.agent = m.agent;
    }
    log_init("node", m.level, m.format, 2);
    (void)umask(022);
    if (loop_new(&m.loop, &err) < 0 || serve(&m, &err) < 0) {
        log_error("node cannot serve", LOG_ERR(&err));
        loop_free(m.loop);
        return 1;
    }
    loop_free(m.loop);
    return 0;
}

/* ---- small ones ---- */

/* The folder itself stays: the node moves more into it meanwhile. */
static int empty_folder(const char *path, struct err *err)
{
    DIR *d = opendir(path);
    struct dirent *e;
    int r = 0;

    if (!d)
        return err_errno(err, errno, "opening %s", path);
    while ((e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            fd_rm_tree(dirfd(d), e->d_name, err) < 0)
            r = -1;
    (void)closedir(d);
    return r;
}

/* The node's broom, as a child process: trees may be large and a removal blocks. */
static int sweep_main(int argc, char **argv)
{
    static const struct option OPTIONS[] = {{"store", required_argument, NULL, 's'},
                                            {"trash", required_argument, NULL, 't'},
                                            {NULL, 0, NULL, 0}};
    const char *store = NULL, *trash = NULL;
    struct err err = {0};
    int c, r = 0;

    while ((c = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        if (c == 's')
            store = optarg;
        else if (c == 't')
            trash = optarg;
        else
            return 2;
    }
    if (trash && empty_folder(trash, &err) < 0)
        r = 1;
    if (store && image_sweep(store, &err) < 0)
        r = 1;
    if (r)
        (void)fprintf(stderr, "sweep: %s\n", err.msg);
    return r;
}

static int agent_main(char **argv)
{
    char path[PATH_MAX];

    if (path_beside_self("sandbox-agent", path) == 0)
        (void)execv(path, argv);
    (void)fprintf(stderr, "sandbox-runtime: sandbox-agent is not beside this program: %s\n",
                  strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";

    if (strcmp(command, "node") == 0)
        return node_main(argc - 1, argv + 1);
    if (strcmp(command, "monitor") == 0)
        return monitor_main(argc - 1, argv + 1);
    if (strcmp(command, "doctor") == 0)
        return doctor_main(argc - 1, argv + 1);
    if (strcmp(command, "image-import") == 0)
        return image_import_main(argc - 1, argv + 1);
    if (strcmp(command, "sweep") == 0)
        return sweep_main(argc - 1, argv + 1);
    if (strcmp(command, "agent") == 0)
        return agent_main(argv + 1);
    if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0)
        return puts("sandbox-runtime " NODE_VERSION) < 0;
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ||
        strcmp(command, "help") == 0)
        return fputs(HELP, stdout) < 0;
    if (*command)
        (void)fprintf(stderr, "sandbox-runtime: no command \"%s\"\n", command);
    (void)fputs(HELP, stderr);
    return 2;
}
