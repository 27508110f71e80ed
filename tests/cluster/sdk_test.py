"""The published Python SDK, unmodified, against our controller, on a real node with gVisor.

The package is the newest of PyPI, in a folder of the cache that is made anew when it is older than a day (and kept when
there is no way to PyPI). It does not share a process with pytest, whose own packages are Debian's.

`test_every_error_of_the_sdk` reads the SDK's source for its `raise`s and compares them with where the scenarios saw one: an error that a
newer SDK adds fails it until a scenario meets it, or ELSEWHERE says why none can.
"""

import ast
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import urllib.parse

import pytest

import faults
from ours import Controller, claim, free_port, install, pool, template, wait_pool
from kubelab.base import CACHE

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ["k8s-agent-sandbox[async,grpc]"]
BOTH = ["create_and_delete", "cold", "suspend_and_resume", "named_claims", "extras", "failures", "terminal", "lookups", "races",
        "refusals", "expiries", "connections", "pods", "ended_pods"]
SYNC = ["suspend_by_extension", "snapshots"]  # of an extension that has no async form
GVISOR = {"runtimeClassName": "gvisor"}

# `raise`s that no scenario meets: file, words of it, why.
ELSEWHERE = [
    ("_proto/", "", "generated; the server's half"),
    ("files/", "", "answers of the sandbox, arguments: the data plane"),
    ("commands/", "", "answers of the sandbox, arguments: the data plane"),
    ("extensions/", "", "answers of the sandbox, arguments: the data plane"),
    ("models.py", "", "arguments, before there is a client"),
    ("gke_extensions/snapshots/utils.py", "", "GKE's snapshots, which nobody here takes"),
    ("gke_extensions/snapshots/snapshot_engine.py", "", "GKE's snapshots, which nobody here takes"),
    ("sandbox_with_snapshot_support.py", "does not exist for this sandbox", "restore() makes an answer of it: scenario snapshots"),
    ("sandbox_with_snapshot_support.py", "", "GKE's snapshots, or made an answer of"),
    ("", "ImportError", "a package that is installed"),
    ("claim_adoption.py", "is missing metadata", "an API server that gives no uid"),
    ("sandbox_client.py", "is missing spec.warmPoolRef.name", "the CRD requires it"),
    ("connector.py", "failed to clean up the existing", "a kubectl that does not end"),
    ("connector.py", "Failed to establish tunnel to Router Service", "a kubectl that neither ends nor listens"),
    ("connector.py", "Failed to establish sandboxd pod tunnel", "a kubectl that neither ends nor listens"),
    ("connector.py", "timed out waiting for sandboxd port-forward", "a kubectl that neither ends nor listens"),
    ("connector.py", "Tunnel to router service", "a router's Service that goes between two questions"),
    ("connector.py", "Port-Forward crashed", "a tunnel that breaks: the router's tests"),
    ("connector.py", "pod tunnel crashed", "a tunnel that breaks: the router's tests"),
    ("connector.py", "failed to start sandboxd port-forward", "no kubectl"),
    ("connector.py", "pod name not resolved yet", "a Sandbox has a name, and its Pod is called like it"),
    ("connector.py", "Redirection is not allowed", "answers of the sandbox: the data plane"),
    ("async_connector.py", "after {max_retries + 1} attempts", "a sandbox that answers 5xx six times: the data plane"),
    ("async_connector.py", "status_code=None", "a sandbox that nobody reaches for 16 s: the data plane"),
    ("connector.py", "Unknown connection configuration type", "its own promise"),
    ("async_connector.py", "failed to resolve", "its own promise"),
    ("async_connector.py", "does not support {type(", "its own promise"),
    ("async_connector.py", "router headers enabled", "its own promise"),
    ("async_connector.py", "is closed", "a handle that was closed"),
]


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


def prepare(lab):
    """Our controller, and what the scenarios claim from, in the namespace sdk."""
    ns = "sdk"
    port = free_port()
    install(lab, port)
    controller = Controller(lab, webhook_port=port).wait_leading()
    lab.kubectl("create", "namespace", ns)
    shell = {"name": "main", "image": "asb.test/busybox:1"}
    # Never ready before it ends: a pod without a probe is, for a moment.
    unready = {**shell, "readinessProbe": {"exec": {"command": ["false"]}}}
    once = {**GVISOR, "restartPolicy": "Never"}
    web = ("mkdir -p /tmp/w/download /tmp/w/exists; cd /tmp/w; echo hello > download/text; echo junk > exists/junk;"
           "echo '{\"exists\": false}' > exists/nothing; exec httpd -f -p 8888 -h /tmp/w")
    templates = [
        template("plain", ns, pod=GVISOR),
        template("open", ns, pod=GVISOR, envVarsInjectionPolicy="Allowed"),
        template("service", ns, pod=GVISOR, service=True),
        # No node has this label: its pods stay Pending.
        template("stuck", ns, pod={"nodeSelector": {"no-such": "node"}}),
        # The CRD takes it, the API server takes no such Pod.
        template("invalid", ns, {**shell, "volumeMounts": [{"name": "none", "mountPath": "/none"}]}),
        template("fails", ns, {**unready, "command": ["sh", "-c", "sleep 1; exit 1"]}, pod=once),
        template("succeeds", ns, {**unready, "command": ["sleep", "1"]}, pod=once),
        template("web", ns, {**shell, "command": ["sh", "-c", web],
                             "readinessProbe": {"tcpSocket": {"port": 8888}, "periodSeconds": 1}}, pod=GVISOR)]
    pools = [pool("warm", ns, "plain", 4), pool("cold", ns, "plain", 0), pool("orphan", ns, "no-such-template", 0),
             pool("robbed", ns, "plain", 1)]
    pools += [pool(name, ns, name, 0) for name in ("open", "service", "stuck", "invalid", "fails", "succeeds", "web")]
    for obj in templates + pools:
        lab.apply(obj)
    wait_pool(lab, ns, "warm", 4)
    wait_pool(lab, ns, "robbed", 1)
    # What PodSnapshotSandboxClient looks for before it works, and a Gateway's; nothing of them is served.
    lab.apply(crd("podsnapshot.gke.io", "PodSnapshot"))
    lab.apply(crd("gateway.networking.k8s.io", "Gateway"))
    return controller


def crd(group, kind):
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    plural = kind.lower() + "s"
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{group}", "annotations": {"api-approved.kubernetes.io": "unapproved, a test's"}},
            "spec": {"group": group, "scope": "Namespaced",
                     "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": kind + "List"},
                     "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}]}}


class Racer:
    """The rule of a proxy: before some questions of the SDK reach the API server, somebody else has changed the answer."""

    def __init__(self, lab):
        self.lab, self.met = lab, set()

    def __call__(self, request):
        path = urllib.parse.unquote(request.path)
        name = re.search(r"metadata\.name=(replaced-\w+)", path)
        if request.is_watch and name and self.first(name[1]):
            self.delete("sandboxclaim", name[1])
            self.lab.kubectl("create", "-f", "-", text_in=json.dumps(claim(name[1], "sdk", "stuck")))
            return faults.answer(410, "Expired")
        name = re.search(r"/sandboxclaims/(vanishes-\w+)$", path)
        if request.method == "GET" and name and self.first(name[1]):
            self.delete("sandboxclaim", name[1])
        name = re.search(r"/sandboxes/(robbed-\w+)$", path)
        if request.method == "GET" and name and self.first(self.owner(name[1])):
            self.delete("sandbox", name[1])
        return None

    def owner(self, sandbox):
        """The claim's name; that Sandbox which it gets next is left alone."""
        refs = (self.lab.get("sandbox", sandbox, "-n", "sdk") or {"metadata": {}})["metadata"].get("ownerReferences")
        return refs[0]["name"] if refs else None

    def first(self, what):
        is_first = what not in self.met
        self.met.add(what)
        return is_first

    def delete(self, kind, name):
        self.lab.kubectl("delete", kind, name, "-n", "sdk")


class Site:
    """The lab with our controller, the SDK, and where the scenarios saw it raise errors so far."""

    def __init__(self, lab, packages, raised):
        self.lab, self.packages, self.raised = lab, packages, raised
        self.proxy = faults.Proxy(lab)
        self.proxy.rule = Racer(lab)
        self.ran = set()

    def run(self, kind, scenario):
        env = dict(self.lab.env(), PYTHONPATH=str(self.packages), SDK_NAMESPACE="sdk", PYTHONDONTWRITEBYTECODE="1",
                   SDK_RAISED=str(self.raised), SDK_STRAIGHT=self.lab.kubeconfig)
        if scenario == "races":
            env["KUBECONFIG"] = str(self.proxy.kubeconfig)
        self.ran.add((kind, scenario))
        done = subprocess.run(["/usr/bin/python3", HERE / "sdk/lifecycle.py", kind, scenario], env=env, capture_output=True,
                              text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def real(cluster, site, tmp_path_factory):
    controller = prepare(cluster)
    try:
        real = Site(cluster, site, tmp_path_factory.mktemp("sdk") / "raised")
        yield real
        real.proxy.stop()
        controller.stop()
    finally:
        controller.kill()


SCENARIOS = [("sync", s) for s in BOTH + SYNC] + [("async", s) for s in BOTH]


@pytest.mark.parametrize("kind,scenario", SCENARIOS)
def test_on_a_real_node(real, kind, scenario):
    real.run(kind, scenario)


def raises(package):
    """Each `raise` of a new error in the SDK's source: (file, first line, last line, text)."""
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                yield str(path.relative_to(package)), node.lineno, node.end_lineno, ast.unparse(node.exc)


def test_every_error_of_the_sdk(real):
    for one in SCENARIOS:
        if one not in real.ran:
            real.run(*one)
    met = {tuple(line.rsplit(":", 1)) for line in real.raised.read_text().splitlines()}
    unmet, unused = [], set(range(len(ELSEWHERE)))
    for file, first, last, text in raises(real.packages / "k8s_agent_sandbox"):
        why = [i for i, (where, words, _) in enumerate(ELSEWHERE) if where in file and words in text]
        unused -= set(why)
        if not why and not any((file, str(line)) in met for line in range(first, last + 1)):
            unmet.append(f"{file}:{first}: {text}")
    assert not unmet, "errors of the SDK that no scenario meets:\n" + "\n".join(unmet)
    assert not unused, f"these match no error of the SDK any more: {[ELSEWHERE[i] for i in unused]}"
