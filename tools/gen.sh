#!/usr/bin/env bash
# Makes gen/ from proto/: the wire contract in every language, checked in, so that a build needs no generators.
#
#   tools/gen.sh [LANG…]           writes gen/LANG (c python go typescript java rust; none named: all)
#   tools/gen.sh --check [LANG…]   changes nothing, fails when what is checked in is not what would be made
#   tools/gen.sh --verify [LANG…]  the same by gen/stamps, without the generators: fails when what they read, or
#                                  what they wrote, is not what it was when gen/ was made
#
# Generators are pinned in tools/gen/versions.sh and kept in the cache folder (AGENT_SANDBOX_CACHE, default ~/.cache/agent-sandbox). Each language is a
# function gen_LANG OUT in tools/gen/LANG.sh that fills an empty folder; hand-written files that belong there (go.mod,
# package.json, …) come from tools/gen/LANG/.
set -euo pipefail
shopt -s inherit_errexit

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${AGENT_SANDBOX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/agent-sandbox}/gen
# What building with gen/ leaves in it.
NOT_OURS=(node_modules __pycache__ target dist Cargo.lock package-lock.json)
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

# The contracts of ours, names below proto/, sorted. Languages other than C have the published ones (proto/grpc, proto/opentelemetry) as
# packages of their own.
own_proto_files()
{
    proto_files | grep -vE "^(grpc|opentelemetry)/"
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
    if diff -ruN "${NOT_OURS[@]/#/--exclude=}" "$ROOT/gen/$1" "$2" >"$2.diff"; then
        echo "gen/$1 is fresh"
        return
    fi
    head -n 40 "$2.diff" >&2
    echo "gen/$1 is stale: run ./dev gen and commit what it changes" >&2
    return 1
}

# hash_files: of names and contents of the files on standard input.
hash_files()
{
    (cd "$ROOT" && sort | xargs -d '\n' sha256sum) | sha256sum | cut -c1-32
}

# stamp_of LANG: "LANG INPUTS OUTPUTS".
stamp_of()
{
    local lang=$1 inputs outputs also=()

    case $lang in
    c) also=(tools/protoc-gen-rpc-c/{main,generator,names}.cc tools/protoc-gen-rpc-c/{generator,names}.h) ;;
    rust) also=(tools/gen-rust/Cargo.toml tools/gen-rust/Cargo.lock tools/gen-rust/src/main.rs) ;;
    esac
    inputs=$({
        if [ "$lang" = c ]; then proto_files; else own_proto_files; fi | sed 's|^|proto/|'
        printf '%s\n' tools/gen/versions.sh "tools/gen/$lang.sh" "${also[@]}"
        if [ -d "$ROOT/tools/gen/$lang" ]; then (cd "$ROOT" && find "tools/gen/$lang" -type f); fi
    } | hash_files)
    outputs=$( (cd "$ROOT" && find "gen/$lang" -type f | grep -vE "/($(IFS='|'; echo "${NOT_OURS[*]}"))(/|\$)") | hash_files)
    echo "$lang $inputs $outputs"
}

verify_lang()
{
    if grep -qxF "$(stamp_of "$1")" "$ROOT/gen/stamps"; then
        echo "gen/$1 is what was made of proto/"
        return
    fi
    echo "gen/$1 is stale, or was edited: run ./dev gen and commit what it changes" >&2
    return 1
}

write_stamp()
{
    touch "$ROOT/gen/stamps"
    { grep -v "^$1 " "$ROOT/gen/stamps" || true; stamp_of "$1"; } | sort >"$STAGE/stamps"
    cp "$STAGE/stamps" "$ROOT/gen/stamps"
}

main()
{
    local mode=write stale=false lang langs=()

    for arg in "$@"; do
        case $arg in
        --check | --verify) mode=${arg#--} ;;
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
        if [ "$mode" = verify ]; then
            verify_lang "$lang" || stale=true
            continue
        fi
        mkdir "$STAGE/$lang"
        gen_lang "$lang" "$STAGE/$lang"
        if [ "$mode" = check ]; then
            check_lang "$lang" "$STAGE/$lang" || stale=true
        else
            rm -rf "${ROOT:?}/gen/$lang"
            mkdir -p "$ROOT/gen"
            cp -r "$STAGE/$lang" "$ROOT/gen/$lang"
            write_stamp "$lang"
            echo "gen/$lang written"
        fi
    done
    ! $stale
}

main "$@"
