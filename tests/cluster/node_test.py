"""The lab's node: runc and gVisor pods run, end with their exit status, are found by name, and leave nothing."""

import json
import os
import pathlib
import signal
import subprocess

import pytest

from lab import CLUSTER, Lab
from lab_test import traces
from kubelab import procs

BUSYBOX = "asb.test/busybox:1"


def pod(name, command, runtime=None, **spec):
    if runtime:
        spec["runtimeClassName"] = runtime
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"terminationGracePeriodSeconds": 1, **spec,
                     "containers": [{"name": "c", "image": BUSYBOX, "command": ["sh", "-c", command]}]}}


@pytest.mark.parametrize("runtime", [None, "gvisor"])
def test_pod_lives_and_ends(cluster, runtime):
    ns = cluster.namespace()
    in_ns = ("-n", ns)
    cluster.kubectl("create", "-f", "-", *in_ns, text_in=json.dumps(
        pod("web", "echo hello > /tmp/index.html; exec httpd -f -p 8080 -h /tmp", runtime)))
    cluster.kubectl("create", "-f", "-", *in_ns, text_in=json.dumps(pod("seven", "exit 7", runtime, restartPolicy="Never")))
    cluster.kubectl("expose", "pod", "web", "--port=80", "--target-port=8080", *in_ns)
    cluster.kubectl("wait", "pod/web", "--for=condition=Ready", "--timeout=60s", *in_ns)
    cluster.kubectl("wait", "pod/seven", "--for=jsonpath={.status.phase}=Failed", "--timeout=60s", *in_ns)

    seven = cluster.get("pod", "seven", *in_ns)
    assert seven["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 7
    kernel = cluster.kubectl("exec", "web", *in_ns, "--", "uname", "-a")
    assert ("gvisor" in kernel) == (runtime == "gvisor")
    # Through DNS and kube-proxy, from inside; straight, from this machine.
    # (By nslookup and nc: Debian's static busybox crashes in its wget.)
    service = cluster.get("service", "web", *in_ns)["spec"]["clusterIP"]
    named = cluster.kubectl("exec", "web", *in_ns, "--", "nslookup", f"web.{ns}.svc.cluster.local")
    assert service in named
    get = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 10 {service} 80"
    assert cluster.kubectl("exec", "web", *in_ns, "--", "sh", "-c", get).endswith("hello\n")
    ip = cluster.get("pod", "web", *in_ns)["status"]["podIP"]
    straight = subprocess.run(["curl", "-s", "-m", "10", f"http://{ip}:8080/"], capture_output=True, text=True)
    assert straight.stdout == "hello\n"
    cluster.kubectl("delete", "pod", "web", "seven", "--timeout=30s", *in_ns)


def test_kwok_nodes_play_pods():
    lab = Lab("--kwok-nodes", "10")
    try:
        pods = {"apiVersion": "v1", "kind": "List", "items": [pod(f"p{i}", "true") for i in range(30)]}
        lab.kubectl("create", "-f", "-", text_in=json.dumps(pods))
        lab.kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=60s")
        assert all(p["spec"]["nodeName"].startswith("kwok-") for p in lab.items("pods", "default"))
    finally:
        lab.down()


def test_down_with_pods_running_and_parts_killed():
    lab = Lab("--no-dns")
    try:
        lab.kubectl("create", "-f", "-", text_in=json.dumps(pod("strong", "sleep 1000", "gvisor")))
        lab.kubectl("wait", "pod/strong", "--for=condition=Ready", "--timeout=60s")
        for part in ("containerd", "kubelet", "kube-apiserver"):
            os.kill(lab.instance.data["parts"][part]["pid"], signal.SIGKILL)
    finally:
        members = procs.members(lab.instance.cgroup)
        lab.down()
    assert len(members) > 5 and not any(procs.start_time(pid) for pid in members)
    assert traces(lab.name) == []


def test_load_says_what_is_wrong(cluster, tmp_path):
    (tmp_path / "junk").write_bytes(b"junk")
    for image, word in (("no-equals", "is not REF=SOURCE"), (f"a/b:1=oci:{tmp_path}/none:x", "there is no image at"),
                        (f"a/b:1={tmp_path}/junk", "is no image archive")):
        done = subprocess.run([CLUSTER, "load", "--name", cluster.name, image], capture_output=True, text=True)
        assert done.returncode == 1 and word in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_runtime_image_loads(cluster):
    layout = pathlib.Path(os.environ.get("AGENT_SANDBOX_CACHE", pathlib.Path.home() / ".cache/agent-sandbox")) / "images/python-runtime"
    ref = "registry.k8s.io/agent-sandbox/python-runtime-sandbox:v0.1.0"
    cluster.load(f"{ref}=oci:{layout}:v0.1.0")
    ns = cluster.namespace()
    spec = pod("python", "true", "gvisor")
    spec["spec"]["containers"] = [{"name": "c", "image": ref, "imagePullPolicy": "Never",
                                   "resources": {"requests": {"cpu": "250m", "memory": "512Mi", "ephemeral-storage": "512Mi"}},
                                   "readinessProbe": {"httpGet": {"path": "/", "port": 8888}, "periodSeconds": 1}}]
    cluster.kubectl("create", "-n", ns, "-f", "-", text_in=json.dumps(spec))
    cluster.kubectl("wait", "-n", ns, "pod/python", "--for=condition=Ready", "--timeout=60s")
