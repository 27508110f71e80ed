#pragma once
/*
 * Inside lib/rpc: the end of a connection whose last word counts (a GOAWAY). Closing a socket that
 * has unread bytes, or that gets more, makes TCP forget what it was told to send. So it is shut for
 * writing, and what still comes is thrown away until the peer closes, a second at most.
 */
#include "lib/rpc/hub.h"

/* Owns fd, a socket, in any case. Where lingering does not work (too many of them, no memory) it is
 * only read empty. */
void rpc_linger(struct rpc_hub *hub, int fd);
/* The hub is closed: all of them go. */
void rpc_linger_stop(struct rpc_hub *hub);
