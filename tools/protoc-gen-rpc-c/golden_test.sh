#!/usr/bin/env bash
# golden_test.sh PLUGIN [--update]: the plugin's output for testdata/ is testdata/golden/; odd input is refused
# with a sentence. --update writes the golden files (protoc-c's headers too, which the compile test includes).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
plugin=$(realpath "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

run_plugin() # DIR OUT FILE…
{
    local dir=$1 out=$2
    shift 2
    protoc -I"$dir" -I/usr/include --plugin=protoc-gen-rpc-c="$plugin" --rpc-c_out="$out" "$@"
}

# refused TEXT FILE: the sentence must be on stderr, and the plugin must not have crashed.
refused()
{
    if run_plugin "$tmp/in" "$tmp/none" "$2" 2>"$tmp/err"; then
        echo "$2 was taken, it should be refused with: $1" >&2
        exit 1
    fi
    grep -qF -- "$1" "$tmp/err" || {
        echo "$2: expected \"$1\", got:" >&2
        cat "$tmp/err" >&2
        exit 1
    }
}

if [ "${2:-}" = --update ]; then
    sed -E 's/optional int32 maybe = 3;/oneof _maybe { int32 maybe = 3; }/' "$here/testdata/sample.proto" >"$tmp/sample.proto"
    cp "$here/testdata/imported.proto" "$tmp"
    protoc-c -I"$tmp" --c_out="$here/testdata/golden" sample.proto imported.proto
    rm "$here"/testdata/golden/*.pb-c.c
    run_plugin "$here/testdata" "$here/testdata/golden" sample.proto imported.proto
    exit 0
fi

mkdir "$tmp/out" "$tmp/in" "$tmp/none"
run_plugin "$here/testdata" "$tmp/out" sample.proto imported.proto
for f in "$tmp"/out/*; do
    diff -u "$here/testdata/golden/$(basename "$f")" "$f"
done
[ "$(find "$tmp/out" -type f | wc -l)" = 4 ]

cat >"$tmp/in/twice.proto" <<'P'
syntax = "proto3";
package p;
message M {}
service S {
  rpc GetIt(M) returns (M);
  rpc Get_it(M) returns (M);
}
P
refused 'p.S.Get_it and p.S.GetIt would both be "p_s_get_it" in C' twice.proto

cat >"$tmp/in/ending.proto" <<'P'
syntax = "proto3";
package p;
message M {}
service S {
  rpc Get(M) returns (M);
  rpc GetReply(M) returns (M);
}
P
refused 'would both be "p_s_get_reply" in C' ending.proto

printf 'syntax = "proto3";\n' >"$tmp/in/a b.proto"
refused 'cannot stand in an #include line' 'a b.proto'

# Not a request at all.
for bytes in '' '\377\377\377' '\012\003abc' '\172\003abc'; do
    set +e
    printf "$bytes" | "$plugin" >/dev/null 2>"$tmp/err"
    code=$?
    set -e
    [ "$code" -lt 126 ] || {
        echo "the plugin died ($code) of $bytes" >&2
        exit 1
    }
done
