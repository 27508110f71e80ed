/* sandbox-controller kubernetes: options, privilege, signals. The rest is kube_home.c. */
#include "services/controller/kube_main.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/build_info.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/harden/harden.h"
#include "lib/loop/ends.h"
#include "services/controller/controller.h"
#include "services/controller/kube_home.h"

enum {
    EXIT_USAGE = 2,
    MANY_WORKERS = 1000,
    TRIM_MS = 2000,
    TRIM_MAX_MS = 5 * 60 * 1000,
    TRIM_MIN_BYTES = 512 * 1024,
};

struct process {
    struct loop *loop;
    struct loop_timer *trim;
    uint64_t trim_ms;
    struct kube_home *home;
    struct ends ends;
    bool is_stopping;
    int exit_code;
};

static void on_stopped(void *user)
{
    struct process *p = user;

    loop_stop(p->loop);
}

static void stop(const char *why, bool is_again, void *user)
{
    struct process *p = user;

    if (is_again) {
        loop_stop(p->loop);
        return;
    }
    p->is_stopping = true;
    log_info("stopping", LOG_S("why", why));
    kube_home_stop(p->home, on_stopped, p);
}

static void on_failed(const struct err *err, void *user)
{
    struct process *p = user;

    if (p->is_stopping)
        return;
    log_error("cannot go on", LOG_ERR(err));
    p->exit_code = EXIT_FAILURE;
    loop_stop(p->loop);
}

/* ---- memory ---- */

/* Bytes of memory of our own that are resident: not of files. 0: not known. */
static size_t resident_bytes(void)
{
    unsigned long all = 0, resident = 0, shared = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    int n = f ? fscanf(f, "%lu %lu %lu", &all, &resident, &shared) : 0;

    if (f)
        (void)fclose(f);
    return n == 3 && resident > shared ? (resident - shared) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

/* Filling a pool frees as many small things as it keeps, among those: given back when that is more
 * than a quarter of what is in use, ever less often where it brings nothing. */
static void on_trim(struct loop_timer *t, void *user)
{
    struct process *p = user;
    size_t used = mallinfo2().uordblks, before = resident_bytes();
    bool is_much = before > used + MAX(used / 4, (size_t)TRIM_MIN_BYTES);

    if (is_much) {
        (void)malloc_trim(0);
        if (resident_bytes() + TRIM_MIN_BYTES < before)
            p->trim_ms = TRIM_MS;
        else
            p->trim_ms = MIN(p->trim_ms * 2, (uint64_t)TRIM_MAX_MS);
    }
    loop_timer_arm(t, clock_add(loop_now_ms(p->loop), p->trim_ms));
}

static void warn_of_workers(const struct kube_options *o)
{
    int64_t n = o->sandbox_workers + o->claim_workers + o->pool_workers + o->template_workers;

    if (n > MANY_WORKERS)
        log_warn("more than 1000 workers: the API server may not keep up", LOG_I("workers", n));
    if (o->api_qps > 0 && n > o->api_burst)
        log_warn("more workers than --kube-api-burst: they will wait for one another",
                 LOG_I("workers", n), LOG_I("burst", o->api_burst));
    if (o->enable_pprof || o->enable_pprof_debug)
        log_warn("there are no Go profiles in a C program, --enable-pprof is ignored: use perf");
}

/* In a pod nothing is resolved or executed; a kubeconfig may ask for both. */
static int harden(const struct process *p, struct err *err)
{
    if (harden_drop(getuid(), getgid(), err) < 0 || harden_no_dump(err) < 0)
        return -1;
    return kube_home_is_in_cluster(p->home) ? harden_seccomp_service(err) : 0;
}

static int process_open(struct process *p, const struct kube_options *o, struct err *err)
{
    const struct kube_home_ops ops = {.failed = on_failed, .user = p};

    fd_raise_limit();
    (void)signal(SIGPIPE, SIG_IGN);
    if (harden_no_dump(err) < 0) /* from the first credential on */
        return -1;
    if (loop_new(&p->loop, err) < 0 || ends_watch(&p->ends, p->loop, -1, stop, p, err) < 0 ||
        loop_timer_new(&p->trim, p->loop, on_trim, p, err) < 0 ||
        kube_home_new(&p->home, p->loop, o, &ops, err) < 0)
        return -1;
    loop_timer_arm(p->trim, clock_add(loop_now_ms(p->loop), p->trim_ms));
    return harden(p, err);
}

static int run(const struct kube_options *o)
{
    struct process p = {.exit_code = EXIT_SUCCESS, .trim_ms = TRIM_MS};
    struct err err;

    log_info("starting", LOG_S("version", CONTROLLER_VERSION));
    if (process_open(&p, o, &err) < 0) {
        log_error("cannot start", LOG_ERR(&err));
        (void)fprintf(stderr, "sandbox-controller: %s (%s)\n", err.msg, err.reason);
        p.exit_code = EXIT_FAILURE;
    } else {
        loop_run(p.loop);
        log_info("stopped", LOG_I("exit_code", p.exit_code));
    }
    kube_home_free(p.home);
    loop_timer_free(p.trim);
    ends_done(&p.ends);
    loop_free(p.loop);
    return p.exit_code;
}

static int show_help(void)
{
    char *help = kube_options_help();
    int r = help && fputs(help, stdout) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;

    free(help);
    return r;
}

/* `sandbox-controller kubernetes completion bash`: for `source <(…)`. */
static int show_completion(void)
{
    if (fputs("_sandbox_controller()\n{\n    local words=kubernetes\n"
              "    [[ ${COMP_WORDS[1]} == kubernetes && $COMP_CWORD -gt 1 ]] && words='",
              stdout) < 0)
        return EXIT_FAILURE;
    for (unsigned i = 0; kube_options_name(i); i++)
        if (printf("--%s ", kube_options_name(i)) < 0)
            return EXIT_FAILURE;
    return puts("--help'\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
                "\"${COMP_WORDS[COMP_CWORD]}\")\n}\ncomplete -o default -F _sandbox_controller "
                "sandbox-controller") < 0
               ? EXIT_FAILURE
               : EXIT_SUCCESS;
}

static int completion(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[2], "bash") == 0)
        return show_completion();
    (void)fputs("sandbox-controller kubernetes: only bash is known: completion bash "
                "(UnknownShell)\n",
                stderr);
    return EXIT_USAGE;
}

int kube_main(int argc, char **argv)
{
    struct kube_options o;
    struct err err;
    int r;

    if (argc > 1 && strcmp(argv[1], "completion") == 0)
        return completion(argc, argv);
    r = kube_options_read(&o, argc, argv, &err);
    if (r == KUBE_OPTIONS_HELP)
        return show_help();
    if (r == KUBE_OPTIONS_VERSION)
        return printf("sandbox-controller " CONTROLLER_VERSION " (commit %s, %s)\n",
                      build_git_commit, build_date) < 0
                   ? EXIT_FAILURE
                   : EXIT_SUCCESS;
    if (r < 0) {
        (void)fprintf(stderr, "sandbox-controller kubernetes: %s (%s)\nTry --help.\n", err.msg,
                      err.reason);
        return strcmp(err.reason, "FlagOutOfRange") == 0 ? EXIT_FAILURE : EXIT_USAGE;
    }
    log_init("controller", o.log_level, o.log_format, STDERR_FILENO);
    warn_of_workers(&o);
    return run(&o);
}
