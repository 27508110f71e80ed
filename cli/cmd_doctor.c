/* doctor: what this machine can do, and what is in the way. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "agentsandbox/v1/node.rpc.h"
#include "cli/client.h"
#include "cli/out.h"

struct doctor {
    struct out_table table;
    json_t *list;
    bool is_ill;
    bool failed;
};

static void finding(struct doctor *d, const char *what, bool ok, bool is_needed, const char *detail)
{
    struct err ignored = {0};
    const char *verdict = ok ? "ok" : is_needed ? "MISSING" : "no";

    d->is_ill = d->is_ill || (!ok && is_needed);
    if (out_cell(&d->table, what, &ignored) < 0 || out_cell(&d->table, verdict, &ignored) < 0 ||
        out_cell(&d->table, detail, &ignored) < 0 ||
        json_array_append_new(d->list, json_pack("{s:s, s:b, s:b, s:s}", "check", what, "ok", ok,
                                                 "needed", is_needed, "detail", detail)) < 0)
        d->failed = true;
}

static bool in_path(const char *name, char *ret, size_t n_ret)
{
    const char *path = getenv("PATH");

    for (const char *at = path ? path : ""; *at;) {
        size_t n = strcspn(at, ":");

        (void)snprintf(ret, n_ret, "%.*s/%s", (int)n, at, name);
        if (access(ret, X_OK) == 0)
            return true;
        at += n + (at[n] == ':');
    }
    return false;
}

static void check_host(struct doctor *d)
{
    struct utsname u = {0};
    char text[256];

    (void)uname(&u);
    (void)snprintf(text, sizeof(text), "%s %s", u.sysname, u.release);
    finding(d, "kernel", true, true, text);
    finding(d, "root", geteuid() == 0, true, geteuid() == 0 ? "" : "the node needs root; use sudo");
    finding(d, "overlayfs",
            access("/sys/module/overlay", F_OK) == 0 || access("/sys/fs/cgroup", F_OK) == 0, true,
            "root file systems of sandboxes");
    finding(d, "cgroups",
            access("/sys/fs/cgroup/memory", F_OK) == 0 ||
                access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0,
            true, access("/sys/fs/cgroup/memory", F_OK) == 0 ? "version 1" : "version 2");
}

static void check_tools(struct doctor *d)
{
    static const struct {
        const char *name, *why;
        bool is_needed;
    } tools[] = {
        {"runsc", "gVisor: runtimeClassName gvisor; https://gvisor.dev/docs/user_guide/install/",
         true},
        {"runc", "runtimeClassName runc", false},
        {"crun", "runtimeClassName crun", false},
        {"skopeo", "image import", true},
        {"umoci", "unpacks images", true},
    };
    char path[512];

    for (size_t i = 0; i < ARRAY_SIZE(tools); i++) {
        bool ok = in_path(tools[i].name, path, sizeof(path));

        finding(d, tools[i].name, ok, tools[i].is_needed, ok ? path : tools[i].why);
    }
}

static int check_services(struct doctor *d, struct client *c, struct err *err)
{
    Agentsandbox__V1__GetNodeRequest req = AGENTSANDBOX__V1__GET_NODE_REQUEST__INIT;
    _cleanup_(client_msg_freep) Agentsandbox__V1__GetNodeResponse *node = NULL;
    static const char *const names[] = {"controller", "router"};
    struct err why = {0};

    for (int i = 0; i < 2; i++) {
        bool ok = client_ping(c, (enum client_service)i, 3000, &why) == 0;

        finding(d, names[i], ok, false, ok ? "answers" : why.msg);
    }
    if (client_call(c, CLIENT_NODE, &agentsandbox_v1_node_service_get_node_method, &req.base, 10000,
                    &node, &why) < 0) {
        finding(d, "node", false, false, why.msg);
        return 0;
    }
    finding(d, "node", true, false, node->version);
    for (size_t i = 0; i < node->n_runtime_classes; i++) {
        const Agentsandbox__V1__RuntimeClass *r = node->runtime_classes[i];
        char what[64];

        (void)snprintf(what, sizeof(what), "class %s", r->name);
        finding(d, what, r->available, false, r->detail);
    }
    return d->failed ? err_oom(err) : 0;
}

static int doctor(const struct ctl *ctl, struct client *c, struct doctor *d, struct err *err)
{
    check_host(d);
    check_tools(d);
    if (check_services(d, c, err) < 0)
        return -1;
    if (ctl->out == OUT_JSON)
        return out_json(d->list, stdout, err);
    if (ctl->out == OUT_YAML)
        return out_yaml(d->list, false, stdout, err);
    out_table_print(&d->table, stdout);
    return 0;
}

static int run_doctor(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    const struct opt opts[] = {{0}};
    struct doctor d = {.list = json_array()};
    struct client c = {0};
    struct err err = {0};
    int first, r = ctl_parse(ctl, self, opts, argc, argv, &first);

    out_table_init(&d.table, 3);
    if (r < 0) {
        r = d.list ? client_init(&c, ctl->run_dir, &err) : err_oom(&err);
        if (r == 0)
            r = doctor(ctl, &c, &d, &err);
        r = r < 0 ? ctl_fail(&err) : d.is_ill ? CTL_FAILED : CTL_OK;
        client_done(&c);
    }
    out_table_done(&d.table);
    json_decref(d.list);
    return r;
}

const struct ctl_command cmd_doctor = {
    .name = "doctor",
    .usage = "doctor [OPTION…]",
    .summary = "say what this machine can do and what is missing",
    .details = "The exit code is 1 when something that is needed is missing.\n",
    .examples = "  sandboxctl doctor\n  sandboxctl doctor -o json\n",
    .run = run_doctor,
};
