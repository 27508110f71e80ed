/* apply: manifests to the controller. */
#include <stdio.h>

#include "cli/bootstrap.h"

static int run_apply(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    struct opt_list files = {0};
    bool dry_run = false;
    const struct opt opts[] = {
        {"filename", 'f', OPT_LIST, &files, "FILE",
         "YAML or JSON, any number of documents; - is standard input"},
        {"dry-run", 0, OPT_FLAG, &dry_run, NULL, "only say what would be done"},
        {0},
    };
    struct client c = {0};
    struct err err = {0};
    int first, r = ctl_parse(ctl, self, opts, argc, argv, &first);

    if (r >= 0)
        return r;
    if (files.n == 0 || first < argc)
        return ctl_usage(self, "name the files with -f");
    r = client_init(&c, ctl->run_dir, &err);
    if (r == 0)
        r = bootstrap_apply(&c, ctl->ns, &files, dry_run, stdout, &err);
    r = r < 0 ? ctl_fail(&err) : CTL_OK;
    client_done(&c);
    return r;
}

const struct ctl_command cmd_apply = {
    .name = "apply",
    .usage = "apply -f FILE… [OPTION…]",
    .summary = "create or change templates, pools and claims from manifests",
    .details =
        "Every document is checked before any is stored. Fields that nobody knows are named as warnings.\n",
    .examples = "  sandboxctl apply -f deploy/examples/python-runtime.yaml\n"
                "  cat pool.yaml | sandboxctl apply -f -\n",
    .run = run_apply,
};
