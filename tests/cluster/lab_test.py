"""The lab itself: what it promises to those that use it."""

import os
import pathlib
import signal
import subprocess

from lab import CLUSTER, Lab
from kubelab import procs


def traces(name):
    """What an instance that is down must not have left."""
    found = [str(where / f"agent-sandbox-cluster-{name}") for where, _ in procs.hierarchies()
             if (where / f"agent-sandbox-cluster-{name}").exists()]
    found += [line for line in pathlib.Path("/proc/self/mounts").read_text().splitlines() if f"/{name}/" in line]
    found += [p for p in (f"/run/netns/asb-{name}", f"/var/lib/agent-sandbox-cluster/{name}") if os.path.exists(p)]
    return found


def test_api_server_answers(api_server):
    ns = api_server.namespace()
    api_server.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": ns}, "data": {"a": "b"}})
    assert api_server.get("configmap", "c", "-n", ns)["data"] == {"a": "b"}
    assert "v1.36" in api_server.kubectl("version")


def test_two_at_once_and_down_after_kill(own_api_server):
    other = Lab("--control-plane-only")
    try:
        assert other.server != own_api_server.server
        other.kubectl("create", "namespace", "only-here")
        assert own_api_server.get("namespace", "only-here") is None
        etcd = other.instance.data["parts"]["etcd"]
        os.kill(etcd["pid"], signal.SIGKILL)
        status = subprocess.run([CLUSTER, "status", "--name", other.name], capture_output=True, text=True)
        assert status.returncode == 3 and "etcd" in status.stdout and "ENDED" in status.stdout
    finally:
        members = procs.members(other.instance.cgroup)
        other.down()
    assert members and not any(procs.start_time(pid) for pid in members)
    assert traces(other.name) == []


def test_interrupted_up_leaves_nothing():
    name = f"t{os.getpid()}-int"
    up = subprocess.Popen([CLUSTER, "up", "--control-plane-only", "--name", name], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    record = pathlib.Path(f"/var/lib/agent-sandbox-cluster/{name}/log/etcd.log")
    while not record.exists() and up.poll() is None:
        pass
    up.send_signal(signal.SIGINT)
    _, said = up.communicate(timeout=60)
    assert up.returncode == 130 and "taking it down" in said and "Traceback" not in said, said
    assert traces(name) == []


def test_killed_up_is_cleaned_up():
    name = f"t{os.getpid()}-kill"
    folder = pathlib.Path(f"/var/lib/agent-sandbox-cluster/{name}")
    up = subprocess.Popen([CLUSTER, "up", "--control-plane-only", "--name", name], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
    while not (folder / "log/kube-apiserver.log").exists() and up.poll() is None:
        pass
    up.kill()
    up.wait()
    assert procs.members(f"agent-sandbox-cluster-{name}")
    status = subprocess.run([CLUSTER, "status", "--name", name], capture_output=True, text=True)
    assert status.returncode == 3 and "NOT WELL" in status.stdout, status
    down = subprocess.run([CLUSTER, "down", "--name", name], capture_output=True, text=True)
    assert down.returncode == 0, down.stderr
    assert traces(name) == []


def test_reset_and_kubectl_words(own_api_server):
    own_api_server.kubectl("create", "namespace", "goes")
    done = subprocess.run([CLUSTER, "reset", "--name", own_api_server.name], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip() == own_api_server.kubeconfig, done.stderr
    words = [CLUSTER, "kubectl", "--name", own_api_server.name, "--namespace", "default", "get", "namespaces", "-o", "name"]
    listed = subprocess.run(words, capture_output=True, text=True)
    assert "namespace/default" in listed.stdout and "goes" not in listed.stdout, listed


def test_bad_words_are_told():
    for argv, word in ((["up", "--name", "Not_A_Name"], "no name for a cluster"),
                       (["status", "--name", "nobody"], "there is no cluster"),
                       (["up", "--control-plane-only", "--kwok-nodes", "3", "--name", "x"], "needs a scheduler"),
                       (["up", "--kwok-nodes", "-1", "--name", "x"], "a number from 0 on")):
        done = subprocess.run([CLUSTER, *argv], capture_output=True, text=True)
        assert done.returncode == 1 and word in done.stderr and "Traceback" not in done.stderr, done.stderr
