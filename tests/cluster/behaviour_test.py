"""What a user of the Kubernetes API sees of the four kinds, in both versions, on a real API server with played nodes.

The rules in all their branches are the scripted worlds' (tests/worlds); here stands what only the real thing can confirm: that schema,
defaults, conversion, garbage collection, scheduler and our writes fit together.
"""

import datetime
import json
import re
import subprocess
import time

import pytest

from kubelab.base import BIN
from lab import Lab
from ours import (Controller, claim, condition, free_port, install, pool, template, wait_condition, wait_for, wait_pool)

BUSYBOX = {"name": "main", "image": "asb.test/busybox:1", "command": ["sleep", "1000000"]}
HASH = "agents.x-k8s.io/sandbox-name-hash"


@pytest.fixture(scope="module")
def world():
    lab = Lab("--kwok-nodes", "3")
    controller = None
    try:
        port = free_port()
        install(lab, port)
        controller = Controller(lab, webhook_port=port).wait_leading()
        lab.controller = controller
        yield lab
        controller.stop()
    finally:
        controller and controller.kill()
        lab.down()


@pytest.fixture
def ns(world):
    name = world.namespace("b")
    yield name
    world.kubectl("delete", "namespace", name, "--wait=false")


def sandbox(name, namespace, container=None, **spec):
    pod = spec.pop("pod", {})
    metadata = spec.pop("metadata", {})
    return {"apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox", "metadata": {"name": name, "namespace": namespace},
            "spec": {"podTemplate": {"metadata": metadata, "spec": {
                "terminationGracePeriodSeconds": 0, **pod, "containers": [container or BUSYBOX]}}, **spec}}


def patch(world, kind, ns, name, body):
    world.kubectl("patch", kind, name, "-n", ns, "--type=merge", "-p", json.dumps(body))


def at(seconds):
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def owner_uid(obj):
    refs = obj["metadata"].get("ownerReferences", [])
    return refs[0]["uid"] if len(refs) == 1 and refs[0]["controller"] and refs[0]["blockOwnerDeletion"] else None


def gone(world, kind, ns, name):
    wait_for(f"{kind} {name} is gone", lambda: world.get(kind, name, "-n", ns) is None, 60)


def events(world, ns, reason):
    items = world.items("events.events.k8s.io", ns)
    return [e for e in items if e.get("reason") == reason]


# ---- Sandbox ----

def test_sandbox_with_service(world, ns):
    container = {**BUSYBOX, "ports": [{"containerPort": 8080, "name": "web"}, {"containerPort": 53, "protocol": "UDP"}]}
    world.apply(sandbox("my-sandbox", ns, container, service=True, metadata={
        "labels": {"team": "a", "agents.x-k8s.io/mine": "no"}, "annotations": {"note": "n"}}))
    s = wait_condition(world, "sandbox", ns, "my-sandbox", "True", "DependenciesReady")
    assert condition(s)["message"] == "Pod is Ready; Service Exists"
    assert all(c["observedGeneration"] == s["metadata"]["generation"] for c in s["status"]["conditions"])
    assert s["status"]["service"] == "my-sandbox" and s["status"]["serviceFQDN"] == f"my-sandbox.{ns}.svc.cluster.local"
    assert s["status"]["selector"] == f"{HASH}=374de8f5" and s["status"]["podIPs"] and s["status"]["nodeName"].startswith("kwok-")
    assert s["metadata"]["annotations"]["agents.x-k8s.io/pod-name"] == "my-sandbox"
    assert condition(s, "Suspended")["reason"] == "NotSuspended" and condition(s, "PodScheduled")["status"] == "True"

    p = world.get("pod", "my-sandbox", "-n", ns)
    assert owner_uid(p) == s["metadata"]["uid"]
    assert p["metadata"]["labels"][HASH] == "374de8f5" and p["metadata"]["labels"]["team"] == "a"
    assert "agents.x-k8s.io/mine" not in p["metadata"]["labels"], "a reserved key reached the pod"
    assert p["metadata"]["annotations"]["agents.x-k8s.io/propagated-labels"] == "team"

    svc = world.get("service", "my-sandbox", "-n", ns)
    assert svc["spec"]["clusterIP"] == "None" and svc["spec"]["selector"] == {HASH: "374de8f5"} and owner_uid(svc) == s["metadata"]["uid"]
    ports = [(x["name"], x["port"], x["targetPort"], x["protocol"]) for x in svc["spec"]["ports"]]
    assert ports == [("p-53-udp", 53, 53, "UDP"), ("web", 8080, 8080, "TCP")]

    row = world.kubectl("get", "sandbox", "my-sandbox", "-n", ns).splitlines()
    assert row[0].split() == ["NAME", "READY", "REASON", "AGE"] and row[1].split()[1:3] == ["True", "DependenciesReady"]

    patch(world, "sandbox", ns, "my-sandbox", {"spec": {"service": False}})
    gone(world, "service", ns, "my-sandbox")
    s = wait_for("status without Service", lambda: (lambda o: o if "service" not in o["status"] else None)(
        world.get("sandbox", "my-sandbox", "-n", ns)), 20)
    assert condition(s)["message"] == "Pod is Ready"

    world.kubectl("delete", "sandbox", "my-sandbox", "-n", ns)
    gone(world, "pod", ns, "my-sandbox")


def test_pod_metadata_follows_and_pod_comes_back(world, ns):
    world.apply(sandbox("s", ns, metadata={"labels": {"a": "1", "b": "1"}}))
    wait_condition(world, "sandbox", ns, "s", "True")
    world.kubectl("label", "pod", "s", "-n", ns, "theirs=1")
    patch(world, "sandbox", ns, "s", {"spec": {"podTemplate": {"metadata": {"labels": {"a": "2", "b": None}}}}})

    def followed():
        labels = world.get("pod", "s", "-n", ns)["metadata"]["labels"]
        return labels.get("a") == "2" and "b" not in labels and labels.get("theirs") == "1"
    wait_for("the pod's labels follow", followed, 20)

    uid = world.get("pod", "s", "-n", ns)["metadata"]["uid"]
    world.kubectl("delete", "pod", "s", "-n", ns)
    wait_for("a new pod of the same name", lambda: (lambda p: p and p["metadata"]["uid"] != uid)(world.get("pod", "s", "-n", ns)), 30)
    wait_condition(world, "sandbox", ns, "s", "True")


def test_suspend_and_resume(world, ns):
    world.apply(sandbox("s", ns, service=True))
    wait_condition(world, "sandbox", ns, "s", "True")
    patch(world, "sandbox", ns, "s", {"spec": {"operatingMode": "Suspended"}})
    gone(world, "pod", ns, "s")
    s = wait_for("suspended", lambda: (lambda o: o if condition(o, "Suspended").get("status") == "True" else None)(
        world.get("sandbox", "s", "-n", ns)), 20)
    assert (condition(s)["reason"], condition(s)["message"]) == ("SandboxSuspended", "Sandbox is suspended")
    assert condition(s, "Suspended")["reason"] == "PodTerminated" and not s["status"].get("podIPs")
    assert "agents.x-k8s.io/pod-name" not in s["metadata"].get("annotations", {})
    assert world.get("service", "s", "-n", ns), "the Service is kept while suspended"
    patch(world, "sandbox", ns, "s", {"spec": {"operatingMode": "Running"}})
    s = wait_condition(world, "sandbox", ns, "s", "True")
    assert condition(s, "Suspended")["status"] == "False"


def test_expiry(world, ns):
    world.apply(sandbox("keep", ns, service=True))
    world.apply(sandbox("drop", ns, shutdownPolicy="Delete", shutdownTime=at(3)))
    wait_condition(world, "sandbox", ns, "keep", "True")
    patch(world, "sandbox", ns, "keep", {"spec": {"shutdownTime": at(-1)}})
    wait_condition(world, "sandbox", ns, "keep", "False", "SandboxExpired")
    gone(world, "pod", ns, "keep")
    gone(world, "service", ns, "keep")
    s = wait_for("its status is conditions only", lambda: (lambda o: o if list(o["status"]) == ["conditions"] else None)(
        world.get("sandbox", "keep", "-n", ns)), 20)
    assert condition(s)["message"] == "Sandbox has expired"
    gone(world, "sandbox", ns, "drop")
    patch(world, "sandbox", ns, "keep", {"spec": {"shutdownTime": None}})
    wait_condition(world, "sandbox", ns, "keep", "True")


def test_others_pods_are_left_alone(world, ns):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "s", "namespace": ns},
           "spec": {"containers": [BUSYBOX], "terminationGracePeriodSeconds": 0}}
    world.apply(pod)
    world.apply(sandbox("s", ns))
    s = wait_condition(world, "sandbox", ns, "s", "False", "ReconcilerError")
    assert condition(s)["message"] == (
        'Error seen: cannot adopt unowned pod "s": missing required pool authorization label ("agents.x-k8s.io/adoptable")'
        ' or sandbox tracking label ("agents.x-k8s.io/sandbox-name-hash")')
    world.kubectl("label", "pod", "s", "-n", ns, "agents.x-k8s.io/adoptable=true")
    patch(world, "sandbox", ns, "s", {"metadata": {"annotations": {"look": "again"}}})
    s = wait_condition(world, "sandbox", ns, "s", "True")
    assert owner_uid(world.get("pod", "s", "-n", ns)) == s["metadata"]["uid"]


def test_volume_claims(world, ns):
    volume = {"metadata": {"name": "data", "labels": {"x": "y"}},
              "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    world.apply(sandbox("s", ns, volumeClaimTemplates=[volume]))
    wait_for("the pod", lambda: world.get("pod", "s", "-n", ns), 20)
    pvc, s = world.get("pvc", "data-s", "-n", ns), world.get("sandbox", "s", "-n", ns)
    assert owner_uid(pvc) == s["metadata"]["uid"] and pvc["metadata"]["labels"]["x"] == "y" and HASH in pvc["metadata"]["labels"]
    volumes = world.get("pod", "s", "-n", ns)["spec"]["volumes"]
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "data-s"}} in volumes
    refused = subprocess.run([BIN / "kubectl", "patch", "sandbox", "s", "-n", ns, "--type=merge", "-p",
                              '{"spec":{"volumeClaimTemplates":[]}}'], env=world.env(), capture_output=True, text=True)
    assert refused.returncode != 0 and "volumeClaimTemplates is immutable" in refused.stderr


def test_finished(world, ns):
    world.apply(sandbox("s", ns, pod={"restartPolicy": "Never"}))
    wait_condition(world, "sandbox", ns, "s", "True")
    world.kubectl("patch", "pod", "s", "-n", ns, "--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Succeeded"}}')
    s = wait_condition(world, "sandbox", ns, "s", "False", "PodSucceeded")
    finished = condition(s, "Finished")
    assert (finished["status"], finished["reason"], finished["message"]) == ("True", "PodSucceeded", "Pod completed successfully")


# ---- SandboxTemplate ----

def test_network_policy(world, ns):
    world.apply(template("t", ns))
    policy = wait_for("the policy", lambda: world.get("networkpolicy", "t-network-policy", "-n", ns), 20)
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    labels = policy["spec"]["podSelector"]["matchLabels"]
    t = world.get("sandboxtemplate", "t", "-n", ns)
    wait_for("the template's label", lambda: world.get("sandboxtemplate", "t", "-n", ns)["metadata"].get("labels", {}) == {
        "agents.x-k8s.io/sandbox-template-ref-hash": labels["agents.x-k8s.io/sandbox-template-ref-hash"]}, 20)
    assert owner_uid(policy) == t["metadata"]["uid"]
    peer = policy["spec"]["ingress"][0]["from"][0]
    assert peer["podSelector"]["matchLabels"] == {"app": "sandbox-router"}
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "agent-sandbox-system"}
    blocks = [to["ipBlock"] for to in policy["spec"]["egress"][0]["to"]]
    assert blocks == [{"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"]},
                      {"cidr": "::/0", "except": ["fc00::/7", "fe80::/10"]}]

    patch(world, "sandboxtemplate", ns, "t", {"spec": {"networkPolicy": {"egress": [{}]}}})
    wait_for("the policy follows", lambda: world.get("networkpolicy", "t-network-policy", "-n", ns)["spec"].get("egress") == [{}], 20)
    patch(world, "sandboxtemplate", ns, "t", {"spec": {"networkPolicyManagement": "Unmanaged"}})
    gone(world, "networkpolicy", ns, "t-network-policy")


# ---- SandboxWarmPool ----

def members(world, ns, name="warm"):
    return [s for s in world.items("sandboxes", ns)
            if s["metadata"].get("ownerReferences", [{}])[0].get("kind") == "SandboxWarmPool" and s["metadata"]["name"].startswith(name)]


def test_pool(world, ns):
    world.apply(template("t", ns))
    world.apply(pool("warm", ns, "t", 3))
    wait_pool(world, ns, "warm", 3)
    p = world.get("sandboxwarmpool", "warm", "-n", ns)
    assert p["status"]["replicas"] == 3 and p["status"]["observedGeneration"] == p["metadata"]["generation"]
    assert p["status"]["selector"].startswith("agents.x-k8s.io/warm-pool-sandbox=")
    m = members(world, ns)[0]
    labels = m["metadata"]["labels"]
    assert labels["agents.x-k8s.io/launch-type"] == "warm" and labels["agents.x-k8s.io/created-by"] == "controller"
    assert m["metadata"]["annotations"]["agents.x-k8s.io/sandbox-template-ref"] == "t" and owner_uid(m) == p["metadata"]["uid"]
    spec = m["spec"]["podTemplate"]["spec"]
    assert spec["automountServiceAccountToken"] is False and spec["dnsPolicy"] == "None"
    assert spec["dnsConfig"] == {"nameservers": ["8.8.8.8", "1.1.1.1"]}
    pod = world.get("pod", m["metadata"]["name"], "-n", ns)["metadata"]
    assert pod["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "true"

    world.kubectl("delete", "sandbox", m["metadata"]["name"], "-n", ns)
    wait_for("replenished", lambda: len(members(world, ns)) == 3 and m["metadata"]["name"] not in [
        x["metadata"]["name"] for x in members(world, ns)], 30)
    world.kubectl("scale", "sandboxwarmpool", "warm", "-n", ns, "--replicas=1")
    wait_for("scaled down", lambda: len(members(world, ns)) == 1, 30)
    world.kubectl("scale", "sandboxwarmpool", "warm", "-n", ns, "--replicas=4")
    wait_pool(world, ns, "warm", 4)
    world.kubectl("delete", "sandboxwarmpool", "warm", "-n", ns)
    wait_for("the members go with it", lambda: not members(world, ns), 30)


@pytest.mark.parametrize("strategy", ["OnReplenish", "Recreate"])
def test_template_changes(world, ns, strategy):
    world.apply(template("t", ns))
    world.apply(pool("warm", ns, "t", 2, updateStrategy={"type": strategy}))
    wait_pool(world, ns, "warm", 2)
    before = {m["metadata"]["name"] for m in members(world, ns)}
    world.apply(template("t", ns, container={**BUSYBOX, "command": ["sleep", "2000000"]}))
    if strategy == "Recreate":
        wait_for("all are new", lambda: len(now := {m["metadata"]["name"] for m in members(world, ns)}) == 2 and not now & before, 60)
        wait_pool(world, ns, "warm", 2)
        assert all(m["spec"]["podTemplate"]["spec"]["containers"][0]["command"][1] == "2000000" for m in members(world, ns))
    else:
        time.sleep(3)
        assert {m["metadata"]["name"] for m in members(world, ns)} == before


# ---- SandboxClaim ----

def test_warm_claim(world, ns):
    counted = world.controller.metric("agent_sandbox_claim_creation_total", namespace=ns, launch_type="warm")
    world.apply(template("t", ns, pod={"tolerations": []}))
    world.apply(pool("warm", ns, "t", 2))
    wait_pool(world, ns, "warm", 2)
    pods = {p["metadata"]["name"]: p["metadata"]["uid"] for p in world.items("pods", ns)}
    world.apply(claim("c", ns, "warm", additionalPodMetadata={"labels": {"sandbox.users.io/job": "j"}}))
    c = wait_condition(world, "sandboxclaim", ns, "c", "True", "DependenciesReady")
    name = c["status"]["sandbox"]["name"]
    assert name in pods and c["status"]["sandbox"]["podIPs"]
    assert condition(c)["observedGeneration"] == c["metadata"]["generation"]
    assert c["metadata"]["annotations"]["agents.x-k8s.io/sandbox-name"] == name
    first = c["metadata"]["annotations"]["agents.x-k8s.io/controller-first-observed-at"]
    assert "." in first and first.endswith("Z"), first
    s = world.get("sandbox", name, "-n", ns)
    assert owner_uid(s) == c["metadata"]["uid"]
    labels = s["metadata"]["labels"]
    assert labels["agents.x-k8s.io/claim-uid"] == c["metadata"]["uid"] and labels["agents.x-k8s.io/launch-type"] == "warm"
    assert not {"agents.x-k8s.io/warm-pool-sandbox", "agents.x-k8s.io/sandbox-template-hash"} & set(labels)

    def on_pod():
        meta = world.get("pod", name, "-n", ns)["metadata"]
        return meta["uid"] == pods[name] and meta["labels"].get("sandbox.users.io/job") == "j" \
            and "agents.x-k8s.io/warm-pool-sandbox" not in meta["labels"] and "agents.x-k8s.io/claim-uid" not in meta["labels"]
    wait_for("the pod's labels", on_pod, 20)
    wait_for("claim-first-ready-at", lambda: "agents.x-k8s.io/claim-first-ready-at" in
             world.get("sandboxclaim", "c", "-n", ns)["metadata"]["annotations"], 20)
    wait_pool(world, ns, "warm", 2)
    event = wait_for("the event", lambda: events(world, ns, "SandboxAdopted"), 20)[0]
    assert event["note"] == f'Adopted warm pool Sandbox "{name}"' and event["action"] == "Adoption" and event["type"] == "Normal"
    assert event["reportingController"] == "sandboxclaim-controller" and event["regarding"]["name"] == "c"
    assert world.controller.metric("agent_sandbox_claim_creation_total", namespace=ns, launch_type="warm") == counted + 1
    world.kubectl("delete", "sandboxclaim", "c", "-n", ns)
    gone(world, "sandbox", ns, name)
    gone(world, "pod", ns, name)


def test_cold_claim_and_its_pool_that_comes_later(world, ns):
    world.apply(claim("c", ns, "later"))
    c = wait_condition(world, "sandboxclaim", ns, "c", "False", "WarmPoolNotFound")
    assert condition(c)["message"] == 'SandboxWarmPool "later" not found'
    world.apply(pool("later", ns, "t", 0))
    c = wait_condition(world, "sandboxclaim", ns, "c", "False", "TemplateNotFound")
    assert condition(c)["message"] == 'SandboxTemplate "t" not found'
    world.apply(template("t", ns))
    c = wait_condition(world, "sandboxclaim", ns, "c", "True")
    assert c["status"]["sandbox"]["name"] == "c"
    s = world.get("sandbox", "c", "-n", ns)
    assert s["metadata"]["labels"]["agents.x-k8s.io/launch-type"] == "cold" and owner_uid(s) == c["metadata"]["uid"]
    wait_for("the event", lambda: [e for e in events(world, ns, "SandboxProvisioned") if e["note"] == 'Created Sandbox "c"'], 20)


@pytest.mark.parametrize("policy", ["Retain", "Delete", "DeleteForeground"])
def test_claim_expiry(world, ns, policy):
    world.apply(template("t", ns))
    world.apply(pool("cold", ns, "t", 0))
    world.apply(claim("c", ns, "cold", lifecycle={"shutdownTime": at(600), "shutdownPolicy": policy}))
    wait_condition(world, "sandboxclaim", ns, "c", "True")
    patch(world, "sandboxclaim", ns, "c", {"spec": {"lifecycle": {"shutdownTime": at(-1)}}})
    gone(world, "sandbox", ns, "c")
    if policy == "Retain":
        c = wait_condition(world, "sandboxclaim", ns, "c", "False", "ClaimExpired")
        assert condition(c)["message"] == "Claim expired. Sandbox cleanup initiated."
    else:
        gone(world, "sandboxclaim", ns, "c")


def test_finished_claim_goes_after_its_time(world, ns):
    world.apply(template("t", ns, pod={"restartPolicy": "Never"}))
    world.apply(pool("cold", ns, "t", 0))
    world.apply(claim("c", ns, "cold", lifecycle={"ttlSecondsAfterFinished": 2, "shutdownPolicy": "Delete"}))
    wait_condition(world, "sandboxclaim", ns, "c", "True")
    world.kubectl("patch", "pod", "c", "-n", ns, "--subresource=status", "--type=merge", "-p", '{"status":{"phase":"Failed"}}')
    c = wait_condition(world, "sandboxclaim", ns, "c", "False", "PodFailed")
    assert condition(c, "Finished")["reason"] == "PodFailed"
    gone(world, "sandboxclaim", ns, "c")


# ---- v1alpha1 ----

def test_v1alpha1(world, ns):
    """Old manifests work as they did, and both versions say the same."""
    old_pool = pool("warm", ns, "t", 1) | {"apiVersion": "extensions.agents.x-k8s.io/v1alpha1"}
    old_claim = {"apiVersion": "extensions.agents.x-k8s.io/v1alpha1", "kind": "SandboxClaim",
                 "metadata": {"name": "c", "namespace": ns}, "spec": {"sandboxTemplateRef": {"name": "t"}}}
    world.apply(template("t", ns, version="v1alpha1"))
    world.apply(old_pool)
    wait_pool(world, ns, "warm", 1)
    applied = subprocess.run([BIN / "kubectl", "create", "-f", "-"], input=json.dumps(old_claim), env=world.env(), capture_output=True, text=True)
    assert applied.returncode == 0, applied.stderr
    assert "extensions.agents.x-k8s.io/v1alpha1 SandboxClaim is deprecated; use extensions.agents.x-k8s.io/v1beta1 SandboxClaim instead" \
        in applied.stderr
    new = wait_condition(world, "sandboxclaim", ns, "c", "True")
    assert new["apiVersion"].endswith("v1beta1") and new["spec"]["warmPoolRef"]["name"] == "shadow-pool-t"
    assert "api.agents.x-k8s.io/v1alpha1-sandboxclaim-state" in new["metadata"]["annotations"]
    old = world.get("sandboxclaims.v1alpha1.extensions.agents.x-k8s.io", "c", "-n", ns)
    assert old["spec"]["sandboxTemplateRef"]["name"] == "t" and "warmPoolRef" not in old["spec"]
    assert old["status"]["sandbox"]["name"] == new["status"]["sandbox"]["name"]
    assert "api.agents.x-k8s.io/v1alpha1-sandboxclaim-state" not in old["metadata"].get("annotations", {})

    old_sandbox = sandbox("s", ns) | {"apiVersion": "agents.x-k8s.io/v1alpha1"}
    world.apply(old_sandbox)
    wait_condition(world, "sandbox", ns, "s", "True")
    world.kubectl("scale", "sandboxes.v1alpha1.agents.x-k8s.io", "s", "-n", ns, "--replicas=0")
    gone(world, "pod", ns, "s")
    assert world.get("sandbox", "s", "-n", ns)["spec"]["operatingMode"] == "Suspended"
    world.kubectl("scale", "sandboxes.v1alpha1.agents.x-k8s.io", "s", "-n", ns, "--replicas=1")
    wait_condition(world, "sandbox", ns, "s", "True")


# ---- the process ----

def test_metrics_are_named_as_they_were(world, ns):
    world.apply(template("t", ns))
    world.apply(pool("cold", ns, "t", 0))
    world.apply(claim("c", ns, "cold"))
    wait_condition(world, "sandboxclaim", ns, "c", "True")
    wait_for("the claim is counted", lambda: "claim-first-ready-at" in str(world.get("sandboxclaim", "c", "-n", ns)), 20)
    said = world.controller.metrics()
    for name in ("agent_sandbox_claim_controller_startup_latency_ms_bucket", "agent_sandbox_creation_latency_ms_bucket",
                 "agent_sandbox_claim_creation_total", "agent_sandboxes", "agent_sandbox_build_info",
                 "controller_runtime_reconcile_total", "workqueue_depth", "rest_client_requests_total", "process_cpu_seconds_total",
                 "process_resident_memory_bytes"):
        assert f"\n{name}{{" in said or f"\n{name} " in said, f"no {name}"
    # As a scraper without a parser reads them: a name, labels with le somewhere among them, a value.
    series = {}
    for before, le, after, n in re.findall(r'^agent_sandbox_claim_controller_startup_latency_ms_bucket'
                                           r'\{([^}]*)le="([^"]+)"([^}]*)\} (\d+)$', said, re.M):
        series.setdefault((before, after), []).append((le, int(n)))
    assert any('launch_type="cold"' in before + after for before, after in series)
    for buckets in series.values():  # other tests have made claims of other kinds
        assert [le for le, _ in buckets] == "100 250 500 750 1000 1250 1500 2000 2500 5000 10000 30000 60000 120000 240000 +Inf".split()
        counts = [n for _, n in buckets]
        assert counts[-1] >= 1 and counts == sorted(counts)
    assert "agent_sandbox_node" not in said  # of one machine


def test_unknown_flag_ends_it(world):
    done = subprocess.run([world.controller.argv[0], "kubernetes", "--no-such-flag"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and "no-such-flag" in done.stderr
