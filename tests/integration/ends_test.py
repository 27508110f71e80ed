"""Ends by violence: of each service, the agent, the OCI runtime, and of `run --ephemeral` itself. The others say so, nothing hangs,
nothing is left, and after a restart the state is right."""
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from system import PROBE, SANDBOXCTL, Traces, children, command_line, image_flags, is_alive, pool, template, wait_for

COUNT = "i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.1; done"


def lines():
    return [f"line {i}\n" for i in range(40)]


# ---- services ----

def ready(system):
    return system.ctl("get", "pool", "fast", "-o", "json").stdout.find('"readyReplicas": 1') >= 0


@pytest.mark.parametrize("service", ["node", "controller", "router"])
def test_a_killed_service_cuts_no_command(own_system, service):
    """A command goes on while a service is killed and started again: no byte is lost or doubled."""
    process = own_system.start("run", "--pool", "fast", "--", COUNT)
    got = [process.stdout.readline() for _ in range(5)]
    before = own_system.services()[service]
    os.kill(before, signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert got + out.splitlines(True) == lines(), err
    assert process.returncode == 0, err
    assert wait_for(lambda: own_system.services().get(service), 10, f"{service} runs again") != before
    wait_for(lambda: ready(own_system), 60, "the pool is full again")
    assert own_system.ctl("run", "--pool", "fast", "--", "echo", "again").stdout == "again\n"


def sandbox_processes(system):
    """Of all sandboxes of this home: what the OCI runtime and the agent are on the host, found by their ids."""
    system.traces.note()
    found = []
    for p in pathlib.Path("/proc").glob("[0-9]*"):
        line = command_line(p.name)
        if any(i in line for i in system.traces.ids) and "sandbox-monitor" not in line:
            found.append((int(p.name), line))
    return found


def test_a_killed_agent_ends_the_command_within_2_s(own_system):
    process = own_system.start("run", "--pool", "fast", "--", "echo pid; exec sleep 1000")
    assert process.stdout.readline() == "pid\n"
    sleeper = wait_for(lambda: [p for p in pathlib.Path("/proc").glob("[0-9]*") if command_line(p.name).startswith("sleep 1000 ")], 5, "the command runs")
    agent = int(re.search(r"^PPid:\s+(\d+)", (sleeper[0] / "status").read_text(), re.M).group(1))
    begin = time.monotonic()
    os.kill(agent, signal.SIGKILL)
    assert process.wait(10) not in (0, None)
    assert time.monotonic() - begin < 2.5
    assert process.stderr.read()
    wait_for(lambda: ready(own_system), 60, "the pool is full again")


def test_a_killed_gvisor_ends_the_command_within_2_s(own_system):
    own_system.apply(template("strong", "gvisor", container=PROBE))
    process = own_system.start("run", "--template", "strong", "--", "echo up; exec sleep 1000")
    assert process.stdout.readline() == "up\n", process.stderr.read()
    boots = [pid for pid, line in sandbox_processes(own_system) if "runsc" in line.lower() and " boot " in line]
    assert boots
    begin = time.monotonic()
    for pid in boots:
        os.kill(pid, signal.SIGKILL)
    assert process.wait(10) not in (0, None)
    assert time.monotonic() - begin < 2.5
    assert process.stderr.read()


def test_a_restart_finds_claims_and_sandboxes_again(own_system):
    """All three die at once while a sandbox is claimed: it is found again with what was written in it."""
    assert own_system.ctl("claim", "kept", "--pool", "fast").returncode == 0
    assert own_system.ctl("exec", "claim/kept", "echo here >/tmp/mark").returncode == 0
    before = own_system.services()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(own_system.services()) == 3 and not set(own_system.services().values()) & set(before.values()), 20, "all run again")
    wait_for(lambda: own_system.ctl("exec", "claim/kept", "cat /tmp/mark").stdout == "here\n", 30, "the claimed sandbox answers")
    assert own_system.ctl("delete", "claim", "kept", "--wait").returncode == 0
    wait_for(lambda: ready(own_system), 60, "the pool is full again")


# ---- run --ephemeral ----

class Ephemeral:
    def __init__(self, tmp_path, command, runtime="runc"):
        manifest = tmp_path / "t.yaml"
        manifest.write_text(template("t", runtime, container=PROBE) + pool("t", "t", 1))
        self.process = subprocess.Popen(
            [SANDBOXCTL, "run", "--ephemeral", "-v", *image_flags(), "--apply", manifest, "--template", "t", "--", command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def find(self):
        """Once the command runs: the traces to look for and the supervisor."""
        assert self.process.stdout.readline() == "started\n", self.process.stderr.read()
        supervisor = children(self.process.pid)[0]
        self.services = children(supervisor)
        traces = Traces(re.search(r"--run-dir (\S+)", command_line(supervisor)).group(1))
        traces.note()
        assert traces.ids
        return traces, supervisor


@pytest.mark.parametrize("runtime", ["runc", "gvisor"])
def test_nothing_is_left_after_a_good_end(tmp_path, runtime):
    run = Ephemeral(tmp_path, "echo started; sleep 1; exit 7", runtime)
    traces, _ = run.find()
    out, err = run.process.communicate(timeout=90)
    assert (out, run.process.returncode) == ("", 7), err
    traces.check(0)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_after_a_signal(tmp_path, signum):
    run = Ephemeral(tmp_path, "echo started; exec sleep 1000")
    traces, _ = run.find()
    run.process.send_signal(signum)
    code = run.process.wait(60)
    assert code == (-signal.SIGKILL if signum == signal.SIGKILL else 128 + signum)
    traces.check(20 if signum == signal.SIGKILL else 0)


def test_nothing_is_left_after_the_supervisor_was_killed(tmp_path):
    run = Ephemeral(tmp_path, "echo started; exec sleep 1000")
    traces, supervisor = run.find()
    os.kill(supervisor, signal.SIGKILL)
    assert run.process.wait(60) == 125
    assert "ServicesEnded" in run.process.stderr.read()
    traces.check(0)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_nothing_is_left_after_a_service_was_killed(tmp_path, which):
    run = Ephemeral(tmp_path, "echo started; sleep 4; echo done")
    traces, _ = run.find()
    os.kill(run.services[which], signal.SIGKILL)
    out, err = run.process.communicate(timeout=90)
    assert (out, run.process.returncode) == ("done\n", 0), err
    traces.check(0)


def test_what_two_kills_left_is_swept_by_the_next_run(tmp_path):
    run = Ephemeral(tmp_path, "echo started; exec sleep 1000")
    traces, supervisor = run.find()
    os.kill(run.process.pid, signal.SIGSTOP)  # so that it cannot clean up after the supervisor
    node = next(pid for pid in run.services if "sandbox-runtime" in command_line(pid))
    os.kill(node, signal.SIGKILL)
    os.kill(supervisor, signal.SIGKILL)
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait(10)
    wait_for(lambda: not any(is_alive(pid) for pid in run.services), 15, "the services have ended")
    next_run = Ephemeral(tmp_path, "echo started")
    next_traces, _ = next_run.find()
    assert next_run.process.wait(60) == 0
    traces.check(5)
    next_traces.check(0)
