"""Two replicas with TLS: the one that does not lead passes calls on, with the caller's own token and no other; one that stops answers first."""

import json
import pathlib
import signal
import sys
import threading
import time

import grpc
import pytest

import faults
from calls import refused
from lab import Lab
from ours import SYSTEM, Controller, condition, grpc_flags, install, pool, template, token, wait_for, wait_pool

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "gen/python"))
from agentsandbox.v1 import claim_pb2, claim_pb2_grpc  # noqa: E402

NS = "replicas"
LEASE = "a3317529.agent-sandbox.x-k8s.io"


@pytest.fixture(scope="module")
def lab():
    lab = Lab("--kwok-nodes", "2")
    install(lab)
    lab.kubectl("create", "namespace", NS)
    lab.apply(template("plain", NS))
    lab.apply(pool("warm", NS, "plain", 3))
    lab.token = token(lab, NS, "agent", (["*"], ["sandboxclaims"]))
    lab.reader = token(lab, NS, "reader", (["get"], ["sandboxclaims"]))
    yield lab
    lab.down()


def note(lab):
    lease = lab.get("lease", LEASE, "-n", SYSTEM) or {"metadata": {}}
    return json.loads(lease["metadata"].get("annotations", {}).get("agentsandbox.dev/leader", "{}"))


@pytest.fixture
def pair(lab):
    """(leader, follower)"""
    replicas = []
    try:
        replicas.append(Controller(lab, *grpc_flags(lab)).wait_leading())
        wait_for("the leader tells where it is", lambda: note(lab).get("identity") == replicas[0].holder(), 10)
        replicas.append(Controller(lab, *grpc_flags(lab)))
        wait_for("the second knows who leads", lambda: "another replica leads" in replicas[1].log.read_text(), 30)
        wait_pool(lab, NS, "warm", 3)
        yield tuple(replicas)
    finally:
        for r in replicas:
            r.kill()
        lab.kubectl("delete", "sandboxclaims", "--all", "-n", NS)


def stub(replica):
    return claim_pb2_grpc.ClaimServiceStub(replica.grpc_channel())


def bearer(text, *more):
    return [("authorization", f"Bearer {text}"), *more]


def request(name):
    return claim_pb2.CreateClaimRequest(namespace=NS, name=name, request_id=name, spec=claim_pb2.ClaimSpec(pool="warm"))


def ask_until_answered(replica, name, seconds=60):
    end = time.monotonic() + seconds
    while True:
        try:
            return stub(replica).CreateClaim(request(name), metadata=bearer(replica.lab.token), timeout=30)
        except grpc.RpcError as e:
            assert e.code() == grpc.StatusCode.UNAVAILABLE and time.monotonic() < end, e
            time.sleep(0.1)


def test_a_follower_passes_calls_on(lab, pair):
    leader, follower = pair
    door = stub(follower)
    made = door.CreateClaim(request("passed"), metadata=bearer(lab.token), timeout=30)
    assert made.claim.sandbox.name and not made.existed
    again = stub(leader).CreateClaim(request("passed"), metadata=bearer(lab.token), timeout=30)
    assert again.existed and again.claim.sandbox.name == made.claim.sandbox.name   # the same caller at either door
    # the leader's verdict on the caller, not on the replica
    get = claim_pb2.GetClaimRequest(namespace=NS, name="passed")
    assert door.GetClaim(get, metadata=bearer(lab.reader), timeout=10).claim.name == "passed"
    refused(lambda: door.CreateClaim(request("no"), metadata=bearer(lab.reader), timeout=10),
            grpc.StatusCode.PERMISSION_DENIED, "reader", "cannot create")
    refused(lambda: door.GetClaim(get, metadata=bearer("nonsense"), timeout=10), grpc.StatusCode.UNAUTHENTICATED)
    refused(lambda: door.GetClaim(claim_pb2.GetClaimRequest(namespace=NS, name="none"), metadata=bearer(lab.token), timeout=10),
            grpc.StatusCode.NOT_FOUND, "none")
    # not passed on: without a token, and a second time
    refused(lambda: door.GetClaim(get, timeout=10), grpc.StatusCode.UNAVAILABLE, leader.holder())
    refused(lambda: door.GetClaim(get, metadata=bearer(lab.token, ("x-agentsandbox-passed-by", "x")), timeout=10),
            grpc.StatusCode.UNAVAILABLE, leader.holder())
    follower.stop()
    leader.stop()
    assert note(lab) == {}


def test_a_watch_and_the_next_leader(lab, pair):
    """A watch through a follower; the leader is killed: the watch ends UNAVAILABLE, and the follower leads and answers itself."""
    leader, follower = pair
    seen, ended = [], []

    def watch():
        try:
            for event in stub(follower).WatchClaims(claim_pb2.WatchClaimsRequest(namespace=NS), metadata=bearer(lab.token)):
                seen.append(event.claim.name)
        except grpc.RpcError as e:
            ended.append(e)
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    stub(follower).CreateClaim(request("watched"), metadata=bearer(lab.token), timeout=30)
    wait_for("the watch tells of it", lambda: "watched" in seen, 10)
    leader.kill()
    thread.join(20)
    assert ended and ended[0].code() == grpc.StatusCode.UNAVAILABLE and "cannot be reached or was lost" in ended[0].details(), ended
    refused(lambda: stub(follower).CreateClaim(request("early"), metadata=bearer(lab.token), timeout=10), grpc.StatusCode.UNAVAILABLE)
    assert ask_until_answered(follower, "watched").existed
    assert ask_until_answered(follower, "later").claim.sandbox.name
    assert note(lab)["identity"] == follower.holder()
    follower.stop()


def test_a_leader_that_stops_answers_first(lab):
    """SIGTERM while a claim is written slowly: the caller gets his sandbox, watches end, new callers are refused, and only then the
    Lease is given back."""
    proxy, events = faults.Proxy(lab), []
    leader = None
    try:
        leader = Controller(lab, *grpc_flags(lab), kubeconfig=proxy.kubeconfig).wait_leading()
        wait_pool(lab, NS, "warm", 3)
        arrived = threading.Event()

        def rule(r):
            if r.method == "PUT" and r.is_lease and '"holderIdentity":""' in r.body.decode().replace(" ", ""):
                events.append("released")
            if r.method == "POST" and r.path.split("?")[0].endswith("/sandboxclaims"):
                arrived.set()
                return faults.delay(0.5)
            return None
        ended = []

        def watch():
            try:
                list(stub(leader).WatchClaims(claim_pb2.WatchClaimsRequest(namespace=NS), metadata=bearer(lab.token)))
            except grpc.RpcError as e:
                ended.append(e)
        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        stub(leader).ListClaims(claim_pb2.ListClaimsRequest(namespace=NS), metadata=bearer(lab.token), timeout=10)
        proxy.rule = rule
        call = stub(leader).CreateClaim.future(request("last"), metadata=bearer(lab.token), timeout=20)
        call.add_done_callback(lambda _: events.append("answered"))
        assert arrived.wait(10)
        start = time.monotonic()
        leader.process.send_signal(signal.SIGTERM)
        wait_for("it takes no more", lambda: "stopping" in leader.log.read_text(), 5, 0.01)
        refused(lambda: stub(leader).ListClaims(claim_pb2.ListClaimsRequest(namespace=NS), metadata=bearer(lab.token), timeout=5),
                grpc.StatusCode.UNAVAILABLE)
        given = call.result().claim.sandbox.name
        assert given
        thread.join(10)
        assert ended and ended[0].code() == grpc.StatusCode.UNAVAILABLE and "stops" in ended[0].details(), ended
        assert leader.process.wait(timeout=20) == 0, leader.tail(60)
        assert events == ["answered", "released"], events
        assert time.monotonic() - start < 3
        proxy.rule = lambda r: None
        leader.start()                            # the claim is finished by whoever leads next
        wait_for("Ready", lambda: condition(lab.get("sandboxclaim", "last", "-n", NS)).get("status") == "True", 60)
        assert lab.get("sandboxclaim", "last", "-n", NS)["status"]["sandbox"]["name"] == given
        leader.stop()
    finally:
        leader and leader.kill()
        proxy.stop()
        lab.kubectl("delete", "sandboxclaims", "--all", "-n", NS)
