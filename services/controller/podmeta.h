#pragma once
/* Labels and annotations of a Pod as its Sandbox's pod template wants them (reference 2.1.2). */
#include "lib/store/store.h"
#include "services/controller/obj.h"

/* Keys with these prefixes belong to controllers and are never copied from a pod template. */
bool podmeta_is_reserved(const char *key);
/* "go-client", "python-client", "controller", else "unknown". */
const char *podmeta_created_by(const char *value);

/* For a Pod that is being made: the template's metadata and what marks it as the Sandbox's. */
int podmeta_fill(json_t *pod, const json_t *sandbox);
/* Whether podmeta_sync() would change nothing; looks only. */
bool podmeta_is_synced(const json_t *pod, const json_t *sandbox);
/* For one that exists: adds, changes and removes what is needed, touching nobody else's keys. */
int podmeta_sync(json_t *pod, const json_t *sandbox);
