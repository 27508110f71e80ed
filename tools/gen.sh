#!/usr/bin/env bash
# Makes gen/ from proto/: the wire contract in every language, checked in, so that a build needs no generators.
#
#   tools/gen.sh [LANG…]           writes gen/LANG (c python go typescript java rust; none named: all)
#   tools/gen.sh --check [LANG…]   changes nothing, fails when what is checked in is not what would be made
#
# Generators are pinned in tools/gen/versions.sh and kept in the cache folder (AGENT_SANDBOX_CACHE, default ~/.cache/agent-sandbox). Each language is a
# function gen_LANG OUT in tools/gen/LANG.sh that fills an empty folder; hand-written files that belong there (go.mod,
# package.json, …) come from tools/gen/LANG/.
set -euo pipefail
shopt -s inherit_errexit

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${AGENT_SANDBOX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/agent-sandbox}/gen
LANGS=(c python go typescript java rust)
export LC_ALL=C

die()
{
    echo "gen.sh: $*" >&2
    exit 1
}

need()
{
    command -v "$1" >/dev/null || die "$1 is missing: install ${2:-$1}"
}

# once DIR COMMAND…: runs the command, whose last argument is a new folder, and keeps that as DIR; nothing when it is there.
# Half an installation is never mistaken for one.
once()
{
    local dir=$1 tmp=$1.tmp$$
    shift

    if [ -d "$dir" ]; then
        return
    fi
    mkdir -p "$tmp"
    echo "gen.sh: installing $(basename "$dir")" >&2
    "$@" "$tmp" >&2 # no `||` here: it would switch off set -e inside
    mv "$tmp" "$dir"
}

# The contracts of ours, names below proto/, sorted. Languages other than C have the published ones (proto/grpc) as
# packages of their own.
own_proto_files()
{
    proto_files | grep -v "^grpc/"
}

# Names below proto/, sorted.
proto_files()
{
    (cd "$ROOT/proto" && find . -name '*.proto' | sed 's|^\./||' | sort)
}

gen_lang()
{
    local lang=$1 out=$2

    # shellcheck source=/dev/null
    . "$ROOT/tools/gen/$lang.sh"
    if [ -d "$ROOT/tools/gen/$lang" ]; then
        cp -r "$ROOT/tools/gen/$lang/." "$out"
    fi
    "gen_$lang" "$out"
}

check_lang()
{
    if diff -ruN -x node_modules -x __pycache__ -x target -x dist -x Cargo.lock -x package-lock.json "$ROOT/gen/$1" "$2" >"$2.diff"; then
        echo "gen/$1 is fresh"
        return
    fi
    head -n 40 "$2.diff" >&2
    echo "gen/$1 is stale: run ./dev gen and commit what it changes" >&2
    return 1
}

main()
{
    local check=false stale=false lang langs=()

    for arg in "$@"; do
        case $arg in
        --check) check=true ;;
        -*) die "unknown option $arg" ;;
        *)
            [ -f "$ROOT/tools/gen/$arg.sh" ] || die "unknown language $arg (one of: ${LANGS[*]})"
            langs+=("$arg")
            ;;
        esac
    done
    if [ ${#langs[@]} -eq 0 ]; then
        langs=("${LANGS[@]}")
    fi

    # shellcheck source=tools/gen/versions.sh
    . "$ROOT/tools/gen/versions.sh"
    STAGE=$(mktemp -d)
    trap 'rm -rf "$STAGE" "$CACHE"/*.tmp$$' EXIT
    for lang in "${langs[@]}"; do
        mkdir "$STAGE/$lang"
        gen_lang "$lang" "$STAGE/$lang"
        if $check; then
            check_lang "$lang" "$STAGE/$lang" || stale=true
        else
            rm -rf "${ROOT:?}/gen/$lang"
            mkdir -p "$ROOT/gen"
            cp -r "$STAGE/$lang" "$ROOT/gen/$lang"
            echo "gen/$lang written"
        fi
    done
    ! $stale
}

main "$@"
