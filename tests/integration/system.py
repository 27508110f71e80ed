"""A whole system of its own for tests: services of `sandboxctl up --foreground --ephemeral`, and what they leave."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("AGENT_SANDBOX_BIN", ROOT / "build/dev/bin"))
CACHE = pathlib.Path(os.environ.get("AGENT_SANDBOX_CACHE", pathlib.Path.home() / ".cache/agent-sandbox"))
IMAGE = "registry.k8s.io/agent-sandbox/python-runtime-sandbox:v0.1.0"
LAYOUT = CACHE / "images/python-runtime"
SANDBOXCTL = str(BIN / "sandboxctl")
UP_TIMEOUT_S = 120


def image_flags():
    if not LAYOUT.is_dir():
        raise RuntimeError(f"{LAYOUT} is missing: ./dev test sandbox makes it")
    return ["--cache-dir", str(CACHE / "node"), "--image", f"{IMAGE}=oci:{LAYOUT}:v0.1.0"]


def wait_for(what, seconds, message):
    """Calls what() until it gives something true, which it returns."""
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {message}")
        time.sleep(0.02)


def is_alive(pid):
    try:
        return re.search(r"^State:\s+[^ZX]", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M) is not None
    except OSError:
        return False


def children(pid):
    try:
        return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


class Traces:
    """What a home may leave on the machine: looked for by its name and by the ids of its sandboxes."""

    def __init__(self, run_dir):
        self.name = pathlib.Path(run_dir).name
        self.state_dir = pathlib.Path("/var/lib") / self.name
        self.ids = set()

    def note(self):
        """Remembers the sandboxes there are now."""
        try:
            self.ids |= {d.name for d in (self.state_dir / "node/instances").iterdir() if len(d.name) == 16}
        except OSError:
            pass

    def words(self):
        return [self.name, *self.ids]

    def found(self):
        words = self.words()
        left = [str(p) for p in (pathlib.Path("/run") / self.name, self.state_dir) if p.exists()]
        left += [f"mount {line}" for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if any(w in line for w in words)]
        left += [f"netns {p}" for p in pathlib.Path("/run/netns").glob("*") if any(w in p.name for w in words)]
        left += [f"unix socket {line.split()[-1]}" for line in pathlib.Path("/proc/net/unix").read_text().splitlines() if any(w in line for w in words)]
        for top, folders, _ in os.walk("/sys/fs/cgroup"):
            left += [f"cgroup {top}/{f}" for f in folders if any(w in f for w in words)]
        for p in pathlib.Path("/proc").glob("[0-9]*"):
            line = command_line(p.name)
            if any(w in line for w in words) and is_alive(p.name) and int(p.name) != os.getpid():
                left.append(f"process {p.name} {line[:160]}")
        return left

    def check(self, seconds=10):
        """Fails when something is left after so long."""
        end = time.monotonic() + seconds
        left = self.found()
        while left and time.monotonic() < end:
            time.sleep(0.1)
            left = self.found()
        assert not left, "\n".join(left)


class System:
    """Services that end, and leave nothing, with this object."""

    def __init__(self, *flags, images=True):
        self.log = tempfile.NamedTemporaryFile(prefix="asb-test-", suffix=".log", mode="w+")
        command = [SANDBOXCTL, "up", "--foreground", "--ephemeral", *(image_flags() if images else []), *flags]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log,
                                        start_new_session=True)
        try:
            self.run_dir = wait_for(self.find_run_dir, UP_TIMEOUT_S, "the services are up")
        except BaseException:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
            raise
        self.traces = Traces(self.run_dir)

    def text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def find_run_dir(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"sandboxctl up ended ({self.process.returncode}):\n{self.text()[-6000:]}")
        found = re.search(r"^ +controller +unix:(\S+)/controller.sock$", self.text(), re.M)
        return found and found.group(1)

    @property
    def state_dir(self):
        return self.traces.state_dir

    def supervisor(self):
        return children(self.process.pid)[0]

    def services(self):
        """{"node": pid, "controller": pid, "router": pid} of those that run now."""
        found = {}
        for pid in children(self.supervisor()):
            line = command_line(pid)
            for word, name in (("sandbox-runtime node", "node"), ("sandbox-controller", "controller"), ("sandbox-router", "router")):
                if word in line and is_alive(pid):
                    found[name] = pid
        return found

    def command(self, *args):
        return [SANDBOXCTL, args[0], "--run-dir", self.run_dir, *map(str, args[1:])]

    def ctl(self, *args, timeout=120, **kwargs):
        self.traces.note()
        result = subprocess.run(self.command(*args), capture_output=True, text=True, timeout=timeout,
                                **({"stdin": subprocess.DEVNULL} | kwargs if "input" not in kwargs else kwargs))
        self.traces.note()
        return result

    def start(self, *args, **kwargs):
        return subprocess.Popen(self.command(*args), text=True, **({"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                                                                   "stderr": subprocess.PIPE} | kwargs))

    def apply(self, text):
        result = self.ctl("apply", "-f", "-", input=text)
        assert result.returncode == 0, result.stderr
        return result

    def stop(self):
        self.traces.note()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        self.log.close()
        return code


def template(name, runtime="runc", image=IMAGE, extra="", container=""):
    """A SandboxTemplate; extra: lines of the pod spec, container: lines of the container."""
    lines = [
        "apiVersion: extensions.agents.x-k8s.io/v1beta1", "kind: SandboxTemplate", "metadata:", f"  name: {name}", "spec:",
        "  podTemplate:", "    spec:", f"      runtimeClassName: {runtime}", "      terminationGracePeriodSeconds: 1",
        *[f"      {line}" for line in extra.splitlines()],
        "      containers:", "      - name: main", f"        image: {image}",
        *[f"        {line}" for line in container.splitlines()],
    ]
    return "\n".join(lines) + "\n"


def pool(name, of, replicas=1):
    return "\n".join([
        "---", "apiVersion: extensions.agents.x-k8s.io/v1beta1", "kind: SandboxWarmPool", "metadata:", f"  name: {name}", "spec:",
        f"  replicas: {replicas}", "  sandboxTemplateRef:", f"    name: {of}",
    ]) + "\n"


PROBE = """readinessProbe:
  httpGet: {path: /, port: 8888}
  periodSeconds: 1
"""
