#pragma once
/*
 * sandboxctl: what all its commands share. Each command is one file cmd_*.c with one function; it
 * prints its result on standard output, everything else on standard error, and returns the exit
 * code.
 */
#include <stdbool.h>
#include <stdint.h>

#include "cli/opts.h"
#include "lib/base/err.h"

/* Exit codes. run and exec pass the command's own code on, so that theirs stand apart. */
enum {
    CTL_OK = 0,
    CTL_FAILED = 1,
    CTL_USAGE = 2,
    CTL_RUN_FAILED = 125,     /* run, exec: we failed, not the command         */
    CTL_NOT_EXECUTABLE = 126, /* as shells have it                             */
    CTL_NOT_FOUND = 127,
    CTL_SIGNAL = 128, /* + n: the command, or we, ended by signal n    */
};

enum out_format { OUT_TABLE, OUT_WIDE, OUT_JSON, OUT_YAML, OUT_NAME };

struct ctl {
    const char *run_dir; /* where the services' sockets are */
    const char *ns;
    enum out_format out;
    uint64_t timeout_ms; /* 0: the command's default        */
    bool verbose;
    const char *program; /* argv[0] */
};

struct ctl_command {
    const char *name;
    const char *usage;    /* "get KIND [NAME] [OPTION…]"                          */
    const char *summary;  /* one line                                            */
    const char *details;  /* paragraphs for its --help, ends in a newline        */
    const char *examples; /* lines, each indented by two                         */
    bool takes_command; /* a foreign command follows: our options end at the first word that is none
                         */
    /* argv[0] is the command's name. */
    int (*run)(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv);
};

extern const struct ctl_command cmd_up, cmd_down, cmd_apply, cmd_get, cmd_describe, cmd_run,
    cmd_exec, cmd_claim, cmd_delete, cmd_image, cmd_doctor, cmd_version, cmd_completion,
    cmd_supervise;

/* All commands in the order of --help, NULL at the end. */
extern const struct ctl_command *const ctl_commands[];

/*
 * Parses argv with the command's own options and those of all commands. Returns -1 to go on;
 * otherwise the exit code to return (help was printed, or what was wrong). *ret_first as in
 * opts_parse().
 */
int ctl_parse(struct ctl *ctl, const struct ctl_command *self, const struct opt *own, int argc,
              char **argv, int *ret_first);

int ctl_main(int argc, char **argv);

/* "sandboxctl: text" on standard error. */
void ctl_say(const char *fmt, ...) _printf_(1, 2);
/* The error as a sentence with its reason word; returns CTL_FAILED. */
int ctl_fail(const struct err *err);
/* "wrong usage" with a hint at --help; returns CTL_USAGE. */
int ctl_usage(const struct ctl_command *self, const char *fmt, ...) _printf_(2, 3);
