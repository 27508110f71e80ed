"""ClaimService on Kubernetes: who may, one write before the answer, the same claim twice, a crash after the write."""

import concurrent.futures
import json
import pathlib
import sys

import grpc
import pytest

import faults
from calls import refused
from lab import Lab
from ours import Controller, grpc_flags, install, pool, template, token, wait_condition, wait_for, wait_pool

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "gen/python"))
from agentsandbox.v1 import claim_pb2, claim_pb2_grpc  # noqa: E402

NS = "doors"
POOL = 4


@pytest.fixture(scope="module")
def world():
    lab = Lab("--kwok-nodes", "3")
    controller = proxy = None
    try:
        install(lab)
        lab.kubectl("create", "namespace", NS)
        lab.apply(template("plain", NS))
        lab.apply(pool("warm", NS, "plain", POOL))
        proxy = faults.Proxy(lab)
        controller = Controller(lab, "--leader-elect=false", *grpc_flags(lab), kubeconfig=proxy.kubeconfig)
        lab.proxy, lab.controller = proxy, controller
        lab.token = token(lab, NS, "agent", (["*"], ["sandboxclaims"]))
        wait_pool(lab, NS, "warm", POOL)
        yield lab
        proxy.rule = lambda request: None
        controller.stop()
    finally:
        controller and controller.kill()
        proxy and proxy.stop()
        lab.down()


@pytest.fixture
def door(world):
    world.proxy.rule = lambda request: None
    wait_pool(world, NS, "warm", POOL)
    with world.controller.grpc_channel() as channel:
        yield claim_pb2_grpc.ClaimServiceStub(channel)
    world.proxy.rule = lambda request: None


def bearer(world):
    return [("authorization", f"Bearer {world.token}")]


def request(name="", pool="warm", namespace=NS, **more):
    return claim_pb2.CreateClaimRequest(namespace=namespace, name=name, spec=claim_pb2.ClaimSpec(pool=pool), **more)


def test_one_write_before_the_answer(world, door):
    """All writes but the claim's own create fail: the client has its sandbox all the same, and the rest follows later."""
    before = len(world.proxy.writes)

    def rule(r):
        creates_claim = r.method == "POST" and r.path.split("?")[0].endswith("/sandboxclaims")
        return faults.answer(503, "ServiceUnavailable", retry_after=1) if r.is_write and not creates_claim else None
    world.proxy.rule = rule
    claim = door.CreateClaim(request("one"), metadata=bearer(world), timeout=20).claim
    assert claim.phase == claim_pb2.CLAIM_PHASE_READY and claim.sandbox.name and claim.launch_type == claim_pb2.LAUNCH_TYPE_WARM
    first = world.proxy.writes[before]
    assert first.method == "POST" and first.path.split("?")[0].endswith(f"/{NS}/sandboxclaims"), first
    assert json.loads(first.body)["metadata"]["annotations"]["agents.x-k8s.io/sandbox-name"] == claim.sandbox.name
    world.proxy.rule = lambda r: None
    c = wait_condition(world, "sandboxclaim", NS, "one", "True")
    assert c["status"]["sandbox"]["name"] == claim.sandbox.name


def test_who_may(world, door):
    refused(lambda: door.CreateClaim(request("x"), timeout=10), grpc.StatusCode.UNAUTHENTICATED)
    refused(lambda: door.CreateClaim(request("x"), metadata=[("authorization", "Bearer nonsense")], timeout=10),
            grpc.StatusCode.UNAUTHENTICATED)
    reader = token(world, NS, "reader", (["get", "list"], ["sandboxclaims"]))
    only_reads = [("authorization", f"Bearer {reader}")]
    refused(lambda: door.CreateClaim(request("x"), metadata=only_reads, timeout=10), grpc.StatusCode.PERMISSION_DENIED, "create")
    door.ListClaims(claim_pb2.ListClaimsRequest(namespace=NS), metadata=only_reads, timeout=10)
    refused(lambda: door.CreateClaim(request("x", namespace="default"), metadata=bearer(world), timeout=10),
            grpc.StatusCode.PERMISSION_DENIED, "default")
    assert world.get("sandboxclaim", "x", "-n", NS) is None


def test_the_same_claim_twice(world, door):
    make = lambda **kw: door.CreateClaim(request(request_id="r-1", **kw), metadata=bearer(world), timeout=20)  # noqa: E731
    first, again = make(), make()
    assert again.existed and not first.existed
    assert (again.claim.name, again.claim.sandbox.name) == (first.claim.name, first.claim.sandbox.name)
    refused(lambda: make(pool="other"), grpc.StatusCode.ALREADY_EXISTS)


def test_what_is_not_there(world, door):
    refused(lambda: door.CreateClaim(request("y", pool="none"), metadata=bearer(world), timeout=10), grpc.StatusCode.NOT_FOUND, "none")
    refused(lambda: door.GetClaim(claim_pb2.GetClaimRequest(namespace=NS, name="none"), metadata=bearer(world), timeout=10),
            grpc.StatusCode.NOT_FOUND, "none")


def test_a_crash_after_the_write(world, door):
    def rule(r):
        if r.method == "POST" and r.path.split("?")[0].endswith("/sandboxclaims"):
            return faults.call(world.controller.kill, after=True)
        return None
    world.proxy.rule = rule
    with pytest.raises(grpc.RpcError):
        door.CreateClaim(request("crash"), metadata=bearer(world), timeout=10)
    world.proxy.rule = lambda r: None
    made = world.get("sandboxclaim", "crash", "-n", NS)["metadata"]["annotations"]["agents.x-k8s.io/sandbox-name"]
    world.controller.start()
    c = wait_condition(world, "sandboxclaim", NS, "crash", "True")
    assert c["status"]["sandbox"]["name"] == made
    wait_for("the door is open again", world.controller.ready, 30)


def test_fifty_at_once(world, door):
    """More than the pool holds: each gets one of its own, warm or cold."""
    def one(i):
        return door.CreateClaim(request(f"many-{i}"), metadata=bearer(world), timeout=60).claim.sandbox.name
    with concurrent.futures.ThreadPoolExecutor(50) as threads:
        given = list(threads.map(one, range(50)))
    assert len(set(given)) == 50
    world.kubectl("delete", "sandboxclaims", "--all", "-n", NS)


def test_list_watch_delete(world, door):
    door.CreateClaim(request("seen"), metadata=bearer(world), timeout=20)
    names = [c.name for c in door.ListClaims(claim_pb2.ListClaimsRequest(namespace=NS), metadata=bearer(world), timeout=10).claims]
    assert "seen" in names
    watch = door.WatchClaims(claim_pb2.WatchClaimsRequest(namespace=NS, name="seen"), metadata=bearer(world), timeout=30)
    assert next(watch).claim.name == "seen"
    door.DeleteClaim(claim_pb2.DeleteClaimRequest(namespace=NS, name="seen"), metadata=bearer(world), timeout=30)
    watch.cancel()
    wait_for("it is gone", lambda: world.get("sandboxclaim", "seen", "-n", NS) is None, 30)
