/* Any subject of a certificate: a user with a name and its groups, or nothing. */
#include <stdlib.h>
#include <string.h>

#include "services/controller/obj.h"
#include "services/controller/who.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(freep) char *subject = strndup((const char *)data, size);
    _cleanup_(json_decrefp) json_t *user = NULL;
    const char *first;

    if (!subject)
        return 0;
    user = who_of_subject(subject);
    if (!user)
        return 0;
    first = json_string_value(json_array_get(json_object_get(user, "groups"), 0));
    if (!*obj_str_or(user, "user", "") || !strstr(subject, "CN=") || !first ||
        strcmp(first, "system:authenticated") != 0)
        abort();
    return 0;
}
