#pragma once
/*
 * A bearer token in a file that somebody else renews (a projected ServiceAccount token, a mounted
 * Secret): read anew every TOKEN_KEEP_MS; when that fails the last one stays in use.
 */
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { TOKEN_KEEP_MS = 10 * 1000, TOKEN_MAX = 8 * 1024 };

struct token {
    const char *path; /* not copied */
    char *text;       /* without the white space around it */
    uint64_t until_ms;
};

/* Reads it once. FAILED_PRECONDITION "BadToken": it is empty, or no text of one line; or as
 * fd_read_file(). */
int token_init(struct token *t, const char *path, uint64_t now_ms, struct err *err);
void token_done(struct token *t);

/* Good until the next call. */
const char *token_text(struct token *t, uint64_t now_ms);
/* Whether `authorization` (NULL: none) is "Bearer " and this; takes as long wherever they differ.
 */
bool token_is(struct token *t, const char *authorization, uint64_t now_ms);
