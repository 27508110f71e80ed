#!/usr/bin/env python3
"""Writes templates/rbac.yaml: the rules of deploy/manifests/parts, in the chart's namespace.

    deploy/helm/generate.py [--check]
"""
import argparse
import pathlib
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
PARTS = HERE.parent / "manifests" / "parts"
TARGET = HERE / "templates" / "rbac.yaml"
HEAD = "{{- /* Made by deploy/helm/generate.py out of ../manifests/parts: do not edit. */}}\n"
NAMESPACE = '{{ include "agent-sandbox.namespace" . }}'


def rules_of(name):
    objects = yaml.safe_load_all((PARTS / f"{name}.yaml").read_text(encoding="utf-8"))
    found = [o for o in objects if o["apiVersion"].startswith("rbac.")]
    return yaml.safe_dump_all(found, sort_keys=False, width=1000).replace("agent-sandbox-system", NAMESPACE)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--check", action="store_true", help="exit code 1 when it is stale")
    args = p.parse_args()
    want = HEAD + rules_of("core") + "{{- if .Values.controller.extensions }}\n---\n" + rules_of("extensions") + "{{- end }}\n"
    if not args.check:
        TARGET.write_text(want, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == want:
        return 0
    print("stale, run deploy/helm/generate.py: templates/rbac.yaml")
    return 1


if __name__ == "__main__":
    sys.exit(main())
