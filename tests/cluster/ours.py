"""Our controller on a lab: the CRDs, the webhook's way in, the process, its metrics; and waiting for what it does."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("AGENT_SANDBOX_BIN", ROOT / "build/dev/bin"))
SYSTEM = "agent-sandbox-system"
CRDS = ROOT / "deploy/crds"


def free_port():
    with socket.socket() as s:
        s.bind(("", 0))
        return s.getsockname()[1]


def wait_for(what, question, seconds=60, every=0.1):
    """Asks until the answer is true; returns it."""
    end = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(every)
    return answer


def install(lab, webhook_port=None):
    """The system namespace, the CRDs and, for a controller outside the cluster, the way from their webhook's Service to it."""
    if lab.get("namespace", SYSTEM) is None:
        lab.kubectl("create", "namespace", SYSTEM)
    lab.kubectl("apply", "--server-side", "--force-conflicts", "-f", CRDS)
    lab.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
    if webhook_port:
        lab.apply({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "agent-sandbox-webhook-service", "namespace": SYSTEM},
             "spec": {"ports": [{"name": "webhook", "port": 443, "targetPort": webhook_port}]}},
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
             "metadata": {"name": "outside", "namespace": SYSTEM,
                          "labels": {"kubernetes.io/service-name": "agent-sandbox-webhook-service"}},
             "ports": [{"name": "webhook", "port": webhook_port}], "endpoints": [{"addresses": [lab.host_ip]}]}]})


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Controller:
    """`sandbox-controller kubernetes` as a process of this machine, with the administrator's kubeconfig unless told otherwise."""

    def __init__(self, lab, *flags, kubeconfig=None, webhook_port=None, log=None, bin_dir=BIN, env=None):
        self.lab, self.env = lab, env
        self.metrics_port, self.probe_port = free_port(), free_port()
        self.webhook_port = webhook_port
        self.log = pathlib.Path(log or f"{lab.instance.dir}/log/controller-{self.metrics_port}.log")
        webhook = [f"--webhook-port={webhook_port}"] if webhook_port else ["--enable-webhook=false"]
        self.argv = [
            bin_dir / "sandbox-controller", "kubernetes", f"--kubeconfig={kubeconfig or lab.kubeconfig}", "--extensions",
            f"--leader-election-namespace={SYSTEM}", f"--metrics-bind-address=127.0.0.1:{self.metrics_port}",
            f"--health-probe-bind-address=127.0.0.1:{self.probe_port}",
            f"--webhook-cert-dir={lab.instance.dir}/controller-certs-{self.metrics_port}", *webhook, *flags]
        self.process = None
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(list(map(str, self.argv)), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.env)

    def wait_leading(self, seconds=60):
        """Until it answers its probe and holds the Lease."""
        def leads():
            assert self.process.poll() is None, f"the controller ended ({self.process.returncode}): {self.tail()}"
            return self.ready() and self.holder() is not None
        wait_for(f"the controller leads ({self.log})", leads, seconds)
        return self

    def ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.probe_port}/readyz", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def holder(self):
        lease = self.lab.get("lease", "a3317529.agent-sandbox.x-k8s.io", "-n", SYSTEM)
        return ((lease or {}).get("spec") or {}).get("holderIdentity") or None

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as answer:
            return answer.read().decode()

    def metric(self, name, **labels):
        """The sum of the samples of that name that have these labels."""
        total = 0.0
        for line in self.metrics().splitlines():
            found = re.fullmatch(re.escape(name) + r"(?:\{(.*)\})? ([^ ]+)", line)
            have = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', found.group(1) or "")) if found else {}
            if found and all(have.get(k) == v for k, v in labels.items()):
                total += float(found.group(2))
        return total

    def tail(self, lines=20):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def kill(self, signum=signal.SIGKILL):
        """Ends it and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        return self.process.wait(timeout=30)

    def stop(self):
        """A clean end, asked for by SIGTERM; sanitizers have their say."""
        code = self.kill(signal.SIGTERM)
        assert code == 0, f"the controller ended with {code}: {self.tail(60)}"

    def grpc_channel(self):
        """A channel to its gRPC door (flags: `grpc_flags`)."""
        import grpc
        port = next(a.rsplit(":", 1)[1] for a in map(str, self.argv) if a.startswith("--grpc-bind-address="))
        ca = (self.lab.instance.pki.dir / "ca.crt").read_bytes()
        return grpc.secure_channel(f"127.0.0.1:{port}", grpc.ssl_channel_credentials(root_certificates=ca))

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def memory_mib(self):
        """(RSS, RssAnon)"""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return tuple(int(re.search(rf"{k}:\s+(\d+)", status).group(1)) / 1024 for k in ("VmRSS", "RssAnon"))


def grpc_flags(lab):
    """For a Controller whose ClaimService listens on this machine, its certificate signed by the lab's CA."""
    lab.instance.pki.sign("grpc-door", "/CN=grpc-door", ["IP:127.0.0.1"])
    pki = lab.instance.pki.dir
    return [f"--grpc-bind-address=127.0.0.1:{free_port()}", f"--grpc-cert-file={pki}/grpc-door.crt",
            f"--grpc-key-file={pki}/grpc-door.key"]


def token(lab, namespace, account, *rights):
    """A bearer token of a new ServiceAccount that may do these: (verbs, resources) of extensions.agents.x-k8s.io in its namespace."""
    lab.kubectl("create", "serviceaccount", account, "-n", namespace)
    lab.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": account, "namespace": namespace},
               "rules": [{"apiGroups": ["extensions.agents.x-k8s.io"], "resources": r, "verbs": v} for v, r in rights]})
    lab.kubectl("create", "rolebinding", account, "-n", namespace, f"--role={account}", f"--serviceaccount={namespace}:{account}")
    return lab.kubectl("create", "token", account, "-n", namespace).strip()


# ---- objects ----

def template(name, namespace, container=None, version="v1beta1", **spec):
    """A SandboxTemplate; its container is the lab's busybox, asleep, unless another is given. pod={…}: more of the pod's spec."""
    pod = spec.pop("pod", {})
    container = container or {"name": "main", "image": "asb.test/busybox:1", "command": ["sleep", "1000000"]}
    return {"apiVersion": f"extensions.agents.x-k8s.io/{version}", "kind": "SandboxTemplate",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"podTemplate": {"spec": {"terminationGracePeriodSeconds": 0, **pod, "containers": [container]}}, **spec}}


def pool(name, namespace, template_name, replicas, **spec):
    return {"apiVersion": "extensions.agents.x-k8s.io/v1beta1", "kind": "SandboxWarmPool",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"replicas": replicas, "sandboxTemplateRef": {"name": template_name}, **spec}}


def claim(name, namespace, pool_name, **spec):
    return {"apiVersion": "extensions.agents.x-k8s.io/v1beta1", "kind": "SandboxClaim",
            "metadata": {"name": name, "namespace": namespace}, "spec": {"warmPoolRef": {"name": pool_name}, **spec}}


def condition(obj, kind="Ready"):
    """That condition of an object, or {}."""
    conditions = ((obj or {}).get("status") or {}).get("conditions") or []
    return next((c for c in conditions if c["type"] == kind), {})


def wait_pool(lab, namespace, name, n_ready, seconds=90):
    def full():
        status = (lab.get("sandboxwarmpool", name, "-n", namespace) or {}).get("status") or {}
        return status.get("readyReplicas", 0) >= n_ready
    wait_for(f"pool {name} has {n_ready} ready", full, seconds, 0.2)


def wait_condition(lab, kind, namespace, name, status, reason=None, seconds=60):
    """Until Ready of the object has this status (and reason); returns the object."""
    def question():
        obj = lab.get(kind, name, "-n", namespace)
        c = condition(obj)
        return obj if c.get("status") == status and reason in (None, c.get("reason")) else None
    return wait_for(f"{kind} {name} Ready={status} {reason or ''}", question, seconds)
