"""The store's conformance on a real API server: what store_sqlite and store_memory pass, store_kube passes too."""

import os
import pathlib
import subprocess

BIN = pathlib.Path(os.environ.get("AGENT_SANDBOX_BIN",
                                  pathlib.Path(__file__).resolve().parents[2] / "build/dev/bin"))
AGENTS, EXTENSIONS = "agents.x-k8s.io", "extensions.agents.x-k8s.io"
KINDS = [(AGENTS, "Sandbox", "sandboxes", True), (EXTENSIONS, "SandboxClaim", "sandboxclaims", True),
         (EXTENSIONS, "SandboxTemplate", "sandboxtemplates", False), (EXTENSIONS, "SandboxWarmPool", "sandboxwarmpools", True)]


def crd(group, kind, plural, has_status):
    """One that takes any spec: here it is the store that is tested, not the schema."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1beta1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    if has_status:
        version["subresources"] = {"status": {}}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}"},
            "spec": {"group": group, "scope": "Namespaced", "versions": [version],
                     "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": kind + "List"}}}


def serve_any_spec(lab):
    for kind in KINDS:
        lab.apply(crd(*kind))
    lab.kubectl("wait", "--for=condition=Established", *[f"crd/{k[2]}.{k[0]}" for k in KINDS])


def test_conformance(own_api_server):
    serve_any_spec(own_api_server)
    own_api_server.kubectl("create", "namespace", "zzz")
    done = subprocess.run([BIN / "kube-store-check"], env=own_api_server.env(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[  PASSED  ] 17 test(s)" in done.stdout + done.stderr
