#pragma once
/* The whole of sandbox-controller but its process: store, core, services, listeners. */
#include "lib/loop/loop.h"
#include "services/controller/options.h"

#define CONTROLLER_VERSION "0.1.0"

struct controller;

/* Binds the sockets; nothing is served yet. */
int controller_new(struct controller **ret, struct loop *loop, const struct options *opts,
                   struct err *err);
/* Opens the state (after privileges were dropped, so that the files are the user's), finds again
 * what was there, serves. FAILED_PRECONDITION: "StateNotWritable", "SchemaTooNew", "StateInUse",
 * "StateCorrupt". */
int controller_start(struct controller *c, struct err *err);
/* Refuses new calls, lets open ones end until deadline_ms, then calls fn once. */
void controller_drain(struct controller *c, uint64_t deadline_ms, void (*fn)(void *user),
                      void *user);
void controller_free(struct controller *c);
DEFINE_CLEANUP(struct controller *, controller_free)

/* The real addresses of the listeners. */
const char *controller_address(const struct controller *c);
const char *controller_routes_address(const struct controller *c);
