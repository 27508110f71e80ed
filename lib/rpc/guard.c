#include "lib/rpc/guard.h"

#include <stdio.h>
#include <string.h>

enum {
    HEAD_MS = 10 * 1000,
    WRITE_MS = 60 * 1000,
    UPDATES_PER_DATA = 10,
    PAID_MAX = 1u << 30,
};

struct rule {
    const char *name;
    uint32_t per_second; /* the default */
    const char *text;    /* a %u in it is the limit */
};

/* clang-format off */
static const struct rule rules[N_RPC_GUARDS] = {
    [RPC_GUARD_RESETS] =              {"rapid_reset", 1500, "over %u RST_STREAM in a second"},
    [RPC_GUARD_PROVOKED_RESETS] =     {"provoked_reset", 500, "over %u streams broken in a second"},
    [RPC_GUARD_REFUSED_STREAMS] =     {"refused_stream", 3000, "over %u streams refused in a second"},
    [RPC_GUARD_PINGS] =               {"ping", 200, "over %u PING in a second"},
    [RPC_GUARD_SETTINGS] =            {"settings", 50, "over %u SETTINGS in a second"},
    [RPC_GUARD_GOAWAYS] =             {"goaway", 20, "over %u GOAWAY in a second"},
    [RPC_GUARD_EMPTY_DATA] =          {"empty_data", 500, "over %u empty DATA in a second"},
    [RPC_GUARD_CONTINUATIONS] =       {"continuation", 200, "over %u CONTINUATION in a second"},
    [RPC_GUARD_LARGE_HEADS] =         {"large_head", 16, "over %u header blocks above the limit in a second"},
    [RPC_GUARD_LATE_HEADS] =          {"late_head", 200, "over %u HEADERS on ended streams in a second"},
    [RPC_GUARD_WINDOW_UPDATES] =      {"window_update", 1000, "over %u WINDOW_UPDATE in a second that no DATA called for"},
    [RPC_GUARD_TINY_WINDOWS] =        {"tiny_window", 500, "over %u windows below 16 bytes in a second"},
    [RPC_GUARD_PRIORITIES] =          {"priority", 500, "over %u PRIORITY in a second"},
    [RPC_GUARD_UNKNOWN_FRAMES] =      {"unknown_frame", 1000, "over %u frames of unknown types in a second"},
    [RPC_GUARD_LONG_HEADS] =          {"long_head", 0, "a header block of more than %u CONTINUATION"},
    [RPC_GUARD_REUSED_IDS] =          {"reused_id", 0, "HEADERS on a stream identifier below the newest"},
    [RPC_GUARD_EARLY_PINGS] =         {"early_ping", 0, "too_many_pings"},
    [RPC_GUARD_QUEUED_FRAMES] =       {"queued_frames", 0, "over %u frames wait to be read"},
    [RPC_GUARD_OTHER_RULES] =         {"http2_rule", 0, "a frame on a stream that its sender has ended"},
    [RPC_GUARD_SLOW_STARTS] =         {"slow_start", 0, "no SETTINGS within %u ms"},
    [RPC_GUARD_SLOW_HEADS] =          {"slow_head", 0, "a header block did not end within %u ms"},
    [RPC_GUARD_SLOW_READERS] =        {"slow_reader", 0, "nothing was read for %u ms"},
    [RPC_GUARD_SLOW_STREAMS] =        {"slow_stream", 0, ""},
    [RPC_GUARD_DEAD_PEERS] =          {"dead_peer", 0, ""},
    [RPC_GUARD_CONNECTIONS] =         {"connections", 0, "%u connections are open"},
    [RPC_GUARD_HELD] =                {"held_bytes", 0, ""},
    [RPC_GUARD_CONNECTIONS_OF_PEER] = {"connections_of_peer", 0, "%u connections of this peer are open"},
};
/* clang-format on */

const char *rpc_guard_name(enum rpc_guard g)
{
    return rules[g].name;
}

/* grpc clients look for exactly "too_many_pings" (gRPC A8), so that one stands alone. */
void rpc_guard_text(char ret[RPC_GUARD_TEXT_BYTES], enum rpc_guard g, uint32_t limit)
{
    const char *text = rules[g].text, *number = strstr(text, "%u");

    if (g == RPC_GUARD_EARLY_PINGS)
        (void)snprintf(ret, RPC_GUARD_TEXT_BYTES, "%s", text);
    else if (number)
        (void)snprintf(ret, RPC_GUARD_TEXT_BYTES, "%s: %.*s%u%s", rules[g].name,
                       (int)(number - text), text, limit, number + 2);
    else
        (void)snprintf(ret, RPC_GUARD_TEXT_BYTES, "%s: %s", rules[g].name, text);
}

uint32_t rpc_guard_rate(const struct rpc_guard_limits *limits, enum rpc_guard g)
{
    return limits && limits->per_second[g] ? limits->per_second[g] : rules[g].per_second;
}

uint32_t rpc_guard_head_ms(const struct rpc_guard_limits *limits)
{
    return limits && limits->head_ms ? limits->head_ms : HEAD_MS;
}

uint32_t rpc_guard_write_ms(const struct rpc_guard_limits *limits)
{
    return limits && limits->write_ms ? limits->write_ms : WRITE_MS;
}

void rpc_meter_init(struct rpc_meter *m, const struct rpc_guard_limits *limits)
{
    *m = (struct rpc_meter){.limits = limits};
}

void rpc_meter_tick(struct rpc_meter *m, uint64_t now_ms)
{
    if (now_ms - m->since_ms < 1000)
        return;
    m->since_ms = now_ms;
    memset(m->n, 0, sizeof(m->n));
    m->paid /= 2; /* what is under way may be a round trip late */
}

bool rpc_meter_note(struct rpc_meter *m, enum rpc_guard g)
{
    uint32_t max = rpc_guard_rate(m->limits, g);

    if (g == RPC_GUARD_WINDOW_UPDATES)
        max += m->paid;
    return ++m->n[g] > max;
}

void rpc_meter_sent_data(struct rpc_meter *m)
{
    if (m->paid < PAID_MAX)
        m->paid += UPDATES_PER_DATA;
}
