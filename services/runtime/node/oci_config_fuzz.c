/* The configuration of an image is a stranger's JSON: whatever it is, config.json comes out of it
 * or an error does. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "services/runtime/node/oci_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void try_all(const struct image *image)
{
    PB(CreateSandboxRequest) request = AGENTSANDBOX__V1__CREATE_SANDBOX_REQUEST__INIT;
    PB(Container) container = AGENTSANDBOX__V1__CONTAINER__INIT;
    struct oci_input in = {.request = &request,
                           .image = image,
                           .root = "/r",
                           .instance_dir = "/i",
                           .socket_dir = "/s",
                           .agent = "/a",
                           .cgroup = "c"};
    struct err err = {0};

    request.instance_id = (char *)"abcdefgh01234567";
    request.container = &container;
    container.run_as_user = container.run_as_group = -1;
    for (int runtime = 0; runtime < RUNTIME_KATA; runtime++) {
        in.runtime = (enum runtime_kind)runtime;
        char *text = oci_config(&in, &err);
        json_t *back = text ? json_loads(text, 0, NULL) : NULL;

        if (text && !back)
            abort(); /* what we write can be read */
        json_decref(back);
        free(text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct image image = {.uid = -1, .gid = -1};

    image.config = json_loadb((const char *)data, n, 0, NULL);
    if (image.config)
        try_all(&image);
    image_done(&image);
    return 0;
}
