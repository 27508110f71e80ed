#pragma once
/* Inside channelz: the messages, made in a call's arena out of what they show. */
#include "grpc/channelz/v1/channelz.rpc.h"
#include "lib/rpc/channel_core.h"
#include "lib/rpc/look.h"

struct channelz_view {
    struct arena *arena;
    uint64_t now_ms;
    uint64_t real_ns;
    bool is_out_of_memory; /* what was made is not to be sent */
};

void channelz_view_init(struct channelz_view *v, struct rpc_call *call);

/* n pointers; NULL, and n 0, when out of memory. */
void *channelz_list(struct channelz_view *v, size_t *n);

/* None returns NULL. */
Grpc__Channelz__V1__Server *channelz_show_server(struct channelz_view *v, struct rpc_server *s);
Grpc__Channelz__V1__Channel *channelz_show_channel(struct channelz_view *v,
                                                   const struct rpc_channel *ch);
Grpc__Channelz__V1__Subchannel *channelz_show_endpoint(struct channelz_view *v,
                                                       const struct rpc_channel *ch,
                                                       const struct endpoint *e);
Grpc__Channelz__V1__SocketRef *channelz_show_ref(struct channelz_view *v,
                                                 const struct rpc_conn *conn);
Grpc__Channelz__V1__Socket *channelz_show_conn(struct channelz_view *v,
                                               const struct rpc_conn *conn);
Grpc__Channelz__V1__Socket *channelz_show_listener(struct channelz_view *v, uint64_t id, int fd);
