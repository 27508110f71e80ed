# shellcheck shell=bash
# Java: protoc and protoc-gen-grpc-java as Maven Central has them, prebuilt. Sourced by tools/gen.sh.

install_java()
{
    local cpu

    case $(uname -m) in
    x86_64) cpu=linux-x86_64 ;;
    aarch64) cpu=linux-aarch_64 ;;
    *) die "Maven Central has no protoc-gen-grpc-java for $(uname -m)" ;;
    esac
    maven_copy "com.google.protobuf:protoc:$JAVA_PROTOC_VERSION:exe:$cpu" "$1"
    maven_copy "io.grpc:protoc-gen-grpc-java:$PROTOC_GEN_GRPC_JAVA_VERSION:exe:$cpu" "$1"
    mv "$1"/protoc-gen-grpc-java-*.exe "$1/protoc-gen-grpc-java"
    mv "$1"/protoc-*.exe "$1/protoc"
    chmod +x "$1"/protoc*
}

maven_copy()
{
    mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy -Dartifact="$1" -DoutputDirectory="$2"
}

gen_java()
{
    local out=$1 tools=$CACHE/protoc-java-$JAVA_PROTOC_VERSION-grpc-$PROTOC_GEN_GRPC_JAVA_VERSION files

    [ -d "$tools" ] || need mvn maven
    once "$tools" install_java
    mapfile -t files < <(own_proto_files)
    mkdir -p "$out/src/main/java"
    "$tools/protoc" -I"$ROOT/proto" -I/usr/include --plugin="$tools/protoc-gen-grpc-java" --java_out="$out/src/main/java" \
        --grpc-java_out=@generated=omit:"$out/src/main/java" "${files[@]}"
}
