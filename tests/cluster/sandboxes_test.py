"""Sandboxes, templates and pools on a real API server, where its defaults, its refusals and other people's objects meet our writes.

Every rule has a scripted world (tests/worlds/stories/k8s_*.world); here are those that depend on what a real server does.
"""

import json
import time

import pytest

from lab import Lab
from ours import Controller, condition, install, pool, template, wait_condition, wait_for, wait_pool

HASH = "agents.x-k8s.io/sandbox-name-hash"
ADOPTABLE = {"agents.x-k8s.io/adoptable": "true"}
BUSYBOX = {"name": "main", "image": "asb.test/busybox:1", "command": ["sleep", "1000000"]}


@pytest.fixture(scope="module")
def world():
    lab = Lab("--kwok-nodes", "2")
    controller = None
    try:
        install(lab)
        for crd in lab.items("crd", "default"):     # no webhook here: everything is v1beta1
            lab.kubectl("patch", "crd", crd["metadata"]["name"], "--type=merge", "-p",
                        json.dumps({"spec": {"conversion": {"strategy": "None", "webhook": None}}}))
        controller = Controller(lab).wait_leading()
        lab.controller = controller
        yield lab
        controller.stop()
    finally:
        controller and controller.kill()
        lab.down()


@pytest.fixture
def ns(world):
    name = world.namespace("s")
    yield name
    world.kubectl("delete", "namespace", name, "--wait=false")


def sandbox(name, namespace, **spec):
    return {"apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox", "metadata": {"name": name, "namespace": namespace},
            "spec": {"podTemplate": {"spec": {"terminationGracePeriodSeconds": 0, "containers": [BUSYBOX]}}, **spec}}


def thing(kind, name, namespace, labels=None, owners=None, **body):
    return {"apiVersion": "v1", "kind": kind,
            "metadata": {"name": name, "namespace": namespace, "labels": labels or {}, "ownerReferences": owners or []}, **body}


def pod(name, namespace, **more):
    return thing("Pod", name, namespace, spec={"terminationGracePeriodSeconds": 0, "containers": [BUSYBOX]}, **more)


def patch(world, kind, ns, name, body):
    world.kubectl("patch", kind, name, "-n", ns, "--type=merge", "-p", json.dumps(body))


def owner_names(obj):
    return [r["name"] for r in obj["metadata"].get("ownerReferences", [])]


def version(world, kind, ns, name):
    return world.get(kind, name, "-n", ns)["metadata"]["resourceVersion"]


def stays(question, seconds=4):
    """What is so now stays so."""
    first, end = question(), time.monotonic() + seconds
    while time.monotonic() < end:
        assert question() == first
        time.sleep(0.3)


def test_suspension_waits_for_a_pod_that_a_finalizer_holds(world, ns):
    world.apply(sandbox("s", ns, service=True))
    before = wait_condition(world, "sandbox", ns, "s", "True")
    patch(world, "pod", ns, "s", {"metadata": {"finalizers": ["test.example/hold"]}})
    patch(world, "sandbox", ns, "s", {"spec": {"operatingMode": "Suspended"}})
    s = wait_condition(world, "sandbox", ns, "s", "False", "SandboxSuspended")
    assert condition(s)["message"] == "Sandbox is suspending"
    suspended = condition(s, "Suspended")
    assert (suspended["status"], suspended["reason"], suspended["observedGeneration"]) == ("False", "PodTerminating", 2)
    assert suspended["lastTransitionTime"] == condition(before, "Suspended")["lastTransitionTime"]
    assert condition(s, "PodScheduled")
    time.sleep(1.1)                                 # times are whole seconds
    patch(world, "pod", ns, "s", {"metadata": {"finalizers": None}})
    wait_for("it is suspended", lambda: condition(world.get("sandbox", "s", "-n", ns), "Suspended")["reason"] == "PodTerminated")
    s = world.get("sandbox", "s", "-n", ns)
    assert condition(s)["message"] == "Sandbox is suspended" and not condition(s, "PodScheduled")
    assert s["status"]["service"] == "s" and "podIPs" not in s["status"] and s["status"]["selector"].startswith(HASH)
    assert condition(s, "Suspended")["lastTransitionTime"] > suspended["lastTransitionTime"]


def test_children_that_are_there_are_adopted_with_the_label(world, ns):
    world.apply(pod("a", ns, labels={**ADOPTABLE, "mine": "1"}))
    world.apply(thing("Service", "a", ns, labels=ADOPTABLE, spec={"clusterIP": "None", "selector": {"x": "y"}}))
    world.apply(thing("PersistentVolumeClaim", "data-a", ns, labels=ADOPTABLE, spec={
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}))
    world.apply(sandbox("a", ns, service=True, volumeClaimTemplates=[
        {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]))
    s = wait_condition(world, "sandbox", ns, "a", "True")
    assert condition(s)["message"] == "Pod is Ready; Service Exists"
    p, svc = world.get("pod", "a", "-n", ns), world.get("service", "a", "-n", ns)
    assert owner_names(p) == owner_names(svc) == owner_names(world.get("pvc", "data-a", "-n", ns)) == ["a"]
    assert p["metadata"]["labels"]["mine"] == "1" and svc["spec"]["selector"] == {HASH: p["metadata"]["labels"][HASH]}


def test_children_that_are_there_are_refused_without_it(world, ns):
    world.apply(thing("Service", "b", ns, spec={"clusterIP": "None", "selector": {"x": "y"}}))
    world.apply(thing("PersistentVolumeClaim", "data-b", ns, spec={
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}))
    world.apply(sandbox("b", ns, service=True, volumeClaimTemplates=[
        {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]))
    s = wait_condition(world, "sandbox", ns, "b", "False", "ReconcilerError")
    text = condition(s)["message"]
    assert text.startswith('Error seen: cannot adopt unowned PVC "data-b": missing required pool authorization label')
    assert '\ncannot adopt unowned service "b": ' in text
    wait_for("its pod is there all the same", lambda: world.get("pod", "b", "-n", ns))
    world.kubectl("delete", "service/b", "pvc/data-b", "-n", ns, "--wait=false")
    # Where nothing has protected the claim it is gone already.
    world.kubectl("patch", "pvc", "data-b", "-n", ns, "--type=merge", "-p", '{"metadata": {"finalizers": null}}', check=False)
    s = wait_condition(world, "sandbox", ns, "b", "False", "DependenciesNotReady")    # nothing binds volumes here
    assert condition(s)["message"] == "Pod exists with phase: Pending; Service Exists"
    assert owner_names(world.get("service", "b", "-n", ns)) == owner_names(world.get("pvc", "data-b", "-n", ns)) == ["b"]


def test_what_the_server_refuses_is_told_and_tried_again(world, ns):
    world.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": ns}, "spec": {"hard": {"pods": "0"}}})
    wait_for("the quota counts", lambda: (world.get("resourcequota", "none", "-n", ns).get("status") or {}).get("hard"))
    world.apply(sandbox("s", ns, service=True))
    s = wait_condition(world, "sandbox", ns, "s", "False", "ReconcilerError")
    assert condition(s)["message"].startswith("Error seen: ") and "exceeded quota" in condition(s)["message"]
    wait_for("its Service is there all the same", lambda: world.get("service", "s", "-n", ns))
    world.kubectl("delete", "resourcequota", "none", "-n", ns)
    wait_condition(world, "sandbox", ns, "s", "True", "DependenciesReady")


def test_two_pods_of_one_sandbox(world, ns):
    world.apply(sandbox("s", ns))
    s = wait_condition(world, "sandbox", ns, "s", "True")
    world.apply(pod("other", ns, owners=[{"apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox", "name": "s",
                                          "uid": s["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}]))
    s = wait_condition(world, "sandbox", ns, "s", "False", "MultiplePods")
    assert condition(s)["message"] == "multiple Pods (2) are controlled by this Sandbox; refusing to choose or create a Pod"
    event = wait_for("an event", lambda: [e for e in world.items("events.events.k8s.io", ns) if e.get("reason") == "MultiplePods"])[0]
    assert (event["type"], event["action"], event["reportingController"]) == ("Warning", "Reconciling", "sandbox-controller")
    assert event["regarding"]["name"] == "s" and event["note"] == condition(s)["message"]
    world.kubectl("delete", "pod", "s", "-n", ns)
    s = wait_condition(world, "sandbox", ns, "s", "True")
    assert s["metadata"]["annotations"]["agents.x-k8s.io/pod-name"] == "other"
    # The same again within minutes is no new Event but a series of the first.
    world.apply(pod("third", ns, owners=[{"apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox", "name": "s",
                                          "uid": s["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}]))
    wait_condition(world, "sandbox", ns, "s", "False", "MultiplePods")
    again = wait_for("a series", lambda: [e for e in world.items("events.events.k8s.io", ns)
                                          if e.get("reason") == "MultiplePods" and e.get("series")], 20)
    assert [e["metadata"]["uid"] for e in again] == [event["metadata"]["uid"]]
    assert again[0]["series"]["count"] == 2 and again[0]["series"]["lastObservedTime"] > again[0]["eventTime"]


def test_a_world_at_rest_is_not_written_to(world, ns):
    """What the server fills in (ports of a Service, protocols of a policy, a Pod's status) is no difference to mend."""
    world.apply(template("t", ns, service=True, container={**BUSYBOX, "ports": [{"containerPort": 8080}]},
                         networkPolicy={"ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 80}]}], "egress": []}))
    world.apply(pool("p", ns, "t", 2, updateStrategy={"type": "Recreate"}))
    wait_pool(world, ns, "p", 2)
    name = world.items("sandbox", ns)[0]["metadata"]["name"]
    time.sleep(1)
    stays(lambda: [version(world, "networkpolicy", ns, "t-network-policy"), version(world, "sandboxwarmpool", ns, "p"),
                   version(world, "sandbox", ns, name), version(world, "pod", ns, name), version(world, "service", ns, name)])


def test_recreate_compares_by_meaning(world, ns):
    """Pitfall 2: members whose hash another controller wrote are not replaced; 1 is 1000m, what the schema fills in is the same."""
    world.apply(template("t", ns, container={**BUSYBOX, "ports": [{"containerPort": 80}],
                                             "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}}}))
    world.apply(pool("p", ns, "t", 2, updateStrategy={"type": "Recreate"}))
    wait_pool(world, ns, "p", 2)
    members = world.items("sandbox", ns)
    for m in members:
        world.kubectl("label", "sandbox", m["metadata"]["name"], "-n", ns, "--overwrite", "agents.x-k8s.io/sandbox-template-hash=deadbeef")
        container = {**m["spec"]["podTemplate"]["spec"]["containers"][0], "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {}}}
        patch(world, "sandbox", ns, m["metadata"]["name"], {"spec": {"podTemplate": {"spec": {"containers": [container]}}}})
    stays(lambda: sorted(s["metadata"]["uid"] for s in world.items("sandbox", ns)))
    patch(world, "sandboxtemplate", ns, "t", {"spec": {"podTemplate": {"spec": {"containers": [
        {**BUSYBOX, "ports": [{"containerPort": 80}], "resources": {"limits": {"cpu": "1", "memory": "2Gi"}}}]}}}})
    old = {m["metadata"]["uid"] for m in members}
    wait_for("they are replaced", lambda: not old & {s["metadata"]["uid"] for s in world.items("sandbox", ns)})
    wait_pool(world, ns, "p", 2)


def test_a_member_without_owner_is_adopted(world, ns):
    world.apply(template("t", ns, networkPolicyManagement="Unmanaged", pod={"automountServiceAccountToken": False}))
    world.apply(pool("p", ns, "t", 1))
    wait_pool(world, ns, "p", 1)
    name = world.items("sandbox", ns)[0]["metadata"]["name"]
    patch(world, "sandbox", ns, name, {"metadata": {"ownerReferences": None, "labels": {"agents.x-k8s.io/launch-type": None}}})
    adopted = wait_for("it is adopted", lambda: (lambda s: s if owner_names(s) == ["p"] else None)(world.get("sandbox", name, "-n", ns)))
    assert adopted["metadata"]["labels"]["agents.x-k8s.io/launch-type"] == "warm"
    wait_for("it is counted", lambda: world.get("sandboxwarmpool", "p", "-n", ns)["status"]["replicas"] == 1)


def test_a_pool_is_scaled_and_refilled(world, ns):
    world.apply(template("t", ns))
    world.apply(pool("p", ns, "t", 30))
    wait_pool(world, ns, "p", 30)
    assert len(world.items("sandbox", ns)) == 30, "more members than replicas"
    world.kubectl("scale", "sandboxwarmpool/p", "-n", ns, "--replicas=3")
    wait_for("27 are gone", lambda: len(world.items("sandbox", ns)) == 3)
    wait_for("it is told", lambda: world.get("sandboxwarmpool", "p", "-n", ns)["status"].get("replicas") == 3)
    world.kubectl("delete", "sandbox", "--all", "-n", ns, "--wait=false")
    wait_pool(world, ns, "p", 3)
    wait_for("three again", lambda: len(world.items("sandbox", ns)) == 3)
