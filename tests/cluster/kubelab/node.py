"""The node: containerd with runc and gVisor, kubelet, kube-proxy, CoreDNS.

It has a mount namespace of its own, so that what containerd and the kubelet mount goes when they go, and the
fixed paths that they insist on (/run/containerd, /var/lib/cni, /var/lib/kubelet, /var/log) are folders of the instance there.
"""

import json
import os
import pathlib
import shutil

from . import images
from .base import BIN, CACHE, HERE, LabError, run, wait_for
from .control import user

CNI_PLUGINS = "/usr/lib/cni"
OWN_PATHS = {"run-containerd": "/run/containerd", "cni-cache": "/var/lib/cni", "kubelet": "/var/lib/kubelet",
             "log-node": "/var/log"}
NODE = "node"
CGROUP_V2_ONLY = pathlib.Path("/sys/fs/cgroup/cgroup.controllers")


def find_runsc():
    path = shutil.which("runsc") or str(CACHE / "bin/runsc")
    if not os.access(path, os.X_OK):
        raise LabError("there is no runsc: `./dev runsc` makes it")
    return path


def start(instance, options, steps):
    """Returns when the node is Ready and its Services and names work."""
    start_containerd(instance)
    for archive in images.base_archives():
        images.load_archive(instance, archive)
    steps.done("containerd runs")
    start_kubelet(instance)
    start_proxy(instance)
    if options["dns"]:
        start_dns(instance)
    instance.kubectl("apply", "-f", "-", text_in=json.dumps({
        "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "gvisor"}, "handler": "runsc"}))
    wait_node(instance)
    steps.done("the node is Ready")
    if options["images"]:
        images.load(instance, options["images"])
        steps.done("images are loaded")


# ---- containerd ----

def containerd_config(instance):
    here = instance.dir
    return f'''version = 2
root = "{here}/containerd"
state = "/run/containerd/state"
oom_score = 0
[grpc]
  address = "{here}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "{here}/containerd-opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{images.PAUSE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  disable_tcp_service = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runsc]
      runtime_type = "io.containerd.runc.v2"
      pod_annotations = ["dev.gvisor.*"]
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runsc.options]
        BinaryName = "{HERE}/node/runsc-runtime"
        Root = "{here}/runsc"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_PLUGINS}"
    conf_dir = "{here}/cni"
'''


def write_cni(instance):
    folder = instance.dir / "cni"
    folder.mkdir()
    (folder / "10-bridge.conflist").write_text(json.dumps({
        "cniVersion": "1.0.0", "name": "pods", "plugins": [
            {"type": "bridge", "bridge": "pods0", "isGateway": True, "ipMasq": False, "hairpinMode": True,
             "ipam": {"type": "host-local", "dataDir": str(instance.dir / "ipam"),
                      "ranges": [[{"subnet": instance.net.pod_cidr}]], "routes": [{"dst": "0.0.0.0/0"}]}},
            {"type": "loopback"}]}))


def own_mounts(instance):
    """The words that, before a command, give it a mount namespace where OWN_PATHS are the instance's."""
    script = ["set -e"]
    for name, path in OWN_PATHS.items():
        (instance.dir / name).mkdir()
        # The empty folder stays on the machine: another instance may have its own mounted there.
        os.makedirs(path, exist_ok=True)
        script.append(f"mount --bind '{instance.dir}/{name}' {path}")
    script.append("mount --make-rshared /")
    script.append('exec "$@"')
    return ["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", "\n".join(script), "sh"]


def start_containerd(instance):
    config = instance.dir / "containerd.toml"
    config.write_text(containerd_config(instance))
    write_cni(instance)
    instance.start("containerd", ["containerd", "--config", config, "--log-level", "info"], prefix=own_mounts(instance),
                   env=dict(os.environ, RUNSC=find_runsc()))

    def answers():
        instance.check_alive("containerd")
        return run(*images.ctr(instance), "version", check=False).count("Revision:") == 2
    wait_for("containerd answers", answers, 30)


def in_node(instance):
    """The words that, before a command, run it in the node's mount namespace."""
    return ["nsenter", "--mount", "--target", str(instance.data["parts"]["containerd"]["pid"]), "--"]


# ---- kubelet ----

def kubelet_config(instance):
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
        "containerRuntimeEndpoint": f"unix://{instance.dir}/containerd.sock",
        "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{instance.cgroup}/pods", "failCgroupV1": False, "failSwapOn": False,
        "enforceNodeAllocatable": [], "localStorageCapacityIsolation": False,
        "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True},
                           "x509": {"clientCAFile": str(instance.pki.dir / "ca.crt")}},
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(instance.pki.dir / "kubelet.crt"), "tlsPrivateKeyFile": str(instance.pki.dir / "kubelet.key"),
        "clusterDNS": [instance.net.node_ip], "clusterDomain": "cluster.local",
        "resolvConf": str(instance.dir / "resolv.conf"),
        "maxPods": 200, "evictionHard": {"memory.available": "1Mi"}, "imageGCHighThresholdPercent": 100,
        "imageMinimumGCAge": "100h", "nodeStatusReportFrequency": "1m", "syncFrequency": "10s",
        # Tests make many pods at once; the defaults are for nodes that share an API server with a thousand others.
        "kubeAPIQPS": 500, "kubeAPIBurst": 1000, "registryPullQPS": 0, "eventRecordQPS": 0, "serializeImagePulls": False,
    }


def start_kubelet(instance):
    net = instance.net
    instance.pki.sign("kubelet", f"/O=system:nodes/CN=system:node:{NODE}", [f"IP:{net.node_ip}", f"DNS:{NODE}"])
    kubeconfig = instance.pki.kubeconfig("kubelet", f"https://{net.node_ip}:6443")
    (instance.dir / "resolv.conf").write_text(f"nameserver {net.node_ip}\n")
    config = instance.dir / "kubelet.json"
    config.write_text(json.dumps(kubelet_config(instance)))
    instance.start("kubelet", [
        BIN / "kubelet", f"--config={config}", f"--kubeconfig={kubeconfig}", f"--node-ip={net.node_ip}",
        f"--hostname-override={NODE}"], prefix=in_node(instance))


def wait_node(instance):
    # Ready, and seen to be: the taint goes last.
    ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}{.spec.taints}'
    parts = [p for p in ("containerd", "kubelet", "kube-proxy", "coredns") if p in instance.data["parts"]]

    def is_ready():
        instance.check_alive(*parts)
        return instance.kubectl("get", "node", NODE, "-o", ready, check=False) == "True"
    wait_for(f"node Ready ({instance.log('kubelet')})", is_ready, 90, 0.2)
    # Without capacity isolation the kubelet reports no local storage, and pods that ask for some would find no node.
    storage = json.dumps({"status": {"capacity": {"ephemeral-storage": "64Gi"}, "allocatable": {"ephemeral-storage": "64Gi"}}})
    instance.kubectl("patch", "node", NODE, "--subresource=status", "--type=merge", "-p", storage)


# ---- Services and names ----

def start_proxy(instance):
    config = instance.dir / "proxy.json"
    config.write_text(json.dumps({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "nftables",
        "clientConnection": {"kubeconfig": str(user(instance, "proxy", "/CN=system:kube-proxy"))},
        "clusterCIDR": instance.net.pod_cidr, "hostnameOverride": NODE, "conntrack": {"maxPerCore": 0}}))
    instance.start("kube-proxy", [BIN / "kube-proxy", f"--config={config}"], prefix=in_node(instance))


def start_dns(instance):
    """CoreDNS as a process on the node's address, with an identity that may only read what names are made of."""
    config = user(instance, "coredns", "/CN=system:serviceaccount:kube-system:coredns")
    instance.kubectl("apply", "-f", "-", text_in=json.dumps({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "test-coredns"}, "rules": [
            {"apiGroups": [""], "resources": ["services", "pods", "namespaces", "endpoints"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "test-coredns"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "test-coredns"},
         "subjects": [{"kind": "User", "name": "system:serviceaccount:kube-system:coredns",
                       "apiGroup": "rbac.authorization.k8s.io"}]}]}))
    corefile = instance.dir / "Corefile"
    corefile.write_text(f'''.:53 {{
    bind {instance.net.node_ip}
    errors
    ready {instance.net.node_ip}:8181
    kubernetes cluster.local in-addr.arpa {{
        kubeconfig {config}
        ttl 1
    }}
}}
''')
    instance.start("coredns", [BIN / "coredns", "-conf", corefile])
