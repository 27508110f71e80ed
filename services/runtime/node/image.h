#pragma once
/*
 * The images of this machine, as files only, so that any number of processes may read and import at
 * once:
 *
 *     DIR/names/NAME          {"digest","import_time"}; NAME percent-encoded; renamed into place
 *     DIR/roots/HEX/rootfs    unpacked, shared read-only by all sandboxes; HEX of the manifest's
 * sha256 DIR/roots/HEX/oci       the OCI layout it came from DIR/roots/HEX/image.json  what a start
 * needs of manifest and config DIR/tmp/XXXXXX          an import under way, locked (flock) by it;
 * unlocked ones are left-overs
 *
 * A root is made under tmp/ and renamed into roots/ when complete: it is there whole or not at all.
 */
#include <jansson.h>
#include <stdint.h>

#include "lib/base/err.h"

#define IMAGE_NAME_MAX 255

struct image {
    char name[IMAGE_NAME_MAX + 1];
    char digest[80];     /* "sha256:…"                                            */
    uint64_t size_bytes; /* of its blobs                                          */
    int64_t import_time_s;
    char root[512];   /* the unpacked root, absolute                           */
    json_t *config;   /* "config" of the OCI image: Entrypoint, Cmd, Env, …; owned */
    int64_t uid, gid; /* of its user, looked up in its own passwd; -1: says nothing */
    char home[256];   /* of that user; "" unknown                              */
};

void image_done(struct image *img);

/* Makes the folders. */
int image_store_open(const char *dir, struct err *err);
/* NOT_FOUND "ImageNotFound". */
int image_find(const char *dir, const char *name, struct image *ret, struct err *err);
/* Calls fn for each, in no order; a broken entry is passed over. */
int image_list(const char *dir, void (*fn)(const struct image *img, void *user), void *user,
               struct err *err);
/* Takes the name away; when no other has its root, moves that to tmp/ for image_sweep(). NOT_FOUND
 * "ImageNotFound". */
int image_remove(const char *dir, const char *name, struct err *err);
/* Removes what interrupted imports and removals left under tmp/. Blocks for as long as that takes.
 */
int image_sweep(const char *dir, struct err *err);

/* "sha256:<64 hex>" only. */
int image_digest_hex(const char *digest, char ret[65], struct err *err);
/* 1..255 characters of a registry reference: no control characters, no "..", not starting with '-'
 * or '/'. */
int image_check_name(const char *name, struct err *err);
/* The user string of an image config ("", "1000", "app", "1000:100", "app:staff") by the passwd and
 * group files below root_fd. *home (256 bytes) may stay "". A name that is not there:
 * INVALID_ARGUMENT "BadImage". */
int image_resolve_user(int root_fd, const char *user, int64_t *ret_uid, int64_t *ret_gid,
                       char home[256], struct err *err);
/* The home folder of uid in the passwd below root_fd, and its group; false when it is not in there.
 */
bool image_lookup_uid(int root_fd, int64_t uid, int64_t *ret_gid, char home[256]);

/* Paths for image_import.c. */
int image_path(char *ret, size_t n, struct err *err, const char *fmt, ...) _printf_(4, 5);
void image_encode_name(const char *name, char ret[3 * IMAGE_NAME_MAX + 1]);
