#include "tests/attack/target_proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
    perror(what);
    return -1;
}

/* AddressSanitizer keeps what was freed, by default 256 MB of it: that is not the server's. */
static void become(const char *program, int in, int out)
{
    (void)setenv("ASAN_OPTIONS", "quarantine_size_mb=1:thread_local_quarantine_size_kb=64", 1);
    if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
        (void)execl(program, program, (char *)NULL);
    perror(program);
    _exit(127);
}

static int read_address(struct target *t, int fd)
{
    FILE *f = fdopen(fd, "r");
    char *colon;

    if (!f)
        return fail("reading the address of the server");
    if (!fgets(t->address, sizeof(t->address), f)) {
        (void)fclose(f);
        fprintf(stderr, "the server said no address\n");
        return -1;
    }
    (void)fclose(f);
    t->address[strcspn(t->address, "\n")] = '\0';
    colon = strrchr(t->address, ':');
    t->port = colon ? (uint16_t)strtoul(colon + 1, NULL, 10) : 0;
    return t->port ? 0 : -1;
}

int target_start(struct target *t, const char *program)
{
    int in[2], out[2];

    if (pipe(in) < 0 || pipe(out) < 0)
        return fail("pipe");
    t->pid = fork();
    if (t->pid < 0)
        return fail("fork");
    if (t->pid == 0) {
        (void)close(in[1]);
        (void)close(out[0]);
        become(program, in[0], out[1]);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    t->lifeline = in[1];
    return read_address(t, out[0]);
}

int target_stop(struct target *t)
{
    int status = -1;

    (void)close(t->lifeline);
    if (waitpid(t->pid, &status, 0) != t->pid)
        return fail("waiting for the server");
    if (status == 0)
        return 0;
    fprintf(stderr, "the server ended with status 0x%x\n", (unsigned)status);
    return -1;
}

long target_rss_kib(const struct target *t)
{
    char path[64];
    long pages = -1;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)t->pid);
    f = fopen(path, "r");
    if (!f)
        return -1;
    if (fscanf(f, "%*d %ld", &pages) != 1)
        pages = -1;
    (void)fclose(f);
    return pages < 0 ? -1 : pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Of its first thread, which is its only one. */
double target_cpu_s(const struct target *t)
{
    unsigned long long ns = 0;
    char path[64];
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)t->pid);
    f = fopen(path, "r");
    if (!f)
        return -1;
    if (fscanf(f, "%llu", &ns) != 1)
        ns = 0;
    (void)fclose(f);
    return (double)ns / 1e9;
}
