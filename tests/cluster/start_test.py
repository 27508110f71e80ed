"""How the controller starts and ends: it waits for what is missing and says what by name; its lease changes hands at once."""

import json
import os
import re
import subprocess
import time

import pytest
import yaml
from lab import Lab
from ours import BIN, CRDS, ROOT, SYSTEM, Controller, free_port, install, wait_for

LEASE = "a3317529.agent-sandbox.x-k8s.io"
CLAIMS_CRD = "sandboxclaims.extensions.agents.x-k8s.io"


@pytest.fixture(scope="module")
def lab():
    lab = Lab("--control-plane-only")
    yield lab
    lab.down()


def log(controller):
    found = []
    for line in controller.log.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            pass
    return found


def said(controller, **fields):
    return [line for line in log(controller) if all(fields[k] in str(line.get(k)) for k in fields)]


def wait_said(controller, seconds=30, **fields):
    wait_for(f"it says {fields}", lambda: said(controller, **fields), seconds)


def user_of(lab, name, rules, cluster_wide=True):
    """A kubeconfig of a ServiceAccount with these rules, cluster-wide or in the system namespace."""
    kind = "ClusterRole" if cluster_wide else "Role"
    meta = {"name": name} if cluster_wide else {"name": name, "namespace": SYSTEM}
    lab.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": SYSTEM}})
    lab.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": meta, "rules": rules})
    lab.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": f"{kind}Binding", "metadata": meta,
               "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
               "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": SYSTEM}]})
    return lab.kubectl("create", "token", name, "-n", SYSTEM).strip()


def kubeconfig_with(lab, token, path):
    config = json.loads(lab.kubectl("config", "view", "--raw", "-o", "json"))
    config["users"][0]["user"] = {"token": token}
    path.write_text(json.dumps(config))
    return path


def test_waits_for_an_api_server(lab, tmp_path):
    """Nobody listens there yet; probes and metrics answer all the same."""
    port = free_port()
    config = json.loads(lab.kubectl("config", "view", "--raw", "-o", "json"))
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    c = Controller(lab, kubeconfig=path)
    wait_said(c, msg="waiting for the API server", reason="ApiServerUnreachable", error=f"127.0.0.1:{port}")
    assert c.ready() and "leader_election_master_status" in c.metrics()
    c.stop()


def test_waits_for_a_crd(lab):
    install(lab)
    lab.kubectl("delete", "crd", CLAIMS_CRD)
    c = Controller(lab)
    wait_said(c, reason="CrdMissing", error=CLAIMS_CRD)
    time.sleep(0.5)
    assert not said(c, msg="waiting for the lease")
    lab.kubectl("apply", "--server-side", "-f", CRDS)
    c.wait_leading()
    c.stop()


def test_waits_for_the_namespace_of_its_secret(lab):
    """It asks now and then, says it once, and goes on when the namespace comes."""
    install(lab)
    c = Controller(lab, "--webhook-namespace=later", webhook_port=free_port())
    wait_said(c, reason="NamespaceMissing", error="later")
    time.sleep(3)
    assert len(said(c, reason="NamespaceMissing")) == 1 and len(said(c, msg="making the webhook's certificates")) == 1
    assert c.metric("rest_client_requests_total", method="POST", code="404") < 8
    lab.kubectl("create", "namespace", "later")
    wait_said(c, msg="serving /convert")
    c.stop()


def test_waits_for_the_namespace_of_its_lease(lab):
    install(lab)
    c = Controller(lab, "--leader-election-namespace=not-yet")
    wait_said(c, reason="NamespaceMissing", error="not-yet")
    before = c.metric("rest_client_requests_total", method="POST", code="404")
    time.sleep(5)
    assert c.metric("rest_client_requests_total", method="POST", code="404") - before <= 4  # every two seconds
    lab.kubectl("create", "namespace", "not-yet")
    wait_said(c, msg="leading")
    c.stop()


def test_a_client_certificate_that_has_ended(lab, tmp_path):
    pki = lab.instance.dir / "pki"

    def openssl(*argv):
        subprocess.run(["openssl", *map(str, argv)], check=True, capture_output=True)

    key, request, cert = tmp_path / "key", tmp_path / "request", tmp_path / "cert"
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", "/O=system:masters/CN=late")
    openssl("x509", "-req", "-in", request, "-CA", pki / "ca.crt", "-CAkey", pki / "ca.key", "-set_serial", "7", "-days", "-1",
            "-out", cert)
    config = json.loads(lab.kubectl("config", "view", "--raw", "-o", "json"))
    config["users"][0]["user"] = {"client-certificate": str(cert), "client-key": str(key)}
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    c = Controller(lab, kubeconfig=path)
    wait_said(c, reason="CertificateExpired")
    wait_said(c, reason="Unauthorized")
    c.stop()


def test_a_crd_of_another_version(lab):
    """v1alpha1 alone is served, as by a release that is too old."""
    install(lab)
    crd = json.loads(lab.kubectl("get", "crd", CLAIMS_CRD, "-o", "json"))
    lab.kubectl("delete", "crd", CLAIMS_CRD)
    crd["metadata"] = {"name": CLAIMS_CRD}
    old = [v for v in crd["spec"]["versions"] if v["name"] == "v1alpha1"]
    crd["spec"].update(versions=[{**old[0], "storage": True}], conversion={"strategy": "None"})
    del crd["status"]
    lab.apply(crd)
    lab.kubectl("wait", "--for=condition=Established", f"crd/{CLAIMS_CRD}", "--timeout=30s")
    c = Controller(lab)
    try:
        wait_said(c, reason="CrdMissing", error="v1beta1")
    finally:
        c.stop()
        lab.kubectl("delete", "crd", CLAIMS_CRD)
        install(lab)


def test_missing_rights_are_named(lab, tmp_path):
    install(lab)
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    groups = ["", "agents.x-k8s.io", "events.k8s.io", "networking.k8s.io", "coordination.k8s.io", "apiextensions.k8s.io"]
    rules = [{**everything, "apiGroups": groups},
             {"apiGroups": ["extensions.agents.x-k8s.io"], "resources": ["*"], "verbs": ["get", "list", "watch", "delete", "patch"]}]
    c = Controller(lab, kubeconfig=kubeconfig_with(lab, user_of(lab, "nearly", rules), tmp_path / "config"))
    c.wait_leading()
    missing = {(line["verb"], line["resource"]) for line in said(c, reason="RightMissing")}
    c.stop()
    assert missing == {("create", "sandboxclaims.extensions.agents.x-k8s.io")}


def test_each_right_is_named_when_it_is_missing(lab, tmp_path):
    """Whoever may do nothing but find our kinds is told of every right that the manifests give, verb by verb, and of no other."""
    install(lab)
    rules = [{"apiGroups": ["apiextensions.k8s.io"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
    c = Controller(lab, "--leader-elect=false", kubeconfig=kubeconfig_with(lab, user_of(lab, "nobody-much", rules), tmp_path / "config"))
    given = set()
    for name in ("manifest", "extensions"):
        for obj in yaml.safe_load_all((CRDS.parent / f"manifests/{name}.yaml").read_text()):
            if obj and obj["kind"] == "ClusterRole":
                given |= {(verb, ".".join(filter(None, (r.split("/")[0], group))) + r.partition("/")[1] + r.partition("/")[2])
                          for rule in obj["rules"] for group in rule.get("apiGroups", []) for r in rule["resources"]
                          for verb in rule["verbs"]}
    # Not ours to check: the Lease that was not asked for, reviews of callers, the webhook's certificates, what GC asks of finalizers.
    elsewhere = ("leases", "customresourcedefinitions", "tokenreviews", "subjectaccessreviews")
    given = {(v, r) for v, r in given if not r.startswith(elsewhere) and not r.endswith("/finalizers")}
    wait_said(c, reason="RightMissing")
    wait_for("all are named", lambda: {(x["verb"], x["resource"]) for x in said(c, reason="RightMissing")} >= given, 10)
    named = {(x["verb"], x["resource"]) for x in said(c, reason="RightMissing")}
    c.stop()
    assert named == given, f"named only: {named - given}; given only: {given - named}"


def test_the_rights_of_the_manifests_are_enough(lab, tmp_path):
    """With the ServiceAccount of deploy/manifests it leads and nothing is missing."""
    lab.kubectl("apply", "-f", CRDS.parent / "manifests/manifest.yaml", "-f", CRDS.parent / "manifests/extensions.yaml")
    token = lab.kubectl("create", "token", "agent-sandbox-controller", "-n", SYSTEM).strip()
    c = Controller(lab, kubeconfig=kubeconfig_with(lab, token, tmp_path / "config"), webhook_port=free_port())
    c.wait_leading()
    wait_said(c, msg="serving /convert")
    c.stop()
    assert not said(c, reason="RightMissing") and not said(c, reason="Forbidden")


def test_lease_changes_hands_at_once(lab):
    install(lab)
    first = Controller(lab).wait_leading()
    second = Controller(lab)
    wait_said(second, msg="another replica leads")
    assert first.metric("leader_election_master_status") == 1 and second.metric("leader_election_master_status") == 0
    began = time.monotonic()
    first.stop()
    wait_for("the second leads", lambda: second.metric("leader_election_master_status") == 1, 10, 0.02)
    assert time.monotonic() - began < 2
    second.stop()
    assert not lab.get("lease", LEASE, "-n", SYSTEM)["spec"].get("holderIdentity")


def test_who_loses_the_lease_ends(lab):
    install(lab)
    c = Controller(lab).wait_leading()
    lab.kubectl("patch", "lease", LEASE, "-n", SYSTEM, "--type=merge", "-p",
                '{"spec":{"holderIdentity":"thief","leaseDurationSeconds":1}}')
    assert c.process.wait(timeout=30) == 1
    assert said(c, msg="cannot go on")


@pytest.mark.parametrize("flags,code,word", [
    (["--nonsense"], 2, "UnknownFlag"), (["--kube-api-burst=x"], 2, "BadFlag"), (["--api-connections=0"], 1, "FlagOutOfRange"),
    (["--kubeconfig=/nonexistent"], 1, "KubeconfigNotFound"), (["--metrics-bind-address=nowhere"], 1, "BadAddress"),
    (["--grpc-bind-address=nowhere", "--grpc-insecure"], 1, "--grpc-bind-address: address"),
    (["--manage-webhook-certs=false", "--webhook-cert-dir=/nonexistent"], 1, "CertificateMissing")])
def test_exit_codes(lab, flags, code, word):
    done = subprocess.run([BIN / "sandbox-controller", "kubernetes", f"--kubeconfig={lab.kubeconfig}", "--metrics-bind-address=0",
                           "--health-probe-bind-address=0", f"--webhook-port={free_port()}", *flags], capture_output=True, text=True,
                          timeout=30)
    assert done.returncode == code and word in done.stderr


def test_says_what_was_built(lab, tmp_path):
    """--version and the metric say the same commit and date; those of the commit, or what the environment says, never today's."""
    install(lab)
    said_by_flag = subprocess.run([BIN / "sandbox-controller", "--version"], capture_output=True, text=True, check=True).stdout
    version, commit, date = re.fullmatch(r"sandbox-controller (\S+) \(commit ([0-9a-f]{40}(?:-dirty)?), (\S+Z)\)\n", said_by_flag).groups()
    c = Controller(lab).wait_leading()
    assert c.metric("agent_sandbox_build_info", git_version=f"v{version}", git_commit=commit, build_date=date) == 1
    c.stop()

    def made(**env):
        out = tmp_path / "build_info.c"
        subprocess.run(["cmake", f"-DSOURCE={env.pop('source', ROOT)}", f"-DOUT={out}", "-P", ROOT / "cmake/build_info.cmake"], check=True,
                       env={"PATH": os.environ["PATH"], **env})
        return out.read_text()
    now = subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%H %cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ"],
                         capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"], "TZ": "UTC"}).stdout.split()
    assert all(word in made() for word in now)
    written = (tmp_path / "build_info.c").stat().st_mtime_ns
    made()
    assert (tmp_path / "build_info.c").stat().st_mtime_ns == written, "written anew though nothing changed: all would be linked again"
    assert "1970-01-02T00:00:00Z" in made(SOURCE_DATE_EPOCH="86400")
    assert '"unknown"' in made(source=tmp_path) and '"abc1"' in made(source=tmp_path, ASB_GIT_COMMIT="abc1")
    assert '"unknown"' in made(source=tmp_path, ASB_GIT_COMMIT='no"', SOURCE_DATE_EPOCH="x")
