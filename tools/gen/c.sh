# shellcheck shell=bash
# C: messages by protoc-c, services by our plugin. Sourced by tools/gen.sh; see gen_lang there.

# plugin SOURCE_DIR: prints the path of the built plugin; builds it once per content of its sources.
build_plugin()
{
    local sources=("$1"/main.cc "$1"/generator.cc "$1"/names.cc) hash bin

    hash=$(cat "$1"/*.cc "$1"/*.h | sha256sum | cut -c1-16)
    bin=$CACHE/protoc-gen-rpc-c-$hash
    if [ ! -x "$bin" ]; then
        mkdir -p "$CACHE"
        "${CXX:-c++}" -std=c++17 -O1 -o "$bin.tmp$$" "${sources[@]}" -lprotoc -lprotobuf -lpthread
        mv "$bin.tmp$$" "$bin"
    fi
    echo "$bin"
}

# c_files IMPORT_DIR OUT PLUGIN FILE…: generates for these .proto files (names below IMPORT_DIR) and for what they
# import out of google/protobuf.
c_files()
{
    local import=$1 out=$2 plugin=$3 rewritten f well_known=()
    shift 3

    # protoc-c 1.4 refuses proto3 `optional`. A oneof of one field is the same on the wire, so protoc-c
    # (it alone: the embedded descriptors stay true) is given that.
    rewritten=$(mktemp -d)
    (cd "$import" && find . -name '*.proto' -print0 | xargs -0 cp --parents -t "$rewritten")
    for f in $(grep -rlE '^[[:space:]]*optional ' "$rewritten" || true); do
        grep -q '^syntax = "proto3"' "$f" || continue
        sed -i -E 's/^([[:space:]]*)optional ([A-Za-z0-9_.]+) ([A-Za-z0-9_]+) = ([0-9]+)([^;]*);/\1oneof _\3 { \2 \3 = \4\5; }/' "$f"
    done

    mapfile -t well_known < <(well_known_imports "$import" "$@")
    protoc-c -I"$rewritten" -I/usr/include --c_out="$out" "$@" "${well_known[@]}"
    protoc -I"$import" -I/usr/include --plugin=protoc-gen-rpc-c="$plugin" --rpc-c_out="$out" "$@" \
        "${well_known[@]}"
    rm -rf "$rewritten"
}

# The google/protobuf/*.proto that the files import, with what those import.
well_known_imports()
{
    local import=$1 f todo=() seen=" "
    shift

    mapfile -t todo < <(cd "$import" && sed -nE 's/^import (public )?"(google\/protobuf\/[a-z_]+\.proto)";.*/\2/p' "$@" | sort -u)
    while [ ${#todo[@]} -gt 0 ]; do
        f=${todo[0]}
        todo=("${todo[@]:1}")
        case $seen in *" $f "*) continue ;; esac
        seen+="$f "
        echo "$f"
        mapfile -t -O ${#todo[@]} todo < <(sed -nE 's/^import (public )?"(google\/protobuf\/[a-z_]+\.proto)";.*/\2/p' "/usr/include/$f")
    done
}

gen_c()
{
    local out=$1 files plugin

    need protoc-c protobuf-c-compiler
    need protoc protobuf-compiler
    mapfile -t files < <(proto_files)
    plugin=$(build_plugin "$ROOT/tools/protoc-gen-rpc-c")
    c_files "$ROOT/proto" "$out" "$plugin" "${files[@]}"
}
