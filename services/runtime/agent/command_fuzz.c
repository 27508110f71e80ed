/* What a client sends as a command, up to the point where it would be run. */
#include "lib/rpc/service.h"
#include "services/runtime/agent/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const env[] = {"PATH=/bin", "HOME=/", NULL};
    const struct identity id = {.uid = 1000, .gid = 1000, .cwd = "/", .envp = env};
    struct command c;
    struct arena arena;
    struct err err;
    ProtobufCMessage *m;

    arena_init(&arena, 4u << 20);
    m = rpc_unpack(&agentsandbox__v1__command__descriptor, data, size, &arena, &err);
    if (m && command_parse((const Agentsandbox__V1__Command *)m, &id, &arena, &c, &err) == 0 &&
        (!c.argv[0] || !c.argv[0][0] || c.grace_ms > COMMAND_GRACE_MAX_MS))
        abort();
    arena_done(&arena);
    return 0;
}
