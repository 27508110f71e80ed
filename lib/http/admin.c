#include "lib/http/admin.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/http/http1.h"

struct admin {
    struct admin_opts opts;
    struct http1_server *http;
};

static void answer_error(struct http1_reply *reply, int status, const struct err *err)
{
    reply->status = status;
    buf_clear(&reply->body);
    (void)buf_appendf(&reply->body, NULL, "%s\n", err->msg);
}

static void answer_health(struct admin *a, struct http1_reply *reply)
{
    struct err err;

    if (a->opts.is_healthy && a->opts.is_healthy(a->opts.user, &err) < 0)
        answer_error(reply, 503, &err);
    else
        (void)buf_append_str(&reply->body, "ok\n", NULL);
}

static void answer_metrics(struct admin *a, struct http1_reply *reply)
{
    struct err err;

    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    if (metrics_write(a->opts.metrics, &reply->body, &err) < 0)
        answer_error(reply, 500, &err);
}

static void on_request(const struct http1_request *req, struct http1_reply *reply, void *user)
{
    struct admin *a = user;

    if (strcmp(req->path, "/healthz") == 0) {
        answer_health(a, reply);
    } else if (strcmp(req->path, "/metrics") == 0) {
        answer_metrics(a, reply);
    } else {
        reply->status = 404;
        (void)buf_append_str(&reply->body, "here are only /healthz and /metrics\n", NULL);
    }
}

int admin_new(struct admin **ret, struct loop *loop, const struct admin_opts *opts, struct err *err)
{
    struct admin *a = calloc(1, sizeof(*a));

    if (!a)
        return err_oom(err);
    a->opts = *opts;
    if (http1_server_new(&a->http, loop, on_request, a, err) < 0) {
        admin_free(a);
        return err_wrap(err, "making /healthz");
    }
    *ret = a;
    return 0;
}

void admin_free(struct admin *a)
{
    if (!a)
        return;
    http1_server_free(a->http);
    free(a);
}

void admin_take(int fd, const uint8_t *data, size_t n, void *admin)
{
    struct admin *a = admin;

    http1_server_take(fd, data, n, a->http);
}

/* ---- the process ---- */

static const struct metric_desc rss_desc = {
    .name = "process_resident_memory_bytes", .help = "Resident memory.", .type = METRIC_GAUGE};
static const struct metric_desc fds_desc = {
    .name = "process_open_fds", .help = "Open file descriptors.", .type = METRIC_GAUGE};
static const struct metric_desc start_desc = {.name = "process_start_time_seconds",
                                              .help = "Start, in seconds of Unix time.",
                                              .type = METRIC_GAUGE};
static const struct metric_desc cpu_desc = {.name = "process_cpu_seconds_total",
                                            .help = "User and system time used.",
                                            .type = METRIC_COUNTER};
static const struct metric_desc build_desc = {.name = "build_info",
                                              .help = "What runs; always 1.",
                                              .type = METRIC_GAUGE,
                                              .labels = {"service", "version"}};

static double resident_bytes(void)
{
    unsigned long pages = 0;
    struct buf text;

    buf_init(&text, 4096);
    if (fd_read_file(AT_FDCWD, "/proc/self/statm", &text, NULL) == 0 && buf_cstr(&text, NULL))
        (void)sscanf(buf_cstr(&text, NULL), "%*u %lu", &pages);
    buf_done(&text);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    double n = -3; /* ".", ".." and the folder's own */

    if (!d)
        return 0;
    while (readdir(d))
        n++;
    (void)closedir(d);
    return n;
}

static double cpu_seconds(void)
{
    struct rusage u = {0};

    (void)getrusage(RUSAGE_SELF, &u); /* cannot fail with a good pointer */
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void read_process(void *user)
{
    struct metrics *m = user;
    struct metric_series *cpu = metric_with(metrics_find(m, cpu_desc.name), NULL);

    metric_add(cpu, cpu_seconds() - metric_value(cpu));

    metric_set(metric_with(metrics_find(m, rss_desc.name), NULL), resident_bytes());
    metric_set(metric_with(metrics_find(m, fds_desc.name), NULL), open_fds());
}

int admin_add_process_metrics(struct metrics *m, const char *service, const char *version,
                              struct err *err)
{
    struct metric *rss, *fds, *start, *build, *cpu;

    if (metrics_add(m, &cpu_desc, &cpu, err) < 0 || metrics_add(m, &rss_desc, &rss, err) < 0 ||
        metrics_add(m, &fds_desc, &fds, err) < 0 || metrics_add(m, &start_desc, &start, err) < 0 ||
        metrics_add(m, &build_desc, &build, err) < 0)
        return -1;
    metric_set(metric_with(start, NULL), (double)(clock_realtime_ns() / 1000000u) / 1000);
    metric_set(metric_with(build, (const char *[]){service, version}), 1);
    metrics_on_write(m, read_process, m);
    return 0;
}
