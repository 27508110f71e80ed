/* run and exec: a command in a sandbox, as if it ran here. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "cli/attach.h"
#include "cli/bootstrap.h"
#include "cli/claims.h"
#include "cli/private.h"
#include "cli/term.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"

enum { RUN_WAIT_MS = 120000, RUN_KEEP_S = 30, RUN_ENV_MAX = OPT_LIST_MAX };

/* What run and exec have in common. */
struct command_opts {
    bool is_stdin, is_terminal;
    struct opt_list env;
    const char *cwd, *user;
};

#define COMMAND_OPTS(o)                                                                            \
    {"stdin", 'i', OPT_FLAG, &(o)->is_stdin, NULL, "send our standard input"},                     \
        {"tty", 't', OPT_FLAG, &(o)->is_terminal, NULL, "a terminal; ours is put into raw mode"},  \
        {"env", 'e', OPT_LIST, &(o)->env, "NAME=VALUE", "set a variable for the command"},         \
        {"cwd", 'C', OPT_TEXT, &(o)->cwd, "DIR", "start it in this folder of the sandbox"},        \
    {                                                                                              \
        "user", 'u', OPT_TEXT, &(o)->user, "UID[:GID]", "run it as this user of the sandbox"       \
    }

/* ---- the command as a message ---- */

struct command_msg {
    Agentsandbox__V1__StartRequest start;
    Agentsandbox__V1__Command command;
    Agentsandbox__V1__TerminalSize size;
    Google__Protobuf__Duration keep, timeout;
    Agentsandbox__V1__Command__EnvEntry env[RUN_ENV_MAX];
    Agentsandbox__V1__Command__EnvEntry *env_ptrs[RUN_ENV_MAX];
    char *env_text[RUN_ENV_MAX];
    char request_id[37];
};

static void command_done(struct command_msg *m)
{
    for (size_t i = 0; i < m->command.n_env; i++)
        free(m->env_text[i]);
}

static int command_add_env(struct command_msg *m, const char *pair, struct err *err)
{
    const char *eq = strchr(pair, '=');
    size_t i = m->command.n_env;

    if (!eq || eq == pair)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage", "--env %.60s: write it as NAME=VALUE",
                       pair);
    m->env_text[i] = strdup(pair);
    if (!m->env_text[i])
        return err_oom(err);
    m->env_text[i][eq - pair] = 0;
    agentsandbox__v1__command__env_entry__init(&m->env[i]);
    m->env[i].key = m->env_text[i];
    m->env[i].value = m->env_text[i] + (eq - pair) + 1;
    m->env_ptrs[i] = &m->env[i];
    m->command.n_env++;
    return 0;
}

/* One word is a line for the shell, several are the argument vector. */
static int command_init(struct command_msg *m, const struct command_opts *o, uint64_t timeout_ms,
                        int argc, char **argv, struct err *err)
{
    memset(m, 0, sizeof(*m));
    agentsandbox__v1__start_request__init(&m->start);
    agentsandbox__v1__command__init(&m->command);
    agentsandbox__v1__terminal_size__init(&m->size);
    google__protobuf__duration__init(&m->keep);
    google__protobuf__duration__init(&m->timeout);
    m->command.env = m->env_ptrs;
    for (size_t i = 0; i < o->env.n; i++)
        if (command_add_env(m, o->env.items[i], err) < 0)
            return -1;

    if (argc == 1)
        m->command.shell = argv[0];
    m->command.n_argv = argc == 1 ? 0 : (size_t)argc;
    m->command.argv = argv;
    if (o->cwd)
        m->command.cwd = (char *)o->cwd;
    if (o->user)
        m->command.user = (char *)o->user;
    m->command.stdin = o->is_stdin;
    if (o->is_terminal) {
        term_size(0, &m->size.columns, &m->size.rows);
        m->command.terminal = &m->size;
    }
    if (timeout_ms) {
        m->timeout.seconds = (int64_t)(timeout_ms / 1000);
        m->timeout.nanos = (int32_t)(timeout_ms % 1000) * 1000000;
        m->command.timeout = &m->timeout;
    }

    bytes_uuid(m->request_id);
    m->keep.seconds = RUN_KEEP_S; /* long enough to come back to it after a lost connection */
    m->start.request_id = m->request_id;
    m->start.command = &m->command;
    m->start.on_disconnect = AGENTSANDBOX__V1__ON_DISCONNECT__ON_DISCONNECT_KEEP;
    m->start.keep = &m->keep;
    return 0;
}

static int check_terminal(const struct command_opts *o, struct err *err)
{
    if (o->is_terminal && !isatty(0))
        return err_set(err, RPC_INVALID_ARGUMENT, "NoTerminal",
                       "-t needs a terminal as standard input; leave it away, or use -i alone");
    return 0;
}

/* The exit code of ours for how it ended. */
static int exit_code(const struct client *c, int code, const struct err *err)
{
    if (code >= 0)
        return code;
    if (strcmp(err->reason, "OutputClosed") == 0)
        return CTL_SIGNAL + SIGPIPE;
    if (c->interrupted)
        return CTL_SIGNAL + c->interrupted;
    (void)ctl_fail(err);
    return CTL_RUN_FAILED;
}

static int attach(struct client *c, const char *ns, const Agentsandbox__V1__Claim *claim,
                  const struct command_opts *o, const struct command_msg *m, struct err *err)
{
    const struct attach_opts opts = {
        .ns = ns,
        .sandbox = claim->sandbox ? claim->sandbox->name : "",
        .uid = claim->sandbox ? claim->sandbox->uid : "",
        .start = &m->start,
        .is_stdin = o->is_stdin,
        .is_terminal = o->is_terminal,
    };

    if (!*opts.sandbox)
        return err_set(err, RPC_FAILED_PRECONDITION, "NotClaimed", "claim %s has no sandbox yet",
                       claim->name);
    return attach_run(c, &opts, err);
}

/* ---- run ---- */

struct run_opts {
    struct command_opts command;
    const char *template, *pool;
    const char *cache_dir; /* of the private services; NULL: the default */
    uint64_t wait_ms;
    bool is_ephemeral, keeps_claim;
    bool dies_with_parent; /* under sudo(8), whose own kill -9 would not reach us */
    struct bootstrap boot;
};

static bool shows_progress(const struct ctl *ctl)
{
    return ctl->verbose || isatty(2);
}

/* Claims, runs, and deletes whatever became of the claim. */
static int run_claimed(struct ctl *ctl, struct client *c, const struct run_opts *o,
                       const struct command_msg *m, struct err *err)
{
    _cleanup_(client_msg_freep) Agentsandbox__V1__CreateClaimResponse *res = NULL;
    char name[32] = "run-";
    uint64_t begin_ns = clock_monotonic_ns();
    struct err deleting = {0};
    int code, signum;
    const struct claim_wish wish = {.ns = ctl->ns,
                                    .name = name,
                                    .template = o->template,
                                    .pool = o->pool,
                                    .wait_ms = o->wait_ms,
                                    .is_temporary = true};

    bytes_random_name(name + strlen(name), 10);
    code = claims_create(c, &wish, &res, err);
    if (code == 0) {
        if (shows_progress(ctl))
            ctl_say("claim %s has sandbox %s after %.1f ms", name,
                    res->claim->sandbox ? res->claim->sandbox->name : "?",
                    (double)(clock_monotonic_ns() - begin_ns) / 1e6);
        code = attach(c, ctl->ns, res->claim, &o->command, m, err);
    }

    signum = c->interrupted;
    c->interrupted = 0;
    if (c->controller && !(o->keeps_claim && res) && !c->is_lost &&
        claims_delete(c, ctl->ns, name, true, false, 5000, &deleting) < 0)
        ctl_say("claim %s may be left: %s (%s)", name, deleting.msg, deleting.reason);
    c->interrupted = signum;
    return code;
}

static int run_in(struct ctl *ctl, struct client *c, struct run_opts *o,
                  const struct command_msg *m, struct err *err)
{
    if (bootstrap_run(c, ctl->ns, &o->boot, err) < 0)
        return -1;
    if (o->is_ephemeral && pools_wait_ready(c, ctl->ns, o->template, o->wait_ms, err) < 0)
        return -1;
    return run_claimed(ctl, c, o, m, err);
}

static int run_private(struct ctl *ctl, struct run_opts *o, const struct command_msg *m)
{
    struct private_home home;
    struct client c = {0};
    struct err err = {0};
    int code;

    private_init(&home);
    if (o->cache_dir)
        (void)snprintf(home.home.cache_dir, sizeof(home.home.cache_dir), "%s", o->cache_dir);
    if (client_init(&c, NULL, &err) < 0 || private_start(&home, &c, ctl->verbose, &err) < 0)
        code = exit_code(&c, -1, &err);
    else
        code = exit_code(&c, run_in(ctl, &c, o, m, &err), &err);
    private_stop(&home);
    client_done(&c);
    return code;
}

static int run_public(struct ctl *ctl, struct run_opts *o, const struct command_msg *m)
{
    struct client c = {0};
    struct err err = {0};
    int code = client_init(&c, ctl->run_dir, &err);

    if (code == 0)
        code = run_in(ctl, &c, o, m, &err);
    code = exit_code(&c, code, &err);
    client_done(&c);
    return code;
}

static int run_run(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    struct run_opts o = {.wait_ms = RUN_WAIT_MS};
    const struct opt opts[] = {
        {"template", 0, OPT_TEXT, &o.template, "NAME", "claim a sandbox of this template"},
        {"pool", 0, OPT_TEXT, &o.pool, "NAME", "claim a sandbox of this pool"},
        COMMAND_OPTS(&o.command),
        {"wait", 0, OPT_DURATION, &o.wait_ms, "TIME", "wait so long for a sandbox (2m)"},
        {"keep", 0, OPT_FLAG, &o.keeps_claim, NULL, "leave the claim and its sandbox afterwards"},
        {"ephemeral", 0, OPT_FLAG, &o.is_ephemeral, NULL,
         "start services of our own for it and leave nothing behind"},
        {"cache-dir", 0, OPT_TEXT, &o.cache_dir, "DIR", "with --ephemeral: where images are kept"},
        {"die-with-parent", 0, OPT_FLAG, &o.dies_with_parent, NULL, NULL},
        {"apply", 0, OPT_LIST, &o.boot.manifests, "FILE", "apply these manifests first"},
        {"image", 0, OPT_LIST, &o.boot.images, "NAME=SOURCE",
         "import this image first, if it is missing"},
        {0},
    };
    struct command_msg m = {0};
    struct err err = {0};
    int first, r = ctl_parse(ctl, self, opts, argc, argv, &first);

    if (r >= 0)
        return r == CTL_OK ? CTL_OK : CTL_RUN_FAILED;
    if (!o.template == !o.pool)
        return ctl_usage(self, "name one of --template and --pool"), CTL_RUN_FAILED;
    if (first >= argc)
        return ctl_usage(self, "what is to be run?"), CTL_RUN_FAILED;
    if (o.cache_dir && (o.cache_dir[0] != '/' || strlen(o.cache_dir) >= HOME_PATH_MAX - 40))
        return ctl_usage(self, "--cache-dir: give an absolute path, not too long"), CTL_RUN_FAILED;

    if (o.dies_with_parent)
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* cannot fail for a valid signal */
    if (check_terminal(&o.command, &err) < 0 ||
        command_init(&m, &o.command, ctl->timeout_ms, argc - first, argv + first, &err) < 0) {
        (void)ctl_fail(&err);
        r = CTL_RUN_FAILED;
    } else {
        r = o.is_ephemeral ? run_private(ctl, &o, &m) : run_public(ctl, &o, &m);
    }
    command_done(&m);
    return r;
}

const struct ctl_command cmd_run = {
    .name = "run",
    .usage = "run --template NAME | --pool NAME [OPTION…] [--] COMMAND [ARG…]",
    .summary = "claim a sandbox, run a command in it, give it back",
    .details =
        "One word is a command line for the sandbox's shell; several are a program and its arguments.\n"
        "Output goes to our standard output and error, and nothing else goes to standard output.\n"
        "The exit code is the command's; 128 + n when signal n ended it, 124 after --timeout, 125 when\n"
        "we failed, 126 and 127 when it could not be started, 130 after Ctrl-C.\n",
    .examples =
        "  sandboxctl run --template python-runtime-template \"echo hello; uname -a\"\n"
        "  sandboxctl run --pool python-sandbox-warmpool -- python3 -c 'print(6 * 7)'\n"
        "  echo 'print(1)' | sandboxctl run --template python-runtime-template -i -- python3 -\n"
        "  sandboxctl run --template python-runtime-template -it bash\n",
    .takes_command = true,
    .run = run_run,
};

/* ---- exec ---- */

/* "claim/NAME" is looked up; a bare name is a claim's when there is one, else a sandbox's. */
static int find_sandbox(struct ctl *ctl, struct client *c, const char *word,
                        Agentsandbox__V1__SandboxRef *ret, void **ret_keep, struct err *err)
{
    bool is_claim = strncmp(word, "claim/", 6) == 0, is_sandbox = strncmp(word, "sandbox/", 8) == 0;
    const char *name = word + (is_claim ? 6 : is_sandbox ? 8 : 0);
    Agentsandbox__V1__GetClaimResponse *res = NULL;
    struct err looking = {0};

    agentsandbox__v1__sandbox_ref__init(ret);
    if (!is_sandbox && claims_get(c, ctl->ns, name, &res, &looking) == 0) {
        *ret_keep = res;
        if (!res->claim->sandbox || !*res->claim->sandbox->name)
            return err_set(err, RPC_FAILED_PRECONDITION, "NotClaimed",
                           "claim %s has no sandbox yet", name);
        ret->name = res->claim->sandbox->name;
        ret->uid = res->claim->sandbox->uid;
        return 0;
    }
    if (is_claim || (!is_sandbox && looking.code != RPC_NOT_FOUND)) {
        *err = looking;
        return -1;
    }
    ret->name = (char *)name;
    return 0;
}

static int exec_in(struct ctl *ctl, const char *target, const struct command_opts *o,
                   const struct command_msg *m)
{
    Agentsandbox__V1__Claim claim = AGENTSANDBOX__V1__CLAIM__INIT;
    Agentsandbox__V1__SandboxRef ref;
    _cleanup_(client_msg_freep) void *keep = NULL;
    struct client c = {0};
    struct err err = {0};
    int code = client_init(&c, ctl->run_dir, &err);

    if (code == 0)
        code = find_sandbox(ctl, &c, target, &ref, &keep, &err);
    if (code == 0) {
        claim.sandbox = &ref;
        code = attach(&c, ctl->ns, &claim, o, m, &err);
    }
    code = exit_code(&c, code, &err);
    client_done(&c);
    return code;
}

static int run_exec(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    struct command_opts o = {0};
    const struct opt opts[] = {COMMAND_OPTS(&o), {0}};
    struct command_msg m = {0};
    struct err err = {0};
    int first, r = ctl_parse(ctl, self, opts, argc, argv, &first);

    if (r >= 0)
        return r == CTL_OK ? CTL_OK : CTL_RUN_FAILED;
    if (first + 1 < argc && strcmp(argv[first + 1], "--") == 0) {
        argv[first + 1] = argv[first]; /* "exec SANDBOX -- CMD" */
        first++;
    }
    if (argc - first < 2)
        return ctl_usage(self, "name a sandbox and a command"), CTL_RUN_FAILED;

    if (check_terminal(&o, &err) < 0 ||
        command_init(&m, &o, ctl->timeout_ms, argc - first - 1, argv + first + 1, &err) < 0) {
        (void)ctl_fail(&err);
        r = CTL_RUN_FAILED;
    } else {
        r = exec_in(ctl, argv[first], &o, &m);
    }
    command_done(&m);
    return r;
}

const struct ctl_command cmd_exec = {
    .name = "exec",
    .usage = "exec [OPTION…] SANDBOX|claim/NAME [--] COMMAND [ARG…]",
    .summary = "run a command in a sandbox that was claimed before",
    .details =
        "A bare name is a claim's when there is one of that name, else a sandbox's. Exit codes as with run.\n",
    .examples = "  sandboxctl exec claim/web-1 -- ls -l /app\n"
                "  sandboxctl exec -it web-1 bash\n"
                "  tar c . | sandboxctl exec -i web-1 -- tar x -C /app\n",
    .takes_command = true,
    .run = run_exec,
};
