#include "lib/kube/kube_ident.h"

#include <string.h>

#include "lib/api/json_read.h"
#include "lib/base/bytes.h"

enum { AT_NS, AT_NAME, AT_UID, AT_VERSION, N_AT };

static bool copy(char *ret, size_t size, const struct json_find *f)
{
    const char *s;
    size_t n;

    if (!json_find_text(f, &s, &n) || n >= size)
        return false;
    (void)memcpy(ret, s, n);
    ret[n] = '\0';
    return true;
}

static bool take(struct kube_ident *ret, const struct json_find *f)
{
    char version[24];

    ret->ns[0] = '\0';
    if (f[AT_NS].at && !copy(ret->ns, sizeof(ret->ns), &f[AT_NS]))
        return false;
    return copy(ret->name, sizeof(ret->name), &f[AT_NAME]) && ret->name[0] &&
           copy(ret->uid, sizeof(ret->uid), &f[AT_UID]) && ret->uid[0] &&
           copy(version, sizeof(version), &f[AT_VERSION]) &&
           bytes_parse_u64(version, 1, UINT64_MAX, &ret->version) == 0;
}

int kube_ident_read(struct kube_ident *ret, const char *text, size_t n, size_t max_bytes,
                    struct err *err)
{
    struct json_find f[N_AT] = {
        [AT_NS] = {.keys = {"metadata", "namespace"}},
        [AT_NAME] = {.keys = {"metadata", "name"}},
        [AT_UID] = {.keys = {"metadata", "uid"}},
        [AT_VERSION] = {.keys = {"metadata", "resourceVersion"}},
    };

    if (json_find(text, n, max_bytes, f, N_AT, err) < 0)
        return -1;
    return take(ret, f) ? 0 : 1;
}

/* ---- events ---- */

static enum kube_event_type type_of(const struct json_find *f)
{
    static const char *const words[] = {
        [KUBE_EVENT_ADDED] = "ADDED",     [KUBE_EVENT_MODIFIED] = "MODIFIED",
        [KUBE_EVENT_DELETED] = "DELETED", [KUBE_EVENT_BOOKMARK] = "BOOKMARK",
        [KUBE_EVENT_ERROR] = "ERROR",
    };
    const char *s;
    size_t n;

    if (!json_find_text(f, &s, &n))
        return KUBE_EVENT_OTHER;
    for (size_t i = 1; i < ARRAY_SIZE(words); i++)
        if (strlen(words[i]) == n && memcmp(words[i], s, n) == 0)
            return (enum kube_event_type)i;
    return KUBE_EVENT_OTHER;
}

int kube_event_read(struct kube_event *ret, const char *text, size_t n, size_t max_bytes,
                    struct err *err)
{
    enum { AT_TYPE = N_AT, AT_OBJECT, N_ALL };
    struct json_find f[N_ALL] = {
        [AT_NS] = {.keys = {"object", "metadata", "namespace"}},
        [AT_NAME] = {.keys = {"object", "metadata", "name"}},
        [AT_UID] = {.keys = {"object", "metadata", "uid"}},
        [AT_VERSION] = {.keys = {"object", "metadata", "resourceVersion"}},
        [AT_TYPE] = {.keys = {"type"}},
        [AT_OBJECT] = {.keys = {"object"}},
    };

    if (json_find(text, n, max_bytes, f, N_ALL, err) < 0)
        return -1;
    ret->type = type_of(&f[AT_TYPE]);
    ret->object = f[AT_OBJECT].at && f[AT_OBJECT].at[0] == '{' ? f[AT_OBJECT].at : NULL;
    ret->n_object = ret->object ? f[AT_OBJECT].n : 0;
    ret->has_ident = take(&ret->ident, f);
    if (!copy(ret->version, sizeof(ret->version), &f[AT_VERSION]))
        ret->version[0] = '\0';
    return 0;
}
