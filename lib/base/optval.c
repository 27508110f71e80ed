#include "lib/base/optval.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"

int optval_bad(const char *option, const char *value, const char *wanted, struct err *err)
{
    char shown[80];

    return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage", "--%s \"%s\": give %s", option,
                   bytes_escape(value, strlen(value), shown, sizeof(shown)), wanted);
}

int optval_u64(const char *option, const char *value, uint64_t min, uint64_t max,
               const char *wanted, uint64_t *ret, struct err *err)
{
    return bytes_parse_u64(value, min, max, ret) < 0 ? optval_bad(option, value, wanted, err) : 0;
}

static int read_id(const char *text, uint32_t *ret)
{
    uint64_t id;

    if (bytes_parse_u64(text, 0, UINT32_MAX - 1, &id) < 0)
        return -1;
    *ret = (uint32_t)id;
    return 0;
}

int optval_id(const char *option, const char *value, uint32_t *ret, struct err *err)
{
    return read_id(value, ret) < 0 ? optval_bad(option, value, "its number", err) : 0;
}

int optval_user(const char *option, const char *value, uid_t *ret_uid, gid_t *ret_gid,
                struct err *err)
{
    char text[32] = "";
    char *colon;

    if (strlen(value) < sizeof(text))
        (void)snprintf(text, sizeof(text), "%s", value);
    colon = strchr(text, ':');
    if (colon)
        *colon++ = '\0';
    if (read_id(text, ret_uid) < 0 || read_id(colon ? colon : text, ret_gid) < 0)
        return optval_bad(option, value, "UID or UID:GID, as numbers", err);
    return 0;
}

int optval_fd(const char *option, const char *value, int *ret, struct err *err)
{
    uint64_t n;

    if (optval_u64(option, value, 0, 1 << 20, "the number of an open descriptor", &n, err) < 0)
        return -1;
    *ret = (int)n;
    return 0;
}

int optval_word(const char *option, const char *value, int (*parse)(const char *),
                const char *words, int *ret, struct err *err)
{
    *ret = parse(value);
    return *ret < 0 ? optval_bad(option, value, words, err) : 0;
}

int optval_unknown(char *const *argv, int at, struct err *err)
{
    return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                   "%s: no such option, or its value is missing", argv[at]);
}

int optval_left_over(char *const *argv, int at, struct err *err)
{
    return err_set(err, RPC_INVALID_ARGUMENT, "BadUsage",
                   "%s: arguments without a name are not taken", argv[at]);
}
