"""Container images for a node that can pull none: made here, or converted from what a build made, then imported.

`asb.test/busybox:1` (static busybox with all its names) and `asb.test/pause:1` are always there.
"""

import hashlib
import io
import json
import pathlib
import subprocess
import tarfile

from .base import CACHE, LabError, run, say

PAUSE = "asb.test/pause:1"
BUSYBOX = "asb.test/busybox:1"
ARCHIVES = CACHE / "cluster/images"


def ctr(instance):
    return ["ctr", "--address", instance.dir / "containerd.sock", "--namespace", "k8s.io"]


def _add(tar, name, data=None, mode=0o755, link=None):
    info = tarfile.TarInfo(name)
    info.mode = mode
    if link:
        info.type, info.linkname = tarfile.SYMTYPE, link
    elif data is None:
        info.type = tarfile.DIRTYPE
    else:
        info.size = len(data)
    tar.addfile(info, io.BytesIO(data) if data is not None else None)


def _busybox_layer():
    """bin/busybox, a link for each of its applets, and the files without which a shell complains."""
    program = pathlib.Path("/bin/busybox")
    if not program.exists():
        raise LabError("there is no /bin/busybox: install the Debian package busybox-static")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder in ("bin", "etc", "root"):
            _add(tar, folder)
        _add(tar, "tmp", mode=0o1777)
        _add(tar, "etc/passwd", b"root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n", 0o644)
        _add(tar, "bin/busybox", program.read_bytes())
        for applet in run(program, "--list").split():
            if applet != "busybox":
                _add(tar, f"bin/{applet}", link="busybox")
    return out.getvalue()


def _archive(path, ref, layer, config):
    """A docker-archive of one layer."""
    digest = hashlib.sha256(layer).hexdigest()
    image = json.dumps({"architecture": "amd64", "os": "linux", "config": config,
                        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}).encode()
    name = f"{hashlib.sha256(image).hexdigest()}.json"
    new = path.with_suffix(".new")
    with tarfile.open(new, "w") as tar:
        _add(tar, f"{digest}.tar", layer, 0o644)
        _add(tar, name, image, 0o644)
        manifest = [{"Config": name, "RepoTags": [ref], "Layers": [f"{digest}.tar"]}]
        _add(tar, "manifest.json", json.dumps(manifest).encode(), 0o644)
    new.rename(path)


def base_archives():
    """The archives of pause and busybox, made where they are missing."""
    ARCHIVES.mkdir(parents=True, exist_ok=True)
    pause, busybox = ARCHIVES / "pause.tar", ARCHIVES / "busybox.tar"
    if not (pause.exists() and busybox.exists()):
        layer = _busybox_layer()
        path = {"Env": ["PATH=/bin"]}
        _archive(pause, PAUSE, layer, path | {"Entrypoint": ["/bin/sleep", "2147483647"]})
        _archive(busybox, BUSYBOX, layer, path | {"Cmd": ["/bin/sh"]})
    return [pause, busybox]


def _as_archive(ref, source):
    """The path of an archive that holds the image under the name ref; one made from a layout is kept."""
    if not source.startswith("oci:"):
        source = f"oci-archive:{source}" if _is_oci_archive(source) else f"docker-archive:{source}"
    ARCHIVES.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["skopeo", "inspect", "--raw", source], capture_output=True)
    if done.returncode != 0:
        raise LabError(f"there is no image at {source}: {done.stderr.decode().strip()}")
    path = ARCHIVES / f"{hashlib.sha256(ref.encode() + done.stdout).hexdigest()[:24]}.tar"
    if not path.exists():
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        run("skopeo", "--insecure-policy", "copy", "-q", source, f"docker-archive:{new}:{ref}")
        new.rename(path)
    return path


def _is_oci_archive(path):
    try:
        with tarfile.open(path) as tar:
            return "oci-layout" in (n.removeprefix("./") for n in tar.getnames())
    except (OSError, tarfile.TarError) as e:
        raise LabError(f"{path} is no image archive: {e}") from None


def load_archive(instance, path):
    run(*ctr(instance), "images", "import", path)


def load(instance, images):
    """images: REF=SOURCE each; see `./dev cluster load --help`."""
    if "containerd" not in instance.data["parts"]:
        raise LabError(f'"{instance.name}" has no node to load images into')
    for image in images:
        ref, equals, source = image.partition("=")
        if not equals or not ref or not source:
            raise LabError(f'"{image}" is not REF=SOURCE, as in registry.k8s.io/x/y:v1=oci:some/layout:tag')
        load_archive(instance, _as_archive(ref, source))
        say(f"loaded {ref}")
