"""The wall clock of the controllers is set, forward and back by hours, while a Lease, expiries and conditions live.

libfaketime gives each process a wall clock that a file sets; its monotonic clock goes on. Both begin two hours ahead, so that a step back
does not lead to before the lab's certificates were made.
"""

import json
import os
import subprocess
import time

import pytest

from lab import Lab
from ours import SYSTEM, Controller, claim, condition, install, pool, template, wait_condition, wait_for, wait_pool

LEASE = "a3317529.agent-sandbox.x-k8s.io"
HOUR = 3600


def library(name):
    """Where the compiler finds a library of that name."""
    return subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()


def faketime(path):
    machine = subprocess.run(["gcc", "-print-multiarch"], capture_output=True, text=True, check=True).stdout.strip()
    preload = [library("libasan.so"), f"/usr/lib/{machine}/faketime/libfaketime.so.1"]  # the sanitizer wants to be the first
    assert all(os.path.isabs(p) and os.path.exists(p) for p in preload), preload
    return dict(os.environ, LD_PRELOAD=" ".join(preload), FAKETIME_TIMESTAMP_FILE=str(path), FAKETIME_NO_CACHE="1",
                FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1", FAKETIME_DONT_RESET="1")


class Clock:
    """The wall clock of processes with the environment `env`, so many seconds ahead of ours."""

    def __init__(self, path):
        self.path, self.env = path, faketime(path)
        self.set(2 * HOUR)

    def set(self, ahead):
        new = self.path.with_suffix(".new")
        new.write_text(f"+{ahead}s\n")
        new.rename(self.path)
        self.ahead = ahead

    def text(self, seconds):
        """RFC 3339: so many seconds from now on, by that clock."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.ahead + seconds))


@pytest.fixture
def world(tmp_path):
    lab = Lab("--kwok-nodes", "1")
    clock = Clock(tmp_path / "ahead")
    replicas = []
    try:
        install(lab)
        replicas = [Controller(lab, env=clock.env).wait_leading()]
        replicas.append(Controller(lab, env=clock.env))
        wait_for("the second answers its probe", replicas[1].ready, 30)
        ns = lab.namespace("clock")
        lab.apply(template("plain", ns))
        lab.apply(pool("warm", ns, "plain", 3))
        wait_pool(lab, ns, "warm", 3)
        yield lab, clock, replicas, ns
        for r in reversed(replicas):
            r.stop()
    finally:
        for r in replicas:
            r.kill()
        lab.down()


def lease(lab):
    return lab.get("lease", LEASE, "-n", SYSTEM)["spec"]


def make(lab, ns, name, **spec):
    lab.kubectl("create", "-f", "-", text_in=json.dumps(claim(name, ns, "warm", **spec)))
    return wait_condition(lab, "sandboxclaim", ns, name, "True")


def test_the_wall_clock_is_set(world):
    lab, clock, replicas, ns = world
    before = lease(lab)
    kept = make(lab, ns, "kept")
    renewed = before["renewTime"]
    assert renewed > clock.text(-60), "the process does not see the clock of the test"
    make(lab, ns, "expires", lifecycle={"shutdownTime": clock.text(10), "shutdownPolicy": "Retain"})
    end = time.monotonic() + 10

    def steady(seconds):
        """The Lease stays with its holder, who goes on renewing it; both processes live."""
        seen, until = set(), time.monotonic() + seconds
        while time.monotonic() < until:
            now = lease(lab)
            assert now["holderIdentity"] == before["holderIdentity"] and now.get("leaseTransitions") == before.get("leaseTransitions")
            assert all(r.process.poll() is None for r in replicas)
            seen.add(now["renewTime"])
            time.sleep(0.5)
        assert len(seen) >= seconds / 5, f"the Lease was renewed {len(seen)} times in {seconds} s"

    clock.set(0)
    steady(18)  # longer than a Lease lasts
    assert time.monotonic() > end
    assert condition(lab.get("sandboxclaim", "expires", "-n", ns))["status"] == "True", "expired early by its clock"
    make(lab, ns, "after-a-step-back")
    clock.set(5 * HOUR)
    steady(18)
    expired = wait_condition(lab, "sandboxclaim", ns, "expires", "False", "ClaimExpired", seconds=60)
    assert condition(expired)["lastTransitionTime"] > clock.text(-120)
    # What was made is as it was: who was ready did not become so anew.
    now = lab.get("sandboxclaim", "kept", "-n", ns)
    assert condition(now) == condition(kept)
    make(lab, ns, "after-a-step-forward")
    wait_pool(lab, ns, "warm", 3)
    assert replicas[0].metric("leader_election_master_status") == 1 and replicas[1].metric("leader_election_master_status") == 0
    # A clean hand-over in the middle of it all.
    clock.set(HOUR)
    replicas.pop(0).stop()
    wait_for("the second leads", lambda: replicas[0].metric("leader_election_master_status") == 1, 10)
    make(lab, ns, "after-the-hand-over")
