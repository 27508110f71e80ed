"""The conversion webhook before a real API server: both versions of every kind, certificates that change under load."""

import base64
import http.client
import json
import ssl
import subprocess
import threading

import pytest
from kubelab.base import BIN
from lab import Lab
from ours import SYSTEM, Controller, free_port, install, wait_for

AGENTS = "agents.x-k8s.io"
EXT = "extensions.agents.x-k8s.io"
SECRET = "agent-sandbox-webhook-certs"
CRD_NAMES = [f"sandboxes.{AGENTS}"] + [f"{p}.{EXT}" for p in ("sandboxclaims", "sandboxtemplates", "sandboxwarmpools")]
POD = {"spec": {"containers": [{"name": "c", "image": "i"}]}}
# kind: group, plural, spec as v1alpha1 has it, what v1beta1 says of it
KINDS = {
    "Sandbox": (AGENTS, "sandboxes", {"podTemplate": POD, "replicas": 0}, ("operatingMode", "Suspended")),
    "SandboxClaim": (EXT, "sandboxclaims", {"sandboxTemplateRef": {"name": "t"}}, ("warmPoolRef", {"name": "shadow-pool-t"})),
    "SandboxTemplate": (EXT, "sandboxtemplates", {"podTemplate": POD}, ("volumeClaimTemplatesPolicy", "Disallowed")),
    "SandboxWarmPool": (EXT, "sandboxwarmpools", {"replicas": 2, "sandboxTemplateRef": {"name": "t"}}, ("replicas", 2)),
}


@pytest.fixture(scope="module")
def lab():
    lab = Lab("--control-plane-only")
    yield lab
    lab.down()


@pytest.fixture(scope="module")
def controller(lab):
    """It does not reconcile: the lease is held by somebody else, so what is written stays as it is."""
    port = free_port()
    install(lab, port)
    hold_lease(lab)
    c = Controller(lab, webhook_port=port)
    wait_for("the CRDs know the CA", lambda: all(bundle(lab, n) for n in CRD_NAMES))
    wait_for("objects are converted", lambda: converts(lab))
    yield c
    c.stop()


def hold_lease(lab):
    lab.apply({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
               "metadata": {"name": "a3317529.agent-sandbox.x-k8s.io", "namespace": SYSTEM},
               "spec": {"holderIdentity": "nobody", "leaseDurationSeconds": 100000, "acquireTime": "2026-01-01T00:00:00.000000Z",
                        "renewTime": "2026-01-01T00:00:00.000000Z"}})


def bundle(lab, name):
    return lab.get("crd", name)["spec"]["conversion"]["webhook"]["clientConfig"].get("caBundle")


def try_kubectl(lab, *argv, text_in=None):
    return subprocess.run([BIN / "kubectl", *argv], input=text_in, capture_output=True, text=True, env=lab.env())


def converts(lab):
    made = sandbox("probe", "default", "v1alpha1")
    return try_kubectl(lab, "apply", "-f", "-", text_in=json.dumps(made)).returncode == 0


def sandbox(name, ns, version):
    return {"apiVersion": f"{AGENTS}/{version}", "kind": "Sandbox", "metadata": {"name": name, "namespace": ns},
            "spec": {"podTemplate": POD}}


def read(lab, plural, version, group, name, ns):
    return lab.get(f"{plural}.{version}.{group}", name, "-n", ns)


@pytest.mark.parametrize("kind", list(KINDS))
def test_old_written_new_read(lab, controller, kind):
    group, plural, spec, (key, value) = KINDS[kind]
    ns = lab.namespace()
    lab.apply({"apiVersion": f"{group}/v1alpha1", "kind": kind, "metadata": {"name": "x", "namespace": ns,
                                                                               "labels": {"a": "b"}}, "spec": spec})
    new = read(lab, plural, "v1beta1", group, "x", ns)
    assert new["apiVersion"] == f"{group}/v1beta1" and new["spec"][key] == value
    assert new["metadata"]["labels"] == {"a": "b"}
    assert f"api.agents.x-k8s.io/v1alpha1-{kind.lower()}-state" in new["metadata"]["annotations"]
    old = read(lab, plural, "v1alpha1", group, "x", ns)
    assert {k: old["spec"][k] for k in spec} == spec
    assert not any("state" in a for a in old["metadata"].get("annotations", {}))


def test_new_written_old_read_and_written_back(lab, controller):
    ns = lab.namespace()
    lab.apply({"apiVersion": f"{EXT}/v1beta1", "kind": "SandboxTemplate", "metadata": {"name": "t", "namespace": ns},
               "spec": {"podTemplate": POD, "volumeClaimTemplatesPolicy": "Overrides"}})
    old = read(lab, "sandboxtemplates", "v1alpha1", EXT, "t", ns)
    assert old["metadata"]["annotations"]["api.agents.x-k8s.io/v1beta1-volume-claim-templates-policy"] == "Overrides"
    old["spec"]["service"] = True
    lab.kubectl("replace", "-f", "-", text_in=json.dumps(old))
    new = read(lab, "sandboxtemplates", "v1beta1", EXT, "t", ns)["spec"]
    assert (new["volumeClaimTemplatesPolicy"], new["service"]) == ("Overrides", True)


def test_annotations_that_go_wrote(lab, controller):
    """An object as the Go controller's conversion left it: the whole old object, with what Go writes of empty structs."""
    ns = lab.namespace()
    meta = {"name": "x", "namespace": ns, "creationTimestamp": None}
    state = {"apiVersion": f"{AGENTS}/v1alpha1", "kind": "Sandbox", "metadata": meta, "status": {"replicas": 1},
             "spec": {"podTemplate": {"metadata": {}, "spec": {"containers": [{"name": "c", "image": "i", "resources": {}}]}},
                      "shutdownPolicy": "Retain"}}
    lab.apply({**sandbox("x", ns, "v1beta1"), "metadata": {
        "name": "x", "namespace": ns, "annotations": {"api.agents.x-k8s.io/v1alpha1-sandbox-state": json.dumps(state)}}})
    old = read(lab, "sandboxes", "v1alpha1", AGENTS, "x", ns)
    assert old["status"]["replicas"] == 1 and not any("state" in a for a in old["metadata"].get("annotations", {}))
    state = {"apiVersion": f"{EXT}/v1alpha1", "kind": "SandboxClaim", "metadata": meta, "status": {"sandbox": {}},
             "spec": {"sandboxTemplateRef": {"name": "t"}, "warmpool": "default"}}
    lab.apply({"apiVersion": f"{EXT}/v1beta1", "kind": "SandboxClaim", "spec": {"warmPoolRef": {"name": "shadow-pool-t"}}, "metadata": {
        "name": "x", "namespace": ns, "annotations": {"api.agents.x-k8s.io/v1alpha1-sandboxclaim-state": json.dumps(state)}}})
    old = read(lab, "sandboxclaims", "v1alpha1", EXT, "x", ns)
    assert old["spec"]["sandboxTemplateRef"] == {"name": "t"} and old["spec"]["warmpool"] == "default"


def test_unknown_annotation_value_is_refused(lab, controller):
    ns = lab.namespace()
    bad = {"apiVersion": f"{EXT}/v1alpha1", "kind": "SandboxTemplate", "spec": {"podTemplate": POD}, "metadata": {
        "name": "t", "namespace": ns, "annotations": {"api.agents.x-k8s.io/v1beta1-volume-claim-templates-policy": "Maybe"}}}
    done = try_kubectl(lab, "apply", "-f", "-", text_in=json.dumps(bad))
    assert done.returncode != 0 and 'invalid VolumeClaimTemplatesPolicy annotation value: "Maybe"' in done.stderr


def test_a_long_list(lab, controller):
    ns = lab.namespace()
    items = [sandbox(f"s{i}", ns, "v1beta1") for i in range(300)]
    lab.kubectl("create", "-f", "-", text_in=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    found = lab.get(f"sandboxes.v1alpha1.{AGENTS}", "-n", ns)["items"]
    assert len(found) == 300 and all(o["spec"]["replicas"] == 1 for o in found)


# ---- the port itself ----


def ask(controller, method, path, body=b""):
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    c = http.client.HTTPSConnection("127.0.0.1", controller.webhook_port, context=trusting, timeout=10)
    try:
        c.request(method, path, body, {"Content-Type": "application/json"})
        return c.getresponse().status
    finally:
        c.close()


def test_bad_requests(controller):
    assert ask(controller, "POST", "/convert", b"") == 400
    assert ask(controller, "POST", "/convert", b"{" * 100000) == 400
    assert ask(controller, "POST", "/convert", b'{"kind":"ConversionReview"}') == 400
    assert ask(controller, "GET", "/convert") == 405
    assert ask(controller, "DELETE", "/convert") == 405
    assert ask(controller, "POST", "/mutate", b"{}") == 404
    c = http.client.HTTPSConnection("127.0.0.1", controller.webhook_port, timeout=10,
                                    context=ssl._create_unverified_context())
    c.putrequest("POST", "/convert")
    c.putheader("Content-Length", str(1 << 40))
    c.endheaders()
    assert c.getresponse().status == 413
    c.close()
    assert controller.process.poll() is None
    assert controller.metric("agent_sandbox_conversion_reviews_total", result="refused") >= 3


# ---- certificates ----


def secret_data(lab):
    found = lab.get("secret", SECRET, "-n", SYSTEM)
    return {k: base64.b64decode(v).decode() for k, v in found["data"].items()}


def served(controller):
    return ssl.get_server_certificate(("127.0.0.1", controller.webhook_port))


def test_secret_and_bundles(lab, controller):
    data = secret_data(lab)
    assert sorted(data) == ["ca.crt", "tls.crt", "tls.key"]
    assert all(base64.b64decode(bundle(lab, n)).decode() == data["ca.crt"] for n in CRD_NAMES)
    assert served(controller).strip() == data["tls.crt"].strip()
    text = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName"], input=data["tls.crt"], text=True,
                          capture_output=True, check=True).stdout
    assert f"agent-sandbox-webhook-service.{SYSTEM}.svc.cluster.local" in text


class Load:
    """Converts all the time and counts what fails."""

    def __init__(self, lab):
        self.lab, self.n, self.failures, self.stop = lab, 0, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stop.is_set():
            done = try_kubectl(self.lab, "get", f"sandboxes.v1alpha1.{AGENTS}", "probe", "-n", "default", "-o", "name")
            self.n += 1
            if done.returncode != 0:
                self.failures.append(done.stderr)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.stop.set()
        self.thread.join()


def foreign_certificate(folder):
    """A certificate for another name: to the controller as good as one that expires."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", "/CN=other", "-addext", "subjectAltName=DNS:other", "-keyout", folder / "k", "-out", folder / "c"],
                   check=True, capture_output=True)
    return (folder / "c").read_text(), (folder / "k").read_text()


def encode(**data):
    return json.dumps({"data": {k.replace("_", "."): base64.b64encode(v.encode()).decode() for k, v in data.items()}})


def said(controller, words):
    return [line for line in controller.log.read_text().splitlines() if words in line]


def test_rotation_without_a_restart(lab, controller, tmp_path):
    """Two replicas, and not one conversion fails."""
    before = served(controller)
    cert, key = foreign_certificate(tmp_path)
    second = Controller(lab, webhook_port=free_port())
    try:
        wait_for("the second serves", lambda: said(second, "serving /convert"))
        assert served(second) == before
        with Load(lab) as load:
            lab.kubectl("patch", "secret", SECRET, "-n", SYSTEM, "--type=merge", "-p",
                        encode(ca_crt=cert, tls_crt=cert, tls_key=key))
            wait_for("both serve another", lambda: served(controller) != before and served(second) != before)
            wait_for("more conversions", lambda: load.n > 20)
        assert load.failures == []
        data = secret_data(lab)
        assert served(controller).strip() == served(second).strip() == data["tls.crt"].strip() != cert.strip()
        assert said(controller, "nears its end") or said(second, "nears its end")
    finally:
        second.stop()


def test_a_deleted_secret_is_made_again(lab, controller):
    before = served(controller)
    with Load(lab) as load:
        lab.kubectl("delete", "secret", SECRET, "-n", SYSTEM)
        wait_for("another is served", lambda: served(controller) != before)
        n = load.n
        wait_for("more conversions", lambda: load.n > n + 5)
    assert load.failures == []
    assert served(controller).strip() == secret_data(lab)["tls.crt"].strip()


def test_a_secret_that_is_none(lab, controller):
    """A replica that starts with one ends and says so; one that runs keeps its certificate until it is mended."""
    good = lab.get("secret", SECRET, "-n", SYSTEM)["data"]
    before = served(controller)
    lab.kubectl("patch", "secret", SECRET, "-n", SYSTEM, "--type=merge", "-p", encode(tls_key="nonsense"))
    try:
        second = Controller(lab, webhook_port=free_port())
        assert second.process.wait(timeout=30) == 1
        assert "BadSecret" in second.tail() and "tls.key" in second.tail()
        wait_for("it says so", lambda: said(controller, "BadSecret"))
        assert served(controller) == before and converts(lab)
    finally:
        lab.kubectl("patch", "secret", SECRET, "-n", SYSTEM, "--type=merge", "-p", json.dumps({"data": good}))
    assert converts(lab)
