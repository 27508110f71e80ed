/* up, down, and the supervisor behind them. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "cli/bootstrap.h"
#include "cli/claims.h"
#include "cli/private.h"
#include "cli/supervise.h"
#include "lib/base/bytes.h"
#include "lib/base/clock.h"

enum { DOWN_WAIT_MS = 45000 };

/* Flags that name a home; the same for up, down and supervise. */
struct home_opts {
    const char *name, *state_dir, *cache_dir;
    uint64_t controller_uid, router_uid, client_uid;
};

#define HOME_OPTS(o)                                                                               \
    {"name", 0, OPT_TEXT, &(o)->name, "NAME", "another set of services, in folders of this name"}, \
        {"state-dir",     0,     OPT_TEXT,                                                         \
         &(o)->state_dir, "DIR", "database, logs (/var/lib/agent-sandbox)"},                       \
        {"cache-dir", 0, OPT_TEXT, &(o)->cache_dir, "DIR", "images (/var/cache/agent-sandbox)"},   \
        {"controller-uid",     0,     OPT_NUMBER,                                                  \
         &(o)->controller_uid, "UID", "the controller runs as (64321)"},                           \
        {"router-uid", 0, OPT_NUMBER, &(o)->router_uid, "UID", "the router runs as (64322)"},      \
    {                                                                                              \
        "client-uid", 0, OPT_NUMBER, &(o)->client_uid, "UID", "may use the services besides root"  \
    }

static uint64_t invoking_uid(void)
{
    const char *sudo = getenv("SUDO_UID");
    uint64_t uid = 0;

    if (sudo)
        (void)bytes_parse_u64(sudo, 0, UINT32_MAX - 1, &uid); /* nonsense leaves root */
    return uid;
}

static void home_opts_init(struct home_opts *o)
{
    *o = (struct home_opts){
        .controller_uid = 64321, .router_uid = 64322, .client_uid = invoking_uid()};
}

static int set_path(char *to, const char *from, struct err *err)
{
    if (!from)
        return 0;
    if (from[0] != '/' || strlen(from) >= HOME_PATH_MAX - 40)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                       "%.100s: give an absolute path of at most %d bytes", from,
                       HOME_PATH_MAX - 41);
    (void)snprintf(to, HOME_PATH_MAX, "%s", from);
    return 0;
}

/* The name that a run folder was made from, or NULL. */
static const char *name_of(const char *run_dir)
{
    static const char prefix[] = "/run/agent-sandbox-";

    return strncmp(run_dir, prefix, sizeof(prefix) - 1) == 0 ? run_dir + sizeof(prefix) - 1 : NULL;
}

/* The home that the flags name. A run folder of another form says nothing of the state folder,
 * which is then needed too. */
static int make_home(const struct ctl *ctl, const struct home_opts *o, bool is_ephemeral,
                     struct home *h, struct err *err)
{
    bool is_default = strcmp(ctl->run_dir, "/run/agent-sandbox") == 0;
    const char *name = o->name || is_default ? o->name : name_of(ctl->run_dir);

    if (name && !bytes_is_dns_label(name))
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                       "--name %.60s: use lower-case letters, digits and dashes", name);
    if (!is_default && !name && !o->state_dir && !is_ephemeral)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                       "--run-dir %.100s needs --state-dir beside it (or use --name)",
                       ctl->run_dir);
    if (is_ephemeral && !name && !o->state_dir)
        home_init_private(h);
    else
        home_init(h, name);
    h->is_ephemeral = is_ephemeral;
    h->controller_uid = (uid_t)o->controller_uid;
    h->router_uid = (uid_t)o->router_uid;
    h->client_uid = (uid_t)o->client_uid;
    if (set_path(h->state_dir, o->state_dir, err) < 0 ||
        set_path(h->cache_dir, o->cache_dir, err) < 0)
        return -1;
    if (!o->name && !is_default)
        return set_path(h->run_dir, ctl->run_dir, err);
    return 0;
}

/* ---- supervise: hidden ---- */

static int run_supervise(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    struct supervise_opts s = {.lifeline_fd = -1, .report_fd = -1};
    struct home_opts h;
    uint64_t lifeline = UINT64_MAX, report = UINT64_MAX;
    bool is_ephemeral = false;
    struct err err = {0};
    const struct opt opts[] = {
        HOME_OPTS(&h),
        {"lifeline-fd", 0, OPT_NUMBER, &lifeline, "N", NULL},
        {"report-fd", 0, OPT_NUMBER, &report, "N", NULL},
        {"ephemeral", 0, OPT_FLAG, &is_ephemeral, NULL, NULL},
        {"logs-to-stderr", 0, OPT_FLAG, &s.logs_to_stderr, NULL, NULL},
        {0},
    };
    int first, r;

    home_opts_init(&h);
    r = ctl_parse(ctl, self, opts, argc, argv, &first);
    if (r >= 0)
        return r;
    if (make_home(ctl, &h, is_ephemeral, &s.home, &err) < 0)
        return ctl_fail(&err);
    s.lifeline_fd = lifeline == UINT64_MAX ? -1 : (int)lifeline;
    s.report_fd = report == UINT64_MAX ? -1 : (int)report;
    s.log_level = ctl->verbose ? "debug" : NULL;
    return supervise_run(&s);
}

const struct ctl_command cmd_supervise = {
    .name = "supervise",
    .usage = "supervise [OPTION…]",
    .summary = "keep the services running (what up starts)",
    .examples = "  sandboxctl supervise --run-dir /run/agent-sandbox\n",
    .run = run_supervise,
};

/* ---- up ---- */

struct up_opts {
    struct home_opts home;
    bool is_foreground, is_ephemeral, waits;
    struct bootstrap boot;
};

static void say_how_to_talk(const struct private_home *p)
{
    const struct home *h = &p->home;
    bool is_default = strcmp(h->run_dir, "/run/agent-sandbox") == 0;
    char dirs[2 * HOME_PATH_MAX + 40] = "", run[HOME_PATH_MAX + 16] = "";

    if (!is_default)
        (void)snprintf(run, sizeof(run), " --run-dir %s", h->run_dir);
    if (!is_default && name_of(h->run_dir))
        (void)snprintf(dirs, sizeof(dirs), " --name %.60s", name_of(h->run_dir));
    else if (!is_default)
        (void)snprintf(dirs, sizeof(dirs), "%s --state-dir %s", run, h->state_dir);
    ctl_say("the services are up");
    (void)fprintf(stderr,
                  "  controller  unix:%s/controller.sock\n"
                  "  router      unix:%s/router.sock\n"
                  "  logs        %s/log\n"
                  "  look        sandboxctl get pools%s\n"
                  "  run         sandboxctl run%s --template NAME \"echo hello\"\n"
                  "  stop        sandboxctl down%s\n",
                  h->run_dir, h->run_dir, h->state_dir, run, run, dirs);
}

static int up(struct ctl *ctl, const struct up_opts *o, struct private_home *p, struct client *c,
              struct err *err)
{
    const struct private_opts how = {.has_lifeline = o->is_foreground,
                                     .logs_to_stderr = o->is_foreground,
                                     .verbose = ctl->verbose};
    bool never = false;

    if (o->is_ephemeral && geteuid() == 0)
        home_sweep();
    if (client_init(c, NULL, err) < 0 || private_start_with(p, c, &how, err) < 0)
        return -1;
    if (bootstrap_run(c, ctl->ns, &o->boot, err) < 0 ||
        (o->waits &&
         pools_wait_ready(c, ctl->ns, NULL, ctl->timeout_ms ? ctl->timeout_ms : 120000, err) < 0))
        return -1;
    say_how_to_talk(p);
    return o->is_foreground ? client_wait(c, &never, CLOCK_NEVER, err) : 0;
}

/* After a failed start of services that were to stay: they go again. */
static void take_down(struct private_home *p)
{
    struct err ignored = {0};

    if (p->child)
        (void)loop_child_kill(p->child, SIGTERM, &ignored);
    private_stop(p);
}

static int run_up(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    struct up_opts o = {0};
    struct private_home p;
    struct client c = {0};
    struct err err = {0};
    const struct opt opts[] = {
        {"foreground", 'f', OPT_FLAG, &o.is_foreground, NULL,
         "stay here, logs on standard error; Ctrl-C stops all"},
        {"ephemeral", 0, OPT_FLAG, &o.is_ephemeral, NULL,
         "with --foreground: remove everything at the end"},
        {"apply", 0, OPT_LIST, &o.boot.manifests, "FILE", "apply these manifests"},
        {"image", 0, OPT_LIST, &o.boot.images, "NAME=SOURCE",
         "import this image, if it is missing"},
        {"wait", 'w', OPT_FLAG, &o.waits, NULL, "return when all warm pools are full"},
        HOME_OPTS(&o.home),
        {0},
    };
    int first, r;

    home_opts_init(&o.home);
    r = ctl_parse(ctl, self, opts, argc, argv, &first);
    if (r >= 0)
        return r;
    if (o.is_ephemeral && !o.is_foreground)
        return ctl_usage(self, "--ephemeral goes with --foreground");

    private_init(&p);
    if (make_home(ctl, &o.home, o.is_ephemeral, &p.home, &err) < 0)
        return ctl_fail(&err);
    r = up(ctl, &o, &p, &c, &err);
    if (r < 0 && !(o.is_foreground && c.interrupted))
        r = ctl_fail(&err);
    else
        r = CTL_OK;
    if (o.is_foreground || (r != CTL_OK && strcmp(err.reason, "AddressInUse") != 0))
        take_down(&p);
    else
        loop_child_free(p.child);
    client_done(&c);
    return r;
}

const struct ctl_command cmd_up = {
    .name = "up",
    .usage = "up [OPTION…]",
    .summary = "start controller, router and node on this machine",
    .details =
        "They stay, supervised, until \"sandboxctl down\". Needs root: the node makes sandboxes. Controller and\n"
        "router run under uids of their own. A second up for the same folders is refused.\n",
    .examples = "  sandboxctl up\n"
                "  sandboxctl up --apply deploy/examples/python-runtime.yaml --wait\n"
                "  sandboxctl up --foreground --ephemeral --run-dir /run/asb-test\n",
    .run = run_up,
};

/* ---- down ---- */

static int wait_end(int pidfd, uint64_t wait_ms)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    int r;

    do
        r = poll(&p, 1, (int)wait_ms);
    while (r < 0 && errno == EINTR);
    return r;
}

/* Ends the supervisor that holds the lock, by a pidfd that was opened while it held it. */
static int stop_holder(const struct home *h, uint64_t wait_ms, struct err *err)
{
    _cleanup_(close_fdp) int pidfd = -1;
    pid_t pid = home_holder(h);

    if (pid <= 0)
        return err_set(err, RPC_NOT_FOUND, "NotRunning", "nothing runs in %s", h->run_dir);
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd >= 0 && home_holder(h) == pid) {
        if (syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0) < 0)
            return err_errno(err, errno, "stopping process %d", (int)pid);
        if (wait_end(pidfd, wait_ms) != 1)
            return err_set(err, RPC_DEADLINE_EXCEEDED, "Timeout",
                           "process %d did not stop within %llu s; see %s/log", (int)pid,
                           (unsigned long long)wait_ms / 1000, h->state_dir);
    }
    return 0; /* else it ended just now, its services follow */
}

/* After a kill -9 of the supervisor the services go by themselves; the lock is free when the last
 * has gone. */
static int lock_soon(struct home *h, struct err *err)
{
    int r = -1;

    for (int tries = 0; tries < 100; tries++) {
        *err = (struct err){0};
        r = home_open(h, err);
        if (r == 0 || strcmp(err->reason, "AddressInUse") != 0)
            return r;
        (void)poll(NULL, 0, 100);
    }
    return r;
}

static int run_down(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    struct home_opts o;
    struct home h;
    bool keeps = false, all = false;
    struct err err = {0};
    const struct opt opts[] = {
        {"keep", 0, OPT_FLAG, &keeps, NULL,
         "leave sandboxes running; the next up finds them again"},
        {"all", 0, OPT_FLAG, &all, NULL, "remove the database too: templates, pools, claims"},
        HOME_OPTS(&o),
        {0},
    };
    int first, r;

    home_opts_init(&o);
    r = ctl_parse(ctl, self, opts, argc, argv, &first);
    if (r >= 0)
        return r;
    if (make_home(ctl, &o, false, &h, &err) < 0)
        return ctl_fail(&err);
    if (geteuid() != 0) {
        ctl_say("stopping the services needs root; try \"sudo sandboxctl down\"");
        return CTL_FAILED;
    }
    if (access(h.state_dir, F_OK) < 0) {
        ctl_say("nothing runs in %s, and nothing is left there", h.run_dir);
        return CTL_OK;
    }
    if (stop_holder(&h, ctl->timeout_ms ? ctl->timeout_ms : DOWN_WAIT_MS, &err) < 0) {
        if (strcmp(err.reason, "NotRunning") != 0)
            return ctl_fail(&err);
        ctl_say("%s", err.msg);
    }
    if (!keeps && (lock_soon(&h, &err) < 0 || home_clean(&h, all, &err) < 0))
        return ctl_fail(&err);
    home_close(&h);
    ctl_say(keeps ? "stopped; sandboxes keep running" : "stopped, sandboxes removed");
    return CTL_OK;
}

const struct ctl_command cmd_down = {
    .name = "down",
    .usage = "down [OPTION…]",
    .summary = "stop the services and remove their sandboxes",
    .details = "Templates, pools and claims stay in the database for the next up, unless --all.\n",
    .examples = "  sandboxctl down\n"
                "  sandboxctl down --keep\n"
                "  sandboxctl down --all\n",
    .run = run_down,
};
