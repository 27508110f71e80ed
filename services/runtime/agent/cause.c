#include "services/runtime/agent/cause.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"

enum { CGROUP_FILE_MAX = 8 * 1024 };

/* Where each version of control groups says it. A file is one number, or lines of "word number". */
static const struct {
    const char *kills, *limit, *peak;
} cgroup_files[] = {
    {"memory.events", "memory.max", "memory.peak"},
    {"memory/memory.oom_control", "memory/memory.limit_in_bytes",
     "memory/memory.max_usage_in_bytes"},
};

/* word NULL: the first number. Returns whether there is one. */
static bool read_number(const struct oom_watch *w, const char *file, const char *word,
                        uint64_t *ret)
{
    char path[sizeof(w->root) + 64];
    const char *text, *at;
    struct buf b;
    bool found = false;

    (void)snprintf(path, sizeof(path), "%s/%s", w->root, file);
    buf_init(&b, CGROUP_FILE_MAX);
    if (fd_read_file(AT_FDCWD, path, &b, NULL) == 0 && (text = buf_cstr(&b, NULL))) {
        at = word ? strstr(text, word) : text;
        found = at && sscanf(at + (word ? strlen(word) : 0), "%" SCNu64, ret) == 1;
    }
    buf_done(&b);
    return found;
}

static int read_kills(const struct oom_watch *w, uint64_t *ret)
{
    for (int i = 0; i < (int)ARRAY_SIZE(cgroup_files); i++)
        if (read_number(w, cgroup_files[i].kills, "oom_kill ", ret))
            return i;
    return -1;
}

void oom_watch_init(struct oom_watch *w, const char *root)
{
    *w = (struct oom_watch){0};
    (void)snprintf(w->root, sizeof(w->root), "%s", root ? root : "/sys/fs/cgroup");
    (void)read_kills(w, &w->n_killed); /* not visible: it stays 0 and check() says no */
}

bool oom_watch_check(struct oom_watch *w, uint64_t *ret_limit, uint64_t *ret_peak)
{
    uint64_t n = 0;
    int i = read_kills(w, &n);

    if (i < 0 || n <= w->n_killed)
        return false;
    w->n_killed = n;
    *ret_limit = *ret_peak = 0;
    (void)read_number(w, cgroup_files[i].limit, NULL, ret_limit); /* "max": no limit of its own */
    (void)read_number(w, cgroup_files[i].peak, NULL, ret_peak);
    return true;
}

static void fill(struct cause *c, enum cause_kind kind, const char *reason)
{
    c->kind = kind;
    (void)snprintf(c->reason, sizeof(c->reason), "%s", reason);
}

static const char *end_of(const struct cause *c, char *ret, size_t n)
{
    const char *name = c->signal ? sigabbrev_np(c->signal) : NULL;

    if (c->signal && name)
        (void)snprintf(ret, n, "signal %d (SIG%s)", c->signal, name);
    else if (c->signal)
        (void)snprintf(ret, n, "signal %d", c->signal);
    else
        (void)snprintf(ret, n, "exit code %d", c->exit_code);
    return ret;
}

static void fill_unasked(struct cause *c, const char *end, struct oom_watch *oom)
{
    if (c->signal == SIGKILL && oom && oom_watch_check(oom, &c->limit_bytes, &c->peak_bytes)) {
        fill(c, CAUSE_OUT_OF_MEMORY, "OOMKilled");
        (void)snprintf(c->message, sizeof(c->message),
                       "killed by the kernel: memory limit of %" PRIu64 " bytes reached",
                       c->limit_bytes);
    } else if (c->signal) {
        fill(c, CAUSE_SIGNALLED, "Signalled");
        (void)snprintf(c->message, sizeof(c->message), "ended by %s", end);
    } else {
        fill(c, CAUSE_EXITED, c->exit_code ? "Error" : "Completed");
        if (c->exit_code)
            (void)snprintf(c->message, sizeof(c->message), "%s", end);
    }
}

void cause_of_status(struct cause *ret, int status, enum cause_kind wish, int sent,
                     struct oom_watch *oom)
{
    char text[64];

    *ret = (struct cause){.time_ns = clock_realtime_ns()};
    if (WIFSIGNALED(status))
        ret->signal = WTERMSIG(status);
    else
        ret->exit_code = WEXITSTATUS(status);
    (void)end_of(ret, text, sizeof(text));

    if (wish == CAUSE_TIMED_OUT) {
        fill(ret, CAUSE_TIMED_OUT, "DeadlineExceeded");
        (void)snprintf(ret->message, sizeof(ret->message), "its time limit passed; %s", text);
    } else if (wish == CAUSE_SANDBOX_ENDED) {
        fill(ret, CAUSE_SANDBOX_ENDED, "SandboxEnded");
        (void)snprintf(ret->message, sizeof(ret->message), "the sandbox ended; %s", text);
    } else if (wish == CAUSE_KILLED || (ret->signal && ret->signal == sent)) {
        fill(ret, CAUSE_KILLED, "Killed");
        (void)snprintf(ret->message, sizeof(ret->message), "ended on request by %s", text);
    } else {
        fill_unasked(ret, text, oom);
    }
}

void cause_of_start_failure(struct cause *ret, const struct err *err)
{
    bool not_found = strcmp(err->reason, "CommandNotFound") == 0;
    bool known = not_found || strcmp(err->reason, "NotExecutable") == 0;

    *ret = (struct cause){.exit_code = not_found ? 127 : 126, .time_ns = clock_realtime_ns()};
    fill(ret, CAUSE_START_FAILED, known ? err->reason : "StartFailed");
    (void)bytes_escape(err->msg, strlen(err->msg), ret->message, sizeof(ret->message));
}

int cause_exit_code(const struct cause *c)
{
    return c->signal ? 128 + c->signal : c->exit_code;
}

void cause_to_message(const struct cause *c, Agentsandbox__V1__Cause *ret,
                      Google__Protobuf__Timestamp *ret_time)
{
    agentsandbox__v1__cause__init(ret);
    google__protobuf__timestamp__init(ret_time);
    ret_time->seconds = (int64_t)(c->time_ns / 1000000000u);
    ret_time->nanos = (int32_t)(c->time_ns % 1000000000u);
    ret->kind = (Agentsandbox__V1__CauseKind)c->kind;
    ret->exit_code = c->exit_code;
    ret->signal = c->signal;
    ret->limit_bytes = c->limit_bytes;
    ret->peak_bytes = c->peak_bytes;
    ret->reason = (char *)c->reason;
    ret->message = (char *)c->message;
    ret->time = ret_time;
}
