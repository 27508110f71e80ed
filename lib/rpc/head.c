#include "lib/rpc/head.h"

#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"
#include "lib/base/limits.h"
#include "lib/rpc/metadata_core.h"
#include "lib/rpc/percent.h"
#include "lib/rpc/timeout.h"

struct field {
    const char *name, *value;
    size_t n_name, n_value;
};

static const char grpc_type[] = "application/grpc";

void rpc_head_init(struct rpc_head *h, struct arena *arena)
{
    *h = (struct rpc_head){.timeout_ms = CLOCK_NEVER, .grpc_status = -1};
    rpc_metadata_init(&h->md, arena);
}

static const char *keep(struct rpc_head *h, const char *s, size_t n)
{
    const char *copy = arena_memdup(h->md.arena, s, n);

    if (!copy)
        h->is_out_of_memory = true;
    return copy;
}

static void append(struct rpc_head *h, const struct field *f, const uint8_t *value, size_t n)
{
    const char *name = keep(h, f->name, f->n_name);
    struct err err;

    if (!name || !value)
        return;
    if (rpc_metadata_append(&h->md, name, value, n, &err) < 0) {
        if (strcmp(err.reason, "OutOfMemory") == 0)
            h->is_out_of_memory = true;
        else
            h->is_too_large = true;
    }
}

static const uint8_t *decode(struct rpc_head *h, const char *s, size_t n, size_t *ret_n)
{
    uint8_t *to = arena_alloc(h->md.arena, n * 3 / 4 + 1);
    ssize_t len;

    if (!to) {
        h->is_out_of_memory = true;
        return NULL;
    }
    len = bytes_unbase64(s, n, to);
    if (len < 0) {
        h->is_bad = true;
        return NULL;
    }
    to[len] = '\0';
    *ret_n = (size_t)len;
    return to;
}

/* Several binary values may come joined by commas (gRPC over HTTP/2, "Custom-Metadata"). */
static void add_binary(struct rpc_head *h, const struct field *f)
{
    const char *s = f->value, *end = s + f->n_value;

    for (;;) {
        const char *comma = memchr(s, ',', (size_t)(end - s));
        const char *stop = comma ? comma : end;
        const uint8_t *value;
        size_t n = 0;

        while (s < stop && *s == ' ')
            s++;
        value = decode(h, s, (size_t)(stop - s), &n);
        if (value)
            append(h, f, value, n);
        if (!comma)
            return;
        s = comma + 1;
    }
}

static bool is_field(const struct field *f, const char *name)
{
    return strlen(name) == f->n_name && memcmp(name, f->name, f->n_name) == 0;
}

static void take_number(struct rpc_head *h, const struct field *f)
{
    uint32_t v = 0;

    for (size_t i = 0; i < f->n_value; i++) {
        if (f->value[i] < '0' || f->value[i] > '9' || v > 1000) {
            v = RPC_UNKNOWN;
            break;
        }
        v = v * 10 + (uint32_t)(f->value[i] - '0');
    }
    if (f->name[0] == ':')
        h->http_status = (uint16_t)v;
    else
        h->grpc_status = f->n_value == 0 || v > RPC_UNAUTHENTICATED ? RPC_UNKNOWN : (int32_t)v;
}

static void take_message(struct rpc_head *h, const struct field *f)
{
    char *to = arena_alloc(h->md.arena, f->n_value + 1);

    if (!to) {
        h->is_out_of_memory = true;
        return;
    }
    (void)rpc_percent_decode(f->value, f->n_value, to);
    h->message = to;
}

static void take_pseudo(struct rpc_head *h, const struct field *f)
{
    if (is_field(f, ":path"))
        h->path = keep(h, f->value, f->n_value);
    else if (is_field(f, ":authority"))
        h->authority = keep(h, f->value, f->n_value);
    else if (is_field(f, ":method"))
        h->is_post = f->n_value == 4 && memcmp(f->value, "POST", 4) == 0;
    else if (is_field(f, ":status"))
        take_number(h, f);
}

/* Returns whether the field was one of the protocol's own. */
static bool take_grpc(struct rpc_head *h, const struct field *f)
{
    if (is_field(f, "grpc-timeout"))
        h->is_bad |= rpc_timeout_parse(f->value, f->n_value, &h->timeout_ms) < 0;
    else if (is_field(f, "grpc-status"))
        take_number(h, f);
    else if (is_field(f, "grpc-message"))
        take_message(h, f);
    else if (is_field(f, "grpc-status-details-bin"))
        h->details = decode(h, f->value, f->n_value, &h->n_details);
    else
        return false;
    return true;
}

static bool take_known(struct rpc_head *h, const struct field *f)
{
    if (is_field(f, "content-type")) {
        /* The usual one costs no memory. */
        bool is_usual =
            f->n_value == sizeof(grpc_type) - 1 && memcmp(f->value, grpc_type, f->n_value) == 0;

        h->content_type = is_usual ? grpc_type : keep(h, f->value, f->n_value);
        return true;
    }
    if (f->n_name > 5 && memcmp(f->name, "grpc-", 5) == 0)
        return take_grpc(h, f);
    return is_field(f, "te") || is_field(f, "host") || is_field(f, "content-length");
}

/* Whether the comma-separated value has that word. */
static bool lists(const struct field *f, const char *word)
{
    const char *s = f->value, *end = s + f->n_value;
    size_t n = strlen(word);

    while (s < end) {
        const char *comma = memchr(s, ',', (size_t)(end - s));
        const char *stop = comma ? comma : end;

        while (s < stop && *s == ' ')
            s++;
        while (stop > s && stop[-1] == ' ')
            stop--;
        if ((size_t)(stop - s) == n && memcmp(s, word, n) == 0)
            return true;
        s = comma ? comma + 1 : end;
    }
    return false;
}

void rpc_head_field(struct rpc_head *h, const char *name, size_t n_name, const char *value,
                    size_t n_value)
{
    struct field f = {.name = name, .n_name = n_name, .value = value, .n_value = n_value};

    h->bytes += n_name + n_value + 32;
    h->n_fields++;
    if (h->bytes > LIMIT_RPC_METADATA || h->n_fields > LIMIT_RPC_METADATA_FIELDS)
        h->is_too_large = true;
    if (h->is_too_large || n_name == 0)
        return;
    if (name[0] == ':') {
        take_pseudo(h, &f);
        return;
    }
    if (take_known(h, &f))
        return;
    if (rpc_metadata_is_binary(name, n_name)) {
        add_binary(h, &f);
        return;
    }
    append(h, &f, (const uint8_t *)keep(h, value, n_value), n_value);
    if (is_field(&f, "grpc-encoding")) {
        h->encoding = rpc_metadata_get(&h->md, "grpc-encoding");
        h->has_encodings = true;
    } else if (is_field(&f, "grpc-accept-encoding")) {
        h->has_encodings = true;
        h->accepts_gzip |= lists(&f, "gzip");
    }
}

void rpc_head_hide_encodings(struct rpc_head *h)
{
    if (!h->has_encodings)
        return;
    rpc_metadata_drop(&h->md, "grpc-encoding");
    rpc_metadata_drop(&h->md, "grpc-accept-encoding");
    h->has_encodings = false;
}

bool rpc_head_is_grpc(const struct rpc_head *h)
{
    size_t n = sizeof(grpc_type) - 1;

    if (!h->content_type || strncmp(h->content_type, grpc_type, n) != 0)
        return false;
    return h->content_type[n] == '\0' || h->content_type[n] == '+' || h->content_type[n] == ';';
}

bool rpc_head_is_proto(const struct rpc_head *h)
{
    const char *rest;

    if (!rpc_head_is_grpc(h))
        return false;
    rest = h->content_type + sizeof(grpc_type) - 1;
    if (strncmp(rest, "+proto", 6) == 0)
        rest += 6;
    return *rest == '\0' || *rest == ';';
}
