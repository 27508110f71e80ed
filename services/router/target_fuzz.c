/* Routing metadata out of arbitrary bytes: lines "name value", the first line is the path. What is
 * accepted is well-formed. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/limits.h"
#include "lib/rpc/metadata.h"
#include "services/router/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void add_line(struct rpc_metadata *md, char *line)
{
    char *value = strchr(line, ' ');

    if (!value)
        return;
    *value++ = '\0';
    (void)rpc_metadata_add_str(md, line, value, NULL); /* what it refuses no peer can send */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct rpc_metadata md;
    struct target target;
    struct arena arena;
    struct err err;
    char *text, *line, *save = NULL;

    arena_init(&arena, 1 << 20);
    rpc_metadata_init(&md, &arena);
    text = arena_memdup(&arena, data, n);
    line = text ? strtok_r(text, "\n", &save) : NULL;
    if (line) {
        const char *path = line;

        while ((line = strtok_r(NULL, "\n", &save)))
            add_line(&md, line);
        if (target_read(&target, path, &md, &err) == 0) {
            assert(bytes_is_dns_label(target.name) && bytes_is_dns_label(target.ns));
            assert(strlen(target.uid) <= TARGET_UID_MAX);
            assert(rpc_metadata_get(&md, "x-sandbox-id"));
        } else {
            assert(bytes_is_utf8(err.msg, strlen(err.msg)) && err.reason[0]);
        }
    }
    arena_done(&arena);
    return 0;
}
