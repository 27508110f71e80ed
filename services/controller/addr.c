#include "services/controller/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/bytes.h"

int addr_pool_init(struct addr_pool *p, const char *cidr, struct err *err)
{
    const char *slash = strchr(cidr, '/');
    char ip[16] = "";
    struct in_addr in;
    uint64_t bits = 0;

    if (slash && (size_t)(slash - cidr) < sizeof(ip))
        memcpy(ip, cidr, (size_t)(slash - cidr));
    if (!slash || inet_pton(AF_INET, ip, &in) != 1 || bytes_parse_u64(slash + 1, 12, 30, &bits) < 0)
        return err_set(err, RPC_INVALID_ARGUMENT, "BadRequest",
                       "\"%s\" is no address range: write it as 10.97.0.0/16, with 12 to 30 bits",
                       cidr);
    *p = (struct addr_pool){.n = 1u << (32 - bits), .next = 1};
    p->base = ntohl(in.s_addr) & ~(p->n - 1);
    (void)snprintf(p->text, sizeof(p->text), "%s/%d", ip, (int)bits);
    p->used = calloc((p->n + 63) / 64, sizeof(uint64_t));
    return p->used ? 0 : err_oom(err);
}

void addr_pool_done(struct addr_pool *p)
{
    free(p->used);
    p->used = NULL;
}

static bool is_used(const struct addr_pool *p, uint32_t i)
{
    return p->used[i / 64] >> (i % 64) & 1;
}

int addr_take(struct addr_pool *p, char ret[16], struct err *err)
{
    for (uint32_t tried = 0; tried < p->n; tried++) {
        uint32_t i = p->next;
        struct in_addr in;

        p->next = p->next + 1 < p->n - 1 ? p->next + 1 : 1;
        if (is_used(p, i))
            continue;
        p->used[i / 64] |= 1ull << (i % 64);
        p->n_used++;
        in.s_addr = htonl(p->base + i);
        (void)inet_ntop(AF_INET, &in, ret, 16); /* fits */
        return 0;
    }
    return err_set(err, RPC_RESOURCE_EXHAUSTED, "NoAddress", "no address is left in %s", p->text);
}

/* The place of an address in the range; false when it is not in it. */
static bool find(const struct addr_pool *p, const char *text, uint32_t *ret)
{
    struct in_addr in;

    if (!text || inet_pton(AF_INET, text, &in) != 1)
        return false;
    *ret = ntohl(in.s_addr) - p->base;
    return *ret < p->n;
}

void addr_reserve(struct addr_pool *p, const char *text)
{
    uint32_t i;

    if (!find(p, text, &i) || is_used(p, i))
        return;
    p->used[i / 64] |= 1ull << (i % 64);
    p->n_used++;
}

void addr_free(struct addr_pool *p, const char *text)
{
    uint32_t i;

    if (!find(p, text, &i) || !is_used(p, i))
        return;
    p->used[i / 64] &= ~(1ull << (i % 64));
    p->n_used--;
}
