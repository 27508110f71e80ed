"""The published Python SDK, unmodified, against our controller: on played nodes (fast), and on a real node with gVisor.

The package is the newest of PyPI, in a folder of the cache that is made anew when it is older than a day (and kept when
there is no way to PyPI). It does not share a process with pytest, whose own packages are Debian's.
"""

import os
import pathlib
import shutil
import subprocess
import time

import pytest

from lab import Lab
from ours import Controller, free_port, install, pool, template, wait_pool
from kubelab.base import CACHE

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ["k8s-agent-sandbox[async,grpc]"]
PLAYED = ["create_and_delete", "cold", "suspend_and_resume", "named_claims", "extras", "failures", "expiries", "connections"]
REAL = ["create_and_delete", "suspend_and_resume", "named_claims", "ended_pods"]


@pytest.fixture(scope="session")
def site():
    """The folder that holds the SDK and what it needs."""
    folder = CACHE / "cluster/sdk"
    stamp = folder / "stamp"
    if stamp.exists() and time.time() - stamp.stat().st_mtime < 24 * 3600:
        return folder
    new = CACHE / f"cluster/sdk.{os.getpid()}"
    done = subprocess.run(["/usr/bin/python3", "-m", "pip", "install", "-q", "--target", new, *PACKAGES],
                          capture_output=True, text=True)
    if done.returncode == 0:
        (new / "stamp").touch()
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    shutil.rmtree(new, ignore_errors=True)
    assert stamp.exists(), f"the SDK cannot be installed from PyPI: {done.stderr}"
    return folder


def prepare(lab, pod=None):
    """Our controller, and what the scenarios claim from, in the namespace sdk. pod: more of the plain template's pod."""
    ns = "sdk"
    port = free_port()
    install(lab, port)
    controller = Controller(lab, webhook_port=port).wait_leading()
    lab.kubectl("create", "namespace", ns)
    objects = [template("plain", ns, pod=pod or {}), pool("warm", ns, "plain", 4), pool("cold", ns, "plain", 0),
               pool("orphan", ns, "no-such-template", 0),
               template("open", ns, envVarsInjectionPolicy="Allowed"), pool("open", ns, "open", 0),
               template("service", ns, service=True), pool("service", ns, "service", 0),
               # No node has this label: its pods stay Pending.
               template("stuck", ns, pod={"nodeSelector": {"no-such": "node"}}), pool("stuck", ns, "stuck", 0)]
    for obj in objects:
        lab.apply(obj)
    wait_pool(lab, ns, "warm", 4)
    # What PodSnapshotSandboxClient looks for before it works; nothing of it is served.
    lab.apply(snapshot_crd())
    return controller


def snapshot_crd():
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "podsnapshots.podsnapshot.gke.io"},
            "spec": {"group": "podsnapshot.gke.io", "scope": "Namespaced",
                     "names": {"kind": "PodSnapshot", "plural": "podsnapshots", "singular": "podsnapshot", "listKind": "PodSnapshotList"},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]}}


@pytest.fixture(scope="module")
def played():
    lab = Lab("--kwok-nodes", "5")
    controller = None
    try:
        controller = prepare(lab)
        yield lab
        controller.stop()
    finally:
        controller and controller.kill()
        lab.down()


@pytest.fixture(scope="module")
def real(cluster):
    lab = cluster
    gvisor = {"runtimeClassName": "gvisor"}
    controller = prepare(lab, gvisor)
    # Never ready before it ends: a pod without a probe is, for a moment.
    shell = {"name": "main", "image": "asb.test/busybox:1", "readinessProbe": {"exec": {"command": ["false"]}}}
    try:
        for obj in (template("fails", "sdk", {**shell, "command": ["sh", "-c", "sleep 1; exit 1"]}, pod={**gvisor, "restartPolicy": "Never"}),
                    pool("fails", "sdk", "fails", 0),
                    template("succeeds", "sdk", {**shell, "command": ["sleep", "1"]}, pod={**gvisor, "restartPolicy": "Never"}),
                    pool("succeeds", "sdk", "succeeds", 0)):
            lab.apply(obj)
        yield lab
        controller.stop()
    finally:
        controller.kill()


def run(lab, site, kind, scenario):
    env = dict(lab.env(), PYTHONPATH=str(site), SDK_NAMESPACE="sdk", PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(["/usr/bin/python3", HERE / "sdk/lifecycle.py", kind, scenario], env=env, capture_output=True,
                          text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("scenario", PLAYED)
def test_on_played_nodes(played, site, kind, scenario):
    run(played, site, kind, scenario)


def test_suspend_by_extension(played, site):
    run(played, site, "sync", "suspend_by_extension")


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("scenario", REAL)
def test_on_a_real_node(real, site, kind, scenario):
    run(real, site, kind, scenario)
