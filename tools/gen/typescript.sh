# shellcheck shell=bash
# TypeScript: ts-proto, static code for @grpc/grpc-js. Sourced by tools/gen.sh.

install_typescript()
{
    npm install --silent --no-audit --no-fund --prefix "$1" "ts-proto@$TS_PROTO_VERSION"
}

gen_typescript()
{
    local out=$1 tools=$CACHE/ts-proto-$TS_PROTO_VERSION files options

    need npm "Node.js 18 or newer with npm"
    need protoc protobuf-compiler
    once "$tools" install_typescript
    mapfile -t files < <(own_proto_files)
    # Byte offsets are 64 bits: bigint. Methods without a body of their own in @grpc/grpc-js need no runtime of ours.
    options=env=node,outputServices=grpc-js,esModuleInterop=true,forceLong=bigint,importSuffix=.js,oneof=unions-value
    mkdir -p "$out/src"
    protoc -I"$ROOT/proto" -I/usr/include --plugin=protoc-gen-ts_proto="$tools/node_modules/.bin/protoc-gen-ts_proto" \
        --ts_proto_out="$out/src" --ts_proto_opt="$options" "${files[@]}"
}
