#pragma once
/*
 * Values of options on a command line. Each reader takes the option's name without dashes and the
 * value as given; what does not fit is INVALID_ARGUMENT, reason BadUsage, with the option, the
 * value (control bytes escaped, cut at 80) and what was wanted.
 */
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

/* Returns -1. wanted: as in "give WANTED". */
int optval_bad(const char *option, const char *value, const char *wanted, struct err *err);

int optval_u64(const char *option, const char *value, uint64_t min, uint64_t max,
               const char *wanted, uint64_t *ret, struct err *err);
/* A number of a user or a group; not 2^32 - 1, which means "leave it" to the kernel. */
int optval_id(const char *option, const char *value, uint32_t *ret, struct err *err);
/* "UID" or "UID:GID"; the group is the user's number when it is not given. */
int optval_user(const char *option, const char *value, uid_t *ret_uid, gid_t *ret_gid,
                struct err *err);
/* A descriptor that was inherited. */
int optval_fd(const char *option, const char *value, int *ret, struct err *err);
/* One of some words: parse gives its number, or < 0 (log_level_parse(), log_format_parse()). */
int optval_word(const char *option, const char *value, int (*parse)(const char *),
                const char *words, int *ret, struct err *err);

/* getopt_long() gave '?', or words are left that no option takes: argv[at] is at fault. Return -1.
 */
int optval_unknown(char *const *argv, int at, struct err *err);
int optval_left_over(char *const *argv, int at, struct err *err);
