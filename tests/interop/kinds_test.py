"""All four kinds of call between lib/rpc and the generated code of each language, as client and as server (kinds/)."""
import contextlib
import os
import subprocess

import pytest

import build

TIMEOUT_S = 120
STEPS = ["unary", "error", "server-streaming", "client-streaming", "bidi", "ok"]


@contextlib.contextmanager
def serving(command, code):
    """The address of a server that runs as long as this; code: what SIGTERM ends it with, or None for any."""
    process = subprocess.Popen([*command, "serve"], stdout=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()
        assert address
        yield address
        process.terminate()
        ended = process.wait(timeout=30)
        assert code is None or ended == code
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def check_call(command, address):
    # A caller who wants grpc-go to say more would fill the stderr that is looked at here.
    env = {k: v for k, v in os.environ.items() if not k.startswith("GRPC_GO_LOG")}
    done = subprocess.run([*command, "call", address], capture_output=True, text=True, timeout=TIMEOUT_S, check=False, env=env)
    assert done.stderr == ""
    assert done.stdout.splitlines() == STEPS
    assert done.returncode == 0


@pytest.fixture
def peer(request):
    return [request.config.getoption("--kinds-peer")]


@pytest.mark.parametrize("language", list(build.KINDS))
def test_their_client(peer, language):
    with serving(peer, 0) as address:
        check_call(build.KINDS[language](), address)


@pytest.mark.parametrize("language", list(build.KINDS))
def test_their_server(peer, language):
    with serving(build.KINDS[language](), None) as address:
        check_call(peer, address)


def test_ourselves(peer):
    with serving(peer, 0) as address:
        check_call(peer, address)
