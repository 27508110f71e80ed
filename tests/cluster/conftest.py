"""Fixtures: real API servers and clusters. See README.md."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from lab import Lab  # noqa: E402


@pytest.fixture(scope="session")
def api_server():
    """Control plane only: etcd and kube-apiserver, shared by all tests. Use a namespace() of your own."""
    lab = Lab("--control-plane-only")
    yield lab
    lab.down()


@pytest.fixture
def own_api_server():
    """A control plane to break."""
    lab = Lab("--control-plane-only")
    yield lab
    lab.down()


@pytest.fixture(scope="session")
def cluster():
    """A whole cluster with one node (runc and gVisor), shared by all tests."""
    lab = Lab()
    yield lab
    lab.down()
