"""The CRDs that we ship, node by node against the tables of facts (lib/api/schema) and the summary beside this file."""
import json
import pathlib

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
CRDS = ROOT / "deploy" / "crds"
SUMMARY = yaml.safe_load((pathlib.Path(__file__).parent / "crds.summary.yaml").read_text(encoding="utf-8"))
VERSIONS = [(name, v["name"]) for name, crd in SUMMARY.items() for v in crd["versions"]]

# key of the table: key of the schema
PLAIN = {
    "default": "default", "enum": "enum", "minimum": "minimum", "maximum": "maximum", "minLength": "minLength",
    "maxLength": "maxLength", "pattern": "pattern", "format": "format", "anyOf": "anyOf",
    "int-or-string": "x-kubernetes-int-or-string", "list-type": "x-kubernetes-list-type",
    "list-map-keys": "x-kubernetes-list-map-keys", "map-type": "x-kubernetes-map-type",
    "cel": "x-kubernetes-validations",
}
# What a schema node may have at all: more would be a fact that no table tells.
KNOWN = set(PLAIN.values()) | {"type", "properties", "items", "required", "additionalProperties"}


def load(name):
    return yaml.load((CRDS / f"{name}.yaml").read_text(encoding="utf-8"), FAST)


def version_of(name, version):
    return next(v for v in load(name)["spec"]["versions"] if v["name"] == version)


def kind_of(node):
    return "int-or-string" if node.get("x-kubernetes-int-or-string") else node.get("type")


def row(path, node, required):
    unknown = set(node) - KNOWN
    assert not unknown, f"{path}: {unknown}"
    out = {"path": path, "type": kind_of(node)}
    if required:
        out["required"] = True
    out.update({k: node[s] for k, s in PLAIN.items() if s in node})
    values = node.get("additionalProperties")
    if values:
        out["map_value_type"] = kind_of(values)
        if "pattern" in values:
            out["map_value_pattern"] = values["pattern"]
    if "items" in node:
        out["item_type"] = kind_of(node["items"])
    return out


def rows(path, node, required):
    yield row(path or "(root)", node, required)
    at = path
    while "items" in node:
        at, node = at + "[]", node["items"]
        if "properties" not in node and set(node) != {"type"}:  # an item that is more than its type
            yield row(at, node, False)
    for key, child in node.get("properties", {}).items():
        yield from rows(f"{at}.{key}" if at else key, child, key in node.get("required", []))


def table(name, version):
    path = ROOT / "lib" / "api" / "schema" / f"{name}.{version}.fields.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name,version", VERSIONS)
def test_fields(name, version):
    got = {r["path"]: r for r in rows("", version_of(name, version)["schema"]["openAPIV3Schema"], True)}
    want = {r["path"]: r for r in table(name, version)}
    assert sorted(got) == sorted(want)
    differing = {p: (got[p], want[p]) for p in want if got[p] != want[p]}
    assert not differing


@pytest.mark.parametrize("name", list(SUMMARY))
def test_names(name):
    want, crd = SUMMARY[name], load(name)
    spec = crd["spec"]
    assert crd["metadata"] == {"name": name, "annotations": want["annotations"]}
    assert (spec["group"], spec["names"], spec["scope"]) == (want["group"], want["names"], want["scope"])
    assert spec["conversion"] == want["conversion"]
    assert [v["name"] for v in spec["versions"]] == [v["name"] for v in want["versions"]]


@pytest.mark.parametrize("name,version", VERSIONS)
def test_versions(name, version):
    want = next(v for v in SUMMARY[name]["versions"] if v["name"] == version)
    got = version_of(name, version)
    for key in ("served", "storage"):
        assert got[key] == want[key]
    assert got.get("deprecated", False) == want["deprecated"]
    assert got.get("deprecationWarning") == want["deprecationWarning"]
    assert (got.get("subresources") or None) == (want["subresources"] or None)
    assert (got.get("additionalPrinterColumns") or None) == (want["additionalPrinterColumns"] or None)


def test_nothing_else_is_there():
    assert sorted(p.stem for p in CRDS.glob("*.yaml")) == sorted(SUMMARY)
