/* YAML in; every document comes out as JSON that can be written, and its places can be asked for.
 */
#include "lib/api/manifest.h"
#include "lib/api/meta.h"
#include "lib/base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(manifest_freep) struct manifest *m = NULL;
    struct err err = {0};
    unsigned line, column;

    if (manifest_parse(&m, "fuzz", data, size, &err) < 0) {
        if (err.reason[0] == '\0' || err.msg[0] == '\0')
            abort();
        return 0;
    }
    for (size_t i = 0; i < manifest_n_docs(m); i++) {
        _cleanup_(freep) char *text = meta_dump(manifest_doc(m, i), &err);

        if (!text)
            abort();
        manifest_position(m, i, "spec.x[3][\"a.b\"].y", &line, &column);
        if (line == 0 || column == 0)
            abort();
    }
    return 0;
}
