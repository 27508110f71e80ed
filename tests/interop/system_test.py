"""The interop clients against the whole system: `sandboxctl up` in folders of its own, gVisor, the python-runtime image.

AGENT_SANDBOX_BIN is the folder of the programs, AGENT_SANDBOX_CACHE that of images and clients (`./dev test sandbox` sets
both, makes the image and puts runsc into the PATH).
"""
import base64
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

import pytest

import build

UP_TIMEOUT_S = 300
CLIENT_TIMEOUT_S = 180
IMAGE = "registry.k8s.io/agent-sandbox/python-runtime-sandbox:v0.1.0"
STEPS = [r"claimed c-\S+: sandbox \S+", "ran a command", "talked with cat, 20 rounds", "released", "ok"]


class System:
    """A private set of services that ends, and leaves nothing, with this object."""

    def __init__(self):
        programs = pathlib.Path(os.environ["AGENT_SANDBOX_BIN"])
        layout = build.cache_root() / "images/python-runtime"
        if not layout.is_dir():
            raise RuntimeError(f"{layout} is missing: ./dev test sandbox makes it")
        self.log = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            [
                programs / "sandboxctl", "up", "--foreground", "--ephemeral", "--wait",
                "--cache-dir", build.cache_root() / "node",
                "--image", f"{IMAGE}=oci:{layout}:v0.1.0",
                "--apply", build.ROOT / "deploy/examples/python-runtime.yaml",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log, start_new_session=True,
        )
        try:
            self.controller, self.router = self.wait_until_up()
        except BaseException:
            self.stop()
            raise

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def wait_until_up(self):
        end = time.monotonic() + UP_TIMEOUT_S
        while time.monotonic() < end:
            said = self.text()
            found = [re.search(rf"^ +{name} +(unix:\S+)$", said, re.M) for name in ("controller", "router")]
            if all(found):
                return [f.group(1) for f in found]
            if self.process.poll() is not None:
                raise RuntimeError(f"sandboxctl up ended ({self.process.returncode}):\n{said[-6000:]}")
            time.sleep(0.1)
        raise RuntimeError(f"not up within {UP_TIMEOUT_S} s:\n{self.text()[-6000:]}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()  # its lifeline takes the rest down
            self.process.wait()
            raise


@pytest.fixture(scope="module")
def system():
    system = System()
    yield system
    run_dir = pathlib.Path(system.controller.removeprefix("unix:")).parent
    code = system.stop()
    assert code == 0, system.text()[-6000:]
    assert not run_dir.exists()


def run(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=CLIENT_TIMEOUT_S, check=False)


@pytest.mark.parametrize("language", list(build.CLIENTS))
def test_client(system, language):
    done = run([*build.CLIENTS[language](), system.controller, system.router])
    assert done.returncode == 0, done.stderr + system.text()[-6000:]
    lines = done.stdout.splitlines()
    assert len(lines) == len(STEPS)
    for line, step in zip(lines, STEPS):
        assert re.fullmatch(step, line)


def grpcurl(target, *words, data=None, headers=None):
    flags = ["-d", json.dumps(data)] if data is not None else []
    for name, value in (headers or {}).items():
        flags += ["-H", f"{name}: {value}"]
    done = run([build.grpcurl(), "-plaintext", "-unix", *flags, target.removeprefix("unix:"), *words])
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_grpcurl_lists(system):
    assert "agentsandbox.v1.ClaimService" in grpcurl(system.controller, "list").split()
    assert "agentsandbox.v1.ExecService" in grpcurl(system.router, "list").split()
    for target in (system.controller, system.router):
        assert json.loads(grpcurl(target, "grpc.health.v1.Health/Check")) == {"status": "SERVING"}


def test_grpcurl_calls(system):
    spec = {"namespace": "default", "spec": {"pool": "python-sandbox-warmpool"}}
    claim = json.loads(grpcurl(system.controller, "agentsandbox.v1.ClaimService/CreateClaim", data=spec))["claim"]
    try:
        ran = grpcurl(
            system.router, "agentsandbox.v1.ExecService/Run",
            data={"command": {"argv": ["python3", "-c", "print(6 * 7)"]}},
            headers={"x-sandbox-id": claim["sandbox"]["name"], "x-sandbox-namespace": "default"},
        )
        assert base64.b64decode(json.loads(ran)["stdout"]) == b"42\n"
    finally:
        grpcurl(system.controller, "agentsandbox.v1.ClaimService/DeleteClaim", data={"namespace": "default", "name": claim["name"]})
