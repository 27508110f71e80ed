#pragma once
/* Runs umoci on what a stranger wrote, confined: see image_import.h. Blocks. */
#include "lib/base/err.h"

/* layout: an OCI layout with the tag "image"; root: the folder to be made; both below work, the
 * only folder that may be written. INVALID_ARGUMENT "BadImage", FAILED_PRECONDITION "ToolMissing".
 */
int image_unpack(const char *work, const char *layout, const char *root, struct err *err);
