/* The first process of a sandbox. See agent.h and docs/man/sandbox-runtime.8. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "lib/base/log.h"
#include "lib/loop/loop.h"
#include "services/runtime/agent/agent.h"
#include "services/runtime/agent/spawn.h"

enum { EXIT_USAGE = 2, EXIT_CANNOT_START = 125 };

static void harden(void)
{
    /* Nobody in the sandbox reads our memory or takes our descriptors through /proc. */
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1); /* where we are not pid 1 orphans fall to us as well */
    (void)signal(SIGPIPE, SIG_IGN);
    /* Rings come and go: they shall be mappings of their own, given back when freed. */
    (void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    (void)mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

static int run(const struct options *o)
{
    _cleanup_(loop_freep) struct loop *loop = NULL;
    struct err err = {0};
    struct agent agent;
    int code;

    if (loop_new(&loop, &err) < 0) {
        log_error("cannot start", LOG_ERR(&err));
        return EXIT_CANNOT_START;
    }
    if (agent_init(&agent, loop, o, (const char *const *)environ, &err) < 0) {
        log_error("cannot start", LOG_ERR(&err));
        code = strcmp(err.reason, "CommandNotFound") == 0 ? 127
               : strcmp(err.reason, "NotExecutable") == 0 ? 126
                                                          : EXIT_CANNOT_START;
    } else {
        code = agent_run(&agent);
    }
    agent_done(&agent);
    return code;
}

int main(int argc, char **argv)
{
    struct options o;
    struct err err = {0};

    if (options_parse(argc, argv, &o, &err) < 0) {
        (void)fprintf(stderr, "sandbox-agent: %s\n", err.msg);
        return EXIT_USAGE;
    }
    if (o.is_help || o.is_version) {
        (void)fputs(o.is_help ? options_help : "sandbox-agent " ASB_VERSION "\n", stdout);
        return 0;
    }
    log_init("agent", (enum log_level)o.log_level, (enum log_format)o.log_format, 2);
    harden();
    spawn_raise_own_limits();
    return run(&o);
}
