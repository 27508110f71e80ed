#pragma once
/* The image half of NodeService. An import is a child process (image_import.h); a call that goes
 * away takes it along. */
#include <protobuf-c/protobuf-c.h>

#include "services/runtime/node/node.h"

void service_import_image(struct rpc_call *call, const ProtobufCMessage *request, void *user);
void service_list_images(struct rpc_call *call, const ProtobufCMessage *request, void *user);
void service_remove_image(struct rpc_call *call, const ProtobufCMessage *request, void *user);
/* After the server was freed: what still runs is broken off. */
void service_imports_end(struct node *n);
