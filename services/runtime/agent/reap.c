#include "services/runtime/agent/reap.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include "lib/loop/loop.h"

struct reaper {
    struct loop_signal *sigchld;
    struct list watches;
    uint64_t n_orphans;
};

static struct reap_watch *find(const struct reaper *r, pid_t pid)
{
    LIST_FOREACH(it, &r->watches)
    {
        struct reap_watch *w = CONTAINER_OF(it, struct reap_watch, link);

        if (w->pid == pid)
            return w;
    }
    return NULL;
}

/* The pid of a child that has ended and is still there, or 0. */
static pid_t next_ended(void)
{
    siginfo_t info = {0};
    int r;

    do
        r = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
    while (r < 0 && errno == EINTR);
    return r < 0 ? 0 : info.si_pid;
}

static void on_sigchld(struct loop_signal *s, int signum, void *user)
{
    struct reaper *r = user;
    struct rusage usage;
    pid_t pid;

    (void)s;
    (void)signum;
    while ((pid = next_ended()) > 0) {
        struct reap_watch *w = find(r, pid);
        int status;

        if (w && w->kill_group)
            (void)kill(-pid, SIGKILL); /* ESRCH: it was the last one */
        if (wait4(pid, &status, 0, &usage) != pid)
            return;
        if (!w) {
            r->n_orphans++;
            continue;
        }
        list_remove(&w->link);
        w->fn(w, status, &usage); /* Careful: w may be gone here. */
    }
}

int reaper_new(struct reaper **ret, struct loop *loop, struct err *err)
{
    _cleanup_(reaper_freep) struct reaper *r = calloc(1, sizeof(*r));

    if (!r)
        return err_oom(err);
    list_init(&r->watches);
    if (loop_signal_new(&r->sigchld, loop, SIGCHLD, on_sigchld, r, err) < 0)
        return -1;
    *ret = TAKE_PTR(r);
    return 0;
}

void reaper_free(struct reaper *r)
{
    if (!r)
        return;
    LIST_FOREACH_SAFE(it, &r->watches)
    list_remove(it);
    loop_signal_free(r->sigchld);
    free(r);
}

void reaper_watch(struct reaper *r, struct reap_watch *w)
{
    list_push_back(&r->watches, &w->link);
}

void reaper_unwatch(struct reap_watch *w)
{
    list_remove(&w->link);
}

uint64_t reaper_n_orphans(const struct reaper *r)
{
    return r->n_orphans;
}
