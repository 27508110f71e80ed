#include "cli/bootstrap.h"

#include <fcntl.h>
#include <jansson.h>
#include <string.h>

#include "agentsandbox/v1/node.rpc.h"
#include "agentsandbox/v1/template.rpc.h"
#include "cli/manifests.h"
#include "lib/api/meta.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"

enum { BOOT_IMPORT_MS = 600000, BOOT_APPLY_MS = 30000, BOOT_INDEX_MAX = 1 << 20 };

/* ---- images ---- */

/* The manifest digest of "oci:/folder:tag", so that an unchanged layout is not imported again; ""
 * when it cannot be told, which only means that it is. */
static void source_digest(const char *source, char *ret, size_t n_ret)
{
    char path[512];
    struct buf text;
    struct err ignored = {0};
    _cleanup_json_ json_t *index = NULL;
    const char *tag = strrchr(source, ':');

    ret[0] = 0;
    if (strncmp(source, "oci:", 4) != 0 || tag <= source + 4)
        return;
    (void)snprintf(path, sizeof(path), "%.*s/index.json", (int)(tag - source - 4), source + 4);
    buf_init(&text, BOOT_INDEX_MAX);
    if (fd_read_file(AT_FDCWD, path, &text, &ignored) == 0)
        index = meta_parse((const char *)buf_data(&text), buf_len(&text), BOOT_INDEX_MAX, &ignored);
    buf_done(&text);
    if (index && json_array_size(meta_get(index, "manifests")) == 1)
        (void)snprintf(ret, n_ret, "%s",
                       meta_str(json_array_get(meta_get(index, "manifests"), 0), "digest", ""));
}

static bool is_imported(const Agentsandbox__V1__ListImagesResponse *list, const char *name,
                        const char *digest)
{
    for (size_t i = 0; i < list->n_images; i++)
        if (strcmp(list->images[i]->name, name) == 0)
            return !*digest || strcmp(list->images[i]->digest, digest) == 0;
    return false;
}

static int import_one(struct client *c, const Agentsandbox__V1__ListImagesResponse *list,
                      const char *pair, struct err *err)
{
    Agentsandbox__V1__ImportImageRequest req = AGENTSANDBOX__V1__IMPORT_IMAGE_REQUEST__INIT;
    char name[512], digest[128];
    const char *eq = strchr(pair, '=');

    if (!eq || eq == pair || !eq[1])
        return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                       "--image %.100s: write it as NAME=SOURCE", pair);
    (void)snprintf(name, sizeof(name), "%.*s", (int)(eq - pair), pair);
    source_digest(eq + 1, digest, sizeof(digest));
    if (is_imported(list, name, digest))
        return 0;
    ctl_say("importing the image %s", name);
    req.source = (char *)eq + 1;
    req.name = name;
    return client_call(c, CLIENT_NODE, &agentsandbox_v1_node_service_import_image_method, &req.base,
                       BOOT_IMPORT_MS, NULL, err);
}

static int import_images(struct client *c, const struct opt_list *images, struct err *err)
{
    Agentsandbox__V1__ListImagesRequest req = AGENTSANDBOX__V1__LIST_IMAGES_REQUEST__INIT;
    _cleanup_(client_msg_freep) Agentsandbox__V1__ListImagesResponse *list = NULL;

    if (images->n == 0)
        return 0;
    if (client_call(c, CLIENT_NODE, &agentsandbox_v1_node_service_list_images_method, &req.base,
                    30000, &list, err) < 0)
        return -1;
    for (size_t i = 0; i < images->n; i++)
        if (import_one(c, list, images->items[i], err) < 0)
            return -1;
    return 0;
}

/* ---- manifests ---- */

static const char *outcome_word(Agentsandbox__V1__ApplyOutcome outcome, bool dry_run)
{
    switch (outcome) {
    case AGENTSANDBOX__V1__APPLY_OUTCOME__APPLY_OUTCOME_CREATED:
        return dry_run ? "created (dry run)" : "created";
    case AGENTSANDBOX__V1__APPLY_OUTCOME__APPLY_OUTCOME_CONFIGURED:
        return dry_run ? "configured (dry run)" : "configured";
    case AGENTSANDBOX__V1__APPLY_OUTCOME__APPLY_OUTCOME_UNCHANGED:
        return "unchanged";
    case AGENTSANDBOX__V1__APPLY_OUTCOME__APPLY_OUTCOME_UNSPECIFIED:
    case _AGENTSANDBOX__V1__APPLY_OUTCOME_IS_INT_SIZE:
        break;
    }
    return "applied";
}

static void print_applied(const Agentsandbox__V1__ApplyResponse *res, bool dry_run, FILE *to)
{
    for (size_t i = 0; i < res->n_objects; i++) {
        const Agentsandbox__V1__AppliedObject *o = res->objects[i];

        for (size_t w = 0; w < o->n_warnings; w++)
            (void)fprintf(stderr, "warning: %s %s: %s\n", o->kind, o->name, o->warnings[w]);
        if (to)
            (void)fprintf(to, "%s/%s %s\n", o->kind, o->name, outcome_word(o->outcome, dry_run));
    }
}

static int send_manifests(struct client *c, const char *ns, const struct manifests *m, bool dry_run,
                          FILE *to, struct err *err)
{
    Agentsandbox__V1__ApplyRequest req = AGENTSANDBOX__V1__APPLY_REQUEST__INIT;
    _cleanup_(client_msg_freep) Agentsandbox__V1__ApplyResponse *res = NULL;

    req.n_manifests = m->n;
    req.manifests = (Agentsandbox__V1__Manifest **)m->items;
    req.default_namespace = (char *)ns;
    req.dry_run = dry_run;
    if (client_call(c, CLIENT_CONTROLLER, &agentsandbox_v1_template_service_apply_method, &req.base,
                    BOOT_APPLY_MS, &res, err) < 0)
        return -1;
    print_applied(res, dry_run, to);
    return 0;
}

int bootstrap_apply(struct client *c, const char *ns, const struct opt_list *files, bool dry_run,
                    FILE *to, struct err *err)
{
    struct manifests m = {0};
    int r = 0;

    for (size_t i = 0; i < files->n && r == 0; i++)
        r = manifests_read(&m, files->items[i], err);
    if (r == 0)
        r = send_manifests(c, ns, &m, dry_run, to, err);
    manifests_done(&m);
    return r;
}

int bootstrap_run(struct client *c, const char *ns, const struct bootstrap *b, struct err *err)
{
    if (import_images(c, &b->images, err) < 0)
        return -1;
    return b->manifests.n ? bootstrap_apply(c, ns, &b->manifests, false, NULL, err) : 0;
}
