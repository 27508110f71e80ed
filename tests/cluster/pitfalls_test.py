"""The reference's checklist of pitfalls: where each has its test, and the names that others load-bear on."""

import pathlib
import re

import yaml

from ours import ROOT, SYSTEM

# number: (file, what stands in it). Stories of tests/worlds, tests of this folder, unit tests beside the code.
PITFALLS = {
    "1 /convert before v1alpha1; Go's annotations": [
        ("tests/cluster/webhook_test.py", "def test_annotations_that_go_wrote"), ("lib/api/convert_test.c", "sandbox-state")],
    "2 blueprints by meaning": [
        ("tests/worlds/stories/k8s_pitfall02_quantities.world", "1000m"), ("tests/cluster/sandboxes_test.py", "def test_recreate_compares_by_meaning")],
    "3 owners of both versions": [
        ("tests/worlds/stories/k8s_pitfall03_old_owner_refs.world", "v1alpha1"), ("tests/worlds/stories/k8s_pitfall03_pool_members.world", "v1alpha1")],
    "4 order of an adoption, a crash in between": [
        ("tests/worlds/stories/k8s_pitfall04_adoption_order.world", "fault"), ("tests/worlds/sweeps/claim_kubectl.world", "sweep"),
        ("tests/cluster/faults_test.py", "def test_killed_at_each_write")],
    "5 one status write, no passing reasons": [
        ("tests/worlds/stories/k8s_pitfall05_one_update.world", "history"), ("tests/worlds/stories/k8s_pitfall05_not_found.world", "NotFound")],
    "6 pod-name in the adoption": [("tests/worlds/stories/k8s_pitfall06_pod_name.world", "pod-name")],
    "7 active + terminating <= replicas": [("tests/worlds/stories/k8s_pitfall07_invariant.world", "replicas=")],
    "8 reserved prefixes stay off Pods": [("tests/worlds/stories/k8s_pitfall08_claim_uid.world", "claim-uid")],
    "9 observedGeneration everywhere": [
        ("tests/worlds/stories/k8s_pitfall09_generation.world", "observedGeneration"), ("tests/worlds/stories/k8s_messages.world", "Pitfall 9")],
    "10 expiry in two passes": [
        ("tests/worlds/stories/k8s_pitfall10_expiry.world", "ClaimExpired"), ("tests/worlds/stories/k8s_expiry.world", "SandboxExpired"),
        ("tests/worlds/stories/k8s_expiry_finished.world", "finished=")],
    "11 empty propagated-*": [("tests/worlds/stories/k8s_pitfall11_empty_lists.world", "propagated-annotations")],
    "12 Events and metrics as they were": [
        ("tests/worlds/stories/k8s_pitfall12_metrics.world", "_bucket"), ("tests/cluster/behaviour_test.py", "def test_metrics_are_named_as_they_were")],
    "13 flags as in Go": [("services/controller/kube_options_test.c", "--version"), ("tests/cluster/start_test.py", "UnknownFlag")],
    "14 the lease let go, the end when it is lost, /convert by who does not lead": [
        ("tests/cluster/leader_test.py", "def test_clean_hand_over"), ("tests/cluster/start_test.py", "def test_who_loses_the_lease_ends"),
        ("tests/cluster/webhook_test.py", "hold_lease(lab)")],
    "15 names": [("tests/cluster/pitfalls_test.py", "def test_names")],
}


def test_each_pitfall_has_a_test():
    for pitfall, places in PITFALLS.items():
        for file, words in places:
            path = ROOT / file
            assert path.exists() and words in path.read_text(), f"pitfall {pitfall}: {words!r} is not in {file}"
    assert sorted(int(p.split()[0]) for p in PITFALLS) == list(range(1, 16))


def objects(*names):
    for name in names:
        for obj in yaml.safe_load_all((ROOT / f"deploy/manifests/{name}.yaml").read_text()):
            if obj:
                yield obj


def test_names():
    """What e2e tests, charts, priority-and-fairness rules and scrapers know us by."""
    found = {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]): o for o in objects("manifest", "extensions")}
    name = "agent-sandbox-controller"
    for kind in ("ServiceAccount", "Role", "RoleBinding", "Service"):
        assert (kind, SYSTEM, name) in found
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        assert (kind, None, name) in found and (kind, None, f"{name}-extensions") in found
    for key in (k for k in found if k[0].endswith("Binding")):
        assert found[key]["subjects"] == [{"kind": "ServiceAccount", "name": name, "namespace": SYSTEM}]
        assert found[key]["roleRef"]["name"] == key[2]
    metrics, webhook = found["Service", SYSTEM, name], found["Service", SYSTEM, "agent-sandbox-webhook-service"]
    assert {(p["name"], p["port"]) for p in metrics["spec"]["ports"]} >= {("metrics", 8080)}
    assert metrics["metadata"]["labels"]["app"] == name
    assert [(p["name"], p["port"], p["targetPort"]) for p in webhook["spec"]["ports"]] == [("webhook", 443, 9443)]
    run = found["StatefulSet", SYSTEM, name]["spec"]  # its pod is agent-sandbox-controller-0
    assert run["selector"]["matchLabels"] == run["template"]["metadata"]["labels"] | run["selector"]["matchLabels"] == {"app": name}
    pod = run["template"]["spec"]
    container, = pod["containers"]
    assert pod["serviceAccountName"] == name and container["name"] == name
    assert {p["name"]: p["containerPort"] for p in container["ports"]}.items() >= {"metrics": 8080, "healthz": 8081, "webhook": 9443}.items()
    assert "--leader-elect=true" in container["args"] and "--extensions" in container["args"]
    assert any(m["mountPath"] == "/etc/sandbox-config" for m in container["volumeMounts"])
    code = "".join(p.read_text() for p in pathlib.Path(ROOT / "services/controller").glob("kube_*.[ch]"))
    for word in ("a3317529.agent-sandbox.x-k8s.io", "agent-sandbox-webhook-certs"):
        assert re.search(rf'"{re.escape(word)}"', code), word
