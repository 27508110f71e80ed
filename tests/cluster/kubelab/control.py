"""The control plane: etcd and kube-apiserver, and where wanted kube-controller-manager, kube-scheduler and kwok."""

import json
import os
import shutil

from .base import BIN, run, say, wait_for


def make_pki(instance):
    net, pki = instance.net, instance.pki
    pki.make_ca()
    pki.sign("apiserver", "/CN=kube-apiserver", [
        f"IP:{net.node_ip}", f"IP:{net.api_service_ip}", "IP:127.0.0.1", "DNS:localhost", "DNS:kubernetes",
        "DNS:kubernetes.default", "DNS:kubernetes.default.svc", "DNS:kubernetes.default.svc.cluster.local"])
    pki.sign("admin", "/O=system:masters/CN=admin")
    server = f"https://{net.node_ip}:6443"
    shutil.copy(pki.kubeconfig("admin", server), instance.kubeconfig)
    instance.kubeconfig.chmod(0o600)
    if "SUDO_UID" in os.environ:
        os.chown(instance.kubeconfig, int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))


def user(instance, name, subject):
    """A kubeconfig for one of the cluster's own programs."""
    instance.pki.sign(name, subject)
    return instance.pki.kubeconfig(name, f"https://{instance.net.node_ip}:6443")


def start_api_server(instance, service_accounts):
    """etcd and kube-apiserver. Without controller-manager nobody makes the ServiceAccounts that pods need: then nothing asks for them."""
    start_etcd(instance)
    start_kube_apiserver(instance, service_accounts)
    wait_api_server(instance)


def start_etcd(instance):
    instance.start("etcd", [
        BIN / "etcd", "--data-dir", instance.dir / "etcd", "--unsafe-no-fsync", "--log-level", "warn",
        "--quota-backend-bytes", 4 << 30, "--auto-compaction-retention", "5m",
        "--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls", "http://127.0.0.1:2379",
        "--listen-peer-urls", "http://127.0.0.1:2380"])


def start_kube_apiserver(instance, service_accounts):
    net, pki = instance.net, instance.pki.dir
    argv = [
        BIN / "kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", f"--advertise-address={net.node_ip}",
        "--secure-port=6443", f"--service-cluster-ip-range={net.service_cidr}", "--allow-privileged=true",
        "--authorization-mode=Node,RBAC", f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt", f"--tls-private-key-file={pki}/apiserver.key",
        f"--requestheader-client-ca-file={pki}/ca.crt", "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--kubelet-client-certificate={pki}/admin.crt", f"--kubelet-client-key={pki}/admin.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki}/sa.pub", f"--service-account-signing-key-file={pki}/sa.key",
        # Webhooks named by Service are called at their endpoints, so they work without kube-proxy.
        "--enable-aggregator-routing=true", "--profiling=false"]
    if not service_accounts:
        argv.append("--disable-admission-plugins=ServiceAccount")
    instance.start("kube-apiserver", argv)


def wait_api_server(instance):
    instance.wait_ready("/readyz", "kube-apiserver ready", 120, "etcd", "kube-apiserver")
    wait_for("the namespace default", lambda: instance.get("/api/v1/namespaces/default")[0] == 200, 20)


def start_managers(instance):
    """kube-controller-manager and kube-scheduler; returns when pods can be created in the namespace default."""
    net, pki = instance.net, instance.pki.dir
    manager = user(instance, "controller-manager", "/CN=system:kube-controller-manager")
    instance.start("kube-controller-manager", [
        BIN / "kube-controller-manager", f"--kubeconfig={manager}", "--leader-elect=false",
        f"--root-ca-file={pki}/ca.crt", f"--service-account-private-key-file={pki}/sa.key",
        f"--cluster-cidr={net.pod_cidr}", f"--service-cluster-ip-range={net.service_cidr}",
        # The defaults (20 requests a second) are for large clusters; tests make and drop hundreds of objects at once.
        "--kube-api-qps=500", "--kube-api-burst=1000", "--use-service-account-credentials=true"])
    scheduler = user(instance, "scheduler", "/CN=system:kube-scheduler")
    config = instance.dir / "scheduler.json"
    config.write_text(json.dumps({
        "apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {"kubeconfig": str(scheduler), "qps": 500, "burst": 1000}}))
    instance.start("kube-scheduler", [
        BIN / "kube-scheduler", f"--config={config}", f"--authentication-kubeconfig={scheduler}",
        f"--authorization-kubeconfig={scheduler}"])
    instance.wait_ready("/api/v1/namespaces/default/serviceaccounts/default", "the ServiceAccount default", 60,
                        "kube-controller-manager", "kube-scheduler")


# ---- kwok ----

def kwok_node(index, taint):
    node = {
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": f"kwok-{index}", "annotations": {"kwok.x-k8s.io/node": "fake"},
                     "labels": {"type": "kwok", "kubernetes.io/hostname": f"kwok-{index}", "kubernetes.io/os": "linux",
                                "kubernetes.io/arch": "amd64"}},
        "spec": {}}
    if taint:
        node["spec"]["taints"] = [{"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}]
    return node


def start_kwok(instance, n_nodes, taint):
    """kwok and its nodes. taint: beside a real node, so that a pod must ask for a played one (toleration kwok.x-k8s.io/node)."""
    config = user(instance, "kwok", "/O=system:masters/CN=kwok")
    stages = instance.dir / "stages.yaml"
    stages.write_text(run(BIN / "kwok", "stages"))
    instance.start("kwok", [
        BIN / "kwok", f"--kubeconfig={config}", f"--config={stages}", "--manage-all-nodes=false",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake", "--cidr=10.0.0.1/12",
        f"--node-ip={instance.net.node_ip}", "--node-lease-duration-seconds=40", "--server-address=127.0.0.1:10247"],
        env=dict(os.environ, HOME=str(instance.dir)))
    nodes = {"apiVersion": "v1", "kind": "List", "items": [kwok_node(i, taint) for i in range(n_nodes)]}
    instance.kubectl("create", "-f", "-", text_in=json.dumps(nodes))
    ready = 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'

    def all_ready():
        instance.check_alive("kwok")
        return instance.kubectl("get", "nodes", "-l", "type=kwok", "-o", ready).split().count("True") == n_nodes

    wait_for(f"{n_nodes} kwok nodes ready", all_ready, 60, 0.3)
    say(f"kwok plays {n_nodes} nodes")
