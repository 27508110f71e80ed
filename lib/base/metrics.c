#include "lib/base/metrics.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/list.h"
#include "lib/base/map.h"

const double metric_latency_buckets[METRIC_N_LATENCY_BUCKETS] = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
    0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    60};

struct metric_series {
    struct metric *family;
    struct list link;
    double value; /* counter, gauge; histogram: the sum */
    uint64_t count;
    uint64_t *buckets; /* family's n_buckets, behind this struct; not cumulative */
    char values[METRIC_MAX_LABELS][METRIC_MAX_VALUE + 1];
};

struct metric {
    struct metrics *registry;
    const struct metric_desc *desc;
    struct list link;
    struct list series;
    size_t n_series;
    size_t n_labels;
    struct metric_series *other;
    struct map by_values;
};

struct metrics {
    struct list families;
    struct metric_series sink; /* what is counted when memory ran out; nobody reads it */
    struct {
        void (*fn)(void *user);
        void *user;
    } hooks[METRIC_MAX_HOOKS];
    size_t n_hooks;
};

int metrics_new(struct metrics **ret, struct err *err)
{
    struct metrics *m = calloc(1, sizeof(*m));

    if (!m)
        return err_oom(err);
    list_init(&m->families);
    *ret = m;
    return 0;
}

void metric_clear(struct metric *f)
{
    struct list *it;

    while ((it = list_pop_front(&f->series)))
        free(CONTAINER_OF(it, struct metric_series, link));
    map_done(&f->by_values);
    map_init(&f->by_values);
    f->other = NULL;
    f->n_series = 0;
}

static void family_free(struct metric *f)
{
    metric_clear(f);
    map_done(&f->by_values);
    free(f);
}

void metrics_free(struct metrics *m)
{
    if (!m)
        return;
    LIST_FOREACH_SAFE(it, &m->families)
    family_free(CONTAINER_OF(it, struct metric, link));
    free(m);
}

void metrics_on_write(struct metrics *m, void (*fn)(void *user), void *user)
{
    assert(m->n_hooks < METRIC_MAX_HOOKS);
    m->hooks[m->n_hooks].fn = fn;
    m->hooks[m->n_hooks++].user = user;
}

struct metric *metrics_find(const struct metrics *m, const char *name)
{
    LIST_FOREACH(it, &m->families)
    {
        struct metric *f = CONTAINER_OF(it, struct metric, link);

        if (strcmp(f->desc->name, name) == 0)
            return f;
    }
    return NULL;
}

int metrics_add(struct metrics *m, const struct metric_desc *desc, struct metric **ret,
                struct err *err)
{
    struct metric *f;

    if (metrics_find(m, desc->name))
        return err_set(err, RPC_ALREADY_EXISTS, "AlreadyExists", "two metrics named %s",
                       desc->name);
    f = calloc(1, sizeof(*f));
    if (!f)
        return err_oom(err);
    f->registry = m;
    f->desc = desc;
    while (f->n_labels < METRIC_MAX_LABELS && desc->labels[f->n_labels])
        f->n_labels++;
    list_init(&f->series);
    map_init(&f->by_values);
    list_push_back(&m->families, &f->link);
    if (f->n_labels == 0)
        (void)metric_with(f, NULL); /* shown as 0 from the start */
    *ret = f;
    return 0;
}

/* The values cut and joined by a byte that a cut value may hold too: a clash only merges two
 * series. */
static void values_key(const struct metric *f, const char *const *values, char *ret, size_t n_ret)
{
    size_t at = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < f->n_labels; i++)
        at += (size_t)snprintf(ret + at, n_ret - at, "%.*s\x1f", METRIC_MAX_VALUE, values[i]);
}

static struct metric_series *series_new(struct metric *f, const char *const *values)
{
    size_t n = f->desc->type == METRIC_HISTOGRAM ? f->desc->n_buckets : 0;
    struct metric_series *s = calloc(1, sizeof(*s) + n * sizeof(uint64_t));

    if (!s)
        return NULL;
    s->family = f;
    s->buckets = (uint64_t *)(s + 1);
    for (size_t i = 0; i < f->n_labels; i++)
        (void)snprintf(s->values[i], sizeof(s->values[i]), "%s", values ? values[i] : "_other");
    list_push_back(&f->series, &s->link);
    return s;
}

static struct metric_series *series_other(struct metric *f)
{
    if (!f->other)
        f->other = series_new(f, NULL);
    return f->other ? f->other : &f->registry->sink;
}

struct metric_series *metric_with(struct metric *f, const char *const *values)
{
    char key[METRIC_MAX_LABELS * (METRIC_MAX_VALUE + 1) + 1];
    struct metric_series *s;

    values_key(f, values, key, sizeof(key));
    s = map_get(&f->by_values, key);
    if (s)
        return s;
    if (f->n_series >= (f->desc->max_series ? f->desc->max_series : METRIC_MAX_SERIES))
        return series_other(f);
    s = series_new(f, values);
    if (!s)
        return &f->registry->sink;
    if (map_set(&f->by_values, key, s, NULL, NULL) < 0) {
        list_remove(&s->link);
        free(s);
        return &f->registry->sink;
    }
    f->n_series++;
    return s;
}

void metric_add(struct metric_series *s, double n)
{
    s->value += n;
}

void metric_set(struct metric_series *s, double value)
{
    s->value = value;
}

double metric_value(const struct metric_series *s)
{
    return s->value;
}

void metric_observe(struct metric_series *s, double value)
{
    const struct metric_desc *d = s->family ? s->family->desc : NULL;
    size_t i = 0;

    s->value += value;
    s->count++;
    if (!d) /* the sink */
        return;
    assert(d->type == METRIC_HISTOGRAM);
    while (i < d->n_buckets && value > d->buckets[i])
        i++;
    if (i < d->n_buckets)
        s->buckets[i]++;
}

/* ---- text ---- */

static const char *type_name(enum metric_type type)
{
    switch (type) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_GAUGE:
        return "gauge";
    case METRIC_HISTOGRAM:
        return "histogram";
    }
    abort();
}

static int write_escaped(struct buf *out, const char *s, struct err *err)
{
    for (; *s; s++) {
        const char *esc = *s == '\\' ? "\\\\" : *s == '"' ? "\\\"" : *s == '\n' ? "\\n" : NULL;

        if (esc ? buf_append_str(out, esc, err) < 0 : buf_append(out, s, 1, err) < 0)
            return -1;
    }
    return 0;
}

static int write_labels(struct buf *out, const struct metric_series *s, const char *le,
                        struct err *err)
{
    const struct metric *f = s->family;
    const char *sep = "{";

    for (size_t i = 0; i < f->n_labels; i++, sep = ",")
        if (buf_appendf(out, err, "%s%s=\"", sep, f->desc->labels[i]) < 0 ||
            write_escaped(out, s->values[i], err) < 0 || buf_append_str(out, "\"", err) < 0)
            return -1;
    if (le && buf_appendf(out, err, "%sle=\"%s\"", sep, le) < 0)
        return -1;
    return f->n_labels > 0 || le ? buf_append_str(out, "}", err) : 0;
}

static int write_line(struct buf *out, const struct metric_series *s, const char *suffix,
                      const char *le, double value, struct err *err)
{
    if (buf_appendf(out, err, "%s%s", s->family->desc->name, suffix) < 0 ||
        write_labels(out, s, le, err) < 0)
        return -1;
    if (fabs(value) < 1e15 && value == (double)(int64_t)value)
        return buf_appendf(out, err, " %lld\n", (long long)value);
    return buf_appendf(out, err, " %.15g\n", value);
}

static int write_histogram(struct buf *out, const struct metric_series *s, struct err *err)
{
    const struct metric_desc *d = s->family->desc;
    uint64_t sum = 0;
    char le[32];

    for (size_t i = 0; i < d->n_buckets; i++) {
        sum += s->buckets[i];
        (void)snprintf(le, sizeof(le), "%g", d->buckets[i]);
        if (write_line(out, s, "_bucket", le, (double)sum, err) < 0)
            return -1;
    }
    if (write_line(out, s, "_bucket", "+Inf", (double)s->count, err) < 0 ||
        write_line(out, s, "_sum", NULL, s->value, err) < 0)
        return -1;
    return write_line(out, s, "_count", NULL, (double)s->count, err);
}

static int write_family(struct buf *out, const struct metric *f, struct err *err)
{
    const struct metric_desc *d = f->desc;

    if (buf_appendf(out, err, "# HELP %s %s\n# TYPE %s %s\n", d->name, d->help, d->name,
                    type_name(d->type)) < 0)
        return -1;
    LIST_FOREACH(it, &f->series)
    {
        const struct metric_series *s = CONTAINER_OF(it, struct metric_series, link);
        int r = d->type == METRIC_HISTOGRAM ? write_histogram(out, s, err)
                                            : write_line(out, s, "", NULL, s->value, err);

        if (r < 0)
            return -1;
    }
    return 0;
}

int metrics_write(struct metrics *m, struct buf *ret, struct err *err)
{
    for (size_t i = 0; i < m->n_hooks; i++)
        m->hooks[i].fn(m->hooks[i].user);
    LIST_FOREACH(it, &m->families)
    if (write_family(ret, CONTAINER_OF(it, struct metric, link), err) < 0)
        return err_wrap(err, "writing metrics");
    return 0;
}
