/*
 * Only in the static program. libuv's uv_os_homedir() names getpwuid_r(), which would bring in
 * glibc's name service switch: 200 KiB that dlopen() at run time what an image does not have. We
 * never call it; this one in its place says that there is no such user.
 */
#include <errno.h>
#include <pwd.h>
#include <stddef.h>

int getpwuid_r(uid_t uid, struct passwd *entry, char *buf, size_t n, struct passwd **ret)
{
    (void)uid;
    (void)entry;
    (void)buf;
    (void)n;
    *ret = NULL;
    return ENOENT;
}
