#!/usr/bin/env python3
"""Puts manifest.yaml and extensions.yaml together out of parts/ and the CRDs.

    deploy/manifests/generate.py [--check]

extensions.yaml is applied over manifest.yaml: it holds the controller once more, with --extensions, its gRPC port and the
optional ConfigMap agent-sandbox-config.
"""
import argparse
import copy
import pathlib
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
CRDS = HERE.parent / "crds"
HEAD = "# Made by deploy/manifests/generate.py out of parts/ and ../crds: do not edit.\n"


def part(name):
    return list(yaml.safe_load_all((HERE / "parts" / f"{name}.yaml").read_text(encoding="utf-8")))


def extended(controller):
    """The controller with the extensions' flags, port and settings."""
    new = copy.deepcopy(controller)
    pod = new["spec"]["template"]["spec"]
    container = pod["containers"][0]
    container["args"] += ["--extensions", "--grpc-bind-address=:9090"]
    container["ports"].append({"name": "grpc", "containerPort": 9090})
    container["volumeMounts"].append({"name": "config-volume", "mountPath": "/etc/sandbox-config", "readOnly": True})
    pod["volumes"].append({"name": "config-volume", "configMap": {"name": "agent-sandbox-config", "optional": True}})
    return new


def with_grpc(service):
    new = copy.deepcopy(service)
    new["spec"]["ports"].append({"name": "grpc", "port": 9090, "targetPort": "grpc"})
    return new


def find(objects, kind, name="agent-sandbox-controller"):
    return next(o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name)


def text_of(objects):
    return yaml.safe_dump_all(objects, sort_keys=False, default_flow_style=False, width=1000)


def crd(name):
    return "---\n" + (CRDS / f"{name}.yaml").read_text(encoding="utf-8")


def documents():
    core, more = part("core"), part("extensions")
    more += [with_grpc(find(core, "Service")), extended(find(core, "StatefulSet"))]
    names = [f"{p}.extensions.agents.x-k8s.io" for p in ("sandboxclaims", "sandboxtemplates", "sandboxwarmpools")]
    return {
        "manifest.yaml": HEAD + text_of(core[:1]) + crd("sandboxes.agents.x-k8s.io") + "---\n" + text_of(core[1:]),
        "extensions.yaml": HEAD + "".join(crd(n) for n in names) + "---\n" + text_of(more),
    }


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--check", action="store_true", help="exit code 1 when a file is stale")
    args = p.parse_args()
    stale = []
    for name, want in documents().items():
        path = HERE / name
        if not args.check:
            path.write_text(want, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != want:
            stale.append(name)
    if stale:
        print("stale, run deploy/manifests/generate.py: " + ", ".join(stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
