"""The API server at its worst: every write of a claim fails in turn, in eight ways, and the controller is killed at each; it is away,
slow, its watches end or lie; a right or a kind is missing. What stands at the end is what an undisturbed run leaves, and no pod too many."""

import collections
import itertools
import json
import re
import signal
import threading
import time

import pytest

import faults
from lab import Lab
from ours import Controller, claim, condition, install, pool, template, wait_for, wait_pool

POOL = 3
counter = itertools.count()


@pytest.fixture(scope="module")
def lab():
    lab = Lab("--kwok-nodes", "3")
    try:
        install(lab)
        yield lab
    finally:
        lab.down()


class World:
    """A namespace with a pool, and a controller that reaches the API server through the proxy."""

    def __init__(self, lab, *flags):
        self.lab = lab
        self.ns = lab.namespace("faults")
        lab.apply(template("plain", self.ns))
        lab.apply(pool("warm", self.ns, "plain", POOL))
        self.proxy = faults.Proxy(lab)
        # Without a lease to wait for after a kill -9: leader changes are leader_test.py's.
        self.controller = Controller(lab, "--leader-elect=false", *flags, kubeconfig=self.proxy.kubeconfig)
        self.names = []

    def close(self):
        self.proxy.rule = lambda request: None
        self.controller.kill()
        self.proxy.stop()
        self.lab.kubectl("delete", "namespace", self.ns, "--wait=false")

    def full(self):
        wait_pool(self.lab, self.ns, "warm", POOL)
        return self

    def claim(self):
        name = f"c{next(counter)}"
        self.lab.kubectl("create", "-f", "-", text_in=json.dumps(claim(name, self.ns, "warm")))
        self.names.append(name)
        return name

    def items(self, kind):
        return self.lab.items(kind, self.ns)

    def settled(self, name, seconds=90):
        """Until the claim is served, the pool refilled and each Sandbox has its pod; then what must always hold."""
        def question():
            self.claims, self.sandboxes, self.pods = (self.items(k) for k in ("sandboxclaims", "sandboxes", "pods"))
            ready = [c for c in self.claims if condition(c).get("status") == "True"]
            members = [s for s in self.sandboxes if owner(s)[0] == "SandboxWarmPool"]
            return (len(ready) == len(self.claims) and len(members) == POOL and len(self.pods) == len(self.sandboxes)
                    == POOL + len(self.claims) and all(condition(s).get("status") == "True" for s in self.sandboxes)
                    and all("agents.x-k8s.io/claim-first-ready-at" in c["metadata"].get("annotations", {}) for c in self.claims))
        try:
            wait_for("the end state", question, seconds, 0.1)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.describe()}\n{self.controller.tail(40)}") from None
        given = [c["status"]["sandbox"]["name"] for c in self.claims]
        assert len(set(given)) == len(given), f"given twice: {given}"
        by_name = {s["metadata"]["name"]: s for s in self.sandboxes}
        for c in self.claims:
            assert owner(by_name[c["status"]["sandbox"]["name"]]) == ("SandboxClaim", c["metadata"]["name"])
        return shape(next(c for c in self.claims if c["metadata"]["name"] == name), by_name)

    def describe(self):
        rows = [f"claim {c['metadata']['name']} {condition(c)} {c.get('status', {}).get('sandbox')}" for c in self.claims]
        rows += [f"sandbox {s['metadata']['name']} {owner(s)} {condition(s).get('reason')}" for s in self.sandboxes]
        rows += [f"pod {p['metadata']['name']} {p['status'].get('phase')}" for p in self.pods]
        return "\n".join(rows)


def owner(obj):
    refs = obj["metadata"].get("ownerReferences") or [{}]
    return refs[0].get("kind"), refs[0].get("name")


def shape(c, sandboxes):
    """What a run leaves of a claim, without what differs from run to run."""
    s = sandboxes[c["status"]["sandbox"]["name"]]
    return {
        "claim": sorted(c["metadata"].get("annotations", {})), "conditions": [
            (x["type"], x["status"], x["reason"], x["message"]) for x in c["status"]["conditions"]],
        "n_ips": len(c["status"]["sandbox"].get("podIPs", [])),
        "labels": sorted(s["metadata"].get("labels", {})), "annotations": sorted(s["metadata"].get("annotations", {})),
        "launch": s["metadata"]["labels"].get("agents.x-k8s.io/launch-type"),
        "pod labels": sorted(s["spec"]["podTemplate"].get("metadata", {}).get("labels", {}))}


@pytest.fixture
def world(lab):
    w = World(lab)
    try:
        yield w.full()
    finally:
        w.close()


def sort_of(request):
    """What kind of write it is: names are cut off."""
    found = re.search(r"/namespaces/[^/]+/([^/?]+)(?:/[^/?]+)?(/status)?", request.path)
    return f"{request.method} {found[1]}{found[2] or ''}"


def undisturbed(world):
    """The sorts of writes that a claim costs, how many of each, and what it leaves."""
    world.settled(world.claim())
    world.proxy.writes.clear()
    left = world.settled(world.claim())
    time.sleep(1)
    return collections.Counter(sort_of(w) for w in world.proxy.writes), left


class OnNth:
    """Disturbs the n-th write of a sort from now on, once."""

    def __init__(self, sort, n, action):
        self.sort, self.left, self.action, self.hit = sort, n, action, None

    def __call__(self, request):
        if not request.is_write or self.hit or sort_of(request) != self.sort:
            return None
        self.left -= 1
        if self.left >= 0:
            return None
        self.hit = request
        return self.action

    def __str__(self):
        return f"{self.hit or self.sort}"


def sweep(world, sorts, action):
    """One claim after another, another of its writes disturbed each time: yields the claim's name and the rule.

    Side by side they come in any order, so they are counted by sort. The first of those that a claim must cost always comes;
    how many more there are, and of the pool's status, differs by what comes to be one write.
    """
    for sort, n in sorted(sorts.items()):
        for k in range(n):
            rule = OnNth(sort, k, action)
            world.proxy.rule = rule
            yield world.claim(), rule
            if k == 0 and sort in WRITES_OF_A_CLAIM and not rule.hit:  # Events wait for one another
                wait_for(f"{sort} comes", lambda: rule.hit, 10)
            world.proxy.rule = lambda request: None


# What a claim and the refill of its pool cost at the least.
WRITES_OF_A_CLAIM = {"PATCH sandboxclaims", "PATCH sandboxclaims/status", "PATCH sandboxes", "PATCH pods", "POST sandboxes", "POST pods",
                     "PATCH sandboxes/status", "POST events"}
WAYS = {
    "409": faults.answer(409, "Conflict"), "429": faults.answer(429, "TooManyRequests", retry_after=1),
    "500": faults.answer(500, "InternalError"), "503": faults.answer(503, "ServiceUnavailable", retry_after=1),
    "500 after": faults.answer(500, "InternalError", after=True), "504 after": faults.answer(504, "Timeout", after=True),
    "drop": faults.drop(), "drop after": faults.drop(after=True),
}


@pytest.mark.parametrize("way", WAYS)
def test_each_write_fails_in_turn(world, way):
    sorts, clean = undisturbed(world)
    assert set(sorts) >= WRITES_OF_A_CLAIM, sorts
    for name, rule in sweep(world, sorts, WAYS[way]):
        assert world.settled(name) == clean, f"{rule}, {way}"


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_each_write(world, after):
    sorts, clean = undisturbed(world)
    assert set(sorts) >= WRITES_OF_A_CLAIM, sorts
    for name, rule in sweep(world, sorts, faults.call(world.controller.kill, after=after)):
        end = time.monotonic() + 3
        while world.controller.process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        if world.controller.process.poll() is not None:
            world.controller.start()
        assert world.settled(name) == clean, f"killed at {rule}, after={after}"
        if world.controller.process.poll() is not None:  # at a write that came late
            world.controller.start()


def test_server_away_at_start(lab):
    w = World(lab)
    try:
        w.controller.kill()
        w.proxy.down()
        w.controller.start()
        time.sleep(3)
        assert w.controller.process.poll() is None, w.controller.tail()
        assert "127.0.0.1" in w.controller.tail(60), "it does not say whom it waits for"
        w.proxy.up()
        w.full().settled(w.claim())
    finally:
        w.close()


def test_server_away_in_the_middle(world):
    world.settled(world.claim())
    world.proxy.down()
    name = world.claim()  # straight to the server: the controller cannot see it
    time.sleep(3)
    world.proxy.up()
    world.settled(name)
    assert world.controller.process.poll() is None


@pytest.mark.parametrize("seconds", [0.2, 3])
def test_slow_server(world, seconds):
    world.proxy.rule = lambda request: None if request.is_watch else faults.delay(seconds)
    world.settled(world.claim())


def test_slow_server_and_a_lease(lab):
    """Each renewal takes 3 s: the leader leads on, for longer than a Lease lasts, and ends cleanly."""
    proxy = faults.Proxy(lab)
    controller = Controller(lab, kubeconfig=proxy.kubeconfig)
    try:
        controller.wait_leading()
        wait_for("it leads", lambda: controller.metric("leader_election_master_status") == 1, 20)
        proxy.rule = lambda request: None if request.is_watch else faults.delay(3)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            assert controller.process.poll() is None, controller.tail()
            assert controller.metric("leader_election_master_status") == 1
            time.sleep(0.5)
        proxy.rule = lambda request: None
        controller.stop()
    finally:
        controller.kill()
        proxy.stop()


@pytest.mark.parametrize("what", [
    b"", b"\x00\xff not JSON at all\n", b'{"type":"ADDED"}\n', b'{"type":"ADDED","object":[]}\n', b'{"type":',
    b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n',
    b'{"type":"NONSENSE","object":{"metadata":{"name":"x"}}}\n', b"[" * 100000 + b"\n"],
    ids=["end", "no JSON", "no object", "an array", "half a line", "expired", "unknown type", "deep"])
def test_watches_end_and_lie(world, what):
    """Every watch anew is answered with this, twice each; then they work again."""
    lies = {}

    def rule(request):
        kind = request.path.split("?")[0]
        if request.is_watch and lies.get(kind, 0) < 2:
            lies[kind] = lies.get(kind, 0) + 1
            return faults.watch_sends(what)
        return None

    world.proxy.rule = rule
    world.proxy.break_connections()
    name = world.claim()
    world.settled(name)
    assert len(lies) >= 5 and world.controller.process.poll() is None


@pytest.mark.parametrize("what", [
    b"\x00\xff not JSON at all\n", b'{"type":"ADDED","object":[]}\n', b'{"type":"MODIFIED","object":{"kind":"SandboxClaim","metadata":{}}}\n',
    b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n',
    b'{"type":"ERROR","object":{"kind":"Status","code":500,"reason":"InternalError","message":"etcd"}}\n'])
def test_garbage_between_two_events(world, what):
    """A watch that was well says something that cannot be."""
    world.settled(world.claim())
    for kind in ("sandboxclaims", "sandboxes", "pods"):
        assert world.proxy.inject(kind, what) == 1
    world.settled(world.claim())
    assert world.controller.process.poll() is None


SILENCE_S = 90  # after which a watch that says nothing, not even a bookmark, is opened anew (docs/internals/kube.md)


def test_a_silent_watch(world):
    """The watch of the claims stays open and says nothing: what it should have told is noticed within the bound."""
    world.settled(world.claim())
    assert world.proxy.mute("sandboxclaims") == 1
    muted = time.monotonic()
    name = world.claim()
    time.sleep(3)
    assert not condition(world.lab.get("sandboxclaim", name, "-n", world.ns)), "the watch is not silent"
    world.settled(name, SILENCE_S + 15)
    took = time.monotonic() - muted
    assert took < SILENCE_S + 10, f"{took:.0f} s"
    assert "sandboxclaims" in world.controller.tail(60), "it does not say which watch was silent"
    world.settled(world.claim(), 10)


def test_a_missing_right_is_named(lab):
    """All rights but creating pods: it says so by name, and goes on when it gets the right."""
    lab.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "less"}, "rules": [
        {"apiGroups": ["agents.x-k8s.io", "extensions.agents.x-k8s.io", "coordination.k8s.io", "events.k8s.io",
                       "networking.k8s.io", "apiextensions.k8s.io"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["services", "persistentvolumeclaims", "events", "secrets"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch", "patch", "update", "delete"]}]})
    lab.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "less"},
               "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "less"},
               "subjects": [{"kind": "User", "name": "less", "apiGroup": "rbac.authorization.k8s.io"}]})
    lab.instance.pki.sign("less", "/CN=less")
    config = lab.instance.pki.kubeconfig("less", lab.server)
    ns = lab.namespace("faults")
    controller = Controller(lab, "--leader-elect=false", kubeconfig=config)
    try:
        lab.apply(template("plain", ns))
        lab.apply(pool("warm", ns, "plain", 1))

        def named():
            return any("pods" in line and "create" in line for line in controller.tail(2000).splitlines())
        wait_for("the missing right is named", named, 30)
        lab.kubectl("patch", "clusterrole", "less", "--type=json",
                    "-p", '[{"op":"add","path":"/rules/2/verbs/-","value":"create"}]')
        wait_pool(lab, ns, "warm", 1, 60)
        controller.stop()
    finally:
        controller.kill()
        lab.kubectl("delete", "namespace", ns, "--wait=false")


def test_a_missing_kind_is_waited_for():
    own = Lab("--kwok-nodes", "1")
    controller = None
    try:
        install(own)
        own.kubectl("delete", "crd", "sandboxwarmpools.extensions.agents.x-k8s.io")
        controller = Controller(own, "--leader-elect=false")
        wait_for("it says what is missing", lambda: "sandboxwarmpools" in controller.tail(2000), 30)
        assert controller.process.poll() is None
        install(own)
        ns = own.namespace("faults")
        own.apply(template("plain", ns))
        own.apply(pool("warm", ns, "plain", 1))
        wait_pool(own, ns, "warm", 1, 60)
        controller.stop()
    finally:
        controller and controller.kill()
        own.down()


def test_fifty_claimers_and_a_controller_that_dies(world):
    """No Sandbox is given twice, no claim is left without one, however often the controller is killed meanwhile."""
    world.lab.kubectl("patch", "sandboxwarmpool", "warm", "-n", world.ns, "--type=merge", "-p", '{"spec":{"replicas":60}}')
    wait_pool(world.lab, world.ns, "warm", 60, 120)
    claims = {"apiVersion": "v1", "kind": "List", "items": [claim(f"many-{i}", world.ns, "warm") for i in range(50)]}
    made = [threading.Thread(target=world.lab.kubectl, args=("create", "-f", "-"), kwargs={
        "text_in": json.dumps({**claims, "items": claims["items"][i::5]})}) for i in range(5)]
    for thread in made:
        thread.start()
    for pause in (0.15, 0.4, 0.8):
        time.sleep(pause)
        world.controller.kill(signal.SIGKILL)
        world.controller.start()
    for thread in made:
        thread.join()

    def served():
        items = world.items("sandboxclaims")
        return items if all(condition(c).get("status") == "True" for c in items) and len(items) == 50 else None
    items = wait_for("50 claims served", served, 120, 0.3)
    given = [c["status"]["sandbox"]["name"] for c in items]
    assert len(set(given)) == 50
    by_name = {s["metadata"]["name"]: s for s in world.items("sandboxes")}
    assert all(owner(by_name[c["status"]["sandbox"]["name"]]) == ("SandboxClaim", c["metadata"]["name"]) for c in items)
