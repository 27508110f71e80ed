"""grpcio, grpc-go, grpc-js and grpcurl against lib/rpc and gen/, without the system behind (wire_server.c)."""
import json
import shutil
import signal
import subprocess
import tempfile

import pytest

import build

TIMEOUT_S = 120
STEPS = ["claimed c-wire: sandbox wire-sandbox", "ran a command", "talked with cat, 20 rounds", "released", "ok"]


class Server:
    def __init__(self, program, address):
        self.process = subprocess.Popen([program, address], stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()

    def stop(self):
        """Ends it as a supervisor would; a sanitizer's complaint is in the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()
        assert code == 0


@pytest.fixture(params=["unix", "tcp"])
def server(request):
    folder = tempfile.mkdtemp(prefix="wire")  # short: a unix socket's path ends at 108 bytes
    address = f"unix:{folder}/s" if request.param == "unix" else "127.0.0.1:0"
    server = Server(request.config.getoption("--wire-server"), address)
    try:
        assert server.address
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, **options)


@pytest.mark.parametrize("language", list(build.CLIENTS))
def test_client(server, language):
    done = run([*build.CLIENTS[language](), server.address, server.address])
    assert done.stderr == ""
    assert done.stdout.splitlines() == STEPS
    assert done.returncode == 0


class Grpcurl:
    def __init__(self, address):
        if address.startswith("unix:"):
            self.target = ["-plaintext", "-unix", address.removeprefix("unix:")]
        else:
            self.target = ["-plaintext", address]

    def __call__(self, *words, data=None, flags=()):
        data = ["-d", json.dumps(data)] if data is not None else []
        return run([build.grpcurl(), *flags, *data, *self.target, *words])


def test_grpcurl_lists_and_describes(server):
    grpcurl = Grpcurl(server.address)
    assert grpcurl("list").stdout.split() == [
        "agentsandbox.v1.ClaimService",
        "agentsandbox.v1.ExecService",
        "agentsandbox.v1.StreamService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ]
    described = grpcurl("describe", "agentsandbox.v1.ClaimService.WatchClaims")
    assert "rpc WatchClaims ( .agentsandbox.v1.WatchClaimsRequest ) returns ( stream" in described.stdout
    assert "map<string, string> pod_labels = 7;" in grpcurl("describe", "agentsandbox.v1.ClaimSpec").stdout
    nothing = grpcurl("describe", "agentsandbox.v1.Nothing")
    assert nothing.returncode != 0 and "agentsandbox.v1.Nothing" in nothing.stderr


def test_grpcurl_calls(server):
    grpcurl = Grpcurl(server.address)
    claim = grpcurl("agentsandbox.v1.ClaimService/CreateClaim", data={"namespace": "default", "spec": {"pool": "p"}})
    assert json.loads(claim.stdout)["claim"]["sandbox"]["name"] == "wire-sandbox"
    missing = grpcurl("agentsandbox.v1.ClaimService/GetClaim", data={"name": "nope"})
    assert "Code: NotFound" in missing.stderr
    assert 'there is no claim "nope"' in missing.stderr
    refused = grpcurl("agentsandbox.v1.ClaimService/ListClaims", data={})
    assert "Code: Unimplemented" in refused.stderr


def test_health(server):
    grpcurl = Grpcurl(server.address)
    service = "agentsandbox.v1.ClaimService"

    def check(name):
        return json.loads(grpcurl("grpc.health.v1.Health/Check", data={"service": name}).stdout)["status"]

    assert check("") == "SERVING"
    assert check(service) == "SERVING"
    assert "Code: NotFound" in grpcurl("grpc.health.v1.Health/Check", data={"service": "nope"}).stderr
    server.process.send_signal(signal.SIGUSR1)
    watch = grpcurl("grpc.health.v1.Health/Watch", data={"service": service}, flags=["-max-time", "2"])
    assert json.loads(watch.stdout) == {"status": "NOT_SERVING"}
    assert check(service) == "NOT_SERVING"
    assert check("") == "SERVING"
