"""The node as a process, and NodeService as functions."""
import glob
import os
import pathlib
import random
import signal
import string
import subprocess
import sys
import time

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "gen" / "python"))
from agentsandbox.v1 import node_pb2 as pb  # noqa: E402
from agentsandbox.v1 import node_pb2_grpc as pb_grpc  # noqa: E402
from google.protobuf import duration_pb2  # noqa: E402

IMAGE = "registry.k8s.io/agent-sandbox/python-runtime-sandbox:v0.1.0"
ALPHABET = string.ascii_lowercase + string.digits


def new_id():
    return "".join(random.choice(ALPHABET) for _ in range(16))


def http_probe(port=8888, **timing):
    return pb.Probe(http_get=pb.HttpGetProbe(path="/", port=port), **{"period_ms": 1000, **timing})


class Node:
    def __init__(self, folder, program, agent):
        self.folder, self.program, self.agent = folder, program, agent
        self.state, self.run, self.cache = folder / "s", folder / "r", folder / "c"
        self.process = None
        self.channel = None
        self.stub = None
        self.id = None

    # ---- the process ----

    def start(self, *extra, router_fds="", pass_fds=()):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [self.program, "node", "--listen", f"unix:{self.folder}/node.sock", "--router-fds", router_fds,
             "--state-dir", self.state, "--run-dir", self.run, "--cache-dir", self.cache, "--agent", self.agent,
             "--log-level", "debug", *extra], stderr=self.log, stdin=subprocess.DEVNULL, pass_fds=pass_fds)
        self.channel = grpc.insecure_channel(f"unix:{self.folder}/node.sock")
        grpc.channel_ready_future(self.channel).result(timeout=30)
        self.stub = pb_grpc.NodeServiceStub(self.channel)
        self.id = (self.state / "node-id").read_text()

    def stop(self, signum=signal.SIGTERM):
        """Ends the process; returns its exit code."""
        self.channel.close()
        self.process.send_signal(signum)
        code = self.process.wait(timeout=20)
        self.log.close()
        self.process = None
        return code

    def destroy(self):
        if self.process is None:
            self.start()
        for i in self.list():
            self.delete(i.instance_id, grace=0)
        self.stop()

    def log_text(self):
        return (self.folder / "log").read_text()

    # ---- calls ----

    def import_image(self, source, name):
        return self.stub.ImportImage(pb.ImportImageRequest(source=source, name=name), timeout=300).image

    def request(self, runtime_class, probe=True, policy=pb.RESTART_POLICY_NEVER, **container):
        if probe:
            container.setdefault("readiness_probe", http_probe())
        c = pb.Container(**{"name": "c", "image": IMAGE, "run_as_user": -1, "run_as_group": -1, **container})
        return pb.CreateSandboxRequest(instance_id=new_id(), pod_name="web", runtime_class=runtime_class, container=c,
                                       restart_policy=policy)

    def create(self, request):
        return self.stub.CreateSandbox(request, timeout=60).instance

    def delete(self, instance_id, grace=None):
        request = pb.DeleteSandboxRequest(instance_id=instance_id)
        if grace is not None:
            request.grace.CopyFrom(duration_pb2.Duration(seconds=grace))
        return self.stub.DeleteSandbox(request, timeout=60)

    def list(self):
        return list(self.stub.ListSandboxes(pb.ListSandboxesRequest(), timeout=20).instances)

    def get(self, instance_id):
        return next((i for i in self.list() if i.instance_id == instance_id), None)

    def wait(self, instance_id, what, timeout=15):
        """Until what(instance) is true; the instance, or a failure that shows how it was last."""
        end = time.monotonic() + timeout
        while True:
            i = self.get(instance_id)
            if i is not None and what(i):
                return i
            assert time.monotonic() < end, f"still: {i}"
            time.sleep(0.005)

    # ---- what there is on the host ----

    def instance_dir(self, instance_id):
        return self.state / "instances" / instance_id

    def monitor_pid(self, instance_id):
        return int((self.instance_dir(instance_id) / "monitor").read_text().split()[0])

    def container_pid(self, instance_id):
        return int((self.instance_dir(instance_id) / "container.pid").read_text())

    def output(self, instance_id):
        """What the container's command wrote, without the agent's own lines."""
        try:
            text = (self.instance_dir(instance_id) / "log").read_text()
        except FileNotFoundError:
            return ""
        return "".join(line for line in text.splitlines(True) if not line.startswith("time="))

    def cgroup_pids(self, instance_id=""):
        pids = set()
        for procs in glob.glob(f"/sys/fs/cgroup/**/agent-sandbox/{self.id}/{instance_id}/**/cgroup.procs", recursive=True):
            try:
                pids |= {int(p) for p in pathlib.Path(procs).read_text().split()}
            except OSError:
                pass
        return pids

    def leftovers(self):
        """Everything of this node that is still on the host."""
        left = glob.glob(f"/sys/fs/cgroup/**/agent-sandbox/{self.id}", recursive=True)
        left += [m for m in pathlib.Path("/proc/self/mounts").read_text().splitlines() if f" {self.folder}/" in m]
        left += [str(p) for p in (self.run.glob("*") if self.run.exists() else [])]
        left += [str(p) for p in (self.state / "instances").glob("*")]
        for cmdline in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                text = pathlib.Path(cmdline).read_text().replace("\0", " ")
            except OSError:
                continue
            if f"{self.folder}/" in text and cmdline != f"/proc/{os.getpid()}/cmdline":
                left.append(f"{cmdline}: {text[:200]}")
        return left

    def leftovers_after(self, seconds):
        """The broom may still be at work: it is given that long."""
        end = time.monotonic() + seconds
        while self.leftovers() and time.monotonic() < end:
            time.sleep(0.05)
        return self.leftovers()
