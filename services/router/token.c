#include "services/router/token.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"

/* RFC 6750 2.1: b64token, and what else is printable. */
static bool is_printable(const char *s)
{
    for (; *s; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return true;
}

static int read_text(const char *path, char **ret, struct err *err)
{
    _cleanup_(buf_done) struct buf b;
    const char *text;
    size_t skip, n;
    char *copy;

    buf_init(&b, TOKEN_MAX);
    if (fd_read_file(AT_FDCWD, path, &b, err) < 0 || buf_append(&b, "", 1, err) < 0)
        return err_wrap(err, "the token in %s", path);
    text = (const char *)buf_data(&b);
    skip = strspn(text, " \t\r\n");
    n = strlen(text + skip);
    while (n > 0 && strchr(" \t\r\n", text[skip + n - 1]))
        n--;
    copy = strndup(text + skip, n);
    if (!copy)
        return err_oom(err);
    if (n == 0 || !is_printable(copy)) {
        free(copy);
        return err_set(err, RPC_FAILED_PRECONDITION, "BadToken",
                       "the token in %s is %s: it is one line of printable characters", path,
                       n == 0 ? "empty" : "no text");
    }
    *ret = copy;
    return 0;
}

int token_init(struct token *t, const char *path, uint64_t now_ms, struct err *err)
{
    t->path = path;
    t->until_ms = clock_add(now_ms, TOKEN_KEEP_MS);
    return read_text(path, &t->text, err);
}

void token_done(struct token *t)
{
    free(t->text);
    t->text = NULL;
}

const char *token_text(struct token *t, uint64_t now_ms)
{
    struct err err;
    char *text;

    if (now_ms < t->until_ms)
        return t->text;
    t->until_ms = clock_add(now_ms, TOKEN_KEEP_MS);
    if (read_text(t->path, &text, &err) < 0) {
        log_warn("cannot read a token anew, keeping the last one", LOG_ERR(&err));
        return t->text;
    }
    free(t->text);
    t->text = text;
    return t->text;
}

bool token_is(struct token *t, const char *authorization, uint64_t now_ms)
{
    const char *want = token_text(t, now_ms);
    size_t n;

    if (!authorization || strncasecmp(authorization, "bearer ", 7) != 0)
        return false;
    authorization += 7;
    authorization += strspn(authorization, " ");
    n = strlen(authorization);
    return n == strlen(want) && CRYPTO_memcmp(authorization, want, n) == 0;
}
