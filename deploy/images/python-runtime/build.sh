#!/bin/bash
# Builds registry.k8s.io/agent-sandbox/python-runtime-sandbox:v0.1.0 as an OCI layout, from Debian
# packages alone: python3 with pip and venv, a shell and the usual small tools, a user `sandbox` (1000)
# whose home /app is writable, and our static agent as the entrypoint on port 8888.
#
# Two layers: the root file system (about a minute to build, kept in the cache by a hash of its inputs)
# and the agent (a second). The packages are unpacked, not configured: what their scripts would have
# done and is needed is done below by hand, so no foreign script runs and the result depends on its
# inputs alone. Times are clamped to SOURCE_DATE_EPOCH.
set -euo pipefail

usage() {
    cat <<'USAGE'
Usage: build.sh [--agent FILE] [--cache DIR] OUTPUT

Writes an OCI image layout to the folder OUTPUT, with the tag "v0.1.0". What is there is replaced.

  --agent FILE  the static sandbox-agent (default: build/release/bin/sandbox-agent of this tree)
  --cache DIR   where finished root file systems are kept (default: /var/cache/agent-sandbox/images-src
                for root, else ~/.cache/agent-sandbox/images-src)

Example: deploy/images/python-runtime/build.sh --agent build/release/bin/sandbox-agent /tmp/python-runtime
         sandboxctl image import oci:/tmp/python-runtime:v0.1.0 \
             --name registry.k8s.io/agent-sandbox/python-runtime-sandbox:v0.1.0
Needs root and the Debian packages mmdebstrap, umoci.
USAGE
}

say() { printf 'python-runtime: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)
agent=$here/../../../build/release/bin/sandbox-agent
if [ "$(id -u)" = 0 ]; then
    cache=/var/cache/agent-sandbox/images-src
else
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/agent-sandbox/images-src
fi
out=

while [ $# -gt 0 ]; do
    case $1 in
    --agent) agent=${2:?--agent needs a file}; shift 2 ;;
    --cache) cache=${2:?--cache needs a folder}; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    -*) say "unknown option $1"; usage >&2; exit 2 ;;
    *) [ -z "$out" ] || { say "more than one output folder"; exit 2; }; out=$1; shift ;;
    esac
done
[ -n "$out" ] || { usage >&2; exit 2; }
[ "$(id -u)" = 0 ] || die "must run as root (it makes files of several owners)"
[ -f "$agent" ] || die "no agent at $agent; build it, or name it with --agent"
for tool in mmdebstrap umoci tar sha256sum flock; do
    command -v "$tool" >/dev/null || die "$tool is missing; install the Debian package of that name"
done

suite=bookworm
packages=base-files,base-passwd,libc-bin,bash,dash,coreutils,findutils,diffutils,grep,sed,mawk,tar,gzip
packages+=,hostname,procps,ncurses-base,media-types,tzdata,ca-certificates
packages+=,python3,python3-pip,python3-venv
tag=v0.1.0
epoch=${SOURCE_DATE_EPOCH:-1750000000}
created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)
case $(uname -m) in
x86_64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*) die "no image for machines of type $(uname -m)" ;;
esac

work=
cleanup() { [ -z "$work" ] || rm -rf --one-file-system "$work"; }
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# The host's own Debian sources, when it is Debian of the same suite, so that a local mirror is used.
mirror_args() {
    local f
    for f in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
        if [ -f "$f" ] && grep -Eq "(^Suites:|^deb ).*\b$suite\b" "$f"; then
            echo "$f"
            return
        fi
    done
}

# ---- the root file system ----

link_merged_usr() {
    local root=$1 d
    for d in bin sbin lib lib64; do
        [ -d "$root/$d" ] && [ ! -L "$root/$d" ] || continue
        mkdir -p "$root/usr/$d"
        cp -a --remove-destination "$root/$d/." "$root/usr/$d/"
        rm -rf "${root:?}/$d"
        ln -s "usr/$d" "$root/$d"
    done
}

drop_unneeded() {
    local root=$1
    # perl comes along with openssl's and debconf's scripts, which nothing here runs.
    rm -rf "$root"/usr/share/perl "$root"/usr/share/perl5 "$root"/usr/lib/*/perl* "$root"/usr/lib/*/libperl* \
        "$root"/usr/bin/perl* "$root"/usr/share/{doc,man,info,locale,lintian,bug,menu,pixmaps,applications} \
        "$root"/usr/share/{debconf,polkit-1,bash-completion,doc-base,binfmts,dict} "$root"/var/lib/{apt,dpkg} \
        "$root"/var/cache/* "$root"/var/log/* "$root"/etc/{apt,dpkg,cron.daily,init.d} "$root"/boot \
        "$root"/dev/* "$root"/usr/lib/python3.11/{test,idlelib,turtledemo}
    find "$root" -xdev -type s -delete
}

write_accounts() {
    local root=$1
    cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
    cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
    sed -i 's/^root:[^:]*:/root:x:/' "$root/etc/passwd"
    echo 'sandbox:x:1000:1000:sandbox:/app:/bin/bash' >>"$root/etc/passwd"
    echo 'sandbox:x:1000:' >>"$root/etc/group"
    chmod 0644 "$root/etc/passwd" "$root/etc/group"
    install -d -o 1000 -g 1000 -m 0755 "$root/app"
    install -d -m 1777 "$root/tmp" "$root/var/tmp"
    install -d -m 0700 "$root/root"
}

write_config() {
    local root=$1
    cp "$root/usr/share/libc-bin/nsswitch.conf" "$root/etc/nsswitch.conf"
    cp "$root/usr/share/base-files/profile" "$root/etc/profile"
    echo 'sandbox' >"$root/etc/hostname"
    printf '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
    : >"$root/etc/resolv.conf"
    echo 'Etc/UTC' >"$root/etc/timezone"
    ln -sf /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"
    ln -sf mawk "$root/usr/bin/awk"
    ln -sf python3 "$root/usr/bin/python"
    mkdir -p "$root/etc/ssl/certs"
    find "$root/usr/share/ca-certificates" -name '*.crt' -print0 | LC_ALL=C sort -z |
        xargs -0 cat >"$root/etc/ssl/certs/ca-certificates.crt"
    ldconfig -r "$root" -X 2>/dev/null || ldconfig -r "$root"
    rm -rf "$root/var/cache/ldconfig"
}

# Kept as .pyc that are never checked against their source: a sandbox's start pays for neither.
compile_python() {
    local root=$1 dir failed=0
    for dir in /usr/lib/python3.11 /usr/lib/python3; do
        SOURCE_DATE_EPOCH=$epoch PYTHONHASHSEED=0 chroot "$root" /usr/bin/python3 -m compileall -q -f \
            --invalidation-mode unchecked-hash "$dir" >/dev/null &
    done
    wait -n || failed=1
    wait -n || failed=1
    [ $failed = 0 ] || say "some Python files did not compile, ignoring (they run uncompiled)"
}

build_base() {
    local dest=$1 root tarball=$work/raw.tar sources
    root=$work/root
    sources=$(mirror_args)
    say "unpacking Debian $suite packages (about 20 s)"
    SOURCE_DATE_EPOCH=$epoch mmdebstrap --quiet --variant=extract --include="$packages" \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        "$suite" "$tarball" ${sources:+"$sources"} >&2 ||
        die "mmdebstrap failed: is a Debian mirror reachable?"
    mkdir "$root"
    tar -xf "$tarball" -C "$root" --numeric-owner --exclude='./dev/*'
    rm "$tarball"
    say "setting it up"
    link_merged_usr "$root"
    drop_unneeded "$root"
    write_accounts "$root"
    write_config "$root"
    compile_python "$root"
    say "packing the root layer"
    tar -cf "$work/root.tar" -C "$root" --numeric-owner --sort=name --mtime="@$epoch" --clamp-mtime \
        --format=pax --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime .
    umoci init --layout "$work/base"
    umoci new --image "$work/base:$tag"
    umoci raw add-layer --image "$work/base:$tag" --history.created="$created" \
        --history.created_by='debian packages' --history.author=agent-sandbox "$work/root.tar"
    umoci gc --layout "$work/base" >/dev/null
    rm -rf "$root" "$work/root.tar"
    rm -rf "$dest"
    mv -T "$work/base" "$dest"
}

# ---- the image ----

add_agent() {
    local layout=$1 layer=$work/layer
    install -D -m 0755 "$agent" "$layer/usr/local/bin/sandbox-agent"
    tar -cf "$work/agent.tar" -C "$layer" --owner=0 --group=0 --numeric-owner --sort=name \
        --mtime="@$epoch" usr
    umoci raw add-layer --image "$layout:$tag" --history.created="$created" \
        --history.created_by='sandbox-agent' --history.author=agent-sandbox "$work/agent.tar"
    umoci config --image "$layout:$tag" --created="$created" --author=agent-sandbox \
        --architecture="$arch" --os=linux --no-history \
        --clear=config.entrypoint --clear=config.cmd --clear=config.env \
        --config.entrypoint=/usr/local/bin/sandbox-agent --config.entrypoint=agent \
        --config.entrypoint=--listen --config.entrypoint=0.0.0.0:8888 \
        --config.user=1000:1000 --config.workingdir=/app --config.exposedports=8888/tcp \
        --config.env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        --config.env=HOME=/app --config.env=LANG=C.UTF-8 --config.env=PYTHONUNBUFFERED=1
    umoci gc --layout "$layout" >/dev/null
}

mkdir -p "$cache" "$(dirname "$out")"
exec 9>"$cache/.lock"
flock 9

# Everything above the marker makes the root file system; the agent does not.
key=$({ echo "$epoch $arch"; sed '/^# ---- the image ----$/,$d' "$0"; } | sha256sum | cut -c1-16)
base=$cache/python-runtime-$key
work=$(mktemp -d "$cache/.work-XXXXXX")
if [ -f "$base/index.json" ]; then
    say "root layer $key is in the cache"
else
    build_base "$base"
fi

final=$(mktemp -d "$(dirname "$out")/.python-runtime-XXXXXX")
work_final=$final
trap 'cleanup; rm -rf --one-file-system "$work_final"' EXIT
cp -a "$base/." "$final/"
say "adding the agent"
add_agent "$final"
chmod 0755 "$final"
rm -rf "$out"
mv -T "$final" "$out"
say "done: oci:$out:$tag"
