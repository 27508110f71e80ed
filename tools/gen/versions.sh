# shellcheck shell=bash disable=SC2034
# The generators, pinned. protoc (3.21.12) and protoc-c (1.4.1) are Debian 12's, as is libprotoc, which our plugin is
# built on. What uses the output is pinned in tools/gen/LANG/ (go.mod, package.json, pom.xml, Cargo.toml).

# PyPI; brings its own protoc. Not the newest: what this one makes runs on every grpcio from 1.51 (Debian 12's) on, what
# the newest makes runs only on its equals.
GRPCIO_TOOLS_VERSION=1.62.3
# Go modules
PROTOC_GEN_GO_VERSION=v1.36.12
PROTOC_GEN_GO_GRPC_VERSION=v1.6.2
BUF_VERSION=v1.75.0
# npm
TS_PROTO_VERSION=2.18.0
# Maven Central: prebuilt protoc and plugin
JAVA_PROTOC_VERSION=3.25.8
PROTOC_GEN_GRPC_JAVA_VERSION=1.80.0
# crates.io: tools/gen-rust/Cargo.lock
