"""The router in the cluster: a claim over gRPC, and at once a command in the pod that it got, through the router's Service."""

import base64
import pathlib
import sys
import time

import grpc
import pytest

from calls import refused
from lab import Lab
from manifests_test import AGENT, IMAGE, build, wait_running
from ours import ROOT, SYSTEM, pool, template, token, wait_for, wait_pool

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "gen/python"))
from agentsandbox.v1 import claim_pb2, claim_pb2_grpc, exec_pb2, exec_pb2_grpc  # noqa: E402

ROUTER = "docker.io/agent-sandbox/router:v0.1.0"
NS = "behind"
SECRET = "only-for-clients-of-the-router"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    lab = Lab()
    try:
        lab.load(f"{IMAGE}={build('controller', folder)}", f"{AGENT}={build('runtime', folder)}", f"{ROUTER}={build('router', folder)}")
        for name in ("manifest", "extensions", "router"):
            lab.kubectl("apply", "-f", ROOT / f"deploy/manifests/{name}.yaml")
        lab.kubectl("create", "secret", "generic", "sandbox-router-token", "-n", SYSTEM, f"--from-literal=token={SECRET}")
        lab.kubectl("create", "namespace", NS)
        lab.token = token(lab, NS, "agent", (["*"], ["sandboxclaims"]))
        wait_running(lab)
        lab.kubectl("rollout", "status", "deployment/sandbox-router", "-n", SYSTEM, "--timeout=90s")
        lab.apply(template("agents", NS, {"name": "agent", "image": AGENT, "imagePullPolicy": "IfNotPresent", "ports": [{"containerPort": 8888}]}))
        lab.apply(pool("warm", NS, "agents", 2))
        wait_pool(lab, NS, "warm", 2, 120)
        yield lab
    finally:
        print(lab.kubectl("get", "pods", "-A", check=False))            # shown when a test failed
        print(lab.kubectl("describe", "pods", "-n", SYSTEM, check=False)[-6000:])
        print(lab.kubectl("logs", "-n", SYSTEM, "deployment/sandbox-router", "--all-pods", check=False)[-6000:])
        lab.down()


def address(lab, service, port):
    return f"{lab.get('service', service, '-n', SYSTEM)['spec']['clusterIP']}:{port}"


def claims(lab):
    """The controller's gRPC door, by its Service and the certificate it made for that."""
    ca = base64.b64decode(lab.get("secret", "agent-sandbox-webhook-certs", "-n", SYSTEM)["data"]["ca.crt"])
    channel = grpc.secure_channel(address(lab, "agent-sandbox-controller", 9090), grpc.ssl_channel_credentials(ca),
                                  [("grpc.ssl_target_name_override", f"agent-sandbox-controller.{SYSTEM}.svc")])
    return claim_pb2_grpc.ClaimServiceStub(channel)


def execs(lab):
    return exec_pb2_grpc.ExecServiceStub(grpc.insecure_channel(address(lab, "sandbox-router-svc", 8080)))


def target(name, secret=SECRET, uid=None):
    found = [("x-sandbox-id", name), ("x-sandbox-namespace", NS)]
    return found + ([("authorization", f"Bearer {secret}")] if secret else []) + ([("x-sandbox-uid", uid)] if uid else [])


def run(lab, name, timeout=20, **more):
    request = exec_pb2.RunRequest(command=exec_pb2.Command(argv=["/sandbox-agent", "--version"]))
    return execs(lab).Run(request, metadata=target(name, **more), timeout=timeout)


def make_claim(lab, name):
    request = claim_pb2.CreateClaimRequest(namespace=NS, name=name, request_id=name, spec=claim_pb2.ClaimSpec(pool="warm"))
    return claims(lab).CreateClaim(request, metadata=[("authorization", f"Bearer {lab.token}")], timeout=60).claim


def test_claim_and_run_at_once(lab):
    claim = make_claim(lab, "first")
    start = time.monotonic()
    done = run(lab, claim.sandbox.name, uid=claim.sandbox.uid)
    print(f"the first command in a claimed pod took {(time.monotonic() - start) * 1000:.0f} ms")
    assert done.stdout.startswith(b"sandbox-") and done.exec.cause.exit_code == 0, done
    refused(lambda: run(lab, claim.sandbox.name, uid="another"), grpc.StatusCode.NOT_FOUND, "another one now")


def test_who_may(lab):
    claim = make_claim(lab, "first")
    refused(lambda: run(lab, claim.sandbox.name, secret=None), grpc.StatusCode.UNAUTHENTICATED, "bearer token")
    refused(lambda: run(lab, claim.sandbox.name, secret="wrong"), grpc.StatusCode.UNAUTHENTICATED)
    refused(lambda: run(lab, "nobody"), grpc.StatusCode.NOT_FOUND, "nobody")
    free = next(s["metadata"]["name"] for s in lab.items("sandboxes", NS)
                if any(o["kind"] == "SandboxWarmPool" for o in s["metadata"].get("ownerReferences", [])))
    refused(lambda: run(lab, free), grpc.StatusCode.FAILED_PRECONDITION)


def test_a_pod_that_is_made_anew(lab):
    name = make_claim(lab, "again").sandbox.name
    run(lab, name)
    pod = lab.get("sandbox", name, "-n", NS)["metadata"].get("annotations", {}).get("agents.x-k8s.io/pod-name", name)
    old = lab.get("pod", pod, "-n", NS)["metadata"]["uid"]
    lab.kubectl("delete", "pod", pod, "-n", NS, "--grace-period=0", "--force")
    wait_for("another pod", lambda: (lab.get("pod", pod, "-n", NS) or {"metadata": {"uid": old}})["metadata"]["uid"] != old, 60)

    def works():
        try:
            return run(lab, name, timeout=10).exec.cause.exit_code == 0
        except grpc.RpcError as e:
            assert e.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED), e
    wait_for("a command runs in it", works, 60)


def test_the_controller_is_replaced(lab):
    """The last map stays in use, and the watch begins anew at whoever leads."""
    name = make_claim(lab, "kept").sandbox.name
    assert run(lab, name).exec.cause.exit_code == 0
    lab.kubectl("delete", "pod", "agent-sandbox-controller-0", "-n", SYSTEM, "--wait=true")
    assert run(lab, name).exec.cause.exit_code == 0
    wait_running(lab)

    def claim():
        try:
            return make_claim(lab, "after").sandbox.name
        except grpc.RpcError as e:
            assert e.code() == grpc.StatusCode.UNAVAILABLE, e
    after = wait_for("a claim is answered", claim, 60)

    def works():  # until the router has found the new controller too, it says that it cannot know, and nothing else
        try:
            return run(lab, after).exec
        except grpc.RpcError as e:
            assert e.code() == grpc.StatusCode.UNAVAILABLE, e
    assert wait_for("a command runs in it", works, 30).cause.exit_code == 0
