#pragma once
/* Manifest files as the messages that TemplateService.Apply takes, checked here first, because only
 * here the line and column of every field are known. */
#include "agentsandbox/v1/template.pb-c.h"
#include "cli/opts.h"
#include "lib/base/err.h"

struct manifests {
    Agentsandbox__V1__Manifest *items[OPT_LIST_MAX * 4];
    size_t n;
};

/*
 * Reads one file ("-": standard input) and adds its documents. Unknown fields are named on standard
 * error and left out. What is wrong is told with its place, "pool.yaml:12:7: spec.replicas: want an
 * integer …" (INVALID_ARGUMENT); of several the first is the error and the others are printed.
 */
int manifests_read(struct manifests *m, const char *file, struct err *err);
void manifests_done(struct manifests *m);
