#include "services/runtime/monitor/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void take_line(struct record *r, const char *key, const char *value)
{
    if (strcmp(key, "kind") == 0) {
        for (size_t i = 1; i < ARRAY_SIZE(KINDS); i++)
            if (strcmp(value, KINDS[i]) == 0)
                r->kind = (enum record_kind)i;
    } else if (strcmp(key, "code") == 0) {
        r->code = atoi(value) & 255;
    } else if (strcmp(key, "signal") == 0) {
        r->signal = atoi(value) & 127;
    } else if (strcmp(key, "limit") == 0) {
        r->limit_bytes = strtoull(value, NULL, 10);
    } else if (strcmp(key, "peak") == 0) {
        r->peak_bytes = strtoull(value, NULL, 10);
    } else if (strcmp(key, "time") == 0) {
        r->time_ns = strtoull(value, NULL, 10);
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
