/* Snapshots: parsed once, then shared by reference count. */
#include <string.h>

#include "lib/api/meta.h"
#include "lib/base/bytes.h"
#include "lib/store/store_impl.h"

static uint64_t parse_version(const char *s)
{
    uint64_t v;

    return bytes_parse_u64(s, 0, UINT64_MAX, &v) == 0 ? v : 0;
}

struct store_object *store_object_new(const struct store_kind *kind, json_t *json, struct err *err)
{
    size_t n = json_array_size(meta_get(json, "metadata.ownerReferences"));
    struct store_object_full *f;

    f = calloc(1, sizeof(*f) + n * sizeof(f->edges[0]));
    if (!f) {
        (void)err_oom(err);
        return NULL;
    }
    f->n_edges = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        list_init(&f->edges[i].link);
        f->edges[i].object = &f->pub;
    }
    f->pub = (struct store_object){
        .kind = kind->name,
        .ns = meta_ns(json),
        .name = meta_name(json),
        .uid = meta_uid(json),
        .resource_version = parse_version(meta_str(json, "metadata.resourceVersion", "")),
        .generation = meta_int(json, "metadata.generation", 0),
        .is_deleting = meta_get(json, "metadata.deletionTimestamp") != NULL,
        .json = json_incref(json),
        .n_refs = 1,
    };
    return &f->pub;
}

struct store_object *store_object_ref(const struct store_object *o)
{
    struct store_object *mine = (struct store_object *)o;

    mine->n_refs++;
    return mine;
}

void store_object_unref(struct store_object *o)
{
    if (!o || --o->n_refs > 0)
        return;
    json_decref((json_t *)o->json);
    free(CONTAINER_OF(o, struct store_object_full, pub));
}

json_t *store_object_edit(const struct store_object *o, struct err *err)
{
    json_t *copy = meta_deep_copy(o->json);

    if (!copy)
        (void)err_oom(err);
    return copy;
}
