#!/bin/bash
# Builds the Go programs of the test cluster into a folder of the cache, once per state of their inputs.
#
#   build.sh --cache DIR --go GO PROGRAM…      PROGRAM: kube kwok coredns helm
#
# Prints the folder that holds the finished programs, DIR/cluster/bin. Each is built aside and moved into place
# whole; beside it stands PROGRAM.stamp, the hash of what it was made from. Two calls at once wait for each other.
# What is built here is checked against the go.sum of its folder and never against anything newer.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE= GO=go
JOBS=${ASB_JOBS:-$(nproc)}

say()
{
    echo "cluster: $*" >&2
}

# stamp PROGRAM: the hash of all that it is made from.
stamp()
{
    (cd "$HERE/$1" && sha256sum go.mod go.sum main.go && sed -n "s/^FLAGS_$1=//p" "$HERE/build.sh") |
        sha256sum | cut -d' ' -f1
}

VERSION=k8s.io/component-base/version
FLAGS_kube="-X $VERSION.gitVersion=v1.36.3 -X $VERSION.gitMajor=1 -X $VERSION.gitMinor=36"
FLAGS_kwok=
FLAGS_coredns=
FLAGS_helm=

# how_long PROGRAM: what to expect of a cold build on two cores.
how_long()
{
    case $1 in
    kube) echo "about ten minutes" ;;
    coredns) echo "about five minutes" ;;
    *) echo "about two minutes" ;;
    esac
}

# The names that the program kube goes by.
link_parts()
{
    local part

    for part in etcd kubectl kubelet kube-apiserver kube-controller-manager kube-proxy kube-scheduler; do
        ln -sfn kube "$BIN/$part"
    done
}

# build PROGRAM
build()
{
    local name=$1 want tmp flags=FLAGS_$1 log=$CACHE/cluster/$1-build.log

    want=$(stamp "$name")
    [[ -x $BIN/$name && -f $BIN/$name.stamp && $(<"$BIN/$name.stamp") == "$want" ]] && return 0
    say "building $name from its Go modules: $(how_long "$name"), once"
    tmp=$(mktemp -d "$CACHE/cluster/build.XXXXXX")
    # shellcheck disable=SC2064 # the folder of this very build
    trap "rm -rf '$tmp'" EXIT
    if ! (cd "$HERE/$name" && GOFLAGS=-mod=readonly GOTOOLCHAIN=local CGO_ENABLED=0 "$GO" build -p "$JOBS" -trimpath \
        -buildvcs=false -ldflags "-s -w ${!flags}" -o "$tmp/$name" .) >"$log" 2>&1 </dev/null; then
        tail -20 "$log" >&2
        say "building $name failed: $log"
        exit 125
    fi
    rm -f "$BIN/$name.stamp"
    mv "$tmp/$name" "$BIN/$name"
    echo "$want" >"$BIN/$name.stamp"
    [[ $name == kube ]] && link_parts
    rm -rf "$tmp"
    trap - EXIT
    say "$name is built"
}

while [[ $# -gt 0 ]]; do
    case $1 in
    --cache) CACHE=$2 && shift 2 ;;
    --go) GO=$2 && shift 2 ;;
    *) break ;;
    esac
done
[[ -n $CACHE && $# -gt 0 ]] || { say "usage: build.sh --cache DIR [--go GO] PROGRAM…" && exit 2; }
BIN=$CACHE/cluster/bin
mkdir -p "$BIN"
exec {LOCK}>"$CACHE/cluster/.build.lock"
flock -n "$LOCK" || { say "waiting for another build of the cluster's programs" && flock "$LOCK"; }
for program in "$@"; do
    build "$program"
done
echo "$BIN"
