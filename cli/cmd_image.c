/* image: the node's image store. */
#include <stdio.h>
#include <string.h>

#include "agentsandbox/v1/node.rpc.h"
#include "cli/client.h"
#include "cli/out.h"
#include "lib/base/clock.h"

enum { IMAGE_IMPORT_MS = 600000, IMAGE_TIMEOUT_MS = 15000 };

static uint64_t timeout_or(const struct ctl *ctl, uint64_t fallback)
{
    return ctl->timeout_ms ? ctl->timeout_ms : fallback;
}

static int image_import(const struct ctl *ctl, struct client *c, const char *source,
                        const char *name, struct err *err)
{
    Agentsandbox__V1__ImportImageRequest req = AGENTSANDBOX__V1__IMPORT_IMAGE_REQUEST__INIT;
    _cleanup_(client_msg_freep) Agentsandbox__V1__ImportImageResponse *res = NULL;

    req.source = (char *)source;
    if (name)
        req.name = (char *)name;
    if (client_call(c, CLIENT_NODE, &agentsandbox_v1_node_service_import_image_method, &req.base,
                    timeout_or(ctl, IMAGE_IMPORT_MS), &res, err) < 0)
        return -1;
    printf("%s %s\n", res->image->name, res->image->digest);
    return 0;
}

static int print_image_table(const Agentsandbox__V1__ListImagesResponse *res, struct err *err)
{
    struct out_table t;
    int r = 0;

    out_table_init(&t, 4);
    if (out_cell(&t, "NAME", err) < 0 || out_cell(&t, "DIGEST", err) < 0 ||
        out_cell(&t, "SIZE", err) < 0 || out_cell(&t, "AGE", err) < 0)
        r = -1;
    for (size_t i = 0; i < res->n_images && r == 0; i++) {
        const Agentsandbox__V1__Image *m = res->images[i];
        char size[16], age[16];

        if (out_cell(&t, m->name, err) < 0 || out_cellf(&t, err, "%.19s", m->digest) < 0 ||
            out_cell(&t, out_bytes(m->size_bytes, size), err) < 0 ||
            out_cell(&t, out_age(m->import_time ? m->import_time->seconds : 0, age), err) < 0)
            r = -1;
    }
    if (r == 0)
        out_table_print(&t, stdout);
    out_table_done(&t);
    return r;
}

static json_t *images_json(const Agentsandbox__V1__ListImagesResponse *res)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < res->n_images; i++)
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "name", res->images[i]->name,
                                                    "digest", res->images[i]->digest, "sizeBytes",
                                                    (json_int_t)res->images[i]->size_bytes));
    return list;
}

static int image_list(const struct ctl *ctl, struct client *c, struct err *err)
{
    Agentsandbox__V1__ListImagesRequest req = AGENTSANDBOX__V1__LIST_IMAGES_REQUEST__INIT;
    _cleanup_(client_msg_freep) Agentsandbox__V1__ListImagesResponse *res = NULL;
    _cleanup_(json_decrefp) json_t *value = NULL;

    if (client_call(c, CLIENT_NODE, &agentsandbox_v1_node_service_list_images_method, &req.base,
                    timeout_or(ctl, IMAGE_TIMEOUT_MS), &res, err) < 0)
        return -1;
    if (ctl->out == OUT_TABLE || ctl->out == OUT_WIDE)
        return print_image_table(res, err);
    if (ctl->out == OUT_NAME) {
        for (size_t i = 0; i < res->n_images; i++)
            printf("%s\n", res->images[i]->name);
        return 0;
    }
    value = images_json(res);
    if (!value)
        return err_oom(err);
    return ctl->out == OUT_JSON ? out_json(value, stdout, err)
                                : out_yaml(value, false, stdout, err);
}

static int image_rm(const struct ctl *ctl, struct client *c, const char *name, struct err *err)
{
    Agentsandbox__V1__RemoveImageRequest req = AGENTSANDBOX__V1__REMOVE_IMAGE_REQUEST__INIT;

    req.name = (char *)name;
    if (client_call(c, CLIENT_NODE, &agentsandbox_v1_node_service_remove_image_method, &req.base,
                    timeout_or(ctl, IMAGE_TIMEOUT_MS), NULL, err) < 0)
        return -1;
    printf("%s removed\n", name);
    return 0;
}

static int run_image(struct ctl *ctl, const struct ctl_command *self, int argc, char **argv)
{
    const char *name = NULL, *verb, *arg;
    const struct opt opts[] = {
        {"name", 0, OPT_TEXT, &name, "NAME",
         "import: the name that pods use; default: the source's"},
        {0},
    };
    struct client c = {0};
    struct err err = {0};
    int first, r = ctl_parse(ctl, self, opts, argc, argv, &first);

    if (r >= 0)
        return r;
    verb = first < argc ? argv[first] : "";
    arg = first + 1 < argc ? argv[first + 1] : NULL;
    if (strcmp(verb, "list") != 0 && strcmp(verb, "ls") != 0 &&
        !(arg && (strcmp(verb, "import") == 0 || strcmp(verb, "rm") == 0)))
        return ctl_usage(self, "say import SOURCE, list, or rm NAME");

    r = client_init(&c, ctl->run_dir, &err);
    if (r == 0) {
        if (strcmp(verb, "import") == 0)
            r = image_import(ctl, &c, arg, name, &err);
        else
            r = arg ? image_rm(ctl, &c, arg, &err) : image_list(ctl, &c, &err);
    }
    r = r < 0 ? ctl_fail(&err) : CTL_OK;
    client_done(&c);
    return r;
}

const struct ctl_command cmd_image = {
    .name = "image",
    .usage = "image import SOURCE [--name NAME] | list | rm NAME",
    .summary = "the images that sandboxes are made of",
    .details =
        "SOURCE: oci:/folder:tag, oci-archive:/file:tag, or docker://registry/name:tag by skopeo.\n",
    .examples = "  sandboxctl image import oci:/tmp/python:v1 --name example.com/python:v1\n"
                "  sandboxctl image import docker://docker.io/library/python:3.12-slim\n"
                "  sandboxctl image list\n",
    .run = run_image,
};
