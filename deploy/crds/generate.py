#!/usr/bin/env python3
"""Makes the four CRDs of this folder from the API server's own OpenAPI.

    generate.py --kubeconfig FILE            writes *.yaml beside this script
    generate.py --kubeconfig FILE --check    exit code 1 when they would be others
    generate.py --core core.json --networking net.json …   from saved documents, without a server
                                             (kubectl get --raw /openapi/v3/api/v1, …/apis/networking.k8s.io/v1)

What Kubernetes owns (PodSpec, PersistentVolumeClaimSpec, the rules of NetworkPolicies) is taken from the
server and made structural: references are resolved, descriptions and enums dropped (CRDs of controller-gen
carry none), quantities become int-or-string. What is ours is below, as text. The rules by which controller-gen
sees defaults differ from the server's: `DEFAULTS` is the list it gives, everything else has none.
"""
import argparse
import json
import pathlib
import subprocess
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
REF = "#/components/schemas/"
CORE = "io.k8s.api.core.v1."
NET = "io.k8s.api.networking.v1."
QUANTITY = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
KEPT = ("type", "format", "required", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type")

# Of each type of the server, which fields have a default in a CRD.
DEFAULTS = {
    "ContainerPort": {"protocol": "TCP"},
    "ConfigMapKeySelector": {"name": ""},
    "SecretKeySelector": {"name": ""},
    "ConfigMapEnvSource": {"name": ""},
    "SecretEnvSource": {"name": ""},
    "LocalObjectReference": {"name": ""},
    "ConfigMapVolumeSource": {"name": ""},
    "ConfigMapProjection": {"name": ""},
    "SecretProjection": {"name": ""},
    "FileKeySelector": {"optional": False},
    "GRPCAction": {"service": ""},
    "AzureDiskVolumeSource": {"fsType": "ext4", "readOnly": False},
    "ISCSIVolumeSource": {"iscsiInterface": "default"},
    "RBDVolumeSource": {"keyring": "/etc/ceph/keyring", "pool": "rbd", "user": "admin"},
    "ScaleIOVolumeSource": {"fsType": "xfs", "storageMode": "ThinProvisioned"},
}

# Types that embed LocalObjectReference: controller-gen sees its marker on the whole.
ATOMIC = ("ConfigMapEnvSource", "SecretEnvSource", "ConfigMapVolumeSource", "ConfigMapProjection", "SecretProjection")


class Resolver:
    """Makes structural schemas of the server's types."""

    def __init__(self, *documents):
        self.types = {}
        for d in documents:
            self.types.update(d["components"]["schemas"])

    def of(self, name):
        if name.endswith(".Quantity"):
            return {"anyOf": [{"type": "integer"}, {"type": "string"}], "pattern": QUANTITY, "x-kubernetes-int-or-string": True}
        if name.endswith(".IntOrString"):
            return {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}
        if name.endswith(".Time") or name.endswith(".MicroTime"):
            return {"type": "string", "format": "date-time"}
        if name.endswith(".ObjectMeta"):
            return {"type": "object"}
        short = name.rsplit(".", 1)[1]
        out = self.schema(self.types[name], DEFAULTS.get(short, {}))
        if short in ATOMIC:
            out["x-kubernetes-map-type"] = "atomic"
        return out

    def schema(self, s, defaults=None):
        ref = s.get("$ref") or next((a["$ref"] for a in s.get("allOf", ()) if "$ref" in a), None)
        if ref:
            return {**self.of(ref[len(REF):]), **{k: v for k, v in s.items() if k.startswith("x-kubernetes-")}}
        out = {k: s[k] for k in KEPT if k in s}
        if "items" in s:
            out["items"] = self.schema(s["items"])
        if "additionalProperties" in s:
            out["additionalProperties"] = self.schema(s["additionalProperties"])
        if "properties" in s:
            out["properties"] = {k: self.schema(v) for k, v in s["properties"].items()}
        for k, v in (defaults or {}).items():
            out["properties"][k]["default"] = v
        if s.get("x-kubernetes-list-map-keys"):
            out["items"] = self.keyed(out["items"], s["x-kubernetes-list-map-keys"])
        return out

    @staticmethod
    def keyed(item, keys):
        """A key of a keyed list must be required or have a default."""
        missing = [k for k in keys if k not in item.get("required", []) and "default" not in item["properties"][k]]
        if missing:
            item = {**item, "required": sorted(item.get("required", []) + missing)}
        return item


def text(**more):
    return {"type": "string", **more}


def obj(properties, required=(), **more):
    out = {"type": "object", "properties": properties, **more}
    if required:
        out["required"] = sorted(required)
    return out


def integer(fmt, **more):
    return {"type": "integer", "format": fmt, **more}


STRINGS = {"type": "object", "additionalProperties": {"type": "string"}}
TIME = text(format="date-time")
BOOL = {"type": "boolean"}
CONDITIONS = {
    "type": "array",
    "items": obj(
        {
            "lastTransitionTime": TIME,
            "message": text(maxLength=32768),
            "observedGeneration": integer("int64", minimum=0),
            "reason": text(maxLength=1024, minLength=1, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"),
            "status": text(enum=["True", "False", "Unknown"]),
            "type": text(
                maxLength=316,
                pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
            ),
        },
        ["lastTransitionTime", "message", "reason", "status", "type"],
    ),
}
IMMUTABLE = {
    "message": "volumeClaimTemplates is immutable",
    "rule": "has(self.volumeClaimTemplates) == has(oldSelf.volumeClaimTemplates) && "
    "(!has(self.volumeClaimTemplates) || self.volumeClaimTemplates == oldSelf.volumeClaimTemplates)",
}
POD_IPS = {"type": "array", "items": {"type": "string"}}


class Schemas:
    """The specs and statuses of the four kinds in both versions."""

    def __init__(self, r):
        self.pod_template = obj(
            {"metadata": obj({"annotations": STRINGS, "labels": STRINGS}), "spec": r.of(CORE + "PodSpec")}, ["spec"]
        )
        self.claims = {
            "type": "array",
            "x-kubernetes-list-type": "atomic",
            "items": obj(
                {
                    "metadata": obj({"annotations": STRINGS, "labels": STRINGS, "name": text()}),
                    "spec": r.of(CORE + "PersistentVolumeClaimSpec"),
                },
                ["spec"],
            ),
        }
        rules = {"ingress": "NetworkPolicyIngressRule", "egress": "NetworkPolicyEgressRule"}
        self.policy = obj({k: {"type": "array", "items": r.of(NET + v)} for k, v in rules.items()})

    def blueprint(self):
        return {"podTemplate": self.pod_template, "volumeClaimTemplates": self.claims, "service": BOOL}

    def sandbox(self, new):
        spec = {
            **self.blueprint(),
            "shutdownTime": TIME,
            "shutdownPolicy": text(enum=["Delete", "Retain"], default="Retain"),
        }
        status = {
            "conditions": CONDITIONS, "podIPs": POD_IPS, "selector": text(), "service": text(), "serviceFQDN": text(),
        }
        if new:
            spec["operatingMode"] = text(enum=["Running", "Suspended"], default="Running")
            status["nodeName"] = text()
        else:
            spec["replicas"] = integer("int32", minimum=0, maximum=1, default=1)
            status["replicas"] = integer("int32", minimum=0)
        more = {"x-kubernetes-validations": [IMMUTABLE]} if new else {}
        return obj(spec, ["podTemplate"], **more), obj(status)

    def claim(self, new):
        env = obj({"containerName": text(), "name": text(), "value": text()}, ["name", "value"])
        spec = {
            "additionalPodMetadata": obj({"annotations": STRINGS, "labels": STRINGS}),
            "env": {"type": "array", "x-kubernetes-list-type": "atomic", "items": env},
            "lifecycle": obj(
                {
                    "shutdownPolicy": text(enum=["Delete", "DeleteForeground", "Retain"], default="Retain"),
                    "shutdownTime": TIME,
                    "ttlSecondsAfterFinished": integer("int32", minimum=0),
                }
            ),
        }
        status = obj({"conditions": CONDITIONS, "sandbox": obj({"name": text(), "podIPs": POD_IPS})})
        if new:
            spec["volumeClaimTemplates"] = self.claims
            spec["warmPoolRef"] = obj({"name": text()}, ["name"])
            return obj(spec, ["warmPoolRef"]), status
        spec["sandboxTemplateRef"] = obj({"name": text()}, ["name"])
        spec["warmpool"] = text(default="default")
        return obj(spec, ["sandboxTemplateRef"]), status

    def template(self, new):
        spec = {
            **self.blueprint(),
            "networkPolicy": self.policy,
            "networkPolicyManagement": text(enum=["Managed", "Unmanaged"], default="Managed"),
            "envVarsInjectionPolicy": text(enum=["Allowed", "Overrides", "Disallowed"], default="Disallowed"),
        }
        if new:
            spec["volumeClaimTemplatesPolicy"] = text(enum=["Disallowed", "Allowed", "Overrides"], default="Disallowed")
        return obj(spec, ["podTemplate"]), None

    def pool(self, new):
        replicas = integer("int32", minimum=0)
        required = ["sandboxTemplateRef"]
        status = {"readyReplicas": integer("int32"), "replicas": integer("int32"), "selector": text()}
        if new:
            replicas["default"] = 1
            status["observedGeneration"] = integer("int64", minimum=0)
        else:
            required.append("replicas")
        spec = {
            "replicas": replicas,
            "sandboxTemplateRef": obj({"name": text()}, ["name"]),
            "updateStrategy": obj({"type": text(enum=["Recreate", "OnReplenish"], default="OnReplenish")}),
        }
        return obj(spec, required), obj(status)


READY = [
    {"jsonPath": ".status.conditions[?(@.type=='Ready')].status", "name": "Ready", "type": "string"},
    {"jsonPath": ".status.conditions[?(@.type=='Ready')].reason", "name": "Reason", "type": "string"},
]
AGE = {"jsonPath": ".metadata.creationTimestamp", "name": "Age", "type": "date"}
SCALE = {"labelSelectorPath": ".status.selector", "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
POOL_COLUMNS = [
    {"jsonPath": ".status.readyReplicas", "name": "Ready", "type": "integer"},
    {"jsonPath": ".spec.replicas", "name": "Desired", "type": "integer"},
    AGE,
]
CLAIM_COLUMNS = [READY[0], {"jsonPath": ".status.sandbox.name", "name": "Sandbox", "type": "string"}, READY[1], AGE]
AGENTS = "agents.x-k8s.io"
EXT = "extensions.agents.x-k8s.io"

# kind: group, plural, short name, columns and scale of (v1beta1, v1alpha1), the method above, spec is required
KINDS = {
    "Sandbox": (AGENTS, "sandboxes", "sandbox", (READY + [AGE], []), (False, True), "sandbox"),
    "SandboxClaim": (EXT, "sandboxclaims", "sandboxclaim", (CLAIM_COLUMNS, []), (False, False), "claim"),
    "SandboxTemplate": (EXT, "sandboxtemplates", "sandboxtemplate", ([], []), (False, False), "template"),
    "SandboxWarmPool": (EXT, "sandboxwarmpools", "swp", (POOL_COLUMNS, POOL_COLUMNS), (True, True), "pool"),
}


def version(schemas, kind, new):
    group, _, _, columns, scales, method = KINDS[kind]
    spec, status = getattr(schemas, method)(new)
    root = {"apiVersion": text(), "kind": text(), "metadata": {"type": "object"}, "spec": spec}
    out = {"name": "v1beta1" if new else "v1alpha1", "served": True, "storage": new}
    if status:
        root["status"] = status
        out["subresources"] = {"status": {}}
    if scales[0 if new else 1]:
        out.setdefault("subresources", {})["scale"] = SCALE
    if columns[0 if new else 1]:
        out["additionalPrinterColumns"] = columns[0 if new else 1]
    if not new:
        out["deprecated"] = True
        out["deprecationWarning"] = f"{group}/v1alpha1 {kind} is deprecated; use {group}/v1beta1 {kind} instead"
    out["schema"] = {"openAPIV3Schema": obj(root, ["spec"])}
    return out


def crd(schemas, kind):
    group, plural, short, *_ = KINDS[kind]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "annotations": {"controller-gen.kubebuilder.io/version": "v0.21.0"},
            "name": f"{plural}.{group}",
        },
        "spec": {
            "conversion": {
                "strategy": "Webhook",
                "webhook": {
                    "clientConfig": {
                        "service": {
                            "name": "agent-sandbox-webhook-service", "namespace": "agent-sandbox-system", "path": "/convert",
                        }
                    },
                    "conversionReviewVersions": ["v1", "v1beta1"],
                },
            },
            "group": group,
            "names": {
                "kind": kind, "listKind": f"{kind}List", "plural": plural, "shortNames": [short], "singular": kind.lower(),
            },
            "scope": "Namespaced",
            "versions": [version(schemas, kind, True), version(schemas, kind, False)],
        },
    }


class Plain(yaml.SafeDumper):
    """No anchors: every CRD is read by people and by kubectl."""

    def ignore_aliases(self, data):
        return True


HEAD = "# Made by deploy/crds/generate.py: do not edit.\n"


def document(value):
    return HEAD + yaml.dump(value, Dumper=Plain, sort_keys=True, default_flow_style=False, width=1000)


def from_server(kubectl, kubeconfig, path):
    command = [*kubectl, f"--kubeconfig={kubeconfig}", "get", "--raw", path]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def read(args):
    if args.core:
        return [json.loads(pathlib.Path(p).read_text(encoding="utf-8")) for p in (args.core, args.networking)]
    paths = ("/openapi/v3/api/v1", "/openapi/v3/apis/networking.k8s.io/v1")
    return [from_server(args.kubectl.split(), args.kubeconfig, p) for p in paths]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kubeconfig")
    p.add_argument("--kubectl", default="kubectl", help="the program, with words before its arguments")
    p.add_argument("--core")
    p.add_argument("--networking")
    p.add_argument("--check", action="store_true")
    args = p.parse_args()
    if bool(args.kubeconfig) == bool(args.core) or bool(args.core) != bool(args.networking):
        p.error("give --kubeconfig, or --core and --networking")
    schemas = Schemas(Resolver(*read(args)))
    stale = []
    for kind, (group, plural, *_) in KINDS.items():
        path = HERE / f"{plural}.{group}.yaml"
        want = document(crd(schemas, kind))
        if args.check:
            if not path.exists() or path.read_text(encoding="utf-8") != want:
                stale.append(path.name)
        else:
            path.write_text(want, encoding="utf-8")
    if stale:
        print("not what the API server's OpenAPI gives: " + ", ".join(stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
