"""The contract itself: buf's rules, and nothing broken since the last release."""
import os
import pathlib
import subprocess

import build


def test_buf():
    path = f"{pathlib.Path(build.find_go()).parent}:{os.environ['PATH']}"
    cache = {"AGENT_SANDBOX_CACHE": str(build.cache_root())}
    done = subprocess.run(
        [build.ROOT / "tools/buf.sh"], env={**os.environ, **cache, "PATH": path}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=900, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "buf lint: clean" in done.stdout


def test_generated_code_is_that_of_the_contract():
    done = subprocess.run([build.ROOT / "tools/gen.sh", "--verify"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
