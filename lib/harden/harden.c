/* Identity, capabilities, dumping. The capability calls are made directly: three prctl() and one
 * capset() do not justify another shared library in every service. */
#include "lib/harden/harden.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* From the bounding set too, while the capability to do so is still there; without it there is
 * nothing that a later execve() could gain, as no_new_privs is set. */
static void drop_bounding_set(void)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

static int drop_capabilities(struct err *err)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};

    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &head, none) < 0)
        return err_errno(err, errno, "dropping capabilities");
    return 0;
}

static int take_ids(uid_t uid, gid_t gid, struct err *err)
{
    if (geteuid() == 0 && setgroups(0, NULL) < 0 && errno != EPERM)
        return err_errno(err, errno, "dropping supplementary groups");
    if (setresgid(gid, gid, gid) < 0)
        return err_errno(err, errno, "becoming group %u", (unsigned)gid);
    if (setresuid(uid, uid, uid) < 0)
        return err_errno(err, errno, "becoming user %u", (unsigned)uid);
    return 0;
}

int harden_drop(uid_t uid, gid_t gid, struct err *err)
{
    drop_bounding_set();
    if (take_ids(uid, gid, err) < 0 || drop_capabilities(err) < 0)
        return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_errno(err, errno, "setting no_new_privs");
    if (uid != 0 && setresuid(0, 0, 0) == 0)
        return err_set(err, RPC_INTERNAL, "PrivilegeKept", "user %u could become root again",
                       (unsigned)uid);
    return 0;
}

int harden_no_dump(struct err *err)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) < 0)
        return err_errno(err, errno, "forbidding core files");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return err_errno(err, errno, "becoming non-dumpable");
    return 0;
}

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HARDEN_HAS_LSAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HARDEN_HAS_LSAN 1
#endif

#ifdef HARDEN_HAS_LSAN
/* LeakSanitizer traces its own process at exit, which one that is not dumpable rightly refuses. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 1;
}
#endif
