#pragma once
/* agentsandbox.v1.TemplateService: objects as JSON, in either version of the API. */
#include "lib/rpc/server.h"
#include "services/controller/ctl.h"

struct template_service;

/* Adds the service to the server. */
int template_service_new(struct template_service **ret, struct ctl *c, struct rpc_server *server,
                         struct err *err);
/* After rpc_server_free(). */
void template_service_free(struct template_service *s);
DEFINE_CLEANUP(struct template_service *, template_service_free)
