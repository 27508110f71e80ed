#include "services/runtime/monitor/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/bytes.h"
#include "lib/base/fd.h"

static const char *const KINDS[] = {
    [RECORD_EXITED] = "exited",
    [RECORD_SIGNALLED] = "signalled",
    [RECORD_OUT_OF_MEMORY] = "oom",
    [RECORD_KILLED] = "killed",
    [RECORD_START_FAILED] = "start-failed",
    [RECORD_LOST] = "lost",
};

int record_write(int dirfd, const char *name, const struct record *r, struct err *err)
{
    _cleanup_(buf_done) struct buf b;
    char message[RECORD_MESSAGE_MAX + 1];

    buf_init(&b, 4096);
    bytes_escape(r->message, strlen(r->message), message, sizeof(message));
    if (buf_appendf(&b, err,
                    "kind %s\ncode %d\nsignal %d\nlimit %llu\npeak %llu\ntime %llu\nmessage %s\n",
                    KINDS[r->kind], r->code, r->signal, (unsigned long long)r->limit_bytes,
                    (unsigned long long)r->peak_bytes, (unsigned long long)r->time_ns, message) < 0)
        return -1;
    return fd_write_file_atomic(dirfd, name, buf_data(&b), buf_len(&b), 0600, false, err);
}

static uint64_t to_u64(const char *value, uint64_t max)
{
    uint64_t v;

    return bytes_parse_u64(value, 0, max, &v) == 0 ? v : 0;
}

static void take_line(struct record *r, const char *key, const char *value)
{
    if (strcmp(key, "kind") == 0) {
        for (size_t i = 1; i < ARRAY_SIZE(KINDS); i++)
            if (strcmp(value, KINDS[i]) == 0)
                r->kind = (enum record_kind)i;
    } else if (strcmp(key, "code") == 0) {
        r->code = (int)to_u64(value, 255);
    } else if (strcmp(key, "signal") == 0) {
        r->signal = (int)to_u64(value, 127);
    } else if (strcmp(key, "limit") == 0) {
        r->limit_bytes = to_u64(value, UINT64_MAX);
    } else if (strcmp(key, "peak") == 0) {
        r->peak_bytes = to_u64(value, UINT64_MAX);
    } else if (strcmp(key, "time") == 0) {
        r->time_ns = to_u64(value, UINT64_MAX);
    } else if (strcmp(key, "message") == 0) {
        (void)snprintf(r->message, sizeof(r->message), "%s", value);
    }
}

int record_read(int dirfd, const char *name, struct record *ret, struct err *err)
{
    _cleanup_(buf_done) struct buf b;
    struct record r = {0};
    char *line, *save = NULL;

    buf_init(&b, 4096);
    if (fd_read_file(dirfd, name, &b, err) < 0 || !buf_cstr(&b, err))
        return -1;
    for (line = strtok_r((char *)b.mem + b.start, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        char *space = strchr(line, ' ');

        if (!space)
            continue;
        *space = '\0';
        take_line(&r, line, space + 1);
    }
    if (r.kind == 0 || r.time_ns == 0)
        return err_set(err, RPC_DATA_LOSS, "BadRecord", "%s is no record of an end", name);
    *ret = r;
    return 0;
}

/* ---- who the monitor is ---- */

static int read_small(int dirfd, const char *name, char *ret, size_t n)
{
    _cleanup_(close_fdp) int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, ret, n - 1) : -1;

    if (got <= 0)
        return -1;
    ret[got] = '\0';
    return 0;
}

int64_t record_read_number(int dirfd, const char *name)
{
    char text[64], *end;
    long v;

    if (read_small(dirfd, name, text, sizeof(text)) < 0)
        return -1;
    v = strtol(text, &end, 10);
    return end == text || v < 0 ? -1 : v;
}

/* In clock ticks since boot: field 22 of proc_pid_stat(5). 0: there is no such process. */
static uint64_t start_time(pid_t pid)
{
    char path[64], text[1024], *at;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    if (read_small(AT_FDCWD, path, text, sizeof(text)) < 0)
        return 0;
    at = strrchr(text, ')'); /* the name, field 2, may hold anything */
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

int record_write_self(int dirfd, struct err *err)
{
    char text[64];
    int n = snprintf(text, sizeof(text), "%d %llu\n", (int)getpid(),
                     (unsigned long long)start_time(getpid()));

    return fd_write_file_atomic(dirfd, "monitor", text, (size_t)n, 0600, false, err);
}

bool record_find_monitor(int dirfd, pid_t *ret_pid, int *ret_pidfd)
{
    _cleanup_(close_fdp) int pidfd = -1;
    char text[64], *end;
    uint64_t start;
    long pid;

    if (read_small(dirfd, "monitor", text, sizeof(text)) < 0)
        return false;
    pid = strtol(text, &end, 10);
    start = strtoull(end, NULL, 10);
    if (pid <= 1 || start == 0)
        return false;
    /* Held first, then looked at: what the number means cannot change any more. */
    pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (pidfd < 0 || start_time((pid_t)pid) != start)
        return false;
    *ret_pid = (pid_t)pid;
    *ret_pidfd = TAKE_FD(pidfd);
    return true;
}
