#include "lib/kube/curl_lib.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

static struct curl_lib lib;
static void *handle;

static const struct {
    const char *name;
    size_t at;
} symbols[] = {
    {"curl_global_init", offsetof(struct curl_lib, global_init)},
    {"curl_easy_init", offsetof(struct curl_lib, easy_init)},
    {"curl_easy_cleanup", offsetof(struct curl_lib, easy_cleanup)},
    {"curl_easy_reset", offsetof(struct curl_lib, easy_reset)},
    {"curl_easy_setopt", offsetof(struct curl_lib, easy_setopt)},
    {"curl_easy_getinfo", offsetof(struct curl_lib, easy_getinfo)},
    {"curl_easy_strerror", offsetof(struct curl_lib, easy_strerror)},
    {"curl_easy_escape", offsetof(struct curl_lib, easy_escape)},
    {"curl_free", offsetof(struct curl_lib, free)},
    {"curl_slist_append", offsetof(struct curl_lib, slist_append)},
    {"curl_slist_free_all", offsetof(struct curl_lib, slist_free_all)},
    {"curl_multi_init", offsetof(struct curl_lib, multi_init)},
    {"curl_multi_cleanup", offsetof(struct curl_lib, multi_cleanup)},
    {"curl_multi_setopt", offsetof(struct curl_lib, multi_setopt)},
    {"curl_multi_add_handle", offsetof(struct curl_lib, multi_add_handle)},
    {"curl_multi_remove_handle", offsetof(struct curl_lib, multi_remove_handle)},
    {"curl_multi_socket_action", offsetof(struct curl_lib, multi_socket_action)},
    {"curl_multi_info_read", offsetof(struct curl_lib, multi_info_read)},
    {"curl_multi_assign", offsetof(struct curl_lib, multi_assign)},
    {"curl_multi_strerror", offsetof(struct curl_lib, multi_strerror)},
};

static int missing(struct err *err)
{
    const char *why = dlerror();

    return err_set(err, RPC_FAILED_PRECONDITION, "LibraryMissing",
                   "libcurl, which speaks to the API server, cannot be loaded: %s",
                   why ? why : "no reason given");
}

static int load(struct err *err)
{
    void *h = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

    if (!h)
        return missing(err);
    for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
        void *f = dlsym(h, symbols[i].name);

        if (!f) {
            (void)missing(err);
            (void)dlclose(h); /* nothing of it is used */
            return -1;
        }
        (void)memcpy((char *)&lib + symbols[i].at, &f, sizeof(f));
    }
    if (lib.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)dlclose(h); /* as above */
        return err_oom(err);
    }
    handle = h;
    return 0;
}

const struct curl_lib *curl_lib_get(struct err *err)
{
    if (!handle && load(err) < 0)
        return NULL;
    return &lib;
}
