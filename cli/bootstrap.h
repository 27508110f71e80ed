#pragma once
/* Images and manifests, brought to services that run. */
#include <stdio.h>

#include "cli/client.h"

struct bootstrap {
    struct opt_list manifests; /* files; "-" is standard input                                */
    struct opt_list images;    /* "NAME=SOURCE", SOURCE as in NodeService.ImportImage         */
};

/* Imports what is missing or differs from its source, then applies. Says on standard error what
 * takes time. */
int bootstrap_run(struct client *c, const char *ns, const struct bootstrap *b, struct err *err);

/* Reads files of YAML or JSON documents and applies them in one request. Warnings and, with `to`, a
 * line per object
 * ("sandboxtemplate/x created") are printed. */
int bootstrap_apply(struct client *c, const char *ns, const struct opt_list *files, bool dry_run,
                    FILE *to, struct err *err);
