#!/usr/bin/env bash
# gen.sh PROTO_DIR OUT: C of the suite's messages (and of google.rpc.Status) into OUT.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
CACHE=${AGENT_SANDBOX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/agent-sandbox}/gen

# shellcheck source=tools/gen/c.sh
. "$ROOT/tools/gen/c.sh"
IN=$(mktemp -d)
trap 'rm -rf "$IN"' EXIT
cp -r "$1/." "$HERE/proto/." "$IN"
chmod -R u+w "$IN"
mkdir -p "$2"
cd "$IN"
mapfile -t files < <(find . -name '*.proto' | sed 's|^\./||' | sort)
c_files "$IN" "$2" "$(build_plugin "$ROOT/tools/protoc-gen-rpc-c")" "${files[@]}"
