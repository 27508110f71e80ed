"""A node of its own per test module, in temporary folders; what it leaves behind is checked at the end."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from world import IMAGE, Node

REPO = pathlib.Path(__file__).resolve().parents[3]


def pytest_addoption(parser):
    parser.addoption("--runtime", help="the program sandbox-runtime of the build")
    parser.addoption("--agent", help="the program sandbox-agent of the build")


@pytest.fixture(scope="session")
def image_source(pytestconfig):
    """The Python image as an OCI layout; its root layer is cached between runs."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="node-image-"))
    shared = os.environ.get("AGENT_SANDBOX_CACHE")
    cache = ["--cache", f"{shared}/images-src"] if shared else []
    subprocess.run([REPO / "deploy/images/python-runtime/build.sh", *cache, "--agent", pytestconfig.getoption("--agent"), folder / "oci"],
                   check=True, timeout=300)
    yield f"oci:{folder}/oci:v0.1.0"
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def node(pytestconfig, image_source):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="n-", dir="/tmp"))
    n = Node(folder, pytestconfig.getoption("--runtime"), pytestconfig.getoption("--agent"))
    n.start()
    try:
        n.import_image(image_source, IMAGE)
        yield n
    finally:
        n.destroy()
        leftovers = n.leftovers_after(5)
        shutil.rmtree(folder, ignore_errors=True)
    assert leftovers == []


@pytest.fixture(autouse=True)
def no_sandbox_stays(request):
    yield
    if "node" in request.fixturenames:
        n = request.getfixturevalue("node")
        if n.process is None:
            n.start()
        for i in n.list():
            n.delete(i.instance_id, grace=0)


@pytest.fixture(params=["runc", "gvisor"])
def runtime_class(request):
    program = {"runc": "runc", "gvisor": "runsc"}[request.param]
    assert shutil.which(program), f"{program} is missing: the tests need it in PATH"
    return request.param
