"""Claims on a real API server, both doors at once: nobody shares a sandbox, nobody is lied to, whoever leads; and what one costs."""

import concurrent.futures
import json
import pathlib
import re
import signal
import sys
import time

import grpc
import pytest

from lab import Lab
from ours import Controller, claim, condition, free_port, install, pool, template, wait_condition, wait_for, wait_pool

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "gen/python"))
from agentsandbox.v1 import claim_pb2, claim_pb2_grpc, template_pb2, template_pb2_grpc  # noqa: E402

NS = "both-doors"
MEMBERS, CLAIMERS = 20, 50


class Replica(Controller):
    """One with a gRPC door of its own."""

    def __init__(self, lab, *flags):
        self.grpc_port = free_port()
        super().__init__(lab, f"--grpc-bind-address=127.0.0.1:{self.grpc_port}", "--grpc-insecure", *flags)

    def channel(self):
        return grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}")

    def claims(self):
        return claim_pb2_grpc.ClaimServiceStub(self.channel())


@pytest.fixture(scope="module")
def lab():
    lab = Lab("--kwok-nodes", "3")
    install(lab)
    lab.kubectl("create", "namespace", NS)
    lab.kubectl("create", "serviceaccount", "agent", "-n", NS)
    lab.kubectl("create", "role", "claims", "-n", NS, "--verb=*", "--resource=sandboxclaims.extensions.agents.x-k8s.io")
    lab.kubectl("create", "rolebinding", "claims", "-n", NS, "--role=claims", f"--serviceaccount={NS}:agent")
    lab.token = lab.kubectl("create", "token", "agent", "-n", NS).strip()
    lab.apply(template("plain", NS))
    yield lab
    lab.down()


def ask(lab, replica, name, **more):
    request = claim_pb2.CreateClaimRequest(namespace=NS, name=name, request_id=name, spec=claim_pb2.ClaimSpec(pool="warm"), **more)
    return replica.claims().CreateClaim(request, metadata=[("authorization", f"Bearer {lab.token}")], timeout=60)


def ask_until_answered(lab, replicas, name):
    """As a client does: the next replica when one is gone or does not lead, with the same request_id."""
    end = time.monotonic() + 90
    while True:
        for replica in replicas:
            try:
                return ask(lab, replica, name).claim.sandbox.name
            except grpc.RpcError as e:
                assert e.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED), e
                assert time.monotonic() < end, e
        time.sleep(0.05)


def test_both_doors_and_leaders_that_come_and_go(lab):
    """50 claimers, half through each door, on 20 members; the leader is killed in the middle, its successor told to go."""
    replicas = [Replica(lab).wait_leading()]
    try:
        lab.apply(pool("warm", NS, "plain", MEMBERS))
        wait_pool(lab, NS, "warm", MEMBERS)
        replicas += [Replica(lab), Replica(lab)]
        wait_for("the others answer their probes", lambda: all(r.ready() for r in replicas), 60)
        with concurrent.futures.ThreadPoolExecutor(CLAIMERS) as threads:
            told = {f"g{i}": threads.submit(ask_until_answered, lab, replicas, f"g{i}") for i in range(CLAIMERS // 2)}
            lab.kubectl("create", "-f", "-", text_in=json.dumps(
                {"apiVersion": "v1", "kind": "List", "items": [claim(f"k{i}", NS, "warm") for i in range(CLAIMERS // 2)]}))
            replicas[0].kill()                      # whoever leads then ...
            wait_for("another leads", lambda: any(r.process.poll() is None and r.metric("leader_election_master_status") == 1
                                                  for r in replicas[1:]), 60)
            leader = next(r for r in replicas[1:] if r.metric("leader_election_master_status") == 1)
            leader.kill(signal.SIGTERM)             # ... hands over
            told = {name: f.result() for name, f in told.items()}

        def all_ready():
            items = lab.get("sandboxclaims", "-n", NS)["items"]
            return items if len(items) == CLAIMERS and all(condition(c).get("status") == "True" for c in items) else None
        items = wait_for("all claims are ready", all_ready, 120, 0.5)
        has = {c["metadata"]["name"]: c["status"]["sandbox"]["name"] for c in items}
        assert len(set(has.values())) == CLAIMERS, "a sandbox has two claims"
        assert {name: has[name] for name in told} == told, "who was told a sandbox has another"
        owners = {s["metadata"]["name"]: s["metadata"]["ownerReferences"][0]["name"]
                  for s in lab.get("sandboxes", "-n", NS)["items"]}
        assert all(owners[sandbox] == name for name, sandbox in has.items())
        wait_pool(lab, NS, "warm", MEMBERS, 60)
        assert len(lab.get("sandboxes", "-n", NS)["items"]) == CLAIMERS + MEMBERS, "a sandbox was leaked"
        last = next(r for r in replicas if r.process.poll() is None)
        again = ask(lab, last, "g0")
        assert again.existed and again.claim.sandbox.name == told["g0"]
        last.stop()
    finally:
        for r in replicas:
            r.kill()
        lab.kubectl("delete", "sandboxclaims,sandboxwarmpools,sandboxes", "--all", "-n", NS)


def writes(controller):
    found = re.findall(r'rest_client_requests_total\{code="2\d\d",[^}]*method="(POST|PATCH|PUT|DELETE)"\} (\d+)', controller.metrics())
    return {method: sum(int(n) for m, n in found if m == method) for method in ("POST", "PATCH", "PUT", "DELETE")}


def test_templates_are_for_kubectl(lab):
    replica = Replica(lab).wait_leading()
    try:
        with pytest.raises(grpc.RpcError) as e:
            template_pb2_grpc.TemplateServiceStub(replica.channel()).List(template_pb2.ListRequest(kind="SandboxWarmPool"), timeout=10)
        assert e.value.code() == grpc.StatusCode.UNIMPLEMENTED and "use kubectl" in e.value.details()
        replica.stop()
    finally:
        replica.kill()


def test_what_a_warm_claim_costs(lab):
    """With the member that takes the place of the one it took (docs/internals/claims.md)."""
    controller = Replica(lab, "--leader-elect=false")
    try:
        lab.apply(pool("cost", NS, "plain", 3))
        wait_pool(lab, NS, "cost", 3)
        time.sleep(2)
        before = writes(controller)
        lab.kubectl("create", "-f", "-", text_in=json.dumps(claim("cost", NS, "cost")))
        wait_condition(lab, "sandboxclaim", NS, "cost", "True")
        time.sleep(3)
        after = writes(controller)
        cost = {m: after[m] - before[m] for m in after}
        # POST: Event; the next member and its Pod. PATCH: claim (assignment, status, note), Sandbox (owner, status), Pod;
        # the next member (pod-name, a status per news of its Pod), the pool's status
        assert cost["POST"] == 3 and cost["PUT"] == 0 and cost["DELETE"] == 0, cost
        assert 6 <= cost["PATCH"] <= 14, cost
        controller.stop()
    finally:
        controller.kill()
