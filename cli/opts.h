#pragma once
/*
 * Options as a table: a command lists what it takes, and parsing, --help and completion follow from
 * it. GNU getopt_long underneath. Where a foreign command follows, options end at the first
 * argument that is none, so that its options are never taken for ours; elsewhere they may stand
 * anywhere.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum opt_type {
    OPT_FLAG,     /* bool *                                           */
    OPT_TEXT,     /* const char **                                    */
    OPT_LIST,     /* struct opt_list *: may be given several times    */
    OPT_DURATION, /* uint64_t *, milliseconds: "90s", "1m30s", "500ms" */
    OPT_NUMBER,   /* uint64_t *                                       */
};

enum { OPT_LIST_MAX = 64 };

struct opt_list {
    const char *items[OPT_LIST_MAX]; /* point into argv */
    size_t n;
};

struct opt {
    const char *name; /* long form, without dashes      */
    char letter;      /* short form, or 0               */
    enum opt_type type;
    void *to;
    const char *arg;  /* what --help calls its value    */
    const char *help; /* NULL: not shown                */
};

enum { OPTS_HELP = 1 };

/*
 * Reads argv[1…] into what the tables point to; *ret_first is the index of the first argument that
 * is no option. Two tables, so that a command's own stand beside those of all commands; each ends
 * with a name of NULL. Returns OPTS_HELP for --help; < 0 (INVALID_ARGUMENT, "BadUsage") names the
 * wrong option.
 */
int opts_parse(const struct opt *own, const struct opt *common, bool stops_early, int argc,
               char **argv, int *ret_first, struct err *err);

/* Prints a table for --help on standard output. */
void opts_print(const struct opt *opts);

/* "90", "90s", "1m30s", "500ms", "2h": milliseconds; a bare number is seconds. < 0: it is none. */
int opts_parse_duration(const char *s, uint64_t *ret_ms);
