#include "bench/rpc/load.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void histogram_add(struct histogram *h, uint64_t ns)
{
    uint64_t v = ns / 100 > 0 ? ns / 100 : 1;
    unsigned power = 63u - (unsigned)__builtin_clzll(v);
    uint64_t part = power >= 6 ? v >> (power - 6) : v << (6 - power);

    h->buckets[power * 64 + (part & 63)]++;
    h->n++;
}

double histogram_quantile(const struct histogram *h, double q)
{
    uint64_t rank = (uint64_t)((double)h->n * q), seen = 0;

    if (h->n == 0)
        return 0;
    if (rank >= h->n)
        rank = h->n - 1;
    for (unsigned i = 0; i < 64 * 64; i++) {
        seen += h->buckets[i];
        if (seen > rank)
            return (double)(1ull << (i / 64)) * (1 + (i % 64 + 0.5) / 64.0) / 10.0;
    }
    return 0;
}

static uint64_t thread_cpu_ns(pid_t pid, const char *tid)
{
    unsigned long long ns = 0;
    char path[320];
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, tid);
    file = fopen(path, "re");
    if (!file)
        return 0;
    if (fscanf(file, "%llu", &ns) != 1)
        ns = 0;
    (void)fclose(file);
    return ns;
}

uint64_t process_cpu_ns(pid_t pid)
{
    uint64_t sum = 0;
    struct dirent *entry;
    char path[64];
    DIR *dir;

    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    dir = opendir(path);
    if (!dir)
        return 0;
    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            sum += thread_cpu_ns(pid, entry->d_name);
    (void)closedir(dir);
    return sum;
}

long process_kib(pid_t pid, const char *file, const char *name)
{
    char path[64], line[256];
    long kib = -1;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    f = fopen(path, "re");
    if (!f)
        return -1;
    while (kib < 0 && fgets(line, sizeof(line), f))
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name), NULL, 10);
    (void)fclose(f);
    return kib;
}
