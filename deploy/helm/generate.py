#!/usr/bin/env python3
"""Writes templates/rbac.yaml, the rules of deploy/manifests/parts in the chart's namespace, and copies the CRDs to crds/.

    deploy/helm/generate.py [--check]
"""
import argparse
import pathlib
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
PARTS = HERE.parent / "manifests" / "parts"
HEAD = "{{- /* Made by deploy/helm/generate.py out of ../manifests/parts: do not edit. */}}\n"
NAMESPACE = '{{ include "agent-sandbox.namespace" . }}'


def rules_of(name):
    objects = yaml.safe_load_all((PARTS / f"{name}.yaml").read_text(encoding="utf-8"))
    found = [o for o in objects if o["apiVersion"].startswith("rbac.")]
    return yaml.safe_dump_all(found, sort_keys=False, width=1000).replace("agent-sandbox-system", NAMESPACE)


def files():
    """Path -> what it shall hold."""
    text = HEAD + rules_of("core") + "{{- if .Values.controller.extensions }}\n---\n" + rules_of("extensions") + "{{- end }}\n"
    found = {HERE / "templates" / "rbac.yaml": text}
    for crd in sorted((HERE.parent / "crds").glob("*.yaml")):
        found[HERE / "crds" / crd.name] = crd.read_text(encoding="utf-8")
    return found


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--check", action="store_true", help="exit code 1 when a file is stale")
    args = p.parse_args()
    stale = []
    for path, want in files().items():
        if not args.check:
            path.write_text(want, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != want:
            stale.append(path.name)
    if stale:
        print("stale, run deploy/helm/generate.py: " + ", ".join(stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
