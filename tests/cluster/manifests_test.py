"""What README.md promises: image, two manifests, template, pool, claim, with nothing but kubectl."""

import json
import pathlib
import subprocess
import sys

import pytest
import yaml
from lab import Lab
from ours import BIN, ROOT, SYSTEM, condition, wait_condition, wait_for, wait_pool

IMAGE = "docker.io/agent-sandbox/controller:v0.1.0"
AGENT = "asb.test/agent:1"
POD = "agent-sandbox-controller-0"
EXT = "extensions.agents.x-k8s.io"


def build(name, folder):
    subprocess.run([sys.executable, ROOT / "deploy/images/build", name, folder / name, "--bin", BIN], check=True, capture_output=True)
    return f"oci:{folder / name}:v0.1.0"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A cluster of its own: its controller holds the lease."""
    folder = tmp_path_factory.mktemp("images")
    lab = Lab()
    lab.load(f"{IMAGE}={build('controller', folder)}", f"{AGENT}={build('runtime', folder)}")
    lab.kubectl("apply", "-f", ROOT / "deploy/manifests/manifest.yaml")
    lab.kubectl("apply", "-f", ROOT / "deploy/manifests/extensions.yaml")
    wait_running(lab)
    yield lab
    print(lab.kubectl("logs", "-n", SYSTEM, POD, check=False)[-8000:])  # shown when a test failed
    lab.down()


def pod(lab):
    return lab.get("pod", POD, "-n", SYSTEM)


def wait_running(lab):
    def running():
        line = lab.kubectl("get", "pod", POD, "-n", SYSTEM, "--no-headers", check=False).split()
        args = (pod(lab) or {"spec": {"containers": [{"args": []}]}})["spec"]["containers"][0]["args"]
        return line[1:3] == ["1/1", "Running"] and "--extensions" in args
    try:
        wait_for(f"{POD} is 1/1 Running", running, 90)
    except AssertionError:
        print(lab.kubectl("describe", "pod", POD, "-n", SYSTEM, check=False))
        print(lab.kubectl("logs", POD, "-n", SYSTEM, check=False))
        raise


def example(runtime_class):
    """The template and the pool of deploy/examples, with an image that is there."""
    found = list(yaml.safe_load_all((ROOT / "deploy/examples/python-runtime.yaml").read_text()))
    spec = found[0]["spec"]["podTemplate"]["spec"]
    spec["containers"][0].update(image=AGENT, imagePullPolicy="IfNotPresent", resources={})
    spec["terminationGracePeriodSeconds"] = 0
    if not runtime_class:
        del spec["runtimeClassName"]
    return found


def readme_claim():
    text = (ROOT / "README.md").read_text()
    return yaml.safe_load(text.split("<<'YAML'\n", 1)[1].split("    YAML\n", 1)[0])


@pytest.mark.parametrize("runtime_class", [None, "gvisor"])
def test_template_pool_claim(lab, runtime_class):
    ns = lab.namespace("readme")
    for o in example(runtime_class):
        o["metadata"]["namespace"] = ns
        lab.kubectl("apply", "-f", "-", text_in=json.dumps(o))
    wait_pool(lab, ns, "python-sandbox-warmpool", 2, 120)
    claim = readme_claim()
    claim["metadata"]["namespace"] = ns
    lab.kubectl("apply", "-f", "-", text_in=json.dumps(claim))
    lab.kubectl("wait", "--for=condition=Ready", "sandboxclaim/mine", "-n", ns, "--timeout=60s")
    status = lab.get("sandboxclaim", "mine", "-n", ns)["status"]
    assert status["sandbox"]["name"].startswith("python-sandbox-warmpool-") and status["sandbox"]["podIPs"]
    wait_pool(lab, ns, "python-sandbox-warmpool", 2, 120)  # refilled
    lab.kubectl("delete", "sandboxclaim", "mine", "-n", ns)
    wait_for("its Sandbox goes", lambda: lab.get("sandbox", status["sandbox"]["name"], "-n", ns) is None, 60)
    lab.kubectl("delete", "namespace", ns, "--wait=false")


def test_old_version_through_the_webhook_in_the_cluster(lab):
    ns = lab.namespace("old")
    for o in example(None):
        o["metadata"]["namespace"] = ns
        lab.kubectl("apply", "-f", "-", text_in=json.dumps(o))
    claim = {"apiVersion": f"{EXT}/v1alpha1", "kind": "SandboxClaim", "metadata": {"name": "old", "namespace": ns},
             "spec": {"sandboxTemplateRef": {"name": "python-runtime-template"}}}
    lab.kubectl("apply", "-f", "-", text_in=json.dumps(claim))
    wait_condition(lab, f"sandboxclaims.v1alpha1.{EXT}", ns, "old", "True", seconds=90)
    assert lab.get(f"sandboxclaims.v1beta1.{EXT}", "old", "-n", ns)["spec"]["warmPoolRef"]["name"]
    lab.kubectl("delete", "namespace", ns, "--wait=false")


def test_a_plain_sandbox(lab):
    ns = lab.namespace("plain")
    box = {"apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox", "metadata": {"name": "box", "namespace": ns},
           "spec": {"service": True, "podTemplate": {"spec": {"terminationGracePeriodSeconds": 0, "containers": [
               {"name": "c", "image": "asb.test/busybox:1", "command": ["sleep", "1000000"]}]}}}}
    lab.kubectl("apply", "-f", "-", text_in=json.dumps(box))
    ready = wait_condition(lab, "sandbox", ns, "box", "True", "DependenciesReady")
    assert ready["status"]["serviceFQDN"] == f"box.{ns}.svc.cluster.local"
    assert condition(ready)["message"] == "Pod is Ready; Service Exists"
    lab.kubectl("patch", "sandbox", "box", "-n", ns, "--type=merge", "-p", '{"spec":{"operatingMode":"Suspended"}}')
    wait_condition(lab, "sandbox", ns, "box", "False", "SandboxSuspended")
    wait_for("its pod goes", lambda: lab.get("pod", "box", "-n", ns) is None)
    lab.kubectl("delete", "namespace", ns, "--wait=false")


def test_the_pod_is_confined_and_says_nothing_is_missing(lab):
    status = pod(lab)["status"]["containerStatuses"][0]
    assert status["restartCount"] == 0, lab.kubectl("logs", "-n", SYSTEM, POD, "--previous", check=False)
    lines = lab.kubectl("logs", "-n", SYSTEM, POD).splitlines()
    bad = [line for line in lines if "RightMissing" in line or "Forbidden" in line]
    assert [line for line in bad if "being terminated" not in line] == []
    page = lab.kubectl("get", "--raw", f"/api/v1/namespaces/{SYSTEM}/services/agent-sandbox-controller:8080/proxy/metrics")
    for name in ("agent_sandboxes", "controller_runtime_reconcile_total", "workqueue_depth", "rest_client_requests_total",
                 "leader_election_master_status", "process_resident_memory_bytes", "agent_sandbox_claim_creation_total"):
        assert name in page


def test_the_controller_pod_is_replaced(lab):
    """Its successor takes the lease and goes on; what runs is not touched."""
    ns = lab.namespace("replaced")
    for o in example(None):
        o["metadata"]["namespace"] = ns
        lab.kubectl("apply", "-f", "-", text_in=json.dumps(o))
    wait_pool(lab, ns, "python-sandbox-warmpool", 2, 120)
    before = {p["metadata"]["uid"] for p in lab.get("pod", "-n", ns)["items"]}
    uid = pod(lab)["metadata"]["uid"]
    lab.kubectl("delete", "pod", POD, "-n", SYSTEM, "--wait=false")
    wait_for("another pod", lambda: (pod(lab) or {"metadata": {"uid": uid}})["metadata"]["uid"] != uid, 60)
    wait_running(lab)
    assert {p["metadata"]["uid"] for p in lab.get("pod", "-n", ns)["items"]} == before
    lab.kubectl("patch", "swp", "python-sandbox-warmpool", "-n", ns, "--type=merge", "-p", '{"spec":{"replicas":3}}')
    wait_pool(lab, ns, "python-sandbox-warmpool", 3, 120)


def test_images_are_small_and_tell_their_parts(tmp_path):
    for name in ("controller", "router", "runtime"):
        build(name, tmp_path)
        parts = json.loads((tmp_path / name / "sbom.spdx.json").read_text())
        files = {f["fileName"] for f in parts["files"]}
        assert parts["spdxVersion"] == "SPDX-2.3" and any(f.startswith("./sandbox-") for f in files)
        assert not any("/sh" == pathlib.PurePath(f).name for f in files)
        linked = {r["relatedSpdxElement"] for r in parts["relationships"] if r["relationshipType"] == "STATIC_LINK"}
        assert linked and linked <= {p["SPDXID"] for p in parts["packages"]}
        config = subprocess.run(["skopeo", "inspect", "--config", f"oci:{tmp_path / name}:v0.1.0"], check=True, capture_output=True).stdout
        assert json.loads(config)["config"]["User"] == "65532:65532"
