#pragma once
/* Short names for the generated messages: PB(Instance) is Agentsandbox__V1__Instance. */
#include "agentsandbox/v1/node.pb-c.h"

#define PB(name) Agentsandbox__V1__##name
