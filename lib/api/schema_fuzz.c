/* An object that has passed is pruned and defaulted: it passes again, silently and unchanged. */
#include <string.h>

#include "lib/api/meta.h"
#include "lib/api/schema.h"
#include "lib/base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_issue(const struct schema_issue *issue, void *user)
{
    unsigned *n = user;

    if (strlen(issue->path) >= SCHEMA_PATH_MAX || !issue->message[0])
        abort();
    ++*n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_json_ json_t *o = meta_parse((const char *)data, size, LIMIT_OBJECT, NULL),
                          *once = NULL;
    unsigned n = 0;

    if (!o || schema_check(o, on_issue, &n, NULL) != 0)
        return 0;
    once = json_deep_copy(o);
    n = 0;
    if (schema_check(o, on_issue, &n, NULL) != 0 || n != 0 || !json_equal(o, once))
        abort();
    return 0;
}
