/*
 * What an API server may send as a list or a watch, by the code that reads it (kube_watch.c is
 * included for its static functions). The first byte says how the rest is cut: whatever the pieces,
 * a list gives the same items.
 */
#include <stdint.h>

#include "lib/kube/kube_watch.c"

static int n_told;

static int on_put(json_t *o, void *user, struct err *err)
{
    (void)user;
    (void)err;
    if (!meta_name(o)[0] || !meta_uid(o)[0])
        abort();
    n_told++;
    return 0;
}

/* As if half of all were known. */
static bool on_is_known(const struct kube_ident *id, void *user)
{
    (void)user;
    if (!id->name[0] || !id->uid[0] || id->version == 0)
        abort();
    return id->version % 2 == 0;
}

static void fuzz_watch(const uint8_t *data, size_t n, size_t piece)
{
    static const struct kube_resource pods = {.api_version = "v1", .plural = "pods", .kind = "Pod"};
    struct kube_watch w = {.opts = {.resource = &pods},
                           .ops = {.put = on_put, .gone = on_put, .is_known = on_is_known},
                           .state = WATCH_WATCHING};
    struct err err = {0};
    struct buf in;
    const char *line;
    size_t n_line;
    bool must_list;
    int r = KUBE_SPLIT_MORE;

    buf_init(&in, KUBE_MAX_ITEM * 2);
    for (size_t at = 0; at < n && r >= 0; at += piece) {
        if (buf_append(&in, data + at, MIN(piece, n - at), NULL) < 0)
            break;
        while ((r = kube_line_next(&in, &w.line_from, &line, &n_line, &err)) == 0) {
            if (take_line(&w, line, n_line, &must_list, &err) < 0) {
                r = -1;
                break;
            }
            buf_consume(&in, n_line + 1);
        }
    }
    if (r < 0 && !err.msg[0])
        abort();
    buf_done(&in);
}

/* A hash of all items and the rest; 0 when the list is refused. */
static uint64_t split_all(const uint8_t *data, size_t n, size_t piece)
{
    struct kube_list_split s;
    struct err err = {0};
    uint64_t sum = 1;
    struct buf in;
    int r = KUBE_SPLIT_MORE;

    kube_list_split_init(&s);
    buf_init(&in, KUBE_MAX_ITEM * 2);
    for (size_t at = 0; at < n && r >= 0; at += piece) {
        if (buf_append(&in, data + at, MIN(piece, n - at), NULL) < 0)
            break;
        while ((r = kube_list_split_next(&s, &in, &err)) == 0)
            sum = sum * 31 + bytes_fnv1a64(buf_data(&s.item), buf_len(&s.item));
    }
    sum = r < 0 ? 0 : sum * 31 + bytes_fnv1a64(buf_data(&s.rest), buf_len(&s.rest));
    if (r < 0 && !err.msg[0])
        abort();
    buf_done(&in);
    kube_list_split_done(&s);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    size_t piece;

    if (n < 2)
        return 0;
    piece = 1 + data[0] % 64u;
    if (split_all(data + 1, n - 1, piece) != split_all(data + 1, n - 1, n))
        abort();
    fuzz_watch(data + 1, n - 1, piece);
    return 0;
}
