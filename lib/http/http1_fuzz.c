/* The server's half on arbitrary bytes: first byte picks where the rest is cut in two, its lowest
 * bit whether bodies are taken. */
#include <sys/socket.h>

#include "lib/http/http1.h"
#include "lib/loop/loop.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(const struct http1_request *req, struct http1_reply *reply, void *user)
{
    (void)user;
    (void)buf_append_str(&reply->body, req->path, NULL);
    (void)buf_append(&reply->body, req->body ?: (const uint8_t *)"", req->n_body, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(loop_freep) struct loop *loop = NULL;
    _cleanup_(http1_server_freep) struct http1_server *server = NULL;
    struct http1_server_opts opts = {.handler = answer, .max_held = 5000};
    int pair[2];
    size_t cut;

    if (size < 2 || size > 60000)
        return 0;
    cut = data[0] % size;
    opts.max_body = data[0] & 1 ? 1000 : 0;
    data++;
    size--;
    cut = MIN(cut, size);
    if (loop_new(&loop, NULL) < 0 || http1_server_new_opts(&server, loop, &opts, NULL) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        abort();
    http1_server_take(pair[0], data, cut, server);
    (void)send(pair[1], data + cut, size - cut, MSG_NOSIGNAL);
    (void)close(pair[1]);
    for (int i = 0; i < 8; i++)
        (void)loop_turn(loop, false);
    return 0;
}
