#pragma once
/* Our terminal in raw mode while a remote one is shown on it. */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

/* Puts descriptor fd (a terminal) into raw mode. One at a time. Restored by term_restore() and at
 * exit(). */
int term_raw(int fd, struct err *err);
/* Does nothing when there is nothing to restore. */
void term_restore(void);

/* Of the terminal behind fd; 80 × 24 where it does not say. */
void term_size(int fd, uint32_t *ret_columns, uint32_t *ret_rows);
