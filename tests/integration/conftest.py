import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

# Freed memory that AddressSanitizer holds back must not hide what memory tests measure.
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=8"]))

from system import PROBE, System, pool, template  # noqa: E402


@pytest.fixture(scope="session")
def system():
    """One system for all tests that do not break it: template and pool `fast` (runc), template `strong` (gVisor)."""
    s = System()
    try:
        s.apply(template("fast", container=PROBE) + pool("fast", "fast", 2) + "---\n" + template("strong", "gvisor", container=PROBE))
        yield s
    finally:
        code = s.stop()
    assert code == 0
    s.traces.check()


@pytest.fixture
def own_system():
    """A system to break."""
    s = System()
    try:
        s.apply(template("fast", container=PROBE) + pool("fast", "fast", 1))
        yield s
    finally:
        s.stop()
    s.traces.check()
