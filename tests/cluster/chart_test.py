"""The Helm chart: linted and rendered by Helm's own code, taken by a real API server, with the flags and rights of the manifests."""

import json
import subprocess

import pytest
import yaml
from kubelab.base import BIN
from ours import ROOT, SYSTEM, install

CHART = ROOT / "deploy/helm"


def helm(command, *values):
    done = subprocess.run([BIN / "helm", command, CHART, *values], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def render(*values):
    return [o for o in yaml.safe_load_all(helm("template", "image.tag=v1", *values)) if o]


def one(objects, kind, name="agent-sandbox-controller"):
    return next(o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name)


def container(objects):
    return one(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]


def test_lint():
    helm("lint", "image.tag=v1")


def test_a_tag_is_required():
    done = subprocess.run([BIN / "helm", "template", CHART], capture_output=True, text=True)
    assert done.returncode != 0 and "image.tag is required" in done.stderr


def test_flags():
    plain = container(render())["args"]
    assert plain[:2] == ["--leader-elect=true", "--extensions=false"]
    assert not any("kube-api-qps" in a for a in plain)
    args = container(render("controller.extensions=true", "controller.kubeApiQps=20", "controller.sandboxWarmPoolMaxBatchSize=7",
                            "controller.enableWarmPoolEviction=false", "controller.extraArgs={--api-connections=4}"))["args"]
    for flag in ("--extensions=true", "--kube-api-qps=20", "--sandbox-warm-pool-max-batch-size=7", "--enable-warm-pool-eviction=false",
                 "--webhook-service-name=agent-sandbox-webhook-service", f"--webhook-namespace={SYSTEM}"):
        assert flag in args
    assert args[-1] == "--api-connections=4"


def test_the_program_takes_these_flags():
    from ours import BIN as PROGRAMS
    args = container(render("controller.extensions=true", "controller.kubeApiQps=20", "controller.grpcBindAddress=:9090"))["args"]
    done = subprocess.run([PROGRAMS / "sandbox-controller", "kubernetes", *args, "--version"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_router_is_the_manifests(tmp_path):
    assert not [o for o in render() if o["metadata"]["name"].startswith("sandbox-router")]
    rendered = [o for o in render("router.enabled=true") if o["metadata"]["name"].startswith("sandbox-router")]
    want = list(yaml.safe_load_all((ROOT / "deploy/manifests/router.yaml").read_text()))
    container = one(want, "Deployment", "sandbox-router")["spec"]["template"]["spec"]["containers"][0]
    container["image"] = "agent-sandbox/router:v1"
    del container["resources"]
    assert rendered == want


@pytest.mark.parametrize("extensions", ["true", "false"])
def test_rights_are_those_of_the_manifests(extensions):
    objects = render(f"controller.extensions={extensions}")
    names = ["manifest.yaml"] + (["extensions.yaml"] if extensions == "true" else [])
    shipped = [o for n in names for o in yaml.load_all((ROOT / "deploy/manifests" / n).read_text(),
                                                      getattr(yaml, "CSafeLoader", yaml.SafeLoader))]

    def rights(found):
        return {o["metadata"]["name"]: o["rules"] for o in found if o["kind"] in ("ClusterRole", "Role")}
    assert rights(objects) == rights(shipped)


def test_a_real_api_server_takes_it(api_server):
    install(api_server)
    objects = render("controller.extensions=true", "replicaCount=2", "podLabels.a=b", "nodeSelector.disk=fast")
    for o in objects:
        api_server.kubectl("apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-", text_in=json.dumps(o))
    pod = one(objects, "Deployment")["spec"]["template"]
    assert pod["metadata"]["labels"]["a"] == "b" and pod["spec"]["nodeSelector"] == {"disk": "fast"}
