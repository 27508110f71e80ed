#!/usr/bin/env bash
# test.sh BIN: the examples do what docs/rpc.md says, directly and through example-proxy.
set -euo pipefail

bin=$1
tmp=$(mktemp -d)
pids=()
# A sanitizer's complaint at the end of a server is a failure too.
finish()
{
    local code=$? pid

    for pid in "${pids[@]}"; do
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" || code=1
    done
    rm -rf "$tmp"
    exit "$code"
}
trap finish EXIT

# start NAME PROGRAM ARG…: sets address to the first line it prints.
start()
{
    local out=$tmp/$1

    shift
    mkfifo "$out"
    "$@" >"$out" &
    pids+=($!)
    read -r -t 30 address <"$out"
}

same() # WANTED GOT
{
    [[ $1 == "$2" ]] || {
        printf 'wanted: %s\ngot:    %s\n' "$1" "$2" >&2
        exit 1
    }
}

check_greeter() # TARGET
{
    same "Hello, world!" "$("$bin/example-greeter" greet "$1" world)"
    if "$bin/example-greeter" greet "$1" "" 2>"$tmp/err"; then
        echo "an empty name was greeted" >&2
        exit 1
    fi
    same "example-greeter: name is empty: who is to be greeted? (NameMissing)" "$(cat "$tmp/err")"
}

check_chat() # TARGET
{
    local lines

    same "1: one
2: two words
3: three" "$("$bin/example-chat" talk "$1" one "two words" three)"
    mapfile -t lines < <(seq 1000 1 3000 | sed 's/$/ and some more text to fill the window/')
    same "2001: ${lines[2000]}" "$("$bin/example-chat" talk "$1" "${lines[@]}" | tail -1)"
}

start greeter "$bin/example-greeter" serve "unix:$tmp/g"
greeter=$address
start greeter-proxy "$bin/example-proxy" 127.0.0.1:0 "$greeter"
check_greeter "$greeter"
check_greeter "$address"

# Interceptors: the right token, a wrong one, none.
check_auth() # TARGET
{
    same "Hello, world!" "$("$bin/example-auth" greet "$1" s3cret world)"
    for token in wrong s3cre s3crett x; do
        if "$bin/example-auth" greet "$1" "$token" world 2>"$tmp/err"; then
            echo "the token \"$token\" was good enough" >&2
            exit 1
        fi
        grep -q 'example.v1.GreeterService/Greet: send .* (BadToken)' "$tmp/err" || { cat "$tmp/err" >&2; exit 1; }
    done
    if "$bin/example-greeter" greet "$1" world 2>"$tmp/err"; then
        echo "no token was good enough" >&2
        exit 1
    fi
}

start auth "$bin/example-auth" serve "unix:$tmp/a" s3cret
auth=$address
start auth-proxy "$bin/example-proxy" 127.0.0.1:0 "$auth"
check_auth "$auth"
check_auth "$address"

start chat "$bin/example-chat" serve 127.0.0.1:0
chat=$address
start chat-proxy "$bin/example-proxy" "unix:$tmp/p" "$chat"
check_chat "$chat"
check_chat "$address"

# A method without a handler.
if "$bin/example-greeter" greet "$chat" x 2>"$tmp/err"; then
    echo "a server without Greet greeted" >&2
    exit 1
fi
grep -q 'does not implement' "$tmp/err" || { cat "$tmp/err" >&2; exit 1; }
echo "the examples do what they should"
