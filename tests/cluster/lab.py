"""An instance of the test cluster that lives as long as its maker: what the fixtures of conftest.py give."""

import itertools
import json
import os
import pathlib
import subprocess

from kubelab.base import BIN
from kubelab.instance import Instance

HERE = pathlib.Path(__file__).resolve().parent
CLUSTER = HERE / "cluster"
counter = itertools.count()


class Lab:
    """An instance that lives as long as the fixture that made it."""

    def __init__(self, *options):
        self.name = f"t{os.getpid()}-{next(counter)}"
        up = subprocess.run([CLUSTER, "up", "--name", self.name, "--owner", str(os.getpid()), *options],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert up.returncode == 0, up.stderr
        self.instance = Instance(self.name)
        self.kubeconfig = up.stdout.strip()
        self.host_ip = self.instance.net.host_ip     # this machine, as the API server sees it: webhooks listen there
        self.node_ip = self.instance.net.node_ip
        self.server = f"https://{self.node_ip}:6443"

    def down(self):
        done = subprocess.run([CLUSTER, "down", "--name", self.name], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def env(self):
        """The environment of a program that is to use this cluster; kubectl is in its PATH."""
        return dict(os.environ, KUBECONFIG=self.kubeconfig, PATH=f"{BIN}:{os.environ['PATH']}")

    def kubectl(self, *argv, text_in=None, check=True, timeout=120):
        """What kubectl printed."""
        done = subprocess.run([BIN / "kubectl", *map(str, argv)], input=text_in, capture_output=True, text=True,
                              env=self.env(), timeout=timeout)
        assert done.returncode == 0 or not check, f"kubectl {' '.join(map(str, argv))}: {done.stderr}"
        return done.stdout

    def apply(self, manifest):
        """manifest: YAML text, or an object."""
        return self.kubectl("apply", "--server-side", "-f", "-",
                            text_in=manifest if isinstance(manifest, str) else json.dumps(manifest))

    def get(self, *argv):
        """The object that `kubectl get` finds; None when there is none."""
        out = self.kubectl("get", *argv, "-o", "json", "--ignore-not-found")
        return json.loads(out) if out.strip() else None

    def items(self, kind, namespace):
        """All objects of a kind in a namespace."""
        return json.loads(self.kubectl("get", kind, "-n", namespace, "-o", "json"))["items"]

    def namespace(self, prefix="test"):
        """A new namespace of a unique name."""
        name = f"{prefix}-{next(counter)}"
        self.kubectl("create", "namespace", name)
        return name

    def load(self, *images):
        """Imports images into the node: "REF=oci:LAYOUT:TAG"."""
        done = subprocess.run([CLUSTER, "load", "--name", self.name, *images], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
