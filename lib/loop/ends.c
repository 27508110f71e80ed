#include "lib/loop/ends.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/fd.h"

static void tell(struct ends *e, const char *why)
{
    bool is_again = e->was_told;

    e->was_told = true;
    e->fn(why, is_again, e->user);
}

static void on_signal(struct loop_signal *s _unused_, int signum, void *user)
{
    tell(user, strsignal(signum));
}

static void on_hangup(struct loop_signal *s _unused_, int signum _unused_, void *user _unused_)
{
    /* a terminal that went is no reason to end */
}

static void on_lifeline(struct loop_io *io, int events _unused_, void *user)
{
    struct ends *e = user;
    char scrap[64];
    ssize_t n = read(e->lifeline_fd, scrap, sizeof(scrap));

    if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    loop_io_set(io, 0);
    tell(e, "the lifeline has ended");
}

int ends_watch(struct ends *e, struct loop *loop, int lifeline_fd, ends_fn fn, void *user,
               struct err *err)
{
    *e = (struct ends){.lifeline_fd = lifeline_fd, .fn = fn, .user = user};
    if (loop_signal_new(&e->term, loop, SIGTERM, on_signal, e, err) < 0 ||
        loop_signal_new(&e->interrupt, loop, SIGINT, on_signal, e, err) < 0 ||
        loop_signal_new(&e->hangup, loop, SIGHUP, on_hangup, e, err) < 0)
        return -1;
    if (lifeline_fd < 0)
        return 0;
    if (fd_set_nonblock(lifeline_fd, err) < 0 ||
        loop_io_new(&e->lifeline, loop, lifeline_fd, LOOP_READ, on_lifeline, e, err) < 0)
        return err_wrap(err, "--lifeline-fd %d", lifeline_fd);
    return 0;
}

void ends_done(struct ends *e)
{
    loop_io_free(e->lifeline);
    loop_signal_free(e->term);
    loop_signal_free(e->interrupt);
    loop_signal_free(e->hangup);
    *e = (struct ends){.lifeline_fd = -1};
}
