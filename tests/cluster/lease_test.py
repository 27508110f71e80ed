"""Leader election on a real API server: lib/kube's own check, with clients of its own."""

import os
import pathlib
import subprocess

BIN = pathlib.Path(os.environ.get("AGENT_SANDBOX_BIN",
                                  pathlib.Path(__file__).resolve().parents[2] / "build/dev/bin"))


def test_elections(api_server):
    done = subprocess.run([BIN / "kube-lease-check"], env=api_server.env(), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
