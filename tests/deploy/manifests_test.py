"""What users apply: fresh, complete, and with no more rights than the controller's own list says it needs."""
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MANIFESTS = ROOT / "deploy" / "manifests"
HELM = ROOT / "deploy" / "helm"


def objects(*names):
    return [o for n in names for o in yaml.load_all((MANIFESTS / n).read_text(encoding="utf-8"), FAST)]


def one(found, kind, name="agent-sandbox-controller"):
    same = [o for o in found if o["kind"] == kind and o["metadata"]["name"] == name]
    assert same, (kind, name)
    return same[-1]  # applied last


@pytest.mark.parametrize("script", ["manifests", "helm"])
def test_fresh(script):
    done = subprocess.run([sys.executable, ROOT / "deploy" / script / "generate.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_names():
    """What e2e tests, dashboards, priority-and-fairness rules and the webhook's certificate count on."""
    both = objects("manifest.yaml", "extensions.yaml")
    one(both, "Namespace", "agent-sandbox-system")
    one(both, "ServiceAccount")
    webhook = one(both, "Service", "agent-sandbox-webhook-service")["spec"]["ports"]
    assert webhook == [{"name": "webhook", "port": 443, "targetPort": 9443}]
    assert {"name": "metrics", "port": 8080, "targetPort": "metrics"} in one(both, "Service")["spec"]["ports"]
    pod = one(both, "StatefulSet")["spec"]["template"]
    assert pod["metadata"]["labels"] == {"app": "agent-sandbox-controller"}
    container = pod["spec"]["containers"][0]
    assert container["name"] == "agent-sandbox-controller"
    assert container["args"][:2] == ["--leader-elect=true", "--extensions"]
    assert {p["name"]: p["containerPort"] for p in container["ports"]} == {
        "metrics": 8080, "healthz": 8081, "webhook": 9443, "grpc": 9090}


def test_hardened():
    pod = one(objects("extensions.yaml"), "StatefulSet")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    security = pod["containers"][0]["securityContext"]
    assert security == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def needs():
    """(part, group, resource, name, verbs) out of the table that the controller checks its rights with."""
    text = (ROOT / "services" / "controller" / "kube_rights.c").read_text(encoding="utf-8")
    words = dict(re.findall(r'#define (\w+)\s+"([^"]*)"', text))
    row = re.compile(r'\{(\w+), (\w+|"[^"]*"), "([^"]+)", (NULL|"[^"]*"),\s*"([^"]+)"\}')
    for part, group, resource, name, verbs in row.findall(text):
        group = group.strip('"') if group.startswith('"') else words[group]
        yield part, group, resource, None if name == "NULL" else name.strip('"'), verbs.split()


def rules(found):
    for o in found:
        if o["kind"] in ("ClusterRole", "Role"):
            yield from o["rules"]


def grants(rule, group, resource, name, verb):
    return (group in rule["apiGroups"] and resource in rule["resources"] and verb in rule["verbs"]
            and (not rule.get("resourceNames") or name in rule["resourceNames"]))


@pytest.mark.parametrize("name", ["manifest.yaml", "extensions.yaml"])
def test_rights(name):
    found = list(rules(objects("manifest.yaml", "extensions.yaml") if name == "extensions.yaml" else objects(name)))
    wanted = [n for n in needs() if n[0] != "EXTENSIONS" or name == "extensions.yaml"]
    assert len(wanted) > 8
    for _, group, resource, which, verbs in wanted:
        for verb in verbs:
            assert any(grants(r, group, resource, which, verb) for r in found), f"{verb} {resource}.{group}"


# Granted for others than the controller's own calls: the API server asks for it when an owner is referred to.
BESIDES = {"finalizers", "tokenreviews", "subjectaccessreviews"}


def test_no_more_rights():
    needed = {(g, r, v) for _, g, r, _, verbs in needs() for v in verbs}
    for rule in rules(objects("manifest.yaml", "extensions.yaml")):
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                if resource.rsplit("/", 1)[-1] in BESIDES:
                    continue
                more = {v for v in rule["verbs"] if (group, resource, v) not in needed}
                assert not more, f"{resource}.{group}: {more}"
                assert "*" not in (group, resource)


def test_chart_has_the_values_of_the_reference():
    values = yaml.safe_load((HELM / "values.yaml").read_text(encoding="utf-8"))
    assert (values["namespace"], values["replicaCount"]) == ({"create": True, "name": "agent-sandbox-system"}, 1)
    assert values["image"]["pullPolicy"] == "IfNotPresent" and values["image"]["tag"] == ""
    assert (values["controller"]["leaderElect"], values["controller"]["extensions"]) == (True, False)
    assert values["service"]["name"] == "agent-sandbox-controller"
    assert values["webhookServiceName"] == "agent-sandbox-webhook-service"


def test_chart_has_the_crds():
    for crd in (ROOT / "deploy" / "crds").glob("*.yaml"):
        assert (HELM / "crds" / crd.name).read_bytes() == crd.read_bytes()
