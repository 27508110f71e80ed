/* sandbox-controller: options, privilege, signals. The rest is controller.c. */
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/build_info.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/harden/harden.h"
#include "lib/loop/ends.h"
#include "services/controller/controller.h"
#include "services/controller/kube_main.h"

enum { EXIT_USAGE = 2, DRAIN_MS = 1500 };

struct service {
    struct loop *loop;
    struct controller *controller;
    struct ends ends;
};

static void on_drained(void *user)
{
    struct service *s = user;

    loop_stop(s->loop);
}

static void stop(const char *why, bool is_again, void *user)
{
    struct service *s = user;

    if (is_again) {
        loop_stop(s->loop);
        return;
    }
    log_info("stopping", LOG_S("why", why));
    controller_drain(s->controller, loop_now_ms(s->loop) + DRAIN_MS, on_drained, s);
}

static int drop(const struct options *o, struct err *err)
{
    uid_t uid = o->has_user ? o->uid : getuid();
    gid_t gid = o->has_user ? o->gid : getgid();

    if (uid == 0)
        log_warn("running as root: give --user UID to a user of its own");
    return harden_drop(uid, gid, err) < 0 ? err_wrap(err, "--user") : 0;
}

static int service_open(struct service *s, const struct options *o, struct err *err)
{
    fd_raise_limit(); /* each sandbox and each client is a descriptor */
    (void)signal(SIGPIPE, SIG_IGN);
    if (loop_new(&s->loop, err) < 0 || controller_new(&s->controller, s->loop, o, err) < 0 ||
        ends_watch(&s->ends, s->loop, o->lifeline_fd, stop, s, err) < 0 || drop(o, err) < 0 ||
        controller_start(s->controller, err) < 0)
        return -1;
    if (harden_no_dump(err) < 0)
        return -1;
    return harden_seccomp_service(err);
}

static void service_close(struct service *s)
{
    controller_free(s->controller);
    ends_done(&s->ends);
    loop_free(s->loop);
}

static int run(const struct options *o)
{
    struct service s = {0};
    struct err err;
    int r;

    r = service_open(&s, o, &err);
    if (r < 0) {
        log_error("cannot start", LOG_ERR(&err));
        (void)fprintf(stderr, "sandbox-controller: %s (%s)\n", err.msg, err.reason);
    } else {
        if (o->is_insecure)
            log_warn("--insecure: whoever reaches the address may call",
                     LOG_S("address", controller_address(s.controller)));
        log_info("ready", LOG_S("listen", controller_address(s.controller)),
                 LOG_S("routes", controller_routes_address(s.controller)), LOG_S("node", o->node),
                 LOG_S("state", o->state_dir), LOG_U("uid", (unsigned)getuid()));
        loop_run(s.loop);
        log_info("stopped");
    }
    service_close(&s);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* One thread, many small objects: give memory back early and keep one arena. */
static void tune_malloc(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_TRIM_THRESHOLD, 64 * 1024);
    (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

int main(int argc, char **argv)
{
    struct options o;
    struct err err;
    int r;

    if (argc > 1 && strcmp(argv[1], "kubernetes") == 0) {
        tune_malloc();
        return kube_main(argc - 1, argv + 1);
    }
    r = options_read(&o, argc, argv, &err);
    if (r == OPTIONS_HELP)
        return fputs(options_help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (r == OPTIONS_VERSION)
        return printf("sandbox-controller " CONTROLLER_VERSION " (commit %s, %s)\n",
                      build_git_commit, build_date) < 0
                   ? EXIT_FAILURE
                   : EXIT_SUCCESS;
    if (r < 0) {
        (void)fprintf(stderr, "sandbox-controller: %s\nTry --help.\n", err.msg);
        return EXIT_USAGE;
    }
    tune_malloc();
    log_init("controller", o.log_level, o.log_format, STDERR_FILENO);
    return run(&o);
}
