#!/usr/bin/env python3
"""Makes the compact schema table of lib/api/schema.c from lib/api/schema/*.fields.jsonl.

    gen_schema.py FOLDER OUT.c

Each table is read into a tree; equal subtrees become one node, so that PodSpec, its containers and their
probes are there once for all kinds and versions. Nodes, fields and rules are arrays of small integers and
the names one string: no relocations, so the table stays in pages shared with the file.
"""
import json
import sys

VERSIONS = [  # in the order of enum api_kind_id and of struct api_version's index
    ("sandboxes.agents.x-k8s.io", ("v1beta1", "v1alpha1")),
    ("sandboxclaims.extensions.agents.x-k8s.io", ("v1beta1", "v1alpha1")),
    ("sandboxtemplates.extensions.agents.x-k8s.io", ("v1beta1", "v1alpha1")),
    ("sandboxwarmpools.extensions.agents.x-k8s.io", ("v1beta1", "v1alpha1")),
]
TYPES = {"any": 0, "object": 1, "map": 2, "array": 3, "string": 4, "integer": 5, "boolean": 6,
         "int-or-string": 7}
FORMATS = {None: 0, "int32": 1, "int64": 2, "date-time": 3}
PATTERNS = {  # the first characters tell the three apart
    "^[A-Za-z](": 1,  # condition reason
    "^([a-z0-9]": 2,  # qualified name
    "^(\\+|-)?(": 3,  # quantity
}
KNOWN = {"path", "type", "required", "default", "enum", "minimum", "maximum", "minLength", "maxLength",
         "pattern", "format", "int-or-string", "list-type", "list-map-keys", "map-type",
         "map_value_type", "map_value_pattern", "item_type", "anyOf", "cel"}


class Strings:
    """Texts in one array; offset 0 is the empty text."""

    def __init__(self):
        self.offsets, self.text = {"": 0}, "\0"

    def add(self, s):
        if s not in self.offsets:
            self.offsets[s] = len(self.text.encode())
            self.text += s + "\0"
        return self.offsets[s]

    def add_list(self, items):
        """Texts one after the other, ended by an empty one."""
        return self.add("\0".join(items) + "\0") if items else 0


def pattern_id(text):
    if text is None:
        return 0
    for start, number in PATTERNS.items():
        if text.startswith(start):
            return number
    sys.exit(f"unknown pattern {text}")


def read_tree(path):
    """The nested form of a table: {"line": facts, "fields": {name: node}, "item": node or None}."""
    root = None
    for text in open(path, encoding="utf-8"):
        line = json.loads(text)
        unknown = set(line) - KNOWN
        if unknown:
            sys.exit(f"{path}: unknown facts {unknown}")
        if line["path"] == "(root)":
            root = {"line": line, "fields": {}, "item": None}
            continue
        node = root
        tokens = line["path"].split(".")
        for i, token in enumerate(tokens):
            name, is_item = token.removesuffix("[]"), token.endswith("[]")
            node = node["fields"].setdefault(name, {"line": {}, "fields": {}, "item": None})
            if is_item:
                if node["item"] is None:
                    node["item"] = {"line": {"type": node["line"]["item_type"]}, "fields": {}, "item": None}
                node = node["item"]
            if i == len(tokens) - 1:
                node["line"] = line
    return root


class Table:
    def __init__(self):
        self.strings = Strings()
        self.nodes, self.fields, self.rules = [], [], [(0,) * 9]
        self.node_ids, self.rule_ids = {}, {self.rules[0]: 0}

    def rule(self, line):
        has = (1 if "minimum" in line else 0) | (2 if "maximum" in line else 0)
        default = json.dumps(line["default"]) if "default" in line else ""
        rule = (has, FORMATS[line.get("format")], pattern_id(line.get("pattern")), line.get("minLength", 0),
                line.get("maxLength", 0), self.strings.add_list(line.get("enum", [])),
                self.strings.add(default), line.get("minimum", 0), line.get("maximum", 0))
        if rule not in self.rule_ids:
            self.rule_ids[rule] = len(self.rules)
            self.rules.append(rule)
        return self.rule_ids[rule]

    def scalar(self, kind, pattern=None):
        return self.intern((TYPES[kind], self.rule({"pattern": pattern} if pattern else {}), 0, 0, ()))

    def intern(self, key):
        """key: type, rule, item node, list keys, ((name, required, node), ...) sorted by name."""
        if key not in self.node_ids:
            kind, rule, item, keys, fields = key
            self.node_ids[key] = len(self.nodes)
            self.nodes.append((kind, rule, item, keys, len(self.fields), len(fields)))
            self.fields += [(self.strings.add(n), required, node) for n, required, node in fields]
        return self.node_ids[key]

    def add(self, node, replace=None):
        line, item, kind = node["line"], 0, node["line"]["type"]
        fields = []
        for name in sorted(node["fields"], key=lambda n: n.encode()):
            child = node["fields"][name]
            child_id = replace[name] if replace and name in replace else self.add(child)
            fields.append((name, int(bool(child["line"].get("required"))), child_id))
        if kind == "array":
            item = self.add(node["item"]) if node["item"] else self.scalar(line["item_type"])
        elif "map_value_type" in line:
            kind, item = "map", self.scalar(line["map_value_type"], line.get("map_value_pattern"))
        elif kind == "object" and not fields:
            kind = "any"
        keys = self.strings.add_list(line.get("list-map-keys", [])) if line.get("list-type") == "map" else 0
        return self.intern((TYPES[kind], self.rule(line), item, keys, tuple(fields)))


def rows(items):
    return "".join("    {" + ", ".join(map(str, item)) + "},\n" for item in items)


def c_string(text):
    out, line = "", ""
    for c in text.encode():
        piece = "\\0\"\"" if c == 0 else f"\\{chr(c)}" if chr(c) in "\"\\" else chr(c)
        line += piece
        if len(line) > 80:
            out, line = out + f'    "{line}"\n', ""
    return out + f'    "{line}"'


def main():
    folder, out = sys.argv[1:3]
    table = Table()
    table.scalar("any")  # node 0
    meta = table.add(read_tree(f"{folder}/objectmeta.fields.jsonl"))
    roots = [[table.add(read_tree(f"{folder}/{name}.{v}.fields.jsonl"), {"metadata": meta}) for v in versions]
             for name, versions in VERSIONS]
    if max(len(table.strings.text), len(table.fields), len(table.nodes)) > 0xFFFF or len(table.rules) > 0xFF:
        sys.exit("the table outgrew its integers")
    with open(out, "w", encoding="utf-8") as f:
        f.write(f"""/* Made by tools/gen_schema.py from lib/api/schema. */
#include "lib/api/schema_table.h"

const struct schema_node schema_nodes[{len(table.nodes)}] = {{
{rows(table.nodes)}}};

const struct schema_field schema_fields[{len(table.fields)}] = {{
{rows(table.fields)}}};

const struct schema_rule schema_rules[{len(table.rules)}] = {{
{rows(table.rules)}}};

const uint16_t schema_roots[{len(roots)}][2] = {{
{rows(roots)}}};

const char schema_strings[] =
{c_string(table.strings.text)};
""")


main()
