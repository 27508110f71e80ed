#pragma once
/*
 * Bringing an image in: blocking, run as a child process of the node (`sandbox-runtime
 * image-import`), so that neither a slow registry nor a bad archive holds anything up.
 *
 * skopeo copies the source into an OCI layout, umoci unpacks it. umoci handles what a stranger
 * wrote, so it runs without network, with few capabilities, able to write below its own folder only
 * (Landlock), and with ceilings on time, on the size of a file and on the whole.
 */
#include "services/runtime/node/image.h"

#define IMAGE_MAX_UNPACKED_BYTES (32ull << 30)
#define IMAGE_MAX_LAYERS         128

/*
 * source: "oci:/path[:ref]", "oci-archive:/path[:ref]" or "docker://…". name: what pods call it;
 * NULL or "": the ref of the source. Errors: INVALID_ARGUMENT "BadImage", UNAVAILABLE
 * "RegistryUnreachable", FAILED_PRECONDITION "ToolMissing".
 */
int image_import(const char *dir, const char *source, const char *name, struct image *ret,
                 struct err *err);

/* `sandbox-runtime image-import --store DIR --source S [--name N]`: one line of JSON on standard
 * output:
 * {"name","digest","size","time"} or {"code","reason","message"}. */
int image_import_main(int argc, char **argv);
/* Reads that line. */
int image_import_parse(const char *line, struct image *ret, struct err *err);
