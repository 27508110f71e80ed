"""The network namespace of an instance, and the one cable that joins it to the machine.

Instance I has, all out of 198.18.0.0/15 (RFC 2544: never routed, meant for test labs):

    198.18.I.1/30    the machine's end of the cable: where the cluster reaches webhooks and anything else on the machine
    198.18.I.2/30    the node, the API server (:6443), CoreDNS (:53)
    198.19.I.0/24    pods
    198.18.(100+I).0/24  Services

The machine has routes to pods and Services by way of the node, so that a router or a test outside can talk to
them; from inside there is no way but to the machine itself (no default route over the cable, no forwarding, no NAT).
"""

import json

from .base import LabError, run

MAX_INDEX = 99


class Net:
    def __init__(self, name, index):
        self.netns = f"asb-{name}"
        self.host_if = f"asbc{index}"
        self.host_ip = f"198.18.{index}.1"
        self.node_ip = f"198.18.{index}.2"
        self.pod_cidr = f"198.19.{index}.0/24"
        self.service_cidr = f"198.18.{100 + index}.0/24"
        self.api_service_ip = f"198.18.{100 + index}.1"

    def make(self):
        run("ip", "netns", "add", self.netns)
        run("ip", "link", "add", self.host_if, "type", "veth", "peer", "name", "eth0", "netns", self.netns)
        run("ip", "-batch", "-", text_in="\n".join([
            f"addr add {self.host_ip}/30 dev {self.host_if}",
            f"link set {self.host_if} up",
            f"route add {self.pod_cidr} via {self.node_ip}",
            f"route add {self.service_cidr} via {self.node_ip}", ""]))
        # The kubelet wants a default route to exist; that one leads to a bridge with nothing on it.
        run("ip", "-n", self.netns, "-batch", "-", text_in="\n".join([
            "link set lo up",
            f"addr add {self.node_ip}/30 dev eth0",
            "link set eth0 up",
            "link add nowhere type bridge",
            "link set nowhere up",
            "route add default dev nowhere", ""]))
        self.sysctl("net/ipv4/ip_forward", 1)

    def sysctl(self, path, value):
        self.inside("sh", "-c", f"echo {value} > /proc/sys/{path}")

    def enter(self):
        """The words that, before a command, run it inside."""
        # Not `ip netns exec`: it mounts /sys anew and hides the cgroups from the kubelet.
        return ["nsenter", f"--net=/run/netns/{self.netns}", "--"]

    def inside(self, *argv, **kw):
        return run(*self.enter(), *argv, **kw)

    def remove(self):
        if self.netns in [n["name"] for n in json.loads(run("ip", "-j", "netns", "list") or "[]")]:
            run("ip", "netns", "del", self.netns)
        # The cable goes with the namespace, but later than the command returns.
        run("ip", "link", "del", self.host_if, check=False)


def taken_indexes():
    """Those whose addresses something on this machine already has."""
    taken = set()
    for link in json.loads(run("ip", "-j", "-4", "addr")):
        for a in link.get("addr_info", []):
            part = a["local"].split(".")
            if part[:2] == ["198", "18"]:
                taken.add(int(part[2]))
    return taken


def free_index(used):
    taken = taken_indexes() | set(used)
    for index in range(MAX_INDEX + 1):
        if index not in taken:
            return index
    raise LabError(f"all {MAX_INDEX + 1} indexes are in use: `./dev cluster status` lists the instances, `down` ends one")
