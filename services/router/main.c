/* sandbox-router: options, privilege, signals. The rest is router.c. */
#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/harden/harden.h"
#include "lib/loop/ends.h"
#include "services/router/options.h"
#include "services/router/router.h"

enum { EXIT_USAGE = 2, DRAIN_MS = 1500 };

struct service {
    struct loop *loop;
    struct router *router;
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
    router_drain(s->router, loop_now_ms(s->loop) + DRAIN_MS, on_drained, s);
}

static int harden(const struct options *o, struct err *err)
{
    uid_t uid = o->has_user ? o->uid : getuid();
    gid_t gid = o->has_user ? o->gid : getgid();

    if (uid == 0)
        log_warn("running as root: give --user UID to a user of its own");
    if (harden_drop(uid, gid, err) < 0)
        return err_wrap(err, "--user");
    if (harden_no_dump(err) < 0)
        return -1;
    return harden_seccomp_service(err);
}

static int service_open(struct service *s, const struct options *o, struct err *err)
{
    fd_raise_limit(); /* each sandbox and each client is a descriptor */
    (void)signal(SIGPIPE, SIG_IGN);
    if (loop_new(&s->loop, err) < 0 || router_new(&s->router, s->loop, &o->router, err) < 0 ||
        ends_watch(&s->ends, s->loop, o->lifeline_fd, stop, s, err) < 0 || harden(o, err) < 0)
        return -1;
    return router_start(s->router, err);
}

static void service_close(struct service *s)
{
    router_free(s->router);
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
    } else {
        if (o->is_insecure && !o->router.token_file)
            log_warn("--insecure: whoever reaches the address may call",
                     LOG_S("address", router_address(s.router)));
        log_info("ready", LOG_S("listen", router_address(s.router)),
                 LOG_S("fds", o->router.fds_path), LOG_S("controller", o->router.controller),
                 LOG_U("uid", (unsigned)getuid()),
                 LOG_S("seccomp", "allow-list; fatal: execve, ptrace, mount, bpf, …; else ENOSYS"));
        loop_run(s.loop);
        log_info("stopped");
    }
    service_close(&s);
    return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options o;
    struct err err;
    int r = options_read(&o, argc, argv, &err);

    if (r == OPTIONS_HELP)
        return fputs(options_help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (r == OPTIONS_VERSION)
        return puts("sandbox-router " ROUTER_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (r < 0) {
        (void)fprintf(stderr, "sandbox-router: %s\nTry --help.\n", err.msg);
        return EXIT_USAGE;
    }
    log_init("router", o.log_level, o.log_format, STDERR_FILENO);
    return run(&o);
}
