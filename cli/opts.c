#include "cli/opts.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"

enum { OPTS_MAX = 48, OPTS_HELP_VALUE = 1000 };

struct opts_build {
    struct option longs[OPTS_MAX + 2];
    char shorts[2 * OPTS_MAX + 4];
    const struct opt *by_index[OPTS_MAX];
    int n;
    size_t n_shorts;
};

static void build_add(struct opts_build *b, const struct opt *table)
{
    for (const struct opt *o = table; o && o->name && b->n < OPTS_MAX; o++) {
        bool has_arg = o->type != OPT_FLAG;

        b->longs[b->n] = (struct option){o->name, has_arg ? required_argument : no_argument, NULL,
                                         OPTS_HELP_VALUE + 1 + b->n};
        b->by_index[b->n++] = o;
        if (!o->letter)
            continue;
        b->shorts[b->n_shorts++] = o->letter;
        if (has_arg)
            b->shorts[b->n_shorts++] = ':';
    }
}

static const struct opt *find(const struct opts_build *b, int value)
{
    if (value > OPTS_HELP_VALUE)
        return b->by_index[value - OPTS_HELP_VALUE - 1];
    for (int i = 0; i < b->n; i++)
        if (b->by_index[i]->letter == value)
            return b->by_index[i];
    return NULL;
}

int opts_parse_duration(const char *s, uint64_t *ret_ms)
{
    uint64_t total = 0;

    if (!isdigit((unsigned char)*s))
        return -1;
    while (*s) {
        uint64_t n = 0, unit = 1000;

        if (!isdigit((unsigned char)*s))
            return -1;
        for (; isdigit((unsigned char)*s); s++)
            if ((n = n * 10 + (uint64_t)(*s - '0')) > UINT32_MAX)
                return -1;
        if (s[0] == 'm' && s[1] == 's')
            unit = 1, s += 2;
        else if (*s == 's')
            s++;
        else if (*s == 'm')
            unit = 60000, s++;
        else if (*s == 'h')
            unit = 3600000, s++;
        else if (*s)
            return -1;
        total += n * unit;
    }
    *ret_ms = total;
    return 0;
}

static int opt_take(const struct opt *o, const char *value, struct err *err)
{
    struct opt_list *list = o->to;

    switch (o->type) {
    case OPT_FLAG:
        *(bool *)o->to = true;
        return 0;
    case OPT_TEXT:
        *(const char **)o->to = value;
        return 0;
    case OPT_LIST:
        if (list->n == OPT_LIST_MAX)
            return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                           "--%s is given more than %d times", o->name, OPT_LIST_MAX);
        list->items[list->n++] = value;
        return 0;
    case OPT_DURATION:
        if (opts_parse_duration(value, o->to) < 0)
            return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                           "--%s: \"%.40s\" is no duration; write 30s, 5m or 500ms", o->name,
                           value);
        return 0;
    case OPT_NUMBER:
        if (bytes_parse_u64(value, 0, UINT64_MAX, o->to) < 0)
            return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                           "--%s: \"%.40s\" is no whole number", o->name, value);
        return 0;
    }
    abort();
}

int opts_parse(const struct opt *own, const struct opt *common, bool stops_early, int argc,
               char **argv, int *ret_first, struct err *err)
{
    struct opts_build b = {.shorts = "+:h", .n_shorts = 3};
    const char *shorts = stops_early ? b.shorts : b.shorts + 1;
    int c;

    build_add(&b, own);
    build_add(&b, common);
    b.longs[b.n] = (struct option){"help", no_argument, NULL, 'h'};
    optind = 0; /* glibc: start over, with the new settings */
    while ((c = getopt_long(argc, argv, shorts, b.longs, NULL)) != -1) {
        const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";

        if (c == 'h')
            return OPTS_HELP;
        if (c == ':')
            return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage", "%.80s needs a value", word);
        if (c == '?')
            return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                           "there is no option %.80s here; see %s --help", word, argv[0]);
        if (opt_take(find(&b, c), optarg, err) < 0)
            return -1;
    }
    *ret_first = optind;
    return 0;
}

void opts_print(const struct opt *opts)
{
    for (const struct opt *o = opts; o && o->name; o++) {
        char left[64];

        if (!o->help)
            continue;
        (void)snprintf(left, sizeof(left), "%s%.1s%s--%s%s%s", o->letter ? "-" : "  ",
                       o->letter ? &o->letter : "", o->letter ? ", " : "  ", o->name,
                       o->arg ? " " : "", o->arg ? o->arg : "");
        printf("  %-28s %s\n", left, o->help);
    }
}
