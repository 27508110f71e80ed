"""docs/kubernetes.md and the manual page say what the program does: each flag with its default, each metric, each reason word."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
MANUAL = (ROOT / "docs" / "man" / "sandbox-controller-kubernetes.8").read_text(encoding="utf-8").replace("\\-", "-")


def flags():
    text = (ROOT / "services" / "controller" / "kube_options.c").read_text(encoding="utf-8")
    return re.findall(r'F\(FLAG_\w+,\s*\w+,\s*"([\w-]+)",\s*"([^"]*)"', text)


def sources():
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "services/controller/*.c", "services/controller/*.h", "lib/**.c", "lib/**.h"],
                           check=True, capture_output=True, text=True).stdout.split()
    return "\n".join((ROOT / n).read_text(encoding="utf-8") for n in names if (ROOT / n).exists() and "test" not in n)


def test_flags():
    assert len(flags()) > 45
    for name, preset in flags():
        shown = f"`{preset}`" if preset else "empty"
        assert f"| `--{name}` | {shown} |" in PAGE, name
        assert f"--{name}" in MANUAL, name
    known = {name for name, _ in flags()}
    assert set(re.findall(r"^\| `--([\w-]+)`", PAGE, re.M)) == known


def test_metrics():
    text = sources()
    section = PAGE.split("## Metrics")[1].split("## Rights")[0]
    names = set(re.findall(r"^\| (`.*?) \|", section, re.M))
    names = {n for cell in names for n in re.findall(r"`([a-z_]+)`", cell)}
    assert len(names) > 25
    missing = {n for n in names if f'"{n}"' not in text}
    assert not missing


def test_reason_words():
    text = sources()
    section = PAGE.split("## Troubleshooting by reason word")[1]
    words = {w for cell in re.findall(r"^\| (`.*?) \|", section, re.M) for w in re.findall(r"`([A-Z]\w+)`", cell)}
    assert len(words) > 35
    # ClaimNotFound and its like are a kind's noun and "NotFound".
    missing = {w for w in words if f'"{w}"' not in text and not w.endswith("NotFound")}
    assert not missing
