#include "services/runtime/node/classes.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/proc.h"

enum { VERSION_TIMEOUT_MS = 10000 };

static bool find_in_path(const char *program, char *ret, size_t n)
{
    const char *path = getenv("PATH");

    for (const char *at = path ? path : "/usr/sbin:/usr/bin"; at && *at;) {
        const char *end = strchr(at, ':');
        int len = end ? (int)(end - at) : (int)strlen(at);

        if (len > 0 && snprintf(ret, n, "%.*s/%s", len, at, program) < (int)n &&
            access(ret, X_OK) == 0)
            return true;
        at = end ? end + 1 : NULL;
    }
    ret[0] = '\0';
    return false;
}

static int version_line(const char *const *argv, char *ret, size_t n, struct err *err)
{
    _cleanup_(buf_done) struct buf out;
    const char *text;
    int code;

    buf_init(&out, 4096);
    code = proc_run(argv, &out, VERSION_TIMEOUT_MS, err);
    if (code != 0)
        return -1;
    text = buf_cstr(&out, err);
    if (!text)
        return -1;
    (void)snprintf(ret, n, "%.*s", (int)strcspn(text, "\n"), text);
    return 0;
}

/* The flags are those that we use: a runsc that does not know them (Debian's of 2022 does not) is
 * no use to us. */
static void probe_gvisor(struct runtime_class *c)
{
    const char *const plain[] = {c->path, "--version", NULL};
    const char *const modern[] = {c->path,
                                  "--platform=systrap",
                                  "--overlay2=root:memory",
                                  "--host-uds=open",
                                  "--ignore-cgroups",
                                  "--version",
                                  NULL};
    char version[128];
    struct err err = {0};

    if (version_line(plain, version, sizeof(version), &err) < 0) {
        (void)snprintf(c->detail, sizeof(c->detail), "%.100s does not run: %.120s", c->path,
                       err.msg);
        return;
    }
    c->available = version_line(modern, version, sizeof(version), &err) == 0;
    if (c->available)
        (void)snprintf(c->detail, sizeof(c->detail), "%s, platform systrap", version);
    else
        (void)snprintf(c->detail, sizeof(c->detail),
                       "%.100s (%.60s) is too old: it has no systrap; install a current gVisor",
                       c->path, version);
}

static void probe_plain(struct runtime_class *c)
{
    const char *const argv[] = {c->path, "--version", NULL};
    struct err err = {0};

    c->available = version_line(argv, c->detail, sizeof(c->detail), &err) == 0;
    if (!c->available)
        (void)snprintf(c->detail, sizeof(c->detail), "%.100s does not run: %.120s", c->path,
                       err.msg);
}

static void probe_one(struct runtime_class *c, const char *program, const char *advice)
{
    if (!find_in_path(program, c->path, sizeof(c->path)))
        (void)snprintf(c->detail, sizeof(c->detail), "%s", advice);
    else if (c->kind == RUNTIME_GVISOR)
        probe_gvisor(c);
    else
        probe_plain(c);
}

void classes_probe(struct runtime_classes *ret)
{
    static const struct {
        const char *name, *program, *advice;
    } KNOWN[N_RUNTIMES] = {
        [RUNTIME_GVISOR] =
            {"gvisor", "runsc",
             "runsc is not in PATH: install gVisor (https://gvisor.dev/docs/user_guide/install)"},
        [RUNTIME_RUNC] = {"runc", "runc", "runc is not in PATH: install the package runc"},
        [RUNTIME_CRUN] = {"crun", "crun", "crun is not in PATH: install the package crun"},
        [RUNTIME_KATA] = {"kata", NULL,
                          "Kata Containers is not supported on one machine yet: use gvisor"},
        [RUNTIME_NATIVE] = {"native", NULL,
                            "the jail of our own is not there yet: use gvisor or runc"},
    };

    *ret = (struct runtime_classes){0};
    for (int i = 0; i < N_RUNTIMES; i++) {
        struct runtime_class *c = &ret->c[i];

        c->kind = (enum runtime_kind)i;
        c->name = KNOWN[i].name;
        if (KNOWN[i].program)
            probe_one(c, KNOWN[i].program, KNOWN[i].advice);
        else
            (void)snprintf(c->detail, sizeof(c->detail), "%s", KNOWN[i].advice);
    }
}

int classes_find(const struct runtime_classes *cs, const char *name,
                 const struct runtime_class **ret, struct err *err)
{
    if (!*name)
        name = "gvisor";
    for (int i = 0; i < N_RUNTIMES; i++) {
        const struct runtime_class *c = &cs->c[i];

        if (strcmp(c->name, name) != 0)
            continue;
        if (!c->available)
            return err_set(err, RPC_FAILED_PRECONDITION, "RuntimeClassUnavailable",
                           "runtime class \"%s\" cannot be used on this host: %s", name, c->detail);
        *ret = c;
        return 0;
    }
    return err_set(err, RPC_INVALID_ARGUMENT, "RuntimeClassUnknown",
                   "there is no runtime class \"%.64s\": use gvisor, runc or crun", name);
}
