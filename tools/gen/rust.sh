# shellcheck shell=bash
# Rust: prost and tonic by the small program tools/gen-rust. Sourced by tools/gen.sh.

gen_rust()
{
    local out=$1 tool="$ROOT/tools/gen-rust" hash bin files

    need protoc protobuf-compiler
    hash=$(cat "$tool/Cargo.toml" "$tool/Cargo.lock" "$tool/src/main.rs" | sha256sum | cut -c1-16)
    bin=$CACHE/gen-rust-$hash
    if [ ! -x "$bin" ]; then
        need cargo "Rust 1.85 or newer"
        echo "gen.sh: building tools/gen-rust" >&2
        cargo build -q --locked --release --manifest-path "$tool/Cargo.toml" --target-dir "$CACHE/gen-rust-target"
        cp "$CACHE/gen-rust-target/release/gen-rust" "$bin.tmp$$"
        mv "$bin.tmp$$" "$bin"
    fi
    mapfile -t files < <(own_proto_files)
    "$bin" "$ROOT/proto" "$out/src" "${files[@]}"
}
