/* What rpc-load is told on its command line, and the request that it then sends over and over. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/rpc/load.h"

_Noreturn void die(const char *what)
{
    perror(what);
    exit(1);
}

void *zalloc(size_t n, size_t size)
{
    void *p = calloc(n > 0 ? n : 1, size);

    if (!p)
        die("rpc-load: memory");
    return p;
}

/* ---- the request ---- */

static void head_put(uint8_t **p, const void *data, size_t n)
{
    memcpy(*p, data, n);
    *p += n;
}

/* A field whose name is in HPACK's static table (index < 128), not indexed. */
static void head_indexed(uint8_t **p, uint8_t index, const char *value)
{
    uint8_t head[3] = {index < 15 ? index : 15, (uint8_t)(index - 15), 0};
    size_t n = index < 15 ? 1 : 2;

    head[n++] = (uint8_t)strlen(value);
    head_put(p, head, n);
    head_put(p, value, strlen(value));
}

size_t request_head(const struct options *o, uint8_t *ret)
{
    uint8_t *p = ret;
    bool is_unary = o->mode == MODE_UNARY || o->mode == MODE_CONNECT;

    *p++ = 0x83;                 /* :method POST           */
    *p++ = o->tls ? 0x87 : 0x86; /* :scheme                */
    head_indexed(&p, 4, is_unary ? "/bench.Echo/Unary" : "/bench.Echo/Bidi");
    head_indexed(&p, 1, "localhost");         /* :authority   */
    head_indexed(&p, 31, "application/grpc"); /* content-type */
    head_put(&p, "\x00\x02te\x08trailers", 13);
    return (size_t)(p - ret);
}

uint8_t *request_message(const struct options *o, size_t *ret_n)
{
    uint8_t field[8] = {0x0a};
    size_t n_field = 1;
    uint32_t n = o->n_bytes;
    uint8_t *message;
    size_t n_message;

    for (; n > 127; n >>= 7)
        field[n_field++] = (uint8_t)(n | 128);
    field[n_field++] = (uint8_t)n;
    n_message = 5 + n_field + o->n_bytes;
    message = zalloc(n_message, 1);
    n = htonl((uint32_t)(n_message - 5));
    memcpy(message + 1, &n, sizeof(n));
    memcpy(message + 5, field, n_field);
    memset(message + 5 + n_field, 'x', o->n_bytes);
    *ret_n = n_message;
    return message;
}

/* ---- the options ---- */

static bool parse_mode(struct options *o, const char *name)
{
    static const char *const names[] = {"unary", "bidi", "idle", "used", "connect"};

    for (int i = 0; i < 5; i++) {
        if (strcmp(names[i], name) == 0) {
            o->mode = (enum mode)i;
            return true;
        }
    }
    return false;
}

static bool parse_address(struct options *o, char *address)
{
    char *colon = strrchr(address, ':');

    if (!colon)
        return false;
    *colon = '\0';
    o->host = address;
    o->port = atoi(colon + 1);
    return true;
}

bool options_parse(struct options *o, int argc, char **argv)
{
    bool is_good = true;
    int c;

    while ((c = getopt(argc, argv, "a:m:sC:M:n:S:w:r:D:W:p:")) != -1) {
        switch (c) {
        case 'a':
            is_good &= parse_address(o, optarg);
            break;
        case 'm':
            is_good &= parse_mode(o, optarg);
            break;
        case 's':
            o->tls = true;
            break;
        case 'C':
            o->n_conns = (unsigned)atoi(optarg);
            break;
        case 'M':
            o->n_streams = (unsigned)atoi(optarg);
            break;
        case 'n':
            o->n_calls = (unsigned)atoi(optarg);
            break;
        case 'S':
            o->n_bytes = (unsigned)atoi(optarg);
            break;
        case 'w':
            o->n_window = (unsigned)atoi(optarg);
            break;
        case 'r':
            o->rate = atof(optarg);
            break;
        case 'D':
            o->seconds = atof(optarg);
            break;
        case 'W':
            o->warmup = atof(optarg);
            break;
        case 'p':
            o->pid = atoi(optarg);
            break;
        default:
            return false;
        }
    }
    return is_good && o->host && o->n_conns > 0 && o->n_window > 0 && o->n_streams < UINT16_MAX;
}
