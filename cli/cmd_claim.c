/* claim: a sandbox to keep for a while. */
#include <stdio.h>
#include <string.h>

#include "cli/claims.h"
#include "cli/out.h"
#include "lib/base/clock.h"

static json_t *claim_json(const Agentsandbox__V1__Claim *claim)
{
    const char *sandbox = claim->sandbox ? claim->sandbox->name : "";
    bool is_warm = claim->launch_type == AGENTSANDBOX__V1__LAUNCH_TYPE__LAUNCH_TYPE_WARM;

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "namespace", claim->namespace_, "name",
                     claim->name, "uid", claim->uid, "sandbox", sandbox, "launchType",
                     is_warm ? "Warm" : "Cold", "ready",
                     claim->phase == AGENTSANDBOX__V1__CLAIM_PHASE__CLAIM_PHASE_READY);
}

static int print_claim(const struct ctl *ctl, const Agentsandbox__V1__CreateClaimResponse *res,
                       double took_ms, struct err *err)
{
    const Agentsandbox__V1__Claim *claim = res->claim;
    _cleanup_(json_decrefp) json_t *value = NULL;

    if (ctl->out == OUT_JSON || ctl->out == OUT_YAML) {
        value = claim_json(claim);
        if (!value)
            return err_oom(err);
        return ctl->out == OUT_JSON ? out_json(value, stdout, err)
                                    : out_yaml(value, false, stdout, err);
    }
    if (ctl->out == OUT_NAME)
        printf("sandboxclaim/%s\n", claim->name);
    else
        printf("sandboxclaim/%s %s: sandbox %s (%.1f ms)\n", claim->name,
               res->existed ? "existed" : "ready",
               claim->sandbox ? claim->sandbox->name : "none yet", took_ms);
    return 0;
}

static int claim(const struct ctl *ctl, struct client *c, const struct claim_wish *wish,
                 struct err *err)
{
    _cleanup_(client_msg_freep) Agentsandbox__V1__CreateClaimResponse *res = NULL;
    uint64_t begin_ns = clock_monotonic_ns();

    if (claims_create(c, wish, &res, err) < 0)
        return -1;
    return print_claim(ctl, res, (double)(clock_monotonic_ns() - begin_ns) / 1e6, err);
}

static int run_claim(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    struct claim_wish wish = {.wait_ms = 120000, .is_temporary = true};
    const struct opt opts[] = {
        {"template", 0, OPT_TEXT, &wish.template, "NAME", "a sandbox of this template"},
        {"pool", 0, OPT_TEXT, &wish.pool, "NAME", "a sandbox of this pool"},
        {"ttl", 0, OPT_DURATION, &wish.ttl_ms, "TIME", "the claim ends by itself after so long"},
        {0},
    };
    struct client c = {0};
    struct err err = {0};
    int first, r = ctl_parse(ctl, self, opts, argc, argv, &first);

    if (r >= 0)
        return r;
    if (!wish.template == !wish.pool)
        return ctl_usage(self, "name one of --template and --pool");
    if (argc - first > 1)
        return ctl_usage(self, "one claim at a time");
    wish.ns = ctl->ns;
    wish.name = argc > first ? argv[first] : NULL;
    if (ctl->timeout_ms)
        wish.wait_ms = ctl->timeout_ms;

    r = client_init(&c, ctl->run_dir, &err);
    if (r == 0)
        r = claim(ctl, &c, &wish, &err);
    r = r < 0 ? ctl_fail(&err) : CTL_OK;
    client_done(&c);
    return r;
}

const struct ctl_command cmd_claim = {
    .name = "claim",
    .usage = "claim [NAME] --template NAME | --pool NAME [OPTION…]",
    .summary = "claim a sandbox and keep it until it is deleted",
    .details =
        "Waits until it is ready, at most --timeout (2m). A claim that does not get ready is deleted again.\n",
    .examples = "  sandboxctl claim web-1 --pool python-sandbox-warmpool --ttl 1h\n"
                "  sandboxctl exec claim/web-1 -- python3 --version\n"
                "  sandboxctl delete claim web-1\n",
    .run = run_claim,
};
