# shellcheck shell=bash
# Python: grpcio-tools, messages with type stubs. Sourced by tools/gen.sh.

install_python()
{
    # A venv holds its own path, so the tools go into a plain folder, which may be moved.
    python3 -m pip install -q --no-warn-script-location --target "$1" "grpcio-tools==$GRPCIO_TOOLS_VERSION"
}

gen_python()
{
    local out=$1 tools files

    need python3
    tools=$CACHE/grpcio-tools-$GRPCIO_TOOLS_VERSION-$(python3 -c 'import sys; print("py%d%d" % sys.version_info[:2])')
    once "$tools" install_python
    mapfile -t files < <(own_proto_files)
    (cd "$ROOT/proto" && PYTHONPATH=$tools python3 -m grpc_tools.protoc -I. --python_out="$out" --pyi_out="$out" \
        --grpc_python_out="$out" "${files[@]}")
}
