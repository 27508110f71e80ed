#include "tests/conformance/compat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/fd.h"

void *compat_alloc(struct arena *arena, size_t n)
{
    void *p = arena_zalloc(arena, n);

    if (!p)
        abort();
    return p;
}

static void *allocator_alloc(void *arena, size_t n)
{
    return compat_alloc(arena, n);
}

static void allocator_free(void *arena, void *p)
{
    (void)arena;
    (void)p; /* goes with the arena */
}

ProtobufCAllocator compat_allocator(struct arena *arena)
{
    return (ProtobufCAllocator){
        .alloc = allocator_alloc, .free = allocator_free, .allocator_data = arena};
}

/* 1: all n bytes, 0: end of file before the first. */
static int read_all(int fd, uint8_t *to, size_t n, struct err *err)
{
    size_t got = 0;

    while (got < n) {
        ssize_t r = read(fd, to + got, n - got);

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return err_errno(err, errno, "reading from the runner");
        if (r == 0)
            return got == 0 ? 0 : err_set(err, RPC_DATA_LOSS, "ShortRead", "the runner broke off");
        got += (size_t)r;
    }
    return 1;
}

int compat_read(int fd, struct arena *arena, uint8_t **ret, size_t *ret_n, struct err *err)
{
    uint32_t n;
    uint8_t *data;
    int r = read_all(fd, (uint8_t *)&n, sizeof(n), err);

    if (r <= 0)
        return r;
    n = ntohl(n);
    if (n > COMPAT_MAX_MESSAGE)
        return err_set(err, RPC_RESOURCE_EXHAUSTED, "TooLarge", "the runner's message has %u bytes",
                       n);
    data = compat_alloc(arena, n);
    r = n ? read_all(fd, data, n, err) : 1;
    if (r <= 0)
        return r < 0 ? r : err_set(err, RPC_DATA_LOSS, "ShortRead", "the runner broke off");
    *ret = data;
    *ret_n = n;
    return 1;
}

int compat_write(int fd, const ProtobufCMessage *msg, struct err *err)
{
    size_t n = protobuf_c_message_get_packed_size(msg);
    _cleanup_(freep) uint8_t *data = malloc(n + 4);
    uint32_t be = htonl((uint32_t)n);

    if (!data)
        return err_oom(err);
    memcpy(data, &be, sizeof(be));
    (void)protobuf_c_message_pack(msg, data + 4);
    return fd_write_all(fd, data, n + 4, err);
}

static bool is_binary(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcmp(name + n - 4, "-bin") == 0;
}

static compat_header *find_header(compat_header **headers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(headers[i]->name, name) == 0)
            return headers[i];
    return NULL;
}

static char *header_value(const struct rpc_field *f, struct arena *arena)
{
    char *text;

    if (!is_binary(f->name)) {
        text = arena_memdup(arena, f->value, f->n_value);
        if (!text)
            abort();
        return text;
    }
    text = compat_alloc(arena, bytes_base64_len(f->n_value) + 1);
    (void)bytes_base64(f->value, f->n_value, false, text);
    return text;
}

compat_header **compat_headers(const struct rpc_metadata *md, struct arena *arena, size_t *ret_n)
{
    size_t n_md = md ? md->n : 0, n = 0;
    compat_header **headers = compat_alloc(arena, (n_md + 1) * sizeof(*headers));

    for (size_t i = 0; i < n_md; i++) {
        const struct rpc_field *f = &md->fields[i];
        compat_header *h = find_header(headers, n, f->name);

        if (!h) {
            h = headers[n++] = compat_alloc(arena, sizeof(*h));
            connectrpc__conformance__v1__header__init(h);
            h->name = arena_strdup(arena, f->name);
            h->value = compat_alloc(arena, n_md * sizeof(*h->value));
        }
        h->value[h->n_value++] = header_value(f, arena);
    }
    *ret_n = n;
    return headers;
}

static int add_value(const char *name, const char *value,
                     int (*add)(void *user, const char *name, const void *value, size_t n_value,
                                struct err *err),
                     void *user, struct err *err)
{
    _cleanup_(freep) uint8_t *raw = NULL;
    ssize_t n;

    if (!is_binary(name))
        return add(user, name, value, strlen(value), err);
    raw = malloc(strlen(value) + 4);
    if (!raw)
        return err_oom(err);
    n = bytes_unbase64(value, strlen(value), raw);
    if (n < 0)
        return add(user, name, value, strlen(value), err);
    return add(user, name, raw, (size_t)n, err);
}

int compat_add_headers(compat_header *const *headers, size_t n,
                       int (*add)(void *user, const char *name, const void *value, size_t n_value,
                                  struct err *err),
                       void *user, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        char name[256];
        size_t j;

        for (j = 0; headers[i]->name[j] && j < sizeof(name) - 1; j++)
            name[j] = (char)(headers[i]->name[j] >= 'A' && headers[i]->name[j] <= 'Z'
                                 ? headers[i]->name[j] + 32
                                 : headers[i]->name[j]);
        name[j] = '\0';
        for (size_t v = 0; v < headers[i]->n_value; v++)
            if (add_value(name, headers[i]->value[v], add, user, err) < 0)
                return -1;
    }
    return 0;
}

void compat_pack_status(const compat_error *e, compat_any *extra, struct arena *arena,
                        struct rpc_status *ret)
{
    Google__Rpc__Status s = GOOGLE__RPC__STATUS__INIT;
    compat_any **details = compat_alloc(arena, (e->n_details + 1) * sizeof(*details));
    uint8_t *data;

    for (size_t i = 0; i < e->n_details; i++)
        details[s.n_details++] = e->details[i];
    if (extra)
        details[s.n_details++] = extra;
    s.code = e->code;
    s.message = e->_message_case ? e->message : (char *)"";
    s.details = details;

    *ret = (struct rpc_status){.code = e->code, .message = s.message};
    if (s.n_details == 0)
        return;
    ret->n_details = google__rpc__status__get_packed_size(&s);
    data = compat_alloc(arena, ret->n_details);
    (void)google__rpc__status__pack(&s, data);
    ret->details = data;
}

compat_error *compat_unpack_status(const struct rpc_status *status, struct arena *arena)
{
    ProtobufCAllocator allocator = compat_allocator(arena);
    compat_error *e = compat_alloc(arena, sizeof(*e));
    Google__Rpc__Status *s;

    connectrpc__conformance__v1__error__init(e);
    e->code = (Connectrpc__Conformance__V1__Code)status->code;
    e->_message_case = CONNECTRPC__CONFORMANCE__V1__ERROR___MESSAGE_MESSAGE;
    e->message = arena_strdup(arena, status->message);
    if (!status->details)
        return e;
    s = google__rpc__status__unpack(&allocator, status->n_details, status->details);
    if (s) {
        e->n_details = s->n_details;
        e->details = s->details;
    }
    return e;
}
