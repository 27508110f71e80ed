"""The CRDs on a real API server: accepted without a complaint, fresh, and with the defaults and refusals they promise."""

import json
import pathlib
import subprocess
import sys

import pytest
from kubelab.base import BIN

ROOT = pathlib.Path(__file__).resolve().parents[2]
CRDS = ROOT / "deploy" / "crds"
AGENTS = "agents.x-k8s.io"
EXT = "extensions.agents.x-k8s.io"
NAMES = [f"sandboxes.{AGENTS}"] + [f"{p}.{EXT}" for p in ("sandboxclaims", "sandboxtemplates", "sandboxwarmpools")]
POD = {"spec": {"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]}}


@pytest.fixture(scope="module")
def server(api_server):
    api_server.kubectl("apply", "-f", CRDS)
    api_server.kubectl("wait", "--for=condition=Established", "--timeout=30s", *[f"crd/{n}" for n in NAMES])
    return api_server


def test_accepted(server):
    for name in NAMES:
        conditions = {c["type"]: c["status"] for c in server.get("crd", name)["status"]["conditions"]}
        assert conditions == {"NamesAccepted": "True", "Established": "True"}, name


def test_fresh(server):
    done = subprocess.run([sys.executable, CRDS / "generate.py", "--kubectl", str(BIN / "kubectl"), "--kubeconfig",
                           server.kubeconfig, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def sandbox(ns, name, spec):
    return {"apiVersion": f"{AGENTS}/v1beta1", "kind": "Sandbox", "metadata": {"name": name, "namespace": ns}, "spec": spec}


def apply_fails(server, manifest):
    done = subprocess.run([BIN / "kubectl", "apply", "-f", "-"], input=json.dumps(manifest), text=True, capture_output=True,
                          env=server.env())
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_defaults_and_pruning(server):
    ns = server.namespace()
    pod = {"metadata": {"labels": {"a": "b"}, "name": "pruned"}, **POD}
    server.kubectl("apply", "--validate=false", "-f", "-", text_in=json.dumps(sandbox(ns, "s", {"podTemplate": pod})))
    spec = server.get("sandbox", "s", "-n", ns)["spec"]
    assert (spec["operatingMode"], spec["shutdownPolicy"]) == ("Running", "Retain")
    assert spec["podTemplate"]["metadata"] == {"labels": {"a": "b"}}
    assert spec["podTemplate"]["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]


def test_refusals(server):
    ns = server.namespace()
    assert "Unsupported value" in apply_fails(server, sandbox(ns, "a", {"podTemplate": POD, "operatingMode": "Paused"}))
    assert "podTemplate" in apply_fails(server, sandbox(ns, "a", {}))
    twice = {"spec": {"containers": POD["spec"]["containers"] * 2}}
    assert "Duplicate value" in apply_fails(server, sandbox(ns, "a", {"podTemplate": twice}))


def test_volume_claims_are_immutable(server):
    ns = server.namespace()
    claim = {"metadata": {"name": "v"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": 1}}}}
    server.apply(sandbox(ns, "s", {"podTemplate": POD, "volumeClaimTemplates": [claim]}))
    done = subprocess.run([BIN / "kubectl", "patch", "sandbox", "s", "-n", ns, "--type=merge", "-p",
                           '{"spec":{"volumeClaimTemplates":null}}'], text=True, capture_output=True, env=server.env())
    assert done.returncode != 0 and "volumeClaimTemplates is immutable" in done.stderr


def test_printed_columns(server):
    ns = server.namespace()
    server.apply({"apiVersion": f"{EXT}/v1beta1", "kind": "SandboxWarmPool", "metadata": {"name": "p", "namespace": ns},
                  "spec": {"replicas": 3, "sandboxTemplateRef": {"name": "t"}}})
    head, line = server.kubectl("get", "swp", "-n", ns).splitlines()
    assert head.split() == ["NAME", "READY", "DESIRED", "AGE"]
    assert line.split()[:2] == ["p", "3"]
    assert json.loads(server.kubectl("get", "--raw", f"/apis/{EXT}/v1beta1/namespaces/{ns}/sandboxwarmpools/p/scale"))[
        "spec"] == {"replicas": 3}
